"""What the law of a place's state says: parameters by state, looked up for zones, sites and organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import STATES

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def by_state(values: Mapping[str, Any], state: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a parameter with the axis ``state`` for places in these states.

    Parameters
    ----------
    values : mapping
        What ``law[name]`` gives: a number or flag by state.
    state : (n,) int
        Places in ``STATES``; -1 takes the median of the states, so that a teaching market has the law most states have.
    """
    table = np.array([float(values[name]) for name in STATES])
    return np.where(state >= 0, table[state], np.sort(table)[len(table) // 2])  # an odd number of them


def of_state(values: Mapping[str, Any], state: int) -> float:
    """Return the same for one place."""
    return float(values[STATES[state]]) if state >= 0 else float(by_state(values, np.array([state]))[0])


def zone_states(model: OncologyMarket) -> NDArray[np.int64]:
    """Return the state of every zone as a place in ``STATES``."""
    return model.zones.state_code


def site_states(model: OncologyMarket) -> NDArray[np.int64]:
    """Return the state every site stands in."""
    return model.zones.state_code[model.sites.zone]


def org_state(model: OncologyMarket, org: int) -> int:
    """Return the state of an organisation's seat; -1 where it has none."""
    zone = int(model.orgs.zone[org])
    return int(model.zones.state_code[zone]) if zone >= 0 else -1


def site_places(model: OncologyMarket) -> dict[str, NDArray[np.int64]]:
    """Return the state and rurality of every site, as :meth:`Values.over` takes them."""
    return {"state": site_states(model), "rural": model.zones.rural[model.sites.zone].astype(np.int64)}


def region_means(
    model: OncologyMarket, values: NDArray[np.float64], weight: NDArray[np.float64], otherwise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted means of what sites have, by region, (regions, columns).

    Parameters
    ----------
    values : (sites, columns) float
        Of all sites, or of those that were there before the last ones opened.
    weight : (sites,) float
    otherwise : (columns,) float
        Where a region has no weight.
    """
    region = model.region[model.sites.zone[: len(weight)]]
    regions = int(model.region.max(initial=0)) + 1
    total = np.bincount(region, weights=weight, minlength=regions)
    summed = np.column_stack([np.bincount(region, weights=weight * column, minlength=regions) for column in values.T])
    some = total > 0
    return np.where(some[:, None], summed / np.where(some, total, 1.0)[:, None], otherwise)
