"""Yes-or-no outcomes over futures: a policy that fails, an output beyond a threshold, the highest part of an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from oncsim.errors import InputError, did_you_mean
from oncsim.experiments.analysis.outputs import HIGHER, LOWER, Output
from oncsim.experiments.analysis.paired import differences_as_runs
from oncsim.experiments.analysis.tables import checked, means
from oncsim.experiments.analysis.words import Titles, amount, number, percent, titled

ABOVE, BELOW = "above", "below"
# With fewer futures of either kind a rule that tells them apart is found in noise as well.
FEWEST = 10


@dataclass(frozen=True)
class Outcome:
    """Something that happens in some futures and not in others.

    Parameters
    ----------
    subject : str
        What happens, as the start of a sentence that goes on ``in 31 of 200 futures``.
    values : pandas.Series of bool
        Whether it happens, by sample, in ascending order.
    verb : str
        What futures do in which it happens: ``of the futures in there 90 % fail``.
    unfinished : int
        Futures that were run but not finished, which nothing is known about.
    """

    subject: str
    values: pd.Series
    verb: str = "are such"
    unfinished: int = 0

    @property
    def count(self) -> int:
        """In how many futures it happens."""
        return int(self.values.sum())


def beyond(
    runs: pd.DataFrame,
    output: Output,
    scenario: str,
    threshold: float,
    side: str = ABOVE,
    titles: Titles | None = None,
) -> Outcome:
    """Return in which futures an output of a scenario lies beyond a threshold.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output; replicates are averaged first.
    output : Output
        Which output.
    scenario : str
        Under which scenario.
    threshold : float
        The value that does not count as beyond.
    side : str
        ``above`` or ``below``.
    titles : mapping of str to str
        Titles of scenarios.
    """
    values, unfinished = _by_future(runs, output, scenario)
    if side not in (ABOVE, BELOW):
        raise InputError(f"side is {side!r} (above or below)")
    where = values > threshold if side == ABOVE else values < threshold
    subject = f"{output.label} in {titled(scenario, titles)} is {side} {amount(threshold, output.unit)}"
    return Outcome(subject, where, unfinished=unfinished)


def highest_part(
    runs: pd.DataFrame,
    output: Output,
    scenario: str,
    share: float = 0.1,
    side: str = ABOVE,
    titles: Titles | None = None,
) -> Outcome:
    """Return which futures are the highest (or lowest) share by an output of a scenario.

    Parameters are those of :func:`beyond`; ``share`` is the part of the futures, above 0 and below 1. Futures equal to
    the one at the edge do not count.
    """
    if not 0.0 < share < 1.0:
        raise InputError(f"a share of {share:g} of the futures (above 0 and below 1)")
    values, unfinished = _by_future(runs, output, scenario)
    if side not in (ABOVE, BELOW):
        raise InputError(f"side is {side!r} (above or below)")
    edge = float(values.quantile(1.0 - share if side == ABOVE else share))
    where = values > edge if side == ABOVE else values < edge
    word = "highest" if side == ABOVE else "lowest"
    subject = f"{output.label} in {titled(scenario, titles)} is among the {word} {percent(share)}"
    return Outcome(f"{subject} ({side} {amount(edge, output.unit)})", where, unfinished=unfinished)


def _by_future(runs: pd.DataFrame, output: Output, scenario: str) -> tuple[pd.Series, int]:
    table = checked(runs, [output])
    if not (table["scenario"] == scenario).any():
        raise InputError(f"no run of {scenario!r}{did_you_mean(scenario, table['scenario'].unique())}")
    found = means(table, output.name, [scenario])[scenario]
    return found.dropna(), int(found.isna().sum())


def policy_fails(
    runs: pd.DataFrame,
    output: Output,
    policy: str,
    baseline: str,
    least: float = 0.0,
    titles: Titles | None = None,
) -> Outcome:
    """Return in which futures a policy fails to improve an output.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output.
    output : Output
        Which output; it must say what is better.
    policy, baseline : str
        Which scenario is compared with which; differences are paired and averaged over replicates.
    least : float
        The least improvement that is no failure, in the unit of the output; 0 for any improvement at all.
    titles : mapping of str to str
        Titles of scenarios.

    Raises
    ------
    InputError
        When neither direction of the output is better, or ``least`` is below 0.
    """
    if not output.sign:
        raise InputError(f"output {output.name} does not say what is better: a policy cannot fail on it")
    if least < 0.0:
        raise InputError(f"the least improvement is {least:g} (0 or more)")
    table = checked(runs, [output], [baseline, policy])
    each = differences_as_runs(table, [output], [baseline, policy]).dropna()
    gain = output.sign * each.groupby("sample")[output.name].mean().sort_index()
    if gain.empty:
        raise InputError(f"no run of {policy!r} has a partner in {baseline!r}")
    fails = (gain < least) | (gain <= 0.0)
    verb = {LOWER: "lower", HIGHER: "raise"}[output.better]
    subject = f"{titled(policy, titles)} fails to {verb} {output.label}"
    if least > 0.0:
        subject += f" by {number(least)} {output.unit}".rstrip()
    return Outcome(subject, fails, "fail", int(table["sample"].nunique() - len(gain)))


def inputs_of(outcome: Outcome, table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the uncertainties of the futures of an outcome, in its order, without those that do not vary.

    Raises
    ------
    InputError
        When a future is not among the samples.
    """
    lacking = outcome.values.index.difference(table.index)
    if len(lacking):
        raise InputError(f"sample {lacking[0]} has runs but is not among the samples")
    inputs = table.loc[outcome.values.index, list(names)]
    return inputs.loc[:, inputs.nunique() > 1]


def too_few(outcome: Outcome) -> str:
    """Return why nothing can be found out about an outcome, in words; empty if there is no reason."""
    count, whole = outcome.count, len(outcome.values)
    if count == 0:
        return "it happens in none of them, so there is nothing to tell apart"
    if count == whole:
        return "it happens in all of them, so there is nothing to tell apart"
    if min(count, whole - count) < FEWEST:
        return f"fewer than {FEWEST} futures of either kind are too few to search for where it happens: run more samples"
    return ""
