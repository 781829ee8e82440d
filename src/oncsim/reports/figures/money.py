"""Figure: money by organisation kind - revenue and margin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from oncsim.codes import ORG_KINDS
from oncsim.reports.figures.panels import Line, Panel, time_panels
from oncsim.reports.figures.style import KIND_COLORS
from oncsim.reports.metric_facts import KIND_WORDS

_DASHES = {"practice": "-", "health_system": "--", "academic_center": "-.", "network": ":"}
_SHORT = {
    "practice": "practices",
    "health_system": "systems",
    "academic_center": "academic",
    "network": "networks",
}


def money_table(money: pd.DataFrame) -> pd.DataFrame:
    """Return quarter, kind, revenue, margin and margin_rate of provider kinds; payers are left out."""
    table = money[money["kind"] != "payer"].copy()
    for column in ("revenue", "margin"):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    table["margin_rate"] = np.where(
        table["revenue"] > 0, table["margin"] / table["revenue"].where(table["revenue"] > 0), np.nan
    )
    return table


def money_by_kind(money: pd.DataFrame) -> Figure:
    """Draw revenue and margin over revenue by kind of organisation; networks and practices are told apart.

    Parameters
    ----------
    money : pandas.DataFrame
        Columns quarter, kind, revenue, margin.
    """
    table = money_table(money)
    # Reuse the panels of the metrics: one metric for each measure, the kind as its group.
    long = table.melt(["quarter", "kind"], ["revenue", "margin_rate"], "metric", "value").assign(replicate=0)
    long = long.rename(columns={"kind": "group"})
    held = {kind for kind in ORG_KINDS if (table.loc[table["kind"] == kind, "revenue"] > 0).any()}

    def lines(metric: str) -> tuple[Line, ...]:
        return tuple(Line(metric, kind, _SHORT[kind], KIND_COLORS[kind], _DASHES[kind]) for kind in _SHORT if kind in held)

    panels = (
        Panel("Revenue by organisation kind", "dollars", lines("revenue"), "dollars a quarter, nominal"),
        Panel("Margin by organisation kind", "share", lines("margin_rate"), "margin over revenue"),
    )
    return time_panels(long, panels)


def kinds_shown(money: pd.DataFrame) -> list[str]:
    """Return the names of the kinds that have revenue, for the caption."""
    table = money_table(money)
    return [KIND_WORDS[k] for k in ORG_KINDS if (table.loc[table["kind"] == k, "revenue"] > 0).any()]
