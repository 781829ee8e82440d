from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, MIXED, start
from oncsim.codes import ACADEMIC_CENTER, COMPONENTS, HEALTH_SYSTEM, PAYERS, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.value_based import (
    MONTHS,
    admission_factor,
    analytics_capability,
    care_model_fees,
    drug_choice_factor,
    drug_dollars,
    participation,
    participation_costs,
    payer_quarters,
    reconcile,
)
from oncsim.processes.value_based_terms import Terms

FFS, COMMERCIAL = PAYERS.index("medicare_ffs"), PAYERS.index("commercial")


def providers(model: OncologyMarket) -> np.ndarray:
    return np.isin(model.orgs.kind, (PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER)) & (model.orgs.starts > 0)


def taking_part(arm: int = 1, quarters: int = 4, market: Any = MIXED, **sections: Any) -> OncologyMarket:
    """Return a model, two quarters in, where all providers take part in one arm from the next reckoning on."""
    model = start(quarters, market, **sections)
    model.step()
    model.step()
    orgs = model.orgs
    orgs.vb_arm = np.where(providers(model), arm, -1)
    orgs.vb_since = np.where(providers(model), 0, orgs.vb_since)
    orgs.vb_commercial[:] = False
    orgs.vb_episodes[:] = orgs.vb_revenue[:] = 0.0
    orgs.vb_bonus[:] = 0.0
    return model


def nobody(model: OncologyMarket) -> None:
    model.orgs.vb_arm[:] = -1
    model.orgs.vb_commercial[:] = False


def test_where_nobody_takes_part_nothing_is_paid_saved_or_charged() -> None:
    model = taking_part()
    assert care_model_fees(model).sum() > 0  # the control: with participants there are fees
    nobody(model)
    assert not care_model_fees(model).any() and not participation_costs(model).any() and not reconcile(model).any()
    assert (drug_choice_factor(model) == 1).all()
    assert (admission_factor(model, model.care.patient_quarters) == 1).all()


def test_a_model_that_does_not_run_pays_nobody() -> None:
    stopped = taking_part(policy=[{"set": "policy.value_based.running", "from": "2026Q1", "to": False}])
    assert not participation(stopped).any() and not care_model_fees(stopped)[:, FFS].any()
    assert participation(taking_part()).any()


def test_fees_by_hand() -> None:
    model = taking_part(policy=[{"set": "policy.value_based.aligned_share", "from": "2026Q1", "to": 0.25}])
    law = model.law
    monthly = law["policy.value_based.fee"] + law["policy.value_based.fee_dual_extra"] * law["value_based.dual_share"]
    inside = participation(model)[model.sites.org]
    covered = payer_quarters(model, FFS) * law["policy.value_based.eligible_share"] * inside
    fees = care_model_fees(model)
    np.testing.assert_allclose(fees[:, FFS], 3 * covered * monthly)
    expected = 3 * payer_quarters(model, COMMERCIAL) * 0.25 * inside * law["policy.value_based.fee"]
    np.testing.assert_allclose(fees[:, COMMERCIAL], expected)
    others = [number for number in range(len(PAYERS)) if number not in (FFS, COMMERCIAL)]
    assert not fees[:, others].any()


def test_a_commercial_home_is_paid_for_patients_on_pathway_and_needs_a_fee() -> None:
    def commercial(fee: int) -> float:
        model = taking_part(policy=[{"set": "policy.value_based.commercial.fee", "from": "2026Q1", "to": fee}])
        nobody(model)
        model.orgs.vb_commercial = providers(model)
        return float(care_model_fees(model)[:, COMMERCIAL].sum())

    assert commercial(0) == 0.0
    assert commercial(200) > 0 and abs(commercial(400) - 2 * commercial(200)) < 1e-6


def test_drug_choice_saves_its_part_of_the_saving_and_nothing_without_one() -> None:
    model = taking_part()
    terms, law = Terms.of(model.law), model.law
    saving = terms.saving_base[1] + terms.saving_analytics[1] * analytics_capability(model)
    inside = participation(model)
    episodes = payer_quarters(model, FFS) / 2 * law["policy.value_based.eligible_share"] * inside[model.sites.org]
    saved = (1 - drug_choice_factor(model)[:, FFS]) * drug_dollars(model, FFS)
    expected = episodes * saving[model.sites.org] * terms.episode_cost * terms.drug_part
    np.testing.assert_allclose(saved, expected, atol=1e-6)
    none = {"value_based.saving.base": 0.0, "value_based.saving.analytics": 0.0}
    off = taking_part(behaviour=none)
    assert (drug_choice_factor(off) == 1).all()
    assert (admission_factor(off, off.care.patient_quarters) == 1).all()


def test_admissions_fall_where_organisations_take_part() -> None:
    model = taking_part()
    factor = admission_factor(model, model.care.patient_quarters)
    busy = payer_quarters(model, FFS) > 0
    assert (factor[busy & participation(model)[model.sites.org]] < 1).all() and (factor >= 0.5).all()


