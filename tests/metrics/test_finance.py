from __future__ import annotations

import pytest

from oncsim.codes import ACQUIRED, ACTIVE, HEALTH_SYSTEM, PRACTICE

from .tiny import tiny, values_of

ALL = ("all", "")


def test_margin_is_a_ratio_of_sums_over_the_kind_whoever_owns_them() -> None:
    state = tiny(1)
    orgs = state.orgs
    orgs.kind[:], orgs.status[:] = HEALTH_SYSTEM, ACTIVE
    orgs.kind[:3] = PRACTICE
    orgs.revenue[:3], orgs.margin[:3] = [100.0, 300.0, 100.0], [10.0, -30.0, 70.0]
    orgs.status[2] = ACQUIRED
    assert values_of("finance.margin_practice", state)[ALL] == pytest.approx(50 / 500)


def test_no_revenue_no_margin() -> None:
    state = tiny(1)
    state.orgs.kind[:] = PRACTICE
    assert values_of("finance.margin_amc", state) == {}
    state.orgs.revenue[:] = 0.0
    assert values_of("finance.margin_practice", state) == {}
