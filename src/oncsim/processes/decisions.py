"""Decisions: organisations hire, then act one after another in keyed random order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.infusion_centers import open_home_infusion, open_infusion_centers
from oncsim.actions.ownership import found_practice
from oncsim.actions.places import hire_all
from oncsim.calendar import quarterly_chance
from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, NETWORK, PAYER, PRACTICE, among
from oncsim.processes.navigation import take_up_navigation
from oncsim.processes.noncompete import founding_chance
from oncsim.processes.pharmacy import take_up_pharmacy
from oncsim.processes.privileges import without_hospital
from oncsim.processes.prospects import prospects
from oncsim.processes.value_based_choice import value_based_choices
from oncsim.randomness import pair_keys

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def decisions(model: OncologyMarket) -> None:
    """Fill vacancies, let oncologists found practices, then let every organisation that has a say decide."""
    value_based_choices(model)
    fill_vacancies(model)
    found_practices(model)
    open_infusion_centers(model)
    open_home_infusion(model)
    take_up_navigation(model)
    take_up_pharmacy(model)
    model.prospects = prospects(model)
    for row in acting_order(model):
        model.agent(int(row)).decide()


def acting_order(model: OncologyMarket) -> NDArray[np.int64]:
    """Return the organisations with something to decide this quarter, in keyed random order.

    Those to whom nothing can happen are left out by the very chances they would draw themselves; the order of the
    others does not depend on who is left out.
    """
    orgs, law = model.orgs, model.law
    size = len(orgs)

    def chosen(decision: str, yearly: float) -> NDArray[np.bool_]:
        return np.asarray(model.quarter_luck(decision) < quarterly_chance(yearly))

    seen = model.prospects
    owns = np.zeros(size, dtype=np.bool_)
    owns[orgs.owner[np.flatnonzero(seen.divestible)]] = True
    gives_up = np.zeros(size, dtype=np.bool_)
    gives_up[model.sites.org[seen.giving_up]] = True
    crowded = seen.load >= float(law["health_system.build.load"])
    practice = seen.idle | (orgs.loss_quarters >= int(law["practice.close.quarters"]))
    practice |= without_hospital(model) >= 8
    practice |= chosen("practice.review", float(law["practice.review.yearly"]))
    system = seen.idle | gives_up | owns
    system |= chosen("system.attention", float(law["health_system.acquisition.attention"])) & (orgs.starts > 0)
    system |= crowded & chosen("system.build", float(law["health_system.build.yearly"]))
    acts = np.where(orgs.kind == PRACTICE, practice, system) | among(orgs.kind, (PAYER, NETWORK))
    rows = np.flatnonzero((orgs.status == 0) & acts)
    return rows[model.luck.order("decisions.order", model.t, orgs.key[rows])]


def vacancies(model: OncologyMarket) -> NDArray[np.int64]:
    """Return posts offered at each site this quarter: what crowding asks for, one for a site that lost its last oncologist.

    A post asked for is offered with the chance of a successful search, less often in a rural zone; a site grows by at most
    one or a tenth at a time. Practices whose owners have earned too little, independence counted, do not hire.
    """
    law, sites, orgs = model.law, model.sites, model.orgs
    people = model.physicians.headcount(len(sites))
    home = sites.open & (sites.visiting_from < 0)
    target = float(law["practice.hire.load"])
    crowded = np.where(sites.oncologists > 0, sites.oncologists * (sites.load / target - 1.0), 0.0)
    wanted = np.clip(crowded, 0.0, np.maximum(0.1 * sites.oncologists, 1.0))
    wanted = np.where(people == 0, 1.0, wanted)
    rural = model.zones.rural[sites.zone]
    pull = np.where(rural, float(law["practice.hire.rural_pull"]), 1.0).clip(max=1.0)
    u = model.luck.uniform("decisions.post", model.t, sites.key)
    posts = np.floor(wanted * float(law["practice.hire.search"]) * pull + u).astype(np.int64)
    # Two years of margins, so that the quarter after a retirement does not bar the successor.
    worth = orgs.margin_history.mean(axis=1) + orgs.autonomy * np.maximum(orgs.headcount, 1) / 4.0
    able = among(orgs.kind, (HEALTH_SYSTEM, ACADEMIC_CENTER)) | (worth > 0)
    return np.where(home & able[sites.org], posts, 0)


def fill_vacancies(model: OncologyMarket) -> None:
    """Match the posts of each region with the oncologists who look for one there, in keyed random order."""
    available = model.recruits.astype(np.int64)
    if not (available > 0).any():
        return
    posts = vacancies(model)
    site = np.repeat(np.arange(len(posts)), posts)
    if len(site) == 0:
        return
    first = np.cumsum(posts) - posts
    slot = (np.arange(len(site)) - np.repeat(first, posts)).astype(np.uint64)
    keys = pair_keys(model.sites.key[site], slot)
    region = model.region[model.sites.zone[site]]
    order = np.lexsort((keys, model.luck.bits("decisions.recruit", model.t, keys), region))
    ranked = region[order]
    begins = np.searchsorted(ranked, ranked)
    filled = order[np.arange(len(order)) - begins < available[ranked]]
    if len(filled):
        hire_all(model, site[filled], [f"post {one}" for one in slot[filled]])


def found_practices(model: OncologyMarket) -> None:
    """Let employed oncologists leave to found a practice where independent practices nearby make a living."""
    law, people = model.law, model.physicians
    if float(law["practice.found.yearly"]) <= 0 or len(people) == 0:
        return
    u = model.luck.uniform("practice.found", model.t, people.key)
    leaving = np.flatnonzero(u < founding_chance(model))
    keys = people.key[leaving].copy()
    for key in keys:
        found_practice(model, int(key))
