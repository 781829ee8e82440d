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
from oncsim.state.sums import Entries, matrix_of, sum_by

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
        ``q``: standard patients a quarter; 0 also for a system that alone has all the cells it serves, where nobody is
        treated beyond all systems.
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
    """Cells seen by the systems that are weighed.

    (groups, needs): ``whole``, ``rest``, ``with_me``, the nest as it is, without the system, with it as it would be; and
    what a unit of value in each is worth, its power ``lam - 1``: ``usual``, ``bereft``, ``joined``.
    (members, needs), a member being a system in a zone: ``offered``, ``left``, inclusive values with and without it;
    ``share`` it has; ``beyond``, value of care beyond all systems; ``some``, whether there is anything to lose.
    ``nest``, ``zone`` and ``system`` are those of groups; ``member`` is the member of each group, ``first`` the first group
    of each member, ``at`` and ``who`` its zone and system.
    """

    whole: Floats
    rest: Floats
    with_me: Floats
    usual: Floats
    bereft: Floats
    joined: Floats
    offered: Floats
    left: Floats
    share: Floats
    beyond: Floats
    some: NDArray[np.bool_]
    nest: Ints
    zone: Ints
    system: Ints
    member: Ints
    first: Ints
    at: Ints
    who: Ints


def nest_sums(cells: Cells) -> Floats:
    """Return ``D_ih``, (nests * zones, needs)."""
    slot, count = cells.nest * cells.zones + cells.zone, cells.nests * cells.zones
    return np.column_stack([sum_by(slot, column, count) for column in cells.value.T])


def _without(cells: Cells, inside: Floats, joining: Floats | None, rows: NDArray[np.bool_] | None) -> _Without:
    lam, needs = cells.dissimilarity, cells.value.shape[1]
    listed = (inside.reshape(cells.nests, cells.zones, needs) ** lam).sum(axis=0)
    beyond = listed * cells.beyond / (1.0 - cells.beyond)
    weighed = slice(None) if rows is None else np.flatnonzero(rows[cells.system])
    nest, zone, system, value = cells.nest[weighed], cells.zone[weighed], cells.system[weighed], cells.value[weighed]
    whole = inside[nest * cells.zones + zone]
    mine = value if joining is None else value * joining[system]
    rest = whole - value
    rest = np.where(rest > _NOTHING * whole, rest, 0.0)
    with_me = rest + mine
    wholly, without = (inside**lam)[nest * cells.zones + zone], rest**lam
    powered = wholly
    if joining is not None:
        # Only who is out of network sees another nest with itself inside.
        apart = joining[system] != 1.0
        powered = wholly.copy()
        powered[apart] = with_me[apart] ** lam

    # Groups are in order of zone and system: members are the systems of each zone.
    first = first_of_each(zone * cells.systems + system)
    member = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(zone))))
    at = zone[first]
    offered = (listed + beyond)[at] + (0.0 if joining is None else _add(powered - wholly, first))
    left = np.maximum(offered - _add(powered - without, first), beyond[at])
    left = np.where(left > _NOTHING * offered, left, beyond[at])
    some = (cells.patients[at] > 0) & (left > 0)
    usual = over(wholly, whole)
    joined = usual if joining is None else over(powered, with_me)
    share = np.where(some, _add(joined * mine, first) / np.where(some, offered, 1.0), 0.0)
    return _Without(
        whole,
        rest,
        with_me,
        usual,
        over(without, rest),
        joined,
        offered,
        left,
        share,
        beyond[at],
        some,
        nest,
        zone,
        system,
        member,
        first,
        at,
        system[first],
    )


def first_of_each(ranked: Ints) -> Ints:
    """Return where each value of a sorted array begins."""
    return np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.zeros(0, dtype=np.int64)


def leverage(cells: Cells, joining: Floats | None = None, rows: NDArray[np.bool_] | None = None) -> Leverage:
    """Return willingness to pay and diversion of systems.

    Parameters
    ----------
    cells : Cells
    joining : (systems,) float, optional
        Factor on the values of a system when it is weighed itself: above one for a system that is out of network now and
        would be more attractive inside. Others see it as it is. Default 1.
    rows : (systems,) bool, optional
        Weigh only these systems; the others get zeros. Default: all.
    """
    needs = cells.value.shape[1]
    each = None if joining is None else np.repeat(joining[:, None], needs, axis=1)
    return leverage_by_payer(cells, np.zeros(needs, dtype=np.int64), each, rows)[0]


