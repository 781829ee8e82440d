"""A market's state saved and taken up: the same history, the same luck, another policy."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from markets import METRO, same_tables, start
from oncsim.branching import Starts, save_state, take_up
from oncsim.building import build
from oncsim.calendar import Quarter
from oncsim.errors import InputError
from oncsim.model import OncologyMarket
from oncsim.scenario import load_scenario


def test_a_state_goes_on_as_if_it_had_never_been_put_away() -> None:
    through, put_away = start(6, METRO), start(6, METRO)
    for _ in range(3):
        through.step(), put_away.step()
    scenario, market = put_away.source_scenario, put_away.market
    state = save_state(put_away)
    assert put_away.source_scenario is scenario and put_away.market is market  # the model saved is as it was
    taken = take_up(state, scenario, market)
    for _ in range(3):
        through.step(), put_away.step(), taken.step()
    same_tables(through, taken)
    same_tables(through, put_away)


def test_under_another_law_only_what_comes_after_differs() -> None:
    model = start(6, METRO)
    for _ in range(3):
        model.step()
    state = save_state(model)
    other = load_scenario("metro_market", [f"horizon.end={model.quarters[-1]}", "payment.medicare.drug_addon=0.0"])
    taken = take_up(state, other, model.market)
    for _ in range(3):
        model.step(), taken.step()
    one, two = (m.tables(["metrics"])["metrics"] for m in (model, taken))
    early = one["quarter"].astype(str) <= str(model.quarters[2])
    assert one[early].astype(str).equals(two[two["quarter"].astype(str) <= str(model.quarters[2])].astype(str))
    spending = [t[t["metric"] == "spending.total_per_patient"] for t in (one, two)]
    late = [t[t["quarter"].astype(str) > str(model.quarters[2])]["value"].tolist() for t in spending]
    assert late[0] != late[1]


def test_another_horizon_is_refused() -> None:
    model = start(4, METRO)
    longer = dataclasses.replace(model.source_scenario, end=Quarter.parse("2040Q4"))
    with pytest.raises(InputError, match=r"a state of 2026Q1 to 2026Q4 cannot go on under \w+ \(2026Q1 to 2040Q4\)"):
        take_up(save_state(model), longer, model.market)


@pytest.mark.parametrize("patients", ["expected", "integer"])
def test_replicates_begin_from_one_settled_market_as_if_each_had_settled_by_itself(patients: str) -> None:
    starts, scenario = Starts(), start(4, METRO, settings={"patients": patients}).source_scenario
    settled: list[int] = []

    def begun(seed: int, replicate: int) -> OncologyMarket:
        def settle() -> OncologyMarket:
            settled.append(replicate)
            return OncologyMarket(scenario, seed=seed, replicate=replicate, market=market)

        return starts.model("law", settle, scenario, market, seed, replicate)

    market = build(scenario)
    for seed, replicate in ((3, 0), (3, 1), (4, 1)):
        alone, begins = OncologyMarket(scenario, seed=seed, replicate=replicate, market=market), begun(seed, replicate)
        for _ in range(4):
            alone.step(), begins.step()
        same_tables(alone, begins)
    assert settled == [0]
    assert not pickle.loads(pickle.dumps(starts))._kept  # no process carries the markets of another


def test_a_state_too_large_to_keep_is_settled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncsim.branching._MOST_KEPT", 1000)
    model = start(4, METRO)
    starts, scenario, made = Starts(), model.source_scenario, [0]

    def settle() -> OncologyMarket:
        made[0] += 1
        return model

    for _ in range(2):
        assert starts.model("law", settle, scenario, model.market, 1, 0) is model
    assert made == [2]
