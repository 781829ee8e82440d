"""Elementary effects: exact where the truth is known, on Ishigami, with luck, with missing runs, every guard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from SALib.sample import morris as sampler

from oncsim.errors import InputError
from oncsim.experiments.analysis.morris import MORE, in_words, leading_words, morris_effects
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.words import number

from .toys import ACCESS, PRACTICES, SPENDING, factors, ishigami, runs_of, samples_of, shuffled

WIDE = [Factor(f"x{i}", f"uncertainty {i}", -np.pi, np.pi) for i in range(4)]


def design(named: list[Factor], trajectories: int = 20, seed: int = 1) -> pd.DataFrame:
    problem = {"num_vars": len(named), "names": [f.name for f in named], "bounds": [[f.low, f.high] for f in named]}
    return samples_of(sampler.sample(problem, trajectories, num_levels=4, seed=seed), named)


def inputs(samples: pd.DataFrame) -> np.ndarray:
    return samples.drop(columns="sample").to_numpy()


def test_a_linear_model_has_its_slopes_times_the_ranges() -> None:
    named = [Factor("a", "", 0.0, 2.0), Factor("b", "", -1.0, 1.0), Factor("c", "", 5.0, 6.0)]
    samples = design(named)
    x = inputs(samples)
    y = 3.0 * x[:, 0] - 5.0 * x[:, 1] + 100.0
    found = morris_effects(runs_of({"base": y[:, None]}), samples, named, [SPENDING]).effects.set_index("factor")
    assert found.loc[["a", "b", "c"], "mu"].to_numpy() == pytest.approx([6.0, -10.0, 0.0])
    assert found.loc[["a", "b", "c"], "mu_star"].to_numpy() == pytest.approx([6.0, 10.0, 0.0])
    assert found["sigma"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert found["rank"].to_dict() == {"b": 1, "a": 2, "c": 3} and (found["note"] == "").all()


def test_ishigami_is_ranked_with_an_inert_uncertainty_last() -> None:
    samples = design(WIDE, 200)
    found = morris_effects(runs_of({"base": ishigami(inputs(samples))[:, None]}), samples, WIDE, [SPENDING])
    effects = found.effects.set_index("factor")
    # On four levels sin(x)**2 is 0 or 3/4, so every step of the second is 7 * 3/4 over two thirds of the range.
    assert effects.loc["x1", "mu_star"] == pytest.approx(7.875) and abs(effects.loc["x1", "mu"]) < 2.0
    assert effects.loc["x3", "mu_star"] == 0.0 and effects.loc["x3", "rank"] == 4
    assert (effects.loc[["x0", "x1", "x2"], "low"] > 1.0).all()
    # The third acts only together with the first.
    assert effects.loc["x2", "sigma"] > effects.loc["x2", "mu_star"]
    said = in_words(found, {"base": "current law"})[0]
    assert said.startswith("Spending per patient in current law, effect of moving an uncertainty over its whole range")
    assert "up in some places and down in others" in said and "The other one changes it by 0" in said
    (lead,) = leading_words(found, {"base": "current law"}, top=4)
    assert lead.startswith("Spending per patient moves most with uncertainty ") and lead.count("95 % interval") == 3
    assert f"{number(effects.loc['x1', 'mu_star'])} dollars" in lead and "current law" not in lead


def test_luck_is_averaged_first_and_its_share_reported() -> None:
    samples, rng = design(WIDE, 60), np.random.default_rng(4)
    y = inputs(samples)[:, 0] * 2.0
    noisy = y[:, None] + rng.normal(0.0, 3.0, (len(y), 5))
    found = morris_effects(runs_of({"base": noisy}), samples, WIDE, [SPENDING])
    clean = morris_effects(runs_of({"base": noisy.mean(axis=1)[:, None]}), samples, WIDE, [SPENDING])
    pd.testing.assert_frame_equal(found.effects, clean.effects)
    row = found.summary.iloc[0]
    share = 9.0 / (9.0 + y.var())
    assert row["noise_share"] == pytest.approx(share, abs=0.05) and row["replicates"] == 5
    assert row["noise_share_of_means"] == pytest.approx(1.8 / (1.8 + y.var()), abs=0.05)
    assert "Effects of about that size can be luck alone" in in_words(found)[0]
    assert "of the variance behind that: more replicates tell more." in leading_words(found)[0]
    assert "Luck" not in leading_words(clean)[0]
    assert np.isnan(clean.summary["noise_share"].iloc[0])
    assert "With one replicate a sample it cannot be told" in in_words(clean)[0]


def test_incomplete_trajectories_are_dropped_and_counted() -> None:
    samples = design(WIDE, 30)
    y = ishigami(inputs(samples))
    runs = runs_of({"base": np.stack([y, y + 1.0], axis=1)})
    # Of one trajectory a whole sample is lost, of another a single replicate.
    lost = (runs["sample"] == 7) | ((runs["sample"] == 23) & (runs["replicate"] == 0))
    found = morris_effects(runs[~lost], samples, WIDE, [SPENDING])
    row = found.summary.iloc[0]
    assert (row["trajectories"], row["dropped"]) == (29, 1)
    rest = samples[~samples["sample"].between(5, 9)]
    shifted = runs[runs["sample"].isin(rest["sample"]) & ~lost]
    again = morris_effects(shifted, rest, WIDE, [SPENDING])
    pd.testing.assert_frame_equal(found.effects, again.effects)
    assert "1 incomplete trajectory was left out." in in_words(found)[0]


def test_several_scenarios_and_outputs_and_the_order_of_runs() -> None:
    samples = design(WIDE, 10)
    x = inputs(samples)
    cube = np.stack([x[:, 0], x[:, 1] * 2.0, np.full(len(x), 7.0)], axis=1)[:, None, :]
    outputs = [SPENDING, ACCESS, PRACTICES]
    runs = runs_of({"base": cube, "policy": cube * 3.0}, outputs)
    found = morris_effects(runs, samples, WIDE, outputs)
    mixed = morris_effects(shuffled(runs), samples, WIDE, outputs)
    pd.testing.assert_frame_equal(found.effects, mixed.effects, check_exact=True)
    pd.testing.assert_frame_equal(found.summary, mixed.summary, check_exact=True)
    best = found.effects[found.effects["rank"] == 1].set_index(["scenario", "output"])
    assert best["factor"].to_dict() == {
        (s, o): f for s in ("base", "policy") for o, f in (("spending", "x0"), ("access", "x1"))
    }
    assert best.loc[("policy", "spending"), "mu_star"] == pytest.approx(3 * best.loc[("base", "spending"), "mu_star"])
    flat = found.summary[found.summary["output"] == "practices"]
    assert flat["flat"].all() and len(flat) == 2 and "practices" not in set(found.effects["output"])
    assert in_words(found)[2].startswith("Independent practices in base does not vary between the samples")


def test_rounding_left_by_averaging_is_no_effect() -> None:
    samples = design(WIDE, 10)
    jitter = np.random.default_rng(1).uniform(-1e-13, 1e-13, (len(samples), 2))
    found = morris_effects(runs_of({"base": 5.0 + jitter}), samples, WIDE, [SPENDING])
    assert found.summary["flat"].all() and found.effects.empty


def test_too_few_trajectories_give_no_effects() -> None:
    samples = design(WIDE, 5)
    runs = runs_of({"base": ishigami(inputs(samples))[:, None]})
    assert len(morris_effects(runs[runs["sample"] >= 5], samples, WIDE, [SPENDING]).effects) == 4
    for kept, words in ((runs["sample"] >= 10, "only 3 complete trajectories"), (runs["sample"] < 4, "only 0 complete")):
        found = morris_effects(runs[kept], samples, WIDE, [SPENDING])
        assert found.effects.empty and "too few" in in_words(found)[0] and words in in_words(found)[0]


def test_an_interval_that_reaches_0_asks_for_more_samples() -> None:
    samples = design(WIDE, 4)
    x = inputs(samples)
    # One trajectory alone reacts to the last uncertainty.
    y = x[:, 0] + np.where(samples["sample"] < 5, x[:, 3], 0.0)
    found = morris_effects(runs_of({"base": y[:, None]}), samples, WIDE, [SPENDING])
    notes = found.effects.set_index("factor")["note"]
    assert notes["x3"] == MORE and notes["x0"] == "" and notes["x1"] == ""
    assert "More samples are needed to tell the effect of uncertainty 3 from none." in in_words(found)[0]


def test_samples_in_another_order_are_refused() -> None:
    samples = design(WIDE, 6)
    runs = runs_of({"base": ishigami(inputs(samples))[:, None]})
    with pytest.raises(InputError, match="keep the rows in the order of the sampler"):
        morris_effects(runs, shuffled(samples), WIDE, [SPENDING])
    with pytest.raises(InputError, match="29 samples are no multiple of 5"):
        morris_effects(runs, samples.iloc[:-1], WIDE, [SPENDING])
    with pytest.raises(InputError, match="no column 'x9'"):
        morris_effects(runs, samples, [*WIDE[:3], Factor("x9")], [SPENDING])
    with pytest.raises(InputError, match="missing or infinite"):
        morris_effects(runs, samples.assign(x0=np.nan), WIDE, [SPENDING])
    with pytest.raises(InputError, match="is there twice"):
        morris_effects(runs, samples.assign(sample=3), WIDE, [SPENDING])


def test_an_uncertainty_may_stay_where_rounding_holds_it_but_not_move_twice() -> None:
    named = factors(2)
    twice = np.tile([[0.0, 0.0], [1 / 3, 0.0], [1.0, 0.0]], (4, 1))
    runs = runs_of({"base": twice[:, :1] * 3.0})
    with pytest.raises(InputError, match="not Morris trajectories"):
        morris_effects(runs, samples_of(twice, named), named, [SPENDING])
    held = np.tile([[0.0, 0.0], [2 / 3, 0.0], [2 / 3, 0.0]], (4, 1))
    found = morris_effects(runs_of({"base": held[:, :1] * 3.0}), samples_of(held, named), named, [SPENDING])
    assert found.effects.set_index("factor")["mu_star"].to_dict() == pytest.approx(
        {"behaviour.x0": 3.0, "behaviour.x1": 0.0}
    )


def test_the_global_random_state_is_neither_used_nor_changed() -> None:
    named = factors(3)
    samples = design(named, 8)
    runs = runs_of({"base": (inputs(samples) ** 2).sum(axis=1)[:, None]})
    found = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        found.append(morris_effects(runs, samples, named, [SPENDING]).effects)
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    other = morris_effects(runs, samples, named, [SPENDING], seed=7).effects
    assert (other["conf"] != found[0]["conf"]).any() and (other["mu_star"] == found[0]["mu_star"]).all()
