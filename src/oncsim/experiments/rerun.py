"""The experiment file in a results folder: it runs again what was run, from the scenarios beside it."""

from __future__ import annotations

from typing import Any

from oncsim.experiments.experiment import Experiment
from oncsim.experiments.shape import ExperimentShape


def rerun_yaml(experiment: Experiment, replicates: int) -> str:
    """Return an experiment file whose scenarios are the resolved ones in ``scenarios/``, with the replicates played."""
    from oncsim.scenario.resolved import to_yaml

    content: dict[str, Any] = {"schema": "oncsim/experiment/1", "id": experiment.id, "title": experiment.title}
    content |= {name: text for name in ("question", "description") if (text := getattr(experiment, name))}
    content["scenarios"] = [
        {"scenario": f"scenarios/{arm.id}.yaml", "id": arm.id, "label": arm.label} for arm in experiment.arms
    ]
    content["seed"] = experiment.seed
    if experiment.uncertainties:
        content["uncertainties"] = [_uncertainty(item) for item in experiment.uncertainties]
    content["design"] = _plain(experiment.design)
    adaptive = {} if experiment.replicates.most is None else _plain(experiment.replicates)
    content["replicates"] = (
        {**adaptive, "first": replicates, "most": max(adaptive["most"], replicates)} if adaptive else replicates
    )
    content["outputs"] = [_plain(output) for output in experiment.outputs]
    if experiment.losses:
        content["losses"] = [_plain(loss) for loss in experiment.losses]
    content["metrics"] = list(experiment.metrics)
    if experiment.tables:
        content["tables"] = list(experiment.tables)
    if experiment.branch is not None:
        content["branch"] = {"at": str(experiment.branch)}
    content["minutes_per_run"] = experiment.minutes_per_run
    assert set(content) <= {field.alias or name for name, field in ExperimentShape.model_fields.items()}
    return to_yaml(content)


def _uncertainty(item: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"parameter": item.name, "label": item.label}
    if item.distribution is None:
        return told | {"values": list(item.values)}
    return told | (item.distribution.as_dict() if item.own else {})


def _plain(section: Any) -> dict[str, Any]:
    """Return a section as it would be written, defaults left out."""
    found: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None or (value == field.get_default(call_default_factory=True) and not field.is_required()):
            continue
        found[field.alias or name] = _value(value)
    return found


def _value(value: Any) -> Any:
    if hasattr(value, "model_fields"):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    if isinstance(value, dict):
        return {key: _value(one) for key, one in value.items()}
    return value if isinstance(value, bool | int | float | str) else str(value)
