"""What a tie would be worth: what each side lacks and the other has, relief, less overlap, autonomy and costs (methods 2e).

``S_f = k_f complement + joint_f + relief_f + special_f - overlap (1 - control_f) - autonomy_f - costs_f``, dollars a year of
both sides together, over the patients of the smaller side, so that small and large partners compare. Transfers are
allowed, so each side counts half. All functions take arrays of pairs; none loops over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, PRACTICE, SERVICE_LINES, TIE_FORMS
from oncsim.state.sums import sum_by, sum_rows
from oncsim.ties.distance import Places
from oncsim.ties.ladder import (
    AFFILIATION,
    BUNDLE,
    CO_MANAGEMENT,
    CONTRACT,
    HUB,
    IN_FORCE,
    JOINT_VENTURE,
    SERVICES_AGREEMENT,
    SIGNED_FORMS,
    by_line,
    open_forms,
)
from oncsim.ties.presence import Presence, patients_by_owner, presence

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_INFUSION = SERVICE_LINES.index("infusion")
_FEWEST = 20.0  # patients a year below which an organisation counts as one of so many
# Forms that carry a center's name; that help with a bottleneck, and how much of it; that can build what neither has.
_BRAND = np.zeros(len(TIE_FORMS))
_BRAND[[AFFILIATION, CO_MANAGEMENT, JOINT_VENTURE]] = 1.0
_RELIEF = np.zeros(len(TIE_FORMS))
_RELIEF[[AFFILIATION, CO_MANAGEMENT, JOINT_VENTURE]] = 0.6, 0.9, 0.9
_JOINT = np.zeros(len(TIE_FORMS))
_JOINT[[CO_MANAGEMENT, JOINT_VENTURE]] = 1.0
# What brings two together, as recorded with a tie.
PROBLEMS = ("none", "missing_lines", "bottleneck", "distance", "no_hospital", "neither_has")
NONE, MISSING_LINES, BOTTLENECK, DISTANCE, NO_HOSPITAL, NEITHER_HAS = range(len(PROBLEMS))
PROBLEM_WORDS = (
    "",
    "each has what the other lacks",
    "one is full and the other has room",
    "patients live far from any oncologist",
    "a practice has no hospital to admit to",
    "both lose patients for want of what neither has",
)


@dataclass(frozen=True)
class Brings:
    """What organisations bring to a tie, by the organisation at the end of the chain of owners.

    Attributes
    ----------
    lines : (organisations, lines) bool
        Services offered at open sites and by hospitals; infusion only where an oncologist works.
    patients : (organisations,) float
        Cancer patients in contact in a year: those who start treatment, or those its hospitals see where that is more.
    excess, spare : (organisations,) float
        Starts a year beyond the crowding that makes a bottleneck, those lost to waiting included, and below it.
    hospital : (organisations,) bool
    contact : Presence
        Patients in contact by zone in a year.
    started : Presence
        Patients who start treatment, by zone in a quarter.
    """

    lines: Flags
    patients: Floats
    excess: Floats
    spare: Floats
    hospital: Flags
    contact: Presence
    started: Presence


def service_lines(model: OncologyMarket) -> Flags:
    """Return the lines of each organisation by itself, at its open sites and hospitals, (organisations, lines)."""
    sites, hospitals = model.sites, model.hospitals
    size = len(model.orgs)
    offered = sites.lines & sites.open[:, None]
    # Infusion lent by a hub is not a line of its own: it goes when the hub goes.
    offered[:, _INFUSION] &= (sites.oncologists > 1e-6) & (sites.hub_tie < 0)
    lines = sum_rows(sites.org, offered.astype(np.float64), size)
    return np.asarray(lines + sum_rows(hospitals.org, hospitals.lines.astype(np.float64), size) > 0)


def lost_to_waiting(model: OncologyMarket) -> Floats:
    """Return patients who went elsewhere for the wait at each site, over those who came, by the logit of one alternative."""
    law, sites = model.law, model.sites
    longer = np.maximum(sites.expected_wait - float(law["care.base_wait"]), 0.0)
    return np.asarray(np.expm1(np.minimum(-float(law["choice.wait"]) * longer, np.log(2.0))) * sites.open)


def brings(model: OncologyMarket) -> Brings:
    """Return what organisations bring, read off the quarter's books."""
    orgs, sites, zones, law = model.orgs, model.sites, model.zones, model.law
    size, top = len(orgs), orgs.top_owner()
    own = service_lines(model)
    lines = own.copy()
    owned = np.flatnonzero(top != np.arange(size))
    np.logical_or.at(lines, top[owned], own[owned])
    lines[owned] = lines[top[owned]]
    owner = top[sites.org]
    started = patients_by_owner(model, owner, sites.hub_tie < 0)
    zone, hospital, share = model.referrers
    new = 4.0 * model.new_patients.sum(axis=1)
    seen = presence(zone, top[model.hospitals.org[hospital]], share * new[zone], (len(zones), size))
    contact = started.at_least(seen, 4.0)
    crowded = float(law["partnership.value.crowded"])
    arrivals, capacity = sum_by(owner, model.arrivals, size), sum_by(owner, model.capacity, size)
    lost = sum_by(owner, model.arrivals * lost_to_waiting(model), size)
    return Brings(
        lines,
        np.maximum(contact.patients, _FEWEST),
        4.0 * np.maximum(arrivals + lost - crowded * capacity, 0.0),
        4.0 * np.maximum(crowded * capacity - arrivals, 0.0),
        model.hospitals.owners(top),
        contact,
        started,
    )


