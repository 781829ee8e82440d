"""The short table after a run: how the headline metrics moved from the first year to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Metric and the group that is shown; several groups: the first that the run has.
HEADLINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("consolidation.hhi", ("", "market_type=hrr", "market_type=cbsa", "market_type=state")),
    ("consolidation.practices_independent", ("",)),
    ("consolidation.share_oncologists_independent", ("",)),
    ("consolidation.hopd_share_infusions", ("",)),
    ("consolidation.share_340b_infusions", ("",)),
    ("access.minutes_mean", ("",)),
    ("access.minutes_mean", ("rural=true",)),
    ("access.wait_days_mean", ("",)),
    ("access.untreated_share", ("",)),
    ("price.commercial_index", ("",)),
    ("spending.total_per_patient", ("",)),
    ("finance.margin_practice", ("",)),
)
SUMMARY_COLUMNS = ("metric", "group", "first", "last", "change", "low", "high")


def half_width(deviations: NDArray[np.float64], counts: NDArray[np.int64], level: float) -> NDArray[np.float64]:
    """Return the half-width of the Student interval of a mean.

    Parameters
    ----------
    deviations : array
        Sample standard deviations.
    counts : array
        Numbers of values behind each; below 2 there is no interval and the result is missing.
    level : float
        Coverage, for example 0.95.
    """
    from scipy.special import stdtrit

    enough = counts >= 2
    safe = np.where(enough, counts, 2)
    quantile = stdtrit(safe - 1.0, 0.5 + level / 2.0)
    return np.where(enough, quantile * deviations / np.sqrt(safe), np.nan)


def window(quarters: int) -> int:
    """Return how many quarters the first and the last year have: four, or fewer in a short run."""
    return max(1, min(4, quarters // 2))


def summarise(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the headline metrics in the first and the last year.

    Parameters
    ----------
    metrics : pandas.DataFrame
        The ``metrics`` table of a run.

    Returns
    -------
    pandas.DataFrame
        One row a headline that the run has: ``metric, group, first, last, change`` (means over replicates)
        and ``low, high``, the 95 % Student interval of the change over replicates (missing with
        one replicate).
    """
    import pandas as pd

    whole = metrics[metrics["market"] == "all"]
    quarters = sorted(whole["quarter"].unique())
    size = window(len(quarters))
    rows = []
    for metric, groups in HEADLINES:
        of_metric = whole[whole["metric"] == metric]
        present = set(of_metric["group"].unique())
        group = next((g for g in groups if g in present), None)
        if group is None:
            continue
        values = of_metric[of_metric["group"] == group].pivot(index="replicate", columns="quarter", values="value")
        first = values[[q for q in quarters[:size] if q in values]].mean(axis=1)
        last = values[[q for q in quarters[-size:] if q in values]].mean(axis=1)
        change = (last - first).dropna().to_numpy()
        middle = float(change.mean()) if len(change) else np.nan
        spread = float(change.std(ddof=1)) if len(change) > 1 else np.nan
        half = float(half_width(np.array([spread]), np.array([len(change)]), 0.95)[0])
        rows.append((metric, group, float(first.mean()), float(last.mean()), middle, middle - half, middle + half))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
