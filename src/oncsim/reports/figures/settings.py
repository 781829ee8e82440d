"""Figure: share of care by setting - where infusions are given."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from oncsim.codes import SITE_KINDS
from oncsim.reports.figures.areas import stacked
from oncsim.reports.figures.style import SITE_COLORS, WIDTH, empty_figure, new_figure, styled
from oncsim.reports.metric_facts import SITE_WORDS


def setting_shares(settings: pd.DataFrame) -> pd.DataFrame:
    """Return the share of infusions by setting: index quarter, one column a site kind that is ever used."""
    if settings.empty:
        return pd.DataFrame()
    table = settings.pivot_table(index="quarter", columns="kind", values="infusions", aggfunc="sum").fillna(0.0)
    order = [kind for kind in SITE_KINDS if kind in table] + [kind for kind in table if kind not in SITE_KINDS]
    table = table[order].sort_index()
    table = table.loc[table.sum(axis=1) > 0, table.sum() > 0]
    return table.div(table.sum(axis=1), axis=0)


@styled
def care_by_setting(settings: pd.DataFrame) -> Figure:
    """Draw the share of infusions by kind of site over time.

    Parameters
    ----------
    settings : pandas.DataFrame
        Columns quarter, kind, infusions.
    """
    shares = setting_shares(settings)
    if shares.empty:
        return empty_figure("This run recorded no infusions by site.")
    figure = new_figure(WIDTH, 4.1)
    axes = figure.add_axes((0.075, 0.1, 0.9, 0.78))
    stacked(axes, shares, SITE_COLORS, SITE_WORDS, "share", room=0.47)
    axes.set_title("Where infusions are given: share of infusions by kind of site", pad=12)
    return figure
