"""Where hospital-based oncologists work: centers and their satellites, departments on and off campus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market.era import Era, hospital_logit
from oncsim.market.generate_keys import Floats, Ints, logistic, one, pick, share_out, systematic
from oncsim.market.generate_sites import site_row
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities, identity

if TYPE_CHECKING:
    import pandas as pd

# Log odds that an oncologist outside the centers' main sites is hospital-based. With the centers it makes
# about 60% of all (C14). States differ very widely (S10: from none in Nevada to all in Idaho), whatever the
# seed; areas within a state differ by the luck of the market; country more than city (C18).
HOSPITAL_LOGIT = -0.36
RURAL_LOGIT = 0.3
STATE_SPREAD, AREA_SPREAD = 0.7, 0.9
OFF_CAMPUS_CHANCE = {True: 0.76, False: 0.45}  # 340B hospitals with off-site clinics: 76%; others: judgement
OFF_CAMPUS_SHARE = (0.20, 0.50)
EXCEPTED_CHANCE = 0.60  # judgement: departments that billed before 2 November 2015
PEOPLE_PER_PROGRAM = 4.5  # oncologists per on-campus program (judgement; C33: about 1,400 programs)
SMALLEST_PROGRAM_BEDS = 40
SATELLITES_MOST, SATELLITE_MILES = (
    6,
    60.0,
)  # F08: about six sites bear a leading hospital's name; fewer are owned
SATELLITE_STAFF = (2, 6)
NEAR_MILES = 3.0  # hospitals that near to a center are one campus with it


def hospital_based(zones: pd.DataFrame, general: Ints, hospitals: pd.DataFrame, luck: Luck, era: Era | None = None) -> Ints:
    """Return how many of each zone's oncologists outside the centers are hospital-based (today, or in an earlier era)."""
    usual = HOSPITAL_LOGIT if era is None else hospital_logit(era.hospital_share, HOSPITAL_LOGIT, STATE_SPREAD)
    keys = identities(zones["zone"])
    state = zones["state"].to_numpy(dtype=str)
    area = identities("area/" + zones["market"].where(~zones["rural"], zones["zone"]))
    logit = RURAL_LOGIT * zones["rural"].to_numpy(dtype=np.float64)
    logit = logit + AREA_SPREAD * luck.normal("hospital_based", 0, area)
    ordinary = hospitals[~hospitals["critical_access"]]
    room = np.where(zones["zone"].isin(ordinary["zone"]), general, np.where(zones["zone"].isin(hospitals["zone"]), 2, 0))
    room = np.minimum(room, general)
    counts = np.zeros(len(zones), dtype=np.int64)
    for name in np.unique(state):
        here = np.flatnonzero(state == name)
        expected = _spread_over_areas(
            _state_share(str(name), usual) * general[here].sum(), general[here], room[here], logit[here]
        )
        counts[here] = systematic(expected, keys[here], one(luck, "hospital_based", str(name)))
    return counts


def _state_share(state: str, usual: float) -> float:
    """Return the hospital-based share of a state: a trait, not luck, so the nation's split always holds."""
    trait = np.zeros(1)
    if state:
        trait = Luck(0).normal("hospital_based", 0, [identity("state", state)])
    return float(logistic(usual + STATE_SPREAD * trait)[0])


def _spread_over_areas(target: float, general: Ints, room: Ints, logit: Floats) -> Floats:
    """Return hospital-based oncologists expected per zone, up to its room, that add up to the target."""
    low, high = -12.0, 12.0
    for _ in range(50):
        middle = (low + high) / 2
        expected = np.minimum(general * logistic(logit + middle), room)
        low, high = (middle, high) if expected.sum() < target else (low, middle)
    return np.asarray(np.minimum(general * logistic(logit + high), room), dtype=np.float64)


