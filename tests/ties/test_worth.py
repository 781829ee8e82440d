"""What a tie is worth: every part against plain loops, and the ways it may and may not move."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, PAYERS, PRACTICE, SEGMENTS, SERVICE_LINES, TIE_FORMS
from oncsim.model import OncologyMarket
from oncsim.processes.tie_worth import tie_worth
from oncsim.ties.distance import miles_between
from oncsim.ties.ladder import (
    BUNDLE,
    CO_MANAGEMENT,
    COVERAGE,
    HUB,
    JOINT_VENTURE,
    REFERRAL,
    SERVICES_AGREEMENT,
    SIGNED_FORMS,
    by_line,
)
from oncsim.ties.presence import Presence, presence
from oncsim.ties.worth import (
    BOTTLENECK,
    DISTANCE,
    MISSING_LINES,
    NEITHER_HAS,
    NO_HOSPITAL,
    NONE,
    PROBLEM_WORDS,
    PROBLEMS,
    Brings,
    Gains,
    Worth,
    bars,
    brings,
    lost_to_waiting,
    scores,
    worth,
)

from .partners import add_ties, partners, rows_of

LINES, FORMS = len(SERVICE_LINES), len(TIE_FORMS)
INFUSION = SERVICE_LINES.index("infusion")
# Leaves without which the rest of the worth of a tie can be looked at by itself.
FREE = {"partnership.upkeep": dict.fromkeys(TIE_FORMS, 0), "partnership.setup_cost": dict.fromkeys(TIE_FORMS, 0)}
PAIRS = [
    ("town_practice", "valley"),
    ("city_practice", "south"),
    ("town_practice", "center"),
    ("small", "center"),
    ("valley", "south"),
    ("edge_practice", "town_practice"),
    ("small", "edge_practice"),
]


@cache
def shared() -> OncologyMarket:
    """A model that no test writes into."""
    return partners()


@cache
def crowded() -> OncologyMarket:
    """The same with a bar for crowding so low that some are full, and services so cheap to build that two could."""
    model = partners({"partnership.value.crowded": 0.7, "partnership.line.build": dict.fromkeys(SERVICE_LINES, 150_000)})
    model.orgs.autonomy[:] = 30_000.0
    return model


@cache
def left_out() -> OncologyMarket:
    """The same with a center and a practice out of the networks of different payers, a system out of all."""
    model = partners()
    center, city, valley = rows_of(model, "center", "city_practice", "valley")
    model.in_network[center, 1] = model.in_network[city, 2] = False
    model.in_network[valley] = False
    return model


def pair(model: OncologyMarket, one: str, other: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = rows_of(model, one, other)
    return np.array([a]), np.array([b])


def nothing(pairs: int = 1) -> Gains:
    return Gains(np.zeros((pairs, FORMS)), np.zeros((pairs, FORMS)))


def of(model: OncologyMarket, one: str, other: str, have: Brings | None = None, miles: float | None = None) -> Worth:
    a, b = pair(model, one, other)
    apart = miles_between(model, a, b) if miles is None else np.array([miles])
    return worth(model, a, b, apart, have or brings(model), nothing())


def have_with(have: Brings, **columns: dict[int, Any]) -> Brings:
    """Return what organisations bring with other values for some of them: ``patients={row: 500}``."""
    changed = {}
    for name, rows in columns.items():
        value = getattr(have, name).copy()
        for row, number in rows.items():
            value[row] = number
        changed[name] = value
    return replace(have, **changed)


def fall(before: Worth, after: Worth) -> np.ndarray:
    """Return by how much each form that is open for the one pair has lost worth, in the order of the forms."""
    open_now = np.isfinite(before.surplus[0])
    np.testing.assert_array_equal(open_now, np.isfinite(after.surplus[0]))
    assert open_now.sum() >= 2
    return np.asarray(before.surplus[0, open_now] - after.surplus[0, open_now])


# -- by hand ----------------------------------------------------------------------------------------------------------


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


def by_hand(model: OncologyMarket, have: Brings, a: int, b: int, miles: float) -> dict[str, Any]:
    """Everything of :func:`worth` for one pair in plain loops over zones and lines (T2 to T4)."""
    law = model.law
    need, margin, build, far = (law[f"partnership.line.{name}"] for name in ("need", "margin", "build", "miles"))
    near = {line: math.exp(-miles / float(far[line])) for line in SERVICE_LINES}
    number = {org: float(have.patients[org]) for org in (a, b)}
    smaller = min(number.values())
    counted = {a: min(number[a], 2 * number[b]), b: min(number[b], 2 * number[a])}
    has = {org: {line for at, line in enumerate(SERVICE_LINES) if have.lines[org, at]} for org in (a, b)}

    complement = 0.0
    for org, other in ((a, b), (b, a)):
        for line in has[other] - has[org]:
            earned = counted[org] * float(need[line]) * float(margin[line])
            kept = min(leaf(model, "value.kept") * earned, float(build[line]))
            complement += near[line] * (kept + leaf(model, "value.steered") * earned)

    per_patient = sum(float(need[line]) * float(margin[line]) for line in has[a] & has[b])
    divert = {(a, b): divert_by_hand(have, a, b), (b, a): divert_by_hand(have, b, a)}
    rescued = sum(
        min(rescued_by_hand(model, one, other), 2 * number[other]) * ("infusion" in has[other])
        for one, other in ((a, b), (b, a))
    )
    complement += near["infusion"] * rescued * float(need["infusion"]) * float(margin["infusion"])
    overlap = leaf(model, "value.overlap") * per_patient * (divert[a, b] * counted[a] + divert[b, a] * counted[b])

    relief = 0.0
    if "infusion" in has[a] and "infusion" in has[b]:
        moved = min(have.excess[a], have.spare[b]) + min(have.excess[b], have.spare[a])
        relief = leaf(model, "value.relief") * float(moved) * near["infusion"]

    joint = 0.0
    for line in set(SERVICE_LINES) - has[a] - has[b]:
        mine = [number[org] * float(need[line]) * float(margin[line]) * leaf(model, "value.kept") for org in (a, b)]
        together = max(sum(mine) * near[line] - float(build[line]), 0.0)
        alone = sum(max(one - float(build[line]), 0.0) for one in mine)
        joint += max(together - alone, 0.0)

    orgs = model.orgs
    center = (orgs.kind[a] == ACADEMIC_CENTER) != (orgs.kind[b] == ACADEMIC_CENTER)
    independence = sum(
        float(orgs.autonomy[org]) * float(orgs.headcount[org]) for org in (a, b) if orgs.kind[org] == PRACTICE
    )
    surplus = {}
    for form in ("referral", "clinical_affiliation", "inpatient_coverage", "co_management", "joint_venture"):
        value = {
            name: float(law[f"partnership.{name}"][form])
            for name in ("reach", "control_share", "upkeep", "setup_cost", "exit_cost")
        }
        branded = form in ("clinical_affiliation", "co_management", "joint_venture")
        relieved = {"clinical_affiliation": 0.6, "co_management": 0.9, "joint_venture": 0.9}.get(form, 0.0)
        dollars = value["reach"] * complement + relieved * relief
        dollars += joint if form in ("co_management", "joint_venture") else 0.0
        dollars -= overlap * (1 - value["control_share"])
        dollars -= leaf(model, "value.autonomy") * independence * value["control_share"]
        dollars -= value["upkeep"] + value["setup_cost"] / leaf(model, "value.horizon")
        each = dollars / smaller + (leaf(model, "value.brand") if center and branded else 0.0)
        fear = leaf(model, "value.exit_chance") * leaf(model, "value.loss_aversion")
        surplus[form] = each - max(each, 0.0) * value["exit_cost"] * fear
    return {
        "complement": complement / smaller, "overlap": overlap / smaller, "relief": relief / smaller,
        "joint": joint / smaller, "divert": (divert[a, b] + divert[b, a]) / 2, "smaller": smaller, "surplus": surplus,
    }  # fmt: skip


def rescued_by_hand(model: OncologyMarket, one: int, other: int) -> float:
    """Patients a year of payers that have one out of their network and the other in it, who would have come to the one."""
    sites, total = model.sites, 0.0
    for at, (payer, _) in enumerate(SEGMENTS):
        code = PAYERS.index(payer)
        if model.in_network[other, code] and not model.in_network[one, code]:
            came = sum(float(sites.starts[site, at]) for site in range(len(sites)) if sites.org[site] == one)
            total += 4 * came * (math.exp(-float(model.law["choice.network"])) - 1)
    return total


def presence_by_hand(have: Brings, one: int, other: int) -> float:
    """The part of one's contacts that the other has in each zone, weighted by where one's patients live."""
    contact = have.contact.toarray()
    met = sum(row[one] * row[other] / row.sum() for row in contact if row.sum() > 0)
    return float(met / contact[:, one].sum())


def divert_by_hand(have: Brings, gone: int, to: int) -> float:
    """Close one organisation, zone by zone: its patients divide among the others there as these divide theirs now."""
    started = have.started.toarray()
    moved, total = 0.0, 0.0
    for zone in range(len(started)):
        left = [0.0 if org == gone else count for org, count in enumerate(started[zone].tolist())]
        leaving = float(started[zone, gone])
        total += leaving
        if leaving > 0 and sum(left) > 0:
            moved += leaving * left[to] / sum(left)
    return moved / total if total > 0 else 0.0


@pytest.mark.parametrize("which", [shared, crowded, left_out], ids=["shared", "crowded", "left out"])
@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: str(name))
def test_every_part_of_the_worth_by_hand(which: Any, one: str, other: str) -> None:
    model = which()
    have = brings(model)
    a, b = pair(model, one, other)
    miles = miles_between(model, a, b)
    found, expected = of(model, one, other, have), by_hand(model, have, int(a[0]), int(b[0]), float(miles[0]))
    for name in ("complement", "overlap", "relief", "joint", "divert", "smaller"):
        assert getattr(found, name)[0] == pytest.approx(expected[name], rel=1e-9, abs=1e-9), name
    for i, j in ((a, b), (b, a)):
        assert have.contact.met(i, j)[0] == pytest.approx(presence_by_hand(have, int(i[0]), int(j[0])), rel=1e-9, abs=1e-9)
    open_now = 0
    for form, value in expected["surplus"].items():
        at = TIE_FORMS.index(form)
        if np.isfinite(found.surplus[0, at]):
            open_now += 1
            assert found.surplus[0, at] == pytest.approx(value, rel=1e-9), form
    assert open_now >= 2


def test_the_pairs_looked_at_have_every_part() -> None:
    """What is nought everywhere would be right by chance."""
    seen = [of(crowded(), *names) for names in PAIRS]
    for name in ("complement", "overlap", "relief", "joint"):
        assert max(float(getattr(one, name)[0]) for one in seen) > 50, name


def test_the_order_of_the_two_does_not_matter() -> None:
    for one, other in PAIRS:
        ahead, back = of(crowded(), one, other), of(crowded(), other, one)
        for name in ("surplus", "complement", "overlap", "relief", "joint", "divert", "problem", "smaller"):
            np.testing.assert_allclose(getattr(ahead, name), getattr(back, name), rtol=1e-12, err_msg=name)
        np.testing.assert_array_equal(ahead.lacks_a, back.lacks_b)


def test_pairs_do_not_disturb_each_other() -> None:
    model = crowded()
    a, b = (np.array([rows_of(model, names[side])[0] for names in PAIRS]) for side in (0, 1))
    together = worth(model, a, b, miles_between(model, a, b), brings(model), nothing(len(a)))
    for at, names in enumerate(PAIRS):
        alone = of(model, *names)
        for one in fields(Worth):
            np.testing.assert_allclose(getattr(together, one.name)[at], getattr(alone, one.name)[0], rtol=1e-12)


# -- what organisations bring -----------------------------------------------------------------------------------------


def test_lines_patients_and_room_by_hand() -> None:
    model = crowded.__wrapped__()  # one of its own, to write into
    model.sites.expected_wait[:] = float(model.law["care.base_wait"]) + np.arange(len(model.sites)) * 4.0 - 4.0
    have = brings(model)
    sites, hospitals, law = model.sites, model.hospitals, model.law
    bar = float(law["partnership.value.crowded"])
    zone, hospital, share = model.referrers
    for org in range(7):
        mine = [site for site in range(len(sites)) if sites.org[site] == org and sites.open[site]]
        lines = {
            line
            for line in range(LINES)
            for site in mine
            if sites.lines[site, line] and (line != INFUSION or sites.oncologists[site] > 0)
        }
        lines |= {
            line
            for at in range(len(hospitals))
            if hospitals.org[at] == org
            for line in range(LINES)
            if hospitals.lines[at, line]
        }
        assert set(np.flatnonzero(have.lines[org]).tolist()) == lines, org
        contact = 0.0
        for place in range(len(model.zones)):
            starts = sum(
                float(model.flows.pair_started[row])
                for row in range(len(model.pairs))
                if model.pairs.zone[row] == place and sites.org[model.pairs.site[row]] == org
            )
            seen = sum(
                float(share[row]) * float(model.new_patients[place].sum())
                for row in range(len(zone))
                if zone[row] == place and hospitals.org[hospital[row]] == org
            )
            contact += 4 * max(starts, seen)
        assert have.patients[org] == pytest.approx(max(contact, 20.0)), org
        arrivals, capacity = (sum(float(part[site]) for site in mine) for part in (model.arrivals, model.capacity))
        # Who went elsewhere for the wait, by the logit of one alternative, and at most as many as came.
        lost = 0.0
        for site in mine:
            longer = max(float(sites.expected_wait[site]) - float(law["care.base_wait"]), 0.0)
            lost += float(model.arrivals[site]) * min(math.exp(-float(law["choice.wait"]) * longer) - 1, 1.0)
        assert have.excess[org] == pytest.approx(4 * max(arrivals + lost - bar * capacity, 0)), org
        assert have.spare[org] == pytest.approx(4 * max(bar * capacity - arrivals, 0)), org
        assert have.hospital[org] == (org in hospitals.org)
    assert (have.excess > 0).any() and (have.spare > 0).any()


def test_longer_waits_send_more_elsewhere_up_to_as_many_as_come() -> None:
    model = partners()
    base = float(model.law["care.base_wait"])
    found = []
    for wait in (0.0, base, base + 7, base + 30, base + 5000):
        model.sites.expected_wait[:] = wait
        found.append(float(lost_to_waiting(model)[0]))
    assert found[0] == found[1] == 0 < found[2] < found[3] <= found[4] == pytest.approx(1.0)


def test_who_is_owned_brings_what_its_owner_has_and_the_owner_what_both_have() -> None:
    model = partners()
    practice, owner = rows_of(model, "town_practice", "south")
    before = brings(model)
    model.orgs.owner[practice], model.orgs.status[practice] = owner, 1
    have = brings(model)
    both = before.lines[practice] | before.lines[owner]
    np.testing.assert_array_equal(have.lines[owner], both)
    np.testing.assert_array_equal(have.lines[practice], both)
    assert have.patients[owner] > max(before.patients[owner], before.patients[practice])
    # A tie to either is a tie to the owner.
    a, b = pair(model, "town_practice", "center")
    c, d = pair(model, "south", "center")
    for one, other in (((a, b), (c, d)),):
        x, y = (worth(model, *who, np.array([20.0]), have, nothing()) for who in (one, other))
        assert x.complement == y.complement and x.overlap == y.overlap and x.smaller == y.smaller


def test_a_site_without_an_oncologist_offers_no_infusion() -> None:
    model = partners()
    (practice,) = rows_of(model, "edge_practice")
    assert brings(model).lines[practice, INFUSION]
    model.sites.oncologists[model.sites.org == practice] = 0.0
    assert not brings(model).lines[practice, INFUSION]


# -- diversion --------------------------------------------------------------------------------------------------------


def test_diversion_is_where_patients_go_when_an_organisation_is_taken_away() -> None:
    model = shared()
    have = brings(model)
    rows = np.arange(7)
    a, b = (part.ravel() for part in np.meshgrid(rows, rows))
    a, b = a[a != b], b[a != b]
    ab, ba = have.started.diversion(a, b)
    np.testing.assert_allclose(ab, [divert_by_hand(have, i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)])
    np.testing.assert_allclose(ba, [divert_by_hand(have, j, i) for i, j in zip(a.tolist(), b.tolist(), strict=True)])
    # Whoever has patients loses all of them to somebody.
    treated = have.started.patients > 0
    for org in rows[treated[:7]]:
        assert ab[a == org].sum() == pytest.approx(1.0)
    assert (ab[~treated[a]] == 0).all() and (ab[~treated[b]] == 0).all()


def presence_of(table: NDArray[np.float64]) -> Presence:
    zone, org = np.nonzero(table)
    return presence(zone, org, table[zone, org], (table.shape[0], table.shape[1]))


@given(st.integers(0, 10_000), st.integers(0, 30))
def test_few_organisations_and_many_are_present_alike(seed: int, pairs: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(0, 100, (5, 7)) * (rng.uniform(size=(5, 7)) < 0.5)
    more = rng.uniform(0, 300, (5, 7)) * (rng.uniform(size=(5, 7)) < 0.3)
    a, b = rng.integers(0, 7, pairs), rng.integers(0, 7, pairs)
    found = []
    for limit in (20_000, 0):
        with pytest.MonkeyPatch.context() as many:
            many.setattr("oncsim.ties.presence.FEW", limit)
            there = presence_of(table)
            both = there.at_least(presence_of(more), 4.0)
        np.testing.assert_array_equal(there.toarray(), table)
        np.testing.assert_array_equal(both.toarray(), np.maximum(4.0 * table, more))
        found.append([there.patients, both.patients, *there.met_both(a, b), *there.diversion(a, b), *both.met_both(a, b)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("limit", [20_000, 0], ids=["few", "many"])
@given(st.integers(0, 10_000))
def test_what_is_said_of_a_pair_does_not_depend_on_who_else_is_asked_for(limit: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oncsim.ties.presence.FEW", limit)
        there = presence_of(rng.uniform(0, 100, (23, 7)))
    a, b = rng.integers(0, 7, 12), rng.integers(0, 7, 12)
    together = [*there.met_both(a, b), *there.diversion(a, b)]
    for at in range(12):
        alone = [*there.met_both(a[[at]], b[[at]]), *there.diversion(a[[at]], b[[at]])]
        assert [float(one[0]) for one in alone] == [float(all_of[at]) for all_of in together]


@given(st.integers(0, 10_000))
def test_diversion_adds_to_one_and_needs_a_shared_zone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0, 100, (4, 5)) * (rng.uniform(size=(4, 5)) < 0.6)
    dense[:, 0] += 1.0  # somebody everywhere, so that nobody has a whole zone
    there = presence_of(dense)
    for org in range(1, 5):
        others = np.array([o for o in range(5) if o != org])
        to, _ = there.diversion(np.full(4, org), others)
        if dense[:, org].sum() > 0:
            assert to.sum() == pytest.approx(1.0)
        for other, part in zip(others.tolist(), to.tolist(), strict=True):
            assert (part > 0) == bool(((dense[:, org] > 0) & (dense[:, other] > 0)).any())


# -- what it may and may not do ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: str(name))
def test_partners_with_the_same_services_have_no_complement(one: str, other: str) -> None:
    model = shared()
    have = brings(model)
    a, b = rows_of(model, one, other)
    both = have.lines[a] | have.lines[b]
    assert of(model, one, other, have).complement[0] > 0
    same = of(model, one, other, have_with(have, lines={a: both, b: both}))
    assert same.complement[0] == 0 and not same.lacks_a.any() and not same.lacks_b.any()
    assert same.problem[0] != MISSING_LINES
    assert same.overlap[0] >= of(model, one, other, have).overlap[0]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: str(name))
def test_a_line_more_that_the_partner_lacks_never_lowers_the_worth(one: str, other: str) -> None:
    model = shared()
    have = brings(model)
    a, b = rows_of(model, one, other)
    before = of(model, one, other, have)
    for line in np.flatnonzero(~have.lines[a] & ~have.lines[b]):
        lines = have.lines[b].copy()
        lines[line] = True
        after = of(model, one, other, have_with(have, lines={b: lines}))
        assert after.complement[0] > before.complement[0]
        # What both could build together is gone where one has it: without that every form is worth as much or more.
        if before.joint[0] == after.joint[0]:
            assert (after.surplus >= before.surplus).all()


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: str(name))
def test_nearer_partners_are_never_worth_less(one: str, other: str) -> None:
    model = crowded()
    parts = [of(model, one, other, miles=miles) for miles in (0.0, 5.0, 20.0, 60.0, 140.0)]
    for near, far in pairwise(parts):
        for name in ("complement", "relief", "joint"):
            assert getattr(near, name)[0] >= getattr(far, name)[0]
        assert near.complement[0] > far.complement[0]
        open_now = np.isfinite(near.surplus[0])
        assert (near.surplus[0, open_now] >= far.surplus[0, open_now]).all()


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: str(name))
def test_more_patients_never_lower_what_lines_are_worth_to_both_together(one: str, other: str) -> None:
    model = shared()
    have = brings(model)
    for org in rows_of(model, one, other):
        dollars = []
        for factor in (1.0, 1.2, 1.7, 3.0, 9.0):
            found = of(model, one, other, have_with(have, patients={org: have.patients[org] * factor}))
            dollars.append(found.complement[0] * found.smaller[0])
        assert (np.diff(dollars) >= -1e-6).all()
        assert dollars[-1] > dollars[0] or have.patients[org] > of(model, one, other, have).smaller[0]
        # A partner cannot look after many times its own patients.
        endless = of(model, one, other, have_with(have, patients={org: 1e12}))
        assert endless.complement[0] * endless.smaller[0] < 1e12


def test_a_line_kept_at_home_is_worth_no_more_than_it_would_cost_to_build() -> None:
    model = partners({"partnership.value.steered": 0.0, "partnership.line.build": dict.fromkeys(SERVICE_LINES, 100)})
    have = brings(model)
    for names in PAIRS:
        found = of(model, *names, have, miles=0.0)
        lacking = int(found.lacks_a.sum() + found.lacks_b.sum())
        assert lacking > 0
        assert found.complement[0] * found.smaller[0] == pytest.approx(100.0 * lacking)


def test_full_control_takes_the_overlap_away_and_half_of_it_half() -> None:
    names = ("town_practice", "valley")
    model, without = partners(FREE), partners({**FREE, "partnership.value.overlap": 0.0})
    for one in (model, without):
        one.orgs.autonomy[:] = 0.0
    lost = []
    for control in (0.0, 0.5, 1.0):
        for one in (model, without):
            one.ladder = replace(one.ladder, control_share=np.full(FORMS, control), exit_cost=np.zeros(FORMS))
        found = of(model, *names)
        lost.append(fall(of(without, *names), found))
        np.testing.assert_allclose(lost[-1], (1.0 - control) * found.overlap[0], atol=1e-9)
    assert lost[0].min() > lost[1].min() > lost[2].max() - 1e-12


def test_control_costs_practices_their_independence_and_systems_nothing() -> None:
    model = partners(FREE)
    model.ladder = replace(model.ladder, exit_cost=np.zeros(FORMS), control_share=np.full(FORMS, 0.4))
    for names, hurt in ((("town_practice", "south"), True), (("valley", "south"), False)):
        model.orgs.autonomy[:] = 0.0
        free = of(model, *names)
        model.orgs.autonomy[:] = 50_000.0
        bound = of(model, *names)
        expected = 0.0
        if hurt:
            people = float(model.orgs.headcount[rows_of(model, names[0])[0]])
            expected = 0.4 * leaf(model, "value.autonomy") * 50_000.0 * people / bound.smaller[0]
        np.testing.assert_allclose(fall(free, bound), expected, atol=1e-9)


def test_costs_of_a_form_are_spread_over_the_smaller_side_and_set_up_over_the_horizon() -> None:
    plain, dear = partners(FREE), partners({**FREE, "partnership.upkeep": dict.fromkeys(TIE_FORMS, 70_000)})
    built = partners({**FREE, "partnership.setup_cost": dict.fromkeys(TIE_FORMS, 100_000)})
    for one in (plain, dear, built):
        one.ladder = replace(one.ladder, exit_cost=np.zeros(FORMS))
    found = of(plain, "town_practice", "south")
    for other, dollars in ((dear, 70_000.0), (built, 100_000.0 / leaf(plain, "value.horizon"))):
        np.testing.assert_allclose(fall(found, of(other, "town_practice", "south")), dollars / found.smaller[0])


def test_an_exit_that_costs_more_lowers_only_what_has_worth() -> None:
    model = shared()
    found = of(model, "town_practice", "center").surplus[0]
    model = partners()
    model.ladder = replace(model.ladder, exit_cost=np.full(FORMS, 1.5))
    dear = of(model, "town_practice", "center").surplus[0]
    model.ladder = replace(model.ladder, exit_cost=np.zeros(FORMS))
    free = of(model, "town_practice", "center").surplus[0]
    fear = leaf(model, "value.exit_chance") * leaf(model, "value.loss_aversion")
    good = np.isfinite(free) & (free > 0)
    bad = np.isfinite(free) & (free <= 0)
    assert good.any() and bad.any()
    np.testing.assert_allclose(dear[good], free[good] * (1 - 1.5 * fear))
    np.testing.assert_array_equal(dear[bad], free[bad])
    assert (found[good] <= free[good]).all() and (found[good] >= dear[good]).all()


def test_forms_open_by_kind_and_by_what_is_found_for_the_pair() -> None:
    model = shared()

    def forms(one: str, other: str, gains: Gains | None = None) -> set[str]:
        a, b = pair(model, one, other)
        found = worth(model, a, b, np.array([20.0]), brings(model), gains or nothing())
        return {TIE_FORMS[form] for form in np.flatnonzero(np.isfinite(found.surplus[0]))}

    loose = {"referral", "co_management"}
    assert forms("edge_practice", "city_practice") == loose
    assert forms("town_practice", "valley") == loose | {"inpatient_coverage", "joint_venture"}
    assert forms("valley", "south") == loose
    assert forms("center", "valley") == loose | {"clinical_affiliation"}
    assert forms("city_practice", "center") == loose | {"clinical_affiliation", "inpatient_coverage", "joint_venture"}
    special = Gains(np.ones((1, FORMS)), np.zeros((1, FORMS)))
    assert forms("town_practice", "valley", special) == loose | {
        "inpatient_coverage", "joint_venture", "telehealth_hub", "professional_services", "employer_bundle",
    }  # fmt: skip
    assert forms("valley", "south", special) == loose | {"telehealth_hub"}
    assert forms("edge_practice", "city_practice", special) == loose


def test_what_a_single_form_brings_goes_to_that_form_over_the_patients_it_is_for() -> None:
    model = partners(FREE)
    model.ladder = replace(model.ladder, exit_cost=np.zeros(FORMS))
    a, b = pair(model, "town_practice", "valley")
    apart = miles_between(model, a, b)
    for patients, form in ((0.0, HUB), (1e6, SERVICES_AGREEMENT), (10.0, BUNDLE)):
        gains = nothing()
        gains.dollars[0, [HUB, SERVICES_AGREEMENT, BUNDLE]] = 1e-6
        before = worth(model, a, b, apart, brings(model), gains)
        gains.dollars[0, form] += 500_000.0
        gains.patients[0, form] = patients
        after = worth(model, a, b, apart, brings(model), gains)
        rise = -fall(before, after)
        mine = np.flatnonzero(np.isfinite(before.surplus[0])) == form
        assert rise[mine] == pytest.approx(500_000.0 / max(before.smaller[0], patients), rel=1e-6)
        assert (rise[~mine] == 0).all()


def test_members_whom_only_the_partner_may_treat_are_worth_their_margin_to_who_has_an_oncologist() -> None:
    open_to_all, model = shared(), left_out()
    gained = {}
    for names in PAIRS:
        before, after = of(open_to_all, *names), of(model, *names)
        gained[names] = float((after.complement - before.complement)[0] * before.smaller[0])
    margin = float(by_line(model.law["partnership.line.margin"])[INFUSION])
    center, town = rows_of(model, "center", "town_practice")
    miles = miles_between(model, np.array([town]), np.array([center]))[0]
    near = math.exp(-miles / float(by_line(model.law["partnership.line.miles"])[INFUSION]))
    taken = min(rescued_by_hand(model, center, town), 2 * float(brings(model).patients[town]))
    assert gained["town_practice", "center"] == pytest.approx(margin * near * taken) and margin > 0
    assert gained["town_practice", "center"] > 0
    assert gained["edge_practice", "town_practice"] == 0  # both are in every network


def test_a_partner_without_an_oncologist_rescues_nobody() -> None:
    """A country hospital that treats nobody cannot take a center's out-of-network members."""
    open_to_all, model = shared(), left_out()
    before, after = (of(one, "small", "center") for one in (open_to_all, model))
    assert not brings(model).lines[rows_of(model, "small")[0], INFUSION]
    assert after.complement[0] == before.complement[0]


