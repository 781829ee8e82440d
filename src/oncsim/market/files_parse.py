"""From rows of text to typed columns; every wrong value becomes a fault with its row and column."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncsim.market.files_columns import Column
from oncsim.market.files_faults import Faults
from oncsim.market.files_read import RawTable, plain_name

Array = NDArray[Any]
_BLANK = {"", "na", "n/a", "nan", "null", "none", "."}
_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}


@dataclass
class Table:
    """A user's table with typed columns.

    Attributes
    ----------
    what : str
        ``zones``, ``hospitals``, ``practices``, ``centers`` or ``ties``.
    file : str
        Path as faults name it.
    lines : list of int
        Line of each row.
    columns : dict of str to numpy.ndarray
        Canonical name -> values: text with ``""`` for blank, numbers with NaN, flags as 1, 0 and NaN.
    written : dict of str to str
        Canonical name -> name in the file.
    places : dict of str to int
        Canonical name -> one-based column of the file.
    notes : list of str
        What was assumed.
    """

    what: str
    file: str
    lines: list[int]
    columns: dict[str, Array] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, name: str) -> bool:
        """Say whether the file has the column."""
        return name in self.columns

    def text(self, name: str) -> Array:
        """Return a column of text, blank where the file lacks it."""
        blank = np.full(len(self), "", dtype=object)
        return self.columns.get(name, blank).copy()

    def number(self, name: str) -> Array:
        """Return a column of numbers (flags as 1 and 0), NaN where the file lacks it."""
        return self.columns.get(name, np.full(len(self), np.nan)).copy()

    def fault(self, faults: Faults, row: int, name: str, message: str) -> None:
        """Report what is wrong with one value."""
        faults.add(self.file, self.lines[row], self.places.get(name, 1), self.written.get(name, name), message)

    def keep(self, rows: Array) -> Table:
        """Return the table with some of its rows, by flag."""
        chosen = np.flatnonzero(rows)
        return Table(
            self.what,
            self.file,
            [self.lines[i] for i in chosen],
            {name: values[chosen] for name, values in self.columns.items()},
            self.written,
            self.places,
            self.notes,
        )


def parse_table(what: str, raw: RawTable, columns: Mapping[str, Column], faults: Faults) -> Table:
    """Return the typed table; wrong headers and values are added to ``faults``."""
    table = Table(what, raw.file, raw.lines, notes=list(raw.notes))
    header = {plain_name(name): at for at, name in enumerate(raw.header) if name}
    for name, column in columns.items():
        found = next((n for n in (name, *column.aliases) if n in header), None)
        if found is not None:
            table.written[name], table.places[name] = raw.header[header[found]], header[found] + 1
    _check_header(table, raw, columns, header, faults)
    for name in table.written:
        _parse_column(table, raw, name, columns[name], faults)
    return table


def _check_header(
    table: Table, raw: RawTable, columns: Mapping[str, Column], header: Mapping[str, int], faults: Faults
) -> None:
    known = {alias for name, column in columns.items() for alias in (name, *column.aliases)}
    strangers = [name for name in header if name not in known]
    suspects: set[str] = set()
    for name, column in columns.items():
        if name in table.written or not column.required:
            continue
        accepted = (name, *column.aliases)
        close = next((n for word in accepted for n in difflib.get_close_matches(word, strangers, 1, 0.75)), None)
        suspects |= {close} if close else set()
        near = f"; did you mean {raw.header[header[close]]!r} to be it?" if close else ""
        also = (
            f" (also accepted: {', '.join(column.aliases)}{near})" if column.aliases else (f" ({near[2:]})" if near else "")
        )
        at = header[close] + 1 if close else 1
        faults.add(raw.file, 1, at, "header", f"the column {name!r} is missing: {_first_clause(column)}{also}")
    absent = [name for name in columns if name not in table.written]
    for name in strangers:
        close_to = difflib.get_close_matches(name, absent, 1, 0.85)
        if close_to and name not in suspects and name[:3] == close_to[0][:3] and not name.startswith(close_to[0]):
            message = f"no such column; did you mean {close_to[0]!r}? (rename it, or remove it)"
            faults.add(raw.file, 1, header[name] + 1, raw.header[header[name]], message)


def _first_clause(column: Column) -> str:
    return column.meaning.partition(";")[0]


def _parse_column(table: Table, raw: RawTable, name: str, column: Column, faults: Faults) -> None:
    at = table.places[name] - 1
    values = [row[at].strip() for row in raw.rows]
    if column.filled:
        for i, value in enumerate(values):
            if value.lower() in _BLANK - {"none"}:
                table.fault(faults, i, name, f"is blank (every row needs one: {_first_clause(column)})")
    scale = column.scale.get(plain_name(table.written[name]), 1.0)
    readers: dict[str, Callable[[str], Any]] = {
        "text": lambda value: "" if value.lower() in _BLANK - {"none"} else value,
        "number": lambda value: _number(value, column, scale),
        "whole": lambda value: _number(value, column, scale, whole=True),
        "flag": _flag,
        "word": lambda value: _word(value, column),
    }
    read, known, parsed = readers[column.kind], {}, []
    for i, value in enumerate(values):
        if value not in known:
            known[value] = read(value)
        result = known[value]
        if isinstance(result, _Wrong):
            table.fault(faults, i, name, result.message)
            result = "" if column.kind in ("text", "word") else math.nan
        parsed.append(result)
    kind = object if column.kind in ("text", "word") else np.float64
    table.columns[name] = np.array(parsed, dtype=kind)


@dataclass(frozen=True)
class _Wrong:
    message: str


def _number(value: str, column: Column, scale: float, *, whole: bool = False) -> float | _Wrong:
    if value.lower() in _BLANK:
        return math.nan
    number = _float(value)
    if number is None:
        return _Wrong(f"{value!r} is not a number{_tidied(value)}")
    allowed = _allowed(column, scale)
    if column.low == 0.0 and number < 0:
        return _Wrong(f"{value} is negative ({allowed})")
    number *= scale
    if (column.low is not None and number < column.low) or (column.high is not None and number > column.high):
        percent = "; write percent as a share" if column.high == 1.0 == scale and 1 < number <= 100 else ""
        return _Wrong(f"{value} is out of range ({allowed}{percent})")
    if whole and not number.is_integer():
        return _Wrong(f"{value} is not a whole number ({allowed})")
    return number


def _float(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    # Python reads 1_000 as a thousand, and "inf" as a number; a table means neither.
    return number if math.isfinite(number) and "_" not in value else None


def _tidied(value: str) -> str:
    bare = value.replace(",", "").replace("$", "").replace(" ", "")
    if bare.endswith("%") and _float(bare[:-1]) is not None:
        return f" (write {float(bare[:-1]) / 100:g})"
    return f" (write {bare})" if _float(bare) is not None else ""


def _allowed(column: Column, scale: float) -> str:
    kind = "a whole number" if column.kind == "whole" else "a number"
    low, high = column.low, column.high
    if low is not None and high is not None:
        return f"{kind} from {low / scale:g} to {high / scale:g}"
    return f"{kind} of at least {low / scale:g}" if low is not None else kind


def _flag(value: str) -> float | _Wrong:
    word = value.lower()
    if word in _TRUE:
        return 1.0
    if word in _FALSE:
        return 0.0
    return math.nan if word in _BLANK else _Wrong(f"{value!r} is neither yes nor no (true or false)")


def _word(value: str, column: Column) -> str | _Wrong:
    word = value.lower()
    if word in column.words:
        return column.words[word]
    if word in _BLANK:
        return ""
    allowed = list(dict.fromkeys(w for w in column.words.values() if w))
    close = difflib.get_close_matches(word, column.words, 1, 0.6)
    near = f"; did you mean {column.words[close[0]]!r}?" if close else ""
    return _Wrong(f"{value!r} is not known ({', '.join(allowed)}{near})")
