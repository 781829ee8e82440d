"""Prospects: what the options of every practice are worth this quarter, computed once for all of them.

Agents read their own entry when they decide. Books are those of the quarter's close, before anybody acts, as real
organisations know them: what others decide in the same quarter is not foreseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import ACQUIRED, BARGAINED, NETWORK, PRACTICE
from oncsim.processes.acquisition_value import AcquisitionValue, Offices, offices_of_practices, priced
from oncsim.processes.bargaining import hospital_level
from oncsim.processes.finance import UnitCosts, shared_saving
from oncsim.processes.market_power import Positions, positions
from oncsim.processes.program_340b import could_become_child_site
from oncsim.state.sums import sum_by, sum_rows
from oncsim.state.travel import EARTH_MILES, unit_vectors

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]


def annuity(years: Any, discount: float) -> Any:
    """Return the present value of a dollar a year for so many years (a number or an array)."""
    if discount <= 0:
        return years
    return (1.0 - (1.0 + discount) ** -np.asarray(years, dtype=np.float64)) / discount


# What follows from pricing offices as departments.
PRICED = (
    "plain",
    "extra_340b",
    "revenue",
    "rates_gain",
    "commercial_gain",
    "cost_gain",
    "reachable_340b",
    "bargained",
)


def _over_sites(part: str) -> cached_property[Floats]:
    """Return a property: a part of :class:`AcquisitionValue` summed over the sites of each organisation."""

    def summed(seen: Prospects) -> Floats:
        dollars: Floats = getattr(seen._worth, part)
        over = sum_by if dollars.ndim == 1 else sum_rows
        return over(seen.operator, dollars, len(seen.asking))

    return cached_property(summed)


@dataclass
class Prospects:
    """One entry an organisation; meaningful for practices.

    Attributes
    ----------
    yearly_margin : float
        Margin of a year, from up to the last four quarters, dollars.
    asking : float
        The least owners would take: income and independence over the years they look ahead, dollars.
    network_gain : float
        What membership in a network adds in a year, dollars.
    downstream_gain : float
        What downstream care would leave a buyer in a year, dollars.
    offices : Offices
        Sites of practices as they are, to be priced as departments once somebody asks for what follows from it (below).
    operator : (sites,) int
        The organisation that runs each site.
    near_340b : bool
        Whether a hospital that takes part is near enough to register the sites.
    receipts, owned_receipts : (organisations, payers of BARGAINED) float
        What those payers pay its sites in a year now, and all it owns, dollars.
    level : (organisations, payers of BARGAINED) float
        Price level of the mean hospital department of its region, at which ``plain`` and ``bargained`` are priced.
    positions : Positions
        What buyers take as given when they weigh what a practice would do to their prices.
    load : float
        Highest use of capacity among its open sites.
    kept : float
        For acquired practices: yearly margin an oncologist of what came with them, downstream care counted, as the owner
        sees it; zero where nobody is left.
    idle : bool
        Whether it has an open site that nobody has staffed for a year.
    giving_up : int
        Rows of open sites that have lost money for long and whose turn to be given up, by luck, it is this quarter.
    divestible : bool
        Acquired practices that lose enough, for long enough, that their owner weighs letting them go.
    plain, extra_340b : float
        Yearly margin of its patients as a hospital department bought after 2015, and what 340B prices add to it, under the
        law expected half-way through the planning horizon, dollars.
    revenue : float
        Yearly receipts as such a department, dollars.
    rates_gain, commercial_gain, cost_gain : float
        What administered rates, bargained prices and running costs add to ``plain`` over an office, dollars a year.
    reachable_340b : float
        ``extra_340b`` where a hospital that takes part is near enough to register the sites, else zero.
    bargained : (organisations, payers of BARGAINED) float
        Yearly receipts of its patients as such a department from payers whose prices are bargained, dollars.
    """

    yearly_margin: Floats
    asking: Floats
    network_gain: Floats
    downstream_gain: Floats
    offices: Offices
    operator: NDArray[np.int64]
    near_340b: NDArray[np.bool_]
    receipts: Floats
    owned_receipts: Floats
    level: Floats
    positions: Positions
    load: Floats
    kept: Floats
    idle: NDArray[np.bool_]
    giving_up: NDArray[np.int64]
    divestible: NDArray[np.bool_]
    candidates: NDArray[np.int64]
    tree: Any

    def __getstate__(self) -> dict[str, Any]:
        # The law by which offices are priced is no part of a state: what it makes of them is.
        for name in PRICED:
            getattr(self, name)
        return {name: value for name, value in vars(self).items() if name not in ("offices", "_worth")}

    @cached_property
    def _worth(self) -> AcquisitionValue:
        return priced(self.offices)

    # What follows from it for each organisation, over its sites.
    plain = _over_sites("margin")
    extra_340b = _over_sites("extra_340b")
    revenue = _over_sites("revenue")
    rates_gain = _over_sites("rates")
    commercial_gain = _over_sites("commercial")
    cost_gain = _over_sites("costs")
    bargained = _over_sites("bargained")

    @cached_property
    def reachable_340b(self) -> Floats:
        """Return what 340B prices add where a hospital that takes part could register the sites."""
        return np.where(self.near_340b, self.extra_340b, 0.0)

    def near(self, lat: Floats, lon: Floats, miles: float) -> NDArray[np.int64]:
        """Return the practices that can be bought within ``miles`` of any of the points."""
        if self.tree is None or len(lat) == 0:
            return np.zeros(0, dtype=np.int64)
        chord = 2.0 * np.sin(min(miles / EARTH_MILES, np.pi) / 2.0)
        hits = self.tree.query_ball_point(unit_vectors(lat, lon), chord)
        found = sorted({row for some in hits for row in some})
        return self.candidates[np.array(found, dtype=np.int64)]


def prospects(model: OncologyMarket) -> Prospects:
    """Return the prospects of the quarter."""
    from scipy.spatial import cKDTree

    orgs, sites = model.orgs, model.sites
    size = len(orgs)
    known = np.minimum(orgs.quarters, 4)
    recent = np.where(np.arange(8) >= 8 - known[:, None], orgs.margin_history, 0.0).sum(axis=1)
    yearly = np.where(known > 0, 4.0 * recent / np.maximum(known, 1), 0.0)
    kept = _kept(model)
    load = np.zeros(size)
    np.maximum.at(load, sites.org, np.where(sites.open, sites.load, 0.0))
    candidates = np.flatnonzero(
        (orgs.kind == PRACTICE) & (orgs.status == 0) & ~orgs.pending & (orgs.headcount > 0) & (orgs.starts > 0)
    )
    tree = cKDTree(unit_vectors(orgs.lat[candidates], orgs.lon[candidates])) if len(candidates) else None
    paid = 4.0 * model.money.paid[:, list(BARGAINED)].sum(axis=2)
    return Prospects(
        yearly_margin=yearly,
        asking=_asking(model, yearly),
        network_gain=_network_gain(model),
        downstream_gain=_downstream(model),
        offices=offices_of_practices(model),
        operator=sites.org.copy(),
        near_340b=_near_340b(model),
        receipts=sum_rows(sites.org, paid, size),
        owned_receipts=sum_rows(orgs.top_owner()[sites.org], paid, size),
        level=hospital_level(model)[model.region[orgs.zone.clip(min=0)]],
        positions=positions(model),
        load=load,
        kept=kept,
        idle=_has(model, sites.idle_quarters > 4),
        giving_up=_giving_up(model),
        divestible=_divestible(model, kept),
        candidates=candidates,
        tree=tree,
    )


def _downstream(model: OncologyMarket) -> Floats:
    """Return what surgery, imaging and admissions that move to a buyer leave it in a year."""
    law = model.law
    margin = float(law["finance.downstream_margin"])
    return 4.0 * model.orgs.starts * margin * float(law["health_system.acquisition.capture"])


def _near_340b(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return where the nearest participating hospital could register the sites of an organisation."""
    from scipy.spatial import cKDTree

    hospitals, orgs = model.hospitals, model.orgs
    program = np.flatnonzero(hospitals.participates)
    if len(program) == 0:
        return np.zeros(len(orgs), dtype=np.bool_)
    tree = cKDTree(unit_vectors(hospitals.lat[program], hospitals.lon[program]))
    gap, nearest = tree.query(unit_vectors(orgs.lat, orgs.lon))
    chord = 2.0 * np.sin(float(model.law["policy.provider_based.department_miles"]) / EARTH_MILES / 2.0)
    allowed = could_become_child_site(model, program[nearest], orgs.zone.clip(min=0))
    return np.asarray((gap <= chord) & allowed)


