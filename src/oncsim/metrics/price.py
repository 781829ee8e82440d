"""Prices: what commercial payers pay for an infusion, over time and against Medicare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PAYERS
from oncsim.metrics.registry import Row, metric
from oncsim.metrics.view import View

if TYPE_CHECKING:
    from oncsim.metrics.view import Observed

_COMMERCIAL = PAYERS.index("commercial")


@dataclass(frozen=True)
class PriceBase:
    """The basket of the price index, fixed in the first recorded quarter.

    Attributes
    ----------
    weights : (sites then,) float
        Commercial infusions at each site.
    prices : (sites then,) float
        Commercial dollars per standard infusion at each site.
    """

    weights: NDArray[np.float64]
    prices: NDArray[np.float64]


def price_base(model: Observed) -> PriceBase:
    """Return the basket of this quarter; a model keeps the first one recorded in ``price_base``."""
    return PriceBase(View(model).infusions_by_payer[:, _COMMERCIAL].copy(), model.commercial_price.copy())


def _known(price: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(price) & (price > 0)


@metric(
    "price.commercial_index",
    title="Commercial price index",
    definition="Price of the commercial infusions of the first recorded quarter, site by site, at today's "
    "commercial prices, over their price then, times 100. Sites closed since, or without a commercial "
    "price at either time, are left out of both parts; sites opened since have no weight.",
    unit="index",
    source="Laspeyres index over the sites present in both quarters; " + "model description: prices",
    better="lower",
)
def commercial_index(view: View) -> Iterator[Row]:
    """Return the price of a fixed basket, 100 in the first recorded quarter.

    The weights are fixed, so patients who move to a dearer site do not move the index; a site's own price
    does, also when it changes by redesignation under a new owner. Spending moves with both. Leaving a site
    out of both parts keeps a closure from reading as a change of price.
    """
    base = view.model.price_base
    if base is None:
        return
    then = len(base.weights)  # sites are only ever added at the end
    price = view.model.commercial_price[:then]
    some = view.model.sites.open[:then] & _known(price) & _known(base.prices)
    cost = (base.weights[some] * base.prices[some]).sum()
    if cost > 0:
        yield "all", "", float(100.0 * (base.weights[some] * price[some]).sum() / cost)


@metric(
    "price.commercial_to_medicare",
    title="Commercial price over Medicare price",
    definition="What commercial payers pay for the infusions of their patients this quarter, over what "
    "Medicare fee-for-service would pay for the same infusions at the same sites.",
    unit="times",
    better="lower",
)
def commercial_to_medicare(view: View) -> Iterator[Row]:
    """Return the ratio of commercial to Medicare prices for the same infusions."""
    commercial, medicare = view.model.commercial_price, view.model.medicare_price
    some = _known(commercial) & _known(medicare)
    weights = view.infusions_by_payer[some, _COMMERCIAL]
    below = (weights * medicare[some]).sum()
    if below > 0:
        yield "all", "", float((weights * commercial[some]).sum() / below)
