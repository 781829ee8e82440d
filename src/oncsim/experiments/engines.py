"""Engines: who plays the chunks. Each takes a job and chunks and yields what was played, in any order."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

from oncsim.errors import Fault, RunError, did_you_mean
from oncsim.experiments.work import Chunk, Failure, Job, Played, play_chunk
from oncsim.replicates import WorkerLostError, share_out
from oncsim.results import files

# Times that lost workers are made up for before the experiment gives up; the chunks they held are tried again alone.
_MOST_LOSSES = 5
ENGINES = ("local", "dask")


class Engine(Protocol):
    """What plays chunks."""

    def play(self, job: Job, chunks: Sequence[Chunk]) -> Generator[Played]:
        """Yield each chunk as it ends; close the iterator to stop early."""
        ...


class InProcess:
    """Plays chunks one after the other in this process."""

    def play(self, job: Job, chunks: Sequence[Chunk]) -> Generator[Played]:
        """Yield each chunk as it ends."""
        for chunk in chunks:
            yield play_chunk(job, chunk)


class Local:
    """Plays chunks in worker processes on this machine, which stay warm from chunk to chunk.

    Parameters
    ----------
    workers : int
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def play(self, job: Job, chunks: Sequence[Chunk]) -> Generator[Played]:
        """Yield each chunk as it ends; a worker that is lost is replaced and what it held is played again."""
        with tempfile.TemporaryDirectory(prefix="oncsim-experiment-") as place:
            packed = Path(place) / "job.pickle"
            files.write_bytes(packed, pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL))
            left = {chunk.id: chunk for chunk in chunks}
            for _ in range(_MOST_LOSSES):
                try:
                    with closing(share_out(partial(_work, packed), list(left.values()), self.workers)) as answers:
                        for played in answers:
                            left.pop(played.chunk.id)
                            yield played
                    return
                except WorkerLostError:
                    if not left:
                        return
            # Something kills its worker again and again: whatever is left is tried by itself, so that one chunk fails alone.
            for chunk in list(left.values()):
                yield from self._alone(packed, job, chunk)

    def _alone(self, packed: Path, job: Job, chunk: Chunk) -> Generator[Played]:
        try:
            with closing(share_out(partial(_work, packed), [chunk, Chunk("", ())], 2)) as answers:
                yield from (played for played in answers if played.chunk.id)
        except WorkerLostError:
            said = "its worker process ended without a word (out of memory? then use fewer workers)"
            lost = [Failure(arm.id, s, r, said, "") for s, r in chunk.units for arm in job.experiment.arms]
            yield Played(chunk, failures=lost, runs=len(lost), **_empty(job))


def _empty(job: Job) -> dict[str, Any]:
    none = play_chunk(job, Chunk("", ()))
    return {"files": none.files, "rows": none.rows}


@lru_cache(maxsize=1)
def _unpack(packed: Path) -> Job:
    job: Job = pickle.loads(packed.read_bytes())
    return job


def _work(packed: Path, chunk: Chunk) -> Played:
    return play_chunk(_unpack(packed), chunk)


def engine_faults(name: str) -> list[Fault]:
    """Return a fault where no engine has this name."""
    if name in ENGINES:
        return []
    said = f"unknown engine {name!r} ({' or '.join(ENGINES)}{did_you_mean(name, ENGINES)})"
    return [Fault("--engine", 0, 0, "", said)]


def engine_of(name: str, workers: int, scheduler: str | None) -> Engine:
    """Return an engine by name.

    Parameters
    ----------
    name : str
        ``local`` or ``dask``.
    workers : int
        Processes on this machine; with ``scheduler`` they are the cluster's.
    scheduler : str, optional
        Address of a Dask scheduler; default a cluster on this machine.

    Raises
    ------
    RunError
        When Dask is not installed.
    """
    if name == "dask":
        try:
            from oncsim.experiments.dask_engine import OnDask
        except ImportError as error:
            raise RunError(
                f"the engine dask needs a package that is not installed ({error.name}): pip install 'oncsim[dask]'"
            ) from None
        return OnDask(workers, scheduler)
    return Local(workers) if workers > 1 else InProcess()
