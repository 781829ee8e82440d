"""340B: hospitals join and leave the program, and some of their departments buy at its prices.

A hospital that passes on no route leaves at once; one that passes and means to take part registers in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.places import NEVER
from oncsim.calendar import quarterly_chance
from oncsim.codes import OFF_CAMPUS_KINDS, ROUTES_340B, among
from oncsim.prices.acquisition import Program340B
from oncsim.processes.eligibility_340b import (
    best_route,
    by_hospital,
    child_site_allowed,
    of_route,
    passes,
    registration_open,
)
from oncsim.state.sums import sum_by
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


# -- a quarter --------------------------------------------------------------------------------------------------------


def review_program(model: OncologyMarket) -> None:
    """Let hospitals that pass no more leave, and let some that pass and mean to take part join.

    While the market settles nobody joins and nothing is told: a policy in force from the first quarter was always there.
    """
    hospitals, law = model.hospitals, model.law
    if len(hospitals) == 0:
        return
    before = hospitals.participates.copy()
    hospitals.registered = np.where(hospitals.scripted != 0, hospitals.scripted > 0, hospitals.registered)
    hospitals.route_now = best_route(hospitals, passes(law, hospitals))
    eligible = hospitals.route_now > 0
    inside = hospitals.registered & (eligible | (hospitals.scripted > 0))
    left = before & ~inside
    hospitals.registered &= ~left
    if not model.settling:
        joined = _joining(model, eligible & ~hospitals.registered & (hospitals.scripted == 0))
        hospitals.registered[joined] = True
        inside[joined] = True
    hospitals.participates = inside
    if model.settling:
        return
    came = np.flatnonzero(inside & ~before)
    if len(came):
        _register_off_campus(model, came)
        _tell(model, came, "joins_340b", "joins")
    if left.any():
        _tell(model, np.flatnonzero(left), "leaves_340b", "leaves")


def _joining(model: OncologyMarket, could: Flags) -> Ints:
    """Return the hospitals, of those that could, that register this quarter."""
    hospitals, law = model.hospitals, model.law
    take_up = of_route(law["health_system.p340b.take_up"], hospitals.route_now)
    admitted = np.zeros(len(hospitals), dtype=np.bool_)
    for route in range(len(ROUTES_340B)):
        mine = hospitals.route_now == route + 1
        admitted |= mine & (by_hospital(law, "policy.p340b.new_hospitals", hospitals, route) > 0.5)
    willing = np.flatnonzero(could & admitted & (hospitals.propensity < take_up))
    quarterly = quarterly_chance(float(law["health_system.p340b.register"]))
    return willing[model.luck.uniform("p340b.register", model.t, hospitals.key[willing]) < quarterly]


def _register_off_campus(model: OncologyMarket, came: Ints) -> None:
    """Departments on the campus of a hospital that joins buy at 340B prices at once, those off campus after the lag."""
    sites, lag = model.sites, int(model.law["policy.p340b.registration_lag"])
    mine = np.flatnonzero(np.isin(sites.hospital, came) & off_campus(sites.kind))
    registered = np.maximum(sites.registered_from[mine], model.t + lag)
    allowed = registration_open(model.law, model.hospitals, sites.hospital[mine])
    sites.registered_from[mine] = np.where(allowed, registered, NEVER)


def off_campus(kind: Ints) -> Flags:
    """Return which kinds of sites are off-campus departments: child sites of a hospital in 340B."""
    return among(kind, OFF_CAMPUS_KINDS)


def _tell(model: OncologyMarket, changed: Ints, event: str, verb: str) -> None:
    """Tell once an owner, with the hospitals by name and why."""
    hospitals, orgs = model.hospitals, model.orgs
    for org in np.unique(hospitals.org[changed]):
        mine = changed[hospitals.org[changed] == org]
        names = ", ".join(str(hospitals.name[row]) for row in mine[:3])
        more = f" and {len(mine) - 3} more" if len(mine) > 3 else ""
        if verb == "joins":
            routes = sorted({ROUTES_340B[hospitals.route_now[row] - 1] for row in mine})
            why = f"eligible as {', '.join(routes)}" + _percent(hospitals.dsh_pct[mine])
        else:
            why = "no route into the program is open to it" + _percent(hospitals.dsh_pct[mine])
        text = f"{{actor}} {verb} 340B with {names}{more}: {why}"
        model.tell(event, int(org) if org < len(orgs) else 0, amount=float(len(mine)), text=text)


def _percent(shares: Floats) -> str:
    """Return the DSH percentages in words; critical access hospitals have none."""
    known = shares[shares > 0]
    if len(known) == 0:
        return ""
    low, high = f"{100.0 * known.min():.1f}", f"{100.0 * known.max():.1f}"
    return f" with a DSH percentage of {low} %" if low == high else f" with DSH percentages of {low} to {high} %"


def refresh_340b(model: OncologyMarket) -> None:
    """Say which sites buy at 340B prices: departments of a participating hospital, registered by now and allowed to.

    Departments there at the start are registered; later ones wait out the lag and need the law to allow new child sites.
    Those that came while it did not are registered, after the lag, once it does.
    """
    sites, hospitals, orgs = model.sites, model.hospitals, model.orgs
    if len(hospitals) == 0:
        sites.eligible_340b[:] = False
        return
    hospital = sites.hospital.clip(min=0)
    attached = (sites.hospital >= 0) & sites.open
    unregistered = np.flatnonzero(attached & (sites.registered_from >= NEVER))
    if len(unregistered) and not model.settling:
        can = unregistered[registration_open(model.law, hospitals, hospital[unregistered])]
        sites.registered_from[can] = model.t + int(model.law["policy.p340b.registration_lag"])
    orgs.eligible_340b[:] = False
    orgs.eligible_340b[hospitals.org[hospitals.participates]] = True
    registered = attached & (sites.registered_from <= model.t) & hospitals.participates[hospital]
    sites.eligible_340b[:] = registered & _standing(model)


def _standing(model: OncologyMarket) -> Flags:
    """Return which sites the rules for departments let into the program: every one on a campus.

    Off campus a department must meet the standards for child sites, and one that came in the run must be near its hospital.
    """
    sites, hospitals = model.sites, model.hospitals
    hospital = sites.hospital.clip(min=0)
    deprivation = model.zones.deprivation[sites.zone]
    allowed = child_site_allowed(model.law, hospitals, hospital, deprivation)
    came = np.flatnonzero(off_campus(sites.kind) & allowed & ((sites.opened >= 0) | (sites.origin != sites.org)))
    at = hospital[came]
    miles = great_circle_miles(hospitals.lat[at], hospitals.lon[at], sites.lat[came], sites.lon[came])
    allowed[came] = miles <= float(model.law["policy.provider_based.department_miles"])
    return ~off_campus(sites.kind) | allowed


def program_of_sites(model: OncologyMarket) -> Program340B:
    """Return what 340B rules decide of the purchases of every site this quarter.

    Departments that wait for registration buy nothing at 340B prices but are part of a hospital that may use no GPO.
    """
    sites, hospitals, law = model.sites, model.hospitals, model.law
    if len(hospitals) == 0:
        return Program340B.everywhere(len(sites), False)
    hospital = sites.hospital.clip(min=0)
    member = (sites.hospital >= 0) & sites.open & hospitals.participates[hospital]
    route = np.where(member, hospitals.route_now[hospital], 0)
    orphan = of_route(law["policy.p340b.orphan_exclusion"], route) > 0.5
    gpo = of_route(law["policy.p340b.gpo_prohibition"], route) > 0.5
    waits = member & ~sites.eligible_340b & (sites.registered_from > model.t) & (sites.registered_from < NEVER)
    eligible = sites.eligible_340b.copy()
    return Program340B(eligible, orphan & eligible, gpo & (eligible | (waits & _standing(model))))


# -- money ------------------------------------------------------------------------------------------------------------


def book_underpayment(model: OncologyMarket, amount_by_site: Floats) -> None:
    """Remember what hospitals were paid too little this quarter under the Medicare cut for 340B drugs, dollars a site."""
    sites, hospitals = model.sites, model.hospitals
    if len(hospitals):
        some = sites.hospital >= 0
        hospitals.underpaid += sum_by(sites.hospital[some], amount_by_site[some], len(hospitals))


def remedy_payments(model: OncologyMarket) -> Floats:
    """Return what Medicare pays this quarter of what hospitals are owed, dollars a site, and take it off what they are owed.

    A hospital's sum goes to its open departments by infusions; a hospital without one stays owed. Call once a quarter.
    """
    sites, hospitals = model.sites, model.hospitals
    share = float(model.law["policy.p340b.remedy_paid"])
    if share <= 0 or model.settling or not len(hospitals) or not (hospitals.underpaid > 0).any():
        return np.zeros(len(sites))
    hospital = sites.hospital.clip(min=0)
    weight = np.where((sites.hospital >= 0) & sites.open, sites.infusions.sum(axis=1) + 1e-9, 0.0)
    total = sum_by(hospital, weight, len(hospitals))
    due = np.where(total > 0, share * hospitals.underpaid, 0.0)
    hospitals.underpaid -= due
    return np.asarray(due[hospital] * np.divide(weight, total[hospital], out=np.zeros(len(sites)), where=weight > 0))


def hospital_margins(model: OncologyMarket) -> dict[str, Floats]:
    """Return the 340B margin of every hospital this quarter, (hospitals,) each.

    ``margin`` is what 340B adds to the drug margin of its departments, dollars; ``drug_dollars`` what they spend on drugs at
    340B prices; ``margin_per_drug_dollar`` the first over the second, 0 where nothing is bought at 340B prices.
    """
    sites, count = model.sites, len(model.hospitals)
    some = sites.hospital >= 0
    margin = sum_by(sites.hospital[some], model.money.margin_340b[some], count)
    dollars = sum_by(sites.hospital[some], model.money.at_340b[some], count)
    per_dollar = np.divide(margin, dollars, out=np.zeros(count), where=dollars > 0)
    return {"margin": margin, "drug_dollars": dollars, "margin_per_drug_dollar": per_dollar}


def could_become_child_site(model: OncologyMarket, hospital: Ints, zone: Ints) -> Flags:
    """Return whether an off-campus department in each zone could come to buy at 340B prices through each hospital.

    What a buyer of a practice wants to know: the hospital takes part, new departments are registered, the zone qualifies.
    """
    hospitals, law = model.hospitals, model.law
    allowed = child_site_allowed(law, hospitals, hospital, model.zones.deprivation[zone])
    return np.asarray(hospitals.participates[hospital] & registration_open(law, hospitals, hospital) & allowed)
