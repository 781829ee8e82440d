"""Candidate pairs: the sites each zone considers, in compressed rows (by zone, then by site)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncsim.state.travel import EARTH_MILES, Places, Roads, travel_minutes, unit_vectors


@dataclass(frozen=True)
class Pairs:
    """Zone-site pairs.

    Attributes
    ----------
    start : (zones + 1,) int
        Pairs of zone z are ``start[z]:start[z + 1]``.
    zone, site : (pairs,) int
        Ends of each pair.
    minutes : (pairs,) float
        One-way travel time.
    reach : (zones,) float
        A site opened later becomes a candidate of a zone when it is at most this many minutes away: closing or opening
        a site never takes another one off somebody's list.
    """

    start: NDArray[np.int64]
    zone: NDArray[np.int64]
    site: NDArray[np.int64]
    minutes: NDArray[np.float64]
    reach: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.site)

    def __getstate__(self) -> dict[str, NDArray[Any]]:
        # An order can be found again: what was looked at is no part of the state.
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @cached_property
    def by_minutes(self) -> NDArray[np.int64]:
        """Return the pairs from near to far, of equals the first first, (pairs,)."""
        return np.argsort(self.minutes, kind="stable")


def candidate_pairs(
    roads: Roads, zones: Places, within_miles: NDArray[np.float64], sites: Places, center: NDArray[np.bool_]
) -> Pairs:
    """List the nearest sites of every zone, and every NCI-designated center within reach.

    Parameters
    ----------
    center : (sites,) bool
        Sites that belong on every list within ``roads.center_minutes``.
    """
    from scipy.spatial import cKDTree

    count = len(zones.lat)
    if len(sites.lat) == 0:
        empty = np.zeros(0, dtype=np.int64)
        reach = np.full(count, roads.max_minutes)
        return Pairs(np.zeros(count + 1, dtype=np.int64), empty, empty, np.zeros(0), reach)
    nearest = min(roads.nearest_sites, len(sites.lat))
    origins = unit_vectors(zones.lat, zones.lon)
    _, found = cKDTree(unit_vectors(sites.lat, sites.lon)).query(origins, k=nearest)
    found = np.asarray(found, dtype=np.int64).reshape(count, nearest)
    zone = np.repeat(np.arange(count), nearest)
    site = found.ravel()
    minutes = travel_minutes(roads, zones, within_miles, sites, zone, site)
    farthest = minutes.reshape(count, nearest).max(axis=1)
    reach = np.where(nearest < roads.nearest_sites, roads.max_minutes, np.minimum(farthest, roads.max_minutes))

    far_zone, far_site = _centers_in_reach(roads, origins, sites, center)
    far_minutes = travel_minutes(roads, zones, within_miles, sites, far_zone, far_site)
    near_enough = far_minutes <= roads.center_minutes
    zone = np.concatenate([zone, far_zone[near_enough]])
    site = np.concatenate([site, far_site[near_enough]])
    minutes = np.concatenate([minutes, far_minutes[near_enough]])
    reachable = minutes <= roads.max_minutes
    return _ordered(count, zone[reachable], site[reachable], minutes[reachable], reach)


def _centers_in_reach(
    roads: Roads, origins: NDArray[np.float64], sites: Places, center: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(center)
    if len(rows) == 0:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    # The farthest a center can be and still lie within the limit: by air, no road factor.
    miles = min(roads.center_minutes / 60.0 * max(roads.air_mph, roads.mph_rural), np.pi * EARTH_MILES)
    chord = 2.0 * np.sin(miles / EARTH_MILES / 2.0)
    tree = cKDTree(unit_vectors(sites.lat[rows], sites.lon[rows]))
    hits = tree.query_ball_point(origins, chord, return_sorted=True)
    zone = np.repeat(np.arange(len(origins)), [len(some) for some in hits])
    site = rows[np.concatenate([np.asarray(some, dtype=np.int64) for some in hits])] if len(zone) else zone
    return zone.astype(np.int64), np.asarray(site, dtype=np.int64)


def _ordered(
    count: int,
    zone: NDArray[np.int64],
    site: NDArray[np.int64],
    minutes: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> Pairs:
    order = np.lexsort((site, zone))
    zone, site, minutes = zone[order], site[order], minutes[order]
    first = np.ones(len(zone), dtype=np.bool_)
    first[1:] = (zone[1:] != zone[:-1]) | (site[1:] != site[:-1])
    zone, site, minutes = zone[first], site[first], minutes[first]
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(zone, minlength=count), out=start[1:])
    return Pairs(start, zone, site, minutes, reach)


def with_new_sites(
    pairs: Pairs, roads: Roads, zones: Places, within_miles: NDArray[np.float64], sites: Places, new: NDArray[np.int64]
) -> Pairs:
    """Return the pairs with the sites ``new`` (rows of ``sites``) added to the lists they belong on."""
    count = len(zones.lat)
    zone = np.tile(np.arange(count), len(new))
    site = np.repeat(new, count)
    minutes = travel_minutes(roads, zones, within_miles, sites, zone, site)
    belongs = minutes <= pairs.reach[zone]
    zone, site, minutes = zone[belongs], site[belongs], minutes[belongs]
    # A new site has the highest number, so its pair goes to the end of the zone's block.
    order = np.lexsort((site, zone))
    zone, site, minutes = zone[order], site[order], minutes[order]
    at = pairs.start[zone + 1]
    start = pairs.start.copy()
    start[1:] += np.cumsum(np.bincount(zone, minlength=count))
    grown = Pairs(
        start,
        np.insert(pairs.zone, at, zone),
        np.insert(pairs.site, at, site),
        np.insert(pairs.minutes, at, minutes),
        pairs.reach,
    )
    if "by_minutes" in vars(pairs):
        vars(grown)["by_minutes"] = _merged(pairs, at, minutes)
    return grown


def _merged(pairs: Pairs, at: NDArray[np.int64], minutes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order from near to far of pairs that others are inserted into, before the pairs ``at``: no sorting anew."""
    before = np.cumsum(np.bincount(at, minlength=len(pairs) + 1))
    old = pairs.by_minutes + before[pairs.by_minutes]
    fresh = at + np.arange(len(at))
    nearest = np.argsort(minutes, kind="stable")
    fresh, minutes = fresh[nearest], minutes[nearest]
    sorted_minutes = pairs.minutes[pairs.by_minutes]
    low, high = (np.searchsorted(sorted_minutes, minutes, side=side) for side in ("left", "right"))
    for row in np.flatnonzero(low < high).tolist():
        low[row] += np.searchsorted(old[low[row] : high[row]], fresh[row])
    return np.insert(old, low, fresh)


