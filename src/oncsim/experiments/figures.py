"""Figures of an experiment: effects, trade-offs, what matters, where a policy fails, convergence."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.words import capital
from oncsim.reports.figures.style import CYCLE, GREY, VERMILLION, WIDTH, empty_figure, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from oncsim.experiments.analysis.discovery import Discovery
    from oncsim.experiments.analysis.tradeoffs import Tradeoff

_ACROSS = 3
_SHARES = ("share", "0-1")
_MARKS = "os^vPX*hp<>"
_LINES = ("-", "--", "-.", ":")
# Grey is the baseline's alone.
_POLICY_COLORS = (*(color for color in CYCLE if color != GREY), "#8B5A2B", "#6A3D9A")


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) or text


def _scale(unit: str) -> tuple[float, str]:
    """Return the factor and the words in which a unit is drawn: shares as percentage points."""
    return (100.0, "percentage points") if unit in _SHARES else (1.0, unit)


def _axis_label(unit: str, largest: float) -> tuple[float, str]:
    scale, words = _scale(unit)
    if largest * scale >= 1e6 and "dollar" in words:
        return scale / 1e6, words.replace("dollars", "million dollars")
    return scale, words


def _colors(titles: Mapping[str, str]) -> dict[str, str]:
    """Return a colour for each scenario, the same in every figure; the baseline, which comes first, is grey."""
    return {name: _POLICY_COLORS[(place - 1) % len(_POLICY_COLORS)] if place else GREY for place, name in enumerate(titles)}


def _markers(titles: Mapping[str, str]) -> dict[str, str]:
    """Return a mark for each scenario, so that colour is not all that tells them apart; the baseline is a diamond."""
    return {name: _MARKS[(place - 1) % len(_MARKS)] if place else "D" for place, name in enumerate(titles)}


def _thousands(axes: Axes, *which: str) -> None:
    from matplotlib.ticker import FuncFormatter

    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        low, high = axis.get_view_interval()
        if max(abs(low), abs(high)) >= 1000:
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _panels(count: int, across: int, height: float) -> tuple[Figure, list[Axes]]:
    down = math.ceil(count / across)
    figure = new_figure(WIDTH, height * down)
    axes = [figure.add_subplot(down, across, place + 1) for place in range(count)]
    return figure, axes


@styled
def effects_figure(effects: pd.DataFrame, outputs: Sequence[Output], titles: Mapping[str, str]) -> Figure:
    """Draw the paired effect of each policy on each output: a point with its interval, a thin line over futures."""
    if effects.empty:
        return empty_figure("There is one scenario, so there are no effects.")
    policies = list(dict.fromkeys(effects["scenario"].astype(str)))
    across = min(_ACROSS, len(outputs))
    longest = max(len(_wrapped(titles.get(p, p), 26).split("\n")) for p in policies)
    height = 1.35 + 0.3 * len(policies) * max(1, longest * 0.62)
    figure, panels = _panels(len(outputs), across, height)
    places, colors = {policy: -place for place, policy in enumerate(policies)}, _colors(titles)
    for number_of, (axes, output) in enumerate(zip(panels, outputs, strict=True)):
        own = effects[effects["output"] == output.name]
        ends = own[["low", "high", "spread_low", "spread_high", "difference"]].abs().to_numpy(dtype=float)
        scale, words = _axis_label(output.unit, float(np.nanmax(ends)) if np.isfinite(ends).any() else 0.0)
        axes.axvline(0.0, color="#999999", lw=0.8)
        for _, row in own.iterrows():
            y, color = places[str(row["scenario"])], colors[str(row["scenario"])]
            if np.isfinite(row["spread_low"]):
                axes.plot([scale * row["spread_low"], scale * row["spread_high"]], [y, y], color=color, lw=1.0, alpha=0.7)
            if np.isfinite(row["low"]):
                axes.plot([scale * row["low"], scale * row["high"]], [y, y], color=color, lw=6.0, solid_capstyle="butt")
            axes.plot(scale * row["difference"], y, "o", color=color, ms=4.2, mec="white", mew=0.6)
        axes.set_title(_wrapped(capital(output.label), 27), fontsize=9)
        better = {1: "\nbetter: right", -1: "\nbetter: left"}.get(output.sign, "")
        axes.set_xlabel((_wrapped(words, 32) or "difference") + better, fontsize=8.5)
        axes.set_ylim(-len(policies) + 0.4, 0.6)
        axes.set_yticks([places[p] for p in policies])
        first = number_of % across == 0
        axes.set_yticklabels([_wrapped(titles.get(p, p), 26) if first else "" for p in policies], fontsize=8.5)
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=4)
        _thousands(axes, "x")
        axes.grid(axis="x", color="#EEEEEE")
    figure.tight_layout(h_pad=1.6, w_pad=1.2)
    return figure


@styled
def tradeoff_figure(found: Tradeoff, effects: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Draw policies as points over pairs of outputs, with the intervals of their effects on both."""
    outputs = list(found.outputs)
    pairs = [(a, b) for i, a in enumerate(outputs) for b in outputs[i + 1 :]][:6]
    if not pairs:
        return empty_figure("A trade-off needs two outputs of which one direction is better.")
    across = min(2, len(pairs))
    figure, panels = _panels(len(pairs), across, 3.6)
    listed, colors, marks = list(found.means["scenario"]), _colors(titles), _markers(titles)
    for axes, (a, b) in zip(panels, pairs, strict=True):
        kx, ux = _axis_label(a.unit, float(found.means[a.name].abs().max()))
        ky, uy = _axis_label(b.unit, float(found.means[b.name].abs().max()))
        for policy in listed:
            row = found.means[found.means["scenario"] == policy].iloc[0]
            x, y, color = kx * row[a.name], ky * row[b.name], colors[policy]
            best = bool(found.table.loc[found.table["scenario"] == policy, "non_dominated"].iloc[0])
            half = [_half(effects, policy, o.name) * k for o, k in ((a, kx), (b, ky))]
            axes.errorbar(x, y, xerr=half[0], yerr=half[1], color=color, lw=1.0, zorder=2)
            face, label = color if best else "white", _wrapped(titles.get(policy, policy), 40)
            axes.plot(x, y, marks[policy], ms=8, color=face, mec=color, mew=1.6, zorder=3, label=label, ls="")
        axes.set_xlabel(_wrapped(capital(a.label), 46) + f"\n({_with(ux)}{_DIRECTION[a.better, 'x']})", fontsize=8.5)
        axes.set_ylabel(_wrapped(capital(b.label), 40) + f"\n({_with(uy)}{_DIRECTION[b.better, 'y']})", fontsize=8.5)
        axes.grid(color="#EEEEEE")
        axes.locator_params(nbins=5)
        axes.margins(0.16)
        _thousands(axes, "x", "y")
    _legend_below(figure, panels[0])
    return figure


