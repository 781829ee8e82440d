"""Allowed amounts, shares and costs against amounts worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from oncsim.prices.rates import allowed_rates
from oncsim.prices.receipts import Receipts, allowed_amounts, patient_shares, settle
from prices.law import CAMPUS, COMMERCIAL, CONTRACT, FFS, MA, MEDICAID, NEW, OFFICE, OLD, PLACES, UNINSURED, VOLUMES, law

DRUG, FACILITY, PROFESSIONAL, FEE, OTHER = range(5)

# Imaging: a quarter of an exam; radiation: one fraction; other: half a quarter.
OFFICE_PROFESSIONAL = 100.0 + 120.0 + 0.25 * 800.0 + 200.0
CAMPUS_FACILITY = 300.0 + 130.0 + 0.25 * 1000.0 + 180.0
HOSPITAL_PROFESSIONAL = 80.0 + 0.25 * 150.0 + 40.0
OLD_FACILITY = 0.5 * 300 + 0.6 * 130 + 250.0 + 180.0
NEW_FACILITY = 0.4 * 300 + 0.4 * 130 + 250.0 + 180.0
HAND = [
    # place, payer, drug, facility, professional, other: allowed amounts
    (OFFICE, FFS, 1060.0, 0.0, OFFICE_PROFESSIONAL, 250.0),
    (CAMPUS, FFS, 1060.0, CAMPUS_FACILITY, HOSPITAL_PROFESSIONAL, 245.0),
    (OLD, FFS, 800.0, OLD_FACILITY, HOSPITAL_PROFESSIONAL, 245.0),
    (NEW, FFS, 1060.0, NEW_FACILITY, HOSPITAL_PROFESSIONAL, 245.0),
    (OFFICE, MA, 1007.0, 0.0, 0.95 * OFFICE_PROFESSIONAL, 237.5),
    (OLD, MA, 760.0, 0.95 * OLD_FACILITY, 0.95 * HOSPITAL_PROFESSIONAL, 232.75),
    (OFFICE, COMMERCIAL, 1500.0, 0.0, 2 * OFFICE_PROFESSIONAL, 500.0),
    # Commercial contracts pay a multiple of the full hospital rate, wherever the department stands.
    (CAMPUS, COMMERCIAL, 1500.0, 2 * CAMPUS_FACILITY, 2 * HOSPITAL_PROFESSIONAL, 490.0),
    (NEW, COMMERCIAL, 1500.0, 2 * CAMPUS_FACILITY, 2 * HOSPITAL_PROFESSIONAL, 490.0),
    (OFFICE, MEDICAID, 1040.0, 0.0, 0.7 * OFFICE_PROFESSIONAL, 175.0),
    (NEW, MEDICAID, 1040.0, 0.7 * NEW_FACILITY, 0.7 * HOSPITAL_PROFESSIONAL, 171.5),
    # Four fifths of the drug is free: 0.3 x 0.2 x 1,060; the rest at three tenths of Medicare.
    (OFFICE, UNINSURED, 63.6, 0.0, 0.3 * OFFICE_PROFESSIONAL, 75.0),
    (CAMPUS, UNINSURED, 63.6, 0.3 * CAMPUS_FACILITY, 0.3 * HOSPITAL_PROFESSIONAL, 73.5),
]
SHARE = {FFS: 0.2, MA: 0.2, COMMERCIAL: 0.12, MEDICAID: 0.0, UNINSURED: 1.0}


def pay(values: object) -> Receipts:
    rates = allowed_rates(values, PLACES, CONTRACT)  # type: ignore[arg-type]
    return settle(values, allowed_amounts(values, rates, VOLUMES))  # type: ignore[arg-type]


@pytest.mark.parametrize(("site", "payer", "drug", "facility", "professional", "other"), HAND)
def test_a_visit_day_by_hand(site: int, payer: int, drug: float, facility: float, professional: float, other: float) -> None:
    money = pay(law())
    for component, allowed in ((DRUG, drug), (FACILITY, facility), (PROFESSIONAL, professional), (FEE, 0), (OTHER, other)):
        owed = SHARE[payer] * allowed
        # The sequester takes two percent of what Medicare itself pays, never of the coinsurance.
        paid = (allowed - owed) * (0.98 if payer == FFS else 1.0)
        assert money.patient[site, payer, component] == pytest.approx(owed, abs=1e-9)
        assert money.paid[site, payer, component] == pytest.approx(owed + paid, abs=1e-9)


def test_patients_owe_their_share() -> None:
    np.testing.assert_allclose(patient_shares(law()), [SHARE[payer] for payer in range(5)])


def test_the_sequester_touches_medicare_only_and_not_the_patient() -> None:
    cut, free = pay(law(sequester=0.05)), pay(law(sequester=0.0))
    np.testing.assert_array_equal(cut.patient, free.patient)
    np.testing.assert_array_equal(cut.paid[:, 1:], free.paid[:, 1:])
    np.testing.assert_allclose(cut.paid[:, FFS], free.paid[:, FFS] - 0.05 * (free.paid - free.patient)[:, FFS])


def test_drugs_can_be_spared_the_sequester() -> None:
    spared = pay(law(policy=[{"set": "payment.medicare.sequester_on_drugs", "to": False}]))
    usual, free = pay(law()), pay(law(sequester=0.0))
    np.testing.assert_array_equal(spared.paid[:, :, DRUG], free.paid[:, :, DRUG])
    np.testing.assert_array_equal(spared.paid[:, :, FACILITY:], usual.paid[:, :, FACILITY:])


def test_fees_of_care_models_are_paid_by_the_payer_alone() -> None:
    values = law()
    allowed = allowed_amounts(values, allowed_rates(values, PLACES, CONTRACT), VOLUMES)
    fees = np.zeros((4, 5))
    fees[OFFICE, FFS] = 110.0
    with_fee, without = settle(values, allowed, fees), settle(values, allowed)
    assert (with_fee.patient == without.patient).all()
    assert (with_fee.paid - without.paid)[OFFICE, FFS, FEE] == pytest.approx(110.0 * 0.98)
    assert np.count_nonzero(with_fee.paid - without.paid) == 1


def test_points_of_coinsurance_move_money_from_payer_to_patient() -> None:
    values = law()
    allowed = allowed_amounts(values, allowed_rates(values, PLACES, CONTRACT), VOLUMES)
    extra = np.zeros((4, 5))
    extra[CAMPUS, COMMERCIAL] = 0.08
    more, usual = settle(values, allowed, None, extra), settle(values, allowed)
    np.testing.assert_allclose(more.paid, usual.paid)
    assert (more.patient - usual.patient)[CAMPUS, COMMERCIAL, DRUG] == pytest.approx(0.08 * 1500.0)
