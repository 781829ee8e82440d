"""Tables of an experiment by name: effects, runs, futures, and whatever else is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.errors import Fault, InputError
from oncsim.experiments.described import comparable, outputs_of
from oncsim.experiments.load import load_experiment
from oncsim.experiments.reading import runs_table, samples_table, table_of

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.experiments.experiment import Experiment

EFFECTS, RUNS, SAMPLES = "effects", "runs", "samples"


def file_of(path: str | Path) -> Path:
    """Return an experiment file: the path itself, or that of a results folder."""
    from oncsim.experiments.ledger import EXPERIMENT, PLAN

    place = Path(path)
    return place / EXPERIMENT if (place / PLAN).is_file() else place


def folder_of(path: str | Path, out: str | Path) -> Path:
    """Return the results folder of an experiment: the path itself, or where the experiment file has been run.

    Raises
    ------
    InputError
        When it has not been begun.
    """
    from oncsim.experiments.ledger import PLAN
    from oncsim.experiments.running import find

    place = Path(path)
    if (place / PLAN).is_file():
        return place
    if place.is_dir():
        raise InputError([Fault(str(path), 0, 0, "", "is no results folder of an experiment (it has no plan.json)")])
    prepared = find(path, out)
    if prepared is None:
        raise InputError([Fault(str(path), 0, 0, "", "has not been run (`oncsim experiment run` plays it)")])
    return prepared.ledger.folder


def experiment_in(folder: Path) -> Experiment:
    """Return the experiment that a results folder holds."""
    return load_experiment(folder / "experiment.yaml")


def shown_table(path: str | Path, out: str | Path = "results", name: str = EFFECTS) -> pd.DataFrame:
    """Return a table of an experiment, as far as it is done.

    Parameters
    ----------
    path : str or Path
        The experiment file, or its results folder.
    out : str or Path
        Folder of results, where a file is given.
    name : str
        ``effects`` (paired differences from the baseline), ``runs`` (outputs), ``samples`` (futures), ``metrics`` or a table
        that the experiment keeps.

    Raises
    ------
    InputError
        When there is no such table, or nothing is done yet.
    """
    folder = folder_of(path, out)
    if name == RUNS:
        return runs_table(folder)
    if name == SAMPLES:
        return samples_table(folder)
    if name != EFFECTS:
        return table_of(folder, name)
    from oncsim.experiments.analysis.paired import paired_differences

    experiment, runs = experiment_in(folder), runs_table(folder)
    if runs.empty or len(experiment.arms) < 2:
        said = "no run has ended well yet" if runs.empty else "has one scenario, so there are no effects (--table runs)"
        raise InputError([Fault(str(path), 0, 0, "", said)])
    return paired_differences(comparable(experiment, runs), outputs_of(experiment), [arm.id for arm in experiment.arms])
