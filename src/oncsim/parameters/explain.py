"""Saying where a value comes from: per quarter, the value, the file and line that set it, and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oncsim.calendar import Quarter
from oncsim.parameters.axes import Element, pick
from oncsim.parameters.leaf import Leaf, in_force, next_change, setter
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import RESTORE, Override, Scope, scope_label
from oncsim.parameters.places import held


@dataclass(frozen=True)
class Explained:
    """The value of one element in one quarter, what set it, and where that is written."""

    path: str
    quarter: Quarter
    value: Any
    by: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """File and line that set the value."""
        return f"{self.file}:{self.line}" if self.line else self.file


def explain(parameters: Parameters, name: str, quarters: Iterable[Quarter]) -> list[Explained]:
    """Explain a parameter (``name``) or one element (``name.code``), by element and then by quarter.

    Raises
    ------
    KeyError
        With the nearest known name.
    """
    hit = parameters.registry.find(name)
    if hit is None:
        raise KeyError(f"no parameter {name!r}{parameters.registry.near_miss(name)}")
    leaf, codes = hit
    wanted = [e for e in leaf.elements if e[: len(codes)] == codes]
    times = list(quarters)
    return [
        _one(parameters, leaf, element, scope, quarter, times[0])
        for element in wanted
        for scope in ((), *parameters.scopes(leaf.name, element))
        for quarter in times
    ]


def _one(parameters: Parameters, leaf: Leaf, element: Element, scope: Scope, quarter: Quarter, since: Quarter) -> Explained:
    value = parameters.scoped_value(leaf, element, scope, quarter)
    by, file, line = _cause(parameters, leaf, element, scope, quarter, since)
    drawn = parameters.drawn.get(leaf.name)
    if drawn is not None:
        by = f"drawn ({'factor ' if drawn.factor else ''}{drawn.amount:.6g}) over: {by}"
    return Explained(leaf.element_name(element) + scope_label(scope), quarter, value, by, file, line)


def _cause(
    parameters: Parameters, leaf: Leaf, element: Element, scope: Scope, quarter: Quarter, since: Quarter
) -> tuple[str, str, int]:
    begun = [o for o in parameters.windows(leaf.name, element, scope) if o.begun(quarter)]
    if not begun:
        # What holds everywhere holds here too, until something is said of here.
        return _cause(parameters, leaf, element, (), quarter, since) if scope else _registry(leaf, element, quarter)
    window = begun[-1]
    if not window.over(quarter):
        return _said(leaf, window, quarter, since), window.file, window.line
    assert window.until is not None
    if held(parameters, leaf, window, quarter):
        return f"{window.section}, held after {window.until}", window.file, window.line
    by, file, line = _cause(parameters, leaf, element, (), quarter, since) if scope else _registry(leaf, element, quarter)
    if window.then == RESTORE:
        return f"{by}; restored after {window.until}", file, line
    return f"{by}; the hold after {window.until} ended with this change", file, line


def _said(leaf: Leaf, window: Override, quarter: Quarter, since: Quarter) -> str:
    text = window.section
    if window.ramp:
        text += f", ramp step {window.step(quarter)} of {window.ramp}"
    elif window.start is not None:
        text += f", from {window.start}"
    if window.until is not None:
        text += f" until {window.until}"
    elif window.section == "policy":
        # What holds from the start on only cancels what comes after the quarters that are asked for begin.
        cancelled = next_change(leaf, window.element, window.start or since, Quarter(9999, 4))
        if cancelled is not None and cancelled.start is not None:
            text += f", open-ended (the change scheduled for {cancelled.start} no longer applies)"
    if window.announced is not None:
        text += ", a surprise" if window.announced == window.start else f", announced {window.announced}"
    if window.distribution is not None:
        text += f", centre of {window.distribution}"
    if window.citation is not None:
        text += f" (source: {window.citation})"
    return text


def _registry(leaf: Leaf, element: Element, quarter: Quarter) -> tuple[str, str, int]:
    dated = setter(leaf, element, in_force(leaf, quarter))
    when = f", from {dated.start}" if dated.start else ""
    if dated.start is not None and quarter < dated.start:
        when = f", first known value ({dated.start})"
    if dated.announced is not None:
        when += f", announced {dated.announced}"
    last = leaf.history[-1]
    if leaf.drift and last.start is not None and quarter > last.start:
        when += f", {pick(dated.value, element):.6g} then growing by {leaf.drift}"
    if leaf.index and quarter != dated.start:
        when += f", {pick(dated.value, element):.6g} in proportion to {leaf.index}"
    return f"registry{when} (source: {dated.citation})", leaf.file, dated.line


def spans(rows: Iterable[Explained]) -> list[tuple[Explained, Quarter]]:
    """Join neighbouring quarters of equal value and cause; return each span's first row and last quarter."""
    result: list[tuple[Explained, Quarter]] = []
    for row in rows:
        if result:
            first, last = result[-1]
            same = (first.path, first.value, first.by, first.place) == (
                row.path,
                row.value,
                row.by,
                row.place,
            )
            if same and row.quarter - last == 1:
                result[-1] = (first, row.quarter)
                continue
        result.append((row, row.quarter))
    return result
