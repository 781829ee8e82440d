"""The choice probabilities against an independent estimator's simulator, and their limits."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from oncsim.processes.nested_logit import Choice, PairLayout, choose, join_small_shares

SEGMENTS, NEST_COUNT = 15, 4


@dataclass(frozen=True)
class Draw:
    """Random arguments of ``choose``."""

    layout: PairLayout
    pair: np.ndarray
    site: np.ndarray
    available: np.ndarray
    outside: np.ndarray
    nest: np.ndarray

    def choose(self, slope: float = 1.0, dissimilarity: float = 0.6) -> Choice:
        return choose(self.layout, self.pair, self.site, self.available, self.outside, slope, dissimilarity)


def draw(seed: int, zones: int = 4, sites: int = 7, listed: float = 0.8, closed: float = 0.1) -> Draw:
    rng = np.random.default_rng(seed)
    zone, site = np.nonzero(rng.uniform(size=(zones, sites)) < listed)
    nest = rng.integers(0, NEST_COUNT, sites)
    layout = PairLayout.make(zone, site, nest, zones, NEST_COUNT)
    return Draw(
        layout,
        rng.normal(0, 2, (len(zone), 3)),
        rng.normal(0, 2, (sites, SEGMENTS)),
        rng.uniform(size=(sites, SEGMENTS)) >= closed,
        rng.normal(0, 1, (zones, SEGMENTS)),
        nest,
    )


def shares(choice: Choice) -> np.ndarray:
    """Return P[zone, site, segment]."""
    layout = choice.layout
    dense = np.zeros((layout.zones, layout.sites, SEGMENTS))
    dense[layout.zone, layout.site] = choice.pair_segments(choice.treated)
    return dense


seeds = st.integers(0, 100_000)


@settings(max_examples=40)
@given(seeds, st.floats(0, 1), st.floats(0.05, 1))
def test_probabilities_add_to_one(seed: int, slope: float, dissimilarity: float) -> None:
    choice = draw(seed).choose(slope, dissimilarity)
    inside = shares(choice)
    assert (inside >= 0).all() and (choice.treated <= 1).all()
    np.testing.assert_allclose(inside.sum(axis=1), choice.treated, atol=1e-12)


@settings(max_examples=25)
@given(seeds, st.floats(0.05, 1), st.floats(0, 1))
def test_the_formula_of_the_docstring_loop_by_loop(seed: int, lam: float, slope: float) -> None:
    drawn = draw(seed, zones=2, sites=5)
    choice = drawn.choose(slope, lam)
    found = shares(choice)
    for z in range(2):
        for k in range(SEGMENTS):
            rows = [p for p in np.flatnonzero(drawn.layout.zone == z) if drawn.available[drawn.layout.site[p], k]]
            utility = {int(drawn.layout.site[p]): drawn.pair[p, k % 3] + drawn.site[drawn.layout.site[p], k] for p in rows}
            nests: dict[int, float] = {}
            for j, v in utility.items():
                nests[drawn.nest[j]] = nests.get(drawn.nest[j], 0.0) + np.exp(v / lam)
            best = sum(d**lam for d in nests.values())
            treated = expit(drawn.outside[z, k] + slope * np.log(best)) if utility else 0.0
            assert choice.treated[z, k] == pytest.approx(treated, abs=1e-12)
            for j, v in utility.items():
                d = nests[drawn.nest[j]]
                assert found[z, j, k] == pytest.approx(treated * d**lam / best * np.exp(v / lam) / d, abs=1e-12)


@pytest.mark.parametrize("lam", [1.0, 0.5, 0.3])
def test_equal_to_pyblp(lam: float) -> None:
    """Each zone and segment is a market of pyblp with the same mean utilities; its rho is one minus lambda."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyblp

        pyblp.options.verbose = False
        drawn = draw(11, zones=3, sites=6, listed=1.0, closed=0.0)
        drawn = replace(drawn, outside=np.zeros_like(drawn.outside))
        z, j, k = (part.ravel() for part in np.indices((3, 6, SEGMENTS)))
        pair = np.zeros((3, 6, 3))
        pair[drawn.layout.zone, drawn.layout.site] = drawn.pair
        utility = pair[z, j, k % 3] + drawn.site[j, k]
        order = np.lexsort((j, z * SEGMENTS + k))
        zero = np.zeros(len(utility))
        simulation = pyblp.Simulation(
            product_formulations=(pyblp.Formulation("0 + prices + v"),),
            product_data={
                "market_ids": (z * SEGMENTS + k)[order],
                "firm_ids": j[order],
                "nesting_ids": drawn.nest[j][order],
                "v": utility[order],
                "prices": zero,
            },
            beta=[-1, 1],
            rho=1 - lam,
            xi=zero,
        )
        result = simulation.replace_endogenous(costs=zero, prices=zero, iteration=pyblp.Iteration("return"))
    theirs = np.zeros(len(utility))
    theirs[order] = result.product_data.shares.ravel()
    np.testing.assert_allclose(shares(drawn.choose(1.0, lam)).ravel(), theirs, rtol=1e-10, atol=1e-14)


@settings(max_examples=25)
@given(seeds)
def test_irrelevant_alternatives_are_irrelevant_without_nests(seed: int) -> None:
    """At dissimilarity one the odds of two sites do not depend on a third."""
    drawn = draw(seed, closed=0.0, listed=1.0)
    available = drawn.available.copy()
    available[0] = False
    before, after = shares(drawn.choose(1.0, 1.0)), shares(replace(drawn, available=available).choose(1.0, 1.0))
    np.testing.assert_allclose(before[:, 1] / before[:, 2], after[:, 1] / after[:, 2], rtol=1e-9)


