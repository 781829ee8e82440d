"""Visiting clinics: places without an oncologist of their own where one comes by the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market.generate_sites import CHAIRS_OF_VISITING_CLINIC, site_row
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

# Chance of a visiting clinic: at a hospital of a zone without an oncologist, in another office there, at a
# critical access hospital elsewhere. Judgement: with them about a quarter of critical access hospitals give
# chemotherapy (A27: 30% in 2008, and A26: many have stopped); A29 and A30 describe such clinics in Iowa.
AT_HOSPITAL, AT_OFFICE, AT_OFFICE_WITHOUT_HOSPITAL, ELSEWHERE = 0.32, 0.14, 0.05, 0.15
VISIT_MILES = 110.0
VISIT_FTE = (0.1, 0.3)
SMALLEST_SOURCE = 3  # a practice or department of fewer oncologists spares nobody (judgement)
LARGEST_SHARE_AWAY = 0.35
SMALLEST_ZONE = 1_500


def visiting_clinics(
    zones: pd.DataFrame,
    hospitals: pd.DataFrame,
    sites: pd.DataFrame,
    names: Mapping[str, str],
    places: Mapping[str, tuple[str, str]],
    luck: Luck,
) -> list[dict[str, Any]]:
    """Return visiting clinics, each with the site its oncologists come from (in the same state, near).

    Parameters
    ----------
    zones, hospitals : pandas.DataFrame
        In the form of a market.
    sites : pandas.DataFrame
        Sites so far, placed: ``site, org, kind, zone, lat, lon, oncologists``.
    names : mapping
        Name of each organisation.
    places : mapping
        Name of each zone's place.
    luck : Luck
        Luck of the market.
    """
    state_of = dict(zip(zones["zone"], zones["state"], strict=True))
    staffed = sites.groupby("zone")["oncologists"].sum()
    wishes = _wishes(zones, hospitals, sites, staffed, luck)
    sources = sites[sites["oncologists"] >= SMALLEST_SOURCE].sort_values("site").reset_index(drop=True)
    if sources.empty:
        return []
    source_state = sources["zone"].map(state_of).to_numpy(dtype=str)
    lat, lon = sources["lat"].to_numpy(), sources["lon"].to_numpy()
    office = (sources["kind"] == "office").to_numpy()
    spare = LARGEST_SHARE_AWAY * sources["oncologists"].to_numpy(dtype=np.float64)
    keys = identities([wish["site"] for wish in wishes])
    draw = luck.uniform("visit_source", 0, keys)
    low, high = VISIT_FTE
    fte = np.round(low + (high - low) * luck.uniform("visit_fte", 0, keys), 2)
    rows = []
    for number, wish in enumerate(wishes):
        miles = miles_between(wish["lat"], wish["lon"], lat, lon)
        # The hospital's own organisation sends its people a good deal farther than another would.
        miles = miles - np.where(sources["org"].to_numpy() == wish["org"], 30.0, 0.0)
        able = (miles <= VISIT_MILES) & (source_state == wish["state"]) & (spare >= fte[number])
        able &= office if wish["kind"] == "office" else True
        near = np.flatnonzero(able)[np.argsort(miles[able], kind="stable")[:3]]
        if near.size == 0:
            continue
        chosen = int(near[min(int(draw[number] * near.size), near.size - 1)])
        spare[chosen] -= fte[number]
        rows.append(
            _row(
                wish,
                sources["site"].iloc[chosen],
                sources["org"].iloc[chosen],
                float(fte[number]),
                names,
                places,
            )
        )
    return rows


def _wishes(
    zones: pd.DataFrame, hospitals: pd.DataFrame, sites: pd.DataFrame, staffed: pd.Series, luck: Luck
) -> list[dict[str, Any]]:
    """Return the places that would have a visiting clinic, in order of identity."""
    known = zones.set_index("zone")
    people = dict(zip(zones["zone"], zones["population"].to_numpy(dtype=np.float64), strict=True))
    empty = set(zones["zone"]) - set(staffed.index[staffed > 0])
    taken = set(sites["hospital"])
    first = hospitals.sort_values(["beds", "hospital"]).drop_duplicates("zone", keep="last")
    at_first = dict(zip(first["zone"], first["hospital"], strict=True))
    wishes: list[dict[str, Any]] = []
    draws = dict(zip(hospitals["hospital"], luck.uniform("visit", 0, identities(hospitals["hospital"])), strict=True))
    for hospital in hospitals.sort_values("hospital").to_dict("records"):
        zone, name = hospital["zone"], hospital["hospital"]
        if name in taken:
            continue
        lead = zone in empty and at_first[zone] == name
        chance = AT_HOSPITAL if lead else ELSEWHERE if hospital["critical_access"] and zone not in empty else 0.0
        if draws[name] < chance:
            wishes.append(
                {"site": f"{name}.visit", "kind": "hopd_on_campus", "org": hospital["org"], "hospital": name,
                 "zone": zone, "state": known.at[zone, "state"], "lat": hospital["lat"],
                 "lon": hospital["lon"],
                 "name": f"{hospital['name']} infusion clinic"}
            )  # fmt: skip
    served = {wish["zone"] for wish in wishes}
    offices = [z for z in sorted(empty) if z not in served and people[z] >= SMALLEST_ZONE]
    for zone, draw in zip(offices, luck.uniform("visit", 0, identities(offices)), strict=True):
        if draw < (AT_OFFICE if zone in at_first else AT_OFFICE_WITHOUT_HOSPITAL):
            row = known.loc[zone]
            wishes.append(
                {"site": f"V{zone}", "kind": "office", "org": "", "hospital": "", "zone": zone,
                "state": row["state"],
                 "lat": row["lat"], "lon": row["lon"], "name": ""}
            )  # fmt: skip
    return wishes


def _row(
    wish: dict[str, Any],
    source: str,
    owner: str,
    fte: float,
    names: Mapping[str, str],
    places: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:
    org = wish["org"] or owner
    name = wish["name"] or f"{names[org]}, visiting clinic in {''.join(places[wish['zone']])}"
    return site_row(
        wish["site"], name, org, wish["kind"], wish["zone"], 0, hospital=wish["hospital"],
        lat=float(wish["lat"]),
        lon=float(wish["lon"]), chairs=CHAIRS_OF_VISITING_CLINIC, visiting_from=source,
        visiting_fte=fte,
        lines="infusion", excepted=False,
    )  # fmt: skip
