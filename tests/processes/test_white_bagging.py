"""White bagging: what payers' pharmacies ship, where law stops or requires it, and whose margin it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, VERMONT, run
from oncsim.codes import COMPONENTS, HOSPITAL_KINDS, PAYERS, PRACTICE, STATES
from oncsim.model import OncologyMarket
from oncsim.processes.white_bagging import white_bagged_share, white_bagging_price

_DRUG, _COMMERCIAL = COMPONENTS.index("drug"), PAYERS.index("commercial")
MANDATE = {"set": "policy.white_bagging.mandated_share", "to": 0.6}
BAN = {"set": "policy.white_bagging.banned", "to": 1.0}


def one_quarter(*policy: dict[str, Any], share: float = 0.05, market: dict[str, Any] = METRO) -> OncologyMarket:
    # Frozen where patients go and who owns what: the quarter differs by what is shipped alone.
    behaviour = {
        "payer.white_bagging.share": share,
        "health_system.acquisition.attention": 0.0,
        "choice.below_maximum": 0.0,  # what is shipped is cheaper for patients too, who would go elsewhere
    }
    return run(1, market, policy=list(policy), behaviour=behaviour)


def test_payers_ship_where_their_pharmacy_is_cheaper_than_the_contract() -> None:
    model = one_quarter(share=0.2)
    assert set(np.unique(white_bagged_share(model))) == {0.2}
    model.contracts.drug[0] = white_bagging_price(model)
    model.contracts.drug[1] = white_bagging_price(model) + 1e-9
    assert white_bagged_share(model)[:2].tolist() == [0.0, 0.2]


def test_a_mandate_ships_everywhere_and_a_ban_nowhere() -> None:
    for policy, share in (((MANDATE,), 0.6), ((BAN,), 0.0), ((MANDATE, BAN), 0.0)):
        model = one_quarter(*policy)
        model.contracts.drug[:] = 1.0  # the pharmacy saves nothing
        assert (white_bagged_share(model) == share).all()
    assert (white_bagged_share(one_quarter()) == 0.05).all()


def test_bans_are_those_of_the_states() -> None:
    law = run(1, METRO).law["policy.white_bagging.banned"]
    assert {state for state in STATES if law[state] == 1.0} == {"AR", "LA", "ND", "TN", "VT"}
    assert {state for state in STATES if 0 < law[state] < 1} == {"MN", "TX", "VA"}
    assert (white_bagged_share(run(1, VERMONT)) == 0.0).all()
    lifted = run(1, VERMONT, policy=[{**BAN, "to": 0.0}])
    assert (white_bagged_share(lifted) == 0.05).all()


def test_a_mandate_limited_to_a_state_stops_at_its_border() -> None:
    here = run(1, VERMONT, policy=[{**BAN, "to": 0.0}, {**MANDATE, "where": {"state": "VT"}}])
    there = run(1, VERMONT, policy=[{**BAN, "to": 0.0}, {**MANDATE, "where": {"state": "NH"}}])
    assert (white_bagged_share(here) == 0.6).all() and (white_bagged_share(there) == 0.05).all()


def margin(model: OncologyMarket) -> float:
    return float(model.orgs.margin[(model.orgs.kind == PRACTICE) & (model.orgs.headcount > 0)].sum())


def test_practices_lose_the_margin_that_is_shipped_and_a_ban_restores_it() -> None:
    none, mandated, both = one_quarter(share=0.0), one_quarter(MANDATE, share=0.0), one_quarter(MANDATE, BAN, share=0.0)
    np.testing.assert_array_equal(none.sites.infusions, mandated.sites.infusions)
    assert margin(mandated) < margin(none)
    assert margin(both) == margin(none)
    # Drugs fall by the share on both sides, and administration stays.
    np.testing.assert_allclose(
        mandated.money.paid[:, _COMMERCIAL, _DRUG], 0.4 * none.money.paid[:, _COMMERCIAL, _DRUG], rtol=1e-12
    )
    others = [number for number in range(len(COMPONENTS)) if number != _DRUG]
    np.testing.assert_array_equal(mandated.money.paid[:, :, others], none.money.paid[:, :, others])
    assert (mandated.money.drug_cost <= none.money.drug_cost).all()


def test_a_practice_loses_exactly_price_less_cost_of_what_is_shipped() -> None:
    none, mandated = one_quarter(share=0.0), one_quarter(MANDATE, share=0.0)
    office = ~np.isin(none.sites.kind, HOSPITAL_KINDS) & none.sites.open
    paid = (none.money.paid - mandated.money.paid).sum(axis=(1, 2))[office]
    bought = (none.money.drug_cost - mandated.money.drug_cost)[office]
    overhead = float(none.law["finance.office.overhead_share"])
    lost = (none.sites.margin - mandated.sites.margin)[office]
    np.testing.assert_allclose(lost, paid * (1 - overhead) - bought, rtol=1e-9, atol=1e-6)
    assert paid.sum() > 0 and bought.sum() > 0
    assert lost.sum() == pytest.approx(margin(none) - margin(mandated), rel=0.05)
