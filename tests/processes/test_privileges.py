"""Staff privileges: who is shut out of a hospital, when, and what it does to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import events, row
from oncsim.calendar import quarterly_chance
from oncsim.model import OncologyMarket
from oncsim.processes.meeting import field_of_partners
from oncsim.processes.privileges import end_privileges, review_privileges, without_hospital, working_at
from oncsim.processes.referral import steering_utility
from oncsim.ties.foreclosures import Foreclosures
from oncsim.ties.worth import NO_HOSPITAL, Books
from towns import STAGE, bind, in_force, market, place, practice, sites_of, steps, still, system, tie, told

ZONES = [place("town", 60_000), place("village", 30_000, 25), place("country", 10_000, 60, rural=True)]
TAKEN = {"at": "2026Q1", "do": "takeover", "org": "sold", "by": "buyer"}
SOLD = 1  # row of the hospital that changes hands
EAGER: dict[str, Any] = {"health_system.foreclosure.yearly": 1.0, "health_system.foreclosure.promise": 2.0}


def county(*ties: dict[str, Any], buyers: int = 3, rival: bool = False) -> dict[str, Any]:
    """Return a town with a hospital to be sold, a practice beside it and one 25 miles off."""
    return market(
        system("buyer", "village", oncologists=buyers),
        system("sold", oncologists=0),
        practice("beside", oncologists=3),
        practice("away", "village"),
        *([system("rival", beds=150)] if rival else []),
        zones=ZONES,
        ties=ties,
    )


def taken(quarters: int, *happens: dict[str, Any], here: dict[str, Any] | None = None, **behaviour: Any) -> OncologyMarket:
    return still(quarters, here or county(), TAKEN, *happens, behaviour={**EAGER, **behaviour})


def ended(model: OncologyMarket) -> list[tuple[str, str]]:
    return list(zip(events(model, "privileges_ended")["quarter"], events(model, "privileges_ended")["other"], strict=True))


def test_only_practices_within_reach_of_the_hospital_are_shut_out_and_only_after_the_promise() -> None:
    model = steps(taken(10), 10)
    found = ended(model)
    assert [who for _, who in found] == ["beside"]  # the other works 25 miles away
    assert found[0][0] >= "2026Q3"
    assert model.foreclosures.shut_out(row(model, "beside"), row(model, "buyer"))


@pytest.mark.parametrize("promise", [0, 3, 6])
def test_the_promise_of_independence_holds_as_long_as_it_says(promise: int) -> None:
    model = steps(taken(12, **{"health_system.foreclosure.promise": float(promise)}), 12)
    found = ended(model)
    assert len(found) == 1
    since = (int(found[0][0][:4]) - 2026) * 4 + int(found[0][0][-1]) - 1
    assert promise <= since <= promise + 3
    assert ended(steps(taken(12, **{"health_system.foreclosure.promise": 12.0}), 12)) == []


def test_nobody_is_shut_out_at_chance_zero_or_without_a_takeover() -> None:
    assert ended(steps(taken(10, **{"health_system.foreclosure.yearly": 0.0}), 10)) == []
    assert ended(steps(still(10, county(), behaviour=EAGER), 10)) == []
    assert len(ended(steps(taken(10), 10))) == 1


def test_an_owner_without_oncologists_has_nobody_to_send_patients_to() -> None:
    assert ended(steps(taken(10, here=county(buyers=0)), 10)) == []
    assert len(ended(steps(taken(10), 10))) == 1


def test_farther_reach_shuts_out_more() -> None:
    model = steps(taken(12, **{"health_system.foreclosure.miles": 40.0}), 12)
    assert {who for _, who in ended(model)} == {"beside", "away"}


@pytest.mark.parametrize(
    ("form", "spared"), [("referral", False), ("inpatient_coverage", True), ("joint_venture", True), ("dissolved", False)]
)
def test_a_contract_with_the_owner_spares_a_practice_and_a_referral_tie_does_not(form: str, spared: bool) -> None:
    model = taken(10)
    steps(model, 1)
    bound = bind(model, "beside", "buyer", "inpatient_coverage" if form == "dissolved" else form)
    if form == "dissolved":
        model.ties.stage[bound] = STAGE["dissolved"]
    steps(model, 9)
    assert (ended(model) == []) == spared


def test_a_contract_that_ends_no_longer_spares() -> None:
    model = taken(10, {"at": "2027Q2", "do": "end_tie", "org": "beside"})
    steps(model, 1)
    bind(model, "beside", "buyer", "inpatient_coverage")
    steps(model, 9)
    assert ended(model) and ended(model)[0][0] >= "2027Q2"


def part_of_quarters(refused: bool, factor: float) -> float:
    """Return the part of many quarters in which the practice would be shut out."""
    behaviour = {**EAGER, "health_system.foreclosure.yearly": 0.2, "health_system.foreclosure.refused": factor}
    model = still(1, county(), behaviour=behaviour)
    if refused:
        model.failed_talks[(row(model, "buyer"), row(model, "beside"))] = (1, 0)
    found = 0
    for quarter in range(10, 610):
        model.t = quarter
        model.foreclosures = Foreclosures(taken_over=[(row(model, "buyer"), SOLD, 0)])
        review_privileges(model)
        found += len(model.foreclosures.practice)
    return found / 600


def test_who_refused_to_be_bought_is_shut_out_sooner_by_the_factor() -> None:
    usual = part_of_quarters(False, 3.0)
    assert usual == pytest.approx(quarterly_chance(0.2), abs=0.02)
    assert part_of_quarters(True, 3.0) == pytest.approx(quarterly_chance(0.6), abs=0.04)
    assert part_of_quarters(True, 1.0) == usual
    assert part_of_quarters(True, 0.0) == 0.0


def test_practices_that_belong_to_somebody_are_not_shut_out() -> None:
    bought = {"at": "2026Q1", "do": "takeover", "org": "beside", "by": "away"}
    model = steps(taken(10, bought), 10)
    assert row(model, "beside") not in working_at(model, SOLD)
    assert ended(model) == []


def test_the_owners_referrers_stop_sending_patients_and_others_go_on() -> None:
    model = still(4, county(rival=True), behaviour={"health_system.foreclosure.referrals": 0.9})
    plain = steering_utility(model)
    end_privileges(model, row(model, "beside"), row(model, "sold"), "the test says so")
    after = steering_utility(model)
    mine = model.sites.org[model.pairs.site] == row(model, "beside")
    in_town = mine & (model.pairs.zone == 0)
    assert (after[in_town] < plain[in_town] - 0.05).all()
    np.testing.assert_array_equal(after[~mine], plain[~mine])
    harsher = still(4, county(rival=True), behaviour={"health_system.foreclosure.referrals": 1.0})
    end_privileges(harsher, row(harsher, "beside"), row(harsher, "sold"), "the test says so")
    assert (steering_utility(harsher)[in_town] < after[in_town]).all()
    without = still(4, county(rival=True), behaviour={"health_system.foreclosure.referrals": 0.0})
    end_privileges(without, row(without, "beside"), row(without, "sold"), "the test says so")
    np.testing.assert_allclose(steering_utility(without), plain, atol=1e-12)


def test_a_practice_that_is_shut_out_loses_patients() -> None:
    out, spared = steps(taken(8), 8), steps(taken(8, **{"health_system.foreclosure.yearly": 0.0}), 8)
    assert ended(out)
    beside = [model.arrivals[sites_of(model, "beside")].sum() for model in (out, spared)]
    assert beside[0] < beside[1] * 0.98


def test_trust_of_the_practice_collapses_and_its_ties_with_the_owner_end() -> None:
    here = county(tie("beside", "sold"), tie("beside", "away"), rival=True)
    model = still(2, here, behaviour={"partnership.trust.gain": 0.05})
    mine, theirs = ("ab", "ba") if model.ties.a[0] == row(model, "beside") else ("ba", "ab")
    end_privileges(model, row(model, "beside"), row(model, "sold"), "the test says so")
    ties = model.ties
    assert getattr(ties, f"trust_{mine}")[0] < 0.3
    assert getattr(ties, f"trust_{theirs}")[0] == 0.8
    assert len(in_force(model, "beside", "sold")) == 0
    assert len(in_force(model, "beside", "away")) == 1 and ties.trust_ab[1] == ties.trust_ba[1] == 0.8
    assert told(model) == ["privileges_ended", "tie_dissolved"]


def test_privileges_end_once() -> None:
    model = still(2, county())
    for _ in range(3):
        end_privileges(model, row(model, "beside"), row(model, "sold"), "the test says so")
    assert told(model) == ["privileges_ended"] and len(model.foreclosures.practice) == 1


def test_shut_out_a_practice_looks_for_another_hospital_until_it_has_one() -> None:
    model = still(4, county(rival=True), behaviour={"partnership.meet.yearly": 0.05})
    steps(model, 1)
    beside, rival = row(model, "beside"), row(model, "rival")
    seeking = model.foreclosures.seeking(model)
    assert not seeking.any()

    def between() -> tuple[float, int]:
        model.partner_field = None
        field = field_of_partners(model, Books(model))
        pair = ((field.near.a == beside) & (field.near.b == rival)) | ((field.near.a == rival) & (field.near.b == beside))
        return float(field.rate[pair][0]), int(field.problem[pair][0])

    before, problem = between()
    assert problem != NO_HOSPITAL
    end_privileges(model, beside, row(model, "sold"), "the test says so")
    assert np.flatnonzero(model.foreclosures.seeking(model)).tolist() == [beside]
    after, problem = between()
    assert problem == NO_HOSPITAL and after > before
    bind(model, "beside", "away", "referral")  # a partner without a hospital is no help
    assert model.foreclosures.seeking(model)[beside]
    bind(model, "beside", "rival", "referral")
    assert not model.foreclosures.seeking(model).any()


def test_quarters_without_a_hospital_are_counted_until_another_takes_it_in() -> None:
    model = still(6, county(rival=True))
    steps(model, 1)
    end_privileges(model, row(model, "beside"), row(model, "sold"), "the test says so")
    found = []
    for _ in range(4):
        steps(model, 1)
        found.append(int(without_hospital(model)[row(model, "beside")]))
    assert found == [1, 2, 3, 4]
    bind(model, "beside", "rival", "referral")
    assert without_hospital(model).sum() == 0


def test_who_was_shut_out_by_two_owners_that_merged_loses_their_referrers_once() -> None:
    behaviour = {"choice.employed_referrers": 1.0}
    once, twice = (still(3, county(rival=True), behaviour=behaviour) for _ in range(2))
    for model in (once, twice):
        beside = row(model, "beside")
        end_privileges(model, beside, row(model, "sold"), "the test says so")
        if model is twice:
            end_privileges(model, beside, row(model, "rival"), "the test says so")
        for org in ("sold", "rival"):  # both come to belong to the buyer
            model.orgs.owner[row(model, org)], model.orgs.status[row(model, org)] = row(model, "buyer"), 2
            model.hospitals.org[model.hospitals.org == row(model, org)] = row(model, "buyer")
        model.forget_referrers()
    assert np.isfinite(steering_utility(once)).all()
    np.testing.assert_allclose(steering_utility(twice), steering_utility(once))
