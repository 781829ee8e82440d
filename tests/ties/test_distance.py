from __future__ import annotations

import numpy as np
import pytest

from markets import MIXED, start
from oncsim.state.travel import great_circle_miles
from oncsim.ties.distance import miles_between

from .partners import partners, rows_of
from .test_neighbours import gap, places


def test_miles_are_between_the_nearest_places_of_work_by_brute_force() -> None:
    model = start(1, MIXED)
    where = places(model)
    a, b = (part.ravel() for part in np.meshgrid(sorted(where), sorted(where)))
    expected = [gap(where, int(i), int(j)) for i, j in zip(a, b, strict=True)]
    np.testing.assert_allclose(miles_between(model, a, b), expected, atol=2e-3)  # an arc cosine near one is coarse
    np.testing.assert_array_equal(miles_between(model, a, b), miles_between(model, b, a))


def test_without_a_place_of_work_the_seat_counts() -> None:
    model = partners()
    a, b = rows_of(model, "edge_practice", "center")
    model.sites.open[model.sites.org == a] = False
    orgs = model.orgs
    found = miles_between(model, np.array([a]), np.array([b]))
    assert found[0] == pytest.approx(great_circle_miles(orgs.lat[a], orgs.lon[a], orgs.lat[b], orgs.lon[b]))


def test_who_is_owned_is_as_near_as_its_owner() -> None:
    model = partners()
    practice, owner, other = rows_of(model, "edge_practice", "south", "city_practice")
    apart = miles_between(model, np.array([practice]), np.array([other]))[0]
    model.orgs.owner[practice] = owner
    assert miles_between(model, np.array([practice]), np.array([other]))[0] < 0.5 < apart  # one town
    assert miles_between(model, np.array([practice]), np.array([owner]))[0] == pytest.approx(0.0, abs=2e-3)
