"""340B by hospital in the report of a run: the largest margins of the last full year, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from oncsim.reports.hospitals import HEADS, hospitals_section, last_full_year
from oncsim.reports.reading import read_run
from reports.sample_run import sample_tables, write_sample_run


def sample_hospitals(years: tuple[str, ...], replicates: int = 2) -> pd.DataFrame:
    """Return fourteen hospitals whose margin is a fifth of drugs of one to fourteen million dollars."""
    rows = [
        (replicate, year, f"h{i}", f"Hospital {i}", "o1", "DSH" if i % 2 else "CAH", 2.0, i * 1e6, 0.2 * i * 1e6)
        for replicate in range(replicates)
        for year in years
        for i in range(1, 15)
    ]
    columns = ["replicate", "year", "hospital", "name", "org", "route", "departments", "drug_dollars", "margin"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_run(tmp_path_factory.mktemp("hospitals") / "run", sample_tables(end="2027Q4"))


def test_ten_largest_margins_of_the_last_year_with_route_and_margin_per_drug_dollar(folder: Path) -> None:
    run = read_run(folder)
    count = len(run.replicates)
    sample_hospitals(("2026", "2027"), count).to_parquet(folder / "hospitals_340b.parquet")
    found = hospitals_section(run)
    assert [row[0] for row in found["hospitals_340b"]] == [f"Hospital {i}" for i in range(14, 4, -1)]
    assert found["hospitals_340b"][0] == ["Hospital 14", "critical access", "2", "$14.0 m", "$2.8 m", "0.20"]
    assert found["hospitals_340b"][1][1] == "disproportionate share" and len(HEADS) == 6
    assert "10 largest of 14 hospitals in 340B in 2027" in found["hospitals_340b_note"]
    assert "$21.0 m" in found["hospitals_340b_note"]  # a fifth of 1 + 2 + ... + 14 million


def test_without_a_hospital_in_340b_there_is_no_section(folder: Path) -> None:
    path = folder / "hospitals_340b.parquet"
    sample_hospitals(("2027",)).iloc[:0].to_parquet(path)
    assert hospitals_section(read_run(folder))["hospitals_340b"] == []
    path.unlink()
    assert hospitals_section(read_run(folder))["hospitals_340b"] == []


def test_the_last_full_year_is_told() -> None:
    quarters = ["2026Q3", "2026Q4", *(f"2027Q{i}" for i in range(1, 5)), "2028Q1"]
    assert last_full_year(quarters) == "2027"
    assert last_full_year(quarters[:2]) == "2026"
