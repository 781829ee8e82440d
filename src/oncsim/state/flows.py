"""What happened to patients this quarter: who went where, who waits, who stays untreated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import COMPONENTS

_DRUG = COMPONENTS.index("drug")


@dataclass
class Flows:
    """Patient flows of one quarter.

    Attributes
    ----------
    new, untreated, waiting, waiting_before : (zones, segments) float
        Patients of each cell: new cases, untreated, waiting at the end and at the start of the quarter.
    started : (zones, segments) float
        Patients of each cell who started treatment: ``new + waiting_before - untreated - waiting``.
    pair_started : (pairs,) float
        Patients who started, per zone-site pair, all payers and needs.
    """

    new: NDArray[np.float64]
    untreated: NDArray[np.float64]
    waiting: NDArray[np.float64]
    waiting_before: NDArray[np.float64]
    started: NDArray[np.float64]
    pair_started: NDArray[np.float64]


@dataclass
class Money:
    """Payments of one quarter.

    Attributes
    ----------
    paid : (sites, payers, components) float
        Dollars received by each site, whoever paid.
    patient : (sites, payers, components) float
        The part of ``paid`` that patients owed; the rest is the payer's.
    drug_cost : (sites,) float
        What the site paid for drugs.
    margin_340b : (sites,) float
        What 340B adds to the drug margin of each site that buys at its prices, dollars.
    at_340b : (sites,) float
        Dollars each site spent on drugs bought at 340B prices.
    charity : (sites,) float
        Care given away because law passes part of the 340B margin on to patients; a cost.
    pharmacy, pharmacy_patient : (sites, payers) float
        What payers and patients paid for drugs that payers' pharmacies shipped to the site: spending, but received by nobody
        in the market.
    """

    paid: NDArray[np.float64]
    patient: NDArray[np.float64]
    drug_cost: NDArray[np.float64]
    margin_340b: NDArray[np.float64]
    at_340b: NDArray[np.float64]
    charity: NDArray[np.float64]
    pharmacy: NDArray[np.float64]
    pharmacy_patient: NDArray[np.float64]

    @property
    def by_payers(self) -> NDArray[np.float64]:
        """What each payer paid itself, pharmacies included, (payers, components) dollars."""
        total = self.paid.sum(axis=0) - self.patient.sum(axis=0)
        total[:, _DRUG] += self.pharmacy.sum(axis=0)
        return np.asarray(total)

    @property
    def by_patients(self) -> NDArray[np.float64]:
        """What the patients of each payer owed, pharmacies included, (payers, components) dollars."""
        total = self.patient.sum(axis=0)
        total[:, _DRUG] += self.pharmacy_patient.sum(axis=0)
        return np.asarray(total)
