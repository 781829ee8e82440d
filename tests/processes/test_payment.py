"""Rates against amounts worked out by hand, and the limits of every lever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import METRO, run, scenario
from oncsim.calendar import Quarter
from oncsim.codes import AMC_MAIN, AMC_SATELLITE, HOPD_OFF, HOPD_ON, OFFICE, PAYERS
from oncsim.parameters import Values
from oncsim.processes.payment import (
    Setting,
    Volumes,
    allowed_rates,
    asp_of_segments,
    drug_costs,
    patient_shares,
    receipts,
    site_class,
    site_neutral_share,
)

FFS, MA, COMMERCIAL, MEDICAID, UNINSURED = range(len(PAYERS))
DRUG, FACILITY, PROFESSIONAL, FEE, OTHER = range(5)

LAW = {
    "payment.medicare.drug_addon": 0.06,
    "payment.medicare.sequester": 0.02,
    "payment.medicare.coinsurance": 0.20,
    "payment.medicare.administration_office": 100.0,
    "payment.medicare.administration_hospital": 300.0,
    "payment.medicare.visit_office": 120.0,
    "payment.medicare.visit_hospital_professional": 80.0,
    "payment.medicare.visit_hospital_facility": 130.0,
    "payment.medicare.other_office": 1800.0,
    "payment.medicare.other_hospital": 1760.0,
    "payment.medicaid.rate": 0.7,
    "payment.medicaid.drug": 1.04,
    "payment.medicaid.patient_share": 0.0,
    "policy.site_neutral.drug_administration.on_campus": 1.0,
    "policy.site_neutral.drug_administration.excepted": 0.5,
    "policy.site_neutral.drug_administration.non_excepted": 0.4,
    "policy.site_neutral.clinic_visit.on_campus": 1.0,
    "policy.site_neutral.clinic_visit.excepted": 0.6,
    "policy.site_neutral.clinic_visit.non_excepted": 0.4,
    "policy.site_neutral.commercial_spillover": 0.0,
    "policy.site_neutral.commercial_drugs": 0.0,
    "policy.p340b.medicare_rate": 0.8,
    "policy.p340b.discount": 0.3,
}
ECONOMY = {"payment.medicare_advantage.rate": 0.95, "payment.commercial.drug": {"office": 1.2}}
BEHAVIOUR = {
    "payment.uninsured.rate": 0.3,
    "payment.uninsured.free_drug": 0.8,
    "payment.commercial.patient_share": 0.12,
}

# An office; departments on campus, off campus but old (340B), off campus and new.
SITES = Setting(
    hospital=np.array([False, True, True, True]),
    kind=np.array([OFFICE, HOPD_ON, HOPD_OFF, HOPD_OFF]),
    excepted=np.array([False, False, True, False]),
    drugs_340b=np.array([False, False, True, False]),
)
# One infusion day with $1,000 of drug, one visit and half a quarter of treatment for every payer.
ONE = np.ones((4, len(PAYERS)))
VOLUMES = Volumes(1000.0 * ONE, ONE, ONE, 0.5 * ONE)
DRUG_MULTIPLE, SERVICE_MULTIPLE = np.full(4, 1.5), np.full(4, 2.0)


def law(**changes: Any) -> Values:
    """Return the worked values, with changes by the last words of a name (``p340b.discount`` as ``p340b__discount``)."""
    values = dict(LAW)
    for key, value in changes.items():
        (name,) = [known for known in values if known.endswith(key.replace("__", "."))]
        values[name] = value
    policy = [{"set": name, "to": value} for name, value in values.items()]
    return scenario(1, policy=policy, economy=ECONOMY, behaviour=BEHAVIOUR).parameters.at(Quarter(2026, 1))


def pay(values: Values, setting: Setting = SITES) -> tuple[np.ndarray, np.ndarray]:
    return receipts(values, allowed_rates(values, setting, DRUG_MULTIPLE, SERVICE_MULTIPLE), VOLUMES)


HAND = [
    # site, payer, drug, facility, professional, other: allowed amounts
    (0, FFS, 1060.0, 0.0, 100.0 + 120.0, 900.0),
    (1, FFS, 1060.0, 300.0 + 130.0, 80.0, 880.0),
    (2, FFS, 800.0, 0.5 * 300 + 0.6 * 130, 80.0, 880.0),
    (3, FFS, 1060.0, 0.4 * 300 + 0.4 * 130, 80.0, 880.0),
    (0, MA, 1007.0, 0.0, 209.0, 855.0),
    (1, MA, 1007.0, 408.5, 76.0, 836.0),
    (2, MA, 760.0, 216.6, 76.0, 836.0),
    (3, MA, 1007.0, 163.4, 76.0, 836.0),
    (0, COMMERCIAL, 1500.0, 0.0, 440.0, 1800.0),
    (1, COMMERCIAL, 1500.0, 860.0, 160.0, 1760.0),
    (2, COMMERCIAL, 1500.0, 860.0, 160.0, 1760.0),
    (3, COMMERCIAL, 1500.0, 860.0, 160.0, 1760.0),
    (0, MEDICAID, 1040.0, 0.0, 154.0, 630.0),
    (1, MEDICAID, 1040.0, 301.0, 56.0, 616.0),
    (3, MEDICAID, 1040.0, 120.4, 56.0, 616.0),
    # Four fifths of the drug is free: 0.3 x 0.2 x 1,060; the rest at three tenths of Medicare.
    (0, UNINSURED, 63.6, 0.0, 66.0, 270.0),
    (1, UNINSURED, 63.6, 129.0, 24.0, 264.0),
]
SHARE = {FFS: 0.2, MA: 0.2, COMMERCIAL: 0.12, MEDICAID: 0.0, UNINSURED: 1.0}


@pytest.mark.parametrize(("site", "payer", "drug", "facility", "professional", "other"), HAND)
def test_an_infusion_by_hand(site: int, payer: int, drug: float, facility: float, professional: float, other: float) -> None:
    received, patient = pay(law())
    for component, allowed in ((DRUG, drug), (FACILITY, facility), (PROFESSIONAL, professional), (FEE, 0), (OTHER, other)):
        owed = SHARE[payer] * allowed
        # The sequester takes two percent of what Medicare itself pays, never of the coinsurance.
        paid = (allowed - owed) * (0.98 if payer == FFS else 1.0)
        assert patient[site, payer, component] == pytest.approx(owed, abs=1e-9)
        assert received[site, payer, component] == pytest.approx(owed + paid, abs=1e-9)


def test_one_bill_in_full() -> None:
    """Medicare patient on campus: $2,450 allowed, $490 the patient's, $1,920.80 of the $1,960 left after the sequester."""
    received, patient = pay(law())
    assert patient[1, FFS].sum() == pytest.approx(490.0)
    assert received[1, FFS].sum() == pytest.approx(490.0 + 1920.80)


