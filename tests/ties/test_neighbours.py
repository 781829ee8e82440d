from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, VERMONT, start, tiny_market
from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE
from oncsim.state.travel import great_circle_miles
from oncsim.ties.neighbours import possible_partners


@pytest.mark.parametrize("market", [METRO, VERMONT], ids=["metro", "vermont"])
def test_partners_are_the_nearest_by_brute_force(market: dict) -> None:
    model = start(1, market)
    model.step()
    orgs = model.orgs
    active = (orgs.status == 0) & (orgs.starts > 0)
    a, b, miles = possible_partners(model)
    expected = set()
    for kind, other, count in (
        (PRACTICE, HEALTH_SYSTEM, 4),
        (PRACTICE, ACADEMIC_CENTER, 2),
        (HEALTH_SYSTEM, ACADEMIC_CENTER, 2),
    ):
        for one in np.flatnonzero(active & (orgs.kind == kind)):
            others = np.flatnonzero(active & (orgs.kind == other))
            gap = great_circle_miles(orgs.lat[one], orgs.lon[one], orgs.lat[others], orgs.lon[others])
            near = np.argsort(gap, kind="stable")[:count]
            expected |= {(int(one), int(others[n]), round(float(gap[n]), 6)) for n in near if gap[n] <= 150}
    found = {(int(i), int(j), round(float(m), 6)) for i, j, m in zip(a, b, miles, strict=True)}
    # Where two are equally near (one campus), either may be listed; the distances are the same.
    assert sorted((i, m) for i, _, m in found) == sorted((i, m) for i, _, m in expected)
    assert (a != b).all()


def test_nobody_meets_in_a_market_of_practices() -> None:
    model = start(1, tiny_market(3, systems=0, practices=4))
    a, _, _ = possible_partners(model)
    assert len(a) == 0
