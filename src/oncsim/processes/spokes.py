"""Telehealth spokes: a hub's oncologists see patients of a place without oncologists by telehealth, who are infused there.

The local organisation runs the infusion room and earns what is paid there; it pays the hub for the time of its oncologists.
Where telehealth is not paid, or connections are missing, the hub sends nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.actions.places import open_site
from oncsim.codes import HEALTH_SYSTEM, NEEDS, SEGMENTS, SERVICE_LINES, SPOKE, TIE_STAGES
from oncsim.state.sums import sum_by
from oncsim.state.travel import EARTH_MILES, unit_vectors
from oncsim.ties.ladder import HUB, IN_FORCE, by_line
from oncsim.ties.worth import service_lines

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_INFUSION, _TELEHEALTH, _NAVIGATION = (SERVICE_LINES.index(x) for x in ("infusion", "telehealth", "navigation"))
_ORDINARY = np.array([need != NEEDS[2] for _, need in SEGMENTS])  # cellular therapy cannot be given at a spoke
_RAMP_UP, _SCALED_BACK = (TIE_STAGES.index(s) for s in ("ramp_up", "scaled_back"))


def telehealth_works(model: OncologyMarket) -> float:
    """Return how far telehealth can carry a spoke: payment parity times the part of people with a connection, 0 to 1."""
    law = model.law
    return min(float(law["policy.telehealth.parity"]), 1.0) * float(law["partnership.spoke.connected"])


def _people(model: OncologyMarket) -> Floats:
    sites = model.sites
    home = np.where(sites.open, model.physicians.headcount(len(sites)), 0).astype(np.float64)
    return sum_by(model.orgs.top_owner()[sites.org], home, len(model.orgs))


def looks_for_hub(model: OncologyMarket) -> Flags:
    """Return which systems have a hospital, no oncologists of their own and no hub yet, (organisations,)."""
    orgs, ties = model.orgs, model.ties
    if telehealth_works(model) <= 0:
        return np.zeros(len(orgs), dtype=np.bool_)
    has = model.hospitals.owners(orgs.top_owner())
    living = IN_FORCE[ties.stage] & (ties.form == HUB)  # talks about one are still looking
    has[ties.a[living]] = has[ties.b[living]] = False
    return np.asarray(has & (orgs.kind == HEALTH_SYSTEM) & (orgs.status == 0) & (_people(model) < 0.5))


def can_be_hub(model: OncologyMarket) -> Flags:
    """Return which organisations offer telehealth and have oncologists to lend, (organisations,)."""
    sites, orgs = model.sites, model.orgs
    offers = np.zeros(len(orgs), dtype=np.bool_)
    offers[orgs.top_owner()[sites.org[sites.open & sites.lines[:, _TELEHEALTH]]]] = True
    return np.asarray(offers & (orgs.status == 0) & (_people(model) >= 3.0))


def busy(model: OncologyMarket) -> Floats:
    """Return how far oncologists of each organisation would be missed at home, 0 with room to 1 when full, (n,)."""
    top = model.orgs.top_owner()[model.sites.org]
    size = len(model.orgs)
    arrivals, capacity = sum_by(top, model.arrivals, size), sum_by(top, model.capacity, size)
    load = np.divide(arrivals, capacity, out=np.ones(size), where=capacity > 0)
    room = float(model.law["partnership.spoke.room"])
    return np.asarray(np.clip((load - room) / max(1.0 - room, 1e-9), 0.0, 1.0))


def far_patients(model: OncologyMarket) -> Floats:
    """Return the patients a year of each zone who travel more than an hour or go untreated, rare care apart, (zones,)."""
    pairs = model.pairs
    far = pairs.minutes > float(model.law["partnership.spoke.far_minutes"])
    far &= model.sites.hub_tie[pairs.site] < 0  # a spoke is what they asked for, however large the county
    travelled = np.bincount(pairs.zone, weights=model.flows.pair_started * far, minlength=len(model.zones))
    untreated = (model.flows.untreated * _ORDINARY).sum(axis=1)
    return np.asarray(4.0 * (travelled + untreated))


def zones_in_reach(model: OncologyMarket) -> sparse.csr_array:
    """Return which zones lie within reach of a spoke at the seat of each system, (organisations, zones)."""
    from scipy.spatial import cKDTree

    zones, orgs = model.zones, model.orgs
    systems = np.flatnonzero(orgs.kind == HEALTH_SYSTEM)
    chord = 2.0 * np.sin(float(model.law["partnership.spoke.miles"]) / EARTH_MILES / 2.0)
    tree = cKDTree(unit_vectors(zones.lat, zones.lon))
    hits = tree.query_ball_point(unit_vectors(orgs.lat[systems], orgs.lon[systems]), chord) if len(systems) else []
    row = np.repeat(systems, [len(hit) for hit in hits])
    column = np.array([zone for hit in hits for zone in sorted(hit)], dtype=np.int64)
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(orgs), len(zones)))


def reach_of_spokes(model: OncologyMarket, spoke: Ints, far: Floats) -> Floats:
    """Return the far patients a year within reach of the seat of each organisation, (n,)."""
    if model.spoke_reach is None or model.spoke_reach.shape[0] < len(model.orgs):
        model.spoke_reach = zones_in_reach(model)  # made anew when organisations are born
    return np.asarray(model.spoke_reach[spoke] @ far)


def spoke_gain(model: OncologyMarket, a: Ints, b: Ints) -> tuple[Floats, Floats]:
    """Return (what a hub and spoke would be worth to each pair, dollars a year; patients it is planned for), (pairs,) each.

    The margin on the patients it is planned for, as far as telehealth works, less what running the place costs; zero where
    the two make no hub and spoke.
    """
    works, law = telehealth_works(model), model.law
    gain, planned = np.zeros(len(a)), np.zeros(len(a))
    if works <= 0 or len(a) == 0:
        return gain, planned
    spoke, hub = looks_for_hub(model), can_be_hub(model)
    sites = model.sites
    running = np.flatnonzero(sites.open & (sites.hub_tie >= 0))
    spoke[sites.org[running]] = True  # a spoke that runs still needs its hub, and so does one that has yet to open
    ties, empty = model.ties, _people(model) < 0.5
    hubs = IN_FORCE[ties.stage] & (ties.form == HUB)
    for side in (ties.a[hubs], ties.b[hubs]):
        spoke[side[empty[side]]] = True
    local = np.where(spoke[a] & hub[b], a, np.where(spoke[b] & hub[a], b, -1))
    rows = np.flatnonzero(local >= 0)
    if len(rows):
        seats, back = np.unique(local[rows], return_inverse=True)
        reached = reach_of_spokes(model, seats, far_patients(model))
        patients = reached * float(law["partnership.spoke.captured"])
        # Those who come already need not be won again.
        patients = patients + 4.0 * sum_by(sites.org[running], sites.starts[running].sum(axis=1), len(model.orgs))[seats]
        cost = float(law["finance.office.site_cost"]) + float(law["partnership.spoke.chairs"]) * float(
            law["finance.chair_cost"]
        )
        # Who is treated near home also has scans, biopsies, surgery and admissions there.
        by_patient = by_line(law["partnership.line.margin"])
        stays = by_line(law["partnership.line.need"]) * by_patient * service_lines(model)[seats]
        stays[:, _INFUSION] = 0.0
        margin = float(by_patient[_INFUSION]) + float(law["partnership.value.kept"]) * stays.sum(axis=1)
        # Oncologists of a hub that is busy itself are missed there.
        lender = np.where(local[rows] == a[rows], b[rows], a[rows])
        missed = busy(model)[lender] * float(by_patient[_INFUSION])
        gain[rows] = np.maximum(patients[back] * (margin[back] * works - missed) - cost, 0.0)
        planned[rows] = patients[back]
    return gain, planned


def staff_spokes(model: OncologyMarket) -> None:
    """Give every spoke its hub's oncologists, as far as the ramp, payment and connections let them; open new ones."""
    ties, sites, law = model.ties, model.sites, model.law
    held = np.zeros(len(ties), dtype=np.bool_)
    held[sites.hub_tie[sites.hub_tie >= 0]] = True  # also of partners who have gone on to a deeper form
    rows = np.flatnonzero(IN_FORCE[ties.stage] & ((ties.form == HUB) | held))
    if len(rows) == 0:
        return
    works, paid = telehealth_works(model), min(float(law["policy.telehealth.parity"]), 1.0)
    top, people, sources = model.orgs.top_owner(), _people(model), _sources(model)
    # The hub is the side with more oncologists at home.
    first = people[top[ties.a[rows]]] >= people[top[ties.b[rows]]]
    hubs = np.where(first, ties.a[rows], ties.b[rows])
    locals_ = np.where(first, ties.b[rows], ties.a[rows])
    demand = reach_of_spokes(model, locals_, far_patients(model)) * float(law["partnership.spoke.captured"])
    at_home = model.physicians.headcount(len(sites))
    capacity, part = float(law["care.starts_per_oncologist"]), float(law["partnership.spoke.most"])
    open_now = np.flatnonzero((sites.hub_tie >= 0) & sites.open)
    site_of = dict(zip(sites.hub_tie[open_now][::-1].tolist(), open_now[::-1].tolist(), strict=True))
    for at, row in enumerate(rows.tolist()):
        hub, local = int(hubs[at]), int(locals_[at])
        site = site_of.get(row, -1)
        if site < 0 and works > 0:
            site = _open_spoke(model, row, hub, local)
        if works <= 0:
            sites.visiting_fte[sites.hub_tie == row] = 0.0
            continue
        source = int(sources[top[hub]])
        if source < 0:
            continue
        ramp = min(1.0, (ties.stage_age[row] + 1) / max(int(ties.ramp[row]), 1)) if ties.stage[row] == _RAMP_UP else 1.0
        back = float(law["partnership.review.scaled_back"]) if ties.stage[row] == _SCALED_BACK else 1.0
        need = (float(demand[at]) + 4.0 * float(model.arrivals[site])) / capacity
        sites.visiting_from[site] = source
        sites.visiting_fte[site] = min(max(need, 0.2), part * float(at_home[source])) * paid * ramp * back


