from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oncsim.reports.intervals import first_and_last_year, over_quarters, student_half_width, years_of


def _rows(values: dict[tuple[int, str], float], metric: str = "m") -> pd.DataFrame:
    return pd.DataFrame(
        [(r, q, metric, "", v) for (r, q), v in values.items()],
        columns=["replicate", "quarter", "metric", "group", "value"],
    )


def test_half_width_is_students() -> None:
    values = np.array([1.0, 4.0, 2.5, 7.0])
    low, high = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    assert student_half_width(values) == pytest.approx((high - low) / 2)
    assert math.isnan(student_half_width(values[:1]))


def test_quarters_agree_with_students_interval_and_missing_values_are_left_out() -> None:
    frame = _rows({(0, "2026Q1"): 1.0, (1, "2026Q1"): 3.0, (2, "2026Q1"): np.nan, (0, "2026Q2"): 5.0})
    path = over_quarters(frame)
    half = student_half_width(np.array([1.0, 3.0]))
    assert path["quarter"].tolist() == ["2026Q1", "2026Q2"]
    assert path["mean"].tolist() == [2.0, 5.0]
    assert path["low"][0] == pytest.approx(2.0 - half)
    assert math.isnan(path["low"][1])


def test_years_average_levels_and_add_up_counts() -> None:
    values = {(r, f"{y}Q{q}"): float(r + y - 2026 + q) for r in (0, 1) for y in (2026, 2027, 2028) for q in (1, 2)}
    level = first_and_last_year(_rows(values)).loc[("m", "")]
    count = first_and_last_year(_rows(values), counting=["m"]).loc[("m", "")]
    assert (level["first"], level["last"], level["change"]) == (2.0, 4.0, 2.0)
    assert (count["first"], count["last"], count["change"]) == (4.0, 8.0, 4.0)
    assert level["total"] == count["total"] == pytest.approx(sum(values.values()) / 2)
    # Both replicates move by the same amount, so the interval of the change has no width.
    assert level["low"] == level["high"] == 2.0


def test_one_replicate_has_no_interval_and_no_rows_no_years() -> None:
    table = first_and_last_year(_rows({(0, "2026Q1"): 1.0, (0, "2027Q1"): 2.0}))
    assert math.isnan(table.loc[("m", ""), "low"])
    assert first_and_last_year(_rows({})).empty
    assert years_of([]) == ("", "")
