"""Contracts with payers: the bargained multiples in force at each site, when each owner's come due, who is in network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Contracts:
    """Commercial contracts.

    Attributes
    ----------
    drug, service : (sites,) float
        Multiples of average sales price and of Medicare's rates in force at each site.
    due : (organisations,) int
        Quarter count at which the organisation's contracts come up.
    """

    drug: NDArray[np.float64]
    service: NDArray[np.float64]
    due: NDArray[np.int64]

    def grow_sites(self, drug: float, service: float) -> None:
        """Add one site that starts on these terms."""
        self.drug = np.append(self.drug, drug)
        self.service = np.append(self.service, service)

    def grow_organizations(self, due: int) -> None:
        """Add one organisation whose contracts come up at ``due``."""
        self.due = np.append(self.due, due)
