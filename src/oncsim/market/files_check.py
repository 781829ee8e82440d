"""One table of the user's on its own: which table it is, which columns are used, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.market.files_columns import TABLES
from oncsim.market.files_faults import Faults
from oncsim.market.files_geo import check_states, swapped_at_sight
from oncsim.market.files_hospitals import check_unique
from oncsim.market.files_parse import parse_table
from oncsim.market.files_read import RawTable, find_table, plain_name, read_rows

_KEYS = {"zones": "zone", "hospitals": "hospital", "practices": "site", "centers": "org"}


@dataclass(frozen=True)
class TableReport:
    """A table without faults.

    Attributes
    ----------
    table : str
        ``zones``, ``hospitals``, ``practices``, ``centers`` or ``ties``.
    rows : int
        How many rows.
    used : tuple of (str, str)
        Columns that are used: as written (and as oncsim calls them), and what they mean.
    unused : tuple of str
        Columns that are not.
    notes : tuple of str
        What the reader assumed.
    """

    table: str
    rows: int
    used: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...]


def check_table(path: Path, what: str | None = None) -> TableReport:
    """Check one table on its own; references to other tables are not followed.

    Parameters
    ----------
    path : Path
        A CSV file.
    what : str, optional
        Which table it is; told by its columns if not given.

    Raises
    ------
    InputError
        With every fault of the table.
    """
    if what is not None and what not in TABLES:
        allowed = f"{', '.join(TABLES)}{did_you_mean(what, TABLES)}"
        raise InputError([Fault("--as", 0, 0, "", f"{what!r} is not a table ({allowed})")])
    faults = Faults()
    found = find_table(path.parent, path.name, "", faults)
    raw = read_rows(found, faults) if found is not None else None
    faults.raise_if_any()
    assert raw is not None  # else there is a fault
    what = what or likely_table(raw)
    columns = TABLES[what]
    table = parse_table(what, raw, columns, faults)
    if what in _KEYS:
        check_unique(table, _KEYS[what], faults)
    if what != "ties":
        check_states(table, faults)
        swapped_at_sight(table, faults)
    faults.raise_if_any()
    used = []
    for name, written in table.written.items():
        called = written if written == name else f"{written} (= {name})"
        used.append((called, columns[name].meaning))
    known = {plain_name(written) for written in table.written.values()}
    unused = tuple(name for name in raw.header if name and plain_name(name) not in known)
    return TableReport(what, len(table), tuple(used), unused, tuple(table.notes))


def likely_table(raw: RawTable) -> str:
    """Return which table a header fits best.

    Raises
    ------
    InputError
        When it fits none.
    """
    header = {plain_name(name) for name in raw.header}
    # A name by which only one table knows a column says more than one that all tables have.
    owners: dict[str, set[str]] = {}
    for what, columns in TABLES.items():
        for name, column in columns.items():
            for word in (name, *column.aliases):
                owners.setdefault(word, set()).add(what)
    score = {what: sum(1 / len(owners[w]) for w in header if what in owners.get(w, ())) for what in TABLES}
    best = max(score, key=lambda what: score[what])
    if score[best] < 1.0:
        message = f"the columns fit no table ({', '.join(TABLES)}; say which with --as TABLE)"
        raise InputError([Fault(raw.file, 1, 1, "header", message)])
    return best
