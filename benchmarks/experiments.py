"""Measure experiments: overhead of the runner a run, parallel efficiency, memory over many runs; print a table.

``python benchmarks/experiments.py [RUNS]`` (default 40 a measurement; memory takes ten times as many, shorter ones).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import yaml

from oncsim.experiments import load_experiment, run_experiment
from oncsim.experiments.running import make_job
from oncsim.experiments.work import Chunk, _model, play_chunk

METRO = {
    "schema": "oncsim/experiment/1",
    "id": "benchmark",
    "title": "Benchmark",
    "scenarios": ["metro_market"],
    "horizon": {"start": "2026Q1", "end": "2035Q4"},
    "outputs": [
        {"id": "share", "metric": "consolidation.hopd_share_infusions"},
        {"id": "spending", "metric": "spending.total_per_patient"},
        {"id": "minutes", "metric": "access.minutes_mean"},
    ],
}


def written(folder: Path, **changes: object) -> Path:
    """Write the experiment and return its path."""
    path = folder / "benchmark.yaml"
    path.write_text(yaml.safe_dump({**METRO, **changes}), encoding="utf-8")
    return path


def alone(file: Path, runs: int) -> float:
    """Return the seconds that the model alone takes for so many runs."""
    job, _ = make_job(load_experiment(file))
    started = time.perf_counter()
    for replicate in range(runs):
        model = _model(job, job.experiment.arms[0], 0, replicate)
        while not model.finished:
            model.step()
        model.close()
    return time.perf_counter() - started


def played(file: Path, runs: int, workers: int) -> float:
    """Return the seconds of an experiment of so many runs."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        run_experiment(file, out, workers=workers, replicates=runs)
        return time.perf_counter() - started


def growth(folder: Path, runs: int) -> tuple[float, float]:
    """Return the peak megabytes after a tenth of so many short runs, and after all of them."""
    file = written(folder, scenarios=[{"scenario": "metro_market", "set": {"settings.settle_quarters": 0}}],
                   horizon={"start": "2026Q1", "end": "2026Q2"})  # fmt: skip
    job, _ = make_job(load_experiment(file))
    peaks = []
    for replicate in range(runs):
        play_chunk(job, Chunk("", ((0, replicate),)))
        if replicate + 1 in (runs // 10, runs):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[0], peaks[-1]


def overhead(folder: Path, runs: int) -> float:
    """Return the seconds a run that an experiment takes beyond the model: by short runs, without what it takes to begin."""
    file = written(folder, horizon={"start": "2026Q1", "end": "2026Q2"})
    alone(file, 10)
    model = alone(file, runs)
    few, many = (played(file, count, 1) for count in (runs // 2, runs + runs // 2))
    return (many - few - model) / runs


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as place:
        file = written(Path(place))
        alone(file, 2)  # imports and caches
        model, one, two = alone(file, runs), played(file, runs, 1), played(file, runs, 2)
        beyond = overhead(Path(place), 10 * runs)
        before, after = growth(Path(place), 10 * runs)
    print("| What | Measured | Target |")
    print("|---|---|---|")
    print(f"| a run of the metro market, 40 quarters, model alone | {1e3 * model / runs:.0f} ms | 120 ms |")
    print(f"| runner beyond the model, a run | {1e3 * beyond:.1f} ms | < 5 ms |")
    print(f"| efficiency on 2 workers | {one / two / 2:.0%} | >= 90 % |")
    print(f"| 10,000 runs on 2 workers | {1e4 / runs * two / 60:.0f} min | < 10 min |")
    print(f"| peak memory after {runs:,} and {10 * runs:,} short runs | {before:.0f} and {after:.0f} MB | flat |")


if __name__ == "__main__":
    main()
