"""Figure: ties between organisations - how many of each form, and the trust in them."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLACK, BLUE, CYCLE, GREEN, ORANGE, VERMILLION
from oncsim.reports.metric_facts import FORM_WORDS

_SHOWN_FORMS = 3


def partnerships(metrics: pd.DataFrame) -> Figure:
    """Draw active ties, the commonest forms, how ties begin, change and end, trust and the support of the staff.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    active = metrics[metrics["metric"] == "partnership.active"] if len(metrics) else metrics
    by_form = active[active["group"].astype(str).str.startswith("form=")] if len(active) else active
    largest = by_form.groupby("group")["value"].sum().sort_values(ascending=False, kind="stable")
    forms = [str(group) for group, value in largest.items() if value > 0][:_SHOWN_FORMS]
    lines = tuple(Line("partnership.active", group, _form(group), color) for group, color in zip(forms, CYCLE, strict=False))
    panels = (
        Panel("Active ties", "ties", (Line("partnership.active", "", "", BLACK),), "number, all forms"),
        Panel("Commonest forms", "ties", lines, "active ties"),
        Panel(
            "Ties begin, change and end",
            "ties",
            (
                Line("partnership.formed", "", "formed", GREEN),
                Line("partnership.deepened", "", "deepened", BLUE),
                Line("partnership.scaled_back", "", "scaled back", ORANGE, ":"),
                Line("partnership.dissolved", "", "dissolved", VERMILLION, "--"),
            ),
            "number a quarter",
        ),
        Panel(
            "Trust and staff",
            "0-1",
            (
                Line("partnership.trust_mean", "", "trust", BLUE),
                Line("partnership.staff_support", "", "staff support", GREEN, "--"),
            ),
            "mean, 0 to 1",
        ),
    )
    return time_panels(metrics, panels)


def _form(group: str) -> str:
    code = group.removeprefix("form=")
    words = FORM_WORDS.get(code, code.replace("_", " "))
    return {"Professional services": "prof. services", "Telehealth hub and spoke": "telehealth"}.get(
        words,
        words.replace("Network membership", "network").replace("Clinical affiliation", "affiliation").lower(),
    )
