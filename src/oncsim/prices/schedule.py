"""Medicare's fee schedules: what each service is allowed by setting, before any other payer is asked.

A service in an office has one payment; in a department of a hospital the hospital is paid for the facility (OPPS) and
the physician, for some services, a lower professional payment. Site-neutral law cuts the facility part, either to a
share of the OPPS rate (Section 603, the clinic visit rule, the drug administration rule) or part of the way to what the
office would get for everything (``policy.office_equal``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import SET_HOME, SET_NON_EXCEPTED
from oncsim.prices.places import Floats, PaymentPlaces

if TYPE_CHECKING:
    from oncsim.parameters import Values

# Services paid by a schedule, in the order of every array over services. Units: an infusion day, a visit, an exam,
# a radiation fraction, a patient-quarter of other care.
SCHEDULED = ("administration", "visit", "imaging", "radiation", "other")
ADMINISTRATION, VISIT, IMAGING, RADIATION, OTHER = range(len(SCHEDULED))


@dataclass(frozen=True)
class Schedule:
    """Medicare's allowed amounts in dollars a unit, (services, sites) each.

    Attributes
    ----------
    office : float
        What an office gets for everything.
    opps : float
        The OPPS rate of the facility at full height, adjusted for the payback of the 340B remedy; zero outside hospitals.
    share : float
        Share of it that site-neutral law leaves.
    equal : float
        How far law goes on from there to the office's total.
    facility, professional : float
        What the hospital, and the physician or office, are allowed in the end.
    """

    office: Floats
    opps: Floats
    share: Floats
    equal: Floats
    facility: Floats
    professional: Floats


def medicare_schedule(law: Values, places: PaymentPlaces) -> Schedule:
    """Return the schedule of every site under the law of a quarter."""
    hospital = places.hospital
    office = np.outer(_office_rates(law), np.ones(len(places)))
    home = places.setting == SET_HOME
    office[ADMINISTRATION] = np.where(home, float(law["payment.medicare.administration_home"]), office[ADMINISTRATION])
    opps = np.outer(_opps_rates(law), hospital.astype(np.float64))
    # Non-excepted departments are paid by the physician fee schedule: adjustments of OPPS rates do not reach them.
    adjusted = 1.0 + float(law["policy.p340b.opps_adjustment"])
    opps = np.where(places.setting == SET_NON_EXCEPTED, opps, opps * adjusted)
    share, equal = _neutral_shares(law, places), _office_equal(law, places)
    professional = np.where(hospital, np.outer(_professional_rates(law), np.ones(len(places))), office)
    reduced = opps * share
    facility = (1.0 - equal) * reduced + equal * np.maximum(office - professional, 0.0)
    return Schedule(office, opps, share, equal, np.where(hospital, facility, 0.0), professional)


def _office_rates(law: Values) -> Floats:
    return np.array(
        [
            float(law["payment.medicare.administration_office"]),
            float(law["payment.medicare.visit_office"]),
            float(law["payment.medicare.imaging_office"]),
            float(law["payment.medicare.radiation_office"]),
            float(law["payment.medicare.other_office"]),
        ]
    )


def _opps_rates(law: Values) -> Floats:
    return np.array(
        [
            float(law["payment.medicare.administration_hospital"]),
            float(law["payment.medicare.visit_hospital_facility"]),
            float(law["payment.medicare.imaging_hospital_facility"]),
            float(law["payment.medicare.radiation_hospital_facility"]),
            float(law["payment.medicare.other_hospital"]),
        ]
    )


def _professional_rates(law: Values) -> Floats:
    """Infusions and other services have no professional payment beside the hospital's."""
    return np.array(
        [
            0.0,
            float(law["payment.medicare.visit_hospital_professional"]),
            float(law["payment.medicare.imaging_hospital_professional"]),
            float(law["payment.medicare.radiation_hospital_professional"]),
            0.0,
        ]
    )


def _neutral_shares(law: Values, places: PaymentPlaces) -> Floats:
    codes = places.codes
    plain = law.over("policy.site_neutral.imaging_without_contrast", codes)
    part = float(law["care.imaging_without_contrast"])
    return np.array(
        [
            law.over("policy.site_neutral.drug_administration", codes),
            law.over("policy.site_neutral.clinic_visit", codes),
            part * plain + (1.0 - part) * law.over("policy.site_neutral.imaging_with_contrast", codes),
            law.over("policy.site_neutral.radiation", codes),
            law.over("policy.site_neutral.other", codes),
        ]
    )


def _office_equal(law: Values, places: PaymentPlaces) -> Floats:
    codes = places.codes
    return np.array(
        [
            law.over("policy.office_equal.administration", codes, otherwise=0.0),
            law.over("policy.office_equal.visit", codes, otherwise=0.0),
            law.over("policy.office_equal.imaging", codes, otherwise=0.0),
            law.over("policy.office_equal.radiation", codes, otherwise=0.0),
            law.over("policy.office_equal.other", codes, otherwise=0.0),
        ]
    )
