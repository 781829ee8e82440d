"""Incentives: what turning independent practices into hospital departments would be worth, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from oncsim.metrics.registry import Compute, Row, metric
from oncsim.metrics.view import View

Floats = NDArray[np.float64]


class Gains(Protocol):
    """What metrics read of the prospects of a quarter: yearly dollars of each organisation."""

    rates_gain: Floats
    commercial_gain: Floats
    reachable_340b: Floats
    downstream_gain: Floats
    cost_gain: Floats


PARTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "rates",
        "rates_gain",
        "Gain from an acquisition: administered rates",
        "what Medicare, Medicare Advantage, Medicaid and the uninsured would pay more, or less, for the same patients",
    ),
    (
        "340b",
        "reachable_340b",
        "Gain from an acquisition: 340B",
        "what 340B prices would add where a hospital that takes part is near enough and new child sites are allowed",
    ),
    (
        "commercial",
        "commercial_gain",
        "Gain from an acquisition: commercial prices",
        "what commercial plans would pay more for the same patients",
    ),
    (
        "downstream",
        "downstream_gain",
        "Gain from an acquisition: downstream care",
        "what surgery, imaging and admissions that move to the buyer would leave",
    ),
    (
        "costs",
        "cost_gain",
        "Gain from an acquisition: running costs",
        "what a hospital would spend less, or (negative) more, to run the same care",
    ),
)


def _per_oncologist(view: View, dollars: Floats) -> Iterator[Row]:
    orgs = view.model.orgs
    some = view.independent[: len(dollars)] & (orgs.headcount[: len(dollars)] > 0)
    people = float(orgs.headcount[: len(dollars)][some].sum())
    if people > 0:
        yield "all", "", float(dollars[some].sum() / people)


def _part(attribute: str) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        yield from _per_oncologist(view, getattr(view.model.prospects, attribute))

    return compute


def gain_of(prospects: Gains) -> Floats:
    """Return the sum of the parts for each organisation."""
    return np.asarray(sum((getattr(prospects, attribute) for _, attribute, _, _ in PARTS), np.float64(0.0)))


_HOW = (
    "Yearly dollars over oncologists, of independent practices as they are when organisations decide, priced as new "
    "off-campus departments against offices under the law expected half-way through the planning horizon. Nominal dollars."
)


@metric(
    "incentive.acquisition_gain",
    title="Gain from an acquisition",
    definition=f"What a hospital would gain in a year from running independent practices as departments: the sum of rates, "
    f"340B, commercial prices, downstream care and running costs. {_HOW}",
    unit="dollars per oncologist-year",
    source="methods 2g, the buyer's value before integration and the seller's price",
)
def acquisition_gain(view: View) -> Iterator[Row]:
    """Return the whole gain per oncologist."""
    yield from _per_oncologist(view, gain_of(view.model.prospects))


for _name, _attribute, _title, _what in PARTS:
    metric(
        f"incentive.acquisition_{_name}",
        title=_title,
        definition=f"The part of the gain from an acquisition that is {_what}. {_HOW}",
        unit="dollars per oncologist-year",
        source="methods 2g",
    )(_part(_attribute))
