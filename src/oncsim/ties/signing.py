"""Signing: the best form for both, if any, with noise; and the games on which the rule is checked (methods 2e).

A pair signs where both gain and either may leave (pairwise stability; Jackson & Wolinsky 1996). With transfers each side
counts half of what both gain together; without, the side that gains less decides.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from oncsim.randomness import Luck, identity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Graph = frozenset[tuple[int, int]]
Payoff = Callable[[Graph], Floats]


def signing_chance(score: Floats, scale: float) -> Floats:
    """Return the chance of signing given how far worth is above the threshold, both in dollars a patient."""
    return np.asarray(expit(np.asarray(score) / max(scale, 1e-12)))


def best_form(scores: Floats, uniforms: Floats, scale: float) -> Ints:
    """Return the form each pair settles on, -1 where no tie is better than any, (pairs,).

    A logit over the forms and none: every option gets a Gumbel error of the given scale, so that with one form it is
    signed with :func:`signing_chance`.

    Parameters
    ----------
    scores : (pairs, forms) float
        Worth to each side above the threshold; -inf where a form is not open.
    uniforms : (pairs, forms + 1) float
        The last column is for no tie.
    """
    error = -scale * np.log(-np.log(uniforms))
    with_none = np.column_stack([scores, np.zeros(len(scores))]) + error
    chosen = with_none.argmax(axis=1)
    return np.where(chosen == scores.shape[1], -1, chosen)


def gains(payoff: Payoff, graph: Graph, link: tuple[int, int]) -> Floats:
    """Return what the two ends of a link gain by having it, given the other links of a graph."""
    with_it, without = graph | {link}, graph - {link}
    difference = payoff(with_it) - payoff(without)
    return np.asarray(difference[list(link)])


def pairwise_stable(payoff: Payoff, graph: Graph, nodes: int) -> bool:
    """Return whether nobody gains by cutting a link and no two gain by adding one (one strictly), without transfers."""
    for link in combinations(range(nodes), 2):
        gain = np.round(gains(payoff, graph, link), 9)
        if link in graph and gain.min() < 0:
            return False
        if link not in graph and gain.min() >= 0 and gain.max() > 0:
            return False
    return True


def settle(payoff: Payoff, nodes: int, scale: float, luck: Luck, rounds: int = 200) -> Graph:
    """Return the graph reached when pairs meet in keyed random order and sign or leave by :func:`signing_chance`.

    As ``scale`` goes to zero the path ends in a pairwise stable graph, or goes round in circles where there is none.
    """
    graph: Graph = frozenset()
    links = list(combinations(range(nodes), 2))
    keys = np.array([identity(str(link)) for link in links], dtype=np.uint64)
    for turn in range(rounds):
        u = luck.uniform("signing.settle", turn, keys)
        for at in luck.order("signing.order", turn, keys):
            link = links[int(at)]
            gain = np.round(gains(payoff, graph, link), 9)
            indifferent = gain.min() == 0 and gain.max() > 0
            score = np.array([1e-6 if indifferent else float(gain.min())])
            signs = u[at] < signing_chance(score, scale)[0]
            graph = graph | {link} if signs else graph - {link}
    return graph