def _kept(model: OncologyMarket) -> Floats:
    """Return the yearly margin an oncologist of what came with each acquired practice, downstream care counted."""
    orgs, sites, law = model.orgs, model.sites, model.law
    size = len(orgs)
    came = np.flatnonzero(sites.open & (sites.origin >= 0))
    origin = sites.origin[came]
    downstream = float(law["finance.downstream_margin"]) * float(law["health_system.acquisition.capture"])
    gain = 4.0 * downstream * sites.starts[came].sum(axis=1)
    hospital = orgs.kind[orgs.owner.clip(min=0)] != NETWORK
    worth = sites.margin_year[came] + np.where(hospital[origin], gain, 0.0)
    people = sum_by(origin, model.physicians.headcount(len(sites))[came].astype(np.float64), size)
    total = sum_by(origin, worth, size)
    return np.divide(total, people, out=np.zeros(size), where=people > 0)


def _giving_up(model: OncologyMarket) -> NDArray[np.int64]:
    """Return the sites that have lost money for long, with the yearly chance of giving one up."""
    sites, law = model.sites, model.law
    losing = np.flatnonzero(sites.open & (sites.loss_quarters >= int(law["health_system.divest.quarters"])))
    quarterly = quarterly_chance(float(law["health_system.rural_closure.yearly"]))
    return losing[model.luck.uniform("system.close_site", model.t, sites.key[losing]) < quarterly]


