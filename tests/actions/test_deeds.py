"""Each action does what its sentence in the catalogue says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import METRO, events, finish, row, run, start
from oncsim.actions.catalogue import ACTIONS
from oncsim.actions.deeds import DEEDS
from oncsim.codes import (
    ACADEMIC_CENTER,
    ACQUIRED,
    ACTIVE,
    HEALTH_SYSTEM,
    HOPD_OFF,
    HOSPITAL_KINDS,
    MERGED,
    NETWORK,
    OFFICE,
    PRACTICE,
    SERVICE_LINES,
    SITE_KINDS,
    TIE_FORMS,
    TIE_STAGES,
)
from oncsim.errors import InputError, RunError
from oncsim.model import OncologyMarket
from oncsim.ties.trust import DISSOLVED

# Nobody does anything of their own accord.
STILL: dict[str, Any] = {
    "practice.review.yearly": 0.0,
    "practice.close.yearly": 0.0,
    "practice.found.yearly": 0.0,
    "health_system.acquisition.attention": 0.0,
    "health_system.divest.yearly": 0.0,
    "health_system.build.yearly": 0.0,
    "health_system.rural_closure.yearly": 0.0,
    "network.purchase.yearly": 0.0,
    "network.resale.yearly": 0.0,
    "partnership.meet.yearly": 0.0,
    "partnership.dissolve.yearly": 0.0,
    "demand.retirement.early": 0.0,
    "demand.retirement.late": 0.0,
    "payer.network.break": 0.0,
    "payer.network.mend": 0.0,
    "partnership.review.yearly": 0.0,
    "partnership.trust.misfit": 0.0,
    "practice.visiting.yearly": 0.0,
    "network.found.yearly": 0.0,
    "health_system.pharmacy.yearly": 0.0,
}


def still(quarters: int, *happens: dict[str, Any], **behaviour: Any) -> OncologyMarket:
    """Return a model in which only the given events happen, all in the second quarter unless they say otherwise."""
    told = [{"at": "2026Q2", **one} for one in happens]
    return start(quarters, METRO, behaviour={**STILL, **behaviour}, events=told, economy={"demand.supply_growth": 0.0})


def steps(model: OncologyMarket, count: int) -> OncologyMarket:
    for _ in range(count):
        step_and_check(model)
    return model


def of_kind(model: OncologyMarket, kind: int) -> np.ndarray:
    return np.flatnonzero(model.orgs.kind == kind)


def test_every_action_has_a_deed_and_every_deed_an_action() -> None:
    assert set(ACTIONS) == set(DEEDS)


def test_nothing_happens_on_its_own_in_the_still_market() -> None:
    model = steps(still(6), 6)
    assert set(events(model)["event"]) <= {"price_step", "site_rule"}


def test_takeover_of_a_practice() -> None:
    model = still(6, {"do": "takeover", "org": "largest_practice", "by": "largest_system", "price": 2e6})
    steps(model, 1)
    cash = model.orgs.cash.copy()
    practices = of_kind(model, PRACTICE)
    expected = int(practices[np.lexsort((model.orgs.key[practices], -model.orgs.oncologists[practices]))[0]])
    steps(model, 1)
    (told,) = events(model, "acquisition").to_dict("records")
    practice, buyer = row(model, told["other"]), row(model, told["actor"])
    assert practice == expected and model.orgs.kind[buyer] == HEALTH_SYSTEM
    assert model.orgs.status[practice] == ACQUIRED and model.orgs.owner[practice] == buyer
    assert told["quarter"] == "2026Q2" and told["amount"] == 2e6
    assert model.ledger == [(1, buyer, practice, 2e6)]
    assert model.orgs.cash[buyer] < cash[buyer] + model.orgs.margin[buyer] - 1.9e6
    assert not events(model, "deal_blocked").size
    steps(model, 4)
    mine = model.sites.origin == practice
    assert np.isin(model.sites.kind[mine & model.sites.open], HOSPITAL_KINDS).all()
    assert (model.sites.org[mine & model.sites.open] == buyer).all()


def test_takeover_of_a_system_brings_its_hospitals_sites_and_practices() -> None:
    model = still(
        5,
        {"at": "2026Q1", "do": "takeover", "org": "largest_practice", "by": "largest_system"},
        {"at": "2026Q4", "do": "takeover", "org": "largest_system", "by": "largest_academic_center"},
    )
    steps(model, 3)
    (first,) = events(model, "acquisition").to_dict("records")
    practice, system = row(model, first["other"]), row(model, first["actor"])
    hospitals = model.hospitals.org == system
    steps(model, 2)
    center = int(of_kind(model, ACADEMIC_CENTER)[0])
    assert model.orgs.status[system] == MERGED and model.orgs.owner[system] == center
    assert (model.hospitals.org[hospitals] == center).all() and hospitals.any()
    assert not (model.sites.org == system).any()
    assert model.orgs.owner[practice] == center and model.orgs.status[practice] == ACQUIRED
    assert len(events(model, "merger")) == 1


def test_takeovers_never_go_round_in_a_circle() -> None:
    model = still(
        4,
        {"at": "2026Q1", "do": "takeover", "org": "S1", "by": "S2"},
        {"at": "2026Q2", "do": "takeover", "org": "S2", "by": "S1"},
        {"at": "2026Q2", "do": "takeover", "org": "S1", "by": "S2"},
        {"at": "2026Q3", "do": "takeover", "org": "S2", "by": "S2"},
    )
    steps(model, 4)
    assert model.orgs.owner[row(model, "S1")] == row(model, "S2")
    assert model.orgs.status[row(model, "S2")] == ACTIVE


def test_a_practice_that_takes_over_another_makes_no_hospital_of_it() -> None:
    model = still(6, {"do": "takeover", "org": "P01", "by": "P02"})
    steps(model, 6)
    assert model.orgs.owner[row(model, "P01")] == row(model, "P02")
    assert (model.sites.kind[model.sites.origin == row(model, "P01")] == OFFICE).all()


def test_a_practice_cannot_take_over_hospitals() -> None:
    model = still(3, {"do": "takeover", "org": "S1", "by": "P01"})
    with pytest.raises(RunError, match="hospitals"):
        finish(model)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_new_department_waits_for_its_340b_registration(allowed: bool) -> None:
    policy = [
        {"set": "policy.p340b.registration_lag", "to": 3},
        {"set": "policy.p340b.new_child_sites", "to": allowed},
    ]
    at_start = start(1, METRO)
    owner = str(at_start.orgs.id[at_start.hospitals.org[np.flatnonzero(at_start.hospitals.participates)[0]]])
    taken = {"at": "2026Q1", "do": "takeover", "org": "P01", "by": owner}
    model = start(8, METRO, behaviour=STILL, events=[taken], policy=policy)
    practice = row(model, "P01")
    since, eligible = None, []
    for _ in range(8):
        steps(model, 1)
        mine = model.sites.origin == practice
        if since is None and np.isin(model.sites.kind[mine], HOSPITAL_KINDS).all():
            since = model.t
        eligible.append(bool(model.sites.eligible_340b[mine].any()))
    assert since is not None
    hospital = model.sites.hospital[mine]
    registers = allowed and bool(model.hospitals.participates[hospital].any())
    assert registers == allowed
    assert eligible == [registers and t >= since + 3 for t in range(8)]


@pytest.mark.parametrize("chosen", [{"org": "P01"}, {"kind": "practice"}])
def test_release_makes_a_practice_independent_again(chosen: dict[str, str]) -> None:
    model = still(
        8,
        {"at": "2026Q1", "do": "takeover", "org": "P01", "by": "largest_system"},
        {"at": "2027Q1", "do": "release", **chosen},
    )
    steps(model, 4)
    practice = row(model, "P01")
    assert np.isin(model.sites.kind[model.sites.origin == practice], HOSPITAL_KINDS).all()
    steps(model, 1)
    mine = model.sites.origin == practice
    assert model.orgs.status[practice] == ACTIVE and model.orgs.owner[practice] == -1
    assert (model.sites.org[mine] == practice).all() and (model.sites.kind[mine] == OFFICE).all()
    assert len(events(model, "divestiture")) == 1
    steps(model, 2)
    assert not model.sites.eligible_340b[mine].any()
    assert model.money.paid[mine][:, :, 1].sum() == 0  # no facility fee any more


def test_open_site_with_its_people_and_lines_and_patients_come() -> None:
    where = {"place": "Z03", "kind": "office", "chairs": 30, "oncologists": 4, "add": "pharmacy"}
    model = still(6, {"do": "open_site", "org": "P01", **where})
    steps(model, 1)
    people, sites = len(model.physicians), len(model.sites)
    steps(model, 1)
    site = sites
    assert len(model.sites) == sites + 1 and len(model.physicians) == people + 4
    assert model.sites.org[site] == row(model, "P01") and model.sites.kind[site] == OFFICE
    assert model.zones.ids[model.sites.zone[site]] == "Z03"
    assert model.sites.chairs[site] == 30
    offered = {line for line, has in zip(SERVICE_LINES, model.sites.lines[site], strict=True) if has}
    assert offered == {"infusion", "pharmacy"}
    assert len(events(model, "site_opened")) == 1
    steps(model, 3)
    assert model.sites.starts[site].sum() > 5


def test_open_site_by_default_is_at_the_seat_and_fits_the_owner() -> None:
    model = still(3, {"do": "open_site", "org": "S1"}, {"do": "open_site", "org": "P01"}, {"do": "open_site", "org": "A1"})
    steps(model, 1)
    before = len(model.sites)
    steps(model, 1)
    owners = {str(model.orgs.id[model.sites.org[s]]): s for s in range(before, len(model.sites))}
    assert set(owners) == {"S1", "P01", "A1"}
    assert model.sites.kind[owners["S1"]] == HOPD_OFF and model.sites.hospital[owners["S1"]] >= 0
    assert model.sites.kind[owners["P01"]] == OFFICE and model.sites.hospital[owners["P01"]] == -1
    assert SITE_KINDS[model.sites.kind[owners["A1"]]] == "amc_satellite"
    for org, site in owners.items():
        assert model.sites.zone[site] == model.orgs.zone[row(model, org)]


@pytest.mark.parametrize("point", [True, False])
def test_open_site_at_a_point_lies_there(point: bool) -> None:
    place = {"lat": 39.9, "lon": -98.5} if point else "Z02"
    model = steps(still(2, {"do": "open_site", "org": "P01", "place": place}), 2)
    if point:
        assert (model.sites.lat[-1], model.sites.lon[-1]) == (39.9, -98.5)
    else:
        assert model.zones.ids[model.sites.zone[-1]] == "Z02"


def test_close_site_named_or_all() -> None:
    market = start(1, METRO)
    mine = np.flatnonzero(market.sites.org == row(market, "S1"))
    assert len(mine) >= 2
    name = str(market.sites.name[mine[0]])
    one = steps(still(3, {"do": "close_site", "org": "S1", "site": name}), 3)
    assert not one.sites.open[mine[0]] and one.sites.open[mine[1:]].all()
    assert one.sites.starts[mine[0]].sum() == 0
    every = steps(still(3, {"do": "close_site", "org": "S1"}), 3)
    assert not every.sites.open[mine].any()
    assert len(events(every, "site_closed")) == len(mine)
    assert every.sites.in_care[mine].sum() == 0


def test_close_site_of_an_unknown_name_is_an_error_with_the_near_miss() -> None:
    market = start(1, METRO)
    name = str(market.sites.name[np.flatnonzero(market.sites.org == row(market, "S1"))[0]])
    with pytest.raises(InputError) as error:
        still(3, {"do": "close_site", "org": "S1", "site": name[:-1]})
    assert name in str(error.value)
    assert error.value.faults[0].where == "events[1].site"
    assert error.value.faults[0].line > 0


def test_340b_is_gained_and_lost_by_hospitals_and_their_departments() -> None:
    model = still(
        4, {"do": "lose_340b", "kind": "health_system"}, {"at": "2026Q4", "do": "gain_340b", "kind": "health_system"}
    )
    steps(model, 1)
    systems = of_kind(model, HEALTH_SYSTEM)
    mine = np.isin(model.hospitals.org, systems)
    departments = np.isin(model.sites.org, systems) & (model.sites.hospital >= 0)
    assert model.hospitals.participates[mine].any() and model.sites.eligible_340b[departments].any()
    steps(model, 1)
    assert not model.hospitals.participates[mine].any() and not model.sites.eligible_340b[departments].any()
    assert model.money.margin_340b[departments].sum() == 0
    told = events(model, "lost_340b")
    assert set(told["actor"]) <= set(model.orgs.id[systems])
    steps(model, 2)
    assert model.hospitals.participates[mine].all() and model.sites.eligible_340b[departments].all()
    assert set(events(model, "gained_340b")["actor"]) == set(model.orgs.id[np.unique(model.hospitals.org[mine])])


def test_a_capacity_shock_lasts_as_long_as_it_says() -> None:
    model = still(6, {"do": "capacity_shock", "org": "largest_system", "fraction": -0.5, "quarters": 2})
    calm = still(6)
    ratios = []
    for _ in range(6):
        steps(model, 1), steps(calm, 1)
        told = events(model, "capacity_shock")
        org = row(model, told["actor"].iloc[0]) if len(told) else -1
        mine = (model.sites.org == org) & (calm.capacity > 0)
        ratios.append(model.capacity[mine].sum() / max(calm.capacity[mine].sum(), 1e-9))
        strangers = (model.sites.org != org) & (calm.capacity > 0)
        if len(ratios) <= 2:  # later the patients under treatment elsewhere differ
            np.testing.assert_allclose(model.capacity[strangers], calm.capacity[strangers])
    assert len(events(model, "capacity_shock")) == 1
    assert ratios[1:3] == pytest.approx([0.5, 0.5], rel=0.05)
    assert all(ratio > 0.9 for ratio in ratios[3:])


def test_oncologists_join_and_leave() -> None:
    model = still(
        4, {"do": "oncologists_join", "org": "P01", "count": 5}, {"do": "oncologists_leave", "org": "S1", "count": 2}
    )
    steps(model, 1)

    def people(org: str) -> int:
        return int((model.sites.org[model.physicians.site] == row(model, org)).sum())

    before, total = {org: people(org) for org in ("P01", "S1", "S2")}, len(model.physicians)
    steps(model, 1)
    assert people("P01") == before["P01"] + 5
    assert people("S1") == before["S1"] - 2
    assert people("S2") == before["S2"]
    assert len(model.physicians) == total + 3
    assert events(model, "oncologists_joined")["amount"].tolist() == [5.0]
    assert events(model, "oncologists_left")["amount"].tolist() == [2.0]


def test_more_cannot_leave_than_are_there() -> None:
    model = steps(still(2, {"do": "oncologists_leave", "org": "P01", "count": 200}), 1)
    mine = model.physicians.key[model.sites.org[model.physicians.site] == row(model, "P01")]
    steps(model, 1)
    assert not np.isin(mine, model.physicians.key).any()
    assert events(model, "oncologists_left")["amount"].tolist() == [float(len(mine))]


def test_sign_tie_and_end_tie() -> None:
    model = still(
        6,
        {"do": "sign_tie", "org": "P01", "with": "S3", "form": "professional_services", "trust": 0.9},
        {"at": "2027Q1", "do": "end_tie", "org": "P01", "with": "S3"},
    )
    steps(model, 1)
    before = len(model.ties)
    steps(model, 1)
    assert len(model.ties) == before + 1
    ties = model.ties
    # The first of the two is the one that control goes to.
    assert (ties.a[before], ties.b[before]) == (row(model, "S3"), row(model, "P01"))
    assert TIE_FORMS[ties.form[before]] == "professional_services" and ties.stage[before] == TIE_STAGES.index("ramp_up")
    others = (ties.stage != DISSOLVED) & (ties.a != row(model, "S3")) & (ties.b != row(model, "S3"))
    steps(model, 3)
    assert model.ties.stage[before] == DISSOLVED
    assert (model.ties.stage[: len(others)][others] != DISSOLVED).all()
    assert len(events(model, "tie_dissolved")) >= 1


def test_end_tie_without_a_partner_ends_them_all() -> None:
    model = steps(still(2, {"do": "end_tie", "org": "A1"}), 2)
    org = row(model, "A1")
    mine = (model.ties.a == org) | (model.ties.b == org)
    assert mine.any() and (model.ties.stage[mine] == DISSOLVED).all()
    assert (model.ties.stage[~mine] != DISSOLVED).all()


def test_networks_are_joined_and_left() -> None:
    model = start(1, METRO)
    outside = [str(model.orgs.id[p]) for p in of_kind(model, PRACTICE) if model.orgs.network[p] < 0]
    name = str(model.orgs.name[of_kind(model, NETWORK)[0]])
    model = still(
        4,
        {"do": "join_network", "org": outside[0], "network": name},
        {"at": "2026Q4", "do": "leave_network", "org": outside[0]},
    )
    steps(model, 2)
    practice = row(model, outside[0])
    assert model.orgs.network[practice] == row(model, name) and model.orgs.status[practice] == ACTIVE
    assert len(events(model, "network_join")) == 1
    steps(model, 2)
    assert model.orgs.network[practice] == -1
    assert len(events(model, "network_leave")) == 1


def test_only_networks_can_be_joined() -> None:
    with pytest.raises(InputError, match="is not a network"):
        still(2, {"do": "join_network", "org": "P01", "network": "S1"})


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_an_unknown_organisation_is_an_error_with_the_near_miss(action: str) -> None:
    needed = {name: _some(one) for name, one in ACTIONS[action].arguments.items() if one.required}
    with pytest.raises(InputError, match="'Meridian Helth'; did you mean 'Meridian Health'"):
        still(2, {"do": action, "org": "Meridian Helth", **needed})


def _some(argument: Any) -> Any:
    if argument.kind == "choice":
        return argument.choices[0]
    if argument.kind == "org":
        return "largest_system"
    return 1 if argument.kind == "integer" else 0.1


def test_events_happen_in_their_quarter_only_and_in_paired_runs_to_the_same() -> None:
    happens = {"at": "2026Q3", "do": "capacity_shock", "kind": "practice", "share": 0.4, "fraction": -0.1}
    calm = {"health_system.acquisition.attention": 0.0, "network.purchase.yearly": 0.0}  # what is sold cannot be chosen
    one = run(4, METRO, events=[happens], behaviour=calm)
    other = run(4, METRO, events=[happens], behaviour=calm, policy=[{"set": "payment.medicare.drug_addon", "to": 0.0}])
    told = [events(model, "capacity_shock") for model in (one, other)]
    assert set(told[0]["quarter"]) == {"2026Q3"}
    assert len(told[0]) > 3
    assert set(told[0]["actor"]) ^ set(told[1]["actor"]) == set()


def test_an_event_that_chooses_nobody_is_named_among_the_warnings() -> None:
    chosen = [{"at": "2026Q1", "do": "gain_340b", "kind": "health_system", "share": 0.0}]
    model = run(1, events=chosen)
    assert "the event gain_340b of 2026Q1 (events[1]) found nobody to happen to" in model.warnings


def test_every_fault_of_every_event_is_named_at_once() -> None:
    wrong = (
        {"do": "oncologists_join", "org": "Plains Oncolgy Associates", "count": 1},
        {"do": "takeover", "org": "largest_practice", "by": "commercial"},
        {"do": "open_site", "org": "largest_practice", "place": {"lat": 0, "lon": 0}},
        {"do": "open_site", "org": "largest_practice", "add": "imaging"},
        {"do": "capacity_shock", "state": "TX", "fraction": -0.1},
        {"do": "capacity_shock", "market": "nowhere", "fraction": -0.1},
        {"do": "gain_340b", "org": "P01"},
        {"do": "sign_tie", "org": "P01", "with": "medicaid"},
    )
    with pytest.raises(InputError) as error:
        still(2, *wrong)
    said = [(fault.where, fault.message) for fault in error.value.faults]
    assert said == [
        (
            "events[1].org",
            "the market has no organisation 'Plains Oncolgy Associates'; did you mean 'Plains Oncology Associates'?",
        ),
        ("events[2].by", "Commercial plans is a payer, which cannot take over providers"),
        (
            "events[3].place",
            "0, 0 is 6,650 miles from the nearest zone, Ivywood (at most 100; longitudes west of Greenwich are negative)",
        ),
        ("events[5].state", "the market has no zone in 'TX' (states here: none)"),
        ("events[6].market", "there is no market 'nowhere'"),
        ("events[7].org", f"{_name('P01')} is a practice (this action is for: health_system, academic_center)"),
        ("events[8].with", "Medicaid is a payer, not a provider"),
    ]


def _name(org: str) -> str:
    model = start(1, METRO)
    return str(model.orgs.name[row(model, org)])


def test_a_practice_cannot_open_a_hospital_department() -> None:
    with pytest.raises(InputError, match="a practice cannot open 'amc_main'"):
        still(2, {"do": "open_site", "org": "P01", "kind": "amc_main"})
