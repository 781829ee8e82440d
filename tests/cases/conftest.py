"""Writing small cases for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .small_cases import HEAD

WriteCase = Callable[..., Path]


@pytest.fixture
def write_case(tmp_path: Path) -> WriteCase:
    """Write a case that expects what is given, and return its file."""

    def write(*expect: str, name: str = "sold", number: int = 6) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(HEAD.format(name=name, number=number) + "".join(f"  - {one}\n" for one in expect))
        return path

    return write
