"""Figure: what is spent - per patient, by payer and by component."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.codes import COMPONENTS, PAYERS
from oncsim.reports.figures.areas import stacked
from oncsim.reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    empty_figure,
    new_figure,
    styled,
)
from oncsim.reports.metric_facts import PAYER_WORDS

_PAYER_COLORS = dict(zip(PAYERS, (BLUE, SKY, VERMILLION, GREEN, GREY), strict=True))
_COMPONENT_COLORS = dict(zip(COMPONENTS, (BLUE, VERMILLION, GREEN, PURPLE, GREY), strict=True))
_COMPONENT_WORDS = {
    "drug": "Drugs",
    "facility": "Facility fees",
    "professional": "Professional fees",
    "fee": "Care-model fees",
    "other": "Other",
}


def payer_payments(metrics: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return ``spending.payer_total`` by payer or by component: index quarter, mean over replicates.

    Cells recorded only for payer and component together are added up over the other key.
    """
    rows = metrics[metrics["metric"] == "spending.payer_total"] if len(metrics) else metrics
    if rows.empty:
        return pd.DataFrame()
    groups = rows["group"].astype(str)
    alone = rows[groups.str.fullmatch(rf"{key}=[^;=]+")]
    chosen = alone if len(alone) else rows[groups.str.contains(rf"(?:^|;){key}=")]
    if chosen.empty:
        return pd.DataFrame()
    parts = chosen.assign(part=chosen["group"].astype(str).str.extract(rf"(?:^|;){key}=([^;]+)")[0])
    sums = parts.groupby(["replicate", "quarter", "part"], as_index=False)["value"].sum()
    table: pd.DataFrame = sums.pivot_table(index="quarter", columns="part", values="value")
    return table.sort_index()


@styled
def spending(metrics: pd.DataFrame) -> Figure:
    """Draw payments by payer and by component of the payment, nominal dollars a quarter.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value.
    """
    parts = [
        ("Payments by payer", payer_payments(metrics, "payer"), PAYERS, _PAYER_COLORS, PAYER_WORDS),
        (
            "Payments by component",
            payer_payments(metrics, "component"),
            COMPONENTS,
            _COMPONENT_COLORS,
            _COMPONENT_WORDS,
        ),
    ]
    drawn = [part for part in parts if not part[1].empty]
    if not drawn:
        return empty_figure("This run recorded no payments by payer or component.")
    figure = new_figure(WIDTH, 3.6)
    for number, (title, table, order, colors, names) in enumerate(drawn):
        left = 0.085 + number * 0.5
        axes = figure.add_axes((left, 0.1, 0.4 if len(drawn) == 2 else 0.88, 0.71))
        columns = [c for c in order if c in table] + [c for c in table if c not in order]
        stacked(axes, table[columns], colors, names, "dollars", room=1.2 if len(drawn) == 2 else 0.4)
        axes.set_title(title, pad=20)
        axes.text(0, 1.03, "dollars a quarter, nominal", transform=axes.transAxes, fontsize=8.5, color="#555555")
    return figure
