"""``oncsim experiment``: what it says to people, its exit status, and the message of every wrong input."""

from __future__ import annotations

import csv
import errno
import shutil
from pathlib import Path

import pytest

from experiments.small import bytes_of, edited, written
from oncsim.cli import main
from oncsim.cli.experiment_command import span
from oncsim.experiments.report import write_report
from oncsim.results import files

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("experiment"))


@pytest.fixture(scope="module")
def out(file: Path) -> Path:
    """Return the folder of results of the small experiment, played by the command."""
    assert main(["--quiet", "experiment", "run", str(file), "--out", str(file.parent / "out")]) == 0
    return file.parent / "out"


def folder_of(out: Path) -> Path:
    (folder,) = (out / "experiments" / "small").iterdir()
    return folder


def test_what_is_said_before_and_after(file: Path, out: Path, capsys: Captured) -> None:
    assert main(["experiment", "run", str(file), "--out", str(out)]) == 0
    said = capsys.readouterr()
    folder = folder_of(out)
    assert said.err.splitlines() == [
        "Two rules for a small market",
        "2 scenarios x 3 futures x 2 replicates = 12 runs, 12 of them done",
        "nothing left to play",
        f"Folder: {folder}",
    ]
    lines = said.out.splitlines()
    assert lines[-2:] == [f"Report: {folder / 'report.html'}", f"Results: {folder}"]
    assert any("No add-on to drug prices lowers spending per treated patient by" in line for line in lines)
    assert any("95 % interval" in line for line in lines)


