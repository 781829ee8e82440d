"""Maps without map files: zones as the ground nearest to their centre, projected to miles.

Outlines of states are not needed: each pixel belongs to the zone whose centre is nearest, unless it lies
farther away than the zone is wide, which leaves sea and neighbouring countries white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EARTH_MILES = 3958.8
# How far ground may lie from the centre of its zone, in radii of a circle of the zone's land area (judgement:
# narrow enough to keep coasts recognisable; gaps between large zones are closed afterwards).
_REACH = 1.3
_PIXELS = 500


@dataclass(frozen=True)
class Projection:
    """Albers equal-area projection to miles, or a plain local one for small markets and planes.

    Parameters
    ----------
    lat, lon : float
        The point that becomes (0, 0).
    parallels : tuple of float or None
        Standard parallels in degrees; None scales longitude by the cosine of ``lat``.
    """

    lat: float
    lon: float
    parallels: tuple[float, float] | None

    def __call__(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return x and y in miles east and north of the centre."""
        east = np.radians(lon - self.lon)
        if self.parallels is None:
            scale = float(np.cos(np.radians(self.lat)))
            return EARTH_MILES * east * scale, EARTH_MILES * np.radians(lat - self.lat)
        one, two = np.radians(self.parallels[0]), np.radians(self.parallels[1])
        n = float(np.sin(one) + np.sin(two)) / 2
        c = float(np.cos(one) ** 2 + 2 * n * np.sin(one))
        rho = EARTH_MILES * np.sqrt(c - 2 * n * np.sin(np.radians(lat))) / n
        rho0 = EARTH_MILES * float(np.sqrt(c - 2 * n * np.sin(np.radians(self.lat)))) / n
        return rho * np.sin(n * east), rho0 - rho * np.cos(n * east)


@dataclass(frozen=True)
class Frame:
    """One part of a map (the contiguous states, Alaska, Hawaii, or all) with its projection and bounds in
    miles."""

    name: str
    zones: NDArray[np.bool_]
    projection: Projection
    bounds: tuple[float, float, float, float]

    @property
    def width(self) -> float:
        """Miles from west to east."""
        return self.bounds[1] - self.bounds[0]

    @property
    def height(self) -> float:
        """Miles from south to north."""
        return self.bounds[3] - self.bounds[2]


def west_of_dateline(lon: Floats) -> Floats:
    """Return longitudes with the far Aleutians, east of 180 degrees, carried on westward."""
    return np.where(lon > 100, lon - 360, lon)


def part_of_country(lat: Floats, lon: Floats) -> NDArray[np.str_]:
    """Return ``alaska``, ``hawaii`` or ``main`` for points; on a plane everything is ``main``."""
    lon = west_of_dateline(lon)
    alaska = (lat > 50) & (lon < -128)
    hawaii = (lat < 24) & (lon < -150)
    return np.where(alaska, "alaska", np.where(hawaii, "hawaii", "main"))


def frames(zones: pd.DataFrame, plane: bool = False) -> list[Frame]:
    """Split zones into the parts that a map shows; the largest part comes first, Alaska and Hawaii as
    insets."""
    lat = zones["lat"].to_numpy(dtype=float)
    lon = zones["lon"].to_numpy(dtype=float)
    if plane:
        return [_frame("main", lat, lon, np.ones(len(lat), dtype=bool), zones, plane)]
    lon = west_of_dateline(lon)
    parts = part_of_country(lat, lon)
    names = [name for name in ("main", "alaska", "hawaii") if (parts == name).any()]
    return [_frame(name, lat, lon, parts == name, zones, plane) for name in names]


def _frame(name: str, lat: Floats, lon: Floats, inside: NDArray[np.bool_], zones: pd.DataFrame, plane: bool) -> Frame:
    low, high = float(lat[inside].min()), float(lat[inside].max())
    middle = (low + high) / 2, (float(lon[inside].min()) + float(lon[inside].max())) / 2
    sixth = (high - low) / 6
    local = plane or high - low < 1 or abs(middle[0]) < 10
    projection = Projection(*middle, None if local else (low + sixth, high - sixth))
    x, y = projection(lat[inside], lon[inside])
    reach = zone_radii(zones)[inside]
    bounds = (
        float((x - reach).min()),
        float((x + reach).max()),
        float((y - reach).min()),
        float((y + reach).max()),
    )
    return Frame(name, inside, projection, bounds)


