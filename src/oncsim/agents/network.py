"""Practice networks: pool purchasing and services; investor-owned platforms also buy members and are sold on."""

from __future__ import annotations

import numpy as np

from oncsim.actions.ownership import resell_platform
from oncsim.actions.places import close_idle_sites
from oncsim.agents.organization import Organization
from oncsim.calendar import quarterly_chance
from oncsim.codes import PRACTICE
from oncsim.processes.bids import platform_target
from oncsim.processes.deals import offer


class PracticeNetwork(Organization):
    """A management-services organisation or equity-backed platform."""

    def members(self) -> list[int]:
        """Return the rows of its independent members."""
        orgs = self.model.orgs
        return [
            int(row) for row in np.flatnonzero((orgs.network == self.row) & (orgs.kind == PRACTICE) & (orgs.status == 0))
        ]

    def decide(self) -> None:
        """A platform weighs buying members, and whether it is time to be sold."""
        if not self.active or not self.model.orgs.investor_owned[self.row]:
            return
        yearly = float(self.model.law["network.purchase.yearly"])
        quarterly = quarterly_chance(yearly)
        for member in self.members():
            if self.model.orgs.pending[member]:
                continue
            if self.model.quarter_luck("network.purchase")[member] < quarterly:
                target = platform_target(self.model, self, member)
                if target is not None:
                    offer(self.model, target)
        self.consider_resale()
        self.tidy_up()

    def tidy_up(self) -> None:
        """Close sites of practices it owns that nobody has staffed for more than a year."""
        model = self.model
        idle = model.prospects.idle  # organisations born since the quarter's books were closed are not in it
        owned = np.flatnonzero((model.orgs.owner[: len(idle)] == self.row) & idle)
        if len(owned):
            close_idle_sites(model, np.flatnonzero(np.isin(model.sites.org, owned) & model.sites.open))

    def consider_resale(self) -> None:
        """Be sold to other investors some years after the last sale; some oncologists leave."""
        model, law = self.model, self.model.law
        held = (model.t - model.orgs.acquired_at[self.row]) / 4.0
        if held < float(law["network.resale.years"]) or not self.lucky(
            "network.resale", float(law["network.resale.yearly"])
        ):
            return
        resell_platform(model, self.row)
