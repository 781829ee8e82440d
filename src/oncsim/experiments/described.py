"""Outputs and uncertainties in the words of the analysis: names, titles, units, ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.experiment import Experiment

if TYPE_CHECKING:
    import pandas as pd


def outputs_of(experiment: Experiment) -> list[Output]:
    """Return the outputs of an experiment as the analysis knows them."""
    from oncsim.metrics import METRICS

    found = []
    for one in experiment.outputs:
        metric = METRICS.get(one.metric or "")
        title = one.title or (metric.title if metric else one.id.replace("_", " "))
        if one.title is None and one.group:
            title += f" ({one.group})"
        unit = one.unit if one.unit is not None else (metric.unit if metric else "")
        better = one.better or (metric.better if metric else "")
        found.append(Output(one.id, _inside(title), unit, better))
    return found


def _inside(title: str) -> str:
    """Return a title as it stands inside a sentence: small, unless it begins with an abbreviation or a number."""
    return title[:1].lower() + title[1:] if len(title) > 1 and title[1].islower() else title


def comparable(experiment: Experiment, runs: pd.DataFrame) -> pd.DataFrame:
    """Return runs whose futures are independent, or one future where they are not.

    Where all futures have the same luck (Morris and Sobol designs), they say nothing of how much is luck: a mean over the
    futures of a replicate is then one unit, and only whole replicates count.
    """
    if not experiment.shared_luck or runs.empty or runs["sample"].nunique() < 2:
        return runs
    names = [output.id for output in experiment.outputs]
    per = runs.groupby(["scenario", "replicate"], sort=False)
    whole = per["sample"].transform("size") == runs["sample"].nunique()
    means = runs[whole].groupby(["scenario", "replicate"], as_index=False, sort=False)[names].mean()
    means.insert(1, "sample", 0)
    return means


def factors_of(experiment: Experiment) -> list[Factor]:
    """Return the uncertainties of an experiment as the analysis knows them."""
    return [Factor(item.name, item.label, *item.bounds, item.unit) for item in experiment.uncertainties]