class Books:
    """What organisations bring and where they work, worked out once a quarter when somebody asks for it."""

    def __init__(self, model: OncologyMarket) -> None:
        self._model = model

    @cached_property
    def brings(self) -> Brings:
        """Return what organisations bring (:func:`brings`)."""
        return brings(self._model)

    @cached_property
    def places(self) -> Places:
        """Return where organisations work."""
        return Places(self._model)


@dataclass(frozen=True)
class Gains:
    """What single forms bring beyond services that one lacks, (pairs, forms) each.

    Attributes
    ----------
    dollars : float
        Dollars a year of both sides together; a hub, services agreement or bundle is open only where it is above zero.
    patients : float
        Patients a year it is for, where that is more than the smaller side has.
    """

    dollars: Floats
    patients: Floats


@dataclass(frozen=True)
class Worth:
    """What ties between pairs would be worth.

    Attributes
    ----------
    surplus : (pairs, forms) float
        Worth of both sides together, dollars a year and patient of the smaller side; -inf where a form is not open.
    complement, overlap, relief, joint : (pairs,) float
        Parts of it before the form counts, in the same unit.
    divert : (pairs,) float
        Mean of the two diversions.
    problem : (pairs,) int
        Place in ``PROBLEMS``.
    pressing : (pairs,) float
        Worth of solving it over the least that makes a problem, at most ``partnership.meet.most_pressing``; for want of
        a hospital ``partnership.meet.shut_out``.
    lacks_a, lacks_b : (pairs, lines) bool
        What one lacks and the other offers.
    smaller : (pairs,) float
        Patients a year of the smaller side.
    """

    surplus: Floats
    complement: Floats
    overlap: Floats
    relief: Floats
    joint: Floats
    divert: Floats
    problem: Ints
    pressing: Floats
    lacks_a: Flags
    lacks_b: Flags
    smaller: Floats


@dataclass(frozen=True)
class CommonGround:
    """What two organisations lack and could do for each other, before any form of tie is weighed.

    Attributes
    ----------
    a, b : (pairs,) int
        Organisations at the end of the chain of owners.
    na, nb, smaller : (pairs,) float
        Patients a year that each side's partner can look after; those of the smaller side.
    lacks_a, lacks_b : (pairs, lines) bool
        What one lacks and the other offers.
    near : (pairs, lines) float
        How near the two work for each line, 0 to 1.
    gain_a, gain_b : (pairs,) float
        What the lines each side lacks are worth, dollars a year.
    relief, joint : (pairs,) float
        What room and what building together are worth, dollars a year and patient of the smaller side.
    problem, pressing
        As in :class:`Worth`.
    barred : (pairs,) bool
        One has shut the other out of its hospitals.
    """

    a: Ints
    b: Ints
    na: Floats
    nb: Floats
    smaller: Floats
    lacks_a: Flags
    lacks_b: Flags
    near: Floats
    gain_a: Floats
    gain_b: Floats
    relief: Floats
    joint: Floats
    problem: Ints
    pressing: Floats
    barred: Flags


