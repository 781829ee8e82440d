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


@dataclass(frozen=True)
class Offices:
    """What it takes to price the open sites of practices as departments, as the books of a quarter have it.

    Nothing in it changes with what organisations do next, so that it can be priced later, when somebody asks.

    Attributes
    ----------
    law : Values
        The law expected.
    sites : int
        Sites there are.
    rows : (offices,) int
        Sites of practices.
    volumes : Volumes
        What they deliver in a quarter, at the prices of drugs expected.
    kept : (offices, payers) float
        Share of their patients that law would leave to a hospital.
    here : PaymentPlaces
        Where they are.
    setting : int
        Setting of a new department.
    terms, better, present : Contract
        Terms of a new department, of one that buys at 340B prices, and in force, under the law expected.
    chairs, people : (offices,) float
        Infusion chairs and oncologists.
    """

    law: Values
    sites: int
    rows: NDArray[np.int64]
    volumes: Volumes
    kept: Floats
    here: PaymentPlaces
    setting: int
    terms: Contract
    better: Contract
    present: Contract
    chairs: Floats
    people: Floats


def offices_of_practices(model: OncologyMarket) -> Offices:
    """Return the open sites of practices as they are."""
    law, sites, orgs = expected_law(model), model.sites, model.orgs
    rows = np.flatnonzero(sites.open & (orgs.kind[sites.org] == PRACTICE))
    growth = float(law["payment.drug.asp"]["standard"]) / float(model.law["payment.drug.asp"]["standard"])
    level = hospital_level(model)[model.region[sites.zone[rows]]]
    now = contract_of_sites(model).of(rows)
    return Offices(
        law=law,
        sites=len(sites),
        rows=rows,
        volumes=model.volumes.of(rows).scaled_drugs(growth),
        kept=kept_at_hospitals(model, law, rows),
        here=payment_places(model, np.zeros(len(sites))).of(rows),
        setting=SET_EXCEPTED if model.law["policy.site_neutral.new_sites_excepted"] else SET_NON_EXCEPTED,
        terms=contract_at(model, law, "hospital", level, now.shipped),
        better=contract_at(model, law, "hospital_340b", level, now.shipped),
        present=_under(model, law, now),
        chairs=sites.chairs[rows],
        people=model.physicians.headcount(len(sites))[rows].astype(np.float64),
    )


def priced(offices: Offices) -> AcquisitionValue:
    """Price the present volumes of the sites of practices as offices, as departments, and at 340B prices.

    Patients whom law keeps from hospitals are lost to a department: their payments are part of what it gains less, and what
    their drugs and care would cost part of what it saves.
    """
    law, volumes, terms, present = offices.law, offices.volumes, offices.terms, offices.present
    as_department = volumes.kept(offices.kept)
    place = _department(offices.here, offices.setting)
    rates = allowed_rates(law, place, terms)
    paid = receipts(law, rates, as_department).paid
    as_office = receipts(law, allowed_rates(law, _office(offices.here), present), volumes).paid
    bought, through_340b = bought_dollars(rates.drugs, as_department)
    kept_cost = _ordinary(law, bought)
    lost_drugs = _ordinary(law, bought_dollars(rates.drugs, volumes)[0]) - kept_cost
    revenue = paid.sum(axis=(1, 2))
    running = _running(offices, as_department, revenue, True)
    saved = kept_cost - _cost_340b(law, bought, through_340b)
    extra = _extra_340b(law, place, terms, offices.better, rates.drugs, as_department, paid, saved)
    change = paid.sum(axis=2) - as_office.sum(axis=2)
    # What Medicare Advantage plans pay a hospital more because it bargains better is no part of administered rates.
    better_plans = paid[:, ADVANTAGE].sum(axis=1) * (1.0 - present.advantage / terms.advantage)
    costs = _running(offices, volumes, as_office.sum(axis=(1, 2)), False) - running + lost_drugs

    def a_year(dollars: Floats) -> Floats:
        everywhere: Floats = np.zeros(offices.sites)
        everywhere[offices.rows] = 4.0 * dollars
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


def _under(model: OncologyMarket, law: Values, now: Contract) -> Contract:
    """Return contracts in force, moved to the standard contract of some other law."""
    drug, service = (
        float(law[f"payment.commercial.{name}"]["office"]) / float(model.law[f"payment.commercial.{name}"]["office"])
        for name in ("drug", "service")
    )
    return Contract(now.drug * drug, now.service * service, now.shipped, now.advantage)


def _running(offices: Offices, volumes: Volumes, revenue: Floats, hospital: bool) -> Floats:
    count = len(offices.rows)
    nowhere, everywhere = np.zeros(count, dtype=np.bool_), np.full(count, hospital)
    return operating_cost(
        offices.law, volumes, everywhere, nowhere, offices.chairs, offices.people, revenue, np.zeros(count)
    )
