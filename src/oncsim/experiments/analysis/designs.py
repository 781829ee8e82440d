"""What Morris and Sobol share: samples in the sampler's order, outputs beside them, complete blocks, flat outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import InputError
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.tables import checked_samples

# Values that agree to this part of their size are equal: averaging leaves rounding behind, and both methods divide
# by the variance, which would turn rounding into indices.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Design:
    """Rows of a sampler, cut into blocks that can only be used whole.

    Parameters
    ----------
    factors : tuple of Factor
        In the order of the columns.
    samples : array of int
        Number of the sample in each row.
    inputs : array, blocks by rows by factors
        Values of the uncertainties.
    """

    factors: tuple[Factor, ...]
    samples: NDArray[np.int64]
    inputs: NDArray[np.float64]

    @property
    def problem(self) -> dict[str, Any]:
        """The problem as SALib describes it; a new one each time, because SALib writes into it."""
        return {
            "num_vars": len(self.factors),
            "names": [factor.name for factor in self.factors],
            "bounds": [[factor.low, factor.high] for factor in self.factors],
        }

    def values(self, own: pd.DataFrame, output: str) -> NDArray[np.float64]:
        """Return an output of the runs of one scenario averaged over replicates, blocks by rows; missing without a run."""
        found = own.groupby("sample")[output].mean().reindex(self.samples)
        return found.to_numpy(dtype=np.float64).reshape(self.inputs.shape[:2])


def read_design(samples: pd.DataFrame, factors: Sequence[Factor], rows: int) -> Design:
    """Return the samples as blocks.

    Parameters
    ----------
    samples : pandas.DataFrame
        Column ``sample`` and one column an uncertainty, rows in the order of SALib's sampler.
    factors : sequence of Factor
        In the order that the sampler was given.
    rows : int
        Rows of a block.

    Raises
    ------
    InputError
        When the number of rows is not that of whole blocks.
    """
    table = checked_samples(samples, factors)
    if table.empty or len(table) % rows:
        raise InputError(f"{len(table)} samples are no multiple of {rows}: this is not what the sampler gave")
    inputs = table.to_numpy(dtype=np.float64).reshape(-1, rows, len(factors))
    return Design(tuple(factors), table.index.to_numpy(dtype=np.int64), inputs)


def whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which blocks have every value."""
    return np.asarray(~np.isnan(values).any(axis=1), dtype=np.bool_)


def is_flat(values: NDArray[np.float64]) -> bool:
    """Return whether all values are equal up to rounding."""
    return bool(values.size == 0 or np.ptp(values) <= _ROUNDING * np.abs(values).max())
