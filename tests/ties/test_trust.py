from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import METRO, start
from oncsim.ties.trust import DISSOLVED, after_quarter, reputation, stationary_mean, used_trust

unit = st.floats(0, 1)


def move(trust: float, good: bool, severity: float = 1.0, gain: float = 0.05, ratio: float = 2.5, drift: float = 0.0):
    return float(after_quarter(np.array([trust]), np.array([good]), np.array([severity]), gain, ratio, drift)[0])


@given(unit, st.booleans(), st.floats(0, 10), unit, st.floats(0, 20), st.floats(0, 0.5))
def test_trust_stays_a_share(trust: float, good: bool, severity: float, gain: float, ratio: float, drift: float) -> None:
    assert 0.0 <= move(trust, good, severity, gain, ratio, drift) <= 1.0


@given(unit, st.floats(0, 5), unit, st.floats(0, 20))
def test_good_never_lowers_and_bad_never_raises(trust: float, severity: float, gain: float, ratio: float) -> None:
    assert move(trust, True, severity, gain, ratio) >= trust - 1e-15
    assert move(trust, False, severity, gain, ratio) <= trust + 1e-15


def test_by_hand() -> None:
    assert move(0.6, True) == pytest.approx(0.62)
    assert move(0.6, False) == pytest.approx(0.6 * (1 - 0.125))
    assert move(0.6, False, severity=2.0) == pytest.approx(0.6 * 0.75)
    assert move(0.6, True, drift=0.01) == pytest.approx(0.61)


def test_the_order_of_good_and_bad_matters() -> None:
    """A breach at the end leaves less than the same breach at the start; each can be repaired, slowly."""
    assert move(move(0.6, False), True) > move(move(0.6, True), False)


@pytest.mark.parametrize(("loss", "quarters"), [(0.15, 10), (0.25, 14)])
def test_quarters_to_repair_one_breach_from_the_methods(loss: float, quarters: int) -> None:
    trust = move(0.8, False, ratio=loss / 0.05)
    count = 0
    while trust < 0.8 - 1e-12:
        trust, count = move(trust, True), count + 1
    assert count in (quarters, quarters - 1, quarters + 1)


@pytest.mark.parametrize(("gain", "loss", "mean"), [(0.05, 0.15, 0.75), (0.05, 0.25, 0.643), (0.1, 0.3, 0.75)], ids=str)
def test_the_long_run_mean_is_the_closed_form(gain: float, loss: float, mean: float) -> None:
    """At nine good quarters in ten (methods 2f), by simulation and by formula."""
    rng = np.random.default_rng(1)
    trust, kept = np.full(4000, 0.2), []
    for quarter in range(300):
        good = rng.uniform(size=len(trust)) < 0.9
        trust = after_quarter(trust, good, np.ones(len(trust)), gain, loss / gain, 0.0)
        if quarter >= 200:
            kept.append(trust.mean())
    assert stationary_mean(0.9, gain, loss / gain) == pytest.approx(mean, abs=5e-4)
    assert np.mean(kept) == pytest.approx(mean, abs=0.005)


def test_what_is_not_checked_erodes() -> None:
    trust = 0.8
    for _ in range(200):
        trust = move(trust, True, gain=0.0, drift=0.01)
    assert trust == 0.0
    assert move(0.8, True, gain=0.0) == 0.8


@given(st.lists(unit, min_size=1, max_size=12), st.floats(0.01, 10))
def test_reputation_is_symmetric_in_good_and_bad_news(trusts: list[float], weight: float) -> None:
    trust, ones = np.array(trusts), np.full(len(trusts), weight)
    who = np.zeros(len(trusts), dtype=np.int64)
    up = reputation(who, trust, ones, 1, 0.5)[0]
    down = reputation(who, 1 - trust, ones, 1, 0.5)[0]
    assert up + down == pytest.approx(1.0)
    assert trust.min() - 1e-12 <= up <= trust.max() + 1e-12


def test_reputation_weighs_evidence_and_starts_at_the_usual() -> None:
    who = np.array([1, 1])
    found = reputation(who, np.array([0.2, 0.8]), np.array([1.0, 3.0]), 3, 0.55)
    np.testing.assert_allclose(found, [0.55, 0.65, 0.55])


def test_reputation_alone_creates_no_asymmetry() -> None:
    """Equal trust everywhere stays equal, whatever the weight of reputation."""
    model = start(1, METRO)
    ties = model.ties
    ties.trust_ab[:] = ties.trust_ba[:] = 0.42
    ties.evidence_ab[:] = np.arange(len(ties)) + 1.0
    ab, ba = used_trust(model)
    np.testing.assert_allclose(ab, 0.42)
    np.testing.assert_allclose(ba, 0.42)


def test_own_experience_outweighs_reputation_as_it_grows() -> None:
    model = start(1, METRO)
    ties = model.ties
    ties.trust_ab[:] = ties.trust_ba[:] = 0.9
    ties.trust_ab[0] = 0.1
    used = []
    for evidence in (0.0, 4.0, 1000.0):
        ties.evidence_ab[:] = ties.evidence_ba[:] = 1000.0
        ties.evidence_ab[0] = evidence
        used.append(float(used_trust(model)[0][0]))
    assert used[0] > used[1] > used[2]
    assert used[2] == pytest.approx(0.1, abs=0.01)


def test_dissolved_ties_say_nothing_about_anybody() -> None:
    model = start(1, METRO)
    ties = model.ties
    partner = int(ties.b[0])
    others = ((ties.a == partner) | (ties.b == partner)) & (np.arange(len(ties)) > 0)
    ties.stage[others] = DISSOLVED
    ties.trust_ab[others] = ties.trust_ba[others] = 0.0
    ties.trust_ab[0], ties.evidence_ab[0] = 0.7, 5.0
    assert used_trust(model)[0][0] == pytest.approx(0.7)
