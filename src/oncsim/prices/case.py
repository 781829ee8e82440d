"""One case priced: a service, a payer and a place, by the same functions as a market's payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import DEPARTMENTS, HOSPITAL_CLASSES, NEEDS, PAYERS, SEGMENTS, SETTINGS, STATES
from oncsim.parameters.leaf import spread
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.prices.acquisition import DrugCosts, Program340B, drug_acquisition
from oncsim.prices.drugs import FFS, asp_of_segments
from oncsim.prices.places import Floats, PaymentPlaces
from oncsim.prices.rates import Contract, Rates, allowed_rates
from oncsim.prices.receipts import Receipts, Volumes, by_payer, hospital_cost_sharing, sequester_shares, settle
from oncsim.prices.schedule import SCHEDULED

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.parameters import Values

BILLED = ("infusion", "drug", "administration", "visit", "imaging", "radiation", "care_management")


@dataclass(frozen=True)
class Case:
    """What is priced.

    Attributes
    ----------
    service : str
        One of ``BILLED``; an infusion is its drug and its administration.
    payer, setting, hospital_class, state, need : str
        Codes; ``hospital_class`` counts in the settings of a hospital only, an empty state is none.
    drugs_340b, rural : bool
    biosimilar, negotiated : bool
        What the drug is; else an original product without a negotiated price.
    asp : float
        Dollars of the drug day at average sales price; 0 takes that of the need.
    """

    service: str = "infusion"
    payer: str = "medicare_ffs"
    setting: str = "office"
    hospital_class: str = "general"
    drugs_340b: bool = False
    state: str = ""
    rural: bool = False
    need: str = "standard"
    biosimilar: bool = False
    negotiated: bool = False
    asp: float = 0.0

    @property
    def hospital(self) -> bool:
        """Whether the setting is a department of a hospital."""
        return self.setting in DEPARTMENTS

    @property
    def has_drug(self) -> bool:
        """Whether a drug is part of the service."""
        return self.service in ("infusion", "drug")

    @property
    def scheduled(self) -> str:
        """The service paid by a schedule that is part of it, or an empty word."""
        if self.service == "infusion":
            return "administration"
        return self.service if self.service in SCHEDULED else ""


@dataclass(frozen=True)
class Priced:
    """A case with its amounts in dollars.

    Attributes
    ----------
    case : Case
    law : Values
        Law of the quarter, for this drug.
    place : PaymentPlaces
        The case's place as an array of one.
    rates : Rates
    allowed : (components,) float
        Allowed amounts.
    rate, patient, paid, sequester, receipt : float
        Allowed in all; owed by the patient; paid by the payer; cut by the sequester; received by the provider.
    costs : DrugCosts
        What the drug costs the provider; zero for services without one.
    """

    case: Case
    law: Values
    place: PaymentPlaces
    rates: Rates
    allowed: Floats
    rate: float
    patient: float
    paid: float
    sequester: float
    receipt: float
    costs: DrugCosts

    @property
    def cost(self) -> float:
        """What the drug costs the provider."""
        return float(self.costs.cost[0])

    @property
    def margin(self) -> float:
        """Receipt less the cost of the drug."""
        return self.receipt - self.cost


def law_of(parameters: Parameters, case: Case, quarter: Quarter) -> Values:
    """Return the law of a quarter for one drug: all of it original, biosimilar, negotiated, or of the price asked for."""
    changed: list[tuple[str, object]] = [
        ("payment.drug.biosimilar_share", float(case.biosimilar)),
        ("policy.negotiated_price.drug_share", float(case.negotiated)),
        ("policy.reference_price.drug_share", 0.0),
        ("payment.drug.orphan_share", 0.0),
    ]
    if case.asp > 0:
        changed.append(("payment.drug.asp", case.asp))
    names = {name for name, _ in changed}
    kept = [override for override in parameters.overrides if override.leaf not in names]
    added = [
        Override(name, element, single, "economy")
        for name, value in changed
        for element, single in spread(parameters.leaf(name), value)[0].items()
    ]
    return Parameters(parameters.registry, [*kept, *added], parameters.drawn).at(quarter)


def place_of(case: Case) -> PaymentPlaces:
    """Return the case's place as an array of one."""
    codes = (
        SETTINGS.index(case.setting),
        HOSPITAL_CLASSES.index(case.hospital_class) if case.hospital else -1,
        STATES.index(case.state) if case.state else -1,
        int(case.rural),
    )
    setting, hospital_class, state, rural = (np.array([code], dtype=np.int64) for code in codes)
    return PaymentPlaces(setting, hospital_class, state, rural, np.array([float(case.drugs_340b and case.hospital)]))


