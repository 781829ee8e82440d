"""Means over replicates and how far apart they lie: over quarters for figures, over years for sentences.

From five replicates on the spread is the Student interval of the mean; with fewer it is the lowest and the
highest replicate, because the interval of so few reaches far beyond anything that can happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Fewest replicates for which an interval is shown (judgement: with 4 the quantile is still 3.2).
ENOUGH = 5


def student_half_width(values: NDArray[np.float64], level: float = 0.95) -> float:
    """Return half the width of the Student interval of the mean; NaN with fewer than two values."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return math.nan
    # scipy.special loads ten times faster than scipy.stats and holds the same quantile.
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(values) - 1, 0.5 + level / 2))
    return quantile * float(values.std(ddof=1)) / math.sqrt(len(values))


def spread_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of the mean, or the lowest and highest of few values; NaN with fewer than two."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return math.nan, math.nan
    if len(values) < ENOUGH:
        return float(values.min()), float(values.max())
    mean, half = float(values.mean()), student_half_width(values)
    return mean - half, mean + half


def over_quarters(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean, low and high of ``value`` per quarter over replicates (columns quarter, mean, low, high).

    ``low`` and ``high`` are the 95 % interval of the mean, in quarters where fewer than five replicates have a
    value the lowest and the highest of them, and NaN where only one has.
    """
    if frame.empty:
        return pd.DataFrame({"quarter": [], "mean": [], "low": [], "high": []})
    quarters, row = np.unique(frame["quarter"].to_numpy(dtype=str), return_inverse=True)
    replicates, column = np.unique(frame["replicate"].to_numpy(), return_inverse=True)
    values = np.full((len(quarters), len(replicates)), np.nan)
    values[row, column] = frame["value"].to_numpy(dtype=float)
    # A replicate may lack a value in a quarter (no tie, no patient): the mean is over those that have one.
    known = np.isfinite(values)
    count = known.sum(axis=1)
    kept = count > 0
    values, known, count, quarters = values[kept], known[kept], count[kept], quarters[kept]
    mean = np.where(known, values, 0.0).sum(axis=1) / count
    squares = np.where(known, values - mean[:, None], 0.0) ** 2
    half = _half_widths(squares.sum(axis=1), count)
    few = count < ENOUGH
    ends = [np.where(known, values, fill) for fill in (np.inf, -np.inf)]
    low = np.where(few, ends[0].min(axis=1), mean - half)
    high = np.where(few, ends[1].max(axis=1), mean + half)
    low[count < 2] = high[count < 2] = np.nan
    return pd.DataFrame({"quarter": quarters.astype(object), "mean": mean, "low": low, "high": high})


def _half_widths(squares: NDArray[np.float64], count: NDArray[np.int64], level: float = 0.95) -> NDArray[np.float64]:
    """Return half widths of Student intervals from sums of squared deviations; NaN with fewer than two
    values."""
    half = np.full(len(count), np.nan)
    several = count > 1
    if several.any():
        from scipy.special import stdtrit

        n = count[several]
        half[several] = stdtrit(n - 1, 0.5 + level / 2) * np.sqrt(squares[several] / (n - 1) / n)
    return half


def years_of(quarters: Iterable[str]) -> tuple[str, str]:
    """Return the first and the last calendar year among quarters such as ``2026Q1``."""
    years = sorted({str(quarter)[:4] for quarter in quarters})
    return (years[0], years[-1]) if years else ("", "")


def first_and_last_year(metrics: pd.DataFrame, counting: Iterable[str] = ()) -> pd.DataFrame:
    """Return one row a metric and group: first and last year, their difference with interval, and the total.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value (one market).
    counting : iterable of str
        Metrics that count what happened in a quarter; their years are sums, of the others means.

    Returns
    -------
    pandas.DataFrame
        Indexed by (metric, group): first, last, change, low, high, total (mean over replicates of the sum
        of all quarters), replicates, and ``values``: how many of them have a change. ``low`` and ``high`` are of
        the change, as in :func:`spread_of`.
    """
    columns = ["first", "last", "change", "low", "high", "total", "replicates", "values"]
    if metrics.empty:
        index = pd.MultiIndex.from_tuples([], names=["metric", "group"])
        return pd.DataFrame(columns=columns, index=index, dtype=float)
    table = last_and_change(metrics, counting)
    grouped = table.groupby(["metric", "group"], observed=True)
    result = grouped.mean()
    spreads = {key: spread_of(values.to_numpy(dtype=float)) for key, values in grouped["change"]}
    result["low"], result["high"] = ([spreads[key][end] for key in result.index] for end in (0, 1))
    result["replicates"], result["values"] = grouped.size(), grouped["change"].count()
    return result[columns]


def last_and_change(metrics: pd.DataFrame, counting: Iterable[str] = ()) -> pd.DataFrame:
    """Return first, last, change and total of every replicate, indexed by metric, group and replicate.

    Parameters
    ----------
    metrics, counting
        As for :func:`first_and_last_year`.
    """
    keys = ["metric", "group", "replicate"]
    frame = metrics.assign(year=metrics["quarter"].astype(str).str[:4])
    start, end = years_of(frame["year"].unique())
    yearly = frame.groupby([*keys, "year"], observed=True)["value"].agg(["mean", "sum", "count"]).reset_index()
    adds = yearly["metric"].isin(set(counting))
    yearly["value"] = yearly["mean"].where(~adds, yearly["sum"])
    wide = yearly[yearly["year"].isin([start, end])].pivot_table(index=keys, columns="year", values="value", observed=True)
    wide = wide.reindex(columns=[start] if start == end else [start, end])
    table = pd.DataFrame({"first": wide[start], "last": wide[end]})
    table["change"] = table["last"] - table["first"]
    table["total"] = yearly.groupby(keys, observed=True)["sum"].sum()
    return table
