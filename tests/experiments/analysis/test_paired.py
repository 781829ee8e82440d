"""Paired differences: against scipy and loops, coverage of the truth, the gain from shared luck, every guard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oncsim.errors import InputError
from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.paired import differences_as_runs, paired_differences, paired_units
from oncsim.experiments.analysis.paired_words import harmless_in_words, in_words, ranked_in_words
from oncsim.experiments.analysis.words import between, capital, number

from .toys import ACCESS, PRACTICES, SPENDING, runs_of, shuffled

TWO = ["base", "policy"]


def noisy(samples: int, replicates: int, outputs: int = 1, effect: float = 2.0, seed: int = 1) -> dict[str, np.ndarray]:
    """Return two scenarios with common noise and a known mean effect that differs between futures."""
    rng = np.random.default_rng(seed)
    shape = (samples, replicates, outputs)
    common = 100.0 + rng.normal(0.0, 3.0, shape)
    by_future = rng.normal(0.0, 1.0, (samples, 1, outputs))
    return {
        "base": common + rng.normal(0.0, 0.5, shape),
        "policy": common + effect + by_future + rng.normal(0.0, 0.5, shape),
    }


def test_one_future_gives_the_paired_student_interval_over_replicates() -> None:
    values = noisy(1, 30)
    row = paired_differences(runs_of(values), [SPENDING], TWO).iloc[0]
    base, policy = values["base"].ravel(), values["policy"].ravel()
    test = stats.ttest_rel(policy, base)
    interval = test.confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["difference"] == pytest.approx((policy - base).mean())
    assert row["difference"] / row["se"] == pytest.approx(test.statistic)
    assert row["percent"] == pytest.approx(100 * row["difference"] / base.mean())
    assert (row["units"], row["pairs"], row["kind"], row["unmatched"]) == (30, 30, "replicate", 0)
    # One comparison shares its error with nobody, and one future has no spread.
    assert (row["low_simultaneous"], row["high_simultaneous"]) == pytest.approx((row["low"], row["high"]))
    assert np.isnan(row["spread_low"]) and np.isnan(row["luck_share"])


def test_several_futures_are_the_units_after_averaging_their_replicates() -> None:
    values = noisy(12, 4)
    row = paired_differences(runs_of(values), [SPENDING], TWO).iloc[0]
    each = [float(np.mean([values["policy"][s, r, 0] - values["base"][s, r, 0] for r in range(4)])) for s in range(12)]
    half = stats.t.ppf(0.975, 11) * np.std(each, ddof=1) / np.sqrt(12)
    assert (row["low"], row["high"]) == pytest.approx((np.mean(each) - half, np.mean(each) + half))
    assert (row["spread_low"], row["spread_high"]) == pytest.approx(tuple(np.percentile(each, [5, 95])))
    assert (row["units"], row["pairs"], row["kind"]) == (12, 48, "future")


def test_the_simultaneous_interval_divides_the_error_by_the_comparisons() -> None:
    rng = np.random.default_rng(4)
    values = {name: rng.normal(size=(1, 20, 2)) for name in ("base", "a", "b", "c")}
    found = paired_differences(runs_of(values, [SPENDING, ACCESS]), [SPENDING, ACCESS], ["base", "a", "b", "c"])
    assert (found["comparisons"] == 6).all() and len(found) == 6
    wide = stats.t.ppf(1 - 0.025 / 6, 19) / stats.t.ppf(0.975, 19)
    ratio = (found["high_simultaneous"] - found["low_simultaneous"]) / (found["high"] - found["low"])
    assert ratio.to_numpy() == pytest.approx(wide)


@pytest.mark.parametrize(("samples", "replicates"), [(1, 15), (15, 2)])
def test_intervals_cover_the_true_effect_as_often_as_they_say(samples: int, replicates: int) -> None:
    # Every output is an experiment of its own; with one future its own effect is the truth.
    count = 800
    outputs = [Output(f"y{i}") for i in range(count)]
    values = noisy(samples, replicates, count, effect=2.0, seed=8)
    truth = np.full(count, 2.0)
    if samples == 1:
        values["policy"] = values["base"] + 2.0 + np.random.default_rng(9).normal(0.0, 1.0, values["base"].shape)
    found = paired_differences(runs_of(values, outputs), outputs, TWO)
    covered = int(((found["low"] <= truth) & (truth <= found["high"])).sum())
    low, high = stats.binom.interval(0.999, count, 0.95)
    assert low <= covered <= high < count


def test_simultaneous_intervals_cover_all_truths_at_once() -> None:
    experiments, names = 120, ["base", "a", "b", "c"]
    outputs = [SPENDING, ACCESS, PRACTICES]
    rng = np.random.default_rng(21)
    together = apart = 0
    for _ in range(experiments):
        values = {name: rng.normal(float(i), 1.0, (1, 12, 3)) for i, name in enumerate(names)}
        found = paired_differences(runs_of(values, outputs), outputs, names)
        truth = found["scenario"].map({"a": 1.0, "b": 2.0, "c": 3.0})
        together += bool(((found["low_simultaneous"] <= truth) & (truth <= found["high_simultaneous"])).all())
        apart += bool(((found["low"] <= truth) & (truth <= found["high"])).all())
    least = stats.binom.ppf(0.001, experiments, 0.95)
    assert together >= least
    assert apart < least  # nine intervals of 95 % do not hold together


def test_the_gain_from_shared_luck_is_the_known_one() -> None:
    rng = np.random.default_rng(2)
    common, n = rng.normal(0.0, 3.0, (1, 6000)), (1, 6000)
    runs = runs_of({"base": common + rng.normal(size=n), "policy": common + rng.normal(size=n)})
    # Variances 10 + 10 apart, 1 + 1 paired.
    assert paired_differences(runs, [SPENDING], TWO)["narrower"].iloc[0] == pytest.approx(np.sqrt(10.0), rel=0.05)
    alone = runs_of({"base": rng.normal(size=n), "policy": rng.normal(size=n)})
    row = paired_differences(alone, [SPENDING], TWO).iloc[0]
    assert row["narrower"] == pytest.approx(1.0, rel=0.05)
    assert row["se_unpaired"] / row["se"] == pytest.approx(row["narrower"])
    assert "did not help" in in_words(pd.DataFrame([row.replace(row["narrower"], 0.9)]), [SPENDING])[0]


def test_spread_over_futures_stays_while_the_interval_of_the_mean_narrows() -> None:
    rng = np.random.default_rng(3)
    found = {}
    for samples in (100, 1600):
        base = rng.normal(size=(samples, 2))
        runs = runs_of({"base": base, "policy": base + rng.uniform(-1.0, 1.0, (samples, 1))})
        found[samples] = paired_differences(runs, [SPENDING], TWO).iloc[0]
    for samples, row in found.items():
        assert (row["spread_low"], row["spread_high"]) == pytest.approx((-0.9, 0.9), abs=1.5 / np.sqrt(samples))
        assert row["luck_share"] == pytest.approx(0.0, abs=1e-12)
    assert found[1600]["se"] == pytest.approx(found[100]["se"] / 4, rel=0.1)
    assert found[1600]["se"] == pytest.approx(np.sqrt(1 / 3) / 40, rel=0.05)


def test_luck_share_is_the_known_one() -> None:
    rng = np.random.default_rng(6)
    base = rng.normal(size=(3000, 4))
    # Between futures 1, within 1, four replicates: 0.25 of 1.25.
    policy = base + rng.normal(size=(3000, 1)) + rng.normal(size=(3000, 4))
    found = paired_differences(runs_of({"base": base, "policy": policy}), [SPENDING], TWO).iloc[0]
    assert found["luck_share"] == pytest.approx(0.2, abs=0.02)


def test_only_pairs_count_where_runs_or_values_are_missing() -> None:
    values = noisy(5, 4, 2)
    runs = runs_of(values, [SPENDING, ACCESS])
    lost = (runs["scenario"] == "base") & (runs["sample"] == 2)
    lost |= (runs["scenario"] == "policy") & (runs["sample"] == 0) & (runs["replicate"] == 3)
    runs = runs[~lost].copy()
    gone = (runs["scenario"] == "policy") & (runs["sample"] == 4) & (runs["replicate"] == 1)
    runs.loc[gone, "access"] = np.nan
    found = paired_differences(runs, [SPENDING, ACCESS], TWO).set_index("output")
    left = {"spending": {0: [0, 1, 2], 1: [0, 1, 2, 3], 3: [0, 1, 2, 3], 4: [0, 1, 2, 3]}}
    left["access"] = {**left["spending"], 4: [0, 2, 3]}
    for i, name in enumerate(("spending", "access")):
        each = [(values["policy"] - values["base"])[s, kept, i].mean() for s, kept in left[name].items()]
        assert found.loc[name, "difference"] == pytest.approx(np.mean(each))
        assert found.loc[name, "units"] == 4 and found.loc[name, "pairs"] == sum(map(len, left[name].values()))
    assert found.loc["spending", "unmatched"] == 5 and found.loc["access", "unmatched"] == 6


def test_equal_differences_have_no_width_and_say_so() -> None:
    base = np.random.default_rng(1).normal(1e6, 10.0, (1, 9))
    runs = runs_of({"base": base, "same": base, "shifted": base + 0.3})
    found = paired_differences(runs, [SPENDING], ["base", "same", "shifted"])
    assert found["flat"].all() and (found["se"] == 0.0).all() and found["narrower"].isna().all()
    assert (found["low"] == found["difference"]).all() and (found["high_simultaneous"] == found["difference"]).all()
    said = in_words(found, [SPENDING])
    assert said[0] == "Same leaves spending per patient exactly as in base in all 9 replicates."
    assert said[1] == "Shifted changes spending per patient by 0.300 dollars against base, the same in all 9 replicates."


def test_one_pair_or_none_has_no_interval() -> None:
    runs = runs_of({"base": np.array([[1.0, 2.0]]), "one": np.array([[4.0, 4.0]]), "none": np.array([[1.0, 1.0]])})
    runs = runs[~((runs["scenario"] == "one") & (runs["replicate"] == 1)) & (runs["scenario"] != "none")]
    found = paired_differences(runs, [SPENDING], ["base", "one", "none"])
    assert found["units"].tolist() == [1, 0] and found[["se", "low", "high"]].isna().all(axis=None)
    assert found["difference"].iloc[0] == 3.0 and not found["flat"].any()
    said = in_words(found, [SPENDING], {"none": "The other policy"})
    assert said[0] == "One changes spending per patient by 3.00 dollars against base, from one replicate only: no interval."
    assert said[1] == "The other policy: nothing can be said about spending per patient, no run has a partner in base."


def test_another_baseline_turns_the_sign() -> None:
    runs = runs_of(noisy(3, 3))
    one = paired_differences(runs, [SPENDING], TWO)
    other = paired_differences(runs, [SPENDING], TWO, baseline="policy")
    assert other["scenario"].tolist() == ["base"] and other["versus"].tolist() == ["policy"]
    assert other["difference"].iloc[0] == pytest.approx(-one["difference"].iloc[0])


def test_the_order_of_runs_changes_nothing() -> None:
    runs = runs_of(noisy(6, 3, 2), [SPENDING, ACCESS])
    one = paired_differences(runs, [SPENDING, ACCESS], TWO)
    pd.testing.assert_frame_equal(one, paired_differences(shuffled(runs), [SPENDING, ACCESS], TWO), check_exact=True)


def test_differences_as_runs_are_the_pairs() -> None:
    values = noisy(3, 2)
    found = differences_as_runs(runs_of(values), [SPENDING], TWO).set_index(["scenario", "sample", "replicate"])["spending"]
    for sample in range(3):
        for replicate in range(2):
            each = values["policy"][sample, replicate, 0] - values["base"][sample, replicate, 0]
            assert found["policy", sample, replicate] == pytest.approx(each)
    assert len(found) == 6
    units = paired_units(runs_of(values), [SPENDING], TWO)
    assert units["difference"].to_numpy() == pytest.approx(found.groupby(level="sample").mean().to_numpy())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs: runs.rename(columns={"spending": "spendin"}), "no column 'spending'; did you mean 'spendin'?"),
        (lambda runs: pd.concat([runs, runs.iloc[[3]]]), "base, sample 1, replicate 1: there are two such runs"),
        (lambda runs: runs.assign(spending=np.inf), "output spending is infinite in 12 runs"),
        (lambda runs: runs[runs["scenario"] != "base"], "the baseline 'base' has no finished run"),
    ],
)
def test_wrong_runs_are_refused(change: object, message: str) -> None:
    runs = runs_of(noisy(3, 2))
    with pytest.raises(InputError) as error:
        paired_differences(change(runs), [SPENDING], TWO)  # type: ignore[operator]
    assert message in str(error.value)


def test_a_wrong_plan_is_refused() -> None:
    runs = runs_of(noisy(3, 2))
    with pytest.raises(InputError, match="not among the scenarios; did you mean 'base'"):
        paired_differences(runs, [SPENDING], TWO, baseline="bas")
    with pytest.raises(InputError, match="nothing to compare"):
        paired_differences(runs, [SPENDING], ["base"])
    with pytest.raises(InputError, match="no output is named"):
        paired_differences(runs, [], TWO)


def test_words_give_size_direction_intervals_and_judgement() -> None:
    rng = np.random.default_rng(12)
    common = rng.normal(1000.0, 50.0, (40, 3, 2))
    shift = np.array([-120.0, -0.1])
    policy = common + shift + rng.normal(0.0, 5.0, (40, 3, 2))
    table = paired_differences(runs_of({"base": common, "policy": policy}, [SPENDING, ACCESS]), [SPENDING, ACCESS], TWO)
    lowers, unclear = in_words(table, [SPENDING, ACCESS], {"policy": "Site-neutral payment", "base": "current law"})
    assert lowers.startswith("Site-neutral payment lowers spending per patient by 1")
    assert "(12 %) against current law, an improvement (95 % interval 1" in lowers
    assert "40 futures); allowing for all 2 comparisons 1" in lowers
    assert "times narrower than independent runs would" in lowers and "In nine futures of ten" in lowers
    assert unclear.startswith("Site-neutral payment has no clear effect on share treated nearby: against current law")


def test_what_differs_by_rounding_only_does_not_differ() -> None:
    base = np.random.default_rng(1).normal(46.0, 1.0, (1, 12))
    found = paired_differences(runs_of({"base": base, "policy": base * (1.0 + 2e-16)}), [SPENDING], TWO)
    assert found["difference"].iloc[0] == 0.0 and bool(found["flat"].iloc[0])
    assert "exactly as in" in in_words(found, [SPENDING])[0]


def ranked_runs(effects: dict[str, float]) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    common = rng.normal(100.0, 10.0, (1, 400))
    return runs_of({"base": common} | {name: common + by + rng.normal(0.0, 1.0, (1, 400)) for name, by in effects.items()})


def test_of_many_policies_the_strongest_are_named_with_their_intervals() -> None:
    names = ["base", "a", "b", "c", "d", "e"]
    runs = ranked_runs({"a": -3.0, "b": -9.0, "c": 1.0, "d": 0.0, "e": -1.0})
    found = paired_differences(runs, [SPENDING], names)
    units = paired_units(runs, [SPENDING], names)
    (said,) = ranked_in_words(found, [SPENDING], {"b": "Policy B", "base": "the law"}, units, most=2)
    rows = found.set_index("scenario")
    low, high = -rows.loc["b", "high"], -rows.loc["b", "low"]
    size = number(-rows.loc["b", "difference"])
    assert said.startswith(f"{capital(SPENDING.title)} falls most under Policy B by {size} {SPENDING.unit} ")
    assert f"(95 % interval {between(low, high)}) against the law over 400 replicates; then under a by " in said
    assert "under e" not in said and "told apart" not in said
    assert said.endswith(". It falls under 3 of 5 policies and rises under 1, allowing for all 5 comparisons.")


def test_the_first_two_are_said_to_be_alike_where_they_are() -> None:
    names = ["base", "a", "b", "c", "d"]
    runs = ranked_runs({"a": -9.0, "b": -9.0, "c": -3.0, "d": 0.0})
    found, units = paired_differences(runs, [SPENDING], names), paired_units(runs, [SPENDING], names)
    assert "(the first two cannot be told apart)" in ranked_in_words(found, [SPENDING], units=units)[0]


def test_who_helps_somewhere_and_harms_nowhere_is_named() -> None:
    rng = np.random.default_rng(3)
    base = np.stack([rng.normal(100.0, 5.0, (1, 60)), rng.normal(0.5, 0.02, (1, 60))], axis=2)

    def moved(spending: float, access: float) -> np.ndarray:
        return base + np.array([spending, access]) + rng.normal(0.0, [1.0, 0.004], base.shape)

    values = {"base": base, "good": moved(-9.0, 0.0), "both": moved(-9.0, -0.05), "bad": moved(9.0, 0.0)}
    outputs, names = [SPENDING, ACCESS], list(values)
    found = paired_differences(runs_of(values, outputs), outputs, names)
    assert harmless_in_words(found, outputs, {"good": "The good one"}) == [
        f"The good one is clearly better than base on at least one of {SPENDING.title} and {ACCESS.title}, "
        "and clearly worse on none."
    ]
    worse = found[found["scenario"] != "good"]
    assert harmless_in_words(worse, outputs)[0].startswith("No policy is clearly better than base")
    assert harmless_in_words(found, [SPENDING]) == []


def test_where_no_policy_has_a_clear_effect_none_is_named() -> None:
    names = ["base", "a", "b", "c", "d"]
    found = paired_differences(ranked_runs(dict.fromkeys(names[1:], 0.0)), [SPENDING], names)
    (said,) = ranked_in_words(found, [SPENDING])
    assert said == f"No policy has a clear effect on {SPENDING.title}, allowing for all 4 comparisons."
    assert not ranked_in_words(found.assign(units=1), [SPENDING])
