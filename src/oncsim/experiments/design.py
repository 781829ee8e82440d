"""Futures: values of what is not known, drawn by a design; designs are those of scipy and SALib."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.experiments.analysis.libraries import library

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.experiments.experiment import Experiment, Uncertainty
    from oncsim.experiments.shape import DesignShape

Floats = NDArray[np.float64]


def block_size(experiment: Experiment) -> int:
    """Return how many futures the design of the file asks for."""
    return futures_asked(experiment.design, experiment.uncertainties)


def futures_asked(design: DesignShape, items: Sequence[Uncertainty]) -> int:
    """Return how many futures a design over some uncertainties has."""
    count = len(items)
    if design.method == "none":
        return 1
    if design.method == "list":
        return len(design.futures or ())
    if design.method == "factorial":
        return math.prod(len(item.values) for item in items)
    samples = int(design.samples or 0)
    if design.method == "morris":
        return samples * (count + 1)
    if design.method == "sobol":
        return samples * ((2 * count + 2) if design.second_order else (count + 2))
    return samples


def places(experiment: Experiment, blocks: int = 1) -> Floats:
    """Return the futures as places from 0 to 1 in what each uncertainty can be, (futures, uncertainties).

    Parameters
    ----------
    experiment : Experiment
        What is designed.
    blocks : int
        Times the design was drawn: an extension draws another Latin hypercube or more trajectories beside the first, each
        with luck of its own; that of ``sobol`` goes on in the same sequence, so that the first futures stay what they were.
    """
    design, count = experiment.design, len(experiment.uncertainties)
    if design.method in ("none", "factorial", "list"):
        return np.zeros((block_size(experiment), count))
    if design.method == "sobol":
        return _sobol(experiment, blocks)
    drawn = [_block(experiment, block) for block in range(blocks)]
    return np.concatenate(drawn) if drawn else np.zeros((0, count))


def _block(experiment: Experiment, block: int) -> Floats:
    design, count = experiment.design, len(experiment.uncertainties)
    # Seeds of blocks are far apart, so that another seed in the file is not another block.
    seed = (design.seed + 104_729 * block) % 2**31
    if design.method == "latin_hypercube":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(count, rng=np.random.default_rng(seed)).random(int(design.samples or 0)))
    drawn = library("SALib.sample.morris").sample(
        problem(experiment), int(design.samples or 0), num_levels=design.levels, seed=seed
    )
    return np.asarray(drawn, dtype=np.float64)


def _sobol(experiment: Experiment, blocks: int) -> Floats:
    design = experiment.design
    base = int(design.samples or 0) * blocks
    sample = library("SALib.sample.sobol").sample
    drawn = sample(problem(experiment), base, calc_second_order=design.second_order, scramble=True, seed=design.seed)
    return np.asarray(drawn, dtype=np.float64)


def problem(experiment: Experiment) -> dict[str, Any]:
    """Return the design in the words of SALib, over places from 0 to 1."""
    names = [item.name for item in experiment.uncertainties]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def samples(experiment: Experiment, values: Floats | None = None) -> pd.DataFrame:
    """Return futures as a table: ``sample`` and the value of each uncertainty; by default those of :func:`futures`."""
    import pandas as pd

    values = futures(experiment) if values is None else values
    table = pd.DataFrame(values, columns=[item.name for item in experiment.uncertainties])
    table.insert(0, "sample", np.arange(len(values), dtype=np.int64))
    return table


def futures(experiment: Experiment, blocks: int = 1) -> Floats:
    """Return the futures: the value of each uncertainty, (futures, uncertainties); ``blocks`` as for :func:`places`."""
    design, items = experiment.design, experiment.uncertainties
    if design.method == "factorial":
        return np.array(list(itertools.product(*(item.values for item in items))), dtype=np.float64)
    if design.method == "list":
        listed = [[float(future[item.name]) for item in items] for future in design.futures or ()]
        return np.array(listed, dtype=np.float64).reshape(len(listed), len(items))
    u = places(experiment, blocks)
    found = [[item.value(float(one)) for one in u[:, column]] for column, item in enumerate(items)]
    return np.array(found, dtype=np.float64).reshape(len(items), len(u)).T
