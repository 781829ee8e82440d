"""The folder of an experiment: the result files are the ledger of what is done, each whole or not there.

``<out>/experiments/<id>/<run id>/`` holds ``experiment.yaml`` and ``scenarios/`` (which run again what was run),
``design.parquet`` (the futures), ``plan.json`` (waves), ``data/<table>/<chunk>.parquet``, ``done/<chunk>.json`` with
the hash of each file of a chunk, ``failures/<chunk>.json`` and ``manifest.json``. A chunk is done when its marker is
there and its files are what the marker says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.errors import Fault, InputError
from oncsim.experiments.plan import Wave
from oncsim.results import files
from oncsim.results.identity import short_hash

if TYPE_CHECKING:
    from oncsim.experiments.work import Chunk, Job, Played

PLAN, DESIGN, MANIFEST, EXPERIMENT = "plan.json", "design.parquet", "manifest.json", "experiment.yaml"


@dataclass(frozen=True)
class Done:
    """What is known of a chunk that is done."""

    chunk: str
    runs: int
    failed: int
    seconds: float


class Ledger:
    """Reads and writes the folder of an experiment.

    Parameters
    ----------
    folder : Path
        ``<out>/experiments/<id>/<run id>``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done_folder, self.data = folder / "done", folder / "data"
        self.failures = folder / "failures"

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The waves planned so far."""
        content = self._plan()
        return tuple(Wave.of(one) for one in content["waves"]) if content else ()

    @property
    def blocks(self) -> int:
        """Times the design was drawn so far."""
        content = self._plan()
        return int(content["blocks"]) if content else 0

    def _plan(self) -> dict[str, Any]:
        place = self.folder / PLAN
        content = files.read_json(place)
        if not isinstance(content, dict) and place.is_file():
            said = "cannot be read, so it is not known what was played (restore it, or take the folder away and play again)"
            raise InputError([Fault(str(place), 0, 0, "", said)])
        if content is None and next(self.done_folder.glob("*.json"), None) is not None:
            said = "is gone, so it is not known what was played (restore it, or take the folder away and play again)"
            raise InputError([Fault(str(place), 0, 0, "", said)])
        return content if isinstance(content, dict) else {}

    def write_plan(self, waves: Sequence[Wave], blocks: int) -> None:
        """Write down the waves."""
        content = {"waves": [one.as_dict() for one in waves], "blocks": blocks}
        if files.read_json(self.folder / PLAN) != content:
            files.write_json(self.folder / PLAN, content)

    def prepare(self) -> None:
        """Make the folders, and clear away what an interrupted write left."""
        for folder in (self.done_folder, self.data, self.failures):
            folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Remove files that a write cut off half-way left behind; only while nobody else writes."""
        for path in self.folder.rglob(".*.tmp"):
            path.unlink(missing_ok=True)

    def store(self, played: Played) -> None:
        """Write a chunk: its tables first, its marker last."""
        marker: dict[str, Any] = {"chunk": played.chunk.id, "runs": played.runs, "failed": len(played.failures), "files": {}}
        for name, content in played.files.items():
            place = self.data / name
            place.mkdir(parents=True, exist_ok=True)
            files.write_bytes(place / f"{played.chunk.id}.parquet", content)
            digest = hashlib.sha256(content).hexdigest()
            marker["files"][name] = {"sha256": digest, "bytes": len(content), "rows": played.rows[name]}
        marker["seconds"] = round(played.seconds, 3)
        files.write_json(self.done_folder / f"{played.chunk.id}.json", marker)

    def store_failures(self, played: Played, job: Job) -> None:
        """Write down the runs of a chunk that failed, with the values they were played with; before the chunk counts."""
        path = self.failures / f"{played.chunk.id}.json"
        if not played.failures:
            path.unlink(missing_ok=True)
            return
        names = [item.name for item in job.experiment.uncertainties]
        listed = [f.as_dict(dict(zip(names, job.values[f.sample].tolist(), strict=True))) for f in played.failures]
        files.write_json(path, listed)

    def done(self, chunk: Chunk) -> Done | None:
        """Return what is known of a chunk if it is done and its files are what they were; None else."""
        content = files.read_json(self.done_folder / f"{chunk.id}.json")
        if not isinstance(content, dict):
            return None
        try:
            for name, said in content["files"].items():
                path = self.data / name / f"{chunk.id}.parquet"
                if not path.is_file() or path.stat().st_size != said["bytes"] or files.sha256(path) != said["sha256"]:
                    return None
            return Done(chunk.id, int(content["runs"]), int(content["failed"]), float(content["seconds"]))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # a marker that is not what was written: the chunk is played again

    def forget(self, chunk: Chunk) -> None:
        """Take a chunk off the ledger, to be played again."""
        (self.done_folder / f"{chunk.id}.json").unlink(missing_ok=True)

    def failed_runs(self) -> list[dict[str, Any]]:
        """Return every run that failed, in order of chunk."""
        return [one for path in sorted(self.failures.glob("*.json")) for one in files.read_json(path) or []]


def run_id(job: Job, digests: dict[str, str], code: str, version: str) -> str:
    """Return the name of an experiment's folder: everything its numbers depend on but how many replicates and blocks."""
    experiment = job.experiment
    design = experiment.design.model_dump(mode="json")
    return short_hash(
        {
            "scenarios": {arm.id: arm.scenario.digest for arm in experiment.arms},
            "order": [arm.id for arm in experiment.arms],
            "markets": digests,
            "uncertainties": [
                [item.name, str(item.distribution), list(item.values), item.factor] for item in experiment.uncertainties
            ],
            "design": design,
            "luck": experiment.shared_luck,
            "seed": experiment.seed,
            "outputs": [
                [o.id, m.model_dump(mode="json")] for o, m in zip(experiment.outputs, experiment.measures, strict=True)
            ],
            "metrics": list(experiment.metrics),
            "tables": list(experiment.tables),
            "branch": str(experiment.branch or ""),
            "minutes": experiment.minutes_per_run,
            "version": version,
            "code": code,
        }
    )
