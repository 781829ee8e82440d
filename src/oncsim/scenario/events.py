"""Events of a scenario: an action that happens at a quarter to chosen organisations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oncsim.actions.catalogue import ACTIONS, ALIASES, SELECTORS, Action, Argument
from oncsim.calendar import Quarter
from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.leaf import Limits
from oncsim.parameters.scalars import flag_hint, found, number_hint
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.states import unknown_state


@dataclass(frozen=True)
class ScheduledEvent:
    """One event.

    Parameters
    ----------
    at : Quarter
        When it happens.
    do : str
        Name of an action of :data:`oncsim.actions.catalogue.ACTIONS`.
    select : dict
        Which organisations: the given keys of :data:`oncsim.actions.catalogue.SELECTORS`.
    arguments : dict
        Every argument of the action, defaults filled in.
    line, column, file, where : int, int, str, str
        Where it is written.
    """

    at: Quarter
    do: str
    select: dict[str, Any]
    arguments: dict[str, Any]
    line: int
    column: int = field(default=0, compare=False)
    file: str = field(default="", compare=False)
    where: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is written in YAML."""
        given = {key: value for key, value in self.arguments.items() if value is not None}
        return {"at": str(self.at), "do": self.do, **self.select, **given}


def read_event(data: object, document: Document, route: Route) -> tuple[ScheduledEvent | None, list[Fault]]:
    """Read one event; return it, or None and its faults."""
    if not isinstance(data, dict):
        return None, [document.fault(route, f"found {found(data)} (expected a mapping with at and do)")]
    faults = [
        document.fault(route, f"missing key {key} ({what})")
        for key, what in (("at", "the quarter"), ("do", "the action"))
        if key not in data
    ]
    quarter = _quarter(data.get("at"), document, (*route, "at"), faults) if "at" in data else None
    action = _action(data.get("do"), document, (*route, "do"), faults) if "do" in data else None
    if action is None:
        return None, faults
    select, arguments = _sort_keys(action, data, document, route, faults)
    _check_selection(action, select, document, route, faults)
    faults.extend(
        document.fault(route, f"{action.name} needs {name} ({argument.meaning})")
        for name, argument in action.arguments.items()
        if argument.required and name not in data
    )
    if faults or quarter is None:
        return None, faults
    filled = {name: arguments.get(name, argument.default) for name, argument in action.arguments.items()}
    line, column = document.position(route)
    place = (line, column, document.file, document.fault(route, "").where)
    return ScheduledEvent(quarter, action.name, select, filled, *place), []


def _quarter(value: object, document: Document, route: Route, faults: list[Fault]) -> Quarter | None:
    if isinstance(value, str):
        try:
            return Quarter.parse(value)
        except ValueError as problem:
            faults.append(document.fault(route, str(problem)))
            return None
    faults.append(document.fault(route, f"found {found(value)} (expected a quarter such as 2026Q1)"))
    return None


def _action(value: object, document: Document, route: Route, faults: list[Fault]) -> Action | None:
    if isinstance(value, str) and value in ACTIONS:
        return ACTIONS[value]
    near = did_you_mean(value, ACTIONS) if isinstance(value, str) else ""
    faults.append(document.fault(route, f"no such action: {found(value)} (one of {', '.join(ACTIONS)}{near})"))
    return None


def _sort_keys(
    action: Action, data: dict[str, Any], document: Document, route: Route, faults: list[Fault]
) -> tuple[dict[str, Any], dict[str, Any]]:
    select: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    known = [*action.arguments, *(key for key in SELECTORS if key not in action.arguments)]
    for key, value in data.items():
        if key in ("at", "do"):
            continue
        if key not in known:
            message = f"unknown key ({action.name} takes at, do, {', '.join(known)}{did_you_mean(key, known)})"
            faults.append(document.fault((*route, key), message, of_key=True))
            continue
        # An argument goes before a selector of the same name: `kind` of open_site is the kind of the site.
        own = key in action.arguments
        argument = action.arguments[key] if own else SELECTORS[key]
        wrong = _wrong_value(argument, value) or (unknown_state(value) if key == "state" and not own else None)
        if wrong:
            faults.append(document.fault((*route, key), wrong))
        else:
            clean = float(value) if argument.kind == "number" else value
            (arguments if own else select)[key] = clean
    return select, arguments


def _check_selection(action: Action, select: dict[str, Any], document: Document, route: Route, faults: list[Fault]) -> None:
    chosen = select.get("kind")
    if chosen is not None and chosen not in action.targets:
        message = f"{action.name} is done to {', '.join(action.targets)}, not to a {chosen}"
        faults.append(document.fault((*route, "kind"), message))
    if not select and not faults:
        message = f"does not say which organisations (give one or more of {', '.join(SELECTORS)})"
        faults.append(document.fault(route, message))


def _wrong_value(argument: Argument, value: object) -> str | None:
    if argument.kind == "choice":
        if isinstance(value, str) and value in argument.choices:
            return None
        near = did_you_mean(value, argument.choices) if isinstance(value, str) else ""
        return f"found {found(value)} (expected one of {', '.join(argument.choices)}{near})"
    if argument.kind == "flag":
        return None if isinstance(value, bool) else f"found {found(value)} (expected true or false{flag_hint(value)})"
    if argument.kind in ("number", "integer"):
        return _wrong_number(argument, value)
    if argument.kind == "place" and isinstance(value, dict):
        return _wrong_point(value)
    if isinstance(value, str) and value:
        return _wrong_alias(value) if argument.kind == "org" else None
    what = {
        "org": f"the name or id of an organisation, or {', '.join(ALIASES)}",
        "place": "a zone, or lat and lon",
    }
    return f"found {found(value)} (expected {what.get(argument.kind, 'text')})"


def _wrong_alias(value: str) -> str | None:
    # Names of organisations are known only once the market is built; a misspelt alias can be seen now.
    if value.startswith("largest_") and value not in ALIASES:
        return f"no such alias {value!r} (one of {', '.join(ALIASES)}{did_you_mean(value, ALIASES)})"
    return None


def _wrong_number(argument: Argument, value: object) -> str | None:
    whole = argument.kind == "integer"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return f"found {found(value)} (expected a {'whole ' if whole else ''}number{number_hint(value)})"
    assert isinstance(value, int | float)
    low, high = argument.minimum, argument.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return f"{value:g} is outside its limits ({Limits(low, high)})"
    return None


def _wrong_point(value: dict[str, Any]) -> str | None:
    if set(value) != {"lat", "lon"}:
        return f"a place is a zone, or a mapping with lat and lon (found {', '.join(value) or 'none'})"
    for key, bound in (("lat", 90), ("lon", 180)):
        number = value[key]
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > bound:
            return f"{key} must be a number from -{bound} to {bound}, found {found(number)}"
    return None


def event_horizon_faults(events: list[ScheduledEvent], start: Quarter, end: Quarter) -> list[Fault]:
    """Return a fault for each event outside the horizon."""
    return [
        Fault(
            event.file,
            event.line,
            event.column,
            event.where,
            f"{event.at} is outside the horizon ({start} to {end})",
        )
        for event in events
        if not start <= event.at <= end
    ]
