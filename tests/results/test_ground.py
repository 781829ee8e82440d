"""Whether a run played on real ground."""

from __future__ import annotations

import pytest

from oncsim.results.ground import on_a_plane, who_is_real


@pytest.mark.parametrize(
    ("market", "plane", "words"),
    [
        ({"source": "archetype", "kind": "metro"}, True, "teaching market on a plane"),
        ({"source": "composed", "zones": [{"zone": "city"}]}, True, "Places and organisations are written out"),
        ({"source": "composed", "counties": ["Polk, FL"]}, False, "Counties are real; organisations are written out"),
        ({"source": "composed", "zones": None, "states": ["AK"]}, False, "Counties are real"),
        ({"source": "embedded"}, False, "designated cancer center"),
        ({"source": "files"}, False, "tables named in the scenario"),
        ({"source": "composed", "plane": True}, True, "Places and organisations"),
        ({"source": "composed", "plane": False}, False, "Counties are real"),
        ({}, False, ""),
        (None, False, ""),
    ],
)
def test_ground(market: object, plane: bool, words: str) -> None:
    assert on_a_plane(market) == plane
    assert words in who_is_real(market) and bool(who_is_real(market)) == bool(words)
