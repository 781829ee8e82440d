"""The registry of metrics: what each one means and is measured in, beside the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncsim.metrics.view import View

# market ('all' or a market id), group ('' or 'key=value;...' with the keys in alphabetical order), value
Row = tuple[str, str, float]
Compute = Callable[["View"], Iterable[Row]]

FAMILIES: dict[str, str] = {
    "consolidation": "Who owns the sites where patients are treated.",
    "access": "How far patients travel, how long they wait and who goes without treatment.",
    "price": "What plans pay, over time, against Medicare, by setting and after acquisitions.",
    "spending": "What payers and patients pay.",
    "finance": "Margins of the organisations that provide care.",
    "incentive": "What hospitals would gain from acquiring practices, part by part.",
    "partnership": "Ties between organisations and the trust in them.",
    "value_based": "Care models that pay for value: who takes part and what it saves.",
    "quality": "Harm, returns to hospital and trials.",
    "activity": "Totals that put the other figures in proportion.",
}
GROUP_KEYS = ("component", "deprivation_quartile", "form", "market_type", "payer", "rural", "years")
BETTER = ("higher", "lower", "")

# Where a definition comes from when it is this project's own.
INTERFACE = "oncsim interface: definitions"

METRICS: dict[str, Metric] = {}


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name : str
        Dotted name as in ``metrics.parquet``; the first part is the family.
    title : str
        Short noun phrase.
    definition : str
        Sentences that are enough to recompute the metric.
    unit : str
        Unit of the value: ``share``, ``HHI``, ``minutes``, ``dollars per quarter`` ...
    groups : tuple of str
        How it is broken down, beside the total where there is one: keys of ``group``, those used together joined
        by ``" and "``.
    source : str
        Where the definition comes from.
    better : str
        ``higher``, ``lower``, or empty where people would disagree.
    compute : callable
        Takes a :class:`~oncsim.metrics.view.View`, yields rows (market, group, value); none where undefined.
    by_market : bool
        Whether there is also a row for every market (hospital referral region, else metropolitan area, else
        rest of the state) with an empty group.
    """

    name: str
    title: str
    definition: str
    unit: str
    groups: tuple[str, ...]
    source: str
    better: str
    compute: Compute
    by_market: bool = False

    @property
    def family(self) -> str:
        """First part of the name."""
        return self.name.split(".", 1)[0]


def metric(
    name: str,
    *,
    title: str,
    definition: str,
    unit: str,
    groups: tuple[str, ...] = (),
    source: str = INTERFACE,
    better: str = "",
    by_market: bool = False,
) -> Callable[[Compute], Compute]:
    """Register the decorated function as the metric ``name``; see :class:`Metric` for the arguments.

    Raises
    ------
    ValueError
        When the name is taken, or the family, a group key or ``better`` is unknown.
    """
    if name in METRICS:
        raise ValueError(f"metric {name} is defined twice")
    if name.split(".", 1)[0] not in FAMILIES:
        raise ValueError(f"metric {name}: unknown family (one of {', '.join(FAMILIES)})")
    unknown = [key for group in groups for key in group.split(" and ") if key not in GROUP_KEYS]
    if unknown or better not in BETTER:
        raise ValueError(f"metric {name}: unknown group key {unknown} or direction {better!r}")

    def register(compute: Compute) -> Compute:
        METRICS[name] = Metric(name, title, definition, unit, groups, source, better, compute, by_market)
        return compute

    return register
