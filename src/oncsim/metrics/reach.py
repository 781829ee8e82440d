"""Potential access: oncologists within reach (E2SFCA), the nearest of them, inequality (Gini)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oncsim.state.sums import sum_by

# Minutes one way and the weight of a trip up to that long: the default weights of PySAL access, stretched
# from 10, 20 and 30 minutes to the longer trips of cancer care.
BANDS = ((30.0, 1.0), (60.0, 0.68), (90.0, 0.22))


def band_weight(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 up to 30 minutes, 0.68 up to 60, 0.22 up to 90 (limits included), then 0."""
    limits = np.array([limit for limit, _ in BANDS])
    weights = np.array([weight for _, weight in BANDS] + [0.0])
    return weights[np.searchsorted(limits, minutes, side="left")]


def weighted_demand(
    site: NDArray[np.int64], weight: NDArray[np.float64], population: NDArray[np.float64], sites: int
) -> NDArray[np.float64]:
    """Return the weighted population in the catchment of each site; arrays are over pairs."""
    return sum_by(site, weight * population, sites)


def floating_catchment(
    zone: NDArray[np.int64],
    site: NDArray[np.int64],
    weight: NDArray[np.float64],
    demand: NDArray[np.float64],
    supply: NDArray[np.float64],
    zones: int,
) -> NDArray[np.float64]:
    """Return supply per person within reach of each zone (enhanced two-step floating catchment area).

    Step one divides the supply of each site by the weighted population around it; step two adds up, for each
    zone, the weighted ratios of the sites around it. Population times the result adds up to the supply of the
    sites that have anybody in their catchment.

    Parameters
    ----------
    zone, site, weight : (pairs,)
        Pairs in a catchment with their distance weight.
    demand : (sites,) float
        :func:`weighted_demand` of all sites.
    supply : (sites,) float
        Oncologists at each site that counts, 0 elsewhere.
    """
    ratio = np.divide(supply, demand, out=np.zeros(len(supply)), where=demand > 0)
    return sum_by(zone, weight * ratio[site], zones)


def nearest_minutes(
    start: NDArray[np.int64], site: NDArray[np.int64], minutes: NDArray[np.float64], counts: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the minutes from each zone to its nearest site among those that count; infinite without one."""
    nearest = np.full(len(start) - 1, np.inf)
    some = np.flatnonzero(np.diff(start))
    if len(some):
        # Zones without pairs are left out: reduceat would give them the first pair of the next zone.
        nearest[some] = np.minimum.reduceat(np.where(counts[site], minutes, np.inf), start[some])
    return nearest


def gini(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """Return the Gini coefficient of ``values`` (not negative) held by ``weights`` people each.

    Returns
    -------
    float or None
        0 when all have the same; None when nobody has anything or there is nobody.
    """
    order = np.argsort(values, kind="stable")
    people = weights[order]
    held = people * values[order]
    everyone, everything = people.sum(), held.sum()
    if everyone <= 0 or everything <= 0:
        return None
    # Mean rank of each row's people, in people: those below, and half of its own.
    rank = np.cumsum(people) - people / 2
    return float(2.0 * (rank * held).sum() / (everyone * everything) - 1.0)