_DIRECTION = {
    ("lower", "x"): "better: left",
    ("higher", "x"): "better: right",
    ("lower", "y"): "better: down",
    ("higher", "y"): "better: up",
}


def _with(unit: str) -> str:
    return f"{unit}; " if unit else ""


def _half(effects: pd.DataFrame, policy: str, output: str) -> float:
    """Return half the interval of an effect; nothing for the baseline."""
    own = effects[(effects["scenario"] == policy) & (effects["output"] == output)] if len(effects) else effects
    if own.empty or not np.isfinite(own["low"].iloc[0]):
        return 0.0
    return float(own["high"].iloc[0] - own["low"].iloc[0]) / 2.0


@styled
def ranking_figure(table: pd.DataFrame, outputs: Sequence[Output], value: str, low: str, high: str, what: str) -> Figure:
    """Draw how much each uncertainty matters for each output, the largest first.

    Parameters
    ----------
    table : pandas.DataFrame
        ``output, title, rank`` and the columns named next.
    value, low, high : str
        Columns with the index and its interval.
    what : str
        What the index is, for the axis.
    """
    shown = [output for output in outputs if (table["output"] == output.name).any()]
    if not shown:
        return empty_figure("No output varies over the futures, so nothing matters for it.")
    most = 12
    rows = min(most, int(table.groupby("output")["title"].nunique().max()))
    across = min(2, len(shown))
    figure, panels = _panels(len(shown), across, 1.1 + 0.36 * rows)
    for axes, output in zip(panels, shown, strict=True):
        own = table[table["output"] == output.name].sort_values(["rank", "title"]).head(most)
        y = -np.arange(len(own))
        axes.barh(y, own[value], color=CYCLE[0], height=0.62)
        reach = np.vstack([own[value] - own[low], own[high] - own[value]]).clip(min=0.0)
        axes.errorbar(own[value], y, xerr=reach, fmt="none", ecolor="#333333", elinewidth=1.0, capsize=2)
        axes.set_yticks(y)
        axes.set_yticklabels([_wrapped(title, 34) for title in own["title"]], fontsize=8)
        axes.tick_params(axis="y", length=0)
        axes.set_title(_wrapped(capital(output.label), 26), fontsize=9)
        unit = f"{what}, {output.unit}" if output.unit and what.startswith("mean") else what
        axes.set_xlabel(_wrapped(unit, 30), fontsize=8)
        axes.locator_params(axis="x", nbins=4)
        _thousands(axes, "x")
        axes.set_xlim(left=min(0.0, float(np.nanmin(own[low])) if np.isfinite(own[low]).any() else 0.0))
    figure.tight_layout(h_pad=1.6, w_pad=1.4)
    return figure


