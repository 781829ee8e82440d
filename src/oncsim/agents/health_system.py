"""Health systems: complete their oncology line by buying, building or letting go."""

from __future__ import annotations

import numpy as np

from oncsim.actions.ownership import money, release_practice
from oncsim.actions.places import close_idle_sites, close_site, open_department, site_setup_cost
from oncsim.agents.organization import Organization
from oncsim.calendar import quarterly_chance
from oncsim.codes import ACQUIRED, TIE_STAGES
from oncsim.processes.bids import best_target
from oncsim.processes.deals import offer
from oncsim.processes.partnership import sign_tie
from oncsim.ties.ladder import SERVICES_AGREEMENT


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

    def consider_divesting(self) -> None:
        """Return practices to their physicians where two years of ownership or more lose too much, downstream counted."""
        model, law = self.model, self.model.law
        quarterly = quarterly_chance(float(law["health_system.divest.yearly"]))
        weighed = model.prospects.divestible
        # Organisations born since the quarter's books were closed have nothing to be weighed yet.
        for practice in np.flatnonzero(weighed & (model.orgs.owner[: len(weighed)] == self.row)):
            if model.orgs.status[practice] != ACQUIRED:
                continue
            if model.quarter_luck("system.divest")[practice] < quarterly:
                lost = -float(model.prospects.kept[practice])
                release_practice(model, int(practice), f"it lost about {money(lost)} a year an oncologist")
                self.consider_agreement(int(practice))

    def consider_agreement(self, practice: int) -> None:
        """Keep the services of oncologists it lets go under an agreement, where billing for them pays."""
        model = self.model
        u = model.quarter_luck("system.agreement")[practice]
        if u >= float(model.law["health_system.divest.agreement"]):
            return
        usual = float(model.law["partnership.trust.start"])
        stage = TIE_STAGES.index("ramp_up")
        sign_tie(model, self.row, practice, SERVICES_AGREEMENT, (usual, usual), stage, " in place of employment")

    def consider_giving_up_service(self) -> None:
        """Close a department that has lost money for two years, downstream counted, or that nobody staffs."""
        model = self.model
        if model.prospects.idle[self.row]:
            close_idle_sites(model, self.sites())
        sites, losing = model.sites, model.prospects.giving_up
        for site in losing[sites.open[losing] & (sites.org[losing] == self.row)]:
            close_site(model, int(site), "it had lost money for two years")

    def consider_building(self) -> None:
        """Build when its oncology is full and it has cash."""
        model, law = self.model, self.model.law
        crowded = float(model.prospects.load[self.row]) >= float(law["health_system.build.load"])
        if not crowded or model.orgs.cash[self.row] < site_setup_cost(model):
            return
        if self.lucky("system.build", float(law["health_system.build.yearly"])):
            self.build()

    def build(self) -> None:
        """Open a department at a hospital without one."""
        open_department(self.model, self.row, "its oncology is full")
