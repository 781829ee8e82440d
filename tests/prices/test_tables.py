"""Published rates and derived defaults of the evidence, reproduced by pricing cases (payment-policy 1.3, 9.1, 9.3)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from oncsim.calendar import Quarter
from oncsim.codes import DEPARTMENTS, HOSPITAL_CLASSES, PAYERS, SETTINGS
from oncsim.parameters import Parameters, load_registry
from oncsim.prices.case import BILLED, Case, Priced, price_case
from oncsim.prices.steps import steps_of

PARAMETERS = Parameters(load_registry())


def price(year: int, quarter: int = 1, **what: object) -> Priced:
    return price_case(PARAMETERS, Case(**what), Quarter(year, quarter))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("year", "setting", "published"),
    [
        (2021, "office", 142.55),
        (2021, "on_campus", 309.56),
        (2021, "excepted", 309.56),
        (2021, "non_excepted", 0.4 * 309.56),
        (2026, "office", 133.0),
        (2026, "non_excepted", 134.8),
    ],
)
def test_published_infusion_rates(year: int, setting: str, published: float) -> None:
    assert price(year, service="administration", setting=setting).rate == pytest.approx(published, abs=0.01)


def test_the_published_hospital_rate_of_2026_before_the_payback_of_the_340b_remedy() -> None:
    case = price(2026, service="administration", setting="on_campus")
    assert float(case.rates.schedule.opps[0, 0]) / 0.995 == pytest.approx(337.0)
    assert case.rate == pytest.approx(337.0 * 0.995)


def test_the_ratio_of_hospital_to_office() -> None:
    """2.17 in 2021 and 2.53 in 2026 (before the payback)."""
    hospital = {year: price(year, service="administration", setting="on_campus").rate for year in (2021, 2026)}
    office = {year: price(year, service="administration", setting="office").rate for year in (2021, 2026)}
    assert hospital[2021] / office[2021] == pytest.approx(2.17, abs=0.005)
    assert hospital[2026] / 0.995 / office[2026] == pytest.approx(2.53, abs=0.005)


@pytest.mark.parametrize(
    ("year", "quarter", "receipt"), [(2010, 1, 1.06), (2013, 2, 1.043), (2021, 1, 1.06), (2022, 2, 1.052), (2026, 1, 1.043)]
)
def test_what_an_office_receives_for_a_drug(year: int, quarter: int, receipt: float) -> None:
    case = price(year, quarter, service="drug", asp=1000.0)
    assert case.receipt / 1000.0 == pytest.approx(receipt, abs=5e-4)


# From 9.1: (year, quarter, OPPS drug rate, 340B drug rate, non-excepted share, visit and administration off campus).
SERIES = [
    (2013, 2, 1.06, 1.06, 1.0, 1.0, 1.0),
    (2016, 1, 1.06, 1.06, 1.0, 1.0, 1.0),
    (2017, 1, 1.06, 1.06, 0.50, 1.0, 1.0),
    (2018, 1, 1.06, 0.775, 0.40, 1.0, 1.0),
    (2019, 1, 1.06, 0.775, 0.40, 0.70, 1.0),
    (2020, 1, 1.06, 0.775, 0.40, 0.40, 1.0),
    (2021, 1, 1.06, 0.775, 0.40, 0.40, 1.0),
    (2022, 4, 1.06, 1.06, 0.40, 0.40, 1.0),
    (2025, 1, 1.06, 1.06, 0.40, 0.40, 1.0),
    (2026, 1, 1.06, 1.06, 0.40, 0.40, 0.40),
]


@pytest.mark.parametrize(("year", "quarter", "usual", "p340b", "new", "visit", "infusion"), SERIES)
def test_the_hindcast_series(
    year: int, quarter: int, usual: float, p340b: float, new: float, visit: float, infusion: float
) -> None:
    drug = {"service": "drug", "setting": "excepted", "asp": 1000.0}
    assert price(year, quarter, **drug).rate == pytest.approx(1000.0 * usual)
    assert price(year, quarter, drugs_340b=True, **drug).rate == pytest.approx(1000.0 * p340b)
    for service, off_campus in (("visit", visit), ("administration", infusion)):
        on = price(year, quarter, service=service, setting="on_campus")
        facility = {
            setting: price(year, quarter, service=service, setting=setting).allowed[1]
            for setting in ("excepted", "non_excepted")
        }
        assert facility["excepted"] == pytest.approx(off_campus * on.allowed[1])
        payback = 0.995 if year >= 2026 else 1.0
        assert facility["non_excepted"] == pytest.approx(new * on.allowed[1] / payback)


def test_the_340b_cut_is_day_weighted_in_the_quarter_it_ended() -> None:
    case = price(2022, 3, service="drug", setting="on_campus", drugs_340b=True, asp=1000.0)
    assert case.rate / 1000.0 == pytest.approx((89 * 0.775 + 3 * 1.06) / 92, abs=1e-4)


@pytest.mark.parametrize("spared", ["critical_access", "sole_community_rural", "childrens", "cancer"])
def test_classes_spared_by_the_340b_cut(spared: str) -> None:
    case = price(2019, service="drug", setting="on_campus", hospital_class=spared, drugs_340b=True, asp=1000.0)
    assert case.rate == pytest.approx(1060.0)


def test_rural_sole_community_hospitals_keep_the_full_rate_off_campus_in_2026() -> None:
    rural, urban = (
        price(2026, service="administration", setting="excepted", hospital_class=f"sole_community_{where}")
        for where in ("rural", "urban")
    )
    on_campus = price(2026, service="administration", setting="on_campus")
    assert rural.rate == pytest.approx(on_campus.rate)
    assert urban.rate == pytest.approx(0.4 * on_campus.rate)


def test_the_340b_acquisition_cost_and_margins() -> None:
    """A cost of about 0.67 ASP; 0.38 ASP kept now, about 0.11 under the cut of 2018 to 2022."""
    now = price(2026, service="drug", setting="on_campus", drugs_340b=True, asp=1000.0)
    assert now.cost / 1000.0 == pytest.approx(0.666, abs=0.005)
    assert now.margin / 1000.0 == pytest.approx(0.377, abs=0.005)
    cut = price(2019, service="drug", setting="on_campus", drugs_340b=True, asp=1000.0)
    assert cut.receipt / 1000.0 == pytest.approx(0.775 * 0.984, abs=1e-3)
    assert cut.margin / 1000.0 == pytest.approx(0.11, abs=0.02)


def test_commercial_prices_by_class() -> None:
    asp = {"service": "drug", "payer": "commercial", "asp": 1000.0}
    assert price(2026, **asp).rate == pytest.approx(1240.0)
    assert price(2026, setting="on_campus", **asp).rate == pytest.approx(1810.0)


@pytest.mark.parametrize("service", BILLED)
def test_the_steps_end_where_the_engine_does(service: str) -> None:
    """The arithmetic that is printed is that of the amounts: totals of steps equal the priced case, in every setting."""
    for payer, setting, program, year in itertools.product(PAYERS, SETTINGS, (False, True), (2012, 2019, 2026, 2029)):
        if service == "care_management" and payer != "medicare_ffs":
            continue
        case = price(year, service=service, payer=payer, setting=setting, drugs_340b=program)
        steps = steps_of(case)
        named = {step.what: step.amount for step in steps if step.total}
        allowed = sum(amount for what, amount in named.items() if what.endswith(("allowed", "fee")))
        assert allowed == pytest.approx(case.rate)
        assert named["provider receives"] == pytest.approx(case.receipt)
        assert case.patient + case.paid == pytest.approx(case.receipt)
        assert case.rate == pytest.approx(case.receipt + case.sequester)
        assert all(np.isfinite(step.amount) for step in steps)


def test_every_class_of_hospital_has_a_price() -> None:
    rates = {
        (name, setting): price(2026, setting=setting, hospital_class=name).rate
        for name in HOSPITAL_CLASSES
        for setting in DEPARTMENTS
    }
    assert all(rate > 4000 for rate in rates.values())
