"""Reading the table of finished runs: checks, a fixed order, and means over replicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from oncsim.errors import InputError, did_you_mean
from oncsim.experiments.analysis.outputs import Factor, Output

KEYS = ["scenario", "sample", "replicate"]


def checked(runs: pd.DataFrame, outputs: Sequence[Output], scenarios: Sequence[str] = ()) -> pd.DataFrame:
    """Return the runs in one fixed order, so that no result depends on the order in which runs finished.

    Parameters
    ----------
    runs : pandas.DataFrame
        Columns ``scenario, sample, replicate`` and one column an output. A missing value is a missing run.
    outputs : sequence of Output
        Which outputs to keep.
    scenarios : sequence of str
        Which scenarios to keep; all if empty.

    Raises
    ------
    InputError
        When a column is missing, a run is there twice or an output is infinite.
    """
    names = [output.name for output in outputs]
    if not names:
        raise InputError("no output is named")
    for name in [*KEYS, *names]:
        if name not in runs:
            raise InputError(f"the runs have no column {name!r}{did_you_mean(name, map(str, runs.columns))}")
    table = runs[[*KEYS, *names]].astype({"scenario": str, **dict.fromkeys(names, np.float64)})
    if scenarios:
        table = table[table["scenario"].isin(list(scenarios))]
    table = table.sort_values(KEYS, kind="stable").reset_index(drop=True)
    twice = table.duplicated(KEYS)
    if twice.any():
        scenario, sample, replicate = table.loc[twice, KEYS].iloc[0]
        raise InputError(f"{scenario}, sample {sample}, replicate {replicate}: there are two such runs")
    for name in names:
        count = int(np.isinf(table[name].to_numpy(dtype=np.float64)).sum())
        if count:
            raise InputError(f"output {name} is infinite in {count} runs")
    return table


def scenario_names(table: pd.DataFrame, scenarios: Sequence[str] = ()) -> list[str]:
    """Return the scenarios as ordered by the caller, or all in the table in alphabetical order."""
    return list(dict.fromkeys(scenarios)) if scenarios else sorted(map(str, table["scenario"].unique()))


def means(table: pd.DataFrame, name: str, scenarios: Sequence[str]) -> pd.DataFrame:
    """Return an output averaged over replicates: one row a sample, one column a scenario, missing where no run is."""
    found = table.groupby(["sample", "scenario"])[name].mean().unstack("scenario")
    return found.reindex(columns=list(scenarios)).sort_index()


def complete(table: pd.DataFrame, names: Sequence[str], scenarios: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Return the runs of each sample and replicate that all scenarios finished, and how many futures have none.

    Policies are compared within a future; a policy that lacks a replicate must not be judged on other luck.

    Raises
    ------
    InputError
        When nothing is left.
    """
    whole = table.dropna(subset=list(names))
    count = whole.groupby(["sample", "replicate"])["scenario"].transform("size")
    kept = whole[count == len(scenarios)].reset_index(drop=True)
    if kept.empty:
        raise InputError(f"no sample and replicate finished in all of {', '.join(scenarios)}")
    return kept, int(table["sample"].nunique() - kept["sample"].nunique())


def checked_samples(samples: pd.DataFrame, factors: Sequence[Factor]) -> pd.DataFrame:
    """Return the uncertainties with the sample as index, in the order of the rows.

    Raises
    ------
    InputError
        When a column is missing, a sample is there twice or a value is missing.
    """
    names = [factor.name for factor in factors]
    if not names:
        raise InputError("no uncertainty is named")
    for name in ["sample", *names]:
        if name not in samples:
            raise InputError(f"the samples have no column {name!r}{did_you_mean(name, map(str, samples.columns))}")
    table = samples[["sample", *names]].astype(dict.fromkeys(names, np.float64)).set_index("sample")
    if table.index.has_duplicates:
        raise InputError(f"sample {table.index[table.index.duplicated()][0]} is there twice")
    if not np.isfinite(table.to_numpy()).all():
        raise InputError("the samples hold values that are missing or infinite")
    return table
