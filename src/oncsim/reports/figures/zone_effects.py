"""Figure: a map of what a policy changes for the people of each zone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from oncsim.reports import words
from oncsim.reports.figures.geography import frames, part_of_country, west_of_dateline
from oncsim.reports.figures.style import WIDTH, empty_figure, new_figure, styled

# Blue for less and vermillion for more, of equal lightness, told apart with every kind of colour-blindness.
_COLORS = LinearSegmentedColormap.from_list(
    "effect", ["#003F66", "#0072B2", "#9CC9E3", "#F2F2F0", "#F0B48A", "#D55E00", "#7A3600"]
)
PANELS = (
    ("minutes", "Travel to care, minutes one way", ""),
    ("patient_cost", "Patients' cost per treated patient", "dollars"),
)


@styled
def zone_effects(
    zones: pd.DataFrame,
    effects: pd.DataFrame,
    plane: bool = False,
    panels: Sequence[tuple[str, str, str]] = PANELS,
) -> Figure:
    """Draw the difference of zones as circles: area by people, colour by difference, zero in the middle.

    Parameters
    ----------
    zones : pandas.DataFrame
        Columns zone, lat, lon, population, land_sqmi.
    effects : pandas.DataFrame
        Columns id (a zone), measure, difference, low, high; circles are hollow where low and high include zero
        (not where they are unknown).
    plane : bool
        True for a teaching market: axes in miles. Otherwise only the contiguous states are drawn where there are any.
    panels : sequence of (measure, title, unit)
        What to draw, one panel each.
    """
    known = zones[np.isfinite(zones["lat"].astype(float)) & np.isfinite(zones["lon"].astype(float))] if len(zones) else zones
    if known.empty or effects.empty:
        return empty_figure("This comparison holds no zones, so there is no map.")
    known = known.reset_index(drop=True)
    frame = frames(known, plane)[0]
    inside = np.flatnonzero(frame.zones)
    lon = known["lon"].to_numpy(dtype=float)
    x, y = frame.projection(known["lat"].to_numpy(dtype=float)[inside], (lon if plane else west_of_dateline(lon))[inside])
    people = np.nan_to_num(np.asarray(known["population"], dtype=np.float64)[inside])
    wide = (WIDTH - 0.9) / len(panels)
    tall = float(np.clip(wide * frame.height / max(frame.width, 1e-9), 2.0, 4.6))
    height = tall + (1.55 if plane else 1.25)
    figure = new_figure(WIDTH, height)
    sizes = _sizes(people, frame.width * frame.height, wide * tall)
    for number, (measure, title, unit) in enumerate(panels):
        left = (0.55 + number * (wide + 0.25)) / WIDTH
        foot = 0.95 if plane else 0.72
        axes = figure.add_axes((left, foot / height, (wide - 0.1) / WIDTH, tall / height))
        values = effects[effects["measure"] == measure].set_index("id").reindex(known["zone"].to_numpy()[inside])
        found, low, high = (_column(values, name) for name in ("difference", "low", "high"))
        unsure = ((low <= 0) & (high >= 0)) | (found == 0)
        norm = _norm(np.where(unsure, np.nan, found), people)
        _draw(axes, x, y, sizes, np.where(unsure, np.nan, found), norm)
        if unsure[np.isfinite(found)].all():
            box = {"facecolor": "white", "edgecolor": "none", "pad": 3}
            text = "no detectable difference\nin any zone"
            axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=9, bbox=box, zorder=9)
        west, east, south, north = frame.bounds
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=9.5, pad=5)
        _axes(axes, plane, number)
        _bar(figure, (left, 0.36 / height, (wide - 0.1) / WIDTH, 0.09 / height), norm, unit)
    return figure


def _column(values: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return np.asarray(values[name], dtype=np.float64)


def beyond_contiguous(zones: pd.DataFrame) -> bool:
    """Return whether some zones lie in another part of the country than the map shows."""
    lat, lon = zones["lat"].to_numpy(dtype=float), zones["lon"].to_numpy(dtype=float)
    return len(np.unique(part_of_country(lat, lon))) > 1


def _sizes(people: NDArray[np.float64], square_miles: float, inches: float) -> NDArray[np.float64]:
    """Return areas of circles in square points: together a fifth of the panel, none too small to see."""
    total = max(float(people.sum()), 1e-9)
    area = people / total * inches * 72.0**2 * 0.22
    return np.asarray(np.clip(area, 5.0 if len(people) > 500 else 14.0, 900.0))


def _norm(values: NDArray[np.float64], people: NDArray[np.float64]) -> TwoSlopeNorm:
    """Return the scale: zero in the middle, the ends where 98 % of people lie within, so that one zone does not rule it."""
    known = np.isfinite(values)
    size = np.abs(values[known])
    if not len(size) or size.max() == 0:
        return TwoSlopeNorm(0.0, -1.0, 1.0)
    order = np.argsort(size)
    weight = np.cumsum(people[known][order] + 1e-9)
    end = float(size[order][min(int(np.searchsorted(weight, 0.98 * weight[-1])), len(size) - 1)])
    end = _round_up(end if end > 0 else float(size.max()))
    return TwoSlopeNorm(0.0, -end, end)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8, 10 times a power of ten: half of each is a round number too."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step for step in (1, 2, 4, 6, 8, 10) if value <= step * power * (1 + 1e-9)) * power)


def _draw(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    sizes: NDArray[np.float64],
    values: NDArray[np.float64],
    norm: TwoSlopeNorm,
) -> None:
    known = np.isfinite(values)
    order = [i for i in np.argsort(-sizes, kind="stable") if known[i]]  # small circles on top of large ones
    raster = len(values) > 1000
    lost = np.flatnonzero(~known)
    axes.scatter(
        x[lost],
        y[lost],
        s=sizes[lost],
        facecolors="none",
        edgecolors="#A5A5A0",
        linewidths=0.25 if raster else 0.6,
        rasterized=raster,
    )
    axes.scatter(
        x[order],
        y[order],
        s=sizes[order],
        c=values[order],
        cmap=_COLORS,
        norm=norm,
        edgecolors="#55554F",
        linewidths=0.15 if raster else 0.5,
        rasterized=raster,
    )


def _axes(axes: Axes, plane: bool, number: int) -> None:
    if not plane:
        axes.set_axis_off()
        return
    axes.set_xlabel("miles east of the middle", fontsize=8, labelpad=1)
    if number == 0:
        axes.set_ylabel("miles north of the middle", fontsize=8)
    axes.tick_params(labelsize=8)


def _bar(figure: Figure, box: tuple[float, float, float, float], norm: TwoSlopeNorm, unit: str) -> None:
    axes = figure.add_axes(box)
    bar = figure.colorbar(ScalarMappable(norm, _COLORS), cax=axes, orientation="horizontal", extend="both")
    ends = [float(norm.vmin or -1), float(norm.vmin or -1) / 2, 0.0, float(norm.vmax or 1) / 2, float(norm.vmax or 1)]
    bar.set_ticks(ends)
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.bare_difference(float(f"{value:.3g}"), unit)))
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_linewidth(0.5)
