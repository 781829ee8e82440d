from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oncsim.randomness import Luck, identities
from oncsim.state.physicians import Physicians, full_time_equivalents
from oncsim.state.sites import Sites


def clinics(count: int, **columns) -> Sites:
    return Sites(count, key=identities([f"s{number}" for number in range(count)]), **columns)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_everybody_is_seated_with_a_key_of_their_own(counts: list[int]) -> None:
    sites = clinics(len(counts))
    people = Physicians.at_start(sites, np.array(counts), Luck(1), 40.0)
    assert people.headcount(len(sites)).tolist() == counts
    assert len(set(people.key.tolist())) == sum(counts)
    assert ((people.years > 0) & (people.years < 40)).all()


def test_a_career_does_not_depend_on_other_sites() -> None:
    few = Physicians.at_start(clinics(2), np.array([2, 3]), Luck(1), 40.0)
    many = Physicians.at_start(clinics(3), np.array([4, 3, 9]), Luck(1), 40.0)
    years = dict(zip(many.key.tolist(), many.years.tolist(), strict=True))
    assert [years[key] for key in few.key.tolist()] == few.years.tolist()


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(-1, 11), st.floats(0, 3)), min_size=1, max_size=12))
def test_visits_move_time_and_make_none(rows: list[tuple[int, bool, int, float]]) -> None:
    count = len(rows)
    counts, is_open, source, time = (list(column) for column in zip(*rows, strict=True))
    source = [one if one < count and one != number else -1 for number, one in enumerate(source)]
    sites = clinics(count, open=is_open, visiting_from=source, visiting_fte=time)
    people = Physicians.at_start(sites, np.array(counts), Luck(1), 40.0)
    found = full_time_equivalents(sites, people)
    home = np.where(is_open, counts, 0)
    assert found.sum() == np.float64(home.sum()) or abs(found.sum() - home.sum()) < 1e-9
    # Nobody gives more than half of what is at home, and a closed site has no time at all.
    assert (found >= 0.5 * home - 1e-9).all()
    assert (found[~np.array(is_open)] <= 1e-12).all()
