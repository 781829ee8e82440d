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

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from oncsim.codes import NEEDS, PAYERS
from oncsim.state.sums import sum_by, with_data

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
    row : (pairs,) int
        ``nest * zones + zone`` of each pair.
    zones, sites : int
    """

    zone: NDArray[np.int64]
    site: NDArray[np.int64]
    members: list[NDArray[np.int64]]
    starts: list[NDArray[np.int32]]
    columns: list[NDArray[np.int32]]
    row: NDArray[np.int64]
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
        return cls(zone, site, members, starts, columns, pair_nest * zones + zone, zones, len(nest))

    def matrix(self, nest: int, data: Floats) -> sparse.csr_array:
        """Return the zones-by-sites matrix of one nest holding ``data`` (one value a pair of all nests)."""
        return with_data(self._places[nest], data[self.members[nest]])

    @cached_property
    def _places(self) -> list[sparse.csr_array]:
        """The matrix of each nest, with nothing in it yet."""
        shape = self.zones, self.sites
        return [
            sparse.csr_array((np.zeros(len(columns)), columns, start), shape=shape)
            for columns, start in zip(self.columns, self.starts, strict=True)
        ]


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

    def pair_segments(self, patients: Floats) -> Floats:
        """Return patients of each pair and segment, (pairs, segments)."""
        return self._block(slice(None), np.concatenate(self.share)) * patients[self.layout.zone]

    def blocks(self, size: int) -> Iterator[tuple[int, Floats]]:
        """Yield (first pair, shares of the next ``size`` pairs by segment): blocks stay in the processor's cache."""
        stacked = np.concatenate(self.share)
        for first in range(0, len(self.layout.zone), size):
            yield first, self._block(slice(first, first + size), stacked)

    def _block(self, some: slice, stacked: Floats) -> Floats:
        part = self.factor[self.layout.site[some]]
        part *= stacked[self.layout.row[some]]
        part.reshape(-1, len(PAYERS), _N)[...] *= self.weight[some][:, None, :]
        return part


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


_BLOCK = 6000
_LARGEST_EXPONENT = 250.0


def join_small_shares(choice: Choice, floor: float) -> Shares:
    """Let shares of a cell under ``floor`` join the cell's largest site (the first of equals), and list the others.

    Parameters
    ----------
    choice : Choice
    floor : float
        Lowered where a zone has so many candidates that all could be under it.
    """
    zone, segments = choice.layout.zone, choice.factor.shape[1]
    most = int(np.bincount(zone, minlength=1).max()) if len(zone) else 1
    least = max(min(floor, 0.5 / most), 1e-300)
    entries, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for first, block in choice.blocks(_BLOCK):
        flat = block.ravel()
        found = np.flatnonzero(flat >= least)
        entries.append(found + first * segments)
        values.append(flat[found])
    entry, share = np.concatenate(entries), np.concatenate(values)
    pair = entry // segments
    segment = entry - pair * segments
    cell = zone[pair] * segments + segment
    cells = choice.layout.zones * segments
    top = np.zeros(cells)
    np.maximum.at(top, cell, share)
    largest = np.flatnonzero(share >= top[cell])[::-1]
    leader = np.full(cells, -1, dtype=np.int64)
    leader[cell[largest]] = largest  # the first of equals is written last
    reached = np.flatnonzero(leader >= 0)
    share[leader[reached]] += 1.0 - sum_by(cell, share, cells)[reached]
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
    # Held within what can be exponentiated, not shifted by the best site: a shift would tie every zone's last bits together.
    exponent = np.clip(site_utility / dissimilarity, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    factor = np.where(available, np.exp(exponent), 0.0)

    nests = range(len(layout.members))
    inside = [np.zeros((layout.zones, factor.shape[1])) for _ in nests]
    for need in range(_N):
        columns = slice(need, None, _N)
        block = np.ascontiguousarray(factor[:, columns])
        for g in nests:
            if len(layout.members[g]):
                inside[g][:, columns] = layout.matrix(g, weight[:, need]) @ block
    # A nest nobody would choose: its sum is so small that dividing by it would overflow.
    inside = [np.where(some < 1e-150, 0.0, some) for some in inside]
    powered = [some**dissimilarity for some in inside]
    both = np.sum(powered, axis=0)
    with np.errstate(divide="ignore"):
        inclusive = np.log(both) + np.tile(top, (1, len(PAYERS)))
    reached = both > 0
    treated = np.where(reached, expit(outside + slope * np.where(reached, inclusive, 0.0)), 0.0)
    safe = np.where(reached, both, 1.0)
    share = [power / safe / np.where(some > 0, some, 1.0) for some, power in zip(inside, powered, strict=True)]
    return Choice(layout, weight, factor, share, treated, inclusive)
