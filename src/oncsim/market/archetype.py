"""Teaching markets on a plane: a large city, a city with its country, a country far from any center.

The skeleton (places, people, who owns what, how many oncologists work where) is fixed and written out here;
the seed draws only what the skeleton leaves open: chairs, service lines, visiting clinics, networks, ties,
exact points. All numbers are judgement, in the proportions of the national evidence (A01, A03, C07, C14).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market.archetype_era import earlier_skeleton
from oncsim.market.archetype_skeletons import SKELETONS, Ring, Skeleton
from oncsim.market.era import earlier_zones, era_notes, era_of
from oncsim.market.facts import CASES_PER_65PLUS
from oncsim.market.form import Market, shape_table
from oncsim.market.generate import generate_providers
from oncsim.market.generate_places import scatter
from oncsim.market.generate_sites import site_row
from oncsim.market.hospital_class import hospital_classes
from oncsim.market.hospital_lines import UNKNOWN
from oncsim.market.payer_mix import medicaid_share
from oncsim.market.places import MILES_PER_DEGREE
from oncsim.market.zones import deprivation_rank
from oncsim.randomness import Luck

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.spec import ArchetypeMarket

REFERENCE = (39.8, -98.6)  # the middle of the contiguous states: the plane is laid out round it
AREA = "PLANE"  # code of the city's metropolitan area


@dataclass(frozen=True)
class Place:
    """One zone of a plane: its name, miles east and north of the reference, and its ring."""

    zone: str
    name: str
    east: float
    north: float
    people: float
    ring: Ring


def build_archetype(spec: ArchetypeMarket) -> Market:
    """Build the teaching market ``metro``, ``mixed`` or ``rural``."""
    luck = Luck(spec.seed)
    era = era_of(spec.as_of)
    skeleton = earlier_skeleton(SKELETONS[spec.kind], era, luck)
    zones = earlier_zones(_zones(_places(skeleton)), era)
    hospitals = _hospitals(skeleton, zones, luck)
    organizations = _organizations(skeleton, zones)
    sites = _sites(skeleton, hospitals)
    providers = generate_providers(
        zones,
        hospitals,
        organizations,
        sites,
        seed=spec.seed,
        weights=zones.set_index("zone")["population"] * 0.0,
        era=era,
    )
    notes = (
        f"A teaching market on a plane ({skeleton.title}): places, people and organisations are invented in"
        f" the "
        "proportions of the national evidence.",
        "Chairs, service lines, visiting clinics, networks and starting ties are drawn with the market's seed.",
        *era_notes(era),
    )
    return Market(
        f"Archetype: {skeleton.title}", "archetype", zones, providers.hospitals, providers.organizations,
        providers.sites, providers.ties, notes,
    )  # fmt: skip


def degrees(east: float, north: float) -> tuple[float, float]:
    """Return latitude and longitude of a point so many miles east and north of the reference."""
    lat, lon = REFERENCE
    return lat + north / MILES_PER_DEGREE, lon + east / (MILES_PER_DEGREE * math.cos(math.radians(lat)))


def _places(skeleton: Skeleton) -> list[Place]:
    places: list[Place] = []
    names = iter(skeleton.names)
    for ring in skeleton.rings:
        for number in range(ring.zones):
            angle = 2 * math.pi * (number + ring.turn) / ring.zones
            # Neighbours differ by half: a ring of equal places would leave nothing to choose between.
            size = 1.0 + 0.5 * math.cos(2.4 * number) if ring.zones > 1 else 1.0
            places.append(
                Place(
                    f"Z{len(places) + 1:02d}", next(names), ring.east + ring.miles * math.cos(angle),
                    ring.miles * math.sin(angle), round(ring.people * size, -2), ring,
                )
            )  # fmt: skip
    return places


def _zones(places: list[Place]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(
        [
            {
                "zone": p.zone, "name": p.name, "state": "", "hrr": "", "cbsa": "" if p.ring.rural else AREA,
                "market": "rest" if p.ring.rural else AREA,
                "market_name": "Outside the metropolitan area" if p.ring.rural else "Metropolitan area",
                "lat": round(degrees(p.east, p.north)[0], 4), "lon": round(degrees(p.east, p.north)[1], 4),
                "population": p.people, "population_65plus": round(p.people * p.ring.share_65plus),
                "land_sqmi": p.ring.land_sqmi, "rural": p.ring.rural, "air_minutes": 0.0,
                "ma_share": p.ring.ma_share,
                "uninsured_share": p.ring.uninsured_share,
                "poverty_share": p.ring.poverty_share * (1.0 + 0.35 * math.sin(1.7 * int(p.zone[1:]))),
                "estimated": "",
            }
            for p in places
        ]
    )  # fmt: skip
    poverty = frame["poverty_share"].to_numpy(dtype=np.float64)
    frame["medicaid_share"] = medicaid_share(poverty, frame["uninsured_share"], poverty_line=1.5)
    frame["deprivation"] = deprivation_rank(poverty, frame["population"].to_numpy(dtype=np.float64))
    frame["cases_per_year"] = frame["population_65plus"] * CASES_PER_65PLUS
    return shape_table("zones", frame)


def _hospitals(skeleton: Skeleton, zones: pd.DataFrame, luck: Luck) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    names = dict(zip(zones["zone"], zones["name"], strict=True))
    for h in skeleton.hospitals:
        zone = f"Z{h.zone:02d}"
        rows.append(
            {
                "hospital": f"H-{zone}-{h.org}", "name": f"{names[zone]} {h.name}", "org": h.org,
                "zone": zone,
                "state": "", "beds": float(h.beds), "teaching": h.teaching, "control": h.control,
                "critical_access": h.route == "CAH", "dsh_pct": 0.16 if h.route == "DSH" else 0.05,
                "route_340b": h.route, "participates_340b": h.route != "" and h.participates,
                "lines": UNKNOWN, "generated": False,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    rural = frame["zone"].map(zones.set_index("zone")["rural"]).to_numpy(dtype=bool)
    frame["hospital_class"] = hospital_classes(frame["critical_access"], frame["route_340b"], rural)
    frame["lat"], frame["lon"] = scatter(zones.set_index("zone").loc[frame["zone"]], frame["hospital"], luck, reach=0.3)
    return shape_table("hospitals", frame)


def _organizations(skeleton: Skeleton, zones: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    at = zones.set_index("zone")
    rows = []
    seat = {h.org: f"Z{h.zone:02d}" for h in reversed(skeleton.hospitals)}
    seat |= {p.org: f"Z{p.offices[0][0]:02d}" for p in skeleton.practices}
    titles = [(org, name, "academic_center", "clinical") for org, name in skeleton.centers]
    titles += [(org, name, "health_system", "") for org, name in skeleton.systems]
    titles += [(p.org, p.name, "practice", "") for p in skeleton.practices]
    for org, name, kind, nci in titles:
        rows.append(
            {
                "org": org, "name": name, "kind": kind, "state": "", "lat": at.at[seat[org], "lat"],
                "lon": at.at[seat[org], "lon"], "nci": nci, "investor_owned": False, "network": "",
                # Practices may join a network by the luck of the market.
                "generated": kind == "practice",
            }
        )  # fmt: skip
    return shape_table("organizations", pd.DataFrame(rows))


def _sites(skeleton: Skeleton, hospitals: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    main = {org for org, _ in skeleton.centers}
    for h, row in zip(skeleton.hospitals, hospitals.to_dict("records"), strict=True):
        for kind, people in (
            ("amc_main" if h.org in main else "hopd_on_campus", h.on),
            ("hopd_off_campus", h.off),
        ):
            if people:
                place = "cancer center" if kind != "hopd_off_campus" else "oncology clinic"
                more: dict[str, Any] = {"hospital": row["hospital"], "excepted": kind == "hopd_off_campus"}
                if kind != "hopd_off_campus":
                    more |= {"lat": row["lat"], "lon": row["lon"]}
                rows.append(
                    site_row(
                        f"{row['hospital']}.{kind}",
                        f"{row['name']} {place}",
                        h.org,
                        kind,
                        row["zone"],
                        people,
                        **more,
                    )
                )
    for center, zone, people in skeleton.satellites:
        campus = hospitals.loc[hospitals["org"] == center, "hospital"].iloc[0]
        name = f"{dict(skeleton.centers)[center]}, satellite {zone}"
        rows.append(site_row(f"{center}.{zone}", name, center, "amc_satellite", f"Z{zone:02d}", people, hospital=campus))
    for practice in skeleton.practices:
        for number, (zone, people) in enumerate(practice.offices):
            name = practice.name + (f", office {number + 1}" if len(practice.offices) > 1 else "")
            rows.append(site_row(f"{practice.org}.{number + 1}", name, practice.org, "office", f"Z{zone:02d}", people))
    frame = pd.DataFrame(rows)
    frame["generated"] = False
    return shape_table("sites", frame)