def center_sites(centers: pd.DataFrame, staff: Ints, hospitals: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the main site of each center, at its home hospital (else where the center is)."""
    rows = []
    home = home_hospitals(centers, hospitals)
    for center, people in zip(centers.to_dict("records"), staff, strict=True):
        org = center["org"]
        hospital = home.get(org, center)
        rows.append(
            site_row(
                f"{org}.main", f"{center['name']}, main campus", org, "amc_main", str(hospital["zone"]),
                int(people),
                hospital=str(hospital.get("hospital", "")), lat=float(hospital["lat"]),
                lon=float(hospital["lon"]),
            )
        )  # fmt: skip
    return rows


def home_hospitals(centers: pd.DataFrame, hospitals: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the hospital each center is at: its nearest own one, the largest where several are near."""
    own = hospitals[hospitals["org"].isin(centers["org"])]
    seat = centers.set_index("org")[["lat", "lon"]].loc[own["org"]]
    miles = miles_between(seat["lat"].to_numpy(), seat["lon"].to_numpy(), own["lat"], own["lon"])
    ranked = own.assign(ring=np.floor(miles / NEAR_MILES), small=-own["beds"])
    first = ranked.sort_values(["ring", "small", "hospital"]).drop_duplicates("org")
    rows = ({str(key): value for key, value in row.items()} for row in first.to_dict("records"))
    return {str(row["org"]): row for row in rows}


def satellites(
    centers: pd.DataFrame,
    main: list[dict[str, Any]],
    zones: pd.DataFrame,
    places: Mapping[str, tuple[str, str]],
    pool: Ints,
    luck: Luck,
    era: Era | None = None,
) -> list[dict[str, Any]]:
    """Open satellites near the centers in their state, staffed from ``pool`` (reduced here)."""
    most_of_today = 1.0 if era is None else era.off_campus
    rows = []
    keys = identities(zones["zone"])
    state = zones["state"].to_numpy(dtype=str)
    people = zones["population"].to_numpy(dtype=np.float64)
    for center, campus in zip(centers.to_dict("records"), main, strict=True):
        org = str(center["org"])
        number = int((SATELLITES_MOST + 1) * most_of_today * one(luck, "satellites", org) ** 1.3)
        miles = miles_between(campus["lat"], campus["lon"], zones["lat"].to_numpy(), zones["lon"].to_numpy())
        near = (miles > 4) & (miles <= SATELLITE_MILES) & (state == center["state"]) & (pool >= 3)
        weight = np.where(near, np.sqrt(people) * np.exp(-miles / 40.0), 0.0)
        low, high = SATELLITE_STAFF
        for rank, at in enumerate(pick(weight, luck, "satellite", keys ^ np.uint64(identity(org)), number)):
            site = f"{org}.{zones['zone'].iloc[at]}"
            most = low + int((high - low + 1) * one(luck, "satellite_staff", site))
            staff = min(most, max(1, int(pool[at]) // 2))
            pool[at] -= staff
            place = "".join(places[zones["zone"].iloc[at]])
            rows.append(
                site_row(
                    site, f"{center['name']} at {place}", org, "amc_satellite", str(zones["zone"].iloc[at]),
                    staff,
                    hospital=campus["hospital"], excepted=rank % 2 == 0,
                )
            )  # fmt: skip
    return rows


def departments(
    zones: pd.DataFrame,
    pool: Ints,
    hospitals: pd.DataFrame,
    main: list[dict[str, Any]],
    luck: Luck,
    era: Era | None = None,
) -> list[dict[str, Any]]:
    """Return departments for the hospital-based oncologists of each zone at its hospitals (largest first)."""
    by_zone = _candidates(hospitals, {site["hospital"] for site in main}, luck)
    center_at = {site["zone"]: site for site in main}
    rows: list[dict[str, Any]] = []
    for zone, number in zip(zones["zone"].tolist(), pool.tolist(), strict=True):
        if number <= 0:
            continue
        if zone not in by_zone:  # its only hospital is the center's
            if zone in center_at:
                center_at[zone]["oncologists"] += number
            continue
        members = by_zone[zone]
        large = sum(h["beds"] >= SMALLEST_PROGRAM_BEDS and not h["critical_access"] for h in members)
        programs = max(1, min(int(np.ceil(number / PEOPLE_PER_PROGRAM)), max(large, 1), number))
        chosen = members[:programs]
        weight = np.exp([0.9 * hospital["rank"] for hospital in chosen])
        keys = identities([hospital["hospital"] for hospital in chosen])
        staff = share_out(weight, number, keys, one(luck, "programs", zone))
        for hospital, people in zip(chosen, staff.tolist(), strict=True):
            rows += _programs(hospital, people, luck, 1.0 if era is None else era.off_campus)
    return rows


def _candidates(hospitals: pd.DataFrame, taken: set[str], luck: Luck) -> dict[str, list[dict[str, Any]]]:
    """Return the hospitals of each zone that may have a program, likeliest first."""
    free = hospitals[~hospitals["hospital"].isin(taken)]
    noise = luck.normal("program", 0, identities(free["hospital"]))
    rank = np.log(np.maximum(free["beds"].to_numpy(dtype=np.float64), 1.0)) + 0.4 * noise
    rank = rank - 3.0 * free["critical_access"].to_numpy(dtype=bool)
    by_zone: dict[str, list[dict[str, Any]]] = {}
    for hospital in free.assign(rank=rank).sort_values(["rank", "hospital"], ascending=False).to_dict("records"):
        by_zone.setdefault(hospital["zone"], []).append({str(key): value for key, value in hospital.items()})
    return by_zone


def _programs(hospital: dict[str, Any], people: int, luck: Luck, ratio: float) -> list[dict[str, Any]]:
    """Return the departments of one hospital: one on campus and, if large enough, one or two off campus."""
    name, zone, org = str(hospital["hospital"]), str(hospital["zone"]), str(hospital["org"])
    off = 0
    chance = OFF_CAMPUS_CHANCE[bool(hospital["participates_340b"])] * ratio
    if people >= 4 and one(luck, "off_campus", name) < chance:
        low, high = OFF_CAMPUS_SHARE
        off = max(1, round(people * (low + (high - low) * one(luck, "off_campus_share", name))))
    rows = [
        site_row(
            f"{name}.on", f"{hospital['name']} cancer center", org, "hopd_on_campus", zone, people - off,
            hospital=name,
            lat=float(hospital["lat"]), lon=float(hospital["lon"]),
        )
    ]  # fmt: skip
    clinics = 0 if off == 0 else 2 if off >= 6 else 1
    for number in range(clinics):
        site = f"{name}.off{number + 1}"
        staff = off // clinics + (1 if number < off % clinics else 0)
        label = f"{hospital['name']} oncology clinic" + (f" {number + 1}" if clinics > 1 else "")
        rows.append(
            site_row(
                site, label, org, "hopd_off_campus", zone, staff, hospital=name,
                excepted=one(luck, "excepted", site) < EXCEPTED_CHANCE,
            )
        )  # fmt: skip
    return rows