def common_ground(model: OncologyMarket, a: Ints, b: Ints, miles: Floats, have: Brings, gains: Gains) -> CommonGround:
    """Return what each pair has in common that a tie could work on; parameters as for :func:`worth`."""
    law, top = model.law, model.orgs.top_owner()
    a, b = top[a], top[b]
    na, nb = have.patients[a], have.patients[b]
    smaller = np.minimum(na, nb)
    lacks_a, lacks_b = ~have.lines[a] & have.lines[b], have.lines[a] & ~have.lines[b]
    # A partner cannot look after many times its own patients.
    na, nb = np.minimum(na, 2.0 * nb), np.minimum(nb, 2.0 * na)
    need, margin = by_line(law["partnership.line.need"]), by_line(law["partnership.line.margin"])
    build = by_line(law["partnership.line.build"])
    near = np.exp(-miles[:, None] / by_line(law["partnership.line.miles"]))
    gain_a = _gain(law, na, lacks_a, near, need, margin, build)
    gain_b = _gain(law, nb, lacks_b, near, need, margin, build)
    relief = _relief(model, have, a, b, near[:, _INFUSION]) / smaller
    joint = _joint(law, have, a, b, near, need, margin, build) / smaller
    hub = gains.dollars[:, HUB] / np.maximum(smaller, gains.patients[:, HUB])
    problem, pressing = _problem(model, have, a, b, gain_a / smaller, gain_b / smaller, relief, joint, hub)
    barred = model.foreclosures.between(a, b)
    problem[barred], pressing[barred] = NONE, 0.0
    return CommonGround(
        a, b, na, nb, smaller, lacks_a, lacks_b, near, gain_a, gain_b, relief, joint, problem, pressing, barred
    )  # fmt: skip


def worth(model: OncologyMarket, a: Ints, b: Ints, miles: Floats, have: Brings, gains: Gains) -> Worth:
    """Return what a tie between each pair would be worth in every form.

    Parameters
    ----------
    a, b : (pairs,) int
        Organisation rows.
    miles : (pairs,) float
        How far apart they work.
    have : Brings
        What organisations bring, from the books of the quarter.
    gains : Gains
        What only some forms bring.
    """
    law, orgs, ladder = model.law, model.orgs, model.ladder
    two = common_ground(model, a, b, miles, have, gains)
    a, b, smaller = two.a, two.b, two.smaller
    value = by_line(law["partnership.line.need"]) * by_line(law["partnership.line.margin"])
    divert_ab, divert_ba = have.started.diversion(a, b)
    per_patient = ((have.lines[a] & have.lines[b]) * value).sum(axis=1)
    overlap = float(law["partnership.value.overlap"]) * per_patient * (divert_ab * two.na + divert_ba * two.nb) / smaller
    rescued = _rescue(model, have, a, b, two.near[:, _INFUSION]) * value[_INFUSION]
    complement = (two.gain_a + two.gain_b + rescued) / smaller
    special = gains.dollars / np.maximum(smaller[:, None], gains.patients)
    special += _BRAND * _brand(model, a, b)[:, None]
    special = special + (_admission(model, have, a, b) / smaller)[:, None]
    surplus = ladder.reach * complement[:, None] + _RELIEF * two.relief[:, None] + _JOINT * two.joint[:, None] + special
    surplus -= overlap[:, None] * (1.0 - ladder.control_share)
    surplus -= _autonomy(model, a, b)[:, None] * ladder.control_share / smaller[:, None]
    cost = ladder.upkeep + ladder.setup_cost / float(law["partnership.value.horizon"])
    surplus -= cost / np.maximum(smaller[:, None], gains.patients)
    surplus -= np.maximum(surplus, 0.0) * ladder.exit_cost * _fear_of_exit(law)
    allowed = open_forms(orgs.kind[a], orgs.kind[b], two.lacks_a, two.lacks_b, have.hospital[a], have.hospital[b])
    for form in (HUB, SERVICES_AGREEMENT, BUNDLE):
        allowed[:, form] &= gains.dollars[:, form] > 0
    surplus[~allowed | two.barred[:, None]] = -np.inf
    divert = (divert_ab + divert_ba) / 2.0
    return Worth(
        surplus, complement, overlap, two.relief, two.joint, divert, two.problem, two.pressing,
        two.lacks_a, two.lacks_b, smaller,
    )  # fmt: skip


