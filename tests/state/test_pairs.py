from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.state.pairs import Pairs, candidate_pairs, with_home_care, with_new_sites, without_closed
from oncsim.state.travel import Places, Roads, great_circle_miles, travel_minutes

ROADS = Roads(1.25, 36.0, 50.0, 250.0, 5, 300.0, 720.0)


def country(seed: int, zones: int = 12, sites: int = 20, spread: float = 3.0):
    """Return zones, their inner distance, sites and centers, some across the date line, some by air."""
    rng = np.random.default_rng(seed)

    def points(count: int, zone: np.ndarray) -> Places:
        lon = 179.0 + rng.uniform(0, spread, count)
        return Places(
            rng.uniform(50, 50 + spread, count),
            np.where(lon > 180, lon - 360, lon),
            zone,
            rng.uniform(size=count) < 0.5,
            np.where(rng.uniform(size=count) < 0.1, 60.0, 0.0),
        )

    origin = points(zones, np.arange(zones))
    where = rng.integers(0, zones, sites)
    target = dataclasses.replace(points(sites, where), air_minutes=origin.air_minutes[where])
    return origin, rng.uniform(1, 10, zones), target, rng.uniform(size=sites) < 0.15


def listed(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.zone.tolist(), pairs.site.tolist(), strict=True))


def all_minutes(roads: Roads, zones: Places, inside: np.ndarray, sites: Places) -> np.ndarray:
    z, s = np.indices((len(zones.lat), len(sites.lat)))
    found = travel_minutes(roads, zones, inside, sites, z.ravel(), s.ravel())
    return found.reshape(z.shape)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 25))
def test_the_list_is_the_nearest_sites_and_every_center_in_reach(seed: int, nearest: int, sites: int) -> None:
    roads = dataclasses.replace(ROADS, nearest_sites=nearest, center_minutes=90.0, max_minutes=400.0)
    zones, inside, places, center = country(seed, sites=sites)
    pairs = candidate_pairs(roads, zones, inside, places, center)
    minutes = all_minutes(roads, zones, inside, places)
    expected = set()
    for zone in range(len(zones.lat)):
        miles = great_circle_miles(zones.lat[zone], zones.lon[zone], places.lat, places.lon)
        near = np.argsort(miles)[:nearest].tolist()
        far = np.flatnonzero(center & (minutes[zone] <= 90.0)).tolist()
        expected |= {(zone, site) for site in {*near, *far} if minutes[zone, site] <= 400.0}
    assert listed(pairs) == expected
    np.testing.assert_array_equal(pairs.minutes, minutes[pairs.zone, pairs.site])


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_pairs_are_compressed_rows_in_order(seed: int) -> None:
    zones, inside, places, center = country(seed)
    pairs = candidate_pairs(ROADS, zones, inside, places, center)
    order = np.lexsort((pairs.site, pairs.zone))
    np.testing.assert_array_equal(order, np.arange(len(pairs)))
    assert len(listed(pairs)) == len(pairs)
    for zone in range(len(zones.lat)):
        assert (pairs.zone[pairs.start[zone] : pairs.start[zone + 1]] == zone).all()
    assert pairs.start[-1] == len(pairs)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 25))
def test_new_sites_join_by_reach_and_nobody_leaves(seed: int, before: int) -> None:
    zones, inside, places, center = country(seed, sites=25)
    old = Places(*(getattr(places, f.name)[:before] for f in dataclasses.fields(Places)))
    pairs = candidate_pairs(ROADS, zones, inside, old, center[:before])
    new = np.arange(before, 25)
    grown = with_new_sites(pairs, ROADS, zones, inside, places, new)
    assert listed(pairs) <= listed(grown)
    minutes = all_minutes(ROADS, zones, inside, places)
    added = {(z, s) for z in range(len(zones.lat)) for s in new.tolist() if minutes[z, s] <= pairs.reach[z]}
    assert listed(grown) - listed(pairs) == added
    assert (np.lexsort((grown.site, grown.zone)) == np.arange(len(grown))).all()
    np.testing.assert_array_equal(np.diff(grown.start), np.bincount(grown.zone, minlength=len(zones.lat)))
    np.testing.assert_array_equal(grown.minutes, minutes[grown.zone, grown.site])
    assert (grown.reach == pairs.reach).all()
    none = with_new_sites(grown, ROADS, zones, inside, places, np.zeros(0, dtype=np.int64))
    np.testing.assert_array_equal(none.site, grown.site)


def test_reach_is_the_farthest_of_a_full_list_and_everything_of_a_short_one() -> None:
    zones, inside, places, center = country(1, sites=20, spread=1.0)
    full = candidate_pairs(ROADS, zones, inside, places, np.zeros(20, dtype=bool))
    for zone in range(len(zones.lat)):
        rows = slice(full.start[zone], full.start[zone + 1])
        assert full.reach[zone] == full.minutes[rows].max()
    short = candidate_pairs(dataclasses.replace(ROADS, nearest_sites=21), zones, inside, places, center)
    assert (short.reach == ROADS.max_minutes).all()


