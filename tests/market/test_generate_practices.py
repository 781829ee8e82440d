import numpy as np
import pytest

from oncsim.market.generate_names import place_of
from oncsim.market.generate_practices import SIZES, form_practices, practice_sizes, size_quantile
from oncsim.market.zones import county_zones
from oncsim.randomness import Luck


def test_quantiles_reproduce_the_distribution_they_come_from() -> None:
    sizes = size_quantile((np.arange(20_000) + 0.5) / 20_000)
    for share, low, high, _ in SIZES:
        assert ((sizes >= low) & (sizes <= high)).mean() == pytest.approx(share, abs=0.001)


def test_planned_sizes_add_up_to_about_the_total() -> None:
    assert practice_sizes(3_000, Luck(1), "TX").sum() == pytest.approx(3_000, rel=0.12)


@pytest.mark.parametrize("state", ["TX", "WY", "DC"])
def test_no_oncologist_is_lost_or_made(state: str) -> None:
    zones = county_zones([state])
    pool = np.arange(len(zones), dtype=np.int64) % 9 + 1
    organizations, offices = form_practices(zones, pool.copy(), place_of(zones), Luck(1))
    staff = dict.fromkeys(zones["zone"], 0)
    for office in offices:
        staff[office["zone"]] += office["oncologists"]
    assert list(staff.values()) == pool.tolist()
    assert min(office["oncologists"] for office in offices) >= 1
    assert {office["org"] for office in offices} == {row["org"] for row in organizations}
    assert len({row["name"] for row in organizations}) == len(organizations)


def test_an_empty_pool_makes_no_practice() -> None:
    zones = county_zones(["VT"])
    assert form_practices(zones, np.zeros(len(zones), dtype=np.int64), place_of(zones), Luck(1)) == ([], [])
