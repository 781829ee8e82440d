"""The graph of one quarter: organisations and the ties between them, with everything known of both."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np

from oncsim.networks.choice import Choice
from oncsim.networks.measures import betweenness, partners_of, shape_of
from oncsim.networks.places import largest_sites
from oncsim.networks.tables import Tables

_SHARES = ("trust_ab", "trust_ba", "owner_share", "control_share")


def graph_of(tables: Tables, choice: Choice) -> Any:
    """Return the graph of the chosen quarter.

    Nodes are in the order of their ids and edges in that of the ties, so that the same run gives the same graph.
    A value that is missing (the trust of an owner, the owner of who has none) is an attribute left out.

    Returns
    -------
    networkx.MultiGraph
        Two organisations may have ties of several forms: one edge each, its key the id of the tie.
    """
    ties = tables.ties[tables.ties["quarter"] == choice.quarter].sort_values("tie", kind="stable")
    graph = nx.MultiGraph(
        scenario=choice.scenario,
        quarter=choice.quarter,
        replicate=choice.replicate,
        market=choice.market or "all",
        forms=" ".join(choice.forms) or "all",
    )
    _add_organizations(graph, tables, choice.quarter, sorted(set(ties["a"].astype(str)) | set(ties["b"].astype(str))))
    recorded = tables.ties[tables.ties["quarter"] <= choice.quarter].groupby("tie", observed=True).size()
    for row in ties.to_dict("records"):
        a, b, tie = str(row["a"]), str(row["b"]), str(row["tie"])
        values = {name: float(row[name]) for name in _SHARES if math.isfinite(row[name])}
        # An undirected edge has no order; what is said of a and of b needs one.
        edge = {"a": a, "b": b, "form": str(row["form"]), "stage": str(row["stage"])}
        graph.add_edge(a, b, key=tie, **edge, **values, quarters_recorded=int(recorded[tie]))
    _place_others(graph)
    _add_measures(graph)
    return graph


def _add_organizations(graph: Any, tables: Tables, quarter: str, ids: list[str]) -> None:
    now = tables.organizations[tables.organizations["quarter"] == quarter]
    known = {str(row["org"]): row for row in now.to_dict("records")}
    sites = tables.sites[tables.sites["quarter"] <= quarter]
    places = largest_sites(sites[sites["org"].isin(ids)])
    here = {
        str(org): (str(when), float(lat), float(lon))
        for org, when, lat, lon in zip(places.index, places["quarter"], places["lat"], places["lon"], strict=True)
    }
    for org in ids:
        row = known.get(org, {})
        node: dict[str, Any] = {"name": str(row.get("name") or org), "kind": str(row.get("kind", "")) or "unknown"}
        node["status"] = str(row.get("status", "")) or "unknown"
        if str(row.get("owner", "")):
            node["owner"] = str(row["owner"])
        for column in ("oncologists", "patients"):
            value = float(row.get(column, np.nan))
            node[column] = value if math.isfinite(value) else 0.0
        if org in tables.market_of:
            node["market"] = tables.market_of[org]
        if org in here:
            when, node["lat"], node["lon"] = here[org]
            node["place"] = "site" if when == quarter else "former site"
        graph.add_node(org, **node)


def _place_others(graph: Any) -> None:
    """Place organisations that never had a site (networks, systems that refer only) in the middle of their partners."""
    placed = {org: (data["lat"], data["lon"]) for org, data in graph.nodes(data=True) if "lat" in data}
    for org, data in graph.nodes(data=True):
        around = [placed[other] for other in sorted(graph[org]) if other in placed]
        if org not in placed and around:
            lat, lon = np.mean(around, axis=0)
            data.update(lat=float(lat), lon=float(lon), place="middle of partners")


def _add_measures(graph: Any) -> None:
    ids = list(graph)
    number = {org: i for i, org in enumerate(ids)}
    partners = partners_of([(number[a], number[b]) for a, b in graph.edges()], len(ids))
    shape = shape_of(partners)
    between = betweenness(partners)
    for i, org in enumerate(ids):
        elsewhere = {shape.community[other] for other in partners[i]} - {shape.community[i]}
        graph.nodes[org].update(
            degree=int(partners.degree(i)),
            betweenness=float(between[i]),
            community=int(shape.community[i]),
            communities_joined=len(elsewhere),
            bridge=bool(i in shape.articulation_points),
        )
    for a, b, data in graph.edges(data=True):
        i, j = sorted((number[a], number[b]))
        data["bridge"] = bool((i, j) in shape.bridges)
