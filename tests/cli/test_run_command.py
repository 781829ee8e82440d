"""``oncsim run`` as people see it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
import fake_commands

from oncsim import cli
from oncsim.cli.run_command import with_range
from oncsim.results import Run
from oncsim.results.summary import summarise


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_commands.install(monkeypatch)


def say(*words: object) -> int:
    return cli.main([str(word) for word in words])


def test_says_how_the_market_moved_and_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "base", "--replicates", 2, "--out", tmp_path, "--no-report") == 0
    out, err = capsys.readouterr()
    folder = next((tmp_path / "base").iterdir())
    lines = out.splitlines()
    assert lines[:2] == ["As the law stands (base)", "Fakeland, 2026Q1 to 2028Q4, 2 replicates, seed 1"]
    assert lines[3].split("  ")[-1].strip() == "lowest to highest"
    assert any("rural zones" in line and " minutes" in line for line in lines)
    assert "Events (mean per replicate): 12.0 acquisition, 12.0 zebra." in lines
    assert lines[-1] == f"Run folder: {folder}"
    assert err == "warning: x.y: outside its usual range\nwarning: a warning of the model\n"


def test_few_replicates_show_their_range_and_more_an_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for n in (4, 5):
        assert say("run", "base", "--replicates", n, "--out", tmp_path, "--no-report") == 0
        said[n] = capsys.readouterr().out
    assert "Means over replicates; the lowest and the highest change of a replicate." in said[4]
    assert "interval" not in said[4]
    assert "95 % interval" in said[5]
    done = next(run for folder in (tmp_path / "base").iterdir() if (run := Run(folder)).manifest["replicates"] == 4)
    rows = with_range(done.summary(), done)
    each = [summarise(done.metrics[done.metrics["replicate"] == r])["change"] for r in range(4)]
    assert rows["low"].tolist() == [min(changes) for changes in zip(*each, strict=True)]
    assert rows["high"].tolist() == [max(changes) for changes in zip(*each, strict=True)]


@pytest.mark.parametrize("command", [("run", "base"), ("compare", "base", "other"), ("report", "base")])
@pytest.mark.parametrize("out", ["", " "])
def test_an_empty_folder_is_refused(
    command: tuple[str, ...], out: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(*command, "--out", out) == 2
    said = "--out: is empty (name a folder, for example results; . is the working folder)\n"
    assert capsys.readouterr() == ("", said)
    assert list(tmp_path.iterdir()) == []


def test_one_replicate_claims_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "base", "--out", tmp_path, "--no-report") == 0
    out = capsys.readouterr().out
    assert "interval" not in out
    assert "Events: 12 acquisition, 12 zebra." in out


def test_second_time_says_that_it_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert say("run", "base", "--out", tmp_path, "--no-report") == 0
    assert capsys.readouterr().out.count("This run was there already, complete; --force runs it again.") == 1


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("--quiet", "run", "base", "--out", tmp_path / "a", "--no-report") == 0
    assert say("run", "base", "--out", tmp_path / "b", "--no-report", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert say("run", "base", "--quiet", "--replicates", 0) == 2
    assert capsys.readouterr().err == "--replicates: 0 is not allowed (1 to 100,000)\n"


def test_log_of_a_run(tmp_path: Path) -> None:
    assert say("run", "base", "--replicates", 2, "--out", tmp_path, "--no-report", "--log", tmp_path / "log") == 0
    text = (tmp_path / "log").read_text()
    assert "base: 2 of 2 replicates" in text
    assert "Run folder: " in text


def test_every_wrong_option_at_once_and_nothing_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--replicates", -1, "--until", "2026-1", "--record", "flow,sites", "--format", "xls")
    assert say("run", "base", "--out", tmp_path / "out", *words) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        [
            "--format: unknown format 'xls' (parquet or csv)",
            "--record: every run has sites (flows can be added)",
            "--record: unknown table 'flow' (flows; did you mean 'flows'?)",
            "--replicates: -1 is not allowed (1 to 100,000)",
            "--until: '2026-1' is not a quarter (write for example 2026Q1)",
        ],
    )
    assert not (tmp_path / "out").exists()


def test_failed_run_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "bug", "--out", tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("replicate 0 failed: ZeroDivisionError: a fault of the model (details: ")
    assert "Traceback" not in err


def test_interrupted_run_is_exit_130_and_says_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "stopped", "--replicates", 2, "--out", tmp_path) == 130
    part = next((tmp_path / "stopped").iterdir())
    assert capsys.readouterr().err == (f"interrupted: replicate 0 of 2 kept, the same command continues ({part})\n")


def test_profile_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "base", "--out", tmp_path, "--no-report", "--profile") == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("process"))
    assert lines[start + 1].split() == ["demand", "0.2500", "0.2500", "3.000", "100", "%"]
    assert lines[-1].split() == ["all", "3.000"]


def test_plain_progress_comes_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oncsim.cli.console._SECONDS_BETWEEN_LINES", 0.0)
    assert say("run", "base", "--out", tmp_path, "--no-report") == 0
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "base: 1 of 12 quarters"
    assert err[11] == "base: 12 of 12 quarters"


def test_a_bar_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert say("run", "base", "--replicates", 2, "--out", tmp_path, "--no-report") == 0
    assert "Run folder: " in capsys.readouterr().out
