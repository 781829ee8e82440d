"""Telehealth spokes: oncologists of a hub see patients of a place that has none, who are infused there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import events, row
from metrics.tiny import values_of
from oncsim.codes import NEEDS, SEGMENTS, SERVICE_LINES, SPOKE
from oncsim.model import OncologyMarket
from oncsim.parameters import Values
from oncsim.processes.finance import UnitCosts
from oncsim.processes.partner_money import hub_fees, upkeep_of_ties
from oncsim.processes.partnership import end_tie
from oncsim.processes.spoke_market import (
    can_be_hub,
    can_lend,
    far_patients,
    looks_for_hub,
    patients_in_reach,
    telehealth_works,
)
from oncsim.processes.spokes import spoke_gain, staff_spokes
from oncsim.processes.talks import begin_tie
from oncsim.state.sums import sum_by
from oncsim.ties.worth import service_lines
from towns import FORM, STAGE, bind, market, place, practice, sites_of, steps, still, system, tie

ALL = ("all", "")
TERTIARY = np.array([need == NEEDS[2] for _, need in SEGMENTS])
ZONES = [
    place("city", 150_000),
    place("valley", 25_000, 110, rural=True),
    place("hills", 12_000, 125, rural=True),
]
HUB = system("hub", "city", 9, lines=["infusion", "telehealth", "cellular_therapy"])
REGION = market(
    HUB,
    system("local", "valley", oncologists=0, beds=60),
    practice("downtown", "city", 5),
    zones=ZONES,
    ties=[tie("hub", "local", "telehealth_hub")],
)
NO_TIE = {**REGION, "ties": []}
UNPAID = [{"set": "policy.telehealth.parity", "to": 0.0}]


def spoke_of(model: OncologyMarket) -> int:
    """Return the row of the only spoke."""
    (site,) = np.flatnonzero(model.sites.hub_tie >= 0)
    return int(site)


def signed(quarters: int, stage: str = "active", **sections: Any) -> OncologyMarket:
    """Return a model after its first quarter, in which the hub and the local system have just signed."""
    model = steps(still(quarters, NO_TIE, **sections), 1)
    bind(model, "hub", "local", "telehealth_hub", stage)
    return model


def test_the_local_organisation_opens_a_spoke_at_its_seat_that_infuses() -> None:
    model = signed(2)
    before, cash = len(model.sites), float(model.orgs.cash[row(model, "local")])
    staff_spokes(model)
    assert len(model.sites) == before + 1
    site = spoke_of(model)
    assert model.sites.org[site] == row(model, "local") and model.sites.kind[site] == SPOKE
    assert model.zones.ids[model.sites.zone[site]] == "valley"
    offered = {line for line, has in zip(SERVICE_LINES, model.sites.lines[site], strict=True) if has}
    assert offered == {"infusion", "telehealth", "navigation"}
    assert model.sites.visiting_from[site] == sites_of(model, "hub")[0]
    law = model.law
    chairs = float(law["partnership.spoke.chairs"])
    assert model.sites.chairs[site] == chairs
    assert model.orgs.cash[row(model, "local")] == pytest.approx(cash - chairs * float(law["finance.chair_cost"]))
    staff_spokes(model)
    assert len(model.sites) == before + 1  # the same place every quarter


def test_an_infusion_room_without_oncologists_becomes_the_spoke() -> None:
    here = {**NO_TIE, "organizations": [dict(one) for one in NO_TIE["organizations"]]}
    room = {"id": "room", "at": "valley", "oncologists": 0, "chairs": 6, "lines": ["infusion"]}
    here["organizations"][1]["sites"] = [room]
    model = steps(still(3, here), 1)
    bind(model, "hub", "local", "telehealth_hub")
    before = len(model.sites)
    staff_spokes(model)
    assert len(model.sites) == before and str(model.sites.id[spoke_of(model)]) == "room"
    steps(model, 1)
    assert model.sites.oncologists[spoke_of(model)] > 0


def test_the_time_of_oncologists_is_conserved_over_hub_and_spoke() -> None:
    model = still(6, REGION)
    hub = sites_of(model, "hub")[0]
    for _ in range(6):
        step_and_check(model)
        sites = model.sites
        lent = float(sites.visiting_fte[spoke_of(model)])
        assert sites.oncologists.sum() == pytest.approx(len(model.physicians))
        assert sites.oncologists[spoke_of(model)] == pytest.approx(lent)
        assert sites.oncologists[hub] == pytest.approx(9 - lent)
        assert lent > 0.05


def test_the_spoke_pays_the_hub_what_its_oncologists_cost_and_the_hub_receives_it() -> None:
    model = steps(still(3, REGION), 2)
    lent = float(model.sites.visiting_fte[spoke_of(model)])
    fees = hub_fees(model)
    expected = lent * UnitCosts.of(model.law).physician
    hub, local = row(model, "hub"), row(model, "local")
    assert fees[local] == pytest.approx(expected) and fees[hub] == pytest.approx(-expected)
    assert fees.sum() == pytest.approx(0.0, abs=1e-9) and expected > 1000
    assert np.flatnonzero(fees).tolist() == sorted([hub, local])
    steps(model, 1)
    # What the books have beyond the sites is upkeep and fees, at this quarter's pay.
    expected = lent * UnitCosts.of(model.law).physician
    booked = sum_by(model.sites.org, model.sites.margin, len(model.orgs)) - model.orgs.margin - upkeep_of_ties(model)
    np.testing.assert_allclose(booked[[hub, local]], [-expected, expected])


def test_a_hub_is_not_paid_for_time_that_it_does_not_lend() -> None:
    """Visits together take at most half of a home site's time; fees are for the time that is given."""
    names = [f"local{number}" for number in range(4)]
    zones = [place("city", 150_000), *(place(f"place{n}", 150_000, 110 + 60 * n, rural=True) for n in range(4))]
    locals_ = [system(name, f"place{n}", oncologists=0, beds=60) for n, name in enumerate(names)]
    ties = [tie("hub", name, "telehealth_hub") for name in names]
    behaviour = {"partnership.spoke.most": 0.9, "partnership.spoke.captured": 1.0}
    model = steps(still(4, market(HUB, *locals_, zones=zones, ties=ties), behaviour=behaviour), 2)
    asked = model.sites.visiting_fte.copy()
    fees = hub_fees(model)
    steps(model, 1)
    given = model.sites.oncologists[np.flatnonzero(model.sites.kind == SPOKE)].sum()
    assert asked.sum() > given + 0.1  # more is asked for than the hub has to give
    assert -fees[row(model, "hub")] == pytest.approx(given * UnitCosts.of(model.law).physician, rel=0.02)


