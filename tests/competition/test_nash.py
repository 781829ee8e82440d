from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import minimize_scalar

from oncsim.competition.leverage import Leverage, leverage
from oncsim.competition.nash import (
    Bargain,
    Table,
    most_payable,
    negotiate,
    passthrough,
    passthrough_rate,
    value_of_access,
)

from .small_markets import Sites, draw, inclusive, shares

SEEDS = range(12)
seeds = st.integers(0, 100_000)
often = settings(max_examples=40, deadline=None)


def table(seed: int, value: float = 0.5, systems: int = 5, cost: tuple[float, float] = (0.8, 1.0)) -> Table:
    """Return a table in multiples of a standard contract: costs below what the payer would pay, unless asked otherwise."""
    rng = np.random.default_rng(seed)
    return Table(rng.uniform(*cost, systems), rng.uniform(0.0, 0.8, systems), value, 1.1)


def solve(found: Leverage, on: Table, free: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Solve ``(I - B D) p = (I - B) c + B tau W / q + B beyond reference``; who is not free has its fixed price."""
    b = np.where(free, on.weight, 0.0)
    asked = (1 - b) * on.cost + b * (on.value * found.per_patient + found.beyond * on.reference)
    return np.linalg.solve(np.eye(len(b)) - b[:, None] * found.diversion.toarray(), np.where(free, asked, fixed))


def payer_keeps(sites: Sites, care: np.ndarray, on: Table, gone: tuple[int, ...]) -> Callable[[np.ndarray], float]:
    """Return what is left to the payer at given prices when it does not offer some systems: access less payments."""
    n, whole, part = sites.patients, inclusive(sites, care, gone), shares(sites, care, gone)
    access = (n * np.log(np.where(whole > 0, whole, 1.0))).sum()
    to = (n[..., None] * part).sum(axis=(0, 1))
    return lambda price: on.value * access - to[:-1] @ price - to[-1] * on.reference


@pytest.mark.parametrize("lam", [1.0, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_every_price_maximises_its_nash_product(seed: int, lam: float) -> None:
    """Each product in turn, others' prices fixed, until all rest; gains counted by taking the system away."""
    sites, on = draw(seed, lam), table(seed)
    care = sites.care_beyond()
    offered = payer_keeps(sites, care, on, ())
    dropped = [payer_keeps(sites, care, on, (s,)) for s in range(5)]
    q = (sites.patients[..., None] * shares(sites, care)).sum(axis=(0, 1))[:-1]
    price = np.full(5, 1.1)
    for _ in range(60):
        was = price.copy()
        for s in np.flatnonzero(q > 0):
            at_cost = np.where(np.arange(5) == s, on.cost, price)
            gain = offered(at_cost) - dropped[s](at_cost)  # of the payer, when the system asks no more than its cost
            assert gain > 0

            def less_product(margin: float, s: int = s, gain: float = gain) -> float:
                b = on.weight[s]
                return -(b * np.log(q[s] * margin) + (1 - b) * np.log(gain - q[s] * margin))

            room = gain / q[s]
            best = minimize_scalar(less_product, bounds=(1e-12 * room, (1 - 1e-12) * room), options={"xatol": 1e-7 * room})
            price[s] = on.cost[s] + best.x
        if np.abs(price - was).max() < 1e-6:
            break
    found = negotiate(leverage(sites.cells()), on, np.full(5, 1.1))
    np.testing.assert_allclose(found.price[q > 0], price[q > 0], rtol=1e-4)


@often
@given(seeds, st.sampled_from([1.0, 0.7, 0.5]), st.floats(0.0, 3.0))
def test_prices_solve_the_linear_system(seed: int, lam: float, value: float) -> None:
    found, on = leverage(draw(seed, lam).cells()), table(seed, value)
    standing = np.linspace(1.0, 2.0, 5)
    bargain = negotiate(found, on, standing)
    treats = found.patients > 0
    exact = solve(found, on, treats, standing)
    if (most_payable(found, on, exact) >= on.cost)[treats].all():
        np.testing.assert_allclose(bargain.price, exact, rtol=1e-10)
        np.testing.assert_allclose(bargain.most, most_payable(found, on, exact), rtol=1e-10)
        assert bargain.agreed.all()
        assert (bargain.price >= on.cost * (1 - 1e-12))[treats].all()
        assert (bargain.price <= bargain.most * (1 + 1e-12))[treats].all()
        np.testing.assert_array_equal(bargain.price[~treats], standing[~treats])


def test_what_the_payer_would_pay_by_hand() -> None:
    sites = Sites(
        np.zeros(2, dtype=int),
        np.arange(2),
        np.zeros(2, dtype=int),
        np.array([[3.0], [1.0]]),
        np.array([[8.0]]),
        2,
        1,
        1.0,
        0.2,
    )
    # Shares .6, .2 and .2 beyond: W / q = -ln(.4) / .6 and -ln(.8) / .2; D = .5 and .5 beyond, .75 and .25 beyond.
    on = Table(np.array([1.0, 2.0]), np.array([0.5, 0.25]), 3.0, 10.0)
    most = most_payable(leverage(sites.cells()), on, np.array([4.0, 6.0]))
    assert most == pytest.approx(
        [3 * -np.log(0.4) / 0.6 + 0.5 * 6 + 0.5 * 10, 3 * -np.log(0.8) / 0.2 + 0.75 * 4 + 0.25 * 10]
    )
    bargain = negotiate(leverage(sites.cells()), on, np.array([4.0, 6.0]), due=np.array([True, False]))
    assert bargain.price == pytest.approx([0.5 * 1 + 0.5 * most[0], 6.0])


def test_without_weight_systems_get_their_cost() -> None:
    for seed in SEEDS:
        found, on = leverage(draw(seed).cells()), table(seed)
        powerless = Table(on.cost, np.zeros(5), on.value, on.reference)
        price = negotiate(found, powerless, np.full(5, 1.4)).price
        np.testing.assert_array_equal(price, np.where(found.patients > 0, on.cost, 1.4))


@often
@given(seeds, st.integers(0, 4), st.floats(0.01, 0.15))
def test_more_weight_raises_every_price_that_leans_on_it(seed: int, system: int, more: float) -> None:
    found, on = leverage(draw(seed).cells()), table(seed)
    strong = Table(on.cost, on.weight + more * (np.arange(5) == system), on.value, on.reference)
    before, after = (negotiate(found, t, np.full(5, 1.2)) for t in (on, strong))
    assert before.agreed.all() and (after.price >= before.price - 1e-12).all()
    if found.patients[system] > 0 and before.most[system] > on.cost[system] + 0.01:
        assert after.price[system] > before.price[system]


@often
@given(seeds, st.floats(0.1, 50.0))
def test_any_unit_of_money(seed: int, unit: float) -> None:
    found, on = leverage(draw(seed).cells()), table(seed)
    scaled = Table(unit * on.cost, on.weight, unit * on.value, unit * on.reference)
    one, other = negotiate(found, on, np.full(5, 1.2)), negotiate(found, scaled, np.full(5, 1.2 * unit))
    np.testing.assert_allclose(other.price, unit * one.price, rtol=1e-10)


def settled(found: Leverage, on: Table, bargain: Bargain, standing: np.ndarray, due: np.ndarray | None = None) -> None:
    """Assert what a bargain must be: a split between cost and the most where agreed, else the standing price."""
    talks = found.patients > 0 if due is None else (found.patients > 0) & due
    deal = talks & bargain.agreed
    np.testing.assert_allclose(bargain.most, most_payable(found, on, bargain.price), rtol=1e-10)
    split = (1 - on.weight) * on.cost + on.weight * bargain.most
    np.testing.assert_allclose(bargain.price[deal], split[deal], rtol=1e-10)
    assert (bargain.price[deal] >= on.cost[deal] * (1 - 1e-12)).all()
    np.testing.assert_array_equal(bargain.price[~deal], standing[~deal])


def outcomes(found: Leverage, on: Table, standing: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return every set of agreements that is consistent with the prices it leads to, with these prices."""
    consistent = []
    for agreed in product([False, True], repeat=len(standing)):
        price = solve(found, on, np.array(agreed), standing)
        if ((most_payable(found, on, price) >= on.cost) == np.array(agreed)).all():
            consistent.append((np.array(agreed), price))
    return consistent


@pytest.mark.parametrize("expensive", range(5))
def test_a_system_dearer_than_its_worth_stays_out_at_its_standing_price(expensive: int) -> None:
    for seed in SEEDS:
        found, on = leverage(draw(seed).cells()), table(seed)
        cost = np.where(np.arange(5) == expensive, 50.0, on.cost)
        on = Table(cost, on.weight, on.value, on.reference)
        standing = np.full(5, 1.3)
        bargain = negotiate(found, on, standing)
        settled(found, on, bargain, standing)
        assert bargain.agreed[expensive] == (found.patients[expensive] == 0)
        np.testing.assert_array_equal(np.delete(bargain.agreed, expensive), True)
        # Others bargain over people who would go to it at its standing price.
        free = (found.patients > 0) & (np.arange(5) != expensive)
        np.testing.assert_allclose(bargain.price, solve(found, on, free, standing), rtol=1e-10)


def test_talks_come_to_rest_where_no_standing_price_is_above_cost() -> None:
    """Then an agreement never makes another system cheaper to lose: talks always end in one that is consistent."""
    partly, several = 0, 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        found, on = leverage(draw(seed).cells()), table(seed, 0.1, cost=(0.5, 2.0))
        standing = on.cost * rng.uniform(0.2, 1.0, 5)
        bargain = negotiate(found, on, standing)
        settled(found, on, bargain, standing)
        if (found.patients > 0).all():
            consistent = outcomes(found, on, standing)
            (same,) = [price for agreed, price in consistent if np.array_equal(agreed, bargain.agreed)]
            np.testing.assert_allclose(bargain.price, same, rtol=1e-9)
            partly += 0 < bargain.agreed.sum() < 5
            several += len(consistent) > 1
    assert partly >= 10 and several >= 1


def test_talks_come_to_rest_whatever_the_standing_prices() -> None:
    for seed in range(40):
        found, on = leverage(draw(seed).cells()), table(seed, 0.1, cost=(0.5, 2.0))
        standing = np.random.default_rng(seed).uniform(0.5, 3.0, 5)
        settled(found, on, negotiate(found, on, standing), standing)


def test_nobody_agrees_below_cost() -> None:
    one = np.zeros(2, dtype=int)
    sites = Sites(one, np.arange(2), one, np.ones((2, 1)), np.array([[100.0]]), 2, 1, 1.0, 0.02)
    found = leverage(sites.cells())
    # Agreed, both together reach 8.84 for system 0, less than its cost; with 0 out at 2, system 1 cannot agree and stays
    # at 9, and then 0 is worth 9.10.
    on, standing = Table(np.array([9.0, 8.0]), np.full(2, 0.5), 0.1, 8.0), np.array([2.0, 9.0])
    bargain = negotiate(found, on, standing)
    assert (bargain.price >= on.cost)[bargain.agreed].all()


@often
@given(seeds, st.lists(st.booleans(), min_size=5, max_size=5))
def test_only_contracts_that_are_due_move(seed: int, due: list[bool]) -> None:
    found, on = leverage(draw(seed).cells()), table(seed)
    standing, moves = np.linspace(1.0, 2.0, 5), np.array(due)
    bargain = negotiate(found, on, standing, moves)
    np.testing.assert_array_equal(bargain.price[~moves], standing[~moves])
    np.testing.assert_allclose(bargain.price, solve(found, on, moves & (found.patients > 0), standing), rtol=1e-10)
    settled(found, on, bargain, standing, moves)


@pytest.mark.parametrize("seed", SEEDS)
def test_contracts_renewed_a_few_at_a_time_end_where_all_at_once_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, on = leverage(draw(seed).cells()), table(seed)
    price = standing = rng.uniform(1.0, 3.0, 5)
    for _ in range(150):
        price = negotiate(found, on, price, rng.uniform(size=5) < 0.4).price
    np.testing.assert_allclose(price, negotiate(found, on, standing).price, rtol=1e-8)


def test_where_talks_start_does_not_matter_when_all_agree() -> None:
    for seed in SEEDS:
        found, on = leverage(draw(seed).cells()), table(seed)
        one, other = negotiate(found, on, np.full(5, 1.0)), negotiate(found, on, np.full(5, 9.0))
        treats = found.patients > 0
        np.testing.assert_allclose(one.price[treats], other.price[treats], rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_do_not_depend_on_how_long_far_markets_take(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last digit: a market beside another that it shares nobody with, and the same alone."""
    near, slow = (leverage(draw(s).cells()) for s in (seed, seed + 50))
    on, weights = table(seed), np.full(5, 0.8)
    both = Leverage(
        np.append(near.willingness, slow.willingness),
        np.append(near.patients, slow.patients),
        sparse.csr_array(sparse.block_diag([near.diversion, slow.diversion])),
        np.append(near.beyond, slow.beyond),
        np.append(near.largest, slow.largest),
    )
    of_both = Table(np.append(on.cost, on.cost), np.append(on.weight, weights), on.value, on.reference)
    alone, beside = negotiate(near, on, np.full(5, 1.2)), negotiate(both, of_both, np.full(10, 1.2))
    np.testing.assert_array_equal(beside.price[:5], alone.price)
    monkeypatch.setattr("oncsim.competition.nash.FEW", 60)  # the two together are many, each by itself few
    beside = negotiate(both, of_both, np.full(10, 1.2))
    np.testing.assert_array_equal(beside.price[:5], alone.price)


@pytest.mark.parametrize("seed", SEEDS)
def test_few_systems_and_many_come_to_the_same_prices(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found, on, standing = leverage(draw(seed).cells()), table(seed), np.full(5, 1.2)
    for due in (None, np.arange(5) < 2, np.arange(5) < 1):
        few = negotiate(found, on, standing, due)
        with monkeypatch.context() as patch:
            patch.setattr("oncsim.competition.nash.FEW", 0)
            many = negotiate(found, on, standing, due)
        np.testing.assert_array_equal(few.price, many.price)
        np.testing.assert_array_equal(few.agreed, many.agreed)


@pytest.mark.parametrize("weight", [0.8, 0.95, 0.98])
def test_heavy_weights_are_solved_too(weight: float) -> None:
    found = leverage(draw(1, beyond=1e-6).cells())
    on = Table(np.full(5, 0.9), np.full(5, weight), 0.5, 1.1)
    price = negotiate(found, on, np.ones(5)).price
    np.testing.assert_allclose(price, solve(found, on, found.patients > 0, np.ones(5)), rtol=1e-9)


def mean(found: Leverage, price: np.ndarray) -> float:
    return float(found.patients @ price / found.patients.sum())


@often
@given(seeds, st.floats(0.01, 3.0), st.floats(1.0, 1e4))
def test_the_value_of_access_gives_the_target(seed: int, above: float, unit: float) -> None:
    found, at_nothing = leverage(draw(seed).cells()), table(seed, 0.0)
    on = Table(unit * at_nothing.cost, at_nothing.weight, 123.0, unit * at_nothing.reference)
    treats, standing = found.patients > 0, np.full(5, unit)
    target = mean(found, solve(found, Table(on.cost, on.weight, 0.0, on.reference), treats, standing)) + above * unit
    value = value_of_access(found, on, target)
    priced = Table(on.cost, on.weight, value, on.reference)
    exact = solve(found, priced, treats, standing)
    assert value > 0 and mean(found, exact) == pytest.approx(target, rel=1e-8)
    if (most_payable(found, priced, exact) >= on.cost)[treats].all():
        assert mean(found, negotiate(found, priced, standing).price) == pytest.approx(target, rel=1e-8)


@often
@given(seeds, st.floats(0.0, 3.0))
def test_the_passthrough_rate_gives_the_target(seed: int, above: float) -> None:
    found, cost = leverage(draw(seed).cells()), table(seed).cost
    target = mean(found, cost) + above
    rate = passthrough_rate(found, cost, target)
    price = passthrough(found, cost, rate, np.full(5, 7.0))
    assert mean(found, price) == pytest.approx(target, rel=1e-11)
    treats = found.patients > 0
    np.testing.assert_allclose(
        price[treats], (cost + rate * found.willingness / np.where(treats, found.patients, 1))[treats]
    )
    np.testing.assert_array_equal(price[~treats], 7.0)


def test_no_value_below_nothing_and_none_without_patients() -> None:
    found, on = leverage(draw(0).cells()), table(0)
    assert value_of_access(found, on, 0.1) == 0.0 and passthrough_rate(found, on.cost, 0.1) == 0.0
    powerless = Table(on.cost, np.zeros(5), on.value, on.reference)
    assert value_of_access(found, powerless, 5.0) == 0.0  # nobody gets any of it
    nobody = leverage(draw(0).cells().of_zones(np.zeros(4, dtype=bool)))
    assert value_of_access(nobody, on, 5.0) == 0.0 and passthrough_rate(nobody, on.cost, 5.0) == 0.0
    bargain = negotiate(nobody, on, np.arange(5.0))
    np.testing.assert_array_equal(bargain.price, np.arange(5.0))
    np.testing.assert_array_equal(passthrough(nobody, on.cost, 2.0, np.arange(5.0)), np.arange(5.0))
    assert bargain.agreed.all()


def test_without_systems_there_is_nothing_to_agree_on() -> None:
    none = np.zeros(0, dtype=int)
    found = leverage(Sites(none, none, none, np.zeros((0, 1)), np.ones((2, 1)), 0, 1, 1.0, 0.1).cells())
    on = Table(np.zeros(0), np.zeros(0), 1.0, 1.0)
    assert len(negotiate(found, on, np.zeros(0)).price) == 0
    assert value_of_access(found, on, 1.0) == passthrough_rate(found, np.zeros(0), 1.0) == 0.0
