"""Activity: totals that put the other figures in proportion, and that must balance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from oncsim.metrics.registry import Compute, Row, metric
from oncsim.metrics.view import View


def _total(amount: Callable[[View], float]) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        yield "all", "", float(amount(view))

    return compute


_TOTALS: tuple[tuple[str, str, str, str, Callable[[View], float]], ...] = (
    (
        "patients_new",
        "New patients",
        "People whose cancer came to need systemic treatment in the quarter.",
        "patients",
        lambda view: view.model.flows.new.sum(),
    ),
    (
        "patients_started",
        "Patients starting treatment",
        "People starting systemic treatment in the quarter: new patients plus those who waited before, "
        "less the untreated and those who wait now.",
        "patients",
        lambda view: view.model.flows.started.sum(),
    ),
    (
        "patients_untreated",
        "Patients not treated",
        "People who go without systemic treatment in the quarter.",
        "patients",
        lambda view: view.model.flows.untreated.sum(),
    ),
    (
        "patients_waiting",
        "Patients waiting",
        "People still waiting to start at the end of the quarter.",
        "patients",
        lambda view: view.model.flows.waiting.sum(),
    ),
    (
        "patients_in_care",
        "Patients in care",
        "People under treatment at the end of the quarter.",
        "patients",
        lambda view: view.model.sites.in_care.sum(),
    ),
    (
        "infusions_total",
        "Infusions",
        "Patient-days of drug administration in the quarter.",
        "infusions per quarter",
        lambda view: view.infusions.sum(),
    ),
    (
        "oncologists_total",
        "Oncologists",
        "Full-time equivalents of medical oncologists at open sites at the end of the quarter.",
        "oncologists",
        lambda view: view.model.sites.oncologists[view.model.sites.open].sum(),
    ),
    (
        "oncologists_seeking",
        "Oncologists without a post",
        "Medical oncologists who look for a post at the end of the quarter: entrants, and those whose site closed.",
        "oncologists",
        lambda view: view.model.recruits.sum(),
    ),
)

for _name, _title, _definition, _unit, _amount in _TOTALS:
    metric(f"activity.{_name}", title=_title, definition=_definition, unit=_unit)(_total(_amount))
