"""Whatever a file holds, it is a table or a list of faults; and every number that prints reads back."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from files_toy import TABLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncsim.errors import InputError
from oncsim.market.files_check import check_table
from oncsim.market.files_columns import TABLES as COLUMNS
from oncsim.market.files_faults import MOST_SHOWN, Faults
from oncsim.market.files_parse import parse_table
from oncsim.market.files_read import RawTable

_SEEDS = [text.encode() for text in TABLES.values()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_SEEDS), st.integers(0, 600), st.binary(max_size=12), st.integers(0, 30))
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, text: bytes, at: int, put: bytes, cut: int) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text[:at] + put + text[at + cut :])
    try:
        report = check_table(path)
    except InputError as error:
        assert 1 <= len(error.faults) <= MOST_SHOWN + 1
        assert all(fault.message and "\n" not in str(fault) for fault in error.faults)
    else:
        assert report.rows >= 1


@given(st.floats(0, 1e9))
def test_numbers_read_back_to_the_last_bit(number: float) -> None:
    header = ["zone", "lat", "lon", "population", "land_sqmi"]
    raw = RawTable("zones.csv", header, [["A", "1", "2", repr(number), "3"]], [2])
    faults = Faults()
    table = parse_table("zones", raw, COLUMNS["zones"], faults)
    faults.raise_if_any()
    assert table.number("population")[0] == number


@pytest.mark.parametrize("word", ["", "NA", "n/a", "NaN", ".", "null"])
def test_words_for_nothing_are_blank(word: str) -> None:
    header = ["hospital", "name", "lat", "lon", "beds", "teaching"]
    raw = RawTable("hospitals.csv", header, [["H", "x", "1", "2", word, word]], [2])
    faults = Faults()
    table = parse_table("hospitals", raw, COLUMNS["hospitals"], faults)
    faults.raise_if_any()
    assert math.isnan(table.number("beds")[0])
    assert table.text("teaching")[0] == ""


def test_no_name_is_known_for_two_columns_of_a_table() -> None:
    # The older-people table is the one exception: a count may be the people, or the people of that year.
    allowed = {"pop_acs"}
    for columns in COLUMNS.values():
        names = [word for name, column in columns.items() for word in (name, *column.aliases)]
        assert {n for n in names if names.count(n) > 1} <= allowed
