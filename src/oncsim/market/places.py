"""Where a named place is: counties, metropolitan areas, cities with an NCI-designated center; distances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market import facts

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.spec import Around

EARTH_RADIUS_MILES = 3958.8
MILES_PER_DEGREE = 69.0
_KINDS = re.compile(r" (county|parish|city and borough|borough|census area|municipality)$")


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
        raise _fault(
            "market.around",
            f"no zone lies within {around.miles:g} miles of {around.place or (lat, lon)} (take a larger radius)",
        )
    return np.asarray(inside, dtype=np.bool_)


def locate(around: Around, zones: pd.DataFrame | None = None) -> tuple[float, float]:
    """Return latitude and longitude of the middle of a radius.

    A place is looked for among the names and ids of ``zones`` first, then among US counties ('Davidson, TN',
    'Davidson County, TN', '47037'), metropolitan areas (full name, or first city when only one area has it,
    or
    'Nashville, TN') and cities with an NCI-designated center.

    Raises
    ------
    InputError
        When the place is unknown or could be several.
    """
    if around.place is None:
        if around.lat is None or around.lon is None:
            raise ValueError("an Around has a place or a point")
        return around.lat, around.lon
    wanted = _plain(around.place)
    known: dict[str, set[tuple[float, float]]] = {}
    for source in (_own_zones(zones), _counties(), _metros(), _centers()):
        if wanted in source:
            return _only(around.place, source[wanted])
        for name, points in source.items():
            known.setdefault(name, set()).update(points)
    near = did_you_mean(_display(wanted), map(_display, known))
    raise _fault(
        "market.around.place",
        f"{around.place!r} is no county, metropolitan area or city with an NCI-designated center (write for "
        f"example 'Davidson, TN', '47037' or 'Nashville'){near}",
    )


def check_states(states: list[str]) -> None:
    """Raise an :class:`InputError` that names every unknown state code."""
    known = facts.state_totals().index
    faults = [
        Fault("", 0, 0, f"market.states[{number}]", _unknown_state(code, list(known)))
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


def _only(place: str, points: set[tuple[float, float]]) -> tuple[float, float]:
    if len(points) > 1:
        raise _fault("market.around.place", f"{place!r} could be {len(points)} places (add the state: 'Name, TN')")
    return next(iter(points))


def _plain(name: str) -> str:
    """Return a place name in one spelling: lower case, 'Name, ST' without the word for the kind of area."""
    text = re.sub(r"\s+", " ", name.strip().lower())
    text = re.sub(r"\bsaint\b", "st.", text)
    head, comma, state = text.rpartition(", ")
    if not comma:
        return _KINDS.sub("", text)
    return f"{_KINDS.sub('', head)}, {state}"


def _display(plain: str) -> str:
    head, comma, state = plain.rpartition(", ")
    return f"{head.title()}, {state.upper()}" if comma else plain.title()


def _add(table: dict[str, set[tuple[float, float]]], name: str, lat: float, lon: float) -> None:
    table.setdefault(_plain(name), set()).add((float(lat), float(lon)))


def _own_zones(zones: pd.DataFrame | None) -> dict[str, set[tuple[float, float]]]:
    table: dict[str, set[tuple[float, float]]] = {}
    if zones is not None:
        ids = zones["zone" if "zone" in zones else "fips"]
        for zone, name, lat, lon in zip(ids, zones["name"], zones["lat"], zones["lon"], strict=True):
            _add(table, str(zone), lat, lon)
            _add(table, str(name), lat, lon)
    return table


def _counties() -> dict[str, set[tuple[float, float]]]:
    return _own_zones(facts.counties())


def _metros() -> dict[str, set[tuple[float, float]]]:
    """Return areas by full name, by 'first city, ST' and by first city; each at the middle of its people."""
    frame = facts.counties()
    frame = frame[frame["cbsa"] != ""]
    table: dict[str, set[tuple[float, float]]] = {}
    for name, members in frame.groupby("cbsa_name"):
        weight = members["population"].to_numpy(dtype=float)
        lat = float(np.average(members["lat"], weights=weight))
        lon = float(np.average(members["lon"], weights=weight))
        cities, _, states = str(name).rpartition(", ")
        first = cities.split("--")[0].split("-")[0].split("/")[0]
        _add(table, str(name), lat, lon)
        for state in states.split("-"):
            _add(table, f"{first}, {state}", lat, lon)
        _add(table, first, lat, lon)
    return table


def _centers() -> dict[str, set[tuple[float, float]]]:
    table: dict[str, set[tuple[float, float]]] = {}
    # Several centers share a city: the first stands for it.
    first = facts.nci_centers().drop_duplicates(["city", "state"])
    for city, state, lat, lon in zip(first["city"], first["state"], first["lat"], first["lon"], strict=True):
        _add(table, f"{city}, {state}", lat, lon)
        _add(table, city, lat, lon)
    return table
