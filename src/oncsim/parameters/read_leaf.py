"""Reading one leaf of a registry file: every problem of the leaf becomes a fault with its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from oncsim.calendar import Quarter
from oncsim.codes import SERVICES
from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.axes import AXES, Element, nest
from oncsim.parameters.citation import parse_citation
from oncsim.parameters.distribution import Distribution, parse_distribution, support
from oncsim.parameters.leaf import BASES, KINDS, TYPES, WHERE, Dated, Leaf, Limits, Single, flat, spread
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import Document, Route

LEAF_KEYS = (
    "title",
    "description",
    "unit",
    "kind",
    "type",
    "choices",
    "axes",
    "limits",
    "usual",
    "basis",
    "history",
    "drift",
    "index",
    "where",
    "service",
    "value",
    "source",
    "distribution",
)
# Values by element that an entry of a history keeps from the one before; None for the first, which must be complete.
Kept = Mapping[Element, Single] | None
_DATED_KEYS = ("from", "value", "source", "note", "announced")


def is_leaf(data: object) -> bool:
    """Say whether a mapping of a registry file is a parameter rather than a group of them."""
    return isinstance(data, dict) and "title" in data


class LeafReader:
    """Reads leaves of one document; collects faults in :attr:`faults`."""

    def __init__(self, document: Document, cited: Mapping[str, Any]) -> None:
        self.document = document
        self.cited = cited
        self.faults: list[Fault] = []

    def fault(self, route: Route, message: str, of_key: bool = False) -> None:
        """Add a fault at a place of the document."""
        self.faults.append(self.document.fault(route, message, of_key))

    def read(self, name: str, data: dict[str, Any], route: Route) -> Leaf | None:
        """Return the leaf, or None when it has faults."""
        before = len(self.faults)
        for key in data:
            if key not in LEAF_KEYS:
                near = did_you_mean(key, LEAF_KEYS)
                self.fault((*route, key), f"unknown key (a leaf takes {', '.join(LEAF_KEYS)}{near})", True)
        text = {key: self._text(data, key, route) for key in ("title", "description", "unit")}
        kind = self._word(data, "kind", KINDS, route)
        type_ = self._word(data, "type", TYPES, route, default="number")
        basis = self._word(data, "basis", BASES, route)
        drift, index = (self._name(data, key, route) for key in ("drift", "index"))
        if drift and index:
            self.fault((*route, "index"), "a leaf follows an index or drifts, not both", True)
        shape = Leaf(
            name=name,
            **text,
            kind=kind,
            type=type_,
            choices=self._choices(data, type_, route),
            axes=self._axes(data, route),
            limits=self._limits(data, "limits", type_, route),
            usual=self._limits(data, "usual", type_, route),
            basis=basis,
            history=(),
            drift=drift,
            distribution=self._distribution(data, kind, type_, route),
            file=self.document.file,
            line=self.document.position(route, of_key=True)[0],
            index=index,
            where=self._where(data, kind, route),
            service=self._word(data, "service", SERVICES, route, default=""),
        )
        if len(self.faults) > before:
            return None
        history = self._history(shape, data, route)
        self._check_distribution(shape, route)
        leaf = Leaf(**{**_fields(shape), "history": history})
        return leaf if len(self.faults) == before else None

    def _text(self, data: dict[str, Any], key: str, route: Route) -> str:
        value = data.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if key not in data:
            self.fault(route, f"missing key {key}", True)
        else:
            self.fault((*route, key), f"found {found(value)} (expected text)")
        return ""

    def _word(self, data: dict[str, Any], key: str, known: tuple[str, ...], route: Route, default: str | None = None) -> str:
        if key not in data and default is not None:
            return default
        value = data.get(key)
        if isinstance(value, str) and value in known:
            return value
        if key not in data:
            self.fault(route, f"missing key {key} (one of {', '.join(known)})", True)
        else:
            near = did_you_mean(value, known) if isinstance(value, str) else ""
            self.fault((*route, key), f"found {found(value)} (expected one of {', '.join(known)}{near})")
        return known[0]

    def _name(self, data: dict[str, Any], key: str, route: Route) -> str | None:
        value = data.get(key)
        if value is not None and not isinstance(value, str):
            self.fault((*route, key), f"found {found(value)} (expected the name of a parameter)")
            return None
        return value

    def _choices(self, data: dict[str, Any], type_: str, route: Route) -> tuple[str, ...]:
        value = data.get("choices", [])
        if type_ == "choice" and not value:
            self.fault(route, "missing key choices (a list of the allowed words)", True)
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.fault((*route, "choices"), "expected a list of words")
            return ()
        if value and type_ != "choice":
            self.fault((*route, "choices"), "only a leaf of type choice has choices", True)
        return tuple(value)

    def _axes(self, data: dict[str, Any], route: Route) -> tuple[str, ...]:
        value = data.get("axes", [])
        if not isinstance(value, list) or len(value) > 2:
            self.fault((*route, "axes"), "expected a list of one or two axes")
            return ()
        for i, axis in enumerate(value):
            if axis not in AXES:
                near = did_you_mean(str(axis), AXES)
                self.fault((*route, "axes", i), f"no such axis {axis!r} (one of {', '.join(AXES)}{near})")
        return tuple(axis for axis in value if axis in AXES)

    def _where(self, data: dict[str, Any], kind: str, route: Route) -> tuple[str, ...]:
        value = data.get("where", [])
        place = (*route, "where")
        if not isinstance(value, list):
            self.fault(place, f"found {found(value)} (expected a list of {', '.join(WHERE)})")
            return ()
        if value and kind != "law":
            self.fault(place, "only a leaf of kind law is limited by where", True)
        if value and data.get("type") == "choice":
            self.fault(place, "a word is not limited by where (only a number or a flag has a value by place)", True)
        axes = data.get("axes", [])
        for i, dimension in enumerate(value):
            if dimension not in WHERE:
                near = did_you_mean(str(dimension), WHERE)
                self.fault((*place, i), f"no such dimension {dimension!r} (one of {', '.join(WHERE)}{near})")
            elif isinstance(axes, list) and dimension in axes:
                self.fault((*place, i), f"{dimension} is an axis already (name dimensions beyond the axes)")
        return tuple(dimension for dimension in WHERE if dimension in value)

    def _limits(self, data: dict[str, Any], key: str, type_: str, route: Route) -> Limits:
        value = data.get(key)
        numeric = type_ in ("number", "integer")
        if value is None:
            if key == "limits" and numeric:
                self.fault(route, "missing key limits (for example {min: 0, max: 1})", True)
            return Limits()
        if not numeric:
            self.fault((*route, key), f"a leaf of type {type_} has no {key}", True)
            return Limits()
        if not isinstance(value, dict):
            self.fault((*route, key), f"found {found(value)} (expected {{min: ..., max: ...}})")
            return Limits()
        for end, number in value.items():
            if end not in ("min", "max"):
                self.fault((*route, key, end), "unknown key (min and max are allowed)", True)
            elif isinstance(number, bool) or not isinstance(number, int | float):
                self.fault((*route, key, end), f"found {found(number)} (expected a number)")
                return Limits()
        low, high = value.get("min"), value.get("max")
        if low is not None and high is not None and low > high:
            self.fault((*route, key), f"min {low:g} is above max {high:g}")
        return Limits(low, high)

    def _distribution(self, data: dict[str, Any], kind: str, type_: str, route: Route) -> Distribution | None:
        value = data.get("distribution")
        if value is None:
            return None
        below: Route = (*route, "distribution")
        if kind == "law" or type_ not in ("number", "integer"):
            self.fault(below, "only a number of kind behaviour or economy has a distribution", True)
            return None
        if not isinstance(value, dict):
            self.fault(below, f"found {found(value)} (expected a mapping with dist)")
            return None
        result, problems = parse_distribution(value)
        for key, message in problems:
            self.fault((*below, key) if key else below, message)
        return result

    def _check_distribution(self, leaf: Leaf, route: Route) -> None:
        d = leaf.distribution
        # Where there are axes or several dates a distribution is a factor round its centre, in its own units.
        if d is None or leaf.axes or not all(leaf.limits.hold(end) for end in support(d)):
            if d is not None and not leaf.axes:
                self.fault((*route, "distribution"), f"reaches outside the limits ({leaf.limits})")
            return

    def _history(self, leaf: Leaf, data: dict[str, Any], route: Route) -> tuple[Dated, ...]:
        if ("history" in data) == ("value" in data):
            self.fault(route, "give either history or value", True)
            return ()
        if "value" in data:
            dated = self._dated(leaf, None, data["value"], data.get("source"), (*route, "value"))
            return (dated,) if dated else ()
        entries = data["history"]
        if not isinstance(entries, list) or not entries:
            self.fault((*route, "history"), f"found {found(entries)} (expected a list of dated values)")
            return ()
        known: list[Dated] = []
        for i, entry in enumerate(entries):
            kept = None if i == 0 else flat(leaf, known[-1]) if known else {}
            dated = self._entry(leaf, entry, data, (*route, "history", i), kept)
            known += [dated] if dated is not None else []
        history = tuple(known)
        for i, (a, b) in enumerate(pairwise(history)):
            if a.start is not None and b.start is not None and a.start >= b.start:
                self.fault((*route, "history", i + 1), f"{b.start} does not come after {a.start}")
        return history

    def _entry(self, leaf: Leaf, entry: object, data: dict[str, Any], route: Route, kept: Kept) -> Dated | None:
        if not isinstance(entry, dict):
            self.fault(route, f"found {found(entry)} (expected {{from: ..., value: ..., source: ...}})")
            return None
        for key in entry:
            if key not in _DATED_KEYS:
                near = did_you_mean(key, _DATED_KEYS)
                self.fault((*route, key), f"unknown key (from, value, source, note and announced are allowed{near})", True)
        missing = [key for key in ("from", "value") if key not in entry]
        if missing:
            self.fault(route, f"missing key {', '.join(missing)}")
            return None
        try:
            start = Quarter.parse(entry["from"])
        except ValueError as problem:
            self.fault((*route, "from"), str(problem))
            return None
        source = entry.get("source", data.get("source"))
        if isinstance(entry.get("note"), str):
            source = {"cite": source, "note": entry["note"]}
        announced = self._announced(entry, start, route, kept is None)
        dated = self._dated(leaf, start, entry["value"], source, (*route, "value"), kept)
        return dataclasses.replace(dated, announced=announced) if dated is not None else None

    def _announced(self, entry: dict[str, Any], start: Quarter, route: Route, first: bool) -> Quarter | None:
        if "announced" not in entry:
            return None
        place = (*route, "announced")
        try:
            announced = Quarter.parse(entry["announced"])
        except ValueError as problem:
            self.fault(place, str(problem))
            return None
        if announced > start:
            self.fault(place, f"{announced} comes after from {start} (law in force is known)")
        elif first:
            self.fault(place, "the first value is always known (there is none to expect in its place)", True)
        return announced

    def _dated(
        self,
        leaf: Leaf,
        start: Quarter | None,
        value: object,
        source: object,
        route: Route,
        kept: Kept = None,
    ) -> Dated | None:
        before = len(self.faults)
        given, problems = spread(leaf, value)
        for keys, message in problems:
            self.fault((*route, *keys), message)
        absent = [leaf.element_name(e).removeprefix(leaf.name + ".") for e in leaf.elements if e not in given]
        if absent and not problems and kept is None:
            self.fault(route, f"no value for {', '.join(absent)}")
        place = (*route[:-1], "source")
        if source is None:
            self.fault(route[:-1], "missing key source (an id of bibliography.yaml, or judgement)")
            return None
        citation, wrong = parse_citation(source, self.cited)
        for key, message in wrong:
            self.fault((*place, key) if key else place, message)
        if len(self.faults) > before or (absent and not kept):
            return None
        line = self.document.position(route)[0]
        whole = nest(leaf.axes, {**(kept or {}), **given})
        return Dated(start, whole, citation, line, given=frozenset(given) if absent else None)


def _fields(leaf: Leaf) -> dict[str, Any]:
    return {name: getattr(leaf, name) for name in leaf.__dataclass_fields__}
