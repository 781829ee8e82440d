"""Placing the nodes of a small graph: springs between linked nodes, repulsion between all, no luck
involved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def spring_layout(nodes: int, edges: list[tuple[int, int]], aspect: float = 1.0, rounds: int = 300) -> NDArray[np.float64]:
    """Return positions in the unit square for a graph (Fruchterman & Reingold 1991, with a pull to the
    middle).

    The start is a sunflower of points in the order of the nodes, so the same graph always looks the same.

    Parameters
    ----------
    nodes : int
        Number of nodes.
    edges : list of (int, int)
        Linked nodes; repeated pairs pull harder.
    aspect : float
        Width over height of the drawing that the unit square is stretched to.
    rounds : int
        Steps of the cooling.
    """
    if nodes == 0:
        return np.zeros((0, 2))
    if nodes == 1:
        return np.array([[0.5, 0.5]])
    ranks = np.arange(nodes)
    radius = np.sqrt((ranks + 0.5) / nodes)
    at = np.column_stack([radius * np.cos(ranks * _GOLDEN_ANGLE), radius * np.sin(ranks * _GOLDEN_ANGLE)])
    pull = np.zeros((nodes, nodes))
    for a, b in edges:
        if a != b:
            pull[a, b] = pull[b, a] = min(pull[a, b] + 1.0, 2.0)
    k = 1.6 / np.sqrt(nodes)
    for step in range(rounds):
        gaps = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((gaps**2).sum(axis=-1)), 1e-3)
        force = (k / distance) ** 2 - pull * distance / k
        move = (gaps * force[..., None]).sum(axis=1) - at * 1.2
        length = np.maximum(np.sqrt((move**2).sum(axis=1, keepdims=True)), 1e-9)
        heat = 0.12 * (1 - step / rounds)
        at = at + move / length * np.minimum(length * 0.05, heat) * np.array([1.0, 1.0 / aspect])
    low, high = at.min(axis=0), at.max(axis=0)
    span = np.maximum(high - low, 1e-9)
    return np.asarray(0.04 + 0.92 * (at - low) / span, dtype=np.float64)


def overlaps(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    """Return whether two boxes (left, bottom, right, top) share any area."""
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
