"""Signing on games whose stable graphs are known: the connections model of Jackson and Wolinsky (1996)."""

from __future__ import annotations

from collections import deque
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.randomness import Luck
from oncsim.ties.signing import Graph, Payoff, best_form, gains, pairwise_stable, settle, signing_chance

NODES = 4
LINKS = list(combinations(range(NODES), 2))
GRAPHS: list[Graph] = [
    frozenset(link for bit, link in enumerate(LINKS) if number >> bit & 1) for number in range(2 ** len(LINKS))
]
SHAPES = {
    (0, 0, 0, 0): "empty",
    (3, 3, 3, 3): "complete",
    (1, 1, 1, 3): "star",
    (2, 2, 2, 2): "cycle",
    (1, 1, 2, 2): "path",
}
# Cost of a link -> shapes of all stable graphs, at delta = 0.5 (thresholds delta - delta^2 and delta).
KNOWN = {0.2: {"complete"}, 0.3: {"star", "cycle"}, 0.45: {"star", "path"}, 0.6: {"empty"}}
HOW_MANY = {0.2: 1, 0.3: 4 + 3, 0.45: 4 + 12, 0.6: 1}


class Connections:
    """Everyone gains ``delta`` to the power of the distance to each other node and pays for each own link."""

    def __init__(self, delta: float, cost: float) -> None:
        self.delta, self.cost = delta, cost
        self.of = cache(self._of)

    def __call__(self, graph: Graph) -> np.ndarray:
        return np.array(self.of(graph))

    def _of(self, graph: Graph) -> tuple[float, ...]:
        return tuple(self._node(graph, node) for node in range(NODES))

    def _node(self, graph: Graph, start: int) -> float:
        distance, waiting = {start: 0}, deque([start])
        while waiting:
            here = waiting.popleft()
            for one, other in graph:
                for near in {one, other} - {here} if here in (one, other) else set():
                    if near not in distance:
                        distance[near] = distance[here] + 1
                        waiting.append(near)
        own = sum(start in link for link in graph)
        return sum(self.delta**far for far in distance.values() if far) - self.cost * own


def shape(graph: Graph) -> str:
    degrees = tuple(sorted(sum(node in link for link in graph) for node in range(NODES)))
    return SHAPES.get(degrees, f"other {degrees}")


def stable_by_definition(payoff: Payoff, graph: Graph) -> bool:
    """The definition written out: no end of a link would rather be without it, no two apart would both take one."""
    now = payoff(graph)
    for i, j in LINKS:
        if (i, j) in graph:
            cut = payoff(frozenset(link for link in graph if link != (i, j)))
            if cut[i] > now[i] + 1e-9 or cut[j] > now[j] + 1e-9:
                return False
        else:
            more = payoff(frozenset([*graph, (i, j)]))
            neither_loses = more[i] >= now[i] - 1e-9 and more[j] >= now[j] - 1e-9
            if neither_loses and (more[i] > now[i] + 1e-9 or more[j] > now[j] + 1e-9):
                return False
    return True


@pytest.mark.parametrize("cost", sorted(KNOWN))
def test_of_all_64_graphs_exactly_the_known_ones_are_stable(cost: float) -> None:
    payoff = Connections(0.5, cost)
    stable = [graph for graph in GRAPHS if pairwise_stable(payoff, graph, NODES)]
    assert {shape(graph) for graph in stable} == KNOWN[cost]
    assert len(stable) == HOW_MANY[cost]


@pytest.mark.parametrize("delta", [0.3, 0.5, 0.8])
def test_stability_is_as_the_definition_says_for_every_graph_and_cost(delta: float) -> None:
    for cost in np.arange(0.01, 1.2, 0.07):
        payoff = Connections(delta, float(cost))
        for graph in GRAPHS:
            assert pairwise_stable(payoff, graph, NODES) == stable_by_definition(payoff, graph), (cost, graph)


@pytest.mark.parametrize("seed", range(6))
def test_stability_is_as_the_definition_says_where_the_two_ends_of_a_link_gain_unlike_amounts(seed: int) -> None:
    """Payoffs drawn at random, in whole numbers so that many links leave somebody indifferent."""
    drawn = np.random.default_rng(seed).integers(0, 4, (len(GRAPHS), NODES)).astype(float)
    place = {graph: number for number, graph in enumerate(GRAPHS)}

    def payoff(graph: Graph) -> np.ndarray:
        return np.asarray(drawn[place[graph]])

    found = [pairwise_stable(payoff, graph, NODES) for graph in GRAPHS]
    assert found == [stable_by_definition(payoff, graph) for graph in GRAPHS]


@pytest.mark.parametrize("delta", [0.3, 0.5, 0.8])
def test_the_thresholds_of_the_theorem_hold(delta: float) -> None:
    """Below ``delta - delta^2`` only the complete graph, between that and ``delta`` the star, above the empty one."""
    star = frozenset([(0, 1), (0, 2), (0, 3)])
    for cost, complete_only, with_star, with_empty in (
        (delta - delta**2 - 0.01, True, False, False),
        (delta - delta**2 + 0.01, False, True, False),
        (delta - 0.01, False, True, False),
        (delta + 0.01, False, False, True),
    ):
        payoff = Connections(delta, cost)
        stable = [graph for graph in GRAPHS if pairwise_stable(payoff, graph, NODES)]
        assert (stable == [frozenset(LINKS)]) == complete_only
        assert (star in stable) == with_star
        assert (frozenset() in stable) == with_empty


