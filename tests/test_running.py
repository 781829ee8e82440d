"""Running: the same results whatever the workers and interruptions; nothing half-done looks whole."""

from __future__ import annotations

import dataclasses
import errno
import json
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parent / "results"))
from fake_model import FakeParameters, FakeScenario, fake_market

from oncsim import planning, replicates, running
from oncsim.errors import InputError, RunError
from oncsim.results import files, open_run, parts
from oncsim.results.forms import FORMS, STANDARD


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicates, "MODEL", "fake_model:FakeModel")
    monkeypatch.setattr(running, "build", lambda scenario: fake_market())


def go(out: Path | None, scenario: FakeScenario | None = None, **options):
    return running.run(scenario or FakeScenario(), out=out, report=False, **options)


def tables(folder: Path) -> dict[str, bytes]:
    """Bytes of every table: equality to the last bit."""
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.parquet"))}


def test_run_folder_holds_what_the_interface_says(tmp_path: Path) -> None:
    done = go(tmp_path, replicates=2)
    assert done.folder.parent == tmp_path / "fake"
    assert {p.name for p in done.folder.iterdir()} == {
        "manifest.json",
        "scenario.resolved.yaml",
        *(f"{name}.parquet" for name in STANDARD),
    }
    for name in STANDARD:
        frame = getattr(done, name)
        expected = list(FORMS[name].columns)
        assert list(frame.columns) == (["replicate", *expected] if FORMS[name].per_replicate else expected)
    assert not list(tmp_path.rglob("*.part"))
    manifest = done.manifest
    assert manifest["status"] == "complete"
    assert manifest["scenario"] == "fake"
    assert (manifest["seed"], manifest["replicates"]) == (1, 2)
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == files.sha256(done.folder / name)
    assert set(manifest["files"]) == {p.name for p in done.folder.iterdir()} - {"manifest.json"}


def test_workers_and_their_number_do_not_change_a_bit(tmp_path: Path) -> None:
    one = go(tmp_path / "one", replicates=3, record=["flows"])
    many = go(tmp_path / "many", replicates=3, record=["flows"], workers=2)
    assert one.folder.name == many.folder.name
    assert tables(one.folder) == tables(many.folder)
    assert "flows.parquet" in tables(one.folder)


def test_replicate_is_the_same_whatever_their_number(tmp_path: Path) -> None:
    few, more = go(tmp_path, replicates=1).metrics, go(tmp_path, replicates=3).metrics
    pd.testing.assert_frame_equal(few, more[more["replicate"] == 0].reset_index(drop=True))
    by_replicate = more.pivot_table(index=["quarter", "metric", "group"], columns="replicate", values="value")
    assert (by_replicate[0] != by_replicate[1]).any()


def test_recording_more_changes_no_other_table(tmp_path: Path) -> None:
    plain, more = tables(go(tmp_path).folder), tables(go(tmp_path, record=["flows"]).folder)
    assert {name: more[name] for name in plain} == plain


def test_name_of_a_run_follows_what_is_run() -> None:
    base = planning.check_plan(FakeScenario())
    other_model = FakeScenario(parameters=FakeParameters(1.0))
    changed = [
        planning.check_plan(FakeScenario(), seed=2),
        planning.check_plan(FakeScenario(), replicates=2),
        planning.check_plan(FakeScenario(), until="2027Q1"),
        planning.check_plan(FakeScenario(), format="csv"),
        planning.check_plan(FakeScenario(), record=["flows"]),
        planning.check_plan(FakeScenario(), uncertainty=True),
        planning.check_plan(other_model),
        dataclasses.replace(base, market_digest="another"),
    ]
    names = {plan.run_id for plan in [base, *changed]}
    assert len(names) == len(changed) + 1
    same = [planning.check_plan(FakeScenario(), workers=9), planning.check_plan(FakeScenario(), profile=True)]
    assert {plan.run_id for plan in same} == {base.run_id}


