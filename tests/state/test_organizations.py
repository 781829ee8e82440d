from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oncsim.state.organizations import Organizations


@given(st.lists(st.integers(-1, 100), min_size=1, max_size=30))
def test_the_top_owner_is_the_end_of_the_chain(drawn: list[int]) -> None:
    # An owner always has a lower number here, so that there is no circle.
    owner = np.array([one % number if number and one >= 0 else -1 for number, one in enumerate(drawn)])
    orgs = Organizations(len(owner), owner=owner)
    top = orgs.top_owner()
    for row in range(len(owner)):
        end = row
        while owner[end] >= 0:
            end = owner[end]
        assert top[row] == end
    assert (top[top] == top).all()


def test_who_changes_hands_has_another_owner_at_once_however_often_it_was_asked() -> None:
    orgs = Organizations(4, owner=np.array([-1, 0, 1, -1]))
    assert orgs.top_owner().tolist() == [0, 0, 0, 3]
    assert orgs.top_owner() is orgs.top_owner()
    orgs.owner[0] = 3
    assert orgs.top_owner().tolist() == [3, 3, 3, 3]
    orgs.append(1)
    assert orgs.top_owner().tolist() == [3, 3, 3, 3, 4]
    again = pickle.loads(pickle.dumps(orgs))
    assert again.top_owner().tolist() == [3, 3, 3, 3, 4]
