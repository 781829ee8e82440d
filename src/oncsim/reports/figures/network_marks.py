"""What both figures of networks share: the look of ties, and names of organisations that cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from oncsim.reports.figures.layout import overlaps
from oncsim.reports.figures.style import BLUE, DPI, GREEN, GREY, KIND_COLORS, ORANGE, PURPLE, SKY, VERMILLION
from oncsim.reports.metric_facts import KIND_WORDS

# Dots of the drawing per point of type.
DOTS = DPI / 72
_LETTER_POINTS = 8
Box = tuple[float, float, float, float]
# Directions between above, below and beside.
_SLANTS = [(float(np.cos(angle)), float(np.sin(angle))) for angle in np.radians([45, 135, 225, 315, *range(15, 360, 30)])]

REFERRAL_DASHES: Any = (0, (1.5, 1.5))
CONTRACT_DASHES: Any = (0, (5, 2))
NETWORK_DASHES: Any = (0, (3, 1.5, 1, 1.5))
# Colour and dashes of every form, from the weakest to the strongest bond, which is drawn last.
FORM_LOOKS: dict[str, tuple[str, Any]] = {
    "referral": (GREY, REFERRAL_DASHES),
    "clinical_affiliation": (BLUE, CONTRACT_DASHES),
    "inpatient_coverage": (SKY, CONTRACT_DASHES),
    "telehealth_hub": (PURPLE, CONTRACT_DASHES),
    "professional_services": ("#7A4A12", CONTRACT_DASHES),
    "co_management": (VERMILLION, CONTRACT_DASHES),
    "employer_bundle": ("#B8A100", CONTRACT_DASHES),
    "network_membership": (GREEN, NETWORK_DASHES),
    "joint_venture": (ORANGE, "solid"),
    "acquisition": ("#000000", "solid"),
}


def kind_marks(kinds: Sequence[str], owned: bool, ring: float = 1.6) -> list[Line2D]:
    """Return the marks of a legend for the kinds of organisations that are drawn, and for those that are owned."""
    marks = [
        Line2D([], [], linestyle="", marker="o", markersize=7, color=color, label=KIND_WORDS[kind])
        for kind, color in KIND_COLORS.items()
        if kind in kinds
    ]
    if owned:
        look: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": "#000000", "markeredgewidth": ring}
        marks.append(Line2D([], [], linestyle="", marker="o", markersize=7, label="Black ring: owned by another", **look))
    return marks


def name_largest(
    axes: Axes,
    at: NDArray[np.float64],
    radii: NDArray[np.float64],
    names: Sequence[str],
    count: int,
    reaches: Sequence[float] = (0.0,),
    guarded: NDArray[np.bool_] | None = None,
) -> None:
    """Name the first ``count`` nodes for which there is room, where a name covers no other name and no circle.

    Parameters
    ----------
    axes : Axes
        With its limits set for good.
    at : (nodes, 2) float
        Middles of the circles in data coordinates, the most important first.
    radii : (nodes,) float
        Radii in dots of the drawing.
    names : sequence of str
        Names of the nodes; an empty one is passed over.
    count : int
        How many names at most.
    reaches : sequence of float
        Points between a circle and its name, tried in turn; a line leads to names farther away than 3.
    guarded : (nodes,) bool, optional
        Circles that no name may cover; all without it.
    """
    frame = axes.get_window_extent()
    marks = axes.transData.transform(at)
    kept = np.ones(len(at), dtype=bool) if guarded is None else guarded
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(marks[kept], radii[kept], strict=True)]
    circles = list(taken)
    edges = (frame.x0, frame.y0, frame.x1, frame.y1)
    named = 0
    for i, full in enumerate(names):
        if not full:
            continue
        name = full if len(full) <= 30 else full[:28].rstrip() + "…"
        found = _nearest_spot(marks[i], float(radii[i]), len(name), edges, taken, circles, reaches)
        if found is None:
            continue
        area, led = found
        taken.append(area)
        back = axes.transData.inverted()
        x, y = back.transform(((area[0] + area[2]) / 2, (area[1] + area[3]) / 2))
        if led:
            ends = back.transform([marks[i], _nearest_point(area, marks[i])])
            axes.plot(ends[:, 0], ends[:, 1], color="#333333", linewidth=0.6, zorder=9)
        note = axes.text(x, y, name, fontsize=_LETTER_POINTS, ha="center", va="center", zorder=20)
        note.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
        named += 1
        if named == count:
            return


def _nearest_spot(
    mark: NDArray[np.float64],
    radius: float,
    letters: int,
    frame: Box,
    taken: list[Box],
    circles: list[Box],
    reaches: Sequence[float],
) -> tuple[Box, bool] | None:
    """Return a free area for a name, the nearest that there is, and whether a line must lead to it."""
    # In a crowd the line may run behind other names, and where even that does not help behind other circles.
    for avoided in (taken, circles, []) if len(reaches) > 1 else (taken,):
        for reach in reaches:
            led = reach > 3
            for area in _areas(mark, radius + reach * DOTS, letters, frame, slanting=led):
                inside = frame[0] <= area[0] and area[2] <= frame[2] and frame[1] <= area[1] and area[3] <= frame[3]
                if not inside or any(overlaps(area, other) for other in taken):
                    continue
                if not led or _line_is_free(mark, radius, area, avoided):
                    return area, led
    return None


def _areas(mark: NDArray[np.float64], radius: float, letters: int, frame: Box, slanting: bool) -> list[Box]:
    """Return where a name may stand: above, below, beside a circle, and for a name led to by a line between these."""
    # A letter of 8 points is about 0.6 of that wide.
    wide, tall = letters * _LETTER_POINTS * 0.6 * DOTS, 10 * DOTS
    gap = radius + 2 * DOTS
    sides = [(0.0, gap + tall / 2), (0.0, -gap - tall / 2), (gap + wide / 2, 0.0), (-gap - wide / 2, 0.0)]
    if slanting:
        sides += [
            (x * gap + np.sign(x) * (abs(x) > 0.3) * wide / 2, y * gap + np.sign(y) * (abs(y) > 0.3) * tall / 2)
            for x, y in _SLANTS
        ]
    areas = []
    for right, up in sides:
        x, y = float(mark[0]) + right, float(mark[1]) + up
        if right == 0.0:
            x = min(max(x, frame[0] + wide / 2), frame[2] - wide / 2)
        areas.append((x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2))
    return areas


def _nearest_point(area: Box, mark: NDArray[np.float64]) -> tuple[float, float]:
    return min(max(float(mark[0]), area[0]), area[2]), min(max(float(mark[1]), area[1]), area[3])


def _line_is_free(mark: NDArray[np.float64], radius: float, area: Box, avoided: list[Box]) -> bool:
    """Return whether the line from a circle to its name runs through none of these boxes but its own."""
    end = np.array(_nearest_point(area, mark))
    own = (mark[0] - radius, mark[1] - radius, mark[0] + radius, mark[1] + radius)
    others = [
        box for box in avoided if not (own[0] <= box[0] and box[2] <= own[2] and own[1] <= box[1] and box[3] <= own[3])
    ]
    points = mark + (end - mark) * np.linspace(0, 1, 24)[:, None]
    # Boxes round circles that touch reach into each other at their corners.
    points = points[np.hypot(*(points - mark).T) > 1.3 * radius]
    return not any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points for box in others)
