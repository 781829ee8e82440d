"""The state of a market, saved and taken up again: the same history, gone on with under another scenario."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from oncsim.errors import InputError

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario

# What a state is taken up with again, and is no part of it.
_GIVEN = ("source_scenario", "parameters", "market", "law", "flow_sink")


def save_state(model: OncologyMarket) -> bytes:
    """Return everything that has happened in a market and all it holds, for :func:`take_up`.

    The scenario, its parameters and the tables the market came from are not in it. It is for the version of oncsim that
    saved it.
    """
    held = {name: getattr(model, name) for name in _GIVEN}
    try:
        for name in _GIVEN:
            setattr(model, name, None)
        return pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL)
    finally:
        for name, value in held.items():
            setattr(model, name, value)


def take_up(state: bytes, scenario: Scenario, market: Market) -> OncologyMarket:
    """Return a market that goes on from a saved state under a scenario: with the same luck, whatever the scenario.

    What the scenario has in store for quarters that have passed does not happen; its law is that of the quarters to come.

    Parameters
    ----------
    state : bytes
        What :func:`save_state` gave.
    scenario : Scenario
        With the same market and horizon as the one that the state was played under.
    market : Market
        The market both were built from.

    Raises
    ------
    InputError
        When the scenario has another horizon.
    """
    model: OncologyMarket = pickle.loads(state)
    if list(scenario.quarters) != model.quarters:
        raise InputError(
            f"a state of {model.quarters[0]} to {model.quarters[-1]} cannot go on under {scenario.id} "
            f"({scenario.start} to {scenario.end}): give both the same horizon"
        )
    model.source_scenario, model.parameters, model.market = scenario, scenario.parameters, market
    model.flow_sink = None
    model.law = model.parameters.at(model.law_quarter)
    return model