def earning(shut: bool, *ties: tuple[str, int]) -> OncologyMarket:
    """Return a model in which owners earn well and Town Oncology has some ties; ``shut`` out of Valley's or not."""
    model = partners()
    model.orgs.margin_history[:] = 200_000.0
    model.orgs.autonomy[:] = 30_000.0
    town, valley = rows_of(model, "town_practice", "valley")
    for name, form in ties:
        add_ties(model, town, rows_of(model, name)[0], name=name, form=form)
    if shut:
        model.foreclosures.add(town, valley, 0)
    return model


def test_who_shut_a_practice_out_is_no_partner_for_it() -> None:
    model = earning(True)
    for names in (("town_practice", "valley"), ("valley", "town_practice")):
        found = of(model, *names)
        assert not np.isfinite(found.surplus).any()
        assert (found.problem[0], found.pressing[0]) == (NONE, 0.0)
    assert np.isfinite(of(model, "town_practice", "south").surplus).any()
    assert np.isfinite(of(model, "edge_practice", "valley").surplus).any()


def test_a_place_to_admit_to_is_worth_what_closing_without_one_would_cost() -> None:
    names = ("town_practice", "south")
    before, model = of(earning(False), *names), earning(True)
    (town,) = rows_of(model, "town_practice")
    earns = 4 * 200_000.0 + 30_000.0 * float(model.orgs.headcount[town])
    expected = float(model.law["practice.no_hospital.yearly"]) * earns / before.smaller[0]
    assert expected > 10
    assert of(model, *names).surplus[0, REFERRAL] - before.surplus[0, REFERRAL] == pytest.approx(expected)
    # Neither for others nor where the practice has a place already is it worth anything.
    for others in (("city_practice", "south"), ("town_practice", "city_practice")):
        np.testing.assert_array_equal(of(model, *others).surplus, of(earning(False), *others).surplus)
    placed = earning(True, ("center", REFERRAL))
    np.testing.assert_array_equal(of(placed, *names).surplus, before.surplus)
    # To the partner that gives the place it stays worth it.
    names = ("town_practice", "center")
    rise = of(placed, *names).surplus[0, REFERRAL] - of(earning(False), *names).surplus[0, REFERRAL]
    assert rise == pytest.approx(expected * before.smaller[0] / of(placed, *names).smaller[0])


