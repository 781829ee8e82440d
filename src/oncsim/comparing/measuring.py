"""One number of a run, replicate by replicate: a metric, a count of events, something of an organisation or of a tie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from oncsim.codes import IN_FORCE_STAGES, TIE_RUNGS

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.scenario.measures import Expectation, Measure

# From the loosest form to the closest; the order of codes is another. Places count from 1.
Table = Callable[[str], pd.DataFrame]


@dataclass(frozen=True)
class Window:
    """The quarters that a value is the mean of, or in which events are counted: first and last, as text."""

    first: str
    last: str

    def inside(self, quarter: pd.Series) -> pd.Series:
        """Return which quarters lie in the window."""
        text = quarter.astype(str)
        return (text >= self.first) & (text <= self.last)


def window_of(one: Expectation, start: str, end: str) -> Window:
    """Return the quarters that an expectation is about: by default the last for a value, all of them for events."""
    if one.at is not None:
        return Window(str(one.at), str(one.at))
    if one.from_ is None and one.until is None and one.event is None:
        return Window(end, end)
    return Window(_text(one.from_, start), _text(one.until, end))


def _text(quarter: Quarter | None, other: str) -> str:
    return other if quarter is None else str(quarter)


def measured(one: Expectation, table: Table, start: str, end: str, replicates: range) -> pd.Series:
    """Return what an expectation measures in each replicate, ``minus`` subtracted; missing where there is no such value.

    Parameters
    ----------
    one : Expectation
        What is measured, and when.
    table : callable
        Gives a table of the run by name, with a column ``replicate``.
    start, end : str
        First and last quarter of the run.
    replicates : range
        The replicates of the run.
    """
    window = window_of(one, start, end)
    values = value_of(one, table, window, replicates)
    if one.minus is None:
        return values
    return values.sub(value_of(one.minus, table, window, replicates))


def value_of(measure: Measure, table: Table, window: Window, replicates: range) -> pd.Series:
    """Return one measured thing in each replicate."""
    if measure.metric is not None:
        found = _of_metric(measure, table("metrics"), window)
    elif measure.event is not None:
        return _of_events(measure, table("events"), window, replicates)
    elif measure.tie is not None:
        return tie_values(measure, table("ties"), window, replicates)
    else:
        found = _of_organization(measure, table("organizations"), window)
    return found.reindex(replicates)


def _of_metric(measure: Measure, table: pd.DataFrame, window: Window) -> pd.Series:
    some = table[(table["metric"] == measure.metric) & (table["group"] == measure.group)]
    some = some[some["market"] == measure.market]
    return some[window.inside(some["quarter"])].groupby("replicate")["value"].mean()


def _of_events(measure: Measure, table: pd.DataFrame, window: Window, replicates: range) -> pd.Series:
    some = table[table["event"].isin(measure.event or [])]
    some = some[window.inside(some["quarter"])]
    if measure.org is not None:
        by, to = some["actor"] == measure.org, some["other"] == measure.org
        if measure.partner is not None:
            by, to = by & (some["other"] == measure.partner), to & (some["actor"] == measure.partner)
        some = some[by if measure.as_ == "actor" else to if measure.as_ == "other" else by | to]
    return some.groupby("replicate").size().reindex(replicates, fill_value=0).astype(float)


def _of_organization(measure: Measure, table: pd.DataFrame, window: Window) -> pd.Series:
    some = table[table["org"] == measure.org]
    some = some[window.inside(some["quarter"])]
    active = some["status"] == "active"
    if measure.value == "open":
        values = active.astype(float)
    elif measure.value == "independent":
        values = (active & (some["kind"] == "practice") & (some["owner"] == "")).astype(float)
    else:
        values = some[str(measure.value)].astype(float)
    return values.groupby(some["replicate"]).mean()


def tie_values(measure: Measure, table: pd.DataFrame, window: Window, replicates: range) -> pd.Series:
    """Return a value of the tie of two organisations in each replicate, the mean over the window."""
    first, second = measure.tie or ("", "")
    rows = between(table, first, second)
    found = {}
    for replicate in replicates:
        path = tie_path(rows[rows["replicate"] == replicate], first, quarters_to(window))
        inside = [row for quarter, row in path if quarter >= window.first]
        found[replicate] = float(np.mean([getattr(row, str(measure.value)) for row in inside])) if inside else np.nan
    return pd.Series(found, dtype=float)


def quarters_to(window: Window) -> list[str]:
    """Return every quarter of a window; what was before it counts when a path reaches its first."""
    year, quarter = int(window.first[:4]), int(window.first[5])
    listed = []
    while (text := f"{year}Q{quarter}") <= window.last:
        listed.append(text)
        year, quarter = (year, quarter + 1) if quarter < 4 else (year + 1, 1)
    return listed


def between(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the rows of ties between two organisations, in either order."""
    forth = (table["a"] == first) & (table["b"] == second)
    back = (table["a"] == second) & (table["b"] == first)
    return table[forth | back]


