"""Payment: every service priced by payer, setting, hospital class and 340B status; who pays, what drugs cost.

The arithmetic is in :mod:`oncsim.prices`; here the state of the market is laid out for it and the money is booked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import NEEDS
from oncsim.prices.acquisition import DrugCosts, bought_at_340b, drug_acquisition, pass_through, shared_savings
from oncsim.prices.drugs import (
    ADVANTAGE,
    COMMERCIAL,
    FFS,
    DrugRates,
    asp_of_segments,
    bought_through_340b,
    drug_rates,
    special_rate,
)
from oncsim.prices.places import Floats, PaymentPlaces, setting_of
from oncsim.prices.rates import Contract, Rates, allowed_rates
from oncsim.prices.receipts import (
    DRUG,
    FEE,
    OTHER_COMPONENT,
    Receipts,
    Volumes,
    allowed_amounts,
    by_payer,
    pharmacy_payments,
    settle,
    settle_drugs,
)
from oncsim.prices.schedule import ADMINISTRATION, VISIT
from oncsim.processes.bargaining import advantage_factor, begin_bargaining
from oncsim.processes.navigation import navigation_fees
from oncsim.processes.program_340b import book_underpayment, program_of_sites, remedy_payments
from oncsim.processes.site_rules import extra_patient_share
from oncsim.processes.telehealth import telehealth_payment_factor
from oncsim.processes.value_based import care_model_fees, drug_choice_factor, reconcile
from oncsim.processes.white_bagging import white_bagged_share
from oncsim.state.flows import Money

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values


def payment_places(model: OncologyMarket, bought_340b: Floats) -> PaymentPlaces:
    """Return what decides the rates of every site as it is, buying these shares of its drugs at 340B prices."""
    sites, hospitals, zones = model.sites, model.hospitals, model.zones
    attached = sites.hospital >= 0
    hospital_class = np.full(len(sites), -1, dtype=np.int64)
    hospital_class[attached] = hospitals.hospital_class[sites.hospital[attached]]
    return PaymentPlaces(
        setting=setting_of(sites.kind, sites.excepted),
        hospital_class=hospital_class,
        state=zones.state_code[sites.zone],
        rural=zones.rural[sites.zone].astype(np.int64),
        bought_340b=bought_340b,
    )


def volumes_of_sites(model: OncologyMarket) -> Volumes:
    """Return what each site delivered this quarter."""
    sites = model.sites
    chosen = np.repeat(drug_choice_factor(model), len(NEEDS), axis=1)
    return Volumes(
        sites.infusions * asp_of_segments(model.law) * chosen,
        by_payer(sites.infusions),
        by_payer(model.care.visits),
        by_payer(model.care.patient_quarters),
    )


def contract_of_sites(model: OncologyMarket) -> Contract:
    """Return the commercial terms in force at every site."""
    contracts = model.contracts
    return Contract(contracts.drug, contracts.service, white_bagged_share(model), advantage_factor(model))


def bought_dollars(drugs: DrugRates, volumes: Volumes) -> tuple[Floats, Floats]:
    """Return what providers buy, at ordinary list and in the dollars of the 340B discount, (sites,) dollars each.

    What is given away or shipped to them costs nothing.
    """
    given = by_payer(volumes.drug_dollars)
    given[:, COMMERCIAL] *= 1.0 - drugs.shipped
    return (given * drugs.bought).sum(axis=1), (given * drugs.bought_340b).sum(axis=1)


def payment(model: OncologyMarket) -> None:
    """Price and pay everything the sites did this quarter."""
    law = model.law
    if not model.settling:
        begin_bargaining(model)
    discount, program = model.purchasing_discount()[model.sites.org], program_of_sites(model)
    places = payment_places(model, bought_at_340b(law, discount, program))
    contract, volumes = contract_of_sites(model), volumes_of_sites(model)
    rates = allowed_rates(law, places, contract)
    by_telehealth = telehealth_payment_factor(model)[:, None]
    rates.facility[VISIT] *= by_telehealth
    rates.professional[VISIT] *= by_telehealth
    allowed = allowed_amounts(law, rates, volumes)
    performance = reconcile(model)
    money = settle(law, allowed, care_model_fees(model) + navigation_fees(model), extra_patient_share(model))
    money.paid[:, :, FEE] += performance
    bought, through_340b = bought_dollars(rates.drugs, volumes)
    costs = drug_acquisition(law, bought, discount, program, through_340b)
    usual = _usual_drug_receipts(law, places, contract, rates, volumes)
    _settle_340b(model, money, volumes, costs, usual)
    margin = money.paid[:, :, DRUG].sum(axis=1) - costs.cost - (usual.sum(axis=1) - costs.ordinary)
    # Where nothing is bought at 340B prices the program is worth exactly nothing, not the rounding of two sums.
    margin = np.where(costs.share_340b > 0, margin, 0.0)
    passed = pass_through(law, margin, money.patient[:, :, DRUG])
    money.patient[:, :, DRUG] -= passed.to_patients
    money.paid[:, :, DRUG] -= passed.to_patients
    pharmacy, pharmacy_patient = pharmacy_payments(law, rates.drugs, volumes)
    model.volumes, model.rates = volumes, rates
    model.money = Money(
        paid=money.paid,
        patient=money.patient,
        drug_cost=costs.cost,
        margin_340b=margin - passed.to_patients.sum(axis=1) - passed.charity,
        at_340b=costs.at_340b,
        charity=passed.charity,
        pharmacy=pharmacy,
        pharmacy_patient=pharmacy_patient,
    )
    model.medicare_price, model.advantage_price, model.commercial_price = (
        infusion_price(law, rates, payer) for payer in (FFS, ADVANTAGE, COMMERCIAL)
    )


def _usual_drug_receipts(law: Values, places: PaymentPlaces, contract: Contract, rates: Rates, volumes: Volumes) -> Floats:
    """Return what sites would receive for their drugs without special rates for 340B, (sites, payers) dollars."""
    if not special_rate(law, places).any():
        return settle_drugs(law, rates.drugs, volumes)
    usual = replace(places, bought_340b=np.zeros_like(places.bought_340b))
    return settle_drugs(law, drug_rates(law, usual, contract.drug, contract.shipped, contract.advantage), volumes)


def _settle_340b(model: OncologyMarket, money: Receipts, volumes: Volumes, costs: DrugCosts, usual: Floats) -> None:
    """Move what is between Medicare and 340B hospitals: shared savings, what they were paid too little, its remedy."""
    law = model.law
    received = money.paid[:, FFS, DRUG]
    through_340b = by_payer(volumes.drug_dollars)[:, FFS] * bought_through_340b(law)[FFS]
    cost = through_340b * (1.0 - float(law["policy.p340b.discount"]))
    returned = shared_savings(law, received * costs.share_340b, cost * costs.share_340b)
    if not model.settling:
        book_underpayment(model, np.maximum(usual[:, FFS] - received, 0.0))
    money.paid[:, FFS, DRUG] -= returned
    money.paid[:, FFS, OTHER_COMPONENT] += remedy_payments(model)


def infusion_price(law: Values, rates: Rates, payer: int) -> Floats:
    """Return a payer's dollars for one standard infusion day with its share of visits at each site, (sites,).

    Drugs that its pharmacy ships count too.
    """
    asp = float(law["payment.drug.asp"]["standard"])
    visits = float(law["care.visits_per_quarter"]) / float(law["care.infusions_per_quarter"]["standard"])
    both = rates.facility[:, :, payer] + rates.professional[:, :, payer]
    segment = payer * len(NEEDS)
    drug = rates.drugs.paid[:, segment] + rates.drugs.outside[segment] * rates.drugs.shipped
    return np.asarray(drug * asp + both[ADMINISTRATION] + visits * both[VISIT])