def test_a_practice_that_has_found_another_hospital_has_the_problems_it_had_before() -> None:
    names = ("town_practice", "center")
    assert of(earning(True), *names).problem[0] == NO_HOSPITAL
    assert of(earning(True, ("center", REFERRAL)), *names).problem[0] == of(shared(), *names).problem[0] == MISSING_LINES


# -- problems ---------------------------------------------------------------------------------------------------------


def test_each_problem_is_seen_where_it_is_and_the_last_of_the_list_that_fits() -> None:
    model = partners({"partnership.value.problem": 100.0, "partnership.line.build": dict.fromkeys(SERVICE_LINES, 150000)})
    have = brings(model)
    a, b = rows_of(model, "town_practice", "south")
    both = have.lines[a] | have.lines[b]
    everything = np.ones(LINES, dtype=bool)
    alike = have_with(have, lines={a: everything, b: everything}, excess={a: 0, b: 0}, spare={a: 0, b: 0})
    assert of(model, "town_practice", "south", alike).problem[0] == NONE
    without = have_with(alike, lines={a: both, b: both})
    found = of(model, "town_practice", "south", without, miles=0.0)
    assert found.joint[0] > 100 and found.problem[0] == NEITHER_HAS
    assert of(model, "town_practice", "south", have, miles=10.0).problem[0] == MISSING_LINES
    full = have_with(have, excess={a: 90.0, b: 0.0}, spare={a: 0.0, b: 90.0})
    found = of(model, "town_practice", "south", full, miles=10.0)
    assert found.relief[0] > 100 and found.problem[0] == BOTTLENECK
    gains = nothing()
    gains.dollars[0, HUB] = 1e6
    far = worth(model, np.array([a]), np.array([b]), np.array([10.0]), full, gains)
    assert far.problem[0] == DISTANCE
    model.foreclosures.add(a, rows_of(model, "valley")[0], 0)
    gone = worth(model, np.array([a]), np.array([b]), np.array([10.0]), full, gains)
    assert gone.problem[0] == NO_HOSPITAL and gone.pressing[0] == leaf(model, "meet.shut_out")
    # Another practice has no hospital to offer.
    assert of(model, "town_practice", "city_practice").problem[0] != NO_HOSPITAL
    # It is solved once the practice has a partner with a hospital.
    add_ties(model, a, rows_of(model, "center")[0])
    assert of(model, "town_practice", "south", full, miles=10.0).problem[0] == BOTTLENECK
    assert len(PROBLEMS) == len(PROBLEM_WORDS)


