"""What is gained and lost between outputs: means side by side and which policies no other beats on all.

There is no single score: its weights would be the answer. A policy is dominated if another is at least as good on
every output and better on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import InputError
from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.tables import checked, complete, means, scenario_names
from oncsim.experiments.analysis.words import Titles, amount, capital, listed, percent, titled, unfinished_words

FUTURE, REPLICATE = "future", "replicate"


@dataclass(frozen=True)
class Tradeoff:
    """Means of policies and which are not dominated.

    Parameters
    ----------
    means : pandas.DataFrame
        ``scenario`` and one column an output: means over futures.
    table : pandas.DataFrame
        ``scenario, non_dominated, share, dominated_by``: whether no policy beats it, in what share of bootstrap draws
        of the units that is so (missing with one unit), and the names of those that do, with commas between.
    kind, units, draws
        What was drawn again (``future`` or ``replicate``), how many there are and how often.
    unfinished : int
        Futures left out because not all policies finished in them.
    """

    means: pd.DataFrame
    table: pd.DataFrame
    kind: str
    units: int
    draws: int
    unfinished: int
    outputs: tuple[Output, ...]


def dominates(good: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which policy dominates which.

    Parameters
    ----------
    good : array, ... by policies by outputs
        Values of which more is better.

    Returns
    -------
    array of bool, ... by policies by policies
        Whether the first policy is at least as good as the second on every output and better on one.
    """
    one, other = good[..., :, None, :], good[..., None, :, :]
    return np.asarray((one >= other).all(axis=-1) & (one > other).any(axis=-1), dtype=np.bool_)


def tradeoff(
    runs: pd.DataFrame, outputs: Sequence[Output], scenarios: Sequence[str] = (), draws: int = 1000, seed: int = 1
) -> Tradeoff:
    """Return the means of the policies on several outputs and which policies are not dominated.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output; replicates are averaged first.
    outputs : sequence of Output
        What matters; each must say what is better.
    scenarios : sequence of str
        The policies; all if empty.
    draws : int
        Bootstrap draws. All policies get the same futures in a draw, as they have the same luck.
    seed : int
        Seed of the draws.

    Raises
    ------
    InputError
        When an output does not say what is better or no future finished in all policies.
    """
    for output in outputs:
        if not output.sign:
            raise InputError(f"output {output.name} does not say what is better: leave it out of the trade-off")
    table = checked(runs, outputs, scenarios)
    policies = scenario_names(table, scenarios)
    kept, unfinished = complete(table, [output.name for output in outputs], policies)
    kind = FUTURE if table["sample"].nunique() > 1 else REPLICATE
    # With one future the replicates are the units, each a future of its own for this purpose.
    units = kept if kind == FUTURE else kept.assign(sample=kept["replicate"])
    values = np.stack([means(units, output.name, policies).to_numpy(dtype=np.float64) for output in outputs], axis=2)
    signs = np.array([output.sign for output in outputs], dtype=np.float64)
    middle = values.mean(axis=0)
    over = dominates(signs * middle)
    share = _shares(signs * values, draws, seed)
    rows = [
        (policy, not over[:, i].any(), share[i], ", ".join(policies[j] for j in np.flatnonzero(over[:, i])))
        for i, policy in enumerate(policies)
    ]
    found = pd.DataFrame(rows, columns=["scenario", "non_dominated", "share", "dominated_by"])
    side_by_side = pd.DataFrame(middle, columns=[output.name for output in outputs])
    side_by_side.insert(0, "scenario", policies)
    return Tradeoff(side_by_side, found, kind, len(values), draws, unfinished, tuple(outputs))


def _shares(good: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """Return how often each policy is not dominated when the units are drawn again."""
    units, policies, _ = good.shape
    if units < 2:
        return np.full(policies, np.nan)
    rng = np.random.default_rng(seed)
    free = np.zeros(policies)
    for _ in range(draws):
        # Counts of each unit rather than copies of the table: the same means, far less memory.
        weight = np.bincount(rng.integers(units, size=units), minlength=units) / units
        free += ~dominates(np.tensordot(weight, good, axes=1)).any(axis=0)
    return free / draws


def in_words(found: Tradeoff, titles: Titles | None = None) -> list[str]:
    """Return the trade-off in sentences.

    Parameters
    ----------
    found : Tradeoff
        From :func:`tradeoff`.
    titles : mapping of str to str
        Titles of scenarios.
    """
    free = found.table[found.table["non_dominated"].astype(bool)]
    labels = listed([output.label for output in found.outputs])
    names = listed([titled(str(name), titles) for name in free["scenario"]])
    verb = "is" if len(free) == 1 else "are"
    said = [f"On {labels}, {names} {verb} not beaten by any other policy on all counts."]
    for _, row in found.table.iterrows():
        who = titled(str(row["scenario"]), titles)
        values = found.means.loc[found.means["scenario"] == row["scenario"]].iloc[0]
        where = listed([f"{output.label} {amount(values[output.name], output.unit)}" for output in found.outputs])
        text = f"{who}: {where}"
        if not row["non_dominated"]:
            text += f"; beaten by {listed([titled(name, titles) for name in row['dominated_by'].split(', ')])}"
        if np.isfinite(row["share"]):
            text += f"; unbeaten in {percent(row['share'])} of {found.draws:,} draws of the {found.units} {found.kind}s"
        said.append(f"{text}.")
    if found.units < 2:
        said.append(f"From one {found.kind} only: it cannot be told how sure this is.")
    if found.unfinished:
        said.append(unfinished_words(found.unfinished))
    return [capital(text) for text in said]
