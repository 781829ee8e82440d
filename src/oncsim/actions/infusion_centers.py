"""Infusion away from hospitals and offices: freestanding infusion centers, and nurses who infuse at home.

Where payers steer members away from hospital departments, organisations with cash open freestanding centers that an
oncologist of theirs supervises; where payers cover it, they start home infusion. Practices of a platform act on its cash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.places import CHAIRS_OF_BRANCH, open_site, site_setup_cost
from oncsim.calendar import quarterly_chance
from oncsim.codes import (
    ACADEMIC_CENTER,
    ACQUIRED,
    FREESTANDING,
    HEALTH_SYSTEM,
    HOME,
    HOSPITAL_KINDS,
    NETWORK,
    OFFICE,
    PAYERS,
    PRACTICE,
    among,
)
from oncsim.prices.receipts import by_payer
from oncsim.processes.finance import UnitCosts
from oncsim.processes.site_rules import rule_shares
from oncsim.state.sums import sum_by
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_STEERED = [PAYERS.index("medicare_advantage"), PAYERS.index("commercial")]
_COMMERCIAL = PAYERS.index("commercial")
HOME_CHAIRS = 4.0  # patients that the nurses of a home service can infuse at once, judgement


def operators(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return which organisations can run a site of their own and have an oncologist to supervise it."""
    orgs = model.orgs
    acts = (orgs.status == 0) & among(orgs.kind, (PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER))
    acts |= (orgs.status == ACQUIRED) & (orgs.kind[orgs.owner.clip(min=0)] == NETWORK) & (orgs.owner >= 0)
    return np.asarray(acts & (orgs.headcount >= 2) & (orgs.zone >= 0))


def purse(model: OncologyMarket) -> NDArray[np.int64]:
    """Return whose cash pays for a site of each organisation: the platform's for practices it owns, else its own."""
    orgs = model.orgs
    own = np.arange(len(orgs))
    return np.where((orgs.owner >= 0) & (orgs.kind[orgs.owner.clip(min=0)] == NETWORK), orgs.owner, own)


def has_kind(model: OncologyMarket, kind: int) -> NDArray[np.bool_]:
    """Return which organisations have an open site of a kind."""
    sites = model.sites
    found = np.zeros(len(model.orgs), dtype=np.bool_)
    found[sites.org[(sites.kind == kind) & sites.open]] = True
    return found


def steered_infusions(model: OncologyMarket) -> Floats:
    """Return infusions of a quarter at hospitals whose members are under a rule, (zones,) by where the hospital stands."""
    sites = model.sites
    hospital = among(sites.kind, HOSPITAL_KINDS) & sites.open
    under = (by_payer(sites.infusions) * rule_shares(model))[:, _STEERED].sum(axis=1)
    return sum_by(sites.zone, np.where(hospital, under, 0.0), len(model.zones))


def office_margin(model: OncologyMarket) -> float:
    """Return what an office earns on an infusion day after drugs and running costs, overhead included, dollars."""
    law, sites = model.law, model.sites
    office = (sites.kind == OFFICE) & sites.open
    days = float(sites.infusions[office].sum())
    if days <= 0:
        return 0.0
    paid = float(model.money.paid[office].sum())
    left = paid * (1.0 - float(law["finance.office.overhead_share"])) - float(model.money.drug_cost[office].sum())
    unit = UnitCosts.of(law)
    visits, time = float(model.volumes.visits[office].sum()), float(model.volumes.patient_quarters[office].sum())
    return (left - visits * unit.visit - time * unit.other) / days - unit.infusion


def center_gain(model: OncologyMarket) -> Floats:
    """Return the yearly gain that an infusion center promises in each market, (markets,) dollars."""
    law, zones = model.law, model.zones
    steered = np.bincount(zones.market, weights=steered_infusions(model), minlength=len(zones.market_ids))
    won = 4.0 * float(law["payer.infusion_center.capture"]) * steered
    unit = UnitCosts.of(law)
    time = float(law["payer.infusion_center.oncologist_time"])
    fixed = 4.0 * (unit.site + CHAIRS_OF_BRANCH * unit.chair + time * unit.physician)
    return np.asarray(won * office_margin(model) - fixed)


