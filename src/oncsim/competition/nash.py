"""Prices from who can walk away: Nash-in-Nash in closed form, and a plain pass-through of willingness to pay.

Each pair of a system ``s`` and the payer splits its gains from trade, others' contracts given (methods 2d)::

    payer's gain      G_s = q_s (r_s - p_s)            system's gain    q_s (p_s - c_s)
    Nash product      [q_s (p_s - c_s)]^b  G_s^(1 - b)
    solved by         p_s = (1 - b_s) c_s + b_s r_s
    where             r_s = tau W_s / q_s + sum_k D_sk p_k + D_s0 p_0

``r_s`` is the most the payer would pay: what the system is worth to its members and what their care would cost elsewhere.
``D_s0`` goes beyond all systems, at the price ``p_0`` (``reference``); with it rows of ``D`` add to one. All systems solve
``(I - B D) p = (I - B) c + B (tau W / q + D_0 p_0)`` together; weights stay below one, so the solution is unique. Prices,
costs and ``tau`` may be in any one unit; the model uses multiples of the standard contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.competition.cells import Floats
from oncsim.competition.leverage import Leverage
from oncsim.state.sums import FEW

_CLOSE = 1e-13
_SWEEPS = 2000
_ROUNDS = 8  # talks can go in circles where standing prices are above cost


@dataclass(frozen=True)
class Table:
    """What is on the table between one payer and all systems.

    Attributes
    ----------
    cost : (systems,) float
        Avoidable cost of a standard patient, forgone margins elsewhere included.
    weight : (systems,) float
        Bargaining weight of the system, from 0 to 0.98: beyond that sweeps take too long to come to rest.
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
        False where talks were held and no price left both better off; contracts that were not due stay agreed, and a system
        without patients has nothing to agree on.
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
    what is paid for those who go there out of network, and talks with the others go on without it. One without patients
    keeps its standing price.

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
    standing = standing.astype(np.float64)
    agreed = talks
    for _ in range(_ROUNDS):
        agreed, price, most = _without_failures(leverage, table, standing, agreed)
        # Who failed while others were cheap may find a price once these have gone.
        returning = talks & ~agreed & (most >= table.cost)
        if not returning.any():
            return Bargain(price, most, ~talks | agreed)
        agreed = agreed | returning
    agreed, price, most = _without_failures(leverage, table, standing, agreed)
    return Bargain(price, most, ~talks | agreed)


def _without_failures(
    leverage: Leverage, table: Table, standing: Floats, agreed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return who still agrees, prices and the most payable, after those without a gain from trade have left, in turns."""
    while True:
        price = _settle(leverage, table, standing, agreed)
        most = most_payable(leverage, table, price)
        failing = agreed & (most < table.cost)
        if not failing.any():
            return agreed, price, most
        agreed = agreed & ~failing


def _settle(leverage: Leverage, table: Table, standing: Floats, talks: NDArray[np.bool_]) -> Floats:
    """Return the prices at which talks come to rest, by sweeps over all systems.

    A price rests when a sweep moves it by less than rounding: each by itself, so that it does not depend on how long far
    markets take.
    """
    price = standing.copy()
    rows = np.flatnonzero(talks)
    if len(rows) == 0:
        return price
    diverted, weight = _diverted_to(leverage.diversion, talks), table.weight[rows]
    fixed = (1.0 - weight) * table.cost[rows]
    fixed += weight * (table.value * leverage.per_patient[rows] + leverage.beyond[rows] * table.reference)
    for _ in range(_SWEEPS):
        new = fixed + weight * diverted(price)
        moving = np.abs(new - price[rows]) > _CLOSE * np.abs(price[rows])
        if not moving.any():
            break
        price[rows] = np.where(moving, new, price[rows])
    return price


def _diverted_to(diversion: sparse.csr_array, rows: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """Return what gives the mean price at which the patients of some systems would go elsewhere, from all prices.

    Few are a full table, turned so that sums run in the order of systems, as those of a sparse product do.
    """
    many, size = int(np.count_nonzero(rows)), len(rows)
    if many * size > FEW:
        some = _of_rows(diversion, rows)
        return lambda price: np.asarray(some @ price)
    system = np.repeat(np.arange(size), np.diff(diversion.indptr))
    talks, turn = rows[system], np.cumsum(rows) - 1
    # A single column would be added up in another order than several.
    table = np.zeros((size, max(many, 2)))
    table[diversion.indices[talks], turn[system[talks]]] = diversion.data[talks]
    return lambda price: np.asarray(np.add.reduce(table * price[:, None], axis=0)[:many])


def _of_rows(values: sparse.csr_array, rows: NDArray[np.bool_]) -> sparse.csr_array:
    """Return some rows of a matrix: what indexing gives, without what it takes to prepare."""
    many = np.diff(values.indptr)
    some = np.repeat(rows, many)
    begins = np.zeros(int(rows.sum()) + 1, dtype=values.indptr.dtype)
    np.cumsum(many[rows], out=begins[1:])
    return sparse.csr_array((values.data[some], values.indices[some], begins), shape=(len(begins) - 1, values.shape[1]))


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

    def mean(value: float) -> float:
        # Straight line through two points: talks that cannot fail, whatever the cost.
        asked = Table(table.cost, table.weight, value, table.reference)
        price = _settle(leverage, asked, np.full(len(q), table.reference), q > 0)
        return float((q * price).sum() / q.sum())

    low, high = mean(0.0), mean(1.0)
    return max((target - low) / (high - low), 0.0) if high > low else 0.0


def passthrough_rate(leverage: Leverage, cost: Floats, target: float) -> float:
    """Return the ``phi`` at which the mean price, weighted by patients, is ``target``; never below 0."""
    q = leverage.patients
    if q.sum() <= 0 or leverage.willingness.sum() <= 0:
        return 0.0
    return max((target * q.sum() - (q * cost).sum()) / leverage.willingness.sum(), 0.0)
