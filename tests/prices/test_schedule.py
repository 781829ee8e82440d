"""Site neutrality: which lever moves which places, how far, and that the whole way leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import scenario
from oncsim.calendar import Quarter
from oncsim.codes import AMC_MAIN, AMC_SATELLITE, FREESTANDING, HOME, HOPD_OFF, HOPD_ON, HOSPITAL_CLASSES, SETTINGS, STATES
from oncsim.codes import OFFICE as OFFICE_KIND
from oncsim.prices.places import setting_of, site_class
from oncsim.prices.rates import allowed_rates
from oncsim.prices.schedule import ADMINISTRATION, IMAGING, SCHEDULED, VISIT, medicare_schedule
from prices.law import CAMPUS, COMMERCIAL, CONTRACT, MA, NEW, OFFICE, OLD, PLACES, law


@pytest.mark.parametrize(
    ("lever", "service", "place"),
    [
        ("drug_administration.on_campus", ADMINISTRATION, CAMPUS),
        ("drug_administration.excepted", ADMINISTRATION, OLD),
        ("drug_administration.non_excepted", ADMINISTRATION, NEW),
        ("clinic_visit.on_campus", VISIT, CAMPUS),
        ("clinic_visit.excepted", VISIT, OLD),
        ("clinic_visit.non_excepted", VISIT, NEW),
    ],
)
def test_each_site_neutral_lever_moves_its_own_departments_only(lever: str, service: int, place: int) -> None:
    name = f"policy.site_neutral.{lever}"
    before = medicare_schedule(law(**{name: 0.9}), PLACES).facility
    after = medicare_schedule(law(**{name: 0.2}), PLACES).facility
    moved = np.argwhere(before != after).tolist()
    assert moved == [[service, place]]
    assert after[service, place] == pytest.approx(before[service, place] * 0.2 / 0.9)


def test_imaging_without_contrast_is_part_of_imaging() -> None:
    cut = medicare_schedule(law(**{"policy.site_neutral.imaging_without_contrast": 0.4}), PLACES)
    usual = medicare_schedule(law(), PLACES)
    # Three tenths of imaging, at 40 % of its rate.
    np.testing.assert_allclose(cut.facility[IMAGING, CAMPUS], 1000.0 * (0.7 + 0.3 * 0.4))
    np.testing.assert_array_equal(cut.facility[:IMAGING], usual.facility[:IMAGING])


@given(st.floats(0, 1), st.floats(0, 1))
def test_hospitals_receive_less_with_more_site_neutrality(one: float, other: float) -> None:
    low, high = sorted((one, other))
    less, more = (
        allowed_rates(law(drug_administration__on_campus=share, commercial_spillover=1.0), PLACES, CONTRACT).facility
        for share in (low, high)
    )
    assert (less <= more + 1e-9).all()
    np.testing.assert_array_equal(less[:, OFFICE], 0.0)


@pytest.mark.parametrize("part", [0.0, 0.25, 1.0])
def test_the_way_to_the_office_payment(part: float) -> None:
    """MedPAC's equality: at the end of the way hospital and physician together get what the office gets."""
    entries = {f"policy.office_equal.{service}": part for service in SCHEDULED}
    plain, moved = medicare_schedule(law(), PLACES), medicare_schedule(law(**entries), PLACES)
    hospital = [CAMPUS, OLD, NEW]
    total = (moved.facility + moved.professional)[:, hospital]
    expected = (1 - part) * (plain.facility + plain.professional)[:, hospital] + part * plain.office[:, hospital]
    np.testing.assert_allclose(total, expected)
    np.testing.assert_array_equal(moved.professional, plain.professional)
    if part == 1.0:
        np.testing.assert_allclose(total, plain.office[:, hospital])


def test_commercial_spill_over_at_its_ends() -> None:
    def paid(spill: float) -> Any:
        rates = allowed_rates(law(commercial_spillover=spill), PLACES, CONTRACT)
        return rates.facility[ADMINISTRATION, :, COMMERCIAL]

    np.testing.assert_allclose(paid(0.0), [0, 600, 600, 600])
    np.testing.assert_allclose(paid(1.0), [0, 600, 300, 240])
    np.testing.assert_allclose(paid(0.5), [0, 600, 450, 420])


