"""Faults of the user's tables, gathered while they are read and raised together."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable

from oncsim.errors import Fault, InputError

MOST_SHOWN = 20  # of one file: more is rarely read, and one cause often spoils a whole column


class Faults:
    """What is wrong with a set of tables so far."""

    def __init__(self) -> None:
        self._by_file: dict[str, list[Fault]] = defaultdict(list)

    def add(self, file: str, line: int, column: int, where: str, message: str) -> None:
        """Remember one fault; see :class:`oncsim.errors.Fault`."""
        self._by_file[file].append(Fault(file, line, column, where, message))

    def in_file(self, file: str) -> bool:
        """Say whether a file has faults."""
        return bool(self._by_file.get(file))

    def raise_if_any(self, besides: str | None = None) -> None:
        """Raise what was gathered, unless all of it is in one file that is yet to be looked at more closely.

        Raises
        ------
        InputError
            With at most twenty faults a file, and a count of the others at the place of the first of them.
        """
        if any(faults for file, faults in self._by_file.items() if file != besides):
            raise InputError(fault for file in sorted(self._by_file) for fault in self._shown(file))

    def _shown(self, file: str) -> list[Fault]:
        faults = sorted(self._by_file[file])
        if len(faults) <= MOST_SHOWN:
            return faults
        first, hidden = faults[MOST_SHOWN], len(faults) - MOST_SHOWN
        return [
            *faults[:MOST_SHOWN],
            Fault(file, first.line, first.column, "", f"... and {hidden} more from here on"),
        ]


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known word, whatever its capitals, or nothing."""
    by_small = {str(name).lower(): str(name) for name in sorted(known, key=str)}
    close = difflib.get_close_matches(word.lower(), list(by_small), n=1, cutoff=0.6)
    return f"; did you mean {by_small[close[0]]!r}?" if close else ""
