"""Measure oncsim and write results.md beside this file; ``--quick`` leaves out the nation and the scaling."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import FailedError, Measure, measure

HERE = Path(__file__).parent
STATES = {
    "1 state": "TN",
    "5 states": "TN,KY,AL,GA,NC",
    "15 states": "TN,KY,AL,GA,NC,SC,VA,WV,OH,IN,IL,MO,AR,MS,FL",
    "all states": "all",
}
PACKAGES = ("mesa", "numpy", "scipy", "pandas", "pyarrow", "matplotlib")


def oncsim(*words: str) -> list[str]:
    """Return the command line of oncsim with this Python."""
    return [sys.executable, "-m", "oncsim", *words]


def line(what: str, found: Measure, target: str) -> str:
    """Return one row of the table."""
    return f"| {what} | {found.seconds:.2f} | {found.megabytes:,.0f} | {target} |"


def small(out: str) -> Iterator[str]:
    """Measure what everybody waits for every day."""
    yield line("`oncsim --help`", measure(oncsim("--help"), 5), "< 0.4 s")
    bare = measure([sys.executable, "-c", "pass"], 5)
    imported = measure([sys.executable, "-c", "import oncsim"], 5)
    added = Measure(max(imported.seconds - bare.seconds, 0.0), imported.megabytes, "")
    yield line("`import oncsim` (start of Python taken off)", added, "< 0.15 s")
    for scenario in ("rural_market", "mixed_market", "metro_market"):
        run = oncsim("--quiet", "run", scenario, "--no-report", "--force", "--out", out)
        yield line(f"`oncsim run {scenario} --no-report`", measure(run, 2), "")
    run = oncsim("--quiet", "run", "baseline", "--force", "--out", out)
    yield line("`oncsim run baseline --no-report`", measure([*run, "--no-report"], 3), "3 s")
    yield line("`oncsim run baseline`, with report", measure(run, 2), "8 s")


def nation(out: str, profiles: list[str]) -> Iterator[str]:
    """Measure every county of the country, one replicate of 60 quarters."""
    for scenario in ("nation", "nation_files"):
        run = oncsim("run", scenario, "--no-report", "--profile", "--force", "--out", out)
        try:
            found = measure(run)
        except FailedError as error:
            if scenario == "nation":
                raise
            print(f"{scenario} left out: {str(error).splitlines()[-1]}", file=sys.stderr)
            continue
        yield line(f"`oncsim run {scenario} --no-report`", found, "20 s, 1,500 MB")
        profiles.append(profile(scenario, Path(out)))


def profile(scenario: str, out: Path) -> str:
    """Return the seconds by process of the run that was just made."""
    manifest = max(out.glob(f"{scenario}/*/manifest.json"), key=os.path.getmtime)
    timings: dict[str, float] = json.loads(manifest.read_text(encoding="utf-8"))["timings"]
    whole = sum(timings.values())
    rows = [f"| {name} | {seconds:.2f} | {seconds / whole:.0%} |" for name, seconds in timings.items()]
    head = ["", f"`{scenario}`:", "", "| Process | s over the run | share |", "|---|---|---|"]
    return "\n".join([*head, *rows, f"| all | {whole:.2f} | |"])


def scaling() -> Iterator[str]:
    """Measure the cost of a quarter against zone-site pairs, with a line through the points."""
    yield "| Market | zones | sites | pairs | build s | settle s | s a quarter | MB |"
    yield "|---|---|---|---|---|---|---|---|"
    pairs, seconds = [], []
    for label, states in STATES.items():
        got = measure([sys.executable, str(HERE / "scaling.py"), states])
        one = json.loads(got.output.splitlines()[-1])
        pairs.append(one["pairs"])
        seconds.append(one["quarter"])
        yield (
            f"| {label} | {one['zones']:,} | {one['sites']:,} | {one['pairs']:,} | {one['build']:.2f} | "
            f"{one['settle']:.2f} | {one['quarter']:.3f} | {got.megabytes:,.0f} |"
        )
    slope, start = np.polyfit(pairs, seconds, 1)
    residual = np.array(seconds) - (start + slope * np.array(pairs))
    explained = 1.0 - (residual**2).sum() / ((np.array(seconds) - np.mean(seconds)) ** 2).sum()
    yield ""
    yield (
        f"Line through these points: {1e3 * start:.1f} ms + {1e6 * slope:.3f} microseconds a pair; "
        f"R squared {explained:.4f}."
    )


def heading() -> list[str]:
    """Return what was measured, when and with what; of the machine only its class."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = f"{cores} cores, {platform.system()}, {platform.machine()}; one core used"
    version = f"oncsim {importlib.metadata.version('oncsim')}, Python {platform.python_version()}, {versions}"
    return [
        "# Benchmark results",
        "",
        f"Written by `benchmarks/run.py` on {today}. Machine: {machine}. {version}.",
        "",
        "Each line is a fresh process: wall seconds (the best of a few where short) and peak resident memory.",
        "",
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the nation and the scaling")
    parser.add_argument("--out", type=Path, default=HERE / "results.md", help="file to write")
    given = parser.parse_args()
    profiles: list[str] = []
    with tempfile.TemporaryDirectory() as out:
        rows = ["| What | s | MB | Target |", "|---|---|---|---|", *small(out)]
        if not given.quick:
            rows += nation(out, profiles)
    text = [*heading(), *rows]
    if profiles:
        text += ["", "## Where the time of the nation goes", *profiles]
    if not given.quick:
        text += ["", "## Cost against size", "", *scaling()]
    given.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(f"wrote {given.out}")


if __name__ == "__main__":
    main()
