"""A small classification tree (CART; Breiman et al. 1984): a second look at where an outcome happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.experiments.analysis.libraries import library
from oncsim.experiments.analysis.peeling import Limits

DEPTH = 3


@dataclass(frozen=True)
class Tree:
    """A tree and how well it tells futures that it was not grown on.

    Parameters
    ----------
    leaves : pandas.DataFrame
        ``leaf, futures, happens, share, coverage``: its futures, in how many it happens, their share, and the share
        of all futures with the outcome; the densest first.
    limits : tuple of dict
        Limits of each leaf, in the same order.
    accuracy : float
        Share of held-out futures told right.
    always : float
        Share told right by always guessing the more frequent outcome: what the accuracy must beat.
    """

    leaves: pd.DataFrame
    limits: tuple[Limits, ...]
    accuracy: float
    always: float


def grow(inputs: pd.DataFrame, outcome: NDArray[np.bool_], fold: NDArray[np.int64]) -> Tree:
    """Return a tree of depth 3 at most.

    Parameters
    ----------
    inputs : pandas.DataFrame
        Uncertainties, one row a future.
    outcome : array of bool
        Whether it happens.
    fold : array of int
        Part in which each future is held out.
    """
    x = inputs.to_numpy(dtype=np.float64)
    right = 0
    for part in range(int(fold.max()) + 1):
        held = fold == part
        right += int((_fit(x[~held], outcome[~held]).predict(x[held]) == outcome[held]).sum())
    rate = float(outcome.mean())
    leaves, limits = _leaves(_fit(x, outcome), x, outcome, list(inputs.columns))
    return Tree(leaves, limits, right / len(outcome), max(rate, 1.0 - rate))


def _fit(x: NDArray[np.float64], outcome: NDArray[np.bool_]) -> Any:
    # A leaf of a few futures is a story about those few.
    least = max(5, len(outcome) // 20)
    tree = library("sklearn.tree").DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=least, random_state=0)
    return tree.fit(x, outcome)


def _leaves(
    tree: Any, x: NDArray[np.float64], outcome: NDArray[np.bool_], names: list[str]
) -> tuple[pd.DataFrame, tuple[Limits, ...]]:
    place = tree.apply(x)
    rows, limits = [], []
    for leaf, box in _walk(tree.tree_, 0, {}, names):
        own = outcome[place == leaf]
        happens = int(own.sum())
        rows.append((leaf, len(own), happens, happens / len(own), happens / int(outcome.sum())))
        limits.append(box)
    table = pd.DataFrame(rows, columns=["leaf", "futures", "happens", "share", "coverage"])
    order = table.sort_values(["share", "futures"], ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True), tuple(limits[i] for i in order)


def _walk(tree: Any, node: int, box: Limits, names: list[str]) -> list[tuple[int, Limits]]:
    """Return each leaf below a node and the limits on the way to it."""
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left == right:  # both are -1 at a leaf
        return [(node, box)]
    name, cut = names[int(tree.feature[node])], float(tree.threshold[node])
    low, high = box.get(name, (-np.inf, np.inf))
    return [*_walk(tree, left, {**box, name: (low, cut)}, names), *_walk(tree, right, {**box, name: (cut, high)}, names)]
