"""Sobol indices: Ishigami's exact ones, luck as a floor of the total index, missing runs, every guard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from SALib.sample import sobol as sampler

from oncsim.errors import InputError
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.sobol import in_words, leading_words, sobol_indices

from .toys import ACCESS, SPENDING, factors, ishigami, runs_of, samples_of, shuffled

WIDE = [Factor(f"x{i}", f"uncertainty {i}", -np.pi, np.pi) for i in range(3)]


def design(named: list[Factor], base: int, second_order: bool = False, seed: int = 1) -> pd.DataFrame:
    problem = {"num_vars": len(named), "names": [f.name for f in named], "bounds": [[f.low, f.high] for f in named]}
    return samples_of(sampler.sample(problem, base, calc_second_order=second_order, seed=seed), named)


def inputs(samples: pd.DataFrame) -> np.ndarray:
    return samples.drop(columns="sample").to_numpy()


@pytest.mark.parametrize("second_order", [False, True])
def test_ishigami_has_its_exact_indices(second_order: bool) -> None:
    samples = design(WIDE, 1024, second_order)
    runs = runs_of({"base": ishigami(inputs(samples))[:, None]})
    found = sobol_indices(runs, samples, WIDE, [SPENDING], second_order=second_order, resamples=200)
    indices = found.indices.set_index("factor").loc[["x0", "x1", "x2"]]
    for name, exact in (("S1", [0.3139, 0.4424, 0.0]), ("ST", [0.5576, 0.4424, 0.2437])):
        assert indices[name].to_numpy() == pytest.approx(exact, abs=0.03)
        assert (indices[f"{name}_low"] < exact).all() and (indices[f"{name}_high"] > exact).all()
        assert (indices[f"{name}_conf"] < 0.15).all()
    assert indices["rank"].to_dict() == {"x0": 1, "x1": 2, "x2": 3}
    assert found.summary["groups"].iloc[0] == 1024 and found.summary["S1_sum"].iloc[0] == pytest.approx(0.756, abs=0.05)
    said = in_words(found)[0]
    (lead,) = leading_words(found, top=2)
    assert lead.startswith("The variance of spending per patient comes most from uncertainty 0 (5")
    assert lead.endswith("), interactions included.") and lead.count("95 % interval") == 2
    assert "1. uncertainty 0 explains 3" in said and "More samples are needed to tell all effects of uncertainty 2" in said
    if not second_order:
        assert found.pairs.empty
        return
    pairs = found.pairs.set_index(["factor", "other"])["S2"]
    assert pairs["x0", "x2"] == pytest.approx(0.2437, abs=0.06) and found.pairs["other"].iloc[0] == "x2"
    assert pairs["x0", "x1"] == pytest.approx(0.0, abs=0.06) and pairs["x1", "x2"] == pytest.approx(0.0, abs=0.06)
    assert "The strongest interaction is that of uncertainty 0 and uncertainty 2 (2" in said


def test_luck_lifts_the_total_index_of_an_inert_uncertainty_to_its_share() -> None:
    named = factors(2)
    samples, rng = design(named, 1024), np.random.default_rng(2)
    y = inputs(samples)[:, 0] * np.sqrt(12.0)  # variance 1
    found = sobol_indices(
        runs_of({"base": y[:, None] + rng.normal(0.0, 1.0, (len(y), 4))}), samples, named, [SPENDING], resamples=100
    )
    row, indices = found.summary.iloc[0], found.indices.set_index("factor")
    assert row["noise_share"] == pytest.approx(0.5, abs=0.03)
    assert row["noise_share_of_means"] == pytest.approx(0.2, abs=0.03)
    assert indices.loc["behaviour.x1", "ST"] == pytest.approx(0.2, abs=0.04)
    assert indices.loc["behaviour.x1", "S1"] == pytest.approx(0.0, abs=0.06)
    left = f"{100 * row['noise_share_of_means']:.0f} % of what these indices are made of"
    assert f"and {left}. Effects of about that size can be luck alone" in in_words(found)[0]


def test_incomplete_groups_are_dropped_and_counted() -> None:
    samples = design(WIDE, 64)
    y = ishigami(inputs(samples))
    runs = runs_of({"base": y[:, None]})
    found = sobol_indices(runs[~runs["sample"].isin([7, 8, 52])], samples, WIDE, [SPENDING], resamples=50)
    assert found.summary[["groups", "dropped"]].iloc[0].tolist() == [62, 2]
    kept = samples[~samples["sample"].between(5, 9) & ~samples["sample"].between(50, 54)]
    again = sobol_indices(runs, kept, WIDE, [SPENDING], resamples=50)
    pd.testing.assert_frame_equal(found.indices, again.indices)
    assert "2 incomplete groups were left out." in in_words(found)[0]


def test_flat_outputs_have_no_indices() -> None:
    samples = design(WIDE, 32)
    flat = np.full((len(samples), 1, 2), 3.0)
    # The second varies, but not in the two independent samples that the variance is taken over.
    flat[1, 0, 1] = 4.0
    found = sobol_indices(runs_of({"base": flat}, [SPENDING, ACCESS]), samples, WIDE, [SPENDING, ACCESS])
    assert found.indices.empty and found.summary["flat"].all()
    assert all("does not vary between the samples" in text for text in in_words(found))


def test_an_uncertainty_without_effect_is_known_and_not_unsure() -> None:
    samples = design(WIDE, 256)
    found = sobol_indices(runs_of({"base": inputs(samples)[:, :1]}), samples, WIDE, [SPENDING], resamples=100)
    indices = found.indices.set_index("factor")
    assert indices.loc["x0", ["S1", "ST"]].to_numpy(dtype=float) == pytest.approx(1.0, abs=0.05)
    assert (indices.loc[["x1", "x2"], "ST"] == 0.0).all() and (indices.loc[["x1", "x2"], "note"] == "").all()
    assert "2. uncertainty 1 has no effect." in in_words(found)[0]


def test_too_few_groups_and_sums_over_one_ask_for_more() -> None:
    samples = design(WIDE, 16, seed=3)
    y = ishigami(inputs(samples))
    runs = runs_of({"base": y[:, None]})
    few = sobol_indices(runs[runs["sample"] < 75], samples, WIDE, [SPENDING])
    assert few.indices.empty and "only 15 complete groups: too few (at least 16)" in in_words(few)[0]
    sums = []
    for seed in range(1, 9):
        drawn = design(WIDE, 16, seed=seed)
        found = sobol_indices(runs_of({"base": ishigami(inputs(drawn))[:, None]}), drawn, WIDE, [SPENDING], resamples=50)
        row = found.summary.iloc[0]
        sums.append(row["S1_sum"])
        assert (round(row["S1_sum"], 2) > 1.0) == row["note"].startswith("more samples needed")
        assert ("more than 1: more samples are needed" in in_words(found)[0]) == (round(row["S1_sum"], 2) > 1.0)
    assert min(sums) < 1.0 < max(sums)


def test_samples_in_another_order_are_refused() -> None:
    samples = design(WIDE, 32)
    runs = runs_of({"base": ishigami(inputs(samples))[:, None]})
    for wrong in (shuffled(samples), samples.rename(columns={"x0": "x1", "x1": "x0"})[["sample", "x0", "x1", "x2"]]):
        with pytest.raises(InputError, match="not Sobol groups without second order"):
            sobol_indices(runs, wrong, WIDE, [SPENDING])
    with pytest.raises(InputError, match="not Sobol groups with second order"):
        sobol_indices(runs, samples, WIDE, [SPENDING], second_order=True)
    with pytest.raises(InputError, match="no multiple of 5"):
        sobol_indices(runs, samples.iloc[:-2], WIDE, [SPENDING])
    with pytest.raises(InputError, match="seed is 0"):
        sobol_indices(runs, samples, WIDE, [SPENDING], seed=0)


def test_neither_the_order_of_runs_nor_the_global_random_state_matters() -> None:
    samples = design(WIDE, 32)
    y = ishigami(inputs(samples))
    runs = runs_of({"base": np.stack([y, y**2], axis=1), "policy": np.stack([-y, y**3], axis=1)})
    found = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        found.append(sobol_indices(shuffled(runs, seed), samples, WIDE, [SPENDING], resamples=50))
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(found[0].indices, found[1].indices, check_exact=True)
    pd.testing.assert_frame_equal(found[0].summary, found[1].summary, check_exact=True)
    assert set(found[0].indices["scenario"]) == {"base", "policy"}
