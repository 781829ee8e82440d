"""Who could be hub and spoke of each other: hospitals without oncologists, oncologists with time, patients who live far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.codes import HEALTH_SYSTEM, NEEDS, SEGMENTS, SERVICE_LINES
from oncsim.state.sums import sum_by
from oncsim.state.travel import EARTH_MILES, unit_vectors
from oncsim.ties.ladder import HUB, IN_FORCE

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.state.flows import Flows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_TELEHEALTH = SERVICE_LINES.index("telehealth")
_ORDINARY = np.array([need != NEEDS[2] for _, need in SEGMENTS])  # cellular therapy cannot be given at a spoke
LEAST_FTE = 0.2  # one day a week: nobody asks for less, nor lends less to a new spoke


def telehealth_works(model: OncologyMarket) -> float:
    """Return how far telehealth can carry a spoke: payment parity times the part of people with a connection, 0 to 1."""
    law = model.law
    return min(float(law["policy.telehealth.parity"]), 1.0) * float(law["partnership.spoke.connected"])


def people_of(model: OncologyMarket) -> Floats:
    """Return the oncologists at home at open sites of each owner at the end of the chain, (organisations,)."""
    sites = model.sites
    home = np.where(sites.open, model.physicians.headcount(len(sites)), 0).astype(np.float64)
    return sum_by(model.orgs.top_owner()[sites.org], home, len(model.orgs))


def could_be_spoke(model: OncologyMarket) -> Flags:
    """Return which systems have a hospital and no oncologists of their own, (organisations,)."""
    orgs = model.orgs
    has = model.hospitals.owners(orgs.top_owner())
    return np.asarray(has & (orgs.kind == HEALTH_SYSTEM) & (orgs.status == 0) & (people_of(model) < 0.5))


def looks_for_hub(model: OncologyMarket) -> Flags:
    """Return which systems have a hospital, no oncologists of their own and no hub yet, (organisations,)."""
    if telehealth_works(model) <= 0:
        return np.zeros(len(model.orgs), dtype=np.bool_)
    looks = could_be_spoke(model)
    if not looks.any():
        return looks
    running, one, other = spokes_held(model)  # talks about one are still looking
    looks[one] = looks[other] = False
    looks[model.orgs.top_owner()[model.sites.org[running]]] = False
    return looks


def spokes_held(model: OncologyMarket) -> tuple[Ints, Ints, Ints]:
    """Return (open sites that are spokes, the two owners of each tie of a hub and its spoke).

    Also of partners who have gone on to a deeper form and keep their spoke.
    """
    ties, sites, top = model.ties, model.sites, model.orgs.top_owner()
    running = np.flatnonzero(sites.open & (sites.hub_tie >= 0))
    held = IN_FORCE[ties.stage] & (ties.form == HUB)
    held[sites.hub_tie[running]] = True
    return running, top[ties.a[held]], top[ties.b[held]]


def has_a_hub(model: OncologyMarket) -> Flags:
    """Return which organisations offer telehealth and have the oncologists for a hub, lent or not, (organisations,)."""
    sites, orgs = model.sites, model.orgs
    offers = np.zeros(len(orgs), dtype=np.bool_)
    offers[orgs.top_owner()[sites.org[sites.open & sites.lines[:, _TELEHEALTH]]]] = True
    return np.asarray(offers & (orgs.status == 0) & (people_of(model) >= 3.0))


def can_lend(model: OncologyMarket) -> Flags:
    """Return whose largest place has oncologist time left for another spoke, (organisations,).

    What it lends already, to spokes and visiting clinics, is gone.
    """
    sites, source, top = model.sites, sources_of(model), model.orgs.top_owner()
    at_home = model.physicians.headcount(len(sites))
    visited = np.flatnonzero((sites.visiting_from >= 0) & sites.open)
    # What is promised to a spoke counts in full, also while it ramps up or telehealth is paid in part.
    time = np.where(sites.hub_tie >= 0, sites.promised_fte, sites.visiting_fte)[visited]
    lent = sum_by(top[sites.org[sites.visiting_from[visited]]], time, len(model.orgs))
    spare = float(model.law["partnership.spoke.most"]) * at_home[source] - lent
    return np.asarray((source >= 0) & (spare >= LEAST_FTE))


def can_be_hub(model: OncologyMarket) -> Flags:
    """Return which organisations offer telehealth and have oncologists to lend, (organisations,)."""
    return has_a_hub(model) & can_lend(model)


def busy(model: OncologyMarket) -> Floats:
    """Return how far oncologists of each organisation would be missed at home, 0 with room to 1 when full, (n,)."""
    top = model.orgs.top_owner()[model.sites.org]
    size = len(model.orgs)
    arrivals, capacity = sum_by(top, model.arrivals, size), sum_by(top, model.capacity, size)
    load = np.divide(arrivals, capacity, out=np.ones(size), where=capacity > 0)
    room = float(model.law["partnership.spoke.room"])
    return np.asarray(np.clip((load - room) / max(1.0 - room, 1e-9), 0.0, 1.0))


@dataclass(frozen=True)
class FarPatients:
    """The far patients of each zone, with what they were counted from: counted again once that is another."""

    flows: Flows
    hub_tie: Ints
    patients: Floats


def far_patients(model: OncologyMarket) -> Floats:
    """Return the patients a year of each zone who travel more than an hour or go untreated, rare care apart, (zones,)."""
    seen = model.far_patients
    if seen is None or seen.flows is not model.flows or not np.array_equal(seen.hub_tie, model.sites.hub_tie):
        seen = FarPatients(model.flows, model.sites.hub_tie.copy(), _count_far(model))
        model.far_patients = seen
    return seen.patients


def _count_far(model: OncologyMarket) -> Floats:
    pairs = model.pairs
    far = pairs.minutes > float(model.law["partnership.spoke.far_minutes"])
    far &= model.sites.hub_tie[pairs.site] < 0  # a spoke is what they asked for, however large the county
    travelled = np.bincount(pairs.zone, weights=model.flows.pair_started * far, minlength=len(model.zones))
    untreated = (model.flows.untreated * _ORDINARY).sum(axis=1)
    return np.asarray(4.0 * (travelled + untreated))


class SpokeReach:
    """Which zones lie within reach of a spoke at the seat of each health system."""

    def __init__(self, model: OncologyMarket) -> None:
        from scipy.spatial import cKDTree

        zones, orgs = model.zones, model.orgs
        self.systems = np.flatnonzero(orgs.kind == HEALTH_SYSTEM)
        chord = 2.0 * np.sin(float(model.law["partnership.spoke.miles"]) / EARTH_MILES / 2.0)
        tree = cKDTree(unit_vectors(zones.lat, zones.lon))
        seats = unit_vectors(orgs.lat[self.systems], orgs.lon[self.systems])
        hits = tree.query_ball_point(seats, chord) if len(self.systems) else []
        place = np.repeat(np.arange(len(hits)), [len(hit) for hit in hits])
        column = np.array([zone for hit in hits for zone in sorted(hit)], dtype=np.int64)
        self.within = sparse.csr_array((np.ones(len(place)), (place, column)), shape=(len(self.systems), len(zones)))


def patients_in_reach(model: OncologyMarket, far: Floats) -> Floats:
    """Return the far patients a year within reach of the seat of each health system, (organisations,).

    Hospitals without oncologists share those whom several of them could reach.
    """
    if model.spoke_reach is None or len(model.spoke_reach.systems) < np.count_nonzero(model.orgs.kind == HEALTH_SYSTEM):
        model.spoke_reach = SpokeReach(model)
    systems, within = model.spoke_reach.systems, model.spoke_reach.within
    others = within.T @ could_be_spoke(model)[systems].astype(np.float64)
    reached = np.zeros(len(model.orgs))
    reached[systems] = np.asarray(within @ (far / np.maximum(others, 1.0)))
    return reached


def sources_of(model: OncologyMarket) -> Ints:
    """Return the site of each owner with most oncologists at home, from which a hub sees patients, -1 without any."""
    sites, top = model.sites, model.orgs.top_owner()
    people = model.physicians.headcount(len(sites))
    working = np.flatnonzero(sites.open & (people > 0))
    # The largest comes last, of equals the one with the smallest key.
    order = working[np.lexsort((~sites.key[working], people[working]))]
    largest = np.full(len(model.orgs), -1, dtype=np.int64)
    largest[top[sites.org[order]]] = order
    return largest
