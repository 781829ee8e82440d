"""Telehealth spokes: a hub's oncologists see patients of a place without oncologists by telehealth, who are infused there.

The local organisation runs the infusion room and earns what is paid there; it pays the hub for the time of its oncologists.
Where telehealth is not paid, or connections are missing, the hub sends nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.places import open_site
from oncsim.codes import SERVICE_LINES, SPOKE, TIE_STAGES
from oncsim.processes.spoke_market import (
    LEAST_FTE,
    busy,
    can_lend,
    far_patients,
    has_a_hub,
    looks_for_hub,
    patients_in_reach,
    people_of,
    sources_of,
    spokes_held,
    telehealth_works,
)
from oncsim.state.sums import sum_by
from oncsim.ties.ladder import HUB, IN_FORCE, by_line
from oncsim.ties.worth import service_lines

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_INFUSION, _TELEHEALTH, _NAVIGATION = (SERVICE_LINES.index(x) for x in ("infusion", "telehealth", "navigation"))
_RAMP_UP, _SCALED_BACK = (TIE_STAGES.index(s) for s in ("ramp_up", "scaled_back"))


def spoke_gain(model: OncologyMarket, a: Ints, b: Ints) -> tuple[Floats, Floats]:
    """Return (what a hub and spoke would be worth to each pair, dollars a year; patients it is planned for), (pairs,) each.

    The margin on the patients it is planned for, as far as telehealth works, less what running the place costs; zero where
    the two make no hub and spoke.
    """
    works, law = telehealth_works(model), model.law
    gain, planned = np.zeros(len(a)), np.zeros(len(a))
    if works <= 0 or len(a) == 0:
        return gain, planned
    looks, (running, one, other) = looks_for_hub(model), spokes_held(model)
    if len(one) == 0 and not looks.any():
        return gain, planned
    hub, lends = has_a_hub(model), can_lend(model)
    sites, size = model.sites, len(model.orgs)
    top = model.orgs.top_owner()
    # Partners go on although the hub has lent all it can and the spoke has what it looked for; nobody else is asked.
    tied = np.isin(a * size + b, np.concatenate([one * size + other, other * size + one]))
    spoke = np.zeros(size, dtype=np.bool_)
    spoke[top[sites.org[running]]] = True
    empty = people_of(model) < 0.5
    for side in (one, other):
        spoke[side[empty[side]]] = True
    mine, theirs = (((looks[i] & lends[j]) | (tied & spoke[i])) & hub[j] for i, j in ((a, b), (b, a)))
    local = np.where(mine, a, np.where(theirs, b, -1))
    rows = np.flatnonzero(local >= 0)
    if len(rows):
        seats, back = np.unique(local[rows], return_inverse=True)
        reached = patients_in_reach(model, far_patients(model))[seats]
        patients = reached * float(law["partnership.spoke.captured"])
        # Those who come already need not be won again.
        patients = patients + 4.0 * sum_by(top[sites.org[running]], sites.starts[running].sum(axis=1), size)[seats]
        cost = float(law["finance.office.site_cost"]) + float(law["partnership.spoke.chairs"]) * float(
            law["finance.chair_cost"]
        )
        # Who is treated near home also has scans, biopsies, surgery and admissions there.
        by_patient = by_line(law["partnership.line.margin"])
        stays = by_line(law["partnership.line.need"]) * by_patient * service_lines(model)[seats]
        stays[:, _INFUSION] = 0.0
        margin = float(by_patient[_INFUSION]) + float(law["partnership.value.kept"]) * stays.sum(axis=1)
        # Oncologists of a hub that is busy itself are missed there.
        lender = np.where(local[rows] == a[rows], b[rows], a[rows])
        missed = busy(model)[lender] * float(by_patient[_INFUSION])
        gain[rows] = np.maximum(patients[back] * (margin[back] * works - missed) - cost, 0.0)
        planned[rows] = patients[back]
    return gain, planned


def staff_spokes(model: OncologyMarket) -> None:
    """Give every spoke its hub's oncologists, as far as the ramp, payment and connections let them; open new ones."""
    ties, sites, law = model.ties, model.sites, model.law
    held = np.zeros(len(ties), dtype=np.bool_)
    held[sites.hub_tie[sites.hub_tie >= 0]] = True  # also of partners who have gone on to a deeper form
    rows = np.flatnonzero(IN_FORCE[ties.stage] & ((ties.form == HUB) | held))
    if len(rows) == 0:
        return
    works, paid = telehealth_works(model), min(float(law["policy.telehealth.parity"]), 1.0)
    if works <= 0:
        sites.visiting_fte[np.isin(sites.hub_tie, rows)] = 0.0
        return
    top, people, sources = model.orgs.top_owner(), people_of(model), sources_of(model)
    # The hub is the side with more oncologists at home.
    first = people[top[ties.a[rows]]] >= people[top[ties.b[rows]]]
    hubs = np.where(first, ties.a[rows], ties.b[rows])
    locals_ = np.where(first, ties.b[rows], ties.a[rows])
    demand = patients_in_reach(model, far_patients(model))[locals_] * float(law["partnership.spoke.captured"])
    at_home = model.physicians.headcount(len(sites))
    site, source = _places_of_spokes(model, rows, hubs, locals_), sources[top[hubs]]
    staffed = source >= 0
    rows, site, source, demand = rows[staffed], site[staffed], source[staffed], demand[staffed]
    gone = (ties.stage_age[rows] + 1) / np.maximum(ties.ramp[rows], 1)
    ramp = np.where(ties.stage[rows] == _RAMP_UP, np.minimum(gone, 1.0), 1.0)
    back = np.where(ties.stage[rows] == _SCALED_BACK, float(law["partnership.review.scaled_back"]), 1.0)
    need = (demand + 4.0 * model.arrivals[site]) / float(law["care.starts_per_oncologist"])
    most = float(law["partnership.spoke.most"]) * at_home[source]
    wanted = np.minimum(np.maximum(need, LEAST_FTE), most)
    # Where the spokes of a hub together want more than it can lend, each gets less.
    asked = sum_by(source, wanted, len(at_home))[source]
    promised = wanted * np.minimum(1.0, most / np.maximum(asked, 1e-12))
    sites.visiting_from[site], sites.promised_fte[site] = source, promised
    sites.visiting_fte[site] = promised * paid * ramp * back


