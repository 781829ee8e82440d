"""Numbers of replicates: least by brute force, the rule stops where it should, convergence by loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oncsim.errors import InputError
from oncsim.experiments.analysis.paired import paired_differences, paired_units
from oncsim.experiments.analysis.replicates import (
    convergence,
    enough,
    in_words,
    precision,
    replicates_needed,
    stable_from,
)

from .toys import ACCESS, SPENDING, runs_of, shuffled

BOTH = ["base", "policy"]


def units_of(replicates: int, sd: float = 1.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = rng.normal(10.0, 1.0, (1, 500, 2))
    values = {"base": base, "policy": base + rng.normal(1.0, sd, (1, 500, 2))}
    runs = runs_of({name: cube[:, :replicates] for name, cube in values.items()}, [SPENDING, ACCESS])
    return paired_units(runs, [SPENDING, ACCESS], BOTH)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 5.0), st.floats(0.2, 5.0), st.sampled_from([0.9, 0.95, 0.99]))
def test_needed_is_the_least_number_that_is_narrow_enough(sd: float, target: float, level: float) -> None:
    def half(n: int) -> float:
        return float(stats.t.ppf(0.5 + level / 2, n - 1) * sd / np.sqrt(n))

    n = replicates_needed(sd, target, level)
    assert half(n) <= target * (1 + 1e-9)
    assert n == 2 or half(n - 1) > target * (1 - 1e-9)


def test_needed_at_the_limits() -> None:
    assert replicates_needed(0.0, 1.0) == 2
    assert replicates_needed(1.0, 1e-9) > 1_000_000
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="must be above 0"):
            replicates_needed(1.0, wrong)


def test_precision_shares_the_error_among_the_named_comparisons() -> None:
    units = units_of(25)
    one = precision(units, {("policy", "spending"): 0.1}).iloc[0]
    two = precision(units, {("policy", "spending"): 0.1, ("policy", "access"): 0.1}).iloc[0]
    each = units.loc[units["output"] == "spending", "difference"]
    assert one["half_width"] == pytest.approx(stats.t.ppf(0.975, 24) * each.std(ddof=1) / 5)
    assert two["half_width"] == pytest.approx(stats.t.ppf(0.9875, 24) * each.std(ddof=1) / 5)
    assert two["needed"] > one["needed"] > 25 and not one["reached"]


def test_the_rule_stops_as_soon_as_the_half_widths_are_reached_and_not_before() -> None:
    targets = {("policy", "spending"): 0.3, ("policy", "access"): 0.4}
    stopped = next(n for n in range(2, 500) if enough(units_of(n), targets).done)
    found, before = enough(units_of(stopped), targets), enough(units_of(stopped - 1), targets)
    assert 20 < stopped < 120 and found.units == stopped
    assert (found.table["half_width"] <= found.table["target"]).all()
    assert (before.table["half_width"] > before.table["target"]).any() and before.needed >= stopped
    # A pilot of 20 foresees about that number.
    assert enough(units_of(20), targets).needed == pytest.approx(stopped, rel=0.5)
    assert in_words(found, [SPENDING, ACCESS]) == [
        f"{stopped} replicates are enough: all 2 comparisons reached the half-width asked for."
    ]


def test_the_floor_holds_where_there_is_no_spread() -> None:
    targets = {("policy", "spending"): 0.1}
    early, late = enough(units_of(19, sd=0.0), targets), enough(units_of(20, sd=0.0), targets)
    assert not early.done and early.needed == 20 and early.table["reached"].all()
    assert late.done and late.needed == 20
    assert enough(units_of(5, sd=0.0), targets, floor=5).done
    assert "Fewer than 20 are never enough to judge by." in in_words(early, [SPENDING])


def test_a_comparison_without_runs_is_never_enough() -> None:
    targets = {("policy", "spending"): 5.0, ("failed", "spending"): 5.0}
    found = enough(units_of(40), targets)
    assert not found.done and found.units == 0 and found.needed >= 20
    said = in_words(found, [SPENDING], {"failed": "The failed one"})
    assert said[-1].startswith("The failed one, spending per patient: fewer than two replicates have a partner")
    with pytest.raises(InputError, match="no comparison is named"):
        enough(units_of(40), {})


def test_convergence_is_what_loops_give_and_ends_at_the_comparison() -> None:
    rng = np.random.default_rng(3)
    base, policy = rng.normal(5.0, 1.0, (1, 12)), rng.normal(6.0, 1.0, (1, 12))
    runs = runs_of({"base": base, "policy": policy})
    found = convergence(paired_units(runs, [SPENDING], BOTH))
    each = (policy - base).ravel()
    for n in range(1, 13):
        row = found.iloc[n - 1]
        assert row["n"] == n and row["mean"] == pytest.approx(each[:n].mean())
        if n == 1:
            assert np.isnan(row["half_width"]) and np.isnan(row["cv_output"])
            continue
        assert row["half_width"] == pytest.approx(stats.t.ppf(0.975, n - 1) * each[:n].std(ddof=1) / np.sqrt(n))
        assert row["cv_difference"] == pytest.approx(each[:n].std(ddof=1) / abs(each[:n].mean()))
        assert row["cv_output"] == pytest.approx(policy[0, :n].std(ddof=1) / policy[0, :n].mean())
    last = paired_differences(runs, [SPENDING], BOTH).iloc[0]
    assert (found["low"].iloc[-1], found["high"].iloc[-1]) == pytest.approx((last["low"], last["high"]))
    mixed = convergence(shuffled(paired_units(shuffled(runs), [SPENDING], BOTH)))
    pd.testing.assert_frame_equal(found, mixed, check_exact=True)


def test_stable_from_is_the_first_after_which_nothing_moves() -> None:
    found = convergence(units_of(200))
    stable = stable_from(found, 0.01).set_index("output")["n"]
    for output in ("spending", "access"):
        cv = found.loc[found["output"] == output, "cv_output"].to_numpy()
        settled = [n for n in range(2, 200) if all(abs(cv[n - 1] - cv[m - 1]) <= 0.01 for m in range(n + 1, 201))]
        assert 2 < settled[0] < 199 and stable[output] == settled[0]
    # One that grows to the end never settles.
    growing = pd.DataFrame({"scenario": "a", "output": "b", "n": range(1, 9), "cv_output": np.arange(8.0)})
    assert np.isnan(stable_from(growing)["n"].iloc[0])


def test_words_say_what_is_missing() -> None:
    found = enough(units_of(30), {("policy", "spending"): 0.01})
    said = in_words(found, [SPENDING], {"policy": "The policy"})
    assert said[0].startswith("30 replicates are not enough; about ")
    assert said[1].startswith("The policy, spending per patient: the interval is plus or minus 0.")
    assert "asked for was 0.0100 dollars" in said[1] and len(said) == 2
