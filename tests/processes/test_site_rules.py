"""Rules, exclusion and cost-sharing steer infusions away from hospital departments, each by its own lever."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from markets import METRO, VERMONT, run
from oncsim.codes import HOSPITAL_KINDS, PAYERS, SEGMENTS
from oncsim.model import OncologyMarket
from oncsim.processes.site_rules import extra_patient_share, rule_shares, steering_by_payers

_COMMERCIAL, _MA = PAYERS.index("commercial"), PAYERS.index("medicare_advantage")
_OF_COMMERCIAL = np.array([payer == "commercial" for payer, _ in SEGMENTS])
_TERTIARY = np.array([need == "tertiary" for _, need in SEGMENTS])


def lever(name: str, to: Any, **more: Any) -> dict[str, Any]:
    return {"set": f"policy.payer.{name}", "to": to, **more}


# Prices and narrow networks steer too: here only rules, exclusion and cost-sharing by policy do.
RULES_ALONE = {
    "health_system.acquisition.attention": 0.0,
    "choice.below_maximum": 0.0,
    "payer.narrow.share": {"commercial": 0.0, "medicare_advantage": 0.0},
}


def one(*policy: dict[str, Any], market: dict[str, Any] = METRO) -> OncologyMarket:
    return run(2, market, policy=list(policy), behaviour=RULES_ALONE)


@cache
def plain() -> OncologyMarket:
    return one()


def hospital(model: OncologyMarket) -> np.ndarray:
    return np.isin(model.sites.kind, HOSPITAL_KINDS)


def hospital_share(model: OncologyMarket, segments: np.ndarray) -> float:
    starts = model.sites.starts[:, segments].sum(axis=1)
    return float(starts[hospital(model)].sum() / starts.sum())


def test_what_payers_choose_is_the_pull_of_their_own_rule() -> None:
    model = plain()
    assert (rule_shares(model) == model.site_rule).all()
    strength = float(model.law["payer.site_rule.strength"])
    expected = np.log1p(model.site_rule * np.expm1(strength))
    found = steering_by_payers(model)
    np.testing.assert_allclose(found[hospital(model)][0].reshape(5, 3)[:, 0], expected)
    assert (found[~hospital(model)] == 0).all()


def test_a_mandate_is_a_floor_for_the_payers_it_names() -> None:
    model = one(lever("site_rule_mandated.commercial", 0.8))
    shares = rule_shares(model)
    assert (shares[:, _COMMERCIAL] == 0.8).all()
    assert (shares[:, _MA] == model.site_rule[_MA]).all()
    model.site_rule[_COMMERCIAL] = 0.9
    assert (rule_shares(model)[:, _COMMERCIAL] == 0.9).all()


def test_more_members_under_a_rule_fewer_at_hospitals() -> None:
    found = [hospital_share(one(lever("site_rule_mandated.commercial", share)), _OF_COMMERCIAL) for share in (0.0, 0.5, 1.0)]
    assert found[0] > found[1] > found[2]
    # Others are not steered: they fill what those leave, since offices are more crowded.
    others = [hospital_share(one(lever("site_rule_mandated.commercial", share)), ~_OF_COMMERCIAL) for share in (0.0, 1.0)]
    assert others[1] > others[0]


def test_the_rule_of_another_state_changes_nothing() -> None:
    here = one(lever("site_rule_mandated.commercial", 0.8, where={"state": "VT"}), market=VERMONT)
    there = one(lever("site_rule_mandated.commercial", 0.8, where={"state": "NH"}), market=VERMONT)
    assert (rule_shares(here)[:, _COMMERCIAL] == 0.8).all()
    assert (rule_shares(there)[:, _COMMERCIAL] == there.site_rule[_COMMERCIAL]).all()


def test_exclusion_empties_hospitals_of_commercial_patients_but_not_of_rare_care() -> None:
    model = one(lever("hospital_excluded.commercial", 1.0))
    common = _OF_COMMERCIAL & ~_TERTIARY
    assert hospital_share(model, common) < 0.4 * hospital_share(plain(), common)
    extra = steering_by_payers(model) - steering_by_payers(plain())
    np.testing.assert_allclose(extra[np.ix_(hospital(model), common)], float(model.law["payer.exclusion.strength"]))
    assert (extra[:, ~common] == 0).all()


def test_cost_sharing_is_zero_without_a_policy_and_then_only_where_hospitals_cost_more() -> None:
    assert (extra_patient_share(plain()) == 0).all()
    model = one(lever("hospital_coinsurance", 0.08))
    extra = extra_patient_share(model)
    assert (extra[hospital(model), _COMMERCIAL] == 0.08).all()
    assert extra.sum() == pytest.approx(0.08 * hospital(model).sum())
    model = one(lever("reference_pricing", 1.0))
    extra = extra_patient_share(model)[:, _COMMERCIAL]
    office = float(model.law["payment.commercial.drug"]["office"])
    usual = float(model.law["payment.commercial.patient_share"])
    price = model.contracts.drug
    # The patient owes the usual share of the reference price and all that exceeds it, in the limit of full membership.
    owed = (usual + extra) * price
    expected = usual * price + (1 - usual) * np.maximum(price - office, 0.0)
    np.testing.assert_allclose(owed[hospital(model)], expected[hospital(model)])
    assert (extra[~hospital(model)] == 0).all()


def test_cost_sharing_steers_through_what_is_owed_and_not_at_zero_weight() -> None:
    priced = one(lever("reference_pricing", 1.0))
    assert hospital_share(priced, _OF_COMMERCIAL) < hospital_share(plain(), _OF_COMMERCIAL)
    inert = run(
        2,
        METRO,
        policy=[lever("reference_pricing", 1.0)],
        behaviour={**RULES_ALONE, "choice.out_of_pocket": 0.0},
    )
    np.testing.assert_array_equal(inert.sites.starts, plain().sites.starts)
