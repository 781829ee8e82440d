"""Write tables as Parquet or CSV, piece by piece, so that no table need fit in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.results.arrow import Table, arrow
from oncsim.results.forms import FORMS
from oncsim.results.shaping import arrow_type, shape

if TYPE_CHECKING:
    import pandas as pd

_ROWS_PER_GROUP = 1 << 19


class TableWriter:
    """Writes one table in pieces; a context manager.

    Parameters
    ----------
    path : Path
        Where to write; the suffix, ``.parquet`` or ``.csv``, says how.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: Any = None

    def write(self, table: Table) -> None:
        """Append the rows of a table; the first table fixes the columns."""
        if self._writer is None:
            self._writer = self._open(table.schema)
        if self.path.suffix == ".csv":
            self._writer.write_table(table)
        else:
            self._writer.write_table(table, row_group_size=_ROWS_PER_GROUP)

    @property
    def begun(self) -> bool:
        """Whether anything was written."""
        return self._writer is not None

    def _open(self, schema: Any) -> Any:
        if self.path.suffix == ".csv":
            return arrow().csv.CSVWriter(str(self.path), schema)
        words = [field.name for field in schema if field.type == arrow().string()]
        return arrow().parquet.ParquetWriter(str(self.path), schema, compression="zstd", use_dictionary=words or False)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FlowSink:
    """Takes the flows of one quarter at a time and writes them; give it to the model as ``flow_sink``.

    Parameters
    ----------
    path : Path
        The Parquet file to write.
    """

    def __init__(self, path: Path) -> None:
        self._writer = TableWriter(path)

    def __call__(self, frame: pd.DataFrame) -> None:
        """Write the flows of one quarter."""
        self._writer.write(shape("flows", frame))

    def close(self) -> None:
        """Finish the file, which exists even when no quarter had flows."""
        if not self._writer.begun:
            self._writer.write(empty("flows"))
        self._writer.close()


def empty(name: str) -> Table:
    """Return a table of the form without rows."""
    pa = arrow()
    columns = FORMS[name].columns.items()
    return pa.table({column: pa.array([], type=arrow_type(kind)) for column, (kind, _) in columns})


def write_table(name: str, frame: pd.DataFrame, path: Path) -> None:
    """Write one table of one replicate in its stored form."""
    with TableWriter(path) as writer:
        writer.write(shape(name, frame))


def write_plain(frame: pd.DataFrame, path: Path) -> None:
    """Write a table that has no form of its own, rows and columns as they are."""
    with TableWriter(path) as writer:
        writer.write(arrow().Table.from_pandas(frame, preserve_index=False).replace_schema_metadata())


def join(name: str, parts: list[tuple[int, Path]], path: Path) -> int:
    """Join the tables of the replicates, in the order given, into one; return the number of rows.

    Parameters
    ----------
    name : str
        Name of the table.
    parts : list of (int, Path)
        Replicate and its Parquet file.
    path : Path
        File to write, ``.parquet`` or ``.csv``.
    """
    pa, rows = arrow(), 0
    with TableWriter(path) as writer:
        for replicate, part in parts if FORMS[name].per_replicate else parts[:1]:
            with pa.parquet.ParquetFile(str(part)) as file:
                # A file without rows has no row group; its columns are still wanted.
                groups = range(file.num_row_groups)
                pieces = (file.read_row_group(g) for g in groups) if groups else iter([file.read()])
                for piece in pieces:
                    rows += piece.num_rows
                    if FORMS[name].per_replicate:
                        number = pa.array(np.full(piece.num_rows, replicate, dtype=np.int64))
                        piece = piece.add_column(0, "replicate", number)
                    writer.write(piece)
    return rows
