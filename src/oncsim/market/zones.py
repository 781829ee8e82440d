"""Zones of the embedded geography: state totals spread over counties by the gradients of size of place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.market import facts
from oncsim.market.form import shape_table
from oncsim.market.payer_mix import medicaid_share

if TYPE_CHECKING:
    import pandas as pd

ESTIMATED = "population_65plus;deprivation;poverty_share;uninsured_share;medicaid_share;ma_share;cases_per_year"


def county_zones(states: Iterable[str]) -> pd.DataFrame:
    """Return all counties of the given states as zones in the form of a market, in order of FIPS code.

    Population, land, place and metropolitan area are facts of each county. The columns named in ``estimated``
    are state totals spread over its counties: the share a county of that size class has in the nation, tilted
    by its population and scaled so that the state's total is met. ``deprivation`` ranks the poverty share
    within the nation.
    """
    wanted = set(states)
    nation = _nation()
    return shape_table("zones", nation[nation["state"].isin(wanted)])


def deprivation_rank(poverty: NDArray[np.float64], people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of people who live where poverty is no greater: 0 least, 1 most deprived."""
    order = np.argsort(poverty, kind="stable")
    reached = np.cumsum(people[order])
    # Zones with equal poverty share the rank of the last of them.
    last = np.searchsorted(poverty[order], poverty, side="right") - 1
    return np.asarray(reached[last] / reached[-1], dtype=np.float64)


def _nation() -> pd.DataFrame:
    frame = facts.counties().copy()
    people = frame["population"].to_numpy(dtype=np.float64)
    elderly = _spread(frame, people, "share_65plus", "population_65plus_share")
    younger = people * (1.0 - elderly)
    uninsured = _spread(frame, younger, "uninsured_share", "uninsured_share")
    poverty = _spread(frame, people, "poverty_share", "poverty_share")
    advantage = _spread(frame, people * elderly, "ma_share", "ma_share")
    totals = facts.state_totals()
    cases = frame["state"].map(totals["cases_per_year"]).to_numpy(dtype=np.float64)
    over65 = people * elderly
    state_over65 = over65 / _state_sum(frame, over65)
    rest = frame["state"] + "-rest"
    in_metro = frame["cbsa"] != ""
    rest_name = frame["state"].map(facts.STATE_NAMES) + ", outside metropolitan areas"
    return frame.assign(
        zone=frame["fips"],
        hrr="",
        market=frame["cbsa"].where(in_metro, rest),
        market_name=frame["cbsa_name"].where(in_metro, rest_name),
        population=people,
        population_65plus=over65,
        deprivation=deprivation_rank(poverty, people),
        poverty_share=poverty,
        uninsured_share=uninsured,
        medicaid_share=medicaid_share(poverty, uninsured, poverty_line=1.5),
        ma_share=advantage,
        cases_per_year=cases * state_over65,
        estimated=ESTIMATED,
    )


def _spread(frame: pd.DataFrame, base: NDArray[np.float64], gradient: str, total: str) -> NDArray[np.float64]:
    """Return a share per county whose mean over the state, weighted by ``base``, is the state's share."""
    classes = facts.size_class_gradients()
    size = frame["size_class"]
    level = size.map(classes[gradient]).to_numpy(dtype=np.float64)
    slope = size.map(classes[f"{gradient}_slope"]).to_numpy(dtype=np.float64)
    tenfold = np.log10(np.maximum(frame["population"].to_numpy(dtype=np.float64), 100.0))
    shape = level * np.exp(slope * (tenfold - _class_mean(size.to_numpy(), tenfold)))
    target = frame["state"].map(facts.state_totals()[total]).to_numpy(dtype=np.float64)
    share = shape * target * _state_sum(frame, base) / _state_sum(frame, shape * base)
    return np.asarray(np.clip(share, 0.0, 0.95), dtype=np.float64)


def _class_mean(size: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = np.zeros_like(values)
    for code in np.unique(size):
        mean[size == code] = values[size == code].mean()
    return mean


def _state_sum(frame: pd.DataFrame, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(frame.assign(_values=values).groupby("state")["_values"].transform("sum"), dtype=np.float64)
