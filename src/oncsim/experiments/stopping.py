"""When replicates are enough: the paired effects that the experiment names are as precise as it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.paired import paired_units
from oncsim.experiments.analysis.replicates import enough
from oncsim.experiments.described import comparable, outputs_of

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.experiments.experiment import Experiment


def targets_of(experiment: Experiment) -> dict[tuple[str, str], float]:
    """Return the half-width that is asked of each paired effect, by scenario and output."""
    others = [arm.id for arm in experiment.arms[1:]]
    return {(arm, o.id): o.half_width for o in experiment.outputs if o.half_width is not None for arm in others}


def precise_enough(experiment: Experiment, runs: pd.DataFrame) -> bool:
    """Return whether every effect that has a half-width to reach has reached it, after at least ``floor`` replicates."""
    targets = targets_of(experiment)
    if not targets:
        return True
    outputs: list[Output] = [one for one in outputs_of(experiment) if any(name == one.name for _, name in targets)]
    units = paired_units(comparable(experiment, runs), outputs, [arm.id for arm in experiment.arms])
    return enough(units, targets, floor=experiment.replicates.floor).done
