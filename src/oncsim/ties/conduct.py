"""What partners did to each other in a quarter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class ShiftedCosts:
    """Costs of tests that practices moved to hospitals this quarter, one row a tie.

    Attributes
    ----------
    tie, victim : (n,) int
        Row of the tie; organisation that bears the cost.
    amount : (n,) float
        Dollars of the quarter.
    victim_is_a : (n,) bool
        Whether the victim is the first of the two.
    """

    tie: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    victim: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    amount: Floats = field(default_factory=lambda: np.zeros(0))
    victim_is_a: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
