"""Killed at any moment and resumed, an experiment ends in the bytes of one never interrupted; so does one on a cluster."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oncsim.experiments.running import find, run_experiment, state_of

from .small import bytes_of, edited, written

pytestmark = pytest.mark.slow


def command(file: Path, out: Path, *more: str) -> list[str]:
    run = ["experiment", "run", str(file), "--out", str(out), "--no-report", *more]
    return [sys.executable, "-W", "error", "-m", "oncsim", "--quiet", *run]


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a run (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="processes are found through /proc")
def test_killed_at_random_moments_and_resumed_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    file = written(tmp_path, edited(replicates=6))
    expected = bytes_of(run_experiment(file, tmp_path / "whole").folder)
    rng, killed = random.Random(7), 0
    for attempt in range(60):
        # No pipe: a worker that outlives its parent for a moment would hold it open.
        process = subprocess.Popen(command(file, tmp_path / "cut", "--workers", "2"), stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(0.5, 4.5))
        except subprocess.TimeoutExpired:
            victims = [process.pid] if attempt % 3 else workers_of(process.pid)[1:]
            for victim in victims or [process.pid]:
                os.kill(victim, signal.SIGKILL)
            killed += 1
            if victims == [process.pid]:
                process.wait()
            elif process.wait(timeout=120) == 0:  # a lost worker is made up for
                break
        else:
            assert process.returncode == 0
            break
        time.sleep(0.1)
    begun = find(file, tmp_path / "cut")
    assert begun is not None and state_of(begun).complete and killed >= 2
    assert bytes_of(begun.ledger.folder) == expected


def test_interrupted_at_the_keyboard_it_says_what_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, edited(replicates=40))
    process = subprocess.Popen(command(file, tmp_path), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("done/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: " in said and "the same command goes on from there" in said and "Traceback" not in said


def test_on_dask_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    file = written(tmp_path)
    expected = bytes_of(run_experiment(file, tmp_path / "here").folder)
    done = subprocess.run(
        command(file, tmp_path / "there", "--engine", "dask", "--workers", "2"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    begun = find(file, tmp_path / "there")
    assert begun is not None and bytes_of(begun.ledger.folder) == expected
