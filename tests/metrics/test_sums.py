from __future__ import annotations

import numpy as np

from oncsim.state.sums import sum_by


def test_empty_groups_are_zero_and_the_result_is_float() -> None:
    found = sum_by(np.array([2, 0, 2]), np.array([1.0, 5.0, 3.0]), 4)
    assert found.tolist() == [5.0, 0.0, 4.0, 0.0]
    nothing = sum_by(np.zeros(0, dtype=np.int64), np.zeros(0), 2)
    assert nothing.tolist() == [0.0, 0.0] and nothing.dtype == np.float64
