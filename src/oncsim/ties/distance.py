"""How far apart organisations work: between the nearest of their places, or of their seats where they have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.state.travel import EARTH_MILES, great_circle_miles
from oncsim.ties.neighbours import places_of_work

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Places:
    """Unit vectors of the places of work of every organisation, one organisation after the other."""

    def __init__(self, model: OncologyMarket) -> None:
        owner, point = places_of_work(model)
        order = np.argsort(owner, kind="stable")
        owner, self.point = owner[order], point[order]
        everybody = np.arange(len(model.orgs))
        self.first = np.searchsorted(owner, everybody)
        self.last = np.searchsorted(owner, everybody, side="right")


def miles_between(model: OncologyMarket, a: Ints, b: Ints, places: Places | None = None) -> Floats:
    """Return the miles between the nearest places of work of the two of each pair, (pairs,).

    Parameters
    ----------
    model : OncologyMarket
    a, b : (pairs,) int
        Organisation rows.
    places : Places, optional
        Where organisations work, where it was looked up before.
    """
    where = Places(model) if places is None else places
    orgs = model.orgs
    top = orgs.top_owner()
    one, other = top[a], top[b]
    first, point = where.first, where.point
    count = where.last - first
    miles = great_circle_miles(orgs.lat[a], orgs.lon[a], orgs.lat[b], orgs.lon[b])
    # Cosines of the angles: the largest belongs to the nearest two.
    single = np.flatnonzero((count[one] == 1) & (count[other] == 1))
    cosine = np.einsum("ij,ij->i", point[first[one[single]]], point[first[other[single]]])
    miles[single] = EARTH_MILES * np.arccos(np.minimum(cosine, 1.0))
    several = np.flatnonzero((count[one] > 0) & (count[other] > 0) & (count[one] * count[other] > 1))
    if len(several):
        left, right = one[several], other[several]
        combined = count[left] * count[right]
        begins = np.cumsum(combined) - combined
        at = np.arange(combined.sum()) - np.repeat(begins, combined)
        across = np.repeat(count[right], combined)
        here = point[np.repeat(first[left], combined) + at // across]
        there = point[np.repeat(first[right], combined) + at % across]
        nearest = np.maximum.reduceat(np.einsum("ij,ij->i", here, there), begins)
        miles[several] = EARTH_MILES * np.arccos(np.minimum(nearest, 1.0))
    return np.asarray(miles)
