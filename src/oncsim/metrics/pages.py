"""The reference page of the metrics, written from the registry."""

from __future__ import annotations

from collections.abc import Mapping

from oncsim.metrics.registry import FAMILIES, Metric

_INTRODUCTION = """# Metrics

What `metrics.parquet` of a run holds. This page is written from the code by `tools/write_metric_pages.py`;
change the definitions in `src/oncsim/metrics/`, not here. `oncsim metrics show NAME` prints one entry.

Values are of the quarter or at its end. Shares are 0 to 1, concentration is 0 to 10,000, money is nominal US
dollars, travel is one way. A metric that is undefined in a quarter, as when nobody is treated, has no row.
The column `group` names what a row is about, such as `payer=commercial`; rows with an empty group are totals.
The column `market` is `all` or the id of one market.
"""
_BETTER = {"higher": "higher is better", "lower": "lower is better", "": "people differ"}


def metrics_page(metrics: Mapping[str, Metric]) -> str:
    """Return the page as Markdown: families in their order, metrics in the order they are defined."""
    parts = [_INTRODUCTION]
    for family, meaning in FAMILIES.items():
        entries = [_entry(metric) for metric in metrics.values() if metric.family == family]
        if entries:
            parts.append(f"## {family.capitalize()}\n\n{meaning}\n")
            parts += entries
    return "\n".join(parts)


def _entry(metric: Metric) -> str:
    facts = [f"**{metric.title}.** {metric.definition}", ""]
    facts.append(f"- Unit: {metric.unit}")
    if metric.groups:
        facts.append("- Also by: " + ", ".join(f"`{group}`" for group in metric.groups))
    if metric.by_market:
        facts.append("- Also for every market (empty group)")
    facts += [f"- Direction: {_BETTER[metric.better]}", f"- Source: {metric.source}", ""]
    return "\n".join([f"### `{metric.name}`", "", *facts])
