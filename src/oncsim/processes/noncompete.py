"""Non-competes: how free employed oncologists are to compete where they work, and what that does to founding and deals.

The chance of founding in the registry is that of oncologists bound by a non-compete, who leave its area or its term
behind. Where none holds, employed oncologists found practices more readily, most of all after their practice was acquired,
part of their patients follow, and a buyer counts on keeping fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import ACADEMIC_CENTER, ACQUIRED, HEALTH_SYSTEM, NETWORK, among
from oncsim.processes.jurisdiction import by_state, of_state, org_state, site_states
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
RECENT_QUARTERS = 8  # within two years of a deal, as departures after a resale are counted


def for_profit(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return which organisations are for-profit employers: networks, and systems with most beds in proprietary hospitals."""
    orgs, hospitals = model.orgs, model.hospitals
    size = len(orgs)
    beds = sum_by(hospitals.org, np.maximum(hospitals.beds, 1.0), size)
    owned = sum_by(hospitals.org, np.maximum(hospitals.beds, 1.0) * hospitals.proprietary, size)
    return np.asarray((orgs.kind == NETWORK) | (owned > 0.5 * beds))


def freedom(model: OncologyMarket, state: NDArray[np.int64], employer: NDArray[np.int64]) -> Floats:
    """Return how free oncologists are to compete with an employer, 0 (a non-compete holds) to 1 (none does).

    Parameters
    ----------
    state : (n,) int
        States of the places of work.
    employer : (n,) int
        Rows of the organisations at the top.
    """
    law = model.law
    free = 1.0 - by_state(law["policy.noncompete.enforceable"], state)
    if law["policy.noncompete.federal_rule"]:
        free = np.where(for_profit(model)[employer], 1.0, free)
    return np.asarray(free)


def site_freedom(model: OncologyMarket) -> Floats:
    """Return how free the oncologists of each site are to compete with its owner, (sites,)."""
    return freedom(model, site_states(model), model.orgs.top_owner()[model.sites.org])


def seller_freedom(model: OncologyMarket, buyer: int, seller: int) -> float:
    """Return how free the oncologists of a practice would be to compete with a buyer."""
    if model.law["policy.noncompete.federal_rule"] and for_profit(model)[buyer]:
        return 1.0
    return 1.0 - of_state(model.law["policy.noncompete.enforceable"], org_state(model, seller))


def founding_chance(model: OncologyMarket) -> Floats:
    """Return each oncologist's chance of leaving to found a practice this quarter, (physicians,)."""
    law, sites, orgs, people = model.law, model.sites, model.orgs, model.physicians
    site = people.site
    kind = orgs.kind[orgs.top_owner()[sites.org[site]]]
    free = site_freedom(model)[site]
    more = float(law["practice.found.free"])
    # Oncologists of practices that platforms own hold shares with a non-compete of their own: only freedom lets them leave.
    factor = np.where(among(kind, (HEALTH_SYSTEM, ACADEMIC_CENTER)), 1.0 + (more - 1.0) * free, 0.0)
    factor = np.where(kind == NETWORK, more * free, factor)
    origin = sites.origin[site]
    came = origin.clip(min=0)
    lately = (origin >= 0) & (orgs.status[came] == ACQUIRED) & (model.t - orgs.acquired_at[came] < RECENT_QUARTERS)
    factor = np.where(lately, factor * (1.0 + (float(law["practice.found.after_deal"]) - 1.0) * free), factor)
    yearly = np.minimum(float(law["practice.found.yearly"]) * factor, 1.0)
    return np.asarray(quarterly_chance(yearly))


def follow(model: OncologyMarket, old: int, new: int, people: int) -> None:
    """Let part of an oncologist's patients under treatment follow from one site to another.

    Parameters
    ----------
    old, new : int
        Sites.
    people : int
        Oncologists of the old site before the departure.
    """
    sites = model.sites
    share = float(model.law["practice.found.follow"]) * float(site_freedom(model)[old]) / max(people, 1)
    if share <= 0:
        return
    moved = sites.in_care[old] * share
    sites.in_care[old] -= moved
    sites.in_care[new] += moved
