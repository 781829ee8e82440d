"""What it means that a policy fails, as the experiment says it, in every future."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from oncsim.experiments.analysis.outcomes import Outcome
from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.paired import differences_as_runs
from oncsim.experiments.analysis.words import amount

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.experiments.experiment import Experiment
    from oncsim.experiments.shape import LossShape


def outcomes_of(
    experiment: Experiment,
    runs: pd.DataFrame,
    outputs: Sequence[Output],
    titles: Mapping[str, str],
    scale: Mapping[str, float],
) -> Iterator[tuple[str, Outcome]]:
    """Yield (a short name, in which futures it happens) for every loss and the scenarios it is about.

    ``scale`` says by how much outputs in ``runs`` are multiplied, such as 100 for shares given as per cent.
    """
    arms = [arm.id for arm in experiment.arms]
    by_name = {output.name: output for output in outputs}
    for number, loss in enumerate(experiment.losses):
        output, by = by_name[loss.output], scale.get(loss.output, 1.0)
        judged = [loss.scenario] if loss.scenario else arms[1:] if loss.change else arms
        table = differences_as_runs(runs, [output], arms) if loss.change else runs
        for arm in judged:
            values = table[table["scenario"] == arm].groupby("sample")[output.name].mean().dropna().sort_index()
            if values.empty:
                continue
            happens = values > by * loss.above if loss.above is not None else values < by * float(loss.below or 0.0)
            yield f"{number + 1}_{arm}", Outcome(_subject(loss, output, titles[arm], by), happens, "fail")


def loss_title(loss: LossShape, outputs: Sequence[Output], scale: Mapping[str, float]) -> str:
    """Return what it is that happens, without the policy."""
    if loss.label:
        return loss.label
    output = next(one for one in outputs if one.name == loss.output)
    side, limit = ("above", loss.above) if loss.above is not None else ("below", loss.below)
    assert limit is not None
    of = f"change of {output.label}" if loss.change else output.label
    return f"{of} {side} {amount(limit * scale.get(loss.output, 1.0), output.unit)}"


def _subject(loss: LossShape, output: Output, policy: str, by: float) -> str:
    if loss.label:
        return f"{policy}: {loss.label}"
    side, limit = ("above", loss.above) if loss.above is not None else ("below", loss.below)
    assert limit is not None
    limit *= by
    if not loss.change:
        return f"{output.label} under {policy} is {side} {amount(limit, output.unit)}"
    if limit == 0.0:
        return f"{policy} {'raises' if side == 'above' else 'lowers'} {output.label}"
    return f"{policy} changes {output.label} by {'more' if side == 'above' else 'less'} than {amount(limit, output.unit)}"
