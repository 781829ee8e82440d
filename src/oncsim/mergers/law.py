"""Who would hear of a deal and what may come of it, by the law of the model's quarter; nothing is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PRACTICE, STATES
from oncsim.mergers.parties import Party
from oncsim.processes.antitrust import DAYS_OF_QUARTER, Screen, deals_counted_as_one
from oncsim.processes.jurisdiction import of_state
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


@dataclass(frozen=True)
class Review:
    """What the law says of a deal.

    Attributes
    ----------
    threshold : float
        Size of a transaction in dollars above which it is filed with the federal agencies.
    price : float or None
        Price in dollars that was given.
    serial_years : int
        Years in which deals of the buyer in the market count as one; 0 looks at each alone.
    earlier : int
        Earlier deals that count as one with it.
    earlier_price : float
        Dollars paid for them.
    filed : bool or None
        Whether it is filed; None without a price.
    second_request : float
        Chance that the agencies look closely at a filed deal: certain where it crosses a screen.
    review_quarters : int
        Quarters an in-depth review adds.
    block : float
        Chance that a deal which crosses a screen before somebody who may stop it does not go through.
    market, state : str
        Market and state by which the target is judged: those of its seat for a practice; for a system or center, whose seat
        may be far away, those where it treats most patients. ``state`` is empty on a plane without states.
    people, people_needed : int
        Oncologists of the target, and how many it needs for the state to be notified.
    notified, approval : bool
        Whether that state must be notified, and may refuse.
    days : float
        Days of notice.
    quarters : tuple of int
        Quarters the notice adds, the fewest and the most.
    longer : float
        Chance that it is the most.
    screen : Screen
        The screen in force in that market, earlier deals counted.
    """

    threshold: float
    price: float | None
    serial_years: int
    earlier: int
    earlier_price: float
    filed: bool | None
    second_request: float
    review_quarters: int
    block: float
    market: str
    state: str
    people: int
    people_needed: int
    notified: bool
    approval: bool
    days: float
    quarters: tuple[int, int]
    longer: float
    screen: Screen


def review(model: OncologyMarket, one: Party, other: Party, price: float | None) -> Review:
    """Return what the law says of a deal, by the same rules as :func:`oncsim.processes.antitrust.notice`."""
    law, zones = model.law, model.zones
    market, at = _judged_by(model, other)
    series = deals_counted_as_one(model, one.row, market)
    found = _screen(model, one.row, other.row, market, series)
    before = float(sum(paid for _, by, seller, paid in model.ledger if by == one.row and seller in series))
    threshold = float(law["policy.antitrust.hsr_threshold"])
    people = int(model.orgs.headcount[model.orgs.top_owner() == other.row].sum())
    needed = int(np.ceil(of_state(law["policy.antitrust.state_people"], at)))
    notified = of_state(law["policy.antitrust.state_review"], at) > 0.5 and people >= needed
    days = of_state(law["policy.antitrust.state_delay"], at) if notified else 0.0
    whole, part = divmod(days / DAYS_OF_QUARTER, 1.0)
    name = zones.market_ids[market]
    return Review(
        threshold=threshold,
        price=price,
        serial_years=int(law["policy.antitrust.serial_years"]),
        earlier=len(series),
        earlier_price=before,
        filed=None if price is None else before + price > threshold,
        second_request=1.0 if found.flagged else float(law["policy.antitrust.second_request"]),
        review_quarters=int(law["policy.antitrust.review_quarters"]),
        block=float(law["policy.antitrust.block"]),
        market=zones.market_names.get(name, name),
        state=STATES[at] if at >= 0 else "",
        people=people,
        people_needed=needed,
        notified=notified,
        approval=notified and of_state(law["policy.antitrust.state_approval"], at) > 0.5,
        days=days,
        quarters=(int(whole), int(whole) + (1 if part > 0 else 0)),
        longer=float(part),
        screen=found,
    )


def _judged_by(model: OncologyMarket, other: Party) -> tuple[int, int]:
    """Return the market and the state, -1 without one, by which the target is judged."""
    orgs, sites, zones = model.orgs, model.sites, model.zones
    seat = int(orgs.zone[other.row])
    if orgs.kind[other.row] == PRACTICE and seat >= 0:
        return int(zones.market[seat]), int(zones.state_code[seat])
    mine = orgs.top_owner()[sites.org] == other.row
    treated = np.where(mine, sites.starts.sum(axis=1), 0.0)
    market = int(np.argmax(sum_by(zones.market[sites.zone], treated, len(zones.market_ids))))
    state = int(np.argmax(sum_by(zones.state_code[sites.zone] + 1, treated, len(STATES) + 1))) - 1
    return market, state


def _screen(model: OncologyMarket, buyer: int, target: int, market: int, series: NDArray[np.int64]) -> Screen:
    """Hold the deal against the screen in force, as :func:`oncsim.processes.antitrust.screen` does at a practice's seat."""
    law, sites = model.law, model.sites
    starts = np.where(model.zones.market[sites.zone] == market, sites.starts.sum(axis=1), 0.0)
    if starts.sum() <= 0:
        return Screen(0.0, 0.0, 0.0, False)
    owner = model.orgs.top_owner()[sites.org]
    # A series of deals that counts as one is undone first.
    owner = np.where((owner == buyer) & np.isin(sites.origin, series), sites.origin, owner)
    shares = sum_by(owner, starts, len(model.orgs)) / starts.sum()
    parties = np.union1d(series, [buyer, target])
    share, before = float(shares[parties].sum()), 1e4 * float((shares**2).sum())
    after = before + 1e4 * (share**2 - float((shares[parties] ** 2).sum()))
    rise = round(after - before, 6) > float(law["policy.antitrust.screen_change"])
    high = after > float(law["policy.antitrust.screen_hhi"]) or share > float(law["policy.antitrust.screen_share"])
    return Screen(before, after, share, bool(rise and high))
