import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.market.generate_keys import pick, share_out, systematic
from oncsim.randomness import Luck, identities

EXPECTED = st.lists(st.floats(0.0, 50.0), min_size=1, max_size=30)
START = st.floats(0.0, 1.0, exclude_max=True)


def keys(number: int) -> np.ndarray:
    return identities([f"k{n}" for n in range(number)])


@given(EXPECTED, START)
def test_rounding_stays_within_one_of_the_expectation(expected: list[float], start: float) -> None:
    values = np.array(expected)
    counts = systematic(values, keys(len(values)), start)
    assert (np.abs(counts - values) < 1 + 1e-6).all()
    assert abs(counts.sum() - values.sum()) < 1 + 1e-6


@given(EXPECTED, START)
def test_rounding_does_not_depend_on_order(expected: list[float], start: float) -> None:
    values, names = np.array(expected), keys(len(expected))
    turned = systematic(values[::-1], names[::-1], start)
    assert np.array_equal(turned[::-1], systematic(values, names, start))


@given(st.lists(st.floats(0.01, 50.0), min_size=1, max_size=30), st.integers(0, 500), START)
def test_shares_meet_the_total_and_leave_no_one_out(expected: list[float], total: int, start: float) -> None:
    counts = share_out(np.array(expected), total, keys(len(expected)), start)
    assert counts.sum() == max(total, len(expected))
    assert counts.min() >= 1


def test_larger_expectations_get_more() -> None:
    counts = share_out(np.array([1.0, 10.0, 100.0]), 111, keys(3), 0.3)
    assert counts.tolist() == pytest.approx([1, 10, 100], abs=1)


def test_picking_follows_weight_and_never_takes_the_weightless() -> None:
    weights = np.array([0.0, 1.0, 1.0, 8.0])
    firsts = [pick(weights, Luck(seed), "test", keys(4), 1)[0] for seed in range(400)]
    share = np.bincount(firsts, minlength=4) / 400
    assert share[0] == 0 and share[3] == pytest.approx(0.8, abs=0.06)
    assert sorted(pick(weights, Luck(1), "test", keys(4), 9)) == [1, 2, 3]


def test_picking_more_keeps_those_picked_before() -> None:
    weights = np.ones(50)
    few, many = (set(pick(weights, Luck(5), "test", keys(50), n).tolist()) for n in (10, 20))
    assert few < many
