"""Concentration in the markets where the parties treat patients, before and after, and the screens of the guidelines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.calendar import Quarter
from oncsim.competition.concentration import Holdings, holdings
from oncsim.competition.control import modified_hhi, shares_through_chains
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market_structure.markets import market_names
from oncsim.mergers.parties import Party
from oncsim.parameters import Parameters
from oncsim.ties.ownership import direct_holdings, ownership_and_control

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
# A quarter in which each of the two guidelines was in force; what they say then is in the registry.
DATED = (("2010", Quarter(2011, 1)), ("2023", Quarter(2024, 1)))


@dataclass(frozen=True)
class ScreenRule:
    """A screen of the merger guidelines, as the law of a quarter has it.

    Attributes
    ----------
    name : str
        ``2010``, ``2023`` or ``now``.
    hhi, change : float
        A deal crosses where the HHI after it exceeds ``hhi`` and rises by more than ``change``.
    share : float
        It also crosses where the parties treat more than this share together and the HHI rises by more than ``change``;
        1 where the guidelines have no such screen.
    """

    name: str
    hhi: float
    change: float
    share: float

    def crossed(self, after: float, change: float, share: float) -> bool:
        """Return whether a market crosses it; a change equal to the screen up to rounding does not."""
        return round(change, 6) > self.change and (after > self.hhi or share > self.share)


@dataclass(frozen=True)
class MarketEffect:
    """One market before the deal and after.

    Attributes
    ----------
    id, name : str
    patients : float
        People who start treatment at the sites in it, a year.
    share_one, share_other : float
        The parties' parts of them, 0 to 1.
    hhi_before, hhi_after : float
        Herfindahl-Hirschman index of owners at the top, 0 to 10,000.
    mhhi_before, mhhi_after : float
        Modified HHI of O'Brien and Salop (2000), which counts partial ownership and control.
    cr4_before, cr4_after : float
        Share of the four largest owners, 0 to 1.
    crossed : tuple of str
        Names of the screens it crosses.
    """

    id: str
    name: str
    patients: float
    share_one: float
    share_other: float
    hhi_before: float
    hhi_after: float
    mhhi_before: float
    mhhi_after: float
    cr4_before: float
    cr4_after: float
    crossed: tuple[str, ...]

    @property
    def change(self) -> float:
        """Rise of the HHI: twice the product of the shares, times 10,000."""
        return self.hhi_after - self.hhi_before

    @property
    def share(self) -> float:
        """Share of the parties together."""
        return self.share_one + self.share_other


def screens(model: OncologyMarket) -> tuple[ScreenRule, ...]:
    """Return the screens of 2010, of 2023 and of the model's quarter, from the dated law of the registry.

    The first two are history, whatever a scenario makes of the law; the last is what it makes of it.
    """
    history = Parameters(model.parameters.registry)
    dated = [(name, history.at(quarter)) for name, quarter in DATED]
    found = []
    for name, law in (*dated, ("now", model.law)):
        hhi, change, share = (float(law[f"policy.antitrust.screen_{part}"]) for part in ("hhi", "change", "share"))
        found.append(ScreenRule(name, hhi, change, share))
    return tuple(found)


def markets_of(model: OncologyMarket, market_type: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the ids of a market definition and the market of every zone, -1 where it lies in none.

    Raises
    ------
    InputError
        When the zones have no such definition.
    """
    zones = model.zones
    if not market_type:
        return zones.market_ids, zones.market
    if market_type not in zones.markets:
        allowed = f"one of {', '.join(zones.markets)}{did_you_mean(market_type, zones.markets)}"
        raise InputError([Fault("--market-type", 0, 0, "", f"no such market definition {market_type!r} ({allowed})")])
    return zones.markets[market_type]


def market_effects(
    model: OncologyMarket, one: Party, other: Party, market_type: str, rules: tuple[ScreenRule, ...]
) -> tuple[MarketEffect, ...]:
    """Return the markets where at least one party treats patients, the largest change of the HHI first.

    A site counts in the market it stands in; patients are those who start treatment, of all payers and needs.
    """
    ids, market = markets_of(model, market_type)
    sites, count = model.sites, len(ids)
    at, treated = market[sites.zone], sites.starts.sum(axis=1)
    owner = model.orgs.top_owner()[sites.org]
    before = holdings(at, owner, treated, count)
    after = holdings(at, np.where(owner == other.row, one.row, owner), treated, count)
    share = [_shares(before, party.row) for party in (one, other)]
    held = holdings(at, sites.org, treated, count)
    mhhi = [
        modified_hhi(held.market, held.owner, held.patients, *interests, held.markets)
        for interests in (ownership_and_control(model), interests_after(model, one.row, other.row))
    ]
    hhi, cr4 = [found.hhi() for found in (before, after)], [found.largest(4) for found in (before, after)]
    rows = np.flatnonzero(share[0] + share[1] > 0)
    change = np.round(hhi[1] - hhi[0], 6)
    order = rows[np.lexsort((rows, -before.totals[rows], -change[rows]))]
    names = market_names(model.zones, ids)
    found = []
    for row in order:
        deal = (float(hhi[1][row]), float(hhi[1][row] - hhi[0][row]), float(share[0][row] + share[1][row]))
        found.append(
            MarketEffect(
                ids[row],
                names[row],
                4.0 * float(before.totals[row]),
                float(share[0][row]),
                float(share[1][row]),
                float(hhi[0][row]),
                float(hhi[1][row]),
                float(mhhi[0][row]),
                float(mhhi[1][row]),
                float(cr4[0][row]),
                float(cr4[1][row]),
                tuple(rule.name for rule in rules if rule.crossed(*deal)),
            )
        )
    return tuple(found)


def _shares(held: Holdings, owner: int) -> Floats:
    mine = held.owner == owner
    share = np.zeros(held.markets)
    share[held.market[mine]] = held.shares[mine]
    return share


def interests_after(model: OncologyMarket, one: int, other: int) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return (ownership, control), (holders, organisations) each, with the target fully held by the buyer.

    Whoever holds a part of the target sells it; what the target holds of the buyer is retired.
    """
    found, size = direct_holdings(model), len(model.orgs)
    keep = (found.held != other) & ~((found.holder == other) & (found.held == one))
    holder, held = np.append(found.holder[keep], one), np.append(found.held[keep], other)
    return (
        shares_through_chains(holder, held, np.append(found.owner_share[keep], 1.0), size),
        shares_through_chains(holder, held, np.append(found.control_share[keep], 1.0), size),
    )
