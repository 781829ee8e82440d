"""Names that can be read in a story: made of the place and a word, unique, and invented throughout."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from oncsim.market import facts
from oncsim.randomness import identity

if TYPE_CHECKING:
    import pandas as pd

PRACTICES = (
    "{} Oncology Associates", "{} Cancer Specialists", "{} Hematology Oncology", "{} Cancer Care",
    "Oncology Partners of {}", "Cancer Clinic of {}", "{} Medical Oncology Group",
    "{} Hematology and Cancer Center",
    "{} Oncology Consultants", "Cancer Physicians of {}", "{} Valley Oncology", "{} Lakeside Cancer Group",
    "{} Parkway Oncology", "{} Heights Cancer Center", "{} Riverbend Oncology", "{} Crossing Cancer Care",
    "{} Meadow Hematology", "{} Ridge Oncology", "{} Harbor Cancer Group", "{} Midtown Oncology",
)  # fmt: skip
SOLO = ("{} Oncology of {}", "{} Hematology of {}", "{} Cancer Clinic of {}", "{} Medical Oncology of {}")
SURNAMES = (
    "Abbott", "Adler", "Alvarez", "Amin", "Archer", "Bassett", "Becker", "Bell", "Bowen", "Brandt",
    "Calloway", "Castillo", "Chang", "Chen", "Cole", "Conrad", "Cruz", "Dalton", "Das", "Delgado", "Desai",
    "Dixon", "Dunn", "Ellis", "Evans", "Farrell", "Ferrara", "Flynn", "Foster", "Garcia", "Gill", "Grant",
    "Gupta", "Hale", "Hahn", "Hayes", "Hoffman", "Hollis", "Hughes", "Iyer", "Jensen", "Kaplan", "Keller",
    "Khan", "Kim", "Klein", "Lang", "Larsen", "Lee", "Levin", "Lowe", "Lynch", "Marsh", "Mehta", "Meyer",
    "Monroe", "Moran", "Nair", "Nash", "Nguyen", "Novak", "Okafor", "Olson", "Ortiz", "Osei", "Park", "Patel",
    "Porter", "Quinn", "Ramos", "Rao", "Reyes", "Rosen", "Ross", "Roth", "Russo", "Sachs", "Santos", "Shah",
    "Silva", "Singh", "Stein", "Stone", "Sutton", "Tran", "Vance", "Vargas", "Vega", "Wade", "Walsh", "Ward",
    "Webb", "Weiss", "Wong", "York", "Young", "Zeller",
)  # fmt: skip
HOSPITALS = (
    "{} Regional Medical Center", "{} General Hospital", "{} Memorial Hospital", "{} Medical Center",
    "Saint Brigid Hospital of {}", "{} Community Medical Center", "Good Shepherd Hospital of {}",
    "{} Methodist Hospital",
    "{} Baptist Hospital", "{} Valley Hospital", "Holy Family Hospital of {}", "{} Northside Hospital",
    "{} Southside Hospital", "{} Eastside Hospital", "{} Westside Hospital", "{} Lakeshore Hospital",
    "Mercy Hospital of {}", "{} Presbyterian Hospital", "{} Parkview Hospital", "{} Summit Hospital",
    "Saint Columba Hospital of {}", "{} Hillcrest Hospital", "{} Riverside Hospital",
    "{} Crossroads Hospital",
    "Trinity Hospital of {}", "{} Gateway Hospital", "{} Highlands Hospital", "{} Oakwood Hospital",
    "Providence Hall Hospital of {}", "{} Bayview Hospital", "{} Greenway Hospital",
)  # fmt: skip
CRITICAL = (
    "{} Community Hospital",
    "{} District Hospital",
    "{} Health Center Hospital",
    "{} Pioneer Hospital",
)
SYSTEMS = (
    "{} Health System", "{} Regional Health", "Saint Aidan Health of {}", "{} Health Partners",
    "Cedar Health of {}",
    "{} Mercy Health", "{} United Health Services", "Keystone Health of {}", "{} Community Health Network",
    "Northstar Health of {}", "{} Integrated Health", "Saint Helena Health of {}", "{} Alliance Health",
    "Evergreen Health of {}", "{} Hospital Group", "Beacon Health of {}", "{} Care System",
    "Summit Health of {}",
    "{} Hospital Partners", "Harbor Health of {}", "{} Hospital Corporation", "Ascent Health of {}",
)  # fmt: skip
NUMBERS = (
    "",
    "North ",
    "South ",
    "East ",
    "West ",
    "Central ",
    "New ",
    "Old ",
    "Upper ",
    "Lower ",
    "Greater ",
)


def place_of(zones: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return the name of each zone's place, and what tells it from its namesakes (', TN' or '')."""
    own = {
        str(zone): (str(name).rpartition(", ")[0] or str(name), str(state))
        for zone, name, state in zip(zones["zone"], zones["name"], zones["state"], strict=True)
    }
    nation, names = _county_places()
    repeated = Counter(name for name, _ in own.values())
    result = {}
    for zone, (name, state) in own.items():
        if zone in nation:
            result[zone] = nation[zone]
        else:
            clash = repeated[name] > 1 or name in names
            result[zone] = (name, f", {state}" if clash and state else "")
    return result


