"""What one merger would do to leverage and prices, by the formulas antitrust economists use.

Diversion, willingness to pay and prices are those of :mod:`oncsim.competition.leverage` and
:mod:`oncsim.competition.nash`; here a market with the parties as one is set beside the market without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncsim.competition.cells import Cells, Floats
from oncsim.competition.leverage import Leverage, leverage
from oncsim.competition.nash import Table, negotiate, passthrough


@dataclass(frozen=True)
class Merger:
    """A market of one payer before and after two systems bargain as one.

    Attributes
    ----------
    one, other : int
        The parties; afterwards their patients are those of ``one`` and ``other`` has none.
    before, after : Leverage
    price_before, price_after : (systems,) float
        Nash prices with every contract renewed.
    pass_before, pass_after : (systems,) float
        Prices as cost plus a fixed rate of willingness to pay.
    """

    one: int
    other: int
    before: Leverage
    after: Leverage
    price_before: Floats
    price_after: Floats
    pass_before: Floats
    pass_after: Floats

    @property
    def diversion(self) -> tuple[float, float]:
        """Share of each party's patients whose next choice is the other party."""
        d = self.before.diversion
        return float(d[self.one, self.other]), float(d[self.other, self.one])

    @property
    def willingness_gain(self) -> float:
        """``W_ab / (W_a + W_b) - 1``: 0 where nobody sees the parties as substitutes."""
        apart = self.before.willingness[self.one] + self.before.willingness[self.other]
        return float(self.after.willingness[self.one] / apart - 1.0) if apart > 0 else 0.0

    def party_change(self, before: Floats, after: Floats) -> float:
        """Return the relative change of the parties' price, weighted by their patients before."""
        q = self.before.patients[[self.one, self.other]]
        was = float((q * before[[self.one, self.other]]).sum())
        return float(q.sum() * after[self.one] / was - 1.0) if was > 0 else 0.0

    def market_change(self, before: Floats, after: Floats) -> float:
        """Return the relative change of what the payer pays for all patients, volumes as before."""
        q = self.before.patients
        now = after.copy()
        now[self.other] = after[self.one]
        was = float((q * before).sum())
        return float((q * now).sum() / was - 1.0) if was > 0 else 0.0


def merge(
    cells: Cells, table: Table, rate: float, standing: Floats, one: int, other: int, weight: float | None = None
) -> Merger:
    """Return what the merger of two systems does with one payer.

    Parameters
    ----------
    cells : Cells
        Before.
    table : Table
        Costs and weights before. Merged, the parties have their mean cost by patients.
    rate : float
        ``phi`` of the pass-through form.
    standing : (systems,) float
        Prices in force, for systems without patients.
    one, other : int
    weight : float, optional
        Bargaining weight of the parties together; default that of the one with more patients.
    """
    before = leverage(cells)
    owner = np.arange(cells.systems)
    owner[other] = one
    after = leverage(cells.owned(owner))
    q = before.patients
    pair = q[one] + q[other]
    cost, power = table.cost.copy(), table.weight.copy()
    if pair > 0:
        cost[one] = (q[one] * cost[one] + q[other] * cost[other]) / pair
    power[one] = weight if weight is not None else table.weight[one if q[one] >= q[other] else other]
    together = Table(cost, power, table.value, table.reference)
    return Merger(
        one=one,
        other=other,
        before=before,
        after=after,
        price_before=negotiate(before, table, standing).price,
        price_after=negotiate(after, together, standing).price,
        pass_before=passthrough(before, table.cost, rate, standing),
        pass_after=passthrough(after, cost, rate, standing),
    )


def gross_upward_pressure(diversion: float, price: float, other_price: float, other_cost: float) -> float:
    """Return GUPPI, ``D_ab (p_b - c_b) / p_a``: the worth of diverted sales in own prices; 0 without a price.

    ``D_ab`` here is the share of patients lost with all sites of ``a``, the second choice; it is the diversion of a small
    price rise only without nests.
    """
    return diversion * (other_price - other_cost) / price if price > 0 else 0.0
