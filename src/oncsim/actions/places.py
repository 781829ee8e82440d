"""Sites open and close: offices, departments, satellites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    ACADEMIC_CENTER,
    AMC_SATELLITE,
    HOPD_OFF,
    HOPD_ON,
    HOSPITAL_KINDS,
    OFFICE,
    PRACTICE,
    SERVICE_LINES,
    SITE_LABELS,
)
from oncsim.processes.bargaining import terms_of_new_site
from oncsim.processes.eligibility_340b import registration_open
from oncsim.randomness import identity
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

YARDS_PER_MILE = 1760.0
NEVER = 1_000_000
_INFUSION, _CELLULAR = SERVICE_LINES.index("infusion"), SERVICE_LINES.index("cellular_therapy")
CHAIRS_OF_BRANCH = 8.0
CHAIRS_PER_ONCOLOGIST = 5.0  # judgement, as in the generated markets


def site_setup_cost(model: OncologyMarket) -> float:
    """Return what opening a site costs: a year of its fixed cost and of its chairs."""
    law = model.law
    return float(law["finance.office.site_cost"]) + CHAIRS_OF_BRANCH * float(law["finance.chair_cost"])


def default_kind(model: OncologyMarket, org: int) -> int:
    """Return the kind of site an organisation opens away from its hospitals."""
    kind = model.orgs.kind[org]
    if kind == PRACTICE:
        return OFFICE
    return AMC_SATELLITE if kind == ACADEMIC_CENTER else HOPD_OFF


def open_site(
    model: OncologyMarket,
    org: int,
    zone: int,
    kind: int,
    *,
    lat: float | None = None,
    lon: float | None = None,
    chairs: float = CHAIRS_OF_BRANCH,
    people: int = 0,
    lines: NDArray[np.bool_] | None = None,
    reason: str = "",
    grow: bool = True,
) -> int:
    """Open a site, put it on the lists of zones in reach, give it contracts, and seat its oncologists.

    Oncologists come from the organisation's most crowded site first, else from the pool of entrants.
    Returns the row of the site. With ``grow`` off the caller opens several and then lets results grow for all of them.
    """
    sites, zones, orgs = model.sites, model.zones, model.orgs
    lat = float(zones.lat[zone]) if lat is None else lat
    lon = float(zones.lon[zone]) if lon is None else lon
    hospital = nearest_hospital(model, org, lat, lon) if kind in HOSPITAL_KINDS else -1
    label = SITE_LABELS[kind]
    opened = int((sites.opened[sites.org == org] == model.t).sum())
    base, taken = f"{orgs.id[org]}+{zones.ids[zone]}+{model.quarter}", set(sites.id[sites.origin == org].tolist())
    # Spokes of the start count as opened before the first quarter, whose name they bear.
    while (f"{base}+{opened}" if opened else base) in taken:
        opened += 1
    name = f"{orgs.name[org]}, {zones.names[zone]} {label}"
    site_id = f"{base}+{opened}" if opened else base
    offered = np.zeros(len(SERVICE_LINES), dtype=np.bool_) if lines is None else lines.copy()
    offered[_INFUSION] = True
    row = sites.append(
        1,
        id=site_id,
        name=name if not (sites.name == name).any() else f"{name} ({model.quarter})",
        key=identity(site_id),
        org=org,
        origin=org,
        kind=kind,
        hospital=hospital,
        zone=zone,
        lat=lat,
        lon=lon,
        chairs=chairs,
        opened=model.t,
        registered_from=registration_quarter(model, hospital),
        excepted=bool(model.law["policy.site_neutral.new_sites_excepted"]),
        lines=offered,
        wait_days=float(model.law["care.base_wait"]),
        expected_wait=float(model.law["care.base_wait"]),
    )
    model.contracts.grow_sites(*terms_of_new_site(model, org, zone))
    seat_people(model, org, row, people)
    model.fresh_sites.append(row)  # patients can choose it from next quarter on
    if grow:
        model.grow_site_results()
    model.tell(
        "site_opened",
        org,
        site=row,
        text=f"{{actor}} opens {'an' if label[0] in 'aeiou' else 'a'} {label} in {zones.names[zone]}"
        + (f": {reason}" if reason else ""),
    )
    return row


def registration_quarter(model: OncologyMarket, hospital: int) -> int:
    """Return the quarter from which a new department can buy at 340B prices, or never."""
    if hospital < 0 or not registration_open(model.law, model.hospitals, np.array([hospital]))[0]:
        return NEVER
    return model.t + int(model.law["policy.p340b.registration_lag"])


def nearest_hospital(model: OncologyMarket, org: int, lat: float, lon: float) -> int:
    """Return the hospital of an organisation whose department a site would be: the nearest one in 340B, else the nearest.

    A department must be near its hospital: beyond what the provider-based rule allows only the nearest counts.
    """
    hospitals = model.hospitals
    mine = np.flatnonzero(hospitals.org == org)
    if len(mine) == 0:
        return -1
    miles = great_circle_miles(hospitals.lat[mine], hospitals.lon[mine], np.array(lat), np.array(lon))
    eligible = hospitals.participates[mine] & (miles <= float(model.law["policy.provider_based.department_miles"]))
    pool = mine[eligible] if eligible.any() else mine
    distance = miles[eligible] if eligible.any() else miles
    return int(pool[np.lexsort((hospitals.key[pool], distance))[0]])


def seat_people(model: OncologyMarket, org: int, site: int, people: int) -> None:
    """Seat oncologists at a new site: moved from the crowded site of the organisation, or hired from the entrants."""
    sites = model.sites
    for number in range(people):
        home = np.flatnonzero((sites.org == org) & sites.open)
        home = home[home != site]
        counts = model.physicians.headcount(len(sites))
        spare = home[counts[home] >= 2]
        if len(spare):
            source = int(spare[np.lexsort((sites.key[spare], -sites.load[spare]))[0]])
            mover = np.flatnonzero(model.physicians.site == source)
            model.physicians.site[mover[np.argmax(model.physicians.key[mover])]] = site
        elif model.recruits[model.region[sites.zone[site]]] >= 1.0:
            hire(model, site, f"opening {number}")


def hire(model: OncologyMarket, site: int, post: str) -> None:
    """Take one entrant from the pool and seat them at a site (see :func:`hire_all`)."""
    hire_all(model, np.array([site]), [post])


def hire_all(model: OncologyMarket, at: NDArray[np.int64], posts: Sequence[str]) -> None:
    """Take entrants from the pool and seat them at sites; chairs grow with their people.

    ``posts`` tell what is filled at one site in one quarter apart: site, quarter and post make a newcomer's identity.
    """
    sites, quarter = model.sites, str(model.quarter)
    keys = [identity(str(sites.id[site]), "hire", quarter, post) for site, post in zip(at, posts, strict=True)]
    model.physicians.append(len(keys), key=np.array(keys, dtype=np.uint64), site=at, years=0.0)
    np.subtract.at(model.recruits, model.region[sites.zone[at]], 1.0)
    people = model.physicians.headcount(len(sites))
    grown = np.unique(at)
    sites.chairs[grown] = np.maximum(sites.chairs[grown], CHAIRS_PER_ONCOLOGIST * people[grown])


def open_branch(model: OncologyMarket, org: int, miles: float, reason: str) -> None:
    """Open a site in the zone in reach that sends most patients and has no site of the organisation."""
    zones, sites, orgs = model.zones, model.sites, model.orgs
    mine = (sites.org == org) & sites.open
    sent = np.bincount(model.pairs.zone, weights=model.flows.pair_started * mine[model.pairs.site], minlength=len(zones))
    here = great_circle_miles(zones.lat, zones.lon, orgs.lat[org], orgs.lon[org]) <= miles
    taken = np.zeros(len(zones), dtype=np.bool_)
    taken[sites.zone[mine]] = True
    score = np.where(here & ~taken, sent, 0.0)
    zone = int(np.lexsort((zones.key, -score))[0])
    if score[zone] <= 0:
        return
    capacity = float(model.law["care.starts_per_oncologist"]) / 4.0
    people = int(np.clip(round(score[zone] / capacity), 1, 6))
    kind = default_kind(model, org)
    lines = (sites.lines[mine].all(axis=0)) if mine.any() else None
    if lines is not None:
        lines[_CELLULAR] = False
    spend_on_site(model, org)
    open_site(model, org, zone, kind, chairs=CHAIRS_PER_ONCOLOGIST * people, people=people, lines=lines, reason=reason)


def spend_on_site(model: OncologyMarket, org: int) -> None:
    """Pay the set-up of a site from the organisation's cash."""
    cost = site_setup_cost(model)
    model.orgs.cash[org] -= cost
    model.spent_on_sites += cost