def _divestible(model: OncologyMarket, kept: Floats) -> NDArray[np.bool_]:
    """Return which acquired practices lose enough, for long enough, that their owner weighs letting them go."""
    orgs, law = model.orgs, model.law
    learned = model.t - orgs.acquired_at >= int(law["health_system.divest.quarters"])
    return np.asarray((orgs.status == ACQUIRED) & learned & (kept < -float(law["health_system.divest.loss"])))


def _has(model: OncologyMarket, site: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which organisations have an open site of which this is true."""
    found = np.zeros(len(model.orgs), dtype=np.bool_)
    found[model.sites.org[site & model.sites.open]] = True
    return found


def _asking(model: OncologyMarket, yearly: Floats) -> Floats:
    """Owners near retirement look ahead fewer years, so an older practice asks for less."""
    orgs, people, law = model.orgs, model.physicians, model.law
    size = len(orgs)
    late = sum_by(model.sites.org[people.site], (people.years > 30.0).astype(np.float64), size)
    share = np.divide(late, orgs.headcount, out=np.zeros(size), where=orgs.headcount > 0)
    years = float(law["practice.horizon"]) * (1.0 - 0.4 * np.minimum(share, 1.0))
    worth = yearly + orgs.autonomy * orgs.headcount
    return np.maximum(worth * annuity(years, float(law["economy.discount"])), 0.0)


def _network_gain(model: OncologyMarket) -> Floats:
    """Purchasing and shared services, less fee and control given up."""
    orgs, sites, law = model.orgs, model.sites, model.law
    size = len(orgs)
    people = orgs.headcount.astype(np.float64)
    drugs = 4.0 * orgs.drug_cost * (model.discount_in_network(people) - model.discount_alone(people))
    unit = UnitCosts.of(law)
    run = sites.infusions.sum(axis=1) * unit.infusion + model.care.visits.sum(axis=1) * unit.visit + unit.site * sites.open
    saving = shared_saving(law, np.ones(size, dtype=np.bool_), people)
    fee = 4.0 * orgs.revenue * float(law["network.fee"])
    control = float(law["network.control"]) * orgs.autonomy * people
    return drugs + saving * 4.0 * sum_by(sites.org, run, size) - fee - control
