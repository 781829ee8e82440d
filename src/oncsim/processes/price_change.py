"""What acquisitions did to the commercial prices of the sites that were bought: rate table and bargain told apart.

Beside the price of a site today stands what the same site would be paid under the same law as the office it was, at the
price level it had before the deal, moved on as the level of independent practices has moved since. The first factor is the
rate table of its setting, the second the bargained level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    ACADEMIC_CENTER,
    BARGAINED,
    FREESTANDING,
    HEALTH_SYSTEM,
    HOME,
    NEEDS,
    PAYERS,
    PRACTICE,
    SET_OFFICE,
    SPOKE,
    among,
)
from oncsim.prices.drugs import COMMERCIAL
from oncsim.prices.places import PaymentPlaces
from oncsim.prices.rates import allowed_rates
from oncsim.processes.bargaining import bargained, contract_at
from oncsim.processes.payment import contract_of_sites, infusion_price, payment_places

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_POSITION = BARGAINED.index(PAYERS.index("commercial"))


@dataclass(frozen=True)
class PriceChanges:
    """Sites that were bought and are open, (bought,) each.

    Attributes
    ----------
    site : int
    years : int
        Full years since the deal closed.
    rate_table, bargained : float
        Factors on the commercial price of an infusion: what the setting adds under the law in force, and the level bargained
        now over that before the deal, both relative to independent practices. Their product is the whole change.
    infusions : float
        Commercial infusions of the quarter, to weight by.
    by_hospital : bool
        Bought by a system or a center; by a network otherwise.
    """

    site: NDArray[np.int64]
    years: NDArray[np.int64]
    rate_table: Floats
    bargained: Floats
    infusions: Floats
    by_hospital: NDArray[np.bool_]


def office_level(model: OncologyMarket) -> float:
    """Return the mean commercial level of independent practices, weighted by infusions; of all sites without any."""
    sites, orgs, level = model.sites, model.orgs, model.contracts.level[:, _POSITION]
    infusions = sites.infusions[: len(level)].sum(axis=1) * sites.open[: len(level)]
    top = orgs.top_owner()[sites.org[: len(level)]]
    independent = infusions * (orgs.kind[top] == PRACTICE)
    weight = independent if independent.sum() > 0 else infusions
    return float((weight * level).sum() / weight.sum()) if weight.sum() > 0 else 1.0


def price_changes(model: OncologyMarket) -> PriceChanges:
    """Return what acquisitions have done to prices by now."""
    sites, orgs = model.sites, model.orgs
    known = len(model.commercial_price)
    top = orgs.top_owner()[sites.org]
    bought = sites.open & np.isfinite(sites.level_before) & (sites.origin >= 0) & (top != sites.origin)
    bought &= ~among(sites.kind, (FREESTANDING, HOME, SPOKE))  # never were offices
    rows = np.flatnonzero(bought[:known])
    places = payment_places(model, np.zeros(len(sites))).of(rows)
    contract = contract_of_sites(model).of(rows)
    nobody = np.full(len(rows), -1, dtype=np.int64)
    office = PaymentPlaces(np.full(len(rows), SET_OFFICE), nobody, places.state, places.rural, np.zeros(len(rows)))
    before = contract
    if not bargained(model):
        # Then all of the change comes with the class of the site.
        before = contract_at(model, model.law, "office", model.contracts.level[rows], contract.shipped)
    here, there = (
        infusion_price(model.law, allowed_rates(model.law, at, terms), COMMERCIAL)
        for at, terms in ((places, contract), (office, before))
    )
    level = model.contracts.level[rows, _POSITION] / office_level(model)
    segments = slice(COMMERCIAL * len(NEEDS), (COMMERCIAL + 1) * len(NEEDS))
    return PriceChanges(
        site=rows,
        years=(model.t - orgs.acquired_at[sites.origin[rows]]) // 4,
        rate_table=np.divide(here, there, out=np.ones(len(rows)), where=there > 0),
        # In levels of independent practices of the time.
        bargained=level / sites.level_before[rows] if bargained(model) else np.ones(len(rows)),
        infusions=sites.infusions[rows, segments].sum(axis=1),
        by_hospital=among(orgs.kind[top[rows]], (HEALTH_SYSTEM, ACADEMIC_CENTER)),
    )
