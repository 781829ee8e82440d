"""Every metric equals a plain loop written from its definition, on random small states."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.metrics import METRICS

from .brute import ORACLES
from .tiny import tiny, values_of


def test_every_metric_has_an_oracle_and_every_oracle_a_metric() -> None:
    assert set(ORACLES) == set(METRICS)


@pytest.mark.parametrize("name", sorted(METRICS))
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    zones=st.integers(3, 8),
    sites=st.integers(1, 9),
    orgs=st.integers(1, 8),
    ties=st.integers(0, 12),
)
def test_equals_a_plain_loop(name: str, seed: int, zones: int, sites: int, orgs: int, ties: int) -> None:
    state = tiny(seed, zones, sites, orgs, ties)
    expected = ORACLES[name](state)
    found = values_of(name, state)
    assert set(found) == set(expected)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-9)
