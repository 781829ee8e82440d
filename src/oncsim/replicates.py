"""Run the replicates of a run, one after the other or over several processes.

A replicate depends on the job and its number only, and every replicate writes its own files, so how many
processes share the work cannot show in the results.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from oncsim.errors import Fault, InputError, RunError
from oncsim.results import files
from oncsim.results.parts import Parts, ReplicateWriter

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.scenario import Scenario

MODEL = "oncsim.model:OncologyMarket"
DONE, FAILED, STORAGE, INPUT = "done", "failed", "storage", "input"

Task = TypeVar("Task")
Done = TypeVar("Done")

# Called with the replicate, the quarters done and the quarters there are.
OnQuarter = Callable[[int, int, int], None]


class WorkerLostError(RunError):
    """A process that ran replicates ended without saying why."""


@dataclass(frozen=True)
class Job:
    """What the replicates of a run have in common.

    Attributes
    ----------
    scenario : Scenario
        What to run.
    seed : int
        Seed of the run.
    record : frozenset of str
        Tables recorded beyond the standard ones.
    folder : Path
        Folder of the unfinished run.
    drawn : bool
        Draw the behaviour of each replicate from its distributions.
    profile : bool
        Time every process in every quarter.
    model : str
        ``module:class`` of the model.
    """

    scenario: Scenario
    seed: int
    record: frozenset[str]
    folder: Path
    drawn: bool = False
    profile: bool = False
    model: str = MODEL


@dataclass(frozen=True)
class Outcome:
    """How a replicate ended: ``done``, ``failed``, ``storage`` (cannot write) or ``input`` (wrong input)."""

    replicate: int
    status: str
    message: str = ""
    detail: str = ""
    faults: tuple[Fault, ...] = ()


def run_replicates(job: Job, market: Market, todo: Sequence[int], workers: int, on_quarter: OnQuarter) -> Generator[Outcome]:
    """Run the replicates and yield the outcome of each as it ends.

    Close the iterator to stop early: processes are ended and what is unfinished is dropped.

    Raises
    ------
    WorkerLostError
        When a process ends without saying why.
    """
    if min(workers, len(todo)) > 1:
        yield from _in_processes(job, market, todo, workers)
    else:
        for replicate in todo:
            yield attempt(job, market, replicate, on_quarter)


def attempt(job: Job, market: Market, replicate: int, on_quarter: OnQuarter) -> Outcome:
    """Run one replicate and say how it ended; interruptions pass through."""
    try:
        run_replicate(job, market, replicate, on_quarter)
    except InputError as error:
        return Outcome(replicate, INPUT, str(error), faults=error.faults)
    except OSError as error:
        return Outcome(replicate, STORAGE, files.explain(error, job.folder))
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return Outcome(replicate, FAILED, said, traceback.format_exc())
    return Outcome(replicate, DONE)


def run_replicate(job: Job, market: Market, replicate: int, on_quarter: OnQuarter) -> None:
    """Run one replicate and write its tables into the folder of the unfinished run."""
    started = time.perf_counter()
    writer = ReplicateWriter(Parts(job.folder), replicate)
    model: Any = None
    try:
        scenario = _drawn(job, replicate) if job.drawn else job.scenario
        model = _model_class(job.model)(
            scenario,
            seed=job.seed,
            replicate=replicate,
            market=market,
            record=job.record,
            flow_sink=writer.flow_sink() if "flows" in job.record else None,
            profile=job.profile,
        )
        profile = _play(model, lambda done, total: on_quarter(replicate, done, total), job.profile)
        outcome = {
            "replicate": replicate,
            "seconds": round(time.perf_counter() - started, 3),
            "timings": {name: round(float(seconds), 6) for name, seconds in model.timings.items()},
            "profile": profile,
            "warnings": [str(warning) for warning in model.warnings],
            "reads": sorted(getattr(scenario.parameters, "reads", ())),
        }
        writer.finish(model.tables(), outcome)
    except BaseException:
        writer.discard()
        raise
    finally:
        if model is not None:
            model.close()


def _play(model: Any, tick: Callable[[int, int], None], profile: bool) -> list[dict[str, Any]]:
    rows = []
    quarters = list(model.quarters)
    before: dict[str, float] = dict(model.timings)
    for done, quarter in enumerate(quarters, start=1):
        model.step()
        if profile:
            spent = {name: float(seconds) - before.get(name, 0.0) for name, seconds in model.timings.items()}
            rows.append({"quarter": str(quarter), "seconds": {k: round(v, 6) for k, v in spent.items()}})
            before = dict(model.timings)
        tick(done, len(quarters))
    return rows


def _drawn(job: Job, replicate: int) -> Scenario:
    """Return the scenario with its behaviour drawn: the same draw in every scenario of a comparison."""
    from oncsim.randomness import Luck

    return replace(job.scenario, parameters=job.scenario.parameters.draw(Luck(job.seed, replicate)))


def _model_class(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _in_processes(job: Job, market: Market, todo: Sequence[int], workers: int) -> Generator[Outcome]:
    packed = job.folder / "job.pickle"
    files.write_bytes(packed, pickle.dumps((job, market), protocol=pickle.HIGHEST_PROTOCOL))
    yield from share_out(partial(_work, packed), todo, min(workers, len(todo)))


def share_out(work: Callable[[Task], Done], tasks: Iterable[Task], workers: int) -> Generator[Done]:
    """Do tasks in several processes and yield what each gives as it ends, in any order.

    Tasks are taken as processes become free, so that a generator of many holds few at a time. Close the iterator to
    stop early: processes are ended and what is unfinished is dropped.

    Parameters
    ----------
    work : callable
        Does one task; it, tasks and what it gives must be picklable.
    tasks : iterable
        What is to be done.
    workers : int
        Number of processes.

    Raises
    ------
    WorkerLostError
        When a process ends without saying why.
    """
    pool = ProcessPoolExecutor(
        max_workers=workers,
        # Spawned processes start from nothing on every system, so none inherits state that others lack.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_process,
    )
    try:
        waiting = iter(tasks)
        with script_left_alone():
            futures = {pool.submit(work, task) for task in islice(waiting, 2 * workers)}
        while futures:
            ended, futures = wait(futures, return_when=FIRST_COMPLETED)
            with script_left_alone():
                futures |= {pool.submit(work, task) for task in islice(waiting, len(ended))}
            for future in ended:
                yield future.result()
        pool.shutdown()
    except BrokenProcessPool as error:
        raise WorkerLostError("a worker process ended without a word (out of memory? then use fewer workers)") from error
    finally:
        _stop(pool)


@contextlib.contextmanager
def script_left_alone() -> Iterator[None]:
    """Start processes that do not run the user's script again: what they do is found by its own module.

    Spawned processes otherwise import the script that asked for them, which plays everything once more where the script
    has no guard, and fails where there is no script to import, as in a console.
    """
    main = sys.modules["__main__"]
    held: dict[str, Any] = {name: vars(main).pop(name) for name in ("__spec__", "__file__") if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(held)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool at once; what they had finished is on disk."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(timeout=10)


def _start_process() -> None:
    # An interrupt at the keyboard reaches every process; the one that was started by the user decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


@lru_cache(maxsize=1)
def _unpack(packed: Path) -> tuple[Job, Market]:
    job, market = pickle.loads(packed.read_bytes())
    return job, market


def _work(packed: Path, replicate: int) -> Outcome:
    try:
        job, market = _unpack(packed)
    except Exception as error:
        return Outcome(replicate, FAILED, f"{type(error).__name__}: {error}", traceback.format_exc())
    return attempt(job, market, replicate, lambda *_: None)
