"""Yes-or-no outcomes: by loops, at the edges, with missing runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oncsim.errors import InputError
from oncsim.experiments.analysis.outcomes import beyond, highest_part, policy_fails, too_few

from .toys import ACCESS, PRACTICES, SPENDING, runs_of, shuffled


def pair(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rng.normal(100.0, 5.0, (40, 3, 2))
    return {"base": base, "policy": base + rng.normal(0.0, 2.0, (40, 1, 2)) + rng.normal(0.0, 0.5, (40, 3, 2))}


@pytest.mark.parametrize(("output", "place", "sign"), [(SPENDING, 0, -1), (ACCESS, 1, 1)])
@pytest.mark.parametrize("least", [0.0, 1.0])
def test_a_policy_fails_where_its_paired_gain_is_too_small(output: object, place: int, sign: int, least: float) -> None:
    values = pair()
    runs = runs_of(values, [SPENDING, ACCESS])
    found = policy_fails(runs, output, "policy", "base", least)  # type: ignore[arg-type]
    expected = [
        sign * np.mean([values["policy"][s, r, place] - values["base"][s, r, place] for r in range(3)]) < least
        for s in range(40)
    ]
    assert found.values.tolist() == expected and 0 < found.count < 40 and found.count == sum(expected)
    assert found.values.index.tolist() == list(range(40)) and found.verb == "fail"
    mixed = policy_fails(shuffled(runs), output, "policy", "base", least)  # type: ignore[arg-type]
    pd.testing.assert_series_equal(found.values, mixed.values)


def test_no_change_at_all_is_a_failure_and_the_least_gain_is_not() -> None:
    base = np.full((3, 1), 10.0)
    runs = runs_of({"base": base, "policy": base - np.array([[0.0], [1.0], [2.0]])})
    assert policy_fails(runs, SPENDING, "policy", "base").values.tolist() == [True, False, False]
    assert policy_fails(runs, SPENDING, "policy", "base", 2.0).values.tolist() == [True, True, False]


def test_subjects_read_as_sentences() -> None:
    runs = runs_of(pair(), [SPENDING, ACCESS])
    titles = {"policy": "Site-neutral payment", "base": "current law"}
    assert policy_fails(runs, SPENDING, "policy", "base", titles=titles).subject == (
        "Site-neutral payment fails to lower spending per patient"
    )
    assert policy_fails(runs, SPENDING, "policy", "base", 1.5).subject == (
        "policy fails to lower spending per patient by 1.50 dollars"
    )
    assert policy_fails(runs, ACCESS, "policy", "base").subject == "policy fails to raise share treated nearby"
    assert beyond(runs, SPENDING, "base", 101.0, titles=titles).subject == (
        "spending per patient in current law is above 101 dollars"
    )


def test_beyond_a_threshold_is_strict_and_of_means_over_replicates() -> None:
    runs = runs_of({"base": np.array([[1.0, 3.0], [2.0, 4.0], [0.0, 1.0]])})
    assert beyond(runs, SPENDING, "base", 2.0).values.tolist() == [False, True, False]
    assert beyond(runs, SPENDING, "base", 2.0, "below").values.tolist() == [False, False, True]
    with pytest.raises(InputError, match="side is 'over'"):
        beyond(runs, SPENDING, "base", 2.0, "over")


def test_the_highest_part_is_that_share_of_the_futures() -> None:
    values = np.random.default_rng(2).permutation(100).astype(float)[:, None]
    runs = runs_of({"base": values})
    top, bottom = highest_part(runs, SPENDING, "base", 0.2), highest_part(runs, SPENDING, "base", 0.3, "below")
    assert set(values[top.values.to_numpy(), 0]) == set(range(80, 100))
    assert set(values[bottom.values.to_numpy(), 0]) == set(range(30))
    assert top.subject.startswith("spending per patient in base is among the highest 20 % (above 79.")
    with pytest.raises(InputError, match="a share of 1 of the futures"):
        highest_part(runs, SPENDING, "base", 1.0)


def test_unfinished_futures_are_counted() -> None:
    runs = runs_of(pair(), [SPENDING, ACCESS])
    lost = runs[~((runs["sample"] == 5) & (runs["scenario"] == "base")) & (runs["sample"] != 9)]
    found = policy_fails(lost, SPENDING, "policy", "base")
    assert found.unfinished == 1 and len(found.values) == 38 and 5 not in found.values.index
    assert beyond(lost, SPENDING, "base", 0.0).unfinished == 1


def test_what_cannot_be_asked_is_refused() -> None:
    runs = runs_of(pair(), [SPENDING, ACCESS])
    with pytest.raises(InputError, match="does not say what is better"):
        policy_fails(runs.assign(practices=1.0), PRACTICES, "policy", "base")
    with pytest.raises(InputError, match="0 or more"):
        policy_fails(runs, SPENDING, "policy", "base", -1.0)
    with pytest.raises(InputError, match="no run of 'bas'; did you mean 'base'"):
        beyond(runs, SPENDING, "bas", 1.0)
    apart = runs[(runs["scenario"] == "base") ^ (runs["sample"] < 20)]
    with pytest.raises(InputError, match="has a partner"):
        policy_fails(apart, SPENDING, "policy", "base")


def test_ten_of_either_kind_are_enough() -> None:
    runs = runs_of({"base": np.arange(20.0)[:, None]})
    assert too_few(beyond(runs, SPENDING, "base", 9.5)) == ""
    assert "too few" in too_few(beyond(runs, SPENDING, "base", 10.5))
    assert "in none" in too_few(beyond(runs, SPENDING, "base", 30.0))
    assert "in all" in too_few(beyond(runs, SPENDING, "base", -1.0))
