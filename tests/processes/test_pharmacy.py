"""Pharmacy as part of oncology: who takes it in, and what it moves there and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import events, row
from oncsim.codes import SERVICE_LINES
from oncsim.model import OncologyMarket
from oncsim.processes.care import start_capacity
from oncsim.processes.pharmacy import add_pharmacy, pharmacy_cost, pharmacy_margin, take_up_pharmacy
from towns import market, place, practice, sites_of, steps, still, system

PHARMACY = SERVICE_LINES.index("pharmacy")
TOWN = market(
    practice("one", sites=[
        {"id": "large", "at": "town", "oncologists": 4, "chairs": 60, "lines": ["infusion"]},
        {"id": "small", "at": "town", "oncologists": 1, "chairs": 20, "lines": ["infusion"]},
    ]),
    system("host", lines=["infusion", "pharmacy"]),
    practice("two", oncologists=3),
    zones=[place("town", 110_000), place("country", 10_000, 25, rural=True)],
)  # fmt: skip
KEEN: dict[str, Any] = {
    "health_system.pharmacy.yearly": 1.0,
    "health_system.pharmacy.setup": 40_000.0,
    "health_system.pharmacy.upkeep": 80_000.0,
    "finance.pharmacy_margin": 9000.0,
}


def site(model: OncologyMarket, name: str) -> int:
    """Return the row of a site."""
    return int(np.flatnonzero(model.sites.id == name)[0])


def two_of_them() -> tuple[OncologyMarket, OncologyMarket, int]:
    """Return a model with a pharmacy added after a quarter, one without, and where it was added."""
    with_it, without = (steps(still(3, TOWN), 1) for _ in range(2))
    large = site(with_it, "large")
    add_pharmacy(with_it, large, "the test says so")
    return with_it, without, large


def test_capacity_rises_only_where_pharmacy_was_taken_in() -> None:
    with_it, without, large = two_of_them()
    for model in (with_it, without):
        model.sites.chairs[:] = 1e6  # oncologists are what is short
    ratio = start_capacity(with_it) / start_capacity(without)
    expected = np.ones(len(ratio))
    expected[large] += float(with_it.law["care.pharmacy_time"])
    np.testing.assert_allclose(ratio, expected)
    assert expected[large] > 1.01


def test_events_and_admissions_fall_only_where_pharmacy_was_taken_in() -> None:
    with_it, without, large = two_of_them()
    steps(with_it, 1), steps(without, 1)
    effect = float(with_it.law["care.pharmacy_effect"])
    assert effect < 1
    for part in ("adverse_events", "readmissions"):
        per_time = [getattr(m.care, part) / m.care.patient_quarters.sum(axis=1) for m in (with_it, without)]
        expected = np.ones(len(with_it.sites))
        expected[large] = effect
        np.testing.assert_allclose(per_time[0] / per_time[1], expected)


def test_only_the_books_of_who_took_it_in_bear_what_it_costs_less_what_it_keeps() -> None:
    with_it, without, large = two_of_them()
    steps(with_it, 1), steps(without, 1)
    assert (pharmacy_cost(without) == 0).all()
    cost, law = pharmacy_cost(with_it), with_it.law
    time = with_it.care.patient_quarters[large].sum()
    kept = time * float(law["care.pharmacy_oral"]) * float(law["finance.pharmacy_margin"])
    assert cost[large] == pytest.approx(float(law["health_system.pharmacy.upkeep"]) / 4 - kept)
    assert pharmacy_margin(with_it)[large] == pytest.approx(kept)
    assert np.flatnonzero(cost).tolist() == [large]
    # The host has had one from the start: that is part of its books anyway.
    assert with_it.sites.lines[sites_of(with_it, "host"), PHARMACY].all()
    with_it.sites.open[large] = False
    assert (pharmacy_cost(with_it) == 0).all()


def taken_up(quarters: int = 4, **behaviour: Any) -> OncologyMarket:
    return steps(still(quarters, TOWN, behaviour={**KEEN, **behaviour}), quarters)


def test_organisations_take_it_into_their_largest_site_first_and_tell_it() -> None:
    model = taken_up(1)
    assert model.sites.pharmacy_added[site(model, "large")] and not model.sites.pharmacy_added[site(model, "small")]
    told = events(model, "capability_added")
    assert set(told["actor"]) == {"one", "two"} and set(told["site"]) == {"large", "two_office"}
    later = taken_up(4)
    assert later.sites.lines[later.sites.open, PHARMACY].all()
    assert len(events(later, "capability_added")) == 3


@pytest.mark.parametrize(
    "off",
    [
        {"health_system.pharmacy.yearly": 0.0},
        {"finance.pharmacy_margin": 0.0},
        {"care.pharmacy_oral": 0.0},
        {"health_system.pharmacy.upkeep": 9e7},
    ],
    ids=lambda off: next(iter(off)),
)
def test_nobody_takes_it_up_without_occasion_or_where_it_does_not_pay(off: dict[str, float]) -> None:
    model = taken_up(**off)
    assert not model.sites.pharmacy_added.any() and len(events(model, "capability_added")) == 0
    assert taken_up().sites.pharmacy_added.any()


def test_setting_it_up_is_paid_from_cash_and_those_without_cash_wait() -> None:
    model = steps(still(3, TOWN, behaviour={**KEEN, "health_system.pharmacy.yearly": 0.0}), 2)
    model.law = still(3, TOWN, behaviour=KEEN).parameters.at(model.quarter)  # willing from now on
    setup = float(model.law["health_system.pharmacy.setup"])
    one, two = row(model, "one"), row(model, "two")
    model.orgs.cash[one], model.orgs.cash[two] = setup + 1.0, setup - 1.0
    take_up_pharmacy(model)
    assert model.sites.pharmacy_added[sites_of(model, "one")].sum() == 1
    assert model.sites.pharmacy_added[sites_of(model, "two")].sum() == 0
    assert model.orgs.cash[one] == pytest.approx(1.0) and model.orgs.cash[two] == pytest.approx(setup - 1.0)