def lenders(most: float, spokes: int = 4) -> OncologyMarket:
    """Return a hub with spokes far apart that all want much of its time, lending at most a part of it."""
    names = [f"local{number}" for number in range(spokes + 1)]
    zones = [place("city", 150_000), *(place(f"place{n}", 150_000, 110 + 60 * n, rural=True) for n in range(spokes + 1))]
    locals_ = [system(name, f"place{n}", oncologists=0, beds=60) for n, name in enumerate(names)]
    ties = [tie("hub", name, "telehealth_hub") for name in names[:spokes]]
    behaviour = {"partnership.spoke.most": most, "partnership.spoke.captured": 1.0}
    hub = system("hub", "city", 40, lines=["infusion", "telehealth", "cellular_therapy"])
    buyer = system("buyer", "city", oncologists=0, beds=60)
    return steps(still(4, market(hub, buyer, *locals_, zones=zones, ties=ties), behaviour=behaviour), 2)


def lenders_at_half_pay(model: OncologyMarket) -> Values:
    """Return the law of a model with half of telehealth paid."""
    half = [{"set": "policy.telehealth.parity", "to": 0.5}]
    return steps(still(2, NO_TIE, policy=half, behaviour={"partnership.spoke.most": 0.05}), 1).law


def test_the_spokes_of_a_hub_share_what_it_can_lend() -> None:
    model = lenders(most=0.05)
    lent = model.sites.visiting_fte[model.sites.hub_tie >= 0]
    home = model.physicians.headcount(len(model.sites))[sites_of(model, "hub")[0]]
    assert len(lent) == 4 and (lent > 0).all()
    assert lent.sum() == pytest.approx(0.05 * home)


def test_a_hub_that_has_lent_all_it_can_takes_no_further_spoke_but_keeps_those_it_has() -> None:
    for most, free in ((0.05, False), (0.9, True)):
        model = lenders(most, spokes=1 if free else 4)
        hub = row(model, "hub")
        assert can_be_hub(model)[hub] == free
        others = [i for i in range(len(model.orgs)) if str(model.orgs.id[i]).startswith("local")]
        gain, _ = spoke_gain(model, np.full(len(others), hub), np.array(others))
        assert (gain[:-1] > 0).all() and (gain[-1] > 0) == free


