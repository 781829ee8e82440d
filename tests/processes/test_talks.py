"""Talks: stages in order, how long they take, what a contract needs, and how they come to nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oncsim.codes import TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.partnership import partnership, sign_tie
from oncsim.processes.talks import begin_tie, form_words, quarters_of, swap_sides, talk
from oncsim.processes.tie_worth import tie_worth
from oncsim.ties.distance import miles_between
from oncsim.ties.ladder import (
    AFFILIATION,
    BUNDLE,
    CO_MANAGEMENT,
    CONTRACT,
    COVERAGE,
    HUB,
    JOINT_VENTURE,
    REFERRAL,
    RUNG,
    SERVICES_AGREEMENT,
    SIGNED_FORMS,
)
from oncsim.ties.ownership import direct_holdings
from oncsim.ties.trust import DISSOLVED
from oncsim.ties.worth import MISSING_LINES, NEITHER_HAS, NONE, Books, Worth, bars, brings, scores
from ties.partners import add_ties, partners, rows_of

STAGE = {name: number for number, name in enumerate(TIE_STAGES)}
# Trust stays what it is, ties do not end and are not reviewed: only talks go on.
ONLY_TALKS = {
    "partnership.trust.gain": 0.0,
    "partnership.trust.misfit": 0.0,
    "partnership.trust.reputation_weight": 0.0,
    "partnership.dissolve.yearly": 0.0,
    "partnership.review.yearly": 0.0,
}
SURE = {"partnership.value.scale": 1.0}  # hardly any noise
PAIR = ("center", "town_practice")


def talking(
    behaviour: dict[str, Any] | None = None,
    pair: tuple[str, str] = PAIR,
    count: int = 1,
    stage: str = "prospect",
    trust: float = 0.9,
    **columns: Any,
) -> OncologyMarket:
    """Return a model in which two organisations met last quarter, in so many parallel talks."""
    model = partners({**ONLY_TALKS, **(behaviour or {})})
    a, b = rows_of(model, *pair)
    add_ties(model, a, b, count, **{"stage": STAGE[stage], "trust_ab": trust, "trust_ba": trust, "met": 0, **columns})
    model.t = 1
    return model


def worth_of(model: OncologyMarket) -> Worth:
    a, b = model.ties.a[:1], model.ties.b[:1]
    return tie_worth(model, a, b, miles_between(model, a, b), brings(model))


def score_of(model: OncologyMarket, trust: float = 0.9) -> np.ndarray:
    return np.asarray(scores(model, worth_of(model), np.array([trust]))[0])


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


# -- stages and their times -------------------------------------------------------------------------------------------


def test_stages_follow_each_other_and_take_the_time_drawn_for_the_pair() -> None:
    model = talking(SURE, count=40)
    ties = model.ties
    seen: list[list[str]] = [[] for _ in range(len(ties))]
    for model.t in range(1, 16):
        partnership(model)
        for row, stage in enumerate(ties.stage.tolist()):
            seen[row].append(TIE_STAGES[stage])
    assert (ties.form == AFFILIATION).all()
    low, high = (float(model.law[f"partnership.{name}"]["clinical_affiliation"]) for name in ("ramp_low", "ramp_high"))
    part = float(model.law["partnership.diligence"]["clinical_affiliation"])
    for row in range(len(ties)):
        whole, before = quarters_of(model, AFFILIATION, int(ties.key[row]))
        expected = ["shared_problem"] + ["due_diligence"] * before + ["ramp_up"] * (whole - before)
        assert seen[row] == expected + ["active"] * (15 - len(expected))
        assert round(low / 3) <= whole <= round(high / 3)
        assert abs(before - part * whole) <= 0.5 + part / 2
    assert len({tuple(one) for one in seen}) > 2
    told = model.counts
    assert told["talks_begin"] == told["tie_formed"] == told["tie_active"] == 40
    formed = [event for event in model.recording.events if event[1] == "tie_formed"]
    assert {event[5] for event in formed} == {(2 + int(d)) / 4 for d in np.unique(ties.diligence)}


@pytest.mark.parametrize("form", SIGNED_FORMS, ids=[TIE_FORMS[form] for form in SIGNED_FORMS])
def test_the_ramp_is_triangular_over_pairs(form: int) -> None:
    model = partners()
    low, mode, high = (
        float(model.law[f"partnership.{name}"][TIE_FORMS[form]]) for name in ("ramp_low", "ramp", "ramp_high")
    )
    drawn = np.array([quarters_of(model, form, key) for key in range(3000)])
    whole, before = drawn.T
    spread = math.sqrt((low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18) / 3
    assert whole.min() >= max(1, round(low / 3)) and whole.max() <= round(high / 3)
    assert whole.mean() == pytest.approx((low + mode + high) / 9, abs=4 * spread / math.sqrt(3000) + 0.02)
    share = float(model.law["partnership.diligence"][TIE_FORMS[form]])
    assert before.mean() == pytest.approx(share * whole.mean(), abs=0.1) and (before <= whole).all()
    assert quarters_of(model, form, 17) == quarters_of(model, form, 17)


def test_a_pair_that_just_met_waits_a_quarter() -> None:
    model = talking(SURE, met=1)
    talk(model, Books(model))
    assert model.ties.stage[0] == STAGE["prospect"]
    model.t = 2
    talk(model, Books(model))
    assert model.ties.stage[0] != STAGE["prospect"]


# -- what a meeting leads to ------------------------------------------------------------------------------------------


def after_meeting(model: OncologyMarket) -> np.ndarray:
    """Return the form each of the parallel talks goes for, -1 none."""
    talk(model, Books(model))
    ties = model.ties
    assert np.isin(ties.stage, [STAGE[name] for name in ("shared_problem", "ramp_up", "dissolved")]).all()
    assert (ties.form[ties.stage == STAGE["ramp_up"]] == REFERRAL).all()
    return np.where(ties.stage == DISSOLVED, -1, ties.form)


def test_forms_are_chosen_as_often_as_the_logit_says() -> None:
    model = talking(count=3000, trust=0.6)
    score, scale = score_of(model, 0.6), leaf(model, "value.scale")
    score[CO_MANAGEMENT] = -np.inf  # strangers do not run a center together
    weight = np.exp(np.append(score, 0.0) / scale)
    found = after_meeting(model)
    for form, chance in zip([*range(len(TIE_FORMS)), -1], (weight / weight.sum()).tolist(), strict=True):
        assert (found == form).mean() == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 3000) + 1e-12)
    assert len(set(found.tolist())) >= 4


def test_a_contract_needs_a_shared_problem_and_a_referral_does_not() -> None:
    """The pair would sign anything; without a problem between them only referrals come of it."""
    eager = {"partnership.value.threshold": -50_000.0, "partnership.value.scale": 1000.0}
    blind = {**eager, "partnership.value.problem": 100_000.0}
    pair = ("south", "town_practice")
    none = talking(blind, pair, count=200)
    assert worth_of(none).problem[0] == NONE
    assert (after_meeting(none) == REFERRAL).all()
    given = talking(blind, pair, count=200, problem=MISSING_LINES)
    assert CONTRACT[after_meeting(given)].sum() > 50
    seen = talking(eager, pair, count=200)
    assert worth_of(seen).problem[0] != NONE
    assert CONTRACT[after_meeting(seen)].sum() > 50


def test_strangers_run_a_center_together_only_to_build_what_neither_has() -> None:
    eager = {"partnership.value.threshold": -50_000.0, "partnership.value.scale": 1000.0}
    other = talking(eager, count=300)
    assert worth_of(other).problem[0] == MISSING_LINES
    assert (after_meeting(other) != CO_MANAGEMENT).all()
    # The pair keeps the problem it is given where nothing else is seen.
    never = {**eager, "partnership.value.problem": 100_000.0}
    neither = talking(never, count=300, problem=NEITHER_HAS)
    assert (after_meeting(neither) == CO_MANAGEMENT).any()


def test_a_meeting_that_leads_nowhere_is_not_told() -> None:
    model = talking({**SURE, "partnership.value.threshold": 50_000.0}, count=5)
    talk(model, Books(model))
    ties = model.ties
    assert (ties.stage == DISSOLVED).all() and (ties.ended == 1).all()
    assert not model.recording.events


# -- common ground ----------------------------------------------------------------------------------------------------


def next_stage(behaviour: dict[str, Any], trust: float, pair: tuple[str, str], form: int = AFFILIATION) -> str:
    model = talking({**SURE, **behaviour}, pair, stage="shared_problem", trust=trust, form=form, problem=MISSING_LINES)
    talk(model, Books(model))
    return TIE_STAGES[model.ties.stage[0]]


def test_due_diligence_waits_for_the_trust_that_the_form_needs() -> None:
    model = talking()
    needed = float(bars(model, worth_of(model).divert)[0, AFFILIATION])
    assert next_stage({}, needed - 0.001, PAIR) == "shared_problem"
    assert next_stage({}, needed + 0.001, PAIR) == "due_diligence"
    # It is the side that trusts less which counts.
    for side in ("trust_ab", "trust_ba"):
        one = talking(SURE, stage="shared_problem", form=AFFILIATION)
        getattr(one.ties, side)[0] = needed - 0.1
        talk(one, Books(one))
        assert one.ties.stage[0] == STAGE["shared_problem"]


def test_rivals_need_more_trust() -> None:
    rivals = ("center", "city_practice")
    model = talking(pair=rivals)
    divert = float(worth_of(model).divert[0])
    usual = float(model.law["partnership.needs_trust"]["clinical_affiliation"])
    between = usual + 0.5 * leaf(model, "value.rival_bar") * divert
    assert between > usual + 0.02
    assert next_stage({}, between, rivals) == "shared_problem"
    assert next_stage({"partnership.value.rival_bar": 0.0}, between, rivals) == "due_diligence"
    assert next_stage({}, usual + leaf(model, "value.rival_bar") * divert + 0.001, rivals) == "due_diligence"


@pytest.mark.parametrize("patience", [1, 4, 9])
def test_partners_who_never_trust_each_other_enough_give_up_when_their_patience_ends(patience: int) -> None:
    model = talking({**SURE, "partnership.meet.patience": patience}, stage="shared_problem", trust=0.2, form=AFFILIATION)
    quarters = 0
    while model.ties.stage[0] != DISSOLVED:
        assert model.ties.stage[0] == STAGE["shared_problem"] and quarters <= patience
        partnership(model)
        model.t, quarters = model.t + 1, quarters + 1
    assert quarters == patience
    assert model.counts["talks_end"] == 1 and model.counts["tie_formed"] == 0


def test_who_trusts_enough_for_a_looser_form_settles_for_it_once_and_signs_that() -> None:
    """The affiliation needs more trust than the two have; a referral tie does not."""
    eager = {**SURE, "partnership.value.threshold": 0.0, "partnership.meet.patience": 2}
    model = talking(eager, stage="shared_problem", trust=0.52, form=AFFILIATION)
    needed = bars(model, worth_of(model).divert)[0]
    assert needed[REFERRAL] < 0.52 < needed[AFFILIATION]
    forms = []
    for model.t in range(1, 12):
        partnership(model)
        forms.append(int(model.ties.form[0]))
    looser = forms[-1]
    assert forms == [AFFILIATION] + [looser] * 10
    assert RUNG[looser] < RUNG[AFFILIATION] and needed[looser] <= 0.52
    assert model.ties.stage[0] >= STAGE["ramp_up"]
    assert model.counts["tie_formed"] == 1 and model.counts["talks_end"] == 0
    # A second time there is nothing to settle for: they give up.
    again = talking(eager, stage="shared_problem", trust=0.52, form=AFFILIATION, settles_for_less=True)
    for again.t in range(1, 3):
        partnership(again)
    assert again.ties.stage[0] == DISSOLVED


def test_what_due_diligence_turns_down_gives_way_to_a_looser_form_worth_having() -> None:
    """A joint venture that has lost its worth at the end of due diligence; something looser is still worth signing."""
    model = talking({**SURE, "partnership.setup_cost": {"joint_venture": 5e7}}, stage="due_diligence", form=JOINT_VENTURE)
    score = score_of(model)
    assert score[JOINT_VENTURE] < 0 < score[AFFILIATION]
    talk(model, Books(model))
    assert model.ties.settles_for_less[0] and model.ties.stage[0] == STAGE["shared_problem"]
    assert RUNG[model.ties.form[0]] < RUNG[JOINT_VENTURE] and score[model.ties.form[0]] > 0
    nothing = {**SURE, "partnership.value.threshold": 1e5}
    none = talking(nothing, stage="due_diligence", form=JOINT_VENTURE)
    talk(none, Books(none))
    assert none.ties.stage[0] == DISSOLVED and none.counts["talks_end"] == 1


def test_talks_end_when_the_form_is_no_longer_open() -> None:
    assert next_stage({}, 0.95, PAIR, SERVICES_AGREEMENT) == "dissolved"
    assert next_stage({}, 0.95, PAIR, BUNDLE) == "dissolved"


@pytest.mark.parametrize("stage", ["prospect", "shared_problem", "due_diligence"])
@pytest.mark.parametrize("change", ["closed", "bought", "one owner"])
def test_talks_end_when_one_is_bought_or_closes(stage: str, change: str) -> None:
    model = talking(SURE, stage=stage, form=AFFILIATION, diligence=9)
    other = talking(SURE, stage=stage, form=AFFILIATION, diligence=9)
    center, town, south = rows_of(model, *PAIR, "south")
    model.orgs.status[town] = 3 if change == "closed" else 1
    if change != "closed":
        model.orgs.owner[town] = south if change == "bought" else center
    for one in (model, other):
        talk(one, Books(one))
    assert model.ties.stage[0] == DISSOLVED and model.ties.ended[0] == 1
    assert other.ties.stage[0] != DISSOLVED


# -- due diligence ----------------------------------------------------------------------------------------------------


def study(behaviour: dict[str, Any] | None = None, count: int = 1, **columns: Any) -> OncologyMarket:
    given = {"form": AFFILIATION, "diligence": 2, "ramp": 6, "stage_age": 2, "problem": MISSING_LINES, **columns}
    return talking(behaviour, count=count, stage="due_diligence", **given)


def test_due_diligence_weighs_the_tie_again_and_signs_by_the_logit() -> None:
    for trust in (0.55, 0.62):
        model = study(
            {"partnership.needs_trust": dict.fromkeys(TIE_FORMS, 0.5), "partnership.value.brand": 300}, 3000, trust=trust,
            settles_for_less=True,
        )  # fmt: skip
        chance = 1 / (1 + math.exp(-float(score_of(model, trust)[AFFILIATION]) / leaf(model, "value.scale")))
        assert 0.02 < chance < 0.98
        talk(model, Books(model))
        signed = model.ties.stage == STAGE["ramp_up"]
        assert signed.mean() == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 3000))
        assert (model.ties.stage[~signed] == DISSOLVED).all()
        assert model.counts["tie_formed"] == signed.sum() and model.counts["talks_end"] == (~signed).sum()


def test_what_has_lost_its_worth_meanwhile_is_not_signed() -> None:
    good, bad = study(SURE), study(SURE)
    bad.ladder = replace(bad.ladder, upkeep=np.full(len(TIE_FORMS), 5e6))
    for model in (good, bad):
        talk(model, Books(model))
    assert good.ties.stage[0] == STAGE["ramp_up"] and bad.ties.stage[0] == DISSOLVED
    found = worth_of(good)
    assert good.ties.worth[0] == found.surplus[0, AFFILIATION] and good.ties.overlap[0] == found.divert[0]


def test_trust_lost_during_due_diligence_ends_the_talks() -> None:
    lost = study(SURE, trust=0.5)
    talk(lost, Books(lost))
    assert lost.ties.stage[0] == DISSOLVED and lost.counts["talks_end"] == 1


def test_nothing_is_signed_before_due_diligence_is_over() -> None:
    model = study(SURE, stage_age=1)
    talk(model, Books(model))
    assert model.ties.stage[0] == STAGE["due_diligence"]


# -- the signature ----------------------------------------------------------------------------------------------------


def test_both_sides_pay_half_of_what_setting_up_costs_and_the_ramp_goes_on_from_due_diligence() -> None:
    model = study(SURE)
    cash = model.orgs.cash.copy()
    talk(model, Books(model))
    ties = model.ties
    paid = cash - model.orgs.cash
    cost = float(model.law["partnership.setup_cost"]["clinical_affiliation"])
    center, town = rows_of(model, *PAIR)
    assert paid[center] == paid[town] == cost / 2 > 0 and paid.sum() == cost
    assert (ties.age[0], ties.stage_age[0], ties.form_before[0]) == (0, 2, -1)
    assert ties.control_share[0] == float(model.law["partnership.control_share"]["clinical_affiliation"])


def holder(model: OncologyMarket, row: int) -> str:
    return str(model.orgs.id[model.ties.a[row]])


@pytest.mark.parametrize("form", [SERVICES_AGREEMENT, JOINT_VENTURE, AFFILIATION, CO_MANAGEMENT])
def test_control_goes_to_the_system_or_center_whoever_was_named_first(form: int) -> None:
    for order in ((0, 1), (1, 0)):
        model = partners()
        names = [("center", "town_practice")[at] for at in order]
        a, b = rows_of(model, *names)
        trusts = {"center": 0.8, "town_practice": 0.6}
        row = sign_tie(model, a, b, form, (trusts[names[0]], trusts[names[1]]), STAGE["active"], "")
        ties = model.ties
        assert holder(model, row) == "center"
        assert (ties.trust_ab[row], ties.trust_ba[row]) == (0.8, 0.6)
        found = direct_holdings(model)
        center, town = rows_of(model, *PAIR)
        assert (found.holder[found.signed].tolist(), found.held[found.signed].tolist()) == ([center], [town])


@pytest.mark.parametrize("form", [REFERRAL, COVERAGE, BUNDLE])
def test_a_form_without_control_leaves_the_sides_as_they_are(form: int) -> None:
    model = partners()
    row = sign_tie(model, *rows_of(model, "town_practice", "center"), form, (0.8, 0.6), STAGE["active"], "")
    assert holder(model, row) == "town_practice" and model.ties.trust_ab[row] == 0.8


def test_in_an_affiliation_with_a_system_the_center_has_the_say_whoever_was_named_first() -> None:
    for names in (("center", "valley"), ("valley", "center")):
        model = partners()
        row = sign_tie(model, *rows_of(model, *names), AFFILIATION, (0.7, 0.7), STAGE["active"], "")
        assert holder(model, row) == "center", names


def test_in_a_hub_and_spoke_the_hub_has_the_say_whoever_was_named_first() -> None:
    for names in (("center", "small"), ("small", "center")):
        model = partners()
        row = sign_tie(model, *rows_of(model, *names), HUB, (0.7, 0.7), STAGE["active"], "")
        assert holder(model, row) == "center", names


def test_swapping_sides_twice_changes_nothing_and_once_everything_that_has_a_side() -> None:
    model = partners()
    a, b = rows_of(model, *PAIR)
    add_ties(model, a, b, 3, trust_ab=0.3, trust_ba=0.9, evidence_ab=2.0, evidence_ba=7.0)
    before = {name: values.copy() for name, values in model.ties.snapshot().items()}
    swap_sides(model, 1)
    ties = model.ties
    assert (ties.a[1], ties.b[1], ties.trust_ab[1], ties.trust_ba[1]) == (b, a, 0.9, 0.3)
    assert (ties.evidence_ab[1], ties.evidence_ba[1]) == (7.0, 2.0)
    directed = [name for name in before if name in ("a", "b") or name.endswith(("_ab", "_ba"))]
    assert sorted(directed) == ["a", "b", "evidence_ab", "evidence_ba", "trust_ab", "trust_ba"]
    swap_sides(model, 1)
    for name, values in model.ties.snapshot().items():
        np.testing.assert_array_equal(values, before[name])


def test_a_tighter_form_is_a_deeper_tie_and_keeps_its_age() -> None:
    model = partners()
    (row,) = add_ties(model, *rows_of(model, *PAIR), age=9, fading=1)
    begin_tie(model, int(row), JOINT_VENTURE, "")
    ties = model.ties
    whole, before = quarters_of(model, JOINT_VENTURE, int(ties.key[row]))
    assert TIE_STAGES[ties.stage[row]] == "deepened" and ties.form_before[row] == REFERRAL
    assert (ties.age[row], ties.fading[row]) == (9, 0)
    assert (ties.ramp[row], ties.diligence[row], ties.stage_age[row]) == (whole, before, before)
    assert model.counts["tie_deepened"] == 1 and model.counts["tie_formed"] == 0


def test_every_form_has_words() -> None:
    words = [form_words(form) for form in range(len(TIE_FORMS))]
    assert len(set(words)) == len(words) and all(one.split(" ", 1)[0] in ("a", "an") for one in words)
