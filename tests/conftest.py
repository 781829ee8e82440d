"""What tests of several folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real federal tables; a test that asks for it is skipped where there is none."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    for folder in (os.environ.get("ONCSIM_DATA", ""), beside):
        if folder and (Path(folder) / "market" / "county_market.csv.gz").is_file():
            return Path(folder)
    pytest.skip("the federal tables are not here (name their folder in ONCSIM_DATA)")
