"""Reviews: worth found anew, ties scaled back and restored, deepened a step at a time, frictions put right."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oncsim.codes import ORG_KINDS, TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.partnership import partnership
from oncsim.processes.talks import quarters_of
from oncsim.processes.tie_reviews import review
from oncsim.processes.tie_worth import tie_worth
from oncsim.ties.distance import miles_between
from oncsim.ties.ladder import (
    AFFILIATION,
    BUNDLE,
    CO_MANAGEMENT,
    COVERAGE,
    HUB,
    JOINT_VENTURE,
    REFERRAL,
    RUNG,
)
from oncsim.ties.worth import MISSING_LINES, NONE, Books, Worth, bars, brings
from ties.partners import add_ties, partners, rows_of

STAGE = {name: number for number, name in enumerate(TIE_STAGES)}
# Every quarter a review, and the trust that was put in stays.
WATCHED = {
    "partnership.review.yearly": 4.0,
    "partnership.review.deepen": 0.0,
    "partnership.trust.gain": 0.0,
    "partnership.trust.misfit": 0.0,
    "partnership.trust.reputation_weight": 0.0,
    "partnership.dissolve.yearly": 0.0,
}
DEEPENING = {"partnership.review.deepen": 1.0, "partnership.review.settled": 4}
PAIR = ("center", "town_practice")


def tied(
    behaviour: dict[str, Any] | None = None,
    count: int = 1,
    pair: tuple[str, str] = PAIR,
    trust: float = 0.9,
    **columns: Any,
) -> OncologyMarket:
    model = partners({**WATCHED, **(behaviour or {})})
    given = {"form": AFFILIATION, "age": 20, "stage_age": 20, "trust_ab": trust, "trust_ba": trust, **columns}
    add_ties(model, *rows_of(model, *pair), count, **given)
    return model


def set_worth(model: OncologyMarket, dollars: float, *forms: int) -> None:
    """Make forms (all of them where none is named) bring or cost so much a year beside what they are worth."""
    upkeep = model.ladder.upkeep.copy()
    upkeep[list(forms) or slice(None)] = -dollars
    model.ladder = replace(model.ladder, upkeep=upkeep)


def quarter(model: OncologyMarket) -> str:
    """Let a quarter pass with its review; return the stage of the first tie."""
    model.t += 1
    model.ties.stage_age += 1
    review(model, Books(model))
    return TIE_STAGES[model.ties.stage[0]]


def worth_of(model: OncologyMarket, row: int = 0) -> Worth:
    a, b = model.ties.a[row : row + 1], model.ties.b[row : row + 1]
    return tie_worth(model, a, b, miles_between(model, a, b), brings(model))


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


# -- worth found anew -------------------------------------------------------------------------------------------------


def test_a_review_finds_the_worth_of_today_and_overlap_beside_that_of_the_signature() -> None:
    model = tied(worth=123.0, overlap=0.4)
    quarter(model)
    ties, found = model.ties, worth_of(model)
    assert ties.worth[0] == found.surplus[0, AFFILIATION] != 123.0
    assert (ties.overlap[0], ties.overlap_now[0]) == (0.4, found.divert[0])
    assert ties.problem[0] == found.problem[0] == MISSING_LINES
    # The first review of a tie that was there at the start says how things were at the beginning.
    first = tied()
    assert np.isnan(first.ties.worth[0])
    quarter(first)
    assert first.ties.overlap[0] == first.ties.overlap_now[0] == found.divert[0]


@pytest.mark.parametrize("yearly", [0.0, 1.0, 2.0, 4.0])
def test_ties_are_reviewed_as_often_as_said_and_new_to_the_books_at_once(yearly: float) -> None:
    model = tied({"partnership.review.yearly": yearly}, count=4000, worth=1e6)
    model.ties.worth[:5] = np.nan
    quarter(model)
    seen = model.ties.worth != 1e6
    assert seen[:5].all()
    chance = yearly / 4
    assert seen[5:].mean() == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 3995))


def test_only_ties_in_force_are_reviewed() -> None:
    for stage, number in STAGE.items():
        model = tied(stage=number, worth=1e6)
        quarter(model)
        assert (model.ties.worth[0] != 1e6) == (stage in ("ramp_up", "active", "deepened", "scaled_back")), stage


def test_a_tie_that_its_form_no_longer_fits_is_worth_less_than_nothing() -> None:
    model = tied(form=BUNDLE, worth=1e6)
    assert not np.isfinite(worth_of(model).surplus[0, BUNDLE])
    quarter(model)
    assert model.ties.worth[0] == -leaf(model, "value.threshold") < 0


# -- scaled back and restored -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patience", "trust", "quarters"), [(1, 0.2, 2), (1, 0.9, 2), (2, 0.2, 3), (2, 0.9, 4), (5, 0.9, 10)]
)
def test_what_has_lost_its_worth_is_scaled_back_the_later_the_more_they_trust_each_other(
    patience: int, trust: float, quarters: int
) -> None:
    """The first whole number of reviews above patience (1 + trust)."""
    model = tied({"partnership.review.patience": patience}, trust=trust)
    set_worth(model, -1e8)
    assert quarters == math.floor(patience * (1 + trust)) + 1
    # After as long again it is given up.
    given_up = math.floor(2 * patience * (1 + trust)) + 1
    stages = [quarter(model) for _ in range(given_up)]
    assert stages == ["active"] * (quarters - 1) + ["scaled_back"] * (given_up - quarters) + ["dissolved"]
    assert model.counts["tie_scaled_back"] == model.counts["tie_dissolved"] == 1
    assert "never regained its worth" in model.recording.events[-1][-1]


def test_it_is_restored_when_worth_returns_and_patience_starts_again() -> None:
    model = tied()
    set_worth(model, -1e8)
    while quarter(model) != "scaled_back":
        pass
    set_worth(model, 1e8)
    assert quarter(model) == "active"
    assert model.ties.stage_age[0] == 0 and model.ties.fading[0] == 0
    assert model.counts["tie_restored"] == 1
    set_worth(model, -1e8)
    assert [quarter(model) for _ in range(2)] == ["active", "scaled_back"]


def test_worth_that_returns_in_time_keeps_a_tie_as_it_is() -> None:
    model = tied({"partnership.review.patience": 3}, trust=0.5)
    for dollars in (-1e8, -1e8, 1e8) * 4:
        set_worth(model, dollars)
        assert quarter(model) == "active"
    assert model.counts["tie_scaled_back"] == 0


def test_a_tie_with_worth_is_never_scaled_back() -> None:
    model = tied()
    assert worth_of(model).surplus[0, AFFILIATION] > 0
    assert {quarter(model) for _ in range(12)} == {"active"}


def test_talks_about_a_deeper_form_end_when_a_tie_is_scaled_back() -> None:
    model = tied(successor=JOINT_VENTURE, successor_at=99)
    set_worth(model, -1e8)
    while quarter(model) != "scaled_back":
        assert model.ties.successor[0] == JOINT_VENTURE
    assert model.ties.successor[0] == -1


# -- deepened ---------------------------------------------------------------------------------------------------------


def looks_at(behaviour: dict[str, Any] | None = None, **columns: Any) -> int:
    """Return the deeper form that the partners of a referral tie start to talk about where ventures pay most, -1 none."""
    model = tied({**DEEPENING, **(behaviour or {})}, **{"form": REFERRAL, **columns})
    set_worth(model, 1e8, JOINT_VENTURE, CO_MANAGEMENT)
    set_worth(model, 1e6, AFFILIATION)
    quarter(model)
    return int(model.ties.successor[0])


def test_partners_deepen_one_step_at_a_time_whatever_the_top_would_be_worth() -> None:
    model = tied(DEEPENING, form=REFERRAL)
    # A venture would pay most, then co-management; an affiliation little more than referrals.
    set_worth(model, 1e8, JOINT_VENTURE)
    set_worth(model, 5e7, CO_MANAGEMENT)
    forms = [REFERRAL]
    for _ in range(80):
        quarter(model)
        ties = model.ties
        if ties.form[0] != forms[-1]:
            forms.append(int(ties.form[0]))
    assert forms == [REFERRAL, AFFILIATION, CO_MANAGEMENT, JOINT_VENTURE]
    assert (np.diff(RUNG[forms]) > 0).all()


def test_the_best_of_the_nearest_steps_is_chosen() -> None:
    for better, worse in ((COVERAGE, AFFILIATION), (AFFILIATION, COVERAGE)):
        model = tied(DEEPENING, form=REFERRAL)
        set_worth(model, 4e6, better)
        set_worth(model, 3e6, worse)
        quarter(model)
        assert model.ties.successor[0] == better
        assert abs(int(RUNG[better]) - int(RUNG[worse])) <= 1


def test_nobody_deepens_without_enough_trust() -> None:
    model = tied({**DEEPENING, "partnership.review.deepen": 1.0}, form=REFERRAL)
    needed = bars(model, worth_of(model).divert)[0]
    least = min(needed[COVERAGE], needed[AFFILIATION])
    assert looks_at(trust=least - 0.001) == -1
    assert looks_at(trust=max(needed[AFFILIATION], needed[COVERAGE]) + 0.001) in (COVERAGE, AFFILIATION)
    # The side that trusts less decides.
    assert looks_at(trust_ab=least - 0.001) == looks_at(trust_ba=least - 0.001) == -1


@pytest.mark.parametrize(
    ("behaviour", "columns"),
    [
        ({"partnership.review.deepen": 0.0}, {}),
        ({"partnership.review.settled": 30}, {}),
        ({}, {"stage_age": 2}),
        ({}, {"stage": STAGE["ramp_up"], "ramp": 40}),
        ({}, {"stage": STAGE["scaled_back"]}),
        ({"partnership.trust.answered": 0.0}, {"friction": True}),
        ({"partnership.value.problem": 100_000.0}, {}),
    ],
    ids=["switched off", "not settled", "new", "ramping up", "scaled back", "a friction stands", "no problem"],
)
def test_who_does_not_deepen(behaviour: dict[str, Any], columns: dict[str, Any]) -> None:
    if columns.get("stage") == STAGE["scaled_back"]:
        behaviour = {**behaviour, "partnership.value.threshold": 0.0}
    assert looks_at() >= 0
    assert looks_at(behaviour, **columns) == -1


def test_a_step_that_is_not_worth_more_is_not_taken() -> None:
    model = tied(DEEPENING, form=REFERRAL)
    set_worth(model, 1e6, REFERRAL)
    quarter(model)
    assert model.ties.successor[0] == -1


def test_forms_that_the_two_have_already_are_not_signed_twice() -> None:
    model = tied(DEEPENING, form=REFERRAL)
    add_ties(model, *rows_of(model, *PAIR), name="second", form=AFFILIATION, stage_age=0, trust_ab=0.9, trust_ba=0.9)
    set_worth(model, 1e8, AFFILIATION)
    set_worth(model, 5e7, COVERAGE)
    quarter(model)
    assert model.ties.successor[0] == COVERAGE
    model.ties.stage[1] = STAGE["dissolved"]
    model.ties.successor[:] = -1
    quarter(model)
    assert model.ties.successor[0] == AFFILIATION


def test_the_deeper_form_is_signed_at_the_end_of_its_due_diligence_where_trust_still_allows_it() -> None:
    def run(trust_then: float) -> tuple[OncologyMarket, int]:
        model = tied(DEEPENING, form=REFERRAL)
        set_worth(model, 1e8, AFFILIATION)
        quarter(model)
        assert model.ties.successor[0] == AFFILIATION
        _, before = quarters_of(model, AFFILIATION, int(model.ties.key[0]))
        assert model.ties.successor_at[0] == model.t + max(before, 1)
        model.ties.trust_ba[0] = trust_then
        while model.t < model.ties.successor_at[0] - 1:
            quarter(model)
            assert model.ties.form[0] == REFERRAL
        cash = model.orgs.cash.copy()
        quarter(model)
        center, town = rows_of(model, *PAIR)
        return model, round(float((cash - model.orgs.cash)[[center, town]].sum()))

    signed, paid = run(0.9)
    ties = signed.ties
    assert (TIE_FORMS[ties.form[0]], TIE_STAGES[ties.stage[0]]) == ("clinical_affiliation", "deepened")
    assert (ties.form_before[0], ties.age[0]) == (REFERRAL, 20)
    assert paid == float(signed.law["partnership.setup_cost"]["clinical_affiliation"])
    assert ties.worth[0] == worth_of(signed).surplus[0, AFFILIATION]
    assert signed.counts["tie_deepened"] == 1
    refused, nothing = run(0.3)
    assert refused.ties.form[0] == REFERRAL and nothing == 0
    assert refused.ties.successor[0] == -1 and refused.counts["tie_deepened"] == 0


def test_two_ties_of_one_pair_do_not_become_the_same_form() -> None:
    model = tied(DEEPENING, count=2, form=REFERRAL)
    set_worth(model, 1e8, AFFILIATION)
    for _ in range(12):
        quarter(model)
    assert (model.ties.form == AFFILIATION).sum() == 1


def test_a_deeper_form_that_has_lost_its_worth_meanwhile_is_not_signed() -> None:
    model = tied(DEEPENING, form=REFERRAL)
    set_worth(model, 1e8, AFFILIATION)
    quarter(model)
    assert model.ties.successor[0] == AFFILIATION
    set_worth(model, -1e8, AFFILIATION)
    while model.ties.successor[0] >= 0:
        quarter(model)
    assert model.ties.form[0] == REFERRAL


def test_a_tie_still_on_its_way_to_a_deeper_form_does_not_go_deeper_yet() -> None:
    """Partners whose tie works look a step up; during the ramp it does not work fully yet."""
    model = tied(DEEPENING, form=AFFILIATION)
    set_worth(model, 1e8, CO_MANAGEMENT)
    while quarter(model) != "deepened":
        pass
    set_worth(model, 3e8, JOINT_VENTURE)
    ties = model.ties
    for _ in range(40):
        quarter(model)
        if ties.successor[0] >= 0 or ties.form[0] != CO_MANAGEMENT:
            break
        ramped = ties.stage_age[0] >= ties.ramp[0]
    else:
        raise AssertionError("they never went on")
    assert ramped, f"after {ties.stage_age[0]} of {ties.ramp[0]} quarters, {ties.diligence[0]} of them before signing"


# -- frictions --------------------------------------------------------------------------------------------------------


def test_old_frictions_are_put_right_at_reviews_the_better_partners_check() -> None:
    teams = {"partnership.trust.team": dict.fromkeys(ORG_KINDS, 10_000)}
    count = 2400
    for checks in (4.0, 2.0, 0.0):
        model = tied(teams, count=count, friction=True, checks=checks)
        quarter(model)
        ties = model.ties
        chance = 0.5 * leaf(model, "trust.answered") * min(checks / 4, 1.0)
        solved = ~ties.friction
        assert solved.mean() == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / count))
        until = model.t + int(leaf(model, "trust.repair_quarters"))
        assert (ties.repair_until[solved] == until).all() and (ties.repair_until[~solved] < 0).all()
        assert model.counts["friction_resolved"] == solved.sum()


def test_without_reviews_frictions_stand() -> None:
    model = tied({"partnership.review.yearly": 0.0}, count=300, friction=True, worth=500.0)
    for _ in range(4):
        quarter(model)
    assert model.ties.friction.all()


def test_who_has_no_problem_in_common_keeps_the_one_that_brought_them_together() -> None:
    model = tied({"partnership.value.problem": 100_000.0}, problem=MISSING_LINES)
    assert worth_of(model).problem[0] == NONE
    quarter(model)
    assert model.ties.problem[0] == MISSING_LINES


def test_a_whole_quarter_reviews_ties_in_its_turn() -> None:
    """Through the process of the quarter: a form that is not open for the pair fades, is scaled back and given up."""
    model = tied(form=HUB, pair=("south", "town_practice"))
    seen = []
    for model.t in range(1, 5):
        partnership(model)
        seen.append(TIE_STAGES[model.ties.stage[0]])
    assert seen == ["active", "scaled_back", "scaled_back", "dissolved"]