def without_closed(pairs: Pairs, open_now: NDArray[np.bool_]) -> Pairs:
    """Return the pairs without those of sites that have closed: nobody will choose them, and none opens again.

    Parameters
    ----------
    open_now : (sites,) bool
    """
    kept = open_now[pairs.site]
    if kept.all():
        return pairs
    start = np.concatenate([[0], np.cumsum(kept)])[pairs.start]
    fewer = Pairs(start, pairs.zone[kept], pairs.site[kept], pairs.minutes[kept], pairs.reach)
    if "by_minutes" in vars(pairs):
        place = np.cumsum(kept) - 1
        vars(fewer)["by_minutes"] = place[pairs.by_minutes[kept[pairs.by_minutes]]]
    return fewer


def with_home_care(pairs: Pairs, home: NDArray[np.bool_], minutes: float) -> Pairs:
    """Return the pairs with care at home in its place: nobody travels to a ``home`` site, and it serves zones within reach.

    Parameters
    ----------
    home : (sites,) bool
        Sites whose nurses go to the patient.
    minutes : float
        How far they go; pairs beyond it are left out. Pairs dealt with before have zero minutes and stay.
    """
    at_home = home[pairs.site]
    if not at_home.any():
        return pairs
    keep = ~at_home | (pairs.minutes <= minutes)
    start = np.zeros_like(pairs.start)
    np.cumsum(np.bincount(pairs.zone[keep], minlength=len(pairs.start) - 1), out=start[1:])
    travelled = np.where(at_home, 0.0, pairs.minutes)
    return Pairs(start, pairs.zone[keep], pairs.site[keep], travelled[keep], pairs.reach)
