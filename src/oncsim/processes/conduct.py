"""Conduct: what organisations do to partners while they work together: costs shifted, follow-up care sent back or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import NEEDS, PRACTICE, SEGMENTS
from oncsim.processes.experience import returns_of
from oncsim.state.sums import sum_by, sum_rows
from oncsim.ties.conduct import ShiftedCosts
from oncsim.ties.ladder import IN_FORCE
from oncsim.ties.presence import patients_by_owner
from oncsim.ties.strength import tie_strength

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_FOLLOWED = np.array([need != NEEDS[2] for _, need in SEGMENTS])  # cellular therapy stays where it is given


def regard_of(model: OncologyMarket) -> Floats:
    """Return the weight each organisation gives a dollar it would cost a partner, (organisations,)."""
    orgs = model.orgs
    mean = float(model.law["partnership.conduct.regard"])
    drawn = 2.0 * mean * model.market_luck.uniform("partnership.regard", 0, orgs.key)
    return np.where(np.isnan(orgs.regard), drawn, orgs.regard)


def shift_costs(model: OncologyMarket) -> None:
    """Let practices order costly tests early, while the partner's hospital is paid a fixed sum, where that pays them.

    A practice orders early where what it gains is more than the weight it gives the partner's cost; no cost moves where
    the law bills such tests apart from the stay.
    """
    law, ties, orgs = model.law, model.ties, model.orgs
    model.shifted = ShiftedCosts()
    cost = float(law["partnership.conduct.test_cost"])
    if not law["policy.laboratory.bundled_with_stay"] or cost <= 0:
        return
    early = float(law["partnership.conduct.early_gain"]) > regard_of(model) * cost
    has = model.hospitals.owners(orgs.top_owner())
    rows = np.flatnonzero(IN_FORCE[ties.stage])
    a, b = ties.a[rows], ties.b[rows]
    shifts_b = (orgs.kind[b] == PRACTICE) & early[b] & has[a]
    shifts_a = (orgs.kind[a] == PRACTICE) & early[a] & has[b]
    chosen = np.flatnonzero(shifts_a | shifts_b)
    if len(chosen) == 0:
        return
    practice = np.where(shifts_b[chosen], b[chosen], a[chosen])
    victim = np.where(shifts_b[chosen], a[chosen], b[chosen])
    inpatients = sum_by(model.sites.org, model.care.readmissions, len(orgs))
    partners = np.bincount(practice, minlength=len(orgs))
    amount = inpatients[practice] / partners[practice] * float(law["partnership.conduct.test_share"]) * cost
    model.shifted = ShiftedCosts(rows[chosen], victim, amount, shifts_b[chosen])
    for row, who, whom, dollars in zip(rows[chosen], practice, victim, amount, strict=True):
        if ties.age[row] == 1 or model.t == 0:
            model.tell(
                "cost_shift",
                int(who),
                other=int(whom),
                amount=float(dollars),
                text=f"{{actor}} orders tests while its patients lie in {{other}}, which is paid a fixed sum for the stay: "
                f"about ${dollars * 4 / 1e3:,.0f} thousand a year of cost moves to the hospital",
            )


def return_patients(model: OncologyMarket) -> None:
    """Send follow-up care back: people under treatment move to the partner who referred them, near where they live.

    Of the patients of one side who live where the partner treats patients, a part needs only follow-up care; what the
    organisation sends back of it, as far as the tie works, goes to the partner's largest site.
    """
    law, ties, sites = model.law, model.ties, model.sites
    model.returned = np.zeros(len(model.orgs))
    follow_up = float(law["partnership.conduct.follow_up"])
    strength = tie_strength(model)
    rows = np.flatnonzero((strength > 0) & IN_FORCE[ties.stage])
    if follow_up <= 0 or len(rows) == 0:
        return
    size = len(model.orgs)
    here = sum_rows(sites.org, sites.in_care * _FOLLOWED, size)
    largest = _largest_sites(model)
    giver = np.concatenate([ties.a[rows], ties.b[rows]])
    taker = np.concatenate([ties.b[rows], ties.a[rows]])
    part = follow_up * returns_of(model)[giver] * np.tile(strength[rows], 2)
    started = patients_by_owner(model, sites.org, np.ones(len(sites), dtype=np.bool_))
    part = part * np.concatenate(started.met_both(ties.a[rows], ties.b[rows]))
    part = np.where(largest[taker] >= 0, part, 0.0)
    total = sum_by(giver, part, size)
    part = part / np.maximum(total[giver] / 0.5, 1.0)  # at most half of them move in a quarter
    moved = part[:, None] * here[giver]
    # Only what rises above what comes back the other way moves on balance, but each side sees the gross flow.
    out = sum_rows(giver, moved, size)
    share = np.divide(out, here, out=np.zeros_like(out), where=here > 0)
    sites.in_care = sites.in_care - sites.in_care * _FOLLOWED * share[sites.org]
    into = sum_rows(largest[taker].clip(min=0), moved, len(sites))
    sites.in_care = sites.in_care + into
    model.returned = sum_by(taker, moved.sum(axis=1), size)


def _largest_sites(model: OncologyMarket) -> Ints:
    """Return the open site of each organisation with most oncologists, -1 where it has none, (organisations,)."""
    sites = model.sites
    open_now = np.flatnonzero(sites.open & (sites.oncologists > 1e-6))
    order = open_now[np.lexsort((sites.key[open_now], sites.oncologists[open_now]))]
    largest = np.full(len(model.orgs), -1, dtype=np.int64)
    largest[sites.org[order]] = order
    return largest
