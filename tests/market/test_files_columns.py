"""The columns that are documented are the columns that are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.market import form
from oncsim.market.files_columns import TABLES, column_table
from oncsim.market.files_write import READ_AS

PAGE = Path(__file__).parents[2] / "docs" / "markets-files.md"


@pytest.mark.parametrize("what", TABLES)
def test_the_page_lists_every_column_as_it_is_read(what: str) -> None:
    assert "\n".join(column_table(what)) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("what", READ_AS)
def test_every_column_of_the_form_can_be_given(what: str) -> None:
    assert set(form.TABLES[READ_AS[what]]) <= set(TABLES[what])


def test_words_limits_and_scales_fit_their_kind() -> None:
    for columns in TABLES.values():
        for column in columns.values():
            assert bool(column.words) == (column.kind == "word")
            assert set(column.scale) <= set(column.aliases)
            assert column.kind in ("number", "whole") or column.low is None
            assert not column.filled or column.required
