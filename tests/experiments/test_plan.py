from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oncsim.experiments.plan import Wave, chunks, covered, extended, wave

STEPS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12)), min_size=1, max_size=5)


@given(STEPS)
def test_extending_never_plays_a_unit_twice_and_leaves_none_out(steps: list[tuple[int, int]]) -> None:
    waves: tuple[Wave, ...] = ()
    for samples, replicates in steps:
        before = chunks(waves)
        waves = extended(waves, samples, replicates)
        assert chunks(waves)[: len(before)] == before  # what was planned stays as it was, chunk by chunk
        units = [unit for chunk in chunks(waves) for unit in chunk.units]
        most, deep = covered(waves)
        assert most >= samples and deep >= replicates
        assert sorted(units) == [(s, r) for s in range(most) for r in range(deep)]
    names = [chunk.id for chunk in chunks(waves)]
    assert len(set(names)) == len(names)


@given(st.integers(1, 3000), st.integers(1, 40))
def test_very_many_runs_are_few_files_and_few_runs_are_cut_fine(samples: int, replicates: int) -> None:
    one = wave((0, samples), (0, replicates))
    listed = list(one.chunks(0))
    assert len(listed) <= 512 and max(len(chunk.units) for chunk in listed) == min(one.size, one.units)
    if one.units <= 64:
        assert len(listed) == one.units
    assert Wave.of(one.as_dict()) == one


def test_a_replicate_of_all_futures_comes_before_the_next() -> None:
    units = [unit for chunk in wave((0, 4), (0, 3)).chunks(0) for unit in chunk.units]
    assert [replicate for _, replicate in units] == [0] * 4 + [1] * 4 + [2] * 4
