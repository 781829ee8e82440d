"""Zones of a composed market: counties by name, or invented places on a plane."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from oncsim.errors import Fault, InputError
from oncsim.market import facts
from oncsim.market.archetype import AREA, degrees
from oncsim.market.files_faults import near_miss
from oncsim.market.form import shape_table
from oncsim.market.gazetteer import county_codes, spelled
from oncsim.market.payer_mix import medicaid_share
from oncsim.market.places import check_states, within
from oncsim.market.zones import county_zones

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.spec import ComposedMarket, ComposedZone

REST = "rest"
_SHARES = ("poverty_share", "uninsured_share", "ma_share")


def composed_zones(spec: ComposedMarket, faults: list[Fault]) -> pd.DataFrame | None:
    """Return the zones of the market; None where they cannot be told, and why is among the faults."""
    before = len(faults)
    chosen: pd.DataFrame | None = None
    try:
        if spec.zones is not None:
            chosen = _invented(spec.zones, faults)
        elif spec.counties is not None:
            chosen = _counties(spec.counties, faults)
        elif spec.states is not None:
            check_states(spec.states)
            chosen = county_zones(spec.states)
        elif spec.around is not None:
            counties = facts.counties()
            inside = counties[within(spec.around, counties)]
            chosen = _of_codes(set(inside["fips"]))
    except InputError as error:
        faults += error.faults
    return chosen if len(faults) == before else None


def _of_codes(codes: set[str]) -> pd.DataFrame:
    states = {
        str(state) for fips, state in zip(*(facts.counties()[c] for c in ("fips", "state")), strict=True) if fips in codes
    }
    zones = county_zones(states)
    return zones[zones["zone"].isin(codes)].reset_index(drop=True)


def _counties(names: list[str], faults: list[Fault]) -> pd.DataFrame:
    known = county_codes()
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        where = f"market.counties[{number}]"
        code = known.get(spelled(name))
        if code is None:
            faults.append(Fault("", 0, 0, where, unknown_county(name)))
        elif code in first:
            faults.append(Fault("", 0, 0, where, f"{name!r} is there twice (it is market.counties[{first[code]}] too)"))
        else:
            first[code] = number
    return _of_codes(set(first))


def unknown_county(name: str) -> str:
    """Say that a name is no county, with the nearest that is."""
    near = near_miss(name, facts.counties()["name"])
    return f"{name!r} is no county (write for example 'Garland, AR', or its code, '05051'{near})"


def _invented(given: list[ComposedZone], faults: list[Fault]) -> pd.DataFrame:
    import pandas as pd

    first: dict[str, str] = {}
    for number, zone in enumerate(given, 1):
        for key, text in (("zone", zone.zone), ("name", zone.name or zone.zone)):
            here = f"market.zones[{number}].{key}"
            other = first.setdefault(spelled(text), here)
            if other.rpartition(".")[0] != here.rpartition(".")[0]:
                faults.append(Fault("", 0, 0, here, f"{text!r} is there twice (it is {other} too)"))
    return shape_table("zones", pd.DataFrame([_row(zone) for zone in given]))


def _row(zone: ComposedZone) -> dict[str, Any]:
    lat, lon = degrees(zone.east, zone.north)
    usual = _usual()
    shares = {
        name: usual.shares[name, zone.rural] if getattr(zone, name) is None else getattr(zone, name) for name in _SHARES
    }
    older = zone.population_65plus
    older = round(zone.population * usual.shares["older", zone.rural]) if older is None else older
    area = zone.market or (REST if zone.rural else AREA)
    words = "Outside the metropolitan area" if zone.rural else "Metropolitan area"
    medicaid, poverty = zone.medicaid_share, shares["poverty_share"]
    if medicaid is None:
        medicaid = float(medicaid_share(poverty, shares["uninsured_share"], poverty_line=1.5))
    left_out = ("population_65plus", "deprivation", *_SHARES, "medicaid_share", "cases_per_year")
    return {
        "zone": zone.zone, "name": zone.name or zone.zone, "state": "", "lat": round(lat, 4), "lon": round(lon, 4),
        "hrr": "", "cbsa": "" if zone.rural else area, "market": area,
        "market_name": zone.market_name or zone.market or words,
        "population": zone.population, "population_65plus": older, "land_sqmi": zone.land_sqmi, "rural": zone.rural,
        "deprivation": usual.rank(poverty) if zone.deprivation is None else zone.deprivation,
        **shares, "medicaid_share": medicaid,
        "cases_per_year": older * facts.CASES_PER_65PLUS if zone.cases_per_year is None else zone.cases_per_year,
        "air_minutes": zone.air_minutes,
        "estimated": ";".join(name for name in left_out if getattr(zone, name) is None),
    }  # fmt: skip


class _Usual(NamedTuple):
    """Means of the nation's counties, in town and country, and how its people are spread over poverty."""

    shares: dict[tuple[str, bool], float]
    poverty: np.ndarray
    reached: np.ndarray

    def rank(self, poverty: float) -> float:
        """Return the share of Americans who live in counties with no more poverty."""
        at = int(np.searchsorted(self.poverty, poverty, side="right")) - 1
        return 0.0 if at < 0 else float(self.reached[at])


@lru_cache(maxsize=1)
def _usual() -> _Usual:
    nation = county_zones(facts.STATE_NAMES)
    shares: dict[tuple[str, bool], float] = {}
    for rural, some in nation.groupby("rural"):
        older, people = some["population_65plus"], some["population"]
        for name, weight in (("poverty_share", people), ("uninsured_share", people - older), ("ma_share", older)):
            shares[name, bool(rural)] = round(float(np.average(some[name], weights=weight)), 4)
        shares["older", bool(rural)] = float(older.sum() / people.sum())
    ordered = nation.sort_values("poverty_share")
    reached = ordered["population"].cumsum().to_numpy(dtype=np.float64)
    return _Usual(shares, ordered["poverty_share"].to_numpy(dtype=np.float64), reached / reached[-1])
