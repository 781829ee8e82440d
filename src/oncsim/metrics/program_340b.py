"""340B: how many hospitals and child sites are in the program, what they buy there and what it leaves them."""

from __future__ import annotations

from collections.abc import Iterator

from oncsim.codes import OFF_CAMPUS_KINDS, among
from oncsim.metrics.registry import Row, metric
from oncsim.metrics.view import View


@metric(
    "consolidation.hospitals_340b",
    title="Hospitals in 340B",
    definition="Hospitals that take part in 340B at the end of the quarter, with or without an oncology department.",
    unit="hospitals",
)
def hospitals_340b(view: View) -> Iterator[Row]:
    """Return the number of hospitals in the program."""
    yield "all", "", float(view.model.hospitals.participates.sum())


@metric(
    "consolidation.child_sites_340b",
    title="340B child sites",
    definition="Open off-campus hospital departments for oncology that buy at 340B prices.",
    unit="sites",
)
def child_sites_340b(view: View) -> Iterator[Row]:
    """Return the number of off-campus departments that buy at 340B prices."""
    sites = view.model.sites
    off_campus = among(sites.kind, OFF_CAMPUS_KINDS)
    yield "all", "", float((off_campus & sites.open & sites.eligible_340b).sum())


@metric(
    "spending.purchases_340b",
    title="340B purchases",
    definition="What oncology departments spend on drugs bought at 340B prices in the quarter, at those prices; orphan "
    "drugs excluded on a hospital's route are not among them. Zero without a discount. Nominal dollars.",
    unit="dollars per quarter",
)
def purchases_340b(view: View) -> Iterator[Row]:
    """Return what is spent at 340B prices."""
    yield "all", "", float(view.model.money.at_340b.sum())


@metric(
    "spending.margin_340b_per_drug_dollar",
    title="340B margin for each drug dollar",
    definition="340B margin of the quarter over what is spent on drugs at 340B prices. No value where nothing is bought "
    "at 340B prices.",
    unit="dollars per dollar",
)
def margin_340b_per_drug_dollar(view: View) -> Iterator[Row]:
    """Return the 340B margin for each dollar spent at 340B prices."""
    money = view.model.money
    spent = float(money.at_340b.sum())
    if spent > 0:
        yield "all", "", float(money.margin_340b.sum() / spent)
