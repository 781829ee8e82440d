from __future__ import annotations

import pytest

from oncsim.codes import TIE_STAGES

from .tiny import tiny, values_of

ALL = ("all", "")


def test_forms_add_up_to_all_active_ties() -> None:
    found = values_of("partnership.active", tiny(1, ties=40))
    assert found[ALL] > 0
    assert sum(value for key, value in found.items() if key != ALL) == found[ALL]


@pytest.mark.parametrize("stage", TIE_STAGES)
def test_a_tie_counts_from_signing_to_its_end(stage: str) -> None:
    state = tiny(1, ties=5)
    state.ties.stage[:] = TIE_STAGES.index(stage)
    state.orgs.network[:], state.orgs.owner[:] = -1, -1
    counted = stage in ("ramp_up", "active", "deepened", "scaled_back")
    assert values_of("partnership.active", state)[ALL] == (5 if counted else 0)
    for name in ("partnership.age_median", "partnership.trust_mean"):
        assert bool(values_of(name, state)) == counted


def test_trust_counts_both_directions_of_active_ties() -> None:
    state = tiny(1, ties=3)
    state.ties.stage[:] = [
        TIE_STAGES.index("active"),
        TIE_STAGES.index("dissolved"),
        TIE_STAGES.index("ramp_up"),
    ]
    state.ties.trust_ab[:], state.ties.trust_ba[:] = [0.2, 1.0, 0.4], [0.6, 1.0, 0.8]
    state.ties.age[:] = [4, 99, 8]
    assert values_of("partnership.trust_mean", state)[ALL] == pytest.approx(0.5)
    assert values_of("partnership.age_median", state)[ALL] == 6
