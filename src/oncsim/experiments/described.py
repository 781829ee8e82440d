"""Outputs and uncertainties in the words of the analysis: names, titles, units, ranges."""

from __future__ import annotations

from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.experiment import Experiment


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


def factors_of(experiment: Experiment) -> list[Factor]:
    """Return the uncertainties of an experiment as the analysis knows them."""
    return [Factor(item.name, item.label, *item.bounds, item.unit) for item in experiment.uncertainties]
