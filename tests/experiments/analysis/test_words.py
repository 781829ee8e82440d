"""Numbers and lists as they stand in sentences; outputs, factors and optional packages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.errors import InputError
from oncsim.experiments.analysis.libraries import library
from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.words import (
    amount,
    between,
    capital,
    counted,
    left_out,
    listed,
    number,
    others,
    part,
    percent,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (12345.6, "12,346"),
        (123.45, "123"),
        (12.345, "12.3"),
        (1.2345, "1.23"),
        (0.12345, "0.123"),
        (-0.0012345, "-0.00123"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_numbers_have_three_digits_or_whole_units(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-6))
def test_a_number_is_never_off_by_more_than_its_digits_allow(value: float) -> None:
    shown = float(number(value).replace(",", ""))
    assert abs(shown - value) <= max(0.5 if abs(value) >= 100 else 0.0, 0.006 * abs(value))
    assert not number(value).startswith("-0.") or value < 0


def test_intervals_show_their_width() -> None:
    assert between(1520.2, 1526.9) == "1,520.2 to 1,526.9"
    assert between(-180.4, -60.2) == "-180 to -60"
    assert between(0.04210, 0.04253) == "0.04210 to 0.04253"
    assert between(5.0, 5.0) == "5.00 to 5.00"


def test_shares_counts_and_lists() -> None:
    assert [percent(x) for x in (0.0, 0.004, 0.155, 0.996, 1.0)] == ["0 %", "0.4 %", "16 %", "99.6 %", "100 %"]
    assert percent(math.nan) == "an unknown share"
    assert part(31, 200, "future") == "31 of 200 futures (16 %)" and part(0, 0, "future") == "0 of 0 futures"
    assert counted(1, "future") == "1 future" and counted(1200, "future") == "1,200 futures"
    assert counted(2, "trajectory", "trajectories") == "2 trajectories" and left_out(0, "group") == ""
    assert left_out(1, "group") == " 1 group was left out." and left_out(2, "group") == " 2 groups were left out."
    assert others(1, "does", "do") == "The other one does" and others(4, "does", "do") == "The other 4 do"
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert amount(3.0, "dollars") == "3.00 dollars" and amount(0.25, "share") == "0.250"
    assert capital("current law wins") == "Current law wins" and capital("") == ""


def test_outputs_and_factors_check_themselves() -> None:
    assert (Output("a").label, Output("a", "A title").label, Output("a", better="lower").sign) == ("a", "A title", -1)
    assert (Output("a", better="higher").sign, Output("a").sign, Factor("p", "", 0, 1).label) == (1, 0, "p")
    with pytest.raises(InputError, match="better is 'less'"):
        Output("a", better="less")
    for high in (1.0, 0.5, math.nan):
        with pytest.raises(InputError, match="is empty"):
            Factor("p", "", 1.0, high)


def test_a_package_that_is_missing_is_named_as_it_is_installed() -> None:
    assert library("math").pi == math.pi
    with pytest.raises(InputError, match=r"needs the package no_such_package_here \(pip install no_such_package_here\)"):
        library("no_such_package_here.module")
    with pytest.raises(ModuleNotFoundError):
        library("math.nothing")
