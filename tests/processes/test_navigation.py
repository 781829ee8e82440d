"""A navigation fee is paid where patients are navigated, is taken up where it covers the cost, and lowers untreated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, events, run
from oncsim.codes import COMPONENTS, SERVICE_LINES
from oncsim.model import OncologyMarket
from oncsim.processes.navigation import navigation_cost, navigation_fees

_NAVIGATION = SERVICE_LINES.index("navigation")
KEEN = {"health_system.navigation.yearly": 1.0}


def fee(dollars: float) -> list[dict[str, Any]]:
    return [{"set": "policy.navigation.payment", "to": dollars}]


def paid(dollars: float, quarters: int = 6, **behaviour: float) -> OncologyMarket:
    return run(quarters, METRO, policy=fee(dollars), behaviour={**KEEN, **behaviour})


def test_fees_follow_navigated_patients_by_payer() -> None:
    policy = [{"set": "policy.navigation.payment.medicare_ffs", "to": 100.0}]
    model = run(1, METRO, policy=policy, behaviour={"health_system.navigation.yearly": 0.0})
    fees = navigation_fees(model)
    time = model.care.patient_quarters.reshape(-1, 5, 3).sum(axis=2)
    has = model.sites.lines[:, _NAVIGATION]
    assert has.any() and (~has).any()
    np.testing.assert_allclose(fees[:, 0], 100.0 * time[:, 0] * has)
    assert (fees[:, 1:] == 0).all()
    booked = model.money.paid[:, 0, COMPONENTS.index("fee")] - model.money.patient[:, 0, COMPONENTS.index("fee")]
    plain = run(1, METRO, behaviour={"health_system.navigation.yearly": 0.0})
    before = plain.money.paid[:, 0, COMPONENTS.index("fee")]
    kept = 1.0 - float(model.law["payment.medicare.sequester"])
    assert (booked - before).sum() == pytest.approx(kept * fees.sum())


def test_a_fee_of_all_payers_is_none_for_the_uninsured_who_would_owe_it_to_themselves() -> None:
    model = paid(100.0, 2)
    fees = navigation_fees(model).sum(axis=0)
    assert (fees[:4] > 0).all() and fees[4] == 0  # control: the others pay
    uninsured, part = model.money.paid[:, 4], model.money.patient[:, 4]
    assert uninsured.sum() > 0
    np.testing.assert_allclose(part, uninsured)


def test_without_a_fee_nobody_takes_it_up_and_nothing_costs_more() -> None:
    model = paid(0.0)
    assert not model.sites.navigation_added.any() and (navigation_cost(model) == 0).all()
    assert len(events(model, "capability_added")) == 0


def test_a_fee_above_cost_spreads_navigation_and_one_below_does_not() -> None:
    low, high = paid(20.0), paid(800.0)
    assert not low.sites.navigation_added.any()
    assert high.sites.navigation_added.sum() > 5
    assert (high.sites.lines[high.sites.navigation_added, _NAVIGATION]).all()
    assert len(events(high, "capability_added")) > 0
    added = high.sites.navigation_added
    assert (navigation_cost(high)[added & (high.sites.starts.sum(axis=1) > 0)] > 0).all()
    assert (navigation_cost(high)[~added] == 0).all()


def test_more_navigation_leaves_fewer_untreated_and_only_through_its_effect() -> None:
    def untreated(model: OncologyMarket) -> float:
        return float(model.flows.untreated.sum() / model.flows.new.sum())

    none, some = untreated(paid(0.0, 8)), untreated(paid(800.0, 8))
    assert some < none
    inert = {"choice.untreated.navigation": 1.0, "health_system.acquisition.attention": 0.0}
    assert untreated(paid(800.0, 8, **inert)) == pytest.approx(untreated(paid(0.0, 8, **inert)), rel=0.02)


def test_navigation_is_given_up_when_the_fee_ends() -> None:
    ends = [{**fee(800.0)[0], "from": "2026Q1", "until": "2026Q4", "then": "restore"}]
    model = run(16, METRO, policy=ends, behaviour=KEEN)
    assert len(events(model, "capability_added")) > 0 and len(events(model, "capability_dropped")) > 0
    assert not model.sites.navigation_added[model.sites.open].any()
