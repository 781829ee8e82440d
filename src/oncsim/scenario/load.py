"""Loading a scenario: its files, its parents, ``--set``, and every check that can be made before a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from oncsim.calendar import Quarter
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market.spec import MarketSpec
from oncsim.parameters.leaf import Citation
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry, load_registry
from oncsim.parameters.strict_yaml import Document
from oncsim.scenario.caveats import caveats, late_changes
from oncsim.scenario.changes import EMPTY_SOURCE, ChangeReader, begins_after, horizon_faults, merge_changes, overlaps
from oncsim.scenario.events import ScheduledEvent, event_horizon_faults, read_event
from oncsim.scenario.expecting import as_in_case, expectation_faults
from oncsim.scenario.layers import Layer, read_layers
from oncsim.scenario.library import bundled_scenarios, find_scenario
from oncsim.scenario.pins import pinned
from oncsim.scenario.plain_words import validated
from oncsim.scenario.scenario import PublishedScore, Scenario
from oncsim.scenario.sets import FILE, Sets, read_sets
from oncsim.scenario.shape import MAX_YEARS, Case, Expectation, Horizon, Score, Settings
from oncsim.scenario.variants import located, variant_faults, variant_layers

_SCALARS = ("question", "description", "audience", "mechanism")


def load_scenario(
    path_or_id: str | os.PathLike[str], sets: Sequence[str] = (), *, registry: Registry | None = None
) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    path_or_id : str or path
        A scenario file, or the id of a bundled scenario; ``CASE--VARIANT`` is a variant of a case.
    sets : sequence of str
        ``PATH=VALUE`` each, as given to ``--set``.
    registry : Registry, optional
        In place of the one that comes with oncsim.

    Raises
    ------
    InputError
        With every fault of the files and of ``--set``.
    """
    base, mark, name = os.fspath(path_or_id).rpartition("--")
    if mark and (base in bundled_scenarios() or base.endswith((".yaml", ".yml"))):
        return load_variant(base, name, sets, registry=registry)
    return load_case(path_or_id, sets, registry=registry)[""]


def load_variant(
    path_or_id: str | os.PathLike[str], name: str, sets: Sequence[str] = (), *, registry: Registry | None = None
) -> Scenario:
    """Load one variant of a case as a scenario of its own.

    Parameters
    ----------
    path_or_id, sets, registry
        As for :func:`load_scenario`; the file is that of the case.
    name : str
        Name of the variant.

    Raises
    ------
    InputError
        With every fault of the files, or when the case has no such variant.
    """
    loaded = load_case(path_or_id, sets, registry=registry)
    if not name or name not in loaded:
        known = [variant for variant in loaded if variant]
        has = f"one of {', '.join(known)}{did_you_mean(name, known)}" if known else "it is no case"
        raise InputError([Fault(str(path_or_id), 0, 0, "variants", f"no variant {name!r} ({has})")])
    return loaded[name]


def load_case(
    path_or_id: str | os.PathLike[str], sets: Sequence[str] = (), *, registry: Registry | None = None
) -> dict[str, Scenario]:
    """Load a scenario file with all of its variants: the scenario itself under an empty name, variants under theirs.

    Parameters
    ----------
    path_or_id, sets, registry
        As for :func:`load_scenario`.

    Raises
    ------
    InputError
        With every fault of the files and of ``--set``.
    """
    layers, faults = read_layers(find_scenario(path_or_id))
    faults += variant_faults(layers[-1])
    known, differing, wrong = pinned(registry or load_registry(), layers)
    faults += wrong
    asked, wrong = read_sets(sets, known)
    faults += wrong
    builders = {"": _Builder(layers, asked, known, faults)}
    for name, layer in variant_layers(layers[-1]).items():
        builders[name] = _Builder([*layers, layer], asked, known, [])
    loaded = {name: builder.build() for name, builder in builders.items()}
    found = list(builders[""].faults)
    for name, builder in builders.items():
        # What is wrong with the case itself is said once, where it stands.
        found += [f for f in builder.faults if name and (not faults or f.where.startswith("variants."))]
    complete = {name: scenario for name, scenario in loaded.items() if scenario is not None}
    if found or len(complete) < len(loaded):
        raise InputError(dict.fromkeys(found))
    for name, scenario in complete.items():
        said = [*caveats(scenario, differing), *late_changes(builders[name].late, scenario.end)]
        complete[name] = dataclasses.replace(scenario, warnings=tuple(said), variant=name)
    return complete


