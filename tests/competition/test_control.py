from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from oncsim.competition.concentration import holdings
from oncsim.competition.control import modified_hhi, shares_through_chains

seeds = st.integers(0, 100_000)
often = settings(max_examples=40, deadline=None)

# The help example of antitrust::HHI: owner A has products 1 and 2, B has 3 and 4, C has 5.
SHARES = np.array([0.15, 0.2, 0.25, 0.35, 0.05])
WHOLLY = np.array([[1.0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]])
# A buys 75 % of product 3, B buys 10 % of product 1.
PARTLY = np.array([[0.9, 1, 0.75, 0, 0], [0.1, 0, 0.25, 1, 0], [0, 0, 0, 0, 1]])
# Control as before the purchases, but for 30 % of product 1, which B has.
SHARED = np.array([[0.7, 1, 0, 0, 0], [0.3, 0, 1, 1, 0], [0, 0, 0, 0, 1]])


def of_one_market(ownership: np.ndarray, control: np.ndarray, shares: np.ndarray = SHARES) -> float:
    count = len(shares)
    columns = sparse.csr_array(ownership), sparse.csr_array(control)
    return float(modified_hhi(np.zeros(count, dtype=int), np.arange(count), 200 * shares, *columns, 1)[0])


def in_loops(share: np.ndarray, ownership: np.ndarray, control: np.ndarray) -> float:
    """Return the formula of O'Brien and Salop, sum by sum; managers whom nobody with a profit controls mind their own."""
    owners, count = ownership.shape
    total = 0.0
    for k in range(count):
        own = sum(control[i, k] * ownership[i, k] for i in range(owners))
        for j in range(count):
            profit = sum(control[i, k] * ownership[i, j] for i in range(owners))
            total += (profit / own if own > 0 else float(j == k)) * share[k] * share[j]
    return 1e4 * total


@pytest.mark.parametrize(
    ("ownership", "control", "expected"),
    [
        (WHOLLY, WHOLLY, 4850.0),  # the HHI of A, B and C
        (PARTLY, WHOLLY, 7712.083),  # the purchases are silent: who controlled still does, and profits elsewhere too
        (PARTLY, SHARED, 7963.977),  # and B has 30 % of the control of product 1
        (PARTLY, PARTLY, 5499.665),  # control in proportion to ownership: A minds product 3 as its own
    ],
)
def test_known_values_of_partial_ownership(ownership: np.ndarray, control: np.ndarray, expected: float) -> None:
    assert of_one_market(ownership, control) == pytest.approx(expected, abs=5e-4)
    assert in_loops(SHARES, ownership, control) == pytest.approx(expected, abs=5e-4)


def test_the_own_weight_of_managers_is_the_unit_not_that_of_the_rival() -> None:
    """Dividing by the diagonal of the other firm gives 7,575 and 7,562.955, as one published program does."""
    for control, wrong in ((WHOLLY, 7575.0), (SHARED, 7562.955)):
        interest = control.T @ PARTLY
        assert 1e4 * SHARES @ (interest / np.diag(interest)[None, :]) @ SHARES == pytest.approx(wrong, abs=5e-4)
        assert abs(of_one_market(PARTLY, control) - wrong) > 100


def columns_that_add_to_one(rng: np.random.Generator, owners: int, count: int) -> np.ndarray:
    drawn = rng.uniform(size=(owners, count)) * (rng.uniform(size=(owners, count)) < 0.5)
    drawn[rng.integers(0, owners, count), np.arange(count)] += 0.1
    return drawn / drawn.sum(axis=0)


