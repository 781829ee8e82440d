from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.competition.leverage import leverage
from oncsim.competition.merger import Merger, gross_upward_pressure, merge
from oncsim.competition.nash import Table, negotiate

from .small_markets import Sites, draw, full_draw

SEEDS = range(12)
seeds = st.integers(0, 100_000)
often = settings(max_examples=40, deadline=None)
PAIRS = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1])


def unequal(seed: int, systems: int = 6) -> Table:
    rng = np.random.default_rng(seed)
    return Table(rng.uniform(0.7, 1.0, systems), rng.uniform(0.1, 0.7, systems), 0.5, 1.1)


def equal(value: float = 0.5, weight: float = 0.5, reference: float = 1.0, systems: int = 6) -> Table:
    return Table(np.ones(systems), np.full(systems, weight), value, reference)


def by_hand(share: np.ndarray, n: np.ndarray, on: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return W, q, D and Nash prices of plain logit shares (zones, systems), with the forms of the textbook."""
    q = n @ share
    willingness = -(n @ np.log(1 - share))
    diversion = (n[:, None] * share / (1 - share)).T @ share / q[:, None]
    np.fill_diagonal(diversion, 0.0)
    beyond = 1.0 - diversion.sum(axis=1)
    b = on.weight
    asked = (1 - b) * on.cost + b * (on.value * willingness / q + beyond * on.reference)
    return willingness, q, diversion, np.linalg.solve(np.eye(len(q)) - b[:, None] * diversion, asked)


@pytest.mark.parametrize("weight", [None, 0.35])
@pytest.mark.parametrize(("one", "other"), [(0, 1), (4, 2), (5, 0)])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_merger_is_two_markets_side_by_side(seed: int, one: int, other: int, weight: float | None) -> None:
    sites, on, rate = full_draw(seed, zones=4, beyond=0.05), unequal(seed), 0.3
    value, n = sites.value.reshape(4, 6), sites.patients[:, 0]
    share = 0.95 * value / value.sum(axis=1, keepdims=True)
    found = merge(sites.cells(), on, rate, np.full(6, 1.2), one, other, weight)
    w, q, d, price = by_hand(share, n, on)

    merged, cost, power = share.copy(), on.cost.copy(), on.weight.copy()
    merged[:, one] += merged[:, other]
    cost[one] = (q[one] * cost[one] + q[other] * cost[other]) / (q[one] + q[other])
    power[one] = (power[one] if q[one] > q[other] else power[other]) if weight is None else weight
    left = np.arange(6) != other
    later = by_hand(merged[:, left], n, Table(cost[left], power[left], on.value, on.reference))

    np.testing.assert_allclose(found.before.willingness, w, rtol=1e-10)
    np.testing.assert_allclose(found.after.willingness, np.insert(later[0], other, 0.0), rtol=1e-10)
    np.testing.assert_allclose(found.price_before, price, rtol=1e-9)
    np.testing.assert_allclose(found.price_after, np.insert(later[3], other, 1.2), rtol=1e-9)
    np.testing.assert_allclose(found.pass_before, on.cost + rate * w / q, rtol=1e-10)
    np.testing.assert_allclose(found.pass_after, np.insert(cost[left] + rate * later[0] / later[1], other, 1.2), rtol=1e-10)

    at = np.where(left, np.arange(6), one)
    new = np.insert(later[3], other, 0.0)[at]
    assert found.diversion == pytest.approx((d[one, other], d[other, one]), rel=1e-9)
    gain = found.after.willingness[one] / (w[one] + w[other]) - 1
    assert found.willingness_gain == pytest.approx(gain, rel=1e-9) and gain > 0
    pair = [one, other]
    change = new[one] * q[pair].sum() / (q[pair] @ price[pair]) - 1
    assert found.party_change(found.price_before, found.price_after) == pytest.approx(change, abs=1e-10)
    change = q @ new / (q @ price) - 1
    assert found.market_change(found.price_before, found.price_after) == pytest.approx(change, abs=1e-10)


@often
@given(seeds, PAIRS)
def test_parties_of_equal_weight_may_be_named_in_either_order(seed: int, pair: tuple[int, int]) -> None:
    cells, on = draw(seed, systems=6).cells(), replace(unequal(seed), weight=np.full(6, 0.4))
    one, back = (merge(cells, on, 0.3, np.full(6, 1.2), a, b) for a, b in (pair, pair[::-1]))
    a, b = pair
    others = [s for s in range(6) if s not in pair]
    for name in ("price_after", "pass_after"):
        first, second = getattr(one, name), getattr(back, name)
        assert first[a] == pytest.approx(second[b], rel=1e-9)
        np.testing.assert_allclose(first[others], second[others], rtol=1e-9)
    assert one.willingness_gain == pytest.approx(back.willingness_gain, abs=1e-10)
    assert one.diversion == pytest.approx(back.diversion[::-1], abs=1e-12)
    change = [m.market_change(m.price_before, m.price_after) for m in (one, back)]
    assert change[0] == pytest.approx(change[1], abs=1e-10)


@pytest.mark.parametrize("lam", [1.0, 0.6])
def test_two_towns_without_a_patient_in_common_gain_nothing(lam: float) -> None:
    """Town 1 is town 0 over again: the parties 0 and 1, one rival each, and system 4 in both."""
    zone, system = np.repeat([0, 1], 3), np.array([0, 2, 4, 1, 3, 4])
    value = np.array([2.0, 1.0, 0.7, 2.0, 1.0, 0.7]).reshape(-1, 1)
    sites = Sites(zone, system, np.array([0, 0, 1, 0, 0, 1]), value, np.full((2, 1), 40.0), 5, 2, lam, 0.05)
    found = merge(sites.cells(), equal(systems=5), 0.3, np.full(5, 1.2), 0, 1)
    assert found.willingness_gain == pytest.approx(0.0, abs=1e-14) and found.diversion == (0.0, 0.0)
    for before, after in ((found.price_before, found.price_after), (found.pass_before, found.pass_after)):
        assert found.party_change(before, after) == pytest.approx(0.0, abs=1e-12)
        assert found.market_change(before, after) == pytest.approx(0.0, abs=1e-12)
        np.testing.assert_allclose(np.delete(after, 1), np.delete(before, 1), rtol=1e-12)


@often
@given(seeds, st.sampled_from([1.0, 0.6]))
def test_without_a_patient_in_common_the_parties_ask_the_mean_of_what_they_were_worth(seed: int, lam: float) -> None:
    """Towns that differ: no gain in willingness, and all that changes is that one price holds in both towns."""
    first, second = (full_draw(seed + shift, systems=3, lam=lam, beyond=0.1) for shift in (0, 1))
    sites = replace(
        first,
        zone=np.repeat([0, 1], 3),
        system=np.arange(6),
        nest=np.zeros(6, dtype=int),
        value=np.vstack([first.value, second.value]),
        patients=np.vstack([first.patients, second.patients]),
        systems=6,
    )
    on = equal()
    found = merge(sites.cells(), on, 0.3, np.full(6, 1.2), 0, 3)
    assert found.willingness_gain == pytest.approx(0.0, abs=1e-12)
    assert found.party_change(found.pass_before, found.pass_after) == pytest.approx(0.0, abs=1e-12)
    due = np.arange(6) == 0
    alone = negotiate(found.after, on, found.price_before, due).price  # while nobody else renegotiates
    assert found.party_change(found.price_before, alone) == pytest.approx(0.0, abs=1e-12)


@often
@given(seeds, st.sampled_from([1.0, 0.7, 0.5]), PAIRS)
def test_by_passthrough_a_merger_never_lowers_a_price(seed: int, lam: float, pair: tuple[int, int]) -> None:
    """Whatever costs and nests: the rise is ``phi`` times the gain in willingness, and nobody else's price moves."""
    found = merge(draw(seed, lam, systems=6).cells(), unequal(seed), 0.3, np.full(6, 1.2), *pair)
    change = found.party_change(found.pass_before, found.pass_after)
    assert change >= -1e-11
    before, after = found.before, found.after
    paid = before.patients[list(pair)] @ found.pass_before[list(pair)]
    gain = after.willingness[pair[0]] - before.willingness[list(pair)].sum()
    if paid > 0:
        assert change * paid == pytest.approx(0.3 * gain, abs=1e-9)
    others = [s for s in range(6) if s not in pair]
    np.testing.assert_allclose(found.pass_after[others], found.pass_before[others], rtol=1e-7)


@often
@given(seeds, st.floats(0.5, 3.0), st.floats(0.05, 0.8), st.floats(0.1, 3.0), PAIRS)
def test_in_one_cell_a_merger_always_raises_the_price_of_equals(
    seed: int, spread: float, weight: float, value: float, pair: tuple[int, int]
) -> None:
    """One place, no nests, nobody beyond, equal costs and weights."""
    found = merge(full_draw(seed, spread=spread).cells(), equal(value, weight), 1.0, np.ones(6), *pair)
    assert found.willingness_gain > 0
    assert found.party_change(found.price_before, found.price_after) > 0


def first_round(found: Merger, on: Table) -> tuple[float, float, float]:
    """Return what the parties get more in the first talks after the merger, rivals at their old prices, and its two parts.

    The gain in willingness; and what the payer no longer pays a partner for those who left the other, who now go to rivals.
    """
    a, b = found.one, found.other
    q, d, p = found.before.patients, found.before.diversion.toarray(), found.price_before
    now = negotiate(found.after, on, p, np.arange(len(q)) == a).price[a]
    rise = (q[a] + q[b]) * now - q[a] * p[a] - q[b] * p[b]
    gain = on.value * (found.after.willingness[a] - found.before.willingness[[a, b]].sum())
    others = np.delete(np.arange(len(q)), [a, b])
    more = (q[a] + q[b]) * found.after.diversion.toarray()[a] - q[a] * d[a] - q[b] * d[b]
    away = (q[a] + q[b]) * found.after.beyond[a] - q[a] * found.before.beyond[a] - q[b] * found.before.beyond[b]
    elsewhere = more[others] @ p[others] + away * on.reference
    return float(rise), float(gain), float(elsewhere - q[a] * d[a, b] * p[b] - q[b] * d[b, a] * p[a])


@often
@given(seeds, st.floats(0.5, 4.0), st.floats(0.1, 0.8), PAIRS)
def test_a_merger_raises_the_price_unless_rivals_are_cheaper(
    seed: int, spread: float, weight: float, pair: tuple[int, int]
) -> None:
    """The true statement in many cells: ``b`` times the gain in willingness and the dearer rivals people go to instead."""
    sites = full_draw(seed, zones=5, spread=spread, beyond=0.02)
    cheap = equal(0.7, weight)
    on = replace(cheap, reference=float(merge(sites.cells(), cheap, 1.0, np.ones(6), *pair).price_before.max()))
    found = merge(sites.cells(), on, 1.0, np.ones(6), *pair)
    rise, gain, redirected = first_round(found, on)
    assert rise == pytest.approx(weight * (gain + redirected), rel=1e-7, abs=1e-8)
    assert gain > 0
    a, b = pair
    if np.delete(found.price_before, [a, b]).min() >= found.price_before[[a, b]].max():
        assert redirected >= -1e-9 and rise > 0


def test_a_merger_of_dear_systems_among_cheap_ones_can_lower_their_price() -> None:
    """Against methods 2d ('merging substitutes never lowers'): true of the table there, not of every market.

    The parties are needed at home, each in a town of its own, and dear for it; in the city they are two of four equals. A
    payer that lost one used to pay the dear price of the other for the city's patients; losing both, it pays cheap rivals.
    """
    value = np.array([[9.0, 0.001, 0.01, 0.01], [0.001, 9.0, 0.01, 0.01], [1.0, 1.0, 1.0, 1.0]])
    zone, system = (index.ravel() for index in np.indices(value.shape))
    nest, patients = np.zeros_like(zone), np.array([[100.0], [100.0], [400.0]])
    sites = Sites(zone, system, nest, value.reshape(-1, 1), patients, 4, 1, 1.0, 0.0)
    on = equal(1.0, 0.5, systems=4)
    found = merge(sites.cells(), on, 1.0, np.ones(4), 0, 1)
    assert found.willingness_gain > 0.03  # they are substitutes
    assert found.price_before[:2].min() > 1.3 * found.price_before[2:].max()
    rise, gain, redirected = first_round(found, on)
    assert 0 < gain < -redirected and rise < 0
    assert found.party_change(found.price_before, found.price_after) < -0.005
    assert found.party_change(found.pass_before, found.pass_after) > 0.02


def test_a_merger_with_one_without_patients_changes_nothing() -> None:
    sites = full_draw(3, zones=2, beyond=0.05)
    without = replace(sites, value=np.where((sites.system == 5)[:, None], 0.0, sites.value))
    on = unequal(3)
    for one, other in ((0, 5), (5, 0)):
        found = merge(without.cells(), on, 0.3, np.full(6, 1.2), one, other)
        assert found.willingness_gain == pytest.approx(0.0, abs=1e-13)
        for before, after in ((found.price_before, found.price_after), (found.pass_before, found.pass_after)):
            assert after[one] == pytest.approx(before[0], rel=1e-11)
            assert found.party_change(before, after) == pytest.approx(0.0, abs=1e-11)
            assert found.market_change(before, after) == pytest.approx(0.0, abs=1e-11)


def test_nobody_to_merge() -> None:
    sites = full_draw(3)
    nobody = merge(replace(sites, patients=np.zeros((1, 1))).cells(), equal(), 0.3, np.full(6, 1.2), 0, 1)
    assert nobody.willingness_gain == nobody.party_change(nobody.price_before, nobody.price_after) == 0.0
    assert nobody.market_change(nobody.price_before, nobody.price_after) == 0.0
    assert nobody.diversion == (0.0, 0.0)


def test_the_caller_keeps_its_table() -> None:
    on = unequal(1)
    cost, weight = on.cost.copy(), on.weight.copy()
    merge(full_draw(1).cells(), on, 0.3, np.full(6, 1.2), 0, 1, 0.2)
    np.testing.assert_array_equal(on.cost, cost)
    np.testing.assert_array_equal(on.weight, weight)


def test_gross_upward_pressure_by_hand() -> None:
    # A fifth of the patients, each with a margin of 30, in prices of 120.
    assert gross_upward_pressure(0.2, 120.0, 100.0, 70.0) == pytest.approx(0.05)
    assert gross_upward_pressure(0.2, 120.0, 70.0, 100.0) == pytest.approx(-0.05)
    assert gross_upward_pressure(0.0, 120.0, 100.0, 70.0) == gross_upward_pressure(0.2, 0.0, 100.0, 70.0) == 0.0


def test_diversion_in_the_merger_is_that_of_leverage() -> None:
    cells = draw(4, systems=6).cells()
    expected = leverage(cells).diversion.toarray()
    found = merge(cells, unequal(4), 0.3, np.ones(6), 2, 1)
    assert found.diversion == (expected[2, 1], expected[1, 2])
