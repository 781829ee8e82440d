"""When a condition held in enough replicates: strictly with many, up to chance with few."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oncsim.cases.checking import FEW, _enough, _wrong_control
from oncsim.scenario.measures import Expectation


def at_most(count: int, replicates: int, share: float) -> float:
    """Chance of so many or fewer, by adding up the binomial terms."""
    terms = (math.comb(replicates, k) * share**k * (1 - share) ** (replicates - k) for k in range(count + 1))
    return math.fsum(terms)


@pytest.mark.parametrize("replicates", [5, 12, 20, 40, 99])
def test_few_replicates_pass_where_chance_explains_what_is_missing(replicates: int) -> None:
    passed = [_enough(count / replicates, 0.9, replicates) for count in range(replicates + 1)]
    assert passed == sorted(passed)  # more never hurts
    for count, good in enumerate(passed):
        short = count / replicates < 0.9
        explained = at_most(count, replicates, 0.9) >= 0.05 and count / replicates >= 0.75
        assert good == (not short or explained), count


def test_of_twenty_sixteen_pass_and_fifteen_do_not() -> None:
    assert _enough(16 / 20, 0.9, 20) and not _enough(15 / 20, 0.9, 20)


def test_many_replicates_are_taken_at_their_word() -> None:
    assert FEW == 100
    assert _enough(180 / 200, 0.9, 200) and not _enough(179 / 200, 0.9, 200)
    assert _enough(89 / 99, 0.9, 99) and not _enough(89 / 100, 0.9, 100)


def test_what_must_always_hold_must_hold_always() -> None:
    assert _enough(1.0, 1.0, 20) and not _enough(19 / 20, 1.0, 20)


def test_the_control_is_held_to_the_same() -> None:
    absent = Expectation(event="closure", min=1, control="absent")
    few, many = np.array([1.0] * 4 + [0.0] * 16), np.array([1.0] * 25 + [0.0] * 175)
    assert not _wrong_control(absent, few, 0.2)
    assert _wrong_control(absent, np.append(few[:-1], 1.0), 0.25) and _wrong_control(absent, many, 0.125)
    band = Expectation(event="closure", min=1, control_mean=[0.0, 0.1])
    assert _wrong_control(band, few, 0.2)  # its interval reaches into the band, but it misses it by more than half its width
    wider = Expectation(event="closure", min=1, control_mean=[0.0, 0.15])
    assert not _wrong_control(wider, few, 0.2)
    assert _wrong_control(band, many, 0.125)
    assert _wrong_control(band, np.ones(20), 1.0)
