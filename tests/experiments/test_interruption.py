"""Killed at any moment and resumed, an experiment ends in the bytes of one never interrupted; so does one on a cluster."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
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


def wait_for_more(folder: Path) -> None:
    """Return when one more chunk is done than at first."""
    deadline, first = time.monotonic() + 60, len(list(folder.rglob("done/*.json")))
    while len(list(folder.rglob("done/*.json"))) == first and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="processes are found through /proc")
def test_killed_at_random_moments_and_resumed_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    file = written(tmp_path, edited(replicates=60))
    expected = bytes_of(run_experiment(file, tmp_path / "whole", workers=2).folder)
    rng, kills = random.Random(7), 0
    while kills < 20:
        # No pipe: a worker that outlives its parent for a moment would hold it open.
        process = subprocess.Popen(command(file, tmp_path / "cut", "--workers", "2"), stderr=subprocess.DEVNULL)
        if kills % 2:
            time.sleep(rng.uniform(0.2, 2.0))  # while it starts or begins to play
        else:
            wait_for_more(tmp_path / "cut")
            time.sleep(rng.uniform(0.0, 0.6))
        victims = workers_of(process.pid)[1:] if kills % 3 == 0 else []
        for victim in victims:  # a lost worker is made up for, and then the main process goes too
            os.kill(victim, signal.SIGKILL)
        if victims:
            kills += 1
            time.sleep(rng.uniform(0.2, 1.0))
        assert process.poll() is None, "it ended before it could be killed: give it more to do"
        process.kill()
        process.wait()
        kills += 1
    begun = find(file, tmp_path / "cut")
    assert begun is not None and 0 < state_of(begun).chunks_done < state_of(begun).chunks
    subprocess.run(command(file, tmp_path / "cut", "--workers", "2"), check=True)
    assert state_of(begun).complete
    assert bytes_of(begun.ledger.folder) == expected


def test_interrupted_at_the_keyboard_it_says_what_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, edited(replicates=40))
    # Where the tests themselves run in the background, interrupts are ignored unless they are turned on again.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command(file, tmp_path), stderr=subprocess.PIPE, text=True, preexec_fn=listen)
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
