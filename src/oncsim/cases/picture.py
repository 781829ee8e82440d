"""From a played case to what its figure shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.cases.story import pairs, path_of
from oncsim.cases.words import heading
from oncsim.codes import TIE_RUNGS
from oncsim.reports.figures.case_timeline import Bar, Path, Timeline
from oncsim.scenario.measures import CONTROL

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.cases.checking import CaseResult

_MOST_TRUST = 8


def timeline_of(case: CaseResult) -> Timeline:
    """Return what the figure of a case shows: replicate 0 of the case, and of its control."""
    quarters = tuple(str(quarter) for quarter in case.file.scenario.quarters)
    return Timeline(
        heading(case),
        quarters,
        tuple(_bars(case)),
        tuple(_trust(case)[:_MOST_TRUST]),
        tuple(_of_each(case, quarters, "patients")),
        tuple(_of_each(case, quarters, "margin")),
    )


def short(name: str, letters: int) -> str:
    """Return a name that is at most so many letters long, cut with an ellipsis."""
    return name if len(name) <= letters else f"{name[: letters - 1].rstrip()}…"


def _bars(case: CaseResult) -> list[Bar]:
    """Return one row for two organisations and a form, whatever ties of that form they had one after the other."""
    kept = case.kept[""].ties
    bars = []
    for pair in pairs(case):
        rows = kept[kept["a"].isin(pair) & kept["b"].isin(pair)]
        label = " and ".join(short(case.names.get(org, org), 36) for org in pair)
        forms = sorted(rows["form"].unique(), key=lambda form: TIE_RUNGS.get(form, 0))
        bars += [Bar(label, form, tuple(_stages(rows[rows["form"] == form]))) for form in forms]
    return [bar for bar in bars if bar.stages]


def _stages(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    stages: list[tuple[str, str, str]] = []
    ordered = rows[rows["stage"] != "dissolved"].sort_values("quarter", kind="stable")
    for quarter, stage in zip(ordered["quarter"], ordered["stage"], strict=True):
        if stages and stages[-1][0] == stage and _next(stages[-1][2]) >= quarter:
            stages[-1] = (stage, stages[-1][1], quarter)
        else:
            stages.append((stage, quarter, quarter))
    return stages


def _next(quarter: str) -> str:
    year, number = int(quarter[:4]), int(quarter[5])
    return f"{year}Q{number + 1}" if number < 4 else f"{year + 1}Q1"


def _trust(case: CaseResult) -> list[Path]:
    paths = []
    for pair in pairs(case):
        own = [state for _, state in path_of(case, "", pair)]
        control = [state for _, state in path_of(case, CONTROL, pair)]
        for names, value in ((pair, "trust_ab"), (pair[::-1], "trust_ba")):
            first, second = (short(case.names.get(org, org), 36) for org in names)
            # No line before the first tie: trust that nobody asked about is not zero.
            series = [tuple(getattr(state, value) or np.nan for state in states) for states in (own, control)]
            if any(np.isfinite(series[0])) or any(np.isfinite(series[1])):
                paths.append(Path(f"{first} in {second}", *series))
    return paths


def _of_each(case: CaseResult, quarters: tuple[str, ...], column: str) -> list[Path]:
    paths = []
    for org in case.file.case.follow:
        series = []
        for variant in ("", CONTROL):
            rows = case.kept[variant].organizations
            values = rows[rows["org"] == org].set_index("quarter")[column].reindex(quarters).to_numpy(dtype=float)
            series.append(tuple(_yearly(values) if column == "margin" else values))
        paths.append(Path(short(case.names.get(org, org), 38), *series))
    return paths


def _yearly(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the sum over the last four quarters; where there are fewer yet, their mean as a year."""
    return np.array([4 * values[max(i - 3, 0) : i + 1].mean() for i in range(len(values))])
