"""The files behind one scenario: the file itself and, through ``extends``, its ancestors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import Document, Route, read_document
from oncsim.scenario.library import bundled_scenarios, shown
from oncsim.scenario.plain_words import validated
from oncsim.scenario.shape import ScenarioFile
from oncsim.scenario.states import unknown_state

MAX_ANCESTORS = 20


@dataclass(frozen=True)
class Layer:
    """One scenario file: where it lies and what it says; its own events may be in place of those before it."""

    path: Path
    document: Document
    own_events: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """The file as read."""
        return self.document.data if isinstance(self.document.data, dict) else {}

    def section(self, key: str, kind: type) -> Any:
        """Return a section, or an empty one when it is absent or of the wrong type."""
        value = self.data.get(key)
        return value if isinstance(value, kind) else kind()


def read_layers(path: Path) -> tuple[list[Layer], list[Fault]]:
    """Read a scenario file and its ancestors, the oldest first; return them and the faults of their shape.

    Raises
    ------
    InputError
        When a file cannot be read as YAML.
    """
    layers: list[Layer] = []
    faults: list[Fault] = []
    seen: list[Path] = []
    here: Path | None = path
    while here is not None:
        document = read_document(here, shown(here))
        layer = Layer(here, document)
        layers.insert(0, layer)
        seen.append(here.resolve())
        faults.extend(shape_faults(document))
        here, fault = _parent(layer, seen)
        if fault is not None:
            faults.append(fault)
    return layers, faults


def _parent(layer: Layer, seen: list[Path]) -> tuple[Path | None, Fault | None]:
    text = layer.data.get("extends")
    if not isinstance(text, str) or not text:
        return None, None
    route: Route = ("extends",)
    known = bundled_scenarios()
    beside = layer.path.parent / text
    if text.endswith((".yaml", ".yml")):
        parent = beside
        if not parent.is_file():
            return None, layer.document.fault(route, f"there is no file {text!r} beside this one")
    elif text in known:
        parent = known[text]
    else:
        near = did_you_mean(text, known)
        message = f"no bundled scenario {text!r} (see `oncsim scenario list`; a path ends in .yaml{near})"
        return None, layer.document.fault(route, message)
    if parent.resolve() in seen:
        loop = " -> ".join(p.stem for p in [*seen, parent])
        return None, layer.document.fault(route, f"extends itself ({loop})")
    if len(seen) > MAX_ANCESTORS:
        return None, layer.document.fault(route, f"has more than {MAX_ANCESTORS} ancestors")
    return parent, None


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(ScenarioFile)


def shape_faults(document: Document) -> list[Fault]:
    """Return every fault in the shape of one scenario file.

    Raises
    ------
    InputError
        When it is empty or no mapping, so that nothing else can be said.
    """
    data = document.data
    if data is None:
        raise InputError([Fault(document.file, 1, 1, "", "is empty (`oncsim scenario new ID` starts a scenario)")])
    if not isinstance(data, dict):
        message = f"found {found(data)} (expected a mapping with schema, id, title ...)"
        raise InputError([document.fault((), message)])
    given = {key: value for key, value in data.items() if value is not None}
    empty = [document.fault((key,), "is empty (give a value or remove the key)") for key in data if key not in given]
    faults = validated(_adapter(), given, document, (), ScenarioFile)[1]
    faults = [*empty, *faults, *_state_faults(document, ("market",), given.get("market"))]
    variants = given.get("variants")
    for name, variant in variants.items() if isinstance(variants, dict) else ():
        market = variant.get("market") if isinstance(variant, dict) else None
        faults += _state_faults(document, ("variants", name, "market"), market)
    return faults


def _state_faults(document: Document, route: Route, market: object) -> list[Fault]:
    faults = []
    for below in (("states",), ("select", "states")):
        states: Any = market
        for key in below:
            states = states.get(key) if isinstance(states, dict) else None
        for i, code in enumerate(states if isinstance(states, list) else []):
            # Codes of the wrong form are already said to be wrong by the shape.
            wrong = unknown_state(code) if isinstance(code, str) and _state_form(code) else None
            if wrong:
                faults.append(document.fault((*route, *below, i), wrong))
    return faults


def _state_form(code: str) -> bool:
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()
