"""Quarters of the calendar: the time step of the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_PATTERN = re.compile(r"^([0-9]{4})Q([1-4])$")


@dataclass(frozen=True, order=True)
class Quarter:
    """One calendar quarter, written ``2026Q1``; the text sorts as the time does."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read ``2026Q1``.

        Raises
        ------
        ValueError
            When the text is not four digits, ``Q`` and a number from 1 to 4.
        """
        match = _PATTERN.match(str(text).strip())
        if match is None:
            raise ValueError(f"{text!r} is not a quarter (write for example 2026Q1)")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def from_index(cls, index: int) -> Quarter:
        """Return the quarter whose :attr:`index` this is."""
        return cls(index // 4, index % 4 + 1)

    @property
    def index(self) -> int:
        """Number of quarters since the start of year 0; differences are elapsed quarters."""
        return self.year * 4 + self.number - 1

    def __add__(self, quarters: int) -> Quarter:
        return Quarter.from_index(self.index + quarters)

    def __sub__(self, other: Quarter) -> int:
        return self.index - other.index

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"


def quarterly_chance(yearly: Any) -> Any:
    """Return the chance in a quarter of what has this chance in a year (a number or an array)."""
    return 1.0 - (1.0 - yearly) ** 0.25


def quarters_between(start: Quarter, end: Quarter) -> list[Quarter]:
    """Return every quarter from ``start`` to ``end``, both included."""
    return [Quarter.from_index(i) for i in range(start.index, end.index + 1)]
