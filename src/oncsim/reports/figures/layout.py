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


def shifted_apart(
    at: NDArray[np.float64], radii: NDArray[np.float64], frame: tuple[float, float, float, float], rounds: int = 60
) -> NDArray[np.float64]:
    """Return middles of circles moved until none covers another, as little as it takes, inside a frame.

    Parameters
    ----------
    at : (circles, 2) float
        Middles.
    radii : (circles,) float
        Radii in the same unit.
    frame : tuple of float
        Left, bottom, right and top that no circle may cross.
    rounds : int
        Most rounds of pushing; in a crowd some circles may still touch after them.
    """
    at = np.array(at, dtype=np.float64)
    count = len(at)
    if count < 2:
        return at
    # Circles on one spot need a direction to part in: each has its own.
    angles = np.arange(count) * _GOLDEN_ANGLE
    at += np.column_stack([np.cos(angles), np.sin(angles)]) * 1e-3
    needed = radii[:, None] + radii[None, :]
    np.fill_diagonal(needed, 0.0)
    low = np.array([frame[0], frame[1]]) + radii[:, None]
    high = np.array([frame[2], frame[3]]) - radii[:, None]
    for _ in range(rounds):
        gaps = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((gaps**2).sum(axis=-1)), 1e-9)
        short = np.maximum(needed - distance, 0.0)
        if not (short > 1e-6).any():
            break
        at = np.clip(at + (gaps / distance[..., None] * (short * 0.5)[..., None]).sum(axis=1), low, np.maximum(low, high))
    return at
