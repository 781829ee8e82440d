"""What is measured and what is uncertain: names, titles, units, directions and ranges."""

from __future__ import annotations

from dataclasses import dataclass

from oncsim.errors import InputError

LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True)
class Output:
    """One number that every run gives.

    Parameters
    ----------
    name : str
        Its column in ``runs``.
    title : str
        What people call it; the name if empty.
    unit : str
        Unit of the number, for example ``dollars per standard patient``.
    better : str
        ``"lower"``, ``"higher"``, or ``""`` where neither is better.

    Raises
    ------
    InputError
        When ``better`` is something else.
    """

    name: str
    title: str = ""
    unit: str = ""
    better: str = ""

    def __post_init__(self) -> None:
        if self.better not in (LOWER, HIGHER, ""):
            raise InputError(f"output {self.name}: better is {self.better!r} (lower, higher or empty)")

    @property
    def label(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where neither."""
        return {HIGHER: 1, LOWER: -1}.get(self.better, 0)


@dataclass(frozen=True)
class Factor:
    """One uncertainty and the range it was sampled from.

    Parameters
    ----------
    name : str
        Its column in ``samples``: the dotted name of the parameter.
    title : str
        What people call it; the name if empty.
    low, high : float
        Ends of the range.
    unit : str
        Unit of the values.

    Raises
    ------
    InputError
        When the range is empty.
    """

    name: str
    title: str = ""
    low: float = 0.0
    high: float = 1.0
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(f"uncertainty {self.name}: the range {self.low:g} to {self.high:g} is empty")

    @property
    def label(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name
