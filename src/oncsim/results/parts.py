"""The folder of an unfinished run: one folder a finished replicate, so that work done is never lost.

``<run id>.part/replicates/0003/`` holds the tables of replicate 3 and ``done.json``. It is filled under
another name and renamed when whole, so its presence says that the replicate is finished.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oncsim.results import files
from oncsim.results.forms import FORMS
from oncsim.results.writing import FlowSink, join, write_table


class Parts:
    """The finished replicates of a run that is not complete.

    Parameters
    ----------
    folder : Path
        The ``<run id>.part`` folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replicates = folder / "replicates"

    def prepare(self) -> None:
        """Make the folder and clear away replicates that were cut off half-way."""
        self.replicates.mkdir(parents=True, exist_ok=True)
        for path in self.replicates.iterdir():
            if not path.name.isdigit():
                files.remove(path)
        files.remove(self.folder / "failures")

    def finished(self, replicates: int) -> list[int]:
        """Return which of the first so many replicates are finished."""
        return [r for r in range(replicates) if (self._place(r) / "done.json").is_file()]

    def outcome(self, replicate: int) -> dict[str, Any]:
        """Return what a finished replicate said besides its tables: seconds, timings, warnings."""
        content: dict[str, Any] = files.read_json(self._place(replicate) / "done.json")
        return content

    def record_failure(self, replicate: int, traceback: str) -> Path:
        """Write down why a replicate failed; return the file."""
        path = self.folder / "failures" / f"replicate-{replicate:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, traceback)
        return path

    def join(self, into: Path, replicates: int, format: str) -> None:
        """Join the tables of all replicates, in order, into one file a table."""
        names = [name for name in FORMS if (self._place(0) / f"{name}.parquet").is_file()]
        for name in names:
            pieces = [(r, self._place(r) / f"{name}.parquet") for r in range(replicates)]
            join(name, pieces, into / f"{name}.{format}")

    def _place(self, replicate: int) -> Path:
        return self.replicates / f"{replicate:04d}"


class ReplicateWriter:
    """Writes one replicate into the parts; nothing of it shows before :meth:`finish`."""

    def __init__(self, parts: Parts, replicate: int) -> None:
        self._target = parts._place(replicate)
        self._staged = self._target.with_name(f"{replicate:04d}.tmp")
        files.remove(self._staged)
        self._staged.mkdir(parents=True)
        self._flows: FlowSink | None = None

    def flow_sink(self) -> FlowSink:
        """Return what takes the flows, a quarter at a time."""
        self._flows = FlowSink(self._staged / "flows.parquet")
        return self._flows

    def finish(self, tables: dict[str, Any], outcome: dict[str, Any]) -> None:
        """Write the tables and make the replicate count as finished."""
        if self._flows is not None:
            self._flows.close()
        for name, frame in tables.items():
            write_table(name, frame, self._staged / f"{name}.parquet")
        (self._staged / "done.json").write_text(json.dumps(outcome), encoding="utf-8")
        files.remove(self._target)
        self._staged.replace(self._target)

    def discard(self) -> None:
        """Drop what was written."""
        files.remove(self._staged)


def ranges(numbers: Sequence[int]) -> str:
    """Return ``0-3, 7`` for 0, 1, 2, 3, 7; ``none`` for no numbers."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in spans) or "none"
