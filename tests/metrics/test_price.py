from __future__ import annotations

import numpy as np
import pytest

from oncsim.metrics import price_base

from .tiny import tiny, values_of

ALL = ("all", "")
INDEX, OVER_MEDICARE = "price.commercial_index", "price.commercial_to_medicare"


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
