from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from oncsim.state.columns import Columns


class Table(Columns):
    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "weight": (np.float64, 1.5),
        "lines": (np.bool_, False, 3),
    }


def test_missing_columns_take_their_default() -> None:
    table = Table(2, id=["a", "b"])
    assert len(table) == 2
    assert table.weight.tolist() == [1.5, 1.5]
    assert table.lines.shape == (2, 3)


def test_append_returns_the_first_new_row_and_leaves_the_old_ones() -> None:
    table = Table(2, id=["a", "b"], weight=[3, 4])
    assert table.append(2, id="c", lines=[True, False, True]) == 2
    assert table.id.tolist() == ["a", "b", "c", "c"]
    assert table.weight.tolist() == [3.0, 4.0, 1.5, 1.5]
    assert table.lines[3].tolist() == [True, False, True]
    assert table.weight.dtype == np.float64


def test_keep_drops_rows_of_every_column() -> None:
    table = Table(3, id=["a", "b", "c"], weight=[1, 2, 3])
    table.keep(np.array([True, False, True]))
    assert table.id.tolist() == ["a", "c"] and table.weight.tolist() == [1.0, 3.0] and len(table.lines) == 2


def test_a_snapshot_is_a_copy() -> None:
    table = Table(1)
    before = table.snapshot()
    table.weight[0] = 9.0
    assert before["weight"][0] == 1.5


def test_given_columns_are_copied() -> None:
    given = np.array([1.0, 2.0])
    table = Table(2, weight=given)
    table.weight[0] = 7.0
    assert given[0] == 1.0


def test_wrong_names_and_lengths_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Table(1, colour=["red"])
    with pytest.raises(TypeError, match="colour"):
        Table(1).append(1, colour="red")
    with pytest.raises(ValueError, match="2 rows in a table of 3"):
        Table(3, weight=[1, 2])
