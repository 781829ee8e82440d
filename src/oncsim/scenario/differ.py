"""What differs between two scenarios: their parts, and the value of every parameter quarter by quarter."""

from __future__ import annotations

from typing import Any

from oncsim.calendar import Quarter
from oncsim.parameters.axes import Element
from oncsim.parameters.override import Scope, scope_label
from oncsim.scenario.scenario import Scenario

# (what, quarters, in the first, in the second)
Difference = tuple[str, str, str, str]


def differences(a: Scenario, b: Scenario) -> list[Difference]:
    """Return every difference: parts first, then parameters over the quarters that both have."""
    return [*_parts(a, b), *joined(_parameters(a, b)), *_announcements(a, b)]


def joined(rows: list[Difference]) -> list[Difference]:
    """Return the rows of parameters with those of several codes that say the same as one: ``name.{general, cancer}``."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, when, one, other in rows:
        path, mark, scope = name.partition(" [")
        head, _, code = path.rpartition(".")
        groups.setdefault((head, mark + scope, when, one, other), []).append(code)
    return [
        (f"{head}.{codes[0] if len(codes) == 1 else '{' + ', '.join(codes) + '}'}{scope}", when, one, other)
        for (head, scope, when, one, other), codes in groups.items()
    ]


def _announcements(a: Scenario, b: Scenario) -> list[Difference]:
    """Return where the two know of a change at different times: it moves expectations, never payments."""

    def known(scenario: Scenario) -> dict[tuple[str, str], str]:
        changes = (o for o in scenario.parameters.overrides if o.section == "policy")
        return {(o.label, str(o.start)): str(o.announced or "from the start") for o in changes}

    left, right = known(a), known(b)
    return [
        (f"{label} announced", start, left[label, start], right[label, start])
        for label, start in left
        if (label, start) in right and left[label, start] != right[label, start]
    ]


def _parts(a: Scenario, b: Scenario) -> list[Difference]:
    rows: list[Difference] = []
    one, two = a.resolved(), b.resolved()
    for section in ("horizon", "settings", "market"):
        left, right = one[section], two[section]
        rows += [
            (f"{section}.{key}", "", shown(left.get(key)), shown(right.get(key)))
            for key in dict.fromkeys([*left, *right])
            if left.get(key) != right.get(key)
        ]
    for section in ("events", "expect"):
        mine, theirs = one.get(section, []), two.get(section, [])
        rows += [(section, str(item.get("at", "")), shown(item), "-") for item in mine if item not in theirs]
        rows += [(section, str(item.get("at", "")), "-", shown(item)) for item in theirs if item not in mine]
    return rows


def _parameters(a: Scenario, b: Scenario) -> list[Difference]:
    first, last = max(a.start, b.start), min(a.end, b.end)
    times = [Quarter.from_index(i) for i in range(first.index, last.index + 1)]
    rows: list[Difference] = []
    for name, leaf in a.parameters.registry.leaves.items():
        theirs = b.parameters.registry.leaves.get(name)
        if theirs is None or theirs.axes != leaf.axes:
            continue
        cases = [(element, scope) for element in leaf.elements for scope in _scopes(a, b, name, element)]
        for element, scope in cases:
            spans: list[list[Any]] = []
            for quarter in times:
                pair = (
                    a.parameters.scoped_value(leaf, element, scope, quarter),
                    b.parameters.scoped_value(theirs, element, scope, quarter),
                )
                if pair[0] == pair[1]:
                    continue
                if spans and spans[-1][2] == pair and quarter - spans[-1][1] == 1:
                    spans[-1][1] = quarter
                else:
                    spans.append([quarter, quarter, pair])
            name_here = leaf.element_name(element) + scope_label(scope)
            rows += [(name_here, span(q0, q1), shown(pair[0]), shown(pair[1])) for q0, q1, pair in spans]
    return rows


def _scopes(a: Scenario, b: Scenario, name: str, element: Element) -> list[Scope]:
    """Return everywhere, and each scope in which one of the two changes an element."""
    return list(dict.fromkeys([(), *a.parameters.scopes(name, element), *b.parameters.scopes(name, element)]))


def span(first: Quarter, last: Quarter) -> str:
    """Write a span of quarters: ``2026Q1`` or ``2026Q1-2030Q4``."""
    return str(first) if first == last else f"{first}-{last}"


def shown(value: Any) -> str:
    """Write a value for a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(below)}" for key, below in value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return str(value)
