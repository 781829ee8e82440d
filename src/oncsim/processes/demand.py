"""Demand: new patients of every cell; ageing and growth; physicians retire and enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import NEEDS, SEGMENTS
from oncsim.state.physicians import full_time_equivalents

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def payer_shares(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the share of new patients by payer, (zones, payers).

    At 65 and over Medicare, split by the zone's Medicare Advantage share and its drift; under 65 Medicaid, uninsured
    and commercial by the zone's shares.
    """
    zones, law = model.zones, model.law
    old = float(law["demand.cases_65plus"])
    share = zones.population_65plus / np.maximum(zones.population, 1e-9)
    relative = share / float(law["demand.national_share_65plus"])
    tilt = 1.0 + float(law["demand.case_age_weight"]) * (relative - 1.0)
    odds = old / (1.0 - old) * np.maximum(tilt, 0.05)
    over = odds / (1.0 + odds)
    ceiling = np.maximum(float(law["demand.ma_ceiling"]), zones.ma_share)
    advantage = np.clip(zones.ma_share + float(law["demand.ma_growth"]) * model.years, 0.0, ceiling)
    under = 1.0 - over
    covered = np.maximum(1.0 - zones.uninsured_share - zones.medicaid_share, 0.0)
    return np.column_stack(
        [
            over * (1.0 - advantage),
            over * advantage,
            under * covered,
            under * zones.medicaid_share,
            under * (1.0 - covered - zones.medicaid_share),
        ]
    )


def expected_patients(model: OncologyMarket) -> NDArray[np.float64]:
    """Return new patients of the quarter, (zones, segments), as expectations."""
    law = model.law
    growth = (1.0 + float(law["demand.case_growth"])) ** model.years
    cases = model.zones.cases_per_year / 4.0 * float(law["demand.systemic_share"]) * growth
    need = np.array([float(law["demand.need_share"][name]) for name in NEEDS])
    need = need / max(need.sum(), 1e-12)
    by_payer = cases[:, None] * payer_shares(model)
    return np.asarray((by_payer[:, :, None] * need).reshape(len(model.zones), len(SEGMENTS)))


def demand(model: OncologyMarket) -> None:
    """Draw or expect new patients; let physicians retire and new ones enter the pool of recruits."""
    model.new_patients = expected_patients(model)
    if not model.settling:
        retire(model)
        enter(model)
    model.sites.oncologists = full_time_equivalents(model.sites, model.physicians)


def retire(model: OncologyMarket) -> None:
    """Drop physicians who leave practice this quarter; count them for replacement."""
    people, law = model.physicians, model.law
    yearly = np.where(people.years > 30.0, float(law["demand.retirement.late"]), float(law["demand.retirement.early"]))
    quarterly = 1.0 - (1.0 - yearly) ** 0.25
    leaving = model.luck.uniform("demand.retire", model.t, people.key) < quarterly
    model.retired += int(leaving.sum())
    people.keep(~leaving)
    people.years += 0.25


def enter(model: OncologyMarket) -> None:
    """Add entrants to the pool of each region (state): they make up what its workforce lacks against its trend.

    The trend is the workforce at the start growing at ``demand.supply_growth``, so that a policy cannot create
    physicians. People seek posts in their region (most practise in one county, A05; few move, C27).
    """
    growth = (1.0 + float(model.law["demand.supply_growth"])) ** model.years
    here = np.bincount(model.region[model.sites.zone[model.physicians.site]], minlength=len(model.recruits))
    gap = model.workforce_at_start * growth - here - model.recruits
    # A shortfall is made up over a year: training does not answer within a quarter.
    model.recruits += np.maximum(gap, 0.0) * 0.25


def round_systematically(expected: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round rows of expected counts to integers with one uniform a row (systematic rounding).

    Each entry becomes its floor or its ceiling, is right on average, and the row total is the floor or ceiling of the
    expected total.

    Parameters
    ----------
    expected : (rows, columns) float
    uniform : (rows,) float in (0, 1)
    """
    edges = np.floor(np.cumsum(expected, axis=1) + uniform[:, None])
    return np.diff(edges, axis=1, prepend=np.zeros((len(expected), 1)))
