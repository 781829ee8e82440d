"""Market power as the parties know it: leverage of every system over every payer that bargains, when last worked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncsim.competition.cells import Cells
from oncsim.competition.field import PriceField
from oncsim.competition.leverage import Leverage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class MarketPower:
    """One entry of lists and of ``(payers,)`` for each payer of ``codes.BARGAINED``.

    Attributes
    ----------
    cells : Cells
        Who competed for whose patients when the whole market was last looked at; systems are organisation rows, columns the
        needs of one payer after the other.
    system : (sites,) int
        The system each site counted for then, -1 where it took no patients.
    leverage : list of Leverage
        Kept up to date with ownership and sites between those looks.
    seen : (sites,) int
        The system each site counts for in ``leverage``.
    value, rate : (payers,) float
        ``tau``, what a util of access is worth to the payer, and ``phi`` of the pass-through form, in standard contracts a
        standard patient; fixed at the start so that mean prices are the sourced ones.
    reference : (payers,) float
        Mean price at the start, in standard contracts; the price of care beyond every system.
    worth : (payers,) float
        Dollars of a standard patient by the standard contract, when leverage was last worked out.
    norm : dict of str to (classes,) float
        Sourced multiples of the classes of site, relative to the office, at the start.
    warned : bool
        Whether a share near one has been named.
    field : PriceField or None
        The cells at prices of some quarter, made when a buyer first asks.
    priced_at : int
        Quarter count of those prices.
    """

    cells: Cells
    system: Ints
    leverage: list[Leverage]
    seen: Ints
    value: Floats
    rate: Floats
    reference: Floats
    worth: Floats
    norm: dict[str, Floats]
    warned: bool = False
    field: PriceField | None = None
    priced_at: int = -1_000_000
