"""Antitrust: which deals cross the agencies' screens, who hears of them, how long they wait, who may stop them.

Screens are those of the merger guidelines in force, on patients who start treatment in the market of the seller's seat.
Whether anybody looks is another matter: a deal is filed with the federal agencies only above the size-of-transaction
threshold, and notified to a state only where its law says so. A deal that nobody hears of closes, flagged or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import STATES
from oncsim.processes.jurisdiction import of_state, org_state

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

DAYS_OF_QUARTER = 91.3


@dataclass(frozen=True)
class Screen:
    """What a deal does to concentration in the market of the seller's seat.

    Attributes
    ----------
    before, after : float
        Herfindahl-Hirschman index of owners, 0 to 10,000; with a series of deals counted as one, ``before`` is without any.
    share : float
        Share of patients starting treatment there that the parties have together.
    flagged : bool
        Whether it crosses a screen of the guidelines in force.
    """

    before: float
    after: float
    share: float
    flagged: bool

    @property
    def change(self) -> float:
        """Rise of the index."""
        return self.after - self.before

    def words(self) -> str:
        """Return the numbers as a clause."""
        rise = f"concentration rises by {self.change:,.0f} to {self.after:,.0f}"
        return f"{rise} and the parties treat {self.share:.0%} of patients"


@dataclass(frozen=True)
class Notice:
    """Who hears of a deal before it closes.

    Attributes
    ----------
    filed : bool
        Above the federal size-of-transaction threshold.
    investigated : bool
        Filed, and the agencies ask for more.
    state : str
        State that must be notified, empty where none.
    approval : bool
        That state may refuse.
    quarters : int
        Quarters that all this adds.
    """

    filed: bool
    investigated: bool
    state: str
    approval: bool
    quarters: int


def deals_counted_as_one(model: OncologyMarket, buyer: int, market: int) -> NDArray[np.int64]:
    """Return the practices the buyer bought in a market within the years in which a series counts as one deal."""
    quarters = 4 * int(model.law["policy.antitrust.serial_years"])
    owner = model.orgs.owner
    rows = [
        seller
        for quarter, by, seller, _ in model.ledger
        if by == buyer and model.t - quarter < quarters and market_of(model, seller) == market and owner[seller] == buyer
    ]
    return np.array(sorted(set(rows)), dtype=np.int64)


def market_of(model: OncologyMarket, org: int) -> int:
    """Return the market of an organisation's seat, -1 where it has none."""
    zone = int(model.orgs.zone[org])
    return int(model.zones.market[zone]) if zone >= 0 else -1


def series_price(model: OncologyMarket, buyer: int, seller: int, price: float) -> float:
    """Return the size of the transaction: the price, with those of the deals that count as one with it."""
    series = deals_counted_as_one(model, buyer, market_of(model, seller))
    return price + sum(paid for _, by, one, paid in model.ledger if by == buyer and one in series)


def screen(model: OncologyMarket, buyer: int, seller: int) -> Screen:
    """Hold a deal against the screens of the guidelines in force."""
    law, sites, orgs = model.law, model.sites, model.orgs
    market = market_of(model, seller)
    there = model.zones.market[sites.zone] == market
    starts = np.where(there, sites.starts.sum(axis=1), 0.0)
    total = float(starts.sum())
    if total <= 0:
        return Screen(0.0, 0.0, 0.0, False)
    owner = orgs.top_owner()[sites.org]
    series = deals_counted_as_one(model, buyer, market)
    if len(series):
        owner = np.where((owner == buyer) & np.isin(sites.origin, series), sites.origin, owner)
    shares = np.bincount(owner, weights=starts, minlength=len(orgs)) / total
    parties = np.union1d(series, [buyer, seller])
    share = float(shares[parties].sum())
    before = 1e4 * float((shares**2).sum())
    after = before + 1e4 * (share**2 - float((shares[parties] ** 2).sum()))
    rise = round(after - before, 6) > float(law["policy.antitrust.screen_change"])
    high = after > float(law["policy.antitrust.screen_hhi"]) or share > float(law["policy.antitrust.screen_share"])
    return Screen(before, after, share, bool(rise and high))


def notice(model: OncologyMarket, buyer: int, seller: int, price: float) -> Notice:
    """Return who hears of a deal agreed now, and what it delays."""
    law, orgs = model.law, model.orgs
    key = np.array([orgs.key[seller]], dtype=np.uint64)
    filed = series_price(model, buyer, seller, price) > float(law["policy.antitrust.hsr_threshold"])
    investigated = False
    if filed:
        lucky = model.luck.uniform("deals.second_request", model.t, key)[0] < float(law["policy.antitrust.second_request"])
        investigated = bool(lucky or screen(model, buyer, seller).flagged)
    quarters = int(law["policy.antitrust.review_quarters"]) if investigated else 0

    at = org_state(model, seller)
    people = of_state(law["policy.antitrust.state_people"], at)
    notified = of_state(law["policy.antitrust.state_review"], at) > 0.5 and int(orgs.headcount[seller]) >= people
    approval = notified and of_state(law["policy.antitrust.state_approval"], at) > 0.5
    if notified:
        # Days that do not fill a quarter delay some deals by one and others not at all.
        days = of_state(law["policy.antitrust.state_delay"], at)
        u = model.luck.uniform("deals.notice", model.t, key)[0]
        quarters = max(quarters, int(np.floor(days / DAYS_OF_QUARTER + u)))
    state = (STATES[at] if at >= 0 else "the state") if notified else ""
    return Notice(filed, investigated, state, approval, quarters)
