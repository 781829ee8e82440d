"""Nested logit over candidate sites, as sparse products.

Notation: zones z, sites j, segments k = (payer, need), nests g of sites, dissimilarity ``lam``. Utility splits into a part
of the pair and a part of the site and segment, ``V = pair[z, j, need] + site[j, k]``, so that

    D[z, g, k] = sum_j exp(pair / lam) * exp(site / lam)              (sites j of nest g)
    I[z, k]    = log sum_g D ** lam                                   (expected best utility)
    treated    = logistic(outside[z, k] + slope * I)
    P[z, j, k] = treated * D ** lam / exp(I) * exp(V / lam) / D

With ``slope`` 1 and ``outside`` equal to minus the utility of the outside good this is the two-level nested logit (tested
against pyblp); a smaller slope adds a level above it whose inclusive value has that coefficient, so that going untreated
depends little on distance (A12, A15 in the evidence).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from oncsim.codes import NEEDS, PAYERS
from oncsim.state.sums import sum_by

Floats = NDArray[np.float64]
_N = len(NEEDS)


@dataclass(frozen=True)
class PairLayout:
    """Zone-site pairs split by nest, in compressed rows; made once and again only when pairs or nests change.

    Attributes
    ----------
    zone, site : (pairs,) int
        Ends of every pair.
    members : list of (n_g,) int
        Pairs of each nest, in order of zone.
    starts : list of (zones + 1,) int
        Where each zone's pairs begin in ``members``.
    columns : list of (n_g,) int
        Site of each member, in the width that sparse products use without a copy.
    zones, sites : int
    """

    zone: NDArray[np.int64]
    site: NDArray[np.int64]
    members: list[NDArray[np.int64]]
    starts: list[NDArray[np.int32]]
    columns: list[NDArray[np.int32]]
    zones: int
    sites: int

    @classmethod
    def make(
        cls, zone: NDArray[np.int64], site: NDArray[np.int64], nest: NDArray[np.int64], zones: int, nests: int
    ) -> PairLayout:
        """Split pairs (in order of zone) by the nest of their site."""
        members, starts, columns = [], [], []
        pair_nest = nest[site]
        for g in range(nests):
            rows = np.flatnonzero(pair_nest == g)
            start = np.zeros(zones + 1, dtype=np.int32)
            np.cumsum(np.bincount(zone[rows], minlength=zones), out=start[1:])
            members.append(rows)
            starts.append(start)
            columns.append(site[rows].astype(np.int32))
        return cls(zone, site, members, starts, columns, zones, len(nest))

    def matrix(self, nest: int, data: Floats) -> sparse.csr_array:
        """Return the zones-by-sites matrix of one nest holding ``data`` (one value a pair of all nests)."""
        rows = self.members[nest]
        parts = (data[rows], self.columns[nest], self.starts[nest])
        return sparse.csr_array(parts, shape=(self.zones, self.sites))


@dataclass(frozen=True)
class Choice:
    """Who goes where, kept factored: of those who seek treatment, the part of a cell that chooses a site is
    ``weight[pair, need] * factor[site, k] * share[nest][zone, k]``.

    Attributes
    ----------
    treated : (zones, segments) float
        Probability that a new patient seeks treatment; 0 where no site is available.
    inclusive : (zones, segments) float
        Expected best utility ``I``; -inf where no site is available.
    """

    layout: PairLayout
    weight: Floats
    factor: Floats
    share: list[Floats]
    treated: Floats
    inclusive: Floats

    def site_totals(self, patients: Floats) -> Floats:
        """Return patients choosing each site, (sites, segments), of ``patients`` (zones, segments) who seek treatment."""
        total = np.zeros((self.layout.sites, patients.shape[1]))
        for need in range(_N):
            columns = slice(need, None, _N)
            for g, share in enumerate(self.share):
                if len(self.layout.members[g]) == 0:
                    continue
                matrix = self.layout.matrix(g, self.weight[:, need])
                total[:, columns] += matrix.T @ (share[:, columns] * patients[:, columns])
        return total * self.factor

    def zone_totals(self, patients: Floats, site_weight: Floats) -> Floats:
        """Return, (zones, segments), the patients of each cell weighted by ``site_weight`` (sites,) of where they go."""
        total = np.zeros_like(patients)
        weighted = self.factor * site_weight[:, None]
        for need in range(_N):
            columns = slice(need, None, _N)
            block = np.ascontiguousarray(weighted[:, columns])
            for g, share in enumerate(self.share):
                if len(self.layout.members[g]) == 0:
                    continue
                total[:, columns] += share[:, columns] * (self.layout.matrix(g, self.weight[:, need]) @ block)
        return total * patients

    def pair_totals(self, patients: Floats) -> Floats:
        """Return patients of each pair, all segments together."""
        total = np.zeros(len(self.layout.zone))
        shape = (-1, len(PAYERS), _N)
        for g, share in enumerate(self.share):
            rows = self.layout.members[g]
            if len(rows) == 0:
                continue
            here = self.factor[self.layout.columns[g]].reshape(shape)
            cell = (share * patients)[self.layout.zone[rows]].reshape(shape)
            total[rows] = np.einsum("pkn,pkn,pn->p", here, cell, self.weight[rows])
        return total

    def pair_segments(self, patients: Floats) -> Floats:
        """Return patients of each pair and segment, (pairs, segments)."""
        flows = np.empty((len(self.layout.zone), patients.shape[1]))
        shape = (-1, len(PAYERS), _N)
        for g, rows in enumerate(self.layout.members):
            part = self.factor[self.layout.columns[g]]
            part *= (self.share[g] * patients)[self.layout.zone[rows]]
            part.reshape(shape)[...] *= self.weight[rows][:, None, :]
            flows[rows] = part
        return flows


def _highest(values: Floats, zone: NDArray[np.int64], zones: int) -> Floats:
    """Return the highest value of each zone's rows (pairs are in order of zone), 0 for a zone without any."""
    top = np.zeros((zones, values.shape[1]))
    if len(zone):
        first = np.flatnonzero(np.append(True, np.diff(zone) != 0))
        top[zone[first]] = np.maximum.reduceat(values, first, axis=0)
    return top


