"""Which organisations could become partners: pairs near each other, found through a spatial index, not all pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE
from oncsim.state.travel import great_circle_miles, unit_vectors

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_NEAREST_SYSTEMS = 4
_NEAREST_CENTERS = 2
_FARTHEST_MILES = 150.0


def possible_partners(
    model: OncologyMarket,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (a, b, miles): each practice with its nearest systems and centers, each system with its nearest centers."""
    orgs = model.orgs
    active = (orgs.status == 0) & (orgs.starts > 0)
    practices = np.flatnonzero(active & (orgs.kind == PRACTICE))
    systems = np.flatnonzero(active & (orgs.kind == HEALTH_SYSTEM))
    centers = np.flatnonzero(active & (orgs.kind == ACADEMIC_CENTER))
    blocks = [
        _nearest(model, practices, systems, _NEAREST_SYSTEMS),
        _nearest(model, practices, centers, _NEAREST_CENTERS),
        _nearest(model, systems, centers, _NEAREST_CENTERS),
    ]
    a = np.concatenate([block[0] for block in blocks])
    b = np.concatenate([block[1] for block in blocks])
    miles = great_circle_miles(orgs.lat[a], orgs.lon[a], orgs.lat[b], orgs.lon[b])
    near = miles <= _FARTHEST_MILES
    return a[near], b[near], miles[near]


def _nearest(
    model: OncologyMarket, origin: NDArray[np.int64], target: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from scipy.spatial import cKDTree

    orgs = model.orgs
    count = min(count, len(target))
    if count == 0 or len(origin) == 0:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    tree = cKDTree(unit_vectors(orgs.lat[target], orgs.lon[target]))
    _, found = tree.query(unit_vectors(orgs.lat[origin], orgs.lon[origin]), k=count)
    found = np.asarray(found, dtype=np.int64).reshape(len(origin), count)
    return np.repeat(origin, count), target[found.ravel()]
