"""Prices from who can walk away: Nash-in-Nash in closed form, and a plain pass-through of willingness to pay.

Each pair of a system ``s`` and the payer splits its gains from trade, others' contracts given (methods 2d)::

    payer's gain      G_s = tau W_s - q_s (p_s - sum_k D_sk p_k)       system's gain    q_s (p_s - c_s)
    Nash product      [q_s (p_s - c_s)]^b  G_s^(1 - b)
    solved by         p_s = (1 - b_s) c_s + b_s r_s,     r_s = tau W_s / q_s + sum_k D_sk p_k

``r_s`` is the most the payer would pay. All systems together solve ``(I - B D) p = (I - B) c + B tau W / q``. Rows of ``D``
add to one with the care beyond all systems, which has the price ``reference``; weights stay below one, so the solution is
unique. Prices, costs and ``tau`` may be in any one unit; the model uses multiples of the standard contract.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncsim.competition.cells import Floats
from oncsim.competition.leverage import Leverage

_CLOSE = 1e-13
_SWEEPS = 2000


@dataclass(frozen=True)
class Table:
    """What is on the table between one payer and all systems.

    Attributes
    ----------
    cost : (systems,) float
        Avoidable cost of a standard patient, forgone margins elsewhere included.
    weight : (systems,) float
        Bargaining weight of the system, from 0 to below 1.
    value : float
        ``tau``, what a util of access is worth to the payer.
    reference : float
        Price of care beyond all systems.
    """

    cost: Floats
    weight: Floats
    value: float
    reference: float


@dataclass(frozen=True)
class Bargain:
    """Outcome of talks.

    Attributes
    ----------
    price : (systems,) float
        Price agreed, or the standing price where none was.
    most : (systems,) float
        The most the payer would pay, ``r_s``.
    agreed : (systems,) bool
        Whether there is a gain from trade; a system without patients has nothing to agree on and counts as agreed.
    """

    price: Floats
    most: Floats
    agreed: NDArray[np.bool_]


def most_payable(leverage: Leverage, table: Table, price: Floats) -> Floats:
    """Return the most the payer would pay each system at these prices of the others, (systems,)."""
    return np.asarray(table.value * leverage.per_patient + leverage.diversion @ price + leverage.beyond * table.reference)


def negotiate(leverage: Leverage, table: Table, standing: Floats, due: NDArray[np.bool_] | None = None) -> Bargain:
    """Return prices after talks with the systems that are due, all at once; the others keep their standing price.

    A system without any gain from trade has no price that leaves both better off: it stays at its standing price, which is
    what is paid for those who go there out of network. One without patients keeps its standing price.

    Parameters
    ----------
    leverage : Leverage
    table : Table
    standing : (systems,) float
        Prices in force.
    due : (systems,) bool, optional
        Default: all.
    """
    treats = leverage.patients > 0
    talks = treats if due is None else treats & due
    price = standing.astype(np.float64).copy()
    own = (1.0 - table.weight) * table.cost
    most = most_payable(leverage, table, price)
    for _ in range(_SWEEPS):
        new = np.where(talks & (most >= table.cost), own + table.weight * most, standing)
        moved = np.abs(new - price).max(initial=0.0)
        price = new
        most = most_payable(leverage, table, price)
        if moved <= _CLOSE * max(1.0, np.abs(price).max(initial=0.0)):
            break
    agreed = ~talks | (most >= table.cost)
    return Bargain(price, most, agreed)


def passthrough(leverage: Leverage, cost: Floats, rate: float, standing: Floats) -> Floats:
    """Return ``p_s = c_s + phi W_s / q_s``: a system is paid for how much its patients would miss it, whoever the rivals."""
    return np.where(leverage.patients > 0, cost + rate * leverage.per_patient, standing)


def value_of_access(leverage: Leverage, table: Table, target: float) -> float:
    """Return the ``tau`` at which the mean price, weighted by patients, is ``target``; never below 0.

    Prices are linear in ``tau`` where everybody agrees; 0 where nobody has patients or no ``tau`` above 0 would do.
    """
    q = leverage.patients
    if q.sum() <= 0 or not (leverage.willingness > 0).any():
        return 0.0
    everyone = np.ones(len(q), dtype=np.bool_)

    def mean(value: float) -> float:
        # Straight line through two points: talks that cannot fail, whatever the cost.
        price = np.full(len(q), table.reference)
        own = (1.0 - table.weight) * table.cost
        asked = Table(table.cost, table.weight, value, table.reference)
        for _ in range(_SWEEPS):
            new = np.where(q > 0, own + table.weight * most_payable(leverage, asked, price), price)
            moved = np.abs(new - price).max(initial=0.0)
            price = new
            if moved <= _CLOSE * max(1.0, np.abs(price).max(initial=0.0)):
                break
        return float((q[everyone] * price[everyone]).sum() / q.sum())

    low, high = mean(0.0), mean(1.0)
    return max((target - low) / (high - low), 0.0) if high > low else 0.0


def passthrough_rate(leverage: Leverage, cost: Floats, target: float) -> float:
    """Return the ``phi`` at which the mean price, weighted by patients, is ``target``; never below 0."""
    q = leverage.patients
    if q.sum() <= 0 or leverage.willingness.sum() <= 0:
        return 0.0
    return max((target * q.sum() - (q * cost).sum()) / leverage.willingness.sum(), 0.0)
