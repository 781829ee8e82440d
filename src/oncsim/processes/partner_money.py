"""Money of partnerships: upkeep, costs that one shifts to the other, fees and shares that one pays the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PRACTICE
from oncsim.state.physicians import time_given
from oncsim.state.sums import sum_by
from oncsim.ties.ladder import IN_FORCE

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]


def upkeep_of_ties(model: OncologyMarket) -> Floats:
    """Return what each organisation spends on keeping its ties going, half of each, (organisations,) dollars a quarter."""
    ties, size = model.ties, len(model.orgs)
    half = np.where(IN_FORCE[ties.stage], model.ladder.upkeep[ties.form], 0.0) / 8.0
    return np.asarray(sum_by(ties.a, half, size) + sum_by(ties.b, half, size))


def shifted_costs(model: OncologyMarket) -> Floats:
    """Return what tests ordered early by partners cost each organisation, a quarter later, (organisations,) dollars."""
    shifted = model.shifted
    return sum_by(shifted.victim, shifted.amount, len(model.orgs))


def hub_fees(model: OncologyMarket) -> Floats:
    """Return what each organisation pays (or, negative, receives) for oncologists seen by telehealth, dollars a quarter."""
    sites = model.sites
    rows = np.flatnonzero((sites.hub_tie >= 0) & sites.open & (sites.visiting_from >= 0))
    size = len(model.orgs)
    if len(rows) == 0:
        return np.zeros(size)
    fee = time_given(sites, model.physicians)[rows] * _physician_cost(model)
    return np.asarray(sum_by(sites.org[rows], fee, size) - sum_by(sites.org[sites.visiting_from[rows]], fee, size))


def _physician_cost(model: OncologyMarket) -> float:
    law = model.law
    return float(law["finance.physician.pay"]) * (1.0 + float(law["finance.physician.benefits"])) / 4.0


def host_shares(model: OncologyMarket) -> Floats:
    """Return what each organisation pays (negative: receives) of what billing by its host brings, dollars a quarter.

    The host keeps a part of what is left after drugs of the receipts of the departments it bills for.
    """
    sites, size = model.sites, len(model.orgs)
    rows = np.flatnonzero((sites.billed_by >= 0) & sites.open)
    if len(rows) == 0:
        return np.zeros(size)
    ties = model.ties
    tie = sites.billed_by[rows]
    host = np.where(model.orgs.kind[ties.b[tie]] == PRACTICE, ties.a[tie], ties.b[tie])
    left = np.maximum(model.money.paid[rows].sum(axis=(1, 2)) - model.money.drug_cost[rows], 0.0)
    part = float(model.law["partnership.services_host"]) * left
    return np.asarray(sum_by(sites.org[rows], part, size) - sum_by(host, part, size))