def open_department(model: OncologyMarket, org: int, reason: str) -> None:
    """Open an on-campus department at the largest hospital of the organisation that has none."""
    hospitals, sites = model.hospitals, model.sites
    served = set(sites.hospital[(sites.org == org) & sites.open & (sites.kind == HOPD_ON)].tolist())
    mine = [int(row) for row in np.flatnonzero(hospitals.org == org) if int(row) not in served]
    if not mine:
        return
    rows = np.array(mine)
    best = int(rows[np.lexsort((hospitals.key[rows], -hospitals.beds[rows]))[0]])
    spend_on_site(model, org)
    open_site(
        model,
        org,
        int(hospitals.zone[best]),
        HOPD_ON,
        lat=float(hospitals.lat[best]),
        lon=float(hospitals.lon[best]),
        people=2,
        reason=f"{hospitals.name[best]} had no oncology and {reason}",
    )


def close_site(model: OncologyMarket, site: int, reason: str, quiet: bool = False) -> None:
    """Close a site: people under treatment go to the nearest site that works, its oncologists look for another post."""
    sites = model.sites
    if not sites.open[site]:
        return
    sites.open[site] = False
    _move_patients(model, site)
    _move_people(model, site)
    sites.backlog[site] = sites.wait_days[site] = 0.0
    if not quiet:
        model.tell(
            "site_closed",
            int(sites.org[site]),
            site=site,
            text=f"{{actor}} closes {sites.name[site]}: {reason}",
        )


