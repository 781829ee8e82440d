"""The legend of the map of ties: kinds of organisations, forms of ties, and what widths and sizes mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from oncsim.reports.figures.network_marks import FORM_LOOKS, kind_marks
from oncsim.reports.metric_facts import FORM_WORDS

_TRUSTS = (0.2, 0.5, 0.8)
_ABREAST = 4
# Inches: a block of one row with its title, and a row more.
_BLOCK, _MORE = 0.52, 0.2


def legend_inches(forms: NDArray[np.str_]) -> float:
    """Return the height of the legends for ties of these forms, in inches."""
    rows = max(-(-len(set(forms)) // _ABREAST), 1)
    return 3 * _BLOCK + (rows - 1) * _MORE + 0.06


def legend(
    figure: Figure,
    nodes: pd.DataFrame,
    forms: NDArray[np.str_],
    trust: NDArray[np.float64],
    width_of: Callable[[float, float], Any],
    small: float,
) -> None:
    """Add the legends at the foot of a figure.

    Parameters
    ----------
    nodes : pandas.DataFrame
        Columns kind, owned of the organisations that are drawn.
    forms, trust : arrays
        Of the ties that are drawn.
    width_of : callable
        Width of a tie in points, of its trust.
    small : float
        How much thinner ties are than in a small network.
    """
    height = figure.get_figheight()
    marks = kind_marks(sorted(set(nodes["kind"])), bool(nodes["owned"].any()))
    _row(
        figure,
        marks,
        "Circles: larger, more patients starting treatment in the quarter",
        (legend_inches(forms) - _BLOCK) / height,
        6,
    )
    lines = [
        Line2D([], [], color=color, linewidth=1.8, linestyle=dashes, label=FORM_WORDS[form])
        for form, (color, dashes) in FORM_LOOKS.items()
        if (forms == form).any()
    ]
    if lines:
        _row(figure, lines, "Ties in force", (_BLOCK + 0.04) / height, _ABREAST)
    if np.isfinite(trust).any():
        widths = [
            Line2D([], [], color="#777777", linewidth=float(width_of(one, small)), label=f"trust {one:g}") for one in _TRUSTS
        ]
        none = "; ownership and membership have none" if not np.isfinite(trust).all() else ""
        _row(figure, widths, f"Width: mean trust of both partners (0-1){none}", 0.04 / height, 3)


def _row(figure: Figure, handles: list[Line2D], title: str, bottom: float, columns: int) -> None:
    figure.legend(
        handles=handles,
        title=title,
        loc="lower left",
        bbox_to_anchor=(0.01, bottom),
        ncol=min(columns, len(handles)),
        columnspacing=1.4,
        handlelength=2.6 if handles[0].get_linestyle() != "None" else 1.0,
        handletextpad=0.5,
        labelspacing=0.3,
        alignment="left",
        fontsize=8.5,
        title_fontsize=8.5,
        borderpad=0,
    )
