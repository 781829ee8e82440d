"""Money between partners: what one pays the other receives, upkeep is shared, and every book still balances."""

from __future__ import annotations

import numpy as np
import pytest

from ledger import step_and_check
from markets import MIXED, row, start
from oncsim.model import OncologyMarket
from oncsim.processes.partner_money import host_shares, hub_fees, shifted_costs, upkeep_of_ties
from oncsim.state.sums import sum_by
from oncsim.ties.conduct import ShiftedCosts
from oncsim.ties.ladder import IN_FORCE, SIGNED_FORMS
from towns import STAGE, UNMOVED, bind, market, practice, still, system, tie

TOWN = market(practice("one"), system("host"), practice("two"), ties=[tie("one", "host"), tie("two", "one")])


def test_each_side_bears_half_of_the_upkeep_of_its_ties() -> None:
    model = still(2, TOWN)
    bind(model, "host", "one", "joint_venture")
    law = model.law["partnership.upkeep"]
    referral, venture = float(law["referral"]) / 8, float(law["joint_venture"]) / 8
    found = upkeep_of_ties(model)
    expected = np.zeros(len(model.orgs))
    for name, dollars in (("one", 2 * referral + venture), ("host", referral + venture), ("two", referral)):
        expected[row(model, name)] = dollars
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("stage", sorted(STAGE))
def test_only_ties_in_force_cost_upkeep(stage: str) -> None:
    model = still(1, TOWN)
    model.ties.stage[:] = STAGE[stage]
    assert (upkeep_of_ties(model).sum() > 0) == bool(IN_FORCE[STAGE[stage]])


def test_upkeep_is_booked_as_cost_quarter_by_quarter_and_moves_nobody() -> None:
    dear, free = still(4, TOWN, behaviour=UNMOVED), still(4, {**TOWN, "ties": []}, behaviour=UNMOVED)
    for _ in range(4):
        step_and_check(dear)
        step_and_check(free)
        upkeep = upkeep_of_ties(dear)
        assert upkeep.sum() > 1000
        np.testing.assert_allclose(dear.orgs.cost - free.orgs.cost, upkeep, atol=1e-6)
        np.testing.assert_array_equal(dear.orgs.revenue, free.orgs.revenue)
        np.testing.assert_array_equal(dear.sites.starts, free.sites.starts)


def test_costs_shifted_are_added_up_by_who_bears_them() -> None:
    model = still(1, TOWN)
    assert (shifted_costs(model) == 0).all()
    host, two = row(model, "host"), row(model, "two")
    victim = np.array([host, two, host])
    model.shifted = ShiftedCosts(np.zeros(3, dtype=np.int64), victim, np.array([5.0, 7.0, 11.0]), victim == host)
    found = shifted_costs(model)
    assert found[host] == 16.0 and found[two] == 7.0 and found.sum() == 23.0


def everything(quarters: int, seed: int = 3) -> OncologyMarket:
    """Return a model of the mixed market in which partners do all they can."""
    busy = {
        "partnership.meet.yearly": 1.0,
        "partnership.conduct.regard": 0.0,
        "partnership.conduct.returns": {"practice": 1.0, "health_system": 0.5, "academic_center": 1.0, "network": 0.0},
        "partnership.trust.misfit": 0.5,
        "health_system.foreclosure.yearly": 0.9,
        "health_system.foreclosure.promise": 1.0,
        "health_system.divest.agreement": 1.0,
        "health_system.pharmacy.yearly": 0.9,
        "finance.pharmacy_margin": 4000.0,
        "practice.visiting.yearly": 1.0,
        "practice.review.yearly": 1.0,
        "practice.no_hospital.yearly": 0.9,
        "network.found.yearly": 1.0,
        "network.found.least": 2,
    }
    at_start = start(1, MIXED)
    systems = [str(one) for one in at_start.orgs.id[at_start.orgs.kind == 1]]
    happens = [
        {"at": "2026Q2", "do": "takeover", "org": systems[0], "by": systems[1]},
        *(
            {"at": "2026Q2", "do": "sign_tie", "org": "largest_practice", "with": systems[1], "form": form, "trust": 0.9}
            for form in ("professional_services", "employer_bundle")
        ),
        {"at": "2026Q2", "do": "sign_tie", "org": systems[2], "with": systems[1], "form": "telehealth_hub"},
        {"at": "2027Q3", "do": "end_tie", "org": "largest_practice"},
    ]
    return start(quarters, MIXED, seed=seed, behaviour=busy, events=happens)


def test_money_people_patients_and_ownership_balance_while_partners_do_all_they_can() -> None:
    model = everything(10)
    seen: set[str] = set()
    for _ in range(10):
        step_and_check(model)
        for moved in (hub_fees(model), host_shares(model)):
            assert moved.sum() == pytest.approx(0.0, abs=1e-3)
        booked = sum_by(model.sites.org, model.sites.margin, len(model.orgs)) - model.orgs.margin
        assert np.isfinite(booked).all()
        assert model.sites.oncologists.sum() == pytest.approx(len(model.physicians))
        seen |= {name for name, some in _working(model).items() if some}
    assert seen == {"shifted", "returned", "spokes", "billed", "handed", "pharmacy"}
    told = {one[1] for one in model.recording.events}
    assert {"cost_shift", "misfit", "tie_formed", "tie_dissolved", "capability_added", "merger"} <= told


def _working(model: OncologyMarket) -> dict[str, bool]:
    sites = model.sites
    return {
        "shifted": len(model.shifted.amount) > 0,
        "returned": bool(model.returned.sum() > 0),
        "spokes": bool((sites.hub_tie >= 0).any()),
        "billed": bool((sites.billed_by >= 0).any()),
        "handed": bool((model.handed > 0).any()),
        "pharmacy": bool(sites.pharmacy_added.any()),
    }


def test_signed_forms_all_have_upkeep() -> None:
    model = still(1, TOWN)
    for form in SIGNED_FORMS:
        assert model.ladder.upkeep[form] > 0