def test_savings_are_larger_where_losses_are_shared() -> None:
    one, two = taking_part(arm=0), taking_part(arm=2)
    for model in (one, two):
        reconcile(model)
    assert one.value_based.episodes == pytest.approx(two.value_based.episodes)
    assert two.value_based.savings > 2 * one.value_based.savings > 0
    same = {"value_based.saving.base": 0.01, "value_based.saving.analytics": 0.02}
    level = [taking_part(arm=arm, behaviour=same) for arm in (0, 2)]
    for model in level:
        reconcile(model)
    assert level[0].value_based.savings == pytest.approx(level[1].value_based.savings)


def test_what_medicare_pays_organisations_receive() -> None:
    model = taking_part(arm=2)
    model.orgs.vb_bonus[:, 0] = np.where(providers(model), 1000.0, 0.0)
    assert model.quarter.number == 2
    paid = reconcile(model)
    books = model.value_based
    assert books.performance != 0 and books.bonuses == 1000.0 * providers(model).sum()
    received = np.bincount(model.sites.org, weights=paid[:, FFS], minlength=len(model.orgs))
    np.testing.assert_allclose(received, books.received, rtol=1e-9, atol=1e-6)
    assert paid.sum() == pytest.approx(books.performance + books.bonuses)
    assert not np.delete(paid, FFS, axis=1).any()


def test_losses_are_shared_in_two_sided_arms_alone_and_never_beyond_the_limit() -> None:
    poor = {"value_based.saving.base": -0.3, "value_based.saving.analytics": 0.0}
    lost = {}
    for arm in (0, 1, 2):
        model = taking_part(arm=arm, behaviour=poor)
        episodes = payer_quarters(model, FFS) / 2 * model.law["policy.value_based.eligible_share"]
        size = np.bincount(model.sites.org, weights=episodes, minlength=len(model.orgs))
        reconcile(model)
        lost[arm] = -model.value_based.received / np.maximum(size * Terms.of(model.law).episode_cost, 1e-9)
    assert not lost[0].any()
    caps = Terms.of(model.law).loss_cap
    assert lost[1].max() == pytest.approx(caps[1]) and lost[2].max() == pytest.approx(caps[2])


def test_results_belong_to_an_organisation_and_a_quarter() -> None:
    def received(seed: int, without: int = -1) -> np.ndarray:
        model = taking_part(arm=2, seed=seed)
        if without >= 0:
            model.orgs.vb_arm[without] = -1
        reconcile(model)
        return model.value_based.received

    base, again, other = received(1), received(1), received(2)
    np.testing.assert_array_equal(base, again)
    assert not np.array_equal(base, other)
    dropped = int(np.flatnonzero(base)[0])
    fewer = received(1, dropped)
    keep = np.arange(len(base)) != dropped
    np.testing.assert_array_equal(base[keep], fewer[keep])
    assert fewer[dropped] == 0


def test_bonuses_are_earned_at_two_sided_risk_and_paid_two_years_later() -> None:
    def queue(arm: int) -> np.ndarray:
        model = taking_part(arm=arm, policy=[{"set": "policy.value_based.apm_bonus", "from": "2026Q1", "to": 0.05}])
        reconcile(model)
        professional = model.money.paid[:, FFS, COMPONENTS.index("professional")]
        due = np.bincount(model.sites.org, weights=professional, minlength=len(model.orgs)) * 0.05
        if arm > 0:
            np.testing.assert_allclose(model.orgs.vb_bonus[:, -1], np.where(participation(model), due, 0.0))
        return model.orgs.vb_bonus

    two_sided = queue(1)
    assert two_sided.shape[1] == 8 and two_sided[:, -1].sum() > 0 and not two_sided[:, :-1].any()
    assert not queue(0).any()


def test_costs_are_services_and_a_fixed_part_that_analytics_lowers() -> None:
    model = taking_part()
    terms, law = Terms.of(model.law), model.law
    inside = participation(model)
    yearly = terms.fixed_cost(analytics_capability(model))
    reached = payer_quarters(model, FFS) * law["policy.value_based.eligible_share"]
    reached = reached + payer_quarters(model, COMMERCIAL) * law["policy.value_based.aligned_share"]
    services = MONTHS * terms.service_cost * (reached * inside[model.sites.org]).sum()
    assert participation_costs(model).sum() == pytest.approx(services + yearly[inside].sum() / 4)
    assert terms.fixed_cost(np.ones(1))[0] < terms.fixed_cost(np.zeros(1))[0]


def test_analytics_comes_from_the_service_line_and_from_size() -> None:
    model = taking_part(market=METRO)
    before = analytics_capability(model)
    model.sites.lines[:, -1] = True
    after = analytics_capability(model)
    staffed = np.bincount(model.sites.org, weights=model.sites.oncologists * model.sites.open, minlength=len(before)) > 0
    assert (after >= before - 1e-12).all() and (after[staffed] > 0.6).all() and (after <= 1).all()


def test_practices_that_belong_to_a_hospital_take_no_part_of_their_own() -> None:
    model = taking_part()
    practice = int(np.flatnonzero(participation(model) & (model.orgs.kind == PRACTICE))[0])
    model.orgs.owner[practice] = int(np.flatnonzero(model.orgs.kind == HEALTH_SYSTEM)[0])
    assert not participation(model)[practice]