def test_the_sequester_touches_medicare_only_and_not_the_patient() -> None:
    with_cut, patient = pay(law(sequester=0.05))
    without, patient_without = pay(law(sequester=0.0))
    np.testing.assert_array_equal(patient, patient_without)
    np.testing.assert_array_equal(with_cut[:, 1:], without[:, 1:])
    np.testing.assert_allclose(with_cut[:, FFS], without[:, FFS] - 0.05 * (without - patient_without)[:, FFS])


@pytest.mark.parametrize(
    ("lever", "service", "kinds"),
    [
        ("drug_administration__on_campus", "drug_administration", [(HOPD_ON, False), (AMC_MAIN, False)]),
        ("drug_administration__excepted", "drug_administration", [(HOPD_OFF, True), (AMC_SATELLITE, True)]),
        ("drug_administration__non_excepted", "drug_administration", [(HOPD_OFF, False), (AMC_SATELLITE, False)]),
        ("clinic_visit__on_campus", "clinic_visit", [(HOPD_ON, False), (AMC_MAIN, False)]),
        ("clinic_visit__excepted", "clinic_visit", [(HOPD_OFF, True), (AMC_SATELLITE, True)]),
        ("clinic_visit__non_excepted", "clinic_visit", [(HOPD_OFF, False), (AMC_SATELLITE, False)]),
    ],
)
def test_each_site_neutral_lever_moves_its_own_sites_only(lever: str, service: str, kinds: list[tuple[int, bool]]) -> None:
    every = [(kind, excepted) for kind in (OFFICE, HOPD_ON, HOPD_OFF, AMC_MAIN, AMC_SATELLITE) for excepted in (0, 1)]
    kind, excepted = (np.array(part) for part in zip(*every, strict=True))
    setting = Setting(kind != OFFICE, kind, excepted.astype(bool), np.zeros(len(kind), dtype=bool))
    name = lever if lever.startswith("clinic") else "site_neutral." + lever
    before = site_neutral_share(law(**{name: 0.9}), service, setting)
    after = site_neutral_share(law(**{name: 0.2}), service, setting)
    moved = {(int(k), bool(e)) for k, e, b, a in zip(kind, excepted, before, after, strict=True) if a != b}
    campus = {HOPD_ON, AMC_MAIN}
    expected = {(k, e) for k, _ in kinds for e in (False, True) if k in campus} | {k for k in kinds if k[0] not in campus}
    assert moved == expected
    assert (after <= before).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_receipts_fall_with_site_neutrality(one: float, other: float) -> None:
    low, high = sorted((one, other))
    less, more = (pay(law(drug_administration__on_campus=share, spillover=1.0))[0] for share in (low, high))
    assert (less <= more + 1e-9).all()
    # Offices are not paid by these rates.
    np.testing.assert_array_equal(less[0], more[0])


