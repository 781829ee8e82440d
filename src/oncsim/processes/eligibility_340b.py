"""340B eligibility: by which routes hospitals pass under the law of a quarter, and what the start tells of them.

A hospital takes part by a route (DSH, SCH, RRC, CAH, CAN, PED). The law says which routes are open and the DSH percentage
each asks. What the table of hospitals says of the start is taken as evidence: participants pass, and the rest are not
about to join.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import HOSPITAL_CLASSES, ROUTES_340B
from oncsim.parameters import Parameters

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values
    from oncsim.state.hospitals import Hospitals
    from oncsim.state.zones import Zones

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

_DSH, _SCH, _RRC, _CAH, _CAN, _PED = range(len(ROUTES_340B))
_MORE_THAN = np.isin(ROUTES_340B, ("DSH", "CAN", "PED"))  # routes that ask more than their threshold, not at least it
_STEP = 1e-4  # DSH percentages of the tables have four digits
_PREFERRED = (_DSH, _PED, _CAN, _CAH, _SCH, _RRC)
_ROUTES_OF_CLASS = {
    "general": (_DSH,),
    "rural_referral": (_DSH, _RRC),
    "sole_community_rural": (_DSH, _SCH),
    "sole_community_urban": (_DSH, _SCH),
    "critical_access": (_CAH,),
    "cancer": (_CAN,),
    "childrens": (_PED,),
}
# After so many years all hospitals that mean to take part by a route have registered.
SETTLED_YEARS = 10


# -- the law of a quarter -------------------------------------------------------------------------------------------


def by_hospital(law: Values, name: str, hospitals: Hospitals, route: int | None = None) -> Floats:
    """Return one value a hospital of a lever of 340B, for one route where the lever has routes."""
    count = len(hospitals)
    places = {
        "hospital_class": hospitals.hospital_class,
        "state": hospitals.state,
        "rural": hospitals.rural.astype(np.int64),
    }
    if route is not None:
        places["route_340b"] = np.full(count, route)
    return law.over(name, places)


def passes(law: Values, hospitals: Hospitals) -> Flags:
    """Return by which routes each hospital is eligible, (hospitals, routes): possible, open, DSH percentage high enough."""
    found = np.zeros((len(hospitals), len(ROUTES_340B)), dtype=np.bool_)
    for route in range(len(ROUTES_340B)):
        threshold = by_hospital(law, "policy.p340b.dsh_threshold", hospitals, route)
        dsh = hospitals.dsh_pct
        enough = dsh > threshold if _MORE_THAN[route] else dsh >= threshold
        is_open = by_hospital(law, "policy.p340b.route_open", hospitals, route) > 0.5
        found[:, route] = hospitals.entitled & hospitals.possible[:, route] & is_open & enough
    rank = by_hospital(law, "policy.p340b.urban_dsh_rank", hospitals)
    found[:, _DSH] &= hospitals.rural | (hospitals.dsh_rank >= rank)
    return found


def best_route(hospitals: Hospitals, passing: Flags) -> Ints:
    """Return the route each hospital takes, counted from 1, 0 for none: its own of the table, else the first it passes."""
    best = np.zeros(len(hospitals), dtype=np.int64)
    for route in reversed(_PREFERRED):
        best = np.where(passing[:, route], route + 1, best)
    own = hospitals.route
    keeps = (own > 0) & np.take_along_axis(passing, (own - 1).clip(min=0)[:, None], axis=1)[:, 0]
    return np.where(keeps, own, best)


def of_route(values: Mapping[str, Any], route: Ints) -> Floats:
    """Return a lever by route for each hospital's route (counted from 1), 0 where it has none."""
    return np.array([0.0, *(float(values[code]) for code in ROUTES_340B)])[route]


def child_site_allowed(law: Values, hospitals: Hospitals, hospital: Ints, deprivation: Floats) -> Flags:
    """Return whether off-campus departments may buy at 340B prices, once registered.

    Parameters
    ----------
    hospital : (departments,) int
        The hospital each belongs, or would belong, to.
    deprivation : (departments,) float
        Rank of deprivation of its zone.
    """
    places = {"state": hospitals.state[hospital], "rural": hospitals.rural[hospital].astype(np.int64)}
    existing = law.over("policy.p340b.child_sites_existing", places) > 0.5
    return np.asarray(existing & (deprivation >= law.over("policy.p340b.child_site_deprivation", places)))


def registration_open(law: Values, hospitals: Hospitals, hospital: Ints) -> Flags:
    """Return whether new departments of these hospitals can be registered."""
    places = {"state": hospitals.state[hospital], "rural": hospitals.rural[hospital].astype(np.int64)}
    return np.asarray(law.over("policy.p340b.new_child_sites", places) > 0.5)


# -- the start --------------------------------------------------------------------------------------------------------


