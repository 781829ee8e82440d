"""The embedded source: real US counties, NCI-designated centers in place, other providers generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.errors import Fault, InputError
from oncsim.market import facts
from oncsim.market.era import earlier_zones, era_notes, era_of
from oncsim.market.form import Market
from oncsim.market.generate import generate_providers, provider_notes
from oncsim.market.generate_sites import with_cellular_therapy
from oncsim.market.places import check_states, count_miles, within
from oncsim.market.zones import county_zones

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.spec import EmbeddedMarket

    Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]


def build_embedded(spec: EmbeddedMarket) -> Market:
    """Build a market of US counties: some states, a radius round a place, or the nation.

    Providers are generated for whole states and then cut to the area, so that a county has the same ones in
    every market it is part of.

    Raises
    ------
    InputError
        When a state or the place is unknown, or no county or no oncologist is near enough.
    """
    name, states, chosen = _area(spec)
    era = era_of(spec.as_of)
    zones = earlier_zones(county_zones(states), era)
    centers = facts.nci_centers().rename(columns={"fips": "zone"})
    providers = generate_providers(zones, centers=centers, seed=spec.seed, era=era)
    tables = (zones, providers.hospitals, providers.organizations, providers.sites, providers.ties)
    left_out: list[str] = []
    if chosen is not None:
        tables, left_out = cut(*tables, chosen)
    zones, hospitals, organizations, sites, ties = tables
    _somebody_treats(spec, sites)
    notes = provider_notes(hospitals, organizations, sites, all_hospitals=True)
    return Market(
        name,
        "embedded",
        zones,
        hospitals,
        organizations,
        sites,
        ties,
        (*_zone_notes(zones), *notes, *era_notes(era), *left_out),
    )


def _area(spec: EmbeddedMarket) -> tuple[str, list[str], set[str] | None]:
    """Return the name of the area, the states it touches, and its counties (None: all of these states)."""
    if spec.nation:
        return "United States", list(facts.STATE_NAMES), None
    if spec.states is not None:
        check_states(spec.states)
        return ", ".join(facts.STATE_NAMES[s] for s in spec.states), sorted(set(spec.states)), None
    assert spec.around is not None  # the spec allows exactly one of the three
    counties = facts.counties()
    inside = counties[within(spec.around, counties)]
    place = spec.around.place or f"{spec.around.lat:g}, {spec.around.lon:g}"
    return f"{spec.around.miles:g} miles round {place}", sorted(set(inside["state"])), set(inside["fips"])


def _somebody_treats(spec: EmbeddedMarket, sites: pd.DataFrame) -> None:
    """Raise an :class:`InputError` where a radius is so small that it holds no oncologist."""
    if spec.around is None or sites["oncologists"].sum() > 0:
        return
    middle = spec.around.place or f"{spec.around.lat:g}, {spec.around.lon:g}"
    message = f"no oncologist works within {count_miles(spec.around)} of {middle} (take a larger radius)"
    raise InputError([Fault("", 0, 0, "market.around.miles", message)])


def _zone_notes(zones: pd.DataFrame) -> list[str]:
    notes = [
        "Population (2019), land area, metropolitan area and place of every county are public facts; age, "
        "poverty, "
        "insurance and cancer cases are state totals spread over counties by size of place, marked as "
        "estimated.",
        "Poverty is the share of people below 150% of the federal poverty line.",
    ]
    count = int((zones["air_minutes"] > 0).sum())
    if count:
        notes.append(f"{count} island or roadless counties have minutes by air or sea added to every trip (judgement).")
    return notes


def cut(
    zones: pd.DataFrame,
    hospitals: pd.DataFrame,
    organizations: pd.DataFrame,
    sites: pd.DataFrame,
    ties: pd.DataFrame,
    chosen: set[str],
) -> tuple[Tables, list[str]]:
    """Return the part of the tables that stands in the chosen zones, and what was left out in sentences.

    Organisations stay when they have a site or hospital there (or a member, for networks); visiting clinics
    whose oncologists would come from outside go; a satellite whose hospital is outside stays without it.
    """
    zones = zones[zones["zone"].isin(chosen)]
    hospitals = hospitals[hospitals["zone"].isin(chosen)]
    sites = sites[sites["zone"].isin(chosen)]
    orphan = (sites["visiting_from"] != "") & ~sites["visiting_from"].isin(sites["site"])
    sites = sites[~orphan].copy()
    sites.loc[~sites["hospital"].isin(hospitals["hospital"]), "hospital"] = ""
    # The area may hold no center though its states do.
    sites = with_cellular_therapy(sites, hospitals, zones.set_index("zone")["state"].map(lambda _: "area"))
    present = organizations["org"].isin(sites["org"]) | organizations["org"].isin(hospitals["org"])
    in_use = set(organizations.loc[present, "network"])
    organizations = organizations[present | organizations["org"].isin(in_use)]
    ties = ties[ties["a"].isin(organizations["org"]) & ties["b"].isin(organizations["org"])]
    count = int(orphan.sum())
    notes = [f"{count} visiting clinics staffed from outside the area were left out."] if count else []
    kept = [frame.reset_index(drop=True) for frame in (zones, hospitals, organizations, sites, ties)]
    return (kept[0], kept[1], kept[2], kept[3], kept[4]), notes
