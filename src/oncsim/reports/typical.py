"""Which replicate tells the story: the one nearest to the mean over the headline metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from oncsim.reports import words
from oncsim.reports.intervals import last_and_change
from oncsim.reports.metric_facts import fact, group_words
from oncsim.reports.summary import HEADLINES


@dataclass(frozen=True)
class Disagreement:
    """A headline metric that moved the other way in the replicate than in the mean."""

    metric: str
    group: str
    replicate: float
    mean: float

    def clause(self) -> str:
        """Return one clause: how it moved here, and how in the mean."""
        known, where = fact(self.metric), group_words(self.group)
        noun = words.with_group(known.noun, where)
        here, usual = ("rose" if change > 0 else "fell" for change in (self.replicate, self.mean))
        sizes = [words.size(change, known.unit) for change in (self.replicate, self.mean)]
        return f"{noun} {here} by {sizes[0]}, while the mean over replicates {usual} by {sizes[1]}"


@dataclass(frozen=True)
class Typical:
    """The replicate that stands for all, and where it goes another way.

    Attributes
    ----------
    replicate : int
        Its number; replicates count from 0.
    count : int
        How many replicates the run has.
    others : tuple of Disagreement
        Headline metrics that moved in the other direction than the mean.
    """

    replicate: int
    count: int
    others: tuple[Disagreement, ...] = ()

    @property
    def name(self) -> str:
        """How captions call it: empty where there is only one replicate."""
        if self.count == 2:
            return f"Replicate {self.replicate} of two."
        return f"Replicate {self.replicate}, the one nearest to the mean." if self.count > 1 else ""

    @property
    def sentence(self) -> str:
        """Which replicate it is, and why; empty where there is only one."""
        if self.count < 2:
            return ""
        if self.count == 2:
            return (
                f"This is replicate {self.replicate} of two (0 and 1): both are equally near to their mean, and this one "
                "moved as the mean did in at least as many of the headline metrics."
            )
        return (
            f"This is replicate {self.replicate} (of 0 to {self.count - 1}): over the headline metrics the one nearest to "
            "the mean over replicates. The others differ in luck."
        )

    @property
    def caution(self) -> str:
        """Where it goes another way than the mean; empty where it does not."""
        if not self.others:
            return ""
        told = "; ".join(other.clause() for other in self.others)
        return f"In this replicate some metrics moved against the mean: {told}."


def typical_replicate(metrics: pd.DataFrame) -> Typical:
    """Return the replicate whose headline metrics are nearest to their means over replicates.

    Near is the root mean square, over the headline metrics, of how many standard deviations the value of the
    last year and the change since the first lie from their means. Of two that are equally near (two replicates
    always are) the one that moved as the mean did in more of the metrics is taken, then the lower number.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value (one market).
    """
    numbers = sorted(int(r) for r in metrics["replicate"].unique())
    keys = _headline_keys(metrics)
    if len(numbers) < 2 or not keys:
        return Typical(numbers[0] if numbers else 0, len(numbers))
    table = last_and_change(metrics[metrics["metric"].isin({metric for metric, _ in keys})])
    parts: list[np.ndarray] = []
    against: dict[int, list[Disagreement]] = {}
    for metric, group in keys:
        own: Any = table.loc[(metric, group)]
        own = own.reindex(numbers)
        parts += [own["last"].to_numpy(dtype=float), own["change"].to_numpy(dtype=float)]
        mean = float(own["change"].mean())
        for number, change in own["change"].items():
            if _opposed(float(change), mean, own["last"].abs().max()):
                against.setdefault(int(str(number)), []).append(Disagreement(metric, group, float(change), mean))
    far = _distances(np.column_stack(parts))
    # Rounding makes ties of distances that differ only in the last bits.
    order = sorted(range(len(numbers)), key=lambda i: (round(far[i], 9), len(against.get(numbers[i], [])), i))
    chosen = numbers[order[0]]
    return Typical(chosen, len(numbers), tuple(against.get(chosen, [])))


def _headline_keys(metrics: pd.DataFrame) -> list[tuple[str, str]]:
    held = set(zip(metrics["metric"], metrics["group"], strict=True))
    found = ((m, next((g for g in groups if (m, g) in held), None)) for m, groups in HEADLINES)
    return [(metric, group) for metric, group in found if group is not None]


def _opposed(change: float, mean: float, level: float) -> bool:
    """Say whether both moved, by more than half a percent of the level, in opposite directions."""
    least = 0.005 * level if math.isfinite(level) else 0.0
    return change * mean < 0 and abs(change) > least and abs(mean) > least


def _distances(values: np.ndarray) -> list[float]:
    """Return how far each row lies from the mean of the rows, columns in standard deviations, gaps left out."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    gaps = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((gaps**2).sum(axis=0) / count)
    # Rounding leaves a trace of spread where all are equal.
    varied = deviation > 1e-9 * np.maximum(np.abs(mean), 1e-12)
    squares = (gaps[:, varied] / deviation[varied]) ** 2
    held = known[:, varied].sum(axis=1)
    return [float(np.sqrt(s / n)) if n else 0.0 for s, n in zip(squares.sum(axis=1), held, strict=True)]
