from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.codes import BARGAINED, HOPD_OFF, HOPD_ON, OFFICE, PAYERS
from oncsim.metrics import price_base
from oncsim.processes.price_change import PriceChanges

from .tiny import tiny, values_of

ALL = ("all", "")
INDEX, OVER_MEDICARE = "price.commercial_index", "price.commercial_to_medicare"
OVER_OFFICE, LEVEL, AFTER = "price.hospital_to_office", "price.level", "price.after_acquisition"
PLANS, COMMERCIAL = (("all", f"payer={PAYERS[payer]}") for payer in BARGAINED)


def test_the_index_is_100_in_the_first_recorded_quarter_and_undefined_before() -> None:
    state = tiny(1)
    state.price_base = None
    assert values_of(INDEX, state) == {}
    state.price_base = price_base(state)
    assert values_of(INDEX, state)[ALL] == pytest.approx(100)


def test_the_basket_is_a_copy() -> None:
    state = tiny(1)
    state.price_base = price_base(state)
    state.commercial_price *= 1.1
    state.sites.infusions *= np.arange(1, 16)  # patients move: the weights do not
    assert values_of(INDEX, state)[ALL] == pytest.approx(110)


def test_one_site_moves_the_index_by_its_share_of_the_basket() -> None:
    state = tiny(1)
    state.sites.open[:] = True
    base = state.price_base = price_base(state)
    state.commercial_price[2] *= 2
    spent = base.weights * base.prices
    assert values_of(INDEX, state)[ALL] == pytest.approx(100 * (1 + spent[2] / spent.sum()))


def test_closing_and_opening_sites_is_not_a_change_of_price() -> None:
    state = tiny(1)
    state.price_base = price_base(state)
    state.sites.open[4] = False
    state.commercial_price[5] = np.nan  # no contract any more
    state.sites.append(org=0, infusions=99.0)
    state.commercial_price = np.append(state.commercial_price, 1e6)
    assert values_of(INDEX, state)[ALL] == pytest.approx(100)


def test_commercial_to_medicare_is_one_where_prices_are_equal() -> None:
    state = tiny(1)
    state.medicare_price = state.commercial_price.copy()
    assert values_of(OVER_MEDICARE, state)[ALL] == pytest.approx(1)
    state.medicare_price /= 2
    assert values_of(OVER_MEDICARE, state)[ALL] == pytest.approx(2)


def test_only_commercial_infusions_weigh() -> None:
    state = tiny(1)
    before = values_of(OVER_MEDICARE, state)
    state.sites.infusions[:, :6] *= 7  # Medicare
    assert values_of(OVER_MEDICARE, state) == before
    state.sites.infusions[2, 6] *= 7  # commercial, standard
    assert values_of(OVER_MEDICARE, state) != before


def test_hospitals_over_offices_compares_the_prices_of_one_payer() -> None:
    state = tiny(1)
    state.sites.kind[:] = np.where(np.arange(9) % 2, OFFICE, HOPD_OFF)
    state.advantage_price[:] = state.commercial_price[:] = 4000.0
    assert values_of(OVER_OFFICE, state) == {PLANS: pytest.approx(1), COMMERCIAL: pytest.approx(1)}
    state.commercial_price[state.sites.kind != OFFICE] *= 1.75
    assert values_of(OVER_OFFICE, state) == {PLANS: pytest.approx(1), COMMERCIAL: pytest.approx(1.75)}


def test_a_mean_price_is_weighted_by_infusions_within_the_setting() -> None:
    state = tiny(1)
    state.sites.kind[:] = OFFICE
    state.sites.kind[:2] = HOPD_ON
    state.sites.infusions[:] = 1.0
    state.sites.infusions[0, 6:9] = 3.0  # commercial
    state.commercial_price[:] = [8000.0, 4000.0, *([2000.0] * 7)]
    assert values_of(OVER_OFFICE, state)[COMMERCIAL] == pytest.approx((3 * 8000 + 4000) / 4 / 2000)


@pytest.mark.parametrize("unknown", [0.0, np.nan])
def test_a_site_without_a_price_is_left_out_of_the_ratio(unknown: float) -> None:
    state = tiny(1)
    state.sites.kind[:] = np.where(np.arange(9) % 2, OFFICE, HOPD_ON)
    state.commercial_price[:] = np.where(state.sites.kind == OFFICE, 2000.0, 3000.0)
    state.commercial_price[[0, 1]] = unknown
    assert values_of(OVER_OFFICE, state)[COMMERCIAL] == pytest.approx(1.5)
    state.commercial_price[state.sites.kind == OFFICE] = unknown
    assert set(values_of(OVER_OFFICE, state)) == {PLANS}


def test_the_level_is_what_contracts_say_and_not_what_the_setting_adds() -> None:
    state = tiny(1)
    state.contracts.level[:] = [0.9, 1.3]
    expected = {PLANS: pytest.approx(0.9), COMMERCIAL: pytest.approx(1.3)}
    assert values_of(LEVEL, state) == expected
    state.sites.kind[:] = HOPD_ON
    state.commercial_price *= 2
    assert values_of(LEVEL, state) == expected


def test_a_site_opened_since_contracts_were_listed_has_no_level() -> None:
    state = tiny(1)
    before = values_of(LEVEL, state)
    state.sites.append(org=0, infusions=99.0)
    assert values_of(LEVEL, state) == before


changes = st.floats(0.2, 5.0)


@given(table=changes, bargained=changes, years=st.integers(0, 4))
def test_of_a_single_site_the_whole_is_the_product_of_the_parts(table: float, bargained: float, years: int) -> None:
    state = tiny(1)
    one, hospital = np.ones(1), np.ones(1, dtype=np.bool_)
    state.changes = PriceChanges(np.array([3]), np.array([years]), table * one, bargained * one, one, hospital)
    found = values_of(AFTER, state)
    parts = {part: found["all", f"component={part};years={years}"] for part in ("rate_table", "bargained", "total")}
    assert len(found) == 3
    assert parts["total"] == pytest.approx((1 + parts["rate_table"]) * (1 + parts["bargained"]) - 1, abs=1e-12)


def test_where_nothing_was_redesignated_the_rate_table_adds_exactly_nothing() -> None:
    state = tiny(3, zones=8)
    state.changes = replace(state.changes, rate_table=np.ones(len(state.changes.site)))
    found = values_of(AFTER, state)
    tables = {group: value for (_, group), value in found.items() if "rate_table" in group}
    assert tables and all(value == 0.0 for value in tables.values())
    for _, group in found:
        if "total" in group:
            assert found["all", group] == pytest.approx(found["all", group.replace("total", "bargained")])


def test_only_what_hospitals_bought_within_five_years_and_commercial_plans_use_counts() -> None:
    state = tiny(1)
    site, years = np.array([0, 1, 2, 3]), np.array([0, 0, 5, 0])
    twice, four = np.full(4, 2.0), np.array([1.0, 3.0, 3.0, 3.0])
    state.changes = PriceChanges(site, years, twice, four, np.zeros(4), np.array([True, False, True, True]))
    state.sites.infusions[3, 6:9] = 0.0
    assert values_of(AFTER, state) == {
        ("all", "component=bargained;years=0"): 0.0,
        ("all", "component=rate_table;years=0"): 1.0,
        ("all", "component=total;years=0"): 1.0,
    }
