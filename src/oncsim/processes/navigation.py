"""Navigation payment: a fee for navigating patients, and organisations that take navigation up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import PAYER, PAYERS, SERVICE_LINES
from oncsim.prices.receipts import by_payer
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_NAVIGATION = SERVICE_LINES.index("navigation")


def fee_by_payer(model: OncologyMarket) -> Floats:
    """Return the fee of a quarter of navigation by payer, (payers,) dollars a patient; nobody pays one for the uninsured."""
    fee = model.law["policy.navigation.payment"]
    return np.array([float(fee[payer]) if payer != "uninsured" else 0.0 for payer in PAYERS])


def navigation_fees(model: OncologyMarket) -> Floats:
    """Return the fees owed for navigating patients this quarter, (sites, payers) dollars.

    Reads the patient-quarters of care; zero where a site has no navigation.
    """
    return np.asarray(by_payer(model.care.patient_quarters) * fee_by_payer(model) * model.sites.lines[:, _NAVIGATION, None])


def navigation_cost(model: OncologyMarket) -> Floats:
    """Return what navigation costs where it was taken up in the run, (sites,) dollars this quarter.

    Navigation that was there at the start is part of the costs sites have anyway.
    """
    sites = model.sites
    time = model.care.patient_quarters.sum(axis=1)
    return np.asarray(float(model.law["finance.navigation_cost"]) * time * sites.navigation_added)


def take_up_navigation(model: OncologyMarket) -> None:
    """Let organisations add navigation where the fee covers its cost, and drop what they added where it no longer does."""
    law, sites, orgs = model.law, model.sites, model.orgs
    fee = fee_by_payer(model)
    added = sites.navigation_added & sites.open
    if not fee.any() and not added.any():
        return
    size = len(orgs)
    time = by_payer(model.care.patient_quarters)
    gain = sum_by(sites.org, time @ fee - float(law["finance.navigation_cost"]) * time.sum(axis=1), size)
    yearly = float(law["health_system.navigation.yearly"])
    acts = model.quarter_luck("navigation.review")[:size] < quarterly_chance(yearly)
    acts &= (orgs.kind != PAYER) & (np.round(gain, 6) != 0)
    without = sites.open & ~sites.lines[:, _NAVIGATION]
    takes = without & (acts & (gain > 0))[sites.org]
    drops = added & (acts & (gain < 0))[sites.org]
    for mask, has in ((takes, True), (drops, False)):
        sites.lines[mask, _NAVIGATION] = has
        sites.navigation_added[mask] = has
        for org in np.unique(sites.org[mask]):
            about = f"about ${abs(gain[org]) * 4.0 / 1e3:,.0f} thousand a year"
            model.tell(
                "capability_added" if has else "capability_dropped",
                int(org),
                amount=float(abs(gain[org])) * 4.0,
                text=f"{{actor}} {'takes up' if has else 'gives up'} navigation: fees "
                f"{'cover' if has else 'no longer cover'} its cost by {about}",
            )