@dataclass(frozen=True)
class Shares:
    """Shares of cells over sites, as a list of those that are not negligible, in order of pair and segment.

    Attributes
    ----------
    pair, segment : (entries,) int
        Where each entry belongs.
    cell : (entries,) int
        Number of its cell, ``zone * segments + segment``.
    share : (entries,) float
        Part of the cell's patients who seek treatment; adds to one in each cell with an available site.
    """

    pair: NDArray[np.int64]
    segment: NDArray[np.int64]
    cell: NDArray[np.int64]
    share: Floats


def join_small_shares(shares: Floats, zone: NDArray[np.int64], zones: int, floor: float) -> Shares:
    """Let shares of a cell under ``floor`` join the cell's largest site (the first of equals), and list the others.

    Parameters
    ----------
    shares : (pairs, segments) float
        Shares of each cell over its candidate sites, adding to one where any is available.
    zone : (pairs,) int
        Zone of each pair, in order.
    zones : int
    floor : float
        Lowered where a zone has so many candidates that all could be under it.
    """
    segments = shares.shape[1]
    most = int(np.bincount(zone, minlength=1).max()) if len(zone) else 1
    flat = shares.ravel()
    entry = np.flatnonzero(flat >= max(min(floor, 0.5 / most), 1e-300))
    pair, segment = entry // segments, entry % segments
    cell = zone[pair] * segments + segment
    share = flat[entry]
    cells = zones * segments
    top = np.zeros(cells)
    np.maximum.at(top, cell, share)
    largest = np.flatnonzero(share >= top[cell])[::-1]
    first = np.full(cells, -1, dtype=np.int64)
    first[cell[largest]] = largest  # the first of equals is written last
    reached = np.flatnonzero(first >= 0)
    share[first[reached]] += 1.0 - sum_by(cell, share, cells)[reached]
    return Shares(pair, segment, cell, share)


def choose(
    layout: PairLayout,
    pair_utility: Floats,
    site_utility: Floats,
    available: NDArray[np.bool_],
    outside: Floats,
    slope: float,
    dissimilarity: float,
) -> Choice:
    """Return choice probabilities.

    Parameters
    ----------
    layout : PairLayout
    pair_utility : (pairs, needs) float
    site_utility : (sites, segments) float
    available : (sites, segments) bool
    outside : (zones, segments) float
        Log odds of treatment at zero inclusive value.
    slope : float
        Weight of the inclusive value in being treated, from 0 to 1.
    dissimilarity : float
        ``lam``, above 0 and at most 1.
    """
    top = _highest(pair_utility, layout.zone, layout.zones)
    weight = np.exp((pair_utility - top[layout.zone]) / dissimilarity)
    site_top = np.max(np.where(available, site_utility, -np.inf), axis=0, initial=-np.inf)
    site_top = np.where(np.isfinite(site_top), site_top, 0.0)
    exponent = (site_utility - site_top) / dissimilarity
    factor = np.where(available, np.exp(np.where(available, exponent, 0.0)), 0.0)

    nests = range(len(layout.members))
    inside = [np.zeros((layout.zones, factor.shape[1])) for _ in nests]
    for need in range(_N):
        columns = slice(need, None, _N)
        block = np.ascontiguousarray(factor[:, columns])
        for g in nests:
            if len(layout.members[g]):
                inside[g][:, columns] = layout.matrix(g, weight[:, need]) @ block
    # A nest nobody would choose: its sum is so small that dividing by it would overflow.
    inside = [np.where(some < 1e-290, 0.0, some) for some in inside]
    powered = [some**dissimilarity for some in inside]
    both = np.sum(powered, axis=0)
    with np.errstate(divide="ignore"):
        inclusive = np.log(both) + np.tile(top, (1, len(PAYERS))) + site_top
    reached = both > 0
    treated = np.where(reached, expit(outside + slope * np.where(reached, inclusive, 0.0)), 0.0)
    safe = np.where(reached, both, 1.0)
    share = [power / safe / np.where(some > 0, some, 1.0) for some, power in zip(inside, powered, strict=True)]
    return Choice(layout, weight, factor, share, treated, inclusive)
