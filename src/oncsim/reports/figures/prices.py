"""Figure: what commercial payers pay, over time and against Medicare."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLACK, BLUE, VERMILLION

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
    Panel(
        "Hospital over office price",
        "times",
        (
            Line("price.hospital_to_office", "payer=commercial", "commercial", VERMILLION),
            Line("price.hospital_to_office", "payer=medicare_advantage", "Medicare Advantage", BLUE, "--"),
        ),
        "ratio of mean prices of an infusion",
    ),
    Panel(
        "Commercial price two years after a deal",
        "share",
        (
            Line("price.after_acquisition", "component=total;years=2", "in all", BLACK),
            Line("price.after_acquisition", "component=bargained;years=2", "bargained", VERMILLION, "--"),
            Line("price.after_acquisition", "component=rate_table;years=2", "hospital rates", BLUE, ":"),
        ),
        "relative change at offices that hospitals bought",
    ),
)


def prices(metrics: pd.DataFrame) -> Figure:
    """Draw the price index, commercial over Medicare, hospital over office, and what deals did to prices.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    return time_panels(metrics, _PANELS)
