"""Employer bundles: a system's own employees are treated by a practice where that costs it less."""

from __future__ import annotations

import numpy as np
import pytest

from markets import row
from oncsim.codes import PAYERS, SEGMENTS
from oncsim.model import OncologyMarket
from oncsim.processes.employer_bundle import bundle_gain, bundled_patients, commercial_payment, employees_with_cancer
from towns import STAGE, UNMOVED, bind, market, place, practice, sites_of, steps, still, system

COMMERCIAL = PAYERS.index("commercial")
COMMERCIAL_SEGMENTS = np.array([payer == "commercial" for payer, _ in SEGMENTS])
TOWN = market(
    practice("cheap", oncologists=6),
    system("employer", oncologists=0, beds=600),
    system("dear", oncologists=4, beds=500),
    system("small", oncologists=0, beds=20),
    practice("other"),
    zones=[place("town", 160_000), place("country", 10_000, 25, rural=True)],
)


def at_prices(practice_price: float, hospital_price: float) -> OncologyMarket:
    """Return a model in which commercial plans pay so much for a quarter under treatment."""
    model = steps(still(2, TOWN), 1)
    for site in range(len(model.sites)):
        price = hospital_price if model.sites.hospital[site] >= 0 else practice_price
        time = model.care.patient_quarters[site, COMMERCIAL_SEGMENTS].sum()
        model.money.paid[site, COMMERCIAL, :] = 0.0
        model.money.paid[site, COMMERCIAL, 0] = price * time
    return model


def gain(model: OncologyMarket, a: str, b: str) -> tuple[float, float]:
    dollars, patients = bundle_gain(model, np.array([row(model, a)]), np.array([row(model, b)]))
    return float(dollars[0]), float(patients[0])


def test_a_bundle_is_worth_what_the_employer_saves_and_the_margin_on_the_volume() -> None:
    model = at_prices(8000.0, 10_000.0)
    law = model.law
    ill = 600 * float(law["partnership.bundle.employees_per_bed"]) * float(law["partnership.bundle.covered"])
    ill *= float(law["partnership.bundle.incidence"])
    assert employees_with_cancer(model)[row(model, "employer")] == pytest.approx(ill)
    expected = ill * float(law["partnership.bundle.quarters"]) * (2000 + 8000 * float(law["partnership.bundle.margin"]))
    assert gain(model, "employer", "cheap") == pytest.approx((expected, ill))
    assert gain(model, "cheap", "employer") == pytest.approx((expected, ill))


@pytest.mark.parametrize("hospital_price", [8000.0, 7000.0, 8300.0])
def test_there_is_nothing_to_contract_at_equal_prices_or_for_a_trifle(hospital_price: float) -> None:
    assert gain(at_prices(8000.0, hospital_price), "employer", "cheap")[0] == 0.0
    assert gain(at_prices(8000.0, 8600.0), "employer", "cheap")[0] > 0.0


def test_a_bundle_is_worth_more_the_wider_the_gap_between_prices() -> None:
    found = [gain(at_prices(8000.0, price), "employer", "cheap")[0] for price in (9000.0, 11_000.0, 15_000.0)]
    assert 0 < found[0] < found[1] < found[2]


def test_no_bundle_below_the_least_volume_or_without_a_price() -> None:
    model = at_prices(8000.0, 10_000.0)
    assert employees_with_cancer(model)[row(model, "small")] < float(model.law["partnership.bundle.least_patients"])
    assert gain(model, "small", "cheap") == (0.0, 0.0)
    assert gain(at_prices(0.0, 10_000.0), "employer", "cheap")[0] == 0.0
    assert gain(at_prices(8000.0, 0.0), "employer", "cheap")[0] == 0.0


def test_a_system_with_oncologists_treats_its_employees_itself() -> None:
    assert gain(at_prices(8000.0, 10_000.0), "dear", "cheap")[0] == 0.0


@pytest.mark.parametrize("pair", [("cheap", "other"), ("employer", "dear")])
def test_a_bundle_joins_an_owner_of_hospitals_and_a_practice(pair: tuple[str, str]) -> None:
    assert gain(at_prices(8000.0, 10_000.0), *pair) == (0.0, 0.0)


def test_prices_are_payments_over_time_under_treatment() -> None:
    model = at_prices(8000.0, 10_000.0)
    paid, time = commercial_payment(model)
    for name, price in (("cheap", 8000.0), ("other", 8000.0), ("dear", 10_000.0)):
        assert paid[row(model, name)] / time[row(model, name)] == pytest.approx(price)
    assert time[row(model, "employer")] == 0.0


@pytest.mark.parametrize(
    ("stage", "works"),
    [("ramp_up", False), ("active", True), ("deepened", True), ("scaled_back", True), ("dissolved", False)],
)
def test_patients_are_sent_while_a_bundle_works(stage: str, works: bool) -> None:
    model = steps(still(2, TOWN), 1)
    tie = bind(model, "employer", "cheap", "employer_bundle")
    model.ties.stage[tie] = STAGE[stage]
    sent = dict(zip(*(part.tolist() for part in bundled_patients(model)), strict=True))
    expected = {row(model, "cheap"): employees_with_cancer(model)[row(model, "employer")] / 4} if works else {}
    assert sent == pytest.approx(expected)
    model.ties.form[tie] = 0
    assert len(bundled_patients(model)[0]) == 0


def test_patients_of_a_bundle_appear_at_the_practice_and_are_commercial() -> None:
    # Plenty of room, so that nobody waits; other organisations lose what the practice gains.
    behaviour = {**UNMOVED, "partnership.bundle.incidence": 0.004}
    bundled, without = (steps(still(4, TOWN, behaviour=behaviour), 1) for _ in range(2))
    bind(bundled, "employer", "cheap", "employer_bundle")
    steps(bundled, 2), steps(without, 2)
    sent = bundled_patients(bundled)[1][0]
    more = bundled.sites.starts - without.sites.starts
    cheap = sites_of(bundled, "cheap")
    gained = more[cheap][:, COMMERCIAL_SEGMENTS].sum()
    assert sent > 5
    # Those sent who would have come anyway are not new to it.
    assert 0.3 * sent < gained < sent
    assert abs(more[cheap][:, ~COMMERCIAL_SEGMENTS].sum()) < 0.05 * gained
    others = np.setdiff1d(np.arange(len(bundled.sites)), cheap)
    assert more[others][:, COMMERCIAL_SEGMENTS].sum() < -0.5 * gained