def test_a_hub_is_full_by_what_it_has_promised_whatever_is_paid_or_ramped_up() -> None:
    for change in ("nothing", "half", "ramp", "back"):
        model = lenders(most=0.05)
        hub = row(model, "hub")
        if change == "half":
            model.law = lenders_at_half_pay(model)
        model.ties.stage[:] = STAGE[{"ramp": "ramp_up", "back": "scaled_back"}.get(change, "active")]
        model.ties.stage_age[:], model.ties.ramp[:] = 0, 9
        staff_spokes(model)
        assert not can_lend(model)[hub], change


def test_a_hub_that_was_bought_keeps_its_spokes_although_it_has_lent_all_it_can() -> None:
    model = lenders(most=0.05)
    hub, local = row(model, "hub"), row(model, "local0")
    model.orgs.owner[hub] = row(model, "buyer")
    gain, _ = spoke_gain(model, np.array([row(model, "buyer")]), np.array([local]))
    assert not can_lend(model)[row(model, "buyer")] and gain[0] > 0


def test_who_has_a_hub_looks_for_no_other() -> None:
    zones = [place("city", 150_000), place("valley", 60_000, 110, rural=True)]
    other = system("other", "city", 30, lines=["infusion", "telehealth"])
    hub = system("hub", "city", 30, lines=["infusion", "telehealth"])
    local = system("local", "valley", oncologists=0, beds=60)
    tied = [tie("hub", "local", "telehealth_hub")]
    for ties, wanted in ((tied, [True, False]), ([], [True, True])):
        model = steps(still(4, market(hub, other, local, zones=zones, ties=ties)), 2)
        two = np.array([row(model, "hub"), row(model, "other")])
        gain, _ = spoke_gain(model, two, np.full(2, row(model, "local")))
        assert (gain > 0).tolist() == wanted
        assert looks_for_hub(model)[row(model, "local")] == (not ties)
    model = steps(still(4, market(hub, other, local, zones=zones, ties=tied)), 2)
    # Partners who have gone on to a deeper form keep their spoke, and need no other hub.
    model.ties.form[0] = FORM["co_management"]
    assert not looks_for_hub(model)[row(model, "local")]


def test_hospitals_share_the_far_patients_whom_several_of_them_could_reach() -> None:
    zones = [place("city", 150_000), place("valley", 25_000, 110, rural=True), place("hills", 12_000, 125, rural=True)]
    alone = still(2, market(HUB, system("one", "valley", oncologists=0, beds=60), zones=zones, ties=[]))
    both = still(
        2,
        market(
            HUB,
            system("one", "valley", oncologists=0, beds=60),
            system("two", "hills", oncologists=0, beds=60),
            zones=zones,
            ties=[],
        ),
    )
    far = np.array([0.0, 80.0, 20.0])
    assert patients_in_reach(alone, far)[row(alone, "one")] == 100.0
    shared = patients_in_reach(both, far)
    assert shared[row(both, "one")] == shared[row(both, "two")] == 50.0
    both.orgs.status[row(both, "two")] = 3  # closed
    assert patients_in_reach(both, far)[row(both, "one")] == 100.0


def test_travel_and_untreated_patients_fall_where_a_spoke_stands() -> None:
    with_spoke, without = still(10, REGION), still(10, NO_TIE)
    untreated = np.zeros(2)
    for _ in range(10):
        steps(with_spoke, 1), steps(without, 1)
        untreated += [model.flows.untreated[1:].sum() for model in (with_spoke, without)]
    assert with_spoke.sites.starts[spoke_of(with_spoke)].sum() > 3
    assert untreated[0] < untreated[1]
    for group in (ALL, ("all", "rural=true")):
        minutes = [values_of("access.minutes_mean", model)[group] for model in (with_spoke, without)]
        assert minutes[0] < 0.95 * minutes[1]


def test_a_spoke_that_has_settled_leaves_no_more_people_waiting_than_it_treats_and_more_are_treated() -> None:
    with_spoke, without = still(16, REGION), still(16, NO_TIE)
    started, waiting = np.zeros(2), 0.0
    for quarter in range(16):
        steps(with_spoke, 1), steps(without, 1)
        if quarter >= 8:
            started += [model.flows.started[1:].sum() for model in (with_spoke, without)]
            waiting += with_spoke.flows.waiting[1:].sum()
    assert started[0] > started[1]
    assert waiting < 0.2 * started[0]


