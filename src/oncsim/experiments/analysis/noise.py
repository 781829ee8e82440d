"""How much of an output is luck: variance between replicates within a sample against variance between samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.experiments.analysis.words import percent

# Luck above this part of the averaged output is worth a warning beside the indices.
_MUCH = 0.05


def noise(own: pd.DataFrame, output: str) -> dict[str, float]:
    """Return the share of the variance of an output that is luck (one-way analysis of variance).

    Parameters
    ----------
    own : pandas.DataFrame
        Checked runs of one scenario.
    output : str
        Which output.

    Returns
    -------
    dict of str to float
        ``replicates`` (mean per sample), ``noise_share`` (of the variance of single runs) and
        ``noise_share_of_means`` (of the variance of the means over replicates that the indices are made of).
        The shares are missing where no sample has two replicates or nothing varies.
    """
    grouped = own.dropna(subset=[output]).groupby("sample")[output]
    counts = np.asarray(grouped.size(), dtype=np.float64)
    replicates = float(counts.mean()) if len(counts) else 0.0
    middle, variance = np.asarray(grouped.mean(), dtype=np.float64), np.asarray(grouped.var(ddof=1), dtype=np.float64)
    single, averaged = _shares(middle, variance, counts)
    return {"replicates": replicates, "noise_share": single, "noise_share_of_means": averaged}


def _shares(middle: NDArray[np.float64], variance: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, float]:
    free = counts - 1.0
    if len(middle) < 2 or free.sum() <= 0.0:
        return np.nan, np.nan
    within = float(np.nansum(variance * free) / free.sum())
    of_means = within * float((1.0 / counts).mean())
    total = float(middle.var(ddof=1))
    # What is left between samples once luck is taken off; an estimate can fall below 0.
    between = max(0.0, total - of_means)
    if within + between <= 0.0:
        return np.nan, np.nan
    return within / (within + between), min(1.0, of_means / total) if total > 0.0 else 1.0


def noise_words(found: pd.Series) -> str:
    """Return a sentence about the luck in an output, from a row with what :func:`noise` returns."""
    if not np.isfinite(found["noise_share"]):
        return "With one replicate a sample it cannot be told how much of this is luck."
    text = f"Luck is {percent(found['noise_share'])} of the variance of single runs"
    left = found["noise_share_of_means"]
    text += f" and {percent(left)} of what these indices are made of."
    if left > _MUCH:
        text += " Effects of about that size can be luck alone: run more replicates."
    return text


def luck_words(row: pd.Series) -> str:
    """Return a sentence on luck with a space before, where it is much; nothing else."""
    share = float(row["noise_share_of_means"])
    return f" Luck is {percent(share)} of the variance behind that: more replicates tell more." if share >= _MUCH else ""
