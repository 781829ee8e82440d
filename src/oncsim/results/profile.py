"""Where the time of a run goes: seconds by process of the quarter."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oncsim.results import files


def write_profile(path: Path, outcomes: Sequence[dict[str, Any]]) -> None:
    """Write ``replicate, quarter, process, seconds`` as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["replicate", "quarter", "process", "seconds"])
    for outcome in outcomes:
        for row in outcome["profile"]:
            writer.writerows(
                [outcome["replicate"], row["quarter"], process, f"{seconds:.6f}"]
                for process, seconds in row["seconds"].items()
            )
    files.write_text(path, text.getvalue())


def profile_lines(folder: Path, timings: dict[str, float]) -> list[str]:
    """Return a table in text: seconds a quarter and in all by process, the slowest first.

    Parameters
    ----------
    folder : Path
        A run folder; with ``profile.csv`` the slowest quarter of each process is named too.
    timings : dict of str to float
        Seconds by process over the whole run, from the manifest.
    """
    quarters: dict[str, dict[tuple[str, str], float]] = {}
    path = folder / "profile.csv"
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = (row["replicate"], row["quarter"])
                quarters.setdefault(row["process"], {})[key] = float(row["seconds"])
    whole = sum(timings.values())
    lines = [f"{'process':<22}{'s/quarter':>11}{'slowest':>11}{'total s':>11}{'share':>8}"]
    for process, total in sorted(timings.items(), key=lambda item: (-item[1], item[0])):
        each = list(quarters.get(process, {}).values())
        mean = f"{sum(each) / len(each):.4f}" if each else "-"
        worst = f"{max(each):.4f}" if each else "-"
        share = f"{100 * total / whole:.0f} %" if whole else "-"
        lines.append(f"{process:<22}{mean:>11}{worst:>11}{total:>11.3f}{share:>8}")
    lines.append(f"{'all':<22}{'':>11}{'':>11}{whole:>11.3f}{'':>8}")
    return lines
