from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.calendar import Quarter, quarters_between

quarters = st.builds(Quarter, st.integers(1, 9000), st.integers(1, 4))


@given(quarters)
def test_text_reads_back(quarter: Quarter) -> None:
    assert Quarter.parse(str(quarter)) == quarter
    assert Quarter.from_index(quarter.index) == quarter


@given(quarters, quarters)
def test_text_index_and_time_sort_alike(one: Quarter, other: Quarter) -> None:
    assert (one < other) == (str(one) < str(other)) == (one.index < other.index)


@given(quarters, st.integers(-400, 400))
def test_adding_and_subtracting_are_inverse(quarter: Quarter, step: int) -> None:
    assert (quarter + step) - quarter == step
    assert (quarter + step) + -step == quarter


def test_a_year_has_four_quarters() -> None:
    assert [str(Quarter(2026, 3) + step) for step in range(4)] == ["2026Q3", "2026Q4", "2027Q1", "2027Q2"]


@pytest.mark.parametrize(
    "text",
    ["2026", "2026Q5", "2026Q0", "2026-Q1", "26Q1", "2026q1", "", "2026Q11", "2026Q1\n2", "\uff12\uff10\uff12\uff16Q1"],
)
def test_what_is_not_a_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quarter"):
        Quarter.parse(text)


def test_both_ends_are_included() -> None:
    assert list(map(str, quarters_between(Quarter(2026, 4), Quarter(2027, 1)))) == ["2026Q4", "2027Q1"]
    assert quarters_between(Quarter(2026, 1), Quarter(2026, 1)) == [Quarter(2026, 1)]
    assert quarters_between(Quarter(2026, 2), Quarter(2026, 1)) == []
