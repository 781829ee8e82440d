"""Law that is announced late: the parameters as somebody knows them who has heard only what is announced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.parameters.leaf import known_history
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry

if TYPE_CHECKING:
    from oncsim.parameters.lookup import Parameters


@dataclass(frozen=True, slots=True)
class _Announcement:
    """A dated value (``leaf`` and its number) or a change of the scenario, and its quarters (as index)."""

    announced: int
    start: int
    leaf: str = ""
    number: int = 0
    change: Override | None = None


class Surprises:
    """What is announced during a run, and the parameters without what is not announced yet.

    Parameters
    ----------
    parameters : Parameters
        All the law, announced or not.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.items = tuple(_announcements(parameters))
        self._last = max((item.announced for item in self.items), default=-1)
        self._known: dict[tuple[int, ...], Parameters] = {}

    def known(self, parameters: Parameters, now: Quarter, at: Quarter) -> Parameters:
        """Return the parameters as known in ``now``, as far as they matter at ``at``; themselves where all is known."""
        if now.index >= self._last:
            return parameters
        unknown = tuple(i for i, item in enumerate(self.items) if item.announced > now.index and item.start <= at.index)
        if not unknown:
            return parameters
        known = self._known.get(unknown)
        if known is None:
            known = self._known[unknown] = _without(parameters, [self.items[i] for i in unknown])
        return known


def _announcements(parameters: Parameters) -> Iterator[_Announcement]:
    # The first value of a parameter is always known: there is none to expect in its place.
    for leaf in parameters.registry.leaves.values():
        for number, dated in enumerate(leaf.history):
            if dated.announced is not None and dated.start is not None and number:
                yield _Announcement(dated.announced.index, dated.start.index, leaf.name, number)
    for change in parameters.overrides:
        if change.announced is not None and change.start is not None:
            yield _Announcement(change.announced.index, change.start.index, change=change)


def _without(parameters: Parameters, unknown: list[_Announcement]) -> Parameters:
    from oncsim.parameters.lookup import Parameters

    leaves = dict(parameters.registry.leaves)
    for name in {item.leaf for item in unknown if item.change is None}:
        dropped = frozenset(item.number for item in unknown if item.change is None and item.leaf == name)
        leaves[name] = replace(leaves[name], history=known_history(leaves[name], dropped))
    surprises = [item.change for item in unknown if item.change is not None]
    changes = [o for o in parameters.overrides if not any(o is change for change in surprises)]
    known = Parameters(Registry(leaves, parameters.registry.sources), changes, parameters.drawn)
    known.reads = parameters.reads  # what is read ahead of time is read
    return known
