"""Figure: who owns cancer care - concentration, independence and the hospital share."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION

_PANELS = (
    Panel(
        "Market concentration",
        "HHI",
        (
            Line("consolidation.hhi", "", "all markets", BLUE),
            Line("consolidation.hhi", "market_type=hrr", "referral regions", SKY, ":"),
            Line("consolidation.hhi", "market_type=cbsa", "metro areas", GREEN, "--"),
            Line("consolidation.hhi_flow", "", "where patients live", VERMILLION, "-."),
        ),
        "HHI (10,000 = one owner)",
    ),
    Panel(
        "Oncologists in independent practices",
        "share",
        (Line("consolidation.share_oncologists_independent", "", "", BLUE),),
        "share of all medical oncologists",
    ),
    Panel(
        "Infusions in hospitals and at 340B sites",
        "share",
        (
            Line("consolidation.hopd_share_infusions", "", "hospital", VERMILLION),
            Line("consolidation.share_340b_infusions", "", "340B", PURPLE, "--"),
        ),
        "share of infusions",
    ),
    Panel(
        "Independent practices",
        "practices",
        (Line("consolidation.practices_independent", "", "", ORANGE),),
        "number",
    ),
)


def consolidation(metrics: pd.DataFrame) -> Figure:
    """Draw concentration, the independent share of oncologists, and the hospital and 340B shares of
    infusions.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    return time_panels(metrics, _PANELS)
