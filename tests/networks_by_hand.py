"""A run folder with a network small enough to be reckoned by hand."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

NAN = float("nan")
QUARTERS = ("2026Q1", "2026Q2")
KINDS = {
    **{f"P{i}": "practice" for i in range(1, 9)},
    **{"S1": "health_system", "S2": "health_system", "A1": "academic_center", "N1": "network", "M1": "payer"},
}
# In force in 2026Q2: a triangle with a parallel tie, a chain from it, an owned practice, and a star apart.
TIES = [
    ("t1", "P1", "S1", "referral", "active", 0.5, 0.7, 0.0, 0.0),
    ("t2", "S1", "P1", "inpatient_coverage", "ramp_up", 0.4, 0.6, 0.0, 0.0),
    ("t3", "P2", "S1", "referral", "deepened", 0.8, 0.9, 0.0, 0.0),
    ("t4", "P1", "P2", "referral", "scaled_back", 0.2, 0.3, 0.0, 0.0),
    ("t5", "S1", "A1", "clinical_affiliation", "active", 0.6, 0.6, 0.0, 0.0),
    ("t6", "A1", "P3", "joint_venture", "active", 0.6, 0.5, 0.5, 0.5),
    ("t7", "P6", "S2", "referral", "dissolved", 0.1, 0.1, 0.0, 0.0),
    ("t8", "P3", "S2", "referral", "prospect", 0.5, 0.5, 0.0, 0.0),
    ("N1~P4~network_membership", "N1", "P4", "network_membership", "active", NAN, NAN, 0.0, 0.3),
    ("N1~P5~network_membership", "N1", "P5", "network_membership", "active", NAN, NAN, 0.0, 0.3),
    ("S1~P7~acquisition", "S1", "P7", "acquisition", "active", NAN, NAN, 1.0, 1.0),
]
PAIRS = [("P1", "S1"), ("P2", "S1"), ("P1", "P2"), ("S1", "A1"), ("A1", "P3"), ("N1", "P4"), ("N1", "P5"), ("S1", "P7")]
NODES = sorted({org for pair in PAIRS for org in pair})
# P4 and P5 are in the far market, with the place of the network in the middle of them.
PLACES = {"P1": (40.0, -90.0), "P2": (40.1, -90.1), "P3": (40.2, -90.3), "P4": (41.0, -94.0), "P5": (41.2, -94.2)} | {
    **{"P6": (40.3, -90.0), "P7": (40.05, -90.05), "P8": (40.4, -90.2), "S1": (40.0, -90.02), "S2": (40.4, -90.1)},
    "A1": (40.1, -90.2),
}


def tables() -> dict[str, pd.DataFrame]:
    """Return the tables of a run of two quarters and two replicates; the second replicate never has a tie."""
    organizations, sites, ties = [], [], []
    for replicate in (0, 1):
        for n, quarter in enumerate(QUARTERS):
            for i, (org, kind) in enumerate(KINDS.items()):
                bought = org == "P7" and quarter == "2026Q2" and replicate == 0
                treats = org in PLACES and not bought
                owner, status = ("S1", "acquired") if bought else ("", "active")
                row = (replicate, quarter, org, f"{org} of <Here> & There", kind, status, owner)
                organizations.append((*row, float(i), 10.0 * i + 1 if treats else 0.0))
                if treats:
                    lat, lon = PLACES[org]
                    sites.append((replicate, quarter, f"{org}-1", org, lat, lon, True, 10.0 * i))
                    sites.append((replicate, quarter, f"{org}-2", org, 45.0, -80.0, False, 99.0))
            if replicate == 0:
                rows = TIES if n else [tie for tie in TIES if tie[0] in ("t1", "t3", "t7")]
                ties += [(replicate, quarter, *tie) for tie in rows]
    zones = [("1", "Near, IL", 40.1, -90.1, "near", 9e5, 900.0), ("2", "Far, IA", 41.1, -94.1, "far", 1e5, 900.0)]
    orgs = ["replicate", "quarter", "org", "name", "kind", "status", "owner", "oncologists", "patients"]
    shares = ["trust_ab", "trust_ba", "owner_share", "control_share"]
    return {
        "organizations": pd.DataFrame(organizations, columns=orgs),
        "sites": pd.DataFrame(sites, columns=["replicate", "quarter", "site", "org", "lat", "lon", "open", "patients"]),
        "ties": pd.DataFrame(ties, columns=["replicate", "quarter", "tie", "a", "b", "form", "stage", *shares]),
        "zones": pd.DataFrame(zones, columns=["zone", "name", "lat", "lon", "market", "population", "land_sqmi"]),
    }


def write_run(folder: Path, source: str = "embedded", **changed: pd.DataFrame) -> Path:
    """Write the run folder, with other tables where they are given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (tables() | changed).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    manifest = {"schema": "oncsim/run/1", "status": "complete", "scenario": "by_hand", "market": {"source": source}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def parts(nodes: list[str], pairs: list[tuple[str, str]]) -> list[set[str]]:
    """Return connected components by joining what a pair joins until nothing changes."""
    found = [{node} for node in nodes]
    for a, b in pairs:
        one = next(part for part in found if a in part)
        other = next(part for part in found if b in part)
        if one is not other:
            one |= other
            found.remove(other)
    return found


def bridges(nodes: list[str], pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    """Return pairs without which there are more components."""
    whole = len(parts(nodes, pairs))
    return {frozenset(pair) for pair in pairs if len(parts(nodes, [one for one in pairs if one != pair])) > whole}


def joining(nodes: list[str], pairs: list[tuple[str, str]]) -> set[str]:
    """Return nodes without which there are more components."""
    whole = len(parts(nodes, pairs))
    found = set()
    for node in nodes:
        rest = [other for other in nodes if other != node]
        if len(parts(rest, [pair for pair in pairs if node not in pair])) > whole:
            found.add(node)
    return found


def between(nodes: list[str], pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Return betweenness from the list of all shortest paths of all pairs of nodes."""
    near = {node: {b if a == node else a for a, b in pairs if node in (a, b)} for node in nodes}
    total = dict.fromkeys(nodes, 0.0)
    for start, end in combinations(nodes, 2):
        paths = [[start]]
        while paths and paths[0][-1] != end:
            longer = [[*path, other] for path in paths for other in sorted(near[path[-1]]) if other not in path]
            paths = [path for path in longer if path[-1] == end] or longer
        for path in paths:
            for node in path[1:-1]:
                total[node] += 1 / len(paths)
    return {node: value / ((len(nodes) - 1) * (len(nodes) - 2) / 2) for node, value in total.items()}


def modularity(nodes: list[str], pairs: list[tuple[str, str]], community: dict[str, int]) -> float:
    """Return Newman's modularity by its definition over all ordered pairs of nodes."""
    linked = {frozenset(pair) for pair in pairs}
    degree = {node: sum(node in pair for pair in linked) for node in nodes}
    m = len(linked)
    total = sum(
        float(frozenset((i, j)) in linked and i != j) - degree[i] * degree[j] / (2 * m)
        for i in nodes
        for j in nodes
        if community[i] == community[j]
    )
    return float(np.float64(total) / (2 * m))
