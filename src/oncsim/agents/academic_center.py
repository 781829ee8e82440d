"""Academic medical centers: as health systems, and satellites that relieve the main site."""

from __future__ import annotations

from oncsim.actions.places import open_branch, site_setup_cost
from oncsim.agents.health_system import HealthSystem


class AcademicCenter(HealthSystem):
    """An academic center, NCI-designated or not."""

    def consider_building(self) -> None:
        """Open a satellite where its patients come from, when the main site is full."""
        model, law = self.model, self.model.law
        crowded = float(model.prospects.load[self.row]) >= float(law["health_system.build.load"])
        if not crowded or model.orgs.cash[self.row] < site_setup_cost(model):
            return
        if self.lucky("system.build", float(law["health_system.build.yearly"])):
            open_branch(model, self.row, 60.0, "its main site is full")
