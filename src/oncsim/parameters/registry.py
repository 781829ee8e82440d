"""The registry: every parameter of the model, read from the package's own YAML files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.parameters.axes import AXES, Element
from oncsim.parameters.bibliography import Source, read_bibliography
from oncsim.parameters.leaf import Leaf
from oncsim.parameters.read_leaf import LeafReader, is_leaf
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import Route, read_document

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Registry:
    """All parameters by name, and the bibliography by id."""

    leaves: dict[str, Leaf]
    sources: dict[str, Source]

    def leaf(self, name: str) -> Leaf:
        """Return one parameter.

        Raises
        ------
        KeyError
            With the nearest known name.
        """
        try:
            return self.leaves[name]
        except KeyError:
            raise KeyError(f"no parameter {name!r}{did_you_mean(name, self.leaves)}") from None

    def find(self, path: str) -> tuple[Leaf, Element] | None:
        """Return the parameter a path names and the codes behind its name; None where there is none.

        Fewer codes than axes name several elements.
        """
        if path in self.leaves:
            return self.leaves[path], ()
        name, _, code = path.rpartition(".")
        codes: Element = (code,)
        for _ in range(2):
            leaf = self.leaves.get(name)
            if leaf is not None:
                known = len(codes) <= len(leaf.axes) and all(
                    code in AXES[axis] for code, axis in zip(codes, leaf.axes, strict=False)
                )
                return (leaf, codes) if known else None
            name, _, code = name.rpartition(".")
            codes = (code, *codes)
        return None

    def near_miss(self, path: str) -> str:
        """Return what is known near an unknown path: the codes of the parameter's axis, or a similar name."""
        name = path.rpartition(".")[0]
        for _ in range(2):
            leaf = self.leaves.get(name)
            if leaf is not None and leaf.axes:
                known = [code for axis in leaf.axes for code in AXES[axis]]
                wrong = [part for part in path.removeprefix(name + ".").split(".") if part not in known]
                near = did_you_mean(wrong[0], known) if wrong else ""
                return f" ({name} differs by {' and '.join(leaf.axes)}: {', '.join(known)}{near})"
            name = name.rpartition(".")[0]
        near = did_you_mean(path, self.leaves) or _by_last_part(path, self.leaves)
        return f" (`oncsim params list` names them all{near})"


def _by_last_part(path: str, known: Mapping[str, Any]) -> str:
    # A wrong beginning with the right end scores low on whole-text similarity, but is what people type.
    last = path.rpartition(".")[2]
    same = [name for name in known if name.rpartition(".")[2] == last]
    return f"; did you mean {same[0]!r}?" if len(same) == 1 else ""


@lru_cache(maxsize=1)
def load_registry() -> Registry:
    """Return the registry that comes with oncsim.

    Raises
    ------
    InputError
        With every fault of every registry file.
    """
    return read_registry(_HERE / "registry", _HERE / "bibliography.yaml")


def read_registry(folder: Path, bibliography: Path) -> Registry:
    """Read a folder of registry files.

    Raises
    ------
    InputError
        With every fault of every file.
    """
    faults: list[Fault] = []
    leaves: dict[str, Leaf] = {}
    sources, wrong = read_bibliography(bibliography, bibliography.name)
    faults.extend(wrong)
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read_document(path, f"{folder.name}/{path.name}")
        except InputError as problem:
            faults.extend(problem.faults)
            continue
        reader = LeafReader(document, sources)
        for name, data, route in _walk(document.data, path.stem, (), reader):
            leaf = reader.read(name, data, route)
            if leaf is not None:
                leaves[name] = leaf
        faults.extend(reader.faults)
    if not faults:
        faults.extend(_drift_faults(leaves))
        faults.extend(_index_faults(leaves))
    if faults:
        raise InputError(faults)
    return Registry(leaves, sources)


def _walk(data: object, name: str, route: Route, reader: LeafReader) -> Iterator[tuple[str, dict[str, Any], Route]]:
    if isinstance(data, dict) and is_leaf(data):
        yield name, data, route
    elif isinstance(data, dict):
        for key, below in data.items():
            if "." in key:
                reader.fault((*route, key), "a name part must not hold a dot (nest the mappings)", True)
            yield from _walk(below, f"{name}.{key}", (*route, key), reader)
    elif data is not None or route:
        reader.fault(route, f"found {found(data)} (expected a group or a leaf with a title)")


def _drift_faults(leaves: Mapping[str, Leaf]) -> Iterator[Fault]:
    for leaf in leaves.values():
        if leaf.drift is None:
            continue
        place = (leaf.file, leaf.line, 1, f"{leaf.name}.drift")
        rate = leaves.get(str(leaf.drift))
        if rate is None:
            yield Fault(*place, f"no parameter {leaf.drift!r}{did_you_mean(str(leaf.drift), leaves)}")
        elif rate.type != "number" or rate.axes or rate.drift:
            yield Fault(*place, f"{rate.name} must be a plain number (no axes, no drift of its own)")
        elif leaf.type != "number" or leaf.history[-1].start is None:
            yield Fault(*place, "only a number with dated values drifts")


def _index_faults(leaves: Mapping[str, Leaf]) -> Iterator[Fault]:
    for leaf in leaves.values():
        if leaf.index is None:
            continue
        place = (leaf.file, leaf.line, 1, f"{leaf.name}.index")
        index = leaves.get(leaf.index)
        if index is None:
            yield Fault(*place, f"no parameter {leaf.index!r}{did_you_mean(leaf.index, leaves)}")
        elif leaf.name in _indexes(leaf, leaves):
            yield Fault(*place, "follows itself")
        elif index.type != "number" or index.axes:
            yield Fault(*place, f"{index.name} must be a number without axes")
        elif any(dated.value <= 0 for dated in index.history):
            yield Fault(*place, f"{index.name} must be above 0 in every quarter")
        elif leaf.type != "number" or leaf.history[0].start is None:
            yield Fault(*place, "only a number with dated values follows an index")


def _indexes(leaf: Leaf, leaves: Mapping[str, Leaf]) -> list[str]:
    """Return the indexes that a leaf follows, one behind the other, up to the first that comes twice."""
    found: list[str] = []
    name = leaf.index
    while name is not None and name not in found:
        found.append(name)
        name = leaves[name].index if name in leaves else None
    return found