def test_state_law_bars_facility_fees_off_campus_in_its_state_only() -> None:
    here = replace(PLACES, state=np.full(4, STATES.index("TX")))
    banned = [{"set": "policy.facility_fee_ban.TX", "to": 1.0}]
    usual = allowed_rates(law(), here, CONTRACT).facility
    barred = allowed_rates(law(policy=banned), here, CONTRACT).facility
    elsewhere = allowed_rates(law(policy=[{"set": "policy.facility_fee_ban.CA", "to": 1.0}]), here, CONTRACT).facility
    np.testing.assert_array_equal(elsewhere, usual)
    np.testing.assert_array_equal(np.delete(barred, COMMERCIAL, axis=2), np.delete(usual, COMMERCIAL, axis=2))
    np.testing.assert_array_equal(barred[:, CAMPUS], usual[:, CAMPUS])
    # Off campus the hospital gets what brings both to twice the office's payment.
    np.testing.assert_allclose(barred[ADMINISTRATION, [OLD, NEW], COMMERCIAL], 2 * 100.0)
    np.testing.assert_allclose(barred[VISIT, [OLD, NEW], COMMERCIAL], 2 * (120.0 - 80.0))


def test_a_market_without_states_has_what_most_states_say_of_facility_fees() -> None:
    ban = "policy.facility_fee_ban"
    usual = allowed_rates(law(), PLACES, CONTRACT).facility
    one_state = allowed_rates(law(policy=[{"set": f"{ban}.TX", "to": 1.0}]), PLACES, CONTRACT).facility
    np.testing.assert_array_equal(one_state, usual)
    all_states = allowed_rates(law(policy=[{"set": ban, "to": 1.0}]), PLACES, CONTRACT).facility
    np.testing.assert_allclose(all_states[ADMINISTRATION, [OLD, NEW], COMMERCIAL], 2 * 100.0)
    np.testing.assert_array_equal(all_states[:, CAMPUS], usual[:, CAMPUS])


def test_site_neutral_advantage_contracts_pay_no_more_than_the_office() -> None:
    neutral = [{"set": "policy.medicare_advantage.site_neutral", "to": 1.0}]
    usual, equal = allowed_rates(law(), PLACES, CONTRACT), allowed_rates(law(policy=neutral), PLACES, CONTRACT)
    total = (equal.facility + equal.professional)[:, :, MA]
    office = 0.95 * equal.schedule.office
    assert (total <= office + 1e-9).all()
    np.testing.assert_array_equal(np.delete(equal.facility, MA, axis=2), np.delete(usual.facility, MA, axis=2))


def test_the_remedy_of_340b_lowers_opps_rates_but_not_those_of_the_physician_schedule() -> None:
    paid = medicare_schedule(law(**{"p340b__opps_adjustment": -0.03}), PLACES).facility
    usual = medicare_schedule(law(), PLACES).facility
    np.testing.assert_allclose(paid[:, [CAMPUS, OLD]], 0.97 * usual[:, [CAMPUS, OLD]])
    np.testing.assert_array_equal(paid[:, [OFFICE, NEW]], usual[:, [OFFICE, NEW]])


def test_settings_of_kinds_and_dates() -> None:
    kind = np.array([OFFICE_KIND, HOPD_ON, HOPD_OFF, HOPD_OFF, AMC_MAIN, AMC_SATELLITE, FREESTANDING, HOME])
    excepted = np.array([False, False, True, False, False, True, False, False])
    words = [SETTINGS[code] for code in setting_of(kind, excepted)]
    assert words == ["office", "on_campus", "excepted", "non_excepted", "on_campus", "excepted", "freestanding", "home"]


def test_only_departments_change_class_with_340b() -> None:
    kind = np.array([OFFICE_KIND, HOPD_ON, HOPD_OFF, AMC_MAIN, AMC_SATELLITE, FREESTANDING])
    assert site_class(kind, np.zeros(6, bool)).tolist() == [0, 1, 1, 3, 3, 4]
    assert site_class(kind, np.ones(6, bool)).tolist() == [0, 2, 2, 3, 3, 4]


def test_a_where_policy_exempts_a_class_of_hospitals() -> None:
    """Rural sole community hospitals keep the full rate while all others are cut."""
    spared = HOSPITAL_CLASSES.index("sole_community_rural")
    places = replace(PLACES, hospital_class=np.array([-1, spared, spared, 0]))
    exempt = {
        "set": "policy.site_neutral.drug_administration",
        "to": 1.0,
        "where": {"hospital_class": "sole_community_rural"},
    }
    cut = {"set": "policy.site_neutral.drug_administration", "to": 0.3, "where": {"hospital_class": "general"}}
    values = scenario(1, policy=[cut, exempt]).parameters.at(Quarter(2026, 1))
    np.testing.assert_allclose(medicare_schedule(values, places).share[ADMINISTRATION], [1.0, 1.0, 1.0, 0.3])