@styled
def discovery_figure(found: Discovery, inputs: pd.DataFrame) -> Figure:
    """Draw futures with and without an outcome over the two uncertainties that the box limits most, and the box."""
    assert found.box is not None
    limits = found.box.limits
    factors = {factor.name: factor for factor in found.factors}
    named = list(dict.fromkeys(limits["factor"]))[:2]
    if len(named) < 2:
        named += [name for name in inputs.columns if name not in named][: 2 - len(named)]
    figure = new_figure(6.4, 4.6)
    axes = figure.add_subplot()
    happens = found.outcome.values.to_numpy(dtype=bool)
    x = inputs[named[0]].to_numpy(dtype=float)
    y = inputs[named[1]].to_numpy(dtype=float) if len(named) > 1 else np.zeros(len(x))
    axes.plot(x[~happens], y[~happens], "o", ms=4.5, color=GREY, alpha=0.6, label="does not happen")
    axes.plot(x[happens], y[happens], "s", ms=4.8, color=VERMILLION, label="happens")
    _draw_box(axes, limits, named, x, y)
    words = [_wrapped(_named(factors.get(name), name), 52) for name in named]
    axes.set_xlabel(words[0])
    axes.set_ylabel(words[1] if len(words) > 1 else "")
    axes.set_title(_wrapped(found.outcome.subject, 66), fontsize=9.5)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3, fontsize=8.5)
    return figure


def _named(factor: Factor | None, name: str) -> str:
    if factor is None:
        return name
    return f"{factor.label} ({factor.unit})" if getattr(factor, "unit", "") else factor.label


def _draw_box(axes: Axes, limits: pd.DataFrame, named: list[str], x: Any, y: Any) -> None:
    from matplotlib.patches import Rectangle

    ends = []
    for name, values in zip(named, (x, y), strict=False):
        pad = 0.02 * (float(np.ptp(values)) or 1.0)
        low, high = float(values.min()) - pad, float(values.max()) + pad
        own = limits[limits["factor"] == name]
        if len(own):
            low = float(own["low"].iloc[0]) if np.isfinite(own["low"].iloc[0]) else low
            high = float(own["high"].iloc[0]) if np.isfinite(own["high"].iloc[0]) else high
        ends.append((low, high))
    if len(ends) < 2:
        ends.append((-0.5, 0.5))
    (x0, x1), (y0, y1) = ends
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, ec="#222222", lw=1.6, label="the box"))