def test_services_that_only_one_side_lacks_are_no_shared_problem() -> None:
    model = shared()
    have = brings(model)
    a, b = rows_of(model, "town_practice", "south")
    more = have_with(have, lines={b: have.lines[a] | have.lines[b]})
    found = of(model, "town_practice", "south", more, miles=0.0)
    assert found.complement[0] > 2 * leaf(model, "value.problem") and found.problem[0] == NONE


def test_a_problem_presses_as_far_as_it_is_worth_and_at_most_so_much() -> None:
    model = shared()
    bar, most = leaf(model, "value.problem"), leaf(model, "meet.most_pressing")
    have = brings(model)
    a, b = rows_of(model, "town_practice", "south")
    everything = np.ones(LINES, dtype=bool)
    alike = have_with(have, lines={a: everything, b: everything}, excess={a: 0, b: 0}, spare={a: 0, b: 1e9})
    pressing = []
    for starts in (0.0, 5.0, 10.0, 20.0, 1e5):
        found = of(model, "town_practice", "south", have_with(alike, excess={a: starts, b: 0}), miles=0.0)
        expected = found.relief[0] / bar
        assert found.pressing[0] == pytest.approx(min(expected, most) if expected > 1 else 0.0)
        pressing.append(found.pressing[0])
    assert pressing == sorted(pressing) and pressing[0] == 0 and pressing[-1] == most
    assert any(0 < value < most for value in pressing)


