"""Screening by elementary effects (Morris 1991; Campolongo et al. 2007): which uncertainties matter at all.

The effect of an uncertainty is the change of the output when it moves over its whole range, other things fixed;
``mu_star`` is its mean size, ``mu`` its mean with sign, ``sigma`` how much it depends on where the others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import InputError
from oncsim.experiments.analysis.designs import Design, is_flat, read_design, whole
from oncsim.experiments.analysis.libraries import library
from oncsim.experiments.analysis.noise import luck_words, noise, noise_words
from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.tables import checked, scenario_names
from oncsim.experiments.analysis.words import Titles, amount, between, capital, counted, left_out, listed, others, titled

# With fewer trajectories the bootstrap draws the same few values again and its interval means nothing.
FEWEST = 4
MORE = "more samples needed: the interval reaches 0"
_INDICES = ("mu", "mu_star", "sigma", "conf", "low", "high")


@dataclass(frozen=True)
class Screening:
    """Elementary effects by scenario, output and uncertainty.

    Parameters
    ----------
    effects : pandas.DataFrame
        ``scenario, output, factor, title, mu, mu_star, sigma, conf, low, high, rank, note``, in the unit of the output
        per whole range of the uncertainty; ``low`` to ``high`` is the 95 % interval of ``mu_star``. Ranked by
        ``mu_star``. No rows for an output without indices.
    summary : pandas.DataFrame
        ``scenario, output, trajectories, dropped, flat, replicates, noise_share, noise_share_of_means, note``.
    """

    effects: pd.DataFrame
    summary: pd.DataFrame
    factors: tuple[Factor, ...]
    outputs: tuple[Output, ...]


def morris_effects(
    runs: pd.DataFrame,
    samples: pd.DataFrame,
    factors: Sequence[Factor],
    outputs: Sequence[Output],
    scenarios: Sequence[str] = (),
    *,
    levels: int = 4,
    resamples: int = 1000,
    seed: int = 1,
) -> Screening:
    """Return the elementary effects.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output.
    samples : pandas.DataFrame
        Column ``sample`` and one column an uncertainty; rows exactly as ``SALib.sample.morris`` gave them.
    factors : sequence of Factor
        As given to the sampler.
    outputs : sequence of Output
        What to analyse.
    scenarios : sequence of str
        Which scenarios; all if empty.
    levels : int
        Levels of the grid, as given to the sampler.
    resamples : int
        Bootstrap draws behind the intervals.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    InputError
        When the rows of ``samples`` are not trajectories.
    """
    table = checked(runs, outputs, scenarios)
    design = read_design(samples, factors, len(factors) + 1)
    _check_trajectories(design)
    effects, summary = [], []
    for scenario in scenario_names(table, scenarios):
        own = table[table["scenario"] == scenario]
        for output in outputs:
            values = design.values(own, output.name)
            keep = whole(values)
            flat = bool(keep.any()) and is_flat(values[keep])
            note = _without(int(keep.sum()), flat)
            key = {"scenario": scenario, "output": output.name}
            summary.append(
                {**key, "trajectories": int(keep.sum()), "dropped": int((~keep).sum()), "flat": flat}
                | noise(own, output.name)
                | {"note": note}
            )
            if not note:
                effects.append(_effects(design, values, keep, levels, resamples, seed).assign(**key))
    names = ["scenario", "output", "factor", "title", *_INDICES, "rank", "note"]
    found = pd.concat(effects, ignore_index=True)[names] if effects else pd.DataFrame(columns=names)
    return Screening(found, pd.DataFrame(summary), tuple(factors), tuple(outputs))


def _check_trajectories(design: Design) -> None:
    """Refuse rows in another order: at each step one uncertainty moves, and each once in a trajectory.

    An uncertainty that is rounded to whole numbers may stay where it is; that is an effect of 0.
    """
    moved = np.diff(design.inputs, axis=1) != 0.0
    if (moved.sum(axis=2) > 1).any() or (moved.sum(axis=1) > 1).any():
        raise InputError("the samples are not Morris trajectories: keep the rows in the order of the sampler")


def _without(trajectories: int, flat: bool) -> str:
    if trajectories < FEWEST:
        return f"only {counted(trajectories, 'complete trajectory', 'complete trajectories')}: too few"
    return "does not vary" if flat else ""


def _effects(
    design: Design, values: NDArray[np.float64], keep: NDArray[np.bool_], levels: int, resamples: int, seed: int
) -> pd.DataFrame:
    inputs = design.inputs[keep].reshape(-1, len(design.factors))
    analyze = library("SALib.analyze.morris").analyze
    found = analyze(design.problem, inputs, values[keep].reshape(-1), resamples, num_levels=levels, seed=seed)
    table = pd.DataFrame(
        {"factor": [factor.name for factor in design.factors], "title": [factor.label for factor in design.factors]}
        | {name: np.ma.filled(found[name], np.nan).astype(np.float64) for name in ("mu", "mu_star", "sigma")}
    )
    table["conf"] = np.ma.filled(found["mu_star_conf"], np.nan).astype(np.float64)
    table["low"], table["high"] = table["mu_star"] - table["conf"], table["mu_star"] + table["conf"]
    table["note"] = np.where((table["low"] <= 0.0) & (table["mu_star"] > 0.0), MORE, "")
    table["rank"] = table["mu_star"].rank(ascending=False, method="min").astype(np.int64)
    return table.sort_values(["rank", "factor"], kind="stable")


def in_words(found: Screening, titles: Titles | None = None, top: int = 3) -> list[str]:
    """Return one paragraph a scenario and output.

    Parameters
    ----------
    found : Screening
        From :func:`morris_effects`.
    titles : mapping of str to str
        Titles of scenarios.
    top : int
        How many uncertainties to describe each; the rest is summed up.
    """
    outputs = {output.name: output for output in found.outputs}
    ranges = {factor.name: factor for factor in found.factors}
    rows = [row for _, row in found.summary.iterrows()]
    return [capital(_paragraph(found, row, outputs[str(row["output"])], ranges, titles, top)) for row in rows]


def leading_words(found: Screening, titles: Titles | None = None, top: int = 3) -> list[str]:
    """Return one short sentence a scenario and output that has effects; parameters as for :func:`in_words`."""
    several = found.summary["scenario"].nunique() > 1
    said = []
    for _, row in found.summary.iterrows():
        own = found.effects[(found.effects["scenario"] == row["scenario"]) & (found.effects["output"] == row["output"])]
        output = next(one for one in found.outputs if one.name == row["output"])
        parts = [
            f"{effect['title']} ({amount(effect['mu_star'], output.unit)}, 95 % interval "
            f"{between(max(0.0, effect['low']), effect['high'])})"
            for _, effect in own.head(top).iterrows()
            if effect["mu_star"] > 0.0
        ]
        if parts:
            where = f" in {titled(str(row['scenario']), titles)}" if several else ""
            said.append(
                capital(
                    f"{output.label}{where} moves most with {listed(parts)}, each over its whole range.{luck_words(row)}"
                )
            )
    return said


def _paragraph(
    found: Screening, row: pd.Series, output: Output, ranges: dict[str, Factor], titles: Titles | None, top: int
) -> str:
    where = f"{output.label} in {titled(str(row['scenario']), titles)}"
    if row["flat"] and row["note"] == "does not vary":
        return f"{where} does not vary between the samples: no uncertainty has an effect that could be ranked."
    lost = left_out(row["dropped"], "incomplete trajectory", "incomplete trajectories")
    if row["note"]:
        return f"{where}: no effects, {row['note']} (at least {FEWEST}).{lost}"
    own = found.effects[(found.effects["scenario"] == row["scenario"]) & (found.effects["output"] == row["output"])]
    said = [f"{where}, effect of moving an uncertainty over its whole range, the largest first:"]
    said += [_one(effect, output, ranges[str(effect["factor"])]) for _, effect in own.head(top).iterrows()]
    rest = own.iloc[top:]
    if len(rest):
        most = amount(float(rest["mu_star"].max()), output.unit)
        said.append(f"{others(len(rest), 'changes', 'change')} it by {most} or less on average.")
    unsure = list(own.loc[own["note"] == MORE, "title"])
    if unsure:
        said.append(f"More samples are needed to tell the effect of {listed(unsure)} from none.")
    return " ".join(said) + f" From {row['trajectories']} trajectories.{lost} {noise_words(row)}"


def _one(effect: pd.Series, output: Output, factor: Factor) -> str:
    size = amount(effect["mu_star"], output.unit)
    moved = f"{factor.label} ({amount(factor.low)} to {amount(factor.high, factor.unit)})"
    if effect["mu_star"] == 0.0:
        return f"{effect['rank']}. {moved} has no effect."
    if abs(effect["mu"]) > 0.95 * effect["mu_star"]:
        way = "upward" if effect["mu"] > 0 else "downward"
    else:
        way = "up in some places and down in others"
    if effect["sigma"] > effect["mu_star"]:
        way += ", much depending on where it and the others are"
    interval = between(max(0.0, effect["low"]), effect["high"])
    return f"{effect['rank']}. {moved} changes it by {size} on average (95 % interval {interval}), {way}."
