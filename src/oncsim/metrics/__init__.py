"""Metrics: one file a family, every metric with its definition, unit and source; the model is only read."""

from __future__ import annotations

# The order of the families is the order of the tables and of the reference page.
# isort: off
from oncsim.metrics import consolidation, access, price, spending, program_340b
from oncsim.metrics import finance, incentive, partnership, value_based, quality, activity

# isort: on
from oncsim.metrics.collecting import Collected, collect
from oncsim.metrics.price import PriceBase, price_base
from oncsim.metrics.registry import FAMILIES, METRICS, Metric, metric
from oncsim.metrics.view import View

__all__ = [
    "FAMILIES",
    "METRICS",
    "Collected",
    "Metric",
    "PriceBase",
    "View",
    "access",
    "activity",
    "collect",
    "consolidation",
    "finance",
    "incentive",
    "metric",
    "partnership",
    "price",
    "price_base",
    "program_340b",
    "quality",
    "spending",
    "value_based",
]
