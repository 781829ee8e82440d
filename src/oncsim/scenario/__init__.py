"""Scenarios: strict files, inheritance, ``--set``, the grammar of policy, where values come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncsim.scenario.events import ScheduledEvent
    from oncsim.scenario.library import bundled_scenarios
    from oncsim.scenario.load import load_case, load_scenario, load_variant
    from oncsim.scenario.scenario import Scenario

__all__ = ["Scenario", "ScheduledEvent", "bundled_scenarios", "load_case", "load_scenario", "load_variant"]

_HOME = {
    "Scenario": "scenario",
    "ScheduledEvent": "events",
    "bundled_scenarios": "library",
    "load_case": "load",
    "load_scenario": "load",
    "load_variant": "load",
}


def __getattr__(name: str) -> Any:
    # Loading pulls in pydantic; commands that only ask for help should not wait for it.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