def test_complete_run_is_reported_not_redone(tmp_path: Path) -> None:
    first = go(tmp_path)
    stamp = (first.folder / "metrics.parquet").stat().st_mtime_ns
    again = go(tmp_path)
    assert again.reused and not first.reused
    assert (again.folder / "metrics.parquet").stat().st_mtime_ns == stamp
    forced = go(tmp_path, force=True)
    assert not forced.reused
    assert (forced.folder / "metrics.parquet").stat().st_mtime_ns > stamp
    assert [p.name for p in (tmp_path / "fake").iterdir()] == [first.folder.name]


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_run_goes_on_and_ends_the_same(tmp_path: Path, workers: int) -> None:
    whole = go(tmp_path / "whole", replicates=3)
    stopped = FakeScenario(trouble=((2, "interrupt"),))
    with pytest.raises(running.Interrupted, match="replicates 0-1 of 3 kept, the same command continues"):
        go(tmp_path / "cut", stopped, replicates=3)
    part = next((tmp_path / "cut" / "fake").glob("*.part"))
    assert json.loads((part / "manifest.json").read_text())["status"] == "interrupted"
    kept = (part / "replicates" / "0001" / "metrics.parquet").stat().st_mtime_ns
    seen = []

    def watch(tick: running.Tick) -> None:
        seen.append(tick.done)
        if len(seen) == 1:
            assert (part / "replicates" / "0001" / "metrics.parquet").stat().st_mtime_ns == kept

    done = go(tmp_path / "cut", replicates=3, workers=workers, progress=watch)
    assert seen == [2, 3]
    assert tables(done.folder) == tables(whole.folder)


@pytest.mark.parametrize("workers", [1, 2])
def test_failed_replicate_lets_the_others_end(tmp_path: Path, workers: int) -> None:
    bad = FakeScenario(trouble=((1, "bug"),))
    with pytest.raises(RunError) as caught:
        go(tmp_path, bad, replicates=3, workers=workers)
    line, rest = str(caught.value).splitlines()
    assert line.startswith("replicate 1 failed: ZeroDivisionError: a fault of the model (details: ")
    assert rest == "2 of 3 replicates are finished, the same command tries again"
    details = Path(line.split("details: ")[1].rstrip(")"))
    assert details.name == "replicate-001.txt"
    assert "Traceback" in details.read_text()
    part = details.parents[1]
    assert json.loads((part / "manifest.json").read_text())["status"] == "failed"
    assert not part.with_suffix("").exists()
    assert go(tmp_path, replicates=3).manifest["status"] == "complete"


@pytest.mark.parametrize("workers", [1, 2])
def test_wrong_input_found_by_the_model_leaves_nothing(tmp_path: Path, workers: int) -> None:
    bad = FakeScenario(trouble=((0, "input"), (1, "input")))
    with pytest.raises(InputError, match=r"^events\[0\].org: no organisation is called 'Nobody'$"):
        go(tmp_path, bad, replicates=2, workers=workers)
    assert list(tmp_path.iterdir()) == []


def test_killed_worker_is_one_line_and_costs_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a worker process ended without a word"):
        go(tmp_path, FakeScenario(trouble=((2, "die"),)), replicates=3, workers=2)
    assert not list((tmp_path / "fake").glob("*[!t]/manifest.json"))
    assert go(tmp_path, replicates=3).manifest["status"] == "complete"


@pytest.mark.parametrize("console", [False, True])
def test_workers_need_no_guard_in_a_script_and_work_from_a_console(tmp_path: Path, console: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import oncsim\nprint('played')\n"
        "run = oncsim.run('rural_market', replicates=2, workers=2, until='2026Q1', out=None)\n"
        "print(run.metrics['replicate'].nunique())\n"
    )
    words = [sys.executable, "-"] if console else [sys.executable, str(script)]
    given = script.read_text() if console else None
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.stdout.split() == ["played", "2"], done.stderr


