from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from oncsim.state import sums


@pytest.mark.parametrize("rows", [0, 1, 7, 150, 151, 400])
def test_few_rows_and_many_are_added_in_the_same_order(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    rng = np.random.default_rng(rows)
    group, values = rng.integers(0, 9, rows), rng.uniform(-1, 1, (rows, 5))
    found = []
    for few in (0, 1000):
        monkeypatch.setattr(sums, "_FEW_ROWS", few)
        found.append(sums.sum_rows(group, values, 9))
    np.testing.assert_array_equal(*found)
    by_hand = np.array([[values[group == g, c].sum() for c in range(5)] for g in range(9)])
    np.testing.assert_allclose(found[0], by_hand, atol=1e-12)


def full(entries: sums.Entries, shape: tuple[int, int]) -> NDArray[np.float64]:
    table = np.zeros(shape)
    for row, column, value in zip(*(part.tolist() for part in entries), strict=True):
        table[row, column] += value
    return table


def some(rng: np.random.Generator, count: int, shape: tuple[int, int]) -> sums.Entries:
    return rng.integers(0, shape[0], count), rng.integers(0, shape[1], count), rng.uniform(-1, 1, count)


@given(st.integers(0, 10_000), st.integers(0, 40))
def test_sums_through_a_middle_are_those_of_full_tables_small_or_large(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = some(rng, count, (4, 6)), some(rng, count, (6, 5))
    at = rng.integers(0, 4, 30), rng.integers(0, 5, 30)
    expected = (full(left, (4, 6)) @ full(right, (6, 5)))[at]
    for few in (0, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sums, "FEW", few)
            np.testing.assert_allclose(sums.sums_through(left, right, (4, 6, 5), at), expected, rtol=1e-12, atol=1e-14)


@given(st.integers(0, 10_000), st.integers(0, 24))
def test_a_matrix_holds_its_entries_in_order_few_or_many(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    row, column = np.divmod(rng.permutation(24)[:count], 6)
    entries = row, column, rng.uniform(-1, 1, count)
    for few in (0, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sums, "FEW", few)
            found = sums.matrix_of(entries, (4, 6))
            np.testing.assert_array_equal(found.toarray(), full(entries, (4, 6)))
            assert found.has_sorted_indices and found.nnz == count
