"""Sums by group, the one operation that so much of a quarter is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sum_by(group: NDArray[np.int64], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sum of ``values`` in each of ``groups`` groups, added in the order of the rows."""
    return np.asarray(np.bincount(group, weights=values, minlength=groups), dtype=np.float64)


def sum_rows(group: NDArray[np.int64], rows: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sums of the rows of a matrix by group, (groups, columns): one sparse product."""
    from scipy import sparse

    count = len(group)
    selector = sparse.csc_array(
        (np.ones(count), group.astype(np.int32), np.arange(count + 1, dtype=np.int32)), shape=(groups, count)
    )
    return np.asarray(selector @ rows)
