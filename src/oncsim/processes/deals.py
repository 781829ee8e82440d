"""Deals: offers contested, reviewed, delayed, blocked or closed (methods 2g).

What an offer is made of is in :mod:`oncsim.processes.bids`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.actions.ownership import acquire
from oncsim.codes import NETWORK, PAYER
from oncsim.processes.antitrust import Screen, notice, screen
from oncsim.processes.bids import Target, contested
from oncsim.processes.deal_numbers import deal_numbers
from oncsim.state.physicians import full_time_equivalents
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


@dataclass
class Pending:
    """A deal agreed and waiting to close.

    Attributes
    ----------
    target : Target
    closes : int
        Quarter count at which it closes.
    reviewed : bool
        Whether somebody who may stop it looks at it.
    delay : int
        Quarters that notices and reviews added.
    """

    target: Target
    closes: int
    reviewed: bool
    delay: int = 0


def offer(model: OncologyMarket, target: Target) -> None:
    """Agree on a deal with whoever bids most: it closes after a lag, longer where it must be notified or is reviewed."""
    law = model.law
    target, bids = contested(model, target)
    if bids > 1:
        model.tell(
            "deal_contested",
            target.buyer,
            other=target.seller,
            amount=float(bids),
            text=f"{{actor}} wins {{other}} against {bids - 1} other bid{'s' if bids > 2 else ''}",
        )
    key = np.array([model.orgs.key[target.seller]], dtype=np.uint64)
    span = int(law["health_system.acquisition.closing"])
    wait = 1 + int(model.luck.uniform("deals.closing", model.t, key)[0] * (2 * span - 1))
    heard = notice(model, target.buyer, target.seller, target.price)
    model.orgs.pending[target.seller] = True
    reviewed = heard.investigated or heard.approval
    model.pending.append(Pending(target, model.t + wait + heard.quarters, reviewed, heard.quarters))
    if heard.state and heard.quarters:
        model.tell(
            "deal_notified",
            target.buyer,
            other=target.seller,
            amount=float(heard.quarters),
            text=f"the acquisition of {{other}} by {{actor}} is notified to {heard.state} and waits",
        )


def deals(model: OncologyMarket) -> None:
    """Clear pending deals: still wanted, not given up while waiting, let through, closed."""
    law, orgs = model.law, model.orgs
    waiting: list[Pending] = []
    for one in model.pending:
        target = one.target
        gone = orgs.status[target.seller] != 0 or orgs.status[target.buyer] != 0
        forbidden = not law["policy.acquisitions.allowed"] and orgs.kind[target.buyer] != NETWORK
        if gone or forbidden:
            orgs.pending[target.seller] = False
            if forbidden and not gone:
                _withdraw(model, target, "such acquisitions are no longer allowed")
            continue
        if one.closes > model.t:
            if _tired(model, one):
                orgs.pending[target.seller] = False
                _withdraw(model, target, "it has waited too long for clearance")
            else:
                waiting.append(one)
            continue
        _close(model, one)
    model.pending = waiting
    count_again(model)


def _withdraw(model: OncologyMarket, target: Target, why: str) -> None:
    model.tell(
        "deal_withdrawn", target.buyer, other=target.seller, text=f"{{actor}} gives up its offer for {{other}}: {why}"
    )


def _tired(model: OncologyMarket, one: Pending) -> bool:
    """Return whether a buyer gives up a deal that would have closed by now but for notices and reviews."""
    if one.delay == 0 or model.t < one.closes - one.delay:
        return False
    key = np.array([model.orgs.key[one.target.seller]], dtype=np.uint64)
    u = model.luck.uniform("deals.give_up", model.t, key)[0]
    return bool(u < float(model.law["health_system.acquisition.give_up"]))


def _close(model: OncologyMarket, one: Pending) -> None:
    """Close a deal that is due, unless it crosses a screen before somebody who may stop it."""
    target = one.target
    found = screen(model, target.buyer, target.seller)
    if one.reviewed and found.flagged and _stopped(model, target):
        model.orgs.pending[target.seller] = False
        model.tell(
            "deal_blocked",
            target.buyer,
            other=target.seller,
            amount=found.share,
            text=f"the acquisition of {{other}} by {{actor}} is blocked: {found.words()}; "
            + _numbers(model, target.buyer, target.seller),
        )
        return
    if found.flagged:
        how = "goes through" if one.reviewed else "nobody who could stop it has looked"
        tell_flagged(model, target.buyer, target.seller, found, how)
    acquire(model, target.seller, target.buyer, target.price, target.uplift, target.reason)


def tell_flagged(model: OncologyMarket, buyer: int, seller: int, found: Screen, how: str) -> None:
    """Tell of a deal that crosses a screen of the merger guidelines and is not stopped, with its numbers."""
    model.tell(
        "merger_flagged",
        buyer,
        other=seller,
        amount=found.change,
        text=f"the acquisition of {{other}} by {{actor}} crosses the screen of the merger guidelines and {how}: "
        f"{found.words()}; {_numbers(model, buyer, seller)}",
    )


def _numbers(model: OncologyMarket, buyer: int, seller: int) -> str:
    given = model.prospects.positions if hasattr(model, "prospects") else None
    return deal_numbers(model, buyer, seller, given).words()


def _stopped(model: OncologyMarket, target: Target) -> bool:
    """Return whether those who look at a deal that crosses a screen stop it."""
    key = np.array([model.orgs.key[target.seller]], dtype=np.uint64)
    return bool(model.luck.uniform("deals.block", model.t, key)[0] < float(model.law["policy.antitrust.block"]))


def count_again(model: OncologyMarket) -> None:
    """Count people and patients by who operates a site now, after everybody has acted; closed sites have nobody.

    What was earned in the quarter stays with those who earned it.
    """
    sites, orgs = model.sites, model.orgs
    sites.oncologists = full_time_equivalents(sites, model.physicians)
    size = len(orgs)
    payers = orgs.kind == PAYER
    for name, values in (("oncologists", sites.oncologists), ("starts", sites.starts.sum(axis=1))):
        setattr(orgs, name, np.where(payers, getattr(orgs, name), sum_by(sites.org, values, size)))
