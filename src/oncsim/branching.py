"""The state of a market, saved and taken up again: the same history, gone on with under another scenario."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oncsim.errors import InputError

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario

# What a state is taken up with again, and is no part of it.
_GIVEN = ("source_scenario", "parameters", "market", "law", "flow_sink")


_MOST_KEPT = 64_000_000  # bytes: a state of the whole country is settled anew rather than held by every worker


class Starts:
    """Settled markets, from which many replicates begin: settling knows no luck of a replicate, so it is done once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_kept": {}}  # every process settles for itself

    def model(
        self,
        name: str,
        settle: Callable[[], OncologyMarket],
        scenario: Scenario,
        market: Market,
        seed: int,
        replicate: int,
    ) -> OncologyMarket:
        """Return a market at the start of a replicate, the same as if it had settled by itself.

        Parameters
        ----------
        name : str
            Of the scenario, among those that share these starts.
        settle : callable
            Makes the market of this replicate from nothing; asked where none is kept.
        scenario, market, seed, replicate
            What ``settle`` makes it of.
        """
        state = self._kept.get(name)
        if state is not None:
            model = take_up(state, scenario, market)
            model.begin_replicate(seed, replicate)
            return model
        model = settle()
        state = save_state(model)
        if sum(map(len, self._kept.values())) + len(state) <= _MOST_KEPT:
            self._kept[name] = state
        return model


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
