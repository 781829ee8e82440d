"""Choice: where patients go, given travel, waits, networks and who steers them (methods 2a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from oncsim.codes import (
    ACADEMIC_CENTER,
    AMC_MAIN,
    AMC_SATELLITE,
    FREESTANDING,
    HOME,
    HOPD_OFF,
    HOPD_ON,
    NEEDS,
    OFFICE,
    PAYERS,
    SEGMENTS,
    SERVICE_LINES,
    SPOKE,
    among,
)
from oncsim.processes.handover import continuum_utility, handover_utility
from oncsim.processes.nested_logit import PairLayout, choose, join_small_shares
from oncsim.processes.referral import steering_utility
from oncsim.processes.site_rules import steering_by_payers
from oncsim.processes.telehealth import telehealth_utility
from oncsim.state.pairs import Pairs, with_home_care, with_new_sites, without_closed
from oncsim.state.travel import Places

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_INFUSION, _RADIATION, _IMAGING = (SERVICE_LINES.index(x) for x in ("infusion", "radiation", "imaging"))
_CELLULAR, _TRIALS, _NAVIGATION = (SERVICE_LINES.index(x) for x in ("cellular_therapy", "trials", "navigation"))
# Nests: community sites, hospital departments, academic sites, care at a distance.
NEST_OF_KIND = np.zeros(8, dtype=np.int64)
NEST_OF_KIND[[OFFICE, FREESTANDING]] = 0
NEST_OF_KIND[[HOPD_ON, HOPD_OFF]] = 1
NEST_OF_KIND[[AMC_MAIN, AMC_SATELLITE]] = 2
NEST_OF_KIND[[HOME, SPOKE]] = 3
NESTS = 4
_NEED_OF = np.array([NEEDS.index(need) for _, need in SEGMENTS])
_PAYER_OF = np.array([PAYERS.index(payer) for payer, _ in SEGMENTS])


def travel_utility(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the disutility of travel of each pair by need: piecewise linear with knots at 10, 30, 60 and 120 minutes."""
    law, minutes = model.law, model.pairs.minutes
    slopes = [
        float(law["choice.travel.slope_0_10"]),
        float(law["choice.travel.slope_10_30"]),
        float(law["choice.travel.slope_30_60"]),
        float(law["choice.travel.slope_60_120"]),
        float(law["choice.travel.slope_over_120"]),
    ]
    knots = [0.0, 10.0, 30.0, 60.0, 120.0, np.inf]
    utility = np.zeros(len(minutes))
    for slope, low, high in zip(slopes, knots[:-1], knots[1:], strict=True):
        utility += slope * np.clip(minutes - low, 0.0, high - low)
    utility *= float(law["choice.travel.home_bias"])
    by_need = np.array([float(law["choice.travel.need_factor"][need]) for need in NEEDS])
    return utility[:, None] * by_need


