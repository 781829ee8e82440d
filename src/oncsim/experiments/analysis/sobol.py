"""Shares of variance (Sobol; Saltelli et al. 2010): which uncertainties the spread of an output comes from.

``S1`` is the share of the variance that an uncertainty explains alone, ``ST`` with all its interactions, ``S2`` the
share that a pair explains beyond both alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import InputError
from oncsim.experiments.analysis.designs import Design, is_flat, read_design, whole
from oncsim.experiments.analysis.libraries import library
from oncsim.experiments.analysis.noise import luck_words, noise, noise_words
from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.tables import checked, scenario_names
from oncsim.experiments.analysis.words import Titles, capital, counted, left_out, listed, others, percent, percents, titled

# With fewer groups the indices are noise and their bootstrap intervals meaningless.
FEWEST = 16
MORE = "more samples needed"
_INDICES = ("S1", "S1_conf", "S1_low", "S1_high", "ST", "ST_conf", "ST_low", "ST_high")


@dataclass(frozen=True)
class Decomposition:
    """Sobol indices by scenario, output and uncertainty.

    Parameters
    ----------
    indices : pandas.DataFrame
        ``scenario, output, factor, title, S1, S1_conf, S1_low, S1_high, ST, ST_conf, ST_low, ST_high, rank, note``;
        ``low`` to ``high`` are 95 % intervals. Ranked by ``ST``. No rows for an output without indices.
    pairs : pandas.DataFrame
        ``scenario, output, factor, other, S2, S2_conf, S2_low, S2_high, note``, largest first; empty where the second
        order was not sampled.
    summary : pandas.DataFrame
        ``scenario, output, groups, dropped, flat, S1_sum, replicates, noise_share, noise_share_of_means, note``.
    """

    indices: pd.DataFrame
    pairs: pd.DataFrame
    summary: pd.DataFrame
    factors: tuple[Factor, ...]
    outputs: tuple[Output, ...]


def sobol_indices(
    runs: pd.DataFrame,
    samples: pd.DataFrame,
    factors: Sequence[Factor],
    outputs: Sequence[Output],
    scenarios: Sequence[str] = (),
    *,
    second_order: bool = False,
    resamples: int = 200,
    seed: int = 1,
) -> Decomposition:
    """Return the Sobol indices.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output.
    samples : pandas.DataFrame
        Column ``sample`` and one column an uncertainty; rows exactly as ``SALib.sample.sobol`` gave them.
    factors : sequence of Factor
        As given to the sampler, in its order.
    outputs : sequence of Output
        What to analyse.
    scenarios : sequence of str
        Which scenarios; all if empty.
    second_order : bool
        Whether the second order was sampled: groups of 2D+2 rows rather than D+2.
    resamples : int
        Bootstrap draws behind the intervals.
    seed : int
        Seed of the bootstrap, at least 1 (SALib takes 0 for no seed).

    Raises
    ------
    InputError
        When the rows of ``samples`` are not the groups of the sampler or the seed is 0.
    """
    if seed < 1:
        raise InputError(f"the seed is {seed} (1 or more)")
    table = checked(runs, outputs, scenarios)
    count = len(factors)
    design = read_design(samples, factors, 2 * count + 2 if second_order else count + 2)
    _check_groups(design, second_order)
    indices, pairs, summary = [], [], []
    for scenario in scenario_names(table, scenarios):
        own = table[table["scenario"] == scenario]
        for output in outputs:
            values = design.values(own, output.name)
            keep = whole(values)
            # The variance is that of the first and the last row of a group, the two independent samples.
            flat = bool(keep.any()) and is_flat(values[keep][:, [0, -1]])
            note = _without(int(keep.sum()), flat)
            key = {"scenario": scenario, "output": output.name}
            total = np.nan
            if not note:
                found = _analyze(design, values[keep], second_order, resamples, seed)
                indices.append(_first_and_total(design, found).assign(**key))
                total = float(np.sum(found["S1"]))
                note = _over_one(total)
                if second_order:
                    pairs.append(_second(design, found).assign(**key))
            summary.append(
                {**key, "groups": int(keep.sum()), "dropped": int((~keep).sum()), "flat": flat, "S1_sum": total}
                | noise(own, output.name)
                | {"note": note}
            )
    return Decomposition(
        _joined(indices, ["scenario", "output", "factor", "title", *_INDICES, "rank", "note"]),
        _joined(pairs, ["scenario", "output", "factor", "other", "S2", "S2_conf", "S2_low", "S2_high", "note"]),
        pd.DataFrame(summary),
        tuple(factors),
        tuple(outputs),
    )


def _check_groups(design: Design, second_order: bool) -> None:
    """Refuse rows in another order: row j has the j-th value of the last row and all others of the first."""
    inputs, count = design.inputs, len(design.factors)
    first, last = inputs[:, 0, :], inputs[:, -1, :]
    for j in range(count):
        mixed = first.copy()
        mixed[:, j] = last[:, j]
        fits = np.allclose(inputs[:, 1 + j, :], mixed)
        if second_order:
            mixed = last.copy()
            mixed[:, j] = first[:, j]
            fits = fits and np.allclose(inputs[:, 1 + j + count, :], mixed)
        if not fits:
            order = "with" if second_order else "without"
            raise InputError(
                f"the samples are not Sobol groups {order} second order: keep rows and uncertainties in the sampler's order"
            )


def _without(groups: int, flat: bool) -> str:
    if groups < FEWEST:
        return f"only {counted(groups, 'complete group')}: too few"
    return "does not vary" if flat else ""


def _over_one(total: float) -> str:
    return f"{MORE}: the first-order indices add up to {total:.2f}" if round(total, 2) > 1.0 else ""


def _analyze(
    design: Design, values: NDArray[np.float64], second_order: bool, resamples: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    analyze: Any = library("SALib.analyze.sobol").analyze
    found = analyze(design.problem, values.reshape(-1), second_order, resamples, seed=seed)
    return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}


def _first_and_total(design: Design, found: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    table = pd.DataFrame(
        {"factor": [factor.name for factor in design.factors], "title": [factor.label for factor in design.factors]}
    )
    for name in ("S1", "ST"):
        table[name], table[f"{name}_conf"] = found[name], found[f"{name}_conf"]
        table[f"{name}_low"], table[f"{name}_high"] = (
            table[name] - table[f"{name}_conf"],
            table[name] + table[f"{name}_conf"],
        )
    # An uncertainty that no run reacts to has exactly 0 with no width; that is known, not unsure.
    unsure = (table["ST"] > 0.0) & ((table["S1_low"] <= 0.0) | (table["ST_low"] <= 0.0))
    table["note"] = np.where(unsure, f"{MORE}: an interval reaches 0", "")
    table["rank"] = table["ST"].rank(ascending=False, method="min").astype(np.int64)
    return table.sort_values(["rank", "factor"], kind="stable")


def _second(design: Design, found: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    one, two = np.triu_indices(len(design.factors), k=1)
    names = np.array([factor.name for factor in design.factors], dtype=object)
    value, conf = found["S2"][one, two], found["S2_conf"][one, two]
    table = pd.DataFrame({"factor": names[one], "other": names[two], "S2": value, "S2_conf": conf})
    table["S2_low"], table["S2_high"] = value - conf, value + conf
    table["note"] = np.where((table["S2_low"] <= 0.0) & (table["S2_high"] >= 0.0) & (conf > 0.0), MORE, "")
    return table.sort_values("S2", ascending=False, kind="stable")


def _joined(pieces: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    return pd.concat(pieces, ignore_index=True)[names] if pieces else pd.DataFrame(columns=names)


def in_words(found: Decomposition, titles: Titles | None = None, top: int = 3) -> list[str]:
    """Return one paragraph a scenario and output.

    Parameters
    ----------
    found : Decomposition
        From :func:`sobol_indices`.
    titles : mapping of str to str
        Titles of scenarios.
    top : int
        How many uncertainties to describe each; the rest is summed up.
    """
    outputs = {output.name: output for output in found.outputs}
    rows = [row for _, row in found.summary.iterrows()]
    return [capital(_paragraph(found, row, outputs[str(row["output"])], titles, top)) for row in rows]


def leading_words(found: Decomposition, titles: Titles | None = None, top: int = 3) -> list[str]:
    """Return one short sentence a scenario and output that has indices; parameters as for :func:`in_words`."""
    several = found.summary["scenario"].nunique() > 1
    said = []
    for _, row in found.summary.iterrows():
        output = next(one for one in found.outputs if one.name == row["output"])
        parts = [
            f"{index['title']} ({percent(index['ST'])}, 95 % interval {_clipped(index, 'ST')})"
            for _, index in _of(found.indices, row).head(top).iterrows()
            if index["ST"] > 0.0
        ]
        if parts:
            where = f" in {titled(str(row['scenario']), titles)}" if several else ""
            words = f"comes most from {listed(parts)}, interactions included.{luck_words(row)}"
            said.append(f"The variance of {output.label}{where} {words}")
    return said


def _paragraph(found: Decomposition, row: pd.Series, output: Output, titles: Titles | None, top: int) -> str:
    where = f"{output.label} in {titled(str(row['scenario']), titles)}"
    lost = left_out(row["dropped"], "incomplete group")
    if row["flat"] and row["note"] == "does not vary":
        return f"{where} does not vary between the samples: there is no variance to explain.{lost}"
    own = _of(found.indices, row)
    if own.empty:
        return f"{where}: no indices, {row['note']} (at least {FEWEST}).{lost}"
    said = [f"What the variance of {where} comes from:"]
    said += [_one(index) for _, index in own.head(top).iterrows()]
    rest = own.iloc[top:]
    if len(rest):
        said.append(f"{others(len(rest), 'explains', 'explain')} {percent(float(rest['ST'].max()))} or less each.")
    pairs = _of(found.pairs, row)
    strongest = pairs[pairs["S2_low"] > 0.0].head(1)
    for _, pair in strongest.iterrows():
        share = f"{percent(pair['S2'])}, 95 % interval {percents(pair['S2_low'], pair['S2_high'])}"
        titled_by = {factor.name: factor.label for factor in found.factors}
        names = listed([titled_by[str(pair["factor"])], titled_by[str(pair["other"])]])
        said.append(f"The strongest interaction is that of {names} ({share}).")
    unsure = list(own.loc[own["note"] != "", "title"])
    if unsure:
        said.append(f"More samples are needed to tell all effects of {listed(unsure)} from none.")
    if row["note"]:
        said.append(f"The shares explained alone add up to {row['S1_sum']:.2f}, more than 1: more samples are needed.")
    return " ".join(said) + f" From {row['groups']} groups of samples.{lost} {noise_words(row)}"


def _of(table: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    return table[(table["scenario"] == row["scenario"]) & (table["output"] == row["output"])]


def _one(index: pd.Series) -> str:
    if index["ST"] <= 0.0:
        return f"{index['rank']}. {index['title']} has no effect."
    alone = f"{percent(max(0.0, index['S1']))} alone (95 % interval {_clipped(index, 'S1')})"
    with_others = f"{percent(index['ST'])} with its interactions ({_clipped(index, 'ST')})"
    return f"{index['rank']}. {index['title']} explains {alone} and {with_others}."


def _clipped(index: pd.Series, name: str) -> str:
    return percents(max(0.0, index[f"{name}_low"]), max(0.0, index[f"{name}_high"]))
