"""The script that builds the county table: what can go wrong when names and points of two sources are joined."""

import gzip
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "build_embedded_geography.py"
    spec = importlib.util.spec_from_file_location("build_embedded_geography", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zip_code(county: str, lat: float, lon: float, kind: str = "STANDARD", city: str = "Town") -> dict[str, Any]:
    return {
        "zip_code": "00000", "zip_code_type": kind, "city": city, "acceptable_cities": [], "state": "VA",
        "county": county, "lat": str(lat), "long": str(lon),
    }  # fmt: skip


def test_the_mean_point_crosses_the_antimeridian(script: ModuleType) -> None:
    assert script.mean_point([(52.0, 179.0), (52.0, -177.0)]) == pytest.approx((52.0, -179.0))
    assert script.mean_point([(52.0, 177.0), (52.0, -179.0)]) == pytest.approx((52.0, 179.0))
    assert script.mean_point([(40.0, -80.0), (42.0, -82.0)]) == pytest.approx((41.0, -81.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Doña Ana County", "Dona Ana"),
        ("Juneau City and Borough", "City and Borough of Juneau"),
        ("Anchorage Municipality", "Municipality of Anchorage"),
        ("St. Louis County", "Saint Louis"),
        ("LaSalle Parish", "La Salle Parish"),
        ("Prince George's County", "Prince Georges"),
    ],
)
def test_spellings_of_one_county_agree(script: ModuleType, one: str, other: str) -> None:
    assert script.stem(one) == script.stem(other)


def test_a_city_and_the_county_of_its_name_stay_apart(script: ModuleType) -> None:
    counties = [("51159", "Richmond County", 1), ("51760", "Richmond city", 1)]
    zips = [zip_code("Richmond County", 38.0, -76.7), zip_code("Richmond City", 37.5, -77.4)]
    points, unmatched = script.points_by_county(counties, zips)
    assert points == {"51159": [(38.0, -76.7)], "51760": [(37.5, -77.4)]} and not unmatched


def test_a_city_filed_under_its_county_is_found_by_town(script: ModuleType) -> None:
    counties = [("51005", "Alleghany County", 1), ("51580", "Covington city", 1)]
    points, _ = script.points_by_county(counties, [zip_code("Alleghany County", 37.8, -80.0, city="Covington")])
    assert points["51580"] == [(37.8, -80.0)]


def test_codes_of_one_large_customer_do_not_move_a_county(script: ModuleType) -> None:
    zips = [zip_code("Bath County", 38.0, -79.7), zip_code("Bath County", 10.0, -10.0, kind="UNIQUE")]
    points, _ = script.points_by_county([("51017", "Bath County", 1)], zips)
    assert points["51017"] == [(38.0, -79.7)]


def test_zip_codes_without_a_county_are_reported(script: ModuleType) -> None:
    _, unmatched = script.points_by_county([("51017", "Bath County", 1)], [zip_code("Nowhere", 38.0, -79.7)])
    assert unmatched == ["00000 Town, VA: county 'Nowhere'"]


def test_size_classes(script: ModuleType) -> None:
    assert [script.size_class(n, True, True) for n in (2_000_000, 300_000, 90_000)] == [1, 2, 3]
    assert script.size_class(40_000, False, True) == 4 and script.size_class(0, False, False) == 5


def test_the_same_rows_give_the_same_bytes(script: ModuleType, tmp_path: Path) -> None:
    row = dict.fromkeys(script.COLUMNS, "x")
    rows = [row | {"fips": "02"}, row | {"fips": "01"}]
    script.write(rows, tmp_path / "a.csv.gz")
    script.write(rows[::-1], tmp_path / "b.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).splitlines()[1].startswith(b"01")
