"""What a quarter of working together does to trust: how often it is good, what checks, data, returns and misfits change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oncsim.codes import ORG_KINDS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.experience import announce, breach, checks_held, experience, misfit
from oncsim.ties.conduct import ShiftedCosts
from oncsim.ties.ladder import AFFILIATION, CONTRACT, JOINT_VENTURE, REFERRAL
from oncsim.ties.trust import DISSOLVED
from ties.partners import add_ties, partners, rows_of

MANY = 20_000
LARGE_TEAMS = {"partnership.trust.team": dict.fromkeys(ORG_KINDS, 10_000)}
STEADY = {**LARGE_TEAMS, "partnership.trust.misfit": 0.0}


def tied(behaviour: dict[str, Any] | None = None, count: int = MANY, **columns: Any) -> OncologyMarket:
    """Return a model with many ties of one kind between a center and a practice, each with its own luck."""
    model = partners({**STEADY, **(behaviour or {})})
    a, b = rows_of(model, "center", "town_practice")
    add_ties(model, a, b, count, **{"trust_ab": 0.5, "trust_ba": 0.5, **columns})
    return model


def good_shares(model: OncologyMarket) -> tuple[float, float]:
    """Return the share of good quarters as a and as b live them; trust that is not lowered has been good to."""
    before = model.ties.trust_ab.copy(), model.ties.trust_ba.copy()
    experience(model)
    return float((model.ties.trust_ab > before[0]).mean()), float((model.ties.trust_ba > before[1]).mean())


def near(chance: float, count: int = MANY) -> Any:
    return pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / count) + 1e-12)


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


def test_quarters_are_good_as_often_as_they_should_be_and_each_side_has_its_own_luck() -> None:
    model = tied()
    good = leaf(model, "trust.good")
    assert good_shares(model) == (near(good), near(good))
    ab, ba = model.ties.trust_ab > 0.5, model.ties.trust_ba > 0.5
    assert (ab & ba).mean() == near(good**2)
    assert (model.ties.evidence_ab == 1).all() and (model.ties.evidence_ba == 1).all()


def test_a_good_and_a_bad_quarter_move_trust_by_their_steps() -> None:
    model = tied()
    experience(model)
    gain, ratio = leaf(model, "trust.gain"), leaf(model, "trust.loss_ratio")
    np.testing.assert_allclose(np.unique(np.round(model.ties.trust_ab, 12)), [0.5 - gain * ratio * 0.5, 0.5 + gain * 0.5])


@pytest.mark.parametrize("stage", ["prospect", "dissolved"])
def test_before_there_is_a_form_in_mind_and_after_the_end_nothing_is_lived(stage: str) -> None:
    model = tied(count=200, stage=TIE_STAGES.index(stage))
    experience(model)
    ties = model.ties
    assert (ties.trust_ab == 0.5).all() and (ties.evidence_ab == 0).all() and (ties.staff == 0.7).all()
    other = tied(count=200, stage=TIE_STAGES.index("shared_problem"))
    experience(other)
    assert (other.ties.trust_ab != 0.5).all()


# -- checks -----------------------------------------------------------------------------------------------------------


def test_without_check_ins_good_quarters_are_misread_and_trust_drifts() -> None:
    found = []
    for checks in (0.0, 2.0, 4.0, 12.0):
        model = tied({"partnership.trust.drift": 0.0}, checks=checks)
        part = min(checks / 4.0, 1.0)
        expected = leaf(model, "trust.good") * (1 - leaf(model, "trust.misread") * (1 - part))
        share = good_shares(model)[0]
        assert share == near(expected)
        found.append(share)
        drifting = tied(checks=checks, count=MANY)
        experience(drifting)
        lost = model.ties.trust_ab - drifting.ties.trust_ab
        np.testing.assert_allclose(lost, leaf(drifting, "trust.drift") * (1 - part), atol=1e-12)
    assert found[0] < found[1] < found[2] == found[3]


def test_a_relationship_team_spreads_thin_over_many_contracts() -> None:
    model = partners()
    center, town, *systems = rows_of(model, "center", "town_practice", "valley", "south", "small")
    team = model.law["partnership.trust.team"]
    assert (team["practice"], team["academic_center"]) == (16, 80)
    add_ties(model, center, town, count=4, name="few", form=AFFILIATION)
    np.testing.assert_allclose(checks_held(model), 4.0)
    add_ties(model, town, systems[0], count=4, name="more", form=JOINT_VENTURE)
    np.testing.assert_allclose(checks_held(model), 16 / 8)
    # Referral relationships, talks and what has ended need no team.
    add_ties(model, town, systems[1], count=40, name="loose", form=REFERRAL)
    add_ties(model, town, systems[1], count=9, name="talks", form=AFFILIATION, stage=TIE_STAGES.index("due_diligence"))
    add_ties(model, town, systems[1], count=9, name="over", form=AFFILIATION, stage=DISSOLVED)
    np.testing.assert_allclose(checks_held(model), [2.0] * 8 + [4.0] * 58)
    # The thinner of the two teams decides; what others do with each other does not matter.
    (row,) = add_ties(model, systems[1], systems[2], name="else", form=AFFILIATION, checks=6.0)
    assert checks_held(model)[row] == 6.0
    np.testing.assert_allclose(checks_held(model)[:8], 2.0)


def test_checks_held_add_to_no_more_than_a_team_can_hold() -> None:
    model = partners()
    rng = np.random.default_rng(3)
    orgs = np.array(rows_of(model, "center", "town_practice", "valley", "south", "small", "edge_practice"))
    for number in range(60):
        a, b = rng.choice(orgs, 2, replace=False)
        add_ties(model, a, b, name=f"n{number}", form=int(rng.integers(0, 8)), checks=float(rng.uniform(0, 12)))
    held = checks_held(model)
    ties = model.ties
    assert (held <= ties.checks + 1e-12).all() and (held >= 0).all()
    contract = CONTRACT[ties.form]
    for org in orgs:
        mine = contract & ((ties.a == org) | (ties.b == org))
        team = float(model.law["partnership.trust.team"][ORG_KINDS[model.orgs.kind[org]]])
        assert held[mine].sum() <= max(team, 0.0) + 1e-9
        if ties.checks[mine].sum() <= team:  # held back, if at all, by the other side
            assert (held[mine] <= ties.checks[mine]).all()
    assert (held[contract] < ties.checks[contract]).any() and (held[~contract] == ties.checks[~contract]).all()


# -- data, returns ----------------------------------------------------------------------------------------------------


def test_shared_data_makes_bad_quarters_rarer() -> None:
    model = tied(shared_data=True)
    bad = (1 - leaf(model, "trust.good")) * (1 - leaf(model, "trust.data"))
    assert good_shares(model)[0] == near(1 - bad)
    off = tied({"partnership.trust.data": 0.0}, shared_data=True)
    plain = tied()
    for one in (off, plain):
        experience(one)
    np.testing.assert_array_equal(off.ties.trust_ab, plain.ties.trust_ab)


def test_a_partner_that_sends_patients_back_is_trusted_more_by_who_sent_them_only() -> None:
    shares = []
    for back in (0.0, 0.5, 0.6, 0.7):
        model = tied()
        center, town = rows_of(model, "center", "town_practice")
        model.orgs.returns[center] = back
        expected = leaf(model, "trust.good") + leaf(model, "trust.returned") * (back - leaf(model, "trust.usual_return"))
        ab, ba = good_shares(model)
        # Side b, the practice, lives what the center does; the center lives what the practice does, which is as usual.
        assert ba == near(expected) and ab == near(leaf(model, "trust.good"))
        shares.append(ba)
        assert town != center
    assert shares == sorted(set(shares))


# -- misfits ----------------------------------------------------------------------------------------------------------


def test_a_misfit_that_nobody_answers_spoils_quarters_until_it_is_put_right() -> None:
    model = tied(friction=True)
    assert good_shares(model)[0] == near(leaf(model, "trust.good") - leaf(model, "trust.friction"))
    off = tied({"partnership.trust.friction": 0.0}, friction=True)
    assert good_shares(off)[0] == near(leaf(off, "trust.good"))


def test_an_answered_misfit_lowers_trust_once_and_is_followed_by_quarters_that_count_more() -> None:
    model = tied({"partnership.trust.good": 1.0}, count=3)
    ties = model.ties
    model.t = 5
    misfit(model, 0, 1.0, answered=True)
    misfit(model, 1, 1.0, answered=False)
    fallen = 0.5 * (1 - leaf(model, "trust.gain") * leaf(model, "trust.loss_ratio"))
    assert ties.trust_ab.tolist() == pytest.approx([fallen, fallen, 0.5])
    assert ties.friction.tolist() == [False, True, False]
    gain, repair = leaf(model, "trust.gain"), leaf(model, "trust.repair")
    quarters = int(leaf(model, "trust.repair_quarters"))
    ties.friction[1] = False  # for the steps only
    for later in range(1, quarters + 4):
        model.t = 5 + later
        before = ties.trust_ab.copy()
        experience(model)
        step = (ties.trust_ab - before) / (1 - before)
        counts = gain * (1 + repair) if later <= quarters else gain
        np.testing.assert_allclose(step, [counts, gain, gain])
    assert ties.trust_ab[0] > ties.trust_ab[1]


def test_misfits_come_up_in_young_contracts_as_often_as_said_and_are_answered_the_better_partners_check() -> None:
    chance, count = 1 - (1 - 0.4) ** 0.25, 2400  # no more contracts than the largest team looks after
    for checks, answered in ((4.0, 0.8), (1.0, 0.2), (0.0, 0.0)):
        model = tied({"partnership.trust.misfit": 0.4}, count, form=AFFILIATION, checks=checks, age=3)
        experience(model)
        told = model.counts["misfit"]
        assert told / count == near(chance, count)
        assert model.ties.friction.sum() / told == near(1 - answered, told)
        assert (model.ties.repair_until > 0).sum() == told - model.ties.friction.sum()


@pytest.mark.parametrize(
    "columns",
    [{"form": REFERRAL}, {"age": 12}, {"friction": True}, {"stage": TIE_STAGES.index("due_diligence")}],
    ids=["no contract", "no longer young", "one is open already", "not signed"],
)
def test_there_are_no_misfits_elsewhere(columns: dict[str, Any]) -> None:
    model = tied({"partnership.trust.misfit": 0.9}, count=500, **{"form": AFFILIATION, **columns})
    experience(model)
    assert model.counts["misfit"] == 0


def test_switched_off_there_are_no_misfits() -> None:
    model = tied({"partnership.trust.misfit": 0.0}, count=500, form=AFFILIATION)
    experience(model)
    assert model.counts["misfit"] == 0
    on = tied({"partnership.trust.misfit": 0.9}, count=500, form=AFFILIATION)
    experience(on)
    assert on.counts["misfit"] > 100


# -- breaches ---------------------------------------------------------------------------------------------------------


def test_a_breach_is_worse_the_more_severe_and_out_of_character_and_felt_by_the_side_named() -> None:
    left = []
    for severity, odd in ((0.0, False), (1.0, False), (1.0, True), (3.0, False), (100.0, True)):
        model = tied(count=3)
        breach(model, np.array([1]), severity, "ab", odd)
        assert (model.ties.trust_ba == 0.5).all() and (model.ties.trust_ab[[0, 2]] == 0.5).all()
        left.append(model.ties.trust_ab[1])
    assert left == sorted(set(left), reverse=True)
    assert left[0] == 0.5 and left[-1] == 0.0
    both = tied(count=3)
    breach(both, np.array([1]), 1.0)
    assert both.ties.trust_ab[1] == both.ties.trust_ba[1] == left[1]


def test_out_of_character_weighs_as_a_breach_of_so_many_times_the_severity() -> None:
    odd, severe = tied(count=1), tied(count=1)
    breach(odd, np.array([0]), 1.0, out_of_character=True)
    breach(severe, np.array([0]), leaf(severe, "trust.out_of_character"))
    assert odd.ties.trust_ab[0] == severe.ties.trust_ab[0] < 0.5


def test_only_who_bears_a_shifted_cost_holds_it_against_the_other() -> None:
    plain, shifted = tied(count=40), tied(count=40)
    rows = np.array([3, 8])
    victims = np.array([True, False])
    shifted.shifted = ShiftedCosts(rows, np.zeros(2, dtype=np.int64), np.ones(2), victims)
    for model in (plain, shifted):
        experience(model)
    worse = leaf(plain, "trust.gain") * leaf(plain, "trust.loss_ratio") * leaf(plain, "trust.cost_shift")
    for side, row in (("trust_ab", 3), ("trust_ba", 8)):
        before, after = getattr(plain.ties, side), getattr(shifted.ties, side)
        assert after[row] == pytest.approx(before[row] * (1 - worse))
        np.testing.assert_array_equal(np.delete(after, row), np.delete(before, row))


# -- the staff --------------------------------------------------------------------------------------------------------


def test_the_support_of_the_staff_follows_the_lower_trust() -> None:
    model = tied({"partnership.trust.gain": 0.0}, count=2, trust_ab=0.9, trust_ba=0.4, staff=0.8)
    pace = leaf(model, "staff.pace")
    expected = 0.8
    for _ in range(30):
        experience(model)
        expected += pace * (0.4 - expected)
        assert model.ties.staff[0] == pytest.approx(expected)
    assert model.ties.staff[0] == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("consistent", [True, False], ids=["as usual", "out of character"])
@pytest.mark.parametrize("early", [True, False], ids=["early", "late"])
def test_what_an_announcement_does(early: bool, consistent: bool) -> None:
    model = tied(count=2, staff=0.6)
    ties = model.ties
    announce(model, 0, early, consistent)
    shock, odd = leaf(model, "staff.shock"), leaf(model, "trust.out_of_character")
    staff = 0.6 + 0.5 * shock * 0.4 if early else 0.6 * (1 - shock * (1.0 if consistent else odd))
    severity = 0.0 if early and consistent else 1.0 if consistent else odd
    trust = 0.5 * (1 - leaf(model, "trust.gain") * leaf(model, "trust.loss_ratio") * severity)
    assert ties.staff[0] == pytest.approx(staff)
    assert ties.trust_ab[0] == ties.trust_ba[0] == pytest.approx(trust)
    assert ties.friction[0] == (not early)
    assert (ties.repair_until[0] > 0) == (early and consistent)
    # The other tie hears nothing of it.
    assert (ties.staff[1], ties.trust_ab[1], ties.friction[1]) == (0.6, 0.5, False)
    assert model.counts["change_announced"] == 1


def test_early_news_wins_less_support_than_late_news_costs_and_support_stays_a_share() -> None:
    for staff in (0.0, 0.3, 0.7, 1.0):
        moved = {}
        for early in (True, False):
            model = tied({"partnership.staff.shock": 1.0}, count=1, staff=staff)
            announce(model, 0, early, consistent=False)
            moved[early] = model.ties.staff[0] - staff
            assert 0 <= model.ties.staff[0] <= 1
        assert moved[True] >= 0 >= moved[False]
        if staff >= 0.5:
            assert moved[True] < -moved[False]


def test_news_of_no_weight_leaves_the_staff_alone() -> None:
    model = tied({"partnership.staff.shock": 0.0}, count=2, staff=0.6)
    announce(model, 0, True, True)
    announce(model, 1, False, False)
    assert (model.ties.staff == 0.6).all()
