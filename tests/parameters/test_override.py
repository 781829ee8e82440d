from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.calendar import Quarter
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry

ADDON = "payment.medicare.drug_addon"
START, END = Quarter(2026, 1), Quarter(2040, 4)
TIMES = [Quarter.from_index(i) for i in range(START.index, END.index + 1)]


@settings(max_examples=60, deadline=None)
@given(to=st.floats(0, 1), offset=st.integers(1, 20), length=st.integers(1, 30))
def test_a_ramp_is_monotone_and_ends_exactly_at_its_end(tiny: Registry, to: float, offset: int, length: int) -> None:
    start = START + offset
    parameters = Parameters(tiny, [Override(ADDON, (), to, "policy", start=start, ramp=length)])
    values = [parameters.at(quarter)[ADDON] for quarter in TIMES]
    before = values[offset - 1]
    steps = values[offset - 1 : offset + length]
    assert steps == sorted(steps, reverse=to < before)
    assert all(value == to for value in values[offset + length - 1 :])
    assert before == 0.06 or start > Quarter(2031, 1)


@settings(max_examples=60, deadline=None)
@given(to=st.floats(0, 1), offset=st.integers(0, 30), length=st.integers(1, 20), ramp=st.booleans())
def test_restore_gives_the_base_value_back(tiny: Registry, to: float, offset: int, length: int, ramp: bool) -> None:
    start = START + offset
    change = Override(
        ADDON,
        (),
        to,
        "policy",
        start=start,
        until=start + (length - 1),
        then="restore",
        ramp=length if ramp else 0,
    )
    base, changed = Parameters(tiny), Parameters(tiny, [change])
    for quarter in TIMES:
        if quarter < start or quarter - start >= length:
            assert changed.at(quarter)[ADDON] == base.at(quarter)[ADDON]
        elif not ramp:
            assert changed.at(quarter)[ADDON] == to


def test_a_ramp_takes_its_first_step_at_from(tiny: Registry) -> None:
    parameters = Parameters(tiny, [Override(ADDON, (), 0.02, "policy", start=Quarter(2028, 1), ramp=4)])
    values = [parameters.at(Quarter(2027, 4) + i)[ADDON] for i in range(6)]
    assert values == pytest.approx([0.06, 0.05, 0.04, 0.03, 0.02, 0.02])


def test_a_ramp_starts_from_an_earlier_window(tiny: Registry) -> None:
    first = Override(ADDON, (), 0.10, "policy", start=Quarter(2027, 1), until=Quarter(2027, 4), then="hold")
    second = Override(ADDON, (), 0.02, "policy", start=Quarter(2028, 1), ramp=2)
    parameters = Parameters(tiny, [second, first])
    assert parameters.at(Quarter(2028, 1))[ADDON] == pytest.approx(0.06)
    assert parameters.at(Quarter(2028, 2))[ADDON] == 0.02


def test_hold_keeps_the_value_until_the_next_scheduled_change(tiny: Registry) -> None:
    change = Override(ADDON, (), 0.10, "policy", start=Quarter(2027, 1), until=Quarter(2028, 4), then="hold")
    parameters = Parameters(tiny, [change])
    assert parameters.at(Quarter(2030, 4))[ADDON] == 0.10
    assert parameters.at(Quarter(2031, 1))[ADDON] == 0.04


def test_an_open_ended_value_cancels_later_scheduled_changes(tiny: Registry) -> None:
    parameters = Parameters(tiny, [Override(ADDON, (), 0.10, "policy", start=Quarter(2028, 1))])
    assert parameters.at(Quarter(2027, 4))[ADDON] == 0.06
    assert parameters.at(Quarter(2035, 1))[ADDON] == 0.10


def test_windows_overlap_only_in_common_quarters() -> None:
    a = Override(ADDON, (), 0.1, "policy", start=Quarter(2027, 1), until=Quarter(2028, 4), then="hold")
    b = Override(ADDON, (), 0.1, "policy", start=Quarter(2029, 1))
    c = Override(ADDON, (), 0.1, "policy", until=Quarter(2027, 1), then="hold")
    assert not a.overlaps(b) and not b.overlaps(a)
    assert a.overlaps(c) and c.overlaps(a)
    assert not b.overlaps(c)
