"""Spending: what payers and patients pay, and what the 340B discount leaves."""

from __future__ import annotations

from collections.abc import Iterator

from oncsim.codes import COMPONENTS, PAYERS
from oncsim.metrics.registry import Row, metric
from oncsim.metrics.view import View


@metric(
    "spending.total_per_patient",
    title="Spending per treated patient",
    definition="Payments by payers and patients together in the quarter, over patients starting treatment "
    "in it. Nominal dollars.",
    unit="dollars",
    better="lower",
)
def total_per_patient(view: View) -> Iterator[Row]:
    """Return spending per treated patient."""
    treated = view.model.flows.started.sum()
    if treated > 0:
        money = view.model.money
        yield "all", "", float((money.by_payers.sum() + money.by_patients.sum()) / treated)


@metric(
    "spending.payer_total",
    title="Payments by payers",
    definition="Payments by payers in the quarter: all that sites received less what patients owed, and what payers paid "
    "pharmacies for drugs shipped to sites. Nominal dollars.",
    unit="dollars per quarter",
    groups=("payer", "component", "component and payer"),
    better="lower",
)
def payer_total(view: View) -> Iterator[Row]:
    """Return payments by payers, by payer and component."""
    paid = view.model.money.by_payers
    yield "all", "", float(paid.sum())
    for payer, amount in zip(PAYERS, paid.sum(axis=1), strict=True):
        yield "all", f"payer={payer}", float(amount)
    for component, amount in zip(COMPONENTS, paid.sum(axis=0), strict=True):
        yield "all", f"component={component}", float(amount)
    for p, payer in enumerate(PAYERS):
        for c, component in enumerate(COMPONENTS):
            yield "all", f"component={component};payer={payer}", float(paid[p, c])


@metric(
    "spending.patient_total",
    title="Payments by patients",
    definition="What patients owed in the quarter for the care they received. Nominal dollars.",
    unit="dollars per quarter",
    groups=("payer", "component"),
    better="lower",
)
def patient_total(view: View) -> Iterator[Row]:
    """Return payments by patients, by payer and by component."""
    owed = view.model.money.by_patients
    yield "all", "", float(owed.sum())
    for payer, amount in zip(PAYERS, owed.sum(axis=1), strict=True):
        yield "all", f"payer={payer}", float(amount)
    for component, amount in zip(COMPONENTS, owed.sum(axis=0), strict=True):
        yield "all", f"component={component}", float(amount)


@metric(
    "spending.patient_cost_share",
    title="Share that patients pay",
    definition="What patients owed, of all payments by payers and patients.",
    unit="share",
    groups=("payer",),
    better="lower",
)
def patient_cost_share(view: View) -> Iterator[Row]:
    """Return the share of payments that patients owed."""
    owed = view.model.money.by_patients.sum(axis=1)
    paid = view.model.money.by_payers.sum(axis=1) + owed
    if paid.sum() > 0:
        yield "all", "", float(owed.sum() / paid.sum())
    for payer, a, b in zip(PAYERS, owed, paid, strict=True):
        if b > 0:
            yield "all", f"payer={payer}", float(a / b)


@metric(
    "spending.margin_340b",
    title="340B margin",
    definition="What 340B adds to the drug margin of sites that buy at its prices: drug receipts less drug cost, over "
    "what the same drugs would have left at ordinary prices and payment. Zero without a discount. Nominal dollars.",
    unit="dollars per quarter",
)
def margin_340b(view: View) -> Iterator[Row]:
    """Return what 340B adds to the drug margin of eligible sites."""
    yield "all", "", float(view.model.money.margin_340b.sum())
