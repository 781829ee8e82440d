"""Figure: who owns whom and who refers to whom among the largest organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from oncsim.networks.tables import living
from oncsim.reports.figures.layout import spring_layout
from oncsim.reports.figures.network_marks import (
    CONTRACT_DASHES,
    DOTS,
    NETWORK_DASHES,
    REFERRAL_DASHES,
    kind_marks,
    name_largest,
)
from oncsim.reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    KIND_COLORS,
    ORANGE,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
)

LARGEST = 60
_LABELLED = 16
# Name, colour, width and dashes of each class of edge, drawn from the weakest to the strongest.
_EDGES: dict[str, tuple[str, str, float, Any]] = {
    "referral": ("Referral relationship", GREY, 0.8, REFERRAL_DASHES),
    "contract": ("Affiliation, coverage or services contract", BLUE, 1.2, CONTRACT_DASHES),
    "network": ("Network membership", GREEN, 1.2, NETWORK_DASHES),
    "venture": ("Joint venture", ORANGE, 2.0, "solid"),
    "owner": ("Owned by", "#000000", 2.2, "solid"),
}


@dataclass(frozen=True)
class _Graph:
    """Organisations chosen for the figure and the edges among them (positions in ``nodes``)."""

    nodes: pd.DataFrame
    edges: dict[str, list[tuple[int, int]]]


def edge_class(form: str) -> str:
    """Return the class of edge that a partnership form is drawn as."""
    return {
        "referral": "referral",
        "joint_venture": "venture",
        "network_membership": "network",
        "acquisition": "owner",
    }.get(form, "contract")


def choose(organizations: pd.DataFrame, ties: pd.DataFrame) -> _Graph:
    """Choose the largest organisations that are in business or owned, and the ties among them."""
    orgs = organizations[(organizations["kind"] != "payer") & (organizations["status"] != "closed")].copy()
    for column in ("infusions", "patients_in_care", "oncologists"):
        orgs[column] = pd.to_numeric(orgs[column], errors="coerce").fillna(0.0)
    orgs = orgs.sort_values(["infusions", "oncologists", "org"], ascending=[False, False, True], kind="stable")
    kept = orgs.head(LARGEST)
    # Purchases say most about a market: practices that these organisations own are shown, also small ones.
    owned = orgs[orgs["owner"].isin(set(kept["org"])) & ~orgs["org"].isin(set(kept["org"]))].head(LARGEST // 3)
    nodes = pd.concat([kept.head(LARGEST - len(owned)), owned]).reset_index(drop=True)
    place = {str(org): i for i, org in enumerate(nodes["org"])}
    edges: dict[str, list[tuple[int, int]]] = {name: [] for name in _EDGES}
    for i, owner in enumerate(nodes["owner"].astype(str)):
        if owner in place:
            edges["owner"].append((i, place[owner]))
    live = living(ties)
    for a, b, form in zip(live["a"].astype(str), live["b"].astype(str), live["form"].astype(str), strict=True):
        if a in place and b in place and a != b:
            edges[edge_class(form)].append((place[a], place[b]))
    return _Graph(nodes, {name: sorted(set(pairs)) for name, pairs in edges.items()})


@styled
def ownership_network(organizations: pd.DataFrame, ties: pd.DataFrame, quarter: str = "") -> Figure:
    """Draw the largest organisations with their owners and ties.

    Parameters
    ----------
    organizations : pandas.DataFrame
        Columns org, name, kind, status, owner, infusions, oncologists; rows of one quarter and replicate.
    ties : pandas.DataFrame
        Columns a, b, form, stage of the same quarter.
    quarter : str
        For the title.
    """
    graph = choose(organizations, ties) if len(organizations) else _Graph(organizations, {})
    if graph.nodes.empty:
        return empty_figure("This run recorded no organisations.")
    count = len(graph.nodes)
    pairs = [pair for edges in graph.edges.values() for pair in edges]
    linked = np.zeros(count, dtype=bool)
    linked[[i for pair in pairs for i in pair]] = True
    figure = new_figure(WIDTH, 6.6)
    axes = figure.add_axes((0.01, 0.12, 0.98, 0.82))
    axes.set_axis_off()
    at = _positions(graph, linked, pairs)
    _draw_edges(axes, graph, at)
    _note_alone(axes, at, linked)
    _draw_nodes(axes, graph, at)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.06, 1.04)
    _name_nodes(axes, graph, at)
    total = int((organizations["kind"] != "payer").sum())
    what = f"{count} largest organisations" if count < total else f"all {count} organisations"
    axes.set_title(f"Owners and ties{', ' + quarter if quarter else ''}: {what}", pad=4)
    _legend(figure, graph)
    return figure


def _positions(graph: _Graph, linked: NDArray[np.bool_], pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Place linked organisations by springs and the others, by size, in rows below them."""
    count = len(graph.nodes)
    at = np.zeros((count, 2))
    alone = np.flatnonzero(~linked)
    per_row = 20
    rows = -(-len(alone) // per_row)
    floor = 0.0 if not len(alone) else (0.075 * rows + 0.14 if linked.any() else 1.0)
    inside = np.flatnonzero(linked)
    renumber = {int(node): i for i, node in enumerate(inside)}
    layout = spring_layout(len(inside), [(renumber[a], renumber[b]) for a, b in pairs], aspect=1.5)
    at[inside] = layout * [1.0, 1.0 - floor] + [0.0, floor]
    for n, node in enumerate(alone):
        row, column = divmod(n, per_row)
        height = floor - 0.14 if linked.any() else 0.95
        at[node] = ((column + 0.5) / per_row, height - 0.075 * row)
    return at


def _note_alone(axes: Axes, at: NDArray[np.float64], linked: NDArray[np.bool_]) -> None:
    if linked.any() and not linked.all():
        top = float(at[~linked, 1].max()) + 0.085
        axes.text(0.01, top, "No owner and no tie among those shown:", fontsize=8, color="#555555", va="bottom")


def _draw_edges(axes: Axes, graph: _Graph, at: NDArray[np.float64]) -> None:
    for order, (name, (_, color, width, dashes)) in enumerate(_EDGES.items()):
        lines = [at[[a, b]] for a, b in graph.edges.get(name, [])]
        if lines:
            axes.add_collection(
                LineCollection(lines, colors=color, linewidths=width, linestyles=[dashes], alpha=0.75, zorder=1 + order)
            )


def _sizes(graph: _Graph) -> NDArray[np.float64]:
    infusions = graph.nodes["infusions"].to_numpy(dtype=float)
    top = float(infusions.max(initial=0.0)) or 1.0
    return np.maximum(620 * (infusions / top) ** 0.6, 28)


def _draw_nodes(axes: Axes, graph: _Graph, at: NDArray[np.float64]) -> None:
    colors = [KIND_COLORS.get(str(kind), GREY) for kind in graph.nodes["kind"]]
    owned = graph.nodes["owner"].astype(str).to_numpy() != ""
    axes.scatter(
        at[:, 0],
        at[:, 1],
        s=_sizes(graph),
        c=colors,
        edgecolors=["#000000" if o else "white" for o in owned],
        linewidths=[1.6 if o else 0.7 for o in owned],
        zorder=10,
    )


def _name_nodes(axes: Axes, graph: _Graph, at: NDArray[np.float64]) -> None:
    """Name the largest organisations where the name covers no other name and no circle."""
    nodes = graph.nodes
    names = [str(name) or str(org) for name, org in zip(nodes["name"], nodes["org"], strict=True)]
    name_largest(axes, at, np.sqrt(_sizes(graph) / np.pi) * DOTS, names, _LABELLED)


def _legend(figure: Figure, graph: _Graph) -> None:
    owned = bool((graph.nodes["owner"].astype(str) != "").any())
    marks = kind_marks(sorted(set(graph.nodes["kind"].astype(str))), owned)
    lines = [
        Line2D([], [], color=color, linewidth=max(width, 1.2), linestyle=dashes, label=name)
        for key, (name, color, width, dashes) in _EDGES.items()
        if graph.edges.get(key)
    ]
    figure.legend(
        handles=marks,
        loc="lower left",
        bbox_to_anchor=(0.01, 0.065),
        ncol=5,
        columnspacing=1.4,
        handletextpad=0.2,
        title="Circles: larger, more infusions in the quarter",
        alignment="left",
        title_fontsize=8.5,
        fontsize=8.5,
    )
    if lines:
        figure.legend(
            handles=lines,
            loc="lower left",
            bbox_to_anchor=(0.01, 0.005),
            ncol=3 if len(lines) > 3 else len(lines),
            columnspacing=1.4,
            handlelength=2.6,
            fontsize=8.5,
        )
