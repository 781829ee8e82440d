"""Quality: harm, returns to hospital and trials."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oncsim.metrics.registry import Row, metric
from oncsim.metrics.view import View

_SOURCE = "oncsim model description: care"


def _per_patient_quarter(view: View, events: NDArray[np.float64]) -> Iterator[Row]:
    time = view.model.care.patient_quarters.sum()
    if time > 0:
        yield "all", "", float(events.sum() / time)


@metric(
    "quality.adverse_events",
    title="Adverse events",
    definition="Serious adverse events of systemic treatment in the quarter, over quarters that patients "
    "spent under treatment.",
    unit="per patient-quarter",
    source=_SOURCE,
    better="lower",
)
def adverse_events(view: View) -> Iterator[Row]:
    """Return adverse events per patient-quarter."""
    return _per_patient_quarter(view, view.model.care.adverse_events)


@metric(
    "quality.readmissions",
    title="Readmissions",
    definition="Unplanned returns to hospital in the quarter, over quarters that patients spent under treatment.",
    unit="per patient-quarter",
    source=_SOURCE,
    better="lower",
)
def readmissions(view: View) -> Iterator[Row]:
    """Return readmissions per patient-quarter."""
    return _per_patient_quarter(view, view.model.care.readmissions)


@metric(
    "quality.trial_enrolment",
    title="Enrolment in trials",
    definition="Patients who enter a clinical trial, of patients starting treatment in the quarter.",
    unit="share",
    source=_SOURCE,
    better="higher",
)
def trial_enrolment(view: View) -> Iterator[Row]:
    """Return the share of starting patients who enter a trial."""
    treated = view.model.flows.started.sum()
    if treated > 0:
        yield "all", "", float(view.model.care.trial_patients.sum() / treated)