def _sources(model: OncologyMarket) -> Ints:
    """Return the site of each owner with most oncologists at home, from which a hub sees patients, -1 without any."""
    sites, top = model.sites, model.orgs.top_owner()
    people = model.physicians.headcount(len(sites))
    working = np.flatnonzero(sites.open & (people > 0))
    # The largest comes last, of equals the one with the smallest key.
    order = working[np.lexsort((~sites.key[working], people[working]))]
    largest = np.full(len(model.orgs), -1, dtype=np.int64)
    largest[top[sites.org[order]]] = order
    return largest


def _open_spoke(model: OncologyMarket, row: int, hub: int, local: int) -> int:
    """Let the local organisation open its spoke, in an infusion room that stands empty or a new one; return the site."""
    sites, orgs = model.sites, model.orgs
    empty = np.flatnonzero((sites.org == local) & sites.open & (sites.oncologists <= 1e-6) & sites.lines[:, _INFUSION])
    if len(empty):
        site = int(empty[np.lexsort((sites.key[empty], -sites.chairs[empty]))[0]])
    else:
        lines = np.zeros(len(SERVICE_LINES), dtype=np.bool_)
        lines[[_TELEHEALTH, _NAVIGATION]] = True
        zone = int(orgs.zone[local])
        chairs = float(model.law["partnership.spoke.chairs"])
        site = open_site(
            model, local, zone, SPOKE, lat=float(orgs.lat[local]), lon=float(orgs.lon[local]), chairs=chairs, lines=lines,
            reason=f"oncologists of {orgs.name[hub]} see its patients by telehealth",
        )  # fmt: skip
        orgs.cash[local] -= chairs * float(model.law["finance.chair_cost"])
    sites.hub_tie[site] = row
    sites.lines[site, [_TELEHEALTH, _NAVIGATION]] = True
    return site


def leave_spoke(model: OncologyMarket, row: int) -> None:
    """Take a hub's oncologists away from its spoke when their tie ends."""
    sites = model.sites
    mine = np.flatnonzero(sites.hub_tie == row)
    sites.visiting_fte[mine] = 0.0
    sites.visiting_from[mine] = -1
    sites.hub_tie[mine] = -1
