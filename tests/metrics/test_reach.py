from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.metrics.reach import band_weight, floating_catchment, gini, nearest_minutes, weighted_demand

ZONES, SITES = 40, 15


def market(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return minutes (zones x sites), population and oncologists of a random market."""
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(0, 140, (ZONES, SITES))
    minutes[0, :4] = [30.0, 60.0, 90.0, 90.0001]
    minutes[:, 14] = 200.0  # a site that nobody can reach
    return minutes, rng.uniform(500, 90_000, ZONES), rng.integers(0, 12, SITES).astype(float)


def reach(minutes: np.ndarray, people: np.ndarray, oncologists: np.ndarray) -> np.ndarray:
    zone, site = np.divmod(np.arange(minutes.size), minutes.shape[1])
    weight = band_weight(minutes.ravel())
    demand = weighted_demand(site, weight, people[zone], minutes.shape[1])
    return floating_catchment(zone, site, weight, demand, oncologists, len(people))


def test_limits_of_the_bands_belong_to_the_nearer_band() -> None:
    minutes = np.array([0.0, 30.0, 30.1, 60.0, 60.1, 90.0, 90.1, np.inf])
    assert band_weight(minutes).tolist() == [1.0, 1.0, 0.68, 0.68, 0.22, 0.22, 0.0, 0.0]


@pytest.mark.filterwarnings("ignore")  # of the packages PySAL is built on
@pytest.mark.parametrize("seed", range(4))
def test_e2sfca_equals_pysal_access(seed: int) -> None:
    from access.fca import two_stage_fca
    from access.weights import step_fn

    minutes, people, oncologists = market(seed)
    zone, site = np.divmod(np.arange(minutes.size), SITES)
    theirs = two_stage_fca(
        demand_df=pd.DataFrame({"demand": people}, index=pd.RangeIndex(ZONES, name="geoid")),
        supply_df=pd.DataFrame({"supply": oncologists}, index=pd.RangeIndex(SITES, name="geoid")),
        cost_df=pd.DataFrame({"origin": zone, "dest": site, "cost": minutes.ravel()}),
        demand_index=True,
        supply_index=True,
        weight_fn=step_fn({30: 1.0, 60: 0.68, 90: 0.22}),
    )
    ours = reach(minutes, people, oncologists)
    assert ours == pytest.approx(theirs.reindex(range(ZONES)).fillna(0.0).to_numpy(), rel=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_people_times_reach_is_the_supply_that_is_in_reach(seed: int) -> None:
    minutes, people, oncologists = market(seed)
    reached = (minutes <= 90).any(axis=0)
    total = (reach(minutes, people, oncologists) * people).sum()
    assert total == pytest.approx(oncologists[reached].sum(), rel=1e-12)


def test_one_more_oncologist_lowers_nobodys_reach() -> None:
    minutes, people, oncologists = market(1)
    more = oncologists.copy()
    more[3] += 1
    gain = reach(minutes, people, more) - reach(minutes, people, oncologists)
    assert (gain[minutes[:, 3] <= 90] > 0).all()
    assert (gain[minutes[:, 3] > 90] == 0).all()


@pytest.mark.filterwarnings("ignore")  # of the packages PySAL is built on
@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 6)), min_size=2, max_size=12))
@settings(max_examples=40, deadline=None)
def test_gini_equals_pysal_inequality_on_repeated_rows(rows: list[tuple[float, int]]) -> None:
    from inequality.gini import Gini

    values = np.array([value for value, _ in rows])
    counts = np.array([count for _, count in rows])
    ours = gini(values, counts.astype(float))
    if values.sum() < 1e-6:
        return
    assert ours == pytest.approx(Gini(np.repeat(values, counts)).g, abs=1e-12)


def test_gini_known_values() -> None:
    assert gini(np.array([4.0, 4.0]), np.array([1.0, 9.0])) == pytest.approx(0.0, abs=1e-15)
    # One person in four has everything.
    assert gini(np.array([0.0, 8.0]), np.array([3.0, 1.0])) == pytest.approx(0.75)
    assert gini(np.zeros(3), np.ones(3)) is None
    assert gini(np.ones(3), np.zeros(3)) is None
    assert gini(np.zeros(0), np.zeros(0)) is None


def test_nearest_skips_sites_that_do_not_count_and_zones_without_pairs() -> None:
    start = np.array([0, 0, 2, 2, 3, 3])
    site, minutes = np.array([0, 1, 0]), np.array([5.0, 9.0, 7.0])
    counts = np.array([False, True])
    assert nearest_minutes(start, site, minutes, counts).tolist() == [np.inf, 9.0, np.inf, np.inf, np.inf]
    assert nearest_minutes(start, site, minutes, ~counts).tolist() == [np.inf, 5.0, np.inf, 7.0, np.inf]
