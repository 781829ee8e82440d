from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.parameters.registry import Registry, read_registry

TINY = Path(__file__).parent / "tiny"


@pytest.fixture(scope="session")
def tiny() -> Registry:
    """A registry of a few parameters, one of each shape, independent of the numbers of the model."""
    return read_registry(TINY / "registry", TINY / "bibliography.yaml")