def test_sites_of_one_nest_are_closer_substitutes() -> None:
    drawn = draw(3, zones=3, sites=6, closed=0.0, listed=1.0)
    nest = np.array([0, 0, 0, 1, 1, 1])
    drawn = replace(drawn, layout=PairLayout.make(drawn.layout.zone, drawn.layout.site, nest, 3, NEST_COUNT), nest=nest)
    available = drawn.available.copy()
    available[0] = False
    gain = shares(replace(drawn, available=available).choose(1.0, 0.4)) / shares(drawn.choose(1.0, 0.4))
    assert (gain[:, 1:3] > gain[:, 3:].max(axis=1, keepdims=True)).all()


@settings(max_examples=40)
@given(seeds, st.floats(0, 1), st.floats(0.05, 1), st.integers(0, 6))
def test_closing_a_site_takes_nobody_from_another(seed: int, slope: float, lam: float, closed: int) -> None:
    drawn = draw(seed)
    available = drawn.available.copy()
    available[closed] = False
    before, after = shares(drawn.choose(slope, lam)), shares(replace(drawn, available=available).choose(slope, lam))
    others = np.arange(7) != closed
    assert (after[:, others] >= before[:, others] - 1e-12).all()
    assert (after[:, closed] == 0).all()


@settings(max_examples=40)
@given(seeds, st.floats(0, 1), st.floats(0.05, 1), st.floats(0.01, 5))
def test_a_worse_way_never_raises_the_own_share(seed: int, slope: float, lam: float, less: float) -> None:
    drawn = draw(seed)
    pair = drawn.pair.copy()
    pair[0] -= less
    zone, site = drawn.layout.zone[0], drawn.layout.site[0]
    before = shares(drawn.choose(slope, lam))[zone]
    after = shares(replace(drawn, pair=pair).choose(slope, lam))[zone]
    assert (after[site] <= before[site] + 1e-12).all()
    others = np.arange(7) != site
    assert (after[others] >= before[others] - 1e-12).all()


@settings(max_examples=25)
@given(seeds, st.floats(0.0, 0.2))
def test_small_shares_join_the_largest_and_nobody_is_lost(seed: int, floor: float) -> None:
    choice = draw(seed).choose()
    zones = choice.layout.zones
    exact = choice.pair_segments(np.ones((zones, SEGMENTS)))
    listed = join_small_shares(choice, floor)
    whole = np.zeros_like(exact)
    whole[listed.pair, listed.segment] = listed.share
    for zone in range(zones):
        mine = choice.layout.zone == zone
        for segment in range(SEGMENTS):
            before, after = exact[mine, segment], whole[mine, segment]
            if before.sum() == 0:
                assert after.sum() == 0
                continue
            assert after.sum() == pytest.approx(1.0)
            top = int(np.argmax(before))
            least = max(min(floor, 0.5 / np.bincount(choice.layout.zone).max()), 1e-300)
            expected = np.where(before >= least, before, 0.0)
            expected[top] += 1.0 - expected.sum()
            np.testing.assert_allclose(after, expected, atol=1e-12)


def test_blocks_of_any_size_give_the_same_shares() -> None:
    choice = draw(3).choose()
    exact = choice.pair_segments(np.ones((choice.layout.zones, SEGMENTS)))
    for size in (1, 2, 5, 1000):
        np.testing.assert_array_equal(np.concatenate([block for _, block in choice.blocks(size)]), exact)


def test_without_a_site_everybody_is_untreated() -> None:
    drawn = draw(1, listed=1.0, closed=0.0)
    keep = drawn.layout.zone != 2
    layout = PairLayout.make(drawn.layout.zone[keep], drawn.layout.site[keep], drawn.nest, 4, NEST_COUNT)
    available = drawn.available.copy()
    available[:, 4] = False  # and nobody of one segment can be treated anywhere
    choice = replace(drawn, layout=layout, pair=drawn.pair[keep], available=available).choose()
    assert (choice.treated[2] == 0).all() and np.isneginf(choice.inclusive[2]).all()
    assert (choice.treated[:, 4] == 0).all()
    others = np.delete(np.delete(choice.treated, 2, axis=0), 4, axis=1)
    assert (others > 0).all()
    assert np.isfinite(choice.pair_segments(choice.treated)).all()


@pytest.mark.parametrize("scale", [1e-9, 50.0, 700.0, 5000.0])
@pytest.mark.parametrize("lam", [0.05, 1.0])
def test_extreme_utilities_stay_finite(scale: float, lam: float) -> None:
    drawn = draw(5, closed=0.0, listed=1.0)
    choice = replace(drawn, pair=drawn.pair * scale, site=drawn.site * scale).choose(1.0, lam)
    inside = shares(choice)
    assert np.isfinite(inside).all() and np.isfinite(choice.treated).all()
    np.testing.assert_allclose(inside.sum(axis=1), choice.treated, atol=1e-9)


def test_a_slope_of_zero_makes_treatment_blind_to_access() -> None:
    drawn = draw(2, closed=0.0, listed=1.0)
    far = replace(drawn, pair=drawn.pair - 3.0)
    np.testing.assert_array_equal(drawn.choose(0.0).treated, far.choose(0.0).treated)
    np.testing.assert_allclose(drawn.choose(0.0).treated, expit(drawn.outside))
    assert (drawn.choose(0.2).treated > far.choose(0.2).treated).all()
