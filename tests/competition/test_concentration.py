from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.competition.concentration import holdings, zone_hhi

amounts = st.lists(st.floats(0.01, 1e4), min_size=2, max_size=8)


def one_market(patients: list[float], owner: list[int] | None = None) -> float:
    owners = np.arange(len(patients)) if owner is None else np.array(owner)
    return float(holdings(np.zeros(len(patients), dtype=int), owners, np.array(patients), 1).hhi()[0])


def test_hhi_and_cr4_by_hand() -> None:
    market = np.array([0, 0, 0, 0, 0, 0, 2, -1])
    owner = np.array([3, 3, 1, 0, 4, 5, 1, 1])
    patients = np.array([10.0, 20.0, 30.0, 20.0, 10.0, 10.0, 7.0, 99.0])
    held = holdings(market, owner, patients, 3)
    # Market 0: .3 (two sites of owner 3), .3, .2, .1, .1; market 1 treats nobody; market 2 has one owner.
    assert held.hhi() == pytest.approx([2400.0, np.nan, 10_000.0], nan_ok=True)
    assert held.largest(4) == pytest.approx([0.9, np.nan, 1.0], nan_ok=True)
    assert held.totals == pytest.approx([100.0, 0.0, 7.0])


def test_flow_hhi_by_hand() -> None:
    # Zone 0 sends 30 to owner 7 and 10 + 10 to two sites of owner 2; zone 1 has no pairs; zone 2 sends none.
    start, site = np.array([0, 3, 3, 4]), np.array([0, 1, 2, 0])
    found = zone_hhi(start, site, np.array([30.0, 10.0, 10.0, 0.0]), np.array([7, 2, 2]))
    assert found == pytest.approx([1e4 * (0.6**2 + 0.4**2), np.nan, np.nan], nan_ok=True)


@given(amounts)
def test_bounds_and_scale(patients: list[float]) -> None:
    value = one_market(patients)
    assert 10_000 / len(patients) * (1 - 1e-12) <= value <= 10_000 * (1 + 1e-12)
    assert one_market([3 * n for n in patients]) == pytest.approx(value)


@given(amounts)
def test_a_merger_adds_twice_the_product_of_the_shares(patients: list[float]) -> None:
    shares = np.array(patients) / sum(patients)
    merged = one_market(patients, [0, 0, *range(2, len(patients))])
    assert merged - one_market(patients) == pytest.approx(2e4 * shares[0] * shares[1], abs=1e-8)


@given(st.integers(1, 8))
def test_equal_owners(count: int) -> None:
    assert one_market([5.0] * count) == pytest.approx(10_000 / count)


@pytest.mark.filterwarnings("ignore")  # of the packages pyblp is built on
def test_hhi_equals_pyblp() -> None:
    import pyblp

    pyblp.options.verbose = False
    rng = np.random.default_rng(5)
    firms = np.array([0, 0, 1, 2, 2, 3])
    simulation = pyblp.Simulation(
        pyblp.Formulation("1 + x + prices"),
        {"market_ids": np.zeros(6), "firm_ids": firms, "x": rng.uniform(size=6)},
        beta=[0.3, 1.0, -1.0],
        xi=rng.normal(size=6),
    )
    results = simulation.replace_endogenous(costs=np.ones(6))
    shares = results.product_data.shares.ravel()
    assert shares.sum() < 0.99  # there are untreated people, and they are in neither denominator
    theirs = float(results.compute_hhi().item())
    assert one_market(list(shares), list(firms)) == pytest.approx(theirs, rel=1e-12)
