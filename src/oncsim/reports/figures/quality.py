"""Figure: value-based payment and the quality of care."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLUE, GREEN, ORANGE, VERMILLION
from oncsim.reports.metric_facts import fact


def quality_and_value(metrics: pd.DataFrame) -> Figure:
    """Draw value-based participation and savings, adverse events, readmissions and trial enrolment.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    panels = (
        Panel(
            "Practices in value-based models",
            "practices",
            (
                Line("value_based.participants", "", "all", BLUE),
                Line("value_based.two_sided", "", "two-sided risk", GREEN, "--"),
            ),
            "number",
        ),
        _own_unit("Adverse events", "quality.adverse_events", VERMILLION),
        _own_unit("Readmissions", "quality.readmissions", ORANGE),
        _own_unit("Enrolment in trials", "quality.trial_enrolment", GREEN),
    )
    return time_panels(metrics, panels)


def _own_unit(title: str, metric: str, color: str) -> Panel:
    unit = fact(metric).unit
    return Panel(title, unit, (Line(metric, "", "", color),), unit[:46])
