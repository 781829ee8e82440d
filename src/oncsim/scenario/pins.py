"""The section ``registry:`` of a resolved scenario: dated values in place of the installed registry's."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from oncsim.calendar import Quarter
from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.axes import Element, nest
from oncsim.parameters.leaf import Citation, Dated, Leaf, Single, spread
from oncsim.parameters.registry import Registry
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.layers import Layer

_QUARTER = re.compile(r"\d{4}Q[1-4]\Z")


def pinned(registry: Registry, layers: list[Layer]) -> tuple[Registry, list[str], list[Fault]]:
    """Return the registry with pinned values, the names whose installed value differs, and faults."""
    faults: list[Fault] = []
    changed: dict[str, Leaf] = {}
    for layer in layers:
        for name, value in layer.section("registry", dict).items():
            route: Route = ("registry", name)
            if name not in registry.leaves:
                message = f"no parameter {name!r}{did_you_mean(name, registry.leaves)}"
                faults.append(layer.document.fault(route, message, of_key=True))
                continue
            leaf = registry.leaves[name]
            history = _history(leaf, value, layer.document, route, faults)
            if _content(history) != _content(leaf.history):
                changed[name] = dataclasses.replace(leaf, history=history, file=layer.document.file)
            else:
                changed.pop(name, None)
    if not changed or faults:
        return registry, [], faults
    return Registry({**registry.leaves, **changed}, registry.sources), sorted(changed), []


def _history(leaf: Leaf, value: Any, document: Document, route: Route, faults: list[Fault]) -> tuple[Dated, ...]:
    dates: dict[Quarter | None, Any] = {None: value}
    routes: dict[Quarter | None, Route] = {None: route}
    if isinstance(value, dict) and value and all(_QUARTER.match(key) for key in value):
        dates = {Quarter.parse(key): below for key, below in value.items()}
        routes = {Quarter.parse(key): (*route, key) for key in value}
    history = []
    kept: dict[Element, Single] = {}
    for start in sorted(dates, key=lambda q: q.index if q else 0):
        place, single, announced = routes[start], dates[start], None
        if isinstance(single, dict) and set(single) == {"announced", "value"}:
            place, announced, single = (*place, "value"), _quarter(single["announced"]), single["value"]
            if announced is None:
                faults.append(document.fault((*routes[start], "announced"), "is not a quarter (write for example 2026Q1)"))
        given, problems = spread(leaf, single)
        faults.extend(document.fault((*place, *keys), message) for keys, message in problems)
        if problems:
            continue
        kept = {**kept, **given}
        if len(kept) < len(leaf.elements):
            faults.append(document.fault(place, f"needs a value for every code of {', '.join(leaf.axes)}"))
            continue
        some = None if len(given) == len(leaf.elements) else frozenset(given)
        cited = Citation((), "pinned by this scenario")
        history.append(Dated(start, nest(leaf.axes, kept), cited, document.position(place)[0], announced, some))
    return tuple(history)


def _quarter(text: object) -> Quarter | None:
    return Quarter.parse(text) if isinstance(text, str) and _QUARTER.match(text) else None


def _content(history: tuple[Dated, ...]) -> list[Any]:
    return [(d.start, d.value, d.announced, d.given) for d in history]
