"""Organisations as Mesa agents: one file a kind, methods are verbs."""

from oncsim.agents.academic_center import AcademicCenter
from oncsim.agents.health_system import HealthSystem
from oncsim.agents.network import PracticeNetwork
from oncsim.agents.organization import Organization
from oncsim.agents.payer import Payer
from oncsim.agents.practice import IndependentPractice

# In the order of ORG_KINDS.
AGENT_OF_KIND: tuple[type[Organization], ...] = (
    IndependentPractice,
    HealthSystem,
    AcademicCenter,
    Payer,
    PracticeNetwork,
)

__all__ = [
    "AGENT_OF_KIND",
    "AcademicCenter",
    "HealthSystem",
    "IndependentPractice",
    "Organization",
    "Payer",
    "PracticeNetwork",
]
