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

_FEW = 300  # organisations


def started_by_owner(model: OncologyMarket, owner: Ints, counted: NDArray[np.bool_]) -> sparse.csr_array:
    """Return who started treatment where in the quarter, (zones, organisations) patients.

    Parameters
    ----------
    owner : (sites,) int
        Organisation row to whom the patients of each site count.
    counted : (sites,) bool
        Sites whose patients count.
    """
    pairs, many = model.pairs, len(owner)
    started = model.flows.pair_started * counted[pairs.site]
    by_site = sparse.csr_array((started, pairs.site, pairs.start), shape=(len(model.zones), many))
    holder = sparse.csr_array((np.ones(many), owner, np.arange(many + 1)), shape=(many, len(model.orgs)))
    by_owner = sparse.csr_array(by_site @ holder)
    by_owner.sort_indices()
    return by_owner


class Presence:
    """Patients of organisations by zone, with what is derived from them, each worked out once.

    Parameters
    ----------
    by_zone : (zones, organisations) sparse
        Patients.
    """

    def __init__(self, by_zone: sparse.csr_array) -> None:
        self.by_zone = by_zone
        self._tables: dict[str, PairTable] = {}

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
        """Share of the patients of each zone that each organisation has, (organisations, zones)."""
        return with_data(self._by_org, self._by_org.data / self._total[self._by_org.indices])

    @cached_property
    def _lost(self) -> sparse.csr_array:
        """Patients over the part of their zone that goes elsewhere, (organisations, zones)."""
        return with_data(self._by_org, self._by_org.data / np.maximum(1.0 - self._shares.data, 1e-3))

    @cached_property
    def _shares_by_zone(self) -> sparse.csr_array:
        return with_data(self.by_zone, self.by_zone.data / np.repeat(self._total, np.diff(self.by_zone.indptr)))

    def _summed(self, name: str, left: sparse.csr_array, i: Ints, j: Ints) -> Floats:
        """Return ``sum_z left_iz s_jz`` of each pair, (pairs,).

        Of few organisations all pairs at once, by one product: to prepare many small sums would take longer than the sums.
        """
        if left.shape[0] > _FEW:
            return np.asarray(left[i].multiply(self._shares[j]).sum(axis=1)).ravel()
        if name not in self._tables:
            self._tables[name] = PairTable(left @ self._shares_by_zone)
        return self._tables[name].at(i, j)

    def met(self, one: Ints, other: Ints) -> Floats:
        """Return the share that the other of each pair has in the zones of one's patients, weighted by those, (pairs,)."""
        return self.met_both(one, other)[0]

    def met_both(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return what b is met by a's patients and a by b's (:meth:`met`): one sum ``n_za n_zb / n_z`` serves both."""
        common = self._summed("met", self._by_org, a, b)
        patients = np.maximum(self.patients, 1e-12)
        return common / patients[a], common / patients[b]

    def diversion(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return the logit diversion zone by zone: of a's patients the share who would go to b next, of b's to a, (pairs,).

        ``D_ab = sum_z n_za s_zb / (1 - s_za) / sum_z n_za`` with shares of the patients of a zone.
        """
        return self._one_way(a, b), self._one_way(b, a)

    def _one_way(self, i: Ints, j: Ints) -> Floats:
        met = self._summed("lost", self._lost, i, j)
        mine = self.patients[i]
        return np.asarray(np.divide(met, mine, out=np.zeros(len(i)), where=mine > 0).clip(0.0, 1.0))
