"""Figure: how people reach care, rural against metropolitan."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLACK, BLUE, VERMILLION


def _lines(metric: str) -> tuple[Line, ...]:
    return (
        Line(metric, "rural=true", "rural", VERMILLION),
        Line(metric, "rural=false", "metropolitan", BLUE, "--"),
        Line(metric, "", "all", BLACK, ":"),
    )


_PANELS = (
    Panel("Travel time to care", "minutes", _lines("access.minutes_mean"), "minutes one way, mean over patients"),
    Panel("Patients within 60 minutes", "share", _lines("access.share_within_60"), "share of treated patients"),
    Panel("Patients not treated", "share", _lines("access.untreated_share"), "share of new patients"),
    Panel("Wait for treatment", "days", _lines("access.wait_days_mean"), "days, mean over patients"),
)


def access_by_rurality(metrics: pd.DataFrame) -> Figure:
    """Draw travel time, patients within an hour, patients not treated and waits, by rurality.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    return time_panels(metrics, _PANELS)
