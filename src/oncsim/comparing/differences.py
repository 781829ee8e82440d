"""Paired differences between scenarios, with intervals.

Replicate r has the same luck in every scenario, so differences are taken replicate by replicate and only
their spread counts. Intervals are Student intervals of the mean difference; the simultaneous ones share 5 %
among all rows of the same quarter or summary, after Bonferroni.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.results.summary import half_width

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LEVEL = 0.95
MEAN, FINAL, TOTAL, IN_FORCE = "mean", "final", "total", "in_force"

# Metrics that are sums over a quarter: they have a total over the horizon, and no row means none happened.
SUMMED = frozenset(
    {
        "consolidation.acquisitions",
        "consolidation.closures",
        "consolidation.divestitures",
        "consolidation.network_joins",
        "consolidation.flagged_mergers",
        "partnership.formed",
        "partnership.dissolved",
        "spending.payer_total",
        "spending.patient_total",
        "spending.margin_340b",
        "activity.infusions_total",
        "activity.patients_new",
        "activity.patients_started",
        "activity.patients_untreated",
    }
)

# First and last quarter in which the law of a scenario differs, or None where it does to the end.
Force = tuple[str, str] | None
KEYS = ("scenario", "quarter", "metric", "group")
NUMBERS = ("baseline", "other", "difference", "low", "high", "low_simultaneous", "high_simultaneous")
REST = ("replicates", "sd", "se_ratio", "lowest", "highest")
COLUMNS = KEYS + NUMBERS + REST
DRAWN_COLUMNS = (
    "difference_with_behaviour",
    "low_with_behaviour",
    "high_with_behaviour",
    "range_low_with_behaviour",
    "range_high_with_behaviour",
)


@dataclass(frozen=True)
class Cube:
    """Values of one scenario by (metric, group), quarter and replicate; missing where there was no row."""

    keys: tuple[tuple[str, str], ...]
    quarters: tuple[str, ...]
    values: NDArray[np.float64]


def cubes(frames: Sequence[pd.DataFrame]) -> list[Cube]:
    """Return the ``market=all`` metrics of several runs on common axes.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        Columns ``replicate, quarter, metric, group, value``; one frame a scenario.
    """
    import pandas as pd

    axes = pd.concat([frame[["metric", "group", "quarter", "replicate"]] for frame in frames])
    pairs = sorted(set(zip(axes["metric"], axes["group"], strict=True)))
    keys = pd.MultiIndex.from_tuples(pairs, names=["metric", "group"])
    quarters = pd.Index(sorted(axes["quarter"].unique()))
    replicates = pd.Index(sorted(axes["replicate"].unique()))
    found = []
    for frame in frames:
        values = np.full((len(keys), len(quarters), len(replicates)), np.nan)
        place = (
            keys.get_indexer(pd.MultiIndex.from_frame(frame[["metric", "group"]])),
            quarters.get_indexer(pd.Index(frame["quarter"])),
            replicates.get_indexer(pd.Index(frame["replicate"])),
        )
        values[place] = frame["value"].to_numpy(dtype=np.float64)
        summed = np.array([metric in SUMMED for metric, _ in pairs], dtype=bool)
        values[summed] = np.nan_to_num(values[summed], nan=0.0)
        found.append(Cube(tuple(pairs), tuple(map(str, quarters)), values))
    return found


def differences(
    frames: Sequence[pd.DataFrame],
    labels: Sequence[str],
    drawn: Sequence[pd.DataFrame] = (),
    force: Sequence[Force] = (),
) -> pd.DataFrame:
    """Return the paired differences of every scenario from the first.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        The ``market=all`` metrics of the baseline and of the others.
    labels : sequence of str
        Their names, as many.
    drawn : sequence of pandas.DataFrame, optional
        The same with the behaviour of every replicate drawn from its distributions.
    force : sequence of (str, str) or None, optional
        For each of the others, the first and the last quarter in which its law differs, if that ends before the horizon.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, quarter (or ``mean``, ``final``, ``total``, ``in_force``), metric and group; :data:`COLUMNS`,
        and with ``drawn`` also :data:`DRAWN_COLUMNS`.
    """
    import pandas as pd

    baseline, *others = cubes(frames)
    tables = []
    force = force or [None] * len(others)
    for label, other, held in zip(labels[1:], others, force, strict=True):
        tables.append(_table(label, baseline, other, len(others), held))
    result = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    if drawn:
        result = result.merge(_drawn_columns(drawn, labels, force), on=list(KEYS), how="left", validate="one_to_one")
    return result


def _table(label: str, baseline: Cube, other: Cube, scenarios: int, force: Force) -> pd.DataFrame:
    import pandas as pd

    pieces = []
    for name, base, changed in _windows(baseline, other, force):
        keep = ~(np.isnan(base) & np.isnan(changed)).all(axis=1)
        keep &= np.array([name != TOTAL or metric in SUMMED for metric, _ in baseline.keys], dtype=bool)
        found = paired(base[keep], changed[keep], comparisons=int(keep.sum()) * scenarios)
        keys = [key for key, kept in zip(baseline.keys, keep, strict=True) if kept]
        words = {
            "scenario": [label] * len(keys),
            "quarter": [name] * len(keys),
            "metric": [metric for metric, _ in keys],
            "group": [group for _, group in keys],
        }
        pieces.append(pd.DataFrame({**words, **found}))
    return pd.concat(pieces, ignore_index=True)[list(COLUMNS)]


def _windows(a: Cube, b: Cube, force: Force) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
    """Return each quarter and each summary, as values by key and replicate of both scenarios."""
    windows = [(quarter, a.values[:, i, :], b.values[:, i, :]) for i, quarter in enumerate(a.quarters)]
    both = ~(np.isnan(a.values) | np.isnan(b.values))
    last = np.zeros_like(both)
    last[:, -4:, :] = both[:, -4:, :]
    windows.append((MEAN, _mean(a.values, both), _mean(b.values, both)))
    windows.append((FINAL, _mean(a.values, last), _mean(b.values, last)))
    windows.append((TOTAL, np.where(both, a.values, 0.0).sum(axis=1), np.where(both, b.values, 0.0).sum(axis=1)))
    if force is not None:
        windows.append(_in_force(a, b, both, force))
    return windows


def _in_force(
    a: Cube, b: Cube, both: NDArray[np.bool_], force: tuple[str, str]
) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
    """Return means over the last four quarters in force; of what counts people or events, sums over all of them."""
    quarters = np.array(a.quarters)
    inside = (quarters >= force[0]) & (quarters <= force[1])
    last = inside & (np.cumsum(inside[::-1])[::-1] <= 4)
    counts = np.array([metric in SUMMED and not metric.startswith("spending.") for metric, _ in a.keys], dtype=bool)
    sides = []
    for values in (a.values, b.values):
        total = np.where(both & inside[:, None], values, 0.0).sum(axis=1)
        sides.append(np.where(counts[:, None], total, _mean(values, both & last[:, None])))
    return IN_FORCE, sides[0], sides[1]


def _mean(values: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    count = where.sum(axis=1)
    total = np.where(where, values, 0.0).sum(axis=1)
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def paired(
    base: NDArray[np.float64], other: NDArray[np.float64], comparisons: int
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Return means, differences and intervals over replicates.

    Parameters
    ----------
    base, other : array, rows by replicates
        Values with the same luck in the same column; a pair with a missing value is left out.
    comparisons : int
        How many rows share the 5 % of the simultaneous intervals.

    Returns
    -------
    dict of str to array
        ``baseline, other, difference, low, high, low_simultaneous, high_simultaneous, replicates, sd,
        se_ratio, lowest, highest``. ``se_ratio`` is the standard error of the paired difference over that of
        independent samples; below 1 pairing helped. ``lowest`` and ``highest`` are the extreme single
        differences. Intervals are missing where fewer than two pairs are left.
    """
    both = ~(np.isnan(base) | np.isnan(other))
    count = both.sum(axis=1).astype(np.int64)
    each = np.where(both, other - base, 0.0)
    difference = _row_mean(each, both, count)
    sd = _row_sd(each, both, count)
    half = half_width(sd, count, LEVEL)
    wide = half_width(sd, count, 1.0 - (1.0 - LEVEL) / max(1, comparisons))
    apart = np.hypot(_row_sd(base, both, count), _row_sd(other, both, count))
    ratio = np.divide(sd, apart, out=np.full(sd.shape, np.nan), where=apart > 0)
    return {
        "baseline": _row_mean(base, both, count),
        "other": _row_mean(other, both, count),
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "low_simultaneous": difference - wide,
        "high_simultaneous": difference + wide,
        "replicates": count,
        "sd": sd,
        "se_ratio": ratio,
        "lowest": np.where(count > 0, np.where(both, each, np.inf).min(axis=1, initial=np.inf), np.nan),
        "highest": np.where(count > 0, np.where(both, each, -np.inf).max(axis=1, initial=-np.inf), np.nan),
    }


