"""The engine for a cluster: Dask, with a scheduler that is there already or one on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any

from distributed import Client, LocalCluster, as_completed

from oncsim.errors import RunError
from oncsim.experiments.work import Chunk, Job, Played, play_chunk
from oncsim.replicates import script_left_alone

_AHEAD = 3  # chunks waiting for each worker, so that none is idle and few are lost


class OnDask:
    """Plays chunks on the workers of a Dask cluster; a lost worker's chunks are played again by others.

    Parameters
    ----------
    workers : int
        Processes of a cluster on this machine, where no scheduler is given.
    scheduler : str, optional
        Address such as ``tcp://10.0.0.5:8786``.
    """

    def __init__(self, workers: int, scheduler: str | None = None) -> None:
        self.workers, self.scheduler = workers, scheduler

    def play(self, job: Job, chunks: Sequence[Chunk]) -> Generator[Played]:
        """Yield each chunk as it ends."""
        with self._client() as client:
            shared = client.scatter(job, broadcast=False, hash=False)
            waiting = iter(chunks)
            threads = sum(client.nthreads().values()) or self.workers

            def submit(some: Iterator[Chunk]) -> list[Any]:
                return [client.submit(play_chunk, shared, chunk, pure=False, retries=3) for chunk in some]

            running = as_completed(submit(islice(waiting, _AHEAD * threads)))
            for future in running:
                played: Played = future.result()
                future.release()
                for more in submit(islice(waiting, 1)):
                    running.add(more)
                yield played

    @contextlib.contextmanager
    def _client(self) -> Iterator[Client]:
        if self.scheduler is not None:
            try:
                client = Client(self.scheduler, timeout=15)
            except (OSError, TimeoutError, ValueError) as error:
                raise RunError(f"no Dask scheduler answers at {self.scheduler} ({str(error).splitlines()[0]})") from None
            with client:
                yield client
            return
        with script_left_alone():
            cluster = LocalCluster(
                n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            )
        with cluster, Client(cluster) as client:
            yield client
