from __future__ import annotations

import math
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.figure import Figure

from oncsim.reports.figures.areas import stacked
from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import new_figure, spread, value_axis, year_axis


@pytest.mark.parametrize("years", [2, 3, 5, 10, 15, 25, 50])
@pytest.mark.parametrize(("width", "room"), [(0.88, 0.47), (0.4, 1.2), (0.42, 0.2), (0.37, 0.0)])
def test_years_are_marked_often_enough_and_never_overlap(years: int, width: float, room: float) -> None:
    figure = new_figure()
    axes = figure.add_axes((0.08, 0.2, width, 0.6))
    year_axis(axes, ["2026Q1", f"{2026 + years - 1}Q4"], room_right=room)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    assert len(boxes) >= min(years, 3)
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_a_label_never_lies_on_the_axis() -> None:
    assert spread([0.0, 0.01, 5.0], 1.0, lowest=0.6) == pytest.approx([0.6, 1.6, 5.0], abs=1e-6)
    free = spread([2.0, 2.1], 1.0)
    assert free[1] - free[0] == pytest.approx(1.0)
    assert sum(free) / 2 == pytest.approx(2.05)


def _panel(values: dict[int, float]) -> Figure:
    rows = [(r, q, "m", "", v) for r, v in values.items() for q in ("2026Q1", "2030Q4")]
    metrics = pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "group", "value"])
    return time_panels(metrics, [Panel("Share", "share", (Line("m"),))])


@pytest.mark.parametrize("values", [(0.05, 0.95), (0.0, 0.9, 0.1, 0.95, 0.3), (0.98, 1.0, 0.97, 1.0, 0.6), (0.99, 0.99)])
def test_bands_and_axes_of_shares_stay_possible(values: tuple[float, ...]) -> None:
    axes = _panel(dict(enumerate(values))).axes[0]
    low, high = axes.get_ylim()
    assert low >= 0.0
    assert high <= 1.01
    assert all(tick <= 1.0 for tick in axes.get_yticks() if low <= tick <= high)
    for band in axes.collections:
        for path in band.get_paths():
            assert path.vertices[:, 1].min() >= 0.0
            assert path.vertices[:, 1].max() <= 1.0


def test_an_axis_without_ceiling_keeps_its_room() -> None:
    axes = new_figure().add_axes((0.1, 0.1, 0.8, 0.8))
    value_axis(axes, "minutes", 0.5, 1.0)
    assert axes.get_ylim()[1] > 1.05
    assert math.isfinite(axes.get_ylim()[0])


def test_money_of_one_stack_is_written_alike() -> None:
    axes = new_figure().add_axes((0.1, 0.1, 0.4, 0.8))
    table = pd.DataFrame({"a": [8e5, 9.1e5], "b": [7e7, 7.59e7]}, index=["2026Q1", "2027Q4"])
    stacked(axes, table, {}, {"a": "A", "b": "B"}, "dollars", room=1.2)
    assert {text.get_text() for text in axes.texts} == {"A  $0.91 m", "B  $75.9 m"}
