"""Where everything of a composed market stands, and of which kind it is where the scenario leaves that open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oncsim.errors import Fault
from oncsim.market.composed_check import HOSPITAL_KINDS, OFF_CAMPUS
from oncsim.market.composed_places import Places, Spot
from oncsim.market.places import miles_between

if TYPE_CHECKING:
    from oncsim.market.spec import ComposedHospital, ComposedMarket, ComposedOrganization, ComposedSite

ON_CAMPUS = ("hopd_on_campus", "amc_main")


@dataclass(frozen=True)
class PlacedSite:
    """A site with its place, kind and hospital (an identity, or blank)."""

    org: ComposedOrganization
    site: ComposedSite
    spot: Spot
    kind: str
    hospital: str


@dataclass
class Layout:
    """Hospitals and organisations by identity with their places, and the sites in the order in which they are written."""

    hospitals: dict[str, Spot] = field(default_factory=dict)
    sites: list[PlacedSite] = field(default_factory=list)
    seats: dict[str, Spot] = field(default_factory=dict)


def lay_out(spec: ComposedMarket, places: Places, faults: list[Fault]) -> Layout:
    """Return the layout; places that are not there, and sites that are not where their kind must be, are faults."""
    layout = Layout()
    for number, org in enumerate(spec.organizations, 1):
        where = f"market.organizations[{number}]"
        seat = None if org.at is None else places.find(org.at, f"{where}.at", faults)
        for i, hospital in enumerate(org.hospitals, 1):
            spot = _spot(hospital, f"{where}.hospitals[{i}]", seat, org, places, faults)
            if spot is not None:
                layout.hospitals[hospital.id] = spot
        seat = seat or next((layout.hospitals[h.id] for h in org.hospitals if h.id in layout.hospitals), None)
        mains: set[str] = set()
        for i, site in enumerate(org.sites, 1):
            placed = _place_site(site, f"{where}.sites[{i}]", seat, org, layout, mains, places, faults)
            if placed is not None:
                layout.sites.append(placed)
                seat = seat or placed.spot
        if seat is not None:
            layout.seats[org.id] = seat
    for org in spec.organizations:
        # A network without a seat is where its first member is.
        members = (layout.seats[o.id] for o in spec.organizations if o.network == org.id and o.id in layout.seats)
        layout.seats.setdefault(org.id, next(members, places.largest()))
    return layout


def _spot(
    what: ComposedHospital | ComposedSite,
    where: str,
    seat: Spot | None,
    org: ComposedOrganization,
    places: Places,
    faults: list[Fault],
) -> Spot | None:
    if what.at is not None:
        return places.find(what.at, f"{where}.at", faults)
    if seat is None and org.at is None:
        faults.append(Fault("", 0, 0, f"{where}.at", "missing key (the place it stands in: a zone of the market)"))
    return seat


def _place_site(
    site: ComposedSite,
    where: str,
    seat: Spot | None,
    org: ComposedOrganization,
    layout: Layout,
    mains: set[str],
    places: Places,
    faults: list[Fault],
) -> PlacedSite | None:
    named = layout.hospitals.get(site.hospital or "")
    spot = named if site.at is None and named is not None else _spot(site, where, seat, org, places, faults)
    if spot is None:
        return None
    beds = {hospital.id: hospital.beds for hospital in org.hospitals if hospital.id in layout.hospitals}
    here = [site.hospital] if site.hospital in beds else list(beds)
    here = [hospital for hospital in here if hospital is not None and layout.hospitals[hospital].zone == spot.zone]
    home = max(here, key=lambda hospital: beds[hospital]) if here else ""
    kind = site.kind or _usual_kind(org, home, mains)
    mains |= {home} if kind == "amc_main" else set()
    if kind not in HOSPITAL_KINDS:
        return PlacedSite(org, site, spot, kind, "")
    if site.excepted and kind not in OFF_CAMPUS:
        faults.append(Fault("", 0, 0, f"{where}.excepted", f"only departments off campus are excepted, and this is {kind}"))
    if kind in ON_CAMPUS and not home and beds:
        faults.append(Fault("", 0, 0, f"{where}.kind", _elsewhere(kind, site, spot, layout, list(beds))))
    hospital = site.hospital or home or _nearest(spot, layout, list(beds))
    if kind in ON_CAMPUS and home and isinstance(site.at, str | None):
        spot = layout.hospitals[home]  # on campus is where the hospital is, and not in the middle of its zone
    return PlacedSite(org, site, spot, kind, hospital)


def _usual_kind(org: ComposedOrganization, home: str, mains: set[str]) -> str:
    if org.kind == "health_system":
        return "hopd_on_campus" if home else "hopd_off_campus"
    if org.kind == "academic_center":
        return "amc_main" if home not in mains and (home or not org.hospitals) else "amc_satellite"
    return "office"


def _elsewhere(kind: str, site: ComposedSite, spot: Spot, layout: Layout, own: list[str]) -> str:
    hospital = site.hospital or own[0]
    off = "hopd_off_campus" if kind == "hopd_on_campus" else "amc_satellite"
    where = layout.hospitals[hospital].name
    return f"{kind} stands where its hospital does: the site is in {spot.name}, {hospital!r} in {where} (or write {off})"


def _nearest(spot: Spot, layout: Layout, own: list[str]) -> str:
    def miles(hospital: str) -> float:
        there = layout.hospitals[hospital]
        return float(miles_between(spot.lat, spot.lon, there.lat, there.lon))

    return min(own, key=miles, default="")