def leverage_by_payer(
    cells: Cells, payer: Ints, joining: Floats | None = None, rows: NDArray[np.bool_] | None = None
) -> list[Leverage]:
    """Return the same over several payers, each with needs of its own, as one by one: what is done once serves them all.

    Parameters
    ----------
    cells : Cells
        With the needs of all payers as columns.
    payer : (columns,) int
        The payer of each column, counted from 0.
    joining : (systems, columns) float, optional
        As for :func:`leverage`.
    rows : (systems,) bool, optional
        As for :func:`leverage`.
    """
    size = cells.systems
    inside = nest_sums(cells)
    seen = _without(cells, inside, joining, rows)
    n = cells.patients[seen.at]
    loss = n * (np.log(np.where(seen.some, seen.offered, 1.0)) - np.log(np.where(seen.some, seen.left, 1.0)))
    rise = _rise(seen)
    treated, beyond = n * seen.share, n * seen.beyond * rise
    found = []
    for one, flows in enumerate(_diverted(cells, inside, seen, n, rise, payer)):
        mine = payer == one
        willingness, volume, outside = (
            sum_by(seen.who, values[:, mine].sum(axis=1), size) for values in (loss, treated, beyond)
        )
        per = np.divide(1.0, volume, out=np.zeros(size), where=volume > 0)
        largest = np.zeros(size)
        np.maximum.at(largest, seen.who, seen.share[:, mine].max(axis=1, initial=0.0))
        flows.data *= np.repeat(per, np.diff(flows.indptr))
        found.append(Leverage(willingness, volume, flows, outside * per, largest))
    return found


def _rise(seen: _Without) -> Floats:
    """Return ``1 / I(-s) - 1 / I``: how much a unit of value is worth more without the system."""
    left, offered = np.where(seen.some, seen.left, 1.0), np.where(seen.some, seen.offered, 1.0)
    return np.where(seen.some, 1.0 / left - 1.0 / offered, 0.0)


def _add(values: Floats, first: Ints) -> Floats:
    return np.add.reduceat(values, first, axis=0) if len(first) else values[:0]


def _in_nest_gain(seen: _Without) -> Floats:
    """Return what a unit of value in a nest of the lost system gains beyond units elsewhere, (groups, needs)."""
    left = np.where(seen.some, seen.left, 1.0)[seen.member]
    offered = np.where(seen.some, seen.offered, 1.0)[seen.member]
    gain = (seen.bereft - seen.usual) / left
    if seen.joined is not seen.usual:
        gain = gain - (seen.joined - seen.usual) / offered
    return np.where(seen.some[seen.member], gain, 0.0)


def _diverted(cells: Cells, inside: Floats, seen: _Without, n: Floats, rise: Floats, payer: Ints) -> list[sparse.csr_array]:
    """Return the patients of each payer that each other system gains from the loss of each, (systems, systems) each.

    Everywhere in a cell gains in one proportion, nests with a site of the lost system in another on top: one sparse product
    over zones and nests. Payers stand one below the other: none has a column of another.
    """
    lam, size, needs = cells.dissimilarity, cells.systems, cells.value.shape[1]
    slot = cells.nest * cells.zones + cells.zone
    first = first_of_each(cells.zone * size + cells.system)
    drawn = _add(over(inside**lam, inside)[slot] * cells.value, first)
    losing = [_entries(n * rise, seen.at, seen.who)]
    gaining = [_entries(drawn, cells.zone[first], cells.system[first])]
    if lam < 1.0:
        # Nests follow the zones as further places.
        gain = n[seen.member] * _in_nest_gain(seen)
        losing.append(_entries(gain, (seen.nest + 1) * cells.zones + seen.zone, seen.system))
        gaining.append(_entries(cells.value, slot + cells.zones, cells.system))
    places, payers = (cells.nests + 1) * cells.zones * needs, int(payer.max(initial=0)) + 1
    cell, system, value = _joined(losing)
    left = matrix_of((payer[cell % needs] * size + system, cell, value), (payers * size, places))
    total = sparse.csr_array(left @ matrix_of(_joined(gaining), (places, size)))
    total.sort_indices()  # what is summed over rivals later must not depend on how
    rows = np.repeat(np.arange(payers * size), np.diff(total.indptr))
    keep = (rows % size != total.indices) & (total.data > 0)
    ends = np.cumsum(np.bincount(rows[keep], minlength=payers * size))
    indptr = np.append(0, ends).astype(total.indptr.dtype)
    data, indices = total.data[keep], total.indices[keep]
    found = []
    for one in range(payers):
        part = indptr[one * size : (one + 1) * size + 1]
        inner = slice(part[0], part[-1])
        found.append(sparse.csr_array((data[inner], indices[inner], part - part[0]), shape=(size, size)))
    return found


def _joined(parts: list[Entries]) -> Entries:
    first, second, third = zip(*parts, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(third)


def _entries(values: Floats, place: Ints, system: Ints) -> Entries:
    """Return the entries above nothing as (cell, system, value); a cell is a place and a need."""
    row, need = np.nonzero(values > 0)
    return place[row] * values.shape[1] + need, system[row], values[row, need]


def over(powered: Floats, values: Floats) -> Floats:
    """Return powers over the values they are powers of, 0 of nothing: with ``x ** lam``, the power ``lam - 1``."""
    return np.divide(powered, values, out=np.zeros_like(powered), where=values > 0)
