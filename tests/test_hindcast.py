"""A run from 2010 under the law as it was: it starts with the structure of then and ends."""

from __future__ import annotations

import numpy as np
import pytest

from markets import scenario, start
from oncsim.calendar import Quarter
from oncsim.model import OncologyMarket
from oncsim.parameters import Parameters
from oncsim.scenario import load_scenario

YEARS = {"start": "2010Q1", "end": "2026Q4"}


def early(as_of: int | None, **sections: object) -> OncologyMarket:
    return start(1, {"source": "archetype", "kind": "mixed", "as_of": as_of}, horizon=YEARS, **sections)


def hospital_share(model: OncologyMarket) -> float:
    table = model.tables()["metrics"]
    rows = table[(table["metric"] == "consolidation.hopd_share_infusions") & (table["market"] == "all")]
    return float(rows["value"].iloc[-1])


def test_a_market_runs_from_2010_to_2026() -> None:
    model = early(2010)
    while not model.finished:
        model.step()
    assert str(model.quarter) == "2026Q4"
    metrics = model.tables()["metrics"]
    assert np.isfinite(metrics.loc[metrics["metric"] == "activity.infusions_total", "value"]).all()
    assert (model.sites.oncologists[model.sites.open] >= 0).all()


def test_the_start_is_less_hospital_based_than_today_and_nothing_later_is_set() -> None:
    then, now = early(2010), early(None)
    for model in (then, now):
        model.step()
    assert hospital_share(then) < hospital_share(now) - 0.1
    # Only the market differs: the parameters of both are the same.
    for quarter in ("2010Q1", "2018Q1", "2026Q1"):
        values = [model.parameters.at(Quarter.parse(quarter)) for model in (then, now)]
        assert values[0]["demand.ma_national"] == values[1]["demand.ma_national"]


@pytest.fixture(scope="module")
def registered() -> Parameters:
    return load_scenario("baseline_2010").parameters


@pytest.mark.parametrize(
    "name",
    ["finance.office.administration_cost", "finance.office.visit_cost", "finance.office.site_cost", "finance.chair_cost"],
)
def test_costs_are_in_dollars_of_their_year(registered: Parameters, name: str) -> None:
    cost = {year: registered.value(name, Quarter(year, 1)) for year in (2010, 2018, 2026, 2030)}
    assert cost[2010] < cost[2018] < cost[2026] < cost[2030]
    level = registered.value("economy.price_level", Quarter(2010, 1))
    assert cost[2010] == pytest.approx(cost[2026] * level)
    assert cost[2030] == pytest.approx(cost[2026] * 1.027**4)


def test_a_structure_of_another_year_than_the_start_is_warned_of() -> None:
    def warned(as_of: int) -> bool:
        market = {"source": "archetype", "kind": "mixed", "as_of": as_of}
        return any("structure of" in text for text in scenario(1, market, horizon=YEARS).warnings)

    assert warned(2013)
    assert not warned(2010)


@pytest.mark.parametrize("name", ["baseline_2010", "hindcast_files"])
def test_the_hindcasts_set_no_policy_of_their_own(name: str) -> None:
    loaded = load_scenario(name)
    assert loaded.market.as_of == 2010
    assert loaded.start == Quarter(2010, 1)
    assert not loaded.parameters.overrides
    assert not loaded.events
