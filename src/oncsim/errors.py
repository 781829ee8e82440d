"""What can be wrong, said so that a person can act on it.

Every problem with an input is a :class:`Fault`: where it is, what is wrong, and what would be right. Readers
collect all the faults of an input and raise them together as one :class:`InputError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One problem in one input.

    Parameters
    ----------
    file : str
        The file (or ``--set``, ``command line``) that holds the problem.
    line, column : int
        One-based position; 0 where the input has none.
    where : str
        Dotted place inside the input, for example ``policy[2].from`` or ``row 14, column lat``.
    message : str
        What is wrong, what is allowed and, where there is one, the near miss.
    """

    file: str
    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class OncsimError(Exception):
    """Base of every error that oncsim raises on purpose."""


class InputError(OncsimError):
    """The input is wrong: nothing was run and nothing was written (exit status 2)."""

    def __init__(self, faults: Iterable[Fault] | str) -> None:
        if isinstance(faults, str):
            faults = [Fault("", 0, 0, "", faults)]
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        super().__init__("\n".join(str(f).removeprefix(": ") for f in self.faults))


class RunError(OncsimError):
    """The input was right but the run could not finish (exit status 1)."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known word, capitals aside, or an empty string."""
    plain = {one.casefold(): one for one in sorted(known, reverse=True)}
    close = difflib.get_close_matches(word.casefold(), sorted(plain), n=1, cutoff=0.6)
    return f"; did you mean {plain[close[0]]!r}?" if close else ""