def test_an_estimate_plays_nothing(file: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["experiment", "run", str(file), "--estimate", "--replicates", "50", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[1] == "2 scenarios x 3 futures x 50 replicates = 300 runs"
    assert said[2].startswith("300 runs to play, ") and said[2].endswith(" on 1 worker")
    assert not list(tmp_path.iterdir())


def test_before_long_work_it_says_what_would_end_it_sooner_and_what_it_cannot_tell(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    sobol = written(tmp_path, edited(design={"method": "sobol", "samples": 8}, replicates=10_000))
    assert main(["experiment", "run", str(sobol), "--estimate", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[3] == "This machine has 4 processors: --workers 4 uses them all, with the same results"
    assert said[5] == "8 base samples are too few for Sobol indices: none will be reported (at least 16; 256 are usual)"
    enough = written(tmp_path, edited(design={"method": "sobol", "samples": 16}))
    assert main(["experiment", "run", str(enough), "--estimate", "--out", str(tmp_path / "out")]) == 0
    assert "too few" not in capsys.readouterr().err


def test_a_disk_that_is_full_is_said_and_nothing_is_harmed(
    tmp_path: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, written_bytes, chunks = written(tmp_path), files.write_bytes, []

    def full_after_three(path: Path, content: bytes) -> None:
        if path.parent.name == "outputs":
            chunks.append(path)
            if len(chunks) > 3:
                path.with_name(f".{path.name}.1.tmp").write_bytes(content[:100])  # what a full disk still took
                raise OSError(errno.ENOSPC, "No space left on device")
        written_bytes(path, content)

    with monkeypatch.context() as broken:
        broken.setattr(files, "write_bytes", full_after_three)
        assert main(["--quiet", "experiment", "run", str(file), "--out", str(tmp_path)]) == 1
    folder = folder_of(tmp_path)
    kept = "what was finished is kept, and the same command goes on from there"
    assert capsys.readouterr().err.strip() == f"cannot write {folder}: the disk is full; {kept}"
    assert main(["experiment", "status", str(file), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("6 of 12 runs done, 0 of them failed (3 of 6 chunks)")
    assert main(["--quiet", "experiment", "run", str(file), "--out", str(tmp_path), "--no-report"]) == 0
    assert bytes_of(folder) == bytes_of(folder_of(out)) and not list(folder.rglob("*.tmp"))


def test_a_first_run_that_fails_is_written_down_not_a_crash(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oncsim.model import OncologyMarket

    def step(self: OncologyMarket) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(OncologyMarket, "step", step)
    assert main(["experiment", "run", str(written(tmp_path)), "--out", str(tmp_path), "--no-report"]) == 1
    said = capsys.readouterr().err
    assert "12 runs to play on 1 worker; the first could not be tried, so how long that takes is not known" in said
    assert "12 of 12 runs failed: inputs and tracebacks are in" in said and "Traceback" not in said
    assert main(["experiment", "worker", str(tmp_path / "small.yaml"), "--shard", "1/1", "--out", str(tmp_path)]) == 1
    assert "12 of 12 runs failed: inputs" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["experiment", "run", str(tmp_path / "small.yaml"), "--retry", "--out", str(tmp_path), "--no-report"]) == 0
    assert "12 runs that failed are played again, with those of their chunks" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "out").write_text("a file in the way")
    assert main(["--quiet", "experiment", "run", str(written(tmp_path)), "--out", str(tmp_path / "out")]) != 0
    said = capsys.readouterr().err
    assert str(tmp_path / "out") in said and "Traceback" not in said and len(said.splitlines()) == 1


def test_status_before_and_after(file: Path, out: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["experiment", "status", str(file), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "not begun: `oncsim experiment run` plays it\n"
    assert main(["experiment", "status", str(file), "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "12 of 12 runs done, 0 of them failed (6 of 6 chunks)"
    assert lines[1] == "2 scenarios x 3 futures x 2 replicates"


def test_tables_are_shown_and_written(file: Path, out: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["experiment", "show", str(file), "--out", str(out)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["scenario", "output", "versus"] and len(rows) == 3
    path = tmp_path / "runs.csv"
    assert main(["experiment", "show", str(folder_of(out)), "--table", "runs", "--csv", str(path)]) == 0
    assert capsys.readouterr().out == f"12 rows: {path}\n"
    with path.open() as text:
        assert next(csv.reader(text)) == ["scenario", "sample", "replicate", "spending", "minutes", "formed"]
    assert main(["experiment", "show", str(file), "--table", "metrics", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("more rows (--csv PATH writes them all)")


def test_a_task_of_an_array_job_says_how_far_all_are(file: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["experiment", "worker", str(file), "--shard", "2/3", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"4 of 12 runs are done in {folder_of(tmp_path)}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--engine", "dusk"], "--engine: unknown engine 'dusk' (local or dask; did you mean 'dask'?)"),
        (["run", "--scheduler", "tcp://x:1"], "--scheduler: is for --engine dask"),
        (["run", "--workers", "0"], "--workers: 0 is not allowed (1 to 1,000)"),
        (["run", "--replicates", "0"], "--replicates: 0 is not allowed (1 to 100,000)"),
        (["run", "--blocks", "0"], "--blocks: 0 is not allowed (1 to 10,000)"),
        (["worker", "--shard", "4/3"], "--shard: '4/3' is not I/N with I from 1 to N (for example 3/20)"),
        (["worker", "--shard", "one"], "--shard: 'one' is not I/N with I from 1 to N (for example 3/20)"),
        (["run", "--out", " "], "--out: is empty (name a folder, for example results; . is the working folder)"),
    ],
)
def test_wrong_options_are_said_and_nothing_is_written(
    file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *options = words
    assert main(["experiment", command, str(file), *options]) == 2
    assert capsys.readouterr().err.strip() == said
    assert not list(tmp_path.iterdir())


def test_blocks_need_a_design_that_can_be_drawn_again(tmp_path: Path, capsys: Captured) -> None:
    plain = written(tmp_path, edited(uncertainties=None, design=None))
    assert main(["experiment", "run", str(plain), "--blocks", "2", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert said == "--blocks: a design of method none cannot be drawn again (add replicates)"
    sobol = written(tmp_path, edited(design={"method": "sobol", "samples": 4}))
    assert main(["experiment", "run", str(sobol), "--blocks", "3", "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.strip() == "--blocks: 3 is no power of two (a sobol design doubles)"


def test_what_cannot_be_shown_is_said(file: Path, out: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["experiment", "show", str(file), "--table", "metric", "--out", str(out)]) == 2
    folder = folder_of(out)
    said = f"{folder}: has no table 'metric' (metrics, outputs; did you mean 'metrics'?)"
    assert capsys.readouterr().err.strip() == said
    assert main(["experiment", "show", str(file), "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip() == f"{file}: has not been run (`oncsim experiment run` plays it)"
    assert main(["experiment", "show", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip() == f"{tmp_path}: is no results folder of an experiment (it has no plan.json)"


def test_files_that_were_harmed_are_named(file: Path, out: Path, tmp_path: Path, capsys: Captured) -> None:
    copied = tmp_path / folder_of(out).name
    shutil.copytree(folder_of(out), copied)
    victim = copied / "data" / "outputs" / "00-00001.parquet"
    victim.write_bytes(victim.read_bytes()[:50])
    again = "`oncsim experiment run` plays it again"
    assert main(["experiment", "show", str(copied), "--table", "runs"]) == 2
    assert capsys.readouterr().err.strip() == f"{victim}: is not what was written ({again})"
    victim.unlink()
    assert main(["experiment", "show", str(copied), "--table", "runs"]) == 2
    assert capsys.readouterr().err.strip() == f"{victim}: is gone ({again})"
    (copied / "plan.json").write_text("{")
    assert main(["experiment", "status", str(copied)]) == 2
    said = "cannot be read, so it is not known what was played (restore it, or take the folder away and play again)"
    assert capsys.readouterr().err.strip() == f"{copied / 'plan.json'}: {said}"


def test_a_results_folder_is_gone_on_with_from_inside(
    out: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / folder_of(out).name
    shutil.copytree(folder_of(out), copied)
    monkeypatch.chdir(copied)
    assert main(["experiment", "status", "."]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "12 of 12 runs done, 0 of them failed (6 of 6 chunks)"
    assert main(["experiment", "run", "experiment.yaml", "--no-report"]) == 0
    assert "nothing left to play" in capsys.readouterr().err and not (copied / "results").exists()


def test_an_output_without_value_does_not_take_the_report_away(tmp_path: Path, capsys: Captured) -> None:
    outputs = [
        {"id": "spending", "metric": "spending.total_per_patient", "better": "lower"},
        {"id": "after", "metric": "price.after_acquisition", "group": "component=total;years=1", "better": "lower"},
    ]
    plain = edited(outputs=outputs, replicates=1)
    try:
        file = written(tmp_path, plain)
        status = main(["experiment", "run", str(file), "--out", str(tmp_path / "out")])
    finally:
        said = capsys.readouterr()
    assert status == 0, said.err
    text = (folder_of(tmp_path / "out") / "report.html").read_text(encoding="utf-8")
    assert "This part cannot be made" not in text and "lowers spending per treated patient" in text
    assert "no run has a partner in" in text and "Robust choices" in text


def test_futures_on_one_luck_are_no_independent_units(tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path, edited(design={"method": "sobol", "samples": 2}, replicates=2))
    assert main(["--quiet", "experiment", "run", str(file), "--out", str(tmp_path)]) == 0
    with (folder_of(tmp_path) / "analysis" / "effects.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert {row["kind"] for row in rows} == {"replicate"} and {row["units"] for row in rows} == {"2"}
    assert "share one luck" in (folder_of(tmp_path) / "report.html").read_text(encoding="utf-8")


def test_failed_runs_are_told_and_give_status_one(file: Path, tmp_path: Path, capsys: Captured, monkeypatch) -> None:
    from oncsim.experiments import work

    real = work._play

    def sometimes(job, arm, sample, replicate, history):
        if arm.id == "no_addon" and sample == 2:
            raise ValueError("no such wait")
        return real(job, arm, sample, replicate, history)

    monkeypatch.setattr(work, "_play", sometimes)
    assert main(["experiment", "run", str(file), "--out", str(tmp_path), "--no-report"]) == 1
    folder = folder_of(tmp_path)
    said = f"2 of 12 runs failed: inputs and tracebacks are in {folder / 'failures'} (--retry plays them again)"
    assert said in capsys.readouterr().err.splitlines()


def test_an_unwritable_folder_is_said_in_a_line(file: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "experiments").write_text("in the way")
    assert main(["experiment", "run", str(file), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("cannot write ") and "a file stands where a folder is needed" in said[0]


def test_lengths_of_time_as_people_say_them() -> None:
    assert [span(s) for s in (0.2, 61, 600, 7200)] == ["1 s", "61 s", "10 min", "2.0 hours"]


def test_the_report_has_what_an_analyst_copies(out: Path) -> None:
    folder = folder_of(out)
    text = (folder / "report.html").read_text(encoding="utf-8")
    for part in (
        "Effects",
        "Trade-offs",
        "Robust choices",
        "Were there enough runs?",
        "oncsim experiment run experiment.yaml",
    ):
        assert part in text
    for name in ("effects", "tradeoffs", "convergence"):
        assert (folder / "figures" / f"{name}.png").stat().st_size > 10_000 and f"{name}.svg" in str(
            list((folder / "figures").iterdir())
        )
    with (folder / "analysis" / "effects.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert {row["output"] for row in rows} == {"spending", "minutes", "formed"} and all(row["units"] == "3" for row in rows)


def test_with_many_policies_the_report_ranks_them_and_says_how_often_each_fails(tmp_path: Path, capsys: Captured) -> None:
    law = edited()["scenarios"][0]
    addon = [
        {**law, "id": f"addon_{i}", "label": f"Add-on {i}", "set": {**law["set"], "payment.medicare.drug_addon": 0.01 * i}}
        for i in range(5)
    ]
    losses = [
        {"output": "spending", "above": -300, "label": "saves less than 300 dollars"},
        {"output": "minutes", "above": 60, "change": False, "scenario": "addon_1"},
    ]
    design = {"method": "latin_hypercube", "samples": 12, "seed": 4}
    content = edited(scenarios=[law, *addon], losses=losses, design=design, replicates=1)
    file = written(tmp_path, content)
    assert main(["experiment", "run", str(file), "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Spending per treated patient falls most under Add-on 0 by ")
    assert any(
        line.startswith("Saves less than 300 dollars: Add-on ") and line.endswith(" of 12 futures.") for line in lines
    )
    text = (folder_of(tmp_path) / "report.html").read_text(encoding="utf-8")
    assert "Spending per treated patient goes from " in text and "What is compared" in text
    assert "Share of futures in which it happens" in text and "Mean travel time above 60.0 minutes" in text
    with (folder_of(tmp_path) / "analysis" / "failing.csv").open() as table:
        rows = {row["outcome"]: row for row in csv.DictReader(table)}
    assert len(rows) == 6 and rows["2_addon_1"]["futures"] == "12"
    stale = folder_of(tmp_path) / "figures" / "box_1_addon_9.png"
    stale.write_bytes(b"of an earlier report")
    ended: list[tuple[int, int]] = []
    write_report(folder_of(tmp_path), lambda done, parts: ended.append((done, parts)))
    assert ended == [(done, 13) for done in range(1, 14)]  # seven sections and a search for each way to fail
    assert not stale.exists() and (stale.parent / "over_time.png").is_file()
