from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from oncsim.parameters.registry import Registry, read_registry
from oncsim.scenario.load import load_scenario
from oncsim.scenario.scenario import Scenario

TINY = Path(__file__).parents[1] / "parameters" / "tiny"
HEAD = "schema: oncsim/scenario/1\nid: {id}\ntitle: A scenario\n"
BASE = HEAD + "horizon: {{start: 2026Q1, end: 2035Q4}}\nmarket: {{source: archetype, kind: metro}}\n"

Write = Callable[..., Scenario]


@pytest.fixture(scope="session")
def tiny() -> Registry:
    """A registry of a few parameters, one of each shape, independent of the numbers of the model."""
    return read_registry(TINY / "registry", TINY / "bibliography.yaml")


@pytest.fixture
def load(tmp_path: Path, tiny: Registry) -> Write:
    """Write a scenario of the given text below a sound head, and load it with the tiny registry."""

    def write(text: str = "", name: str = "one", sets: Sequence[str] = (), head: str = BASE) -> Scenario:
        path = tmp_path / f"{name}.yaml"
        path.write_text(head.format(id=name) + text)
        return load_scenario(path, sets, registry=tiny)

    return write
