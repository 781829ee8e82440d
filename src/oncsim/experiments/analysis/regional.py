"""Regional sensitivity: which uncertainties differ between futures with an outcome and futures without.

The two-sample Kolmogorov-Smirnov distance is the largest gap between the shares of both groups below any value
(Hornberger and Spear 1981). It sees each uncertainty by itself; one that acts only together with others can be missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.experiments.analysis.outcomes import Outcome, inputs_of, too_few
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.tables import checked_samples
from oncsim.experiments.analysis.words import amount, capital, listed, others, part

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Regional:
    """Distances by uncertainty.

    Parameters
    ----------
    outcome : Outcome
        What the futures were split by.
    distances : pandas.DataFrame
        ``factor, title, distance, p, p_adjusted, median_with, median_without, rank``; adjusted after Holm over the
        uncertainties. Empty where ``reason`` says why nothing was compared.
    constant : tuple of str
        Uncertainties left out because they do not vary.
    """

    outcome: Outcome
    distances: pd.DataFrame
    reason: str
    factors: tuple[Factor, ...]
    constant: tuple[str, ...] = ()


def regional_sensitivity(outcome: Outcome, samples: pd.DataFrame, factors: Sequence[Factor]) -> Regional:
    """Return how far each uncertainty is apart between futures with and without an outcome.

    Parameters
    ----------
    outcome : Outcome
        From :mod:`oncsim.experiments.analysis.outcomes`.
    samples : pandas.DataFrame
        Column ``sample`` and one column an uncertainty.
    factors : sequence of Factor
        Which uncertainties.
    """
    from scipy.stats import ks_2samp

    names = [factor.name for factor in factors]
    inputs = inputs_of(outcome, checked_samples(samples, factors), names)
    constant = tuple(name for name in names if name not in inputs)
    columns = ["factor", "title", "distance", "p", "p_adjusted", "median_with", "median_without", "rank"]
    reason = too_few(outcome)
    if not reason and inputs.shape[1] == 0:
        reason = "no uncertainty varies, so there is nothing to compare"
    if reason:
        return Regional(outcome, pd.DataFrame(columns=columns), reason, tuple(factors), constant)
    happens = outcome.values.to_numpy(dtype=np.bool_)
    rows = []
    for factor in factors:
        if factor.name in constant:
            continue
        values = inputs[factor.name].to_numpy(dtype=np.float64)
        # The exact distribution can fail for large samples, with a warning; with 10 of either kind this one is close.
        test = ks_2samp(values[happens], values[~happens], method="asymp")
        medians = float(np.median(values[happens])), float(np.median(values[~happens]))
        rows.append((factor.name, factor.label, float(test.statistic), float(test.pvalue), np.nan, *medians, 0))
    table = pd.DataFrame(rows, columns=columns)
    table["p_adjusted"] = holm(table["p"].to_numpy(dtype=np.float64))
    table["rank"] = table["distance"].rank(ascending=False, method="min").astype(np.int64)
    table = table.sort_values(["rank", "factor"], kind="stable").reset_index(drop=True)
    return Regional(outcome, table, "", tuple(factors), constant)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values adjusted for their number (Holm 1979): no false finding among them with the usual confidence."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(1.0, raised)
    return found


def in_words(found: Regional) -> list[str]:
    """Return the finding in sentences.

    Parameters
    ----------
    found : Regional
        From :func:`regional_sensitivity`.
    """
    outcome = found.outcome
    said = [f"{outcome.subject} in {part(outcome.count, len(outcome.values), 'future')}."]
    if found.constant:
        labels = [factor.label for factor in found.factors if factor.name in found.constant]
        said.append(f"{listed(labels)} did not vary and could not be compared.")
    if found.reason:
        return [capital(text) for text in (*said, f"{found.reason}.")]
    units = {factor.name: factor.unit for factor in found.factors}
    clear = found.distances[found.distances["p_adjusted"] <= SIGNIFICANT]
    for _, row in clear.iterrows():
        unit = units[str(row["factor"])]
        way = "higher" if row["median_with"] > row["median_without"] else "lower"
        if row["median_with"] == row["median_without"]:
            way = "spread differently"
        said.append(
            f"{row['title']} is {way} where it happens: median {amount(row['median_with'], unit)} against "
            f"{amount(row['median_without'], unit)} (distance {row['distance']:.2f}, {_p(row['p_adjusted'])})."
        )
    rest = len(found.distances) - len(clear)
    if rest:
        rest_words = others(rest, "does not differ", "do not differ") if len(clear) else "No uncertainty differs"
        said.append(f"{rest_words} more than by chance.")
    return [capital(text) for text in said]


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