def test_gains_of_a_link_do_not_depend_on_whether_it_is_there() -> None:
    payoff = Connections(0.5, 0.3)
    for graph in GRAPHS:
        for link in LINKS:
            np.testing.assert_array_equal(gains(payoff, graph, link), gains(payoff, graph | {link}, link))
    # On their own two nodes gain delta and pay the cost.
    np.testing.assert_allclose(gains(payoff, frozenset(), (0, 3)), 0.2)


@pytest.mark.parametrize("cost", sorted(KNOWN))
def test_without_noise_every_path_ends_in_a_stable_graph(cost: float) -> None:
    payoff = Connections(0.5, cost)
    found = {settle(payoff, NODES, 1e-9, Luck(seed), rounds=40) for seed in range(60)}
    assert all(stable_by_definition(payoff, graph) for graph in found)
    assert {shape(graph) for graph in found} <= KNOWN[cost]
    assert len(found) > 1 or HOW_MANY[cost] == 1  # luck decides which of several


def test_a_stable_graph_is_left_only_by_noise() -> None:
    """With much noise pairs sign and leave at random, so that few paths end where the rule alone would."""
    payoff = Connections(0.5, 0.2)
    calm, loud = (
        [shape(settle(payoff, NODES, scale, Luck(seed), rounds=40)) == "complete" for seed in range(60)]
        for scale in (1e-9, 10.0)
    )
    assert all(calm)
    assert sum(loud) < 10


def test_the_path_is_the_same_for_the_same_luck() -> None:
    payoff = Connections(0.5, 0.45)
    ends = [settle(payoff, NODES, 0.3, Luck(7, replicate), rounds=20) for replicate in (0, 0, 1, 2, 3, 4)]
    assert ends[0] == ends[1]
    assert len(set(ends)) > 1


# -- the form signed --------------------------------------------------------------------------------------------------


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(1.0, 1e3))
def test_the_chance_of_signing_rises_with_worth_and_is_even_at_the_threshold(one: float, other: float, scale: float) -> None:
    low, high = signing_chance(np.sort([one, other]), scale)
    assert 0.0 <= low <= high <= 1.0
    assert signing_chance(np.zeros(1), scale)[0] == 0.5
    assert low + signing_chance(-np.sort([one, other]), scale)[0] == pytest.approx(1.0)


def test_without_noise_signing_is_certain_above_the_threshold_and_never_below() -> None:
    np.testing.assert_array_equal(signing_chance(np.array([-1e-3, 1e-3]), 0.0), [0.0, 1.0])


@pytest.mark.parametrize("scale", [50.0, 150.0, 600.0])
def test_forms_are_signed_as_often_as_the_logit_says(scale: float) -> None:
    scores = np.array([100.0, -np.inf, -250.0, 220.0, 219.0])
    draws = 200_000
    uniforms = np.random.default_rng(5).uniform(size=(draws, len(scores) + 1))
    chosen = best_form(np.tile(scores, (draws, 1)), uniforms, scale)
    weight = np.exp(np.append(scores, 0.0) / scale)
    expected = weight / weight.sum()
    found = np.array([(chosen == form).mean() for form in [*range(len(scores)), -1]])
    error = np.sqrt(expected * (1 - expected) / draws)
    assert (np.abs(found - expected) <= 4 * error + 1e-12).all()
    assert found[1] == 0.0


@pytest.mark.parametrize("score", [-300.0, -20.0, 0.0, 90.0, 400.0])
def test_one_form_is_signed_with_the_chance_of_signing(score: float) -> None:
    draws, scale = 200_000, 150.0
    uniforms = np.random.default_rng(6).uniform(size=(draws, 2))
    share = (best_form(np.full((draws, 1), score), uniforms, scale) == 0).mean()
    chance = float(signing_chance(np.array([score]), scale)[0])
    assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / draws))


@given(st.lists(st.floats(-1e4, 1e4).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=8), st.integers(0, 10**6))
def test_without_noise_the_best_form_above_the_threshold_is_signed(scores: list[float], seed: int) -> None:
    uniforms = np.random.default_rng(seed).uniform(0.01, 0.99, size=(1, len(scores) + 1))
    chosen = int(best_form(np.array([scores]), uniforms, 1e-9)[0])
    if max(scores) < 0:
        assert chosen == -1
    else:
        assert scores[chosen] >= max(scores) - 1e-7


def test_nothing_is_signed_where_no_form_is_open() -> None:
    closed = np.full((50, 3), -np.inf)
    assert (best_form(closed, np.random.default_rng(2).uniform(size=(50, 4)), 1e4) == -1).all()


def test_a_higher_score_never_loses_a_signature_with_the_same_luck() -> None:
    uniforms = np.random.default_rng(3).uniform(size=(5000, 3))
    low = best_form(np.tile([50.0, -40.0], (5000, 1)), uniforms, 100.0)
    high = best_form(np.tile([90.0, -40.0], (5000, 1)), uniforms, 100.0)
    assert (high[low == 0] == 0).all()
    assert (high == 0).sum() > (low == 0).sum()
