"""What happened to patients this quarter: who went where, who waits, who stays untreated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    drug_cost_list : (sites,) float
        What it would have paid without the 340B discount.
    margin_340b : (sites,) float
        What 340B adds to the drug margin of each site that buys at its prices, dollars.
    """

    paid: NDArray[np.float64]
    patient: NDArray[np.float64]
    drug_cost: NDArray[np.float64]
    drug_cost_list: NDArray[np.float64]
    margin_340b: NDArray[np.float64]
