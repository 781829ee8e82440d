"""What one deal would do, read from a market at the end of a quarter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.codes import PAYER_LABELS, PAYERS
from oncsim.errors import Fault, InputError
from oncsim.mergers.effects import PayerEffect
from oncsim.mergers.law import Review, review
from oncsim.mergers.markets import MarketEffect, ScreenRule, market_effects, markets_of, screens
from oncsim.mergers.parties import Party, find_parties
from oncsim.mergers.places import Overlap, overlaps
from oncsim.mergers.talks import payer_effects, vertical
from oncsim.mergers.vertical import VerticalEffect, vertical_effect
from oncsim.prices.drugs import COMMERCIAL
from oncsim.processes.market_power import NEAR_ONE

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario

# Who is real in a market, by its source; where names are, the model's own words say that deeds are not.
INVENTED = {
    "embedded": "organisations of this market are generated to published totals and their names are invented",
    "archetype": "this is a teaching market: places and organisations are invented",
}


@dataclass(frozen=True)
class MergerAnalysis:
    """What a deal would do in this model: ``one`` buys ``other``, patients stay where they are.

    Attributes
    ----------
    scenario, market_name : str
    quarter : str
        The market is read at the end of it.
    mode : str
        How prices are bargained in the scenario: ``nash_linear``, ``wtp_passthrough`` or ``none``.
    one, other : Party
        Buyer and target, with everything they own.
    market_type : str
        Market definition; empty for the zones' own: referral region where known, else metropolitan area, else the rest of
        the state.
    screens : tuple of ScreenRule
        Of 2010, of 2023 and of the quarter.
    markets : tuple of MarketEffect
        The largest change of the HHI first.
    payers : tuple of PayerEffect
        In the order of ``codes.BARGAINED``.
    vertical : VerticalEffect or None
        Where a system or center buys a practice.
    review : Review
    overlaps : tuple of Overlap
        Where both treat many of those who live there, the largest product of shares first.
    notes : tuple of str
        What to know about the market or these numbers.
    """

    scenario: str
    market_name: str
    quarter: str
    mode: str
    one: Party
    other: Party
    market_type: str
    screens: tuple[ScreenRule, ...]
    markets: tuple[MarketEffect, ...]
    payers: tuple[PayerEffect, ...]
    vertical: VerticalEffect | None
    review: Review
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...]

    def payer(self, code: str) -> PayerEffect:
        """Return what the deal does at a payer, by its code."""
        return next(effect for effect in self.payers if effect.payer == code)


def merger_analysis(
    model: OncologyMarket, one: str, other: str, market_type: str = "", price: float | None = None
) -> MergerAnalysis:
    """Return what it would do if one organisation bought another, without changing the model or drawing luck.

    Parameters
    ----------
    model : OncologyMarket
        At the end of a quarter.
    one, other : str
        Buyer and target by name, id or alias, as in events. Each stands for its owner at the top.
    market_type : str
        One of ``model.zones.markets``; empty for the zones' own markets.
    price : float, optional
        What the buyer pays, dollars: decides whether the deal is filed.

    Raises
    ------
    InputError
        When an organisation cannot be a party, or an option is wrong.
    """
    buyer, target = _checked(model, one, other, market_type, price)
    rules = screens(model)
    payers = payer_effects(model, buyer, target)
    commercial = next(effect for effect in payers if effect.payer == PAYERS[COMMERCIAL])
    return MergerAnalysis(
        scenario=model.source_scenario.id,
        market_name=model.market.name,
        quarter=str(model.quarter),
        mode=str(model.law["payer.bargaining.mode"]),
        one=buyer,
        other=target,
        market_type=market_type,
        screens=rules,
        markets=market_effects(model, buyer, target, market_type, rules),
        payers=payers,
        vertical=vertical_effect(model, buyer, target, commercial),
        review=review(model, buyer, target, price),
        overlaps=overlaps(model, buyer, target),
        notes=_notes(model, buyer, target, payers),
    )


def _checked(model: OncologyMarket, one: str, other: str, market_type: str, price: float | None) -> tuple[Party, Party]:
    """Return the parties, or raise every fault at once."""
    faults: list[Fault] = []
    if price is not None and not (math.isfinite(price) and price > 0):
        faults.append(Fault("--price", 0, 0, "", f"{price:g} is no price (dollars above zero)"))
    try:
        markets_of(model, market_type)
    except InputError as error:
        faults.extend(error.faults)
    try:
        parties = find_parties(model, one, other)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    if faults:
        raise InputError(faults)
    return parties


def market_notes(model: OncologyMarket) -> tuple[str, ...]:
    """Return who is real in the market: where names come from files, the model's own warning that deeds are simulated."""
    if model.market.source in INVENTED:
        return (INVENTED[model.market.source],)
    return tuple(text for text in model.warnings if text.startswith("names come from the tables"))


