"""Allowed amounts of every payer: Medicare's schedule carried over to those who follow it, and bargained multiples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PAYERS
from oncsim.prices.drugs import ADVANTAGE, COMMERCIAL, FFS, MEDICAID, UNINSURED, DrugRates, drug_rates
from oncsim.prices.places import Floats, PaymentPlaces
from oncsim.prices.schedule import SCHEDULED, Schedule, medicare_schedule

if TYPE_CHECKING:
    from oncsim.parameters import Values


@dataclass(frozen=True)
class Contract:
    """Terms in force at each site, (sites,) each.

    Attributes
    ----------
    drug : float
        Commercial multiple of ASP.
    service : float
        Commercial multiple of Medicare's full rate at the same setting.
    shipped : float
        Share of commercial drugs the payer's pharmacy ships.
    advantage : float
        What Medicare Advantage plans pay, relative to the usual of such plans.
    """

    drug: Floats
    service: Floats
    shipped: Floats
    advantage: Floats

    def of(self, rows: NDArray[np.int64]) -> Contract:
        """Return the terms of some sites."""
        return Contract(self.drug[rows], self.service[rows], self.shipped[rows], self.advantage[rows])


@dataclass(frozen=True)
class Rates:
    """Allowed amounts.

    Attributes
    ----------
    drugs : DrugRates
        In average sales prices.
    facility, professional : (services, sites, payers) float
        Dollars a unit of the services in ``SCHEDULED``.
    fee : (payers,) float
        Dollars a patient-quarter under contracts that pay a management fee in place of a drug margin.
    schedule : Schedule
        Medicare's schedule behind it.
    """

    drugs: DrugRates
    facility: Floats
    professional: Floats
    fee: Floats
    schedule: Schedule


def allowed_rates(law: Values, places: PaymentPlaces, contract: Contract) -> Rates:
    """Return allowed amounts of every payer at every site under the law of a quarter."""
    schedule = medicare_schedule(law, places)
    facility = np.zeros((len(SCHEDULED), len(places), len(PAYERS)))
    professional = np.zeros_like(facility)
    follow = {MEDICAID: float(law["payment.medicaid.rate"]), UNINSURED: float(law["payment.uninsured.rate"])}
    for payer, ratio in {FFS: 1.0, **follow}.items():
        facility[:, :, payer] = ratio * schedule.facility
        professional[:, :, payer] = ratio * schedule.professional
    rate = float(law["payment.medicare_advantage.rate"]) * contract.advantage
    neutral = float(law["policy.medicare_advantage.site_neutral"])
    at_office = np.where(places.hospital, np.maximum(schedule.office - schedule.professional, 0.0), 0.0)
    plans = (1.0 - neutral) * schedule.facility + neutral * np.minimum(schedule.facility, at_office)
    facility[:, :, ADVANTAGE] = rate * plans
    professional[:, :, ADVANTAGE] = rate * schedule.professional
    facility[:, :, COMMERCIAL] = contract.service * _commercial_facility(law, places, schedule)
    professional[:, :, COMMERCIAL] = contract.service * schedule.professional
    fee = np.zeros(len(PAYERS))
    fee[COMMERCIAL] = float(law["policy.commercial.fee_contracts"]) * float(law["policy.commercial.fee"])
    drugs = drug_rates(law, places, contract.drug, contract.shipped, contract.advantage)
    return Rates(drugs, facility, professional, fee, schedule)


def barred_shares(law: Values, places: PaymentPlaces) -> Floats:
    """Return the share of commercial facility fees that state law bars, (sites,); without a state, as in most states."""
    usual = float(np.median([float(share) for share in law["policy.facility_fee_ban"].values()]))
    return np.where(places.off_campus, law.over("policy.facility_fee_ban", places.codes, otherwise=usual), 0.0)


def _commercial_facility(law: Values, places: PaymentPlaces, schedule: Schedule) -> Floats:
    """Return what the commercial multiple applies to, (services, sites).

    Commercial contracts pay a multiple of the full hospital rate, whatever Medicare's site-neutral shares, but for the
    spill-over share of them; and state law may bar facility fees off campus.
    """
    spill = float(law["policy.site_neutral.commercial_spillover"])
    base = spill * np.minimum(schedule.facility, schedule.opps) + (1.0 - spill) * schedule.opps
    barred = barred_shares(law, places)
    office = np.where(places.hospital, np.maximum(schedule.office - schedule.professional, 0.0), 0.0)
    return np.asarray((1.0 - barred) * base + barred * np.minimum(base, office))
