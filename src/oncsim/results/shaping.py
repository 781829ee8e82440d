"""Bring a table of the model into the form that is stored: columns, types and order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.results.arrow import Column, DataType, Table, arrow
from oncsim.results.forms import FLAG, FORMS, NUMBER, TEXT

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def arrow_type(kind: str) -> DataType:
    """Return the stored type of a ``text``, ``number`` or ``flag`` column."""
    pa = arrow()
    return {TEXT: pa.string(), NUMBER: pa.float64(), FLAG: pa.bool_()}[kind]


def shape(name: str, frame: pd.DataFrame) -> Table:
    """Return a table of the model in its stored form.

    Columns of the form come first and in order; others that the model adds follow. Missing text is stored
    as empty text. The rows are sorted by the order of the form, so a table does not depend on how it was
    put together.

    Raises
    ------
    KeyError
        When a column of the form is missing.
    """
    pa = arrow()
    form = FORMS[name]
    missing = [column for column in form.columns if column not in frame.columns]
    if missing:
        raise KeyError(f"table {name}: missing columns {', '.join(missing)}")
    extra = [str(column) for column in frame.columns if column not in form.columns]
    raw = pa.Table.from_pandas(frame[[*form.columns, *extra]], preserve_index=False).replace_schema_metadata()
    columns = {column: _store(raw[column], form.columns.get(column, ("", ""))[0]) for column in raw.column_names}
    table = pa.table(columns)
    return table.take(_order(table, form.order)) if table.num_rows else table


def _store(column: Column, kind: str) -> Column:
    pa = arrow()
    target = arrow_type(kind) if kind else _natural(column.type)
    if target == pa.string():
        # Missing text and empty text mean the same here; only one of them is stored.
        return pa.compute.fill_null(column.cast(pa.string()), "")
    return column.cast(target)


def _natural(given: DataType) -> DataType:
    pa = arrow()
    if pa.types.is_floating(given) or pa.types.is_integer(given):
        return pa.float64()
    return pa.bool_() if pa.types.is_boolean(given) else pa.string()


def _order(table: Table, keys: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the stable order of the rows by the keys, first key first."""
    return np.lexsort([_ranks(table[key]) for key in reversed(keys)])


def _ranks(column: Column) -> NDArray[np.int64]:
    # Sorting the few distinct words and then whole numbers is much faster than sorting long columns of text.
    coded = column.combine_chunks().dictionary_encode()
    words = np.array(coded.dictionary.to_pylist(), dtype=object)
    rank = np.empty(len(words), dtype=np.int64)
    rank[np.argsort(words, kind="stable")] = np.arange(len(words))
    found: NDArray[np.int64] = rank[coded.indices.to_numpy(zero_copy_only=False)]
    return found
