"""The `files` source: a market from the user's own tables of zones, hospitals, practice sites and centers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from oncsim.market.check import check_market
from oncsim.market.era import earlier_participation, earlier_sites, earlier_zones, era_notes, era_of
from oncsim.market.files_centers import give_hospitals, no_centers, shape_centers
from oncsim.market.files_columns import TABLES
from oncsim.market.files_faults import Faults
from oncsim.market.files_geo import STATE_NAMES, ZoneFinder
from oncsim.market.files_hospitals import FORM_AND_MORE, NO_CANCER_CARE, shape_hospitals
from oncsim.market.files_owners import (
    Owners,
    add_hospital_owners,
    add_practices,
    check_kinds,
    hospital_sites,
    shape_ties,
)
from oncsim.market.files_parse import Table, parse_table
from oncsim.market.files_practices import UNKNOWN, shape_practices
from oncsim.market.files_read import find_folder, find_table, read_rows
from oncsim.market.files_select import select_zones
from oncsim.market.files_zones import Zones, estimate_notes, shape_zones
from oncsim.market.form import HOSPITAL_COLUMNS, Market, empty_table, shape_table
from oncsim.market.hospital_lines import UNKNOWN as UNKNOWN_LINES
from oncsim.market.hospital_lines import with_hospital_lines
from oncsim.randomness import Luck

if TYPE_CHECKING:
    from oncsim.market.spec import FilesMarket


FEW_STATES, MOST_STATES = 4, 50  # a market of few states is called by their names


@dataclass(frozen=True)
class _Parts:
    """A market on its way: what the tables say, before anything is generated."""

    zones: Zones
    hospitals: pd.DataFrame
    organizations: pd.DataFrame
    sites: pd.DataFrame
    ties: pd.DataFrame
    campuses: pd.DataFrame  # centers whose hospital the tables lack
    notes: tuple[str, ...]


def build_files(spec: FilesMarket, folder: Path) -> Market:
    """Build a market from the user's tables.

    Parameters
    ----------
    spec : FilesMarket
        The ``market:`` section of a scenario.
    folder : Path
        Folder of the scenario file: ``spec.folder`` is relative to it.

    Returns
    -------
    Market
        The zones selected and the providers in them; with ``spec.generate``, also the providers that the
        tables leave out, marked as generated.

    Raises
    ------
    InputError
        With one fault for each thing that is wrong in the tables, by file, line and column.
    """
    faults = Faults()
    tables = read_tables(spec, folder, faults)
    parts = _combine(tables, spec, faults)
    parts = _select(parts, spec)
    built = _generate(parts, spec) if spec.generate else _as_given(parts, spec)
    market = Market(
        name=_market_name(spec, parts.zones),
        source="files",
        zones=earlier_zones(parts.zones.frame, era_of(spec.as_of)),
        hospitals=with_hospital_lines(shape_table("hospitals", built.hospitals), built.sites),
        organizations=shape_table("organizations", built.organizations),
        sites=shape_table("sites", built.sites),
        ties=shape_table("ties", built.ties),
        notes=(*built.notes, *estimate_notes(parts.zones.frame), *era_notes(era_of(spec.as_of))),
    )
    check_market(market)
    return market


def read_tables(spec: FilesMarket, folder: Path, faults: Faults) -> dict[str, Table]:
    """Read every table that the market names; what is wrong in any of them goes to ``faults``."""
    place = find_folder(folder, spec.folder, faults)
    tables: dict[str, Table] = {}
    for what, columns in TABLES.items():
        name = getattr(spec, what, None)
        if place is None or name is None:
            continue
        path = find_table(place, name, f"market.{what}", faults)
        raw = read_rows(path, faults) if path is not None else None
        if raw is not None:
            tables[what] = parse_table(what, raw, columns, faults)
    return tables


def _combine(tables: dict[str, Table], spec: FilesMarket, faults: Faults) -> _Parts:
    zones = shape_zones(tables["zones"], faults) if "zones" in tables else None
    if zones is None or any(what not in tables for what in TABLES if getattr(spec, what, None)):
        faults.raise_if_any()
    assert zones is not None  # without zones there is a fault
    whole = {what: table for what, table in tables.items() if _has_needed(table)}
    finder = ZoneFinder({name: zones.frame[name].to_numpy() for name in ("zone", "state", "lat", "lon", "land_sqmi")})
    notes = list(zones.notes)
    hospitals = _no_hospitals()
    if "hospitals" in whole:
        rural = zones.frame["rural"].to_numpy()
        hospitals, more = shape_hospitals(whole["hospitals"], finder, rural, spec.seed, faults)
        notes += more
    centers = no_centers()
    if "centers" in whole:
        named = set(hospitals["org"])
        named |= set(whole["practices"].text("org")) if "practices" in whole else set()
        centers = shape_centers(whole["centers"], finder, hospitals, named, faults)
        notes += centers.notes
    sites = empty_table("sites").assign(state="", network="")
    if "practices" in whole:
        sites, more = shape_practices(whole["practices"], finder, hospitals, spec.generate, faults)
        notes += more
    faults.raise_if_any(besides=tables["ties"].file if "ties" in tables else None)

    hospitals, campuses = give_hospitals(centers, hospitals)
    owners = Owners(centers.described)
    add_hospital_owners(owners, hospitals)
    sites = add_practices(owners, sites)
    check_kinds(owners, sites, whole.get("practices"), faults)
    organizations = owners.frame()
    ties = empty_table("ties")
    if "ties" in whole:
        ties = shape_ties(whole["ties"], set(organizations["org"]), faults)
    faults.raise_if_any()
    of_hospitals = hospital_sites(hospitals, spec.generate)
    sites = pd.concat([frame for frame in (of_hospitals, sites) if len(frame)] or [sites], ignore_index=True)
    idle = hospitals["facility_type"].isin(NO_CANCER_CARE) & ~hospitals["hospital"].isin(sites["hospital"])
    hospitals["lines"] = hospitals["lines"].mask(idle & (hospitals["lines"] == UNKNOWN_LINES), "")
    return _Parts(zones, hospitals, organizations, sites, ties, campuses, tuple(notes))


def _has_needed(table: Table) -> bool:
    return all(table.has(name) for name, column in TABLES[table.what].items() if column.required)


def _no_hospitals() -> pd.DataFrame:
    text = dict.fromkeys(("facility_type", "city", "org_name"), "")
    frame = empty_table("hospitals").assign(**text, oncologists=np.nan, chairs=np.nan)
    return frame[[*HOSPITAL_COLUMNS, *FORM_AND_MORE]]


def _select(parts: _Parts, spec: FilesMarket) -> _Parts:
    """Keep the zones selected, what stands in them, and the organisations that still own something."""
    zones, sites, hospitals = parts.zones, parts.sites, parts.hospitals
    chosen = select_zones(zones.frame, zones.hrr_names, spec.select)
    if chosen.all():
        return parts
    kept = set(zones.frame["zone"][chosen])
    # Counts of the whole tables would drown what a small market needs to say.
    notes = ["In the whole tables: " + "; ".join(n[0].lower() + n[1:].rstrip(".") for n in parts.notes) + "."]
    notes = notes if parts.notes else []
    frames = {"hospitals": hospitals, "sites": sites, "centers": parts.campuses}
    inside = {what: frame[frame["zone"].isin(kept)].reset_index(drop=True) for what, frame in frames.items()}
    gone = {what: len(frame) - len(inside[what]) for what, frame in frames.items()}
    notes.append(
        f"Zones kept: {int(chosen.sum()):,} of {len(chosen):,}. Left out with the others: hospitals "
        f"{gone['hospitals']:,}, sites of the tables {gone['sites']:,}, centers {gone['centers']:,}."
    )
    sites = inside["sites"]
    away = ~sites["visiting_from"].isin([*sites["site"], ""])
    sites = sites.assign(
        visiting_from=sites["visiting_from"].where(~away, ""),
        visiting_fte=sites["visiting_fte"].where(~away, 0.0),
    )
    hospital_ids = set(inside["hospitals"]["hospital"])
    sites["hospital"] = sites["hospital"].where(sites["hospital"].isin(hospital_ids), "")
    wanted = {*inside["hospitals"]["org"], *sites["org"]}
    orgs = parts.organizations
    wanted |= set(orgs.loc[orgs["org"].isin(wanted), "network"]) - {""}
    orgs = orgs[orgs["org"].isin(wanted)].reset_index(drop=True)
    ties = parts.ties[parts.ties["a"].isin(wanted) & parts.ties["b"].isin(wanted)].reset_index(drop=True)
    return _Parts(zones.keep(chosen), inside["hospitals"], orgs, sites, ties, inside["centers"], tuple(notes))


def _as_given(parts: _Parts, spec: FilesMarket) -> _Parts:
    era, luck = era_of(spec.as_of), Luck(spec.seed)
    sites, hospitals = earlier_sites(parts.sites, era, luck), earlier_participation(parts.hospitals, era, luck)
    parts = replace(parts, sites=sites, hospitals=hospitals)
    if len(parts.campuses):
        names = ", ".join(str(name) for name in parts.campuses["name"][:3])
        more = "" if len(parts.campuses) <= 3 else f" and {len(parts.campuses) - 3} others"
        note = f"No hospital of the tables was found for {names}{more}: these centers have no site of care."
        return replace(parts, notes=(*parts.notes, note))
    return parts


def _generate(parts: _Parts, spec: FilesMarket) -> _Parts:
    from oncsim.market.generate import generate_providers

    cared = ~parts.hospitals["facility_type"].isin(NO_CANCER_CARE)
    treats = parts.hospitals[cared]
    waiting = set(parts.campuses["org"])
    owning = set(treats["org"]) | set(parts.sites["org"])
    orgs = parts.organizations[~parts.organizations["org"].isin(waiting - owning)]
    # The generator must not see owners of nothing but, say, psychiatric hospitals: they get no cancer site.
    beside = orgs["org"].isin(set(parts.hospitals.loc[~cared, "org"]) - owning)
    orgs, others = orgs[~beside], orgs[beside]
    providers = generate_providers(
        parts.zones.frame,
        shape_table("hospitals", treats) if spec.hospitals is not None else None,
        shape_table("organizations", orgs),
        shape_table("sites", parts.sites),
        _center_rows(parts.campuses),
        seed=spec.seed,
        weights=parts.zones.weights,
        era=era_of(spec.as_of),
    )
    ties = _joined(parts.ties, providers.ties).drop_duplicates(["a", "b", "form"])
    return replace(
        parts,
        hospitals=_joined(providers.hospitals, shape_table("hospitals", parts.hospitals[~cared]), "hospital"),
        organizations=_joined(providers.organizations, shape_table("organizations", others), "org"),
        sites=providers.sites,
        ties=ties,
        notes=(*parts.notes, *providers.notes),
    )


def _joined(first: pd.DataFrame, second: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Return both tables as one, in order of a column."""
    filled = [frame for frame in (first, second) if len(frame)]
    both = pd.concat(filled, ignore_index=True) if filled else first
    return both.sort_values(by, ignore_index=True) if by else both


def _center_rows(campuses: pd.DataFrame) -> pd.DataFrame | None:
    if not len(campuses):
        return None
    rows = campuses.rename(columns={"nci": "designation", "org": "center"})
    return rows[["center", "name", "designation", "city", "state", "lat", "lon", "zone"]].reset_index(drop=True)


def _market_name(spec: FilesMarket, zones: Zones) -> str:
    select = spec.select
    states = sorted(set(zones.frame["state"]) - {""})
    if select is not None and select.hrr is not None:
        named = dict(zip(zones.frame["hrr"], zones.hrr_names, strict=True))
        return " + ".join(sorted(str(name or number) for number, name in named.items()))
    if select is None or select.around is None:
        if len(states) >= MOST_STATES:
            return "United States"
        few = 0 < len(states) <= FEW_STATES
        return ", ".join(STATE_NAMES[s] for s in states) if few else Path(spec.zones).name.partition(".")[0]
    around = select.around
    middle = around.place or f"{around.lat:g}, {around.lon:g}"
    return f"{around.miles:g} miles round {middle}"


__all__ = ["UNKNOWN", "build_files", "read_tables"]
