"""Every metric of one quarter, in columns ready for a table."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from oncsim.errors import RunError
from oncsim.metrics.registry import METRICS
from oncsim.metrics.view import Observed, View


class Collected(NamedTuple):
    """Columns of equal length: one row a metric, market and group."""

    names: list[str]
    markets: list[str]
    groups: list[str]
    values: list[float]


def collect(model: Observed, only: Collection[str] | None = None) -> Collected:
    """Return every metric of the quarter, or those named in ``only``; the model is only read.

    Raises
    ------
    RunError
        When a value is not a finite number: a metric that is undefined in a quarter gives no row instead.
    """
    view = View(model)
    asked = METRICS if only is None else {name: metric for name, metric in METRICS.items() if name in only}
    rows = [(name, *row) for name, metric in asked.items() for row in metric.compute(view)]
    for name, market, group, value in rows:
        if not math.isfinite(value):
            where = f"market {market}" + (f", {group}" if group else "")
            raise RunError(f"{name} is {value} in {model.quarter} ({where}); the model gave it numbers it should not")
    return Collected(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
    )
