"""Care: capacity meets patients; waits, people under treatment, infusions, events, trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, AMC_MAIN, AMC_SATELLITE, NEEDS, SEGMENTS, SERVICE_LINES, among
from oncsim.processes.demand import round_systematically
from oncsim.processes.value_based import admission_factor
from oncsim.randomness import pair_keys
from oncsim.state.flows import Flows
from oncsim.state.sums import sum_by, sum_rows

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_NEED_OF = np.array([NEEDS.index(need) for _, need in SEGMENTS])
_NAVIGATION, _PHARMACY, _TRIALS = (SERVICE_LINES.index(x) for x in ("navigation", "pharmacy", "trials"))
QUARTER_DAYS = 91.3
# Where load is higher a backlog takes over; the formula itself has a pole at one.
_HIGHEST_LOAD = 0.95


@dataclass
class CareResults:
    """Care of one quarter, by site.

    Attributes
    ----------
    arrivals : (sites,) float
        Patients who asked for a start this quarter.
    capacity : (sites,) float
        Starts the site could take on.
    patient_quarters : (sites, segments) float
        Time under treatment.
    visits : (sites, segments) float
    adverse_events, readmissions, trial_patients : (sites,) float
    """

    arrivals: Floats
    capacity: Floats
    patient_quarters: Floats
    visits: Floats
    adverse_events: Floats
    readmissions: Floats
    trial_patients: Floats


def queue_days(load: Floats, servers: Floats, service_days: float, variability: float) -> Floats:
    """Return the mean wait in queue (Sakasegawa 1977): ``rho**(sqrt(2(c+1))-1) / (c (1-rho)) * E[S] * (Ca2+Cs2)/2``.

    Parameters
    ----------
    load : (n,) float
        Use of capacity; held below one, where a backlog takes over.
    servers : (n,) float
        Oncologists, at least one.
    service_days : float
        Days of one server for one start.
    variability : float
        Mean of the squared coefficients of variation.
    """
    rho = np.clip(load, 0.0, _HIGHEST_LOAD)
    c = np.maximum(servers, 1.0)
    return np.asarray(rho ** (np.sqrt(2 * (c + 1)) - 1) / (c * (1 - rho)) * service_days * variability)


def start_capacity(model: OncologyMarket) -> Floats:
    """Return starts each site can take this quarter: oncologist time, or chairs beside those already under treatment."""
    law, sites = model.law, model.sites
    shock = np.where(model.t <= sites.shock_until, 1.0 + sites.shock, 1.0).clip(min=0.0)
    academic = among(sites.kind, (AMC_MAIN, AMC_SATELLITE))
    clinical = np.where(academic, float(law["choice.academic_time"]), 1.0)
    by_time = sites.oncologists * clinical * float(law["care.starts_per_oncologist"]) / 4.0
    # Pharmacists taken into a clinic in the run share its work; those there at the start are in the numbers already.
    by_time = by_time * (1.0 + float(law["care.pharmacy_time"]) * sites.pharmacy_added)
    days = infusion_days(model)
    # Chairs serve people under treatment first; a tenth is kept for those who start.
    chair_days = sites.chairs * float(law["care.chair_turns"]) * float(law["care.chair_days"])
    chair_days = chair_days * float(law["care.chair_use"])
    course = course_of_treatment(model)
    spare = chair_days - (sites.in_care * course.time * days).sum(axis=1)
    by_chair = np.maximum(spare, 0.1 * chair_days) / max(float((course.time_new * days).mean()), 1e-9)
    return np.minimum(by_time, by_chair) * shock * sites.open


@dataclass(frozen=True)
class Course:
    """Time under treatment, exponential with the mean of the registry, over one quarter, (segments,) each.

    Attributes
    ----------
    staying : float
        Share of people under treatment at the start who still are at the end.
    staying_new : float
        Share of those who start, evenly over the quarter, still under treatment at its end.
    time, time_new : float
        Mean part of the quarter each spends under treatment.
    """

    staying: Floats
    staying_new: Floats
    time: Floats
    time_new: Floats


def course_of_treatment(model: OncologyMarket) -> Course:
    """Return how time under treatment falls on quarters; over all quarters it adds to the mean."""
    months = np.array([float(model.law["care.months_in_treatment"][need]) for need in NEEDS])
    hazard = (3.0 / months)[_NEED_OF]
    staying = np.exp(-hazard)
    time = (1.0 - staying) / hazard
    return Course(staying, time, time, (1.0 - time) / hazard)


def infusion_days(model: OncologyMarket) -> Floats:
    """Return infusion days a patient has in a quarter under treatment, (segments,)."""
    return np.array([float(model.law["care.infusions_per_quarter"][need]) for need in NEEDS])[_NEED_OF]


def care(model: OncologyMarket) -> None:
    """Serve patients up to capacity, in proportion; the rest wait and choose again next quarter."""
    sites = model.sites
    before = model.waiting
    if model.source_scenario.settings.patients == "integer":
        flows = _integer_flows(model, before)
    else:
        flows = _expected_flows(model, before)
    model.flows = flows
    model.waiting = flows.waiting
    _treat(model)
    navigated = np.bincount(
        model.pairs.zone,
        weights=flows.pair_started * sites.lines[model.pairs.site, _NAVIGATION],
        minlength=len(model.zones),
    )
    total = flows.started.sum(axis=1)
    model.navigated = np.divide(navigated, total, out=np.zeros(len(model.zones)), where=total > 0)


def _serve(model: OncologyMarket, arrivals: Floats) -> None:
    """Set load, share served, backlog and waits of every site."""
    law, sites = model.law, model.sites
    capacity = start_capacity(model)
    sites.served = np.divide(np.minimum(capacity, arrivals), arrivals, out=np.ones_like(arrivals), where=arrivals > 0)
    sites.load = np.divide(arrivals, capacity, out=np.zeros_like(arrivals), where=capacity > 0)
    sites.backlog = arrivals * (1.0 - sites.served)
    service_days = 365.25 / float(law["care.starts_per_oncologist"])
    queue = queue_days(sites.load, sites.oncologists, service_days, float(law["care.variability"]))
    backlog = np.divide(sites.backlog, capacity, out=np.zeros_like(arrivals), where=capacity > 0)
    sites.wait_days = np.where(
        sites.open & (capacity > 0),
        float(law["care.base_wait"]) + np.minimum(queue + QUARTER_DAYS * backlog, 365.0),
        0.0,
    )
    memory = float(law["choice.wait_memory"])
    sites.expected_wait = memory * sites.expected_wait + (1.0 - memory) * sites.wait_days
    model.arrivals, model.capacity = arrivals, capacity


def seekers(model: OncologyMarket, before: Floats) -> tuple[Floats, Floats]:
    """Return (patients who seek a start this quarter, patients who go untreated), (zones, segments) each.

    New patients seek treatment by the choice model; of those who waited a few give up, all where no site is left.
    """
    treated = model.choice.treated
    kept = np.where(treated > 0, 1.0 - float(model.law["choice.untreated.giving_up"]), 0.0)
    seeking = model.new_patients * treated + before * kept
    return seeking, model.new_patients + before - seeking


def _expected_flows(model: OncologyMarket, before: Floats) -> Flows:
    seeking, untreated = seekers(model, before)
    sites, pairs, shares = model.sites, model.pairs, model.shares
    site = pairs.site[shares.pair]
    asked = shares.share * seeking.ravel()[shares.cell]
    shape = (len(sites), seeking.shape[1])
    chosen = sum_by(site * shape[1] + shares.segment, asked, shape[0] * shape[1]).reshape(shape)
    _serve(model, chosen.sum(axis=1))
    sites.starts = chosen * sites.served[:, None]
    started = asked * sites.served[site]
    waiting = sum_by(shares.cell, asked - started, seeking.size).reshape(seeking.shape)
    model.entry_flows = (started, asked - started)
    pair_started = sum_by(shares.pair, started, len(pairs))
    return Flows(model.new_patients, untreated, waiting, before, seeking - waiting, pair_started)


def _integer_flows(model: OncologyMarket, before: Floats) -> Flows:
    """Round patients to whole people: first new cases, then each cell over (untreated, started or waiting at a site)."""
    zones, segments = model.new_patients.shape
    cell = pair_keys(np.repeat(model.zones.key, segments), np.tile(np.arange(segments, dtype=np.uint64), zones))
    luck = model.luck.uniform("demand.cases", model.t, cell)
    new = np.floor(model.new_patients.ravel() + luck).reshape(zones, segments)
    model.new_patients = new
    seeking, giving_up = seekers(model, before)
    wanting = new + before
    shares = model.shares
    expected = np.zeros((len(model.pairs), segments))
    expected[shares.pair, shares.segment] = shares.share * seeking.ravel()[shares.cell]
    _serve(model, sum_by(model.pairs.site, expected.sum(axis=1), len(model.sites)))
    u = model.luck.uniform("choice.site", model.t, cell).reshape(zones, segments)
    pairs, sites = model.pairs, model.sites
    served = sites.served[pairs.site][:, None]
    started, queued = np.zeros_like(expected), np.zeros_like(expected)
    untreated = np.zeros_like(wanting)
    for zone in range(zones):
        rows = slice(int(pairs.start[zone]), int(pairs.start[zone + 1]))
        parts = np.concatenate(
            [
                giving_up[zone][:, None],
                (expected[rows] * served[rows]).T,
                (expected[rows] * (1.0 - served[rows])).T,
            ],
            axis=1,
        )
        whole = round_systematically(parts, u[zone])
        # Rounding error of the cumulated shares must not lose the last person of a cell.
        whole[:, 0] += wanting[zone] - whole.sum(axis=1)
        count = rows.stop - rows.start
        untreated[zone] = whole[:, 0]
        started[rows] = whole[:, 1 : count + 1].T
        queued[rows] = whole[:, count + 1 :].T
    sites.starts = sum_rows(pairs.site, started, len(sites))
    zone_started = sum_rows(pairs.zone, started, zones)
    waiting = sum_rows(pairs.zone, queued, zones)
    model.entry_flows = (started[shares.pair, shares.segment], queued[shares.pair, shares.segment])
    return Flows(new, untreated, waiting, before, zone_started, started.sum(axis=1))


def _treat(model: OncologyMarket) -> None:
    """Advance people under treatment and count what they receive."""
    law, sites = model.law, model.sites
    course = course_of_treatment(model)
    quarters = sites.in_care * course.time + sites.starts * course.time_new
    sites.in_care = sites.in_care * course.staying + sites.starts * course.staying_new
    sites.infusions = quarters * infusion_days(model)
    visits = quarters * float(law["care.visits_per_quarter"])
    pharmacy = np.where(sites.lines[:, _PHARMACY], float(law["care.pharmacy_effect"]), 1.0)
    navigation = sites.lines[:, _NAVIGATION]
    events = np.where(navigation, float(law["care.navigation_events"]), 1.0) * pharmacy
    admissions = np.where(navigation, float(law["care.navigation_admissions"]), 1.0) * pharmacy
    time = quarters.sum(axis=1)
    model.care = CareResults(
        arrivals=model.arrivals,
        capacity=model.capacity,
        patient_quarters=quarters,
        visits=visits,
        adverse_events=time * events * float(law["care.adverse_events"]),
        readmissions=time * admissions * float(law["care.readmissions"]) * admission_factor(model, quarters),
        trial_patients=sites.starts.sum(axis=1) * trial_rate(model),
    )


def trial_rate(model: OncologyMarket) -> Floats:
    """Return the share of new patients who enrol in a trial at each site, by program of its owner."""
    sites, orgs = model.sites, model.orgs
    rate = model.law["care.trial_enrolment"]
    owner = orgs.top_owner()[sites.org]
    by_org = np.where(
        orgs.nci,
        float(rate["nci"]),
        np.where(
            orgs.kind == ACADEMIC_CENTER,
            float(rate["academic"]),
            np.where(orgs.network >= 0, float(rate["network"]), float(rate["community"])),
        ),
    )
    return np.asarray(by_org[owner] * sites.lines[:, _TRIALS])
