"""A small experiment that is quick to play, for the tests of running one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

TWO: dict[str, Any] = {
    "schema": "oncsim/experiment/1",
    "id": "small",
    "title": "Two rules for a small market",
    "scenarios": [
        {"scenario": "rural_market", "id": "law", "set": {"settings.settle_quarters": 0}},
        {
            "scenario": "rural_market",
            "id": "no_addon",
            "label": "No add-on to drug prices",
            "set": {"settings.settle_quarters": 0, "payment.medicare.drug_addon": 0.0},
        },
    ],
    "horizon": {"start": "2026Q1", "end": "2026Q2"},
    "uncertainties": [
        {"parameter": "health_system.acquisition.optimism"},
        {"parameter": "choice.wait", "low": -0.02, "high": -0.005},
    ],
    "design": {"method": "latin_hypercube", "samples": 3, "seed": 4},
    "replicates": 2,
    "outputs": [
        {"id": "spending", "metric": "spending.total_per_patient", "better": "lower"},
        {"id": "minutes", "metric": "access.minutes_mean", "window": "last_quarter", "better": "lower"},
        {"id": "formed", "event": "tie_formed", "window": "all", "unit": "ties"},
    ],
}


def edited(**changes: Any) -> dict[str, Any]:
    """Return the small experiment with sections replaced; None takes one away."""
    content = {**copy.deepcopy(TWO), **changes}
    return {key: value for key, value in content.items() if value is not None}


def written(folder: Path, content: dict[str, Any] | None = None) -> Path:
    """Write an experiment file and return its path."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(TWO if content is None else content, sort_keys=False), encoding="utf-8")
    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return every data file of a results folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted((folder / "data").rglob("*.parquet"))}
