"""The deeds behind scenario events: one function for each action of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.actions import partner_deeds
from oncsim.actions.catalogue import ACTIONS
from oncsim.actions.checking import can_open
from oncsim.actions.ownership import acquire, close_practice, join_network, leave_network, release_practice, take_stake
from oncsim.actions.partner_deeds import hand_over_ties, remember_takeover
from oncsim.actions.places import close_site, default_kind, hire, open_site
from oncsim.actions.selection import find_organization, find_zone, select
from oncsim.codes import (
    ACADEMIC_CENTER,
    ACQUIRED,
    ACTIVE,
    CLOSED,
    HEALTH_SYSTEM,
    NETWORK,
    ORG_KINDS,
    PRACTICE,
    SERVICE_LINES,
    SITE_KINDS,
    TIE_FORMS,
    TIE_STAGES,
)
from oncsim.errors import RunError, did_you_mean
from oncsim.processes.antitrust import screen
from oncsim.processes.deals import tell_flagged
from oncsim.processes.partnership import end_tie, sign_tie
from oncsim.ties.trust import DISSOLVED

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.scenario import ScheduledEvent

Arguments = Mapping[str, Any]


def do_event(model: OncologyMarket, event: ScheduledEvent) -> None:
    """Make a scheduled event happen to everyone it chooses."""
    action = ACTIONS[event.do]
    # Only what has an owner can be released; everything else is done to organisations that act for themselves.
    rows = select(model, event.select, f"{event.do}.{event.at}", ACQUIRED if event.do == "release" else ACTIVE)
    allowed = [ORG_KINDS.index(kind) for kind in action.targets]
    arguments = {name: one.default for name, one in action.arguments.items() if one.default is not None}
    arguments.update(event.arguments)
    told = len(model.recording.events)
    for row in rows:
        if int(model.orgs.kind[row]) in allowed:
            DEEDS[event.do](model, int(row), arguments)
    # Every deed that changes something tells of it.
    if len(model.recording.events) == told:
        model.warnings.append(f"the event {event.do} of {event.at} ({event.where}) found nobody to happen to")


def _takeover(model: OncologyMarket, row: int, given: Arguments) -> None:
    buyer = find_organization(model, str(given["by"]))
    if buyer == row or model.orgs.status[row] != ACTIVE or model.orgs.status[buyer] != ACTIVE:
        return
    price = float(given["price"])
    remember_takeover(model, row, buyer)
    if hasattr(model, "market_power"):
        found = screen(model, buyer, row)
        if found.flagged:
            tell_flagged(model, buyer, row, found, "the scenario wills it")
    if model.orgs.kind[row] == 0:
        acquire(model, row, buyer, price, 0.0, "scripted by the scenario")
        return
    if model.orgs.kind[buyer] not in (HEALTH_SYSTEM, ACADEMIC_CENTER):
        name = model.orgs.name
        raise RunError(f"{name[buyer]} cannot take over {name[row]}: only a system or academic center owns hospitals")
    _merge_systems(model, row, buyer, price)


def _merge_systems(model: OncologyMarket, row: int, buyer: int, price: float) -> None:
    """Merge one system or center into another: hospitals and sites change hands, practices it owned follow."""
    orgs = model.orgs
    orgs.status[row] = 2
    orgs.owner[row] = buyer
    orgs.cash[buyer] -= price
    model.pay_deal(buyer, row, price)
    orgs.cash[buyer] += orgs.cash[row]
    orgs.cash[row] = 0.0
    model.hospitals.org[model.hospitals.org == row] = buyer
    model.sites.org[model.sites.org == row] = buyer
    orgs.owner[(orgs.owner == row)] = buyer
    orgs.owner[row] = buyer
    model.forget_referrers()
    hand_over_ties(model, row, buyer)
    model.tell(
        "merger",
        buyer,
        other=row,
        amount=price,
        text="{actor} takes over {other} and its hospitals: scripted by the scenario",
    )


def _release(model: OncologyMarket, row: int, given: Arguments) -> None:
    if model.orgs.owner[row] >= 0:
        release_practice(model, row, "scripted by the scenario")


def _open_site(model: OncologyMarket, row: int, given: Arguments) -> None:
    orgs = model.orgs
    if given.get("place") is None:
        zone, lat, lon = int(max(orgs.zone[row], 0)), float(orgs.lat[row]), float(orgs.lon[row])
    else:
        zone, some_lat, some_lon = find_zone(model, given["place"])
        lat = float(model.zones.lat[zone]) if some_lat is None else some_lat
        lon = float(model.zones.lon[zone]) if some_lon is None else some_lon
    kind = SITE_KINDS.index(str(given["kind"])) if given.get("kind") else default_kind(model, row)
    if not can_open(model, row, kind):
        return
    lines = np.zeros(len(SERVICE_LINES), dtype=np.bool_)
    if given.get("add"):
        lines[SERVICE_LINES.index(str(given["add"]))] = True
    site = open_site(model, row, zone, kind, lat=lat, lon=lon, chairs=float(given["chairs"]), lines=lines, reason="scripted")
    # Oncologists of a scripted site come from outside the market, so that nobody else loses them.
    _join(model, row, {"count": int(given["oncologists"])}, site)
    model.sites.chairs[site] = float(given["chairs"])


def _close_site(model: OncologyMarket, row: int, given: Arguments) -> None:
    sites = model.sites
    mine = np.flatnonzero((sites.org == row) & sites.open)
    if given.get("site") is not None:
        wanted = str(given["site"])
        mine = np.array([s for s in mine if wanted in (sites.id[s], sites.name[s])], dtype=np.int64)
        if len(mine) == 0:
            known = [str(sites.name[s]) for s in np.flatnonzero((sites.org == row) & sites.open)]
            raise RunError(f"{model.orgs.name[row]} has no open site {wanted!r}{did_you_mean(wanted, known)}")
    everything = len(mine) == int(((sites.org == row) & sites.open).sum())
    if everything and model.orgs.kind[row] == PRACTICE:
        close_practice(model, row, "scripted by the scenario")
        return
    for site in mine:
        close_site(model, int(site), "scripted by the scenario")


def _set_340b(participates: bool) -> Callable[[OncologyMarket, int, Arguments], None]:
    def deed(model: OncologyMarket, row: int, given: Arguments) -> None:
        hospitals = model.hospitals
        mine = hospitals.org == row
        if not (hospitals.participates[mine] != participates).any():
            return
        hospitals.participates[mine] = participates
        hospitals.scripted[mine] = 1 if participates else -1  # the law decides no more
        verb = "joins" if participates else "leaves"
        model.tell(
            "gained_340b" if participates else "lost_340b",
            row,
            text=f"{{actor}} {verb} 340B with {int(mine.sum())} hospital{'s' if mine.sum() > 1 else ''}: scripted",
        )

    return deed


def _capacity_shock(model: OncologyMarket, row: int, given: Arguments) -> None:
    sites = model.sites
    mine = sites.org == row
    sites.shock[mine] = float(given["fraction"])
    sites.shock_until[mine] = model.t + int(given["quarters"]) - 1
    model.tell(
        "capacity_shock",
        row,
        amount=float(given["fraction"]),
        text=f"capacity of {{actor}} changes by {float(given['fraction']):+.0%} for {given['quarters']} quarters: scripted",
    )


def _join(model: OncologyMarket, row: int, given: Arguments, site: int | None = None) -> None:
    sites = model.sites
    count = int(given["count"])
    if site is None:
        mine = np.flatnonzero((sites.org == row) & sites.open)
        if len(mine) == 0:
            return
        site = int(mine[np.lexsort((sites.key[mine], -sites.load[mine]))[0]])
    # They come from outside the market, so that nobody else loses them.
    model.recruits[model.region[sites.zone[site]]] += float(count)
    for number in range(count):
        hire(model, site, f"scripted {number}")
    if count:
        model.tell(
            "oncologists_joined",
            row,
            site=site,
            amount=float(count),
            text=f"{count} oncologist{'s join' if count > 1 else ' joins'} {{actor}}: scripted",
        )


def _leave(model: OncologyMarket, row: int, given: Arguments) -> None:
    sites, people = model.sites, model.physicians
    mine = np.flatnonzero(sites.org[people.site] == row)
    order = model.luck.order("event.leave", model.t, people.key[mine])
    leaving = mine[order[: int(given["count"])]]
    keep = np.ones(len(people), dtype=np.bool_)
    keep[leaving] = False
    people.keep(keep)
    if len(leaving):
        model.tell(
            "oncologists_left",
            row,
            amount=float(len(leaving)),
            text=f"{len(leaving)} oncologist{'s leave' if len(leaving) > 1 else ' leaves'} {{actor}}'s market: scripted",
        )


def _sign_tie(model: OncologyMarket, row: int, given: Arguments) -> None:
    partner = find_organization(model, str(given["with"]))
    if partner == row or model.orgs.status[partner] == CLOSED:
        return
    usual = float(model.law["partnership.trust.start"])
    trust = usual if given.get("trust") is None else float(given["trust"])
    sign_tie(
        model,
        row,
        partner,
        TIE_FORMS.index(str(given["form"])),
        (trust, trust),
        TIE_STAGES.index("ramp_up"),
        ": scripted",
    )


def _buy_stake(model: OncologyMarket, row: int, given: Arguments) -> None:
    own = float(given["owner_share"])
    say = own if given.get("control_share") is None else float(given["control_share"])
    take_stake(model, row, find_organization(model, str(given["by"])), own, say, float(given["price"]))


def _end_tie(model: OncologyMarket, row: int, given: Arguments) -> None:
    ties = model.ties
    mine = (ties.stage != DISSOLVED) & ((ties.a == row) | (ties.b == row))
    if given.get("with") is not None:
        partner = find_organization(model, str(given["with"]))
        mine &= (ties.a == partner) | (ties.b == partner)
    for tie in np.flatnonzero(mine):
        end_tie(model, int(tie), "scripted by the scenario")


def _join_network(model: OncologyMarket, row: int, given: Arguments) -> None:
    network = find_organization(model, str(given["network"]))
    if model.orgs.kind[network] != NETWORK:
        raise RunError(f"{model.orgs.name[network]} is not a network")
    if model.orgs.network[row] != network:
        join_network(model, row, network, "scripted by the scenario")


def _leave_network(model: OncologyMarket, row: int, given: Arguments) -> None:
    leave_network(model, row, "scripted by the scenario")


DEEDS: dict[str, Callable[[OncologyMarket, int, Arguments], None]] = {
    "takeover": _takeover,
    "buy_stake": _buy_stake,
    "release": _release,
    "open_site": _open_site,
    "close_site": _close_site,
    "gain_340b": _set_340b(True),
    "lose_340b": _set_340b(False),
    "capacity_shock": _capacity_shock,
    "oncologists_join": _join,
    "oncologists_leave": _leave,
    "sign_tie": _sign_tie,
    "end_tie": _end_tie,
    "join_network": _join_network,
    "leave_network": _leave_network,
    "found_network": partner_deeds.band_together,
    "announce_change": partner_deeds.announce_change,
    "misfit": partner_deeds.let_misfit,
    "set_governance": partner_deeds.set_governance,
    "set_conduct": partner_deeds.set_conduct,
    "end_privileges": partner_deeds.shut_out,
    "add_line": partner_deeds.add_line,
    "drop_line": partner_deeds.drop_line,
}
