"""What turning an office into a department is worth: parts that add up, and each with its own switch."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from markets import MIXED, run, start
from oncsim.codes import OFFICE, PRACTICE
from oncsim.metrics import METRICS, View
from oncsim.model import OncologyMarket
from oncsim.prices.schedule import SCHEDULED
from oncsim.processes.acquisition_value import AcquisitionValue, offices_of_practices, priced
from oncsim.processes.prospects import PRICED, prospects

EQUAL = [{"set": f"policy.office_equal.{service}", "to": 1.0} for service in SCHEDULED]


def model(policy: list[dict[str, Any]] | None = None, quarters: int = 2) -> OncologyMarket:
    return run(quarters, MIXED, policy=policy or [])


def acquisition_value(market: OncologyMarket) -> AcquisitionValue:
    return priced(offices_of_practices(market))


def offices(market: OncologyMarket) -> np.ndarray:
    sites, orgs = market.sites, market.orgs
    return np.flatnonzero(sites.open & (sites.kind == OFFICE) & (orgs.kind[sites.org] == PRACTICE) & (sites.oncologists > 0))


def test_parts_add_up_to_the_difference_between_department_and_office() -> None:
    market = model()
    worth, some = acquisition_value(market), offices(market)
    assert len(some) > 3
    for part in (worth.rates, worth.commercial, worth.costs, worth.extra_340b):
        assert (part[some] != 0).all()
    assert (worth.commercial[some] > 0).all() and (worth.extra_340b[some] > 0).all() and (worth.costs[some] < 0).all()


def test_full_site_neutrality_takes_the_part_of_the_rates_to_zero_and_leaves_the_rest() -> None:
    usual, neutral = model(), model(EQUAL)
    before, after, some = acquisition_value(usual), acquisition_value(neutral), offices(usual)
    assert (before.rates[some] != 0).all()
    assert np.abs(after.rates[some]).max() < 1e-6 * np.abs(before.revenue[some]).max()
    # Drugs, commercial contracts and downstream care are not touched by Medicare's facility rates.
    np.testing.assert_allclose(after.commercial[some], before.commercial[some], rtol=0.05)
    assert (after.extra_340b[some] > 0).all()


def test_without_a_discount_340b_adds_exactly_nothing() -> None:
    market = model([{"set": "policy.p340b.discount", "to": 0.0}])
    worth, some = acquisition_value(market), offices(market)
    assert (worth.extra_340b[some] == 0.0).all()
    assert (market.prospects.reachable_340b == 0.0).all()
    assert (model().prospects.reachable_340b > 0).any()


def test_a_moratorium_takes_340b_out_of_the_gain_but_not_the_rest() -> None:
    market = model([{"set": "policy.p340b.new_child_sites", "to": False}])
    usual = model()
    assert (market.prospects.reachable_340b == 0.0).all()
    np.testing.assert_array_equal(market.prospects.commercial_gain, usual.prospects.commercial_gain)


def test_surprise_and_announced_policies_differ_only_in_what_is_expected() -> None:
    """Until the policy begins nothing is paid differently; buyers who know of it expect another gain."""
    cut = {"set": "policy.p340b.medicare_rate", "from": "2027Q1", "to": 0.666}
    known, surprise, never = (start(6, MIXED, policy=one) for one in ([cut], [cut | {"announced": "2027Q1"}], []))
    for market in (known, surprise, never):
        for _ in range(4):
            market.step()
    np.testing.assert_array_equal(known.money.paid, never.money.paid)
    np.testing.assert_array_equal(surprise.money.paid, never.money.paid)
    np.testing.assert_array_equal(surprise.prospects.extra_340b, never.prospects.extra_340b)
    some = never.prospects.extra_340b > 0
    assert some.any()
    assert (known.prospects.extra_340b[some] < never.prospects.extra_340b[some]).all()


def test_metrics_are_the_mean_over_independent_oncologists() -> None:
    market = model()
    rows = {name: dict.fromkeys(("value",)) for name in METRICS if name.startswith("incentive.")}
    view = View(market)  # type: ignore[arg-type]
    values = {name: next(iter(METRICS[name].compute(view)))[2] for name in rows}
    parts = [values[f"incentive.acquisition_{part}"] for part in ("rates", "340b", "commercial", "downstream", "costs")]
    assert values["incentive.acquisition_gain"] == pytest.approx(sum(parts))
    orgs = market.orgs
    people, gain = 0.0, 0.0
    for row in range(len(orgs)):
        if orgs.kind[row] == PRACTICE and orgs.owner[row] < 0 and orgs.status[row] == 0 and orgs.headcount[row] > 0:
            people += float(orgs.headcount[row])
            gain += float(market.prospects.rates_gain[row])
    assert values["incentive.acquisition_rates"] == pytest.approx(gain / people)


def test_what_is_priced_when_somebody_asks_is_what_the_books_said_at_their_close() -> None:
    market = start(6, MIXED)
    for _ in range(3):
        market.step()
    at_once, later = prospects(market), prospects(market)
    said = {name: getattr(at_once, name).copy() for name in PRICED}
    for _ in range(3):  # everybody acts, law moves on
        market.step()
    saved = pickle.loads(pickle.dumps(prospects(market)))
    for name in PRICED:
        np.testing.assert_array_equal(getattr(later, name), said[name])
        np.testing.assert_array_equal(getattr(saved, name), getattr(prospects(market), name))
    assert (said["plain"] != prospects(market).plain[: len(said["plain"])]).any()
    assert not hasattr(saved, "offices")  # the law it was priced by is not part of a saved state
