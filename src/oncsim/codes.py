"""The code words of the interface: payers, needs, kinds and statuses, each with its place in the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAYERS = ("medicare_ffs", "medicare_advantage", "commercial", "medicaid", "uninsured")
PAYER_LABELS = ("Medicare", "Medicare Advantage", "commercial", "Medicaid", "uninsured")  # as people say them
# Payers whose prices are bargained, as places in PAYERS, in the order of arrays over them.
BARGAINED = (PAYERS.index("medicare_advantage"), PAYERS.index("commercial"))
NEEDS = ("standard", "advanced", "tertiary")
# A segment is a payer and a need; arrays over segments are payer-major: index = payer * len(NEEDS) + need.
SEGMENTS = tuple((payer, need) for payer in PAYERS for need in NEEDS)

SITE_KINDS = (
    "office",
    "hopd_on_campus",
    "hopd_off_campus",
    "amc_main",
    "amc_satellite",
    "freestanding_infusion",
    "home_infusion",
    "telehealth_spoke",
)
OFFICE, HOPD_ON, HOPD_OFF, AMC_MAIN, AMC_SATELLITE, FREESTANDING, HOME, SPOKE = range(len(SITE_KINDS))
# What people call a site of each kind, in the order of SITE_KINDS.
SITE_LABELS = (
    "office",
    "on-campus hospital department",
    "off-campus hospital department",
    "academic main site",
    "academic satellite",
    "infusion center",
    "home infusion service",
    "telehealth spoke",
)
HOSPITAL_KINDS = (HOPD_ON, HOPD_OFF, AMC_MAIN, AMC_SATELLITE)
OFF_CAMPUS_KINDS = (HOPD_OFF, AMC_SATELLITE)

ORG_KINDS = ("practice", "health_system", "academic_center", "payer", "network")
PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER, PAYER, NETWORK = range(len(ORG_KINDS))

STATUSES = ("active", "acquired", "merged", "closed")
ACTIVE, ACQUIRED, MERGED, CLOSED = range(len(STATUSES))

SERVICE_LINES = (
    "infusion",
    "radiation",
    "surgery",
    "imaging",
    "biopsy",
    "cellular_therapy",
    "trials",
    "pharmacy",
    "palliative",
    "inpatient",
    "navigation",
    "telehealth",
    "analytics",
)

COMPONENTS = ("drug", "facility", "professional", "fee", "other")

# Parts of what an acquisition does to a price.
PRICE_PARTS = ("rate_table", "bargained", "total")

TIE_FORMS = (
    "referral",
    "clinical_affiliation",
    "inpatient_coverage",
    "telehealth_hub",
    "co_management",
    "professional_services",
    "employer_bundle",
    "joint_venture",
    "network_membership",
    "acquisition",
)
# How tight a form is, from a referral relationship without contract to ownership: the rung of the ladder it stands on.
TIE_RUNGS = {
    "referral": 1,
    "inpatient_coverage": 2,
    "employer_bundle": 2,
    "clinical_affiliation": 3,
    "telehealth_hub": 3,
    "network_membership": 4,
    "co_management": 5,
    "professional_services": 6,
    "joint_venture": 7,
    "acquisition": 8,
}
TIE_STAGES = (
    "prospect",
    "shared_problem",
    "due_diligence",
    "ramp_up",
    "active",
    "deepened",
    "scaled_back",
    "dissolved",
)

# Stages in which a tie is in force: from signing to its end; before that there is only talk.
IN_FORCE_STAGES = ("ramp_up", "active", "deepened", "scaled_back")

# Services that are priced, as in the payment rules.
SERVICES = ("drug", "administration", "visit", "imaging", "radiation", "care_management", "other")

# Settings that payment tells apart; the three of a hospital are decided by campus and by the date of first billing.
SETTINGS = ("office", "on_campus", "excepted", "non_excepted", "freestanding", "home")
SET_OFFICE, SET_ON_CAMPUS, SET_EXCEPTED, SET_NON_EXCEPTED, SET_FREESTANDING, SET_HOME = range(len(SETTINGS))
DEPARTMENTS = ("on_campus", "excepted", "non_excepted")  # settings of a hospital, in the order of SETTINGS

# Classes of hospitals that payment rules and exemptions name.
HOSPITAL_CLASSES = (
    "general",
    "rural_referral",
    "sole_community_rural",
    "sole_community_urban",
    "critical_access",
    "cancer",
    "childrens",
)

# fmt: off
STATES = (
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA",
    "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "RI",
    "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
)
# fmt: on

ROUTES_340B = ("DSH", "SCH", "RRC", "CAH", "CAN", "PED")
CONTROLS = ("nonprofit", "government", "proprietary")
TEACHING = ("none", "minor", "major")

# What a participant of a Medicare care model bears: gains alone, or losses too with a low or a high limit.
RISK_ARMS = ("one_sided", "two_sided_low", "two_sided_high")
# What can happen, as recorded in the table of events.
EVENT_KINDS = (
    "acquisition",
    "capability_added",
    "capability_dropped",
    "capacity_shock",
    "change_announced",
    "closure",
    "conduct",
    "cost_shift",
    "deal_blocked",
    "deal_contested",
    "deal_notified",
    "deal_withdrawn",
    "divestiture",
    "friction_resolved",
    "gained_340b",
    "governance",
    "joins_340b",
    "leaves_340b",
    "lost_340b",
    "merger",
    "merger_flagged",
    "misfit",
    "network_exit",
    "network_founded",
    "network_join",
    "network_leave",
    "network_return",
    "oncologists_joined",
    "oncologists_left",
    "platform_resale",
    "practice_founded",
    "price_step",
    "privileges_ended",
    "redesignation",
    "site_closed",
    "site_opened",
    "site_rule",
    "stake",
    "talks_begin",
    "talks_end",
    "tie_active",
    "tie_deepened",
    "tie_dissolved",
    "tie_formed",
    "tie_restored",
    "tie_scaled_back",
    "trials_open",
    "value_based_arm",
    "value_based_join",
    "value_based_leave",
)


def among(values: NDArray[np.integer], codes: Sequence[int]) -> NDArray[np.bool_]:
    """Return which of an array of codes are one of a few: for two or three of them far quicker than a search in a set."""
    first, *others = codes
    found: NDArray[np.bool_] = values == first
    for other in others:
        found |= values == other
    return found
