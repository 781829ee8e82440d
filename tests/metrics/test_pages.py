from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oncsim.metrics import METRICS
from oncsim.metrics.pages import metrics_page

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_what_the_code_says() -> None:
    if not PAGE.parent.is_dir():
        pytest.skip("installed without the documentation")
    said = PAGE.read_text(encoding="utf-8")
    assert said == metrics_page(METRICS), "run python tools/write_metric_pages.py"


def test_every_metric_has_an_entry_and_a_changed_definition_shows() -> None:
    page = metrics_page(METRICS)
    for name, metric in METRICS.items():
        assert page.count(f"### `{name}`\n") == 1
        assert metric.definition in page
        changed = {**METRICS, name: replace(metric, definition="Something else.")}
        assert metrics_page(changed) != page