def _fear_of_exit(law: Values) -> float:
    """Return the part of a year of worth that each year of exit cost takes from what a form is worth."""
    return float(law["partnership.value.exit_chance"]) * float(law["partnership.value.loss_aversion"])


def _gain(law: Values, patients: Floats, lacks: Flags, near: Floats, need: Floats, margin: Floats, build: Floats) -> Floats:
    """Return what lines that a side lacks are worth to it and to the partner who offers them, dollars a year, (pairs,)."""
    kept = float(law["partnership.value.kept"])
    steered = float(law["partnership.value.steered"])
    earned = patients[:, None] * need * margin
    return np.asarray((lacks * near * (np.minimum(kept * earned, build) + steered * earned)).sum(axis=1))


def _relief(model: OncologyMarket, have: Brings, a: Ints, b: Ints, near: Floats) -> Floats:
    """Return what room at one side is worth where the other is full, dollars a year, (pairs,)."""
    treats = have.lines[a, _INFUSION] & have.lines[b, _INFUSION]
    moved = np.minimum(have.excess[a], have.spare[b]) + np.minimum(have.excess[b], have.spare[a])
    return np.asarray(float(model.law["partnership.value.relief"]) * moved * near * treats)


def _rescue(model: OncologyMarket, have: Brings, a: Ints, b: Ints, near: Floats) -> Floats:
    """Return patients a year whom one side cannot take well and the other, in the network of their payer, can, (pairs,)."""
    outside = ~model.in_network
    if not outside.any():
        return np.zeros(len(a))
    sites, size = model.sites, len(model.orgs)
    payers = outside.shape[1]
    started = sites.starts.reshape(len(sites), payers, -1).sum(axis=2)
    came = 4.0 * sum_rows(model.orgs.top_owner()[sites.org], started, size)
    # Those who would have come if it were in the network, by the logit of one alternative.
    missed = np.where(outside, came * np.expm1(-float(model.law["choice.network"])), 0.0)
    to_b = (missed[a] * ~outside[b]).sum(axis=1) * have.lines[b, _INFUSION]
    to_a = (missed[b] * ~outside[a]).sum(axis=1) * have.lines[a, _INFUSION]
    # A partner cannot look after many times its own patients.
    return np.asarray(near * (np.minimum(to_b, 2.0 * have.patients[b]) + np.minimum(to_a, 2.0 * have.patients[a])))


def _joint(law: Values, have: Brings, a: Ints, b: Ints, near: Floats, need: Floats, margin: Floats, build: Floats) -> Floats:
    """Return what lines that neither has are worth if built together, over building them alone, dollars a year."""
    kept = float(law["partnership.value.kept"])
    neither = ~have.lines[a] & ~have.lines[b]
    worth_a, worth_b = (have.patients[side][:, None] * need * margin * kept for side in (a, b))
    together = np.maximum((worth_a + worth_b) * near - build, 0.0)
    alone = np.maximum(worth_a - build, 0.0) + np.maximum(worth_b - build, 0.0)
    return np.asarray((neither * np.maximum(together - alone, 0.0)).sum(axis=1))


def _autonomy(model: OncologyMarket, a: Ints, b: Ints) -> Floats:
    """Return what full control would take of the independence of the practices in each pair, dollars a year, (pairs,)."""
    orgs = model.orgs
    worth_of = np.where(orgs.kind == PRACTICE, orgs.autonomy * orgs.headcount, 0.0)
    return np.asarray(float(model.law["partnership.value.autonomy"]) * np.minimum(worth_of[a] + worth_of[b], 1e12))


