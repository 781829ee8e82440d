"""From the sections ``policy``, ``economy`` and ``behaviour`` to changes of single parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from oncsim.calendar import Quarter
from oncsim.errors import Fault
from oncsim.parameters.axes import Element
from oncsim.parameters.citation import parse_citation
from oncsim.parameters.distribution import Distribution, parse_distribution, support
from oncsim.parameters.leaf import SECTION, Citation, Leaf, Single, spread
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.layers import Layer
from oncsim.scenario.plain_words import validated
from oncsim.scenario.shape import PolicyEntry
from oncsim.scenario.where import Target, group, named_leaves, read_where, targeted

EMPTY_SOURCE = "is empty (name the id of a source, the word judgement, or text)"


class ChangeReader:
    """Reads the changes of one layer; collects faults in :attr:`faults`."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry
        self.faults: list[Fault] = []
        self.changes: list[Override] = []

    def read(self, layer: Layer) -> list[Override]:
        """Return every change of the layer."""
        for section in ("economy", "behaviour"):
            for name, value in layer.section(section, dict).items():
                self.assumption(section, name, value, (section, name))
        for i, entry in enumerate(layer.section("policy", list)):
            self._policy(entry, ("policy", i))
        self.faults.extend(overlaps(self.changes))
        return self.changes

    def fault(self, route: Route, message: str, of_key: bool = False) -> None:
        """Add a fault at a place of the document."""
        self.faults.append(self.document.fault(route, message, of_key))

    def find(self, name: str, section: str, route: Route, of_key: bool) -> tuple[Leaf, Element] | None:
        """Return the parameter and codes of a name; None, with a fault, when the section may not set it."""
        hit = self.registry.find(name)
        if hit is None:
            self.fault(route, f"no parameter {name!r}{self.registry.near_miss(name)}", of_key)
            return None
        return hit if self.belongs(hit[0], section, route, of_key) else None

    def belongs(self, leaf: Leaf, section: str, route: Route, of_key: bool) -> bool:
        """Say whether a section may set a parameter; where not, that is a fault."""
        if SECTION[leaf.kind] == section:
            return True
        self.fault(route, f"{leaf.name} is of kind {leaf.kind}: it belongs under `{SECTION[leaf.kind]}:`", of_key)
        return False

    def assumption(self, section: str, name: str, value: object, route: Route) -> None:
        """Read one entry of ``economy`` or ``behaviour``: a value, or a distribution."""
        hit = self.find(name, section, route, of_key=True)
        if hit is None:
            return
        leaf, codes = hit
        distribution: Distribution | None = None
        if isinstance(value, dict) and "dist" in value:
            distribution = self._distribution(leaf, value, route)
            if distribution is None:
                return
            value = distribution.centre
        for element, single in self.laid_out(leaf, codes, value, route).items():
            self._add(leaf, element, single, section, route, distribution=distribution)

    def _distribution(self, leaf: Leaf, value: dict[str, Any], route: Route) -> Distribution | None:
        distribution, problems = parse_distribution(value)
        for key, message in problems:
            self.fault((*route, key) if key else route, message)
        if distribution is None:
            return None
        if not leaf.numeric or leaf.kind == "law":
            what = leaf.kind if leaf.kind == "law" else f"a {leaf.type}"
            self.fault(route, f"{what} has no distribution (give one value)")
            return None
        outside = [end for end in support(distribution) if not leaf.limits.hold(end)]
        if outside:
            message = f"{outside[0]:g} is outside the limits of {leaf.name} ({leaf.limits}, {leaf.unit})"
            self.fault(route, message)
            return None
        return distribution

    def laid_out(self, leaf: Leaf, codes: Element, value: object, route: Route) -> dict[Element, Single]:
        """Return a value by element of the parameter; what is wrong with it becomes faults."""
        if codes and len(codes) == 1 and len(leaf.axes) == 2:
            value = {codes[0]: value}
        elif codes:
            single, wrong = leaf.check(value)
            if single is None:
                self.fault(route, wrong)
                return {}
            return {codes: single}
        flat, problems = spread(leaf, value)
        for keys, message in problems:
            place = route if codes else (*route, *keys)
            self.fault(place, message)
        return flat

    def _policy(self, data: object, route: Route) -> None:
        # Faults of shape were said when the file was read; here only sound entries count.
        entry, wrong = validated(_entry_adapter(), data, self.document, route, PolicyEntry)
        if wrong:
            self._name_only(data, route)
            return
        citation = self.citation(entry.source, (*route, "source"))
        given = "where" in data if isinstance(data, dict) else False
        where = read_where(data["where"], (*route, "where"), self.fault) if given else {}  # type: ignore[index]
        if where is None:
            self._name_only(data, route)
            return
        for leaf, codes in named_leaves(entry.set, where, self.registry, route, self.fault):
            if not self.belongs(leaf, "policy", (*route, "set"), of_key=False):
                continue
            target = targeted(leaf, codes, where, route, self.fault)
            if target is not None:
                self._set(entry, target, citation, route)

    def _set(self, entry: PolicyEntry, target: Target, citation: Citation | None, route: Route) -> None:
        leaf = target.leaf
        if entry.ramp is not None and leaf.type != "number":
            self.fault((*route, "ramp"), f"{leaf.name} is a {leaf.type} and cannot move in steps (use to)", True)
            return
        place = (*route, "ramp", "to") if entry.ramp is not None else (*route, "to")
        value = entry.ramp.to if entry.ramp is not None else entry.to
        if target.chosen is not None and isinstance(value, dict):
            self.fault(place, "found a mapping (expected one value: where already says for which codes)")
            return
        values = self.laid_out(leaf, target.codes, value, place)
        for element, single in values.items():
            if target.chosen is not None and element not in target.chosen:
                continue
            self._add(
                leaf,
                element,
                single,
                "policy",
                route,
                start=entry.from_,
                until=entry.until,
                then=entry.then or "",
                ramp=entry.ramp.over if entry.ramp is not None else 0,
                scope=target.scope,
                announced=entry.announced,
                citation=citation,
            )

    def _name_only(self, data: object, route: Route) -> None:
        name = data.get("set") if isinstance(data, dict) else None
        if isinstance(name, str) and name and not group(self.registry, name):
            self.find(name, "policy", (*route, "set"), of_key=False)

    def citation(self, source: object, route: Route) -> Citation | None:
        """Return what ``source:`` cites, text standing for itself; what is wrong with it becomes faults."""
        if source is None:
            return None
        if source in ({}, []) or (isinstance(source, str) and not source.strip()):
            self.fault(route, EMPTY_SOURCE)
            return None
        if isinstance(source, str) and source not in self.registry.sources:
            return Citation((), source)
        citation, problems = parse_citation(source, self.registry.sources)
        for key, message in problems:
            self.fault((*route, key) if key else route, message)
        return citation

    def _add(self, leaf: Leaf, element: Element, value: Single, section: str, route: Route, **how: Any) -> None:
        line, column = self.document.position(route, of_key=True)
        place: dict[str, Any] = {
            "file": self.document.file,
            "line": line,
            "column": column,
            "where": self.document.fault(route, "").where,
        }
        self.changes.append(Override(leaf.name, element, value, section, **place, **how))


