"""Distances, and which zones lie round a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncsim.errors import Fault, InputError
from oncsim.market import facts
from oncsim.market.gazetteer import find_place

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.spec import Around

EARTH_RADIUS_MILES = 3958.8
MILES_PER_DEGREE = 69.0


def miles_between(lat_a: ArrayLike, lon_a: ArrayLike, lat_b: ArrayLike, lon_b: ArrayLike) -> NDArray[np.float64]:
    """Return great-circle miles between points given in degrees (haversine; broadcasts)."""
    a, b, c, d = (np.radians(np.asarray(x, dtype=np.float64)) for x in (lat_a, lon_a, lat_b, lon_b))
    half = np.sin((a - c) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((b - d) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(half)), dtype=np.float64)


def within(around: Around, zones: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which zones (``name, lat, lon``, and ``zone`` or ``fips``) lie in a radius round a place.

    Raises
    ------
    InputError
        When the place is unknown, or no zone is that near.
    """
    lat, lon = locate(around, zones)
    inside = miles_between(lat, lon, zones["lat"].to_numpy(), zones["lon"].to_numpy()) <= around.miles
    if not inside.any():
        middle = around.place or f"{lat:g}, {lon:g}"
        message = f"no zone lies within {count_miles(around)} of {middle} (take a larger radius, or another middle)"
        raise _fault("market.around", message)
    return np.asarray(inside, dtype=np.bool_)


def count_miles(around: Around) -> str:
    """Return the radius in words: ``80 miles``."""
    return "1 mile" if around.miles == 1 else f"{around.miles:g} miles"


def locate(around: Around, zones: pd.DataFrame | None = None) -> tuple[float, float]:
    """Return latitude and longitude of the middle of a radius.

    A place may be a name or id of ``zones``, a US county ('Davidson, TN', '47037'), a metropolitan area (full
    name, or its first city, 'Nashville' or 'Nashville, TN') or a city with an NCI-designated center.

    Raises
    ------
    InputError
        When the place is unknown or the name fits several.
    """
    if around.place is None:
        if around.lat is None or around.lon is None:
            raise ValueError("an Around has a place or a point")
        return around.lat, around.lon
    return find_place(around.place, zones)


def check_states(states: list[str]) -> None:
    """Raise an :class:`InputError` that names every unknown state code."""
    known = facts.state_totals().index
    faults = [
        Fault("", 0, 0, f"market.states[{number + 1}]", _unknown_state(code, list(known)))
        for number, code in enumerate(states)
        if code not in known
    ]
    if faults:
        raise InputError(faults)


def _unknown_state(code: str, known: list[str]) -> str:
    near = [k for k in known if k[0] == code[:1] or k[1:] == code[1:2]]
    hint = f"; did you mean one of {', '.join(near)}?" if near else ""
    return f"{code!r} is not one of the 50 states or DC (two letters, for example TN{hint})"


def _fault(where: str, message: str) -> InputError:
    return InputError([Fault("", 0, 0, where, message)])
