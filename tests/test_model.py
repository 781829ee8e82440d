"""The model as a whole: what is conserved, its order, its ends, odd markets."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import step_and_check
from markets import METRO, MIXED, RURAL, VERMONT, built, events, finish, run, same_tables, start, tiny_market, tiny_markets
from oncsim.errors import OncsimError, RunError
from oncsim.market.form import Market
from oncsim.model import QUARTER, OncologyMarket

# Everything that can happen, happens often.
LIVELY: dict[str, Any] = {
    "health_system.acquisition.attention": 1.0,
    "health_system.acquisition.optimism": 2.5,
    "health_system.acquisition.miles": 100.0,
    "health_system.divest.yearly": 1.0,
    "health_system.divest.loss": 0.0,
    "health_system.divest.quarters": 2,
    "health_system.build.yearly": 1.0,
    "health_system.build.load": 0.3,
    "health_system.rural_closure.yearly": 0.5,
    "practice.autonomy.median": 20_000.0,
    "practice.close.quarters": 2,
    "practice.close.yearly": 0.8,
    "practice.open.yearly": 1.0,
    "practice.open.load": 0.3,
    "practice.found.yearly": 0.1,
    "network.recruit.yearly": 1.0,
    "network.purchase.yearly": 0.8,
    "network.resale.years": 1,
    "network.resale.yearly": 1.0,
    "partnership.meet.yearly": 1.0,
    "demand.retirement.late": 0.4,
    "payer.network.break": 0.3,
}
SCRIPT: list[dict[str, Any]] = [
    {"at": "2026Q2", "do": "capacity_shock", "kind": "health_system", "fraction": -0.6, "quarters": 3},
    {"at": "2026Q3", "do": "takeover", "org": "largest_practice", "by": "largest_system"},
    {"at": "2026Q4", "do": "oncologists_leave", "org": "largest_system", "count": 2},
    {"at": "2027Q1", "do": "lose_340b", "kind": "health_system"},
    {"at": "2027Q2", "do": "release", "kind": "practice"},
    {"at": "2027Q3", "do": "open_site", "org": "largest_practice", "oncologists": 3},
    {"at": "2027Q4", "do": "close_site", "org": "largest_practice"},
]


# -- what is conserved ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("patients", ["expected", "integer"])
@pytest.mark.parametrize("market", [METRO, MIXED, RURAL, VERMONT], ids=["metro", "mixed", "rural", "vermont"])
def test_sums_hold_every_quarter(market: dict[str, Any], patients: str) -> None:
    model = start(8, market, settings={"patients": patients})
    while not model.finished:
        step_and_check(model)


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_hold_when_everything_happens(seed: int) -> None:
    model = start(24, METRO, seed=seed, behaviour=LIVELY, events=SCRIPT)
    while not model.finished:
        step_and_check(model)
    told = set(events(model)["event"])
    wanted = {"acquisition", "closure", "divestiture", "redesignation", "network_join", "site_opened", "tie_formed"}
    wanted |= {"platform_resale", "practice_founded", "oncologists_left", "lost_340b", "capacity_shock", "site_closed"}
    assert wanted <= told


@pytest.mark.slow
@settings(max_examples=30)
@given(tiny_markets(), st.booleans(), st.booleans())
def test_sums_hold_in_random_markets(market: Market, lively: bool, integer: bool) -> None:
    model = start(
        5,
        market,
        behaviour=LIVELY if lively else {},
        settings={"patients": "integer" if integer else "expected"},
    )
    while not model.finished:
        step_and_check(model)
    model.tables()


# -- order and ends -------------------------------------------------------------------------------------------------


def test_the_quarter_runs_in_the_documented_order(monkeypatch: pytest.MonkeyPatch) -> None:
    documented = ["policy", "demand", "choice", "care", "payment", "finance"]
    documented += ["partnership", "decisions", "deals", "bargaining", "observe"]
    assert [name for name, _ in QUARTER] == documented
    ran: list[str] = []
    spied = tuple((name, _noting(ran, name, process)) for name, process in QUARTER)
    model = start(2, MIXED)
    monkeypatch.setattr("oncsim.model.QUARTER", spied)
    model.step()
    model.step()
    assert ran == documented * 2


def _noting(ran: list[str], name: str, process: Any) -> Any:
    def noted(model: OncologyMarket) -> None:
        ran.append(name)
        process(model)

    return noted


def test_settling_freezes_law_and_ownership_and_tells_nothing() -> None:
    model = start(1, METRO, settings={"settle_quarters": 12}, behaviour=LIVELY)
    market = built(METRO)
    assert model.recording.events == [] and len(model.sites) == len(market.sites)
    assert (model.orgs.owner == -1).all() and model.retired == 0
    assert len(model.physicians) == market.sites["oncologists"].sum()


def test_every_process_is_timed() -> None:
    model = run(2, MIXED)
    assert list(model.timings) == [name for name, _ in QUARTER]
    assert all(seconds > 0 for seconds in model.timings.values())


def test_a_step_after_the_end_is_an_error_that_says_when_it_was() -> None:
    model = run(3, MIXED)
    assert model.finished
    with pytest.raises(RunError, match="2026Q3"):
        model.step()


def test_a_closed_model_is_freed() -> None:
    model = run(2, MIXED)
    tables = model.tables()
    model.close()
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert len(tables["metrics"]) > 0


def test_tables_have_a_row_for_each_quarter_and_entity() -> None:
    model = start(3, METRO)
    model.step()
    orgs, sites = len(model.orgs), len(model.sites)
    tables = model.tables()
    assert len(tables["organizations"]) == orgs and len(tables["sites"]) == sites
    finish(model)
    tables = model.tables()
    for name in ("metrics", "organizations", "sites"):
        assert sorted(set(tables[name]["quarter"].astype(str))) == ["2026Q1", "2026Q2", "2026Q3"]
        # Who treats nobody has no price and is worth nothing to a payer.
        prices = ["commercial_level", "advantage_level", "willingness_to_pay"] if name == "organizations" else []
        assert not tables[name].drop(columns=prices).isna().any().any()
        assert tables[name][prices].notna().any().all()
    keys = tables["metrics"][["quarter", "metric", "market", "group"]].astype(str)
    assert not keys.duplicated().any()


def test_tables_asked_for_in_between_change_nothing() -> None:
    asked = start(4, MIXED)
    while not asked.finished:
        asked.step()
        asked.tables()
    same_tables(asked, run(4, MIXED))


def test_what_is_recorded_of_a_quarter_stays_as_it_was() -> None:
    model = start(16, METRO, behaviour=LIVELY, events=SCRIPT)
    kept = {}
    while not model.finished:
        model.step()
        tables = model.tables()
        now = str(model.quarter)
        kept[now] = {
            name: tables[name][tables[name]["quarter"].astype(str) == now] for name in ("organizations", "sites", "ties")
        }
    tables = model.tables()
    for quarter, before in kept.items():
        for name, table in before.items():
            after = tables[name][tables[name]["quarter"].astype(str) == quarter]
            for column in table.columns:
                # The terms of a tie and names are kept once, not by quarter.
                left, right = (one[column].astype(object).fillna("").tolist() for one in (table, after))
                assert left == right, (quarter, name, column)


def test_the_market_is_not_written_to() -> None:
    market = built(METRO)
    before = {name: getattr(market, name).copy() for name in ("zones", "hospitals", "organizations", "sites", "ties")}
    run(8, METRO, behaviour=LIVELY, events=SCRIPT)
    for name, table in before.items():
        pd.testing.assert_frame_equal(table, getattr(market, name))


# -- odd horizons and markets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("settle", [0, 1, 2, 3])
def test_few_or_no_quarters_to_settle(settle: int) -> None:
    model = start(3, METRO, settings={"settle_quarters": settle}, events=[{**SCRIPT[5], "at": "2026Q1"}])
    practices = model.orgs.kind == 0
    assert (model.orgs.autonomy[practices] > 0).all()
    while not model.finished:
        step_and_check(model)


def test_one_quarter_is_enough() -> None:
    assert len(run(1, METRO).tables()["metrics"]) > 0


@pytest.mark.parametrize(
    "shape",
    [
        {"systems": 0, "practices": 3},
        {"systems": 0, "practices": 1, "networks": 0},
        {"systems": 2, "practices": 0},
        {"systems": 2, "practices": 0, "networks": 0},
        {"systems": 0, "centers": 1, "practices": 1},
        {"zones": 1},
        {"zones": 1, "systems": 0, "practices": 1, "networks": 0},
        {"zones": 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("patients", ["expected", "integer"])
def test_odd_markets_work(shape: dict[str, int], patients: str) -> None:
    flows: list[pd.DataFrame] = []
    model = start(
        6,
        tiny_market(5, **shape),
        behaviour=LIVELY,
        settings={"patients": patients},
        model={"record": {"flows"}, "flow_sink": flows.append},
    )
    while not model.finished:
        step_and_check(model)
    assert len(flows) == 6
    assert len(model.tables()["metrics"]) > 0


def test_a_zone_nobody_reaches_is_named_and_untreated() -> None:
    market = tiny_market(5, zones=3)
    zones = market.zones.copy()
    zones.loc[1, ["lat", "lon"]] = (64.0, -150.0)
    sites = market.sites[market.sites["zone"] != "Z1"]
    assert len(sites) > 0
    sites = sites.assign(visiting_from="", visiting_fte=0.0).reset_index(drop=True)
    far = Market("Far", "files", zones, market.hospitals, market.organizations, sites, market.ties)
    model = start(3, far)
    assert any("Place 1" in warning and "untreated" in warning for warning in model.warnings)
    while not model.finished:
        step_and_check(model)
    np.testing.assert_allclose(model.flows.untreated[1], model.flows.new[1])
    assert model.flows.started[1].sum() == 0


def test_when_the_last_site_closes_everybody_is_untreated_and_the_run_goes_on() -> None:
    market = tiny_market(3, zones=2, systems=0, practices=2, networks=0)
    model = start(5, market, events=[{"at": "2026Q3", "do": "close_site", "kind": "practice"}])
    for _ in range(3):
        step_and_check(model)
    assert not model.sites.open.any()
    while not model.finished:
        step_and_check(model)
    np.testing.assert_allclose(model.flows.untreated, model.flows.new + model.flows.waiting_before)


def test_a_market_without_sites_is_refused_in_words() -> None:
    from oncsim.market.check import check_market

    market = tiny_market(3)
    none = Market("None", "files", market.zones, market.hospitals, market.organizations, market.sites[:0], market.ties)
    with pytest.raises(OncsimError, match="no site of care"):
        check_market(none)