@pytest.mark.parametrize("off", ["unpaid", "not connected", "no tie"])
def test_where_telehealth_is_not_paid_or_reaches_nobody_there_is_no_spoke(off: str) -> None:
    here = NO_TIE if off == "no tie" else REGION
    behaviour = {"partnership.spoke.connected": 0.0} if off == "not connected" else {}
    model = steps(still(3, here, policy=UNPAID if off == "unpaid" else [], behaviour=behaviour), 3)
    assert not (model.sites.kind == SPOKE).any()
    assert (model.sites.visiting_fte == 0).all() and (hub_fees(model) == 0).all()
    assert model.sites.oncologists[sites_of(model, "hub")].sum() == 9
    assert (steps(still(3, REGION), 3).sites.kind == SPOKE).any()


def test_a_spoke_loses_its_oncologists_when_telehealth_is_no_longer_paid() -> None:
    ends = [{"set": "policy.telehealth.parity", "to": 0.0, "from": "2026Q4"}]
    model = steps(still(6, REGION, policy=ends), 3)
    site = spoke_of(model)
    assert model.sites.visiting_fte[site] > 0 and model.sites.starts[site].sum() > 0
    steps(model, 3)
    assert model.sites.visiting_fte[site] == 0 and model.sites.oncologists[site] == 0
    assert model.sites.starts[site].sum() == 0 and (hub_fees(model) == 0).all()


def test_when_the_tie_ends_the_oncologists_stay_at_home() -> None:
    model = still(6, REGION, {"at": "2026Q3", "do": "end_tie", "org": "hub", "with": "local"})
    steps(model, 2)
    site = spoke_of(model)
    assert model.sites.visiting_fte[site] > 0
    for _ in range(3):
        step_and_check(model)
    assert not (model.sites.hub_tie >= 0).any() and model.sites.visiting_from[site] == -1
    assert model.sites.oncologists[site] == 0 and model.sites.starts[site].sum() == 0
    assert model.sites.oncologists[sites_of(model, "hub")].sum() == 9
    assert (hub_fees(model) == 0).all()


def test_a_spoke_of_partners_who_went_on_to_a_deeper_form_ends_with_their_tie_too() -> None:
    model = steps(still(4, REGION), 2)
    site = spoke_of(model)
    begin_tie(model, 0, FORM["co_management"], "")
    steps(model, 1)
    end_tie(model, 0, "the test says so")
    steps(model, 1)
    assert model.sites.visiting_fte[site] == 0 and model.sites.oncologists[site] == 0
    assert (hub_fees(model) == 0).all()


def test_a_spoke_of_partners_in_a_deeper_form_still_depends_on_payment() -> None:
    ends = [{"set": "policy.telehealth.parity", "to": 0.0, "from": "2026Q4"}]
    model = steps(still(6, REGION, policy=ends), 2)
    begin_tie(model, 0, FORM["co_management"], "")
    steps(model, 3)
    assert model.sites.visiting_fte[spoke_of(model)] == 0


def test_rare_care_is_not_given_at_a_spoke() -> None:
    model = steps(still(5, REGION), 5)
    site = spoke_of(model)
    assert model.sites.starts[site][~TERTIARY].sum() > 1
    assert model.sites.starts[site][TERTIARY].sum() == 0
    assert model.sites.starts[:, TERTIARY].sum() > 0


def test_a_hub_lends_as_far_as_telehealth_is_paid_and_never_more_than_it_has_to_lend() -> None:
    lent = []
    for paid in (0.3, 0.6, 0.9):
        model = signed(2, policy=[{"set": "policy.telehealth.parity", "to": paid}])
        staff_spokes(model)
        lent.append(float(model.sites.visiting_fte[spoke_of(model)]))
    # Less pay also means a little fewer who travel far for telehealth now.
    np.testing.assert_allclose(lent, lent[2] * np.array([0.3, 0.6, 0.9]) / 0.9, rtol=0.05)
    least = signed(2, behaviour={"partnership.spoke.most": 0.01})
    staff_spokes(least)
    assert least.sites.visiting_fte[spoke_of(least)] == pytest.approx(0.01 * 9)
    assert lent[2] > 0.1


def test_a_hub_lends_for_those_who_come_and_for_the_part_it_plans_to_win() -> None:
    model = steps(still(4, REGION), 2)
    site = spoke_of(model)
    far = far_patients(model)[1:].sum() * float(model.law["partnership.spoke.captured"])
    asked = 4 * model.arrivals[site]
    most = float(model.law["partnership.spoke.most"]) * 9
    expected = min((far + asked) / float(model.law["care.starts_per_oncologist"]), most)
    assert model.sites.visiting_fte[site] == pytest.approx(expected) and asked > 0


