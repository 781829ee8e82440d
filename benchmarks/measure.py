"""Run a command in a fresh process; say how long it took and how much memory it held at most."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

MEGABYTE = 1024 if sys.platform != "darwin" else 1024 * 1024  # ru_maxrss is in kilobytes, on macOS in bytes


@dataclass(frozen=True)
class Measure:
    """Wall seconds, peak resident megabytes and what the process printed."""

    seconds: float
    megabytes: float
    output: str


class FailedError(RuntimeError):
    """A benchmarked command did not end well."""


def measure(command: Sequence[str], repeat: int = 1) -> Measure:
    """Run ``command`` as often as asked and return its fastest run.

    Raises
    ------
    FailedError
        When it ends with another status than 0.
    """
    return min((_once(command) for _ in range(repeat)), key=lambda one: one.seconds)


def _once(command: Sequence[str]) -> Measure:
    # One core is what the targets are stated for.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    before = time.perf_counter()
    with subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - before
    if process.returncode != 0:
        raise FailedError(f"{' '.join(command)}\n{output}")
    return Measure(seconds, usage.ru_maxrss / MEGABYTE, output)
