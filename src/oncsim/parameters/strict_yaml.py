"""A strict YAML reader: one document, plain data, every value with its line and column.

Where YAML surprises people it refuses instead of guessing: repeated keys, anchors, aliases, tags, merge keys
and several documents are faults. Plain words mean what YAML 1.2 says (:mod:`oncsim.parameters.scalars`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oncsim.errors import Fault, InputError
from oncsim.parameters.scalars import AmbiguousScalar, resolve_plain

Route = tuple[str | int, ...]
Position = tuple[int, int]

MAX_BYTES = 5_000_000
MAX_DEPTH = 40


@dataclass(frozen=True)
class Document:
    """A YAML document as plain data, and where each part of it stands.

    Parameters
    ----------
    file : str
        The file as messages name it.
    data : object
        Dictionaries, lists, text, numbers, flags and None.
    keys, values : dict
        Line and column (from 1) of each key and each value, by its route from the top.
    """

    file: str
    data: Any
    keys: dict[Route, Position] = field(repr=False)
    values: dict[Route, Position] = field(repr=False)

    def position(self, route: Route, of_key: bool = False) -> Position:
        """Return where a value (or its key) stands; for a route that is not there, its nearest parent."""
        first, second = (self.keys, self.values) if of_key else (self.values, self.keys)
        while True:
            place = first.get(route) or second.get(route)
            if place is not None:
                return place
            if not route:
                return (1, 1)
            route = route[:-1]

    def fault(self, route: Route, message: str, of_key: bool = False, where: str | None = None) -> Fault:
        """Return a fault that points to a value, or to its key."""
        line, column = self.position(route, of_key)
        return Fault(self.file, line, column, dotted(route) if where is None else where, message)


def dotted(route: Route) -> str:
    """Write a route the way messages name a place: ``policy[2].from`` (items count from 1)."""
    text = ""
    for part in route:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def read_document(path: Path, shown_as: str | None = None) -> Document:
    """Read one YAML file strictly.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    name = shown_as or str(path)
    try:
        if path.is_dir():
            raise InputError([Fault(name, 0, 0, "", "this is a folder (give a YAML file in it)")])
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError([Fault(name, 0, 0, "", "there is no such file")]) from None
    except OSError as problem:
        reason = problem.strerror or "unknown reason"
        raise InputError([Fault(name, 0, 0, "", f"cannot be read ({reason})")]) from None
    if len(raw) > MAX_BYTES:
        message = f"is too large to be a scenario or a registry file ({len(raw):,} bytes; at most {MAX_BYTES:,})"
        raise InputError([Fault(name, 0, 0, "", message)])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        message = "is not text in UTF-8 (save it as UTF-8; a binary file cannot be read)"
        raise InputError([Fault(name, line, 1, "", message)]) from None
    return read_text(text, name)


def read_text(text: str, file: str) -> Document:
    """Read YAML text strictly; ``file`` is the name that messages use.

    Raises
    ------
    InputError
        With every fault of the text.
    """
    return _Builder(text, file).build()


def read_value(text: str, file: str) -> Any:
    """Read one value, as given to ``--set``; empty text is nothing."""
    return read_text(text, file).data if text.strip() else None


def _events(text: str) -> Iterator[Any]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


