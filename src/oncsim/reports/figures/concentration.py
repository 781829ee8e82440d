"""Figure: how concentrated markets are, and what the largest systems are worth to payers and are paid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from oncsim.reports.figures.layout import overlaps
from oncsim.reports.figures.style import (
    BLUE,
    GREY,
    HALO,
    KIND_COLORS,
    ORANGE,
    VERMILLION,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
)
from oncsim.reports.metric_facts import KIND_WORDS

if TYPE_CHECKING:
    from oncsim.market_structure import MarketConcentration, OneMarket, OneSystem

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]

# More markets than this are a distribution, not a list.
LISTED = 40
LABELLED = 10
_CLOUD = 300  # systems
# Inches: a market in the list, a histogram, the lower panel; what lies above and below axes; the edges.
_ROW, _HISTOGRAM, _SYSTEMS, _ABOVE, _BELOW, _EDGE, _NAMES = 0.235, 2.8, 3.7, 0.95, 0.6, 0.25, 2.75
_BIN = 500.0  # of the HHI
_MEASURES = (("hhi", "HHI of owners", BLUE), ("mhhi", "modified HHI", VERMILLION), ("hhi_flow", "flow HHI", ORANGE))
# Marker, size and width of its edge: a ring round the circle and a stroke that sticks out of both show where all agree.
_MARKS = {"hhi": ("o", 5.8, 0.4), "mhhi": ("D", 8.5, 1.2), "hhi_flow": ("|", 13.0, 2.4)}


@styled
def concentration(found: MarketConcentration) -> Figure:
    """Draw markets by their concentration, over systems by what they are worth to commercial plans and what these pay.

    Parameters
    ----------
    found : MarketConcentration
        Up to 40 markets with patients are listed by HHI, with modified and flow HHI beside it; more are a histogram by
        patients.
    """
    some = sorted((one for one in found.markets if one.patients > 0), key=lambda one: (one.hhi, one.id))
    if not some:
        return empty_figure("Nobody starts treatment, so there is no concentration to draw.")
    listed = len(some) <= LISTED
    upper_height = max(len(some), 2) * _ROW if listed else _HISTOGRAM
    left = _NAMES if listed else 0.85
    height = _ABOVE + upper_height + _BELOW + _ABOVE + _SYSTEMS + _BELOW
    figure = new_figure(WIDTH, height)

    upper = figure.add_axes(
        (left / WIDTH, (height - _ABOVE - upper_height) / height, (WIDTH - left - 0.3) / WIDTH, upper_height / height)
    )
    (_list if listed else _histogram)(upper, some)
    upper.set_xlim(0, 1.02 * max(10_000.0, *(one.mhhi for one in some)))
    upper.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    upper.set_xlabel("Herfindahl-Hirschman index")
    upper.axvline(found.screen, color="#444444", linewidth=1.1, linestyle=(0, (4, 3)), zorder=1)
    words = f"screen of the merger guidelines, {found.screen:,.0f}"
    # A screen far to the right leaves no room for words beyond it.
    beside = "left" if found.screen < 6_000 else "right"
    place = upper.get_xaxis_transform()
    upper.text(found.screen, 1.0, words, transform=place, fontsize=8, color="#444444", ha=beside, va="bottom")
    _heading(figure, f"Concentration of markets, end of {found.quarter}", height, _measure_handles(listed))

    lower = figure.add_axes((0.85 / WIDTH, _BELOW / height, (WIDTH - 1.15) / WIDTH, _SYSTEMS / height))
    kinds = _systems(figure, lower, found.systems)
    title = "Systems: what keeping them is worth to commercial plans, and what these pay"
    _heading(figure, title, _BELOW + _SYSTEMS + _ABOVE, kinds)
    return figure


def _heading(figure: Figure, title: str, top: float, handles: Sequence[Line2D]) -> None:
    """Write a title and a legend at the left edge of the figure, so many inches above its foot at the top."""
    height = figure.get_figheight()
    figure.text(_EDGE / WIDTH, (top - 0.3) / height, title, fontsize=10.5, fontweight="bold", va="center")
    if handles:
        legend = figure.legend(
            handles=list(handles),
            loc="center left",
            bbox_to_anchor=(_EDGE / WIDTH, (top - 0.58) / height),
            ncol=len(handles),
            borderpad=0,
            borderaxespad=0,
            handletextpad=0.4,
            columnspacing=1.4,
            fontsize=8.5,
        )
        legend.set_in_layout(False)


def _measure_handles(listed: bool) -> list[Line2D]:
    if not listed:
        return [Line2D([], [], color=color, linewidth=2.2, label=label) for _, label, color in _MEASURES]
    return [Line2D([], [], linestyle="", label=label, **_look(name, color)) for name, label, color in _MEASURES]


def _look(name: str, color: str) -> dict[str, Any]:
    marker, size, edge = _MARKS[name]
    face = "none" if name == "mhhi" else color
    return {"marker": marker, "markersize": size, "markeredgewidth": edge, "color": color, "markerfacecolor": face}


def _list(axes: Axes, some: Sequence[OneMarket]) -> None:
    """Draw one row a market, the most concentrated on top."""
    rows = np.arange(len(some))
    values = {name: np.array([getattr(one, name) for one in some]) for name, _, _ in _MEASURES}
    together = np.vstack(list(values.values()))
    axes.hlines(rows, np.nanmin(together, axis=0), np.nanmax(together, axis=0), color="#C9C9C9", linewidth=1.4, zorder=2)
    for order, (name, _, color) in enumerate(reversed(_MEASURES)):
        axes.plot(values[name], rows, linestyle="", zorder=3 + order, clip_on=False, **_look(name, color))
    axes.set_yticks(rows, [_short(one.name, 40) for one in some], fontsize=8.5)
    axes.set_ylim(-0.7, len(some) - 0.3)
    axes.grid(axis="x", color="#E3E3E3", linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _histogram(axes: Axes, some: Sequence[OneMarket]) -> None:
    """Draw the share of patients by the concentration of their market."""
    weight = np.array([one.patients for one in some])
    edges = np.arange(0.0, max(10_000.0, *(one.mhhi for one in some)) + _BIN, _BIN)
    for name, _, color in _MEASURES:
        values = np.array([getattr(one, name) for one in some])
        known = ~np.isnan(values)
        parts = np.histogram(values[known], edges, weights=weight[known] / weight.sum())[0]
        axes.stairs(parts, edges, color=color, linewidth=1.8, zorder=3)
        if name == "hhi":
            axes.stairs(parts, edges, color=color, fill=True, alpha=0.25, zorder=2)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_ylabel(f"share of patients, {len(some):,} markets")
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)


def _systems(figure: Figure, axes: Axes, systems: Sequence[OneSystem]) -> list[Line2D]:
    """Draw systems by willingness to pay and price, with the names of the largest; return the legend."""
    shown = [one for one in systems if math.isfinite(one.willingness["commercial"]) and math.isfinite(one.level)]
    if not shown:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No system has commercial patients.", transform=axes.transAxes, ha="center", color="#555555")
        return []
    worth = np.array([one.willingness["commercial"] for one in shown])
    level = np.array([one.level for one in shown])
    patients = np.array([one.patients for one in shown])
    # A nation has thousands: marks shrink so that the cloud keeps its grain.
    largest = float(np.interp(len(shown), [60, 3000], [420.0, 90.0]))
    sizes = np.maximum(largest * (patients / patients.max()) ** 0.7, largest / 30.0)
    colors = [KIND_COLORS.get(one.kind, GREY) for one in shown]
    cloud = len(shown) > _CLOUD  # marks are then pixels even in SVG files, which would otherwise grow to megabytes
    axes.scatter(worth, level, s=sizes, c=colors, alpha=0.75, edgecolors="white", linewidths=0.7, zorder=3, rasterized=cloud)
    # Most systems are worth little more than one that nobody would miss, a few several times as much.
    if worth.min() > 0:
        axes.set_xscale("log")
        axes.set_xlim(worth.min() / 1.25, max(worth.max(), 2.0 * worth.min()) * 1.25)
        axes.set_xticks(_log_ticks(*axes.get_xlim()))
        axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:,.0f}"))
    low, high = float(level.min()), float(level.max())
    room = 0.16 * max(high - low, 0.1)
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    scale = ", logarithmic scale" if worth.min() > 0 else ""
    axes.set_xlabel(f"willingness to pay, dollars per standard patient{scale}; larger mark, more patients")
    axes.set_ylabel("commercial price, standard contracts")
    axes.grid(color="#E3E3E3", linewidth=0.8)
    _name(figure, axes, shown, np.column_stack([worth, level]), sizes)
    return [
        Line2D([], [], linestyle="", marker="o", markersize=6.5, color=color, label=KIND_WORDS[kind])
        for kind, color in KIND_COLORS.items()
        if any(one.kind == kind for one in shown)
    ]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers on a logarithmic axis, far enough apart for their labels."""
    ticks: list[float] = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for digit in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0):
            tick = digit * 10.0**power
            if low <= tick <= high and (not ticks or math.log(tick / ticks[-1]) >= 0.11 * math.log(high / low)):
                ticks.append(tick)
    return ticks


