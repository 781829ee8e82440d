"""A table of named numpy columns that can grow: places, people and ties are rows, not objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np


class Columns:
    """Base of the state tables.

    Subclasses list their columns in ``COLUMNS``: name -> (dtype, default for a new row). Columns are plain attributes
    holding arrays of equal length; ``lines`` style matrices give a tuple ``(dtype, default, width)``.
    """

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {}
    _first: ClassVar[str]  # the column that tells how many rows there are

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._first = next(iter(cls.COLUMNS))

    def __init__(self, size: int = 0, **values: Any) -> None:
        for name, spec in self.COLUMNS.items():
            given = values.pop(name, None)
            setattr(self, name, self._column(spec, size) if given is None else self._typed(spec, given, size))
        if values:
            raise TypeError(f"{type(self).__name__} has no columns {sorted(values)}")

    @staticmethod
    def _column(spec: tuple[Any, ...], size: int) -> np.ndarray[Any, Any]:
        shape: tuple[int, ...] = (size,) if len(spec) == 2 else (size, spec[2])
        return np.full(shape, spec[1], dtype=spec[0])

    @staticmethod
    def _typed(spec: tuple[Any, ...], given: Any, size: int) -> np.ndarray[Any, Any]:
        array = np.array(given, dtype=spec[0])
        if len(array) != size:
            raise ValueError(f"a column of {len(array)} rows in a table of {size}")
        return array

    def __len__(self) -> int:
        return len(getattr(self, self._first))

    def append(self, rows: int = 1, **values: Any) -> int:
        """Add rows with the given values (scalars or arrays), defaults elsewhere; return the first new row."""
        unknown = set(values) - set(self.COLUMNS)
        if unknown:
            raise TypeError(f"{type(self).__name__} has no columns {sorted(unknown)}")
        first = len(self)
        for name, spec in self.COLUMNS.items():
            old = getattr(self, name)
            grown = np.empty((first + rows, *old.shape[1:]), dtype=spec[0])
            grown[:first] = old
            grown[first:] = values.get(name, spec[1])
            setattr(self, name, grown)
        return first

    def keep(self, mask: np.ndarray[Any, Any]) -> None:
        """Drop the rows where ``mask`` is False."""
        for name in self.COLUMNS:
            setattr(self, name, getattr(self, name)[mask])

    def snapshot(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """Return a copy of every column, for tests that compare before and after."""
        return {name: getattr(self, name).copy() for name in self.COLUMNS}
