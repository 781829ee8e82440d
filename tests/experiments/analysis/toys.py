"""Small tables of runs with known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.experiments.analysis.outputs import Factor, Output

SPENDING = Output("spending", "spending per patient", "dollars", "lower")
ACCESS = Output("access", "share treated nearby", "share", "higher")
PRACTICES = Output("practices", "independent practices", "practices")


def runs_of(values: Mapping[str, NDArray[np.float64]], outputs: Sequence[Output] = (SPENDING,)) -> pd.DataFrame:
    """Return runs from arrays of samples by replicates (by outputs) for each scenario."""
    pieces = []
    for scenario, array in values.items():
        cube = array[:, :, None] if array.ndim == 2 else array
        samples, replicates, _ = cube.shape
        index = pd.MultiIndex.from_product([range(samples), range(replicates)], names=["sample", "replicate"])
        names = [output.name for output in outputs]
        piece = pd.DataFrame(cube.reshape(samples * replicates, -1), columns=names, index=index).reset_index()
        piece.insert(0, "scenario", scenario)
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


def shuffled(frame: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    mixed = frame.sample(frac=1.0, random_state=np.random.default_rng(seed))
    assert not mixed.index.equals(frame.index)
    return mixed


def factors(count: int, low: float = 0.0, high: float = 1.0) -> list[Factor]:
    return [Factor(f"behaviour.x{i}", f"uncertainty {i}", low, high) for i in range(count)]


def samples_of(inputs: NDArray[np.float64], named: Sequence[Factor]) -> pd.DataFrame:
    table = pd.DataFrame(inputs, columns=[factor.name for factor in named])
    table.insert(0, "sample", np.arange(len(table)))
    return table


def ishigami(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ishigami and Homma (1990), a = 7, b = 0.1, on -pi to pi."""
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
