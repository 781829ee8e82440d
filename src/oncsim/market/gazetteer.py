"""Which place a name means: counties, metropolitan areas, cities with an NCI-designated center."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market import facts

if TYPE_CHECKING:
    import pandas as pd

WHERE = "market.around.place"
_KINDS = re.compile(r" (county|parish|city and borough|borough|census area|municipality)$")
_MOST_LISTED = 6


@dataclass(frozen=True)
class Place:
    """Something that a name may mean: how messages call it, the spellings it answers to, and its middle."""

    label: str
    names: frozenset[str]
    lat: float
    lon: float
    counties: frozenset[str]


def find_place(name: str, zones: pd.DataFrame | None = None) -> tuple[float, float]:
    """Return latitude and longitude of a named place.

    A name of the user's own ``zones`` (name or id) comes first. With a state ('Davidson, TN') a county comes
    before the metropolitan area it is part of; without one ('Nashville') the area comes before its county.

    Raises
    ------
    InputError
        When the place is unknown, or the name fits several that are not parts of each other.
    """
    wanted = spelled(name)
    own = [place for place in _own_zones(zones) if wanted in place.names]
    known = {county for place in _counties() for county in place.counties}
    if own and not all(place.counties <= known for place in own):
        # Made-up zones have nothing to do with places of the same name on the real map.
        return _only(name, own)
    bare = ", " not in wanted
    counties = [place for place in _counties() if wanted in place.names or (bare and _bare(place) == wanted)]
    areas = [] if _names_a_county(name) else [place for place in _areas() if wanted in place.names]
    found = [*own, *areas, *counties] if bare else [*own, *counties, *areas]
    if found:
        return _only(name, found)
    known_names = {name for place in (*_own_zones(zones), *_counties(), *_areas()) for name in place.names}
    near = did_you_mean(_display(wanted), map(_display, known_names))
    message = (
        f"{name!r} is no county, metropolitan area or city with an NCI-designated center (write for "
        f"example 'Davidson, TN', '47037' or 'Nashville'){near}"
    )
    raise InputError([Fault("", 0, 0, WHERE, message)])


@lru_cache(maxsize=1)
def county_codes() -> dict[str, str]:
    """Return the FIPS code of every spelling (:func:`spelled`) that a county answers to; do not change it."""
    return {name: code for place in _counties() for name in place.names for code in place.counties}


def _only(name: str, found: list[Place]) -> tuple[float, float]:
    kept: list[Place] = []
    parts: list[frozenset[str]] = []
    for place in found:
        # A county, the area it is part of, and a center in that area are one place.
        same = next((i for i, counties in enumerate(parts) if counties & place.counties), None)
        if same is None:
            kept.append(place)
            parts.append(place.counties)
        else:
            parts[same] |= place.counties
    if len(kept) > 1:
        listed = "; ".join(place.label for place in kept[:_MOST_LISTED])
        more = f"; and {len(kept) - _MOST_LISTED} more" if len(kept) > _MOST_LISTED else ""
        message = f"{name!r} fits {len(kept)} places: {listed}{more} (write one of these in full, or its code)"
        raise InputError([Fault("", 0, 0, WHERE, message)])
    return kept[0].lat, kept[0].lon


def _lower(name: str) -> str:
    # Messages name a county with its code: written back like that, it is the same county.
    text = re.sub(r" \(\d+\)$", "", re.sub(r"\s+", " ", name.strip().lower()))
    return re.sub(r"\bsaint\b", "st.", text)


def spelled(name: str) -> str:
    """Return a place name in one spelling: lower case, 'Name, ST' without the word for the kind of area."""
    head, comma, state = _lower(name).rpartition(", ")
    return f"{_KINDS.sub('', head)}, {state}" if comma else _KINDS.sub("", state)


def _names_a_county(name: str) -> bool:
    head, comma, state = _lower(name).rpartition(", ")
    return _KINDS.search(head if comma else state) is not None


def _bare(county: Place) -> str:
    return next((name.rpartition(", ")[0] for name in county.names if ", " in name), "")


def _display(plain: str) -> str:
    head, comma, state = plain.rpartition(", ")
    return f"{head.title()}, {state.upper()}" if comma else plain.title()


def _own_zones(zones: pd.DataFrame | None) -> Iterator[Place]:
    if zones is None or "zone" not in zones:
        return
    for zone, name, lat, lon in zip(zones["zone"], zones["name"], zones["lat"], zones["lon"], strict=True):
        names = frozenset({spelled(str(zone)), spelled(str(name))})
        yield Place(f"{name} ({zone})", names, float(lat), float(lon), frozenset({str(zone)}))


def _counties() -> Iterator[Place]:
    frame = facts.counties()
    for fips, name, lat, lon in zip(frame["fips"], frame["name"], frame["lat"], frame["lon"], strict=True):
        head, _, state = str(name).rpartition(", ")
        kind = "" if re.search(rf"({_KINDS.pattern}| city$)", head.lower()) else " County"
        names = frozenset({str(fips), spelled(str(name))})
        yield Place(f"{head}{kind}, {state} ({fips})", names, float(lat), float(lon), frozenset({str(fips)}))


def _areas() -> Iterator[Place]:
    """Give metropolitan areas by full name, 'first city, ST' and first city, then cities with a center."""
    frame = facts.counties()
    # The middle of an area is that of its people.
    for name, members in frame[frame["cbsa"] != ""].groupby("cbsa_name"):
        weight = members["population"].to_numpy(dtype=float)
        cities, _, states = str(name).rpartition(", ")
        first = cities.split("--")[0].split("-")[0].split("/")[0]
        names = {spelled(str(name)), spelled(first), *(spelled(f"{first}, {state}") for state in states.split("-"))}
        lat, lon = (float(np.average(members[column], weights=weight)) for column in ("lat", "lon"))
        yield Place(str(name), frozenset(names), lat, lon, frozenset(members["fips"]))
    centers = facts.nci_centers().drop_duplicates(["city", "state"])
    for city, state, lat, lon, fips in zip(*(centers[c] for c in ("city", "state", "lat", "lon", "fips")), strict=True):
        label = f"{city}, {state}"
        yield Place(label, frozenset({spelled(label), spelled(city)}), float(lat), float(lon), frozenset({str(fips)}))
