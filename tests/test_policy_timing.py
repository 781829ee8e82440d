"""Policy in time: what is not known changes nothing, what is known changes plans before it changes payments."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

from markets import MIXED, finish, start

CUT = {"set": "policy.p340b.medicare_rate", "from": "2027Q1", "to": 0.3}
QUARTERS = 8


@cache
def tables(*policy: tuple[tuple[str, Any], ...]) -> dict[str, pd.DataFrame]:
    entries = [dict(one) for one in policy]
    # Buyers look every quarter, so that what they expect shows.
    behaviour = {"health_system.acquisition.attention": 1.0, "practice.horizon": 3}
    return finish(start(QUARTERS, MIXED, policy=entries, behaviour=behaviour)).tables()


def before(found: dict[str, pd.DataFrame], name: str, quarter: str) -> pd.DataFrame:
    table = found[name]
    return table[table["quarter"].astype(str) < quarter].astype(str).reset_index(drop=True)


def key(entry: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(entry.items())


NAMES = ("metrics", "organizations", "sites", "ties", "events")


@pytest.mark.parametrize("name", NAMES)
def test_a_surprise_changes_nothing_before_it_comes(name: str) -> None:
    surprise = tables(key(CUT | {"announced": "2027Q1"}))
    pd.testing.assert_frame_equal(before(surprise, name, "2027Q1"), before(tables(), name, "2027Q1"))
    assert not surprise["metrics"]["value"].equals(tables()["metrics"]["value"])


@pytest.mark.parametrize("name", NAMES)
def test_an_announced_policy_is_as_unknown_before_its_announcement(name: str) -> None:
    late = tables(key(CUT | {"announced": "2026Q3"}))
    pd.testing.assert_frame_equal(before(late, name, "2026Q3"), before(tables(), name, "2026Q3"))


def test_a_known_policy_moves_what_buyers_expect_before_it_moves_what_is_paid() -> None:
    known, never = tables(key(CUT)), tables()

    def at(found: dict[str, pd.DataFrame], metric: str, quarter: str) -> float:
        rows = found["metrics"]
        some = (rows["metric"] == metric) & (rows["quarter"] == quarter) & (rows["group"] == "") & (rows["market"] == "all")
        return float(rows.loc[some, "value"].iloc[0])

    assert at(known, "incentive.acquisition_340b", "2026Q1") < at(never, "incentive.acquisition_340b", "2026Q1")
    assert at(known, "spending.margin_340b", "2026Q1") == at(never, "spending.margin_340b", "2026Q1")
    assert at(known, "spending.margin_340b", "2027Q1") < at(never, "spending.margin_340b", "2027Q1")


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_after_the_horizon_changes_nothing_at_all(name: str) -> None:
    later = tables(key(CUT | {"from": "2028Q1"}))
    pd.testing.assert_frame_equal(later[name], tables()[name])
