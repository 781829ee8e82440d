from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncsim.market import facts
from oncsim.market.form import ZONE_COLUMNS
from oncsim.market.places import miles_between
from oncsim.market.zones import county_zones, deprivation_rank

NATION = list(facts.STATE_NAMES)


def test_zones_have_the_form_and_no_gaps() -> None:
    zones = county_zones(["TN", "AK"])
    assert list(zones) == list(ZONE_COLUMNS)
    assert not zones.isna().any().any()
    assert zones["zone"].is_monotonic_increasing


def test_estimated_columns_are_named_and_the_rest_are_facts() -> None:
    zones = county_zones(["TN"])
    named = set(zones["estimated"].iloc[0].split(";"))
    assert named <= set(ZONE_COLUMNS)
    assert {"population_65plus", "poverty_share", "medicaid_share", "cases_per_year"} <= named
    assert not named & {"population", "land_sqmi", "lat", "rural"}


@pytest.mark.parametrize(
    ("column", "weight", "total"),
    [
        ("population_65plus", None, "population_65plus_share"),
        ("poverty_share", "population", "poverty_share"),
        ("ma_share", "population_65plus", "ma_share"),
    ],
)
def test_counties_add_up_to_their_state(column: str, weight: str | None, total: str) -> None:
    zones = county_zones(NATION)
    by_state = zones.groupby("state")
    if weight is None:
        share = by_state[column].sum() / by_state["population"].sum()
    else:
        share = (zones[column] * zones[weight]).groupby(zones["state"]).sum() / by_state[weight].sum()
    expected = facts.state_totals()[total].reindex(share.index)
    assert np.allclose(share, expected, rtol=1e-6)


def test_cases_add_up_to_their_state_and_follow_age() -> None:
    zones = county_zones(NATION)
    cases = zones.groupby("state")["cases_per_year"].sum()
    assert np.allclose(cases, facts.state_totals()["cases_per_year"].reindex(cases.index))
    assert zones["cases_per_year"].sum() / zones["population_65plus"].sum() == pytest.approx(
        facts.CASES_PER_65PLUS, rel=0.03
    )


def test_rural_counties_are_older_and_poorer_inside_a_state() -> None:
    zones = county_zones(["TX"])
    by_rurality = zones.groupby("rural")
    older = by_rurality["population_65plus"].sum() / by_rurality["population"].sum()
    poorer = (zones["poverty_share"] * zones["population"]).groupby(zones["rural"]).sum()
    assert older[True] > older[False]
    assert poorer[True] / zones.loc[zones["rural"], "population"].sum() > poorer[False] / (
        zones.loc[~zones["rural"], "population"].sum()
    )


def test_a_county_is_the_same_zone_in_a_state_and_in_the_nation() -> None:
    nation = county_zones(NATION)
    alone = county_zones(["VT"])
    assert nation[nation["state"] == "VT"].reset_index(drop=True).equals(alone)


def test_market_is_the_metropolitan_area_or_the_rest_of_the_state() -> None:
    zones = county_zones(["TN"]).set_index("zone")
    assert zones.at["47037", "market"] == "34980"
    assert zones.at["47027", "market"] == "TN-rest"
    assert zones.at["47027", "market_name"] == "Tennessee, outside metropolitan areas"


def test_deprivation_is_the_share_of_people_no_worse_off() -> None:
    rank = deprivation_rank(np.array([0.3, 0.1, 0.1, 0.2]), np.array([10.0, 20.0, 30.0, 40.0]))
    assert rank == pytest.approx([1.0, 0.5, 0.5, 0.9])


@pytest.mark.data
def test_zip_points_lie_about_three_miles_from_the_centre_of_population(data_folder: Path) -> None:
    path = data_folder / "county-centers-2020" / "CenPop2020_Mean_CO.txt"
    centers = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    centers["zone"] = centers["STATEFP"] + centers["COUNTYFP"]
    both = county_zones(NATION).merge(centers, on="zone")
    miles = miles_between(both["lat"], both["lon"], both["LATITUDE"].astype(float), both["LONGITUDE"].astype(float))
    assert len(both) == 3141  # one area of Alaska was divided in 2019
    assert np.median(miles) < 3.3
    assert np.quantile(miles, 0.9) < 9
    assert np.quantile(miles, 0.99) < 25