def test_commercial_spill_over_at_its_ends() -> None:
    none = allowed_rates(law(), SITES, DRUG_MULTIPLE, SERVICE_MULTIPLE)
    full = allowed_rates(law(spillover=1.0), SITES, DRUG_MULTIPLE, SERVICE_MULTIPLE)
    half = allowed_rates(law(spillover=0.5), SITES, DRUG_MULTIPLE, SERVICE_MULTIPLE)
    np.testing.assert_allclose(none.facility_infusion[:, COMMERCIAL], [0, 600, 600, 600])
    np.testing.assert_allclose(full.facility_infusion[:, COMMERCIAL], [0, 600, 300, 240])
    np.testing.assert_allclose(half.facility_infusion[:, COMMERCIAL], [0, 600, 450, 420])
    np.testing.assert_allclose(full.facility_infusion[:, COMMERCIAL], 2.0 * full.facility_infusion[:, FFS])
    np.testing.assert_array_equal(none.drug, full.drug)


def test_commercial_drugs_equalised_at_the_office_multiple() -> None:
    for share, expected in ((0.0, 1.5), (1.0, 1.2), (0.5, 1.35)):
        rates = allowed_rates(law(commercial_drugs=share), SITES, DRUG_MULTIPLE, SERVICE_MULTIPLE)
        np.testing.assert_allclose(rates.drug[1:, COMMERCIAL], expected)
        assert rates.drug[0, COMMERCIAL] == 1.5
        assert (rates.drug[:, FFS] == [1.06, 1.06, 0.8, 1.06]).all()


def test_without_discount_and_with_the_usual_rate_340b_earns_nothing_extra() -> None:
    values = law(p340b__discount=0.0, p340b__medicare_rate=1.06)
    twins = Setting(np.ones(4, bool), np.full(4, HOPD_OFF), np.zeros(4, bool), np.array([False, True, False, True]))
    received, _ = pay(values, twins)
    cost, _, _ = drug_costs(values, VOLUMES, np.zeros(4), twins.drugs_340b)
    margin = received[:, :, DRUG].sum(axis=1) - cost
    assert (margin == margin[0]).all()


@given(st.floats(0, 0.95), st.floats(0, 0.95), st.floats(0, 0.1))
def test_drugs_never_cost_more_at_a_deeper_discount(one: float, other: float, purchasing: float) -> None:
    low, high = sorted((one, other))
    flags, scale = SITES.drugs_340b, np.full(4, purchasing)
    dear, listed, _ = drug_costs(law(p340b__discount=low), VOLUMES, scale, flags)
    cheap, listed_again, _ = drug_costs(law(p340b__discount=high), VOLUMES, scale, flags)
    assert (cheap <= dear).all() and (dear <= listed).all()
    np.testing.assert_array_equal(listed, listed_again)
    np.testing.assert_array_equal(dear[~flags], listed[~flags])


def test_drugs_by_hand() -> None:
    # Four paying payers at $1,000 and a fifth of it bought for the uninsured: $4,200; 30 % off, or 2 % off by scale.
    cost, listed, _ = drug_costs(law(), VOLUMES, np.array([0.0, 0.02, 0.02, 0.0]), SITES.drugs_340b)
    np.testing.assert_allclose(cost, [4200.0, 4116.0, 2940.0, 4200.0])
    np.testing.assert_allclose(listed, [4200.0, 4116.0, 4116.0, 4200.0])


def test_patients_owe_their_share() -> None:
    np.testing.assert_allclose(patient_shares(law()), [SHARE[payer] for payer in range(5)])


def test_advantage_members_use_less_drug() -> None:
    values = scenario(1, behaviour={"payment.medicare_advantage.drug_intensity": 0.5}).parameters.at(Quarter(2026, 1))
    asp = asp_of_segments(values).reshape(5, 3)
    np.testing.assert_allclose(asp[MA], 0.5 * asp[FFS])
    np.testing.assert_array_equal(asp[COMMERCIAL], asp[FFS])


def test_only_hospital_departments_change_class_with_340b() -> None:
    kind = np.array([OFFICE, HOPD_ON, HOPD_OFF, AMC_MAIN, AMC_SATELLITE])
    assert site_class(kind, np.zeros(5, bool)).tolist() == [0, 1, 1, 3, 3]
    assert site_class(kind, np.ones(5, bool)).tolist() == [0, 2, 2, 3, 3]


def test_the_drug_margin_of_a_market_falls_with_the_discount() -> None:
    margins = [
        run(1, METRO, policy=[{"set": "policy.p340b.discount", "to": discount}]).money.margin_340b.sum()
        for discount in (0.0, 0.2, 0.4)
    ]
    assert margins[0] < margins[1] < margins[2]


def test_departments_there_at_the_start_are_registered_all_along() -> None:
    """While the market settles, 340B hospitals already buy at 340B prices: the first quarter brings no jump."""
    from markets import start

    model = start(1, METRO)
    before = model.sites.eligible_340b.copy()
    contracts = model.contracts.drug.copy()
    model.step()
    assert before.any()
    np.testing.assert_array_equal(before, model.sites.eligible_340b)
    eligible = np.flatnonzero(before & (model.contracts.drug == contracts))
    assert (model.money.margin_340b[eligible] > 0).any()