# -- the score --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", [0.2, 0.55, 0.9])
def test_the_score_by_hand(trust: float) -> None:
    model = shared()
    found = of(model, "city_practice", "center")
    score = scores(model, found, np.array([trust]))[0]
    for form, name in enumerate(TIE_FORMS):
        if form not in SIGNED_FORMS or not np.isfinite(found.surplus[0, form]):
            assert score[form] == -np.inf, name
            continue
        needed = float(model.law["partnership.needs_trust"][name])
        needed += leaf(model, "value.rival_bar") * found.divert[0] if name != "referral" else 0.0
        by_trust = leaf(model, "value.trust") * (trust - needed)
        assert score[form] == pytest.approx(found.surplus[0, form] / 2 - leaf(model, "value.threshold") + by_trust), name
    assert found.divert[0] > 0.1


def test_rivals_need_more_trust_for_contracts_but_not_for_referrals() -> None:
    model = shared()
    strangers, rivals = bars(model, np.array([0.0, 0.8]))
    assert rivals[0] == strangers[0]
    np.testing.assert_allclose((rivals - strangers)[1:], 0.8 * leaf(model, "value.rival_bar"))
    off = partners({"partnership.value.rival_bar": 0.0})
    np.testing.assert_array_equal(*bars(off, np.array([0.0, 0.8])))


def test_networks_and_acquisitions_are_not_signed_here() -> None:
    assert {TIE_FORMS[form] for form in range(FORMS) if form not in SIGNED_FORMS} == {"network_membership", "acquisition"}


def test_with_all_that_forms_bring_hubs_open_where_patients_are_far_from_any_oncologist() -> None:
    model = shared()
    a, b = (np.array(part) for part in zip(*(rows_of(model, *names) for names in PAIRS), strict=True))
    found = tie_worth(model, a, b, miles_between(model, a, b), brings(model))
    hubs = {names for names, open_now in zip(PAIRS, np.isfinite(found.surplus[:, HUB]), strict=True) if open_now}
    assert hubs == {("small", "center")}
    off = partners({"partnership.spoke.connected": 0.0})
    closed = tie_worth(off, a, b, miles_between(off, a, b), brings(off))
    assert not np.isfinite(closed.surplus[:, HUB]).any()
    same = np.isfinite(found.surplus) == np.isfinite(closed.surplus)
    assert same[:, [CO_MANAGEMENT, COVERAGE, JOINT_VENTURE]].all()