@lru_cache(maxsize=1)
def _county_places() -> tuple[dict[str, tuple[str, str]], frozenset[str]]:
    """Return the place of every US county, the same in whatever market it is."""
    frame = facts.counties()
    largest = frame.sort_values(["population", "fips"]).drop_duplicates("cbsa", keep="last")
    main = set(largest.loc[largest["cbsa"] != "", "fips"])
    named = {}
    for fips, name, cbsa, state in zip(frame["fips"], frame["name"], frame["cbsa_name"], frame["state"], strict=True):
        county = str(name).rpartition(", ")[0]
        kind = "Parish" if state == "LA" else "Borough" if state == "AK" else "County"
        city = str(cbsa).rpartition(", ")[0].split("--")[0].split("-")[0].split("/")[0]
        plain = f"{county} {kind}"
        if county.endswith((" city", " City")) or "District" in county:
            plain = county.replace(" city", " City")
        named[str(fips)] = (city if fips in main else plain, str(state))
    repeated = Counter(name for name, _ in named.values())
    places = {f: (name, f", {state}" if repeated[name] > 1 else "") for f, (name, state) in named.items()}
    return places, frozenset(repeated)


def practice_name(place: tuple[str, str], number: int, solo: bool) -> str:
    """Return the name of the place's practice of that number (from 0); a solo one carries a surname."""
    text, after = place
    turn = identity(text, after) % 9973
    if solo:
        surname = SURNAMES[(turn + 37 * number) % len(SURNAMES)]
        return SOLO[(turn + number // len(SURNAMES)) % len(SOLO)].format(surname, text) + after
    lap, style = divmod(number, len(PRACTICES))
    return NUMBERS[lap % len(NUMBERS)] + PRACTICES[(turn + style) % len(PRACTICES)].format(text) + after


def hospital_name(place: tuple[str, str], number: int, critical_access: bool) -> str:
    """Return the name of the place's hospital of that number (from 0)."""
    return _numbered(CRITICAL if critical_access else HOSPITALS, place, number, turn=identity(*place) % 9973)


def system_name(place: tuple[str, str], number: int) -> str:
    """Return the name of the health system of that number (from 0) with its seat in the place."""
    return _numbered(SYSTEMS, place, number, turn=identity(*place) % 9973)


def _numbered(styles: tuple[str, ...], place: tuple[str, str], number: int, turn: int) -> str:
    text, after = place
    lap, style = divmod(number, len(styles))
    return NUMBERS[lap % len(NUMBERS)] + styles[(turn + style) % len(styles)].format(text) + after
