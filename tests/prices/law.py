"""A law of round numbers, and four places, for amounts that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from markets import scenario
from oncsim.calendar import Quarter
from oncsim.codes import PAYERS, SEGMENTS, SET_EXCEPTED, SET_NON_EXCEPTED, SET_OFFICE, SET_ON_CAMPUS
from oncsim.parameters import Values
from oncsim.prices.places import PaymentPlaces
from oncsim.prices.rates import Contract
from oncsim.prices.receipts import Volumes

FFS, MA, COMMERCIAL, MEDICAID, UNINSURED = range(len(PAYERS))
OFFICE, CAMPUS, OLD, NEW = range(4)  # the places below

LAW: dict[str, Any] = {
    "payment.medicare.drug_addon": 0.06,
    "payment.medicare.biosimilar_addon": 0.06,
    "payment.medicare.sequester": 0.02,
    "payment.medicare.coinsurance": 0.20,
    "payment.medicare.administration_office": 100.0,
    "payment.medicare.administration_hospital": 300.0,
    "payment.medicare.visit_office": 120.0,
    "payment.medicare.visit_hospital_professional": 80.0,
    "payment.medicare.visit_hospital_facility": 130.0,
    "payment.medicare.imaging_office": 800.0,
    "payment.medicare.imaging_hospital_facility": 1000.0,
    "payment.medicare.imaging_hospital_professional": 150.0,
    "payment.medicare.radiation_office": 200.0,
    "payment.medicare.radiation_hospital_facility": 180.0,
    "payment.medicare.radiation_hospital_professional": 40.0,
    "payment.medicare.other_office": 500.0,
    "payment.medicare.other_hospital": 490.0,
    "payment.medicaid.rate": 0.7,
    "payment.medicaid.drug": 1.04,
    "payment.medicaid.patient_share": 0.0,
    "policy.site_neutral.drug_administration.on_campus": 1.0,
    "policy.site_neutral.drug_administration.excepted": 0.5,
    "policy.site_neutral.drug_administration.non_excepted": 0.4,
    "policy.site_neutral.clinic_visit.on_campus": 1.0,
    "policy.site_neutral.clinic_visit.excepted": 0.6,
    "policy.site_neutral.clinic_visit.non_excepted": 0.4,
    "policy.site_neutral.imaging_without_contrast": 1.0,
    "policy.site_neutral.imaging_with_contrast": 1.0,
    "policy.office_equal.radiation": 0.0,
    "policy.site_neutral.commercial_spillover": 0.0,
    "policy.site_neutral.commercial_drugs": 0.0,
    "policy.p340b.medicare_rate": 0.8,
    "policy.p340b.opps_adjustment": 0.0,
    "policy.p340b.discount": 0.3,
}
ECONOMY = {
    "payment.medicare_advantage.rate": 0.95,
    "payment.commercial.drug": {"office": 1.2},
    "payment.drug.biosimilar_share": 0.0,
}
BEHAVIOUR = {
    "payment.medicare_advantage.follows_340b_rate": 1.0,
    "payment.uninsured.rate": 0.3,
    "payment.uninsured.free_drug": 0.8,
    "payment.commercial.patient_share": 0.12,
    "care.imaging_per_quarter": 0.5,
    "care.radiation_per_quarter": 2.0,
}

PLACES = PaymentPlaces(
    setting=np.array([SET_OFFICE, SET_ON_CAMPUS, SET_EXCEPTED, SET_NON_EXCEPTED]),
    hospital_class=np.array([-1, 0, 0, 0]),
    state=np.full(4, -1),
    rural=np.zeros(4, dtype=np.int64),
    bought_340b=np.array([0.0, 0.0, 1.0, 0.0]),
)
# One infusion day with $1,000 of standard drug, one visit and half a quarter of treatment for every payer.
ONE = np.ones((4, len(PAYERS)))
STANDARD = np.tile(np.array([need == "standard" for _, need in SEGMENTS], dtype=float), (4, 1))
VOLUMES = Volumes(1000.0 * STANDARD, ONE, ONE, 0.5 * ONE)
CONTRACT = Contract(np.full(4, 1.5), np.full(4, 2.0), np.zeros(4), np.ones(4))


def law(
    economy: dict[str, Any] | None = None,
    policy: list[dict[str, Any]] | None = None,
    behaviour: dict[str, Any] | None = None,
    **changes: Any,
) -> Values:
    """Return the values above, with changes by the last words of a name (``p340b.discount`` as ``p340b__discount``)."""
    values = dict(LAW)
    for key, value in changes.items():
        wanted = key.replace("__", ".")
        known = [name for name in values if name.endswith(wanted)]
        values[known[0] if len(known) == 1 else wanted] = value
    entries = [{"set": name, "to": value} for name, value in values.items()]
    made = scenario(
        1, policy=[*entries, *(policy or [])], economy=ECONOMY | (economy or {}), behaviour=BEHAVIOUR | (behaviour or {})
    )
    return made.parameters.at(Quarter(2026, 1))