@lru_cache(maxsize=8)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


class _Builder:
    """Merges the layers section by section; what is wrong is collected in :attr:`faults`."""

    def __init__(self, layers: list[Layer], sets: Sets, registry: Registry, faults: list[Fault]) -> None:
        self.layers = layers
        self.top = layers[-1]
        self.sets = sets
        self.late: list[Override] = []
        self.registry = registry
        self.faults = faults
        self.provenance: dict[str, str] = {}

    def build(self) -> Scenario | None:
        """Return the scenario, or None when it lacks what it needs."""
        horizon = self._merged("horizon", Horizon)
        settings = self._merged("settings", Settings)
        start, end = self._horizon(horizon)
        market, folder = self._market()
        changes = self._changes(start, end)
        events = self._events(start, end)
        header = {key: str(self._latest(key) or "") for key in _SCALARS}
        # A parent's question is not that of a policy which extends it.
        header["question"] = str(self.top.data.get("question") or "")
        case = self._case()
        written = self.top.section("variants", dict) if case is not None else {}
        variants = located(written, self.top.path.parent)
        expect = tuple(self._expectations())
        published = tuple(self._published())
        if self.faults or start is None or end is None or settings is None:
            return None
        return Scenario(
            id=str(self.top.data["id"]),
            title=str(self.top.data["title"]),
            question=header["question"],
            description=header["description"],
            audience=header["audience"],
            start=start,
            end=end,
            market=market,
            folder=folder,
            parameters=Parameters(self.registry, changes),
            events=events,
            expect=expect,
            settings=settings,
            provenance=self.provenance,
            mechanism=header["mechanism"],
            published=published,
            case=case,
            variants=variants,
        )

    def _note(self, where: str, document: Document, *route: str | int) -> None:
        line = document.position(tuple(route), of_key=True)[0]
        self.provenance[where] = f"{document.file}:{line}"

    def _latest(self, key: str) -> Any:
        for layer in reversed(self.layers):
            if layer.data.get(key) is not None:
                self._note(key, layer.document, key)
                return layer.data[key]
        return None

    def _merged(self, section: str, shape: Any) -> Any:
        """Return a section of single values merged over the layers and ``--set``."""
        data: dict[str, Any] = {}
        for layer in self.layers:
            for key, value in layer.section(section, dict).items():
                data[key] = value
                self._note(f"{section}.{key}", layer.document, section, key)
        for key, value in self.sets.section(section).items():
            data[key] = value
            self.provenance[f"{section}.{key}"] = FILE
        # Files were checked one by one; only what --set put in can be newly wrong.
        merged, wrong = validated(_adapter(shape), data, Document(FILE, None, {}, {}), (section,), shape)
        if self.sets.section(section):
            self.faults += [_unplaced(f) for f in wrong if f.where.removeprefix(f"{section}.") in self.sets.section(section)]
        return merged

    def _horizon(self, horizon: Any) -> tuple[Quarter | None, Quarter | None]:
        if horizon is None:
            return None, None
        written = [layer.data.get("horizon") for layer in self.layers]
        sound = all(part is None or isinstance(part, dict) for part in written)
        for key in ("start", "end"):
            if sound and getattr(horizon, key) is None:
                message = "missing key (the horizon needs start and end, for example 2026Q1 and 2040Q4)"
                self.faults.append(self._fault_at("horizon", f"horizon.{key}", message))
        start, end = horizon.start, horizon.end
        if start is None or end is None:
            return None, None
        if start > end:
            self.faults.append(self._fault_at("horizon.end", "horizon.end", f"{end} is before the start, {start}"))
            return None, None
        if end - start + 1 > 4 * MAX_YEARS:
            years = (end - start + 1) / 4
            message = f"{start} to {end} is {years:g} years (a horizon is at most {MAX_YEARS} years)"
            self.faults.append(self._fault_at("horizon.end", "horizon.end", message))
            return None, None
        return start, end

    def _fault_at(self, noted: str, where: str, message: str) -> Fault:
        """Return a fault where a merged value was written, or at the section of the top file."""
        if self.provenance.get(noted) == FILE:
            return Fault(FILE, 0, 0, where, message)
        section, _, key = noted.partition(".")
        for layer in reversed(self.layers):
            data = layer.section(section, dict)
            if data and (not key or key in data):
                return layer.document.fault((section, key) if key else (section,), message, where=where)
        return self.top.document.fault((), message, where=where)

    def _market(self) -> tuple[Any, Path]:
        source = next((layer for layer in reversed(self.layers) if layer.data.get("market") is not None), None)
        if source is None:
            message = "missing key (which market: source embedded, files, archetype or composed)"
            self.faults.append(self.top.document.fault((), message, where="market"))
            return None, Path()
        self._note("market", source.document, "market")
        data = source.data["market"]
        if not isinstance(data, dict):
            return None, Path()
        document = source.document
        if self.sets.section("market"):
            data = self.sets.market(data)
            document = Document(FILE, None, {}, {})
            for key in self.sets.section("market"):
                self.provenance[f"market.{key}"] = FILE
        market, wrong = validated(_adapter(MarketSpec), data, document, ("market",), MarketSpec)
        if document.file == FILE:
            self.faults += [_unplaced(fault) for fault in wrong]
        return market, source.path.parent.resolve()

    def _changes(self, start: Quarter | None, end: Quarter | None) -> list[Override]:
        by_layer = []
        for layer in self.layers:
            reader = ChangeReader(layer.document, self.registry)
            by_layer.append(reader.read(layer))
            self.faults += reader.faults
        merged = merge_changes([*by_layer, self.sets.changes])
        if len(self.layers) > 1 and not self.faults:
            # Other scopes of the parents stay, and may compete with those of this file.
            self.faults += overlaps(merged)
        # One order whatever file said it first, so that a resolved scenario warns in the same words.
        merged.sort(key=lambda o: (o.section, o.path, o.scope, o.start.index if o.start else -1))
        self.late += [change for change in merged if begins_after(change, end)]
        merged = [change for change in merged if not begins_after(change, end)]
        if start is not None and end is not None:
            self.faults += horizon_faults(merged, start, end)
        for change in merged:
            self.provenance[f"{change.section}.{change.label}"] = (
                f"{change.file}:{change.line}" if change.line else change.file
            )
        return merged

    def _events(self, start: Quarter | None, end: Quarter | None) -> tuple[ScheduledEvent, ...]:
        events: list[ScheduledEvent] = []
        first = max((i for i, layer in enumerate(self.layers) if layer.own_events), default=0)
        for layer in self.layers[first:]:
            for i, data in enumerate(layer.section("events", list)):
                if not isinstance(data, dict):
                    continue
                event, wrong = read_event(data, layer.document, ("events", i))
                self.faults += wrong
                if event is not None:
                    events.append(event)
        if start is not None and end is not None:
            self.faults += event_horizon_faults(events, start, end)
        return tuple(events)

    def _expectations(self) -> list[Expectation]:
        # What a parent expects is about the parent; it is not inherited.
        result = []
        for i, data in enumerate(self.top.section("expect", list)):
            route = ("expect", i)
            item, _ = validated(_adapter(Expectation), data, self.top.document, route, Expectation)
            if item is not None:
                self.faults += expectation_faults(item, self.top.document, route, self.top.data)
                result.append(as_in_case(item) if self.top.data.get("case") is not None else item)
        return result

    def _case(self) -> Case | None:
        # A scenario that extends a case is not that case any more: what it shows may be gone.
        data = self.top.data.get("case")
        return None if data is None else validated(_adapter(Case), data, self.top.document, ("case",), Case)[0]

    def _published(self) -> list[PublishedScore]:
        # A score is about the policy of this very file; beside that of a child it could mislead.
        result = []
        reader = ChangeReader(self.top.document, self.registry)
        for i, data in enumerate(self.top.section("published", list)):
            route = ("published", i)
            score, _ = validated(_adapter(Score), data, self.top.document, route, Score)
            if score is not None and score.source is None:
                reader.fault((*route, "source"), EMPTY_SOURCE)
            elif score is not None:
                source = reader.citation(score.source, (*route, "source"))
                result.append(PublishedScore(score.amount, score.years, score.of, source or Citation(), score.note))
        self.faults += reader.faults
        return result


def _unplaced(fault: Fault) -> Fault:
    return dataclasses.replace(fault, line=0, column=0)