def _entry_adapter() -> TypeAdapter[Any]:
    if not _ADAPTERS:
        _ADAPTERS.append(TypeAdapter(PolicyEntry))
    return _ADAPTERS[0]


_ADAPTERS: list[TypeAdapter[Any]] = []


def overlaps(changes: list[Override]) -> list[Fault]:
    """Return a fault for each change that is in force together with an earlier one of the same element."""
    faults: dict[tuple[int, str], Fault] = {}
    by_element: dict[tuple[str, Element], list[Override]] = {}
    for change in changes:
        earlier = by_element.setdefault((change.leaf, change.element), [])
        clash = next((o for o in earlier if o.overlaps(change)), None)
        earlier.append(change)
        if clash is None:
            continue
        if change.section == "policy":
            place = f"on line {clash.line}" if clash.file == change.file else f"in {clash.file}, line {clash.line},"
            message = (
                f"{change.label} is in force here and by the entry {place} in the same quarters "
                f"(end the earlier one with until and then)"
            )
        else:
            message = f"{change.path} is already given on line {clash.line} (keep one of the two)"
        faults.setdefault((change.line, change.leaf), change.fault(message))
    return list(faults.values())


def merge_changes(layers: Iterable[list[Override]]) -> list[Override]:
    """Merge changes, the oldest layer first: what a later layer sets replaces what earlier ones set."""
    merged: list[Override] = []
    for changes in layers:
        fresh = {(change.leaf, change.element, change.scope) for change in changes}
        merged = [o for o in merged if (o.leaf, o.element, o.scope) not in fresh] + changes
    return merged


def begins_after(change: Override, end: Quarter | None) -> bool:
    """Return whether a change begins after the last quarter: it is left out, so that nobody can foresee it."""
    return end is not None and change.start is not None and change.start > end


def horizon_faults(changes: Iterable[Override], start: Quarter, end: Quarter) -> list[Fault]:
    """Return a fault for each policy whose ramp is complete after the last quarter, or that ends before the first."""
    faults: dict[tuple[str, int], Fault] = {}
    for change in changes:
        message = ""
        if change.ramp_end is not None and change.ramp_end > end:
            message = (
                f"the ramp of {change.leaf} is complete in {change.ramp_end}, after the horizon ends ({end}; "
                f"shorten over or move horizon.end)"
            )
        elif change.until is not None and change.until < start:
            message = f"{change.leaf} is changed until {change.until}, before the horizon starts ({start})"
        if message:
            faults.setdefault((change.file, change.line), change.fault(message))
    return list(faults.values())