def _name(figure: Figure, axes: Axes, shown: Sequence[OneSystem], at: Floats, sizes: Floats) -> None:
    """Name the largest systems where there is room, with a line to the mark where that is not beside it."""
    points = figure.dpi / 72.0
    frame = axes.get_window_extent()
    marks = axes.transData.transform(at)
    radii = np.sqrt(sizes / np.pi) * points
    # A long line through a cloud of marks could come from any of them.
    far = 72.0 if len(shown) <= _CLOUD else 36.0
    taken: list[Box] = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(marks, radii, strict=True)]
    for i in np.argsort(-sizes, kind="stable")[:LABELLED].tolist():
        words: dict[str, Any] = {"fontsize": 8, "ha": "left", "va": "bottom", "zorder": 6, "path_effects": HALO}
        note = axes.text(at[i, 0], at[i, 1], _short(shown[i].name, 34), **words)
        size = note.get_window_extent()
        x, y, radius = float(marks[i, 0]), float(marks[i, 1]), float(radii[i])
        for box, lead in _spots(x, y, radius + 1.5 * points, size.width + 2 * points, size.height, points, far):
            inside = frame.x0 <= box[0] and box[2] <= frame.x1 and frame.y0 <= box[1] and box[3] <= frame.y1
            # Lines may run over marks, not through names; the first boxes are the marks.
            if not inside or any(overlaps(box, other) for other in taken):
                continue
            if any(overlaps(step, other) for step in lead for other in taken[len(marks) :]):
                continue
            taken += [box, *lead]
            note.set_position(tuple(axes.transData.inverted().transform((box[0] + points, box[1]))))
            if lead:
                ends = np.array([[x, y], [lead[-1][0], lead[-1][1]]])
                line = axes.transData.inverted().transform(ends)
                axes.plot(line[:, 0], line[:, 1], color="#777777", linewidth=0.7, zorder=4, scalex=False, scaley=False)
            break
        else:
            note.remove()


