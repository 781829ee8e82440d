"""Names of places: one place, or a fault that lists all that fit."""

from __future__ import annotations

import pandas as pd
import pytest

from oncsim.errors import InputError
from oncsim.market import facts
from oncsim.market.gazetteer import find_place

ADVICE = "(write one of these in full, or its code)"
GOLDEN = {
    "Washington": "'Washington' fits 32 places: Washington-Arlington-Alexandria, DC-VA-MD-WV; Washington County, AL "
    "(01129); Washington County, AR (05143); Washington County, CO (08121); Washington County, FL (12133); Washington "
    f"County, GA (13303); and 26 more {ADVICE}",
    "Portland": f"'Portland' fits 2 places: Portland-South Portland, ME; Portland-Vancouver-Hillsboro, OR-WA {ADVICE}",
    "Houston, TX": "'Houston, TX' fits 2 places: Houston County, TX (48225); Houston-The Woodlands-Sugar Land, TX " + ADVICE,
    "Davdson, TN": "'Davdson, TN' is no county, metropolitan area or city with an NCI-designated center (write for example "
    "'Davidson, TN', '47037' or 'Nashville'); did you mean 'Davidson, TN'?",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_what_is_no_single_place_is_said(name: str) -> None:
    with pytest.raises(InputError) as caught:
        find_place(name)
    assert str(caught.value) == f"market.around.place: {GOLDEN[name]}"


def test_every_place_that_is_listed_can_be_written_back() -> None:
    county = facts.counties().set_index("fips").loc["48225"]
    for name in ("Houston County, TX (48225)", "Houston County, TX", "48225"):
        assert find_place(name) == (county["lat"], county["lon"])
    assert find_place("Houston-The Woodlands-Sugar Land, TX") != find_place("48225")


@pytest.mark.parametrize(
    "name", ["Nashville", "Philadelphia", "Philadelphia, PA", "Denver", "Baltimore, MD", "Washington, DC"]
)
def test_a_county_its_area_and_its_center_are_one_place(name: str) -> None:
    lat, lon = find_place(name)
    assert 30 < lat < 45
    assert -110 < lon < -70


def test_made_up_zones_of_the_user_come_first_and_may_not_share_a_name() -> None:
    zones = pd.DataFrame({"zone": ["z1", "z2"], "name": ["Washington", "Here"], "lat": [1.0, 2.0], "lon": [3.0, 4.0]})
    assert find_place("washington", zones) == (1.0, 3.0)
    twice = zones.assign(name="Washington")
    with pytest.raises(InputError) as caught:
        find_place("Washington", twice)
    assert str(caught.value) == (
        f"market.around.place: 'Washington' fits 2 places: Washington (z1); Washington (z2) {ADVICE}"
    )
