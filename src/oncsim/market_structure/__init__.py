"""Who has what part of which market, what systems are worth to payers, and whom patients would turn to instead."""

from oncsim.market_structure.concentration import concentration_of, market_concentration
from oncsim.market_structure.forms import MarketConcentration, OneMarket, OneSystem, OverMarkets, Substitute

__all__ = [
    "MarketConcentration",
    "OneMarket",
    "OneSystem",
    "OverMarkets",
    "Substitute",
    "concentration_of",
    "market_concentration",
]