def _places_of_spokes(model: OncologyMarket, rows: Ints, hubs: Ints, locals_: Ints) -> Ints:
    """Return the site of each spoke; those without one open it."""
    sites = model.sites
    open_now = np.flatnonzero((sites.hub_tie >= 0) & sites.open)
    site_of = dict(zip(sites.hub_tie[open_now][::-1].tolist(), open_now[::-1].tolist(), strict=True))
    place = np.array([site_of.get(row, -1) for row in rows.tolist()], dtype=np.int64)
    for at in np.flatnonzero(place < 0).tolist():
        place[at] = _open_spoke(model, int(rows[at]), int(hubs[at]), int(locals_[at]))
    model.grow_site_results()
    return place


def _open_spoke(model: OncologyMarket, row: int, hub: int, local: int) -> int:
    """Let the local organisation open its spoke, in an infusion room that stands empty or a new one; return the site."""
    sites, orgs = model.sites, model.orgs
    empty = (sites.org == local) & sites.open & (sites.oncologists <= 1e-6) & (sites.hub_tie < 0)
    empty = np.flatnonzero(empty & sites.lines[:, _INFUSION])
    if len(empty):
        site = int(empty[np.lexsort((sites.key[empty], -sites.chairs[empty]))[0]])
    else:
        lines = np.zeros(len(SERVICE_LINES), dtype=np.bool_)
        lines[[_TELEHEALTH, _NAVIGATION]] = True
        zone = int(orgs.zone[local])
        chairs = float(model.law["partnership.spoke.chairs"])
        site = open_site(
            model, local, zone, SPOKE, lat=float(orgs.lat[local]), lon=float(orgs.lon[local]), chairs=chairs,
            lines=lines, grow=False,
            reason=f"oncologists of {orgs.name[hub]} see its patients by telehealth",
        )  # fmt: skip
        orgs.cash[local] -= chairs * float(model.law["finance.chair_cost"])
    sites.hub_tie[site] = row
    sites.lines[site, [_TELEHEALTH, _NAVIGATION]] = True
    return site


def leave_spoke(model: OncologyMarket, row: int) -> None:
    """Take a hub's oncologists away from its spoke when their tie ends."""
    sites = model.sites
    mine = np.flatnonzero(sites.hub_tie == row)
    sites.visiting_fte[mine] = sites.promised_fte[mine] = 0.0
    sites.visiting_from[mine] = -1
    sites.hub_tie[mine] = -1
