from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from oncsim.metrics import layout as module
from oncsim.metrics.layout import PEOPLE_GROUPS, build_layout, layout_of
from oncsim.state.pairs import Pairs

from .tiny import tiny


def copy_of(pairs: Pairs) -> Pairs:
    return Pairs(pairs.start, pairs.zone, pairs.site, pairs.minutes, pairs.reach)


def test_same_pairs_are_sorted_once_and_other_pairs_again() -> None:
    state, other = tiny(1), tiny(2)
    first = layout_of(state.pairs, state.zones, 9)
    assert layout_of(state.pairs, state.zones, 9) is first
    assert layout_of(copy_of(state.pairs), state.zones, 9) is not first
    assert layout_of(state.pairs, state.zones, 9) is not first  # only the latest is kept
    again = layout_of(state.pairs, state.zones, 9)
    assert layout_of(state.pairs, other.zones, 9) is not again
    assert len(layout_of(state.pairs, other.zones, 12).demand) == 12  # sites were added


def test_two_models_in_turn_get_their_own() -> None:
    states = [tiny(seed) for seed in (3, 4)]
    for _ in range(2):
        for state in states:
            kept = layout_of(state.pairs, state.zones, 9)
            fresh = build_layout(state.pairs, state.zones, 9)
            assert np.array_equal(kept.by_minutes[0][1], fresh.by_minutes[0][1])
            assert np.array_equal(kept.demand, fresh.demand)


def test_nothing_is_kept_alive() -> None:
    state = tiny(1)
    pairs = copy_of(state.pairs)
    layout = layout_of(pairs, state.zones, 9)
    gone, kept = weakref.ref(pairs), weakref.ref(layout)
    del pairs, layout
    gc.collect()
    assert gone() is None
    assert kept() is None
    assert module._latest._layout is None


def test_groups_of_people_part_everyone_in_two_ways() -> None:
    state = tiny(5, zones=8)
    layout = build_layout(state.pairs, state.zones, 9)
    members = {group: layout.members(group) for group in PEOPLE_GROUPS}
    assert members[""].all()
    for key in ("rural", "deprivation_quartile"):
        together = sum(who.astype(int) for group, who in members.items() if group.startswith(key))
        assert (together == 1).all()
    people = state.zones.population
    expected = [people[members[group]].sum() for group in PEOPLE_GROUPS]
    assert layout.totals(people) == pytest.approx(expected)


def test_pairs_go_from_near_to_far_in_every_group() -> None:
    state = tiny(5)
    for group, some, minutes in build_layout(state.pairs, state.zones, 9).by_minutes:
        assert (np.diff(minutes) >= 0).all()
        assert np.array_equal(state.pairs.minutes[some], minutes)
        members = build_layout(state.pairs, state.zones, 9).members(group)
        assert sorted(some) == np.flatnonzero(members[state.pairs.zone]).tolist()
