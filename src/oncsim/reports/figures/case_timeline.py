"""The timeline of a case from practice: ties by form and stage, trust, patients and money of a few organisations."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from oncsim.reports.figures.style import (
    BLUE,
    CYCLE,
    GREEN,
    GREY,
    HALO,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    new_figure,
    styled,
    value_axis,
    year_axis,
    year_of,
)
from oncsim.reports.words import code_words

FORM_COLORS = {
    "referral": SKY,
    "clinical_affiliation": BLUE,
    "inpatient_coverage": GREEN,
    "telehealth_hub": PURPLE,
    "co_management": "#7A5195",
    "professional_services": "#8C6D31",
    "employer_bundle": "#3B9E9E",
    "joint_venture": ORANGE,
    "network_membership": GREY,
    "acquisition": VERMILLION,
}
# How strong the colour of a form is in each stage: what does not live yet is pale.
STRENGTH = {"prospect": 0.15, "shared_problem": 0.25, "due_diligence": 0.35, "ramp_up": 0.6, "scaled_back": 0.5}
_WIDTH, _LEFT, _RIGHT, _BOTTOM = 9.4, 2.75, 0.2, 0.75
_ROW, _PANEL, _GAP = 0.27, 1.35, 0.52
_HEAD, _WRAP = 0.6, 33  # room of a heading in rows, and letters of a line left of the panels
_LETTER = 0.067  # inches of a letter of the smallest size
_QUARTER = 0.25


@dataclass(frozen=True)
class Bar:
    """One form of tie between two organisations: its stages, each with first and last quarter."""

    between: str
    form: str
    stages: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Path:
    """One line: values by quarter in the case and in its control; empty where the control has none."""

    label: str
    values: tuple[float, ...]
    control: tuple[float, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """What the figure shows."""

    title: str
    quarters: tuple[str, ...]
    bars: tuple[Bar, ...]
    trust: tuple[Path, ...]
    patients: tuple[Path, ...]
    margins: tuple[Path, ...]


def form_words(form: str) -> str:
    """Return a form of tie as people write it."""
    return "co-management" if form == "co_management" else code_words(form)


@styled
def case_timeline(shown: Timeline) -> Figure:
    """Draw a timeline: four panels over the same years, names and keys left of them."""
    places, rows = _places(shown.bars)
    heights = [
        rows * _ROW + 0.1,
        *(max(_PANEL, 0.18 * _lines_of(paths) + 0.1) for paths in (shown.trust, shown.patients, shown.margins)),
    ]
    title = textwrap.wrap(shown.title, 92)
    above = 0.4 + 0.22 * len(title)
    height = above + sum(heights) + 3 * _GAP + _BOTTOM
    figure = new_figure(_WIDTH, height)
    figure.text(0.15 / _WIDTH, 1 - 0.12 / height, "\n".join(title), fontsize=11.5, fontweight="bold", va="top")
    boxes, top = [], height - above
    for one in heights:
        top -= one
        boxes.append((_LEFT / _WIDTH, top / height, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, one / height))
        top -= _GAP
    drawn = [figure.add_axes(box) for box in boxes]
    _bars(drawn[0], shown, places, rows)
    _trust(drawn[1], shown)
    _paths(drawn[2], shown.patients, shown.quarters, "c  New patients a quarter", 1.0, "")
    _paths(drawn[3], shown.margins, shown.quarters, "d  Margin a year, millions of dollars", 1e-6, "$")
    for axes in drawn:
        year_axis(axes, shown.quarters)
        first, last = year_of(shown.quarters[0]), year_of(shown.quarters[-1]) + _QUARTER
        axes.set_xlim(first - 0.01 * (last - first), last + 0.01 * (last - first))
    drawn[-1].set_xlabel("year")
    note = (
        "Replicate 0. Solid: the case; dashed: its control. Ties: pale before they are at work, hatched where scaled back, "
        "outlined where deepened."
    )
    figure.text(0.15 / _WIDTH, 0.1 / height, note, fontsize=8, color="#555555", va="bottom")
    return figure


def _lines_of(paths: Sequence[Path]) -> int:
    """Return how many lines of text the key of a panel takes."""
    return sum(len(textwrap.wrap(path.label, _WRAP)) for path in paths)


def _places(bars: Sequence[Bar]) -> tuple[list[float], float]:
    """Return where each bar lies, in rows from the top, and how many rows there are; a heading takes room of its own."""
    places: list[float] = []
    at, before = 0.0, ""
    for bar in bars:
        at += _HEAD * len(textwrap.wrap(bar.between, _WRAP)) + 0.15 if bar.between != before else 0.0
        before = bar.between
        places.append(at + 0.5)
        at += 1.0
    return places, max(at, 2.0)


def _bars(axes: Axes, shown: Timeline, places: Sequence[float], rows: float) -> None:
    axes.set_title("a  Ties by form and stage", pad=6, fontsize=10)
    axes.set_ylim(rows, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not shown.bars:
        axes.text(0.5, 0.5, "No tie between them.", transform=axes.transAxes, ha="center", va="center", color="#555555")
    years = (len(shown.quarters) or 1) * _QUARTER
    inches = (_WIDTH - _LEFT - _RIGHT) / (1.02 * years)
    before = ""
    for place, bar in zip(places, shown.bars, strict=True):
        color = FORM_COLORS.get(bar.form, GREY)
        for stage, first, last in bar.stages:
            start, width = year_of(first), year_of(last) + _QUARTER - year_of(first)
            hatch = "////" if stage == "scaled_back" else None
            axes.barh(
                [place], [width], left=[start], height=0.76, color=color, alpha=STRENGTH.get(stage, 1.0), hatch=hatch,
                linewidth=1.4 if stage == "deepened" else 0.0, edgecolor="black" if stage == "deepened" else color,
            )  # fmt: skip
            words = code_words(stage)
            # A name that is longer than its stage would run into the next.
            if len(words) * _LETTER + 0.08 <= width * inches:
                axes.text(
                    start + width / 2,
                    place,
                    words,
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    path_effects=HALO,
                    color="#222222",
                )
        if bar.between != before:
            lines = textwrap.wrap(bar.between, _WRAP)
            for i, line in enumerate(lines):
                _margin_text(axes, place - 0.5 - _HEAD * (len(lines) - i - 0.5), line, "#222222", 0.15)
        before = bar.between
        _margin_text(axes, place, form_words(bar.form), "#555555", 0.3)


def _margin_text(axes: Axes, place: float, text: str, color: str, inches: float) -> None:
    """Write left of the panel, so many inches from the edge of the figure."""
    axes.annotate(
        text,
        (0, place),
        xycoords=("axes fraction", "data"),
        xytext=((inches - _LEFT) * 72, 0),
        textcoords="offset points",
        fontsize=8,
        color=color,
        va="center",
        annotation_clip=False,
    )


def _trust(axes: Axes, shown: Timeline) -> None:
    axes.set_title("b  Trust (0 none, 1 full; after a tie the last known)", pad=6, fontsize=10)
    _lines(axes, shown.trust, shown.quarters, 1.0)
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    if not shown.trust:
        axes.text(0.5, 0.5, "They never had a tie.", transform=axes.transAxes, ha="center", va="center", color="#555555")


def _paths(axes: Axes, paths: Sequence[Path], quarters: Sequence[str], title: str, scale: float, sign: str) -> None:
    axes.set_title(title, pad=6, fontsize=10)
    _lines(axes, paths, quarters, scale)
    every = np.array([value for path in paths for value in (*path.values, *path.control)], dtype=float) * scale
    every = every[np.isfinite(every)]
    value_axis(axes, "", float(every.min()) if len(every) else 0.0, float(every.max()) if len(every) else 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{'-' if value < 0 else ''}{sign}{abs(value):,.4g}"))
    if every.size and every.min() < 0 < every.max():
        axes.axhline(0, color="#888888", linewidth=0.8)


def _lines(axes: Axes, paths: Sequence[Path], quarters: Sequence[str], scale: float) -> None:
    x = np.array([year_of(quarter) + _QUARTER / 2 for quarter in quarters])
    handles = []
    for i, path in enumerate(paths):
        color, thin = CYCLE[i % len(CYCLE)], i >= len(CYCLE)
        # The control first and paler, so that the case lies on it where both are the same.
        if path.control:
            axes.plot(x, np.array(path.control) * scale, color=color, linestyle=(0, (4, 2)), linewidth=1.3, alpha=0.75)
        axes.plot(x, np.array(path.values) * scale, color=color, linewidth=1.2 if thin else 1.9)
        handles.append(Line2D([], [], color=color, linewidth=1.9, label="\n".join(textwrap.wrap(path.label, _WRAP))))
    if handles:
        axes.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(-(_LEFT - 0.15) / (_WIDTH - _LEFT - _RIGHT), 1.0),
            borderaxespad=0,
            borderpad=0,
            fontsize=8,
            handlelength=1.1,
            handletextpad=0.5,
            labelspacing=0.35,
        )
