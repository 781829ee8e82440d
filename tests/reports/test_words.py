from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.reports import words

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4312, "share", "43.1 %"),
        (0.00042, "share", "0.042 %"),
        (0.0, "share", "0.0 %"),
        (1.234e9, "dollars", "$1.2 bn"),
        (999_600_000, "dollars", "$1.0 bn"),
        (-4.2e6, "dollars", "-$4.2 m"),
        (31_617.4, "dollars", "$31,617"),
        (3.5, "dollars", "$3.50"),
        (4.38e8, "dollars per quarter", "$438 m a quarter"),
        (52.0, "minutes", "52 minutes"),
        (1.0, "days", "1 day"),
        (2334.4, "HHI", "2,334"),
        (2.2, "times", "2.20 times"),
        (0.58, "0-1", "0.58"),
        (NAN, "share", "not available"),
        (math.inf, "minutes", "not available"),
    ],
)
def test_an_amount_reads_as_people_write_it(value: float, unit: str, text: str) -> None:
    assert words.amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.234, "share", "+23.4 percentage points"),
        (-0.112, "share", "-11.2 percentage points"),
        (0.0, "share", "0.0 percentage points"),
        (617.0, "HHI", "+617"),
        (-900.0, "dollars", "-$900"),
        (0.28, "times", "+0.28"),
        (5.62, "minutes", "+5.62 minutes"),
    ],
)
def test_a_difference_has_sign_and_unit(value: float, unit: str, text: str) -> None:
    assert words.difference(value, unit) == text


def test_a_move_with_an_interval() -> None:
    text = words.moved("the hospital share of infusions", 0.188, 0.422, "share", ("2026", "2033"), 0.101, 0.367)
    assert text == (
        "the hospital share of infusions rose from 18.8 % in 2026 to 42.2 % in 2033 "
        "(+23.4 percentage points; 95 % interval +10.1 to +36.7)"
    )


@pytest.mark.parametrize(
    ("first", "last", "years", "text"),
    [
        (30.0, 24.0, ("2026", "2040"), "the wait fell from 30 days in 2026 to 24 days in 2040 (-6 days)"),
        (30.0, 30.0, ("2026", "2040"), "the wait did not change: 30 days in 2026 and in 2040"),
        (
            30.0,
            30.1,
            ("2026", "2040"),
            "the wait hardly changed, from 30 days in 2026 to 30.1 days in 2040 (+0.1 days)",
        ),
        (30.0, 30.0, ("2026", "2026"), "the wait stood at 30 days in 2026"),
        (NAN, 30.0, ("2026", "2040"), "the wait stood at 30 days in 2040"),
        (30.0, NAN, ("2026", "2040"), "the wait stood at 30 days in 2026, not available for 2040"),
        (NAN, NAN, ("2026", "2040"), "the wait is not available in this run"),
    ],
)
def test_moves_of_every_kind(first: float, last: float, years: tuple[str, str], text: str) -> None:
    assert words.moved("the wait", first, last, "days", years) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.03, 0.018, 0.042, "Raises the margin by 3.0 percentage points (95 % interval +1.8 to +4.2)."),
        (-0.03, -0.042, -0.018, "Lowers the margin by 3.0 percentage points (95 % interval -4.2 to -1.8)."),
        (
            0.01,
            -0.01,
            0.03,
            "The margin: no detectable difference (+1.0 percentage points; 95 % interval -1.0 to +3.0).",
        ),
        (0.0, 0.0, 0.0, "The margin: exactly zero difference."),
        (0.0, NAN, NAN, "The margin: exactly zero difference."),
        (0.01, NAN, NAN, "The margin is higher by 1.0 percentage points (one replicate: no interval)."),
        (NAN, NAN, NAN, "The margin: not available."),
    ],
)
def test_effects_claim_only_what_the_interval_allows(value: float, low: float, high: float, text: str) -> None:
    assert words.effect("the margin", value, low, high, "share") == text


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12), st.sampled_from(["share", "dollars", "minutes", "HHI"]))
def test_an_effect_is_named_only_when_zero_is_outside_its_interval(value: float, half: float, unit: str) -> None:
    text = words.effect("the level", value, value - half, value + half, unit)
    outside = value - half > 0 or value + half < 0
    assert text.startswith(("Raises", "Lowers")) == outside
    if outside:
        assert text.startswith("Raises") == (value > 0)


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["share", "dollars", "days", "", "ties"]))
def test_every_number_has_a_text_without_nan(value: float, unit: str) -> None:
    for text in (words.amount(value, unit), words.difference(value, unit)):
        assert text
        assert "nan" not in text
        assert "inf" not in text


def test_lists_counts_and_groups() -> None:
    assert words.listing([]) == ""
    assert words.listing(["a", "b", "c"]) == "a, b and c"
    assert words.counted(0, "closure") == "no closures"
    assert words.counted(1, "closure") == "1 closure"
    assert words.counted(2.5, "closure") == "2.5 closures"
    assert words.with_group("concentration (HHI)", "states") == "concentration (HHI, states)"
    assert words.sentence("the end") == "The end."


def test_money_side_by_side_has_one_form() -> None:
    assert words.alike([913_658.0, 75.9e6, 173e6, 0.0], "dollars") == ["$0.91 m", "$75.9 m", "$173 m", "$0 m"]
    assert words.alike([-2.4e6, 71.9e6], "dollars per quarter", signed=True) == ["-$2.4 m a quarter", "+$71.9 m a quarter"]
    assert words.alike([86_402.0, 123_042.0], "dollars") == ["$86,402", "$123,042"]
    assert words.alike([0.5, 0.25], "share") == ["50.0 %", "25.0 %"]
    assert words.alike([float("nan"), 2e9], "dollars") == ["not available", "$2.0 bn"]


def test_a_range_is_called_so() -> None:
    said = words.moved("the wait", 20, 30, "days", ("2026", "2035"), 1.0, 12.0, words.RANGE)
    assert said.endswith("(+10 days; range of the replicates +1 to +12)")


def test_a_span_within_one_year_is_named_once() -> None:
    assert words.span_of_years("2027-2036") == "2027-2036"
    assert words.span_of_years("2027-2027") == words.span_of_years("2027") == "2027"
    assert words.span_of_years("2026Q3-2027Q4") == "2026Q3-2027Q4"