def nearest_open(model: OncologyMarket, working: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return, for each pair, whether its site is the zone's nearest that works."""
    pairs = model.pairs
    minutes = np.where(working[pairs.site], pairs.minutes, np.inf)
    best = np.full(len(model.zones), np.inf)
    np.minimum.at(best, pairs.zone, minutes)
    return np.isfinite(minutes) & (minutes <= best[pairs.zone])


def site_utility(model: OncologyMarket) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the utility of each site by segment, and where it is available at all.

    A site takes patients while it is open, has oncologist time and infuses; tertiary need also takes cellular therapy.
    """
    law, sites = model.law, model.sites
    working = sites.open & (sites.oncologists > 1e-6) & sites.lines[:, _INFUSION]
    academic = among(sites.kind, (AMC_MAIN, AMC_SATELLITE))
    technology = sites.lines[:, _RADIATION] | sites.lines[:, _IMAGING]
    sites.quality = (
        float(law["choice.technology"]) * technology
        + float(law["choice.university"]) * academic
        + float(law["choice.large_unit"]) * (sites.oncologists >= 10)
    )
    common = (
        sites.quality
        + float(law["choice.size"]) * np.log(np.maximum(sites.oncologists, 0.05))
        + float(law["choice.wait"]) * sites.expected_wait
        + float(law["choice.home_care"]) * (sites.kind == HOME)
        + telehealth_utility(model)
        + continuum_utility(model)
    )
    by_need = np.outer(academic, [float(law["choice.academic_need"][need]) for need in NEEDS])
    by_need[:, 1:] += float(law["choice.trials"]) * sites.lines[:, _TRIALS, None]
    by_payer = float(law["choice.network"]) * ~model.in_network[sites.org]
    utility = common[:, None] + by_need[:, _NEED_OF] + by_payer[:, _PAYER_OF] + steering_by_payers(model)
    utility += handover_utility(model)
    capable = np.column_stack([working, working, working & sites.lines[:, _CELLULAR]])[:, _NEED_OF]
    at_home = sites.kind == HOME
    if at_home.any():
        # Nurses infuse standard regimens at home, for payers that cover it.
        covered = law["policy.home_infusion.covered"]
        given = np.array([need == "standard" and bool(covered[payer]) for payer, need in SEGMENTS])
        capable = np.where(at_home[:, None], capable & given, capable)
    return utility, capable


def untreated_offset(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the log odds of treatment of each cell before access counts, relative to the segment's reference."""
    law, zones = model.law, model.zones
    need = np.array([float(law["choice.untreated.share"][name]) for name in NEEDS])
    payer = np.array([float(law["choice.untreated.payer_odds"][name]) for name in PAYERS])
    segment = -logit(need)[_NEED_OF] - np.log(payer)[_PAYER_OF]
    deprivation = -float(law["choice.untreated.deprivation"]) * (zones.deprivation - 0.5)
    navigation = -np.log(float(law["choice.untreated.navigation"])) * model.navigated
    return segment + (deprivation + navigation)[:, None]


def choice(model: OncologyMarket) -> None:
    """Let patients of the quarter, and those still waiting, choose a site or stay untreated."""
    law = model.law
    _renew_lists(model)
    utility, available = site_utility(model)
    utility = utility + model.kind_pull[NEST_OF_KIND[model.sites.kind], None]
    pair_utility = travel_utility(model)
    model.travel_pull = pair_utility[:, 0]
    shared = steering_utility(model)
    shared += float(law["choice.nearest"]) * nearest_open(model, available[:, 0] & (model.sites.kind != HOME))
    pair_utility = pair_utility + shared[:, None]
    layout = model.pair_layout()
    slope = float(law["choice.untreated.access_slope"])
    offset = untreated_offset(model)
    dissimilarity = float(law["choice.nest_dissimilarity"])
    if model.reference_access is None:
        model.reference_access = _reference(model, layout, pair_utility, utility, available, dissimilarity)
    model.choice = choose(
        layout, pair_utility, utility, available, offset - slope * model.reference_access, slope, dissimilarity
    )
    model.shares = join_small_shares(model.choice, float(law["choice.flow_floor"]))


def balance_kinds(model: OncologyMarket) -> None:
    """Move the pull of each kind of site so that patients divide over kinds as clinical oncologist time does.

    Called while the market settles (one step of the contraction of Berry 1994 a quarter), then frozen: the
    constants of the logit are matched to the start, so that policy moves shares and start-up does not.
    """
    sites, law = model.sites, model.law
    nest = NEST_OF_KIND[sites.kind]
    working = sites.open & (sites.oncologists > 1e-6)
    academic = among(sites.kind, (AMC_MAIN, AMC_SATELLITE))
    time = np.where(working, sites.oncologists, 0.0) * np.where(academic, float(law["choice.academic_time"]), 1.0)
    supply = np.bincount(nest, weights=time, minlength=NESTS)
    demand = np.bincount(nest, weights=model.arrivals, minlength=NESTS)
    both = (supply > 0) & (demand > 0)
    if both.sum() < 2:
        return
    step = np.zeros(NESTS)
    step[both] = np.log(supply[both] / supply[both].sum()) - np.log(demand[both] / demand[both].sum())
    model.kind_pull += float(law["choice.start_balance"]) * step
    model.reference_access = None  # the zero of the access term is that of the market as balanced


def _renew_lists(model: OncologyMarket) -> None:
    """Take sites that have closed off the lists, and put those opened last quarter on the lists of the zones in reach."""
    pairs = without_closed(model.pairs, model.sites.open)
    if pairs is not model.pairs:
        model.pairs = pairs
        model.forget_layout()
    if model.fresh_sites:
        model.pairs = with_new_sites(
            model.pairs,
            model.roads,
            zone_places(model),
            model.within_miles,
            site_places(model),
            np.array(model.fresh_sites),
        )
        model.pairs = care_at_home(model, model.pairs)
        model.fresh_sites.clear()
        model.forget_layout()


def care_at_home(model: OncologyMarket, pairs: Pairs) -> Pairs:
    """Return the pairs with nobody travelling to home infusion services."""
    return with_home_care(pairs, model.sites.kind == HOME, float(model.law["payer.home_infusion.minutes"]))


def _reference(
    model: OncologyMarket,
    layout: PairLayout,
    pair_utility: NDArray[np.float64],
    utility: NDArray[np.float64],
    available: NDArray[np.bool_],
    dissimilarity: float,
) -> NDArray[np.float64]:
    """Return each segment's mean inclusive value when the market is first seen: the zero of the access term.

    It makes the untreated shares of the registry the average of the market at the start, whatever the units of utility.
    """
    zero = np.zeros((len(model.zones), len(SEGMENTS)))
    first = choose(layout, pair_utility, utility, available, zero, 0.0, dissimilarity)
    weight = np.where(np.isfinite(first.inclusive), model.new_patients, 0.0)
    value = np.where(np.isfinite(first.inclusive), first.inclusive, 0.0)
    total = weight.sum(axis=0)
    return np.divide((weight * value).sum(axis=0), total, out=np.zeros(len(SEGMENTS)), where=total > 0)


def zone_places(model: OncologyMarket) -> Places:
    """Return the zones as origins of travel."""
    zones = model.zones
    return Places(zones.lat, zones.lon, np.arange(len(zones)), zones.rural, zones.air_minutes)


def site_places(model: OncologyMarket) -> Places:
    """Return the sites as destinations of travel."""
    zones, sites = model.zones, model.sites
    return Places(sites.lat, sites.lon, sites.zone, zones.rural[sites.zone], zones.air_minutes[sites.zone])


def centers(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return which sites belong on every list in reach: main sites of NCI-designated centers, else of any center."""
    sites, orgs = model.sites, model.orgs
    main = sites.kind == AMC_MAIN
    designated = main & orgs.nci[sites.org]
    return designated if designated.any() else main & (orgs.kind[sites.org] == ACADEMIC_CENTER)
