"""Figure: metrics of the model by year with published values of the same years as marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncsim.reports.figures.style import (
    BLACK,
    CYCLE,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
    value_axis,
    year_axis,
)

if TYPE_CHECKING:
    from oncsim.reports.published import Drawn

_MARKS = ("o", "s", "^", "D", "v", "P")
_ROW, _LINE = 2.4, 0.17  # inches: a panel without its legend, a line of the legend


@styled
def beside_published(drawn: Sequence[Drawn]) -> Figure:
    """Draw each panel: the model as a line, every published series as marks in a colour and shape of its own."""
    if not drawn:
        return empty_figure("No published series covers the years of this run.")
    columns = min(2, len(drawn))
    rows = [drawn[i : i + columns] for i in range(0, len(drawn), columns)]
    legends = [_LINE * (1 + max(len(panel.points) for panel in row)) for row in rows]
    height = sum(_ROW + legend for legend in legends) + 0.1
    figure = new_figure(WIDTH, height)
    left, right, gap = 0.75, 0.2, 0.8
    width = (WIDTH - left - right - gap * (columns - 1)) / columns
    top = height
    for row, legend in zip(rows, legends, strict=True):
        top -= _ROW + legend
        for column, panel in enumerate(row):
            place = (left + column * (width + gap), top + legend + 0.47, width, _ROW - 0.85)
            axes = figure.add_axes((place[0] / WIDTH, place[1] / height, place[2] / WIDTH, place[3] / height))
            _panel(axes, panel)
    return figure


def _panel(axes: Axes, panel: Drawn) -> None:
    years = [int(year) for year in panel.model.index]
    values = [*panel.model.to_list(), *(v for points in panel.points.values() for v in points.values())]
    ceiling = 1.0 if panel.about.unit == "share" else math.inf
    value_axis(axes, panel.about.unit, min(values), max(values), from_zero=True, ceiling=ceiling)
    axes.plot(years, panel.model, color=BLACK, label="Model", zorder=3)
    for number, (name, points) in enumerate(panel.points.items()):
        color = CYCLE[number % (len(CYCLE) - 2)]
        mark = _MARKS[number % len(_MARKS)]
        # Hollow marks that shrink from series to series show two values in one place.
        look: dict[str, Any] = {"color": color, "marker": mark, "markerfacecolor": "none", "markersize": 8.0 - 0.7 * number}
        axes.plot(
            list(points), list(points.values()), linestyle=":", linewidth=1.1, label=name, zorder=4, clip_on=False, **look
        )
    year_axis(axes, [f"{years[0]}Q1", f"{years[-1]}Q1"])
    axes.set_title(panel.about.title, pad=8)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.04, -0.19), fontsize=8, borderpad=0, borderaxespad=0, labelspacing=0.25,
                handlelength=1.8)  # fmt: skip
