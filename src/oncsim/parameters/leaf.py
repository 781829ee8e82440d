"""One parameter of the registry: its meaning, limits, dated values and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oncsim.calendar import Quarter
from oncsim.errors import did_you_mean
from oncsim.parameters.axes import AXES, Element, elements
from oncsim.parameters.distribution import Distribution
from oncsim.parameters.scalars import flag_hint, found, number_hint

KINDS = ("law", "economy", "behaviour")
TYPES = ("number", "integer", "flag", "choice")
BASES = ("data", "estimate", "judgement", "calibrated")

# The section of a scenario that changes each kind of parameter.
SECTION = {"law": "policy", "economy": "economy", "behaviour": "behaviour"}

Single = float | int | bool | str


@dataclass(frozen=True, slots=True)
class Limits:
    """A closed range; None is open."""

    low: float | None = None
    high: float | None = None

    def hold(self, value: float) -> bool:
        """Say whether the value lies inside."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def clip(self, value: float) -> float:
        """Return the nearest value inside."""
        if self.low is not None and value < self.low:
            return self.low
        return self.high if self.high is not None and value > self.high else value

    def __str__(self) -> str:
        if self.low is None:
            return "any number" if self.high is None else f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from: ids in the bibliography, or a note; neither means judgement."""

    cites: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        said = ", ".join(self.cites) or "judgement"
        return f"{said} ({self.note})" if self.note else said


@dataclass(frozen=True, slots=True)
class Dated:
    """A value that holds from a quarter until the next one; ``start`` None is always."""

    start: Quarter | None
    value: Any
    citation: Citation
    line: int


@dataclass(frozen=True)
class Leaf:
    """One parameter.

    Parameters
    ----------
    name : str
        Dotted name; the first part is the registry file.
    title, description, unit : str
        What it is, for people.
    kind : str
        ``law``, ``economy`` or ``behaviour``; says which section of a scenario may change it.
    type : str
        ``number``, ``integer``, ``flag`` or ``choice`` (of ``choices``).
    axes : tuple of str
        None, one or two axes of :data:`oncsim.parameters.axes.AXES`.
    limits, usual : Limits
        Outside ``limits`` is an error; outside ``usual`` is a warning.
    basis : str
        ``data``, ``estimate``, ``judgement`` or ``calibrated``.
    history : tuple of Dated
        Dated values, ascending.
    drift : str or None
        Another leaf: the annual growth rate after the last dated value.
    distribution : Distribution or None
        For ``--uncertainty``.
    file, line : str, int
        Where it is written.
    """

    name: str
    title: str
    description: str
    unit: str
    kind: str
    type: str
    choices: tuple[str, ...]
    axes: tuple[str, ...]
    limits: Limits
    usual: Limits
    basis: str
    history: tuple[Dated, ...]
    drift: str | None
    distribution: Distribution | None
    file: str
    line: int

    @property
    def elements(self) -> tuple[Element, ...]:
        """Every combination of codes along the axes; one empty element where there are none."""
        return elements(self.axes)

    @property
    def numeric(self) -> bool:
        """Whether values are numbers."""
        return self.type in ("number", "integer")

    def check(self, value: object) -> tuple[Single | None, str]:
        """Return one value in the type of this parameter, or None and what is wrong with it."""
        if self.type == "flag":
            if isinstance(value, bool):
                return value, ""
            return None, f"found {found(value)} (expected true or false{flag_hint(value)})"
        if self.type == "choice":
            return self._check_choice(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None, f"found {found(value)} (expected a number{number_hint(value)})"
        if self.type == "integer" and value != int(value):
            return None, f"found {found(value)} (expected a whole number)"
        if not self.limits.hold(value):
            return None, f"{value:g} is outside the limits of {self.name} ({self.limits}, {self.unit})"
        return (int(value) if self.type == "integer" else float(value)), ""

    def _check_choice(self, value: object) -> tuple[Single | None, str]:
        if isinstance(value, str) and value in self.choices:
            return value, ""
        near = did_you_mean(value, self.choices) if isinstance(value, str) else ""
        return None, f"found {found(value)} (expected one of {', '.join(self.choices)}{near})"

    def element_name(self, element: Element) -> str:
        """Return the name with the codes of the element behind it."""
        return ".".join((self.name, *element))


def spread(leaf: Leaf, value: object) -> tuple[dict[Element, Single], list[tuple[tuple[str, ...], str]]]:
    """Lay a value out by element: one value stands for all codes, a mapping for the codes it names.

    Returns
    -------
    dict, list
        Checked values by element; problems as (keys below the value, message).
    """
    flat: dict[Element, Single] = {}
    problems: list[tuple[tuple[str, ...], str]] = []
    _spread(leaf, value, (), (), flat, problems)
    return flat, problems


def _spread(
    leaf: Leaf,
    value: object,
    at: Element,
    keys: tuple[str, ...],
    flat: dict[Element, Single],
    problems: list[tuple[tuple[str, ...], str]],
) -> None:
    depth = len(at)
    if depth == len(leaf.axes):
        checked, wrong = leaf.check(value)
        if checked is None:
            problems.append((keys, wrong))
        else:
            flat[at] = checked
    elif isinstance(value, dict):
        axis = leaf.axes[depth]
        for code, below in value.items():
            if code in AXES[axis]:
                _spread(leaf, below, (*at, code), (*keys, code), flat, problems)
            else:
                near = did_you_mean(code, AXES[axis])
                problems.append(((*keys, code), f"no such {axis} code (one of {', '.join(AXES[axis])}{near})"))
    else:
        checked, wrong = leaf.check(value)
        if checked is None:
            problems.append((keys, wrong))
        else:
            flat.update({element: checked for element in leaf.elements if element[:depth] == at})
