"""The user's table of practice sites, brought to the form of a market."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim import codes
from oncsim.market.files_faults import Faults, near_miss
from oncsim.market.files_geo import ZoneFinder, check_states
from oncsim.market.files_hospitals import check_lines, check_unique, named_hospitals, point_notes
from oncsim.market.files_names import place_name, tidy_name, unique_names
from oncsim.market.files_parse import Table

Array = NDArray[Any]
UNKNOWN = -1  # oncologists or chairs that the generator is to fill in
CHAIRS_PER_ONCOLOGIST = 5.0  # judgement, within the 4 to 6 that a full day's infusions of one oncologist take
BUILDING_DECIMALS = 3  # of a degree: about a hundred yards
# Service lines of a site whose row names none (judgement): the least that its kind must offer.
USUAL_LINES = {
    "office": "infusion;pharmacy",
    "hopd_on_campus": "infusion;surgery;imaging;biopsy;inpatient",
    "hopd_off_campus": "infusion;biopsy",
    "amc_main": ";".join(codes.SERVICE_LINES),
    "amc_satellite": "infusion;imaging;biopsy;trials;navigation",
    "freestanding_infusion": "infusion",
    "home_infusion": "infusion",
    "telehealth_spoke": "telehealth",
}


def shape_practices(
    table: Table, finder: ZoneFinder, hospitals: pd.DataFrame, generate: bool, faults: Faults
) -> tuple[pd.DataFrame, list[str]]:
    """Return the sites of a table that stand in one of the zones, and what was assumed.

    The frame has the columns of sites and ``network``; ``org`` is the practice as written. Oncologists that
    the table leaves out are -1 where they may be generated, and a fault where the files are to be kept
    exactly.
    """
    check_unique(table, "site", faults)
    states = check_states(table, faults)
    notes = list(table.notes)
    _move_flagged(table, states, hospitals, notes)
    located, counts = finder.locate(table, states, faults)
    moved = finder.check_points(table, located, faults)
    _check_oncologists(table, generate, faults)
    check_lines(table, faults)
    _check_networks(table, faults)
    sites = _frame(table, finder, located, states, hospitals, faults)
    if not generate:
        sites["lines"] = usual_lines(sites["lines"].to_numpy(), sites["kind"])
    total = len(table)
    lost = counts["elsewhere"] + counts["placeless"]
    if lost:
        notes.append(f"Practice sites left out, in no zone of the table: {lost} of {total:,}.")
    notes += point_notes(moved, "Practice sites")
    sites, merged = _one_a_building(sites[located >= 0].reset_index(drop=True))
    if merged:
        notes.append(f"Rows of practice sites joined with another of the same practice and building: {merged}.")
    return sites, notes


def _move_flagged(table: Table, states: Array, hospitals: pd.DataFrame, notes: list[str]) -> None:
    """Put rows with coordinates flagged as bad where the hospitals, or other sites, of their city stand."""
    flagged = np.flatnonzero(table.text("coord_flag") != "")
    if not len(flagged):
        return
    cities = table.text("city")
    lat, lon = table.columns["lat"], table.columns["lon"]
    good = table.text("coord_flag") == ""
    for row in flagged:
        lat[row] = lon[row] = np.nan
        city, state = str(cities[row]).casefold(), states[row]
        same = (hospitals["city"].str.casefold() == city) & (hospitals["state"] == state)
        beside = good & (states == state) & np.array([str(c).casefold() == city for c in cities])
        if city and same.any():
            lat[row], lon[row] = hospitals.loc[same, "lat"].mean(), hospitals.loc[same, "lon"].mean()
        elif city and beside.any():
            lat[row], lon[row] = lat[beside].mean(), lon[beside].mean()
        if "zone" in table.columns:
            table.columns["zone"][row] = ""
    notes.append(f"Practice sites with coordinates flagged as bad, placed by their city: {len(flagged)}.")


def _check_oncologists(table: Table, generate: bool, faults: Faults) -> None:
    if generate:
        return
    if not table.has("oncologists"):
        message = "the column 'oncologists' is missing: with generate: false every site needs its number of oncologists"
        faults.add(table.file, 1, 1, "header", f"{message} (add it, or set generate: true)")
        return
    for row in np.flatnonzero(np.isnan(table.number("oncologists"))):
        table.fault(faults, int(row), "oncologists", "is blank (a whole number; or set generate: true)")


def _check_networks(table: Table, faults: Faults) -> None:
    first: dict[str, int] = {}
    network = table.text("network")
    for row, org in enumerate(table.text("org")):
        if not network[row]:
            continue
        before = first.setdefault(org, row)
        if network[before] != network[row]:
            other = f"{network[before]!r} on line {table.lines[before]}"
            message = f"{org!r} is in {network[row]!r} here and in {other} (one network a practice)"
            table.fault(faults, row, "network", message)


def _frame(
    table: Table, finder: ZoneFinder, located: Array, states: Array, hospitals: pd.DataFrame, faults: Faults
) -> pd.DataFrame:
    org = np.array([tidy_name(str(o)) for o in table.text("org")], dtype=object)
    given_id = table.text("site")
    number: dict[str, int] = {}
    ids = []
    for owner, named in zip(org, given_id, strict=True):
        number[owner] = number.get(owner, 0) + 1
        ids.append(named or f"{owner}-{number[owner]}")
    hospital = named_hospitals(table, hospitals, faults)
    visiting = table.text("visiting_from")
    for row in np.flatnonzero([bool(v) and v not in set(ids) for v in visiting]):
        near = near_miss(str(visiting[row]), ids)
        table.fault(faults, int(row), "visiting_from", f"{visiting[row]!r} is not a site of this table{near}")
    kind = table.text("kind")
    kind = np.where(kind == "", "office", kind)
    oncologists = np.nan_to_num(table.number("oncologists"), nan=UNKNOWN)
    return pd.DataFrame(
        {
            "site": np.array(ids, dtype=object),
            "name": np.array(_site_names(table, org, states, ids), dtype=object),
            "org": org,
            "kind": kind,
            "hospital": hospital,
            "zone": np.where(located >= 0, finder.ids[located], ""),
            "state": states,
            "lat": table.number("lat"),
            "lon": table.number("lon"),
            "chairs": usual_chairs(table.number("chairs"), oncologists),
            "oncologists": oncologists.astype(np.int64),
            "visiting_from": visiting,
            "visiting_fte": np.nan_to_num(table.number("visiting_fte")),
            "lines": table.text("lines"),
            "excepted": table.number("excepted") == 1,
            "generated": table.number("generated") == 1,
            "network": table.text("network"),
        }
    )


def usual_chairs(chairs: Array, oncologists: Array) -> Array:
    """Return the chairs of each site: five an oncologist where blank, -1 where those are unknown too."""
    filled = np.where(oncologists >= 0, CHAIRS_PER_ONCOLOGIST * oncologists, float(UNKNOWN))
    return np.where(np.isnan(chairs), filled, chairs)


def usual_lines(lines: Array, kind: Iterable[str]) -> Array:
    """Return the service lines of each site: those of its kind where blank."""
    return np.array([text or USUAL_LINES[k] for text, k in zip(lines, kind, strict=True)], dtype=object)


def _site_names(table: Table, org: Array, states: Array, ids: list[str]) -> list[str]:
    given, cities = table.text("name"), table.text("city")
    names = []
    for called, owner, city, state in zip(given, org, cities, states, strict=True):
        place = place_name(city, "") or state
        names.append(called or (f"{owner}, {place}" if place else owner))
    return unique_names(names, [""] * len(names), ids)


def _one_a_building(sites: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Join rows of one practice in one building, unless they count their oncologists."""
    open_rows = sites["oncologists"] == UNKNOWN
    key = pd.DataFrame(
        {
            "org": sites["org"],
            "kind": sites["kind"],
            "lat": sites["lat"].round(BUILDING_DECIMALS),
            "lon": sites["lon"].round(BUILDING_DECIMALS),
        }
    )
    repeats = key.duplicated() & open_rows & ~sites["site"].isin(sites["visiting_from"])
    return sites[~repeats].reset_index(drop=True), int(repeats.sum())
