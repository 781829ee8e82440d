"""From volumes and rates to money: allowed, owed by patients, paid by payers, received; by payer and component."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import COMPONENTS, NEEDS, PAYERS
from oncsim.prices.drugs import COMMERCIAL, FFS, DrugRates
from oncsim.prices.places import Floats
from oncsim.prices.rates import Rates
from oncsim.prices.schedule import OTHER

if TYPE_CHECKING:
    from oncsim.parameters import Values

DRUG, FACILITY, PROFESSIONAL, FEE, OTHER_COMPONENT = range(len(COMPONENTS))


@dataclass(frozen=True)
class Volumes:
    """What is paid for.

    Attributes
    ----------
    drug_dollars : (sites, segments) float
        Drugs given, at average sales price.
    infusions, visits, patient_quarters : (sites, payers) float
        Infusion days, visits, time under treatment.
    """

    drug_dollars: Floats
    infusions: Floats
    visits: Floats
    patient_quarters: Floats

    def units(self, law: Values) -> Floats:
        """Return units of the scheduled services, (services, sites, payers)."""
        return np.array(
            [
                self.infusions,
                self.visits,
                self.patient_quarters * float(law["care.imaging_per_quarter"]),
                self.patient_quarters * float(law["care.radiation_per_quarter"]),
                self.patient_quarters,
            ]
        )

    def of(self, rows: NDArray[np.int64]) -> Volumes:
        """Return the volumes of some sites."""
        return Volumes(self.drug_dollars[rows], self.infusions[rows], self.visits[rows], self.patient_quarters[rows])

    def kept(self, share: Floats) -> Volumes:
        """Return what is left of the volumes when a share of each payer's patients stays, (sites, payers)."""
        by_segment = np.repeat(share, len(NEEDS), axis=1)
        return Volumes(
            self.drug_dollars * by_segment, self.infusions * share, self.visits * share, self.patient_quarters * share
        )

    def scaled_drugs(self, factor: float) -> Volumes:
        """Return the same volumes with drugs dearer by a factor."""
        return replace(self, drug_dollars=self.drug_dollars * factor)


@dataclass(frozen=True)
class Receipts:
    """Money of one quarter.

    Attributes
    ----------
    paid : (sites, payers, components) float
        Dollars received by each site, whoever paid, after the sequester.
    patient : (sites, payers, components) float
        The part that patients owed.
    """

    paid: Floats
    patient: Floats


def patient_shares(law: Values) -> Floats:
    """Return the patient's share of the allowed amount by payer, (payers,)."""
    medicare = float(law["payment.medicare.coinsurance"])
    commercial = float(law["payment.commercial.patient_share"])
    return np.array([medicare, medicare, commercial, float(law["payment.medicaid.patient_share"]), 1.0])


def hospital_cost_sharing(law: Values, hospital: Floats, multiple: Floats) -> Floats:
    """Return what commercial members owe of a drug's allowed amount beyond their usual share, (sites,).

    ``policy.payer.hospital_coinsurance`` adds points at hospitals; under ``policy.payer.reference_pricing`` that share of
    members owes what the price exceeds the office price by, less the part they owe of it anyway.

    Parameters
    ----------
    hospital : (sites,) float
        1 at departments of hospitals, 0 elsewhere.
    multiple : (sites,) float
        Bargained multiple of ASP.
    """
    added = float(law["policy.payer.hospital_coinsurance"])
    members = float(law["policy.payer.reference_pricing"])
    above = np.clip(1.0 - float(law["payment.commercial.drug"]["office"]) / np.maximum(multiple, 1e-9), 0.0, 1.0)
    usual = float(law["payment.commercial.patient_share"])
    return np.clip(hospital * (added + members * above * (1.0 - usual)), 0.0, 1.0 - usual)


def sequester_shares(law: Values) -> Floats:
    """Return the part of the payer's own payment that the sequester takes, (payers, components)."""
    cut = np.zeros((len(PAYERS), len(COMPONENTS)))
    cut[FFS] = float(law["payment.medicare.sequester"])
    if not law["payment.medicare.sequester_on_drugs"]:
        cut[FFS, DRUG] = 0.0
    return cut


def by_payer(segments: Floats) -> Floats:
    """Sum (sites, segments) over needs to (sites, payers)."""
    # Three strided additions: a reduction over an axis of three costs ten times as much.
    return np.asarray(segments[:, 0 :: len(NEEDS)] + segments[:, 1 :: len(NEEDS)] + segments[:, 2 :: len(NEEDS)])


def allowed_amounts(law: Values, rates: Rates, volumes: Volumes) -> Floats:
    """Return allowed amounts in dollars, (sites, payers, components)."""
    units = volumes.units(law)
    allowed = np.zeros((*volumes.infusions.shape, len(COMPONENTS)))
    allowed[:, :, DRUG] = by_payer(rates.drugs.paid * volumes.drug_dollars)
    facility, professional = rates.facility * units, rates.professional * units
    allowed[:, :, FACILITY] = facility[:OTHER].sum(axis=0)
    allowed[:, :, PROFESSIONAL] = professional[:OTHER].sum(axis=0)
    allowed[:, :, FEE] = rates.fee * volumes.patient_quarters
    allowed[:, :, OTHER_COMPONENT] = facility[OTHER] + professional[OTHER]
    return allowed


def settle(law: Values, allowed: Floats, extra_fees: Floats | None = None, extra_share: Floats | None = None) -> Receipts:
    """Return who pays what of the allowed amounts.

    Parameters
    ----------
    allowed : (sites, payers, components) float
    extra_fees : (sites, payers) float, optional
        Fees for care models and navigation, of which patients owe nothing.
    extra_share : (sites, payers) float, optional
        What patients owe of drugs beyond their usual share.
    """
    patient = allowed * patient_shares(law)[None, :, None]
    if extra_share is not None:
        patient[:, :, DRUG] += allowed[:, :, DRUG] * extra_share
    patient[:, COMMERCIAL, FEE] = 0.0  # fees are paid by plans
    payer = allowed - patient
    if extra_fees is not None:
        payer[:, :, FEE] += extra_fees
    payer = payer * (1.0 - sequester_shares(law))[None]
    return Receipts(patient + payer, patient)


def receipts(law: Values, rates: Rates, volumes: Volumes) -> Receipts:
    """Return what sites receive for their volumes at these rates."""
    return settle(law, allowed_amounts(law, rates, volumes))


def settle_drugs(law: Values, drugs: DrugRates, volumes: Volumes) -> Floats:
    """Return what sites receive for drugs alone at these rates, (sites, payers) dollars, after the sequester."""
    share = patient_shares(law)
    kept = share + (1.0 - share) * (1.0 - sequester_shares(law)[:, DRUG])
    return np.asarray(by_payer(drugs.paid * volumes.drug_dollars) * kept)


def pharmacy_payments(law: Values, drugs: DrugRates, volumes: Volumes) -> tuple[Floats, Floats]:
    """Return (paid by payers, owed by patients) for drugs that payers' pharmacies ship, (sites, payers) dollars.

    The money goes to pharmacies outside the market; it is spending all the same.
    """
    allowed = by_payer(drugs.outside * volumes.drug_dollars) * drugs.shipped[:, None]
    patient = allowed * patient_shares(law)
    return allowed - patient, patient
