"""Health systems: complete their oncology line by buying, building or letting go."""

from __future__ import annotations

import numpy as np

from oncsim.actions.ownership import contribution, release_practice
from oncsim.actions.places import close_site, open_department, site_setup_cost
from oncsim.agents.organization import Organization
from oncsim.processes.deals import best_target, offer


class HealthSystem(Organization):
    """A system of hospitals with its outpatient departments."""

    def decide(self) -> None:
        """Give up what loses, then look for practices to acquire, then build."""
        if not self.active:
            return
        self.consider_divesting()
        self.consider_giving_up_service()
        law = self.model.law
        if law["policy.acquisitions.allowed"] and self.lucky(
            "system.attention", float(law["health_system.acquisition.attention"])
        ):
            self.look_for_practice()
        self.consider_building()

    def look_for_practice(self) -> None:
        """Weigh a few practices in reach and make an offer for the best, if its owners would take it."""
        target = best_target(self.model, self)
        if target is not None:
            offer(self.model, target)

    def acquired(self) -> list[int]:
        """Return the rows of the practices it owns."""
        orgs = self.model.orgs
        return [int(row) for row in np.flatnonzero((orgs.owner == self.row) & (orgs.status == 1))]

    def consider_divesting(self) -> None:
        """Return a practice to its physicians where eight quarters of ownership lost money, downstream counted."""
        model, law = self.model, self.model.law
        for practice in self.acquired():
            if model.t - model.orgs.acquired_at[practice] < int(law["health_system.divest.quarters"]):
                continue
            earned, people = contribution(model, practice, self.row)
            if people == 0 or earned > -float(law["health_system.divest.loss"]) * people:
                continue
            u = model.luck.uniform1("system.divest", model.t, int(model.orgs.key[practice]))
            if u < 1.0 - (1.0 - float(law["health_system.divest.yearly"])) ** 0.25:
                release_practice(
                    model, practice, f"it lost about ${-earned / people / 1e3:,.0f} thousand a year an oncologist"
                )

    def consider_giving_up_service(self) -> None:
        """Close a department that has lost money for two years, downstream counted, or that nobody staffs."""
        model, law = self.model, self.model.law
        if not (model.prospects.idle[self.row] or model.prospects.losing[self.row]):
            return
        sites = self.sites()
        losing = sites[
            (model.sites.loss_quarters[sites] >= int(law["health_system.divest.quarters"]))
            | (model.sites.idle_quarters[sites] > 4)
        ]
        quarterly = 1.0 - (1.0 - float(law["health_system.rural_closure.yearly"])) ** 0.25
        for site in losing:
            u = model.luck.uniform1("system.close_site", model.t, int(model.sites.key[site]))
            if model.sites.idle_quarters[site] > 4:
                close_site(model, int(site), "no oncologist could be found for it")
            elif u < quarterly:
                close_site(model, int(site), "it had lost money for two years")

    def consider_building(self) -> None:
        """Open a department at a hospital without one, when its oncology is full and it has cash."""
        model, law = self.model, self.model.law
        crowded = float(model.prospects.load[self.row]) >= float(law["health_system.build.load"])
        if not crowded or model.orgs.cash[self.row] < site_setup_cost(model):
            return
        if self.lucky("system.build", float(law["health_system.build.yearly"])):
            open_department(model, self.row, "its oncology is full")