def _move_patients(model: OncologyMarket, site: int) -> None:
    sites = model.sites
    working = np.flatnonzero(sites.open & (sites.oncologists > 1e-6))
    if sites.in_care[site].sum() <= 0 or len(working) == 0:
        return
    # Nearest by flat-earth degrees: the order of neighbours is all that is needed.
    north = sites.lat[working] - sites.lat[site]
    east = (sites.lon[working] - sites.lon[site] + 180.0) % 360.0 - 180.0
    gap = north**2 + (east * np.cos(np.radians(sites.lat[site]))) ** 2
    other = int(working[np.argmin(gap)])
    sites.in_care[other] += sites.in_care[site]
    sites.in_care[site] = 0.0


def _move_people(model: OncologyMarket, site: int) -> None:
    """Oncologists of a closed site go to a sister site within 40 miles, or join the pool of those looking for a post."""
    sites, people = model.sites, model.physicians
    mine = np.flatnonzero(people.site == site)
    sisters = np.flatnonzero((sites.org == sites.org[site]) & sites.open)
    if len(sisters):
        miles = great_circle_miles(sites.lat[sisters], sites.lon[sisters], sites.lat[site], sites.lon[site])
        if miles.min() <= 40.0:
            people.site[mine] = sisters[np.lexsort((sites.key[sisters], miles))[0]]
            return
    keep = np.ones(len(people), dtype=np.bool_)
    keep[mine] = False
    people.keep(keep)
    model.recruits[model.region[sites.zone[site]]] += float(len(mine))


def close_idle_sites(model: OncologyMarket, sites_of: NDArray[np.int64]) -> None:
    """Close the given sites that nobody has staffed for more than a year."""
    for site in sites_of[model.sites.idle_quarters[sites_of] > 4]:
        close_site(model, int(site), "no oncologist could be found for it")


def department_kind(model: OncologyMarket, buyer: int, site: int, hospital: int) -> int:
    """Return the kind an acquired office becomes: on campus within the campus radius of the hospital, else off campus."""
    if model.orgs.kind[buyer] == ACADEMIC_CENTER:
        return AMC_SATELLITE
    if hospital < 0:
        return HOPD_OFF
    hospitals, sites = model.hospitals, model.sites
    miles = great_circle_miles(hospitals.lat[hospital], hospitals.lon[hospital], sites.lat[site], sites.lon[site])
    campus = float(model.law["policy.provider_based.campus_yards"]) / YARDS_PER_MILE
    return HOPD_ON if float(miles) <= campus else HOPD_OFF
