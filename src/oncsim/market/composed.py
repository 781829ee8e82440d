"""The composed source: organisations written out in the scenario, on real counties or invented places, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.errors import Fault, InputError
from oncsim.market.composed_check import composed_faults, route_of
from oncsim.market.composed_layout import Layout, PlacedSite, lay_out
from oncsim.market.composed_places import Places
from oncsim.market.composed_zones import composed_zones
from oncsim.market.form import Market, empty_table, shape_table
from oncsim.market.generate_sites import CHAIRS_OF_VISITING_CLINIC, service_lines
from oncsim.market.hospital_class import hospital_classes
from oncsim.market.hospital_lines import UNKNOWN, joined, with_hospital_lines
from oncsim.randomness import Luck

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from oncsim.market.spec import ComposedMarket

# Chairs an oncologist where none are given, as the generator's most likely ones; at main sites of centers research takes
# most of their doctors' time.
CHAIRS_PER_ONCOLOGIST, CENTER_CHAIRS_PER_ONCOLOGIST = 5.0, 2.0
VISITING_FTE = 0.2  # a day a week
DSH_PCT = {"DSH": 0.16}  # of a hospital that passes the screen, and of others, as in teaching markets
OTHER_DSH_PCT = 0.05


def build_composed(spec: ComposedMarket) -> Market:
    """Build the market of who is written out in the scenario.

    Raises
    ------
    InputError
        With every fault: unknown places, identities that are there twice or nowhere, what does not go together.
    """
    faults: list[Fault] = []
    zones = composed_zones(spec, faults)
    faults += composed_faults(spec)
    layout = Layout() if zones is None else lay_out(spec, Places(zones), faults)
    if zones is None or faults:
        raise InputError(dict.fromkeys(faults))
    sites = _sites(layout, spec)
    return Market(
        spec.name,
        "composed",
        zones,
        with_hospital_lines(_hospitals(spec, layout, zones), sites),
        _organizations(spec, layout),
        sites,
        _ties(spec),
        _notes(spec, zones, sites),
    )


def _hospitals(spec: ComposedMarket, layout: Layout, zones: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for _, org, hospital in spec.hospitals():
        spot, route = layout.hospitals[hospital.id], route_of(hospital)
        takes_part = route != "" if hospital.participates_340b is None else hospital.participates_340b
        dsh_pct = DSH_PCT.get(route, OTHER_DSH_PCT) if hospital.dsh_pct is None else hospital.dsh_pct
        rows.append(
            {
                "hospital": hospital.id, "name": hospital.name or f"{org.name} hospital, {spot.name}", "org": org.id,
                "zone": spot.zone, "state": spot.state, "lat": spot.lat, "lon": spot.lon, "beds": hospital.beds,
                "teaching": hospital.teaching, "control": hospital.control,
                "critical_access": hospital.critical_access, "hospital_class": hospital.hospital_class or "",
                "dsh_pct": dsh_pct, "route_340b": route, "participates_340b": takes_part,
                "lines": UNKNOWN if hospital.lines is None else joined(hospital.lines), "generated": False,
            }
        )  # fmt: skip
    if not rows:
        return empty_table("hospitals")
    frame = pd.DataFrame(rows)
    rural = frame["zone"].map(zones.set_index("zone")["rural"]).to_numpy(dtype=bool)
    judged = hospital_classes(frame["critical_access"], frame["route_340b"], rural)
    frame["hospital_class"] = np.where(frame["hospital_class"] == "", judged, frame["hospital_class"])
    given = [hospital.name is not None for _, _, hospital in spec.hospitals()]
    return shape_table("hospitals", frame.assign(name=_told_apart(frame["name"].tolist(), given)))


def _organizations(spec: ComposedMarket, layout: Layout) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for org in spec.organizations:
        seat = layout.seats[org.id]
        rows.append(
            {
                "org": org.id, "name": org.name, "kind": org.kind, "state": seat.state, "lat": seat.lat,
                "lon": seat.lon, "nci": org.nci or "", "investor_owned": org.investor_owned,
                "network": org.network or "", "generated": False,
            }
        )  # fmt: skip
    return shape_table("organizations", pd.DataFrame(rows))


def _sites(layout: Layout, spec: ComposedMarket) -> pd.DataFrame:
    import pandas as pd

    count: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for placed in layout.sites:
        org, site = placed.org, placed.site
        number = count[org.id] = count.get(org.id, 0) + 1
        visiting = VISITING_FTE if site.visiting_from and site.visiting_fte is None else site.visiting_fte
        rows.append(
            {
                "site": site.id or f"{org.id}.{number}", "name": site.name or f"{org.name}, {placed.spot.name}",
                "org": org.id, "kind": placed.kind, "hospital": placed.hospital, "zone": placed.spot.zone,
                "lat": placed.spot.lat, "lon": placed.spot.lon, "chairs": _chairs(placed),
                "oncologists": site.oncologists, "visiting_from": site.visiting_from or "",
                "visiting_fte": visiting or 0.0, "lines": joined(site.lines or []), "excepted": site.excepted,
                "generated": False,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["name"] = _told_apart(frame["name"].tolist(), [placed.site.name is not None for placed in layout.sites])
    drawn = service_lines(
        frame["site"], frame["kind"].to_numpy(), frame["oncologists"].to_numpy(dtype=np.float64), Luck(spec.seed)
    )
    frame["lines"] = [given or usual for given, usual in zip(frame["lines"], drawn, strict=True)]
    return shape_table("sites", frame)


def _chairs(placed: PlacedSite) -> float:
    if placed.site.chairs is not None:
        return placed.site.chairs
    each = CENTER_CHAIRS_PER_ONCOLOGIST if placed.kind == "amc_main" else CHAIRS_PER_ONCOLOGIST
    return max(each * placed.site.oncologists, CHAIRS_OF_VISITING_CLINIC)


def _told_apart(names: Sequence[str], given: Sequence[bool]) -> list[str]:
    """Return the names with a number behind those made here that repeat another."""
    taken = {name for name, kept in zip(names, given, strict=True) if kept}
    told: list[str] = []
    for name, kept in zip(names, given, strict=True):
        number, free = 1, name
        while not kept and free in taken:
            number += 1
            free = f"{name} {number}"
        taken.add(free)
        told.append(free)
    return told


def _ties(spec: ComposedMarket) -> pd.DataFrame:
    import pandas as pd

    if not spec.ties:
        return empty_table("ties")
    rows = [
        {
            "a": tie.a, "b": tie.b, "form": tie.form, "age_quarters": round(4 * tie.years),
            **{key: -1.0 if getattr(tie, key) is None else getattr(tie, key) for key in _LEFT_OPEN},
        }
        for tie in spec.ties
    ]  # fmt: skip
    return shape_table("ties", pd.DataFrame(rows))


_LEFT_OPEN = ("trust_ab", "trust_ba", "checks_per_year")


def _notes(spec: ComposedMarket, zones: pd.DataFrame, sites: pd.DataFrame) -> tuple[str, ...]:
    notes = [
        "Organisations, hospitals, sites and partnerships are those written out in the scenario; no others were generated."
    ]
    if spec.zones is not None:
        notes.append("Places are invented; what the scenario leaves out of them is as in the nation's towns or country.")
    else:
        notes.append(
            "Population (2019), land and metropolitan area of every county are public facts; age, poverty, insurance and "
            "cancer cases are state totals spread over counties by size of place, marked as estimated."
        )
    drawn = sum(site.lines is None for _, _, site in spec.sites())
    if drawn:
        notes.append(f"Service lines drawn, as for generated sites of the kind and size: {drawn} of {len(sites)} sites.")
    idle = sites[(sites["oncologists"] == 0) & (sites["visiting_from"] == "")]
    if len(idle):
        notes.append(f"Sites at which no oncologist works: {', '.join(idle['name'])}.")
    return tuple(notes)
