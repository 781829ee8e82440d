"""Reading a table as text: bytes to rows, each with the line it stands on."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from oncsim.market.files_faults import Faults

DATA_VARIABLE = "ONCSIM_DATA"
_MAGIC = {
    b"PK\x03\x04": "a spreadsheet workbook or zip archive; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; write it as CSV",
    b"%PDF": "a PDF",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
}


@dataclass(frozen=True)
class RawTable:
    """A table as text.

    Attributes
    ----------
    file : str
        Its path, as faults name it.
    header : list of str
        Column names as written.
    rows : list of list of str
        Values as written, one list a row, each as long as the header.
    lines : list of int
        One-based line of the file on which each row begins.
    notes : tuple of str
        What the reader had to assume.
    """

    file: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    notes: tuple[str, ...] = field(default_factory=tuple)


def shown_path(path: Path) -> str:
    """Return the path as messages show it: relative to the working folder where it lies inside."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return os.path.normpath(path)


def find_folder(folder: Path, wanted: str, faults: Faults) -> Path | None:
    """Return the folder of the tables: the one the market names, else the one in ``ONCSIM_DATA``."""
    named = folder / wanted
    if named.is_dir():
        return named
    other = os.environ.get(DATA_VARIABLE, "")
    if other and Path(other).is_dir():
        return Path(other)
    seen = "" if Path(wanted).is_absolute() else " (seen from the folder of the scenario)"
    also = f", nor the folder {other!r} of {DATA_VARIABLE}" if other else ""
    message = (
        f"there is no folder {wanted!r}{seen}{also}; the tables are not part of oncsim (point to yours with "
        f"--set market.folder=PATH, or name their folder in the environment variable {DATA_VARIABLE})"
    )
    faults.add("", 0, 0, "market.folder", message)
    return None


def find_table(folder: Path, wanted: str, where: str, faults: Faults) -> Path | None:
    """Return the path of a table, or say which file comes near its name."""
    path = folder / wanted
    if path.is_file():
        return path
    if path.is_dir():
        faults.add(shown_path(path), 0, 0, where, "is a folder, not a table (name a CSV file)")
        return None
    place = path.parent
    names = sorted(p.name for p in place.iterdir()) if place.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    near = f"; did you mean {(Path(wanted).parent / close[0]).as_posix()!r}?" if close else ""
    faults.add(shown_path(path), 0, 0, where, f"there is no such file (a CSV file, which may be gzipped{near})")
    return None


def read_rows(path: Path, faults: Faults) -> RawTable | None:
    """Read a CSV file, gzipped or not, or say why it is none."""
    file = shown_path(path)
    decoded = _decoded(path, file, faults)
    if decoded is None:
        return None
    text, notes = decoded
    records = _records(text, file, faults)
    if records is None:
        return None
    if not records:
        faults.add(file, 1, 1, "", "is empty (the first line names the columns)")
        return None
    (line, header), *body = records
    if not _is_header(header, line, file, faults):
        return None
    for at, row in body:
        if len(row) != len(header):
            message = f"has {_values(len(row))}, but the header names {len(header)} columns"
            faults.add(file, at, min(len(row), len(header)) + 1, "row", message)
    if not body:
        faults.add(file, line + 1, 1, "", "has a header but no rows")
    if faults.in_file(file):
        return None
    return RawTable(file, [name.strip() for name in header], [row for _, row in body], [at for at, _ in body], notes)


def _decoded(path: Path, file: str, faults: Faults) -> tuple[str, tuple[str, ...]] | None:
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        packed = isinstance(error, EOFError | zlib.error | gzip.BadGzipFile)
        reason = (
            "is a damaged gzip file (pack it again)"
            if packed
            else f"cannot be read ({getattr(error, 'strerror', None) or error})"
        )
        faults.add(file, 0, 0, "", reason)
        return None
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            faults.add(file, 0, 0, "", f"is not a CSV file but {kind}")
            return None
    if b"\x00" in content[:65536]:
        faults.add(file, 0, 0, "", "is not a CSV file: it holds bytes that are not text (save it as CSV in UTF-8)")
        return None
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        note = f"{Path(file).name} is not in UTF-8 and was read as Latin-1: look at names with accents."
        return content.decode("latin-1"), (note,)


def _records(text: str, file: str, faults: Faults) -> list[tuple[int, list[str]]] | None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            if any(value.strip() for value in row):
                records.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        reason = "a quotation mark that opens here never closes" if "unexpected end" in str(error) else str(error)
        faults.add(file, start, 1, "row", f"is not CSV: {reason}")
        return None
    return records


def _is_header(header: list[str], line: int, file: str, faults: Faults) -> bool:
    if len(header) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in header[0]:
                faults.add(file, line, 1, "header", f"columns are separated by {name} (a CSV file has commas)")
                return False
    seen: dict[str, int] = {}
    for at, name in enumerate(header, start=1):
        key = plain_name(name)
        if key in seen and key:
            faults.add(file, line, at, name.strip(), f"the column is there twice (also column {seen[key]})")
        seen.setdefault(key, at)
    return not faults.in_file(file)


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def plain_name(name: str) -> str:
    """Return a column name as it is compared: lower case, with underscores."""
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
