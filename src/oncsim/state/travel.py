"""Travel time from where people live to sites, and the list of sites each zone considers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EARTH_MILES = 3958.8
_NEVER = np.inf


@dataclass(frozen=True)
class Roads:
    """What turns miles into minutes (see ``travel.*`` in the registry)."""

    road_factor: float
    mph_metro: float
    mph_rural: float
    air_mph: float
    nearest_sites: int
    center_minutes: float
    max_minutes: float


def great_circle_miles(
    lat1: NDArray[np.float64], lon1: NDArray[np.float64], lat2: NDArray[np.float64], lon2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return great-circle miles between points (haversine; exact across the antimeridian)."""
    a1, a2 = np.radians(lat1), np.radians(lat2)
    half = np.sin((a2 - a1) / 2) ** 2 + np.cos(a1) * np.cos(a2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return np.asarray(2 * EARTH_MILES * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def unit_vectors(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the unit sphere, so that a k-d tree finds neighbours across the date line too."""
    a, b = np.radians(lat), np.radians(lon)
    return np.column_stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


def within_zone_miles(land_sqmi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean distance inside a zone: two thirds of the radius of a circle of its land area."""
    return np.asarray(2.0 / 3.0 * np.sqrt(np.maximum(land_sqmi, 0.01) / np.pi))


@dataclass(frozen=True)
class Places:
    """Points with what travel needs to know of the zone they lie in."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    zone: NDArray[np.int64]
    rural: NDArray[np.bool_]
    air_minutes: NDArray[np.float64]


def travel_minutes(
    roads: Roads,
    origin: Places,
    within_miles: NDArray[np.float64],
    destination: Places,
    from_row: NDArray[np.int64],
    to_row: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return one-way minutes for each (origin row, destination row).

    Inside a zone the distance is ``within_miles``; across zones it is centre to site, never below that. Speed is the mean
    of the speeds at both ends. Where a zone can only be reached by air or sea its fixed minutes replace the road.
    """
    miles = great_circle_miles(origin.lat[from_row], origin.lon[from_row], destination.lat[to_row], destination.lon[to_row])
    same = origin.zone[from_row] == destination.zone[to_row]
    inside = within_miles[from_row]
    miles = np.where(same, inside, np.maximum(miles, inside))
    mph_from = np.where(origin.rural[from_row], roads.mph_rural, roads.mph_metro)
    mph_to = np.where(destination.rural[to_row], roads.mph_rural, roads.mph_metro)
    by_road = 60.0 * roads.road_factor * miles / ((mph_from + mph_to) / 2)
    fixed = np.where(same, 0.0, origin.air_minutes[from_row] + destination.air_minutes[to_row])
    return np.where(fixed > 0, fixed + 60.0 * miles / roads.air_mph, by_road)
