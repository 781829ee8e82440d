"""What an office's patients would earn as a department of a hospital, in parts, under the law expected.

Methods 2g: the buyer's gain is the facility-fee differential, the 340B margin, the commercial price differential and
downstream care, less what a hospital costs more to run. Each part is priced by itself, so that a policy can be seen to
move its own part and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, PRACTICE, SET_EXCEPTED, SET_NON_EXCEPTED
from oncsim.prices.acquisition import Program340B, bought_at_340b, drug_acquisition, shared_savings
from oncsim.prices.drugs import ADVANTAGE, COMMERCIAL, FFS, DrugRates, drug_rates
from oncsim.prices.places import Floats, PaymentPlaces
from oncsim.prices.rates import Contract, allowed_rates
from oncsim.prices.receipts import FACILITY, Volumes, by_payer, receipts, settle_drugs
from oncsim.processes.bargaining import contract_at, hospital_level
from oncsim.processes.finance import operating_cost
from oncsim.processes.payment import bought_dollars, contract_of_sites, payment_places
from oncsim.processes.site_rules import kept_at_hospitals

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values


@dataclass(frozen=True)
class AcquisitionValue:
    """Yearly dollars of the present patients of practices' open sites, (sites,) each; zero elsewhere.

    Attributes
    ----------
    margin, revenue : float
        Margin and receipts as a new off-campus department without 340B.
    extra_340b : float
        What 340B prices add to that margin.
    rates : float
        Part of the gain over an office that administered rates make: Medicare, Medicare Advantage, Medicaid, uninsured.
    commercial : float
        Part that bargained prices make: commercial, and what leverage adds in Medicare Advantage.
    costs : float
        Part that running costs make (negative where a hospital is dearer).
    bargained : float
        Receipts as a department from each payer of ``BARGAINED``, (sites, payers): at the prices of the mean hospital.
    """

    margin: Floats
    revenue: Floats
    extra_340b: Floats
    rates: Floats
    commercial: Floats
    costs: Floats
    bargained: Floats


def expected_law(model: OncologyMarket) -> Values:
    """Return the law expected half-way through the planning horizon, as far as it is announced by now."""
    years = float(model.law["practice.horizon"]) / 2.0
    return model.parameters.anticipated(model.quarter, model.quarter + round(4 * years))


def acquisition_value(model: OncologyMarket) -> AcquisitionValue:
    """Price the present volumes of the sites of practices as offices, as departments, and at 340B prices.

    Patients whom law keeps from hospitals are lost to a department: their payments are part of what it gains less, and what
    their drugs and care would cost part of what it saves.
    """
    law, sites, orgs = expected_law(model), model.sites, model.orgs
    rows = np.flatnonzero(sites.open & (orgs.kind[sites.org] == PRACTICE))
    growth = float(law["payment.drug.asp"]["standard"]) / float(model.law["payment.drug.asp"]["standard"])
    volumes = model.volumes.of(rows).scaled_drugs(growth)
    as_department = volumes.kept(kept_at_hospitals(model, law, rows))
    here = payment_places(model, np.zeros(len(sites))).of(rows)
    shipped = contract_of_sites(model).shipped[rows]
    setting = SET_EXCEPTED if model.law["policy.site_neutral.new_sites_excepted"] else SET_NON_EXCEPTED
    level = hospital_level(model)[model.region[sites.zone[rows]]]
    place, terms = _department(here, setting), contract_at(model, law, "hospital", level, shipped)
    better = contract_at(model, law, "hospital_340b", level, shipped)
    rates = allowed_rates(law, place, terms)
    paid = receipts(law, rates, as_department).paid
    present = _present_contract(model, law, rows)
    as_office = receipts(law, allowed_rates(law, _office(here), present), volumes).paid
    bought, through_340b = bought_dollars(rates.drugs, as_department)
    kept_cost = _ordinary(law, bought)
    lost_drugs = _ordinary(law, bought_dollars(rates.drugs, volumes)[0]) - kept_cost
    revenue = paid.sum(axis=(1, 2))
    running = _running(model, rows, law, as_department, revenue, True)
    saved = kept_cost - _cost_340b(law, bought, through_340b)
    extra = _extra_340b(law, place, terms, better, rates.drugs, as_department, paid, saved)
    change = paid.sum(axis=2) - as_office.sum(axis=2)
    # What Medicare Advantage plans pay a hospital more because it bargains better is no part of administered rates.
    better_plans = paid[:, ADVANTAGE].sum(axis=1) * (1.0 - present.advantage / terms.advantage)
    costs = _running(model, rows, law, volumes, as_office.sum(axis=(1, 2)), False) - running + lost_drugs

    def a_year(dollars: Floats) -> Floats:
        everywhere: Floats = np.zeros(len(sites))
        everywhere[rows] = 4.0 * dollars
        return everywhere

    return AcquisitionValue(
        margin=a_year(revenue - kept_cost - running),
        revenue=a_year(revenue),
        extra_340b=a_year(extra),
        rates=a_year(np.delete(change, COMMERCIAL, axis=1).sum(axis=1) - better_plans),
        commercial=a_year(change[:, COMMERCIAL] + better_plans),
        costs=a_year(costs),
        bargained=np.column_stack([a_year(paid[:, payer].sum(axis=1)) for payer in BARGAINED]),
    )


def _ordinary(law: Values, bought: Floats) -> Floats:
    return drug_acquisition(law, bought, np.zeros(len(bought)), Program340B.everywhere(len(bought), False)).cost


def _cost_340b(law: Values, bought: Floats, through_340b: Floats) -> Floats:
    everywhere = Program340B.everywhere(len(bought), True)
    return drug_acquisition(law, bought, np.zeros(len(bought)), everywhere, through_340b).cost


def _extra_340b(
    law: Values,
    place: PaymentPlaces,
    terms: Contract,
    better: Contract,
    plain: DrugRates,
    volumes: Volumes,
    paid: Floats,
    saved: Floats,
) -> Floats:
    """Return what 340B adds in a quarter: cheaper drugs, its own rates and contracts, less what law gives back of it."""
    share = bought_at_340b(law, np.zeros(len(place)), Program340B.everywhere(len(place), True))
    drugs = drug_rates(law, replace(place, bought_340b=share), better.drug, better.shipped, better.advantage)
    received = settle_drugs(law, drugs, volumes)
    usual = settle_drugs(law, plain, volumes)
    # Commercial receipts for services are in proportion to the multiple.
    services = paid[:, COMMERCIAL, FACILITY:].sum(axis=1) * (better.service / terms.service - 1.0)
    extra = saved + (received - usual).sum(axis=1) + services
    cost = by_payer(volumes.drug_dollars)[:, FFS] * drugs.bought_340b[FFS] * (1.0 - float(law["policy.p340b.discount"]))
    kept = extra - shared_savings(law, received[:, FFS] * share, cost * share)
    return np.asarray(kept - float(law["policy.p340b.pass_through"]) * np.maximum(kept, 0.0))


def _department(here: PaymentPlaces, setting: int) -> PaymentPlaces:
    count = len(here)
    general = np.zeros(count, dtype=np.int64)
    return PaymentPlaces(np.full(count, setting), general, here.state, here.rural, np.zeros(count))


def _office(here: PaymentPlaces) -> PaymentPlaces:
    count = len(here)
    nobody = np.full(count, -1, dtype=np.int64)
    return PaymentPlaces(np.zeros(count, dtype=np.int64), nobody, here.state, here.rural, np.zeros(count))


def _present_contract(model: OncologyMarket, law: Values, rows: NDArray[np.int64]) -> Contract:
    """Return the contracts in force at sites, moved to the standard contract of some other law."""
    now = contract_of_sites(model)
    moved = [
        float(law[f"payment.commercial.{name}"]["office"]) / float(model.law[f"payment.commercial.{name}"]["office"])
        for name in ("drug", "service")
    ]
    return Contract(now.drug[rows] * moved[0], now.service[rows] * moved[1], now.shipped[rows], now.advantage[rows])


def _running(
    model: OncologyMarket, rows: NDArray[np.int64], law: Values, volumes: Volumes, revenue: Floats, hospital: bool
) -> Floats:
    count = len(rows)
    people = model.physicians.headcount(len(model.sites))[rows].astype(np.float64)
    nowhere, everywhere = np.zeros(count, dtype=np.bool_), np.full(count, hospital)
    chairs = model.sites.chairs[rows]
    return operating_cost(law, volumes, everywhere, nowhere, chairs, people, revenue, np.zeros(count))
