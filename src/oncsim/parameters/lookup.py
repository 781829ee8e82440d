"""Looking values up: the registry, what a scenario changes of it, and the value of a quarter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import Quarter
from oncsim.parameters.axes import AXES, Element, nest, pick
from oncsim.parameters.leaf import Dated, Leaf, in_force, next_change, setter
from oncsim.parameters.override import RESTORE, Override, Scope, inside
from oncsim.parameters.places import with_exceptions
from oncsim.parameters.registry import Registry
from oncsim.parameters.surprises import Surprises
from oncsim.parameters.values import Values

if TYPE_CHECKING:
    from oncsim.parameters.explain import Explained
    from oncsim.randomness import Luck


@dataclass(frozen=True)
class Drawn:
    """What a draw does to a parameter: ``amount`` replaces the value, or multiplies it."""

    amount: float
    factor: bool


class Parameters:
    """The registry as a scenario has it; the content never changes, :attr:`reads` remembers what was read.

    Parameters
    ----------
    registry : Registry
        The parameters and their dated values.
    overrides : iterable of Override
        What the scenario changes; windows of the same element must not overlap.
    drawn : mapping, optional
        Draws of :meth:`draw` by name of the parameter.
    """

    def __init__(
        self,
        registry: Registry,
        overrides: Iterable[Override] = (),
        drawn: Mapping[str, Drawn] | None = None,
    ) -> None:
        self.registry = registry
        self.overrides = tuple(overrides)
        self.drawn = dict(drawn or {})
        self.reads: set[str] = set()
        self._by_leaf: dict[str, dict[Element, list[Override]]] = {}
        self._limited: dict[str, list[Override]] = {}
        for override in sorted(self.overrides, key=lambda o: o.start.index if o.start else -1):
            if override.scope:
                self._limited.setdefault(override.leaf, []).append(override)
            else:
                self._by_leaf.setdefault(override.leaf, {}).setdefault(override.element, []).append(override)
        # Only a faster way to the same answer: growth since a quarter or a year, and the values of each quarter.
        self._growth: dict[tuple[str, int], list[float]] = {}
        self._by_year: dict[tuple[str, int, int], float] = {}
        self._values: dict[int, Values] = {}
        self._held: dict[str, tuple[Dated, Any]] = {}
        self.steady: dict[str, Any] = {}  # values read so far that are those of every quarter
        self.tables: dict[tuple[str, float], tuple[Any, NDArray[np.float64]]] = {}  # the last of each, by place
        self._surprises: Surprises | None = None
        self._as_registered: Parameters | None = None

    def __getstate__(self) -> dict[str, Any]:
        fresh: dict[str, Any] = {name: {} for name in ("_growth", "_by_year", "_values", "_held", "steady", "tables")}
        return {**self.__dict__, **fresh, "_surprises": None, "_as_registered": None}

    def at(self, quarter: Quarter) -> Values:
        """Return the values of a quarter."""
        values = self._values.get(quarter.index)
        if values is None:
            values = self._values[quarter.index] = Values(self, quarter)
        return values

    def anticipated(self, now: Quarter, at: Quarter) -> Values:
        """Return the values that law announced by the quarter ``now`` has for the quarter ``at``.

        Dated values and policies that are announced later are left out. Where nothing that matters at ``at`` is
        still unknown this is ``.at(at)`` itself.
        """
        if self._surprises is None:
            self._surprises = Surprises(self)
        return self._surprises.known(self, now, at).at(at)

    def leaf(self, name: str) -> Leaf:
        """Return a parameter; KeyError with the nearest name."""
        return self.registry.leaf(name)

    def describe(self, name: str) -> str:
        """Return what a parameter is, in a few lines."""
        leaf = self.leaf(name)
        shape = f" by {' and '.join(leaf.axes)}" if leaf.axes else ""
        return f"{leaf.title} ({leaf.unit}{shape}; {leaf.kind}, {leaf.basis})\n{leaf.description}"

    @property
    def unread(self) -> list[str]:
        """Parameters that nobody asked for so far."""
        return sorted(set(self.registry.leaves) - self.reads)

    def explain(self, name: str, quarters: Iterable[Quarter]) -> list[Explained]:
        """Return, per element and quarter, the value, the file and line that set it, and how."""
        from oncsim.parameters.explain import explain

        return explain(self, name, quarters)

    def value(self, name: str, quarter: Quarter) -> Any:
        """Return the value of a parameter in a quarter (read-only dictionaries along its axes)."""
        leaf = self.registry.leaf(name)
        self.reads.add(name)
        if name in self.steady:
            return self.steady[name]
        if self.is_steady(leaf):
            self.steady[name] = _frozen(self.plain(leaf, quarter))
            return self.steady[name]
        if leaf.index is not None or leaf.drift is not None or name in self._by_leaf or name in self.drawn:
            return _frozen(self.plain(leaf, quarter))
        # What no scenario, draw or growth touches is the same until its next date: made once.
        dated = in_force(leaf, quarter)
        held = self._held.get(name)
        if held is None or held[0] is not dated:
            held = self._held[name] = (dated, _frozen(dated.value))
        return held[1]

    def is_steady(self, leaf: Leaf) -> bool:
        """Say whether a parameter has one value in every quarter, wherever no change limited to some places holds."""
        if leaf.index is not None or leaf.drift is not None or len(leaf.history) > 1:
            return False
        changes = self._by_leaf.get(leaf.name, {}).values()
        return all(o.start is None and o.until is None for windows in changes for o in windows)

    def element_value(self, leaf: Leaf, element: Element, quarter: Quarter) -> Any:
        """Return the value of one element in a quarter, without remembering that it was read."""
        return pick(self.plain(leaf, quarter), element)

    def windows(self, name: str, element: Element, scope: Scope = ()) -> list[Override]:
        """Return what the scenario changes of one element everywhere, in order of time.

        With a scope: what it changes only where that scope lies, apart from what it changes everywhere.
        """
        if not scope:
            return self._by_leaf.get(name, {}).get(element, [])
        return [o for o in self._limited.get(name, []) if o.element == element and inside(scope, o.scope)]

    def scopes(self, name: str, element: Element) -> list[Scope]:
        """Return the scopes in which the scenario changes one element, each once, the first to begin first."""
        return list(dict.fromkeys(o.scope for o in self._limited.get(name, []) if o.element == element))

    def limited(self, name: str) -> list[Override]:
        """Return the changes of a parameter that hold only in some places, in order of time."""
        return self._limited.get(name, [])

    def scoped_value(self, leaf: Leaf, element: Element, scope: Scope, quarter: Quarter) -> Any:
        """Return the value of one element where a scope holds, without remembering that it was read."""
        if not scope:
            return self.element_value(leaf, element, quarter)
        place = {axis: (code,) for axis, code in zip(leaf.axes, element, strict=True)} | dict(scope)
        places = {dimension: np.array([AXES[dimension].index(codes[0])]) for dimension, codes in place.items()}
        value = float(with_exceptions(self, leaf, self.windows(leaf.name, element, scope), quarter, places)[0])
        return leaf.typed(value)

    def base(self, leaf: Leaf, quarter: Quarter) -> Any:
        """Return what the registry alone says in a quarter; before the first dated value, that value."""
        dated = in_force(leaf, quarter)
        if leaf.index is not None:
            return self._in_proportion(leaf, leaf.index, dated, quarter)
        if leaf.drift is None or dated is not leaf.history[-1] or dated.start is None or quarter <= dated.start:
            return dated.value
        # Law is updated with the year; prices and costs move all the time.
        until = Quarter(quarter.year, 1) if leaf.kind == "law" else quarter
        if until <= dated.start:
            return dated.value
        growth = self._growth_since(leaf.drift, dated.start, until, yearly=leaf.kind == "law")
        return _map(dated.value, lambda number: number * growth)

    def draw(self, luck: Luck, names: Iterable[str] | None = None) -> Parameters:
        """Return the parameters with the uncertain ones drawn from their distributions.

        Where a parameter has axes, several dates or a drift, its distribution is read relative to its centre:
        one factor for all of its values. Draws end at the hard limits. A value that the scenario fixed stays.

        Parameters
        ----------
        luck : Luck
            The draw is keyed by decision ``"parameter"`` and the name of the parameter.
        names : iterable of str, optional
            Which ones; default all.
        """
        from oncsim.randomness import identity

        wanted = self.registry.leaves if names is None else [self.registry.leaf(name).name for name in names]
        drawn = dict(self.drawn)
        for name in wanted:
            leaf = self.registry.leaves[name]
            changed = [o for windows in self._by_leaf.get(name, {}).values() for o in windows]
            distribution = changed[0].distribution if changed else leaf.distribution
            if distribution is None or leaf.kind == "law":
                continue
            amount = distribution.quantile(luck.uniform1("parameter", 0, identity(name)))
            many = bool(leaf.axes) or (not changed and leaf.moves)
            if many and distribution.centre != 0:
                drawn[name] = Drawn(amount / distribution.centre, True)
            else:
                drawn[name] = Drawn(amount, False)
        return Parameters(self.registry, self.overrides, drawn)

    def varied(self, drawn: Mapping[str, Drawn], changes: Sequence[Override] = ()) -> Parameters:
        """Return the parameters with some set to what a design asks for.

        Parameters
        ----------
        drawn : mapping
            What replaces or multiplies whole parameters, by name.
        changes : sequence of Override
            Single elements set over the whole horizon; they take the place of what the scenario has for them.
        """
        fresh = {change.path for change in changes}
        kept = [override for override in self.overrides if override.path not in fresh]
        return Parameters(self.registry, [*kept, *changes], {**self.drawn, **drawn})

    def plain(self, leaf: Leaf, quarter: Quarter) -> Any:
        """Return the value of a parameter in a quarter, without remembering that it was read."""
        value = self.base(leaf, quarter)
        changed = self._by_leaf.get(leaf.name)
        if changed:
            flat = {
                element: self._element(leaf, element, changed.get(element, []), quarter, pick(value, element))
                for element in leaf.elements
            }
            value = nest(leaf.axes, flat)
        drawn = self.drawn.get(leaf.name)
        if drawn is None:
            return value
        whole = leaf.type == "integer"
        return _map(
            value,
            lambda number: _as(whole, leaf.limits.clip(number * drawn.amount if drawn.factor else drawn.amount)),
        )

    def _element(self, leaf: Leaf, element: Element, windows: list[Override], quarter: Quarter, base: Any) -> Any:
        last = next((i for i in range(len(windows) - 1, -1, -1) if windows[i].begun(quarter)), None)
        if last is None:
            return base
        window = windows[last]
        if not window.over(quarter):
            return self._within(leaf, element, windows[:last], window, quarter)
        if window.then == RESTORE or window.until is None or next_change(leaf, element, window.until, quarter):
            return base
        return self._within(leaf, element, windows[:last], window, window.until)

    def _within(self, leaf: Leaf, element: Element, earlier: list[Override], window: Override, quarter: Quarter) -> Any:
        if not window.ramp or window.start is None:
            return window.value
        eve = window.start + -1
        before = self._element(leaf, element, earlier, eve, pick(self.base(leaf, eve), element))
        return window.in_force(quarter, before)

    def _in_proportion(self, leaf: Leaf, index: str, dated: Dated, quarter: Quarter) -> Any:
        """Carry dated values to a quarter in proportion to the index; every element from the entry that set it."""
        self.reads.add(index)
        if self._as_registered is None:
            self._as_registered = Parameters(self.registry)
        other, anchors = self.registry.leaves[index], self._as_registered
        now = float(self.plain(other, quarter))

        def ratio(start: Quarter | None) -> float:
            # A published value is a value under the index as registered, whatever a scenario makes of the index.
            return now / float(anchors.plain(other, start or quarter))

        if all(d.given is None for d in leaf.history):
            factor = ratio(dated.start)
            return _map(dated.value, lambda number: number * factor)
        entries = {element: setter(leaf, element, dated) for element in leaf.elements}
        return nest(leaf.axes, {e: pick(d.value, e) * ratio(d.start) for e, d in entries.items()})

    def _growth_since(self, rate: str, start: Quarter, quarter: Quarter, yearly: bool = False) -> float:
        self.reads.add(rate)
        if yearly:
            asked = rate, start.year, quarter.year
            if asked not in self._by_year:
                leaf, years = self.registry.leaves[rate], range(start.year + 1, quarter.year + 1)
                self._by_year[asked] = math.prod(1.0 + self.plain(leaf, Quarter(year, 1)) for year in years)
            return self._by_year[asked]
        factors = self._growth.setdefault((rate, start.index), [1.0])
        leaf = self.registry.leaves[rate]
        while len(factors) <= quarter - start:
            annual = self.plain(leaf, start + len(factors))
            factors.append(factors[-1] * (1.0 + annual) ** 0.25)
        return factors[quarter - start]


def _map(value: Any, change: Any) -> Any:
    return {key: _map(below, change) for key, below in value.items()} if isinstance(value, dict) else change(value)


def _frozen(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return MappingProxyType({key: _frozen(below) for key, below in value.items()})


def _as(whole: bool, number: float) -> float | int:
    return round(number) if whole else number
