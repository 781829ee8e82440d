from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from oncsim.processes.certainty import Corridor, cautious_equivalent, certainty_equivalent, joint_belief

shares = st.floats(0.0, 0.15)
means = st.floats(-0.1, 0.1)
spreads = st.floats(0.01, 0.15)
aversions = st.floats(0.5, 20.0)
weights = st.floats(1.0, 3.0)


def corridor(gain_from: float, gain_cap: float, loss_from: float, loss_cap: float, gain_share: float = 1.0) -> Corridor:
    return Corridor(*(np.array([value]) for value in (gain_from, gain_cap, gain_share, loss_from, loss_cap)))


def one(value: float) -> np.ndarray:
    return np.array([value])


def by_quadrature(terms: Corridor, mean: float, spread: float, aversion: float, loss_weight: float) -> float:
    def weighed(z: float) -> float:
        paid = float(terms.payment(one(mean + spread * z))[0])
        felt = paid if paid > 0 else loss_weight * paid
        return float(np.exp(-aversion * felt - 0.5 * z * z) / np.sqrt(2 * np.pi))

    edges = [terms.loss_start - terms.loss_cap, terms.loss_start, terms.gain_from, terms.gain_from + terms.gain_cap]
    kinks = sorted({float(z) for z in (np.concatenate(edges) - mean) / spread if -9 < z < 9})
    # Piece by piece: a jump of slope inside a piece would cost the rule its accuracy.
    expected = sum(quad(weighed, left, right, epsabs=1e-13)[0] for left, right in pairwise([-9.0, *kinks, 9.0]))
    return float(-np.log(expected) / aversion)


@settings(max_examples=60, deadline=None)
@given(shares, shares, shares, shares, means, spreads, aversions, weights)
def test_the_closed_form_is_the_integral(
    d: float, g: float, l0: float, cap: float, m: float, s: float, a: float, w: float
) -> None:
    terms = corridor(d, g, l0, cap, gain_share=0.8)
    found = certainty_equivalent(terms, one(m), one(s), a, w)[0]
    assert abs(found - by_quadrature(terms, m, s, a, w)) < 1e-8


@given(means, spreads, aversions)
def test_without_limits_it_is_the_mean_less_half_the_aversion_times_the_variance(m: float, s: float, a: float) -> None:
    endless = corridor(0.0, 5.0, 0.0, 5.0)
    np.testing.assert_allclose(certainty_equivalent(endless, one(m), one(s), a, 1.0)[0], m - a * s**2 / 2, atol=1e-9)


def test_a_sure_result_is_worth_its_payment() -> None:
    terms = corridor(0.03, 0.12, 0.0, 0.06)
    for result in (-0.2, -0.03, 0.0, 0.02, 0.05, 0.4):
        paid = terms.payment(one(result))[0]
        np.testing.assert_allclose(certainty_equivalent(terms, one(result), one(0.0), 8.0, 1.0)[0], paid, atol=1e-9)


def test_payment_by_hand() -> None:
    terms = corridor(0.03, 0.12, 0.0, 0.06)
    results = np.array([-0.5, -0.02, 0.0, 0.03, 0.05, 0.5])
    np.testing.assert_allclose(terms.payment(results), [-0.06, -0.02, 0.0, 0.0, 0.02, 0.12], atol=1e-12)
    one_sided = corridor(0.04, 0.2, 0.0, 0.0)
    assert (one_sided.payment(results) >= 0).all()


def test_nobody_gains_and_pays_back_at_once() -> None:
    overlapping = corridor(0.02, 0.1, 0.10, 0.05)
    assert overlapping.payment(one(0.05))[0] > 0
    assert overlapping.loss_start[0] == 0.02


@settings(max_examples=60, deadline=None)
@given(shares, shares, shares, shares, means, spreads, aversions, weights, st.floats(1, 400), st.floats(1, 400))
def test_more_episodes_are_never_worth_less(
    d: float, g: float, l0: float, cap: float, m: float, s: float, a: float, w: float, n: float, more: float
) -> None:
    terms = corridor(d, g, l0, cap)
    few, many = (cautious_equivalent(terms, one(m), one(s), one(0.42 / np.sqrt(k)), a, w)[0] for k in (n, n + more))
    assert many >= few - 1e-12


def test_chance_counts_against_and_would_count_for_without_the_caution() -> None:
    # A tight limit on losses: luck is worth having to somebody who counts on it.
    terms = corridor(0.03, 0.12, 0.0, 0.01)
    mean, spread, luck = one(-0.05), one(0.02), one(0.1)
    cautious = cautious_equivalent(terms, mean, spread, luck, 2.0, 1.0)[0]
    gambling = certainty_equivalent(terms, mean, np.sqrt(spread**2 + luck**2), 2.0, 1.0)[0]
    assert gambling > certainty_equivalent(terms, mean, spread, 2.0, 1.0)[0] >= cautious


def test_shapes_are_organisations_by_arms() -> None:
    terms = Corridor(*(np.array([[0.04, 0.03]]) for _ in range(5)))
    found = cautious_equivalent(terms, np.zeros((4, 2)), one(0.05), np.full((4, 1), 0.3), 5.0, 1.0)
    assert found.shape == (4, 2)
    np.testing.assert_array_equal(found[0], found[3])


@given(st.integers(0, 30), st.floats(-1, 1), st.floats(1e-5, 0.1), st.floats(1e-5, 0.1))
def test_learning_moves_from_nothing_to_the_mean_of_results(
    count: int, surprise: float, lasting: float, passing: float
) -> None:
    mean, left = joint_belief(np.array([count]), one(surprise if count else 0.0), lasting, one(passing))
    assert left[0] <= lasting + 1e-15
    if count == 0:
        assert mean[0] == 0.0 and abs(left[0] - lasting) < 1e-15
    else:
        assert abs(mean[0]) <= abs(surprise) / count + 1e-12


def test_extreme_aversion_gives_a_number_and_not_more_than_the_mean() -> None:
    wide = corridor(0.03, 1.0, 0.0, 1.0)
    found = certainty_equivalent(wide, np.linspace(-0.5, 0.5, 11), one(0.3), 100.0, 5.0)
    assert np.isfinite(found).all() and (found <= 0.5).all()
