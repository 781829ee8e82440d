"""Figure: a map of sites and travel, at the start and at the end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from oncsim.codes import SITE_KINDS
from oncsim.reports.figures.geography import (
    Frame,
    borders,
    frames,
    miles_to_oncologist,
    nearest_zone,
    part_of_country,
    states_of,
    west_of_dateline,
)
from oncsim.reports.figures.style import (
    SITE_COLORS,
    SITE_MARKERS,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
)
from oncsim.reports.metric_facts import SITE_WORDS

# Upper ends of the classes and their greys, light to dark; coloured sites stand out against them.
MILES_CLASSES = (
    (10.0, "#F4F4F2"),
    (25.0, "#DEDEDA"),
    (50.0, "#C2C2BC"),
    (100.0, "#9C9C95"),
    (np.inf, "#73736C"),
)
MINUTES_CLASSES = (
    (20.0, "#F4F4F2"),
    (40.0, "#DEDEDA"),
    (60.0, "#C2C2BC"),
    (120.0, "#9C9C95"),
    (np.inf, "#73736C"),
)
_UNKNOWN = "#FFFFFF"
# Beyond this many sites markers are pixels even in SVG files, which would otherwise grow to megabytes.
_RASTER_SITES = 1500
_LEGEND_INCHES = 1.15


@dataclass(frozen=True)
class _Ground:
    """What both panels share: the parts of the map with the zone at every pixel."""

    zones: pd.DataFrame
    parts: list[tuple[Frame, NDArray[np.int64]]]
    plane: bool


@styled
def site_map(zones: pd.DataFrame, sites: pd.DataFrame, minutes: pd.DataFrame | None = None, plane: bool = False) -> Figure:
    """Draw sites over zones shaded by travel, at the first and the last quarter.

    Parameters
    ----------
    zones : pandas.DataFrame
        Columns zone, name, lat, lon, population, land_sqmi.
    sites : pandas.DataFrame
        Columns quarter, site, kind, lat, lon, open, oncologists, patients; rows of one replicate.
    minutes : pandas.DataFrame, optional
        Columns zone, quarter, minutes (from recorded flows). Without it zones are shaded by the
        straight-line miles to the nearest open site with an oncologist.
    plane : bool
        True for a teaching market on a plane: axes in miles instead of a scale bar.
    """
    zones = zones[np.isfinite(zones["lat"].astype(float)) & np.isfinite(zones["lon"].astype(float))]
    zones = zones.reset_index(drop=True)
    quarters = sorted(sites["quarter"].astype(str).unique()) if len(sites) else []
    if zones.empty or not quarters:
        return empty_figure("This run recorded no zones or no sites, so there is no map.")
    quarters = quarters if len(quarters) == 1 else [quarters[0], quarters[-1]]
    ground = _Ground(zones, [(f, nearest_zone(f, zones)) for f in frames(zones, plane)], plane)
    recorded = minutes is not None and len(minutes) > 0
    main = ground.parts[0][0]
    boxes, height = _boxes(len(quarters), 1.08 * main.height / max(main.width, 1e-9), plane)
    figure = new_figure(WIDTH, height)
    for quarter, box in zip(quarters, boxes, strict=True):
        now = sites[(sites["quarter"].astype(str) == quarter) & sites["open"].astype(bool)]
        shade = _shades(zones, now, minutes if recorded else None, quarter)
        _panel(figure, box, height, ground, now, shade, quarter)
    _legend(figure, sites, height, recorded)
    return figure


def _boxes(count: int, ratio: float, plane: bool) -> tuple[list[tuple[float, float, float, float]], float]:
    """Return the boxes of the panels in inches (left, bottom, width, height) and the height of the figure."""
    margin, title = (0.5 if plane else 0.1), 0.34
    beside = ratio > 0.72 and count == 2
    columns = 2 if beside else 1
    width = (WIDTH - 0.2 - margin * columns) / columns
    map_height = min(width * ratio, 5.4 if beside or count == 1 else 4.6)
    rows = 1 if beside else count
    foot = margin if plane else 0.05
    height = _LEGEND_INCHES + rows * (map_height + title + foot)
    boxes = []
    for number in range(count):
        row, column = (0, number) if beside else (number, 0)
        bottom = height - (row + 1) * (map_height + title + foot) + foot
        boxes.append((0.1 + margin + column * (width + margin), bottom, width, map_height))
    return boxes, height


def _shades(zones: pd.DataFrame, now: pd.DataFrame, minutes: pd.DataFrame | None, quarter: str) -> NDArray[np.float64]:
    classes = MILES_CLASSES if minutes is None else MINUTES_CLASSES
    if minutes is None:
        values = miles_to_oncologist(zones, now)
    else:
        held = minutes[minutes["quarter"].astype(str) == quarter].set_index("zone")["minutes"]
        values = held.reindex(zones["zone"]).to_numpy(dtype=float)
    colors = np.array([to_rgb(color) for _, color in classes] + [to_rgb(_UNKNOWN)])
    number = np.searchsorted([top for top, _ in classes], values, side="left")
    number = np.where(np.isnan(values), len(classes), np.minimum(number, len(classes) - 1))
    return colors[number]


def _panel(
    figure: Figure,
    box: tuple[float, float, float, float],
    height: float,
    ground: _Ground,
    now: pd.DataFrame,
    shade: NDArray[np.float64],
    quarter: str,
) -> None:
    left, bottom, width, tall = box
    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, tall / height))
    frame, picture = ground.parts[0]
    _draw_part(axes, frame, picture, ground, now, shade)
    axes.set_title(f"{quarter}: {len(now):,} open sites", pad=6)
    if ground.plane:
        axes.set_xlabel("miles east of the middle")
        axes.set_ylabel("miles north of the middle")
    else:
        axes.set_axis_off()
        axes.set_title(f"{quarter}: {len(now):,} open sites", pad=6)
        _scale_bar(axes, frame)
    if len(ground.zones) <= 400:
        _name_places(axes, frame, ground.zones)
    for number, (part, pixels) in enumerate(ground.parts[1:]):
        inset = axes.inset_axes((0.0 + 0.17 * number, 0.0, 0.16 if number == 0 else 0.12, 0.22))
        _draw_part(inset, part, pixels, ground, now, shade)
        inset.set_xticks([])
        inset.set_yticks([])
        inset.set_anchor("SW")
        inset.set_title(f"{part.name.title()} (own scale)", fontsize=7, fontweight="normal", pad=2)


def _draw_part(
    axes: Axes,
    frame: Frame,
    picture: NDArray[np.int64],
    ground: _Ground,
    now: pd.DataFrame,
    shade: NDArray[np.float64],
) -> None:
    colors = np.where((picture >= 0)[..., None], shade[np.maximum(picture, 0)], 1.0)
    if len(ground.zones) <= 400:
        colors[borders(picture, np.arange(len(ground.zones)))] = to_rgb("#FFFFFF")
    colors[borders(picture, states_of(ground.zones["name"].tolist()))] = to_rgb("#55554F")
    west, east, south, north = frame.bounds
    axes.imshow(
        colors,
        extent=(west, east, south, north),
        origin="lower",
        interpolation="nearest",
        aspect="equal",
        zorder=0,
    )
    lat, lon = now["lat"].to_numpy(dtype=float), west_of_dateline(now["lon"].to_numpy(dtype=float))
    here = np.ones(len(now), dtype=bool) if ground.plane else part_of_country(lat, lon) == frame.name
    x, y = frame.projection(lat, lon)
    patients = np.nan_to_num(pd.to_numeric(now["patients"], errors="coerce").to_numpy(dtype=float))
    scale = _largest_marker(len(now))
    top = max(float(np.max(patients, initial=0.0)), 1e-9)
    # Area grows less than patients, so that the smallest stay visible beside an academic center. Large
    # sites are drawn first, small ones on top.
    sizes = np.maximum(scale * (patients / top) ** 0.6, scale * 0.06)
    order = np.argsort(-patients, kind="stable")
    kinds = now["kind"].to_numpy()
    for kind in SITE_KINDS:
        chosen = order[(kinds[order] == kind) & here[order]]
        if len(chosen):
            axes.scatter(
                x[chosen],
                y[chosen],
                s=sizes[chosen],
                c=SITE_COLORS[kind],
                marker=SITE_MARKERS[kind],
                edgecolors="white" if len(now) < _RASTER_SITES else "none",
                linewidths=0.5,
                alpha=0.85,
                zorder=3,
                rasterized=len(now) >= _RASTER_SITES,
            )
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)


def _largest_marker(sites: int) -> float:
    return float(np.interp(sites, [5, 60, 400, 3000, 9000], [420, 300, 190, 45, 22]))


def _scale_bar(axes: Axes, frame: Frame) -> None:
    wanted = frame.width * 0.2
    length = max((n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if n <= wanted), default=1)
    _, east, south, north = frame.bounds
    # Below the ground, where no site can lie under it.
    x, y = east - frame.width * 0.02, south - frame.height * 0.06
    axes.set_ylim(south - frame.height * 0.08, north)
    axes.plot([x - length, x], [y, y], color="#333333", linewidth=2, solid_capstyle="butt", zorder=5)
    note = axes.text(x - length / 2, y + (north - south) * 0.012, f"{length} miles", ha="center", va="bottom", fontsize=8)
    note.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _name_places(axes: Axes, frame: Frame, zones: pd.DataFrame) -> None:
    """Name the largest zones, skipping those too near to one already named."""
    lon = west_of_dateline(zones["lon"].to_numpy(dtype=float))
    x, y = frame.projection(zones["lat"].to_numpy(dtype=float), lon)
    people = pd.to_numeric(zones["population"], errors="coerce").to_numpy(dtype=float)
    placed: list[int] = []
    for i in np.argsort(-np.nan_to_num(people), kind="stable")[:25]:
        if not frame.zones[i] or len(placed) >= 5:
            continue
        if any(abs(x[i] - x[j]) < 0.3 * frame.width and abs(y[i] - y[j]) < 0.09 * frame.height for j in placed):
            continue
        placed.append(int(i))
        name = str(zones["name"].iloc[i]).split(", ")[0]
        side = "left" if x[i] < (frame.bounds[0] + frame.bounds[1]) / 2 else "right"
        shift = 6 if side == "left" else -6
        note = axes.annotate(
            name, (x[i], y[i]), xytext=(shift, 7), textcoords="offset points", ha=side, fontsize=8, zorder=6
        )
        note.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _legend(figure: Figure, sites: pd.DataFrame, height: float, recorded: bool) -> None:
    classes = MINUTES_CLASSES if recorded else MILES_CLASSES
    unit = "minutes" if recorded else "miles"
    tops = [top for top, _ in classes]
    names = [f"up to {tops[0]:.0f}"]
    names += [f"{a:.0f}-{b:.0f}" for a, b in pairwise(tops[:-1])] + [f"over {tops[-2]:.0f}"]
    patches = [
        Patch(facecolor=color, edgecolor="#BBBBBB", label=name) for (_, color), name in zip(classes, names, strict=True)
    ]
    title = (
        "Zones: mean minutes that patients travel one way"
        if recorded
        else "Zones: straight-line miles to the nearest open site with an oncologist"
    )
    foot = 0.05 / height
    figure.legend(
        handles=patches,
        title=f"{title} ({unit})",
        loc="lower left",
        bbox_to_anchor=(0.01, foot),
        ncol=len(patches),
        handlelength=1.4,
        columnspacing=1.3,
        alignment="left",
        fontsize=8.5,
        title_fontsize=8.5,
        borderpad=0,
    )
    kinds = [kind for kind in SITE_KINDS if (sites["kind"] == kind).any()]
    marks = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=SITE_MARKERS[k],
            color=SITE_COLORS[k],
            markersize=6.5,
            label=SITE_WORDS[k],
        )
        for k in kinds
    ]
    figure.legend(
        handles=marks,
        title="Sites: larger mark, more patients starting treatment in the quarter",
        loc="lower left",
        bbox_to_anchor=(0.01, foot + 0.45 / height),
        ncol=min(4, max(len(marks), 1)),
        columnspacing=1.2,
        handletextpad=0.2,
        alignment="left",
        fontsize=8.5,
        title_fontsize=8.5,
        borderpad=0,
    )
