"""One system weighed at a time: what a payer would pay for any set of sites, without the whole diversion matrix.

The same numbers as :func:`oncsim.competition.leverage.leverage` and :mod:`oncsim.competition.nash` give for one row, from
sums over nests kept at hand. A buyer that weighs five practices asks for five such rows in a quarter, not for a market.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncsim.competition.cells import Cells, Floats, Ints
from oncsim.competition.leverage import nest_sums, power
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
    price : (systems,) float
    reference : float
        Price of care beyond all systems.
    """

    cells: Cells
    order: Ints
    start: Ints
    inside: Floats
    paid: Floats
    price: Floats
    reference: float

    @classmethod
    def of(cls, cells: Cells, price: Floats, reference: float) -> PriceField:
        """Add up the cells at these prices."""
        shape = (cells.nests, cells.zones, cells.value.shape[1])
        slot, count = cells.nest * cells.zones + cells.zone, cells.nests * cells.zones
        weighted = cells.value * price[cells.system][:, None]
        paid = np.column_stack([sum_by(slot, column, count) for column in weighted.T])
        order = np.argsort(cells.system, kind="stable")
        start = np.searchsorted(cells.system[order], np.arange(cells.systems + 1))
        return cls(cells, order, start, nest_sums(cells).reshape(shape), paid.reshape(shape), price, reference)

    def weigh(self, *systems: int) -> Standing:
        """Return where these systems would stand with the payer as one, every other price standing."""
        cells, lam = self.cells, self.cells.dissimilarity
        rows = np.concatenate([self.order[self.start[s] : self.start[s + 1]] for s in systems])
        if len(rows) == 0:
            return Standing(0.0, 0.0, self.reference)
        zones, at = np.unique(cells.zone[rows], return_inverse=True)
        shape = (cells.nests, len(zones), cells.value.shape[1])
        mine, mine_paid = np.zeros(shape), np.zeros(shape)
        np.add.at(mine, (cells.nest[rows], at), cells.value[rows])
        np.add.at(mine_paid, (cells.nest[rows], at), cells.value[rows] * self.price[cells.system[rows]][:, None])
        whole, paid = self.inside[:, zones], self.paid[:, zones]
        rest = whole - mine
        rest = np.where(rest > 1e-13 * whole, rest, 0.0)
        others = np.where(rest > 0, paid - mine_paid, 0.0)
        listed = (whole**lam).sum(axis=0)
        beyond = listed * cells.beyond / (1.0 - cells.beyond)
        offered = listed + beyond
        left = np.maximum((rest**lam).sum(axis=0) + beyond, beyond)
        n = cells.patients[zones]
        some = (n > 0) & (left > 0)
        safe_left, safe_offered = np.where(some, left, 1.0), np.where(some, offered, 1.0)
        lost = np.where(some, np.log(safe_offered) - np.log(safe_left), 0.0)
        share = (power(whole, lam - 1.0) * mine).sum(axis=0) / safe_offered
        # What others draw of the cell's money without these systems, less what they draw with them.
        without = (power(rest, lam - 1.0) * others).sum(axis=0) + beyond * self.reference
        with_them = (power(whole, lam - 1.0) * others).sum(axis=0) + beyond * self.reference
        moved = np.where(some, without / safe_left - with_them / safe_offered, 0.0)
        patients = float((n * np.where(some, share, 0.0)).sum())
        alternative = float((n * moved).sum()) / patients if patients > 0 else self.reference
        return Standing(float((n * lost).sum()), patients, alternative)
