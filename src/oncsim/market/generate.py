"""Providers that are not given: hospitals, systems, centers, practices, sites and first ties.

The generator works state by state and keys every draw by the identity of what it decides, so a county gets
the same providers whether the market is its state or the nation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from oncsim.market.era import Era, earlier_participation, earlier_sites
from oncsim.market.form import ORGANIZATION_COLUMNS, empty_table, shape_table
from oncsim.market.generate_departments import (
    center_sites,
    departments,
    home_hospitals,
    hospital_based,
    satellites,
)
from oncsim.market.generate_given import fill_given
from oncsim.market.generate_hospitals import center_hospitals, generate_hospitals
from oncsim.market.generate_keys import Ints
from oncsim.market.generate_names import place_of
from oncsim.market.generate_networks import join_networks
from oncsim.market.generate_outreach import visiting_clinics
from oncsim.market.generate_places import scatter
from oncsim.market.generate_practices import form_practices
from oncsim.market.generate_sites import complete_sites, with_cellular_therapy
from oncsim.market.generate_staffing import staff_zones
from oncsim.market.generate_systems import form_systems
from oncsim.market.generate_ties import starting_ties
from oncsim.market.hospital_lines import with_hospital_lines
from oncsim.market.places import miles_between
from oncsim.randomness import Luck

if TYPE_CHECKING:
    import pandas as pd


class Providers(NamedTuple):
    """Four tables of the form of a market, and what was generated, in sentences."""

    hospitals: pd.DataFrame
    organizations: pd.DataFrame
    sites: pd.DataFrame
    ties: pd.DataFrame
    notes: tuple[str, ...]


def generate_providers(
    zones: pd.DataFrame,
    hospitals: pd.DataFrame | None = None,
    organizations: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
    centers: pd.DataFrame | None = None,
    *,
    seed: int,
    weights: pd.Series | None = None,
    era: Era | None = None,
) -> Providers:
    """Keep the providers that are given and generate the rest.

    Parameters
    ----------
    zones : pandas.DataFrame
        Zones in the form of a market (:data:`oncsim.market.form.ZONE_COLUMNS`).
    hospitals, organizations, sites : pandas.DataFrame, optional
        What is known, with the columns of the form. Given hospitals stand for all hospitals of the zones and
        are never added to (but a center gets one); without them hospitals are generated to state totals. A
        hospital without owner (``org`` empty) joins a generated system or stands alone. A given site with
        ``oncologists`` of -1 is staffed, one with ``chairs`` of -1 or without lines gets them; a given
        academic center without a main site gets one. Given rows keep every other value.
    centers : pandas.DataFrame, optional
        Centers still without an organisation: ``center, name, designation, state, lat, lon, zone``. Each
        becomes an academic center with a hospital, a main site and satellites.
    seed : int
        The seed of the market: the same seed and zones give the same providers.
    weights : pandas.Series, optional
        Medical oncologists expected per zone, indexed by zone; without it they are spread by population,
        rurality and size.
    era : Era, optional
        Structure of an earlier year; given rows keep their oncologists and owners.

    Returns
    -------
    Providers
        The given and the generated rows together, in the columns and types of the form.
    """
    luck = Luck(seed)
    zones = zones.sort_values("zone").reset_index(drop=True)
    known = _table("organizations", organizations)
    academic = _academic(known, centers, hospitals, zones)
    owned, systems = _hospitals(zones, hospitals, known, academic, luck)
    owned = earlier_participation(owned, era, luck)
    known = _stack("organizations", known, academic[~academic["org"].isin(known["org"])], systems)
    placed, practices = _sites(zones, owned, known, academic, _table("sites", sites), luck, weights, era)
    known = _stack("organizations", known, practices)
    known = _seats(known, placed, zones)
    members = known["kind"] == "practice"
    joined, networks = join_networks(
        known[members], placed.groupby("org")["oncologists"].sum(), luck, 1.0 if era is None else era.networks
    )
    known = _stack("organizations", known[~members], joined, networks[~networks["org"].isin(known["org"])])
    placed = earlier_sites(complete_sites(placed, luck), era, luck)
    placed = with_cellular_therapy(placed, owned, zones.set_index("zone")["state"])
    owned = with_hospital_lines(owned, placed)
    known = _unique_names(known)
    result = {
        "hospitals": shape_table("hospitals", owned.sort_values("hospital")),
        "organizations": shape_table("organizations", known.sort_values("org")),
        "sites": shape_table("sites", _unique_names(placed).sort_values("site")),
    }
    notes = provider_notes(**result, all_hospitals=hospitals is None)
    ties = shape_table("ties", starting_ties(known, owned, placed, luck).sort_values(["a", "b", "form"]))
    return Providers(**result, ties=ties, notes=notes)


def _table(name: str, given: pd.DataFrame | None) -> pd.DataFrame:
    return empty_table(name) if given is None else given.reset_index(drop=True)


def _stack(name: str, *frames: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    filled = [frame for frame in frames if len(frame)]
    return shape_table(name, pd.concat(filled, ignore_index=True)) if filled else empty_table(name)


def _academic(
    known: pd.DataFrame, centers: pd.DataFrame | None, hospitals: pd.DataFrame | None, zones: pd.DataFrame
) -> pd.DataFrame:
    """Return all academic centers of the market as organisations with their zone, in order of identity."""
    import pandas as pd

    given = known[known["kind"] == "academic_center"]
    if hospitals is not None and len(hospitals):
        home = home_hospitals(given, hospitals)
        given = given.assign(zone=given["org"].map({org: hospital["zone"] for org, hospital in home.items()}))
    else:
        given = given.assign(zone=None)
    missing = given["zone"].isna()
    given.loc[missing, "zone"] = [
        _nearest_zone(zones, lat, lon) for lat, lon in zip(given.loc[missing, "lat"], given.loc[missing, "lon"], strict=True)
    ]
    table = pd.DataFrame(columns=[*ORGANIZATION_COLUMNS, "zone"])
    if centers is not None:
        table = centers[centers["zone"].isin(zones["zone"])].rename(columns={"center": "org", "designation": "nci"})
        table = table.assign(kind="academic_center", investor_owned=False, network="", generated=False)
        table = table[[*ORGANIZATION_COLUMNS, "zone"]]
    parts = [part for part in (given, table) if len(part)]
    both = pd.concat(parts, ignore_index=True) if parts else table
    return both.sort_values("org").reset_index(drop=True)


def _nearest_zone(zones: pd.DataFrame, lat: float, lon: float) -> str:
    return str(zones["zone"].iloc[int(miles_between(lat, lon, zones["lat"], zones["lon"]).argmin())])


def _hospitals(
    zones: pd.DataFrame,
    given: pd.DataFrame | None,
    known: pd.DataFrame,
    academic: pd.DataFrame,
    luck: Luck,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all hospitals with their owners, and the health systems that had to be made."""
    import pandas as pd

    places = place_of(zones)
    if given is None:
        frame = generate_hospitals(zones, academic, places, luck)
    else:
        without = academic[~academic["org"].isin(given["org"])]
        made = center_hospitals(without, luck)
        frame = pd.concat([t for t in (given, made) if len(t)], ignore_index=True) if len(made) else given
    if (frame["org"] == "").any() or given is None:
        frame, systems = form_systems(frame.reset_index(drop=True), academic, places, luck)
        systems = systems[~systems["org"].isin(known["org"])]
    else:
        systems = empty_table("organizations")
    return shape_table("hospitals", frame), systems


