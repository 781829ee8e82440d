"""Luck is a function of its key and of nothing else; paired runs share all of it that is not the policy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from markets import METRO, MIXED, built, events, run, same_tables, start
from oncsim.market.form import Market
from oncsim.randomness import Luck, identities, identity, pair_keys, triangular1, triangular_quantile

MANY = identities([f"entity {number}" for number in range(100_000)])
KEYS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40, unique=True)


# -- the draws ------------------------------------------------------------------------------------------------------


@given(KEYS, st.integers(0, 2**31), st.integers(0, 1000), st.integers(-40, 400), st.randoms())
def test_a_draw_depends_on_its_own_key_only(keys: list[int], seed: int, replicate: int, quarter: int, shuffle) -> None:
    luck = Luck(seed, replicate)
    drawn = dict(zip(keys, luck.uniform("some.decision", quarter, keys), strict=True))
    others = keys[:]
    shuffle.shuffle(others)
    luck.uniform("another.decision", quarter, keys)  # what was drawn before does not matter
    for key in others[: len(others) // 2 + 1]:
        assert Luck(seed, replicate).uniform1("some.decision", quarter, key) == drawn[key]
    assert all(0.0 < value < 1.0 for value in drawn.values())


def test_every_part_of_the_key_matters() -> None:
    base = Luck(1, 0).uniform("a", 3, MANY[:1000])
    for luck, decision, quarter, keys in (
        (Luck(2, 0), "a", 3, MANY[:1000]),
        (Luck(1, 1), "a", 3, MANY[:1000]),
        (Luck(1, 0), "b", 3, MANY[:1000]),
        (Luck(1, 0), "a", 4, MANY[:1000]),
        (Luck(1, 0), "a", -3, MANY[:1000]),
        (Luck(1, 0), "a", 3, MANY[1000:2000]),
    ):
        other = luck.uniform(decision, quarter, keys)
        assert not np.any(other == base)
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.15


def test_seed_and_replicate_are_not_interchangeable() -> None:
    assert not np.any(Luck(1, 2).uniform("a", 0, MANY[:1000]) == Luck(2, 1).uniform("a", 0, MANY[:1000]))


@pytest.mark.parametrize("keys", [MANY, np.arange(100_000, dtype=np.uint64)], ids=["names", "counters"])
def test_uniforms_are_uniform(keys: np.ndarray) -> None:
    drawn = Luck(7).uniform("uniform", 5, keys)
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(drawn.var() - 1 / 12) < 0.001
    assert stats.kstest(drawn, "uniform").statistic < 0.007
    assert len(np.unique(drawn)) == len(drawn)
    # Neighbouring keys are as independent as any others.
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.015


def test_quarters_and_decisions_of_one_entity_are_uncorrelated() -> None:
    luck = Luck(3)
    table = np.array([luck.uniform(name, t, MANY[:20_000]) for name in ("x", "y") for t in range(4)])
    apart = np.corrcoef(table)[~np.eye(8, dtype=bool)]
    assert np.abs(apart).max() < 0.035


def test_normals_are_normal() -> None:
    drawn = Luck(7).normal("normal", 0, MANY)
    assert stats.kstest(drawn, "norm").statistic < 0.007
    assert np.isfinite(drawn).all()


@given(st.floats(-5, 5), st.floats(0, 4), st.floats(0, 4))
def test_triangular_is_the_inverse_of_its_distribution(low: float, up: float, further: float) -> None:
    mode, high = low + up, low + up + further
    u = np.linspace(0.001, 0.999, 101)
    drawn = triangular_quantile(u, low, mode, high)
    assert (np.diff(drawn) >= -1e-12).all()
    assert drawn.min() >= low - 1e-12 and drawn.max() <= high + 1e-12
    if high - low > 0.01:
        exact = stats.triang(c=(mode - low) / (high - low), loc=low, scale=high - low)
        np.testing.assert_allclose(exact.cdf(drawn), u, atol=1e-7)


def test_order_does_not_depend_on_who_else_is_there() -> None:
    luck, keys = Luck(1), MANY[:50]
    order = keys[luck.order("queue", 2, keys)]
    some = keys[::3]
    shorter = some[luck.order("queue", 2, some)]
    assert shorter.tolist() == [key for key in order if key in set(some.tolist())]
    assert sorted(order.tolist()) == sorted(keys.tolist())


def test_identities_tell_names_apart() -> None:
    assert len(np.unique(MANY)) == len(MANY)
    assert identity("a", "b") != identity("ab") != identity("b", "a")
    a, b = MANY[:1000], MANY[1000:2000]
    assert len(np.unique(np.concatenate([pair_keys(a, b), pair_keys(b, a)]))) == 2000


# -- whole runs -----------------------------------------------------------------------------------------------------


def test_same_seed_same_bits_and_other_replicates_differ() -> None:
    first, again, other = (run(8, replicate=r) for r in (0, 0, 1))
    same_tables(first, again)
    assert not first.tables()["metrics"]["value"].equals(other.tables()["metrics"]["value"])
    assert not first.tables()["events"].equals(other.tables()["events"])


def test_recording_flows_changes_no_other_number() -> None:
    seen: list[pd.DataFrame] = []
    plain = run(6, MIXED)
    recorded = run(6, MIXED, model={"record": {"flows"}, "flow_sink": seen.append})
    same_tables(plain, recorded)
    assert len(seen) == 6
    # What is recorded is what the model did.
    last = seen[-1]
    treated = last[last["site"] != ""]
    assert treated["patients"].sum() == pytest.approx(recorded.flows.started.sum())
    assert last.loc[last["site"] == "", "patients"].sum() == pytest.approx(recorded.flows.untreated.sum())
    assert last["waiting"].sum() == pytest.approx(recorded.flows.waiting.sum())


def _with_strangers(market: Market) -> Market:
    """Return the market with a network and a practice without sites at the other end of the country."""
    orgs = market.organizations
    network = orgs[orgs["kind"] == "network"].iloc[[0]].assign(org="far-network", name="Far Network", network="")
    practice = orgs[orgs["kind"] == "practice"].iloc[[0]].assign(org="far-practice", name="Far Practice", network="")
    far = pd.concat([network, practice]).assign(lat=21.3, lon=-157.9, investor_owned=False)
    # Put them first, so that every row number moves.
    table = pd.concat([far, orgs], ignore_index=True)
    return Market(market.name, market.source, market.zones, market.hospitals, table, market.sites, market.ties)


def test_organisations_far_away_change_no_draw() -> None:
    plain = run(16, METRO, seed=3)
    crowded = run(16, _with_strangers(built(METRO)), seed=3)
    pd.testing.assert_frame_equal(events(plain), events(crowded), check_exact=True)
    assert len(events(plain)) > 20
    sites = [model.tables()["sites"].astype({"site": str, "org": str, "kind": str}) for model in (plain, crowded)]
    pd.testing.assert_frame_equal(
        sites[0], sites[1].astype(sites[0].dtypes), rtol=1e-12, check_exact=False, check_categorical=False
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("payment.medicare.drug_addon", 0.06), ("payment.medicare.coinsurance", 0.2), ("policy.acquisitions.allowed", True)],
)
def test_a_policy_that_sets_what_holds_anyway_changes_nothing(name: str, value: Any) -> None:
    same_tables(run(6, MIXED), run(6, MIXED, policy=[{"set": name, "from": "2026Q2", "to": value}]))


def test_a_policy_of_the_last_quarter_leaves_the_past_alone() -> None:
    # A share that no buyer looks ahead to: what buyers expect of later law may move earlier deals, and should.
    plain = run(8, METRO).tables()
    late = run(8, METRO, policy=[{"set": "payment.medicaid.patient_share", "from": "2027Q4", "to": 0.5}]).tables()
    for name in ("metrics", "organizations", "sites", "ties", "events"):
        past = [
            table[name][table[name]["quarter"].astype(str) < "2027Q4"].astype({"quarter": str}) for table in (plain, late)
        ]
        past = [part.astype(dict.fromkeys(part.select_dtypes("category"), str)) for part in past]
        pd.testing.assert_frame_equal(*past, check_exact=True)
    owed = [
        table["metrics"].query("metric == 'spending.patient_cost_share' and quarter == '2027Q4' and group == ''")
        for table in (plain, late)
    ]
    assert owed[1]["value"].iloc[0] > owed[0]["value"].iloc[0] + 0.01


def test_a_policy_shares_the_luck_of_retirements_with_its_baseline() -> None:
    """Physicians retire by their own luck: a policy that changes who owns whom does not change who retires."""
    base = run(8, METRO)
    policy = run(8, METRO, policy=[{"set": "policy.acquisitions.allowed", "to": False}])
    assert base.retired > 0
    gone = [
        {key for key in start(1, METRO).physicians.key.tolist() if key not in set(model.physicians.key.tolist())}
        for model in (base, policy)
    ]
    # Closures may send people away in one run only; most leavers are the same.
    assert len(gone[0] & gone[1]) >= 0.7 * len(gone[0] | gone[1])


@given(st.floats(0.0, 1.0), st.floats(-50.0, 50.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_one_triangular_quantile_is_that_of_many(u: float, low: float, rise: float, fall: float) -> None:
    mode, high = low + rise, low + rise + fall
    assert triangular1(u, low, mode, high) == triangular_quantile(np.array([u]), low, mode, high)[0]
