"""``--set PATH=VALUE``: a parameter for the whole horizon, or a part of the scenario (``horizon.end``)."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.parameters.leaf import SECTION
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry
from oncsim.parameters.strict_yaml import Document, read_value
from oncsim.scenario.changes import ChangeReader
from oncsim.scenario.plain_words import key_names
from oncsim.scenario.shape import Horizon, Settings
from oncsim.scenario.where import group

FILE = "--set"
SHOWN = 8  # names of a group that a message lists
_PATHS = (
    *(f"horizon.{key}" for key in key_names(Horizon)),
    *(f"settings.{key}" for key in key_names(Settings)),
)


@dataclasses.dataclass
class Sets:
    """What ``--set`` asks for: changes of parameters, and values by scenario path."""

    changes: list[Override]
    paths: dict[str, Any]

    def section(self, name: str) -> dict[str, Any]:
        """Return the values under one section of the scenario, by key."""
        start = f"{name}."
        return {path.removeprefix(start): v for path, v in self.paths.items() if path.startswith(start)}

    def market(self, market: dict[str, Any]) -> dict[str, Any]:
        """Return a market section with the values put in; a folder is relative to the working folder."""
        market = copy.deepcopy(market)
        for path, value in self.section("market").items():
            *above, last = path.split(".")
            here = market
            for key in above:
                below = here.get(key)
                here[key] = below if isinstance(below, dict) else {}
                here = here[key]
            here[last] = str(Path.cwd() / value) if path == "folder" and isinstance(value, str) else value
        return market


def read_sets(sets: Sequence[str], registry: Registry) -> tuple[Sets, list[Fault]]:
    """Read the ``--set`` arguments; return what they ask for, and their faults."""
    result = Sets([], {})
    faults: list[Fault] = []
    for text in sets:
        path, equals, written = text.partition("=")
        path = path.strip()
        if not equals or not path:
            faults.append(Fault(FILE, 0, 0, text, "write PATH=VALUE, for example horizon.end=2035Q4"))
            continue
        try:
            value = read_value(written, FILE)
        except InputError as problem:
            faults.extend(Fault(FILE, 0, 0, path, fault.message) for fault in problem.faults)
            continue
        if value is None:
            faults.append(Fault(FILE, 0, 0, path, "has no value (write PATH=VALUE)"))
        elif registry.find(path) is not None:
            changes, wrong = _parameter(path, value, registry)
            faults.extend(wrong)
            fresh = {change.path for change in changes}
            result.changes = [o for o in result.changes if o.path not in fresh] + changes
        elif path in _PATHS or path.startswith("market."):
            result.paths[path] = value
        else:
            faults.append(Fault(FILE, 0, 0, path, _unknown(path, registry)))
    return result, faults


def _unknown(path: str, registry: Registry) -> str:
    below = group(registry, path)
    if below:
        names = ", ".join(leaf.name for leaf in below[:SHOWN]) + (" ..." if len(below) > SHOWN else "")
        return f"is a group, and one parameter is set at a time ({names})"
    near = did_you_mean(path, _PATHS)
    if near:
        return f"cannot be set (a parameter, {', '.join(_PATHS)} or market.KEY{near})"
    return f"no parameter or part of a scenario has this name{registry.near_miss(path)}"


def _parameter(path: str, value: object, registry: Registry) -> tuple[list[Override], list[Fault]]:
    hit = registry.find(path)
    assert hit is not None
    section = SECTION[hit[0].kind]
    reader = ChangeReader(Document(FILE, None, {}, {}), registry)
    reader.assumption(section, path, value, (path,))
    faults = [dataclasses.replace(f, line=0, column=0, where=f.where.replace(f"{path}.{path}", path)) for f in reader.faults]
    return [dataclasses.replace(o, line=0, column=0, where=path) for o in reader.changes], faults
