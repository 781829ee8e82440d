"""Which organisations could become partners: pairs near each other, found through a spatial index, not all pairs.

Distances are between places of work: a system of many hospitals is as near as its nearest hospital or site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE
from oncsim.state.travel import EARTH_MILES, unit_vectors

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FARTHEST_MILES = 150.0
# (kind that looks, kind it looks for, how many of the nearest).
_LOOKS_FOR = (
    (PRACTICE, HEALTH_SYSTEM, 4),
    (PRACTICE, ACADEMIC_CENTER, 2),
    (PRACTICE, PRACTICE, 2),
    (HEALTH_SYSTEM, ACADEMIC_CENTER, 2),
    (HEALTH_SYSTEM, HEALTH_SYSTEM, 2),
)
_ASKED = 2  # places looked at for each partner wanted, as owners have several


@dataclass(frozen=True)
class Neighbours:
    """Possible partners, one row a pair.

    Attributes
    ----------
    a, b : (pairs,) int
        Organisation rows; each pair once.
    miles : (pairs,) float
        Between their nearest places of work.
    remote : (pairs,) bool
        Far apart: a place without oncologists and a hub that could reach it by telehealth.
    """

    a: Ints
    b: Ints
    miles: Floats
    remote: NDArray[np.bool_]


def places_of_work(model: OncologyMarket) -> tuple[Ints, Floats]:
    """Return (owner at the end of the chain, unit vector) of every open site and hospital, departments on campus once."""
    sites, hospitals, orgs = model.sites, model.hospitals, model.orgs
    top = orgs.top_owner()
    working = np.flatnonzero(sites.open & (sites.oncologists > 1e-6) & (sites.visiting_from < 0))
    owner = np.concatenate([top[sites.org[working]], top[hospitals.org]])
    lat = np.concatenate([sites.lat[working], hospitals.lat])
    lon = np.concatenate([sites.lon[working], hospitals.lon])
    order = np.lexsort((lon, lat, owner))
    owner, lat, lon = owner[order], lat[order], lon[order]
    fresh = np.ones(len(owner), dtype=np.bool_)
    fresh[1:] = (owner[1:] != owner[:-1]) | (lat[1:] != lat[:-1]) | (lon[1:] != lon[:-1])
    fresh &= orgs.status[owner] == 0
    return owner[fresh], unit_vectors(lat[fresh], lon[fresh])


def possible_partners(model: OncologyMarket, spoke: Flags, hub: Flags) -> Neighbours:
    """Return each practice with its nearest systems, centers and practices, each system with centers and systems.

    Systems without oncologists count: their hospitals may lack just that.

    Parameters
    ----------
    spoke, hub : (organisations,) bool
        Who looks for a telehealth hub, and who could be one.
    """
    owner, point = places_of_work(model)
    kind = model.orgs.kind[owner]
    found = [_nearest(owner, point, kind, *looks) for looks in _LOOKS_FOR]
    found.append(_hubs(owner, point, spoke, hub))
    a, b, chord = (np.concatenate([block[part] for block in found]) for part in range(3))
    remote = np.zeros(len(a), dtype=np.bool_)
    if len(found[-1][0]):
        remote[-len(found[-1][0]) :] = True
    miles = 2.0 * EARTH_MILES * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0))
    kept = (miles <= FARTHEST_MILES) | remote
    a, b, miles, remote = a[kept], b[kept], miles[kept], remote[kept]
    low, high = np.minimum(a, b), np.maximum(a, b)
    # The same two may be found from both sides, and as neighbours and as hub and spoke: keep the nearer find.
    order = np.lexsort((remote, miles, high, low))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    kept_rows = np.sort(order[first])
    return Neighbours(a[kept_rows], b[kept_rows], miles[kept_rows], remote[kept_rows])


Found = tuple[Ints, Ints, Floats]


def _nearest(
    owner: Ints, point: Floats, kind: Ints, who: int, whom: int, count: int, farthest: float = FARTHEST_MILES
) -> Found:
    """Return (who, whom, chord): the nearest owners of a kind, by the nearest of their places to any of one's own."""
    from scipy.spatial import cKDTree

    here, there = np.flatnonzero(kind == who), np.flatnonzero(kind == whom)
    if len(here) == 0 or len(there) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    tree, asked = cKDTree(point[there]), min(_ASKED * count, len(there))
    far = 2.0 * np.sin(min(farthest / EARTH_MILES, np.pi) / 2.0)
    none = np.zeros(0, dtype=np.int64)
    found: Found = none, none, np.zeros(0)
    while True:
        chord, at = tree.query(point[here], k=asked)
        chord, at = np.asarray(chord).reshape(len(here), asked), np.asarray(at, dtype=np.int64).reshape(len(here), asked)
        one, other = np.broadcast_to(owner[here][:, None], at.shape), owner[there][at]
        first = _first_others(one, other, count)
        found = _first_of_each(
            np.concatenate([found[0], one[first]]),
            np.concatenate([found[1], other[first]]),
            np.concatenate([found[2], chord[first]]),
            count,
        )
        if asked == len(there):
            return found
        # A neighbour with many places must not hide the next one: a place asks on until nothing nearer can turn up.
        last = np.full(int(owner.max()) + 1, np.inf)
        full = np.flatnonzero(np.bincount(found[0]) >= count)
        last[full] = found[2][np.searchsorted(found[0], full) + count - 1]
        here = here[chord[:, -1] <= np.minimum(last[owner[here]], far)]
        if len(here) == 0:
            return found
        asked = min(2 * asked, len(there))


def _first_others(one: Ints, other: Ints, count: int) -> Flags:
    """Return where each place meets the first ``count`` others, each once: nobody else can be among its owner's nearest.

    Parameters
    ----------
    one, other : (places, asked) int
        Owner of the place, and of the places found from near to far.
    """
    first = one != other
    for column in range(1, other.shape[1]):
        first[:, column] &= ~(other[:, :column] == other[:, column, None]).any(axis=1)
    return np.asarray(first & (np.cumsum(first, axis=1) <= count))


def _first_of_each(one: Ints, other: Ints, gap: Floats, count: int) -> Found:
    """Keep the nearest find of each pair, and the nearest ``count`` others of each."""
    if len(one) == 0:
        return one, other, gap
    others = int(other.max()) + 1
    code = one * others + other
    order = np.argsort(code)
    code = code[order]
    fresh = np.flatnonzero(np.append(True, code[1:] != code[:-1]))
    gap = np.minimum.reduceat(gap[order], fresh)
    one, other = code[fresh] // others, code[fresh] % others
    order = np.lexsort((gap, one))  # of equals the one with the lower row comes first, as they come sorted
    one, other, gap = one[order], other[order], gap[order]
    begins = np.searchsorted(one, one)
    near = np.arange(len(one)) - begins < count
    return one[near], other[near], gap[near]


def _hubs(owner: Ints, point: Floats, spoke: Flags, hub: Flags) -> Found:
    """Return who looks for a hub with the nearest two that could be one, however far."""
    if not spoke.any() or not hub.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    code = np.where(spoke[owner], 1, np.where(hub[owner], 2, 0))
    return _nearest(owner, point, code, 1, 2, 2, np.inf)
