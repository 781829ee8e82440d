"""Who is where whose patients live: shares of the patients of a zone, how far one is present to another, and diversion."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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
    by_org : (organisations, zones) sparse
        Patients.
    """

    def __init__(self, by_org: sparse.csr_array) -> None:
        self.by_org = by_org

    @cached_property
    def patients(self) -> Floats:
        """Return the patients of each organisation, (organisations,)."""
        return np.asarray(self.by_org.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def shares(self) -> sparse.csr_array:
        """Return the share of the patients of each zone that each organisation has, (organisations, zones)."""
        total = np.asarray(self.by_org.sum(axis=0)).ravel()
        share = self.by_org.copy()
        share.data = self.by_org.data / np.where(total > 0, total, 1.0)[self.by_org.indices]
        return share

    @cached_property
    def _lost(self) -> sparse.csr_array:
        lost = self.by_org.copy()
        lost.data = self.by_org.data / np.maximum(1.0 - self.shares.data, 1e-3)
        return lost

    def met(self, one: Ints, other: Ints) -> Floats:
        """Return the share that the other of each pair has in the zones of one's patients, weighted by those, (pairs,)."""
        return self.met_both(one, other)[0]

    def met_both(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return what b is met by a's patients and a by b's (:meth:`met`): one sum ``n_za n_zb / n_z`` serves both."""
        common: Floats = np.asarray(self.by_org[a].multiply(self.shares[b]).sum(axis=1)).ravel()
        patients = np.maximum(self.patients, 1e-12)
        return common / patients[a], common / patients[b]

    def diversion(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return the logit diversion zone by zone: of a's patients the share who would go to b next, of b's to a, (pairs,).

        ``D_ab = sum_z n_za s_zb / (1 - s_za) / sum_z n_za`` with shares of the patients of a zone.
        """
        return self._one_way(a, b), self._one_way(b, a)

    def _one_way(self, i: Ints, j: Ints) -> Floats:
        met = np.asarray(self._lost[i].multiply(self.shares[j]).sum(axis=1)).ravel()
        mine = self.patients[i]
        return np.asarray(np.divide(met, mine, out=np.zeros(len(i)), where=mine > 0).clip(0.0, 1.0))
