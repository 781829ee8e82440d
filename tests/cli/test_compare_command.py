"""``oncsim compare`` as people see it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
import fake_commands

from oncsim import cli
from oncsim.comparing import open_comparison
from oncsim.reports.words import bare_difference


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_commands.install(monkeypatch)


def say(*words: object) -> int:
    return cli.main([str(word) for word in words])


def test_says_differences_with_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("compare", "base", "other", "--replicates", 5, "--out", tmp_path, "--no-report") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Fakeland, 2026Q1 to 2028Q4, 5 replicates each, seed 1"
    assert "other minus base, last four quarters" in lines
    assert any("95 % interval, luck" in line for line in lines)
    assert any(line.startswith("Spending per") and "  +$" in line for line in lines)
    assert "Intervals: of the mean difference, paired by replicate, over luck alone (behaviour at its centre)." in lines
    folder = next((tmp_path / "compare").iterdir())
    assert lines[-1] == f"Comparison: {folder}"


def test_uncertainty_names_both_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--replicates", 5, "--uncertainty", "--out", tmp_path, "--no-report")
    assert say("compare", "base", "other", *words) == 0
    out = capsys.readouterr().out
    assert "95 % interval, luck and behaviour" in out
    assert "The second interval also draws behaviour" in out


def test_a_sentence_leads_and_says_what_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("compare", "base", "other", "--replicates", 5, "--out", tmp_path, "--no-report") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("First: the mean travel time to care rises by ")
    assert lines.index("other minus base, last four quarters") > 2


def test_too_few_replicates_print_a_range_and_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("compare", "base", "other", "--replicates", 4, "--uncertainty", "--out", tmp_path, "--no-report") == 0
    out = capsys.readouterr().out
    assert "95 % interval" not in out and "range of the replicates" in out
    found = open_comparison(next((tmp_path / "compare").iterdir())).differences
    row = found[(found["metric"] == "spending.total_per_patient") & (found["quarter"] == "final")].iloc[0]
    assert f"{bare_difference(row['lowest'], 'dollars')} to {bare_difference(row['highest'], 'dollars')}" in out
    assert "5 replicates or more" in out


def test_one_replicate_is_said_to_have_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("compare", "base", "other", "--replicates", 1, "--out", tmp_path, "--no-report") == 0
    out = capsys.readouterr().out
    assert "One replicate: there is no interval" in out
    assert "95 % interval" not in out


def test_unknown_metric_is_refused_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--metric", "access.minutes_man", "--out", tmp_path / "out")
    assert say("compare", "base", "other", *words) == 2
    assert capsys.readouterr().err == (
        "--metric: no metric 'access.minutes_man' (oncsim metrics list; did you mean 'access.minutes_mean'?)\n"
    )
    assert not (tmp_path / "out").exists()
