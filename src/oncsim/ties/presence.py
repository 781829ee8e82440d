"""Who is where whose patients live: shares of the patients of a zone, how far one is present to another, and diversion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.state.sums import FEW, sum_by, with_data

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def patients_by_owner(model: OncologyMarket, owner: Ints, counted: NDArray[np.bool_]) -> Presence:
    """Return who started treatment where in the quarter.

    Parameters
    ----------
    owner : (sites,) int
        Organisation row to whom the patients of each site count.
    counted : (sites,) bool
        Sites whose patients count.
    """
    pairs, many, zones, size = model.pairs, len(owner), len(model.zones), len(model.orgs)
    started = model.flows.pair_started * counted[pairs.site]
    if zones * size <= FEW:
        return presence(pairs.zone, owner[pairs.site], started, (zones, size))
    # Pairs are in order of zones and sites already: one product adds up the sites of an owner.
    by_site = sparse.csr_array((started, pairs.site, pairs.start), shape=(zones, many))
    holder = sparse.csr_array((np.ones(many), owner, np.arange(many + 1)), shape=(many, size))
    return _OfMany(sparse.csr_array(by_site @ holder))


def presence(zone: Ints, org: Ints, patients: Floats, shape: tuple[int, int]) -> Presence:
    """Return the patients of organisations by zone; entries of the same zone and organisation are added.

    Parameters
    ----------
    zone, org : (entries,) int
    patients : (entries,) float
    shape : (int, int)
        Zones and organisations there are.
    """
    zones, orgs = shape
    if zones * orgs <= FEW:
        return _OfFew(sum_by(zone * orgs + org, patients, zones * orgs).reshape(shape))
    return _OfMany(sparse.csr_array((patients, (zone, org)), shape=shape))


class Presence(ABC):
    """Patients of organisations by zone, with what is derived from them, each worked out once."""

    @property
    @abstractmethod
    def patients(self) -> Floats:
        """Return the patients of each organisation, (organisations,)."""

    @abstractmethod
    def toarray(self) -> Floats:
        """Return the patients as one table, (zones, organisations)."""

    @abstractmethod
    def at_least(self, other: Presence, factor: float) -> Presence:
        """Return so many times these patients, or those of another where they are more."""

    @abstractmethod
    def _shared(self, i: Ints, j: Ints) -> Floats:
        """Return ``sum_z n_iz s_jz`` of each pair with shares of the patients of a zone, (pairs,)."""

    @abstractmethod
    def _leaving(self, i: Ints, j: Ints) -> Floats:
        """Return ``sum_z n_iz s_jz / (1 - s_iz)`` of each pair, (pairs,)."""

    def met(self, one: Ints, other: Ints) -> Floats:
        """Return the share that the other of each pair has in the zones of one's patients, weighted by those, (pairs,)."""
        return self.met_both(one, other)[0]

    def met_both(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return what b is met by a's patients and a by b's (:meth:`met`): one sum ``n_za n_zb / n_z`` serves both."""
        common = self._shared(a, b)
        patients = np.maximum(self.patients, 1e-12)
        return common / patients[a], common / patients[b]

    def diversion(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return the logit diversion zone by zone: of a's patients the share who would go to b next, of b's to a, (pairs,).

        ``D_ab = sum_z n_za s_zb / (1 - s_za) / sum_z n_za`` with shares of the patients of a zone.
        """
        return self._one_way(a, b), self._one_way(b, a)

    def _one_way(self, i: Ints, j: Ints) -> Floats:
        mine = self.patients[i]
        part = np.divide(self._leaving(i, j), mine, out=np.zeros(len(i)), where=mine > 0)
        return np.minimum(np.maximum(part, 0.0), 1.0)


class _OfFew(Presence):
    """Few organisations and zones: one full table. Sums run in the order of zones, as with many."""

    def __init__(self, table: Floats) -> None:
        self._table = table

    @cached_property
    def patients(self) -> Floats:
        return _in_order(self._table, 0)

    def toarray(self) -> Floats:
        return self._table

    def at_least(self, other: Presence, factor: float) -> Presence:
        return _OfFew(np.maximum(self._table * factor, other.toarray()))

    @cached_property
    def _shares(self) -> Floats:
        total = _in_order(self._table, 1)
        return np.asarray(self._table / np.where(total > 0, total, 1.0)[:, None])

    @cached_property
    def _lost(self) -> Floats:
        return np.asarray(self._table / np.maximum(1.0 - self._shares, 1e-3))

    def _shared(self, i: Ints, j: Ints) -> Floats:
        return _in_order(self._table[:, i] * self._shares[:, j], 0)

    def _leaving(self, i: Ints, j: Ints) -> Floats:
        return _in_order(self._lost[:, i] * self._shares[:, j], 0)


def _in_order(table: Floats, axis: int) -> Floats:
    """Return sums along an axis, added one after the other: a plain sum groups them by what else is summed beside."""
    if table.shape[axis] == 0:
        return np.zeros(table.shape[1 - axis])
    return np.asarray(np.cumsum(table, axis=axis).take(-1, axis=axis))


class _OfMany(Presence):
    """Many organisations: sparse, summed pair by pair."""

    def __init__(self, by_zone: sparse.csr_array) -> None:
        by_zone.sort_indices()
        self._by_zone = by_zone

    @cached_property
    def patients(self) -> Floats:
        return sum_by(self._by_zone.indices.astype(np.int64), self._by_zone.data, self._by_zone.shape[1])

    def toarray(self) -> Floats:
        return np.asarray(self._by_zone.toarray())

    def at_least(self, other: Presence, factor: float) -> Presence:
        assert isinstance(other, _OfMany)  # of as many zones and organisations
        return _OfMany(sparse.csr_array((self._by_zone * factor).maximum(other._by_zone)))

    @cached_property
    def _by_org(self) -> sparse.csr_array:
        return self._by_zone.T.tocsr()

    @cached_property
    def _shares(self) -> sparse.csr_array:
        """Share of the patients of each zone that each organisation has, (organisations, zones)."""
        zones = self._by_zone.shape[0]
        total = sum_by(np.repeat(np.arange(zones), np.diff(self._by_zone.indptr)), self._by_zone.data, zones)
        return with_data(self._by_org, self._by_org.data / np.where(total > 0, total, 1.0)[self._by_org.indices])

    @cached_property
    def _lost(self) -> sparse.csr_array:
        """Patients over the part of their zone that goes elsewhere, (organisations, zones)."""
        return with_data(self._by_org, self._by_org.data / np.maximum(1.0 - self._shares.data, 1e-3))

    def _shared(self, i: Ints, j: Ints) -> Floats:
        return _row_sums(self._by_org[i].multiply(self._shares[j]))

    def _leaving(self, i: Ints, j: Ints) -> Floats:
        return _row_sums(self._lost[i].multiply(self._shares[j]))


def _row_sums(values: Any) -> Floats:
    """Return the sums of the rows of a sparse matrix, in the order of its columns."""
    found = sparse.csr_array(values)
    found.sort_indices()
    return sum_by(np.repeat(np.arange(found.shape[0]), np.diff(found.indptr)), found.data, found.shape[0])
