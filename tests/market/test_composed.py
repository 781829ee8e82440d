"""Markets written out in a scenario: only what is written is there, and what is left open has sensible values."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ledger import step_and_check
from markets import built, start
from oncsim import codes
from oncsim.market import build_market, facts
from oncsim.market.files_write import write_market
from oncsim.market.form import TABLES, Market
from oncsim.market.zones import county_zones
from oncsim.scenario import load_scenario

HEAD = "schema: oncsim/scenario/1\nid: here\ntitle: Here\nhorizon: {start: 2026Q1, end: 2026Q4}\n"
TOWN: dict[str, Any] = {
    "source": "composed",
    "name": "A town and its country",
    "zones": [
        {"zone": "town", "name": "Town", "population": 90000},
        {
            "zone": "country",
            "name": "Country",
            "east": 25,
            "north": 10,
            "population": 30000,
            "rural": True,
            "land_sqmi": 800,
        },
        {"zone": "city", "name": "City", "east": -60, "population": 900000, "market": "C", "market_name": "The city"},
    ],
    "organizations": [
        {"id": "web", "name": "The Web", "kind": "network", "investor_owned": True},
        {
            "id": "practice",
            "name": "Town Oncology",
            "kind": "practice",
            "network": "web",
            "sites": [
                {"id": "office", "at": "Town", "oncologists": 5, "chairs": 25, "lines": ["biopsy", "infusion"]},
                {"at": "country", "visiting_from": "office"},
            ],
        },
        {
            "id": "system",
            "name": "Town Health",
            "kind": "health_system",
            "hospitals": [
                {"id": "general", "at": "town", "beds": 280, "route_340b": "DSH"},
                {"id": "small", "at": "country", "beds": 20, "critical_access": True},
                {"id": "old", "at": "town", "beds": 90, "lines": ["surgery"], "control": "proprietary"},
            ],
            "sites": [
                {"at": "town", "oncologists": 3},
                {"at": "country", "oncologists": 1, "kind": "hopd_off_campus", "hospital": "general", "excepted": True},
                {"at": "city", "oncologists": 1},
            ],
        },
        {
            "id": "center",
            "name": "City University",
            "kind": "academic_center",
            "nci": "comprehensive",
            "at": "city",
            "hospitals": [{"id": "university", "beds": 700, "teaching": "major", "route_340b": "DSH"}],
            "sites": [{"oncologists": 40}, {"at": {"lat": 39.9, "lon": -98.7}, "oncologists": 2}],
        },
    ],
    "ties": [
        {"a": "practice", "b": "center", "form": "referral", "trust_ab": 0.8, "trust_ba": 0.4, "checks_per_year": 12},
        {"a": "center", "b": "system", "form": "clinical_affiliation", "years": 2.5},
    ],
}


def changed(**keys: Any) -> dict[str, Any]:
    """Return the market of the town with some keys of its section replaced, or (None) left out."""
    return {key: value for key, value in {**copy.deepcopy(TOWN), **keys}.items() if value is not None}


def one_practice(place: str, **keys: Any) -> dict[str, Any]:
    """Return a market of one practice at a place."""
    site = {"at": place, "oncologists": 3}
    org = {"id": "here", "name": "Here Oncology", "kind": "practice", "sites": [site]}
    return {"source": "composed", "name": "Somewhere", "organizations": [org], **keys}


def same(one: Market, other: Market) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


def test_only_what_is_written_is_there_in_the_order_written() -> None:
    market = built(TOWN)
    assert market.zones["zone"].tolist() == ["town", "country", "city"]
    assert market.organizations["org"].tolist() == ["web", "practice", "system", "center"]
    assert market.hospitals["hospital"].tolist() == ["general", "small", "old", "university"]
    expected = ["office", "practice.2", "system.1", "system.2", "system.3", "center.1", "center.2"]
    assert market.sites["site"].tolist() == expected
    assert market.ties[["a", "b"]].to_numpy().tolist() == [["practice", "center"], ["center", "system"]]
    for table in (market.organizations, market.hospitals, market.sites):
        assert not table["generated"].any()
    assert market.source == "composed" and market.name == "A town and its country"


def test_sites_are_of_the_usual_kind_of_their_owner_and_at_its_hospitals() -> None:
    sites = built(TOWN).sites.set_index("site")
    kinds = ["office", "office", "hopd_on_campus", "hopd_off_campus", "hopd_off_campus", "amc_main", "amc_satellite"]
    assert sites["kind"].tolist() == kinds
    # The larger of the two hospitals in town; for the clinic in the city the nearest one.
    assert sites["hospital"].tolist() == ["", "", "general", "general", "general", "university", "university"]
    assert sites["zone"].tolist() == ["town", "country", "town", "country", "city", "city", "town"]
    assert sites.at["center.2", "lat"] == 39.9 and sites.at["center.2", "lon"] == -98.7


def test_chairs_lines_and_visits_that_are_left_open() -> None:
    sites = built(TOWN).sites.set_index("site")
    assert sites["chairs"].tolist() == [25, 3, 15, 5, 5, 80, 10]
    assert sites.at["office", "lines"] == "infusion;biopsy"
    assert all("infusion" in lines.split(";") for lines in sites["lines"])
    assert sites.loc["practice.2", ["visiting_from", "visiting_fte"]].tolist() == ["office", 0.2]
    assert sites["excepted"].tolist() == [site == "system.2" for site in sites.index]


def test_hospitals_that_leave_lines_and_340b_open() -> None:
    hospitals = built(TOWN).hospitals.set_index("hospital")
    assert hospitals.at["old", "lines"] == "surgery"
    assert hospitals.at["small", "lines"] == "imaging;inpatient"
    for large in ("general", "university"):
        assert hospitals.at[large, "lines"] == "radiation;surgery;imaging;biopsy;inpatient"
    assert hospitals["route_340b"].tolist() == ["DSH", "CAH", "", "DSH"]
    assert hospitals["participates_340b"].tolist() == [True, True, False, True]
    assert hospitals["hospital_class"].tolist() == ["general", "critical_access", "general", "general"]


def test_ties_keep_their_direction_and_say_minus_one_where_nothing_is_written() -> None:
    ties = built(TOWN).ties
    numbers = ["age_quarters", "trust_ab", "trust_ba", "checks_per_year"]
    assert ties[numbers].to_numpy().tolist() == [[20, 0.8, 0.4, 12], [10, -1, -1, -1]]


def test_invented_places_lie_as_many_miles_apart_as_written_and_are_otherwise_as_usual() -> None:
    from oncsim.market.places import miles_between

    zones = built(TOWN).zones.set_index("zone")
    east = miles_between(*zones.loc["town", ["lat", "lon"]], *zones.loc["city", ["lat", "lon"]])
    assert float(east) == pytest.approx(60, rel=0.01)
    assert zones["market"].tolist() == ["PLANE", "rest", "C"]
    assert zones["market_name"].tolist() == ["Metropolitan area", "Outside the metropolitan area", "The city"]
    assert zones["cbsa"].tolist() == ["PLANE", "", "C"]
    older = zones["population_65plus"] / zones["population"]
    assert older["country"] > older["town"]  # as in the nation
    assert (zones["estimated"].str.split(";").map(len) == 7).all()


@given(
    st.sampled_from(["population_65plus", "poverty_share", "uninsured_share", "medicaid_share", "ma_share", "deprivation"])
)
def test_what_is_written_of_a_place_is_kept(key: str) -> None:
    zones = [{**zone, key: 0.25} for zone in TOWN["zones"]]
    made = built(changed(zones=zones)).zones
    assert (made[key] == 0.25).all()
    assert not made["estimated"].str.split(";").map(lambda names: key in names).any()


def test_counties_are_the_real_ones_by_name_or_code() -> None:
    market = built(one_practice("Garland, AR", counties=["Hot Spring County, AR", "05051", "Sevier, TN"]))
    nation = county_zones(facts.STATE_NAMES)
    real = nation[nation["zone"].isin(["05051", "05059", "47155"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(market.zones, real)
    for place in ("Garland, AR", "garland county, AR", "05051"):
        sites = built(one_practice(place, counties=["Garland, AR", "Hot Spring, AR"])).sites
        assert sites["zone"].tolist() == ["05051"]


def test_states_and_a_radius_take_every_county() -> None:
    assert len(built(one_practice("Kent, DE", states=["DE"])).zones) == 3
    around = built(one_practice("Garland, AR", around={"place": "Garland, AR", "miles": 70})).zones
    assert {"05051", "05059"} < set(around["zone"]) and set(around["state"]) == {"AR"}


def test_organizations_have_the_state_of_their_seat() -> None:
    market = built(one_practice("Sevier, TN", counties=["Garland, AR", "Sevier, TN"]))
    assert market.organizations["state"].tolist() == ["TN"]


def test_the_seed_draws_service_lines_and_nothing_else() -> None:
    one, other = built(TOWN), built(changed(seed=2))
    assert (one.sites["lines"] != other.sites["lines"]).any()
    same(Market(**{**vars(other), "sites": other.sites.assign(lines=one.sites["lines"])}), one)


def test_names_made_here_are_told_apart_and_leave_written_ones_alone() -> None:
    sites = [{"at": "town", "oncologists": 1}, {"at": "town"}, {"at": "town", "name": "Town Oncology, Town"}]
    organizations = [{"id": "practice", "name": "Town Oncology", "kind": "practice", "sites": sites}]
    names = built(changed(organizations=organizations, ties=None)).sites["name"].tolist()
    assert names == ["Town Oncology, Town 2", "Town Oncology, Town 3", "Town Oncology, Town"]


def test_a_market_that_was_built_reads_back_the_same(tmp_path: Path) -> None:
    market = built(TOWN)
    write_market(market, tmp_path)
    scenario = load_scenario(tmp_path / "market.yaml")
    same(build_market(scenario.market, scenario.folder), market)


@pytest.mark.parametrize(
    "market", [TOWN, one_practice("05051", counties=["05051", "Hot Spring, AR"])], ids=["plane", "real"]
)
def test_a_resolved_scenario_has_the_same_market(market: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "here.yaml"
    path.write_text(HEAD + yaml.safe_dump({"market": market}, sort_keys=False), encoding="utf-8")
    first = load_scenario(path)
    (tmp_path / "again.yaml").write_text(first.resolved_yaml(), encoding="utf-8")
    again = load_scenario(tmp_path / "again.yaml")
    assert again.digest == first.digest
    same(build_market(again.market, tmp_path), build_market(first.market, tmp_path))


def test_the_examples_of_the_page_are_built_as_it_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "markets.md").read_text(encoding="utf-8")
    examples = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "source: composed" in text]
    markets = []
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(f"{HEAD}{text}", encoding="utf-8")
        scenario = load_scenario(path)
        markets.append(build_market(scenario.market, scenario.folder))
    valley, plane = markets
    assert valley.sites["oncologists"].tolist() == [5, 0, 3]
    assert valley.zones["name"].tolist() == ["Garland, AR", "Hot Spring, AR", "Montgomery, AR"]
    assert plane.organizations["name"].tolist() == ["Town Oncology"]


def test_the_schema_for_editors_knows_the_source() -> None:
    from oncsim.parameters.registry import load_registry
    from oncsim.scenario.json_schema import json_schema

    schema = json_schema(load_registry())
    site = schema["$defs"]["ComposedSite"]["properties"]
    assert "composed" in str(schema["properties"]["market"])
    assert site["kind"]["anyOf"][0]["enum"] == list(codes.SITE_KINDS)
    assert {option["type"] for option in site["at"]["anyOf"]} == {"string", "object"}


def test_a_run_keeps_every_sum() -> None:
    model = start(4, TOWN)
    while not model.finished:
        step_and_check(model)
    assert np.isfinite(model.orgs.cash).all()
    assert model.flows.started.sum() > 0
