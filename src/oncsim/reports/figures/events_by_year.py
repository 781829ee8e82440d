"""Figure: how often each kind of event happened, year by year."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from oncsim.reports.figures.style import BLUE, WIDTH, empty_figure, new_figure, sentence_title, styled
from oncsim.reports.words import code_words, plain

_SHOWN = 8


def event_counts(events: pd.DataFrame, replicates: int, years: list[str]) -> pd.DataFrame:
    """Return events a year, mean over replicates: one column a kind of event, commonest first; rows are
    years."""
    if events.empty or not years:
        return pd.DataFrame(index=years)
    year = events["quarter"].astype(str).str[:4]
    counts = pd.crosstab(year, events["event"].astype(str)).reindex(years, fill_value=0) / max(replicates, 1)
    totals = counts.sum()
    order = sorted(counts.columns, key=lambda kind: (-float(totals[kind]), str(kind)))
    return counts[order]


@styled
def events_by_year(events: pd.DataFrame, replicates: int, years: list[str]) -> Figure:
    """Draw one small bar chart for each of the commonest kinds of event, each with its own scale.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns quarter, event.
    replicates : int
        Number of replicates the events come from.
    years : list of str
        Every calendar year of the run, so that quiet years show as gaps.
    """
    counts = event_counts(events, replicates, years)
    kinds = list(counts.columns[:_SHOWN])
    if not kinds:
        return empty_figure("Nothing happened in this run that is recorded as an event.")
    columns = min(4, len(kinds))
    rows = math.ceil(len(kinds) / columns)
    height = 1.9 * rows + 0.1
    figure = new_figure(WIDTH, height)
    for number, kind in enumerate(kinds):
        row, column = divmod(number, columns)
        width = (WIDTH - 0.2) / columns
        box = (0.1 + column * width + 0.42, height - 1.9 * (row + 1) + 0.4, width - 0.62, 1.0)
        axes = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
        _bars(axes, [int(year) for year in counts.index], counts[kind].tolist(), kind)
    return figure


def _bars(axes: Axes, years: list[int], values: list[float], kind: str) -> None:
    axes.bar(years, values, width=0.8, color=BLUE)
    axes.set_title(sentence_title(code_words(kind)), fontsize=9.5, pad=17)
    total = sum(values)
    axes.text(0, 1.06, f"{plain(round(total, 1))} in all", transform=axes.transAxes, fontsize=8.5, color="#555555")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axes.set_ylim(0, max(max(values) * 1.05, 1))
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    ends = [years[0], years[-1]] if len(years) > 1 else years
    axes.set_xticks(ends, [str(year) for year in ends])
    axes.set_xlim(years[0] - 0.7, years[-1] + 0.7)
