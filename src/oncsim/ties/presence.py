"""Who is where whose patients live: shares of the patients of a zone, how far one is present to another, and diversion."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.state.sums import PairTable, sum_by, with_data

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def started_by_owner(model: OncologyMarket, owner: Ints, counted: NDArray[np.bool_]) -> sparse.csr_array:
    """Return who started treatment where in the quarter, (zones, organisations) patients.

    Parameters
    ----------
    owner : (sites,) int
        Organisation row to whom the patients of each site count.
    counted : (sites,) bool
        Sites whose patients count.
    """
    pairs, size, zones = model.pairs, len(model.orgs), len(model.zones)
    started = model.flows.pair_started * counted[pairs.site]
    both, place = np.unique(pairs.zone * size + owner[pairs.site], return_inverse=True)
    zone, org = np.divmod(both, size)
    start = np.searchsorted(zone, np.arange(zones + 1))
    return sparse.csr_array((sum_by(place, started, len(both)), org, start), shape=(zones, size))


class Presence:
    """Patients of organisations by zone, with what is derived from them, each worked out once.

    Parameters
    ----------
    by_zone : (zones, organisations) sparse
        Patients.
    """

    def __init__(self, by_zone: sparse.csr_array) -> None:
        self.by_zone = by_zone

    @cached_property
    def patients(self) -> Floats:
        """Return the patients of each organisation, (organisations,)."""
        return sum_by(self.by_zone.indices.astype(np.int64), self.by_zone.data, self.by_zone.shape[1])

    @cached_property
    def _by_org(self) -> sparse.csr_array:
        return self.by_zone.T.tocsr()

    @cached_property
    def _total(self) -> Floats:
        """Patients of each zone, (zones,), one where there are none."""
        zones = self.by_zone.shape[0]
        total = sum_by(np.repeat(np.arange(zones), np.diff(self.by_zone.indptr)), self.by_zone.data, zones)
        return np.where(total > 0, total, 1.0)

    @cached_property
    def _shares(self) -> sparse.csr_array:
        """Share of the patients of each zone that each organisation has, (zones, organisations)."""
        return with_data(self.by_zone, self.by_zone.data / np.repeat(self._total, np.diff(self.by_zone.indptr)))

    @cached_property
    def _met(self) -> PairTable:
        """``sum_z n_za n_zb / n_z`` of all that share a zone: one product, for any number of pairs."""
        return PairTable(self._by_org @ self._shares)

    @cached_property
    def _diverted(self) -> PairTable:
        """``sum_z n_za s_zb / (1 - s_za)`` of all that share a zone."""
        shares = self._by_org.data / self._total[self._by_org.indices]
        return PairTable(with_data(self._by_org, self._by_org.data / np.maximum(1.0 - shares, 1e-3)) @ self._shares)

    def met(self, one: Ints, other: Ints) -> Floats:
        """Return the share that the other of each pair has in the zones of one's patients, weighted by those, (pairs,)."""
        return self.met_both(one, other)[0]

    def met_both(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return what b is met by a's patients and a by b's (:meth:`met`): one sum ``n_za n_zb / n_z`` serves both."""
        common = self._met.at(a, b)
        patients = np.maximum(self.patients, 1e-12)
        return common / patients[a], common / patients[b]

    def diversion(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return the logit diversion zone by zone: of a's patients the share who would go to b next, of b's to a, (pairs,).

        ``D_ab = sum_z n_za s_zb / (1 - s_za) / sum_z n_za`` with shares of the patients of a zone.
        """
        return self._one_way(a, b), self._one_way(b, a)

    def _one_way(self, i: Ints, j: Ints) -> Floats:
        mine = self.patients[i]
        return np.asarray(np.divide(self._diverted.at(i, j), mine, out=np.zeros(len(i)), where=mine > 0).clip(0.0, 1.0))
