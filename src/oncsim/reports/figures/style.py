"""The look of every figure: palette, sizes, axes and how a figure becomes a file, without touching global
state."""

from __future__ import annotations

import functools
import io
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from oncsim.reports import words

# Okabe & Ito's colours, which people with colour-blindness can tell apart.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE, GREY = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
    "#8C8C8C",
)
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)

SITE_COLORS = {
    "office": BLUE,
    "hopd_on_campus": VERMILLION,
    "hopd_off_campus": ORANGE,
    "amc_main": PURPLE,
    "amc_satellite": "#E8BFD4",
    "freestanding_infusion": GREEN,
    "home_infusion": SKY,
    "telehealth_spoke": GREY,
}
SITE_MARKERS = {
    "office": "o",
    "hopd_on_campus": "s",
    "hopd_off_campus": "s",
    "amc_main": "D",
    "amc_satellite": "D",
    "freestanding_infusion": "^",
    "home_infusion": "v",
    "telehealth_spoke": "P",
}
KIND_COLORS = {
    "practice": BLUE,
    "health_system": VERMILLION,
    "academic_center": PURPLE,
    "network": GREEN,
    "payer": GREY,
}

WIDTH = 8.6
DPI = 150
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    # A fixed height spares a layout of all ticks at every drawing.
    "axes.titley": 1.0,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": "#333333",
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "axes.grid": False,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "lines.linewidth": 2.0,
    "hatch.linewidth": 0.6,
    # Names of organisations may hold dollar signs, which would otherwise start a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "svg.hashsalt": "oncsim",
    "svg.fonttype": "none",
    "path.simplify": True,
}

# What a year needs on an axis: four digits and a gap.
_YEAR_INCHES = 0.45
# Behind words that lie over lines of the grid or of the data.
HALO = [withStroke(linewidth=2.5, foreground="white")]

_P = ParamSpec("_P")


def styled(draw: Callable[_P, Figure]) -> Callable[_P, Figure]:
    """Run a figure function inside the style of the reports; the caller's settings stay as they are."""

    @functools.wraps(draw)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> Figure:
        with matplotlib.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return wrapped


def new_figure(width: float = WIDTH, height: float = 4.0) -> Figure:
    """Return an empty figure on the Agg canvas, sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


@styled
def empty_figure(message: str) -> Figure:
    """Return a small figure that says why there is nothing to draw."""
    figure = new_figure(WIDTH, 1.2)
    figure.text(0.5, 0.5, message, ha="center", va="center", color="#555555", fontsize=11)
    return figure


def to_bytes(figure: Figure, form: str) -> bytes:
    """Return the figure as ``png`` or ``svg``; the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; that is no reason to stop or to warn.
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph .* missing.*")
        # Light compression: the strongest takes as long as the drawing and gains a tenth.
        extra: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if form == "png" else {}
        figure.savefig(buffer, format=form, dpi=DPI, metadata=metadata, **extra)
    return buffer.getvalue()


def year_of(quarter: str) -> float:
    """Return the position of a quarter on an axis of years: ``2026Q1`` is 2026.0."""
    return int(quarter[:4]) + (int(quarter[5]) - 1) / 4


def year_axis(axes: Axes, quarters: Sequence[str], room_right: float = 0.0) -> None:
    """Set whole years as ticks; ``room_right`` is the share of the span kept free for labels."""
    first, last = year_of(quarters[0]), year_of(quarters[-1])
    span = max(last - first, 0.25)
    room_right = max(room_right, 0.02)
    axes.set_xlim(first - span * 0.02, last + span * room_right)
    if span < 2:
        axes.set_xticks([year_of(quarter) for quarter in quarters], [f"{q[:4]}\n{q[4:]}" for q in quarters])
        return
    figure = axes.get_figure()
    assert figure is not None
    inches = axes.get_position().width * figure.get_figwidth() / (1.02 + room_right) / span  # type: ignore[union-attr]
    steps = next((s for s in (1, 2, 3, 4, 5, 10) if s * inches >= _YEAR_INCHES), 20)
    axes.set_xticks([y for y in range(int(first), int(last) + 1) if (y - int(first)) % steps == 0])


def value_axis(axes: Axes, unit: str, low: float, high: float, from_zero: bool = False, ceiling: float = math.inf) -> None:
    """Set the limits and the tick labels of a value axis in its unit.

    The axis starts at zero where the values come near it, and never shows less than a tenth of their
    level, so that noise does not look like a trend. It ends at the ceiling: no share is above 100 %.
    """
    if not (low <= high):
        low, high = 0.0, 1.0
    level = max(abs(low), abs(high)) or 1.0
    if high - low < 0.1 * level:
        middle = (low + high) / 2
        low, high = middle - 0.05 * level, middle + 0.05 * level
    padding = 0.12 * (high - low)
    bottom = low - padding
    if from_zero or (low >= 0 and low < 0.45 * high):
        bottom = min(0.0, low)
    axes.set_ylim(bottom, min(high + padding, ceiling + 0.005 * (high - bottom)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, unit)))
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)


def tick(value: float, unit: str) -> str:
    """Return a tick label: percent for shares, scaled dollars for money, else the bare number."""
    kind = words.kind_of_unit(unit)
    if kind == "share":
        return f"{value * 100:.3g} %"
    if kind == "dollars":
        return words.amount(value, "dollars")
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def spread(positions: Sequence[float], gap: float, lowest: float = -math.inf) -> list[float]:
    """Return positions moved apart to at least ``gap``, keeping their order and, above ``lowest``, their middle."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = [positions[i] for i in order]
    for _ in range(60):
        moved = False
        for i in range(len(placed) - 1):
            short = gap - (placed[i + 1] - placed[i])
            if short > 1e-9:
                placed[i] -= short / 2
                placed[i + 1] += short / 2
                moved = True
        if not moved:
            break
    for i, position in enumerate(placed):
        placed[i] = max(position, lowest if i == 0 else placed[i - 1] + gap - 1e-9)
    result = [0.0] * len(placed)
    for rank, i in enumerate(order):
        result[i] = placed[rank]
    return result


def sentence_title(text: str) -> str:
    """Return a title with a capital first letter."""
    return text[:1].upper() + text[1:]