@styled
def paths_figure(paths: pd.DataFrame, outputs: Sequence[Output], titles: Mapping[str, str]) -> Figure:
    """Draw the mean of each output quarter by quarter, one line a scenario.

    Parameters
    ----------
    paths : pandas.DataFrame
        ``scenario, output, quarter, mean``.
    """
    colors, across = _colors(titles), min(2, len(outputs))
    listed = [name for name in titles if (paths["scenario"] == name).any()]
    figure, panels = _panels(len(outputs), across, 2.9)
    year = paths["quarter"].str[:4].astype(float) + (paths["quarter"].str[5].astype(float) - 1.0) / 4.0
    for axes, output in zip(panels, outputs, strict=True):
        own = paths[paths["output"] == output.name].assign(year=year)
        scale, words = _axis_label(output.unit, float(own["mean"].abs().max()))
        for place, policy in enumerate(listed):
            path = own[own["scenario"] == policy].sort_values("year")
            axes.plot(
                path["year"], scale * path["mean"], color=colors[policy], lw=1.5 if place else 2.4,
                ls=_LINES[place % len(_LINES)] if place else "-", label=_wrapped(titles.get(policy, policy), 40),
            )  # fmt: skip
        axes.set_title(_wrapped(capital(output.label), 46), fontsize=9)
        axes.set_ylabel(_wrapped(words, 26), fontsize=8.5)
        axes.locator_params(nbins=6)
        axes.ticklabel_format(axis="x", useOffset=False, style="plain")
        axes.grid(color="#EEEEEE")
        _thousands(axes, "y")
    _legend_below(figure, panels[0])
    return figure


def _legend_below(figure: Figure, axes: Axes) -> None:
    """Put the legend of one panel under all of them, in room of its own."""
    handles, names = axes.get_legend_handles_labels()
    columns = 2 if max(len(name) for name in names) > 34 else 3
    lines = max(name.count("\n") + 1 for name in names[::columns]) * math.ceil(len(names) / columns)
    room = 0.2 * lines + 0.2
    figure.set_figheight(figure.get_figheight() + room)
    figure.tight_layout(h_pad=1.6, w_pad=1.4, rect=(0, room / figure.get_figheight(), 1, 1))
    figure.legend(handles, names, loc="lower center", ncols=columns, fontsize=8.5)


@styled
def convergence_figure(table: pd.DataFrame, outputs: Sequence[Output], titles: Mapping[str, str], kind: str) -> Figure:
    """Draw the running mean of each effect with its interval against the number of replicates or futures."""
    if table.empty:
        return empty_figure("There are no pairs of runs yet.")
    policies, colors = list(dict.fromkeys(table["scenario"].astype(str))), _colors(titles)
    across = min(_ACROSS, len(outputs))
    figure, panels = _panels(len(outputs), across, 2.6)
    for axes, output in zip(panels, outputs, strict=True):
        own = table[table["output"] == output.name]
        scale, words = _axis_label(output.unit, float(own["mean"].abs().max()))
        axes.axhline(0.0, color="#999999", lw=0.8)
        for policy in policies:
            path, color = own[own["scenario"].astype(str) == policy], colors[policy]
            steady = path[path["n"] >= min(3, len(path))]
            axes.plot(path["n"], scale * path["mean"], color=color, lw=1.6, label=_wrapped(titles.get(policy, policy), 40))
            if len(policies) <= 4:
                axes.fill_between(steady["n"], scale * steady["low"], scale * steady["high"], color=color, alpha=0.14, lw=0)
        axes.set_title(_wrapped(capital(output.label), 36), fontsize=9)
        axes.set_xlabel(f"{kind}s", fontsize=8.5)
        _thousands(axes, "y")
        axes.set_ylabel(_wrapped(words, 26), fontsize=8.5)
        axes.locator_params(axis="x", nbins=5, integer=True)
        axes.locator_params(axis="y", nbins=5)
    _legend_below(figure, panels[0])
    return figure