class _Builder:
    """Builds data from the event stream, so that anchors and tags are seen before they are resolved away."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.faults: list[Fault] = []
        self.keys: dict[Route, Position] = {}
        self.values: dict[Route, Position] = {}

    def build(self) -> Document:
        import yaml

        try:
            data = self._stream(_events(self.text))
        except yaml.YAMLError as problem:
            self.faults.append(_syntax_fault(problem, self.text, self.file))
            data = None
        if self.faults:
            raise InputError(self.faults)
        return Document(self.file, data, self.keys, self.values)

    def _stream(self, events: Iterator[Any]) -> Any:
        data: Any = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._fault(event, (), "a second document starts here (one file holds one document; remove ---)")
                    break
                if event.version or event.tags:
                    self._fault(event, (), "YAML directives are not supported (remove the line that starts with %)")
                data = self._node(next(events), events, ())
        return data

    def _fault(self, event: Any, route: Route, message: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(self.file, mark.line + 1, mark.column + 1, dotted(route), message))

    def _node(self, event: Any, events: Iterator[Any], route: Route) -> Any:
        mark = event.start_mark
        self.values[route] = (mark.line + 1, mark.column + 1)
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._fault(event, route, f"aliases are not supported (write the value out in place of *{event.anchor})")
            return None
        if event.anchor is not None:
            self._fault(event, route, f"anchors are not supported (remove &{event.anchor})")
        if event.tag is not None:
            self._fault(event, route, f"tags are not supported (remove {_tag(event.tag)})")
        if kind == "ScalarEvent":
            return self._scalar(event, route)
        if len(route) >= MAX_DEPTH:
            self._fault(event, route, f"is nested too deeply (at most {MAX_DEPTH} levels)")
            raise InputError(self.faults)
        return self._mapping(events, route) if kind == "MappingStartEvent" else self._list(events, route)

    def _scalar(self, event: Any, route: Route) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return resolve_plain(event.value)
        except AmbiguousScalar as problem:
            self._fault(event, route, str(problem))
            return None

    def _list(self, events: Iterator[Any], route: Route) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self._node(event, events, (*route, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], route: Route) -> dict[str, Any]:
        items: dict[str, Any] = {}
        for event in events:
            kind = type(event).__name__
            if kind == "MappingEndEvent":
                break
            key = self._key(event, events, route)
            below = (*route, key)
            if key in items:
                first = self.keys[below][0]
                self._fault(event, below, f"this key was already given on line {first} (keep one of the two)")
                self._node(next(events), events, below)
                continue
            mark = event.start_mark
            self.keys[below] = (mark.line + 1, mark.column + 1)
            items[key] = self._node(next(events), events, below)
        return items

    def _key(self, event: Any, events: Iterator[Any], route: Route) -> str:
        if type(event).__name__ != "ScalarEvent":
            self._fault(event, route, "a key must be a word (a list, a mapping or an alias is no key)")
            self._node(event, events, (*route, "?"))
            return "?"
        if event.anchor is not None:
            self._fault(event, route, f"anchors are not supported (remove &{event.anchor})")
        if event.tag is not None:
            self._fault(event, route, f"tags are not supported (remove {_tag(event.tag)})")
        if event.value == "<<" and event.implicit[0]:
            self._fault(event, route, "merge keys are not supported (write the entries out in place of <<)")
        return str(event.value)


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


_TAB = re.compile(r"^ *\t")


def _syntax_fault(problem: Any, text: str, file: str) -> Fault:
    mark = getattr(problem, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow; its place is a count of characters or bytes
        at = int(getattr(problem, "position", 0) or 0)
        line = text.count("\n", 0, at) + 1
        message = "holds a control character (a binary file, or an invisible character to delete)"
        return Fault(file, line, 1, "", message)
    lines = text.splitlines()
    for number in range(mark.line, max(-1, mark.line - 3), -1):
        if number < len(lines) and _TAB.match(lines[number]):
            column = lines[number].index("\t") + 1
            return Fault(file, number + 1, column, "", "a tab indents this line (indent with spaces)")
    return Fault(file, mark.line + 1, mark.column + 1, "", _plainly(problem, lines, mark))


def _plainly(problem: Any, lines: list[str], mark: Any) -> str:
    said = str(problem.problem or "")
    context = str(problem.context or "")
    here = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
    if "mapping values are not allowed" in said:
        return "a colon that does not belong here (check the indentation, or put text that holds ': ' in quotes)"
    if "cannot start any token" in said:
        return f"the character {here!r} cannot start a value (put the text in quotes)"
    if "unexpected end of stream" in said:
        return "the file ends inside a quoted text (close the quotes)"
    if "node content" in said:
        return f"a value is missing before {here!r}"
    if "flow sequence" in context:
        return "a list that started with [ is not closed (add ] or a comma)"
    if "flow mapping" in context:
        return "a mapping that started with { is not closed (add } or a comma)"
    if "escape" in said:
        return "an unknown escape after a backslash (use single quotes, or write \\\\ for a backslash)"
    if "block mapping" in context or "document start" in said or "block collection" in context:
        return "this line does not fit the lines above it (check the indentation and that each key ends in ': ')"
    if "expected ':'" in said:
        return "a key without a colon (write key: value)"
    return f"this is not valid YAML ({said or context})"
