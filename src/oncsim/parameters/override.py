"""What a scenario changes of one parameter: a value for a window of quarters, or a ramp."""

from __future__ import annotations

from dataclasses import dataclass

from oncsim.calendar import Quarter
from oncsim.errors import Fault
from oncsim.parameters.axes import Element
from oncsim.parameters.distribution import Distribution
from oncsim.parameters.leaf import Citation, Single

Scope = tuple[tuple[str, tuple[str, ...]], ...]  # dimensions of places and the codes that match; () is everywhere

RESTORE = "restore"
HOLD = "hold"


@dataclass(frozen=True)
class Override:
    """One change to one element of one parameter.

    Parameters
    ----------
    leaf : str
        Name of the parameter.
    element : tuple of str
        One code per axis of the parameter.
    value : number, flag or word
        The value, or where a ramp ends.
    section : str
        ``policy``, ``economy`` or ``behaviour``.
    start, until : Quarter or None
        First and last quarter in force; None is open.
    then : str
        After ``until``: ``restore`` gives back what the registry says, ``hold`` keeps the value until the
        next change that the registry has scheduled.
    ramp : int
        Quarters over which the value moves linearly; 0 is at once.
    scope : tuple of (str, tuple of str)
        Where it holds: dimensions of places and their codes, all of which must match; empty is everywhere.
    announced : Quarter or None
        From when agents know of it; None is from the start.
    distribution : Distribution or None
        For ``--uncertainty``.
    citation : Citation or None
        Where it comes from.
    file, line, column, where : str, int, int, str
        Where it is written.
    """

    leaf: str
    element: Element
    value: Single
    section: str
    start: Quarter | None = None
    until: Quarter | None = None
    then: str = ""
    ramp: int = 0
    distribution: Distribution | None = None
    citation: Citation | None = None
    file: str = ""
    line: int = 0
    column: int = 0
    where: str = ""
    scope: Scope = ()
    announced: Quarter | None = None

    def fault(self, message: str) -> Fault:
        """Return a fault that points to where this is written."""
        return Fault(self.file, self.line, self.column, self.where, message)

    @property
    def path(self) -> str:
        """Name of the parameter with the codes of the element."""
        return ".".join((self.leaf, *self.element))

    @property
    def label(self) -> str:
        """The path and, where it does not hold everywhere, its scope."""
        return f"{self.path}{scope_label(self.scope)}"

    @property
    def ramp_end(self) -> Quarter | None:
        """The quarter in which a ramp is complete."""
        return self.start + (self.ramp - 1) if self.ramp and self.start else None

    def begun(self, quarter: Quarter) -> bool:
        """Say whether the window has begun."""
        return self.start is None or self.start <= quarter

    def over(self, quarter: Quarter) -> bool:
        """Say whether the window has ended."""
        return self.until is not None and quarter > self.until

    def overlaps(self, other: Override) -> bool:
        """Say whether both are in force in some quarter at some place, one not being the exception to the other."""
        apart = (self.until is not None and other.start is not None and other.start > self.until) or (
            other.until is not None and self.start is not None and self.start > other.until
        )
        same = self.leaf == other.leaf and self.element == other.element
        return same and not apart and meet(self.scope, other.scope)

    def step(self, quarter: Quarter) -> int:
        """Return the step of the ramp in a quarter, from 1 to the number of steps."""
        if self.start is None:
            return self.ramp
        return min(quarter - self.start + 1, self.ramp)

    def in_force(self, quarter: Quarter, before: Single) -> Single:
        """Return the value in a quarter of the window; ``before`` held in the quarter before it began."""
        if not self.ramp:
            return self.value
        step = self.step(quarter)
        if step >= self.ramp:
            return self.value
        return float(before) + (float(self.value) - float(before)) * step / self.ramp


def scope_label(scope: Scope) -> str:
    """Write a scope behind a name: `` [state: TN, KY; rural: rural]``; nothing for everywhere."""
    said = "; ".join(f"{dimension}: {', '.join(codes)}" for dimension, codes in scope)
    return f" [{said}]" if said else ""


def meet(one: Scope, other: Scope) -> bool:
    """Say whether two changes compete: both hold everywhere, or both are limited and no dimension parts them.

    A limited change goes before one that holds everywhere, so those two do not compete.
    """
    if bool(one) != bool(other):
        return False
    theirs = dict(other)
    return all(not set(codes).isdisjoint(theirs.get(dimension, codes)) for dimension, codes in one)


def inside(scope: Scope, wider: Scope) -> bool:
    """Say whether every place of a scope lies in another one."""
    mine = dict(scope)
    return all(dimension in mine and set(mine[dimension]) <= set(codes) for dimension, codes in wider)
