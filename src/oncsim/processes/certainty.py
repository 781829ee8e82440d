"""Certainty equivalents of shared savings: what a risky payment is worth to somebody who dislikes risk and losses.

A result ``x`` is what a participant saved, as a share of its benchmark; the payment is piecewise linear in it. With a normal
result and constant absolute risk aversion the certainty equivalent has a closed form, region by region.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TINY = 1e-9  # spread below which a result counts as certain
# Standard deviations of sampling luck, shares of the benchmark, at which values are computed.
_LUCK = np.array([0.0, 0.02, 0.04, 0.07, 0.11, 0.18, 0.3, 0.6])


@dataclass(frozen=True)
class Corridor:
    """Payment as a function of the result, all shares of the benchmark; arrays that broadcast with each other.

    Attributes
    ----------
    gain_from : float
        Result above which the participant gains (the discount).
    gain_cap : float
        Width of the range in which gains grow: the largest payment is ``gain_share * gain_cap``.
    gain_share : float
        Share of gains paid.
    loss_from : float
        Result below which it pays back: one less the threshold.
    loss_cap : float
        Largest recoupment (stop-loss); zero in a one-sided arm.
    """

    gain_from: Floats
    gain_cap: Floats
    gain_share: Floats
    loss_from: Floats
    loss_cap: Floats

    def of(self, rows: NDArray[np.int64]) -> Corridor:
        """Return the corridors of some organisations, rows of arrays of (organisations, arms)."""
        return Corridor(
            self.gain_from[rows], self.gain_cap[rows], self.gain_share[rows], self.loss_from[rows], self.loss_cap[rows]
        )

    @property
    def loss_start(self) -> Floats:
        """Where losses begin: never above where gains do, so that nobody gains and pays back at once."""
        return np.minimum(self.loss_from, self.gain_from)

    def payment(self, result: Floats) -> Floats:
        """Return what Medicare pays (negative: is paid back) at a result."""
        gain = self.gain_share * np.clip(result - self.gain_from, 0.0, self.gain_cap)
        return np.asarray(gain - np.clip(self.loss_start - result, 0.0, self.loss_cap))


def certainty_equivalent(corridor: Corridor, mean: Floats, spread: Floats, aversion: float, loss_weight: float) -> Floats:
    """Return the sure payment worth as much as the risky one, in shares of the benchmark.

    ``-1/a ln E exp(-a v(payment))`` with ``v`` weighing losses ``loss_weight`` times, exact for a normal result (an
    exponential tilts a normal, so each region of the corridor has a closed form). Without caps, with gains and losses from
    zero and equal weights, it is ``mean - a/2 spread**2``.

    Parameters
    ----------
    mean, spread : float
        Expected result and its standard deviation.
    aversion : float
        Constant absolute risk aversion ``a``, above zero.
    loss_weight : float
        How much heavier losses weigh.
    """
    from scipy.special import log_ndtr, ndtr

    a, s = aversion, np.maximum(spread, _TINY)
    low, high = corridor.loss_start - corridor.loss_cap, corridor.gain_from + corridor.gain_cap
    begin, end = corridor.loss_start, corridor.gain_from

    def below(edge: Floats) -> Floats:
        return np.asarray(ndtr((edge - mean) / s))

    def tilted(slope: Floats | float, origin: Floats, left: Floats, right: Floats) -> Floats:
        # E[exp(-slope (x - origin)); left < x < right], in logarithms and in the lighter tail: the tilt can be steep.
        first, last = (left - mean) / s + slope * s, (right - mean) / s + slope * s
        upper = first > 0
        first, last = np.where(upper, -last, first), np.where(upper, -first, last)
        tail = log_ndtr(last)
        inside = -np.expm1(np.minimum(log_ndtr(first) - tail, 0.0))
        return np.asarray(np.exp(-slope * (mean - origin) + 0.5 * (slope * s) ** 2 + tail) * inside)

    lose, gain = a * loss_weight, a * corridor.gain_share
    expected = np.exp(lose * corridor.loss_cap) * below(low)
    expected = expected + tilted(lose, begin, low, begin)
    expected = expected + below(end) - below(begin)
    expected = expected + tilted(gain, end, end, high)
    expected = expected + np.exp(-gain * corridor.gain_cap) * (1.0 - below(high))
    return np.asarray(-np.log(expected) / a)


def cautious_equivalent(
    corridor: Corridor, mean: Floats, spread: Floats, luck: Floats, aversion: float, loss_weight: float
) -> Floats:
    """Return the certainty equivalent of somebody who does not count on winning by chance.

    A limit on losses makes chance worth having: with few episodes a participant would gain by luck and not pay for bad luck.
    The value here is the lowest over all amounts of sampling luck up to one's own, so more episodes are never worth less: a
    running minimum over fixed amounts, linear in between.

    Parameters
    ----------
    luck : (n, 1) or (n, arms) float
        Standard deviation of sampling; beyond the last fixed amount it counts as that.
    """
    shape = np.broadcast_shapes(np.shape(mean), np.shape(spread), np.shape(luck))
    luck = np.broadcast_to(luck, shape).clip(max=_LUCK[-1])
    above = np.searchsorted(_LUCK, luck).clip(1, len(_LUCK) - 1)
    weight = (luck - _LUCK[above - 1]) / (_LUCK[above] - _LUCK[above - 1])
    lowest = certainty_equivalent(corridor, mean, spread, aversion, loss_weight)
    value = np.zeros(shape)
    for step in range(1, int(above.max(initial=1)) + 1):
        total = np.sqrt(spread**2 + _LUCK[step] ** 2)
        lower = np.minimum(lowest, certainty_equivalent(corridor, mean, total, aversion, loss_weight))
        value = np.where(above == step, (1.0 - weight) * lowest + weight * lower, value)
        lowest = lower
    return value


def joint_belief(count: NDArray[np.int64], surprise: Floats, lasting: float, passing: Floats) -> tuple[Floats, Floats]:
    """Return (expected lasting advantage, variance left of it) after ``count`` results, normal learning.

    Parameters
    ----------
    count : int
        Results seen.
    surprise : float
        Their sum beyond expectation.
    lasting, passing : float
        Variance of the lasting advantage between organisations; of what differs from period to period.
    """
    total = passing + count * lasting
    total = np.maximum(total, _TINY**2)
    return lasting * surprise / total, lasting * passing / total