def _row_mean(values: NDArray[np.float64], both: NDArray[np.bool_], count: NDArray[np.int64]) -> NDArray[np.float64]:
    total = np.where(both, values, 0.0).sum(axis=1)
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _row_sd(values: NDArray[np.float64], both: NDArray[np.bool_], count: NDArray[np.int64]) -> NDArray[np.float64]:
    centre = _row_mean(values, both, count)[:, None]
    squares = np.where(both, (values - centre) ** 2, 0.0).sum(axis=1)
    variance = np.divide(squares, count - 1, out=np.full(squares.shape, np.nan), where=count > 1)
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _drawn_columns(frames: Sequence[pd.DataFrame], labels: Sequence[str], force: Sequence[Force]) -> pd.DataFrame:
    """Return difference, interval and range with behaviour drawn, by scenario, quarter, metric and group.

    The interval is that of the mean effect over behaviours and luck; the range holds the middle 95 % of the
    single differences and does not shrink with more replicates.
    """
    import pandas as pd

    baseline, *others = cubes(frames)
    pieces = []
    for label, other, held in zip(labels[1:], others, force, strict=True):
        table = _table(label, baseline, other, len(others), held)
        ranges = pd.concat([_range(label, baseline, *window) for window in _windows(baseline, other, held)])
        pieces.append(table.merge(ranges, on=list(KEYS), how="left", validate="one_to_one"))
    renamed = pd.concat(pieces, ignore_index=True).rename(
        columns={name: f"{name}_with_behaviour" for name in ("difference", "low", "high")}
    )
    return renamed[[*KEYS, *DRAWN_COLUMNS]]


def _range(label: str, axes: Cube, name: str, base: NDArray[np.float64], other: NDArray[np.float64]) -> pd.DataFrame:
    import pandas as pd

    each = other - base
    some = (~np.isnan(each)).sum(axis=1) >= 2
    limits = np.full((2, len(each)), np.nan)
    limits[:, some] = np.nanquantile(each[some], [0.025, 0.975], axis=1)
    return pd.DataFrame(
        {
            "scenario": label,
            "quarter": name,
            "metric": [metric for metric, _ in axes.keys],
            "group": [group for _, group in axes.keys],
            "range_low_with_behaviour": limits[0],
            "range_high_with_behaviour": limits[1],
        }
    )
