"""pyarrow, imported when it is first used: it takes a quarter of a second and has no type hints."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any, TypeAlias

# A pyarrow.Table, a pyarrow.ChunkedArray and a pyarrow.DataType, for those who read the signatures.
Table: TypeAlias = Any
Column: TypeAlias = Any
DataType: TypeAlias = Any


@lru_cache(maxsize=1)
def arrow() -> Any:
    """Return the package with its ``compute``, ``csv`` and ``parquet`` parts."""
    for part in ("compute", "csv", "parquet"):
        importlib.import_module(f"pyarrow.{part}")
    return importlib.import_module("pyarrow")
