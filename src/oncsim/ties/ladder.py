"""The ladder of partnership forms, as arrays over the forms (methods 2e)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    ACADEMIC_CENTER,
    HEALTH_SYSTEM,
    IN_FORCE_STAGES,
    PRACTICE,
    SERVICE_LINES,
    TIE_FORMS,
    TIE_RUNGS,
    TIE_STAGES,
    among,
)

if TYPE_CHECKING:
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

(
    REFERRAL,
    AFFILIATION,
    COVERAGE,
    HUB,
    CO_MANAGEMENT,
    SERVICES_AGREEMENT,
    BUNDLE,
    JOINT_VENTURE,
    MEMBERSHIP,
    ACQUISITION,
) = range(len(TIE_FORMS))
# Forms in which partners sign something with each other; networks and owners have processes of their own.
SIGNED_FORMS = (REFERRAL, AFFILIATION, COVERAGE, HUB, CO_MANAGEMENT, SERVICES_AGREEMENT, BUNDLE, JOINT_VENTURE)
CONTRACT = np.array([form != REFERRAL for form in range(len(TIE_FORMS))])
# From loose to tight: how far up the ladder a form stands, for "deeper" and "looser".
RUNG = np.array([TIE_RUNGS[form] for form in TIE_FORMS])
# Forms that strangers do not sign: a joint center is run by partners under contract, a system sends its own people to those
# it works with.
FROM_A_TIE = np.isin(np.arange(len(TIE_FORMS)), (CO_MANAGEMENT, BUNDLE))
FROM_A_CONTRACT = np.isin(np.arange(len(TIE_FORMS)), (CO_MANAGEMENT,))
IN_FORCE = np.array([stage in IN_FORCE_STAGES for stage in TIE_STAGES])
_INPATIENT = SERVICE_LINES.index("inpatient")


@dataclass(frozen=True)
class Ladder:
    """The numbers of every form, (forms,) each; see ``partnership.*`` in the registry."""

    steering: Floats
    owner_share: Floats
    control_share: Floats
    reach: Floats
    ramp_low: Floats
    ramp: Floats
    ramp_high: Floats
    diligence: Floats
    setup_cost: Floats
    upkeep: Floats
    exit_cost: Floats
    needs_trust: Floats

    @classmethod
    def of(cls, law: Values) -> Ladder:
        """Read the ladder in force."""
        return cls(
            steering=by_form(law["partnership.steering"]),
            owner_share=by_form(law["partnership.owner_share"]),
            control_share=by_form(law["partnership.control_share"]),
            reach=by_form(law["partnership.reach"]),
            ramp_low=by_form(law["partnership.ramp_low"]),
            ramp=by_form(law["partnership.ramp"]),
            ramp_high=by_form(law["partnership.ramp_high"]),
            diligence=by_form(law["partnership.diligence"]),
            setup_cost=by_form(law["partnership.setup_cost"]),
            upkeep=by_form(law["partnership.upkeep"]),
            exit_cost=by_form(law["partnership.exit_cost"]),
            needs_trust=by_form(law["partnership.needs_trust"]),
        )


def by_form(value: Mapping[str, float]) -> Floats:
    """Return a parameter with an entry a form as an array, (forms,)."""
    return np.array([float(value[form]) for form in TIE_FORMS])


def by_line(value: Mapping[str, float]) -> Floats:
    """Return a parameter with an entry a service line as an array, (lines,)."""
    return np.array([float(value[line]) for line in SERVICE_LINES])


def open_forms(kind_a: Ints, kind_b: Ints, lacks_a: Flags, lacks_b: Flags, hospital_a: Flags, hospital_b: Flags) -> Flags:
    """Return which forms law and capability allow each pair, (pairs, forms).

    A clinical affiliation has an academic center in it; inpatient coverage joins one with inpatients and one without;
    services agreements, bundles and joint ventures join a practice and an owner of hospitals. Hubs, services agreements
    and bundles are further limited by what is found for the pair (:mod:`oncsim.ties.worth`).

    Parameters
    ----------
    kind_a, kind_b : (pairs,) int
    lacks_a, lacks_b : (pairs, lines) bool
        Lines that one lacks and the other offers.
    hospital_a, hospital_b : (pairs,) bool
        Whether each owns a hospital.
    """
    center = (kind_a == ACADEMIC_CENTER) ^ (kind_b == ACADEMIC_CENTER)
    practice_and_owner = ((kind_a == PRACTICE) & hospital_b) | ((kind_b == PRACTICE) & hospital_a)
    system = among(kind_a, (HEALTH_SYSTEM, ACADEMIC_CENTER)) | among(kind_b, (HEALTH_SYSTEM, ACADEMIC_CENTER))
    found = np.zeros((len(kind_a), len(TIE_FORMS)), dtype=np.bool_)
    found[:, REFERRAL] = True
    found[:, AFFILIATION] = center
    found[:, COVERAGE] = lacks_a[:, _INPATIENT] | lacks_b[:, _INPATIENT]
    found[:, HUB] = system
    found[:, CO_MANAGEMENT] = True
    found[:, SERVICES_AGREEMENT] = practice_and_owner
    found[:, BUNDLE] = practice_and_owner
    found[:, JOINT_VENTURE] = practice_and_owner
    return found
