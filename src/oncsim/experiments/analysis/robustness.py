"""Policies over many futures: regret and how often a goal is met.

Regret is what a policy gives away in a future against the best policy in that same future, on one output. Luck that is
left after averaging over replicates makes it look larger where policies are alike. Nothing here is added up over
outputs; :mod:`oncsim.experiments.analysis.tradeoffs` shows what is gained and lost between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oncsim.errors import InputError, did_you_mean
from oncsim.experiments.analysis.outcomes import Outcome
from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.tables import checked, complete, means, scenario_names
from oncsim.experiments.analysis.words import (
    Titles,
    amount,
    capital,
    counted,
    listed,
    part,
    percents,
    titled,
    unfinished_words,
)

JOINT = "all goals"


@dataclass(frozen=True)
class Regret:
    """Regret by policy and output.

    Parameters
    ----------
    futures : pandas.DataFrame
        ``sample, scenario, output, value, regret``: one row a future, policy and output.
    table : pandas.DataFrame
        ``scenario, output, futures, mean, regret_mean, regret_90, regret_max, worst_sample, best_share`` and the ranks
        ``rank_mean, rank_regret_90, rank_regret_max`` (1 is best; equal values share a rank). ``best_share`` is the
        share of futures in which no policy is better.
    unfinished : int
        Futures left out because not all policies finished in them.
    undirected : tuple of str
        Outputs left out because neither direction is better.
    """

    futures: pd.DataFrame
    table: pd.DataFrame
    unfinished: int
    undirected: tuple[str, ...]
    outputs: tuple[Output, ...]


def policy_regret(runs: pd.DataFrame, outputs: Sequence[Output], scenarios: Sequence[str] = ()) -> Regret:
    """Return the regret of each policy in each future.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output; replicates are averaged first.
    outputs : sequence of Output
        What to judge by; those without a better direction are left out.
    scenarios : sequence of str
        The policies, the baseline among them if doing nothing is a choice; all if empty.

    Raises
    ------
    InputError
        When no output has a better direction or no future finished in all policies.
    """
    judged = [output for output in outputs if output.sign]
    if not judged:
        raise InputError("no output says what is better: there is no regret without it")
    table = checked(runs, judged, scenarios)
    policies = scenario_names(table, scenarios)
    kept, unfinished = complete(table, [output.name for output in judged], policies)
    pieces = [_regret(means(kept, output.name, policies), output) for output in judged]
    futures = pd.concat(pieces, ignore_index=True)
    rows = [_summary(futures, policy, output) for output in judged for policy in policies]
    undirected = tuple(output.name for output in outputs if not output.sign)
    return Regret(futures, _ranked(pd.DataFrame(rows), judged), unfinished, undirected, tuple(judged))


def _regret(values: pd.DataFrame, output: Output) -> pd.DataFrame:
    good = output.sign * values
    lost = -good.sub(good.max(axis=1), axis=0)
    long = values.melt(ignore_index=False, var_name="scenario", value_name="value").reset_index()
    # + 0.0 makes the -0.0 of the best policy a plain 0.
    long["regret"] = lost.melt(ignore_index=False)["value"].to_numpy() + 0.0
    long.insert(2, "output", output.name)
    return long


def _summary(futures: pd.DataFrame, policy: str, output: Output) -> dict[str, object]:
    own = futures[(futures["scenario"] == policy) & (futures["output"] == output.name)]
    regret = own["regret"].to_numpy(dtype=np.float64)
    return {
        "scenario": policy,
        "output": output.name,
        "futures": len(own),
        "mean": float(own["value"].mean()),
        "regret_mean": float(regret.mean()),
        "regret_90": float(np.quantile(regret, 0.9)),
        "regret_max": float(regret.max()),
        "worst_sample": int(own["sample"].iloc[int(regret.argmax())]),
        "best_share": float((regret == 0.0).mean()),
    }


def _ranked(table: pd.DataFrame, outputs: Sequence[Output]) -> pd.DataFrame:
    signs = table["output"].map({output.name: -output.sign for output in outputs})
    for rank, values in (
        ("rank_mean", table["mean"] * signs),
        ("rank_regret_90", table["regret_90"]),
        ("rank_regret_max", table["regret_max"]),
    ):
        table[rank] = values.groupby(table["output"]).rank(method="min").astype(np.int64)
    return table


@dataclass(frozen=True)
class Goals:
    """How often each policy meets goals (the domain criterion).

    Parameters
    ----------
    table : pandas.DataFrame
        ``scenario, output, threshold, met, futures, share, low, high, rank``: futures in which the goal is met and its
        share with a 95 % Wilson interval over futures; ``output`` is ``all goals`` for all together.
    unfinished : int
        Futures left out because not all policies finished in them.
    """

    table: pd.DataFrame
    unfinished: int
    outputs: tuple[Output, ...]


def goals_met(
    runs: pd.DataFrame, outputs: Sequence[Output], goals: Mapping[str, float], scenarios: Sequence[str] = ()
) -> Goals:
    """Return in what share of futures each policy meets each goal, and all of them at once.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output; replicates are averaged first.
    outputs : sequence of Output
        The outputs of the goals.
    goals : mapping of str to float
        Threshold by output: at most where lower is better, at least where higher is.
    scenarios : sequence of str
        The policies; all if empty.

    Raises
    ------
    InputError
        When a goal is for an output that is unknown or says nothing about what is better.
    """
    by_name = {output.name: output for output in outputs}
    for name in goals:
        if name not in by_name:
            raise InputError(f"a goal for {name!r}, which is no output{did_you_mean(name, by_name)}")
        if not by_name[name].sign:
            raise InputError(f"a goal for {name}, which does not say what is better")
    judged = [by_name[name] for name in goals]
    table = checked(runs, judged, scenarios)
    policies = scenario_names(table, scenarios)
    kept, unfinished = complete(table, list(goals), policies)
    met = {}
    for output in judged:
        gap = output.sign * (means(kept, output.name, policies) - goals[output.name])
        met[output.name] = gap >= 0.0
    together = np.logical_and.reduce([where.to_numpy() for where in met.values()])
    met[JOINT] = pd.DataFrame(together, columns=policies)
    rows = [
        _share(policy, name, goals.get(name, np.nan), where[policy]) for name, where in met.items() for policy in policies
    ]
    found = pd.DataFrame(rows)
    found["rank"] = found.groupby("output")["share"].rank(method="min", ascending=False).astype(np.int64)
    return Goals(found, unfinished, tuple(judged))


def _share(policy: str, name: str, threshold: float, met: pd.Series) -> dict[str, object]:
    count, whole = int(met.sum()), len(met)
    low, high = _wilson(count, whole)
    return {
        "scenario": policy,
        "output": name,
        "threshold": threshold,
        "met": count,
        "futures": whole,
        "share": count / whole,
        "low": low,
        "high": high,
    }


def how_often(outcomes: Sequence[tuple[str, Outcome]]) -> pd.DataFrame:
    """Return in what share of futures each of some outcomes happens, with a 95 % Wilson interval over futures.

    Parameters
    ----------
    outcomes : sequence of (str, Outcome)
        Name of each, and the futures in which it happens.

    Returns
    -------
    pandas.DataFrame
        ``outcome, subject, count, futures, share, low, high``.
    """
    rows = []
    for name, outcome in outcomes:
        count, futures = outcome.count, len(outcome.values)
        low, high = _wilson(count, futures)
        rows.append((name, outcome.subject, count, futures, count / futures, low, high))
    return pd.DataFrame(rows, columns=["outcome", "subject", "count", "futures", "share", "low", "high"])


def _wilson(count: int, whole: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(count, whole).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def rank_table(regret: Regret, goals: Goals | None = None) -> pd.DataFrame:
    """Return the ranks of each policy, one row an output and criterion, one column a policy.

    The rows are not to be added up: they are different questions.

    Parameters
    ----------
    regret : Regret
        From :func:`policy_regret`.
    goals : Goals, optional
        From :func:`goals_met`.
    """
    policies = list(dict.fromkeys(regret.table["scenario"]))
    criteria = {"rank_mean": "mean", "rank_regret_90": "90th percentile of regret", "rank_regret_max": "worst-case regret"}
    long = regret.table.melt(["scenario", "output"], list(criteria), "criterion", "rank").replace({"criterion": criteria})
    if goals is not None:
        met = goals.table[["scenario", "output", "rank"]].assign(criterion="share of futures with the goal met")
        long = pd.concat([long, met[long.columns]], ignore_index=True)
    order = long[["output", "criterion"]].drop_duplicates().sort_values("output", kind="stable")
    wide = long.pivot(index=["output", "criterion"], columns="scenario", values="rank")
    return wide.reindex(pd.MultiIndex.from_frame(order))[policies].rename_axis(columns=None).reset_index()


def in_words(regret: Regret, goals: Goals | None = None, titles: Titles | None = None) -> list[str]:
    """Return the findings in sentences.

    Parameters
    ----------
    regret : Regret
        From :func:`policy_regret`.
    goals : Goals, optional
        From :func:`goals_met`.
    titles : mapping of str to str
        Titles of scenarios.
    """
    said = _regret_words(regret, titles)
    if goals is not None:
        said += _goal_words(goals, titles)
    return [capital(text) for text in said]


def _regret_words(regret: Regret, titles: Titles | None) -> list[str]:
    said = [unfinished_words(regret.unfinished)] if regret.unfinished else []
    said += [text for output in regret.outputs for text in _least_words(regret, output, titles)]
    for output in regret.outputs:
        own = regret.table[regret.table["output"] == output.name]
        futures = int(own["futures"].iloc[0])
        for _, row in own.sort_values("rank_regret_max", kind="stable").iterrows():
            best = part(round(row["best_share"] * futures), futures, "future")
            said.append(
                f"{titled(str(row['scenario']), titles)}: best on {output.label} in {best}; regret "
                f"{amount(row['regret_mean'], output.unit)} on average, {amount(row['regret_max'], output.unit)} at worst "
                f"(future {row['worst_sample']})."
            )
    if regret.undirected:
        said.append(f"No regret for {listed(regret.undirected)}: neither direction is better.")
    if int(regret.table["futures"].max()) < 2:
        said.append("There is only one future: this says nothing about robustness.")
    return said


def _least_words(regret: Regret, output: Output, titles: Titles | None) -> list[str]:
    own = regret.table[regret.table["output"] == output.name]
    said = []
    for criterion, column in (("worst-case regret", "regret_max"), ("90th percentile of regret", "regret_90")):
        least = own[own[column] == own[column].min()]
        who = listed([titled(str(name), titles) for name in least["scenario"]])
        verb = "has" if len(least) == 1 else "have"
        size = amount(float(least[column].iloc[0]), output.unit)
        futures = counted(int(own["futures"].iloc[0]), "future")
        said.append(f"On {output.label} {who} {verb} the smallest {criterion} over {futures}: {size}.")
    return said


def _goal_words(goals: Goals, titles: Titles | None) -> list[str]:
    by_name = {output.name: output for output in goals.outputs}
    said = []
    for _, row in goals.table.iterrows():
        if row["output"] == JOINT:
            if len(by_name) < 2:
                continue
            what = "both goals at once" if len(by_name) == 2 else f"all {len(by_name)} goals at once"
        else:
            output = by_name[str(row["output"])]
            bound = "at most" if output.sign < 0 else "at least"
            what = f"the goal of {output.label} {bound} {amount(row['threshold'], output.unit)}"
        met = part(row["met"], row["futures"], "future")
        interval = percents(row["low"], row["high"])
        said.append(f"{titled(str(row['scenario']), titles)} meets {what} in {met}, 95 % interval {interval}.")
    return said
