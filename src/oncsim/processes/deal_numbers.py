"""The numbers an antitrust economist asks of a deal: diversion, upward pricing pressure, willingness to pay, price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncsim.codes import BARGAINED, PAYERS
from oncsim.competition.merger import gross_upward_pressure
from oncsim.processes.market_power import Positions, level_together, positions, prices, standing_together
from oncsim.processes.standard_patient import standard_patient

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))


@dataclass(frozen=True)
class DealNumbers:
    """What a deal would do to commercial plans, every other price standing.

    Attributes
    ----------
    to_buyer, to_seller : float
        Diversion ratios: share of the seller's patients whose next choice is the buyer, and the other way round.
    seller_pressure, buyer_pressure : float
        GUPPI of each party: what patients diverted to the other are worth, over its own price.
    willingness : float
        Relative rise of willingness to pay for both as one.
    price : float
        Relative rise of the parties' price as one over their prices apart, weighted by patients: of the Nash price.
    """

    to_buyer: float
    to_seller: float
    seller_pressure: float
    buyer_pressure: float
    willingness: float
    price: float

    def words(self) -> str:
        """Return the numbers as a clause."""
        return (
            f"{self.to_buyer:.0%} of the seller's patients would turn to the buyer next and {self.to_seller:.0%} the other "
            f"way, GUPPI {self.seller_pressure:.1%} and {self.buyer_pressure:.1%}, willingness to pay "
            f"{self.willingness:+.1%}, bargained commercial price of both {self.price:+.1%} "
            "with every other price standing"
        )


def deal_numbers(model: OncologyMarket, buyer: int, seller: int, given: Positions | None = None) -> DealNumbers:
    """Return what a deal between two organisations would do, from leverage and prices in force.

    ``given`` is what buyers took as given this quarter, where that is at hand.
    """
    one, given = model.market_power.leverage[_COMMERCIAL], given or positions(model)
    price = prices(model, _COMMERCIAL, standard_patient(model.law))
    cost = given.cost[_COMMERCIAL]
    to_buyer, to_seller = (
        (float(one.diversion[seller, buyer]), float(one.diversion[buyer, seller]))
        if max(buyer, seller) < one.diversion.shape[0]
        else (0.0, 0.0)
    )
    apart = [standing_together(model, given, org)[_COMMERCIAL] for org in (buyer, seller)]
    both = standing_together(model, given, buyer, seller)[_COMMERCIAL]
    before = sum(found.willingness for found in apart)
    patients = sum(found.patients for found in apart)
    alone = sum(
        found.patients * level_together(model, given, _COMMERCIAL, org)
        for found, org in zip(apart, (buyer, seller), strict=True)
    )
    together = level_together(model, given, _COMMERCIAL, buyer, seller)
    return DealNumbers(
        to_buyer,
        to_seller,
        gross_upward_pressure(to_buyer, float(price[seller]), float(price[buyer]), float(cost[buyer])),
        gross_upward_pressure(to_seller, float(price[buyer]), float(price[seller]), float(cost[seller])),
        both.willingness / before - 1.0 if before > 0 else 0.0,
        patients * together / alone - 1.0 if alone > 0 else 0.0,
    )
