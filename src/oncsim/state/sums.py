"""Sums by group, the one operation that so much of a quarter is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