@often
@given(seeds, st.integers(1, 7), st.integers(1, 6))
def test_several_markets_equal_the_loops(seed: int, owners: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    ownership, control = (columns_that_add_to_one(rng, owners, count) for _ in range(2))
    patients = rng.gamma(1.0, 30.0, (4, count)) * (rng.uniform(size=(4, count)) < 0.7)
    patients[2] = 0.0  # listed, and nobody treated
    market, organization = (index.ravel() for index in np.indices((4, count)))
    order = rng.permutation(len(market))
    found = modified_hhi(
        market[order],
        organization[order],
        patients.ravel()[order],
        sparse.csr_array(ownership),
        sparse.csr_array(control),
        5,
    )
    assert np.isnan(found[2]) and np.isnan(found[4])
    for m in (0, 1, 3):
        if patients[m].sum() > 0:
            share = patients[m] / patients[m].sum()
            assert found[m] == pytest.approx(in_loops(share, ownership, control), rel=1e-10)
        else:
            assert np.isnan(found[m])


@often
@given(seeds, st.integers(1, 5), st.integers(1, 8))
def test_whole_owners_give_the_hhi_of_owners(seed: int, owners: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    owner, patients = rng.integers(0, owners, count), rng.gamma(1.0, 30.0, (3, count))
    block = (np.arange(owners)[:, None] == owner).astype(np.float64)
    market, organization = (index.ravel() for index in np.indices((3, count)))
    found = modified_hhi(market, organization, patients.ravel(), sparse.csr_array(block), sparse.csr_array(block), 3)
    expected = holdings(market, owner[organization], patients.ravel(), 3).hhi()
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@often
@given(seeds, st.integers(2, 5), st.integers(2, 5))
def test_products_of_one_firm_may_be_listed_apart_or_together(seed: int, owners: int, firms: int) -> None:
    rng = np.random.default_rng(seed)
    ownership, control = (columns_that_add_to_one(rng, owners, firms) for _ in range(2))
    control = 0.9 * control + 0.1 * ownership  # everybody in control has some profit
    firm = np.append(np.arange(firms), rng.integers(0, firms, 3))
    share = rng.dirichlet(np.ones(len(firm)))
    products = of_one_market(ownership[:, firm], control[:, firm], share)
    assert products == pytest.approx(of_one_market(ownership, control, np.bincount(firm, weights=share)), rel=1e-11)


@often
@given(seeds, st.integers(1, 4), st.integers(2, 5))
def test_common_owners_only_add_to_the_hhi(seed: int, owners: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    ownership, control = (columns_that_add_to_one(rng, owners, count) for _ in range(2))
    share = rng.dirichlet(np.ones(count))
    assert of_one_market(ownership, control, share) >= 1e4 * (share**2).sum() * (1 - 1e-12)


def test_a_silent_stake_of_one_rival_in_another_by_hand() -> None:
    # Two halves of a market; 0 has a fifth of the profit of 1 and no say there.
    ownership, control = np.array([[1.0, 0.2], [0.0, 0.8]]), np.eye(2)
    # Managers of 0 weigh 1 by 0.2, those of 1 weigh nothing but their own.
    assert of_one_market(ownership, control, np.array([0.5, 0.5])) == pytest.approx(1e4 * (0.25 + 0.25 + 0.2 * 0.25))


def test_those_in_control_without_a_profit_weigh_their_own_alone() -> None:
    ownership, control = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 1.0]])
    # Owner 1 controls firm 0 and has nothing of it: no weight can be measured in its own profit.
    assert of_one_market(ownership, control, np.array([0.5, 0.5])) == pytest.approx(5000.0)


def stakes(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    holder, held = np.nonzero(matrix)
    return holder, held, matrix[holder, held]


def random_stakes(rng: np.random.Generator, size: int, circles: bool, most: float) -> np.ndarray:
    drawn = rng.uniform(size=(size, size)) * (rng.uniform(size=(size, size)) < 0.5)
    drawn = drawn * (1 - np.eye(size)) if circles else np.triu(drawn, 1)
    taken = drawn.sum(axis=0)
    return drawn * np.where(taken > 0, rng.uniform(0, most, size) / np.where(taken > 0, taken, 1.0), 0.0)


@often
@given(seeds, st.integers(1, 8), st.booleans())
def test_shares_through_chains_are_the_inverse_of_what_is_held(seed: int, size: int, circles: bool) -> None:
    held = random_stakes(np.random.default_rng(seed), size, circles, 0.55 if circles else 1.0)
    found = shares_through_chains(*stakes(held), size).toarray()
    outside = 1.0 - held.sum(axis=0)
    np.testing.assert_allclose(found, outside[:, None] * np.linalg.inv(np.eye(size) - held), atol=1e-11)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, rtol=1e-11)
    assert (found >= 0).all()


