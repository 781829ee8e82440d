"""What a reader of the results should know about a scenario: its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncsim.calendar import Quarter
from oncsim.parameters.axes import pick
from oncsim.parameters.override import Override, scope_label
from oncsim.scenario.scenario import Scenario


def caveats(scenario: Scenario, differing: Iterable[str]) -> Iterator[str]:
    """Yield the warnings of a scenario, one sentence each.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    differing : iterable of str
        Parameters that a resolved scenario pins to another value than the installed registry has.
    """
    leaves = scenario.parameters.registry.leaves
    changes = scenario.parameters.overrides
    behaviour = _names(o for o in changes if o.section == "behaviour")
    if behaviour and any(o.section == "policy" for o in changes):
        yield (
            f"behaviour is changed in a scenario that also changes policy ({', '.join(behaviour)}): "
            "the effect of the policy cannot be told from that of the behaviour"
        )
    for label, change in _as_written(changes):
        usual = leaves[change.leaf].usual
        if leaves[change.leaf].numeric and not usual.hold(float(change.value)):
            yield f"{label} is set to {change.value:g}, outside its usual range ({usual})"
    judged = dict.fromkeys(label for label, o in _as_written(changes) if leaves[o.leaf].basis == "judgement")
    if judged:
        yield f"changed parameters that rest on judgement alone: {', '.join(judged)}"
    for label, change in _as_written(changes):
        if change.section == "policy" and change.start is not None and change.start < scenario.start:
            yield f"{label} changes from {change.start}, before the horizon starts ({scenario.start})"
        if change.section == "policy" and change.until is not None and change.until > scenario.end:
            yield f"{label} is changed until {change.until}, after the horizon ends ({scenario.end})"
    yield from _without_effect(scenario)
    late = [
        leaf.name
        for leaf in leaves.values()
        if leaf.index is None and leaf.history[0].start is not None and leaf.history[0].start > scenario.start
    ]
    if late:
        yield f"no value is known yet in {scenario.start}, so the first known one is used: {', '.join(late)}"
    as_of = scenario.market.as_of
    if as_of is not None and as_of != scenario.start.year:
        yield f"the market has the structure of {as_of} but the horizon starts in {scenario.start}"
    pinned = list(differing)
    if pinned:
        yield f"pinned to other values than the installed registry has: {', '.join(pinned)}"


def _without_effect(scenario: Scenario) -> Iterator[str]:
    """Yield a warning for each policy that can change nothing: law says the same, or its states are not in the market."""
    leaves, parameters = scenario.parameters.registry.leaves, scenario.parameters
    states = getattr(scenario.market, "states", None)
    for label, some in _alike(parameters.overrides):
        change = some[0]
        if change.section != "policy":
            continue
        first, last = max(change.start or scenario.start, scenario.start), min(change.until or scenario.end, scenario.end)
        base = [parameters.base(leaves[change.leaf], first + i) for i in range(last - first + 1)]
        if not change.ramp and base and all(pick(value, o.element) == o.value for value in base for o in some):
            yield f"{label} is set to what law says anyway: this changes nothing"
        named = [code for dimension, codes in change.scope if dimension == "state" for code in codes]
        absent = [state for state in named if states is not None and state not in states]
        if absent:
            yield f"{label}: the market has nothing in {', '.join(absent)}" + (
                ", so the policy changes nothing" if len(absent) == len(named) else ""
            )


def late_changes(changes: Iterable[Override], end: Quarter) -> Iterator[str]:
    """Yield a warning for each change that begins after the horizon and was left out."""
    for label, change in _as_written(changes):
        yield f"{label} changes from {change.start}, after the horizon ends ({end}): left out, it changes nothing"


def _as_written(changes: Iterable[Override]) -> list[tuple[str, Override]]:
    """Return the changes, those of several elements of a parameter that say the same as one, each with its name."""
    return [(label, some[0]) for label, some in _alike(changes)]


def _alike(changes: Iterable[Override]) -> list[tuple[str, list[Override]]]:
    """Return the changes together that say the same of several elements of a parameter, each group with its name."""
    alike: dict[tuple[object, ...], list[Override]] = {}
    for o in changes:
        alike.setdefault((o.section, o.leaf, o.scope, o.value, o.start, o.until), []).append(o)
    return [
        (some[0].label if len(some) == 1 else some[0].leaf + scope_label(some[0].scope), some) for some in alike.values()
    ]


def _names(changes: Iterable[Override]) -> list[str]:
    return list(dict.fromkeys(change.label for change in changes))
