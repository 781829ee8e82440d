"""Value-based care: who takes part in care models, at what risk, and what that saves."""

from __future__ import annotations

from collections.abc import Iterator

from oncsim.metrics.registry import Row, metric
from oncsim.metrics.view import View

_SOURCE = "oncsim model description: value-based care"


@metric(
    "value_based.participants",
    title="Organisations in value-based models",
    definition="Organisations that took part in the Medicare oncology model in the quarter and are still in it at its end; "
    "by payer also those that are commercial medical homes.",
    unit="organisations",
    groups=("payer",),
    source=_SOURCE,
)
def participants(view: View) -> Iterator[Row]:
    """Return the organisations in the Medicare model, and by payer."""
    orgs = view.model.orgs
    inside = float((orgs.vb_part & (orgs.vb_arm >= 0)).sum())
    yield "all", "", inside
    yield "all", "payer=medicare_ffs", inside
    yield "all", "payer=commercial", float(orgs.vb_commercial.sum())


@metric(
    "value_based.two_sided",
    title="Organisations at two-sided risk",
    definition="Of the organisations in the Medicare oncology model, those in an arm that shares losses.",
    unit="organisations",
    source=_SOURCE,
)
def two_sided(view: View) -> Iterator[Row]:
    """Return the participants that share losses."""
    orgs = view.model.orgs
    yield "all", "", float((orgs.vb_part & (orgs.vb_arm > 0)).sum())


@metric(
    "value_based.savings_per_episode",
    title="Savings per episode",
    definition="What six-month episodes attributed to participants of the Medicare oncology model cost less than they would "
    "have without it, before fees and payments; mean over episodes, a patient-quarter under treatment being half of one. "
    "Nominal dollars.",
    unit="dollars",
    source=_SOURCE,
    better="higher",
)
def savings_per_episode(view: View) -> Iterator[Row]:
    """Return the mean gross saving of an attributed episode."""
    books = view.model.value_based
    if books.episodes > 0:
        yield "all", "", books.savings / books.episodes


@metric(
    "value_based.net_medicare",
    title="Net saving of Medicare",
    definition="Savings of the Medicare oncology model in the quarter, at hospitals and elsewhere, less care-management "
    "fees, payments for performance (recoupments taken off) and participation bonuses. Negative where the model costs "
    "more than it saves. Nominal dollars.",
    unit="dollars per quarter",
    source=_SOURCE,
    better="higher",
)
def net_medicare(view: View) -> Iterator[Row]:
    """Return what Medicare gains by its model."""
    books = view.model.value_based
    yield "all", "", books.savings - books.fees - books.performance - books.bonuses
