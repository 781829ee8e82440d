from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oncsim.reports.intervals import first_and_last_year, over_quarters, spread_of, student_half_width, years_of


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
    values = [1.0, 3.0, 2.0, 7.0, 4.0]
    frame = _rows({**{(r, "2026Q1"): v for r, v in enumerate(values)}, (5, "2026Q1"): np.nan, (0, "2026Q2"): 5.0})
    path = over_quarters(frame)
    half = student_half_width(np.array(values))
    assert path["quarter"].tolist() == ["2026Q1", "2026Q2"]
    assert path["mean"].tolist() == [3.4, 5.0]
    assert path["low"][0] == pytest.approx(3.4 - half)
    assert math.isnan(path["low"][1]) and math.isnan(path["high"][1])


def test_few_values_show_their_lowest_and_highest() -> None:
    path = over_quarters(_rows({(0, "2026Q1"): 0.2, (1, "2026Q1"): 0.9, (2, "2026Q1"): np.nan}))
    assert (path["low"][0], path["high"][0]) == (0.2, 0.9)
    assert spread_of(np.array([3.0, 1.0, 2.0, np.nan])) == (1.0, 3.0)
    five = np.array([3.0, 1.0, 2.0, 4.0, 5.0])
    assert spread_of(five) == pytest.approx((3.0 - student_half_width(five), 3.0 + student_half_width(five)))
    changes = {(r, f"{year}Q1"): (year - 2026) * value for r, value in enumerate((0.5, -0.1)) for year in (2026, 2027)}
    row = first_and_last_year(_rows(changes)).loc[("m", "")]
    assert (row["low"], row["high"], row["values"]) == (-0.1, 0.5, 2)


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
