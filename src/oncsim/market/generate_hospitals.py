"""Hospitals: as many as each state has, of plausible size, teaching, control and 340B route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market import facts
from oncsim.market.generate_keys import Floats, Ints, one, pick, systematic
from oncsim.market.generate_names import hospital_name
from oncsim.market.generate_places import scatter
from oncsim.market.hospital_class import hospital_classes
from oncsim.market.hospital_lines import UNKNOWN
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

# Short-term hospitals per million people rise as places shrink; computed from federal cost reports of 2021
# over the size classes of counties (1,397 in areas of a million, 657, 358, 512 micropolitan, 236 without an
# urban core).
HOSPITALS_PER_POPULATION_POWER = 0.90
# Chance weight of a critical access hospital, by rurality; none in large counties (same source: 80% are
# nonmetropolitan).
CRITICAL_WEIGHT = {False: 0.15, True: 1.0}
CRITICAL_LARGEST_COUNTY, CRITICAL_SMALLEST_COUNTY = 120_000, 800
CRITICAL_PEOPLE_EACH = 12_000
# Beds of short-term hospitals, medians by size of county (cost reports: 189 in the largest metropolitan
# areas, 71 in micropolitan counties, 42 without an urban core); spread of the log.
BEDS_MEDIAN = ((500_000, 185.0), (100_000, 165.0), (50_000, 110.0), (25_000, 70.0), (0, 42.0))
BEDS_SPREAD = 0.80
CRITICAL_BEDS = (10, 25)
# Weight of passing the DSH screen by teaching status (computed from cost reports: 68%, 49%, 32%).
DSH_WEIGHT = {"major": 0.68, "minor": 0.49, "none": 0.32}
# Share taking part in 340B of those that pass (Pennsylvania 2022): DSH, CAH, those that pass only as SCH or
# RRC.
PARTICIPATION = {"DSH": 0.86, "CAH": 0.86, "SCH": 0.45, "RRC": 0.45}
DSH_THRESHOLD = 0.1175  # I04
ONLY_IF_THRESHOLD = 0.08
CENTER_340B = 0.75  # B14: NCI-designated centers with a 340B affiliation
CRITICAL_GOVERNMENT = 0.40  # cost reports 2021
COUNTED = (
    "hospitals_sth", "hospitals_cah", "screen_dsh", "screen_cah", "screen_only_if", "teaching_major",
    "teaching_minor", "proprietary_sth", "government_sth",
)  # fmt: skip


def generate_hospitals(
    zones: pd.DataFrame, centers: pd.DataFrame, places: Mapping[str, tuple[str, str]], luck: Luck
) -> pd.DataFrame:
    """Return the hospitals of the zones without an owner yet (``org`` is set only for those of a center).

    Parameters
    ----------
    zones : pandas.DataFrame
        Zones, sorted by id.
    centers : pandas.DataFrame
        Academic centers that need a hospital: ``org, name, zone, lat, lon``.
    places : mapping
        Name of each zone's place.
    luck : Luck
        Luck of the market.
    """
    import pandas as pd

    tables = []
    for state, members in zones.groupby("state", sort=True):
        mine = centers[centers["zone"].isin(members["zone"])]
        tables.append(_state_hospitals(str(state), members, mine, places, luck))
    return pd.concat([t for t in tables if len(t)], ignore_index=True)


def state_counts(state: str, zones: pd.DataFrame) -> dict[str, int]:
    """Return how many hospitals of each sort the zones have: the state's, else the nation's per person."""
    totals = facts.state_totals()
    counties = facts.counties()
    people = float(zones["population"].sum())
    if state in totals.index:
        counted = totals.loc[[state], list(COUNTED)].sum()
        share = min(1.0, people / float(counties.loc[counties["state"] == state, "population"].sum()))
    else:
        counted = totals[list(COUNTED)].sum()
        share = people / float(counties["population"].sum())
    return {name: round(float(counted[name]) * share) for name in COUNTED}


def _state_hospitals(
    state: str,
    zones: pd.DataFrame,
    centers: pd.DataFrame,
    places: Mapping[str, tuple[str, str]],
    luck: Luck,
) -> pd.DataFrame:
    import pandas as pd

    counts = state_counts(state, zones)
    critical = _place_critical(zones, counts["hospitals_cah"], luck)
    ordinary = _place_ordinary(state, zones, counts["hospitals_sth"] - len(centers), critical, luck)
    rows: list[dict[str, Any]] = [_center_hospital(center, luck) for center in _records(centers)]
    for position, zone in enumerate(zones["zone"]):
        rows += [
            _row(f"H{zone}-{number + 1}", hospital_name(places[zone], number, False), position, False)
            for number in range(int(ordinary[position]))
        ]
        rows += [
            _row(f"H{zone}-C{number + 1}", hospital_name(places[zone], number, True), position, True)
            for number in range(int(critical[position]))
        ]
    if not rows:
        return pd.DataFrame()
    frame = pd.DataFrame(rows)
    generated = (frame["position"] >= 0).to_numpy()
    at = frame["position"].to_numpy()[generated]
    frame["state"] = state
    frame.loc[generated, "zone"] = zones["zone"].to_numpy()[at]
    lat, lon = scatter(zones.iloc[at], frame.loc[generated, "hospital"], luck, reach=0.35)
    frame.loc[generated, "lat"] = lat
    frame.loc[generated, "lon"] = lon
    frame.loc[generated, "beds"] = _beds(zones["population"].to_numpy()[at], frame[generated], luck)
    poverty = zones.set_index("zone")["poverty_share"]
    _assign_teaching(frame, counts, luck)
    _assign_control(frame, counts, luck)
    _assign_340b(frame, counts, frame["zone"].map(poverty).fillna(poverty.mean()).to_numpy(), luck)
    rural = frame["zone"].map(zones.set_index("zone")["rural"]).fillna(False).to_numpy(dtype=bool)
    frame["hospital_class"] = hospital_classes(frame["critical_access"], frame["route_340b"], rural)
    return frame.drop(columns="position")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _row(hospital: str, name: str, position: int, critical: bool) -> dict[str, Any]:
    return {
        "hospital": hospital, "name": name, "org": "", "zone": "", "lat": 0.0, "lon": 0.0, "beds": 0.0,
        "teaching": "none", "critical_access": critical, "lines": UNKNOWN, "position": position, "generated": True,
    }  # fmt: skip


def _center_hospital(center: dict[str, Any], luck: Luck) -> dict[str, Any]:
    beds = 250 + 550 * one(luck, "center_beds", center["org"])
    row = _row(f"{center['org']}-H", f"University Hospital, {center['name']}", -1, False)
    return row | {
        "org": center["org"], "zone": center["zone"], "lat": center["lat"], "lon": center["lon"],
        "beds": float(round(beds)), "teaching": "major",
    }  # fmt: skip


def center_hospitals(centers: pd.DataFrame, luck: Luck) -> pd.DataFrame:
    """Return a hospital for each center (``org, name, zone, state, lat, lon``) beside given hospitals."""
    import pandas as pd

    rows = []
    for center in _records(centers):
        passes = one(luck, "screen", f"{center['org']}-H") < CENTER_340B
        row = _center_hospital(center, luck) | {
            "state": center["state"], "control": "nonprofit", "dsh_pct": 0.18 if passes else 0.05,
            "route_340b": "DSH" if passes else "", "participates_340b": passes, "hospital_class": "general",
        }  # fmt: skip
        del row["position"]
        rows.append(row)
    return pd.DataFrame(rows)


def _place_critical(zones: pd.DataFrame, number: int, luck: Luck) -> Ints:
    """Choose counties for critical access hospitals: small, mostly nonmetropolitan, spread out."""
    people = zones["population"].to_numpy(dtype=np.float64)
    rural = zones["rural"].to_numpy(dtype=bool)
    keys = identities(zones["zone"])
    weight = np.where(rural, CRITICAL_WEIGHT[True], CRITICAL_WEIGHT[False]) * np.clip(people / 8_000.0, 0.05, 1.0)
    small = weight * (people < CRITICAL_LARGEST_COUNTY) * (people >= CRITICAL_SMALLEST_COUNTY)
    room = np.maximum(1, people // CRITICAL_PEOPLE_EACH)
    counts = np.zeros(len(zones), dtype=np.int64)
    lap = 0
    while counts.sum() < number:
        open_here = np.where(counts < room, small, 0.0)
        if not (open_here > 0).any():
            open_here = weight  # a state of few small counties: any will do
        left = number - int(counts.sum())
        counts[pick(open_here, luck, f"critical_access_{lap}", keys, left)] += 1
        lap += 1
    return counts


def _place_ordinary(state: str, zones: pd.DataFrame, number: int, critical: Ints, luck: Luck) -> Ints:
    people = zones["population"].to_numpy(dtype=np.float64)
    weight = np.maximum(people, 1.0) ** HOSPITALS_PER_POPULATION_POWER
    # A critical access hospital takes the place of another in a small county, not in a large one.
    weight = np.where(critical > 0, weight * np.clip(people / 60_000.0, 0.1, 1.0), weight)
    number = max(0, number)
    keys = identities(zones["zone"])
    return systematic(weight / weight.sum() * number, keys, one(luck, "hospitals", state))


def _beds(people: Floats, hospitals: pd.DataFrame, luck: Luck) -> Floats:
    keys = identities(hospitals["hospital"])
    median = np.select([people >= least for least, _ in BEDS_MEDIAN], [beds for _, beds in BEDS_MEDIAN])
    beds = median * np.exp(BEDS_SPREAD * luck.normal("beds", 0, keys))
    low, high = CRITICAL_BEDS
    small = low + (high - low) * np.sqrt(luck.uniform("critical_beds", 0, keys))
    critical = hospitals["critical_access"].to_numpy(dtype=bool)
    return np.asarray(np.round(np.where(critical, small, np.clip(beds, 20, 1800))), dtype=np.float64)


def _top(score: Floats, allowed: np.ndarray, number: int) -> np.ndarray:
    """Return a mask of the ``number`` allowed entries with the highest score."""
    mask = np.zeros(len(score), dtype=bool)
    mask[np.argsort(np.where(allowed, -score, np.inf), kind="stable")[: min(number, int(allowed.sum()))]] = True
    return mask


def _assign_teaching(frame: pd.DataFrame, counts: dict[str, int], luck: Luck) -> None:
    keys = identities(frame["hospital"])
    ordinary = ~frame["critical_access"].to_numpy(dtype=bool)
    at_center = (frame["org"] != "").to_numpy()
    score = np.log(frame["beds"].to_numpy()) + 0.7 * luck.normal("teaching", 0, keys) + 1e3 * at_center
    # Center hospitals are major teaching hospitals whatever the state's count says.
    major = _top(score, ordinary, max(counts["teaching_major"], int(at_center.sum())))
    minor = _top(score, ordinary & ~major, counts["teaching_minor"])
    frame["teaching"] = np.select([major, minor], ["major", "minor"], "none")


def _assign_control(frame: pd.DataFrame, counts: dict[str, int], luck: Luck) -> None:
    keys = identities(frame["hospital"])
    critical = frame["critical_access"].to_numpy(dtype=bool)
    at_center = (frame["org"] != "").to_numpy()
    draw = luck.uniform("control", 0, keys)
    teaching = frame["teaching"].map({"none": 0.0, "minor": 0.5, "major": 1.0}).to_numpy()
    profit = _top(draw - 0.4 * teaching, ~critical & ~at_center, counts["proprietary_sth"])
    government = _top(1.0 - draw + 0.2 * teaching, ~critical & ~profit & ~at_center, counts["government_sth"])
    government |= critical & (draw < CRITICAL_GOVERNMENT)
    # Critical access hospitals that fail the 340B screen are the proprietary ones (60 of 71 in the cost
    # reports).
    profit |= critical & ~_top(luck.uniform("screen", 0, keys), critical, counts["screen_cah"])
    government &= ~profit
    frame["control"] = np.select([government, profit], ["government", "proprietary"], "nonprofit")


def _assign_340b(frame: pd.DataFrame, counts: dict[str, int], poverty: Floats, luck: Luck) -> None:
    """Meet the state's numbers that pass each 340B screen, poorer and teaching hospitals first, by chance."""
    keys = identities(frame["hospital"])
    critical = frame["critical_access"].to_numpy(dtype=bool)
    at_center = (frame["org"] != "").to_numpy()
    public = (frame["control"] != "proprietary").to_numpy()
    draw = luck.uniform("screen", 0, keys)
    weight = frame["teaching"].map(DSH_WEIGHT).to_numpy(dtype=np.float64) * np.exp(4.0 * (poverty - poverty.mean()))
    score = np.log(draw) / np.maximum(weight, 1e-6)
    center_passes = at_center & (draw < CENTER_340B)
    score = np.where(center_passes, 1e3, score)
    open_to_dsh = ~critical & public & (~at_center | center_passes)
    dsh = _top(score, open_to_dsh, counts["screen_dsh"])
    only_if = _top(score, open_to_dsh & ~dsh, counts["screen_only_if"])
    cah = _top(draw, critical & public, counts["screen_cah"])
    rural_referral = frame["beds"].to_numpy() >= 150
    route = np.select([dsh, cah, only_if & rural_referral, only_if], ["DSH", "CAH", "RRC", "SCH"], "")
    height = luck.uniform("dsh_pct", 0, keys)
    share = np.select(
        [dsh, only_if, ~critical],
        [
            DSH_THRESHOLD + 0.002 + 0.28 * height**2.2,
            ONLY_IF_THRESHOLD + (DSH_THRESHOLD - ONLY_IF_THRESHOLD - 0.001) * height,
            np.where(public, 0.078, 0.20) * height,
        ],
        0.0,
    )
    chance = np.select([route == r for r in PARTICIPATION], list(PARTICIPATION.values()), 0.0)
    chance = np.where(center_passes, 1.0, chance)
    frame["dsh_pct"] = np.round(share, 4)
    frame["route_340b"] = route
    frame["participates_340b"] = (route != "") & (luck.uniform("participates_340b", 0, keys) < chance)
