"""Academic medical centers: as health systems, and satellites that relieve the main site."""

from __future__ import annotations

from oncsim.actions.places import open_branch
from oncsim.agents.health_system import HealthSystem


class AcademicCenter(HealthSystem):
    """An academic center, NCI-designated or not."""

    def build(self) -> None:
        """Open a satellite where its patients come from."""
        open_branch(self.model, self.row, 60.0, "its main site is full")
