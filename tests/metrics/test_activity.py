from __future__ import annotations

import pytest

from .tiny import tiny, values_of

ALL = ("all", "")


def test_patients_balance() -> None:
    state = tiny(1)
    new, started, untreated, waiting = (
        values_of(f"activity.patients_{who}", state)[ALL] for who in ("new", "started", "untreated", "waiting")
    )
    before = state.flows.waiting_before.sum()
    assert new == pytest.approx(started + untreated + waiting - before)


def test_oncologists_of_closed_sites_are_not_counted() -> None:
    state = tiny(1)
    state.sites.oncologists[:] = 1.0
    state.sites.open[:] = True
    state.sites.open[:2] = False
    assert values_of("activity.oncologists_total", state)[ALL] == len(state.sites) - 2