def test_interrupt_ends_busy_workers_at_once(tmp_path: Path) -> None:
    def stop(tick: running.Tick) -> None:
        if tick.done == 1:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(running.Interrupted, match="replicate 0 of 2 kept"):
        go(tmp_path, FakeScenario(trouble=((1, "slow"),)), replicates=2, workers=2, progress=stop)
    assert time.monotonic() - started < 30
    assert not multiprocessing.active_children()


def test_full_disk_while_writing_a_replicate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = parts.write_table

    def full(name: str, frame: pd.DataFrame, path: Path) -> None:
        if "0001" in str(path) and name == "sites":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(name, frame, path)

    monkeypatch.setattr(parts, "write_table", full)
    with pytest.raises(RunError, match=r"^cannot write .*sites.parquet: the disk is full; replicate 0 of 3 kept"):
        go(tmp_path, replicates=3)
    part = next((tmp_path / "fake").iterdir())
    assert part.suffix == ".part"
    assert sorted(p.name for p in (part / "replicates").iterdir()) == ["0000"]
    monkeypatch.setattr(parts, "write_table", real)
    assert go(tmp_path, replicates=3).manifest["status"] == "complete"


def test_full_disk_while_joining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parts, "join", full)
    with pytest.raises(RunError, match=r"the disk is full; replicates 0-1 of 2 kept, the same command continues$"):
        go(tmp_path, replicates=2)
    assert [p.suffix for p in (tmp_path / "fake").iterdir()] == [".part"]


