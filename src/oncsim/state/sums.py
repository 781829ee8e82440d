"""Sums by group, the one operation that so much of a quarter is made of."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

_FEW_ROWS = 150
FEW = 20_000  # places of a table up to which sparse matrices take longer to set up than a full one to go through

Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]  # row, column, value; of one place: added


def sum_by(group: NDArray[np.int64], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sum of ``values`` in each of ``groups`` groups, added in the order of the rows."""
    return np.asarray(np.bincount(group, weights=values, minlength=groups), dtype=np.float64)


def sum_rows(group: NDArray[np.int64], rows: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the sums of the rows of a matrix by group, (groups, columns), added in the order of the rows.

    One sparse product; for few rows it takes longer to set up than to add them one by one.
    """
    count = len(group)
    if count <= _FEW_ROWS:
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


def matrix_of(entries: Entries, shape: tuple[int, int]) -> sparse.csr_array:
    """Return a sparse matrix of entries that are each in a place of their own, in any order.

    Few are put in order here: what scipy checks of entries takes longer than to sort so few.
    """
    from scipy import sparse

    row, column, values = entries
    if len(values) > FEW:
        return sparse.csr_array((values, (row, column)), shape=shape)
    order = np.argsort(row * shape[1] + column)
    begins = np.zeros(shape[0] + 1, dtype=np.int32)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=begins[1:])
    return sparse.csr_array((values[order], column[order].astype(np.int32), begins), shape=shape)


def sums_through(
    left: Entries, right: Entries, shape: tuple[int, int, int], at: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return ``sum_m L_im R_mj`` for each ``(i, j)`` that is asked for, added in the order of ``m``.

    Parameters
    ----------
    left, right : Entries
        Of a table (rows, middle) and of a table (middle, columns).
    shape : (int, int, int)
        Rows, middle, columns.
    at : (asked,) int, (asked,) int
        Row and column of each sum.
    """
    rows, middle, columns = shape
    if max(rows * middle, middle * columns, rows * columns) > FEW:
        from scipy import sparse

        first = sparse.csr_array((left[2], left[:2]), shape=(rows, middle))
        product: Any = sparse.csr_matrix(first @ sparse.csr_array((right[2], right[:2]), shape=(middle, columns)))
        product.sum_duplicates()
        return np.asarray(product[at]).ravel()
    one = sum_by(left[0] * middle + left[1], left[2], rows * middle).reshape(rows, middle)
    other = sum_by(right[0] * columns + right[1], right[2], middle * columns).reshape(middle, columns)
    total = np.zeros((rows, columns))
    for m in np.flatnonzero(np.bincount(left[1], minlength=middle)).tolist():
        total += one[:, m, None] * other[m]
    found: NDArray[np.float64] = total[at]
    return found
