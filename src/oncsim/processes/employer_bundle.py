"""Employer bundles: a system that insures its own employees contracts their cancer care to a practice at a fixed price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PAYERS, PRACTICE, SEGMENTS, TIE_STAGES
from oncsim.state.sums import sum_by
from oncsim.ties.ladder import BUNDLE

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_COMMERCIAL = PAYERS.index("commercial")
_COMMERCIAL_SEGMENTS = np.array([payer == "commercial" for payer, _ in SEGMENTS])
_WORKING = np.isin(np.arange(len(TIE_STAGES)), [TIE_STAGES.index(s) for s in ("active", "deepened", "scaled_back")])


def employees_with_cancer(model: OncologyMarket) -> Floats:
    """Return the people each organisation insures as employees who start treatment in a year, (organisations,)."""
    law, orgs = model.law, model.orgs
    size = len(orgs)
    beds = sum_by(orgs.top_owner()[model.hospitals.org], model.hospitals.beds, size)
    covered = beds * float(law["partnership.bundle.employees_per_bed"]) * float(law["partnership.bundle.covered"])
    return np.asarray(covered * float(law["partnership.bundle.incidence"]))


def commercial_payment(model: OncologyMarket) -> tuple[Floats, Floats]:
    """Return (commercial payments a quarter, commercial patient-quarters) of each organisation, (organisations,) each."""
    sites = model.sites
    top = model.orgs.top_owner()[sites.org]
    size = len(model.orgs)
    known = len(model.money.paid)
    paid = sum_by(top[:known], model.money.paid[:, _COMMERCIAL].sum(axis=1), size)
    time = sum_by(top[:known], model.care.patient_quarters[:known, _COMMERCIAL_SEGMENTS].sum(axis=1), size)
    return paid, time


def bundle_gain(model: OncologyMarket, a: Ints, b: Ints) -> tuple[Floats, Floats]:
    """Return (what an employer bundle would be worth to each pair of a hospital owner and a practice; its patients).

    Dollars and patients a year, (pairs,) each. A system without oncologists saves the difference between what hospitals
    charge on average and the practice's price; the practice earns a margin on the volume. Where the two prices are the same
    there is nothing to contract.
    """
    law, orgs = model.law, model.orgs
    gain, covered = np.zeros(len(a)), np.zeros(len(a))
    if len(a) == 0 or not hasattr(model, "money"):
        return gain, covered
    system = np.where(orgs.kind[b] == PRACTICE, a, b)
    practice = np.where(orgs.kind[b] == PRACTICE, b, a)
    ill, least = employees_with_cancer(model), float(law["partnership.bundle.least_patients"])
    rows = np.flatnonzero((orgs.kind[practice] == PRACTICE) & (orgs.kind[system] != PRACTICE) & (ill[system] >= least))
    if len(rows) == 0:
        return gain, covered
    system, practice = system[rows], practice[rows]
    paid, time = commercial_payment(model)
    price = np.divide(paid, time, out=np.zeros(len(orgs)), where=time > 0)
    hospitals = np.flatnonzero((orgs.kind != PRACTICE) & (time > 0))
    elsewhere = float(paid[hospitals].sum() / time[hospitals].sum()) if len(hospitals) else 0.0
    # A system with oncologists of its own treats its employees itself.
    now = np.where(time[system] > 0, 0.0, elsewhere)
    known = (price[practice] > 0) & (now > 0)
    saved = np.where(known, np.maximum(now - price[practice], 0.0), 0.0)
    # Prices this near each other are the same to those who would have to write a contract.
    saved = np.where(saved > float(law["partnership.bundle.least_saving"]) * now, saved, 0.0)
    quarters = ill[system] * float(law["partnership.bundle.quarters"])
    earned = np.where(saved > 0, price[practice] * float(law["partnership.bundle.margin"]), 0.0)
    gain[rows] = quarters * (saved + earned)
    covered[rows] = ill[system]
    return gain, covered


def bundled_patients(model: OncologyMarket) -> tuple[Ints, Floats]:
    """Return (practice, commercial patients a quarter) that bundles in force send, one row a tie."""
    ties = model.ties
    rows = np.flatnonzero((ties.form == BUNDLE) & _WORKING[ties.stage])
    ill = employees_with_cancer(model) / 4.0
    practice = np.where(model.orgs.kind[ties.b[rows]] == PRACTICE, ties.b[rows], ties.a[rows])
    system = np.where(model.orgs.kind[ties.b[rows]] == PRACTICE, ties.a[rows], ties.b[rows])
    return practice, ill[system]
