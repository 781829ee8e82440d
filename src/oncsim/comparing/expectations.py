"""Check what a scenario expects (`expect:`) against the runs of a comparison, replicate by replicate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from oncsim.comparing.pairing import Comparison
    from oncsim.results.reading import Run
    from oncsim.scenario.shape import Expectation

_ZERO = 1e-9


@dataclass(frozen=True)
class Checked:
    """One expectation: what it says, in how many of the replicates it held, and whether that is enough.

    ``holds`` is None where it could not be checked; ``text`` then says why.
    """

    scenario: str
    text: str
    holds: bool | None


def check_expectations(done: Comparison) -> list[Checked]:
    """Return every expectation of the compared scenarios, checked."""
    from oncsim.scenario import load_scenario

    runs = done.runs
    found: list[Checked] = []
    for label, run in runs.items():
        resolved = run.folder / "scenario.resolved.yaml"
        if "\nexpect:" not in resolved.read_text(encoding="utf-8"):
            continue
        scenario = load_scenario(resolved)
        found += [_check(label, one, run, runs) for one in scenario.expect]
    return found


def _check(label: str, one: Expectation, run: Run, runs: dict[str, Run]) -> Checked:
    what = _words(one)
    if one.versus is not None and one.versus not in runs:
        return Checked(label, f"{what}: not checked, {one.versus} is not part of this comparison", None)
    values = _values(one, run)
    if one.versus is not None:
        values = values.sub(_values(one, runs[one.versus]))  # paired by replicate
    values = values.dropna()
    if values.empty:
        return Checked(label, f"{what}: not checked, there is no such value", None)
    held = values.map(lambda value: _holds(one, float(value)))
    count = int(held.sum())
    enough = count >= one.share * len(held)
    text = f"{what}: holds in {'' if enough else 'only '}{count} of {len(held)} replicates"
    return Checked(label, text, enough)


def _words(one: Expectation) -> str:
    name = one.metric or f"events {one.event}"
    group = f" ({one.group})" if one.group else ""
    when = f" in {one.at}" if one.at is not None else ""
    against = f" against {one.versus}" if one.versus else ""
    asked: list[str] = [one.sign] if one.sign else []
    asked += [f"at least {one.min:g}"] if one.min is not None else []
    asked += [f"at most {one.max:g}"] if one.max is not None else []
    return f"{name}{group}{when}{against} {' and '.join(asked)}"


def _values(one: Expectation, run: Run) -> pd.Series:
    """Return the value in each replicate: of the quarter, the mean of the window, or the number of events in it."""
    table = run.metrics if one.metric is not None else run.events
    quarter = table["quarter"].astype(str)
    if one.metric is not None:
        some = (table["metric"] == one.metric) & (table["group"] == one.group) & (table["market"] == one.market)
        last = str(one.at) if one.at is not None else str(run.manifest["end"])
        if one.from_ is not None or one.until is not None:
            some &= _within(one, quarter)
        else:
            some &= quarter == last
        return table[some].groupby("replicate")["value"].mean()
    some = (table["event"] == one.event) & _within(one, quarter)
    if one.at is not None:
        some &= quarter == str(one.at)
    if one.org is not None:
        some &= (table["actor"] == one.org) | (table["other"] == one.org)
    counts = table[some].groupby("replicate").size()
    return counts.reindex(range(int(run.manifest["replicates"])), fill_value=0).astype(float)


def _within(one: Expectation, quarter: pd.Series) -> pd.Series:
    inside = pd.Series(True, index=quarter.index)
    if one.from_ is not None:
        inside &= quarter >= str(one.from_)
    if one.until is not None:
        inside &= quarter <= str(one.until)
    return inside


def _holds(one: Expectation, value: float) -> bool:
    signs = {"positive": value > _ZERO, "negative": value < -_ZERO, "zero": abs(value) <= _ZERO, None: True}
    low = one.min is None or value >= one.min
    high = one.max is None or value <= one.max
    return signs[one.sign] and low and high
