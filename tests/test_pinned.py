"""Numbers of the baseline that may change only on purpose (tools/pin_numbers.py writes them, CHANGELOG says why)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def fresh() -> dict:
    spec = importlib.util.spec_from_file_location("pin_numbers", ROOT / "tools" / "pin_numbers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.numbers()


@pytest.fixture(scope="module")
def pinned() -> dict:
    return json.loads((ROOT / "tests" / "pinned" / "baseline.json").read_text(encoding="utf-8"))


def test_events_of_the_baseline_are_the_pinned_ones_in_the_same_order(fresh: dict, pinned: dict) -> None:
    assert fresh["events"] == pinned["events"]


def test_metrics_of_the_baseline_are_the_pinned_ones(fresh: dict, pinned: dict) -> None:
    assert fresh["quarter"] == pinned["quarter"]
    # Other versions of numpy and scipy may differ in the last bits.
    assert fresh["metrics"] == pytest.approx(pinned["metrics"], rel=1e-9)
