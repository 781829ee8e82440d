"""The short table: first year against last, and its interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oncsim.results.summary import half_width, summarise, window


def frame(values: np.ndarray, metric: str = "access.wait_days_mean", group: str = "") -> pd.DataFrame:
    replicates, quarters = values.shape
    rows = [
        (r, f"{2026 + q // 4}Q{q % 4 + 1}", metric, market, group, values[r, q])
        for r in range(replicates)
        for q in range(quarters)
        for market in ("all", "m1")
    ]
    return pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "market", "group", "value"])


def test_change_and_interval_agree_with_scipy() -> None:
    values = np.random.default_rng(1).normal(10, 2, size=(6, 12))
    row = summarise(frame(values)).iloc[0]
    change = values[:, -4:].mean(axis=1) - values[:, :4].mean(axis=1)
    low, high = stats.t.interval(0.95, 5, loc=change.mean(), scale=stats.sem(change))
    assert row["change"] == pytest.approx(change.mean())
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["last"] - row["first"] == pytest.approx(row["change"])


def test_one_replicate_has_no_interval() -> None:
    row = summarise(frame(np.arange(8.0)[None, :])).iloc[0]
    assert row["change"] == 4.0
    assert math.isnan(row["low"]) and math.isnan(row["high"])


def test_first_group_that_is_there_is_shown() -> None:
    hhi = frame(np.ones((1, 4)), "consolidation.hhi", "market_type=cbsa")
    assert list(summarise(hhi)["group"]) == ["market_type=cbsa"]
    assert summarise(hhi.iloc[:0]).empty


@pytest.mark.parametrize(("quarters", "size"), [(1, 1), (2, 1), (3, 1), (6, 3), (8, 4), (60, 4)])
def test_first_and_last_year_do_not_overlap(quarters: int, size: int) -> None:
    assert window(quarters) == size


def test_wider_for_more_coverage_and_missing_below_two() -> None:
    sd, count = np.array([1.0, 1.0]), np.array([5, 1])
    narrow, wide = half_width(sd, count, 0.95), half_width(sd, count, 0.99)
    assert wide[0] > narrow[0] > 0
    assert np.isnan(narrow[1])