def test_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(RunError, match=r"^cannot write .*out.*: a file (stands|of that name)"):
        go(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    plan = planning.check_plan(FakeScenario())
    with (
        files.alone(tmp_path / "fake" / f"{plan.run_id}.part"),
        pytest.raises(RunError, match="another process is working on this run"),
    ):
        go(tmp_path)


def test_options_out_of_range_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        planning.check_plan(FakeScenario(), replicates=0, seed=-1, until="2040Q1", workers=0, record=["flow"], format="pqt")
    assert [str(fault) for fault in caught.value.faults] == [
        "--format: unknown format 'pqt' (parquet or csv; did you mean 'parquet'?)",
        "--record: unknown table 'flow' (flows; did you mean 'flows'?)",
        "--replicates: 0 is not allowed (1 to 100,000)",
        "--seed: -1 is not allowed (0 to 2^63 - 1)",
        "--until: 2040Q1 is outside the horizon of fake (2026Q1 to 2028Q4)",
        "--workers: 0 is not allowed (1 to 1,000)",
    ]


def test_until_ends_the_run_there(tmp_path: Path) -> None:
    whole, short = go(tmp_path).metrics, go(tmp_path, until="2027Q2").metrics
    assert short["quarter"].max() == "2027Q2"
    expected = whole[whole["quarter"] <= "2027Q2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(short, expected)


def test_kept_in_memory_leaves_no_folder() -> None:
    done = go(None)
    folder = done.folder
    assert folder.is_dir() and len(done.metrics)
    del done
    assert not folder.exists()


def test_warnings_reach_the_manifest_once(tmp_path: Path) -> None:
    from types import SimpleNamespace

    unread = FakeParameters(overrides=(SimpleNamespace(leaf="read.name"), SimpleNamespace(leaf="never.read")))
    done = go(tmp_path, FakeScenario(parameters=unread), replicates=2)
    assert done.warnings == [
        "x.y: outside its usual range",
        "never.read: the scenario sets it, but nothing in this run read it",
        "a warning of the model",
    ]


def test_report_that_fails_does_not_cost_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import oncsim.reports

    def broken(_: Path) -> Path:
        raise ValueError("no figure today")

    monkeypatch.setattr(oncsim.reports, "write_report", broken)
    done = running.run(FakeScenario(), out=tmp_path)
    assert done.warnings[-1] == (
        "the report could not be written: ValueError: no figure today (details: report-failure.txt)"
    )
    assert "report-failure.txt" in done.manifest["files"]
    assert open_run(done.folder).manifest["status"] == "complete"


def test_run_without_report_gets_it_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import oncsim.reports

    def write(folder: Path) -> Path:
        (folder / "report.html").write_text("page")
        return folder / "report.html"

    plain = go(tmp_path)
    monkeypatch.setattr(oncsim.reports, "write_report", write)
    later = running.run(FakeScenario(), out=tmp_path)
    assert later.reused and "report.html" not in plain.manifest["files"]
    assert later.manifest["files"]["report.html"]["sha256"] == files.sha256(later.folder / "report.html")


def test_many_failures_are_counted_not_listed(tmp_path: Path) -> None:
    bad = FakeScenario(trouble=tuple((r, "bug") for r in range(8)))
    with pytest.raises(RunError) as caught:
        go(tmp_path, bad, replicates=8)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines[:5]] == [f"replicate {r} failed" for r in range(5)]
    assert lines[5:] == ["and 3 more", "0 of 8 replicates are finished, the same command tries again"]


def test_profile_adds_up(tmp_path: Path) -> None:
    done = go(tmp_path, replicates=2, profile=True)
    rows = pd.read_csv(done.folder / "profile.csv")
    assert list(rows.columns) == ["replicate", "quarter", "process", "seconds"]
    assert rows.groupby("process")["seconds"].sum().to_dict() == {"choice": 0.0, "demand": 6.0}
    assert done.manifest["timings"] == {"demand": 6.0, "choice": 0.0}


def test_drawn_behaviour_differs_by_replicate_not_by_scenario(tmp_path: Path) -> None:
    scenario = FakeScenario(parameters=FakeParameters(10.0))
    centre, drawn = (
        go(tmp_path, scenario, replicates=2),
        go(tmp_path, scenario, replicates=2, uncertainty=True),
    )
    assert centre.folder != drawn.folder
    assert drawn.manifest["behaviour_drawn"] is True
    assert (centre.metrics["value"] != drawn.metrics["value"]).any()


ARCHETYPE = """
schema: oncsim/scenario/1
id: teaching
title: A teaching market
question: Does it run?
horizon: {start: 2026Q1, end: 2027Q4}
market: {source: archetype, kind: mixed}
"""


@pytest.fixture
def teaching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a small scenario for the real model."""
    monkeypatch.undo()
    path = tmp_path / "teaching.yaml"
    path.write_text(ARCHETYPE)
    return path


def test_model_gives_equal_tables_with_one_worker_or_two(teaching: Path, tmp_path: Path) -> None:
    options = {"replicates": 2, "until": "2026Q3", "record": ["flows"], "report": False}
    one = running.run(teaching, **options, out=tmp_path / "one")
    two = running.run(teaching, **options, out=tmp_path / "two", workers=2)
    assert tables(one.folder) == tables(two.folder)
    assert set(tables(one.folder)) == {f"{name}.parquet" for name in FORMS}


def test_model_of_a_longer_run_begins_as_the_shorter(teaching: Path, tmp_path: Path) -> None:
    long, short = (running.run(teaching, until=end, out=tmp_path, report=False) for end in (None, "2026Q2"))
    for name in ("metrics", "organizations", "sites", "ties", "events"):
        whole = getattr(long, name)
        begins = whole[whole["quarter"] <= "2026Q2"].reset_index(drop=True)
        pd.testing.assert_frame_equal(begins, getattr(short, name))


def test_model_runs_again_from_the_resolved_scenario(teaching: Path, tmp_path: Path) -> None:
    first = running.run(teaching, until="2026Q2", out=tmp_path / "a", report=False)
    again = running.run(first.folder / "scenario.resolved.yaml", out=tmp_path / "b", report=False)
    assert again.manifest["end"] == "2026Q2"
    assert tables(first.folder) == tables(again.folder)


def test_model_recording_flows_changes_no_table(teaching: Path, tmp_path: Path) -> None:
    plain, more = (
        tables(running.run(teaching, until="2026Q3", record=record, out=tmp_path, report=False).folder)
        for record in ((), ("flows",))
    )
    assert {name: more[name] for name in plain} == plain
