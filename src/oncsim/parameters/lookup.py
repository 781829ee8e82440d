"""Looking values up: the registry, what a scenario changes of it, and the value of a quarter."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from oncsim.calendar import Quarter
from oncsim.parameters.axes import Element, nest, pick
from oncsim.parameters.leaf import Dated, Leaf
from oncsim.parameters.override import RESTORE, Override
from oncsim.parameters.registry import Registry

if TYPE_CHECKING:
    from oncsim.parameters.explain import Explained
    from oncsim.randomness import Luck


@dataclass(frozen=True)
class Drawn:
    """What a draw does to a parameter: ``amount`` replaces the value, or multiplies it."""

    amount: float
    factor: bool


class Values:
    """Every value of one quarter: ``values["payment.medicare.drug_addon"]``.

    A parameter without axes gives a number, flag or word; with axes a read-only dictionary by code, nested
    for two axes.
    """

    __slots__ = ("_cache", "_parameters", "quarter")

    def __init__(self, parameters: Parameters, quarter: Quarter) -> None:
        self.quarter = quarter
        self._parameters = parameters
        self._cache: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        try:
            return self._cache[name]
        except KeyError:
            value = self._parameters.value(name, self.quarter)
            self._cache[name] = value
            return value


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
        for override in self.overrides:
            self._by_leaf.setdefault(override.leaf, {}).setdefault(override.element, []).append(override)
        for by_element in self._by_leaf.values():
            for windows in by_element.values():
                windows.sort(key=lambda o: o.start.index if o.start else -1)
        # Only a faster way to the same answer: growth since a quarter, and the values of each quarter.
        self._growth: dict[tuple[str, int], list[float]] = {}
        self._values: dict[int, Values] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_growth": {}, "_values": {}}

    def at(self, quarter: Quarter) -> Values:
        """Return the values of a quarter."""
        values = self._values.get(quarter.index)
        if values is None:
            values = self._values[quarter.index] = Values(self, quarter)
        return values

    def anticipated(self, quarter: Quarter, at: Quarter) -> Values:
        """Return the values that law enacted by ``quarter`` has for the later quarter ``at``.

        Every dated value of a scenario counts as announced from the start, so this is ``.at(at)``.
        """
        return self.at(at)

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
        return _frozen(self._plain(leaf, quarter))

    def element_value(self, leaf: Leaf, element: Element, quarter: Quarter) -> Any:
        """Return the value of one element in a quarter, without remembering that it was read."""
        return pick(self._plain(leaf, quarter), element)

    def windows(self, name: str, element: Element) -> list[Override]:
        """Return what the scenario changes of one element, in order of time."""
        return self._by_leaf.get(name, {}).get(element, [])

    def base(self, leaf: Leaf, quarter: Quarter) -> Any:
        """Return what the registry alone says in a quarter; before the first dated value, that value."""
        dated = in_force(leaf, quarter)
        if leaf.drift is None or dated is not leaf.history[-1] or dated.start is None or quarter <= dated.start:
            return dated.value
        growth = self._growth_since(leaf.drift, dated.start, quarter)
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
            many = bool(leaf.axes) or (not changed and (len(leaf.history) > 1 or leaf.drift is not None))
            if many and distribution.centre != 0:
                drawn[name] = Drawn(amount / distribution.centre, True)
            else:
                drawn[name] = Drawn(amount, False)
        return Parameters(self.registry, self.overrides, drawn)

    def _plain(self, leaf: Leaf, quarter: Quarter) -> Any:
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
        if window.then == RESTORE or window.until is None or next_change(leaf, window.until, quarter):
            return base
        return self._within(leaf, element, windows[:last], window, window.until)

    def _within(self, leaf: Leaf, element: Element, earlier: list[Override], window: Override, quarter: Quarter) -> Any:
        if not window.ramp or window.start is None:
            return window.value
        eve = window.start + -1
        before = self._element(leaf, element, earlier, eve, pick(self.base(leaf, eve), element))
        return window.in_force(quarter, before)

    def _growth_since(self, rate: str, start: Quarter, quarter: Quarter) -> float:
        self.reads.add(rate)
        factors = self._growth.setdefault((rate, start.index), [1.0])
        leaf = self.registry.leaves[rate]
        while len(factors) <= quarter - start:
            annual = self._plain(leaf, start + len(factors))
            factors.append(factors[-1] * (1.0 + annual) ** 0.25)
        return factors[quarter - start]


def in_force(leaf: Leaf, quarter: Quarter) -> Dated:
    """Return the dated value of the registry that holds in a quarter (the first one, before it)."""
    if leaf.history[0].start is None:
        return leaf.history[0]
    starts = [dated.start.index for dated in leaf.history if dated.start is not None]
    return leaf.history[max(0, bisect_right(starts, quarter.index) - 1)]


def next_change(leaf: Leaf, after: Quarter, by: Quarter) -> Dated | None:
    """Return the first dated value of the registry after a quarter and not later than another."""
    return next((d for d in leaf.history if d.start is not None and after < d.start <= by), None)


def _map(value: Any, change: Any) -> Any:
    return {key: _map(below, change) for key, below in value.items()} if isinstance(value, dict) else change(value)


def _frozen(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return MappingProxyType({key: _frozen(below) for key, below in value.items()})


def _as(whole: bool, number: float) -> float | int:
    return round(number) if whole else number
