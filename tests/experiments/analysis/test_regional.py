"""Regional sensitivity: what matters is told from what does not; distances and adjustment by other means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from oncsim.experiments.analysis.outcomes import Outcome, beyond
from oncsim.experiments.analysis.regional import holm, in_words, regional_sensitivity

from .toys import SPENDING, factors, runs_of, samples_of, shuffled

NAMED = factors(4)
SAMPLES = samples_of(np.random.default_rng(1).uniform(size=(300, 4)), NAMED)


def outcome() -> Outcome:
    """Return an outcome of the first and, more weakly, of the second uncertainty."""
    y = 2.0 * SAMPLES["behaviour.x0"] - SAMPLES["behaviour.x1"]
    return beyond(runs_of({"base": y.to_numpy()[:, None]}), SPENDING, "base", 0.6)


def test_influential_uncertainties_come_first_and_others_are_not_significant() -> None:
    found = regional_sensitivity(outcome(), SAMPLES, NAMED).distances.set_index("factor")
    assert found["rank"].to_dict()["behaviour.x0"] == 1 and found["rank"].to_dict()["behaviour.x1"] == 2
    assert (found.loc[["behaviour.x0", "behaviour.x1"], "p_adjusted"] < 0.001).all()
    assert (found.loc[["behaviour.x2", "behaviour.x3"], "p_adjusted"] > 0.05).all()
    assert found.loc["behaviour.x0", "median_with"] > found.loc["behaviour.x0", "median_without"]
    assert found.loc["behaviour.x1", "median_with"] < found.loc["behaviour.x1", "median_without"]


def test_the_distance_is_the_largest_gap_by_loops() -> None:
    found = regional_sensitivity(outcome(), SAMPLES, NAMED).distances.set_index("factor")
    happens = outcome().values.to_numpy()
    for factor in NAMED:
        values = SAMPLES[factor.name].to_numpy()
        gaps = [abs((values[happens] <= v).mean() - (values[~happens] <= v).mean()) for v in values]
        assert found.loc[factor.name, "distance"] == pytest.approx(max(gaps))


def test_irrelevant_uncertainties_are_rarely_called_significant() -> None:
    rng = np.random.default_rng(4)
    named, false = factors(10), 0
    for _ in range(100):
        samples = samples_of(rng.uniform(size=(60, 10)), named)
        happens = Outcome("It happens", pd.Series(rng.permutation(np.arange(60) < 20)))
        false += bool((regional_sensitivity(happens, samples, named).distances["p_adjusted"] <= 0.05).any())
    assert false <= 12  # 5 expected; 12 or fewer with probability 0.998


def test_holm_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(6)
    for size in range(1, 40, 5):
        # Rounding makes ties; the power makes small ones.
        p = np.round(rng.uniform(size=size) ** 3, 2)
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_words_and_order() -> None:
    found = regional_sensitivity(outcome(), SAMPLES, NAMED)
    mixed = regional_sensitivity(outcome(), shuffled(SAMPLES), NAMED)
    pd.testing.assert_frame_equal(found.distances, mixed.distances, check_exact=True)
    said = in_words(found)
    assert said[0].startswith("Spending per patient in base is above 0.600 dollars in ")
    assert said[1].startswith("Uncertainty 0 is higher where it happens: median 0.") and "p < 0.001" in said[1]
    assert said[2].startswith("Uncertainty 1 is lower where it happens")
    assert said[3] == "The other 2 do not differ more than by chance."


def test_guards() -> None:
    still = SAMPLES.assign(**{"behaviour.x3": 0.5})
    found = regional_sensitivity(outcome(), still, NAMED)
    assert found.constant == ("behaviour.x3",) and len(found.distances) == 3
    assert "Uncertainty 3 did not vary and could not be compared." in in_words(found)
    assert in_words(found)[-1] == "The other one does not differ more than by chance."
    few = regional_sensitivity(Outcome("It happens", pd.Series(np.arange(300) < 5)), SAMPLES, NAMED)
    assert few.distances.empty and in_words(few)[1].startswith("Fewer than 10 futures of either kind")
    nothing = regional_sensitivity(outcome(), still, NAMED[3:])
    assert nothing.distances.empty and in_words(nothing)[-1] == "No uncertainty varies, so there is nothing to compare."