def begin_program(model: OncologyMarket) -> None:
    """Fill what 340B rules ask of hospitals from the table, under the law as it really was at the start.

    Participants, and those the table gives a route, evidently pass: a DSH percentage below the threshold of the route is
    raised to it. A hospital without a route evidently does not: its percentage is lowered to where it fails, or it is barred
    where no percentage is asked. Hospitals that are eligible and stayed out mean to, except for a share that has not got
    round to registering on a route that opened within ``SETTLED_YEARS``.
    """
    hospitals = model.hospitals
    if len(hospitals) == 0:
        return
    real = Parameters(model.parameters.registry)
    law = real.at(model.quarters[0])
    _place(hospitals, model.zones)
    _routes(hospitals, law)
    hospitals.registered = hospitals.participates.copy()
    passing = passes(law, hospitals)
    hospitals.route_now = best_route(hospitals, passing)
    draw = model.market_luck.uniform("p340b.take_up", 0, hospitals.key)
    eligible = hospitals.route_now > 0
    take_up = of_route(law["health_system.p340b.take_up"], np.where(eligible, hospitals.route_now, hospitals.route))
    late = of_route(_not_yet(model, real), hospitals.route_now) * take_up
    share = np.divide(late, late + 1.0 - take_up, out=np.zeros_like(late), where=late > 0)
    inside = draw / np.maximum(share, 1e-12) * take_up
    outside = take_up + (draw - share) / np.maximum(1.0 - share, 1e-12) * (1.0 - take_up)
    stayed_out = np.where(draw < share, inside, outside)
    hospitals.propensity = np.where(hospitals.participates, draw * take_up, np.where(eligible, stayed_out, draw))
    hospitals.participates &= eligible


def _place(hospitals: Hospitals, zones: Zones) -> None:
    at = hospitals.zone.clip(min=0)
    hospitals.state, hospitals.rural = zones.state_code[at], zones.rural[at]
    # Rank among the state's acute hospitals; critical access hospitals have no DSH percentage.
    for state in np.unique(hospitals.state):
        mine = np.flatnonzero((hospitals.state == state) & ~hospitals.critical_access)
        if len(mine):
            ordered = np.sort(hospitals.dsh_pct[mine])
            hospitals.dsh_rank[mine] = np.searchsorted(ordered, hospitals.dsh_pct[mine], side="left") / len(mine)


def _routes(hospitals: Hospitals, law: Values) -> None:
    """Say which routes are possible, who is entitled, and make DSH percentages agree with the table's word."""
    for number, name in enumerate(HOSPITAL_CLASSES):
        for route in _ROUTES_OF_CLASS[name]:
            hospitals.possible[hospitals.hospital_class == number, route] = True
    critical = hospitals.critical_access
    hospitals.possible[critical] = False
    hospitals.possible[critical, _CAH] = True
    unnamed = hospitals.participates & (hospitals.route == 0)
    first = np.array(_PREFERRED)[hospitals.possible[:, _PREFERRED].argmax(axis=1)]
    hospitals.route = np.where(unnamed, first + 1, hospitals.route)
    named = np.flatnonzero(hospitals.route > 0)
    own = hospitals.route[named] - 1
    hospitals.possible[named, own] = True
    # A proprietary hospital in the program according to the table has what the law asks.
    hospitals.entitled = ~hospitals.proprietary | hospitals.participates
    threshold = np.array([float(law["policy.p340b.dsh_threshold"][code]) for code in ROUTES_340B])
    lowest = np.where(_MORE_THAN, threshold + _STEP, threshold)
    hospitals.dsh_pct[named] = np.maximum(hospitals.dsh_pct[named], lowest[own])
    nameless = np.flatnonzero((hospitals.route == 0) & ~hospitals.proprietary)
    highest = np.where(_MORE_THAN, threshold, threshold - _STEP)
    limit = np.where(hospitals.possible[nameless], highest, np.inf).min(axis=1)
    hospitals.entitled[nameless[limit < 0]] = False
    hospitals.dsh_pct[nameless] = np.minimum(hospitals.dsh_pct[nameless], limit.clip(min=0))


def _not_yet(model: OncologyMarket, real: Parameters) -> dict[str, float]:
    """Return the share of willing hospitals that have not registered by the start, by route."""
    start = model.quarters[0]
    yearly = float(real.at(start)["health_system.p340b.register"])
    found: dict[str, float] = {}
    for code in ROUTES_340B:
        quarters = 0
        while quarters < 4 * SETTLED_YEARS and real.at(start + (-quarters - 1))["policy.p340b.route_open"][code]:
            quarters += 1
        found[code] = 0.0 if quarters == 4 * SETTLED_YEARS else (1.0 - yearly) ** (quarters / 4.0)
    return found
