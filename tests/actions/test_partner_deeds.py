"""Scripted deeds between partners: each tells what it did, does that and no more, and nothing to whom it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import events, row
from oncsim.codes import NETWORK, SERVICE_LINES
from oncsim.errors import InputError
from oncsim.model import OncologyMarket
from oncsim.ties.worth import service_lines
from towns import bind, in_force, market, practice, sites_of, still, system, tie, told

TOWN = market(
    practice("doctors", oncologists=3),
    practice("loner", oncologists=2),
    system("clinic", lines=["infusion", "imaging"]),
    system("bare", oncologists=0),
    {"id": "web", "name": "The Web", "kind": "network"},
    practice("member", oncologists=2, network="web"),
    ties=[tie("doctors", "clinic"), tie("doctors", "clinic", "inpatient_coverage"), tie("doctors", "bare")],
)
HERE = {"at": "2026Q2"}
TELLS = {
    "set_governance": ("governance", {"with": "clinic", "checks": 12}),
    "set_conduct": ("conduct", {"returns": 0.9, "regard": 2.0}),
    "announce_change": ("change_announced", {"with": "clinic"}),
    "misfit": ("misfit", {"with": "clinic"}),
    "add_line": ("capability_added", {"line": "radiation"}),
    "drop_line": ("capability_dropped", {"line": "infusion"}),
    "found_network": ("network_founded", {}),
}


def doing(action: str, org: str = "doctors", quarters: int = 3, **arguments: Any) -> OncologyMarket:
    """Return a model before its first quarter in which one thing is scripted for the second."""
    return still(quarters, TOWN, {**HERE, "do": action, "org": org, **arguments})


def done(action: str, org: str = "doctors", quarters: int = 2, **arguments: Any) -> OncologyMarket:
    """Return a model after that."""
    model = doing(action, org, max(quarters, 2), **arguments)
    for _ in range(quarters):
        step_and_check(model)
    return model


def closest(model: OncologyMarket) -> int:
    """Return the row of the tightest tie of the doctors with the clinic."""
    return int(next(tie for tie in in_force(model, "doctors", "clinic") if model.ties.form[tie] != 0))


@pytest.mark.parametrize("action", sorted(TELLS))
def test_every_deed_tells_one_event_of_itself_with_a_sentence(action: str) -> None:
    event, arguments = TELLS[action]
    model = done(action, **arguments)
    found = events(model, event)
    assert len(found) == 1 and found["quarter"].iloc[0] == "2026Q2"
    assert not any("found nobody" in warning for warning in model.warnings)
    text = str(found["text"].iloc[0])
    assert text[0].isupper() and "Doctors Oncology" in text


def test_end_privileges_tells_its_event() -> None:
    model = done("end_privileges", "clinic", of="loner")
    found = events(model, "privileges_ended")
    assert (found["actor"].tolist(), found["other"].tolist()) == (["clinic"], ["loner"])
    assert model.foreclosures.shut_out(row(model, "loner"), row(model, "clinic"))


@pytest.mark.parametrize(
    ("action", "org", "arguments"),
    [
        ("set_governance", "loner", {"with": "clinic", "checks": 12}),
        ("announce_change", "loner", {"with": "clinic"}),
        ("misfit", "loner", {"with": "clinic"}),
        ("set_conduct", "doctors", {}),
        ("end_privileges", "clinic", {"of": "bare"}),
        ("add_line", "bare", {"line": "infusion"}),
        ("drop_line", "loner", {"line": "cellular_therapy"}),
        ("found_network", "member", {}),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_is_a_warning(action: str, org: str, arguments: dict[str, Any]) -> None:
    model = done(action, org, **arguments)
    plain = still(2, TOWN)
    for _ in range(2):
        step_and_check(plain)
    assert any(f"the event {action} of 2026Q2" in w and "found nobody to happen to" in w for w in model.warnings)
    np.testing.assert_array_equal(model.sites.starts, plain.sites.starts)
    np.testing.assert_array_equal(model.sites.lines, plain.sites.lines)
    np.testing.assert_array_equal(model.ties.trust_ab, plain.ties.trust_ab)
    assert told(model) == told(plain) == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"do": "end_privileges", "org": "doctors", "of": "loner"}, "Doctors Oncology is a practice"),
        ({"do": "found_network", "org": "clinic"}, "Clinic Health is a health system (this action is for: practice)"),
        ({"do": "misfit", "org": "doctors", "with": "web"}, "The Web is a network, not a provider"),
        ({"do": "announce_change", "org": "doctors", "with": "commercial"}, "Commercial plans is a payer, not a provider"),
        ({"do": "set_governance", "org": "doctors", "with": "clinc"}, "did you mean 'clinic'"),
        ({"do": "end_privileges", "org": "clinic", "of": "doctor"}, "did you mean 'doctors'"),
        ({"do": "set_conduct", "org": "medicaid", "returns": 0.1}, "Medicaid is a payer (this action is for: practice,"),
    ],
)
def test_wrong_targets_are_refused_before_anything_runs(event: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        still(2, TOWN, {**HERE, **event})
    assert message in str(error.value)
    assert len(error.value.faults) == 1 and error.value.faults[0].line > 0


# -- governance and conduct ----------------------------------------------------------------------------------------


def test_governance_is_set_for_the_tightest_tie_and_no_other() -> None:
    model = done("set_governance", **{"with": "clinic", "checks": 24, "shared_data": True})
    tight = closest(model)
    assert model.ties.checks[tight] == 24 and model.ties.shared_data[tight]
    others = np.arange(len(model.ties)) != tight
    assert (model.ties.checks[others] != 24).all() and not model.ties.shared_data[others].any()


@pytest.mark.parametrize(("given", "left"), [({"checks": 0.0}, "shared_data"), ({"shared_data": True}, "checks")])
def test_governance_leaves_what_is_not_named(given: dict[str, Any], left: str) -> None:
    model, plain = done("set_governance", **{"with": "clinic", **given}), still(2, TOWN)
    tight = closest(model)
    assert getattr(model.ties, left)[tight] == getattr(plain.ties, left)[tight]
    name, value = next(iter(given.items()))
    assert getattr(model.ties, name)[tight] == value != getattr(plain.ties, name)[tight]


def test_conduct_is_that_of_the_chosen_organisation() -> None:
    model = done("set_conduct", returns=0.25)
    doctors = row(model, "doctors")
    assert model.orgs.returns[doctors] == 0.25 and np.isnan(model.orgs.regard[doctors])
    others = np.arange(len(model.orgs)) != doctors
    assert np.isnan(model.orgs.returns[others]).all()
    assert done("set_conduct", regard=0.0).orgs.regard[doctors] == 0.0


# -- announcements and misfits --------------------------------------------------------------------------------------


def after(action: str, **arguments: Any) -> tuple[float, float]:
    """Return (support of the staff, lower trust) of the tightest tie just after something was scripted."""
    model = done(action, **{"with": "clinic", **arguments})
    tight = closest(model)
    return float(model.ties.staff[tight]), float(min(model.ties.trust_ab[tight], model.ties.trust_ba[tight]))


def test_early_news_wins_support_and_late_news_costs_more_of_it() -> None:
    plain = still(2, TOWN, behaviour={})
    for _ in range(2):
        step_and_check(plain)
    base = float(plain.ties.staff[closest(plain)])
    early, late = after("announce_change")[0], after("announce_change", early=False)[0]
    strange = after("announce_change", early=False, consistent=False)[0]
    assert strange < late < base < early
    assert base - late > early - base


def test_a_misfit_answered_is_soon_repaired_and_one_unanswered_smoulders() -> None:
    answered, smoulders = done("misfit", **{"with": "clinic"}), done("misfit", **{"with": "clinic", "answered": False})
    assert not answered.ties.friction.any() and answered.ties.repair_until[closest(answered)] > 1
    assert np.flatnonzero(smoulders.ties.friction).tolist() == [closest(smoulders)]
    assert smoulders.ties.repair_until[closest(smoulders)] < 0


def test_a_worse_misfit_costs_more_trust_of_both_and_of_no_third() -> None:
    found = []
    for severity in (0.0, 1.0, 4.0):
        moving = {"partnership.trust.gain": 0.05, "partnership.trust.good": 1.0, "partnership.trust.misread": 0.0}
        event = {**HERE, "do": "misfit", "org": "doctors", "with": "clinic", "severity": severity}
        model = still(2, TOWN, event, behaviour=moving)
        model.step(), model.step()
        tight = closest(model)
        found.append((model.ties.trust_ab[tight], model.ties.trust_ba[tight], np.delete(model.ties.trust_ab, tight)))
    for side in (0, 1):
        assert found[0][side] > found[1][side] > found[2][side]
    np.testing.assert_array_equal(found[0][2], found[2][2])


# -- services -------------------------------------------------------------------------------------------------------


def offered(model: OncologyMarket, org: str) -> set[str]:
    lines = service_lines(model)[row(model, org)]
    return {line for line, has in zip(SERVICE_LINES, lines, strict=True) if has}


@pytest.mark.parametrize("line", [line for line in SERVICE_LINES if line != "infusion"])
def test_a_line_is_added_where_it_is_said_and_dropped_again(line: str) -> None:
    before = still(2, TOWN)
    was = {org: offered(before, org) for org in ("doctors", "clinic", "bare")}
    for org in ("doctors", "bare"):
        assert line not in was[org] or org == "bare"
        model = done("add_line", org, line=line)
        assert offered(model, org) == was[org] | {line}
        assert all(offered(model, other) == was[other] for other in was if other != org)
    model = done("drop_line", "clinic", line=line)
    assert offered(model, "clinic") == was["clinic"] - {line}


def test_adding_what_is_there_already_changes_and_tells_nothing() -> None:
    model = done("add_line", "clinic", line="imaging")
    assert len(events(model, "capability_added")) == 0
    assert len(events(done("add_line", "doctors", line="imaging"), "capability_added")) == 1


def test_pharmacy_and_navigation_taken_in_by_script_work_and_cost_as_when_taken_in_freely() -> None:
    pharmacy, navigation = done("add_line", line="pharmacy"), done("add_line", line="navigation")
    site = sites_of(pharmacy, "doctors")[0]
    assert np.flatnonzero(pharmacy.sites.pharmacy_added).tolist() == [site]
    assert np.flatnonzero(navigation.sites.navigation_added).tolist() == [site]
    dropped = still(
        4,
        TOWN,
        {**HERE, "do": "add_line", "org": "doctors", "line": "pharmacy"},
        {"at": "2026Q3", "do": "drop_line", "org": "doctors", "line": "pharmacy"},
    )
    for _ in range(4):
        step_and_check(dropped)
    assert not dropped.sites.pharmacy_added.any()


def test_who_gives_up_infusion_treats_nobody() -> None:
    model = done("drop_line", line="infusion", quarters=3)
    assert model.sites.starts[sites_of(model, "doctors")].sum() == 0
    assert still(1, TOWN).sites.starts[sites_of(model, "doctors")].sum() > 1


# -- networks and takeovers -----------------------------------------------------------------------------------------


def test_each_chosen_practice_founds_a_network_and_is_its_first_member() -> None:
    model = still(3, TOWN, {**HERE, "do": "found_network", "kind": "practice"})
    for _ in range(3):
        step_and_check(model)
    found = events(model, "network_founded")
    assert set(found["other"]) == {"doctors", "loner"}  # the other practice is in a network already
    networks = [row(model, actor) for actor in found["actor"]]
    assert (model.orgs.kind[networks] == NETWORK).all() and len(set(model.orgs.name[networks])) == 2
    for actor, founder in zip(found["actor"], found["other"], strict=True):
        assert model.orgs.network[row(model, founder)] == row(model, actor)
        assert model.agent(row(model, actor)).members() == [row(model, founder)]
    assert not model.orgs.investor_owned[networks].any()


def test_ties_of_a_system_that_is_taken_over_go_on_with_the_buyer_who_is_trusted_less() -> None:
    moving = {"partnership.trust.gain": 0.05, "partnership.trust.good": 1.0, "partnership.trust.misread": 0.0}
    model = still(2, TOWN, {**HERE, "do": "takeover", "org": "bare", "by": "clinic"}, behaviour=moving)
    model.step()
    tied = int(in_force(model, "doctors", "bare")[0])
    mine, theirs = ("ab", "ba") if model.ties.a[tied] == row(model, "doctors") else ("ba", "ab")
    before = {side: float(getattr(model.ties, f"trust_{side}")[tied]) for side in (mine, theirs)}
    model.step()
    assert tied in in_force(model, "doctors", "clinic") and len(in_force(model, "doctors", "bare")) == 0
    assert getattr(model.ties, f"trust_{mine}")[tied] < before[mine]
    assert getattr(model.ties, f"trust_{theirs}")[tied] >= before[theirs]
    assert model.foreclosures.taken_over == [(row(model, "clinic"), 1, 1)]


def test_partners_who_come_under_one_owner_have_no_tie_any_more() -> None:
    model = still(3, TOWN, {**HERE, "do": "takeover", "org": "bare", "by": "clinic"})
    bind(model, "bare", "clinic", "inpatient_coverage")
    for _ in range(3):
        step_and_check(model)
    assert len(in_force(model, "bare", "clinic")) == 0 and len(in_force(model, "doctors", "clinic")) == 3


def test_a_takeover_of_a_practice_is_no_takeover_of_a_hospital() -> None:
    model = done("takeover", "loner", by="clinic")
    assert model.foreclosures.taken_over == []


def test_the_actions_are_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "actions.md").read_text(encoding="utf-8")
    for action in (*TELLS, "end_privileges"):
        assert f"## `{action}`" in page