def open_infusion_centers(model: OncologyMarket) -> None:
    """Let organisations with cash open a freestanding infusion center where members are steered and it would pay."""
    law, orgs, zones = model.law, model.orgs, model.zones
    most = float(law["payer.infusion_center.yearly"])
    shares = rule_shares(model)[:, _COMMERCIAL]
    if most <= 0 or len(shares) == 0 or shares.max() <= 0:
        return
    size = len(orgs)
    share = np.zeros(size)
    np.maximum.at(share, model.sites.org, shares)
    quarterly = quarterly_chance(np.minimum(most * share, 1.0))
    payer = purse(model)
    ready = operators(model) & ~has_kind(model, FREESTANDING) & ~orgs.pending & (orgs.cash[payer] >= site_setup_cost(model))
    rows = np.flatnonzero(ready & (model.quarter_luck("infusion_center.open")[:size] < quarterly))
    if len(rows) == 0:
        return
    gain = center_gain(model)
    for row in rows[model.luck.order("infusion_center.order", model.t, orgs.key[rows])]:
        market = int(zones.market[orgs.zone[row]])
        cash = orgs.cash[payer[row]]
        if gain[market] <= 0 or cash < site_setup_cost(model):
            continue
        _open(
            model,
            int(row),
            int(payer[row]),
            FREESTANDING,
            CHAIRS_OF_BRANCH,
            float(law["payer.infusion_center.oncologist_time"]),
            f"{share[row]:.0%} of commercial members are steered away from hospital departments",
        )


def covered_payers(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return which payers cover infusion at home, (payers,)."""
    covered = model.law["policy.home_infusion.covered"]
    return np.array([bool(covered[payer]) for payer in PAYERS])


def open_home_infusion(model: OncologyMarket) -> None:
    """Let organisations with cash start home infusion where a payer covers it."""
    law, orgs = model.law, model.orgs
    yearly = float(law["payer.home_infusion.yearly"])
    if yearly <= 0 or not covered_payers(model).any():
        return
    size = len(orgs)
    payer = purse(model)
    ready = operators(model) & ~has_kind(model, HOME) & ~orgs.pending & (orgs.cash[payer] >= site_setup_cost(model))
    chosen = model.quarter_luck("home_infusion.open")[:size] < quarterly_chance(yearly)
    rows = np.flatnonzero(ready & chosen)
    for row in rows[model.luck.order("home_infusion.order", model.t, orgs.key[rows])]:
        time = float(law["payer.home_infusion.oncologist_time"])
        if orgs.cash[payer[row]] >= site_setup_cost(model):
            _open(model, int(row), int(payer[row]), HOME, HOME_CHAIRS, time, "payers cover it")


def near_patients(model: OncologyMarket, home: int) -> int:
    """Return the zone in reach of a site whose patients spend most time on the way to hospital departments.

    The zone of the site itself where nobody in reach has farther to go.
    """
    sites, zones, pairs = model.sites, model.zones, model.pairs
    hospital = among(sites.kind, HOSPITAL_KINDS)[pairs.site]
    spent = np.bincount(pairs.zone, weights=model.flows.pair_started * pairs.minutes * hospital, minlength=len(zones))
    miles = great_circle_miles(zones.lat, zones.lon, sites.lat[home], sites.lon[home])
    spent = np.where(miles <= float(model.law["practice.open.miles"]), spent, 0.0)
    best = int(np.lexsort((zones.key, -spent))[0])
    return best if spent[best] > 0 else int(sites.zone[home])


def _open(model: OncologyMarket, org: int, payer: int, kind: int, chairs: float, time: float, reason: str) -> None:
    """Open a site that its largest site supervises: home care from there, a center where patients come from."""
    sites, orgs = model.sites, model.orgs
    people = model.physicians.headcount(len(sites))
    mine = np.flatnonzero((sites.org == org) & sites.open & (people > 0))
    if len(mine) == 0:
        return
    home = int(mine[np.lexsort((sites.key[mine], -people[mine]))[0]])
    cost = site_setup_cost(model)
    orgs.cash[payer] -= cost
    model.spent_on_sites += cost
    zone = int(sites.zone[home]) if kind == HOME else near_patients(model, home)
    row = open_site(model, org, zone, kind, chairs=chairs, reason=reason)
    sites.visiting_from[row] = home
    sites.visiting_fte[row] = time