@dataclass(frozen=True)
class TieState:
    """Where two organisations stand with each other at the end of a quarter.

    ``trust_ab`` is the trust of the first in the second: of the living tie of the closest form, else the last known of
    one that has ended, 0 without any; ``staff`` the support of both staffs for that tie. ``rung`` is that of the form, 0
    without a tie; ``age`` is in quarters.
    """

    living: float = 0.0
    trust_ab: float = 0.0
    trust_ba: float = 0.0
    staff: float = 0.0
    rung: float = 0.0
    age: float = 0.0
    form: str = ""
    stage: str = ""

    @property
    def trust_min(self) -> float:
        """The lower of both directions."""
        return min(self.trust_ab, self.trust_ba)


def tie_path(rows: pd.DataFrame, first: str, quarters: list[str]) -> list[tuple[str, TieState]]:
    """Return where two organisations stand with each other in each of the given quarters.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of the table ``ties`` between the two, of one replicate.
    first : str
        The organisation whose trust in the other is ``trust_ab``.
    quarters : list of str
        Quarters in order; earlier rows count for age and last known trust.
    """
    columns = ("quarter", "tie", "a", "form", "stage", "trust_ab", "trust_ba", "staff_support")
    listed = sorted(zip(*(rows[name].tolist() for name in columns), strict=True), key=lambda row: str(row[0]))
    ages: dict[str, int] = {}
    trust, at = (0.0, 0.0, 0.0), 0
    path = []
    for quarter in quarters:
        state = _state(trust, [])
        while at < len(listed) and str(listed[at][0]) <= quarter:
            now = str(listed[at][0])
            living, known = [], []
            while at < len(listed) and str(listed[at][0]) == now:
                _, tie, a, form, stage, ab, ba, staff = listed[at]
                at += 1
                if stage in IN_FORCE_STAGES:
                    ages[tie] = ages.get(tie, 0) + 1
                    living.append((TIE_RUNGS.get(form, 0), ages[tie], form, stage))
                # A tie that never lived says nothing of trust; ownership and membership have none of their own.
                if tie in ages and ab == ab and ba == ba:
                    known.append(
                        (
                            stage in IN_FORCE_STAGES,
                            TIE_RUNGS.get(form, 0),
                            (ab, ba, staff) if a == first else (ba, ab, staff),
                        )
                    )
            trust = max(known)[2] if known else trust
            state = _state(trust, living if now == quarter else [])
        path.append((quarter, state))
    return path


def _state(trust: tuple[float, float, float], living: list[tuple[int, int, str, str]]) -> TieState:
    if not living:
        return TieState(trust_ab=trust[0], trust_ba=trust[1], staff=trust[2])
    rung, _, form, stage = max(living)
    age = max(one[1] for one in living)
    return TieState(1.0, *trust, float(rung), float(age), form, stage)
