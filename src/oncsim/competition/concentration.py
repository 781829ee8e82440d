"""Concentration of patients among owners: HHI and the largest, by market or by where patients live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oncsim.state.sums import sum_by

SCALE = 10_000.0  # one owner of everything


@dataclass(frozen=True)
class Holdings:
    """Patients of each owner in each market.

    Attributes
    ----------
    market, owner : (holdings,) int
        Market and owner of each holding, sorted by market, then owner; only holdings with patients.
    patients : (holdings,) float
    markets : int
        Number of markets.
    """

    market: NDArray[np.int64]
    owner: NDArray[np.int64]
    patients: NDArray[np.float64]
    markets: int

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """Patients of each market."""
        return sum_by(self.market, self.patients, self.markets)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each holding in the patients of its market."""
        return np.asarray(self.patients / self.totals[self.market], dtype=np.float64)

    def hhi(self) -> NDArray[np.float64]:
        """Return the HHI of each market, 0 to 10,000; missing (nan) where nobody is treated."""
        squares = sum_by(self.market, self.shares**2, self.markets)
        return np.where(self.totals > 0, SCALE * squares, np.nan)

    def largest(self, count: int) -> NDArray[np.float64]:
        """Return the share of the ``count`` largest owners of each market; nan where nobody is treated."""
        order = np.lexsort((-self.shares, self.market))
        market = self.market[order]
        first = np.searchsorted(market, np.arange(self.markets))
        leading = np.arange(len(market)) - first[market] < count
        held = sum_by(market[leading], self.shares[order][leading], self.markets)
        # Shares that add up to one by rounding must not read as more than everything.
        return np.where(self.totals > 0, np.minimum(held, 1.0), np.nan)


def holdings(market: NDArray[np.int64], owner: NDArray[np.int64], patients: NDArray[np.float64], markets: int) -> Holdings:
    """Add up patients by market and owner; sites without patients or outside any market (-1) drop out."""
    counted = (market >= 0) & (patients > 0)
    if not counted.any():
        none = np.zeros(0, dtype=np.int64)
        return Holdings(none, none, np.zeros(0), markets)
    owners = int(owner.max()) + 1
    keys, place = np.unique(market[counted] * owners + owner[counted], return_inverse=True)
    return Holdings(keys // owners, keys % owners, sum_by(place, patients[counted], len(keys)), markets)


def zone_hhi(
    start: NDArray[np.int64], site: NDArray[np.int64], patients: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the HHI of the owners who treat the people of each zone.

    Parameters
    ----------
    start : (zones + 1,) int
        The pairs of zone z are ``start[z]:start[z + 1]``.
    site, patients : (pairs,)
        Site of each pair and the patients who started there.
    owner : (sites,) int
        Top owner of each site.

    Returns
    -------
    (zones,) float
        0 to 10,000; missing (nan) where nobody of the zone is treated.
    """
    from scipy.sparse import csr_array

    zones, sites = len(start) - 1, len(owner)
    if sites == 0:
        return np.full(zones, np.nan)
    owners = int(owner.max()) + 1
    flows = csr_array((patients, site, start), shape=(zones, sites))
    belongs = csr_array((np.ones(sites), owner, np.arange(sites + 1)), shape=(sites, owners))
    by_owner = flows @ belongs
    held = np.asarray(by_owner.data, dtype=np.float64)
    zone = np.repeat(np.arange(zones), np.diff(by_owner.indptr))
    total, squares = sum_by(zone, held, zones), sum_by(zone, held**2, zones)
    some = total > 0
    return np.where(some, SCALE * squares / np.where(some, total, 1.0) ** 2, np.nan)
