"""Places of the user's tables: states, distances, and the zone a provider stands in."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncsim.market import facts
from oncsim.market.files_faults import Faults, near_miss
from oncsim.market.files_parse import Table
from oncsim.market.places import miles_between

Array = NDArray[Any]
# Judgement: an exact point this many miles outside its zone moves to the nearest zone; farther ones are
# wrong.
NEAR_ENOUGH = 60.0
FARTHEST_FROM_ZONE = 300.0

TERRITORIES = {
    "AS": "American Samoa",
    "GU": "Guam",
    "MP": "Northern Mariana Islands",
    "PR": "Puerto Rico",
    "VI": "Virgin Islands",
}
STATE_NAMES = facts.STATE_NAMES | TERRITORIES
# First two digits of a county FIPS code, in alphabetical order of state names.
_FIPS = (
    "01AL02AK04AZ05AR06CA08CO09CT10DE11DC12FL13GA15HI16ID17IL18IN19IA20KS21KY22LA23ME24MD25MA26MI27MN28MS29MO30MT"
    "31NE32NV33NH34NJ35NM36NY37NC38ND39OH40OK41OR42PA44RI45SC46SD47TN48TX49UT50VT51VA53WA54WV55WI56WY60AS66GU69MP"
    "72PR78VI"
)
STATE_OF_FIPS = {_FIPS[i : i + 2]: _FIPS[i + 2 : i + 4] for i in range(0, len(_FIPS), 4)}


def check_states(table: Table, faults: Faults) -> Array:
    """Return the column of states in capitals; unknown ones are faults."""
    given = table.text("state")
    states = np.array([str(state).upper() for state in given], dtype=object)
    by_name = {name.upper(): letters for letters, name in STATE_NAMES.items()}
    for row, state in enumerate(states):
        if state and state not in STATE_NAMES:
            near = f"; did you mean {by_name[state]!r}?" if state in by_name else near_miss(state, STATE_NAMES)
            table.fault(faults, row, "state", f"{given[row]!r} is not a two-letter state code (for example TN{near})")
    return states


class ZoneFinder:
    """Says in which zone of the table a provider stands."""

    def __init__(self, zones: dict[str, Array]) -> None:
        self.ids: Array = zones["zone"]
        self.number = {zone: i for i, zone in enumerate(self.ids)}
        self.states: Array = zones["state"]
        self.lat: Array = zones["lat"]
        self.lon: Array = zones["lon"]
        # Miles from the centre beyond which a point is not taken to lie in the zone: counties are far from
        # round.
        self.reach: Array = np.maximum(NEAR_ENOUGH, 4.0 * np.sqrt(zones["land_sqmi"] / np.pi))

    def nearest(self, state: str, lat: float, lon: float) -> int:
        """Return the number of the nearest zone of a state (of all zones if ``state`` is blank), or -1."""
        here = np.flatnonzero(self.states == state) if state else np.arange(len(self.ids))
        if not len(here):
            return -1
        return int(here[np.argmin(miles_between(self.lat[here], self.lon[here], lat, lon))])

    def locate(self, table: Table, states: Array, faults: Faults) -> tuple[Array, dict[str, int]]:
        """Return the zone number of each row, -1 where it has none, and how often each remedy was needed.

        A blank zone or a county code that the zones lack (codes change over the years) is replaced by the
        nearest zone of the row's state. Any other unknown zone is a fault. Rows of states without zones get
        none.
        """
        named, lat, lon = table.text("zone"), table.number("lat"), table.number("lon")
        found = np.full(len(table), -1, dtype=np.int64)
        counts = {"nearest": 0, "recoded": 0, "elsewhere": 0, "placeless": 0}
        have = {s for s in self.states if s}
        for row in range(len(table)):
            zone = padded(str(named[row]), self.number)
            if zone in self.number:
                found[row] = self.number[zone]
                continue
            if zone and not is_fips(zone):
                near = near_miss(zone, self.number)
                table.fault(faults, row, "zone", f"{zone!r} is not a zone of the table of zones{near}")
                continue
            state = str(states[row]) or STATE_OF_FIPS.get(zone[:2], "")
            if (state and have and state not in have) or (zone and have and not state):
                counts["elsewhere"] += 1
            elif is_missing(lat[row], lon[row]):
                counts["placeless"] += 1
            else:
                found[row] = self.nearest(state if have else "", lat[row], lon[row])
                counts["recoded" if zone else "nearest"] += 1
        return found, counts

    def check_points(self, table: Table, located: Array, faults: Faults) -> dict[str, int]:
        """Compare each point with its zone; return how many points or zones were put right.

        A blank point moves to the centre of its zone, as does one known only by its ZIP code that lies far
        from there. An exact point far from its zone moves the row to the nearest zone of its state; one that
        cannot be right is a fault.
        """
        lat, lon = table.columns["lat"], table.columns["lon"]
        exact = np.isin(table.text("point_source"), ("", "geocoded"))
        counts = {"blank": 0, "recentred": 0, "rezoned": 0}
        for row in np.flatnonzero(located >= 0).tolist():
            zone = int(located[row])
            blank = is_missing(lat[row], lon[row])
            away = 0.0 if blank else self._miles(zone, lat[row], lon[row])
            if blank or (away > self.reach[zone] and not exact[row]):
                counts["blank" if blank else "recentred"] += 1
                lat[row], lon[row] = self.lat[zone], self.lon[zone]
            elif away > self.reach[zone]:
                if self._impossible(table, row, zone, away, faults):
                    continue
                located[row] = self.nearest(str(self.states[zone]), lat[row], lon[row])
                counts["rezoned"] += int(located[row] != zone)
        return counts

    def _miles(self, zone: int, lat: float, lon: float) -> float:
        return float(miles_between(lat, lon, self.lat[zone], self.lon[zone]))

    def _impossible(self, table: Table, row: int, zone: int, away: float, faults: Faults) -> bool:
        lat, lon = table.columns["lat"][row], table.columns["lon"][row]
        swapped = abs(lon) <= 90 and self._miles(zone, lon, lat) <= self.reach[zone]
        if not swapped and away <= FARTHEST_FROM_ZONE:
            return False
        hint = "; lat and lon look swapped" if swapped else ""
        message = f"the point {lat:g}, {lon:g} is {away:,.0f} miles from its zone {self.ids[zone]!r}"
        table.fault(faults, row, "lat", f"{message} (at most {FARTHEST_FROM_ZONE:g}{hint})")
        return True


def is_missing(*values: float) -> bool:
    """Say whether any of the numbers is missing."""
    return any(value != value for value in values)


def is_fips(zone: str) -> bool:
    """Say whether an identity looks like a county FIPS code."""
    return len(zone) == 5 and zone.isdigit()


def padded(code: str, known: Container[str], width: int = 5) -> str:
    """Return a code with the leading zero that spreadsheets drop, if that makes it a known one."""
    # A column with blanks is often saved as 1001.0.
    bare = code.removesuffix(".0")
    return bare.zfill(width) if code not in known and bare.isdigit() and len(bare) in (width - 1, width) else code


def pad_all(codes: Array, width: int) -> tuple[Array, int]:
    """Return codes with the leading zero that spreadsheets drop, and how many lacked it.

    Only a table whose every identity is a number of that width or one less is taken to hold such codes.
    """
    texts = [str(code) for code in codes]
    numbers = all(c.isdigit() and len(c) in (width - 1, width) for c in texts)
    if not numbers or not any(len(c) == width for c in texts):
        return codes, 0
    return np.array([c.zfill(width) for c in texts], dtype=object), sum(len(c) < width for c in texts)


def swapped_at_sight(table: Table, faults: Faults) -> None:
    """Report latitudes and longitudes that are swapped, where only the numbers themselves can tell."""
    lat, lon = table.number("lat"), table.number("lon")
    for row in range(len(table)):
        if lat[row] < -60 and 0 < lon[row] < 75:
            message = f"the point {lat[row]:g}, {lon[row]:g} lies in Antarctica; lat and lon look swapped"
            table.fault(faults, row, "lat", message)
