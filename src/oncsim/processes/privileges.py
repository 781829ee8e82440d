"""Staff privileges: the owner of a hospital may end those of a practice it competes with (foreclosure; F06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import ACTIVE, PRACTICE, TIE_STAGES
from oncsim.processes.experience import breach
from oncsim.randomness import pair_keys
from oncsim.state.travel import great_circle_miles
from oncsim.ties.ladder import CONTRACT, IN_FORCE
from oncsim.ties.trust import DISSOLVED

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Ints = NDArray[np.int64]
_TALKS = [TIE_STAGES.index(stage) for stage in ("shared_problem", "due_diligence")]


def review_privileges(model: OncologyMarket) -> None:
    """Let owners who took over a hospital end the privileges of practices they compete with, once promises have worn off.

    A practice that refused to be bought by the owner is shut out sooner (F06).
    """
    # Who has another hospital starts to count anew when it loses that one.
    lost = model.foreclosures
    lost.since = np.where(lost.seeking(model)[lost.practice], lost.since, model.t) if len(lost.since) else lost.since
    taken = model.foreclosures.taken_over
    if not taken or not len(model.orgs):
        return
    law, orgs, sites = model.law, model.orgs, model.sites
    promise = int(law["health_system.foreclosure.promise"])
    yearly = float(law["health_system.foreclosure.yearly"])
    refused = float(law["health_system.foreclosure.refused"])
    people = np.bincount(sites.org, weights=sites.oncologists * sites.open, minlength=len(orgs))
    for owner, hospital, since in taken:
        top = int(orgs.top_owner()[owner])
        if model.t - since < promise or orgs.status[top] != ACTIVE or people[top] <= 0:
            continue  # without oncologists of its own it has nobody to send patients to
        for practice in working_at(model, hospital):
            if model.foreclosures.shut_out(practice, top) or _bound(model, practice, top):
                continue
            key = pair_keys(orgs.key[practice : practice + 1], orgs.key[top : top + 1])
            factor = refused if model.failed_talks.get((top, practice), (0, 0))[0] > 0 else 1.0
            chance = quarterly_chance(min(yearly * factor, 0.999))
            if model.luck.uniform("system.foreclosure", model.t, key)[0] < chance:
                end_privileges(model, practice, top, "it competes with the owner's own oncologists")


def working_at(model: OncologyMarket, hospital: int) -> list[int]:
    """Return the independent practices with an oncologist near enough to admit patients to a hospital."""
    sites, orgs, hospitals = model.sites, model.orgs, model.hospitals
    miles = great_circle_miles(sites.lat, sites.lon, hospitals.lat[hospital], hospitals.lon[hospital])
    near = sites.open & (sites.oncologists > 1e-6) & (miles <= float(model.law["health_system.foreclosure.miles"]))
    practices = np.unique(sites.org[near])
    return [int(p) for p in practices if orgs.kind[p] == PRACTICE and orgs.status[p] == ACTIVE and orgs.owner[p] < 0]


def _bound(model: OncologyMarket, practice: int, owner: int) -> bool:
    """Return whether a contract with the owner secures a practice's place on its staff."""
    ties, top = model.ties, model.orgs.top_owner()
    between = ((ties.a == practice) & (top[ties.b] == owner)) | ((top[ties.a] == owner) & (ties.b == practice))
    return bool((between & IN_FORCE[ties.stage] & CONTRACT[ties.form]).any())


def end_privileges(model: OncologyMarket, practice: int, owner: int, reason: str) -> None:
    """Shut a practice out of an owner's hospitals: referrals stop, trust collapses, the ties between them end."""
    from oncsim.processes.partnership import end_tie

    if model.foreclosures.shut_out(practice, owner):
        return
    model.foreclosures.add(practice, owner, model.t)
    model.tell(
        "privileges_ended",
        owner,
        other=practice,
        text=f"{{actor}} ends the staff privileges of {{other}} at its hospitals: {reason}",
    )
    ties, top = model.ties, model.orgs.top_owner()
    between = ((ties.a == practice) & (top[ties.b] == owner)) | ((top[ties.a] == owner) & (ties.b == practice))
    between &= (ties.stage != DISSOLVED) | (ties.age > 0)  # talks that came to nothing are not remembered
    for row in np.flatnonzero(between):
        # Who worked with it before feels betrayed even where the tie had ended.
        side = "ab" if ties.a[row] == practice else "ba"
        breach(model, np.array([row]), float(model.law["partnership.trust.privilege_breach"]), side, out_of_character=True)
        if ties.stage[row] == DISSOLVED:
            ties.ended[row] = model.t  # the table shows what became of trust
        else:
            end_tie(model, int(row), "privileges were ended after independence had been promised")
    model.partner_field = None  # who needs a hospital has changed


def without_hospital(model: OncologyMarket) -> NDArray[np.int64]:
    """Return for how many quarters each practice has been shut out with no hospital to admit to, (organisations,)."""
    lost = model.foreclosures
    quarters = np.zeros(len(model.orgs), dtype=np.int64)
    if len(lost.practice):
        np.maximum.at(quarters, lost.practice, model.t - lost.since)
        quarters[~lost.seeking(model)] = 0
        # Nobody gives up while a hospital talks with them.
        ties, has = model.ties, model.hospitals.owners(model.orgs.top_owner())
        talks = np.flatnonzero(np.isin(ties.stage, _TALKS))
        quarters[ties.a[talks][has[ties.b[talks]]]] = 0
        quarters[ties.b[talks][has[ties.a[talks]]]] = 0
    return quarters
