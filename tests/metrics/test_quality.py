from __future__ import annotations

import pytest

from .tiny import tiny, values_of

ALL = ("all", "")


@pytest.mark.parametrize("outcome", ["adverse_events", "readmissions"])
def test_rates_are_per_time_under_treatment(outcome: str) -> None:
    state = tiny(1)
    before = values_of(f"quality.{outcome}", state)[ALL]
    getattr(state.care, outcome)[:] *= 3
    state.care.patient_quarters *= 2
    assert values_of(f"quality.{outcome}", state)[ALL] == pytest.approx(before * 1.5)


def test_enrolment_is_a_share_of_those_who_start() -> None:
    state = tiny(1)
    state.care.trial_patients[:] = 0
    state.care.trial_patients[0] = state.flows.started.sum() / 20
    assert values_of("quality.trial_enrolment", state)[ALL] == pytest.approx(0.05)
