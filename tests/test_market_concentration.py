"""Concentration of a model's markets: equal to the recorded metrics and to plain loops, and only looked at."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import oncsim
from markets import METRO, RURAL, VERMONT, run, same_tables, scenario, start, tiny_market, tiny_markets
from oncsim.codes import ORG_KINDS, PAYERS
from oncsim.errors import InputError
from oncsim.market.form import Market
from oncsim.market_structure import MarketConcentration, concentration_of, market_concentration
from oncsim.metrics.view import View
from oncsim.model import OncologyMarket
from oncsim.snapshot import model_at

COMMERCIAL = PAYERS.index("commercial")
MARKETS = {"rural": RURAL, "vermont": VERMONT}


@pytest.fixture(scope="module", params=sorted(MARKETS))
def model(request: pytest.FixtureRequest) -> OncologyMarket:
    """A model after six quarters: a practice was sold, so that owners are not operators, and a part of another."""
    sold = {"at": "2026Q2", "do": "takeover", "org": "largest_practice", "by": "largest_system"}
    part = {"at": "2026Q3", "do": "buy_stake", "org": "largest_practice", "by": "largest_system", "owner_share": 0.4}
    return run(6, MARKETS[request.param], events=[sold, part])


def recorded(model: OncologyMarket, name: str, group: str = "", market: str = "all") -> float:
    table = model.tables()["metrics"].astype({"metric": str, "market": str, "group": str, "quarter": str})
    some = table[(table["metric"] == f"consolidation.{name}") & (table["market"] == market) & (table["group"] == group)]
    return float(some[some["quarter"] == str(model.quarter)]["value"].iloc[0])


def top(model: OncologyMarket, org: int) -> int:
    while model.orgs.owner[org] >= 0:
        org = int(model.orgs.owner[org])
    return org


def hhi_of(held: dict[int, float]) -> float:
    total = sum(held.values())
    return 1e4 * sum((patients / total) ** 2 for patients in held.values())


# -- the recorded metrics -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "cbsa", "state"])
def test_means_and_medians_are_the_recorded_metrics(model: OncologyMarket, kind: str) -> None:
    found = concentration_of(model, kind)
    group = f"market_type={kind}" if kind else ""
    for name in ("hhi", "mhhi", "cr4"):
        assert getattr(found.mean, name) == pytest.approx(recorded(model, name, group), rel=1e-12)
    assert found.median.hhi == pytest.approx(recorded(model, "hhi_median", group), rel=1e-12)
    assert found.mean.hhi_flow == recorded(model, "hhi_flow")
    assert found.hhi_flow_predicted == recorded(model, "hhi_flow_predicted")
    assert found.hhi_flow_site == recorded(model, "hhi_flow_site")
    assert found.willingness == {payer: recorded(model, "wtp", f"payer={payer}") for payer in found.willingness}
    assert set(found.willingness) == {"commercial", "medicare_advantage"}


def test_markets_are_those_recorded(model: OncologyMarket) -> None:
    markets = [one for one in concentration_of(model).markets if one.patients > 0]
    assert len(markets) > 1
    assert any(one.mhhi > one.hhi + 1 for one in markets)  # the stake counts
    for one in markets:
        assert one.hhi == recorded(model, "hhi", market=one.id)
        assert one.mhhi == recorded(model, "mhhi", market=one.id)


def test_systems_are_worth_the_recorded_mean(model: OncologyMarket) -> None:
    found = concentration_of(model)
    rows = {str(org): row for row, org in enumerate(model.orgs.id)}
    for position, payer in enumerate(("medicare_advantage", "commercial")):
        weight = model.market_power.leverage[position].patients
        some = [(weight[rows[one.id]], one.willingness[payer]) for one in found.systems]
        some = [(patients, dollars) for patients, dollars in some if patients > 0]
        assert not any(math.isnan(dollars) for _, dollars in some)
        mean = sum(patients * dollars for patients, dollars in some) / sum(patients for patients, _ in some)
        assert mean == pytest.approx(found.willingness[payer], rel=1e-9)
        assert min(dollars for _, dollars in some) > found.willingness_least[payer] > 0


# -- plain loops --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "cbsa", "state"])
def test_markets_equal_a_loop_over_sites_and_zones(model: OncologyMarket, kind: str) -> None:
    zones, sites, orgs = model.zones, model.sites, model.orgs
    ids, market = (zones.market_ids, zones.market) if not kind else zones.markets[kind]
    held: list[dict[int, float]] = [defaultdict(float) for _ in ids]
    for site in range(len(sites)):
        patients = float(sum(sites.starts[site]))
        if patients > 0:
            held[market[sites.zone[site]]][top(model, int(sites.org[site]))] += patients
    living: list[dict[int, float]] = [defaultdict(float) for _ in range(len(zones))]
    for zone, site, patients in zip(model.pairs.zone, model.pairs.site, model.flows.pair_started, strict=True):
        if patients > 0:
            living[zone][top(model, int(sites.org[site]))] += float(patients)

    found = concentration_of(model, kind)
    assert sorted(one.id for one in found.markets) == sorted(ids)
    assert [one.patients for one in found.markets] == sorted((one.patients for one in found.markets), reverse=True)
    for one in found.markets:
        here = held[ids.index(one.id)]
        total = sum(here.values())
        assert one.patients == pytest.approx(4 * total)
        assert one.owners == len(here)
        assert one.hhi == pytest.approx(hhi_of(here))
        assert one.cr4 == pytest.approx(sum(sorted(here.values())[-4:]) / total)
        leader = max(here, key=lambda org: here[org])
        assert (one.largest, one.largest_name) == (orgs.id[leader], orgs.name[leader])
        assert one.largest_share == pytest.approx(here[leader] / total)
        assert one.above_screen is (one.hhi > 1800)
        some = [z for z in range(len(zones)) if market[z] == ids.index(one.id) and living[z]]
        people = sum(zones.population[z] for z in some)
        assert one.hhi_flow == pytest.approx(sum(zones.population[z] * hhi_of(living[z]) for z in some) / people)


def test_systems_equal_a_loop_over_sites_and_zones(model: OncologyMarket) -> None:
    sites, orgs = model.sites, model.orgs
    patients: dict[int, float] = defaultdict(float)
    paid: dict[int, list[tuple[float, float]]] = defaultdict(list)
    from oncsim.processes.standard_patient import standard_patient

    weight = standard_patient(model.law).weight[1]
    for site in range(len(sites)):
        owner = top(model, int(sites.org[site]))
        patients[owner] += float(sum(sites.starts[site]))
        volume = sum(float(weight[need]) * float(sites.starts[site, 3 * COMMERCIAL + need]) for need in range(3))
        if sites.open[site]:
            paid[owner].append((volume, float(model.contracts.level[site, 1])))
    share: dict[tuple[int, int], float] = defaultdict(float)
    started = View(model).zone_started
    for zone, site, some in zip(model.pairs.zone, model.pairs.site, model.flows.pair_started, strict=True):
        if some > 0:
            share[top(model, int(sites.org[site])), int(zone)] += float(some / started[zone])

    found = concentration_of(model)
    rows = {str(org): row for row, org in enumerate(orgs.id)}
    total = sum(patients.values())
    assert found.patients == pytest.approx(4 * total)
    assert {one.id for one in found.systems} == {str(orgs.id[org]) for org, some in patients.items() if some > 0}
    assert [one.patients for one in found.systems] == sorted((one.patients for one in found.systems), reverse=True)
    assert sum(one.share for one in found.systems) == pytest.approx(1)
    for one in found.systems:
        row = rows[one.id]
        assert one.name == orgs.name[row] and one.kind == ORG_KINDS[orgs.kind[row]]
        assert one.share == pytest.approx(patients[row] / total)
        volume = sum(some for some, _ in paid[row])
        assert one.level == pytest.approx(sum(some * level for some, level in paid[row]) / volume)
        largest, zone = max((part, -z) for (org, z), part in share.items() if org == row)
        assert one.largest_zone_share == pytest.approx(largest)
        assert share[row, model.zones.names.index(one.largest_zone)] == pytest.approx(largest)


def test_substitutes_are_the_largest_of_the_row_of_diversion(model: OncologyMarket) -> None:
    diversion = model.market_power.leverage[1].diversion.toarray()
    rows = {str(org): row for row, org in enumerate(model.orgs.id)}
    for one in concentration_of(model).systems:
        most = np.sort(diversion[rows[one.id]])[::-1][:3]
        assert [other.diversion for other in one.substitutes] == [part for part in most if part > 0]
        assert all(diversion[rows[one.id], rows[other.id]] == other.diversion for other in one.substitutes)
        assert one.id not in {other.id for other in one.substitutes}


# -- looking changes nothing --------------------------------------------------------------------------------------


def test_looking_changes_nothing() -> None:
    looked, left = start(4, RURAL), start(4, RURAL)
    while not looked.finished:
        looked.step()
        left.step()
        warnings = list(looked.warnings)
        for kind in ("", "cbsa", "state"):
            one, again = concentration_of(looked, kind), concentration_of(looked, kind)
            assert repr(one) == repr(again)
        assert looked.warnings == warnings
    same_tables(looked, left)


# -- markets at the edge ------------------------------------------------------------------------------------------


def test_one_market_has_its_own_mean_and_median() -> None:
    found = concentration_of(run(1, METRO))
    assert len(found.markets) == 1
    one = found.markets[0]
    assert (found.mean.hhi, found.mean.mhhi) == pytest.approx((one.hhi, one.mhhi))
    assert astuple(found.median) == pytest.approx((one.hhi, one.mhhi, one.hhi_flow, one.cr4))


def test_one_owner_of_everything() -> None:
    model = run(1, tiny_market(3, zones=3, systems=0, practices=3, networks=0))
    model.orgs.owner[1:] = 0
    found = concentration_of(model)
    treated = [one for one in found.markets if one.patients > 0]
    assert treated and all((one.owners, one.largest_share, one.above_screen) == (1, 1.0, True) for one in treated)
    for one in treated:
        assert (one.hhi, one.mhhi, one.cr4) == pytest.approx((1e4, 1e4, 1.0))
    assert found.mean.hhi == pytest.approx(1e4)
    assert len(found.systems) == 1
    assert (found.systems[0].share, found.systems[0].largest_zone_share) == pytest.approx((1, 1))


def test_one_practice_alone_has_no_substitute() -> None:
    found = concentration_of(run(1, tiny_market(1, zones=2, systems=0, practices=1, networks=0)))
    assert len(found.systems) == 1
    only = found.systems[0]
    assert only.substitutes == ()
    assert math.isfinite(only.willingness["commercial"]) and math.isfinite(only.level)


def test_a_market_where_nobody_is_treated_has_no_concentration_but_may_have_flows() -> None:
    model = run(1, RURAL)
    ids, market = model.zones.market_ids, model.zones.market
    there = market[model.sites.zone] == ids.index("PLANE")
    model.sites.starts[there] = 0.0
    found = concentration_of(model)
    one = next(market for market in found.markets if market.id == "PLANE")
    assert (one.patients, one.owners, one.largest, one.largest_name, one.above_screen) == (0.0, 0, "", "", False)
    assert all(math.isnan(value) for value in (one.hhi, one.mhhi, one.cr4, one.largest_share))
    assert 0 < one.hhi_flow <= 1e4  # its people are treated elsewhere
    assert found.markets[-1] is one
    other = next(market for market in found.markets if market.id == "rest")
    assert (found.mean.hhi, found.median.hhi) == pytest.approx((other.hhi, other.hhi))


def test_nobody_treated_at_all() -> None:
    model = run(1, RURAL)
    model.sites.starts[:] = 0.0
    model.flows.pair_started[:] = 0.0
    found = concentration_of(model)
    assert found.patients == 0 and found.systems == ()
    assert all(math.isnan(value) for value in (*astuple(found.mean), *astuple(found.median)))
    assert len(found.markets) == 2 and all(math.isnan(one.hhi_flow) for one in found.markets)


def test_a_market_that_has_not_settled_can_be_looked_at_after_its_first_quarter() -> None:
    found = concentration_of(run(1, RURAL, settings={"settle_quarters": 0}))
    assert found.willingness["commercial"] > found.willingness_least["commercial"] > 0


@settings(max_examples=10, deadline=None)
@given(market=tiny_markets())
def test_any_tiny_market(market: Market) -> None:
    model = run(2, market)
    for kind in ("", "cbsa", "state"):
        found = concentration_of(model, kind)
        for one in found.markets:
            if one.patients > 0:
                assert 1e4 / one.owners - 1e-6 <= one.hhi <= 1e4 + 1e-6
                assert one.largest_share - 1e-9 <= one.cr4 <= 1 + 1e-9
                assert one.hhi >= 1e4 * one.largest_share**2 - 1e-6
        assert sum(one.patients for one in found.markets) == pytest.approx(found.patients)
        for system in found.systems:
            assert sum(other.diversion for other in system.substitutes) <= 1 + 1e-9
            assert 0 < system.largest_zone_share <= 1 + 1e-9


# -- law, prices, names -------------------------------------------------------------------------------------------


def test_the_screen_is_the_law_of_the_quarter() -> None:
    law = [{"set": "policy.antitrust.screen_hhi", "from": "2026Q2", "to": 400}]
    model = start(2, METRO, policy=law)
    model.step()
    before = concentration_of(model)
    model.step()
    after = concentration_of(model)
    assert (before.screen, after.screen) == (1800, 400)
    assert before.markets[0].hhi > 400
    assert (before.markets[0].above_screen, after.markets[0].above_screen) == (False, True)


def test_levels_are_those_of_the_class_of_site_where_prices_are_not_bargained() -> None:
    behaviour = {"payer.bargaining.mode": "none"}
    found, talked = (concentration_of(run(1, METRO, **more)) for more in ({"behaviour": behaviour}, {}))
    assert (found.bargained, talked.bargained) == (False, True)
    offices = [one.level for one in found.systems if one.kind == "practice"]
    assert offices == pytest.approx([1.0] * len(offices))
    assert max(abs(one.level - 1.0) for one in talked.systems if one.kind == "practice") > 0.001


def test_names_of_markets_are_those_that_people_know() -> None:
    model = run(1, VERMONT)
    names = {kind: {one.id: one.name for one in concentration_of(model, kind).markets} for kind in ("", "cbsa", "state")}
    assert names["state"] == {"VT": "Vermont"}
    assert names["cbsa"] == names[""]
    assert names[""]["VT-rest"] == "Vermont, outside metropolitan areas"
    assert names[""]["15540"].startswith("Burlington")
    assert concentration_of(run(1, METRO), "state").markets[0].name == "The plane"


@pytest.mark.data
def test_referral_regions_of_federal_tables(data_folder: Path) -> None:
    nashville = oncsim.load_scenario("nashville", [f"market.folder={data_folder}", "horizon.end=2026Q4"])
    model = model_at(nashville)
    for kind in ("", "hrr", "cbsa", "state"):
        found = concentration_of(model, kind)
        group = f"market_type={kind}" if kind else ""
        assert found.mean.hhi == pytest.approx(recorded(model, "hhi", group), rel=1e-12)
        assert found.mean.mhhi == pytest.approx(recorded(model, "mhhi", group), rel=1e-12)
    assert [one.name for one in concentration_of(model, "hrr").markets] == ["Nashville, TN"]
    names = {one.name for one in concentration_of(model, "cbsa").markets}
    assert {"Nashville-Davidson--Murfreesboro--Franklin, TN", "Tennessee, outside metropolitan areas"} <= names


def test_zones_outside_referral_regions_are_in_no_market() -> None:
    market = tiny_market(5, zones=3, systems=1, practices=4)
    zones = market.zones.copy()
    zones["hrr"] = ["R1", "", "R1"]
    placed = Market(market.name, market.source, zones, market.hospitals, market.organizations, market.sites, market.ties)
    model = run(1, placed)
    found = concentration_of(model, "hrr")
    inside = np.isin(model.sites.zone, (0, 2))
    assert [one.id for one in found.markets] == ["R1"]
    assert found.markets[0].patients == pytest.approx(4 * model.sites.starts[inside].sum())
    assert found.patients == pytest.approx(4 * model.sites.starts.sum())


# -- the Python interface -----------------------------------------------------------------------------------------


def test_the_public_name_is_the_function_whatever_was_imported_before() -> None:
    assert oncsim.market_concentration is market_concentration
    assert "market_concentration" in dir(oncsim)


def test_a_scenario_gives_what_its_model_gives() -> None:
    known = scenario(3, METRO)
    found = market_concentration(known, "2026Q2", "state", seed=2)
    assert isinstance(found, MarketConcentration)
    assert (found.scenario, found.quarter, found.market_type) == ("trial", "2026Q2", "state")
    assert repr(found) == repr(concentration_of(model_at(known, known.start + 1, seed=2), "state"))
    assert market_concentration(known).quarter == "2026Q1"
    table = pd.DataFrame(found.systems)
    assert {"name", "share", "willingness", "level"} <= set(table.columns)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"at": "2026q1"}, "--at: '2026q1' is not a quarter (write for example 2026Q1)"),
    ({"at": "2031Q1"}, "--at: 2031Q1 is outside the scenario (2026Q1 to 2026Q3, the horizon of trial)"),
    (
        {"market_type": "HRR"},
        "--market-type: 'HRR' is no definition of a market (one of hrr, cbsa, state; did you mean 'hrr'?)",
    ),
    (
        {"market_type": "hrr"},
        "--market-type: the market of trial knows no hrr (one of cbsa, state, or none for the zones' own market)",
    ),
]


@pytest.mark.parametrize(("options", "line"), WRONG)
def test_wrong_input_is_named(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as caught:
        market_concentration(scenario(3, METRO), **options)
    assert str(caught.value) == line


def test_a_model_refuses_definitions_it_lacks() -> None:
    model = run(1, METRO)
    for kind, line in ((one["market_type"], line) for one, line in WRONG if "market_type" in one):
        with pytest.raises(InputError) as caught:
            concentration_of(model, kind)
        assert str(caught.value) == line
