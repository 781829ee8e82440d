"""What every organisation has in common: a row in the books, a name, an identity for its luck."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa
import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


class Organization(mesa.Agent):
    """An organisation of the market.

    Parameters
    ----------
    model : OncologyMarket
    row : int
        Its row in ``model.orgs``, where its numbers live.
    """

    model: OncologyMarket

    def __init__(self, model: OncologyMarket, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def name(self) -> str:
        """Name that people read."""
        return str(self.model.orgs.name[self.row])

    @property
    def key(self) -> int:
        """Identity for keyed luck."""
        return int(self.model.orgs.key[self.row])

    @property
    def active(self) -> bool:
        """Whether it still acts for itself."""
        return bool(self.model.orgs.status[self.row] == 0)

    def sites(self) -> NDArray[np.int64]:
        """Return the rows of its open sites."""
        sites = self.model.sites
        return np.flatnonzero((sites.org == self.row) & sites.open)

    def lucky(self, decision: str, yearly: float) -> bool:
        """Return whether something of this yearly chance happens to it this quarter."""
        return bool(self.model.quarter_luck(decision)[self.row] < quarterly_chance(yearly))

    def noise(self, decision: str) -> float:
        """Return a standard normal error of judgement for this decision and quarter."""
        return float(self.model.luck.normal(decision, self.model.t, np.array([self.key], dtype=np.uint64))[0])

    def decide(self) -> None:
        """Weigh what is open to it this quarter."""
        raise NotImplementedError