def _sites(
    zones: pd.DataFrame,
    hospitals: pd.DataFrame,
    known: pd.DataFrame,
    academic: pd.DataFrame,
    given: pd.DataFrame,
    luck: Luck,
    weights: pd.Series | None,
    era: Era | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all sites, placed, and the practices that had to be made."""
    import pandas as pd

    places = place_of(zones)
    main_given = given[given["kind"] == "amc_main"]
    pool, at_center = staff_zones(zones, academic, luck, weights, 1.0 if era is None else era.oncologists)
    given = _staff_main(given, academic, at_center)
    lacking = ~academic["org"].isin(main_given["org"]).to_numpy(dtype=bool)
    main = center_sites(academic[lacking], at_center[lacking], hospitals)
    at_hospital = hospital_based(zones, pool, hospitals, luck, era)
    in_practice = pool - at_hospital
    elsewhere = fill_given(given[given["kind"] != "amc_main"], zones, in_practice, at_hospital, luck)
    staffed = _stack("sites", given[given["kind"] == "amc_main"], elsewhere)
    free = hospitals[~hospitals["hospital"].isin(staffed["hospital"])]
    # Where every hospital has its given department already, the rest of the zone's oncologists are in
    # practice.
    stranded = ~zones["zone"].isin([*free["zone"], *(site["zone"] for site in main)]).to_numpy(dtype=bool)
    in_practice[stranded] += at_hospital[stranded]
    at_hospital[stranded] = 0
    rows: list[dict[str, Any]] = satellites(academic[lacking], main, zones, places, at_hospital, luck, era)
    rows += departments(zones, at_hospital, free, main, luck, era)
    organizations, offices = form_practices(zones, in_practice, places, luck)
    placed = _place(_stack("sites", staffed, pd.DataFrame([*main, *rows, *offices])), zones, luck)
    practices = pd.DataFrame(organizations, columns=list(ORGANIZATION_COLUMNS))
    names = dict(zip(known["org"], known["name"], strict=True))
    names |= dict(zip(practices["org"], practices["name"], strict=True))
    visits = visiting_clinics(zones, hospitals, placed, names, places, luck)
    return _stack("sites", placed, pd.DataFrame(visits)), practices


def _staff_main(given: pd.DataFrame, academic: pd.DataFrame, at_center: Ints) -> pd.DataFrame:
    """Give main sites of centers whose oncologists are unknown the center's number."""
    unknown = (given["kind"] == "amc_main") & (given["oncologists"] < 0)
    number = dict(zip(academic["org"], at_center, strict=True))
    given = given.copy()
    given.loc[unknown, "oncologists"] = given.loc[unknown, "org"].map(number).fillna(1).astype(np.int64)
    return given


def _place(sites: pd.DataFrame, zones: pd.DataFrame, luck: Luck) -> pd.DataFrame:
    """Give every site without a point one in its zone."""
    sites = sites.reset_index(drop=True)
    lost = sites["lat"].isna().to_numpy()
    if lost.any():
        at = zones.set_index("zone").loc[sites.loc[lost, "zone"]]
        lat, lon = scatter(at, sites.loc[lost, "site"], luck, reach=0.35)
        sites.loc[lost, "lat"], sites.loc[lost, "lon"] = lat, lon
    return sites


def _seats(organizations: pd.DataFrame, sites: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Seat the organisations without a point at their largest site."""
    organizations = organizations.copy()
    lost = organizations["lat"].isna()
    largest = sites.sort_values(["oncologists", "site"]).drop_duplicates("org", keep="last").set_index("org")
    for column in ("lat", "lon"):
        found = organizations["org"].map(largest[column]).fillna(float(zones[column].iloc[0]))
        organizations[column] = organizations[column].where(~lost, found)
    return organizations


def _unique_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Tell generated namesakes apart by a number; given rows keep their names."""
    identity_column = str(frame.columns[0])
    frame = frame.sort_values(["generated", identity_column]).reset_index(drop=True)
    again = frame.groupby("name").cumcount().to_numpy()
    again = np.where(frame["generated"], again, 0)
    frame["name"] = [f"{n} {k + 1}" if k else n for n, k in zip(frame["name"], again, strict=True)]
    return frame


def provider_notes(
    hospitals: pd.DataFrame, organizations: pd.DataFrame, sites: pd.DataFrame, *, all_hospitals: bool
) -> tuple[str, ...]:
    """Say in sentences how much of the tables is generated."""
    made = sites[sites["generated"]]
    kinds = organizations[organizations["generated"]]["kind"].value_counts()
    notes = [
        f"{len(made):,} of {len(sites):,} sites with {int(made['oncologists'].sum()):,} of "
        f"{int(sites['oncologists'].sum()):,} medical oncologists, and {int(kinds.get('practice', 0)):,} "
        f"practices, "
        "were generated to published totals, densities and size distributions; they are not real "
        "organisations.",
        "Chairs, service lines, visiting clinics, membership of networks and starting ties are judged from size and place.",
    ]
    if all_hospitals:
        notes.insert(
            0,
            f"{len(hospitals):,} hospitals were generated: their number, teaching status, control and 340B "
            f"screen "
            "match federal totals by state; their names, beds and owners are invented.",
        )
    return tuple(notes)
