from __future__ import annotations

import numpy as np
import pytest

from oncsim.ties.foreclosures import pull_of_owners
from oncsim.ties.ladder import REFERRAL
from oncsim.ties.trust import DISSOLVED

from .partners import add_ties, partners, rows_of


def test_only_the_pair_itself_is_apart_whichever_comes_first() -> None:
    model = partners()
    town, city, valley, south = rows_of(model, "town_practice", "city_practice", "valley", "south")
    lost = model.foreclosures
    assert not lost.between(np.array([town]), np.array([valley])).any()
    lost.add(town, valley, 3)
    lost.add(city, south, 4)
    a = np.array([town, valley, town, city, south, city])
    b = np.array([valley, town, south, south, city, valley])
    assert lost.between(a, b).tolist() == [True, True, False, True, True, False]
    assert lost.shut_out(town, valley) and not lost.shut_out(valley, town) and not lost.shut_out(town, south)
    assert lost.since.tolist() == [3, 4]


def test_a_practice_looks_for_a_hospital_until_it_has_a_partner_with_one() -> None:
    model = partners()
    town, city, south, valley, small = rows_of(model, "town_practice", "city_practice", "south", "valley", "small")
    assert not model.foreclosures.seeking(model).any()
    model.foreclosures.add(town, valley, 0)

    def seeks() -> list[int]:
        return np.flatnonzero(model.foreclosures.seeking(model)).tolist()

    assert seeks() == [town]
    add_ties(model, town, city, name="a practice", form=REFERRAL)  # has no hospital either
    assert seeks() == [town]
    for number, (one, other) in enumerate(((town, south), (small, town))):
        (row,) = add_ties(model, one, other, name=str(number))
        assert seeks() == []
        model.ties.stage[row] = DISSOLVED
        assert seeks() == [town]
    model.orgs.status[town] = 3
    assert seeks() == []


@pytest.mark.parametrize("practices", [0, 1, 2])
def test_referrers_of_an_owner_send_next_to_nothing_to_whom_it_shut_out(practices: int) -> None:
    model = partners()
    valley, *others = rows_of(model, "valley", "town_practice", "edge_practice")
    for practice in others[:practices]:
        model.foreclosures.add(practice, valley, 0)
    owner, practice, change = pull_of_owners(model)
    assert owner.tolist() == [valley] * practices and practice.tolist() == others[:practices]
    assert (change == -float(model.law["health_system.foreclosure.referrals"])).all() and (change < 0).all()
