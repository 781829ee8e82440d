"""Scenario discovery: a planted box is found twice, noise is seen through, every guard."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from oncsim.errors import InputError
from oncsim.experiments.analysis import peeling
from oncsim.experiments.analysis.discovery import FOUND, NOTHING, UNSEARCHED, Discovery, discover, in_words, where_words
from oncsim.experiments.analysis.outcomes import Outcome
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.peeling import find_box, inside, quasi_p, shares

from .toys import factors, samples_of, shuffled

NAMED = [Factor("p.discount", "discount"), Factor("p.leak", "leak", unit="dollars"), *factors(2)]


def uniform(count: int, named: list[Factor], seed: int = 1) -> pd.DataFrame:
    return samples_of(np.random.default_rng(seed).uniform(size=(count, len(named))), named)


def outcome_of(values: np.ndarray, subject: str = "The policy fails to lower spending") -> Outcome:
    return Outcome(subject, pd.Series(values, dtype=bool), "fail")


def planted(samples: pd.DataFrame, wrong: float = 0.0) -> np.ndarray:
    """Return what happens above 0.6 of the first and below 0.4 of the second, and some of it told wrong."""
    true = ((samples["p.discount"] > 0.6) & (samples["p.leak"] < 0.4)).to_numpy()
    return true ^ (np.random.default_rng(3).uniform(size=len(samples)) < wrong)


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return uniform(300, NAMED)


@pytest.fixture(scope="module")
def found(samples: pd.DataFrame) -> Discovery:
    return discover(outcome_of(planted(samples, 0.02)), samples, NAMED)


def test_the_planted_box_is_found(found: Discovery, samples: pd.DataFrame) -> None:
    assert found.status == FOUND and found.box is not None
    limits = found.box.limits.set_index("factor")
    assert set(limits.index) == {"p.discount", "p.leak"}
    assert limits.loc["p.discount", "low"] == pytest.approx(0.6, abs=0.04) and limits.loc["p.discount", "high"] == np.inf
    assert limits.loc["p.leak", "high"] == pytest.approx(0.4, abs=0.04) and limits.loc["p.leak", "low"] == -np.inf
    assert limits.loc["p.discount", "qp_low"] < 1e-6 and np.isnan(limits.loc["p.discount", "qp_high"])
    # Counts by hand.
    box = (samples["p.discount"] >= limits.loc["p.discount", "low"]) & (samples["p.leak"] <= limits.loc["p.leak", "high"])
    happens = found.outcome.values.to_numpy()
    assert (found.box.futures, found.box.happens) == (box.sum(), (box & happens).sum())
    assert found.box.coverage == pytest.approx((box & happens).sum() / happens.sum())
    assert found.box.density == pytest.approx((box & happens).sum() / box.sum()) and found.box.density > 0.9
    assert found.box.mass == pytest.approx(box.mean())
    assert found.base_rate == pytest.approx(happens.mean()) and 0.1 < found.base_rate < 0.25
    kept = found.box.held_out_happens / found.box.held_out_futures
    assert 0.75 < kept <= 1.0 and found.box.held_out_p < 1e-9


def test_without_error_coverage_and_density_are_above_nine_in_ten(samples: pd.DataFrame) -> None:
    happens = planted(samples)
    inputs = samples.drop(columns="sample")
    limits, path, boxes = find_box(inputs, happens, 4)
    coverage, density, _, _ = shares(inside(inputs, limits), happens)
    assert coverage > 0.9 and density > 0.9 and set(limits) == {"p.discount", "p.leak"}
    # The path starts at the whole space and only gets smaller until pasting.
    assert path.iloc[0][["coverage", "mass", "limits", "phi"]].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert len(boxes) == len(path) > 10 and boxes[0] == {} and path["density"].iloc[-1] > path["density"].iloc[0]


def test_the_tree_finds_the_same(found: Discovery) -> None:
    assert found.tree is not None
    densest = found.tree.limits[0]
    assert densest["p.discount"][0] == pytest.approx(0.6, abs=0.04) and densest["p.leak"][1] == pytest.approx(0.4, abs=0.04)
    assert found.tree.accuracy > 0.93 and found.tree.always == pytest.approx(1 - found.base_rate)
    leaves = found.tree.leaves
    assert leaves["futures"].sum() == 300 and leaves["happens"].sum() == found.outcome.count
    assert leaves["coverage"].sum() == pytest.approx(1.0) and leaves["futures"].min() >= 15 and len(leaves) <= 8
    assert leaves["share"].is_monotonic_decreasing and leaves["share"].iloc[0] > 0.9


def test_leaves_hold_what_their_limits_say(found: Discovery, samples: pd.DataFrame) -> None:
    assert found.tree is not None
    for (_, leaf), limits in zip(found.tree.leaves.iterrows(), found.tree.limits, strict=True):
        box = inside(samples, limits)
        assert (box.sum(), (box & found.outcome.values.to_numpy()).sum()) == (leaf["futures"], leaf["happens"])


def test_words_are_the_counts(found: Discovery) -> None:
    assert found.box is not None
    said = in_words(found)
    count, box = found.outcome.count, found.box
    assert said[0] == f"The policy fails to lower spending in {count} of 300 futures ({100 * count / 300:.0f} %)."
    low, high = box.limits.set_index("factor").loc["p.discount", "low"], box.limits.set_index("factor").loc["p.leak", "high"]
    assert said[1] == (
        f"{box.happens} of those {count} lie where discount is above {low:.3f} and leak is below {high:.3f} dollars; of the "
        f"{box.futures} futures in there {100 * box.density:.0f} % fail."
    )
    assert said[3].startswith("Judged on futures that a box was not made from,") and said[4].startswith(
        "A decision tree tells 9"
    )
    assert where_words({"p.leak": (0.25, 0.5)}, NAMED) == "leak is between 0.250 and 0.500 dollars"


def test_the_order_of_samples_and_the_global_random_state_change_nothing(found: Discovery, samples: pd.DataFrame) -> None:
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = discover(found.outcome, shuffled(samples), NAMED)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert found.box is not None and again.box is not None and found.tree is not None and again.tree is not None
    pd.testing.assert_frame_equal(found.box.limits, again.box.limits, check_exact=True)
    pd.testing.assert_frame_equal(found.tree.leaves, again.tree.leaves, check_exact=True)
    assert in_words(found) == in_words(again)


def test_a_dense_box_in_noise_is_seen_through() -> None:
    named = factors(12)
    samples = uniform(100, named, seed=4)
    happens = np.random.default_rng(54).uniform(size=100) < 0.25
    path, _ = peeling._search(samples.drop(columns="sample"), happens, 0.05)
    assert path["density"].max() > 2.0 * happens.mean()  # the search does find something
    found = discover(outcome_of(happens), samples, named)
    assert found.status == NOTHING and (found.box is None or found.box.held_out_p > 0.05)
    said = in_words(found)
    assert said[1] == "No box does better than the base rate on futures it was not made from."
    assert not any(" lie where " in text for text in said) and said[-1].startswith("A decision tree")


def test_a_box_has_no_more_limits_than_asked_for() -> None:
    named = factors(6)
    inputs = uniform(400, named).drop(columns="sample")
    happens = (inputs.iloc[:, :5] > 0.2).all(axis=1).to_numpy()
    sizes = {most: len(find_box(inputs, happens, most)[0]) for most in (1, 2, 4, 6)}
    assert sizes[1] == 1 and sizes[2] == 2 and sizes[4] == 4 and sizes[6] == 5
    with pytest.raises(InputError, match="at most 0 limits"):
        discover(outcome_of(happens), samples_of(inputs.to_numpy(), named), named, most=0)


def test_limits_by_chance_are_given_up(samples: pd.DataFrame) -> None:
    inputs, happens = samples.drop(columns="sample"), planted(samples, 0.05)
    limits, _, _ = find_box(inputs, happens, 4)
    assert all(value <= 0.05 for value in quasi_p(inputs, happens, limits).values())
    useless = {**limits, "behaviour.x0": (0.1, np.inf), "behaviour.x1": (-np.inf, 0.9)}
    assert any(value > 0.05 for value in quasi_p(inputs, happens, useless).values())
    kept = peeling._open(inputs, happens, useless, 4)
    assert {"p.discount", "p.leak"} <= set(kept) and all(value <= 0.05 for value in quasi_p(inputs, happens, kept).values())
    assert set(peeling._open(inputs, happens, useless, 1)) < {"p.discount", "p.leak"}


def test_a_box_is_found_although_luck_blurs_it() -> None:
    named = factors(10)
    inputs = uniform(200, named, seed=1).drop(columns="sample")
    corner = (inputs.iloc[:, :2] > 0.5).all(axis=1).to_numpy()
    happens = np.random.default_rng(51).uniform(size=200) < np.where(corner, 0.7, 0.1)
    limits, _, _ = find_box(inputs, happens, 4)
    assert set(limits) == {"behaviour.x0", "behaviour.x1"}
    assert shares(inside(inputs, limits), corner)[3] > 0.7  # the true corner, not what luck made of it
    assert all(low == pytest.approx(0.5, abs=0.12) and high == np.inf for low, high in limits.values())


def test_quasi_p_is_that_of_the_library(samples: pd.DataFrame) -> None:
    inputs, happens = samples.drop(columns="sample"), planted(samples, 0.05)
    with peeling._quiet():
        from ema_workbench.analysis import prim

        theirs = prim.Prim(inputs.reset_index(drop=True), happens, threshold=1e-9).find_box()
    _, boxes = peeling._search(inputs, happens, 0.05)
    compared = 0
    for box, chances in zip(boxes, theirs.qp, strict=True):
        ours = quasi_p(inputs, happens, box)
        for name, sides in chances.items():
            for side, value in zip(("low", "high"), sides, strict=True):
                assert (value == -1) == ((name, side) not in ours)
                if value != -1:
                    assert ours[name, side] == pytest.approx(value)
                    compared += 1
    assert compared > 20


def test_the_library_says_nothing(samples: pd.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    level = logging.getLogger("EMA").level
    find_box(samples.drop(columns="sample"), planted(samples), 4)
    assert not caplog.records and logging.getLogger("EMA").level == level


def test_phi_is_the_correlation_of_being_inside_with_the_outcome() -> None:
    rng = np.random.default_rng(5)
    box, happens = rng.uniform(size=50) < 0.4, rng.uniform(size=50) < 0.3
    assert shares(box, happens)[3] == pytest.approx(np.corrcoef(box, happens)[0, 1])
    assert shares(np.ones(50, dtype=bool), happens)[3] == 0.0


def test_few_values_and_whole_numbers_can_be_limited() -> None:
    rng = np.random.default_rng(2)
    inputs = pd.DataFrame(
        {"switch": rng.integers(0, 2, 200), "level": rng.integers(0, 5, 200), "other": rng.uniform(size=200)}
    )
    happens = ((inputs["switch"] == 1) & (inputs["level"] >= 3)).to_numpy()
    limits, _, _ = find_box(inputs.astype(float), happens, 4)
    assert limits == {"switch": (0.5, np.inf), "level": (2.5, np.inf)}


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda n: np.zeros(n, bool), "It happens in none of them, so there is nothing to tell apart."),
        (lambda n: np.ones(n, bool), "It happens in all of them, so there is nothing to tell apart."),
        (lambda n: np.arange(n) < 9, "Fewer than 10 futures of either kind are too few to search for where it happens"),
        (lambda n: np.arange(n) >= 9, "Fewer than 10 futures of either kind are too few to search for where it happens"),
    ],
)
def test_nothing_is_searched_where_nothing_can_be_found(happens: object, reason: str, samples: pd.DataFrame) -> None:
    found = discover(outcome_of(happens(len(samples))), samples, NAMED)  # type: ignore[operator]
    assert (found.status, found.box, found.tree, found.path) == (UNSEARCHED, None, None, None)
    assert in_words(found)[1].startswith(reason) and len(in_words(found)) == 2


def test_uncertainties_that_do_not_vary_are_left_out(samples: pd.DataFrame) -> None:
    named = NAMED[:2]
    still = samples[["sample", "p.discount", "p.leak"]].assign(**{"p.leak": 0.3})
    all_still = still.assign(**{"p.discount": 0.9})
    found = discover(outcome_of(planted(samples)), all_still, named)
    assert found.status == UNSEARCHED and found.constant == ("p.discount", "p.leak")
    said = in_words(found)
    assert said[1] == "Discount and leak did not vary and could not be searched."
    assert said[2] == "No uncertainty varies, so there is nothing to search."


def test_futures_without_samples_are_refused_and_unfinished_ones_told(samples: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="sample 299 has runs but is not among the samples"):
        discover(outcome_of(planted(samples)), samples.iloc[:-1], NAMED)
    outcome = Outcome("It", pd.Series(np.zeros(5, bool)), unfinished=3)
    assert "3 more futures did not finish and cannot be counted." in in_words(discover(outcome, samples, NAMED))
