"""Zones: where people live. Fixed for the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import STATES
from oncsim.randomness import identities


@dataclass(frozen=True)
class Zones:
    """Arrays over zones (rows in the order of ``Market.zones``).

    ``markets[kind]`` gives, for each market definition, the ids and the number of each zone's market; zones outside any
    such market hold -1 (only ``hrr`` can be partly unknown).
    """

    ids: list[str]
    names: list[str]
    key: NDArray[np.uint64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    population: NDArray[np.float64]
    population_65plus: NDArray[np.float64]
    land_sqmi: NDArray[np.float64]
    rural: NDArray[np.bool_]
    deprivation: NDArray[np.float64]
    quartile: NDArray[np.int64]
    cases_per_year: NDArray[np.float64]
    uninsured_share: NDArray[np.float64]
    medicaid_share: NDArray[np.float64]
    ma_share: NDArray[np.float64]
    air_minutes: NDArray[np.float64]
    states: list[str]
    market_ids: list[str]
    market: NDArray[np.int64]
    market_names: dict[str, str]
    markets: dict[str, tuple[list[str], NDArray[np.int64]]]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def state_code(self) -> NDArray[np.int64]:
        """(zones,) place of each zone's state in ``STATES``, -1 where it has none, as on a plane."""
        number = {state: place for place, state in enumerate(STATES)}
        return np.array([number.get(state, -1) for state in self.states], dtype=np.int64)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Zones:
        """Copy the zones of a market into arrays."""

        def number(name: str) -> NDArray[np.float64]:
            return np.ascontiguousarray(table[name], dtype=np.float64)

        market_ids, market = _coded(table["market"])
        population = number("population")
        deprivation = number("deprivation")
        return cls(
            ids=table["zone"].astype(str).tolist(),
            names=table["name"].astype(str).tolist(),
            key=identities(table["zone"].to_numpy()),
            lat=number("lat"),
            lon=number("lon"),
            population=population,
            population_65plus=number("population_65plus"),
            land_sqmi=number("land_sqmi"),
            rural=np.ascontiguousarray(table["rural"], dtype=np.bool_),
            deprivation=deprivation,
            quartile=weighted_quartile(deprivation, population),
            cases_per_year=number("cases_per_year"),
            uninsured_share=number("uninsured_share"),
            medicaid_share=number("medicaid_share"),
            ma_share=number("ma_share"),
            air_minutes=number("air_minutes"),
            states=table["state"].astype(str).tolist(),
            market_ids=market_ids,
            market=market,
            market_names=dict(zip(table["market"].astype(str), table["market_name"].astype(str), strict=True)),
            markets=_market_definitions(table),
        )


def _coded(values: pd.Series) -> tuple[list[str], NDArray[np.int64]]:
    codes, ids = pd.factorize(values.astype(str), sort=True)
    return [str(i) for i in ids], codes.astype(np.int64)


def _market_definitions(table: pd.DataFrame) -> dict[str, tuple[list[str], NDArray[np.int64]]]:
    """Return the ways to cut zones into markets: by name, the ids of the markets and the one of each zone (-1 for none)."""
    state = table["state"].astype(str)
    rest = np.where(state == "", "rest", state + "-rest")
    cbsa = table["cbsa"].astype(str)
    definitions: dict[str, tuple[list[str], NDArray[np.int64]]] = {}
    hrr = table["hrr"].astype(str)
    if (hrr != "").any():
        ids, codes = _coded(hrr)
        if "" in ids:  # zones outside any referral region belong to no market of this kind
            blank = ids.index("")
            codes = np.where(codes == blank, -1, np.where(codes > blank, codes - 1, codes))
            ids.remove("")
        definitions["hrr"] = (ids, codes)
    definitions["cbsa"] = _coded(pd.Series(np.where(cbsa == "", rest, cbsa)))
    definitions["state"] = _coded(pd.Series(np.where(state == "", "plane", state)))
    return definitions


def weighted_quartile(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 (lowest) to 4 (highest): quarters of the weight when rows are put in order of value."""
    order = np.argsort(values, kind="stable")
    total = weights.sum()
    if total <= 0:
        return np.ones(len(values), dtype=np.int64)
    middle = np.cumsum(weights[order]) - weights[order] / 2
    quartile = np.empty(len(values), dtype=np.int64)
    quartile[order] = np.minimum(1 + (4 * middle / total).astype(np.int64), 4)
    return quartile