def _notes(model: OncologyMarket, one: Party, other: Party, payers: tuple[PayerEffect, ...]) -> tuple[str, ...]:
    owned = [party for party in (one, other) if party.asked]
    found = [f"{party.asked} belongs to {party.name}: the deal is worked out for the owner at the top" for party in owned]
    found = [*market_notes(model), *found]
    for effect in payers:
        label = PAYER_LABELS[PAYERS.index(effect.payer)]
        for party, stand in ((one, effect.one), (other, effect.other)):
            if not stand.in_network:
                found.append(f"{party.name} is out of the {label} network now: it is weighed as it would be inside")
            if stand.largest > NEAR_ONE:
                found.append(
                    f"{party.name} treats more than {NEAR_ONE:.0%} of some {label} patients (one zone and need): what it is "
                    "worth to the payer rests on the share treated beyond every system (payer.bargaining.beyond)"
                )
    if vertical(model, one.row, other.row):
        found.append(
            "published: prices of all specialties rose by 14.1 % after a hospital bought the practice, nearly half of it "
            "from rules (Capps, Dranove and Ody 2018); docs/price-effects.md says why more comes out here"
        )
    return tuple(found)


def merger(
    scenario: Scenario | str | Path,
    one: str,
    other: str,
    at: Quarter | str | None = None,
    seed: int = 1,
    *,
    sets: Sequence[str] = (),
    market_type: str = "",
    price: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MergerAnalysis:
    """Return what one deal would do: concentration, leverage, prices, law and places.

    The market is built, settled and played to the end of a quarter, and then only read.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the path of a scenario file or the id of a bundled scenario.
    one, other : str
        Buyer and target by name, id or alias, as in events.
    at : Quarter or str, optional
        Default: the first of the scenario.
    seed : int
        Seed of the luck before that quarter.
    sets : sequence of str
        ``PATH=VALUE`` changes to the scenario.
    market_type : str
        Market definition, for example ``cbsa``; default the zones' own.
    price : float, optional
        Dollars paid, to say whether the deal is filed.
    progress : callable, optional
        Called with (quarters played, quarters to play).

    Raises
    ------
    InputError
        When the scenario, the quarter, a party or an option is wrong.

    Examples
    --------
    >>> deal = oncsim.merger("metro_market", "Meridian Health", "Saint Aidan Health")
    >>> deal.payer("commercial").effects["nash_linear"].level
    """
    from oncsim.planning import load
    from oncsim.snapshot import model_at

    model = model_at(load(scenario, sets), read_quarter(at), seed, progress)
    try:
        return merger_analysis(model, one, other, market_type, price)
    finally:
        model.close()


def read_quarter(at: Quarter | str | None) -> Quarter | None:
    """Return a quarter given as such or as text.

    Raises
    ------
    InputError
        When the text is none.
    """
    if at is None or isinstance(at, Quarter):
        return at
    try:
        return Quarter.parse(at)
    except ValueError as problem:
        raise InputError([Fault("--at", 0, 0, "", str(problem))]) from None
