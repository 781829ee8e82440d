"""The worked example of the documentation is what the registry and the engine say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_prices_is_what_the_engine_says() -> None:
    spec = importlib.util.spec_from_file_location("write_price_page", ROOT / "tools" / "write_price_page.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run tools/write_price_page.py"
