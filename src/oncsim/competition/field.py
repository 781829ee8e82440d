"""One system weighed at a time: what a payer would pay for any set of sites, without the whole diversion matrix.

The same numbers as :mod:`oncsim.competition.leverage` and :mod:`oncsim.competition.nash` give for the row of a system with
patients, from sums over nests kept at hand. A buyer that weighs five practices asks for five such rows in a quarter, not for
a market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from oncsim.competition.cells import Cells, Floats, Ints
from oncsim.competition.leverage import nest_sums, over
from oncsim.state.sums import sum_by


@dataclass(frozen=True)
class Standing:
    """Where one set of sites stands with a payer.

    Attributes
    ----------
    willingness, patients : float
        ``W`` and ``q``.
    alternative : float
        ``sum_k D_sk p_k``: mean price of where its patients would go.
    """

    willingness: float
    patients: float
    alternative: float

    @property
    def per_patient(self) -> float:
        """``W / q``; 0 without patients."""
        return self.willingness / self.patients if self.patients > 0 else 0.0


@dataclass(frozen=True)
class PriceField:
    """Sums over systems in every nest of every cell, at standing prices.

    Attributes
    ----------
    cells : Cells
    order, start : int
        Groups of system ``s`` are ``order[start[s]:start[s + 1]]``.
    inside, paid : (nests, zones, needs) float
        Values of a nest, and values times the prices of their systems.
    price : (systems,) or (systems, needs) float
        One price a system, or one a column where columns are needs of several payers.
    reference : float or (needs,) float
        Price of care beyond all systems.
    """

    cells: Cells
    order: Ints
    start: Ints
    inside: Floats
    paid: Floats
    price: Floats
    reference: float | Floats

    @classmethod
    def of(cls, cells: Cells, price: Floats, reference: float | Floats) -> PriceField:
        """Add up the cells at these prices."""
        shape = (cells.nests, cells.zones, cells.value.shape[1])
        order = np.argsort(cells.system, kind="stable")
        start = np.searchsorted(cells.system[order], np.arange(cells.systems + 1))
        empty = np.zeros(shape)
        return cls(cells, order, start, nest_sums(cells).reshape(shape), empty, price, reference).at(price)

    def at(self, price: Floats) -> PriceField:
        """Return the same field at other prices."""
        cells = self.cells
        slot, count = cells.nest * cells.zones + cells.zone, cells.nests * cells.zones
        weighted = cells.value * _column(price)[cells.system]
        paid = np.column_stack([sum_by(slot, column, count) for column in weighted.T])
        return replace(self, paid=paid.reshape(self.inside.shape), price=price)

    def weigh(self, *systems: int) -> Standing:
        """Return where these systems would stand with the payer as one, every other price standing."""
        return self.weigh_each([slice(None)], *systems)[0]

    def weigh_each(self, payers: Sequence[slice], *systems: int) -> list[Standing]:
        """Return the same for several payers at once, each with its own columns."""
        lost, patients, moved = self._sums(systems)
        found = []
        for columns in payers:
            q = float(patients[columns].sum())
            reference = self.reference if isinstance(self.reference, float) else float(self.reference[columns][0])
            found.append(Standing(float(lost[columns].sum()), q, float(moved[columns].sum()) / q if q > 0 else reference))
        return found

    def _sums(self, systems: Sequence[int]) -> tuple[Floats, Floats, Floats]:
        """Return utils lost, patients, and money that moves elsewhere without these systems, (needs,) each."""
        cells, lam = self.cells, self.cells.dissimilarity
        rows = np.concatenate([self.order[:0], *(self.order[self.start[s] : self.start[s + 1]] for s in systems)])
        needs = cells.value.shape[1]
        if len(rows) == 0:
            return np.zeros(needs), np.zeros(needs), np.zeros(needs)
        served = np.zeros(cells.zones, dtype=np.bool_)
        served[cells.zone[rows]] = True
        zones, place = np.flatnonzero(served), np.cumsum(served) - 1
        shape = (cells.nests, len(zones), needs)
        slot = cells.nest[rows] * len(zones) + place[cells.zone[rows]]
        slots, count = (slot[:, None] * needs + np.arange(needs)).ravel(), int(np.prod(shape))
        value = cells.value[rows]
        mine = sum_by(slots, value.ravel(), count).reshape(shape)
        mine_paid = sum_by(slots, (value * _column(self.price)[cells.system[rows]]).ravel(), count).reshape(shape)
        whole = self.inside[:, zones]
        rest = whole - mine
        rest = np.where(rest > 1e-13 * whole, rest, 0.0)
        others = np.where(rest > 0, self.paid[:, zones] - mine_paid, 0.0)
        powered, without = whole**lam, rest**lam
        listed = powered.sum(axis=0)
        beyond = listed * cells.beyond / (1.0 - cells.beyond)
        offered, left = listed + beyond, without.sum(axis=0) + beyond
        n = cells.patients[zones]
        some = (n > 0) & (left > 0)
        safe_left, safe_offered = np.where(some, left, 1.0), np.where(some, offered, 1.0)
        # Powers of lam - 1 are the powers over the values; a nest without any value has none.
        part, part_left = over(powered, whole), over(without, rest)
        lost = np.where(some, n * (np.log(safe_offered) - np.log(safe_left)), 0.0)
        share = np.where(some, n * (part * mine).sum(axis=0) / safe_offered, 0.0)
        # What others draw of the cell's money without these systems, less what they draw with them.
        gone = ((part_left * others).sum(axis=0) + beyond * self.reference) / safe_left
        there = ((part * others).sum(axis=0) + beyond * self.reference) / safe_offered
        return lost.sum(axis=0), share.sum(axis=0), np.where(some, n * (gone - there), 0.0).sum(axis=0)


def _column(price: Floats) -> Floats:
    return price if price.ndim == 2 else price[:, None]