def test_a_young_spoke_gets_less_and_one_scaled_back_gets_its_part() -> None:
    whole = signed(2)
    staff_spokes(whole)
    full = float(whole.sites.visiting_fte[spoke_of(whole)])
    young = signed(2, "ramp_up")
    young.ties.ramp[-1], young.ties.stage_age[-1] = 4, 1
    staff_spokes(young)
    assert young.sites.visiting_fte[spoke_of(young)] == pytest.approx(0.5 * full)
    back = signed(2, "scaled_back")
    staff_spokes(back)
    part = float(back.law["partnership.review.scaled_back"])
    assert back.sites.visiting_fte[spoke_of(back)] == pytest.approx(part * full) and part < 1


def test_who_looks_for_a_hub_and_who_could_be_one() -> None:
    model = steps(still(2, NO_TIE), 1)
    names = model.orgs.id
    assert names[looks_for_hub(model)].tolist() == ["local"]
    assert names[can_be_hub(model)].tolist() == ["hub"]  # the practice offers no telehealth
    bind(model, "hub", "local", "telehealth_hub")
    assert not looks_for_hub(model).any()
    model.ties.stage[-1] = STAGE["dissolved"]
    assert names[looks_for_hub(model)].tolist() == ["local"]
    unpaid = steps(still(2, NO_TIE, policy=UNPAID), 1)
    assert not looks_for_hub(unpaid).any()


def test_a_hub_and_spoke_is_worth_the_margin_on_its_patients_less_what_the_place_costs() -> None:
    model = steps(still(2, NO_TIE), 1)
    law, hub, local = model.law, row(model, "hub"), row(model, "local")
    both, other = np.array([hub, local, hub]), np.array([local, hub, row(model, "downtown")])
    gain, patients = spoke_gain(model, both, other)
    reached = far_patients(model)[1:].sum()  # valley and hills, not the city
    planned = reached * float(law["partnership.spoke.captured"])
    assert patients.tolist() == pytest.approx([planned, planned, 0.0])
    cost = float(law["finance.office.site_cost"]) + float(law["partnership.spoke.chairs"]) * float(law["finance.chair_cost"])
    # Infusion there, and what the local hospital has of other services for those who stay.
    need, margins = law["partnership.line.need"], law["partnership.line.margin"]
    others = [line for line, has in zip(SERVICE_LINES, service_lines(model)[local], strict=True) if has]
    stays = sum(float(need[line]) * float(margins[line]) for line in others if line != "infusion")
    margin = float(margins["infusion"]) + float(law["partnership.value.kept"]) * stays
    assert stays > 0
    expected = max(planned * margin * telehealth_works(model) - cost, 0.0)
    assert gain.tolist() == pytest.approx([expected, expected, 0.0])
    unpaid = steps(still(2, NO_TIE, policy=UNPAID), 1)
    assert [part.tolist() for part in spoke_gain(unpaid, both, other)] == [[0.0] * 3, [0.0] * 3]


def test_a_hub_and_spoke_is_worth_more_the_more_patients_it_is_planned_for() -> None:
    found = []
    for captured in (0.2, 0.6, 1.0):
        model = steps(still(2, NO_TIE, behaviour={"partnership.spoke.captured": captured}), 1)
        gain, _ = spoke_gain(model, np.array([row(model, "hub")]), np.array([row(model, "local")]))
        found.append(float(gain[0]))
    assert found[0] <= found[1] < found[2]


def test_opening_a_spoke_is_told() -> None:
    model = signed(4)
    steps(model, 2)
    told = events(model, "site_opened")
    assert len(told) == 1 and "telehealth" in told["text"].iloc[0] and told["actor"].iloc[0] == "local"


def test_who_is_far_is_counted_again_once_a_site_becomes_a_spoke_or_stops_being_one() -> None:
    model = steps(still(2, NO_TIE), 1)
    before = far_patients(model)
    assert far_patients(model) is before and before[1:].sum() > 0
    model.sites.hub_tie[:] = 0  # nobody is far from a spoke
    assert far_patients(model).sum() < before.sum()
    model.sites.hub_tie[:] = -1
    np.testing.assert_array_equal(far_patients(model), before)
    model.step()
    assert far_patients(model) is not before