def zone_radii(zones: pd.DataFrame) -> Floats:
    """Return how far the ground of each zone may reach from its centre, in miles."""
    land = pd.to_numeric(zones["land_sqmi"], errors="coerce").to_numpy(dtype=float)
    land = np.where(np.isfinite(land) & (land > 0), land, 400.0)
    return _REACH * np.sqrt(land / np.pi)


def nearest_zone(frame: Frame, zones: pd.DataFrame) -> NDArray[np.int64]:
    """Return a picture (rows from south to north) of the number of the zone at each pixel, -1 where there
    is none."""
    from scipy.spatial import cKDTree

    numbers = np.flatnonzero(frame.zones)
    lon = west_of_dateline(zones["lon"].to_numpy(dtype=float))
    x, y = frame.projection(zones["lat"].to_numpy(dtype=float)[numbers], lon[numbers])
    west, east, south, north = frame.bounds
    step = max(east - west, north - south) / _PIXELS
    across = np.arange(west + step / 2, east, step)
    up = np.arange(south + step / 2, north, step)
    pixels = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    distance, found = cKDTree(np.column_stack([x, y])).query(pixels)
    found = np.asarray(found, dtype=np.int64)
    radii = zone_radii(zones)[numbers]
    land = (np.asarray(distance) <= radii[found]).reshape(len(up), len(across))
    land = _without_gaps(land, min(1.3 * float(np.median(radii)) / step, 45.0))
    return np.where(land, numbers[found].reshape(land.shape), -1)


def _without_gaps(land: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Close gaps narrower than twice ``reach`` pixels: grow the land by that much, then shrink it again."""
    from scipy.ndimage import distance_transform_edt

    margin = int(reach) + 2
    padded = np.pad(land, margin)
    grown = np.asarray(distance_transform_edt(~padded)) <= reach
    closed = np.asarray(distance_transform_edt(grown)) > reach
    return (closed | padded)[margin:-margin, margin:-margin]


def borders(picture: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the pixels at which the label of the zone differs from that of the pixel east or north of it."""
    labels = np.where(picture >= 0, label[np.maximum(picture, 0)], -1)
    edge = np.zeros(labels.shape, dtype=bool)
    land = labels >= 0
    edge[:, :-1] |= (labels[:, :-1] != labels[:, 1:]) & land[:, :-1] & land[:, 1:]
    edge[:-1, :] |= (labels[:-1, :] != labels[1:, :]) & land[:-1, :] & land[1:, :]
    return edge


def states_of(names: Sequence[str]) -> NDArray[np.int64]:
    """Return a number per state read from names such as ``Davidson, TN``; 0 where there is none."""
    state = pd.Series(list(names), dtype=object).astype(str).str.extract(r", ([A-Z]{2})$")[0].fillna("")
    return np.asarray(pd.factorize(state, sort=True)[0], dtype=np.int64)


def miles_to_oncologist(zones: pd.DataFrame, sites: pd.DataFrame) -> Floats:
    """Return straight-line miles from each zone to its nearest open site with an oncologist; infinite
    without one."""
    from scipy.spatial import cKDTree

    staffed = sites[sites["open"].astype(bool) & (pd.to_numeric(sites["oncologists"], errors="coerce") > 0)]
    if staffed.empty:
        return np.full(len(zones), np.inf)

    def on_sphere(frame: pd.DataFrame) -> Floats:
        lat = np.radians(frame["lat"].to_numpy(dtype=float))
        lon = np.radians(frame["lon"].to_numpy(dtype=float))
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    chord, _ = cKDTree(on_sphere(staffed)).query(on_sphere(zones))
    return np.asarray(2 * EARTH_MILES * np.arcsin(np.clip(np.asarray(chord) / 2, 0, 1)), dtype=float)
