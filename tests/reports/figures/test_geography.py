from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oncsim.reports.figures.geography import (
    EARTH_MILES,
    Projection,
    borders,
    frames,
    miles_to_oncologist,
    nearest_zone,
    states_of,
)


def _zones(points: list[tuple[float, float]]) -> pd.DataFrame:
    lat, lon = zip(*points, strict=True)
    return pd.DataFrame({"lat": lat, "lon": lon, "land_sqmi": 500.0, "name": "X, PA"})


def test_miles_follow_the_great_circle() -> None:
    zones = _zones([(40.0, -78.0), (41.0, -78.0)])
    sites = pd.DataFrame({"lat": [40.0], "lon": [-78.0], "open": [True], "oncologists": [2.0]})
    miles = miles_to_oncologist(zones, sites)
    assert miles == pytest.approx([0.0, EARTH_MILES * np.radians(1)], abs=1e-6)
    closed = sites.assign(open=False)
    assert np.isinf(miles_to_oncologist(zones, closed)).all()
    assert np.isinf(miles_to_oncologist(zones, sites.assign(oncologists=0.0))).all()


@pytest.mark.parametrize("parallels", [None, (30.0, 45.0)])
def test_the_middle_of_a_projection_is_the_origin_and_north_is_up(
    parallels: tuple[float, float] | None,
) -> None:
    project = Projection(38.0, -96.0, parallels)
    x, y = project(np.array([38.0, 39.0]), np.array([-96.0, -96.0]))
    assert (x[0], y[0]) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert y[1] == pytest.approx(69.1, rel=0.01)
    east, _ = project(np.array([38.0]), np.array([-95.0]))
    assert east[0] == pytest.approx(69.1 * np.cos(np.radians(38)), rel=0.02)


def test_alaska_and_hawaii_are_insets_and_the_far_aleutians_stay_with_alaska() -> None:
    zones = _zones([(40.0, -78.0), (35.0, -118.0), (61.2, -149.9), (52.0, 173.0), (21.3, -157.9)])
    parts = frames(zones)
    assert [part.name for part in parts] == ["main", "alaska", "hawaii"]
    assert parts[1].zones.tolist() == [False, False, True, True, False]
    assert parts[1].width < 2500
    assert [part.name for part in frames(zones.iloc[2:4])] == ["alaska"]


def test_a_plane_is_one_part_wherever_it_lies() -> None:
    (part,) = frames(_zones([(0.0, 0.0), (0.5, 0.5)]), plane=True)
    assert part.name == "main"
    assert part.width == pytest.approx(34.5, abs=40)


def test_every_centre_lies_in_its_own_zone() -> None:
    rng = np.linspace(0, 1, 9)
    zones = _zones([(38 + 2 * a, -80 + 3 * b) for a in rng for b in rng])
    (part,) = frames(zones)
    picture = nearest_zone(part, zones)
    assert set(picture[picture >= 0].tolist()) == set(range(len(zones)))


def test_borders_run_between_labels_only() -> None:
    picture = np.array([[0, 0, 1, -1], [0, 0, 1, -1]])
    edge = borders(picture, np.array([7, 8]))
    assert edge.tolist() == [[False, True, False, False]] * 2
    assert not borders(picture, np.array([7, 7])).any()


def test_states_are_read_from_names() -> None:
    found = states_of(["Davidson, TN", "Shelby, TN", "Adams, PA", "Zone 3"])
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 3
