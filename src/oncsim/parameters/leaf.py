"""One parameter of the registry: its meaning, limits, dated values and sources."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from oncsim.calendar import Quarter
from oncsim.errors import did_you_mean
from oncsim.parameters.axes import AXES, Element, elements, nest, pick
from oncsim.parameters.distribution import Distribution
from oncsim.parameters.scalars import flag_hint, found, number_hint

KINDS = ("law", "economy", "behaviour")
TYPES = ("number", "integer", "flag", "choice")
BASES = ("data", "estimate", "judgement", "calibrated")

# The section of a scenario that changes each kind of parameter.
SECTION = {"law": "policy", "economy": "economy", "behaviour": "behaviour"}

# Dimensions of places along which a policy may be limited, in the order in which a scope is written.
WHERE = ("setting", "hospital_class", "state", "rural")

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
    """A value that holds from a quarter until the next one; ``start`` None is always.

    Parameters
    ----------
    start : Quarter or None
        First quarter.
    value : number, flag, word or nested dictionary
        Values of all elements; those that this entry does not set are the ones of the entry before.
    citation : Citation
        Where it comes from.
    line : int
        Where it is written.
    announced : Quarter or None
        From when agents know of it; None is always.
    given : frozenset of tuples of str, or None
        Elements that this entry sets; None is all of them.
    """

    start: Quarter | None
    value: Any
    citation: Citation
    line: int
    announced: Quarter | None = None
    given: frozenset[Element] | None = None

    def sets(self, element: Element) -> bool:
        """Say whether this entry gives the element a value (rather than keeping the one before)."""
        return self.given is None or element in self.given


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
    index : str or None
        Another leaf: a dated value is carried to every other quarter in proportion to it.
    where : tuple of str
        Dimensions of :data:`WHERE`, beyond the axes, along which a policy may limit the parameter.
    service : str
        The priced service it is about, one of ``codes.SERVICES``; empty for none.
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
    index: str | None = None
    where: tuple[str, ...] = ()
    service: str = ""

    @property
    def elements(self) -> tuple[Element, ...]:
        """Every combination of codes along the axes; one empty element where there are none."""
        return elements(self.axes)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Index of the quarter from which each dated value holds; a value without a date always did."""
        return tuple(dated.start.index if dated.start is not None else 0 for dated in self.history)

    @property
    def numeric(self) -> bool:
        """Whether values are numbers."""
        return self.type in ("number", "integer")

    @property
    def moves(self) -> bool:
        """Whether the value changes with time by itself: by date, drift or index."""
        return len(self.history) > 1 or self.drift is not None or self.index is not None

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

    def typed(self, number: float) -> Single:
        """Return a number as a value of this parameter: a flag, a whole number or the number itself."""
        if self.type == "flag":
            return number != 0
        return round(number) if self.type == "integer" else number

    def element_name(self, element: Element) -> str:
        """Return the name with the codes of the element behind it."""
        return ".".join((self.name, *element))


def flat(leaf: Leaf, dated: Dated) -> dict[Element, Single]:
    """Return the value of a dated entry by element."""
    return {element: pick(dated.value, element) for element in leaf.elements}


def in_force(leaf: Leaf, quarter: Quarter) -> Dated:
    """Return the dated value of the registry that holds in a quarter (the first one, before it)."""
    if len(leaf.history) == 1:
        return leaf.history[0]
    return leaf.history[max(0, bisect_right(leaf.starts, quarter.index) - 1)]


def next_change(leaf: Leaf, element: Element, after: Quarter, by: Quarter) -> Dated | None:
    """Return the first dated value of the registry for an element after a quarter and not later than another."""
    return next((d for d in leaf.history if d.start is not None and after < d.start <= by and d.sets(element)), None)


def setter(leaf: Leaf, element: Element, dated: Dated) -> Dated:
    """Return the entry that gave an element the value it has in a dated entry: itself, or an earlier one."""
    at = leaf.history.index(dated)
    return next((d for d in reversed(leaf.history[: at + 1]) if d.sets(element)), leaf.history[0])


def known_history(leaf: Leaf, dropped: frozenset[int]) -> tuple[Dated, ...]:
    """Return the history without some entries (by their number), what kept their values completed anew."""
    result: list[Dated] = []
    for i, dated in enumerate(leaf.history):
        if i in dropped:
            continue
        if dated.given is not None:
            given = {element: pick(dated.value, element) for element in dated.given}
            value = nest(leaf.axes, {**flat(leaf, result[-1]), **given})
            dated = replace(dated, value=value)
        result.append(dated)
    return tuple(result)


def spread(leaf: Leaf, value: object) -> tuple[dict[Element, Single], list[tuple[tuple[str, ...], str]]]:
    """Lay a value out by element: one value stands for all codes, a mapping for the codes it names.

    Returns
    -------
    dict, list
        Checked values by element; problems as (keys below the value, message).
    """
    by_element: dict[Element, Single] = {}
    problems: list[tuple[tuple[str, ...], str]] = []
    _spread(leaf, value, (), (), by_element, problems)
    return by_element, problems


def _spread(
    leaf: Leaf,
    value: object,
    at: Element,
    keys: tuple[str, ...],
    by_element: dict[Element, Single],
    problems: list[tuple[tuple[str, ...], str]],
) -> None:
    depth = len(at)
    if depth == len(leaf.axes):
        checked, wrong = leaf.check(value)
        if checked is None:
            problems.append((keys, wrong))
        else:
            by_element[at] = checked
    elif isinstance(value, dict):
        axis = leaf.axes[depth]
        if not value:
            problems.append((keys, "is empty (give one value, or a mapping of codes to values)"))
        for code, below in value.items():
            if code in AXES[axis]:
                _spread(leaf, below, (*at, code), (*keys, code), by_element, problems)
            else:
                near = did_you_mean(code, AXES[axis])
                problems.append(((*keys, code), f"no such {axis} code (one of {', '.join(AXES[axis])}{near})"))
    else:
        checked, wrong = leaf.check(value)
        if checked is None:
            problems.append((keys, wrong))
        else:
            by_element.update({element: checked for element in leaf.elements if element[:depth] == at})
