"""Policies that no other beats: by brute force, with draws that say how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oncsim.errors import InputError
from oncsim.experiments.analysis.tradeoffs import dominates, in_words, tradeoff

from .toys import ACCESS, PRACTICES, SPENDING, runs_of, shuffled

JUDGED = [SPENDING, ACCESS]


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.integers(0, 3).map(float)))
def test_domination_is_what_loops_give(good: np.ndarray) -> None:
    found = dominates(good)
    for i, one in enumerate(good):
        for j, other in enumerate(good):
            never_worse = all(a >= b for a, b in zip(one, other, strict=True))
            once_better = any(a > b for a, b in zip(one, other, strict=True))
            assert found[i, j] == (never_worse and once_better)
    # Someone is always left, and nobody beats who beats them.
    assert (~found.any(axis=0)).any() and not (found & found.T).any()


@given(arrays(np.float64, (4, 2), elements=st.integers(0, 3).map(float)))
def test_directions_and_names_are_those_of_the_outputs(means: np.ndarray) -> None:
    names = ["base", "a", "b", "c"]
    runs = runs_of({name: means[i].reshape(1, 1, 2) for i, name in enumerate(names)}, JUDGED)
    found = tradeoff(runs, JUDGED, names, draws=2)
    for i, row in found.table.iterrows():
        beaten = [
            names[j]
            for j in range(4)
            if means[j, 0] <= means[i, 0] and means[j, 1] >= means[i, 1] and (means[j] != means[i]).any()
        ]
        assert row["non_dominated"] == (not beaten) and row["dominated_by"] == ", ".join(beaten)


def drawn(seed: int, samples: int = 40) -> dict[str, np.ndarray]:
    """Return a baseline, a policy that is a little cheaper and no nearer, and one far worse on both."""
    rng = np.random.default_rng(seed)
    base = rng.normal([100.0, 0.5], [5.0, 0.05], (samples, 2, 2))
    little = base + rng.normal([-0.2, -0.002], [1.0, 0.01], (samples, 2, 2))
    return {"base": base, "little": little, "worse": base + np.array([30.0, -0.3])}


def test_draws_tell_the_sure_from_the_unsure_and_are_reproducible() -> None:
    runs = runs_of(drawn(3), JUDGED)
    names = ["base", "little", "worse"]
    found = tradeoff(runs, JUDGED, names, draws=400)
    table = found.table.set_index("scenario")
    assert table.loc["worse", "share"] == 0.0 and table.loc["worse", "dominated_by"] == "base, little"
    assert table.loc["base", "share"] > 0.5 and 0.05 < table["share"].min() + table.loc["little", "share"] <= 1.0
    assert (
        found.kind == "future" and found.units == 40 and found.means.columns.tolist() == ["scenario", "spending", "access"]
    )
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = tradeoff(shuffled(runs), JUDGED, names, draws=400)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(found.table, again.table, check_exact=True)
    pd.testing.assert_frame_equal(found.means, again.means, check_exact=True)


def test_the_share_is_that_of_draws_by_hand() -> None:
    values = drawn(5, 12)
    names = list(values)
    found = tradeoff(runs_of(values, JUDGED), JUDGED, names, draws=2000, seed=2).table["share"].to_numpy()
    rng, free = np.random.default_rng(99), np.zeros(3)
    cube = np.stack([values[name].mean(axis=1) for name in names])
    for _ in range(2000):
        means = cube[:, rng.integers(12, size=12)].mean(axis=1)
        for i in range(3):
            beaten = any(
                means[j, 0] <= means[i, 0] and means[j, 1] >= means[i, 1] and (means[j] != means[i]).any() for j in range(3)
            )
            free[i] += not beaten
    assert found == pytest.approx(free / 2000, abs=0.06) and ((found > 0.1) & (found < 0.95)).any()


def test_with_one_future_the_replicates_are_drawn() -> None:
    runs = runs_of({name: cube.reshape(1, -1, 2) for name, cube in drawn(1).items()}, JUDGED)
    found = tradeoff(runs, JUDGED, ["base", "little", "worse"], draws=50)
    assert (found.kind, found.units) == ("replicate", 80) and found.table["share"].notna().all()
    alone = tradeoff(runs[runs["replicate"] == 0], JUDGED, ["base", "little", "worse"])
    assert alone.units == 1 and alone.table["share"].isna().all()
    assert in_words(alone)[-1] == "From one replicate only: it cannot be told how sure this is."


def test_guards_and_words() -> None:
    runs = runs_of(drawn(3), JUDGED)
    with pytest.raises(InputError, match="practices does not say what is better"):
        tradeoff(runs.assign(practices=1.0), [*JUDGED, PRACTICES])
    lost = runs[~((runs["scenario"] == "worse") & (runs["sample"] == 0))]
    found = tradeoff(lost, JUDGED, ["base", "worse"], draws=100)
    said = in_words(found, {"base": "current law", "worse": "the other policy"})
    assert said[0] == (
        "On spending per patient and share treated nearby, current law is not beaten by any other policy on all counts."
    )
    assert "; beaten by current law; unbeaten in 0 % of 100 draws of the 39 futures." in said[2]
    assert said[3] == "1 future was left out because not all policies finished."
