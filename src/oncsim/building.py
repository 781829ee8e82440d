"""The market of a scenario, and where in the scenario file a fault of its ``market:`` section stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.parameters.strict_yaml import Document, Route
    from oncsim.scenario import Scenario

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_SET = "--set"


def build(scenario: Scenario) -> Market:
    """Build the market of a scenario.

    Raises
    ------
    InputError
        When a place, state or table of the ``market:`` section is wrong; faults of the section itself point
        into the scenario file, or to ``--set``.
    """
    from oncsim.market import build_market

    try:
        market: Market = build_market(scenario.market, scenario.folder)
    except InputError as error:
        raise InputError(placed(error.faults, scenario)) from None
    return market


def placed(faults: tuple[Fault, ...], scenario: Scenario) -> list[Fault]:
    """Return faults, those of the ``market:`` section with their place in the scenario file.

    What the market's own tables lack has its place already and stays as it is.
    """
    return [_placed(f, scenario) if not f.file and re.match(r"market\b", f.where) else f for f in faults]


def _placed(fault: Fault, scenario: Scenario) -> Fault:
    if _is_set(fault.where, scenario):
        return Fault(_SET, 0, 0, fault.where, fault.message)
    file, _, line = scenario.provenance.get("market", "").rpartition(":")
    if not file or not line.isdigit():
        return Fault(fault.file or scenario.id, 0, 0, fault.where, fault.message)
    document = _document(file)
    if document is None:
        return Fault(file, int(line), 1, fault.where, fault.message)
    route = _route(fault.where)
    own = ("variants", scenario.variant, "market")
    if scenario.variant and own in document.keys:  # a variant of a case may have a market of its own in the same file
        return document.fault((*own[:2], *route), fault.message)
    return document.fault(route, fault.message, where=fault.where)


def _is_set(where: str, scenario: Scenario) -> bool:
    """Say whether the command line gave the part that is wrong, or something in it."""
    given = [path for path, source in scenario.provenance.items() if source == _SET and path.startswith("market.")]
    return any(_within(where, path) or _within(path, where) for path in given)


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def _document(file: str) -> Document | None:
    # Read again only when something is wrong: a scenario does not carry the text it came from.
    from oncsim.parameters.strict_yaml import read_document

    try:
        return read_document(Path(file), file)
    except InputError:
        return None


def _route(where: str) -> Route:
    """Return ``market.select.hrr[2]`` as the way there; items of a list count from 1 in messages."""
    return tuple(name or int(number) - 1 for name, number in _PART.findall(where))
