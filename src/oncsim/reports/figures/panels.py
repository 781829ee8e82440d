"""Small line charts side by side: the paths of metrics over time with their interval over replicates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncsim.reports import words
from oncsim.reports.figures.style import (
    BLUE,
    HALO,
    WIDTH,
    empty_figure,
    new_figure,
    spread,
    styled,
    value_axis,
    year_axis,
    year_of,
)
from oncsim.reports.intervals import over_quarters


@dataclass(frozen=True)
class Line:
    """One line of a panel: which metric and group, and how it looks."""

    metric: str
    group: str = ""
    label: str = ""
    color: str = BLUE
    dashes: str = "-"


@dataclass(frozen=True)
class Panel:
    """One small chart: a title that names the unit, and its lines."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    unit_words: str = ""


def paths_of(metrics: pd.DataFrame, lines: Sequence[Line]) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the path over quarters (mean, low, high) of each metric and group that the lines show and
    have rows."""
    if metrics.empty:
        return {}
    wanted = {(line.metric, line.group) for line in lines}
    # One pass over a table that may hold a hundred thousand rows, not one for each line.
    held = metrics[metrics["metric"].isin({metric for metric, _ in wanted})]
    groups = held.groupby(["metric", "group"], observed=True, sort=False)
    return {(str(m), str(g)): over_quarters(rows) for (m, g), rows in groups if (str(m), str(g)) in wanted}


def time_panels(metrics: pd.DataFrame, panels: Sequence[Panel], columns: int = 2) -> Figure:
    """Draw the panels that have data, ``columns`` abreast; without any, say so.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    panels : sequence of Panel
        Panels in reading order; lines without data are left out.
    """
    paths = paths_of(metrics, [line for panel in panels for line in panel.lines])
    drawn: list[tuple[Panel, list[tuple[Line, pd.DataFrame]]]] = []
    for panel in panels:
        found = [(line, paths[line.metric, line.group]) for line in panel.lines if (line.metric, line.group) in paths]
        kept = [(line, path) for line, path in found if path["mean"].notna().any()]
        if kept:
            drawn.append((panel, kept))
    if not drawn:
        return empty_figure("This run recorded none of these metrics.")
    return _draw(drawn, columns)


@styled
def _draw(drawn: Sequence[tuple[Panel, list[tuple[Line, pd.DataFrame]]]], columns: int) -> Figure:
    columns = min(columns, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    row_height = 2.75
    height = rows * row_height + 0.15
    figure = new_figure(WIDTH, height)
    # Fixed margins in inches: automatic layout would draw every figure twice.
    left, right, gap = 0.75, 0.15, 0.8
    width = (WIDTH - left - right - gap * (columns - 1)) / columns
    # One panel with a legend lifts the titles of all, so that they stand in line.
    legends = any(line.label for _, lines in drawn for line, _ in lines)
    for number, (panel, lines) in enumerate(drawn):
        row, column = divmod(number, columns)
        bottom = height - row_height * (row + 1) + 0.4
        box = (
            (left + column * (width + gap)) / WIDTH,
            bottom / height,
            width / WIDTH,
            (row_height - 1.05) / height,
        )
        axes = figure.add_axes(box)
        _panel(axes, panel, lines, width, legends)
    return figure


def _panel(axes: Axes, panel: Panel, lines: list[tuple[Line, pd.DataFrame]], width: float, legends: bool) -> None:
    quarters = sorted({quarter for _, path in lines for quarter in path["quarter"]})
    lows = [float(np.nanmin(path[["mean", "low"]].to_numpy(dtype=float))) for _, path in lines]
    highs = [float(np.nanmax(path[["mean", "high"]].to_numpy(dtype=float))) for _, path in lines]
    # The interval of a mean may reach below zero where no value can.
    floor = 0.0 if min(float(path["mean"].min()) for _, path in lines) >= 0 else -math.inf
    whole = words.kind_of_unit(panel.unit) == "share" and max(float(path["mean"].max()) for _, path in lines) <= 1
    ceiling = 1.0 if whole else math.inf
    value_axis(axes, panel.unit, max(min(lows), floor), min(max(highs), ceiling), ceiling=ceiling)
    for line, path in lines:
        x = [year_of(quarter) for quarter in path["quarter"]]
        alone = len(x) == 1
        axes.plot(x, path["mean"], color=line.color, linestyle=line.dashes, marker="o" if alone else None)
        if path["low"].notna().any() and not alone:
            low, high = path["low"].clip(lower=floor), path["high"].clip(upper=ceiling)
            axes.fill_between(x, low, high, color=line.color, alpha=0.18, linewidth=0)
        elif path["low"].notna().any():
            ends = [path["mean"] - path["low"].clip(lower=floor), path["high"].clip(upper=ceiling) - path["mean"]]
            axes.errorbar(x, path["mean"], yerr=ends, color=line.color, capsize=3)
    # Value labels stand right of the lines: about 0.62 inch of the panel.
    year_axis(axes, quarters, room_right=0.62 / max(width - 0.62, 0.5))
    _end_labels(axes, panel, lines)
    _heading(axes, panel, lines, legends)


def _end_labels(axes: Axes, panel: Panel, lines: list[tuple[Line, pd.DataFrame]]) -> None:
    ends = [(line, path.dropna(subset=["mean"]).iloc[-1]) for line, path in lines]
    bottom, top = axes.get_ylim()
    gap = (top - bottom) * 0.095
    # The axis at the foot would run through a label on it.
    heights = spread([float(row["mean"]) for _, row in ends], gap, lowest=bottom + 0.6 * gap)
    unit = panel.unit if words.kind_of_unit(panel.unit) != "plain" else ""
    told = words.alike([float(row["mean"]) for _, row in ends], unit)
    for (line, row), y, text in zip(ends, heights, told, strict=True):
        text = text.removesuffix(" a quarter").removesuffix(" a year")
        axes.annotate(
            text,
            (year_of(str(row["quarter"])), y),
            xytext=(5, 0),
            textcoords="offset points",
            color=_darker(line.color),
            fontsize=8.5,
            va="center",
            annotation_clip=False,
            path_effects=HALO,
        )


def _heading(axes: Axes, panel: Panel, lines: list[tuple[Line, pd.DataFrame]], legends: bool) -> None:
    named = [line for line, _ in lines if line.label]
    axes.set_title(panel.title, pad=32 if legends else 20)
    if panel.unit_words:
        height = 1.14 if legends else 1.03
        axes.text(0, height, panel.unit_words, transform=axes.transAxes, fontsize=8.5, color="#555555", va="bottom")
    if named:
        handles = [axes.plot([], [], color=line.color, linestyle=line.dashes)[0] for line in named]
        axes.legend(
            handles,
            [line.label for line in named],
            loc="lower left",
            bbox_to_anchor=(-0.02, 0.985),
            ncol=len(named),
            borderpad=0,
            borderaxespad=0.2,
            handlelength=2.3 if len(named) < 4 else 1.3,
            columnspacing=1.2 if len(named) < 4 else 0.6,
            handletextpad=0.5 if len(named) < 4 else 0.3,
            fontsize=8.5 if len(named) < 4 else 7.5,
        )


def _darker(color: str) -> str:
    # Sky, orange and yellow are too light for text on white.
    return {"#56B4E9": "#1B7DB5", "#E69F00": "#9A6A00", "#F0E442": "#7A7400", "#CC79A7": "#9C3E73"}.get(color, color)
