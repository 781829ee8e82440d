from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import METRO, start
from oncsim.ties.trust import (
    DISSOLVED,
    after_quarter,
    beta_trust,
    good_chance,
    reputation,
    reputations,
    stationary_mean,
    used_trust,
)

from .partners import add_ties, partners, rows_of

unit = st.floats(0, 1)


def move(
    trust: float,
    good: bool,
    severity: float = 1.0,
    gain: float = 0.05,
    ratio: float = 2.5,
    drift: float = 0.0,
    repair: float = 0.0,
) -> float:
    one = (np.array([value]) for value in (trust, good, severity))
    return float(after_quarter(*one, gain, ratio, drift, repair)[0])


def quarters_to(level: float, trust: float, gain: float = 0.05, repair: float = 0.0) -> int:
    """Return how many good quarters bring trust back to a level."""
    count = 0
    while trust < level - 1e-12:
        trust, count = move(trust, True, gain=gain, repair=repair), count + 1
    return count


@given(unit, st.booleans(), st.floats(0, 10), unit, st.floats(0, 20), st.floats(0, 0.5), st.floats(0, 5))
def test_trust_stays_a_share(
    trust: float, good: bool, severity: float, gain: float, ratio: float, drift: float, repair: float
) -> None:
    assert 0.0 <= move(trust, good, severity, gain, ratio, drift, repair) <= 1.0


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


@given(st.lists(st.booleans(), min_size=2, max_size=12), unit)
def test_the_later_the_bad_quarter_the_lower_the_trust_at_the_end(path: list[bool], start: float) -> None:
    """Moving one bad quarter behind the good one after it lowers what is left, wherever in the path it is."""

    def end(quarters: list[bool]) -> float:
        trust = start
        for good in quarters:
            trust = move(trust, good)
        return trust

    for at in range(len(path) - 1):
        if not path[at] and path[at + 1]:
            later = [*path[:at], True, False, *path[at + 2 :]]
            assert end(later) < end(path)


@pytest.mark.parametrize(("gain", "loss", "quarters"), [(0.05, 0.15, 10), (0.05, 0.25, 14), (0.1, 0.3, 8)])
def test_quarters_to_repair_one_breach_from_the_methods(gain: float, loss: float, quarters: int) -> None:
    """From 0.8 (methods 2f); the logarithm says the same as counting."""
    broken = move(0.8, False, gain=gain, ratio=loss / gain)
    assert broken == pytest.approx(0.8 * (1 - loss))
    assert quarters_to(0.8, broken, gain) == quarters
    assert np.ceil(np.log(0.2 / (1 - broken)) / np.log(1 - gain)) == quarters


def test_an_answered_breach_is_repaired_sooner() -> None:
    broken = move(0.8, False)
    counts = [quarters_to(0.8, broken, repair=repair) for repair in (0.0, 0.5, 1.0, 3.0)]
    assert counts == sorted(counts, reverse=True) and len(set(counts)) == 4
    # It is good quarters that count more: bad ones cost what they always do.
    assert move(0.6, False, repair=3.0) == move(0.6, False)
    assert move(0.6, True, repair=1.0) == move(0.6, True, gain=0.1)


@given(st.floats(0.05, 0.95), st.integers(1, 30), st.integers(0, 29))
def test_a_breach_is_never_quite_made_good_and_an_early_one_costs_more_over_the_whole_path(
    start: float, quarters: int, early: int
) -> None:
    """Against the same path without a breach: what is missing shrinks by the gain each quarter and never to nothing."""

    def path(breach_at: int) -> np.ndarray:
        trust, found = start, []
        for quarter in range(quarters + 1):
            trust = move(trust, quarter != breach_at)
            found.append(trust)
        return np.array(found)

    never = path(-1)
    first, last = never - path(min(early, quarters - 1)), never - path(quarters)
    harmed = first[min(early, quarters - 1) :]
    assert (first >= -1e-15).all() and (harmed > 0).all()
    np.testing.assert_allclose(harmed[1:], harmed[:-1] * 0.95, rtol=1e-6)
    # At the end a fresh breach hurts most; what was missed on the way is more after an early one, given time and trust.
    assert last[-1] > first[-1]
    if quarters - early >= 10 and start > 0.5:
        assert first.sum() > last.sum()


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


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0, 10))
def test_the_long_run_mean_stays_where_it_is(good: float, gain: float, ratio: float) -> None:
    """The mean of one more quarter is the mean itself."""
    mean = stationary_mean(good, gain, ratio)
    loss = min(gain * ratio, 1.0)
    if loss == gain * ratio and gain * good + loss * (1 - good) > 0:
        assert good * move(mean, True, gain=gain, ratio=ratio) + (1 - good) * move(
            mean, False, gain=gain, ratio=ratio
        ) == pytest.approx(mean, abs=1e-12)


