from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncsim.errors import InputError
from oncsim.reports import write_compare_report
from oncsim.reports.compared import read_comparison
from oncsim.reports.comparison import _POLICY_COLUMNS, _policies, _rows, interval_note, policy_columns
from reports.sample_run import sample_differences, write_sample_comparison
from reports.test_html import check_page


def _text(folder: Path) -> str:
    return html.unescape(check_page(write_compare_report(folder)))


def test_effects_are_told_with_their_intervals(tmp_path: Path) -> None:
    text = _text(write_sample_comparison(tmp_path))
    assert "Lowers the hospital share of infusions by 3.0 percentage points (95 % interval -3.6 to -2.4)." in text
    assert "The mean travel time to care: no detectable difference" in text
    assert "The share of patients not treated: exactly zero difference." in text
    assert "cover luck only" in text
    assert (tmp_path / "figures" / "effects.png").is_file()


def test_several_scenarios_are_told_apart(tmp_path: Path) -> None:
    text = _text(write_sample_comparison(tmp_path, ("one", "two", "three")))
    for name in ("one", "two", "three"):
        assert f">Title of {name}</h2>" in text


def test_a_comparison_with_itself_is_said_to_be_exactly_zero(tmp_path: Path) -> None:
    write_sample_comparison(tmp_path)
    table = sample_differences()
    table["other"] = table["baseline"]
    table[["difference", "low", "high", "low_simultaneous", "high_simultaneous"]] = 0.0
    table.to_parquet(tmp_path / "differences.parquet")
    text = _text(tmp_path)
    assert "Every difference is exactly zero" in text
    assert "Raises" not in text


def test_one_replicate_claims_no_interval(tmp_path: Path) -> None:
    write_sample_comparison(tmp_path, replicates=1)
    table = sample_differences(replicates=1)
    table[["low", "high", "low_simultaneous", "high_simultaneous"]] = np.nan
    table.to_parquet(tmp_path / "differences.parquet")
    text = _text(tmp_path)
    assert "One replicate: there are no intervals" in text
    assert "95 % interval -" not in text


def test_both_intervals_are_named_when_behaviour_was_drawn(tmp_path: Path) -> None:
    write_sample_comparison(tmp_path)
    table = sample_differences()
    table["difference_with_behaviour"] = table["difference"]
    table["low_with_behaviour"], table["high_with_behaviour"] = table["low"] * 2, table["high"] * 2
    table.to_parquet(tmp_path / "differences.parquet")
    text = _text(tmp_path)
    assert "With behaviour drawn: -3.0 percentage points (95 % interval -7.2 to -4.8)." in text
    assert "over luck only" in text


def test_a_comparison_without_manifest_or_quarters_still_has_a_report(tmp_path: Path) -> None:
    write_sample_comparison(tmp_path)
    (tmp_path / "manifest.json").unlink()
    table = sample_differences()
    table[table["quarter"].isin(["final", "mean"])].to_csv(tmp_path / "differences.csv", index=False)
    (tmp_path / "differences.parquet").unlink()
    assert "Baseline: baseline (baseline)." in _text(tmp_path)


def test_a_folder_without_differences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is not a comparison: the table of differences is not there"):
        write_compare_report(tmp_path)


def test_what_the_intervals_cover_is_always_said() -> None:
    assert "may be luck" in interval_note(1, False)
    assert "luck only" in interval_note(20, False)
    assert "with behaviour" in interval_note(20, True)


def test_a_total_over_quarters_is_not_called_a_quarter() -> None:
    table = sample_differences()
    table = table[table["quarter"].isin(["mean", "final"]) & (table["metric"] == "spending.total_per_patient")]
    table = table.assign(metric="spending.payer_total", baseline=28.5e9, difference=-3e9)
    mean, total = _rows(table.head(1).assign(quarter="mean")), _rows(table.head(1).assign(quarter="total"))
    assert mean[0][4:6] == ["$28.5 bn a quarter", "-$3.0 bn a quarter"]
    assert total[0][4:6] == ["$28.5 bn", "-$3.0 bn"]


def test_all_policies_lead_with_what_moves_and_tell_what_survives(tmp_path: Path) -> None:
    compared = read_comparison(write_sample_comparison(tmp_path, ("one", "two")))
    chosen = [metric for metric, _, _ in policy_columns(compared)]
    assert len(chosen) == _POLICY_COLUMNS and "access.untreated_share" not in chosen  # exactly zero in both
    assert {"consolidation.hopd_share_infusions", "price.commercial_to_medicare"} <= set(chosen)
    found = _policies(compared)
    row = dict(zip(found["policy_heads"], found["policies"][0], strict=True))
    assert row["Hospital infusions"] == "-3.0 points*" and row["Hospital infusions"].look == "sure"
    assert row["Hospital infusions"].small == "-3.6 to -2.4"
    assert row["Travel, rural"] == "+1.40 minutes*" and row["Travel"].look == "faint"
    assert "cells about 1 would be bold by chance alone" in found["policy_note"] and "A star" in found["policy_note"]


def test_a_policy_that_ends_has_a_row_for_its_last_year_in_force(tmp_path: Path) -> None:
    write_sample_comparison(tmp_path, ("one", "two"))
    table = sample_differences(("one", "two"))
    inside = table[(table["quarter"] == "final") & (table["scenario"] == "two")].assign(quarter="in_force")
    inside["difference"] *= 2
    pd.concat([table, inside]).to_parquet(tmp_path / "differences.parquet")
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["scenarios"][2]["force"] = ["2027Q1", "2029Q4"]
    path.write_text(json.dumps(manifest))
    rows = _policies(read_comparison(tmp_path))["policies"]
    assert [row[0] for row in rows] == ["Title of one", "Title of two", "the same in its last year in force"]
    assert rows[2][0].small == "law 2027Q1 to 2029Q4"
    assert "The policy ends with 2029Q4" in _text(tmp_path)