def class_of(case: Case) -> str:
    """Return the commercial price class of the case's place."""
    if case.hospital:
        return "hospital_340b" if case.drugs_340b else "hospital"
    return "freestanding" if case.setting in ("freestanding", "home") else "office"


def price_case(parameters: Parameters, case: Case, quarter: Quarter) -> Priced:
    """Price a case under the law of a quarter: what :func:`oncsim.prices.receipts.settle` says for one unit."""
    law, place, group = law_of(parameters, case, quarter), place_of(case), class_of(case)
    multiples = (float(law["payment.commercial.drug"][group]), float(law["payment.commercial.service"][group]))
    contract = Contract(np.array([multiples[0]]), np.array([multiples[1]]), np.zeros(1), np.ones(1))
    rates = allowed_rates(law, place, contract)
    volumes = _one_drug(law, case)
    allowed = _allowed(case, rates, volumes)
    fees = np.zeros((1, len(PAYERS)))
    fees[0, PAYERS.index(case.payer)] = _monthly_fee(law, case)
    settled: Receipts = settle(law, allowed, fees, _cost_sharing(law, case, multiples[0]))
    payer = PAYERS.index(case.payer)
    allowed[0, payer, 3] += fees[0, payer]
    before = allowed[0, payer] - settled.patient[0, payer]
    cut = float((before * sequester_shares(law)[payer]).sum())
    bought, at_340b = (
        (by_payer(volumes.drug_dollars) * per)[:, payer] for per in (rates.drugs.bought, rates.drugs.bought_340b)
    )
    program = Program340B.everywhere(1, case.drugs_340b and case.hospital)
    return Priced(
        case=case,
        law=law,
        place=place,
        rates=rates,
        allowed=allowed[0, payer],
        rate=float(allowed[0, payer].sum()),
        patient=float(settled.patient[0, payer].sum()),
        paid=float(before.sum()) - cut,
        sequester=cut,
        receipt=float(settled.paid[0, payer].sum()),
        costs=drug_acquisition(law, bought, np.zeros(1), program, at_340b),
    )


def _one_drug(law: Values, case: Case) -> Volumes:
    drug = np.zeros((1, len(SEGMENTS)))
    if case.has_drug:
        segment = PAYERS.index(case.payer) * len(NEEDS) + NEEDS.index(case.need)
        drug[0, segment] = asp_of_segments(law)[segment]
    none = np.zeros((1, len(PAYERS)))
    return Volumes(drug, none, none, none)


def _allowed(case: Case, rates: Rates, volumes: Volumes) -> Floats:
    """Return allowed amounts of one unit, (1, payers, components): drug, facility, professional, fee, other."""
    allowed = np.zeros((1, len(PAYERS), 5))
    allowed[:, :, 0] = by_payer(rates.drugs.paid * volumes.drug_dollars)
    if case.scheduled:
        service = SCHEDULED.index(case.scheduled)
        allowed[:, :, 1] = rates.facility[service]
        allowed[:, :, 2] = rates.professional[service]
    return allowed


def _cost_sharing(law: Values, case: Case, multiple: float) -> Floats:
    """Return what a commercial patient owes of a hospital's drug beyond the usual share, (1, payers)."""
    extra = np.zeros((1, len(PAYERS)))
    shares = hospital_cost_sharing(law, np.array([float(case.hospital)]), np.array([multiple]))
    extra[:, PAYERS.index("commercial")] = shares
    return extra


def _monthly_fee(law: Values, case: Case) -> float:
    """Return the care-management fee of a patient-month, where the payer's model pays one."""
    if case.service != "care_management" or PAYERS.index(case.payer) != FFS or not law["policy.value_based.running"]:
        return 0.0
    return float(law["policy.value_based.fee"])
