"""Conduct towards partners: costs shifted to hospitals, follow-up care sent back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import MIXED, events, row, same_tables, start
from oncsim.codes import ACADEMIC_CENTER, NEEDS, SEGMENTS
from oncsim.model import OncologyMarket
from oncsim.processes.conduct import regard_of, return_patients, shift_costs
from oncsim.processes.partner_money import shifted_costs
from oncsim.ties.strength import tie_strength
from towns import STAGE, UNMOVED, bind, market, place, practice, sites_of, steps, still, system, tie

GAIN: dict[str, Any] = {"partnership.conduct.early_gain": 150.0}
TOWN = market(
    practice("quick"), system("ward"), system("other", oncologists=0), practice("friend"), ties=[tie("quick", "ward")]
)
FOLLOWED = np.array([need != NEEDS[2] for _, need in SEGMENTS])


def shifting(regard: float, quarters: int = 3, here: dict[str, Any] = TOWN, **sections: Any) -> OncologyMarket:
    behaviour = {**UNMOVED, **GAIN, "partnership.conduct.regard": regard, **sections.pop("behaviour", {})}
    return still(quarters, here, behaviour=behaviour, **sections)


# -- costs shifted ------------------------------------------------------------------------------------------------


def test_costs_shifted_are_a_cost_of_the_hospital_a_quarter_later_and_of_nobody_else() -> None:
    careless, careful = shifting(0.0), shifting(10.0)
    victim = row(careless, "ward")
    steps(careless, 1), steps(careful, 1)
    np.testing.assert_array_equal(careless.orgs.cost, careful.orgs.cost)
    amount = careless.shifted.amount.copy()
    assert amount.sum() > 1000 and len(careful.shifted.amount) == 0
    steps(careless, 1), steps(careful, 1)
    more = careless.orgs.cost - careful.orgs.cost
    assert more[victim] == pytest.approx(amount.sum())
    more[victim] = 0.0
    np.testing.assert_allclose(more, 0.0, atol=1e-6)
    np.testing.assert_array_equal(careless.orgs.revenue, careful.orgs.revenue)


def test_costs_shifted_lower_only_the_trust_of_the_hospital_in_the_practice() -> None:
    moving = {"partnership.trust.gain": 0.05}
    careless, careful = (steps(shifting(regard, behaviour=moving), 3) for regard in (0.0, 10.0))
    mine, theirs = ("ab", "ba") if careless.ties.a[0] == row(careless, "quick") else ("ba", "ab")

    def trust(model: OncologyMarket, side: str) -> float:
        return float(getattr(model.ties, f"trust_{side}")[0])

    assert trust(careless, mine) == trust(careful, mine)
    assert trust(careless, theirs) < trust(careful, theirs) - 0.05


def test_the_harder_it_is_felt_the_more_trust_it_costs_and_nothing_where_it_is_not_felt() -> None:
    found = []
    for severity in (0.0, 1.0, 3.0):
        behaviour = {"partnership.trust.gain": 0.05, "partnership.trust.cost_shift": severity}
        model = steps(shifting(0.0, behaviour=behaviour), 2)
        found.append(float(np.minimum(model.ties.trust_ab, model.ties.trust_ba)[0]))
    careful = steps(shifting(10.0, behaviour={"partnership.trust.gain": 0.05}), 2)
    assert found[0] == float(np.minimum(careful.ties.trust_ab, careful.ties.trust_ba)[0])
    assert found[0] > found[1] > found[2]


def test_the_cost_is_that_of_the_tests_of_its_inpatients() -> None:
    model = steps(shifting(0.0), 1)
    law = model.law
    inpatients = model.care.readmissions[sites_of(model, "quick")].sum()
    expected = inpatients * float(law["partnership.conduct.test_share"]) * float(law["partnership.conduct.test_cost"])
    assert model.shifted.amount.tolist() == pytest.approx([expected])
    np.testing.assert_allclose(shifted_costs(model)[row(model, "ward")], expected)


def test_two_hospitals_share_the_inpatients_of_a_practice() -> None:
    both = {**TOWN, "ties": [tie("quick", "ward"), tie("other", "quick")]}
    one, two = steps(shifting(0.0), 1), steps(shifting(0.0, here=both), 1)
    assert len(two.shifted.amount) == 2
    assert two.shifted.amount.sum() == pytest.approx(one.shifted.amount.sum())
    assert set(two.shifted.victim.tolist()) == {row(two, "ward"), row(two, "other")}


@pytest.mark.parametrize("partner", ["friend", "nobody"])
def test_nobody_bears_costs_but_a_partner_with_a_hospital(partner: str) -> None:
    ties = {"friend": [tie("quick", "friend")], "nobody": []}[partner]
    model = steps(shifting(0.0, here={**TOWN, "ties": ties}), 2)
    assert len(model.shifted.amount) == 0
    assert len(steps(shifting(0.0), 2).shifted.amount) == 1


@pytest.mark.parametrize("stage", ["prospect", "shared_problem", "due_diligence", "dissolved"])
def test_only_partners_in_force_bear_costs(stage: str) -> None:
    model = shifting(0.0)
    steps(model, 1)
    assert len(model.shifted.amount) == 1
    model.ties.stage[:] = STAGE[stage]
    shift_costs(model)
    assert len(model.shifted.amount) == 0


def test_where_law_bills_tests_apart_from_the_stay_nothing_differs_from_high_regard() -> None:
    apart = [{"set": "policy.laboratory.bundled_with_stay", "to": False}]
    careful = steps(shifting(10.0, policy=apart), 3)
    same_tables(steps(shifting(0.0, policy=apart), 3), careful)
    together = steps(shifting(0.0), 3)
    ward = together.tables()["organizations"].query("org == 'ward'")["margin"].to_numpy()
    assert (ward[1:] < careful.tables()["organizations"].query("org == 'ward'")["margin"].to_numpy()[1:]).all()


@pytest.mark.parametrize(("regard", "shifts"), [(0.049, True), (0.051, False)])
def test_a_practice_orders_early_where_its_gain_exceeds_what_it_gives_for_the_partners_cost(
    regard: float, shifts: bool
) -> None:
    model = shifting(1.0)
    model.orgs.regard[:] = regard  # 150 of gain against a cost of 3000
    steps(model, 1)
    assert (len(model.shifted.amount) == 1) == shifts


def test_regard_is_spread_evenly_up_to_twice_the_mean_and_events_set_it() -> None:
    model = start(1, MIXED, behaviour={"partnership.conduct.regard": 0.5})
    drawn = regard_of(model)
    assert (drawn >= 0).all() and (drawn <= 1.0).all()
    assert drawn.mean() == pytest.approx(0.5, abs=0.15) and len(set(drawn.tolist())) == len(drawn)
    model.orgs.regard[3] = 7.0
    changed = regard_of(model)
    assert changed[3] == 7.0
    np.testing.assert_array_equal(np.delete(changed, 3), np.delete(drawn, 3))


def test_the_story_tells_of_costs_shifted_once_a_tie() -> None:
    model = steps(shifting(0.0, 8, {**TOWN, "ties": []}), 1)
    bind(model, "quick", "ward", "referral", "ramp_up")
    steps(model, 7)
    assert len(model.shifted.amount) == 1
    assert len(events(model, "cost_shift")) == 1


# -- follow-up care sent back -------------------------------------------------------------------------------------

REGION = market(
    practice("near"),
    system("center", kind="academic_center", oncologists=30, lines=["infusion", "cellular_therapy"]),
    practice("far", at="valley"),
    zones=[place("town", 90_000), place("valley", 15_000, 300, rural=True)],
    ties=[tie("near", "center"), tie("far", "center")],
)


def returning(part: float, follow_up: float = 0.2, quarters: int = 1) -> OncologyMarket:
    behaviour = {"partnership.conduct.follow_up": follow_up}
    model = still(quarters, REGION, behaviour=behaviour)
    model.orgs.returns[model.orgs.kind == ACADEMIC_CENTER] = part
    model.orgs.returns[model.orgs.kind != ACADEMIC_CENTER] = 0.0
    return model


def settled(part: float, follow_up: float = 0.2) -> tuple[OncologyMarket, np.ndarray]:
    """Return a model whose follow-up care has just been sent back, and the people under treatment before."""
    model = returning(part, follow_up)
    before = model.sites.in_care.copy()
    return_patients(model)
    return model, before


def test_follow_up_care_sent_back_loses_and_makes_nobody() -> None:
    model, before = settled(1.0)
    after = model.sites.in_care
    assert not np.allclose(after, before)
    assert (after >= 0).all()
    np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0), rtol=1e-12)
    gained = (after - before).sum(axis=1)
    assert gained[sites_of(model, "near")].sum() > 0.1
    for org in ("near", "far"):
        assert model.returned[row(model, org)] == pytest.approx(gained[sites_of(model, org)].sum())
    assert model.returned.sum() == pytest.approx(-gained[sites_of(model, "center")].sum())


def test_cellular_therapy_stays_where_it_is_given() -> None:
    model, before = settled(1.0)
    assert before[:, ~FOLLOWED].sum() > 0
    np.testing.assert_array_equal(model.sites.in_care[:, ~FOLLOWED], before[:, ~FOLLOWED])


@pytest.mark.parametrize(("part", "follow_up"), [(0.0, 0.2), (1.0, 0.0)])
def test_where_nothing_is_sent_back_nobody_moves(part: float, follow_up: float) -> None:
    model, before = settled(part, follow_up)
    np.testing.assert_array_equal(model.sites.in_care, before)
    assert model.returned.sum() == 0


def test_what_comes_back_is_in_proportion_to_what_is_sent_back() -> None:
    found = [float(settled(part)[0].returned.sum()) for part in (0.25, 0.5, 1.0)]
    np.testing.assert_allclose(found, found[2] * np.array([0.25, 0.5, 1.0]), rtol=1e-9)


def test_people_go_back_where_the_partner_treats_others_of_their_place() -> None:
    """By loops: of the center's patients of a place, the partner's part of all patients of that place."""
    model, before = settled(1.0)
    pairs, started = model.pairs, model.flows.pair_started
    treats = np.zeros((len(model.orgs), len(model.zones)))
    for site, zone, patients in zip(pairs.site, pairs.zone, started, strict=True):
        treats[model.sites.org[site], zone] += patients
    center = row(model, "center")
    here = before[sites_of(model, "center")][:, FOLLOWED].sum()
    found = {}
    for org, number in (("near", 0), ("far", 1)):
        partner = treats[row(model, org)]
        part = sum(treats[center, z] * partner[z] / treats[:, z].sum() for z in range(len(model.zones)))
        part /= treats[center].sum()
        found[org] = 0.2 * float(tie_strength(model)[number]) * part * here
        assert model.returned[row(model, org)] == pytest.approx(found[org])
    assert found["near"] > 3 * found["far"]  # the center treats few people of the valley


def test_at_most_half_of_those_under_treatment_move_in_a_quarter() -> None:
    model = returning(1.0, 1.0)
    for number in range(30):
        bind(model, "near", "center", "professional_services", trust=1.0)
        model.ties.id[-1] = f"tie {number}"
    before = model.sites.in_care[sites_of(model, "center")][:, FOLLOWED].sum()
    return_patients(model)
    after = model.sites.in_care[sites_of(model, "center")][:, FOLLOWED].sum()
    assert after >= 0.5 * before - 1e-9
    assert after < 0.9 * before


def test_people_go_to_the_largest_site_of_the_partner() -> None:
    here = {**REGION, "organizations": [dict(one) for one in REGION["organizations"]]}
    here["organizations"][0]["sites"] = [
        {"id": "small", "at": "town", "oncologists": 1, "lines": ["infusion"]},
        {"id": "large", "at": "town", "oncologists": 3, "lines": ["infusion"]},
    ]
    model = still(1, here, behaviour={"partnership.conduct.follow_up": 0.2})
    model.orgs.returns[:] = 0.0
    model.orgs.returns[row(model, "center")] = 1.0
    before = model.sites.in_care.sum(axis=1)
    return_patients(model)
    moved = dict(zip(model.sites.id, model.sites.in_care.sum(axis=1) - before, strict=True))
    assert moved["large"] > 0.05 and moved["small"] == 0.0


def test_without_a_tie_in_force_nobody_is_sent_back() -> None:
    model = returning(1.0)
    model.ties.stage[:] = STAGE["dissolved"]
    before = model.sites.in_care.copy()
    return_patients(model)
    np.testing.assert_array_equal(model.sites.in_care, before)


def test_a_partner_with_nobody_to_treat_them_gets_nobody() -> None:
    model = returning(1.0)
    model.sites.oncologists[sites_of(model, "near")] = 0.0
    return_patients(model)
    assert model.returned[row(model, "near")] == 0.0
    assert returning(1.0).sites.oncologists[sites_of(model, "near")].sum() > 0


def test_people_sent_back_are_treated_and_paid_for_where_they_are() -> None:
    sent, kept = steps(returning(1.0, 0.2, 4), 4), steps(returning(0.0, 0.2, 4), 4)
    near = row(sent, "near")
    time = [model.care.patient_quarters[sites_of(model, "near")].sum() for model in (sent, kept)]
    assert time[0] > time[1] * 1.02
    assert sent.orgs.revenue[near] > kept.orgs.revenue[near] * 1.02
