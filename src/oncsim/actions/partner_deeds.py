"""Deeds of scenario events that concern partners: conduct, governance, changes announced, misfits, privileges, services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.actions.ownership import found_network
from oncsim.actions.selection import find_organization
from oncsim.codes import HEALTH_SYSTEM, PRACTICE, SERVICE_LINES
from oncsim.processes.experience import announce, breach, misfit
from oncsim.processes.partnership import end_tie
from oncsim.processes.pharmacy import add_pharmacy
from oncsim.processes.privileges import end_privileges
from oncsim.ties.ladder import IN_FORCE, RUNG
from oncsim.ties.trust import DISSOLVED

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Arguments = Mapping[str, Any]
_INFUSION = SERVICE_LINES.index("infusion")


def tie_between(model: OncologyMarket, row: int, given: Arguments) -> int:
    """Return the row of the tie in force with ``with``, the tightest where there are several, or -1."""
    ties = model.ties
    partner = find_organization(model, str(given["with"]))
    between = ((ties.a == row) & (ties.b == partner)) | ((ties.a == partner) & (ties.b == row))
    found = np.flatnonzero(between & IN_FORCE[ties.stage])
    return int(found[np.argmax(RUNG[ties.form[found]])]) if len(found) else -1


def announce_change(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Announce a change to the staff of both partners."""
    tie = tie_between(model, row, given)
    if tie >= 0:
        announce(model, tie, bool(given["early"]), bool(given["consistent"]))


def let_misfit(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Let something small go wrong between partners."""
    tie = tie_between(model, row, given)
    if tie >= 0:
        misfit(model, tie, float(given["severity"]), bool(given["answered"]))


def set_governance(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Agree on check-ins and on sharing outcome data."""
    tie, ties = tie_between(model, row, given), model.ties
    if tie < 0:
        return
    if given.get("checks") is not None:
        ties.checks[tie] = float(given["checks"])
    if given.get("shared_data") is not None:
        ties.shared_data[tie] = bool(given["shared_data"])
    shared = "outcomes are shared" if ties.shared_data[tie] else "outcomes are not shared"
    model.tell(
        "governance",
        int(ties.a[tie]),
        other=int(ties.b[tie]),
        amount=float(ties.checks[tie]),
        text=f"{{actor}} and {{other}} agree on {ties.checks[tie]:g} check-ins a year; {shared}",
    )


def set_conduct(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Set how an organisation treats its partners."""
    orgs = model.orgs
    words = []
    if given.get("returns") is not None:
        orgs.returns[row] = float(given["returns"])
        words.append(f"sends back {orgs.returns[row]:.0%} of follow-up care")
    if given.get("regard") is not None:
        orgs.regard[row] = float(given["regard"])
        words.append(f"gives a dollar of its partners' costs a weight of {orgs.regard[row]:g}")
    if words:
        model.tell("conduct", row, text=f"{{actor}} {' and '.join(words)} from now on")


def shut_out(model: OncologyMarket, row: int, given: Arguments) -> None:
    """End the staff privileges of a practice."""
    practice = find_organization(model, str(given["of"]))
    if model.orgs.kind[practice] == PRACTICE and (model.hospitals.org == row).any():
        end_privileges(model, practice, row, "scripted by the scenario")


def add_line(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Give an organisation a service: at its largest site, or at its hospitals where it has no site."""
    line = SERVICE_LINES.index(str(given["line"]))
    sites, hospitals = model.sites, model.hospitals
    mine = np.flatnonzero((sites.org == row) & sites.open & sites.lines[:, _INFUSION])
    name = str(given["line"]).replace("_", " ")
    if len(mine) == 0:
        own = hospitals.org == row
        if not own.any() or line == _INFUSION:
            return
        if hospitals.lines[own, line].all():
            return
        hospitals.lines[own, line] = True
    else:
        site = int(mine[np.lexsort((sites.key[mine], -sites.oncologists[mine]))[0]])
        if sites.lines[site, line]:
            return
        if name == "pharmacy":
            add_pharmacy(model, site, "scripted by the scenario")
            return
        if name == "navigation" and not sites.lines[site, line]:
            sites.navigation_added[site] = True
        sites.lines[site, line] = True
    model.tell("capability_added", row, text=f"{{actor}} adds {name}: scripted by the scenario")


def drop_line(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Take a service from all sites and hospitals of an organisation."""
    line = SERVICE_LINES.index(str(given["line"]))
    sites, hospitals = model.sites, model.hospitals
    mine, own = sites.org == row, hospitals.org == row
    if not (sites.lines[mine, line].any() or hospitals.lines[own, line].any()):
        return
    sites.lines[mine, line] = hospitals.lines[own, line] = False
    for added, name in ((sites.pharmacy_added, "pharmacy"), (sites.navigation_added, "navigation")):
        if str(given["line"]) == name:
            added[mine] = False
    words = str(given["line"]).replace("_", " ")
    model.tell("capability_dropped", row, text=f"{{actor}} gives up {words}: scripted by the scenario")


def band_together(model: OncologyMarket, row: int, given: Arguments) -> None:
    """Let a practice found a network with itself as first member."""
    if model.orgs.kind[row] == PRACTICE and model.orgs.network[row] < 0:
        found_network(model, row, [row], "scripted by the scenario")


def hand_over_ties(model: OncologyMarket, row: int, buyer: int) -> None:
    """Let the partners of a system that was taken over have the buyer as partner: they trust it less than whom they knew.

    Ties with the buyer itself, or with somebody it owns, end.
    """
    ties, top = model.ties, model.orgs.top_owner()
    for tie in np.flatnonzero((ties.stage != DISSOLVED) & ((ties.a == row) | (ties.b == row))):
        other = int(ties.b[tie] if ties.a[tie] == row else ties.a[tie])
        if top[other] == top[buyer]:
            end_tie(model, int(tie), "one now owns the other")
            continue
        side = "b" if ties.b[tie] == row else "a"
        getattr(ties, side)[tie] = buyer
        breach(
            model, np.array([tie]), float(model.law["partnership.trust.acquisition_breach"]), "ab" if side == "b" else "ba"
        )


def remember_takeover(model: OncologyMarket, row: int, buyer: int) -> None:
    """Note hospitals that are about to change hands: their medical staff is promised its independence."""
    if model.orgs.kind[row] < HEALTH_SYSTEM:
        return
    taken = np.flatnonzero(model.hospitals.org == row)
    model.foreclosures.taken_over += [(buyer, int(hospital), model.t) for hospital in taken]
    model.partner_field = None
