"""What value-based care moved in a quarter: the books of the Medicare model and of commercial medical homes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class ValueBasedBooks:
    """Sums of one quarter, dollars unless said otherwise.

    Attributes
    ----------
    episodes : float
        Six-month episodes of Medicare patients attributed to participants: a patient-quarter is half of one.
    savings : float
        What those episodes cost less than they would have without the model, before fees and payments.
    fees : float
        Care-management fees of the Medicare model that Medicare pays, after the sequester.
    performance : float
        Payments for performance less recoupments.
    bonuses : float
        Participation bonuses of two years ago.
    received : (organisations,) float
        Performance payments and bonuses by organisation; rows of organisations born later in the quarter are missing.
    """

    episodes: float = 0.0
    savings: float = 0.0
    fees: float = 0.0
    performance: float = 0.0
    bonuses: float = 0.0
    received: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
