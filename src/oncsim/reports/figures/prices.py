"""Figure: what commercial payers pay, over time and against Medicare."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLUE, VERMILLION

_PANELS = (
    Panel(
        "Commercial against Medicare prices",
        "times",
        (Line("price.commercial_to_medicare", "", "", VERMILLION),),
        "ratio for the same basket of services",
    ),
    Panel(
        "Commercial price index (nominal)",
        "index",
        (Line("price.commercial_index", "", "", BLUE),),
        "fixed basket, 100 at the start",
    ),
)


def prices(metrics: pd.DataFrame) -> Figure:
    """Draw the commercial price index and the ratio of commercial to Medicare prices.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    return time_panels(metrics, _PANELS)
