"""Figure: the change of payments by year, one panel a payer, patients apart, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from oncsim.reports import words
from oncsim.reports.figures.style import BLUE, GREY, ORANGE, WIDTH, empty_figure, new_figure, styled
from oncsim.reports.metric_facts import PAYER_WORDS

_PANELS = (
    *((payer, "payer", name) for payer, name in PAYER_WORDS.items() if payer != "uninsured"),
    ("all", "patient", "Patients"),
    ("all", "both", "Payers and patients together"),
)


@styled
def budget_by_year(table: pd.DataFrame, replicates: int = 0) -> Figure:
    """Draw the difference of payments in every calendar year, in nominal dollars of the market.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns year, payer, component, who, difference, low, high of one scenario.
    replicates : int
        For the note on the bars.
    """
    rows = table[(table["component"] == "") & table["year"].astype(str).str.fullmatch(r"\d{4}")] if len(table) else table
    if rows.empty:
        return empty_figure("This comparison holds no payments by year.")
    years = sorted(rows["year"].astype(str).unique())
    spans = rows[rows["payer"].isin([p for p, _, _ in _PANELS])][["difference", "low", "high"]].to_numpy(dtype=float)
    low, high = min(0.0, float(np.nanmin(spans))), max(0.0, float(np.nanmax(spans)))
    pad = 0.08 * (high - low) or 1.0
    figure = new_figure(WIDTH, 4.5)
    for number, (payer, who, title) in enumerate(_PANELS):
        column, row = number % 3, number // 3
        axes = figure.add_axes((0.095 + column * 0.305, 0.565 - row * 0.475, 0.275, 0.33))
        own = rows[(rows["payer"] == payer) & (rows["who"] == who)].sort_values("year")
        _panel(axes, own, years, BLUE if who == "payer" else ORANGE if who == "patient" else GREY)
        axes.set_ylim(low - pad, high + pad)
        axes.set_title(title, fontsize=9.5, pad=5)
        if column:
            axes.tick_params(axis="y", labelleft=False)
    note = ", with 95 % intervals" if replicates >= 5 else ", with the range of the replicates" if replicates > 1 else ""
    figure.text(0.012, 0.965, f"Change of payments a year, dollars of this market, nominal{note}", fontsize=9, va="center")
    return figure


def _panel(axes: Axes, own: pd.DataFrame, years: list[str], color: str) -> None:
    x = np.array([years.index(str(year)) for year in own["year"]], dtype=float)
    middle = own["difference"].to_numpy(dtype=float)
    axes.bar(x, middle, width=0.72, color=color, zorder=2)
    low, high = own["low"].to_numpy(dtype=float), own["high"].to_numpy(dtype=float)
    some = np.isfinite(low)
    axes.vlines(x[some], low[some], high[some], color="#222222", linewidth=1.2, zorder=3)
    axes.axhline(0, color="#777777", linewidth=1, zorder=1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.difference(value, "dollars") if value else "$0"))
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    step = max(1, -(-len(years) // 5))
    axes.set_xticks(range(0, len(years), step), years[::step])
    axes.set_xlim(-0.7, len(years) - 0.3)
    axes.tick_params(axis="both", labelsize=8)
