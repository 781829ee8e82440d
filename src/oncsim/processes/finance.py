"""Finance: what care costs, who earns what, cash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, HOSPITAL_KINDS, NETWORK, PAYER, PAYERS, PRACTICE, among
from oncsim.processes.management import management_saving
from oncsim.processes.navigation import navigation_cost
from oncsim.processes.partner_money import host_shares, hub_fees, shifted_costs, upkeep_of_ties
from oncsim.processes.pharmacy import pharmacy_cost
from oncsim.processes.value_based import participation_costs
from oncsim.state.sums import sum_by
from oncsim.ties.ownership import direct_holdings

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values
    from oncsim.prices.receipts import Volumes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UnitCosts:
    """Costs of one quarter in dollars, before the factor of hospitals."""

    infusion: float
    visit: float
    site: float
    chair: float
    other: float
    physician: float

    @classmethod
    def of(cls, law: Values) -> UnitCosts:
        """Read the unit costs in force."""
        pay = float(law["finance.physician.pay"]) * (1.0 + float(law["finance.physician.benefits"]))
        return cls(
            infusion=float(law["finance.office.administration_cost"]),
            visit=float(law["finance.office.visit_cost"]),
            site=float(law["finance.office.site_cost"]) / 4.0,
            chair=float(law["finance.chair_cost"]) / 4.0,
            other=float(law["finance.other_cost_share"]) * other_care(law),
            physician=pay / 4.0,
        )


def other_care(law: Values) -> float:
    """Return what an office would be paid for a patient-quarter of imaging, radiation and other care, dollars."""
    imaging = float(law["care.imaging_per_quarter"]) * float(law["payment.medicare.imaging_office"])
    radiation = float(law["care.radiation_per_quarter"]) * float(law["payment.medicare.radiation_office"])
    return imaging + radiation + float(law["payment.medicare.other_office"])


def operating_cost(
    law: Values,
    volumes: Volumes,
    hospital: NDArray[np.bool_],
    academic: NDArray[np.bool_],
    chairs: Floats,
    people: Floats,
    revenue: Floats,
    saving: Floats,
) -> Floats:
    """Return the cost of running sites for a quarter, drugs apart, in dollars.

    Parameters
    ----------
    volumes : Volumes
        Infusions, visits and patient-quarters, (sites, payers).
    hospital, academic : (sites,) bool
        Departments of a hospital; of an academic center.
    chairs, people : (sites,) float
        Infusion chairs; home oncologists to be paid.
    revenue : (sites,) float
        Receipts, for overhead.
    saving : (sites,) float
        Share of unit costs saved through shared services of a network.
    """
    unit = UnitCosts.of(law)
    factor = np.where(hospital, float(law["finance.hospital.cost_factor"]), 1.0)
    overhead = np.where(hospital, float(law["finance.hospital.overhead_share"]), 0.0)
    overhead = np.where(hospital & academic, float(law["finance.academic.overhead_share"]), overhead)
    overhead = np.where(hospital, overhead, float(law["finance.office.overhead_share"]))
    infusions = volumes.infusions.sum(axis=1)
    visits = volumes.visits.sum(axis=1)
    time = volumes.patient_quarters.sum(axis=1)
    variable = infusions * unit.infusion + visits * unit.visit + unit.site + chairs * unit.chair
    return np.asarray(
        factor * (1.0 - saving) * variable + factor * time * unit.other + people * unit.physician + overhead * revenue
    )


def shared_saving(law: Values, members: NDArray[np.bool_], size: Floats) -> Floats:
    """Return the share of unit costs that a network saves a member of ``size`` oncologists: halves every ten."""
    return np.where(members, float(law["network.services_saving"]) * 0.5 ** (size / 10.0), 0.0)


def finance(model: OncologyMarket) -> None:
    """Charge costs, move money through networks, close the quarter's books."""
    law, sites, orgs = model.law, model.sites, model.orgs
    size = len(orgs)
    revenue = model.money.paid.sum(axis=(1, 2))
    people = model.physicians.headcount(len(sites)).astype(np.float64)
    orgs.headcount = np.bincount(sites.org, weights=people, minlength=size).astype(np.int64)
    member = orgs.network >= 0
    saving = shared_saving(law, member, orgs.headcount.astype(np.float64))[sites.org]
    hospital = among(sites.kind, HOSPITAL_KINDS)
    academic = orgs.kind[sites.org] == ACADEMIC_CENTER
    cost = operating_cost(law, model.volumes, hospital, academic, sites.chairs, people, revenue, saving)
    uplift = np.where(model.t <= orgs.uplift_until, orgs.pay_uplift, 0.0)[sites.origin.clip(min=0)]
    cost += np.where(sites.origin >= 0, uplift, 0.0) * people * UnitCosts.of(law).physician
    cost += (
        _visiting_cost(model)
        + navigation_cost(model)
        + pharmacy_cost(model)
        - management_saving(model)
        + model.money.charity
    )
    cost += participation_costs(model)
    cost = np.where(sites.open, cost, 0.0)
    sites.margin = revenue - cost - model.money.drug_cost
    sites.margin_year = 0.75 * sites.margin_year + sites.margin  # four quarters' worth, recent ones heavier

    orgs.revenue = sum_by(sites.org, revenue, size)
    orgs.drug_cost = sum_by(sites.org, model.money.drug_cost, size)
    orgs.cost = sum_by(sites.org, cost + model.money.drug_cost, size)
    orgs.starts = sum_by(sites.org, sites.starts.sum(axis=1), size)
    orgs.oncologists = sum_by(sites.org, sites.oncologists, size)
    _pay_fees(model, member)
    _pay_partners(model)
    _book_payers(model)
    orgs.margin = orgs.revenue - orgs.cost
    _remember(model)
    _share_profits(model)


