"""Shares, what systems are worth, diversion and HHI against an estimator's simulator; and prices in the Bertrand limit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from oncsim.competition.concentration import holdings
from oncsim.competition.leverage import leverage
from oncsim.competition.merger import gross_upward_pressure

from .small_markets import Sites, draw, shares

LAMS = [1.0, 0.6]
ZONES, PLACES = 4, 9


@dataclass(frozen=True)
class Both:
    """A market here and there: places of systems in nests, every place seen from every zone; ``theirs`` by zone, place."""

    sites: Sites
    theirs: Any
    system: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        return self.theirs.product_data.shares.reshape(ZONES, PLACES)


@cache
def both(lam: float) -> Both:
    """Return the same market twice: the outside good of pyblp, of value one, is the care beyond all systems."""
    plain = draw(8, lam, 0.05, ZONES, 5, 3, 1, PLACES, listed=2.0)
    system, nest = np.array([0, 1, 2, 3, 4, 0, 0, 1, 2]), np.array([0, 1, 1, 2, 0, 0, 2, 0, 1])
    zone, place = (index.ravel() for index in np.indices((ZONES, PLACES)))
    value = np.exp(np.random.default_rng(2).normal(0.0, 1.2, (ZONES * PLACES, 1)) / lam)
    sites = replace(plain, zone=zone, system=system[place], nest=nest[place], value=value, patients=plain.patients + 5.0)
    utility = lam * np.log(value[:, 0]) - np.log(sites.care_beyond()[zone, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyblp

        pyblp.options.verbose = False
        none = np.zeros(len(zone))
        simulation = pyblp.Simulation(
            product_formulations=(pyblp.Formulation("0 + prices + v"),),
            product_data={
                "market_ids": zone,
                "firm_ids": sites.system,
                "product_ids": place,
                "nesting_ids": sites.nest,
                "v": utility,
                "prices": none,
            },
            beta=[-1, 1],
            rho=1 - lam,
            xi=none,
        )
        found = simulation.replace_endogenous(costs=none, prices=none, iteration=pyblp.Iteration("return"))
    return Both(sites, found, system)


pytestmark = pytest.mark.filterwarnings("ignore")  # of the packages pyblp is built on


@pytest.mark.parametrize("lam", LAMS)
def test_patients_of_systems_are_theirs(lam: float) -> None:
    market = both(lam)
    n, found = market.sites.patients, leverage(market.sites.cells())
    by_system = np.stack([market.shares[:, market.system == s].sum(axis=1) for s in range(5)], axis=1)
    np.testing.assert_allclose(found.patients, n[:, 0] @ by_system, rtol=1e-12)
    np.testing.assert_allclose(found.largest, by_system.max(axis=0), rtol=1e-12)
    np.testing.assert_allclose(1 - by_system.sum(axis=1), 0.05, rtol=1e-10)
    np.testing.assert_allclose(shares(market.sites, market.sites.care_beyond())[:, 0, :-1], by_system, rtol=1e-12)


@pytest.mark.parametrize("lam", LAMS)
def test_willingness_to_pay_is_the_consumer_surplus_that_goes_with_the_system(lam: float) -> None:
    market = both(lam)
    found, whole = leverage(market.sites.cells()), market.theirs.compute_consumer_surpluses()
    for s in range(5):
        gone = [int(place) for place in np.flatnonzero(market.system == s)]
        without = market.theirs.compute_consumer_surpluses(eliminate_product_ids=gone)
        assert found.willingness[s] == pytest.approx(float((market.sites.patients * (whole - without)).sum()), rel=1e-11)


@pytest.mark.parametrize("lam", LAMS)
def test_diversion_is_theirs_when_a_product_goes(lam: float) -> None:
    """Each place a system of its own; theirs by zone, ours over all, weighted by patients."""
    market = both(lam)
    place = np.tile(np.arange(PLACES), ZONES)
    found = leverage(replace(market.sites, system=place, systems=PLACES).cells())
    theirs = market.theirs.compute_long_run_diversion_ratios().reshape(ZONES, PLACES, PLACES)
    lost = market.sites.patients * market.shares
    expected = np.einsum("zj,zjk->jk", lost, theirs) / lost.sum(axis=0)[:, None]
    np.testing.assert_allclose(found.beyond, np.diag(expected), rtol=1e-10)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(found.diversion.toarray(), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("lam", LAMS)
def test_hhi_of_the_shares_is_theirs(lam: float) -> None:
    """Both leave those beyond out of the denominator."""
    market = both(lam)
    part = shares(market.sites, market.sites.care_beyond())[:, 0, :-1]
    zone, system = (index.ravel() for index in np.indices(part.shape))
    found = holdings(zone, system, part.ravel(), ZONES).hhi()
    np.testing.assert_allclose(found, market.theirs.compute_hhi().ravel(), rtol=1e-11)


@dataclass(frozen=True)
class Bertrand:
    """Four firms of one product in one plain logit market, at their prices."""

    theirs: Any
    price: np.ndarray
    cost: np.ndarray
    share: np.ndarray
    jacobian: np.ndarray
    slope: float


@cache
def bertrand() -> Bertrand:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyblp

        pyblp.options.verbose = False
        cost, slope = np.array([1.0, 1.2, 0.9, 1.5]), 1.7
        simulation = pyblp.Simulation(
            product_formulations=(pyblp.Formulation("0 + prices + v"),),
            product_data={"market_ids": np.zeros(4), "firm_ids": np.arange(4), "v": np.array([2.5, 3.0, 2.0, 3.6])},
            beta=[-slope, 1],
            xi=np.zeros(4),
        )
        found = simulation.replace_endogenous(costs=cost)
        data = found.product_data
        jacobian = found.compute_demand_jacobians()
    return Bertrand(found, data.prices.ravel(), cost, data.shares.ravel(), jacobian, slope)


def test_bertrand_prices_are_cost_and_a_markup_by_share() -> None:
    game = bertrand()
    np.testing.assert_allclose(game.price - game.cost, 1 / (game.slope * (1 - game.share)), rtol=1e-9)
    np.testing.assert_allclose(game.share + np.diag(game.jacobian) * (game.price - game.cost), 0.0, atol=1e-10)


def diversion_here(share: np.ndarray) -> np.ndarray:
    """Return D of one place where systems have these shares and the rest is beyond."""
    count = len(share)
    none = np.zeros(count, dtype=int)
    sites = Sites(none, np.arange(count), none, share[:, None], np.array([[10.0]]), count, 1, 1.0, float(1 - share.sum()))
    return leverage(sites.cells()).diversion.toarray()


def test_without_nests_diversion_by_price_is_diversion_by_loss() -> None:
    game = bertrand()
    theirs = game.theirs.compute_diversion_ratios().copy()
    np.fill_diagonal(theirs, 0.0)
    np.testing.assert_allclose(diversion_here(game.share), theirs, rtol=1e-10)


def test_with_nests_they_differ() -> None:
    """Who would leave over a price is not who would leave when the site is gone: GUPPI by D is exact without nests only."""
    theirs = both(0.6).theirs
    assert np.abs(theirs.compute_diversion_ratios() - theirs.compute_long_run_diversion_ratios()).max() > 0.01


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (3, 2)])
def test_upward_pressure_is_what_a_merger_takes_the_first_order_condition_off(a: int, b: int) -> None:
    game = bertrand()
    margin = game.price - game.cost
    # Profit of both by the price of a, at the old prices, in patients of a who would leave.
    slope = game.share[a] + game.jacobian[a, a] * margin[a] + game.jacobian[b, a] * margin[b]
    off = slope / -game.jacobian[a, a]
    d = diversion_here(game.share)[a, b]
    assert off == pytest.approx(d * margin[b], rel=1e-8)
    guppi = gross_upward_pressure(d, game.price[a], game.price[b], game.cost[b])
    assert guppi * game.price[a] == pytest.approx(off, rel=1e-8)
    assert guppi > 0


@pytest.mark.parametrize(("a", "b"), [(0, 1), (3, 2)])
def test_prices_after_the_merger_meet_the_new_condition_and_rise(a: int, b: int) -> None:
    game = bertrand()
    firm = np.where(np.arange(4) == b, a, np.arange(4))
    after = game.theirs.compute_prices(firm_ids=firm, costs=game.cost)
    share = game.theirs.compute_shares(after).ravel()
    # One markup for both, by the share of both: the condition of each with the sales it takes from the other.
    together = np.array([share[firm == f].sum() for f in firm])
    np.testing.assert_allclose(after.ravel() - game.cost, 1 / (game.slope * (1 - together)), rtol=1e-8)
    margin, d = after.ravel() - game.cost, diversion_here(share)
    for own, other in ((a, b), (b, a)):
        # p_a - c_a = 1 / (slope (1 - s_a)) + D_ab (p_b - c_b): GUPPI again, at the new prices.
        assert margin[own] == pytest.approx(1 / (game.slope * (1 - share[own])) + d[own, other] * margin[other], rel=1e-8)
    assert (after.ravel() > game.price).all()
