from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.competition.cells import Cells
from oncsim.competition.field import PriceField, Standing
from oncsim.competition.leverage import leverage
from oncsim.competition.nash import Table, most_payable

from .small_markets import Sites, draw, full_draw, loss

REFERENCE = 1.3
seeds = st.integers(0, 100_000)
lams = st.sampled_from([1.0, 0.7, 0.5])
often = settings(max_examples=40, deadline=None)


def prices(seed: int, systems: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 3.0, systems)


def assert_row(found: Standing, cells: Cells, system: int, price: np.ndarray) -> None:
    row = leverage(cells)
    assert found.willingness == pytest.approx(row.willingness[system], rel=1e-9, abs=1e-10)
    assert found.patients == pytest.approx(row.patients[system], rel=1e-11)
    assert found.per_patient == pytest.approx(row.per_patient[system], rel=1e-7)
    # In money: the mean of a few patients is what two large sums leave.
    paid = row.patients[system] * (row.diversion @ price + row.beyond * REFERENCE)[system]
    assert found.alternative * found.patients == pytest.approx(paid, rel=1e-9, abs=1e-10)


@often
@given(seeds, lams, st.floats(1e-3, 0.4))
def test_one_system_stands_as_its_row_says(seed: int, lam: float, beyond: float) -> None:
    cells, price = draw(seed, lam, beyond).cells(), prices(seed)
    field = PriceField.of(cells, price, REFERENCE)
    for system in np.unique(cells.system):
        assert_row(field.weigh(int(system)), cells, system, price)


@often
@given(seeds, lams, st.lists(st.integers(0, 4), min_size=2, max_size=4, unique=True))
def test_several_systems_stand_as_the_row_of_the_market_with_them_merged(seed: int, lam: float, parties: list[int]) -> None:
    cells, price = draw(seed, lam).cells(), prices(seed)
    found = PriceField.of(cells, price, REFERENCE).weigh(*parties)
    if not np.isin(parties, cells.system).any():
        assert found == Standing(0.0, 0.0, REFERENCE)
        return
    owner = np.arange(5)
    owner[parties] = parties[0]
    assert_row(found, cells.owned(owner), parties[0], price)


@pytest.mark.parametrize("lam", [1.0, 0.5])
def test_without_care_beyond_where_everybody_has_a_choice(lam: float) -> None:
    for seed in range(10):
        cells, price = full_draw(seed, zones=3, lam=lam, nests=2).cells(), prices(seed, 6)
        field = PriceField.of(cells, price, REFERENCE)
        for system in range(6):
            assert_row(field.weigh(system), cells, system, price)


def test_what_is_paid_elsewhere_is_counted_from_where_people_would_go() -> None:
    """The mean price of the next choices, from taking the system away and choosing again."""
    for seed in range(10):
        sites, price = draw(seed), prices(seed)
        field = PriceField.of(sites.cells(), price, REFERENCE)
        for system in range(5):
            expected = loss(sites, system)
            if expected.patients > 1e-3:
                paid = expected.diversion @ price + expected.beyond * REFERENCE
                assert field.weigh(system).alternative == pytest.approx(paid, rel=1e-8)


@often
@given(seeds, lams)
def test_at_one_price_everywhere_the_alternative_costs_that_price(seed: int, lam: float) -> None:
    cells = draw(seed, lam).cells()
    field = PriceField.of(cells, np.full(5, 2.5), 2.5)
    for system in range(5):
        found = field.weigh(system)
        assert found.alternative * found.patients == pytest.approx(2.5 * found.patients, rel=1e-9, abs=1e-10)


def test_a_field_at_other_prices_is_the_field_of_other_prices() -> None:
    for seed in range(10):
        cells = draw(seed).cells()
        moved, anew = (
            PriceField.of(cells, prices(0), REFERENCE).at(prices(seed)),
            PriceField.of(cells, prices(seed), REFERENCE),
        )
        for parties in ((0,), (3,), (1, 4)):
            assert moved.weigh(*parties) == anew.weigh(*parties)
        if 0 in cells.system:
            assert moved.weigh(0) != PriceField.of(cells, prices(seed + 1), REFERENCE).weigh(0)


@often
@given(seeds, lams, st.integers(0, 4))
def test_the_own_price_does_not_matter(seed: int, lam: float, system: int) -> None:
    cells, price = draw(seed, lam).cells(), prices(seed)
    dearer = price + 100.0 * (np.arange(5) == system)
    one, other = (PriceField.of(cells, p, REFERENCE).weigh(system) for p in (price, dearer))
    assert one.willingness == other.willingness and one.patients == other.patients
    assert one.alternative * one.patients == pytest.approx(other.alternative * other.patients, rel=1e-9, abs=1e-7)


def test_it_gives_the_most_the_payer_would_pay() -> None:
    sites = draw(5)
    cells, price = sites.cells(), prices(5)
    table = Table(np.ones(5), np.full(5, 0.5), 0.4, REFERENCE)
    field, most = PriceField.of(cells, price, REFERENCE), most_payable(leverage(cells), table, price)
    for system in np.flatnonzero(leverage(cells).patients > 0):
        found = field.weigh(int(system))
        assert 0.4 * found.per_patient + found.alternative == pytest.approx(most[system], rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_system_alone_is_replaced_by_care_beyond_all(seed: int) -> None:
    sites = draw(seed)
    alone = replace(sites, system=np.zeros_like(sites.system))
    found = PriceField.of(alone.cells(), prices(seed), REFERENCE).weigh(0)
    n = sites.patients[sites.care_beyond() > 0].sum()
    assert found.willingness == pytest.approx(n * np.log(1 / 0.03), rel=1e-10)
    assert found.patients == pytest.approx(0.97 * n, rel=1e-12)
    assert found.alternative == pytest.approx(REFERENCE, rel=1e-10)


def test_one_without_sites_or_patients_has_nothing_to_bring() -> None:
    zone, system = np.zeros(2, dtype=int), np.array([0, 2])
    sites = Sites(zone, system, zone, np.ones((2, 1)), np.array([[10.0]]), 3, 1, 0.7, 0.1)
    price = np.array([1.0, 2.0, 3.0])
    listed = PriceField.of(sites.cells(), price, REFERENCE)
    assert listed.weigh(1) == Standing(0.0, 0.0, REFERENCE)
    assert listed.weigh(1).per_patient == 0.0
    assert listed.weigh() == Standing(0.0, 0.0, REFERENCE)
    assert listed.weigh(0, 1) == listed.weigh(0) == listed.weigh(1, 0)
    nobody = PriceField.of(replace(sites, patients=np.zeros((1, 1))).cells(), price, REFERENCE)
    assert nobody.weigh(0) == nobody.weigh(0, 1, 2) == Standing(0.0, 0.0, REFERENCE)


def test_without_care_beyond_one_who_has_everything_has_no_finite_worth_and_none_is_reported() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 3):
        zone = np.zeros(count, dtype=int)
        value = rng.uniform(0.5, 2.0, (count, 1))
        sites = Sites(zone, zone, np.arange(count), value, np.array([[10.0]]), 1, count, 0.5, 0.0)
        assert PriceField.of(sites.cells(), np.ones(1), REFERENCE).weigh(0) == Standing(0.0, 0.0, REFERENCE)