def _admission(model: OncologyMarket, have: Brings, a: Ints, b: Ints) -> Floats:
    """Return what a place to admit to is worth to a practice that was shut out, where no other partner gives it one.

    The chance in a year that it would close without one, times what its owners earn and what independence is worth to them.
    """
    lost, orgs, ties = model.foreclosures, model.orgs, model.ties
    if len(lost.practice) == 0 or len(a) == 0:
        return np.zeros(len(a))
    size, top, has = len(orgs), orgs.top_owner(), have.hospital
    shut = np.zeros(size, dtype=np.bool_)
    shut[lost.practice] = True
    held = np.flatnonzero(IN_FORCE[ties.stage])
    ta, tb = top[ties.a[held]], top[ties.b[held]]
    codes = np.unique(np.concatenate([(ta * size + tb)[has[tb]], (tb * size + ta)[has[ta]]]))  # practice, owner of hospitals
    count = np.bincount(codes // size, minlength=size)
    practice = np.where(shut[a] & has[b], a, np.where(shut[b] & has[a], b, -1))
    owner = np.where(practice == a, b, a)
    own = np.isin(practice * size + owner, codes)
    needed = (practice >= 0) & (count[practice] - own == 0) & ~lost.between(a, b)
    earns = 4.0 * orgs.margin_history.mean(axis=1) + orgs.autonomy * orgs.headcount
    return np.where(needed, float(model.law["practice.no_hospital.yearly"]) * np.maximum(earns, 0.0)[practice], 0.0)


def _problem(
    model: OncologyMarket,
    have: Brings,
    a: Ints,
    b: Ints,
    gain_a: Floats,
    gain_b: Floats,
    relief: Floats,
    joint: Floats,
    spoke: Floats,
) -> tuple[Ints, Floats]:
    """Return the problem each pair shares and how pressing it is, (pairs,) each; the last that fits in ``PROBLEMS``."""
    bar = float(model.law["partnership.value.problem"])
    seeking, hospital = model.foreclosures.seeking(model), have.hospital
    no_hospital = (seeking[a] & hospital[b]) | (seeking[b] & hospital[a])
    found, size = np.full(len(a), NONE), np.zeros(len(a))
    for code, worth_of in (
        (NEITHER_HAS, joint),
        (MISSING_LINES, np.minimum(gain_a, gain_b)),
        (BOTTLENECK, relief),
        (DISTANCE, spoke),
    ):
        fits = worth_of > bar
        found[fits] = code
        size[fits] = np.maximum(size, worth_of)[fits]
    pressing = np.minimum(size / max(bar, 1e-9), float(model.law["partnership.meet.most_pressing"]))
    found[no_hospital] = NO_HOSPITAL
    return found, np.where(no_hospital, float(model.law["partnership.meet.shut_out"]), pressing)


def _brand(model: OncologyMarket, a: Ints, b: Ints) -> Floats:
    """Return what the name of the center in each pair is worth to the other side, dollars a patient, (pairs,)."""
    center = model.orgs.kind == ACADEMIC_CENTER
    return np.asarray(np.where(center[a] ^ center[b], float(model.law["partnership.value.brand"]), 0.0))


def bars(model: OncologyMarket, divert: Floats) -> Floats:
    """Return the trust that each form needs of each pair, higher among competitors, (pairs, forms)."""
    ladder = model.ladder
    rival = float(model.law["partnership.value.rival_bar"]) * divert[:, None]
    return np.asarray(ladder.needs_trust + np.where(CONTRACT, rival, 0.0))


def scores(model: OncologyMarket, found: Worth, trust: Floats) -> Floats:
    """Return how far each form is above the threshold for signing, (pairs, forms); -inf where it is not open.

    ``S_f / 2 - threshold + t (trust - trust needed)``, dollars a year and patient, with the lower of the two trusts.
    """
    law = model.law
    above = trust[:, None] - bars(model, found.divert)
    score = found.surplus / 2.0 - float(law["partnership.value.threshold"]) + float(law["partnership.value.trust"]) * above
    signable = np.zeros(len(TIE_FORMS), dtype=np.bool_)
    signable[list(SIGNED_FORMS)] = True
    return np.where(signable & np.isfinite(score), score, -np.inf)
