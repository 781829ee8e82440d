"""Prices: what plans pay for an infusion, over time, against Medicare, by setting and after acquisitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, HOSPITAL_KINDS, OFFICE, PAYERS, among
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


@metric(
    "price.hospital_to_office",
    title="Hospital price over office price",
    definition="Mean price of a standard infusion that a payer pays at hospital departments over that at offices, each "
    "weighted by the payer's infusions there. Sites without a price are left out.",
    unit="times",
    groups=("payer",),
    better="lower",
)
def hospital_to_office(view: View) -> Iterator[Row]:
    """Return the ratio of hospital to office prices, by payer."""
    kind = view.model.sites.kind
    for payer, price in (("medicare_advantage", view.model.advantage_price), ("commercial", view.model.commercial_price)):
        weights = view.infusions_by_payer[:, PAYERS.index(payer)]
        hospital, office = (_known(price) & some for some in (among(kind, HOSPITAL_KINDS), kind == OFFICE))
        if weights[hospital].sum() > 0 and weights[office].sum() > 0:
            above, below = (np.average(price[some], weights=weights[some]) for some in (hospital, office))
            yield "all", f"payer={payer}", float(above / below)


@metric(
    "price.level",
    title="Bargained price level",
    definition="What a payer's contracts pay in units of the standard contract (commercial: the multiples of an office in "
    "the registry; Medicare Advantage: its usual rate), mean over sites weighted by the payer's infusions; what the setting "
    "adds is not in it. For commercial plans it is what bargaining moves.",
    unit="standard contracts",
    groups=("payer",),
    source="methods 2d",
    better="lower",
)
def level(view: View) -> Iterator[Row]:
    """Return the mean bargained level, by payer."""
    contracts = getattr(view.model, "contracts", None)
    if contracts is None:
        return
    levels = contracts.level
    for position, payer in enumerate(BARGAINED):
        weights = view.infusions_by_payer[: len(levels), payer]
        if weights.sum() > 0:
            yield "all", f"payer={PAYERS[payer]}", float((weights * levels[:, position]).sum() / weights.sum())


@metric(
    "price.after_acquisition",
    title="Commercial price change after an acquisition by a hospital",
    definition="Open sites bought by systems and centers, by full years since the deal (0 to 4): the commercial price of an "
    "infusion over what the same site would be paid today as the office it was, at the level it had before the deal moved "
    "on as that of independent practices has since; less one; mean weighted by commercial infusions. component=rate_table "
    "is the part the setting adds, component=bargained the change of the bargained level, component=total both.",
    unit="relative change",
    groups=("component and years",),
    source="two parts of the price effect: Capps, Dranove and Ody 2018 (P01); methods 2d",
    better="lower",
)
def after_acquisition(view: View) -> Iterator[Row]:
    """Return the mean price change of bought sites, in parts, by years since the deal."""
    found = view.model.price_changes()
    parts = {
        "bargained": found.bargained - 1.0,
        "rate_table": found.rate_table - 1.0,
        "total": found.rate_table * found.bargained - 1.0,
    }
    for part, change in parts.items():
        for years in range(5):
            some = found.by_hospital & (found.years == years) & (found.infusions > 0)
            weights = found.infusions[some]
            if weights.sum() > 0:
                yield "all", f"component={part};years={years}", float((weights * change[some]).sum() / weights.sum())
