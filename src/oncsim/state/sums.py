"""Sums by group, the one operation that so much of a quarter is made of."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

_FEW = 150


def sum_by(group: NDArray[np.int64], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sum of ``values`` in each of ``groups`` groups, added in the order of the rows."""
    return np.asarray(np.bincount(group, weights=values, minlength=groups), dtype=np.float64)


def sum_rows(group: NDArray[np.int64], rows: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sums of the rows of a matrix by group, (groups, columns), added in the order of the rows.

    One sparse product; for few rows it takes longer to set up than to add them one by one.
    """
    count = len(group)
    if count <= _FEW:
        sums = np.zeros((groups, rows.shape[1]))
        np.add.at(sums, group, rows)
        return sums
    from scipy import sparse

    selector = sparse.csc_array(
        (np.ones(count), group.astype(np.int32), np.arange(count + 1, dtype=np.int32)), shape=(groups, count)
    )
    return np.asarray(selector @ rows)


def with_data(like: sparse.csr_array, data: NDArray[np.float64]) -> sparse.csr_array:
    """Return a sparse matrix with the places of another and values of its own: what is in order is not checked again."""
    found = copy.copy(like)
    found.data = data
    return found


class PairTable:
    """Values of pairs of organisations, looked up many at a time; zero where there is none.

    Parameters
    ----------
    values : (organisations, organisations) sparse
    """

    def __init__(self, values: sparse.csr_array) -> None:
        values.sort_indices()
        self._size = values.shape[1]
        rows = np.repeat(np.arange(values.shape[0], dtype=np.int64), np.diff(values.indptr))
        self._keys = rows * self._size + values.indices
        self._values = values.data

    def at(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the value of each pair, (pairs,)."""
        if len(self._keys) == 0:
            return np.zeros(len(one))
        asked = one * self._size + other
        place = np.searchsorted(self._keys, asked).clip(max=len(self._keys) - 1)
        return np.where(self._keys[place] == asked, self._values[place], 0.0)
