"""Non-competes move foundings, who follows a founder and what a buyer counts on, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, VERMONT, run, same_tables, start
from oncsim.codes import HEALTH_SYSTEM, NETWORK, PRACTICE, STATES
from oncsim.model import OncologyMarket
from oncsim.processes.noncompete import RECENT_QUARTERS, follow, for_profit, founding_chance, freedom, seller_freedom

OPEN = [{"set": "policy.noncompete.enforceable", "to": 0.0}]
BOUND = [{"set": "policy.noncompete.enforceable", "to": 1.0}]
FEDERAL = [{"set": "policy.noncompete.federal_rule", "to": True}]
# Nothing depends on non-competes any more.
INERT = {
    "practice.found.free": 1.0,
    "practice.found.after_deal": 1.0,
    "practice.found.follow": 0.0,
    "health_system.acquisition.leak": 0.0,
}


def one_quarter(policy: list[dict[str, Any]], market: dict[str, Any] = METRO, **behaviour: float) -> OncologyMarket:
    return run(1, market, policy=policy, behaviour=behaviour)


def yearly(chance: np.ndarray) -> np.ndarray:
    return 1.0 - (1.0 - chance) ** 4


def test_where_non_competes_hold_the_chance_is_that_of_the_registry() -> None:
    model = one_quarter(BOUND)
    kind = model.orgs.kind[model.orgs.top_owner()[model.sites.org[model.physicians.site]]]
    chance = yearly(founding_chance(model))
    employed = kind != PRACTICE
    assert employed.any() and (~employed).any()
    np.testing.assert_allclose(chance[employed], float(model.law["practice.found.yearly"]))
    assert (chance[~employed] == 0).all()


def test_freedom_multiplies_the_chance_and_half_freedom_half_as_much() -> None:
    chances = {
        share: yearly(founding_chance(one_quarter([{"set": "policy.noncompete.enforceable", "to": share}])))
        for share in (1.0, 0.5, 0.0)
    }
    employed = chances[1.0] > 0
    more = 2.0
    np.testing.assert_allclose(chances[0.0][employed], more * chances[1.0][employed])
    np.testing.assert_allclose(chances[0.5][employed], 0.5 * (1.0 + more) * chances[1.0][employed])


def test_founders_are_likelier_within_two_years_of_a_deal_where_they_may_compete() -> None:
    found = {}
    for name, policy in (("bound", BOUND), ("open", OPEN)):
        model = one_quarter(policy)
        orgs, sites = model.orgs, model.sites
        buyer = int(np.flatnonzero(orgs.kind == HEALTH_SYSTEM)[0])
        practice = int(np.flatnonzero((orgs.kind == PRACTICE) & (orgs.headcount > 0))[0])
        orgs.status[practice], orgs.owner[practice], orgs.acquired_at[practice] = 1, buyer, model.t
        came = sites.origin[model.physicians.site] == practice
        early = yearly(founding_chance(model))[came]
        model.t += RECENT_QUARTERS
        late = yearly(founding_chance(model))[came]
        found[name] = (early[0], late[0])
    assert found["bound"][0] == found["bound"][1]
    assert found["open"][0] == pytest.approx(3.0 * found["open"][1])


def test_only_freedom_lets_oncologists_leave_a_platform() -> None:
    for policy, leaves in ((BOUND, False), (OPEN, True), ([*BOUND, *FEDERAL], True)):
        model = one_quarter(policy)
        orgs = model.orgs
        network = int(np.flatnonzero(orgs.kind == NETWORK)[0])
        practice = int(np.flatnonzero((orgs.kind == PRACTICE) & (orgs.headcount > 0))[0])
        orgs.status[practice], orgs.owner[practice] = 1, network
        came = model.sites.org[model.physicians.site] == practice
        assert (founding_chance(model)[came] > 0).all() == leaves


def test_a_federal_rule_binds_for_profit_employers_only() -> None:
    model = one_quarter([*BOUND, *FEDERAL])
    profit = for_profit(model)
    rows = np.arange(len(model.orgs))
    np.testing.assert_array_equal(freedom(model, np.full(len(rows), -1), rows), profit.astype(float))
    systems = model.orgs.kind == HEALTH_SYSTEM
    model.hospitals.proprietary[:] = False
    assert not for_profit(model)[systems].any()
    model.hospitals.proprietary[:] = True
    assert for_profit(model)[systems].all()


def test_part_of_the_patients_follow_a_founder_who_may_compete_and_nobody_is_lost() -> None:
    for policy, moved in ((OPEN, 0.3 / 4), (BOUND, 0.0)):
        model = one_quarter(policy)
        one, other = (int(row) for row in np.argsort(model.sites.in_care.sum(axis=1))[-2:])
        before = model.sites.in_care.copy()
        follow(model, one, other, 4)
        np.testing.assert_allclose(model.sites.in_care[one], (1 - moved) * before[one])
        np.testing.assert_allclose(model.sites.in_care.sum(axis=0), before.sum(axis=0))


def test_a_buyer_counts_on_fewer_patients_where_oncologists_may_leave() -> None:
    from oncsim.processes.bids import value_practice
    from oncsim.processes.prospects import prospects

    worth = []
    for policy in (BOUND, OPEN):
        model = one_quarter(
            policy, **{"health_system.acquisition.noise": 0.0, "practice.autonomy.median": 0.0, "practice.found.yearly": 0.0}
        )
        model.prospects = prospects(model)
        orgs, found = model.orgs, {}
        for buyer in np.flatnonzero(orgs.kind == HEALTH_SYSTEM):
            mine = np.flatnonzero(model.hospitals.org == buyer)
            for seller in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0)):
                offer = value_practice(model, int(buyer), int(seller), mine)
                if offer is not None:
                    found[int(buyer), int(seller)] = offer.value
                assert seller_freedom(model, int(buyer), int(seller)) == (policy is OPEN)
        worth.append(found)
    both = worth[0].keys() & worth[1].keys()
    assert both and all(worth[1][pair] < worth[0][pair] for pair in both)


def test_without_what_they_act_through_non_competes_change_nothing() -> None:
    quarters = 12
    eager = {**INERT, "practice.found.yearly": 0.05}
    one, other = (run(quarters, METRO, policy=policy, behaviour=eager) for policy in (BOUND, OPEN))
    same_tables(one, other)
    lively = {"practice.found.yearly": 0.05}
    bound, free = (run(quarters, METRO, policy=policy, behaviour=lively) for policy in (BOUND, OPEN))
    assert founded(free) > founded(bound) > 0


def founded(model: OncologyMarket) -> int:
    return int((model.orgs.founded >= 0).sum())


def test_the_law_of_a_state_holds_in_that_state_only() -> None:
    model = start(1, VERMONT, policy=[{"set": "policy.noncompete.enforceable.VT", "to": 0.0}])
    employer = np.zeros(3, dtype=np.int64)
    places = np.array([STATES.index("VT"), STATES.index("NH"), STATES.index("CA")])
    assert freedom(model, places, employer).tolist() == [1.0, 0.0, 1.0]
    same_tables(run(2, VERMONT), run(2, VERMONT, policy=[{"set": "policy.noncompete.enforceable.CA", "to": 1.0}]))
