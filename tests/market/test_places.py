import numpy as np
import pytest

from oncsim.errors import InputError
from oncsim.market import facts
from oncsim.market.places import check_states, count_miles, locate, miles_between, within
from oncsim.market.spec import Around
from oncsim.market.zones import county_zones


def test_a_degree_of_latitude_is_69_miles_everywhere() -> None:
    assert miles_between(10, 5, 11, 5) == pytest.approx(69.1, abs=0.1)
    assert miles_between(60, 5, 61, 5) == pytest.approx(69.1, abs=0.1)


def test_distance_crosses_the_antimeridian_the_short_way() -> None:
    assert miles_between(52, 179.5, 52, -179.5) == pytest.approx(miles_between(52, 0, 52, 1), rel=1e-9)


@pytest.mark.parametrize("place", ["Davidson, TN", "davidson county, tn", "47037", " Davidson County,  TN "])
def test_spellings_of_a_county_are_one_place(place: str) -> None:
    frame = facts.counties().set_index("fips")
    expected = (frame.at["47037", "lat"], frame.at["47037", "lon"])
    assert locate(Around(place=place, miles=10)) == pytest.approx(expected)


@pytest.mark.parametrize("place", ["Nashville", "Nashville, TN", "Nashville-Davidson--Murfreesboro--Franklin, TN"])
def test_a_metropolitan_area_is_found_by_its_first_city(place: str) -> None:
    lat, lon = locate(Around(place=place, miles=10))
    assert miles_between(lat, lon, 36.16, -86.78) < 15


def test_a_county_comes_before_a_metropolitan_area_of_the_same_name() -> None:
    county = facts.counties().set_index("fips").loc["42101"]
    assert locate(Around(place="Philadelphia, PA", miles=10)) == pytest.approx((county["lat"], county["lon"]))


def test_the_city_of_a_center_is_a_place() -> None:
    assert locate(Around(place="Duarte, CA", miles=10)) == pytest.approx((34.1407, -117.9567))


def test_an_unknown_place_names_its_near_miss() -> None:
    with pytest.raises(InputError, match="did you mean 'Davidson, TN'"):
        locate(Around(place="Davdison, TN", miles=10))


def test_a_radius_is_one_mile_or_several() -> None:
    assert [count_miles(Around(lat=1, lon=1, miles=miles)) for miles in (1, 2.5)] == ["1 mile", "2.5 miles"]


def test_every_unknown_state_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        check_states(["TN", "TE", "ZZ"])
    assert [fault.where for fault in caught.value.faults] == ["market.states[2]", "market.states[3]"]
    assert "did you mean one of" in str(caught.value)


def test_a_radius_holds_exactly_the_zones_that_near() -> None:
    zones = county_zones(["AK"])
    inside = within(Around(lat=53.0, lon=179.0, miles=900), zones)
    miles = miles_between(53.0, 179.0, zones["lat"].to_numpy(), zones["lon"].to_numpy())
    assert np.array_equal(inside, miles <= 900)
    assert "02016" in set(zones.loc[inside, "zone"])  # reached across the antimeridian
    assert not inside.all()


def test_an_empty_radius_is_a_fault() -> None:
    with pytest.raises(InputError, match="no zone lies within 5 miles"):
        within(Around(lat=30.0, lon=-60.0, miles=5), facts.counties())


def test_names_of_the_zones_given_come_first() -> None:
    zones = county_zones(["TN"]).assign(name=lambda z: z["name"].replace("Davidson, TN", "Home"))
    assert locate(Around(place="home", miles=1), zones) == locate(Around(place="47037", miles=1))
