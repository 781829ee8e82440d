"""The folder of an unfinished run."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.results.parts import Parts, ReplicateWriter, ranges


@pytest.mark.parametrize(("numbers", "text"), [([], "none"), ([3], "3"), ([0, 1, 2, 7], "0-2, 7"), ([5, 4, 1], "1, 4-5")])
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


def test_half_written_replicate_does_not_count(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.prepare()
    ReplicateWriter(parts, 0).finish({}, {"replicate": 0})
    ReplicateWriter(parts, 1)
    assert parts.finished(3) == [0]
    parts.prepare()
    assert [p.name for p in parts.replicates.iterdir()] == ["0000"]
    assert parts.outcome(0) == {"replicate": 0}
