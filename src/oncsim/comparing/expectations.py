"""Check what a scenario expects (`expect:`) against the runs of a comparison, replicate by replicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from oncsim.comparing.measuring import measured

if TYPE_CHECKING:
    from oncsim.comparing.pairing import Comparison
    from oncsim.results.reading import Run
    from oncsim.scenario.measures import Expectation, Measure

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
    from oncsim.scenario.variants import variant_id

    runs = done.runs
    found: list[Checked] = []
    for label, run in runs.items():
        resolved = run.folder / "scenario.resolved.yaml"
        if "\nexpect:" not in resolved.read_text(encoding="utf-8"):
            continue
        scenario = load_scenario(resolved)
        found += [
            _check(label, one, run, runs, {name: variant_id(scenario.id, name) for name in scenario.variants})
            for one in scenario.expect
        ]
    return found


def _check(label: str, one: Expectation, run: Run, runs: dict[str, Run], variants: Mapping[str, str]) -> Checked:
    what = words_of(one)
    versus = variants.get(one.versus or "", one.versus)
    if versus is not None and versus not in runs:
        return Checked(label, f"{what}: not checked, {versus} is not part of this comparison", None)
    values = _values(one, run)
    if versus is not None:
        values = values.sub(_values(one, runs[versus]))  # paired by replicate
    values = values.dropna()
    if values.empty:
        return Checked(label, f"{what}: not checked, there is no such value", None)
    held = values.map(lambda value: holds(one, float(value)))
    count = int(held.sum())
    enough = count >= one.share * len(held)
    text = f"{what}: holds in {'' if enough else 'only '}{count} of {len(held)} replicates"
    return Checked(label, text, enough)


def _values(one: Expectation, run: Run) -> pd.Series:
    manifest = run.manifest
    replicates = range(int(manifest["replicates"]))
    return measured(one, lambda name: getattr(run, name), str(manifest["start"]), str(manifest["end"]), replicates)


def holds(one: Expectation, value: float) -> bool:
    """Return whether a value meets the condition; a missing value never does."""
    signs = {"positive": value > _ZERO, "negative": value < -_ZERO, "zero": abs(value) <= _ZERO, None: True}
    low = one.min is None or value >= one.min
    high = one.max is None or value <= one.max
    return signs[one.sign] and low and high and value == value


def words_of(one: Expectation, names: Mapping[str, str] | None = None) -> str:
    """Return an expectation in words.

    Parameters
    ----------
    one : Expectation
        What is expected.
    names : mapping, optional
        Names of organisations by id; without one, the id stands for the name. With names, metrics are named by title.
    """
    names = names or {}
    less = f" minus {_measure_words(one.minus, names)}" if one.minus is not None else ""
    when = f" in {one.at}" if one.at is not None else _window_words(one)
    against = f" against {one.versus}" if one.versus else ""
    return f"{_measure_words(one, names)}{less}{when}{against} {condition(one)}"


def condition(one: Expectation) -> str:
    """Return what is asked of the value: ``positive``, ``at least 3 and at most 5``."""
    asked: list[str] = [one.sign] if one.sign else []
    if one.min is not None and one.min == one.max:
        asked.append(f"exactly {one.min:g}")
        return " and ".join(asked)
    asked += [f"at least {one.min:g}"] if one.min is not None else []
    asked += [f"at most {one.max:g}"] if one.max is not None else []
    return " and ".join(asked)


def _window_words(one: Expectation) -> str:
    if one.tie is None and one.value is None and one.minus is None:
        return ""
    if one.from_ is None and one.until is None:
        return ""
    first = f" from {one.from_}" if one.from_ is not None else ""
    return f"{first} until {one.until}" if one.until is not None else first


def _measure_words(one: Measure, names: Mapping[str, str]) -> str:
    def name(org: str | None) -> str:
        return names.get(str(org), str(org))

    if one.tie is not None:
        first, second = (name(org) for org in one.tie)
        return _TIE_WORDS[str(one.value)].format(first=first, second=second)
    if one.metric is not None:
        return (
            _metric(one.metric, bool(names))
            + (f" ({one.group})" if one.group else "")
            + (f" in {one.market}" if one.market != "all" else "")
        )
    if one.event is not None:
        role = {None: " with", "actor": " by", "other": " done to"}[one.as_] if one.org is not None else ""
        return f"events {' or '.join(one.event)}{role}{f' {name(one.org)}' if one.org is not None else ''}"
    return _ORG_WORDS.get(str(one.value), "{value} of {org}").format(
        value=str(one.value).replace("_", " "), org=name(one.org)
    )


def _metric(name: str, by_title: bool) -> str:
    if not by_title:
        return name
    from oncsim.metrics import METRICS

    return METRICS[name].title


_TIE_WORDS = {
    "living": "a living tie between {first} and {second} (1 yes, 0 no)",
    "trust_ab": "trust of {first} in {second}",
    "trust_ba": "trust of {second} in {first}",
    "trust_min": "the lower trust between {first} and {second}",
    "staff": "support of the staff for the tie of {first} and {second}",
    "rung": "place on the ladder of forms between {first} and {second}",
    "age": "age of the tie between {first} and {second} in quarters",
}
_ORG_WORDS = {
    "independent": "{org} independent (1 yes, 0 no)",
    "open": "{org} open (1 yes, 0 no)",
}
