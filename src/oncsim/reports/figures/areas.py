"""Stacked areas over time: how a whole divides into named parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from oncsim.reports import words
from oncsim.reports.figures.style import HALO, spread, value_axis, year_axis, year_of


def stacked(
    axes: Axes,
    table: pd.DataFrame,
    colors: Mapping[str, str],
    names: Mapping[str, str],
    unit: str,
    room: float,
) -> None:
    """Stack the columns of ``table`` (rows are quarters) with a label and the last value at the right.

    Parameters
    ----------
    table : pandas.DataFrame
        Index quarters in order, one column a part, in stacking order from the bottom.
    colors, names : mapping
        Colour and label of each column.
    unit : str
        Unit of the values; a share is stacked to 100 %.
    room : float
        Share of the span kept free at the right for the labels.
    """
    quarters = [str(quarter) for quarter in table.index]
    values = table.to_numpy(dtype=float)
    values = np.where(np.isfinite(values), np.maximum(values, 0), 0)
    x = np.array([year_of(quarter) for quarter in quarters])
    if len(x) == 1:
        # One quarter has no path: draw a bar as wide as the quarter.
        x, values = np.array([x[0] - 0.1, x[0] + 0.1]), np.vstack([values, values])
    shades = [colors.get(str(column), "#8C8C8C") for column in table.columns]
    axes.stackplot(x, values.T, colors=shades, edgecolor="white", linewidth=0.6)
    top = float(values.sum(axis=1).max()) or 1.0
    value_axis(axes, unit, 0.0, top, from_zero=True)
    axes.set_ylim(0, 1.0 if unit == "share" else top * 1.06)
    year_axis(axes, quarters, room_right=room)
    if len(quarters) == 1:
        axes.set_xlim(x[0], x[0] + (x[1] - x[0]) * (1 + room * 2))
    _labels(axes, table, values, names, unit, float(x[-1]))


def _labels(axes: Axes, table: pd.DataFrame, values: np.ndarray, names: Mapping[str, str], unit: str, x: float) -> None:
    ends = values[-1]
    middles = np.cumsum(ends) - ends / 2
    whole = float(ends.sum()) or 1.0
    shown = [i for i in range(len(ends)) if ends[i] / whole >= 0.004]
    low, high = axes.get_ylim()
    figure = axes.get_figure()
    assert figure is not None
    inches = axes.get_position().height * figure.get_figheight()  # type: ignore[union-attr]
    heights = spread([float(middles[i]) for i in shown], (high - low) * 0.17 / inches)
    # Labels pushed below the axis are moved up together.
    lift = max(0.0, low + (high - low) * 0.03 - min(heights, default=low + high))
    told = words.alike([float(ends[i]) for i in shown], unit)
    for i, y, value in zip(shown, heights, told, strict=True):
        name = names.get(str(table.columns[i]), words.code_words(str(table.columns[i])))
        axes.annotate(
            f"{name}  {value.removesuffix(' a quarter')}",
            (x, y + lift),
            xytext=(6, 0),
            textcoords="offset points",
            fontsize=8.5,
            va="center",
            color="#222222",
            annotation_clip=False,
            path_effects=HALO,
        )
        axes.plot([x], [middles[i]], marker="", linestyle="")
