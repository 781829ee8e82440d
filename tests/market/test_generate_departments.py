import numpy as np
import pandas as pd
import pytest

from oncsim.market.generate_departments import hospital_based
from oncsim.market.zones import county_zones
from oncsim.randomness import Luck

ZONES = county_zones(["TX"])
GENERAL = np.round(ZONES["population_65plus"].to_numpy() * 3e-4).astype(np.int64)


def hospitals(zones: pd.Series, critical: bool = False) -> pd.DataFrame:
    return pd.DataFrame({"hospital": "H" + zones, "zone": zones, "critical_access": critical})


def test_a_state_keeps_its_share_with_every_seed_but_not_its_pattern() -> None:
    everywhere = hospitals(ZONES["zone"])
    counts = [hospital_based(ZONES, GENERAL, everywhere, Luck(seed)) for seed in (1, 2, 3)]
    totals = [int(c.sum()) for c in counts]
    assert max(totals) - min(totals) <= 1 and 0 < totals[0] < GENERAL.sum()
    assert not np.array_equal(counts[0], counts[1])


def test_nobody_is_hospital_based_where_there_is_no_hospital() -> None:
    first = hospitals(ZONES["zone"].iloc[:100])
    counts = hospital_based(ZONES, GENERAL, first, Luck(1))
    assert counts[100:].sum() == 0 and (counts <= GENERAL).all()


def test_a_critical_access_hospital_employs_two_at_most() -> None:
    counts = hospital_based(ZONES, GENERAL, hospitals(ZONES["zone"], critical=True), Luck(1))
    assert counts.max() == 2


@pytest.mark.parametrize("state", ["", "zz"])
def test_zones_of_no_state_are_shared_out_too(state: str) -> None:
    zones = ZONES.assign(state=state)
    share = hospital_based(zones, GENERAL, hospitals(zones["zone"]), Luck(1)).sum() / GENERAL.sum()
    assert 0.1 < share < 0.9
