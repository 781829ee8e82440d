from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from oncsim.errors import InputError
from oncsim.reports.reading import read_run, read_scenario
from reports.sample_run import write_sample_run


def test_csv_and_parquet_give_the_same_report_data(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    one = read_run(write_sample_run(tmp_path / "a", tables))
    two = read_run(write_sample_run(tmp_path / "b", tables, form="csv"))
    for name in ("metrics", "organizations", "sites", "ties", "settings", "money", "events"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_dtype=False)


def test_only_the_ends_of_one_replicate_are_held(run_folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    run = read_run(run_folder)
    assert set(run.sites["quarter"]) == {run.quarters[0], run.quarters[-1]}
    assert set(run.sites["replicate"]) == {run.typical.replicate}
    assert len(run.events) == len(tables["events"])


def test_sums_by_kind_are_means_over_replicates(run_folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    run = read_run(run_folder)
    sites = tables["sites"]
    assert run.settings["infusions"].sum() == pytest.approx(sites["infusions"].sum() / 3)
    orgs = tables["organizations"]
    assert run.money["revenue"].sum() == pytest.approx(orgs["revenue"].sum() / 3)


@pytest.mark.parametrize("lost", ["organizations", "sites", "ties", "events", "zones"])
def test_a_missing_table_is_empty_and_named(run_folder: Path, lost: str) -> None:
    (run_folder / f"{lost}.parquet").unlink()
    run = read_run(run_folder)
    assert run.missing == (lost,)
    assert getattr(run, lost).empty


def test_a_folder_without_metrics_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_run(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: this is not a run folder: the table of metrics is not there (give a folder that oncsim run wrote)"
    )


def test_a_broken_table_is_refused_in_one_line(run_folder: Path) -> None:
    (run_folder / "sites.parquet").write_bytes(b"not a table")
    with pytest.raises(InputError, match=r"sites\.parquet: this table cannot be read") as refused:
        read_run(run_folder)
    assert "\n" not in str(refused.value)


def test_broken_json_and_yaml_are_refused(run_folder: Path) -> None:
    (run_folder / "scenario.resolved.yaml").write_text("a: [1")
    with pytest.raises(InputError, match="not YAML"):
        read_run(run_folder)
    (run_folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_run(run_folder)


def test_the_long_registry_section_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "scenario.resolved.yaml"
    path.write_text("id: a\nregistry:\n  x: [\n")
    assert read_scenario(path) == {"id": "a"}


def test_minutes_come_from_recorded_flows(run_folder: Path) -> None:
    flows = pd.DataFrame(
        {
            "replicate": read_run(run_folder).typical.replicate,
            "quarter": "2026Q1",
            "zone": "z",
            "patients": [1.0, 3.0, 5.0],
            "minutes": [10.0, 30.0, 0.0],
            "site": ["a", "b", ""],
        }
    )
    flows.to_parquet(run_folder / "flows.parquet")
    assert read_run(run_folder).minutes["minutes"].tolist() == [25.0]
