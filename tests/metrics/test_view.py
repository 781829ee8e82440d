from __future__ import annotations

import numpy as np
import pytest

from oncsim.codes import HOME, OFFICE
from oncsim.metrics import View

from .tiny import tiny


def test_owners_are_followed_to_the_top_of_the_chain() -> None:
    state = tiny(1)
    view = View(state)
    assert state.orgs.owner[4] == 5 and state.orgs.owner[5] == 1
    assert view.top_owner[4] == view.top_owner[5] == 1
    state.sites.org[:] = 4
    assert (View(state).site_owner == 1).all()


def test_a_site_needs_to_be_open_and_to_have_oncologist_time() -> None:
    state = tiny(1)
    state.sites.open[:], state.sites.oncologists[:] = True, 1.0
    state.sites.open[0], state.sites.oncologists[1] = False, 0.0
    state.sites.kind[:] = OFFICE
    state.sites.kind[2] = HOME  # nobody goes there
    assert np.flatnonzero(~View(state).staffed).tolist() == [0, 1, 2]


def test_infusions_by_payer_are_segments_payer_major() -> None:
    state = tiny(1)
    state.sites.infusions[:] = np.arange(15.0)
    assert View(state).infusions_by_payer[0].tolist() == [3, 12, 21, 30, 39]
    assert View(state).infusions[0] == pytest.approx(105)


def test_a_view_looks_once_and_a_new_view_looks_again() -> None:
    state = tiny(1)
    view = View(state)
    before = view.treated.copy()
    state.sites.starts *= 2
    assert np.array_equal(view.treated, before)
    assert View(state).treated == pytest.approx(2 * before)


def test_ratios_leave_out_groups_and_markets_without_anybody() -> None:
    state = tiny(1, zones=8)
    view = View(state)
    below = np.where(state.zones.rural, 0.0, 1.0)
    groups = {group for _, group, _ in view.ratio_by_people(np.ones(8), below)}
    assert "rural=true" not in groups and {"", "rural=false"} <= groups
    markets = {market for market, _, _ in view.ratio_by_market(np.ones(8), below)}
    assert markets == {state.zones.market_ids[m] for m in state.zones.market[~state.zones.rural]}
