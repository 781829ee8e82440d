"""Where the hospitals, sites and seats of a composed market are: a zone that is named, or a point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncsim.errors import Fault
from oncsim.market import facts
from oncsim.market.files_faults import near_miss
from oncsim.market.gazetteer import county_codes, spelled
from oncsim.market.places import miles_between
from oncsim.market.spec import Point

if TYPE_CHECKING:
    import pandas as pd

NEAR_MILES = 50.0  # a point farther from the middle of every zone than this, or 1.5 times a large one's radius, is a slip
LISTED = 6


@dataclass(frozen=True)
class Spot:
    """Where something stands: its zone, the name and state of it, and the point."""

    zone: str
    name: str
    state: str
    lat: float
    lon: float


class Places:
    """The zones of a market by every name they answer to."""

    def __init__(self, zones: pd.DataFrame) -> None:
        self._zones = zones
        self._spots: dict[str, Spot] = {}
        columns = (zones[name] for name in ("zone", "name", "state", "lat", "lon"))
        for zone, name, state, lat, lon in zip(*columns, strict=True):
            spot = Spot(str(zone), str(name), str(state), float(lat), float(lon))
            self._spots[spelled(spot.name)] = spot
            self._spots[spelled(spot.zone)] = spot
        self._in = {spot.zone: spot for spot in self._spots.values()}

    def largest(self) -> Spot:
        """Return the zone with most people."""
        return self._in[str(self._zones["zone"].iloc[int(self._zones["population"].to_numpy().argmax())])]

    def find(self, at: str | Point, where: str, faults: list[Fault]) -> Spot | None:
        """Return the place meant; None where there is none, and why is among the faults."""
        found = self._near(at) if isinstance(at, Point) else self._spots.get(spelled(at))
        if found is None:
            faults.append(Fault("", 0, 0, where, self._no_place(at)))
        return found

    def _near(self, at: Point) -> Spot | None:
        zone, miles, area = self._nearest(at)
        spot = self._in[zone]
        reach = max(NEAR_MILES, 1.5 * math.sqrt(area / math.pi))
        return Spot(spot.zone, spot.name, spot.state, at.lat, at.lon) if miles <= reach else None

    def _nearest(self, at: Point) -> tuple[str, float, float]:
        zones = self._zones
        miles = miles_between(at.lat, at.lon, zones["lat"].to_numpy(), zones["lon"].to_numpy())
        row = int(miles.argmin())
        return str(zones["zone"].iloc[row]), float(miles[row]), float(zones["land_sqmi"].iloc[row])

    def _no_place(self, at: str | Point) -> str:
        if isinstance(at, Point):
            zone, miles, _ = self._nearest(at)
            nearest = f"{self._in[zone].name}, the nearest place of this market"
            return f"lat {at.lat:g}, lon {at.lon:g} is {miles:.0f} miles from {nearest}"
        code = county_codes().get(spelled(at))
        if code is not None and self._in.keys() <= set(facts.counties()["fips"]):
            return f"{at!r} is a county outside this market (add it to the places of the market, or take one of them)"
        names = [spot.name for spot in self._in.values()]
        shown = "; ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
        return f"{at!r} is no place of this market ({shown}{near_miss(at, [*names, *self._in])})"
