"""Regret and goals by loops, ranks, missing runs, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oncsim.errors import InputError
from oncsim.experiments.analysis.outcomes import Outcome
from oncsim.experiments.analysis.robustness import JOINT, goals_met, how_often, in_words, policy_regret, rank_table

from .toys import ACCESS, PRACTICES, SPENDING, runs_of, shuffled

POLICIES = ["base", "a", "b"]
JUDGED = [SPENDING, ACCESS]


def drawn(seed: int = 1, samples: int = 30) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal([10.0, 0.5], [2.0, 0.1], (samples, 2, 2)) for name in POLICIES}


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (3, 4, 2), elements=st.integers(-3, 3).map(float)))
def test_regret_is_what_loops_give(cube: np.ndarray) -> None:
    values = {name: cube[i][:, None, :] for i, name in enumerate(POLICIES)}
    found = policy_regret(runs_of(values, JUDGED), JUDGED, POLICIES)
    table = found.table.set_index(["scenario", "output"])
    for k, output in enumerate(JUDGED):
        for i, name in enumerate(POLICIES):
            lost = []
            for future in range(4):
                options = [cube[j, future, k] for j in range(3)]
                best = min(options) if output.better == "lower" else max(options)
                lost.append(abs(best - cube[i, future, k]))
            row = table.loc[(name, output.name)]
            assert row["regret_max"] == max(lost) and row["regret_mean"] == pytest.approx(np.mean(lost))
            assert row["regret_90"] == pytest.approx(np.percentile(lost, 90)) and lost[int(row["worst_sample"])] == max(lost)
            assert row["best_share"] == lost.count(0.0) / 4 and row["mean"] == pytest.approx(cube[i, :, k].mean())
    # In every future some policy has none.
    assert (found.futures.groupby(["sample", "output"])["regret"].min() == 0.0).all()
    assert (found.futures["regret"] >= 0.0).all()


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (3, 5, 2), elements=st.integers(-3, 3).map(float)))
def test_goals_are_counted_as_loops_count(cube: np.ndarray) -> None:
    values = {name: cube[i][:, None, :] for i, name in enumerate(POLICIES)}
    found = goals_met(runs_of(values, JUDGED), JUDGED, {"spending": 0.0, "access": 1.0}, POLICIES).table
    counts = found.set_index(["scenario", "output"])["met"].to_dict()
    for i, name in enumerate(POLICIES):
        cheap = [cube[i, f, 0] <= 0.0 for f in range(5)]
        near = [cube[i, f, 1] >= 1.0 for f in range(5)]
        assert counts[name, "spending"] == sum(cheap) and counts[name, "access"] == sum(near)
        assert counts[name, JOINT] == sum(a and b for a, b in zip(cheap, near, strict=True))
    assert (found["share"] == found["met"] / 5).all()
    assert ((found["low"] <= found["share"]) & (found["share"] <= found["high"])).all()


def test_replicates_are_averaged_before_the_best_is_chosen() -> None:
    # By single runs each policy would be best once; by means the second is.
    values = {"base": np.array([[0.0, 10.0]]), "a": np.array([[6.0, 2.0]])}
    table = policy_regret(runs_of(values), [SPENDING], ["base", "a"]).table.set_index("scenario")
    assert table.loc["base", "regret_max"] == 1.0 and table.loc["a", "regret_max"] == 0.0


def test_policies_are_compared_only_on_luck_they_all_had() -> None:
    values = drawn()
    runs = runs_of(values, JUDGED)
    lost = (runs["scenario"] == "a") & ((runs["sample"] == 3) | ((runs["sample"] == 8) & (runs["replicate"] == 0)))
    found = policy_regret(runs[~lost], JUDGED, POLICIES)
    assert found.unfinished == 1 and set(found.table["futures"]) == {29} and 3 not in set(found.futures["sample"])
    in_eight = found.futures[(found.futures["sample"] == 8) & (found.futures["output"] == "spending")]
    assert in_eight.set_index("scenario")["value"].to_dict() == {name: values[name][8, 1, 0] for name in POLICIES}
    assert "1 future was left out because not all policies finished." in in_words(found)


def test_ranks_are_per_output_and_criterion_with_ties() -> None:
    values = {"base": np.array([[1.0], [5.0]]), "a": np.array([[3.0], [3.0]]), "b": np.array([[3.0], [3.0]])}
    runs = runs_of(values)
    regret = policy_regret(runs, [SPENDING], POLICIES)
    table = rank_table(regret, goals_met(runs, [SPENDING], {"spending": 4.0}, POLICIES)).set_index(["output", "criterion"])
    assert table.loc[("spending", "mean")].tolist() == [1, 1, 1]
    assert table.loc[("spending", "worst-case regret")].tolist() == [1, 1, 1]
    assert table.loc[("spending", "90th percentile of regret")].tolist() == [1, 1, 1]
    assert table.loc[("spending", "share of futures with the goal met")].tolist() == [3, 1, 1]
    assert table.columns.tolist() == POLICIES and len(table) == 5
    better = policy_regret(runs_of({**values, "base": np.array([[1.0], [4.0]])}), [SPENDING], POLICIES)
    wide = rank_table(better).set_index("criterion")
    assert wide.loc["worst-case regret", POLICIES].tolist() == [1, 2, 2] and wide.loc["mean", POLICIES].tolist() == [1, 2, 2]


def test_the_order_of_runs_changes_nothing() -> None:
    runs = runs_of(drawn(), JUDGED)
    one, other = (policy_regret(each, JUDGED, POLICIES) for each in (runs, shuffled(runs)))
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    pd.testing.assert_frame_equal(one.futures, other.futures, check_exact=True)
    goals = {"spending": 10.0}
    met = [goals_met(each, JUDGED, goals, POLICIES).table for each in (runs, shuffled(runs))]
    pd.testing.assert_frame_equal(met[0], met[1], check_exact=True)


def test_an_output_without_a_better_direction_has_no_regret() -> None:
    runs = runs_of(drawn(), JUDGED).assign(practices=1.0)
    found = policy_regret(runs, [*JUDGED, PRACTICES], POLICIES)
    assert found.undirected == ("practices",) and "practices" not in set(found.table["output"])
    assert "No regret for practices: neither direction is better." in in_words(found)
    with pytest.raises(InputError, match="no output says what is better"):
        policy_regret(runs, [PRACTICES], POLICIES)
    with pytest.raises(InputError, match="a goal for practices, which does not say what is better"):
        goals_met(runs, [PRACTICES], {"practices": 3.0}, POLICIES)
    with pytest.raises(InputError, match="a goal for 'acces', which is no output; did you mean 'access'"):
        goals_met(runs, JUDGED, {"acces": 3.0}, POLICIES)
    with pytest.raises(InputError, match="no sample and replicate finished in all of base, a, z"):
        policy_regret(runs, JUDGED, ["base", "a", "z"])


def test_words() -> None:
    values = {"base": np.array([[100.0], [300.0]]), "a": np.array([[150.0], [200.0]])}
    runs = runs_of(values)
    said = in_words(
        policy_regret(runs, [SPENDING], ["base", "a"]),
        goals_met(runs, [SPENDING], {"spending": 150.0}, ["base", "a"]),
        {"base": "current law", "a": "the cap"},
    )
    assert said[0] == "On spending per patient the cap has the smallest worst-case regret over 2 futures: 50.0 dollars."
    assert said[2] == (
        "The cap: best on spending per patient in 1 of 2 futures (50 %); regret 25.0 dollars on average, "
        "50.0 dollars at worst (future 0)."
    )
    assert said[4].startswith(
        "Current law meets the goal of spending per patient at most 150 dollars in 1 of 2 futures (50 %)"
    )
    assert len(said) == 6
    one = in_words(policy_regret(runs[runs["sample"] == 0], [SPENDING], ["base", "a"]))
    assert one[-1] == "There is only one future: this says nothing about robustness."


def test_how_often_something_happens_has_the_interval_of_wilson() -> None:
    happens = pd.Series([True] * 6 + [False] * 194)
    found = how_often([("1_a", Outcome("a: fails", happens, "fail")), ("1_b", Outcome("b: fails", ~happens, "fail"))])
    first, second = found.to_dict("records")
    assert (first["outcome"], first["subject"], first["count"], first["futures"]) == ("1_a", "a: fails", 6, 200)
    z, p, n = 1.959963984540054, 0.03, 200
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
    )
    assert (first["low"], first["high"]) == pytest.approx((middle - half, middle + half))
    assert (second["low"], second["high"]) == pytest.approx((1 - middle - half, 1 - middle + half))
