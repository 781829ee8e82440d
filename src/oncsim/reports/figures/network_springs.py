"""Placing a network of any size by springs: every connected part on its own, the largest on top, the others in rows."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from oncsim.reports.figures.layout import spring_layout

# Every step of the plain layout looks at all pairs; beyond this many organisations that takes minutes.
_PLAIN = 400
_SEED = 1


def springs(graph: Any, aspect: float) -> NDArray[np.float64]:
    """Return positions of the nodes of a graph, in their order, in a rectangle of height 1 and width ``aspect``."""
    ids = list(graph)
    number = {org: i for i, org in enumerate(ids)}
    parts = [sorted(number[org] for org in part) for part in nx.connected_components(graph)]
    parts.sort(key=lambda part: (-len(part), part[0]))
    at = np.zeros((len(ids), 2))
    if not parts:
        return at
    # A part gets area by its size and no less than a pair needs for two circles and the gap to the next part.
    areas = np.maximum([float(len(part)) for part in parts], 2.0)
    width = float(np.sqrt(areas.sum() * aspect))
    tall = float(areas[0]) / width
    boxes = [(0.0, 0.0, width, tall)]
    left, top, row = 0.0, tall, 0.0
    for area in areas[1:]:
        side = float(np.sqrt(area))
        if left + side > width:
            left, top, row = 0.0, top + row, 0.0
        boxes.append((left, top, side, side))
        left, row = left + side, max(row, side)
    height = top + row
    edges = [(number[a], number[b]) for a, b in graph.edges()]
    for part, (x, y, wide, high) in zip(parts, boxes, strict=True):
        inside = {node: i for i, node in enumerate(part)}
        within = sorted((inside[a], inside[b]) for a, b in edges if a in inside)
        local = _one(len(part), within, wide / high)
        gap = min(0.14 * min(wide, high), 0.6)
        at[part] = np.column_stack(
            [x + gap + local[:, 0] * (wide - 2 * gap), height - y - high + gap + local[:, 1] * (high - 2 * gap)]
        )
    return at * [aspect / width, 1.0 / height]


def _one(nodes: int, edges: list[tuple[int, int]], aspect: float) -> NDArray[np.float64]:
    if nodes <= _PLAIN:
        return spring_layout(nodes, edges, aspect)
    graph = nx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges)
    found = nx.spring_layout(graph, seed=_SEED, iterations=60)
    at = np.array([found[i] for i in range(nodes)])
    # Far outliers would leave the middle too little room: ranks are mixed in.
    ranks = at.argsort(axis=0).argsort(axis=0) / (nodes - 1)
    low, high = at.min(axis=0), at.max(axis=0)
    return np.asarray(0.5 * ranks + 0.5 * (at - low) / np.maximum(high - low, 1e-9), dtype=np.float64)
