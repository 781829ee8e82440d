"""The concentration of a scenario's market, or of a model as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market_structure.forms import QUARTERS_A_YEAR, MarketConcentration

if TYPE_CHECKING:
    from oncsim.metrics.registry import Row
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario

# Definitions of a market that can be asked for; without one, the zones' own market.
MARKET_TYPES = ("hrr", "cbsa", "state")


def market_concentration(
    scenario: Scenario | str | Path, at: Quarter | str | None = None, market_type: str = "", seed: int = 1
) -> MarketConcentration:
    """Return the concentration of a scenario's market at the end of a quarter.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A scenario, its file, or the id of a bundled one.
    at : Quarter or str, optional
        Default: the first of the horizon.
    market_type : str
        ``hrr``, ``cbsa`` or ``state``; empty for the zones' own market.
    seed : int

    Raises
    ------
    InputError
        When the scenario is wrong, the quarter outside its horizon, or the definition unknown.
    """
    from oncsim.planning import load
    from oncsim.snapshot import model_at

    known = load(scenario)
    try:
        quarter = Quarter.parse(at) if isinstance(at, str) else at
    except ValueError as error:
        raise InputError([Fault("--at", 0, 0, "", str(error))]) from None
    if market_type:
        check_market_type(known, market_type)
    model = model_at(known, quarter, seed)
    try:
        return concentration_of(model, market_type)
    finally:
        model.close()


def type_fault(market_type: str) -> Fault | None:
    """Return what is wrong with the word for a market definition, if anything."""
    if market_type in MARKET_TYPES:
        return None
    near = did_you_mean(market_type.lower(), MARKET_TYPES)
    said = f"{market_type!r} is no definition of a market (one of {', '.join(MARKET_TYPES)}{near})"
    return Fault("--market-type", 0, 0, "", said)


def check_market_type(scenario: Scenario, market_type: str) -> None:
    """Refuse a definition that is none, or that the scenario's market does not know, before anything is played.

    Raises
    ------
    InputError
        When it is unknown.
    """
    wrong = type_fault(market_type)
    if wrong is None and market_type == "hrr":  # the only one that a market may lack
        from oncsim.building import build

        if not (build(scenario).zones["hrr"].astype(str) != "").any():
            wrong = _lacking(scenario.id, market_type, MARKET_TYPES[1:])
    if wrong is not None:
        raise InputError([wrong])


def _lacking(scenario: str, market_type: str, known: tuple[str, ...]) -> Fault:
    said = f"the market of {scenario} knows no {market_type} (one of {', '.join(known)}, or none for the zones' own market)"
    return Fault("--market-type", 0, 0, "", said)


def concentration_of(model: OncologyMarket, market_type: str = "") -> MarketConcentration:
    """Return the concentration of a model's market as it stands; the model is only read.

    Parameters
    ----------
    model : OncologyMarket
        After at least one quarter.
    market_type : str
        ``hrr``, ``cbsa`` or ``state``; empty for the zones' own market.

    Raises
    ------
    InputError
        When the model's zones have no such markets.
    """
    from oncsim.market_structure.markets import markets_of
    from oncsim.market_structure.systems import least_willingness, systems_of
    from oncsim.metrics import METRICS, View

    if market_type and market_type not in model.zones.markets:
        raise InputError([type_fault(market_type) or _lacking(_scenario(model), market_type, tuple(model.zones.markets))])
    view = View(model)
    hhi_flow, predicted, at_sites, worth = (
        list(METRICS[f"consolidation.{name}"].compute(view))
        for name in ("hhi_flow", "hhi_flow_predicted", "hhi_flow_site", "wtp")
    )
    screen = float(model.law["policy.antitrust.screen_hhi"])
    markets, mean, median = markets_of(view, market_type, screen, _only(hhi_flow))
    return MarketConcentration(
        scenario=_scenario(model),
        quarter=str(model.quarter),
        market_type=market_type,
        screen=screen,
        screen_change=float(model.law["policy.antitrust.screen_change"]),
        bargained=str(model.law["payer.bargaining.mode"]) != "none",
        patients=QUARTERS_A_YEAR * float(view.treated.sum()),
        markets=markets,
        mean=mean,
        median=median,
        hhi_flow_predicted=_only(predicted),
        hhi_flow_site=_only(at_sites),
        willingness={group.removeprefix("payer="): value for _, group, value in worth},
        willingness_least=least_willingness(model),
        systems=systems_of(model, view),
    )


def _scenario(model: OncologyMarket) -> str:
    return str(model.source_scenario.id)


def _only(rows: Iterable[Row]) -> float:
    return next((value for market, group, value in rows if market == "all" and group == ""), float("nan"))
