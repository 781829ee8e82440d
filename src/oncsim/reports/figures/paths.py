"""Figure: one metric in the baseline and the other scenarios, and their paired difference, quarter by
quarter."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from oncsim.reports import words
from oncsim.reports.figures.style import (
    BLACK,
    CYCLE,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
    value_axis,
    year_axis,
    year_of,
)
from oncsim.reports.metric_facts import fact, group_words


@styled
def difference_paths(
    differences: pd.DataFrame, metric: str, group: str = "", titles: dict[str, str] | None = None
) -> Figure:
    """Draw the level of a metric in every scenario (left) and the differences from the baseline (right).

    Parameters
    ----------
    differences : pandas.DataFrame
        Columns scenario, quarter, metric, group, baseline, other, difference, low, high.
    metric, group : str
        Which metric.
    titles : dict, optional
        Title of each scenario; ``baseline`` names the baseline.
    """
    titles = titles or {}
    rows = differences[(differences["metric"] == metric) & (differences["group"] == group)]
    rows = rows[rows["quarter"].astype(str).str.fullmatch(r"\d{4}Q[1-4]")].sort_values("quarter", kind="stable")
    if rows.empty:
        return empty_figure("There are no quarterly differences for this metric.")
    about = fact(metric)
    scenarios = list(dict.fromkeys(differences["scenario"]))
    scenarios = [s for s in scenarios if (rows["scenario"] == s).any()]
    legend = 0.24 * (len(scenarios) + 1)
    height = 2.9 + legend
    figure = new_figure(WIDTH, height)
    bottom, tall = 0.38 / height, 2.0 / height
    levels = figure.add_axes((0.085, bottom, 0.37, tall))
    gaps = figure.add_axes((0.6, bottom, 0.37, tall))
    handles = _levels(levels, rows, scenarios, about.unit)
    _gaps(gaps, rows, scenarios, about.unit)
    where = group_words(group)
    figure.text(
        0.012,
        1 - 0.17 / height,
        about.title + (f", {where}" if where else ""),
        fontsize=11,
        weight="bold",
        va="center",
    )
    names = [f"Baseline: {titles.get('baseline', 'baseline')}", *(titles.get(s, s) for s in scenarios)]
    figure.legend(
        handles,
        [name[:100] for name in names],
        loc="upper left",
        bbox_to_anchor=(0.005, 1 - 0.28 / height),
        fontsize=8.5,
        borderpad=0.2,
        labelspacing=0.3,
    )
    return figure


def _levels(axes: Axes, rows: pd.DataFrame, scenarios: list[str], unit: str) -> list[Line2D]:
    quarters = sorted(rows["quarter"].astype(str).unique())
    first = rows[rows["scenario"] == scenarios[0]]
    marker = "o" if len(quarters) == 1 else None
    handles: list[Line2D] = []
    x = [year_of(q) for q in first["quarter"].astype(str)]
    handles += axes.plot(x, first["baseline"], color=BLACK, linestyle="--", marker=marker, zorder=3)
    for i, scenario in enumerate(scenarios):
        own = rows[rows["scenario"] == scenario]
        x = [year_of(q) for q in own["quarter"].astype(str)]
        handles += axes.plot(x, own["other"], color=CYCLE[i % len(CYCLE)], marker=marker)
    values = rows[["baseline", "other"]].to_numpy(dtype=float)
    value_axis(axes, unit, float(pd.Series(values.ravel()).min()), float(pd.Series(values.ravel()).max()))
    year_axis(axes, quarters)
    axes.set_title(_unit_words("Level", unit), fontsize=9, fontweight="normal", pad=5)
    return handles


def _gaps(axes: Axes, rows: pd.DataFrame, scenarios: list[str], unit: str) -> None:
    quarters = sorted(rows["quarter"].astype(str).unique())
    share = words.kind_of_unit(unit) == "share"
    scale = 100.0 if share else 1.0
    spans: list[float] = [0.0]
    for i, scenario in enumerate(scenarios):
        own = rows[rows["scenario"] == scenario]
        color = CYCLE[i % len(CYCLE)]
        x = [year_of(q) for q in own["quarter"].astype(str)]
        middle, low, high = (own[c].astype(float) * scale for c in ("difference", "low", "high"))
        axes.plot(x, middle, color=color, marker="o" if len(quarters) == 1 else None)
        if low.notna().any():
            axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
        spans += pd.concat([middle, low, high]).dropna().tolist()
    axes.axhline(0, color="#777777", linewidth=1)
    value_axis(axes, "points" if share else unit, min(spans), max(spans))
    low_end, high_end = min(spans), max(spans)
    pad = 0.12 * (high_end - low_end) or 1.0
    axes.set_ylim(low_end - pad, high_end + pad)
    year_axis(axes, quarters)
    title = _unit_words("Difference from the baseline", "percentage points" if share else unit)
    axes.set_title(title, fontsize=9, fontweight="normal", pad=5)


def _unit_words(what: str, unit: str) -> str:
    shown = {"share": "share", "times": "ratio", "": ""}.get(unit, unit)
    return f"{what} ({shown})" if shown else what
