from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reports.sample_run import sample_tables, write_sample_run


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    return sample_tables(end="2029Q4")


@pytest.fixture
def run_folder(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> Path:
    return write_sample_run(tmp_path / "run", tables)
