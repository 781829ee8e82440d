from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_embedded import assert_sound

from oncsim.market import build_market
from oncsim.market.archetype import REFERENCE, degrees
from oncsim.market.archetype_skeletons import SKELETONS
from oncsim.market.form import TABLES, Market
from oncsim.market.places import miles_between
from oncsim.market.spec import ArchetypeMarket


def build(kind: str, seed: int = 1) -> Market:
    return build_market(ArchetypeMarket.model_validate({"source": "archetype", "kind": kind, "seed": seed}), Path())


@pytest.mark.parametrize("kind", list(SKELETONS))
def test_teaching_markets_are_sound_and_small(kind: str) -> None:
    market = build(kind)
    assert_sound(market)
    assert 24 <= len(market.zones) <= 30 and len(market.organizations) <= 60
    assert market.sites["oncologists"].sum() == sum(
        [h.on + h.off for h in SKELETONS[kind].hospitals]
        + [people for _, _, people in SKELETONS[kind].satellites]
        + [people for p in SKELETONS[kind].practices for _, people in p.offices]
    )


def test_the_metropolis_has_one_center_four_systems_and_25_practices() -> None:
    market = build("metro")
    kinds = market.organizations["kind"].value_counts()
    assert (kinds["academic_center"], kinds["health_system"], kinds["practice"]) == (1, 4, 25)
    assert market.zones["population"].sum() == pytest.approx(2.5e6, rel=0.03)
    assert not market.zones["rural"].any()


def test_the_mixed_market_is_part_city_part_country() -> None:
    zones = build("mixed").zones
    assert 0.3 < zones.loc[zones["rural"], "population"].sum() / zones["population"].sum() < 0.5
    assert zones["market"].nunique() == 2


def test_the_rural_market_is_far_from_its_center() -> None:
    market = build("rural")
    center = market.sites[market.sites["kind"] == "amc_main"].iloc[0]
    country = market.zones[market.zones["rural"]]
    miles = miles_between(center["lat"], center["lon"], country["lat"], country["lon"])
    assert miles.min() > 100  # two hours and more by road


@pytest.mark.parametrize("kind", list(SKELETONS))
def test_the_seed_draws_details_and_leaves_the_skeleton(kind: str) -> None:
    once, again, other = build(kind), build(kind), build(kind, seed=2)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))
    assert once.zones.equals(other.zones)
    own = ~once.sites["generated"]
    theirs = other.sites[~other.sites["generated"]]
    for column in ("site", "org", "oncologists"):
        assert once.sites.loc[own, column].tolist() == theirs[column].tolist()
    assert once.sites.loc[own, "chairs"].tolist() != theirs["chairs"].tolist()


def test_miles_on_the_plane_are_miles_on_the_globe() -> None:
    assert degrees(0, 0) == REFERENCE
    for east, north in ((30, 0), (0, 30), (-21, 21)):
        assert miles_between(*REFERENCE, *degrees(east, north)) == pytest.approx(np.hypot(east, north), rel=0.01)