def _visiting_cost(model: OncologyMarket) -> Floats:
    sites = model.sites
    visiting = np.where(sites.open & (sites.visiting_from >= 0), sites.visiting_fte, 0.0)
    return np.asarray(visiting * float(model.law["finance.office.mobile_cost"]) / 4.0)


def _pay_fees(model: OncologyMarket, member: NDArray[np.bool_]) -> None:
    """Members pay their network; what one pays the other receives."""
    orgs = model.orgs
    paying = np.flatnonzero(member & (orgs.revenue > 0))
    fee = orgs.revenue[paying] * float(model.law["network.fee"])
    orgs.cost[paying] += fee
    income = np.bincount(orgs.network[paying], weights=fee, minlength=len(orgs))
    networks = orgs.kind == NETWORK
    orgs.revenue += np.where(networks, income, 0.0)
    # A network spends most of its fees on the services it shares.
    orgs.cost += np.where(networks, 0.9 * income, 0.0)


def _pay_partners(model: OncologyMarket) -> None:
    """Book what partners cost: upkeep, tests ordered early, and what they pay each other."""
    if model.settling or len(model.ties) == 0:
        return
    orgs = model.orgs
    orgs.cost += shifted_costs(model) + upkeep_of_ties(model)
    # Between partners: what is a cost to one makes up for costs of the other, so that revenue is what payers pay.
    orgs.cost += hub_fees(model) + host_shares(model)


def _book_payers(model: OncologyMarket) -> None:
    """Book what each payer paid out as its cost; premiums are outside the model."""
    orgs = model.orgs
    paid = model.money.by_payers.sum(axis=1)
    starts = model.sites.starts.reshape(len(model.sites), len(PAYERS), -1).sum(axis=(0, 2))
    for row, code in model.payer_rows.items():
        orgs.cost[row] = paid[code]
        orgs.starts[row] = starts[code]


def _share_profits(model: OncologyMarket) -> None:
    """Let those who hold a part of an independent practice take their part of a quarter's profit from its cash."""
    if model.settling:
        return
    orgs, found = model.orgs, direct_holdings(model)
    part = np.flatnonzero((found.owner_share > 0) & (orgs.owner[found.held] < 0))
    holder, held = found.holder[part], found.held[part]
    taken = found.owner_share[part] * np.maximum(orgs.margin[held], 0.0)
    orgs.cash -= sum_by(held, taken, len(orgs)) if len(part) else 0.0
    orgs.cash += sum_by(holder, taken, len(orgs)) if len(part) else 0.0


def _remember(model: OncologyMarket) -> None:
    """Keep eight quarters of margins, cash, and how long owners have earned too little."""
    orgs = model.orgs
    orgs.margin_history = np.roll(orgs.margin_history, -1, axis=1)
    orgs.margin_history[:, -1] = orgs.margin
    orgs.revenue_history = np.roll(orgs.revenue_history, -1, axis=1)
    orgs.revenue_history[:, -1] = orgs.revenue
    orgs.quarters += 1
    reserve = float(model.law["finance.cash_reserve"])
    if model.settling:
        orgs.cash = reserve * 4.0 * orgs.revenue
        return
    provider = (orgs.kind != PAYER) & (orgs.status <= 1)
    # What exceeds a year's reserve goes to owners or the rest of the hospital.
    ceiling = np.maximum(orgs.cash, 2.0 * reserve * 4.0 * orgs.revenue)
    # Owners of an independent practice are charged market pay as a cost: a loss comes out of their pay before cash.
    pay = UnitCosts.of(model.law).physician * orgs.headcount
    owned = (orgs.kind == PRACTICE) & (orgs.status == 0)
    earned = np.where(owned & (orgs.margin < 0), np.minimum(orgs.margin + pay, 0.0), orgs.margin)
    orgs.cash = np.where(provider, np.minimum(orgs.cash + earned, ceiling), orgs.cash)
    worth = orgs.margin + orgs.autonomy * orgs.headcount / 4.0
    independent = (orgs.kind == PRACTICE) & (orgs.status == 0)
    orgs.loss_quarters = np.where(independent & (worth < 0) & (orgs.revenue > 0), orgs.loss_quarters + 1, 0)
    sites = model.sites
    downstream = float(model.law["finance.downstream_margin"]) * float(model.law["health_system.acquisition.capture"])
    hospital = among(sites.kind, HOSPITAL_KINDS)
    losing = sites.margin + np.where(hospital, downstream, 0.0) * sites.starts.sum(axis=1) < 0
    sites.loss_quarters = np.where(sites.open & losing, sites.loss_quarters + 1, 0)
    idle = sites.open & (sites.oncologists <= 1e-6)
    sites.idle_quarters = np.where(idle, sites.idle_quarters + 1, 0)