def test_a_market_without_sites_has_no_pairs() -> None:
    zones, inside, places, _ = country(1)
    none = Places(*(getattr(places, f.name)[:0] for f in dataclasses.fields(Places)))
    pairs = candidate_pairs(ROADS, zones, inside, none, np.zeros(0, dtype=bool))
    assert len(pairs) == 0 and (np.diff(pairs.start) == 0).all()
    assert len(with_new_sites(pairs, ROADS, zones, inside, places, np.array([0]))) > 0


def test_nobody_travels_longer_than_the_limit() -> None:
    zones, inside, places, center = country(2, spread=8.0)
    roads = dataclasses.replace(ROADS, nearest_sites=20, max_minutes=120.0)
    pairs = candidate_pairs(roads, zones, inside, places, center)
    assert 0 < len(pairs) < 12 * 20
    assert pairs.minutes.max() <= 120.0


@pytest.mark.parametrize("minutes", [0.0, 60.0, 300.0])
def test_centers_join_lists_farther_than_the_nearest(minutes: float) -> None:
    zones, inside, places, center = country(5, sites=40, spread=4.0)
    roads = dataclasses.replace(ROADS, nearest_sites=2, center_minutes=minutes)
    pairs = candidate_pairs(roads, zones, inside, places, center)
    within = all_minutes(roads, zones, inside, places)[:, center] <= minutes
    got = np.array([[(z, s) in listed(pairs) for s in np.flatnonzero(center)] for z in range(len(zones.lat))])
    assert (got >= within).all()
    assert (minutes == 0.0) or within.any()


def test_care_at_home_drops_what_is_out_of_reach_and_takes_the_travel_of_the_rest() -> None:
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 6, 20)
    zone = np.repeat(np.arange(20), rows)
    site = np.concatenate([np.sort(rng.choice(8, size=count, replace=False)) for count in rows])
    minutes = rng.uniform(1.0, 120.0, len(zone))
    pairs = Pairs(np.concatenate([[0], np.cumsum(rows)]), zone, site, minutes, np.full(20, 200.0))
    home = np.arange(8) < 3
    found = with_home_care(pairs, home, 60.0)
    expected = [
        (z, s, 0.0 if home[s] else m) for z, s, m in zip(zone, site, minutes, strict=True) if not home[s] or m <= 60.0
    ]
    assert list(zip(found.zone, found.site, found.minutes, strict=True)) == expected
    np.testing.assert_array_equal(np.diff(found.start), np.bincount(found.zone, minlength=20))
    again = with_home_care(found, home, 60.0)  # what was dealt with stays
    np.testing.assert_array_equal(again.site, found.site)
    assert with_home_care(pairs, np.zeros(8, dtype=np.bool_), 60.0) is pairs


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 25), st.booleans())
def test_the_order_from_near_to_far_grows_with_the_list_as_if_sorted_anew(seed: int, before: int, same: bool) -> None:
    zones, inside, places, center = country(seed, sites=25)
    if same:  # many pairs as far as each other
        inside = np.full_like(inside, 5.0)
        places = dataclasses.replace(places, zone=np.zeros_like(places.zone))
    old = Places(*(getattr(places, f.name)[:before] for f in dataclasses.fields(Places)))
    pairs = candidate_pairs(ROADS, zones, inside, old, center[:before])
    for new in (np.arange(before, 20), np.arange(max(before, 20), 25)):
        assert len(pairs.by_minutes) == len(pairs)
        pairs = with_new_sites(pairs, ROADS, zones, inside, places, new)
        assert "by_minutes" in vars(pairs)
        np.testing.assert_array_equal(pairs.by_minutes, np.argsort(pairs.minutes, kind="stable"))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.booleans())
def test_a_site_that_closes_leaves_the_lists_and_nothing_else_changes(seed: int, looked_at: bool) -> None:
    zones, inside, places, center = country(seed, sites=25)
    pairs = candidate_pairs(ROADS, zones, inside, places, center)
    if looked_at:
        assert len(pairs.by_minutes) == len(pairs)
    open_now = np.random.default_rng(seed).uniform(size=25) < 0.7
    fewer = without_closed(pairs, open_now)
    assert listed(fewer) == {(zone, site) for zone, site in listed(pairs) if open_now[site]}
    assert fewer.start[-1] == len(fewer) and (np.diff(fewer.start) == np.bincount(fewer.zone, minlength=12)).all()
    np.testing.assert_array_equal(fewer.reach, pairs.reach)
    np.testing.assert_array_equal(fewer.by_minutes, np.argsort(fewer.minutes, kind="stable"))
    assert without_closed(pairs, np.ones(25, dtype=bool)) is pairs
