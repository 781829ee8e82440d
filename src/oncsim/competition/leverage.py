"""What a payer loses when it cannot offer a system: willingness to pay, and where the patients would go instead.

For systems ``s`` and ``k``, cells ``i`` with ``n_i`` treated patients, inclusive values ``I_i`` and ``I_i(-s)`` with and
without the sites of ``s`` (methods 2c)::

    W_s  = sum_i n_i [ln I_i - ln I_i(-s)]                     willingness to pay, in utils times patients
    D_sk = sum_i n_i [P_ik(-s) - P_ik] / sum_i n_i P_is         diversion ratio

``I_i = e^V0 + sum_h D_ih^lam`` with ``D_ih`` the sum of ``exp(V / lam)`` over nest ``h``, and ``I_i(-s)`` the same without
the values of ``s``: closed forms, one pass over the cells each system serves. ``e^V0`` is the care beyond all systems.
With ``lam = 1`` these are ``-sum n ln(1 - S)`` and ``sum n S_s S_k / (1 - S_s) / q_s``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.competition.cells import Cells, Floats, Ints
from oncsim.state.sums import sum_by

# What is left of a nest by subtraction of one who had all of it.
_NOTHING = 1e-13


@dataclass(frozen=True)
class Leverage:
    """Leverage of systems over one payer.

    Attributes
    ----------
    willingness : (systems,) float
        ``W``: utils times standard patients a quarter; 0 for a system without patients.
    patients : (systems,) float
        ``q``: standard patients a quarter.
    diversion : (systems, systems) sparse float
        ``D``: of the patients of the row's system, the part that would go to each other system without it.
    beyond : (systems,) float
        The part that would go beyond all of them; with the row of ``diversion`` it adds to one.
    largest : (systems,) float
        Highest share of the system in any cell with patients, 0 to 1.
    """

    willingness: Floats
    patients: Floats
    diversion: sparse.csr_array
    beyond: Floats
    largest: Floats

    @property
    def per_patient(self) -> Floats:
        """``W / q``; 0 for a system without patients."""
        return np.divide(self.willingness, self.patients, out=np.zeros_like(self.patients), where=self.patients > 0)


@dataclass(frozen=True)
class _Without:
    """Cells seen by the system that is weighed: (groups, needs) of its groups, (members, needs) of system and zone.

    ``whole``, ``rest``, ``with_me``: the nest as it is, without me, with me as I would be. ``offered``, ``left``: inclusive
    values with and without me. ``member`` is the member of each group, ``first`` the first group of each member.
    """

    whole: Floats
    rest: Floats
    with_me: Floats
    offered: Floats
    left: Floats
    share: Floats
    beyond: Floats
    member: Ints
    first: Ints
    zone: Ints
    system: Ints
    some: NDArray[np.bool_]


def nest_sums(cells: Cells) -> Floats:
    """Return ``D_ih``, (nests * zones, needs)."""
    slot, count = cells.nest * cells.zones + cells.zone, cells.nests * cells.zones
    return np.column_stack([sum_by(slot, column, count) for column in cells.value.T])


def _without(cells: Cells, joining: Floats | None) -> _Without:
    lam, zone = cells.dissimilarity, cells.zone
    needs = cells.value.shape[1]
    inside = nest_sums(cells)
    listed = (inside.reshape(cells.nests, cells.zones, needs) ** lam).sum(axis=0)
    beyond = listed * cells.beyond / (1.0 - cells.beyond)
    whole = inside[cells.nest * cells.zones + zone]
    mine = cells.value if joining is None else cells.value * joining[cells.system][:, None]
    rest = whole - cells.value
    rest = np.where(rest > _NOTHING * whole, rest, 0.0)
    with_me = rest + mine
    powered, without = with_me**lam, rest**lam

    # Groups are in order of zone and system: members are the systems of each zone.
    pair = zone * cells.systems + cells.system
    first = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])) if len(pair) else np.zeros(0, dtype=np.int64)
    member = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(pair))))
    at = zone[first]
    offered = (listed + beyond)[at] + (0.0 if joining is None else _add(powered - whole**lam, first))
    left = np.maximum(offered - _add(powered - without, first), beyond[at])
    some = (cells.patients[at] > 0) & (left > 0)
    part = np.divide(mine, with_me, out=np.zeros_like(mine), where=with_me > 0)
    share = np.where(some, _add(powered * part, first) / np.where(some, offered, 1.0), 0.0)
    return _Without(whole, rest, with_me, offered, left, share, beyond[at], member, first, at, cells.system[first], some)


def leverage(cells: Cells, joining: Floats | None = None) -> Leverage:
    """Return willingness to pay and diversion of every system.

    Parameters
    ----------
    cells : Cells
    joining : (systems,) float, optional
        Factor on the values of a system when it is weighed itself: above one for a system that is out of network now and
        would be more attractive inside. Others see it as it is. Default 1.
    """
    size = cells.systems
    seen = _without(cells, joining)
    n = cells.patients[seen.zone]
    loss = np.log(np.where(seen.some, seen.offered, 1.0)) - np.log(np.where(seen.some, seen.left, 1.0))
    willingness = sum_by(seen.system, (n * loss).sum(axis=1), size)
    volume = sum_by(seen.system, (n * seen.share).sum(axis=1), size)
    rise = _rise(seen)
    outside = sum_by(seen.system, (n * seen.beyond * rise).sum(axis=1), size)
    flows = _diverted(cells, seen, n, rise)
    per = np.divide(1.0, volume, out=np.zeros(size), where=volume > 0)
    largest = np.zeros(size)
    np.maximum.at(largest, seen.system, seen.share.max(axis=1, initial=0.0))
    flows.data *= np.repeat(per, np.diff(flows.indptr))
    return Leverage(willingness, volume, flows, outside * per, largest)


def _rise(seen: _Without) -> Floats:
    """Return ``1 / I(-s) - 1 / I``: how much a unit of value is worth more without the system."""
    left, offered = np.where(seen.some, seen.left, 1.0), np.where(seen.some, seen.offered, 1.0)
    return np.where(seen.some, 1.0 / left - 1.0 / offered, 0.0)


def _add(values: Floats, first: Ints) -> Floats:
    return np.add.reduceat(values, first, axis=0) if len(first) else values[:0]


def in_nest_gain(seen: _Without, lam: float) -> Floats:
    """Return what a unit of value in a nest of the lost system gains beyond units elsewhere, (groups, needs)."""
    usual = power(seen.whole, lam - 1.0)
    left = np.where(seen.some, seen.left, 1.0)[seen.member]
    offered = np.where(seen.some, seen.offered, 1.0)[seen.member]
    gain = (power(seen.rest, lam - 1.0) - usual) / left - (power(seen.with_me, lam - 1.0) - usual) / offered
    return np.where(seen.some[seen.member], gain, 0.0)


def _diverted(cells: Cells, seen: _Without, n: Floats, rise: Floats) -> sparse.csr_array:
    """Return the patients each other system gains from the loss of each system, (systems, systems).

    Nests without a site of the lost system gain in one proportion, those with one in another: two sparse products.
    """
    lam, size, needs = cells.dissimilarity, cells.systems, cells.value.shape[1]
    drawn = _add(power(seen.whole, lam - 1.0) * cells.value, seen.first)
    cell = (seen.zone[:, None] * needs + np.arange(needs)).ravel()
    system = np.repeat(seen.system, needs)
    total = _product((n * rise).ravel(), drawn.ravel(), system, cell, size, cells.zones * needs)
    if lam < 1.0:
        gain = n[seen.member] * in_nest_gain(seen, lam)
        slot = ((cells.nest * cells.zones + cells.zone)[:, None] * needs + np.arange(needs)).ravel()
        owner = np.repeat(cells.system, needs)
        total = total + _product(gain.ravel(), cells.value.ravel(), owner, slot, size, cells.nests * cells.zones * needs)
    total = sparse.csr_array(total)
    rows = np.repeat(np.arange(size), np.diff(total.indptr))
    keep = (rows != total.indices) & (total.data > 0)
    indptr = np.zeros(size + 1, dtype=total.indptr.dtype)
    np.cumsum(np.bincount(rows[keep], minlength=size), out=indptr[1:])
    return sparse.csr_array((total.data[keep], total.indices[keep], indptr), shape=(size, size))


def _product(losing: Floats, gaining: Floats, system: Ints, cell: Ints, size: int, cells: int) -> sparse.csr_array:
    some = (losing != 0) & (gaining > 0)
    # Both sides list the same entries, by cell: the left is used transposed.
    left = sparse.csr_array((losing[some], (cell[some], system[some])), shape=(cells, size))
    right = sparse.csr_array((gaining[some], (cell[some], system[some])), shape=(cells, size))
    return sparse.csr_array(left.T @ right)


def power(values: Floats, exponent: float) -> Floats:
    """Return powers of what is above zero, and 0 of nothing."""
    positive = values > 0
    return np.where(positive, np.where(positive, values, 1.0) ** exponent, 0.0)
