"""Who steers patients: employed referrers of owners, and ties by their strength."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.state.sums import sums_through
from oncsim.state.travel import great_circle_miles, unit_vectors
from oncsim.ties.foreclosures import pull_of_owners
from oncsim.ties.strength import tie_strength

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_NEAREST_HOSPITALS = 15


def hospital_weights(model: OncologyMarket) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (zone, hospital, share): how the employed referrers of a zone divide among hospitals near it.

    A hospital's weight is its beds, falling with distance; shares of a zone add to ``choice.employed_referrers`` where a
    hospital is near and to less where the nearest are far.
    """
    from scipy.spatial import cKDTree

    zones, hospitals, law = model.zones, model.hospitals, model.law
    empty = np.zeros(0, dtype=np.int64)
    if len(hospitals) == 0:
        return empty, empty, np.zeros(0)
    count = min(_NEAREST_HOSPITALS, len(hospitals))
    tree = cKDTree(unit_vectors(hospitals.lat, hospitals.lon))
    _, found = tree.query(unit_vectors(zones.lat, zones.lon), k=count)
    hospital = np.asarray(found, dtype=np.int64).reshape(len(zones), count).ravel()
    zone = np.repeat(np.arange(len(zones)), count)
    miles = great_circle_miles(zones.lat[zone], zones.lon[zone], hospitals.lat[hospital], hospitals.lon[hospital])
    reach = np.exp(-miles / float(law["choice.referral_miles"]))
    weight = np.maximum(hospitals.beds[hospital], 1.0) * reach
    total = np.bincount(zone, weights=weight, minlength=len(zones))
    nearest_reach = np.zeros(len(zones))
    np.maximum.at(nearest_reach, zone, reach)
    employed = float(law["choice.employed_referrers"]) * np.minimum(1.0, nearest_reach / np.exp(-1.0))
    return zone, hospital, employed[zone] * weight / np.where(total > 0, total, 1.0)[zone]


def hospital_reach(model: OncologyMarket, zone: NDArray[np.int64], owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the hospital care of each zone that its owner's hospitals draw by beds and distance, (n,)."""
    from_zone, hospital, share = model.referrers
    if len(from_zone) == 0 or len(zone) == 0:
        return np.zeros(len(zone))
    # Every zone lists equally many hospitals, one after the other.
    near = share.reshape(len(model.zones), -1)[zone]
    owners = model.orgs.top_owner()[model.hospitals.org[hospital]].reshape(len(model.zones), -1)[zone]
    total = near.sum(axis=1)
    mine = np.where(owners == owner[:, None], near, 0.0).sum(axis=1)
    return np.divide(mine, total, out=np.zeros(len(zone)), where=total > 0)


def steering_utility(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the utility of each pair that comes from referrers: log of the mean pull over the zone's referrers.

    A share ``w`` of referrers who pull with ``b`` utils multiplies the odds by ``1 + w (exp(b) - 1)``.
    """
    pairs, orgs, sites = model.pairs, model.orgs, model.sites
    zone, hospital, share = model.referrers
    if len(pairs) == 0 or len(zone) == 0:
        return np.zeros(len(pairs))
    pull = float(model.law["choice.ownership_steering"])
    size = len(orgs)
    top = orgs.top_owner()
    owned = np.arange(size)
    rows, columns, values = [top], [owned], [np.full(size, np.expm1(pull))]
    strength = tie_strength(model)
    active = np.flatnonzero(strength > 0)
    a, b = model.ties.a[active], model.ties.b[active]
    apart = top[a] != top[b]  # inside one owner the owner already steers
    a, b, gain = a[apart], b[apart], np.expm1(pull * strength[active][apart])
    rows += [top[a], top[b]]
    columns += [b, a]
    values += [gain, gain]
    # Who was shut out of an owner's hospitals gets next to nothing from its referrers.
    owner, shut_out, change = pull_of_owners(model)
    rows += [top[owner]]
    columns += [shut_out]
    values += [change]
    referrers = zone, top[model.hospitals.org[hospital]], share
    pulls = np.concatenate(rows), np.concatenate(columns), np.concatenate(values)
    shape = (len(model.zones), size, size)
    return np.log1p(sums_through(referrers, pulls, shape, (pairs.zone, sites.org[pairs.site])))
