from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from markets import built, tiny_market
from oncsim.state.zones import Zones, weighted_quartile


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6)), min_size=1, max_size=60))
def test_quartiles_rise_with_the_value(rows: list[tuple[float, float]]) -> None:
    values, weights = (np.array(column) for column in zip(*rows, strict=True))
    quartile = weighted_quartile(values, weights)
    assert set(quartile.tolist()) <= {1, 2, 3, 4}
    order = np.argsort(values, kind="stable")
    assert (np.diff(quartile[order]) >= 0).all()


def test_quartiles_hold_a_quarter_of_the_people_each() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.uniform(size=4000), rng.uniform(size=4000)
    people = np.bincount(weighted_quartile(values, weights), weights=weights)[1:]
    np.testing.assert_allclose(people / weights.sum(), 0.25, atol=0.002)


def test_a_quartile_without_people_is_no_fault() -> None:
    assert weighted_quartile(np.array([0.1, 0.9]), np.zeros(2)).tolist() == [1, 1]


def test_zones_without_a_referral_region_belong_to_no_such_market() -> None:
    table = tiny_market(1, zones=4).zones.copy()
    table["hrr"] = ["", "9", "", "10"]
    ids, codes = Zones.from_table(table).markets["hrr"]
    assert [ids[code] if code >= 0 else "" for code in codes] == ["", "9", "", "10"]
    table["hrr"] = ""
    assert "hrr" not in Zones.from_table(table).markets


def test_every_zone_has_its_own_market_of_the_table() -> None:
    table = built().zones
    zones = Zones.from_table(table)
    assert [zones.market_ids[code] for code in zones.market] == table["market"].tolist()
