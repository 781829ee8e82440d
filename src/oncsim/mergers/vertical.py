"""A system or center buys a practice: what the rate table of its setting adds to commercial prices, and what the bargain.

As :mod:`oncsim.processes.price_change` tells the two apart for deals that have closed, for one that has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, FREESTANDING, HOME, HOSPITAL_KINDS, NEEDS, SET_EXCEPTED, SET_NON_EXCEPTED, among
from oncsim.mergers.effects import MODELS, PayerEffect
from oncsim.mergers.parties import Party
from oncsim.mergers.talks import vertical
from oncsim.prices.drugs import COMMERCIAL
from oncsim.prices.places import PaymentPlaces
from oncsim.prices.rates import allowed_rates
from oncsim.processes.bargaining import bargained, contract_at
from oncsim.processes.payment import contract_of_sites, infusion_price, payment_places
from oncsim.processes.referral import hospital_reach

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_NEEDS = len(NEEDS)


@dataclass(frozen=True)
class VerticalEffect:
    """What becomes of the commercial price of a practice's sites when a system or center owns them.

    Attributes
    ----------
    sites : int
        Open sites that would become departments of a hospital; infusion centers and home infusion stay what they are.
    infusions : float
        Commercial infusions there, a year.
    office_price, department_price : float
        Dollars of a standard infusion day with its share of visits under the contracts in force, as the site is and as a
        new department off campus; means weighted by commercial infusions.
    rate_table : float
        What the setting adds, a relative change: ``department_price / office_price - 1``.
    level_buyer : float
        Price of the buyer in force, in standard contracts.
    level_now : dict of str to float
        Price of the practice by model, in standard contracts: in force by the model that the scenario bargains with, with
        all contracts renewed by the other.
    bargained : dict of str to float
        Relative change of the bargained level by model: that of both as one, all contracts renewed, over ``level_now``.
    total : dict of str to float
        Both parts: ``(1 + rate_table) (1 + bargained) - 1``, by model.
    reach : float
        Share of hospital care where the practice's patients live that the buyer's hospitals draw: its referrers steer.
    """

    sites: int
    infusions: float
    office_price: float
    department_price: float
    rate_table: float
    level_buyer: float
    level_now: dict[str, float]
    bargained: dict[str, float]
    total: dict[str, float]
    reach: float


def vertical_effect(model: OncologyMarket, one: Party, other: Party, effect: PayerEffect) -> VerticalEffect | None:
    """Return the parts of the price effect on the practice's sites; None unless a system or center buys a practice.

    Parameters
    ----------
    effect : PayerEffect
        Of commercial plans.
    """
    if not vertical(model, one.row, other.row):
        return None
    sites = model.sites
    mine = sites.open & (model.orgs.top_owner()[sites.org] == other.row)
    rows = np.flatnonzero(mine & ~among(sites.kind, (*HOSPITAL_KINDS, FREESTANDING, HOME)))
    infusions = sites.infusions[rows, COMMERCIAL * _NEEDS : (COMMERCIAL + 1) * _NEEDS].sum(axis=1)
    office, department = (_mean(price, infusions) for price in _prices(model, rows))
    rate_table = department / office - 1.0 if office > 0 else 0.0
    mode = str(model.law["payer.bargaining.mode"])
    now = {name: effect.other.price if name == mode else effect.other.renewed[name] for name in MODELS}
    # Where prices are those of the class of site, all of the change comes with the class.
    talks = bargained(model)
    bargain = {name: effect.effects[name].after / now[name] - 1.0 if talks and now[name] > 0 else 0.0 for name in MODELS}
    return VerticalEffect(
        sites=len(rows),
        infusions=4.0 * float(infusions.sum()),
        office_price=office,
        department_price=department,
        rate_table=rate_table,
        level_buyer=effect.one.price,
        level_now=now,
        bargained=bargain,
        total={name: (1.0 + rate_table) * (1.0 + part) - 1.0 for name, part in bargain.items()},
        reach=_reach(model, one.row, mine),
    )


def _prices(model: OncologyMarket, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the commercial price of an infusion at sites as they are, and as new departments off campus, (rows,) each."""
    law = model.law
    here = payment_places(model, np.zeros(len(model.sites))).of(rows)
    contract = contract_of_sites(model).of(rows)
    setting = SET_EXCEPTED if law["policy.site_neutral.new_sites_excepted"] else SET_NON_EXCEPTED
    general = np.zeros(len(rows), dtype=np.int64)
    there = PaymentPlaces(np.full(len(rows), setting), general, here.state, here.rural, np.zeros(len(rows)))
    terms = contract
    if not bargained(model):  # then the class of site decides the multiple
        terms = contract_at(model, law, "hospital", np.ones(len(BARGAINED)), contract.shipped)
    return (
        infusion_price(law, allowed_rates(law, here, contract), COMMERCIAL),
        infusion_price(law, allowed_rates(law, there, terms), COMMERCIAL),
    )


def _mean(price: Floats, weight: Floats) -> float:
    if len(price) == 0:
        return 0.0
    return float((price * weight).sum() / weight.sum()) if weight.sum() > 0 else float(price.mean())


def _reach(model: OncologyMarket, buyer: int, mine: NDArray[np.bool_]) -> float:
    """Return the share of hospital care that the buyer draws in the zones whose people start with the practice."""
    pairs, started = model.pairs, model.flows.pair_started
    here = np.flatnonzero(mine[pairs.site] & (started > 0))
    if len(here) == 0:
        return 0.0
    drawn = hospital_reach(model, pairs.zone[here], np.full(len(here), buyer))
    return float((drawn * started[here]).sum() / started[here].sum())
