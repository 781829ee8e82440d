"""The shape of networks: partners, communities, bridges and components, for one quarter and for all of a run.

Two organisations are partners when at least one tie joins them: how many, of what form and how old changes nothing
here. Organisations are numbered in the order of their ids, so that results rest neither on the order of rows nor on
how Python arranges sets of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from oncsim.codes import TIE_FORMS
from oncsim.networks.tables import PROVIDERS

if TYPE_CHECKING:
    from oncsim.networks.tables import Tables

SEED = 1
# Shortest paths from every organisation up to this many, from a sample of them beyond.
EXACT_BELOW = 600
_SAMPLE = 300
COLUMNS = (
    *("replicate", "quarter", "organisations", "ties", "degree_mean", "degree_max", "providers", "share_isolated"),
    *("components", "largest_component_share", "communities", "modularity", "bridges", "inner_bridges"),
    "articulation_points",
)
FORM_COLUMNS = ("replicate", "quarter", "form", "ties", "share")


@dataclass(frozen=True)
class Shape:
    """What a graph of partners looks like.

    Attributes
    ----------
    components : list of int
        Sizes of the connected parts, the largest first.
    community : list of int
        Community of every node; 0 is the largest.
    modularity : float
        Newman's modularity of these communities at resolution 1; NaN without partners.
    bridges : set of (int, int)
        Pairs whose parting would split a component; the smaller number first.
    inner_bridges : int
        Those of them between two organisations that both have other partners.
    articulation_points : set of int
        Organisations whose leaving would split a component.
    """

    components: list[int]
    community: list[int]
    modularity: float
    bridges: set[tuple[int, int]]
    inner_bridges: int
    articulation_points: set[int]


def partners_of(pairs: Iterable[tuple[int, int]], size: int) -> Any:
    """Return the simple graph (``networkx.Graph``) of nodes 0 to ``size`` - 1 with these pairs, whichever their order."""
    graph = nx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(sorted({(min(a, b), max(a, b)) for a, b in pairs if a != b}))
    return graph


def shape_of(partners: Any) -> Shape:
    """Return components, communities and bridges of a graph from :func:`partners_of`.

    Communities are those of Louvain (Blondel and others 2008) as in networkx, unweighted, with a fixed seed: equal in
    networkx 3.2, 3.4 and 3.6 on networks of the nation, and of higher modularity than the greedy ones.
    """
    components = sorted((len(part) for part in nx.connected_components(partners)), reverse=True)
    if not partners.number_of_edges():
        return Shape(components, list(range(len(partners))), float("nan"), set(), 0, set())
    found = [sorted(one) for one in nx.community.louvain_communities(partners, weight=None, seed=SEED)]
    found.sort(key=lambda one: (-len(one), one[0]))
    community = [0] * len(partners)
    for number, members in enumerate(found):
        for member in members:
            community[member] = number
    bridges = {(min(a, b), max(a, b)) for a, b in nx.bridges(partners)}
    inner = sum(partners.degree(a) > 1 and partners.degree(b) > 1 for a, b in bridges)
    modularity = float(nx.community.modularity(partners, found, weight=None))
    return Shape(components, community, modularity, bridges, inner, set(nx.articulation_points(partners)))


def betweenness(partners: Any) -> list[float]:
    """Return the share of shortest paths between others that run through each node; from a sample in large graphs."""
    size = len(partners)
    sample = None if size < EXACT_BELOW else min(_SAMPLE, size)
    found = nx.betweenness_centrality(partners, k=sample, normalized=True, seed=SEED)
    return [float(found[i]) for i in range(size)]


def by_quarter(tables: Tables, done: Callable[[], None] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the shape of the network in every quarter, and its ties by form.

    Parameters
    ----------
    tables : Tables
        One replicate.
    done : callable, optional
        Called after every quarter.

    Returns
    -------
    measures : pandas.DataFrame
        ``COLUMNS``; one row a quarter.
    forms : pandas.DataFrame
        ``FORM_COLUMNS``; one row a quarter and form that the replicate ever has, also where it has none of it then.
    """
    of_quarter = dict(iter(tables.ties.groupby("quarter", observed=True)))
    providers = _providers(tables)
    ever = [form for form in TIE_FORMS if (tables.ties["form"] == form).any()]
    rows, forms = [], []
    for quarter in tables.quarters:
        ties = of_quarter.get(quarter, tables.ties.iloc[:0])
        key = {"replicate": tables.replicate, "quarter": quarter}
        rows.append({**key, **_row(ties, providers.get(quarter, frozenset()))})
        counts = ties["form"].value_counts()
        for form in ever:
            count = int(counts.get(form, 0))
            forms.append({**key, "form": form, "ties": count, "share": count / len(ties) if len(ties) else np.nan})
        if done is not None:
            done()
    return pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(forms, columns=list(FORM_COLUMNS))


def _providers(tables: Tables) -> dict[str, frozenset[str]]:
    """Return those who treat patients in each quarter: active, unowned or not, and in the market that was chosen."""
    orgs = tables.organizations
    held = orgs[orgs["kind"].isin(PROVIDERS) & (orgs["status"] == "active") & (orgs["patients"] > 0)]
    if tables.market:
        held = held[held["org"].map(tables.market_of) == tables.market]
    return {str(quarter): frozenset(rows.astype(str)) for quarter, rows in held.groupby("quarter", observed=True)["org"]}


def _row(ties: pd.DataFrame, providers: frozenset[str]) -> dict[str, float]:
    a, b = ties["a"].astype(str).tolist(), ties["b"].astype(str).tolist()
    ids = sorted({*a, *b})
    number = {org: i for i, org in enumerate(ids)}
    partners = partners_of(((number[x], number[y]) for x, y in zip(a, b, strict=True)), len(ids))
    shape = shape_of(partners)
    degrees = [degree for _, degree in partners.degree()]
    return {
        "organisations": len(ids),
        "ties": len(ties),
        "degree_mean": float(np.mean(degrees)) if degrees else np.nan,
        "degree_max": max(degrees, default=0),
        "providers": len(providers),
        "share_isolated": len(providers - number.keys()) / len(providers) if providers else np.nan,
        "components": len(shape.components),
        "largest_component_share": shape.components[0] / len(ids) if ids else np.nan,
        "communities": len(set(shape.community)),
        "modularity": shape.modularity,
        "bridges": len(shape.bridges),
        "inner_bridges": shape.inner_bridges,
        "articulation_points": len(shape.articulation_points),
    }
