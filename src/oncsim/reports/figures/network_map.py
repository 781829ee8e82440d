"""Figure: the ties of one quarter, organisations at their place on the map or placed by springs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from oncsim.reports.figures.geography import (
    Frame,
    borders,
    frames,
    nearest_zone,
    part_of_country,
    states_of,
    west_of_dateline,
)
from oncsim.reports.figures.layout import shifted_apart
from oncsim.reports.figures.network_legend import legend, legend_inches
from oncsim.reports.figures.network_marks import DOTS, FORM_LOOKS, name_largest
from oncsim.reports.figures.network_springs import springs
from oncsim.reports.figures.style import GREY, HALO, KIND_COLORS, WIDTH, empty_figure, new_figure, styled

Floats = NDArray[np.float64]
LABELLED = 10
_REACHES = (0.0, 10.0, 20.0, 32.0, 46.0, 62.0, 80.0, 100.0)
# Up to this many organisations circles are moved off each other, and names off all circles.
_FEW = 300
_GROUND, _BORDER, _STATE = "#F1F1EE", "#FFFFFF", "#8A8A82"
# Between parallel ties of two organisations, in points.
_BESIDE = 3.0
_UNKNOWN_TRUST = 0.45


@dataclass(frozen=True)
class _Drawn:
    """Organisations (the largest first) and ties as arrays; ``a`` and ``b`` are places among the organisations."""

    nodes: pd.DataFrame
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    form: NDArray[np.str_]
    trust: Floats
    beside: Floats

    @property
    def small(self) -> float:
        """How much thinner ties are where many are drawn."""
        return float(np.interp(len(self.nodes), [60, 400, 2500], [1.0, 0.7, 0.35]))

    @property
    def sizes(self) -> Floats:
        """Areas of the circles in square points, less than proportional to patients."""
        largest = float(np.interp(len(self.nodes), [10, 60, 400, 2500], [420, 270, 100, 34]))
        patients = self.nodes["patients"].to_numpy(dtype=float)
        return np.asarray(largest * np.maximum((patients / max(float(patients.max()), 1e-9)) ** 0.6, 0.07))

    @property
    def radii(self) -> Floats:
        """Radii of the circles in dots of the drawing."""
        return np.asarray(np.sqrt(self.sizes / np.pi) * DOTS)


@styled
def tie_map(graph: Any, zones: pd.DataFrame, plane: bool = False, layout: str = "geography", chosen: str = "") -> Figure:
    """Draw a graph of :func:`oncsim.network`.

    Parameters
    ----------
    graph : networkx.MultiGraph
        Organisations and ties of one quarter.
    zones : pandas.DataFrame
        Columns zone, name, lat, lon, land_sqmi: the ground of the map.
    plane : bool
        True for a teaching market on a plane: axes in miles instead of a scale bar.
    layout : str
        ``geography``, or ``spring``: tied organisations near each other wherever they are.
    chosen : str
        Which market or forms, for the title.
    """
    quarter = str(graph.graph.get("quarter", ""))
    located = [org for org, data in graph.nodes(data=True) if "lat" in data]
    whole = len(graph)
    if layout == "geography":
        graph = graph.subgraph(located)
    if not len(graph):
        return empty_figure(f"No ties in force in {quarter}.")
    drawn = _drawn(graph)
    ground = zones[np.isfinite(zones["lat"].astype(float)) & np.isfinite(zones["lon"].astype(float))].reset_index(drop=True)
    if layout == "geography" and len(ground):
        figure, axes = _map(drawn, ground, plane)
    else:
        figure, axes = _springs(drawn, graph)
    count = len(drawn.nodes)
    what = f"{count:,} organisation{'s' * (count != 1)}, {len(drawn.a):,} tie{'s' * (len(drawn.a) != 1)}"
    without = f" ({whole - count} without a place left out)" if whole > count else ""
    axes.set_title(f"Ties in force, {quarter}: {what}{without}{', ' + chosen if chosen else ''}", pad=6, loc="left")
    legend(figure, drawn.nodes, drawn.form, drawn.trust, width_of, drawn.small)
    return figure


def width_of(trust: Any, small: float = 1.0) -> Any:
    """Return the width in points of ties with this trust; those that have none (owners, members) get a middling one."""
    known = np.where(np.isfinite(trust), trust, _UNKNOWN_TRUST)
    return (0.5 + 3.2 * known) * small


def _drawn(graph: Any) -> _Drawn:
    rows = [
        {
            "org": org,
            "name": data.get("name", org),
            "kind": data.get("kind", ""),
            "owned": "owner" in data,
            "patients": data.get("patients", 0.0),
            "lat": data.get("lat", np.nan),
            "lon": data.get("lon", np.nan),
        }
        for org, data in graph.nodes(data=True)
    ]
    nodes = pd.DataFrame(rows).sort_values(["patients", "org"], ascending=[False, True], kind="stable")
    nodes = nodes.reset_index(drop=True)
    number = {org: i for i, org in enumerate(nodes["org"])}
    strength = {form: i for i, form in enumerate(FORM_LOOKS)}
    ties = []
    for one, other, tie, data in graph.edges(keys=True, data=True):
        low, high = sorted((number[one], number[other]))
        trust = [data[name] for name in ("trust_ab", "trust_ba") if name in data]
        mean = float(np.mean(trust)) if trust else np.nan
        ties.append((strength.get(data["form"], -1), low, high, str(tie), str(data["form"]), mean))
    ties.sort(key=lambda row: row[:4])
    pairs: dict[tuple[int, int], list[int]] = {}
    for i, row in enumerate(ties):
        pairs.setdefault((row[1], row[2]), []).append(i)
    beside = np.zeros(len(ties))
    for together in pairs.values():
        beside[together] = (np.arange(len(together)) - (len(together) - 1) / 2) * _BESIDE
    ends = np.array([(row[1], row[2]) for row in ties], dtype=np.int64).reshape(-1, 2)
    forms = np.array([row[4] for row in ties], dtype=np.str_)
    return _Drawn(nodes, ends[:, 0], ends[:, 1], forms, np.array([row[5] for row in ties], dtype=float), beside)


def _map(drawn: _Drawn, zones: pd.DataFrame, plane: bool) -> tuple[Figure, Axes]:
    """Draw the map with Alaska and Hawaii beside it; ties between these parts are left out and counted."""
    lat = drawn.nodes["lat"].to_numpy(dtype=float)
    lon = west_of_dateline(drawn.nodes["lon"].to_numpy(dtype=float))
    parts = frames(zones, plane)
    first = parts[0]
    where = part_of_country(lat, lon)
    home = np.full(len(lat), True) if plane or len(parts) == 1 else ~np.isin(where, [part.name for part in parts[1:]])
    x, y = first.projection(lat, lon)
    west, east, south, north = first.bounds
    bounds = (
        min(west, float(x[home].min(initial=west))),
        max(east, float(x[home].max(initial=east))),
        min(south, float(y[home].min(initial=south))),
        max(north, float(y[home].max(initial=north))),
    )
    foot, side = (0.5, 0.55) if plane else (0.05, 0.1)
    wide = WIDTH - 0.2 - side
    tall = float(np.clip(wide * (bounds[3] - bounds[2]) / (bounds[1] - bounds[0]), 3.4, 6.6))
    under = legend_inches(drawn.form)
    height = under + foot + tall + 0.4
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes(((0.1 + side) / WIDTH, (under + foot) / height, wide / WIDTH, tall / height))
    _fit(axes, bounds, wide / tall)
    _ground(axes, first, zones)
    at = np.column_stack([x, y])
    _draw(axes, drawn, at, home, named=True)
    if plane:
        axes.set_xlabel("miles east of the middle")
        axes.set_ylabel("miles north of the middle")
    else:
        axes.set_axis_off()
        _scale_bar(axes, first)
    apart = int((where[drawn.a] != where[drawn.b]).sum()) if len(parts) > 1 else 0
    for number, part in enumerate(parts[1:]):
        inset = axes.inset_axes((0.17 * number, 0.0, 0.16 if number == 0 else 0.12, 0.22))
        inset.set_xticks([])
        inset.set_yticks([])
        _fit(inset, part.bounds, (0.16 if number == 0 else 0.12) * wide / (0.22 * tall))
        _ground(inset, part, zones)
        _draw(inset, drawn, np.column_stack(part.projection(lat, lon)), where == part.name, named=False)
        inset.set_title(f"{part.name.title()} (own scale)", fontsize=7, fontweight="normal", pad=2, loc="left")
    if apart:
        note = f"{apart} tie{'s' * (apart != 1)} between these parts not drawn"
        axes.text(0.34, 0.005, note, transform=axes.transAxes, fontsize=7.5, color="#555555", path_effects=HALO)
    return figure, axes


def _springs(drawn: _Drawn, graph: Any) -> tuple[Figure, Axes]:
    wide, tall = WIDTH - 0.3, 6.2
    under = legend_inches(drawn.form)
    height = under + tall + 0.4
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.15 / WIDTH, under / height, wide / WIDTH, tall / height))
    place = dict(zip(list(graph), springs(graph, wide / tall), strict=True))
    at = np.array([place[org] for org in drawn.nodes["org"]])
    _fit(axes, (0.0, wide / tall, 0.0, 1.0), wide / tall)
    axes.set_axis_off()
    _draw(axes, drawn, at, np.ones(len(at), dtype=bool), named=True)
    return figure, axes


def _fit(axes: Axes, bounds: tuple[float, float, float, float], ratio: float) -> None:
    """Set limits that hold the bounds with a margin and have the shape of the axes, so that a mile is a mile."""
    west, east, south, north = bounds
    wide, tall = (east - west) * 1.04, (north - south) * 1.06
    wide, tall = max(wide, tall * ratio), max(tall, wide / ratio)
    x, y = (west + east) / 2, (south + north) / 2
    axes.set_xlim(x - wide / 2, x + wide / 2)
    axes.set_ylim(y - tall / 2, y + tall / 2)


def _ground(axes: Axes, frame: Frame, zones: pd.DataFrame) -> None:
    picture = nearest_zone(frame, zones)
    colors = np.where((picture >= 0)[..., None], to_rgb(_GROUND), 1.0)
    if len(zones) <= 400:
        colors[borders(picture, np.arange(len(zones)))] = to_rgb(_BORDER)
    states = borders(picture, states_of(zones["name"].tolist()))
    colors[states & (picture >= 0)] = to_rgb(_STATE)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(colors, extent=frame.bounds, origin="lower", interpolation="nearest", aspect="auto", zorder=0)
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def _draw(axes: Axes, drawn: _Drawn, at: Floats, here: NDArray[np.bool_], named: bool) -> None:
    """Draw the organisations that are ``here`` and the ties between them."""
    dots = axes.transData.transform(at)
    few = int(here.sum()) <= _FEW
    if few:
        frame = axes.get_window_extent()
        dots[here] = shifted_apart(dots[here], drawn.radii[here] + DOTS, (frame.x0, frame.y0, frame.x1, frame.y1))
    back = axes.transData.inverted()
    at = np.asarray(back.transform(dots))
    within = here[drawn.a] & here[drawn.b]
    ends = np.stack([dots[drawn.a], dots[drawn.b]], axis=1)
    along = ends[:, 1] - ends[:, 0]
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    ends = ends + (across * drawn.beside[:, None] * DOTS)[:, None, :]
    widths = width_of(drawn.trust, drawn.small)
    forms = [*(form for form in sorted(set(drawn.form)) if form not in FORM_LOOKS), *FORM_LOOKS]
    for order, form in enumerate(forms):
        chosen = np.flatnonzero(within & (drawn.form == form))
        color, dashes = FORM_LOOKS.get(form, (GREY, "solid"))
        if len(chosen):
            lines = back.transform(ends[chosen].reshape(-1, 2)).reshape(-1, 2, 2)
            ties = LineCollection(
                list(lines), colors=color, linewidths=widths[chosen], linestyles=[dashes], alpha=0.8, zorder=1 + order / 20
            )
            axes.add_collection(ties, autolim=False)
    shown = drawn.nodes[here]
    owned = shown["owned"].to_numpy(dtype=bool)
    axes.scatter(
        at[here, 0],
        at[here, 1],
        s=drawn.sizes[here],
        c=[KIND_COLORS.get(kind, GREY) for kind in shown["kind"]],
        edgecolors=["#000000" if one else "white" for one in owned],
        linewidths=(np.where(owned, 1.4, 0.7) * drawn.small).tolist(),
        zorder=10,
    )
    if named:
        # Networks treat nobody: they are named only where no one drawn does.
        treats = here & (drawn.nodes["patients"].to_numpy(dtype=float) > 0)
        shown_names = treats if treats.any() else here
        names = [str(name) if one else "" for name, one in zip(drawn.nodes["name"], shown_names, strict=True)]
        guarded = here if few else here & (np.arange(len(here)) < 2 * LABELLED)
        name_largest(axes, at, drawn.radii, names[: 3 * LABELLED], LABELLED, _REACHES, guarded)


def _scale_bar(axes: Axes, frame: Frame) -> None:
    wanted = frame.width * 0.2
    length = max((n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if n <= wanted), default=1)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    x, y = east - (east - west) * 0.01, south + (north - south) * 0.012
    axes.plot([x - length, x], [y, y], color="#333333", linewidth=2, solid_capstyle="butt", zorder=21)
    above, words = y + (north - south) * 0.012, f"{length} miles"
    axes.text(x - length / 2, above, words, ha="center", va="bottom", fontsize=8, path_effects=HALO)
