"""Figure: the effects of a scenario on many metrics, as a share of the baseline's level, grouped by theme."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncsim.reports.figures.style import CYCLE, WIDTH, empty_figure, new_figure, styled
from oncsim.reports.metric_facts import THEMES, fact, group_words

_ROW = 0.235
_LEFT, _RIGHT = 3.55, 1.75


def relative_effects(differences: pd.DataFrame, quarter: str) -> pd.DataFrame:
    """Return effects in percent of the baseline's level: columns theme, label, scenario, effect, low, high.

    Parameters
    ----------
    differences : pandas.DataFrame
        Columns scenario, quarter, metric, group, baseline, difference, low, high.
    quarter : str
        Which rows: ``final``, ``mean`` or a quarter. Metrics whose baseline is zero have no relative effect.
    """
    rows = differences[differences["quarter"].astype(str) == quarter].copy()
    level = rows["baseline"].abs().astype(float)
    rows = rows[(level > 1e-12) & rows["difference"].notna()]
    level = level[rows.index]
    for column in ("difference", "low", "high"):
        rows[column] = 100 * rows[column].astype(float) / level
    rows["theme"] = rows["metric"].astype(str).str.split(".").str[0]
    rows["label"] = [_label(m, g) for m, g in zip(rows["metric"], rows["group"], strict=True)]
    return rows.rename(columns={"difference": "effect"})[
        ["theme", "metric", "group", "label", "scenario", "effect", "low", "high"]
    ].reset_index(drop=True)


def _label(metric: str, group: str) -> str:
    text = fact(str(metric)).title
    words = group_words(str(group))
    text = f"{text}, {words}" if words else text
    return _broken(text)


def _broken(text: str) -> str:
    """Return a long label on two lines, broken at the space nearest to its middle."""
    if len(text) <= 46:
        return text
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    at = min(spaces, key=lambda i: abs(i - len(text) / 2), default=0)
    return f"{text[:at]}\n{text[at + 1 :]}" if at else text


@styled
def forest(
    effects: pd.DataFrame, titles: dict[str, str] | None = None, replicates: int = 0, spread: str = "95 % interval"
) -> Figure:
    """Draw one row a metric with its effect and 95 % interval, in percent of the baseline, by theme.

    Parameters
    ----------
    effects : pandas.DataFrame
        As from :func:`relative_effects`.
    titles : dict, optional
        Title of each scenario for the legend.
    replicates : int
        For the axis label.
    spread : str
        What the bars are.
    """
    if effects.empty:
        return empty_figure("No metric has a baseline other than zero, so there are no relative effects.")
    scenarios = list(dict.fromkeys(effects["scenario"]))
    themes = [t for t in (*THEMES, *sorted(set(effects["theme"]) - set(THEMES))) if (effects["theme"] == t).any()]
    keys = {theme: list(dict.fromkeys(effects.loc[effects["theme"] == theme, "label"])) for theme in themes}
    row_height = _ROW * (1 + 0.55 * (len(scenarios) - 1))
    lines = sum(len(labels) for labels in keys.values())
    legend = 0.3 * len(scenarios) if len(scenarios) > 1 else 0.0
    height = lines * row_height + len(themes) * 0.34 + 0.85 + legend
    figure = new_figure(WIDTH, height)
    limit = _limit(effects)
    top = height - 0.15 - legend
    for theme in themes:
        tall = len(keys[theme]) * row_height
        bottom = top - 0.3 - tall
        axes = figure.add_axes((_LEFT / WIDTH, bottom / height, (WIDTH - _LEFT - _RIGHT) / WIDTH, tall / height))
        _theme(axes, effects[effects["theme"] == theme], keys[theme], scenarios, limit)
        axes.set_title(THEMES.get(theme, theme.replace("_", " ")), x=-_LEFT / (WIDTH - _LEFT - _RIGHT) + 0.03, pad=3)
        last = theme == themes[-1]
        axes.tick_params(axis="x", labelbottom=last, length=3 if last else 0)
        if last:
            span = f"; bars: {spread}, {replicates} paired replicates" if replicates > 1 else ""
            axes.set_xlabel(f"difference in percent of the baseline{span}", fontsize=8.5)
            axes.xaxis.set_label_coords(0.5, -0.4 / tall)
        top = bottom - 0.04
    if len(scenarios) > 1:
        _legend(figure, scenarios, titles or {}, height)
    return figure


def _limit(effects: pd.DataFrame) -> float:
    """Return the end of the axis: wide enough for most rows, so that one extreme metric does not flatten
    all."""
    reach = effects[["effect", "low", "high"]].abs().max(axis=1).to_numpy(dtype=float)
    reach = reach[np.isfinite(reach)]
    if not len(reach) or reach.max() == 0:
        return 1.0
    # Four times the median leaves the middle of the rows readable; beyond it a row ends in an arrow.
    return float(min(reach.max(), 4 * max(np.median(reach[reach > 0]), reach.max() / 200)) * 1.08)


def _theme(axes: Axes, rows: pd.DataFrame, labels: list[str], scenarios: list[str], limit: float) -> None:
    axes.set_xlim(-limit, limit)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.axvline(0, color="#777777", linewidth=1)
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5, linespacing=0.95)
    for tick in axes.get_yticklabels():
        tick.set_fontsize(7.5 if "\n" in tick.get_text() else 8.5)
    axes.tick_params(axis="y", length=0)
    for side in ("left",):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x", color="#E9E9E9")
    step = 0.55 / max(len(scenarios), 1) if len(scenarios) > 1 else 0.0
    place = {label: i for i, label in enumerate(labels)}
    for _, row in rows.iterrows():
        rank = scenarios.index(row["scenario"])
        y = place[row["label"]] + (rank - (len(scenarios) - 1) / 2) * step * 1.6
        _row(axes, row, y, CYCLE[rank % len(CYCLE)], limit)


def _row(axes: Axes, row: pd.Series, y: float, color: str, limit: float) -> None:
    effect, low, high = (float(row[c]) for c in ("effect", "low", "high"))
    sure = not (math.isfinite(low) and low <= 0 <= high) and effect != 0
    if abs(effect) > limit:
        axes.plot([math.copysign(limit * 0.97, effect)], [y], marker=">" if effect > 0 else "<", color=color)
    else:
        if math.isfinite(low):
            axes.plot([max(low, -limit), min(high, limit)], [y, y], color=color, linewidth=1.6)
        axes.plot([effect], [y], marker="o", markersize=5, color=color, markerfacecolor=color if sure else "white")
    text = f"{_percent(effect)} %"
    if math.isfinite(low) and effect != 0:
        text += f" ({_percent(low)} to {_percent(high)})"
    axes.annotate(
        text,
        (1.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        fontsize=7.5 if len(text) > 22 else 8,
        va="center",
        color="#222222",
    )


def _percent(value: float) -> str:
    if abs(value) < 0.05:
        return "0"
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.1f}"


def _legend(figure: Figure, scenarios: list[str], titles: dict[str, str], height: float) -> None:
    for i, scenario in enumerate(scenarios):
        name = titles.get(scenario, scenario)
        figure.text(
            0.02,
            1 - (0.2 + 0.28 * i) / height,
            f"●  {name[:95]}",
            color=CYCLE[i % len(CYCLE)],
            fontsize=9,
            va="center",
        )
