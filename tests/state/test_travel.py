from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.state.travel import (
    EARTH_MILES,
    Places,
    Roads,
    great_circle_miles,
    travel_minutes,
    unit_vectors,
    within_zone_miles,
)

ROADS = Roads(1.25, 36.0, 50.0, 250.0, 60, 300.0, 720.0)
latitudes, longitudes = st.floats(-85, 85), st.floats(-180, 180)


def miles(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(great_circle_miles(*(np.array([x]) for x in (*a, *b)))[0])


def places(lat, lon, zone=None, rural=False, air=0.0) -> Places:
    lat, lon = np.atleast_1d(lat).astype(float), np.atleast_1d(lon).astype(float)
    zone = np.arange(len(lat)) if zone is None else np.atleast_1d(zone)
    return Places(lat, lon, zone, np.full(len(lat), rural), np.full(len(lat), float(air)))


def minutes(origin: Places, destination: Places, inside: float = 1.0) -> float:
    zero = np.zeros(1, dtype=np.int64)
    return float(travel_minutes(ROADS, origin, np.full(len(origin.lat), inside), destination, zero, zero)[0])


@pytest.mark.parametrize(
    ("a", "b", "known"),
    [
        ((40.7128, -74.0060), (34.0522, -118.2437), 2445.6),  # New York - Los Angeles
        ((36.1627, -86.7816), (35.1495, -90.0490), 196.0),  # Nashville - Memphis
        ((61.2181, -149.9003), (64.8378, -147.7164), 259.0),  # Anchorage - Fairbanks
        ((0.0, 0.0), (0.0, 90.0), EARTH_MILES * np.pi / 2),
        ((90.0, 17.0), (-90.0, 99.0), EARTH_MILES * np.pi),
    ],
)
def test_known_distances(a: tuple[float, float], b: tuple[float, float], known: float) -> None:
    assert miles(a, b) == pytest.approx(known, rel=0.005)


def test_the_date_line_is_no_barrier() -> None:
    assert miles((52.0, 179.5), (52.0, -179.5)) == pytest.approx(miles((52.0, 10.0), (52.0, 11.0)), rel=1e-9)
    a, b = unit_vectors(np.array([52.0, 52.0]), np.array([180.0, -180.0]))
    np.testing.assert_allclose(a, b, atol=1e-12)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_and_the_chord_agrees(a: float, b: float, c: float, d: float) -> None:
    there = miles((a, b), (c, d))
    assert there == pytest.approx(miles((c, d), (a, b)), abs=1e-9)
    assert 0 <= there <= EARTH_MILES * np.pi + 1e-6
    ends = unit_vectors(np.array([a, c]), np.array([b, d]))
    chord = float(np.linalg.norm(ends[0] - ends[1]))
    assert 2 * EARTH_MILES * np.arcsin(min(chord / 2, 1.0)) == pytest.approx(there, rel=1e-5, abs=1e-4)


def test_inside_a_zone_the_distance_is_that_to_the_middle_of_a_disc() -> None:
    """Two thirds of the radius is the mean distance of points of a disc from its centre."""
    area = 314.16
    rng = np.random.default_rng(0)
    radius = np.sqrt(area / np.pi) * np.sqrt(rng.uniform(size=200_000))
    assert within_zone_miles(np.array([area]))[0] == pytest.approx(radius.mean(), rel=0.005)
    assert within_zone_miles(np.array([0.0]))[0] > 0


def test_minutes_by_road_by_hand() -> None:
    # 30 miles at the equator, 1.25 road miles a mile: 37.5 miles; 36 mph in the city, 43 between city and country.
    lon = 30.0 / (EARTH_MILES * np.pi / 180.0)
    city, country = places(0.0, 0.0), places(0.0, lon, zone=1, rural=True)
    assert minutes(city, places(0.0, lon, zone=1)) == pytest.approx(37.5 / 36 * 60)
    assert minutes(city, country) == pytest.approx(37.5 / 43 * 60)
    assert minutes(places(0.0, 0.0, rural=True), country) == pytest.approx(37.5 / 50 * 60)


def test_within_a_zone_the_exact_spot_does_not_matter() -> None:
    home = places(40.0, -98.0)
    assert minutes(home, places(40.3, -98.0, zone=0), 6.0) == minutes(home, places(40.0, -98.0, zone=0), 6.0)
    assert minutes(home, places(40.0, -98.0, zone=0), 6.0) == pytest.approx(60 * 1.25 * 6 / 36)


def test_across_a_border_it_is_never_nearer_than_at_home() -> None:
    home, beyond = places(40.0, -98.0), places(40.0, -98.001, zone=1)
    assert minutes(home, beyond, 6.0) == minutes(home, places(40.0, -98.0, zone=0), 6.0)


@given(st.floats(0, 300), st.floats(0, 300), st.floats(0, 10))
def test_fixed_minutes_of_both_ends_replace_the_road(leave: float, arrive: float, degrees: float) -> None:
    origin, end = places(20.0, -157.0, air=leave), places(20.0, -157.0 + degrees, zone=1, air=arrive)
    found = minutes(origin, end)
    if leave + arrive == 0:
        return
    flown = max(miles((20.0, -157.0), (20.0, -157.0 + degrees)), 1.0)
    assert found == pytest.approx(leave + arrive + 60 * flown / ROADS.air_mph)
    # Nobody flies to a site at home.
    assert minutes(origin, places(20.0, -157.0, zone=0, air=leave)) == pytest.approx(60 * 1.25 / 36)
