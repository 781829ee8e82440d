from __future__ import annotations

import numpy as np
import pytest

from oncsim.state import sums


@pytest.mark.parametrize("rows", [0, 1, 7, 150, 151, 400])
def test_few_rows_and_many_are_added_in_the_same_order(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    rng = np.random.default_rng(rows)
    group, values = rng.integers(0, 9, rows), rng.uniform(-1, 1, (rows, 5))
    found = []
    for few in (0, 1000):
        monkeypatch.setattr(sums, "_FEW", few)
        found.append(sums.sum_rows(group, values, 9))
    np.testing.assert_array_equal(*found)
    by_hand = np.array([[values[group == g, c].sum() for c in range(5)] for g in range(9)])
    np.testing.assert_allclose(found[0], by_hand, atol=1e-12)