def test_shares_multiply_along_a_chain() -> None:
    found = shares_through_chains(np.array([0, 1]), np.array([1, 2]), np.array([0.5, 0.4]), 3).toarray()
    assert found == pytest.approx(np.array([[1.0, 0.5, 0.2], [0.0, 0.5, 0.2], [0.0, 0.0, 0.6]]))


def test_one_held_wholly_has_no_owners_of_its_own() -> None:
    found = shares_through_chains(np.array([0, 1]), np.array([1, 2]), np.array([1.0, 1.0]), 3).toarray()
    assert found == pytest.approx(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))


def test_stakes_of_the_same_two_add_up() -> None:
    split = shares_through_chains(np.array([0, 0, 0]), np.array([1, 1, 1]), np.array([0.1, 0.2, 0.3]), 2)
    whole = shares_through_chains(np.array([0]), np.array([1]), np.array([0.6]), 2)
    np.testing.assert_allclose(split.toarray(), whole.toarray(), rtol=1e-14)


def test_without_stakes_everybody_belongs_to_its_own_owners() -> None:
    none = np.zeros(0, dtype=int)
    np.testing.assert_array_equal(shares_through_chains(none, none, np.zeros(0), 3).toarray(), np.eye(3))


@pytest.mark.parametrize("share", [[1.2], [0.7, 0.5]])
def test_nobody_can_be_held_more_than_wholly(share: list[float]) -> None:
    holder, held = np.arange(len(share)), np.full(len(share), 2)
    with pytest.raises(ValueError, match="120% of organisation 2 is held by others"):
        shares_through_chains(holder, held, np.array(share), 3)


def test_control_and_profit_by_chains_give_the_modified_hhi_of_a_joint_venture() -> None:
    """Two rivals of 40 each have half of a third of 20 and no outside owner has any of it."""
    chains = shares_through_chains(np.array([0, 1]), np.array([2, 2]), np.array([0.5, 0.5]), 3).toarray()
    share = np.array([0.4, 0.4, 0.2])
    # Each parent weighs the venture by half; the venture weighs both parents fully: .5 x 1 / (.5 x .5 + .5 x .5) = 1.
    expected = (share**2).sum() + 2 * 0.5 * 0.4 * 0.2 + 2 * 1.0 * 0.4 * 0.2
    assert of_one_market(chains, chains, share) == pytest.approx(1e4 * expected)


@pytest.mark.parametrize("size", [2, 3])
def test_a_circle_that_nobody_owns_is_refused(size: int) -> None:
    """The docstring promises a ValueError; organisation ``size`` stands beside the circle."""
    with pytest.raises(ValueError, match="held in a circle without an outside owner"):
        shares_through_chains(np.arange(size), (np.arange(size) + 1) % size, np.ones(size), size + 1)


@pytest.mark.parametrize("share", [0.75, 0.9, 0.99])
def test_large_holdings_of_each_other_have_outside_owners_all_the_same(share: float) -> None:
    found = shares_through_chains(np.array([0, 1]), np.array([1, 0]), np.array([share, share]), 2).toarray()
    mine = 1 / (1 + share)
    assert found == pytest.approx(np.array([[mine, 1 - mine], [1 - mine, mine]]))


def test_a_long_chain_is_no_circle() -> None:
    found = shares_through_chains(np.arange(70), np.arange(1, 71), np.ones(70), 71)
    assert found.sum(axis=0) == pytest.approx(np.ones(71))
