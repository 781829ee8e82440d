"""Keyed ways to turn expectations into whole numbers and weights into choices, free of the order of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncsim.randomness import Luck, identity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]


def systematic(expected: Floats, keys: Keys, start: float) -> Ints:
    """Round expectations to whole numbers that add up to the rounded total (systematic sampling).

    Parameters
    ----------
    expected : array
        Non-negative expectations.
    keys : array
        Identity of each entry: entries are lined up in its order, so their order in the table does not
        matter.
    start : float
        One uniform: where the sampling comb starts.

    Returns
    -------
    array
        Whole numbers, each the expectation rounded down or up.
    """
    counts = np.zeros(len(expected), dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    reached = np.cumsum(expected[order])
    # A total that is whole must be met exactly, whatever the last bits of the sum and of the start.
    steps = np.floor(np.round(reached, 9) + min(start, 1.0 - 1e-6)).astype(np.int64)
    counts[order] = np.diff(steps, prepend=0)
    return counts


def share_out(expected: Floats, total: int, keys: Keys, start: float, least: int = 1) -> Ints:
    """Share a whole total out by expectation, at least ``least`` to each (the total grows where it must)."""
    count = len(expected)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    total = max(total, least * count)
    fixed = np.zeros(count, dtype=bool)
    scaled = expected
    while not fixed.all():
        scaled = expected * ((total - least * fixed.sum()) / max(expected[~fixed].sum(), 1e-12))
        low = ~fixed & (scaled < least)
        if not low.any():
            break
        fixed |= low
    counts = np.full(count, least, dtype=np.int64)
    counts[~fixed] = systematic(scaled[~fixed], keys[~fixed], start)
    return counts


def pick(weights: Floats, luck: Luck, decision: str, keys: Keys, number: int) -> Ints:
    """Return positions of ``number`` entries drawn without replacement in proportion to weight (keyed)."""
    allowed = np.flatnonzero(weights > 0)
    if number <= 0 or allowed.size == 0:
        return np.zeros(0, dtype=np.int64)
    race = np.log(luck.uniform(decision, 0, keys[allowed])) / weights[allowed]
    return allowed[np.argsort(-race, kind="stable")[:number]]


def one(luck: Luck, decision: str, *names: str) -> float:
    """Return one uniform for an entity known by name."""
    return luck.uniform1(decision, 0, identity(*names))


def logistic(x: Floats) -> Floats:
    """Return ``1 / (1 + exp(-x))``."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)
