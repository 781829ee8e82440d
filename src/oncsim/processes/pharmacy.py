"""Pharmacy as part of oncology: pharmacists give time back, keep patients safer and keep the drug margin (A36, A37)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import PAYER, SERVICE_LINES
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_PHARMACY, _INFUSION = SERVICE_LINES.index("pharmacy"), SERVICE_LINES.index("infusion")


def pharmacy_margin(model: OncologyMarket) -> Floats:
    """Return what dispensing would leave at each site, (sites,) dollars a quarter."""
    law = model.law
    time = model.care.patient_quarters.sum(axis=1)
    return np.asarray(time * float(law["care.pharmacy_oral"]) * float(law["finance.pharmacy_margin"]))


def pharmacy_cost(model: OncologyMarket) -> Floats:
    """Return what a pharmacy taken in during the run costs, less what it keeps on drugs, (sites,) dollars this quarter.

    Pharmacies that were there at the start are part of the books that sites have anyway.
    """
    sites = model.sites
    if not sites.pharmacy_added.any():
        return np.zeros(len(sites))
    upkeep = float(model.law["health_system.pharmacy.upkeep"]) / 4.0
    return np.asarray(np.where(sites.pharmacy_added & sites.open, upkeep - pharmacy_margin(model), 0.0))


def take_up_pharmacy(model: OncologyMarket) -> None:
    """Let organisations take pharmacy into their largest site without one, where its margin covers what it costs."""
    law, sites, orgs = model.law, model.sites, model.orgs
    yearly = float(law["health_system.pharmacy.yearly"])
    if yearly <= 0:
        return
    size = len(orgs)
    acts = (model.quarter_luck("pharmacy.review")[:size] < quarterly_chance(yearly)) & (orgs.kind != PAYER)
    without = sites.open & sites.lines[:, _INFUSION] & ~sites.lines[:, _PHARMACY] & acts[sites.org]
    setup = float(law["health_system.pharmacy.setup"])
    gain = 4.0 * pharmacy_margin(model) - float(law["health_system.pharmacy.upkeep"])
    worth = without & (gain - setup / float(law["health_system.pharmacy.years"]) > 0) & (orgs.cash[sites.org] >= setup)
    rows = np.flatnonzero(worth)
    if len(rows) == 0:
        return
    rows = rows[np.lexsort((sites.key[rows], -gain[rows], sites.org[rows]))]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = sites.org[rows][1:] != sites.org[rows][:-1]
    for site in rows[first]:
        add_pharmacy(model, int(site), f"it keeps about ${max(float(gain[site]), 0.0) / 1e3:,.0f} thousand a year")
    orgs.cash -= sum_by(sites.org[rows[first]], np.full(int(first.sum()), setup), size)


def add_pharmacy(model: OncologyMarket, site: int, reason: str) -> None:
    """Make pharmacy part of a site."""
    sites = model.sites
    sites.lines[site, _PHARMACY] = True
    sites.pharmacy_added[site] = True
    model.tell(
        "capability_added",
        int(sites.org[site]),
        site=site,
        text=f"{{actor}} makes pharmacy part of its oncology at {sites.name[site]}: {reason}",
    )