def _spots(
    x: float, y: float, r: float, wide: float, tall: float, points: float, far: float
) -> Iterator[tuple[Box, list[Box]]]:
    """Yield places for a name of some size: beside the mark, then farther off with the steps of a line that leads there."""
    near = (
        (x + r, y - tall / 2),
        (x - r - wide, y - tall / 2),
        (x - wide / 2, y + r),
        (x - wide / 2, y - r - tall),
    )
    for left, bottom in near:
        yield (left, bottom, left + wide, bottom + tall), []
    for distance in np.arange(12.0, far, 6.0) * points:
        for angle in np.radians([30, -30, 60, -60, 150, -150, 120, -120, 0, 180, 90, -90]):
            end = x + (r + distance) * np.cos(angle), y + (r + distance) * np.sin(angle)
            left = end[0] if np.cos(angle) > 0.1 else end[0] - wide if np.cos(angle) < -0.1 else end[0] - wide / 2
            bottom = end[1] - tall / 2 if abs(np.sin(angle)) < 0.7 else end[1] if np.sin(angle) > 0 else end[1] - tall
            steps = np.linspace(0.1, 1.0, 40)
            dots = [(x + s * (end[0] - x), y + s * (end[1] - y)) for s in steps]
            lead = [(dx - 0.5, dy - 0.5, dx + 0.5, dy + 0.5) for dx, dy in dots]
            yield (float(left), float(bottom), float(left + wide), float(bottom + tall)), lead


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
