"""Contracts with payers: the prices in force at each site, when each owner's come due, who is left out of what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Contracts:
    """Bargained contracts. Columns ``2`` are the payers of ``codes.BARGAINED``.

    Attributes
    ----------
    level : (sites, 2) float
        Price in force in units of the standard contract: 1 is what an office is paid as the registry has it.
    drug, service : (sites,) float
        The commercial level as multiples of average sales price and of Medicare's rates.
    left_out : (sites, 2) bool
        Whether narrow networks leave the site out.
    due : (organisations, 2) int
        Quarter count at which an owner's contract comes up.
    """

    level: Floats
    drug: Floats
    service: Floats
    left_out: NDArray[np.bool_]
    due: NDArray[np.int64]

    def grow_sites(self, level: Floats, drug: float, service: float) -> None:
        """Add one site that starts on these terms."""
        self.level = np.vstack([self.level, level[None]])
        self.drug = np.append(self.drug, drug)
        self.service = np.append(self.service, service)
        self.left_out = np.vstack([self.left_out, np.zeros((1, self.left_out.shape[1]), dtype=np.bool_)])

    def grow_organizations(self, due: int) -> None:
        """Add one organisation whose contracts come up at ``due``."""
        self.due = np.vstack([self.due, np.full((1, self.due.shape[1]), due, dtype=np.int64)])
