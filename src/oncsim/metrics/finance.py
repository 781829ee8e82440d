"""Finance: margins of the organisations that provide care."""

from __future__ import annotations

from collections.abc import Iterator

from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE
from oncsim.metrics.registry import Compute, Row, metric
from oncsim.metrics.view import View


def _margin(kind: int) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        orgs = view.model.orgs
        some = orgs.kind == kind
        revenue = orgs.revenue[some].sum()
        if revenue > 0:
            yield "all", "", float(orgs.margin[some].sum() / revenue)

    return compute


for _name, _kind, _who in (
    ("margin_practice", PRACTICE, "practices"),
    ("margin_system", HEALTH_SYSTEM, "health systems"),
    ("margin_amc", ACADEMIC_CENTER, "academic medical centers"),
):
    metric(
        f"finance.{_name}",
        title=f"Margin of {_who}",
        definition=f"Sum of margin over sum of revenue of the {_who}, whoever owns them; only "
        "what they earn and spend on oncology.",
        unit="share",
    )(_margin(_kind))