def test_the_long_run_mean_rises_with_good_quarters_and_falls_with_the_weight_of_bad_ones() -> None:
    assert [stationary_mean(good, 0.05, 3.0) for good in (0.0, 1.0)] == [0.0, 1.0]
    assert stationary_mean(0.8, 0.05, 3.0) < stationary_mean(0.9, 0.05, 3.0) < stationary_mean(0.9, 0.05, 2.0)
    assert stationary_mean(0.7, 0.05, 1.0) == pytest.approx(0.7)  # where both weigh the same trust is the share of good


def test_the_beta_form_with_forgetting_is_near_its_formula() -> None:
    """Evidence fades by a tenth a quarter; at nine good quarters in ten the mean is (9 + 1) / (10 + 2) = 0.8333."""
    rng = np.random.default_rng(2)
    good, bad, kept = np.zeros(4000), np.zeros(4000), []
    for quarter in range(200):
        fine = rng.uniform(size=len(good)) < 0.9
        good, bad = 0.9 * good + fine, 0.9 * bad + ~fine
        if quarter >= 100:
            kept.append(beta_trust(good, bad).mean())
    assert float(beta_trust(np.array(9.0), np.array(1.0))) == pytest.approx(0.8333, abs=5e-5)
    assert np.mean(kept) == pytest.approx(0.8333, abs=0.003)


def test_the_beta_form_knows_nothing_without_evidence_and_everything_with_much() -> None:
    assert beta_trust(np.array(0.0), np.array(0.0)) == 0.5
    assert beta_trust(np.array(1e9), np.array(0.0)) == pytest.approx(1.0)
    evidence = np.arange(1.0, 9.0)
    assert (np.diff(beta_trust(evidence, 2.0 + 0 * evidence)) > 0).all()
    assert (np.diff(beta_trust(2.0 + 0 * evidence, evidence)) < 0).all()


def test_few_check_ins_misread_good_quarters() -> None:
    assert good_chance(0.9, 4) == pytest.approx(0.9) == good_chance(0.9, 12)
    assert good_chance(0.9, 0) == pytest.approx(0.81)
    assert good_chance(0.9, 2) == pytest.approx(0.855)


def test_a_common_language_avoids_misreading() -> None:
    assert good_chance(0.9, 0, language=1.0) == pytest.approx(0.9)
    assert good_chance(0.9, 0) < good_chance(0.9, 0, language=0.5) < 0.9
    assert good_chance(0.9, 0, misread=0.0) == pytest.approx(0.9)


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


def test_news_of_others_moves_who_has_no_experience_equally_up_and_down_and_in_both_directions() -> None:
    """A tie without experience is trusted as the partner is by others; good news does as much as bad news of that size."""

    def used(news: float) -> tuple[float, float]:
        model = partners({"partnership.trust.reputation_weight": 100.0})
        a, b, c, d = rows_of(model, "valley", "town_practice", "south", "city_practice")
        (tie,) = add_ties(model, a, b, name="new", trust_ab=0.05, trust_ba=0.95)  # own views without evidence
        for number, other in enumerate((c, d)):
            for side, (one, partner) in enumerate(((other, a), (other, b))):
                rows = add_ties(
                    model, one, partner, name=f"{number}{side}", trust_ab=0.5 + 0.1 * side + news * (number == 0)
                )
                model.ties.evidence_ab[rows] = 8.0
        ab, ba = used_trust(model)
        assert (ab[tie], ba[tie]) == (reputations(model)[b], reputations(model)[a])
        return float(ab[tie]), float(ba[tie])

    plain, up, down = used(0.0), used(0.2), used(-0.2)
    assert plain == pytest.approx((0.6, 0.5))
    assert up == pytest.approx((0.7, 0.6)) and down == pytest.approx((0.5, 0.4))


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
