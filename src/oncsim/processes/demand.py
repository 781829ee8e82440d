"""Demand: new patients of every cell; ageing and growth; physicians retire and enter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import NEEDS, SEGMENTS
from oncsim.state.physicians import full_time_equivalents

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def payer_shares(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the share of new patients by payer, (zones, payers).

    At 65 and over Medicare, split by :func:`advantage_shares`; under 65 Medicaid, uninsured and commercial by the zone's
    shares, each at its level of the year.
    """
    zones, law = model.zones, model.law
    old = float(law["demand.cases_65plus"])
    share = zones.population_65plus / np.maximum(zones.population, 1e-9)
    relative = share / float(law["demand.national_share_65plus"])
    tilt = 1.0 + float(law["demand.case_age_weight"]) * (relative - 1.0)
    odds = old / (1.0 - old) * np.maximum(tilt, 0.05)
    over = odds / (1.0 + odds)
    advantage = advantage_shares(model)
    under = 1.0 - over
    medicaid = np.minimum(zones.medicaid_share * float(law["demand.medicaid_level"]), 1.0)
    uninsured = zones.uninsured_share * float(law["demand.uninsured_level"])
    medicaid, uninsured = coverage_shift(model, medicaid, uninsured)
    covered = np.maximum(1.0 - uninsured - medicaid, 0.0)
    return np.column_stack(
        [
            over * (1.0 - advantage),
            over * advantage,
            under * covered,
            under * medicaid,
            under * (1.0 - covered - medicaid),
        ]
    )


def coverage_shift(
    model: OncologyMarket, medicaid: NDArray[np.float64], uninsured: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (Medicaid, uninsured) shares of people under 65 after law has moved some between them, (zones,) each."""
    zones, law = model.zones, model.law
    places = {"state": zones.state_code, "rural": zones.rural.astype(np.int64)}
    lost = medicaid * law.over("policy.coverage.medicaid_lost", places)
    gained = uninsured * law.over("policy.coverage.medicaid_gained", places)
    return medicaid - lost + gained, uninsured + lost - gained


def advantage_shares(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the share of Medicare patients in Medicare Advantage, (zones,).

    A zone's share moves with the national series by the same step in log odds from the share its table holds, and drifts in
    points, up to the ceiling, once that series ends.
    """
    share, law = model.zones.ma_share, model.law
    ceiling = np.maximum(float(law["demand.ma_ceiling"]), share)
    national, reference = float(law["demand.ma_national"]), float(law["demand.ma_reference"])
    if national != reference:
        ratio = national / (1.0 - national) * (1.0 - reference) / reference
        share = share * ratio / (1.0 - share + share * ratio)
    drift = sum(rate * years for rate, years in spells(model, "demand.ma_growth"))
    return np.asarray(np.clip(share + drift, 0.0, ceiling), dtype=np.float64)


def spells(model: OncologyMarket, name: str) -> list[tuple[float, float]]:
    """Return the values of a yearly rate since the first quarter, each with the years for which it has been in force."""
    counts: list[tuple[float, int]] = []
    for quarter in model.quarters[1 : max(model.t, 0) + 1]:
        rate = float(model.parameters.at(quarter)[name])
        if counts and counts[-1][0] == rate:
            counts[-1] = (rate, counts[-1][1] + 1)
        else:
            counts.append((rate, 1))
    return [(rate, quarters / 4.0) for rate, quarters in counts]


def grown(model: OncologyMarket, name: str) -> float:
    """Return by what factor something has grown since the first quarter, at a yearly rate that may change in time."""
    return math.prod((1.0 + rate) ** years for rate, years in spells(model, name))


def expected_patients(model: OncologyMarket) -> NDArray[np.float64]:
    """Return new patients of the quarter, (zones, segments), as expectations."""
    law = model.law
    more = grown(model, "demand.case_growth")
    cases = model.zones.cases_per_year / 4.0 * float(law["demand.systemic_share"]) * more
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
    quarterly = quarterly_chance(yearly)
    leaving = model.luck.uniform("demand.retire", model.t, people.key) < quarterly
    model.retired += int(leaving.sum())
    people.keep(~leaving)
    people.years += 0.25


def enter(model: OncologyMarket) -> None:
    """Add entrants to the pool of each region (state): they make up what its workforce lacks against its trend.

    The trend is the workforce at the start growing at ``demand.supply_growth``, so that a policy cannot create
    physicians. People seek posts in their region (most practise in one county, A05; few move, C27).
    """
    trend = model.workforce_at_start * grown(model, "demand.supply_growth")
    here = np.bincount(model.region[model.sites.zone[model.physicians.site]], minlength=len(model.recruits))
    gap = trend - here - model.recruits
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
