"""Running an experiment: what is missing is played, what is done is kept, wherever and whenever it was begun."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.building import build
from oncsim.errors import Fault, InputError, RunError
from oncsim.experiments.design import futures, samples
from oncsim.experiments.engines import engine_faults, engine_of
from oncsim.experiments.experiment import Experiment
from oncsim.experiments.ledger import DESIGN, EXPERIMENT, MANIFEST, PLAN, Done, Ledger, run_id
from oncsim.experiments.load import load_experiment
from oncsim.experiments.plan import Wave, chunks, covered, extended
from oncsim.experiments.work import Chunk, Job, parquet
from oncsim.planning import check_folder, number_faults
from oncsim.results import files
from oncsim.results.identity import code_fingerprint, market_digest
from oncsim.results.manifest import COMPLETE, FAILED, INTERRUPTED, RUNNING, environment, now
from oncsim.running import Interrupted

if TYPE_CHECKING:
    from oncsim.market.form import Market

# Files of this package that numbers depend on; the rest reads and reports.
_NUMBERS = ("design.py", "experiment.py", "work.py")
_KEPT = "what was finished is kept, and the same command goes on from there"


@dataclass(frozen=True)
class State:
    """How far an experiment is.

    Attributes
    ----------
    folder : Path
        Its folder.
    runs, done, failed : int
        Runs planned, runs that have ended (failed ones included), runs that failed.
    chunks, chunks_done : int
    samples, replicates, scenarios : int
        What the runs are made of.
    seconds : float
        Time that all runs so far took together.
    """

    folder: Path
    runs: int
    done: int
    failed: int
    chunks: int
    chunks_done: int
    samples: int
    replicates: int
    scenarios: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether nothing is left to play."""
        return self.chunks_done == self.chunks

    @property
    def seconds_a_run(self) -> float:
        """Mean time of a run so far; 0 where none has ended."""
        return self.seconds / self.done if self.done else 0.0


# Called as chunks end: the state, seconds since this call began, runs played in it.
OnChunk = Callable[[State, float, int], None]


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to be played: its job, ledger and waves."""

    experiment: Experiment
    job: Job
    ledger: Ledger
    planned: tuple[Wave, ...] | None = None

    @property
    def waves(self) -> tuple[Wave, ...]:
        """What there is to play: as written down, or as it would be."""
        return self.ledger.waves if self.planned is None else self.planned

    @property
    def chunks(self) -> list[Chunk]:
        """Every chunk planned so far."""
        return chunks(self.waves)


def prepare(
    path: str | os.PathLike[str] | Experiment,
    out: str | Path = "results",
    replicates: int | None = None,
    blocks: int = 1,
    shared: bool = False,
) -> Prepared:
    """Read an experiment and make its folder, or find the one it has.

    Parameters
    ----------
    path : path or Experiment
        The experiment.
    out : str or Path
        Folder of results.
    replicates : int, optional
        In place of those of the file; more than before extends what is there.
    blocks : int
        Times the design is drawn.
    shared : bool
        Other shards prepare the same folder at the same time; else nobody may work on it meanwhile.

    Raises
    ------
    InputError
        When the file or an option is wrong; nothing is written.
    RunError
        When the folder cannot be written, or another process works on it: then its plan stays as it is.
    """
    experiment, job, ledger = _located(path, out, replicates, blocks)
    asked = replicates or experiment.replicates.first
    held = contextlib.nullcontext() if shared else files.alone(ledger.folder / "locks" / "all")
    with files.storing(ledger.folder), held:
        ledger.prepare()
        job, blocks = _with_blocks(job, ledger, blocks)
        waves = extended(ledger.waves, len(job.values), asked)
        _describe(job, ledger, covered(waves)[1])
        ledger.write_plan(waves, blocks)
        if not (ledger.folder / MANIFEST).is_file():
            prepared = Prepared(experiment, job, ledger)
            _manifest(prepared, state_of(prepared), RUNNING)
    return Prepared(experiment, job, ledger)


def planned(
    path: str | os.PathLike[str] | Experiment, out: str | Path = "results", replicates: int | None = None, blocks: int = 1
) -> Prepared:
    """Return an experiment as :func:`prepare` would, without writing anything: for an estimate."""
    experiment, job, ledger = _located(path, out, replicates, blocks)
    job, _ = _with_blocks(job, ledger, blocks)
    waves = extended(ledger.waves, len(job.values), replicates or experiment.replicates.first)
    return Prepared(experiment, job, ledger, waves)


def find(path: str | os.PathLike[str] | Experiment, out: str | Path = "results") -> Prepared | None:
    """Return an experiment that was begun, without writing anything; None where it was not.

    Raises
    ------
    InputError
        When the file is wrong.
    """
    experiment, job, ledger = _located(path, out, None, 1, looked_at=True)
    if not ledger.waves:
        return None
    return Prepared(experiment, _with_blocks(job, ledger)[0], ledger)


def _with_blocks(job: Job, ledger: Ledger, blocks: int = 1) -> tuple[Job, int]:
    """Return a job with the futures of all blocks, those asked for or those there already, and how many blocks that is."""
    blocks = max(blocks, ledger.blocks)
    return (job if blocks == 1 else replace(job, values=futures(job.experiment, blocks))), blocks


def _located(
    path: str | os.PathLike[str] | Experiment, out: str | Path, replicates: int | None, blocks: int, looked_at: bool = False
) -> tuple[Experiment, Job, Ledger]:
    """Return an experiment with its options checked, its job and where its folder is or would be."""
    experiment = path if isinstance(path, Experiment) else load_experiment(path)
    faults = number_faults(1 if replicates is None else replicates, experiment.seed, 1)
    if not isinstance(blocks, int) or not 1 <= blocks <= 10_000:
        faults.append(Fault("--blocks", 0, 0, "", f"{blocks} is not allowed (1 to 10,000)"))
    method = experiment.design.method
    if blocks > 1 and method in ("none", "factorial", "list"):
        faults.append(Fault("--blocks", 0, 0, "", f"a design of method {method} cannot be drawn again (add replicates)"))
    if blocks > 1 and method == "sobol" and blocks & (blocks - 1):
        faults.append(Fault("--blocks", 0, 0, "", f"{blocks} is no power of two (a sobol design doubles)"))
    if faults:
        raise InputError(faults)
    root = check_folder(out)
    job, digests = make_job(experiment)
    faults = _name_faults(job)
    if faults:
        raise InputError(dict.fromkeys(faults))
    name = run_id(job, digests, _code(), environment()["version"])
    own = experiment.file.resolve().parent
    # The file is that of a results folder: go on there. One by another name is looked at, but played anew elsewhere.
    if (own / PLAN).is_file() and (own.name == name or (looked_at and _run_of(own) == name)):
        return experiment, job, Ledger(own)
    return experiment, job, Ledger(root / "experiments" / experiment.id / name)


def _run_of(folder: Path) -> str | None:
    """Return what the manifest of a results folder says it is the folder of, whatever it is called by now."""
    manifest = files.read_json(folder / MANIFEST)
    found = manifest.get("run") if isinstance(manifest, dict) else None
    return found if isinstance(found, str) else None


def make_job(experiment: Experiment) -> tuple[Job, dict[str, str]]:
    """Return the job, markets built, and the hash of the market of each scenario."""
    built: dict[str, Market] = {}
    digests: dict[str, str] = {}
    markets: dict[str, Market] = {}
    for arm in experiment.arms:
        key = f"{arm.scenario.market!r} {arm.scenario.folder}"
        if key not in built:
            built[key] = build(arm.scenario)
        markets[arm.id] = built[key]
        digests[arm.id] = market_digest(built[key])
    return Job(experiment, markets, futures(experiment)), digests


def _name_faults(job: Job) -> list[Fault]:
    """Return a fault for each organisation or market that an output names and the market of a scenario does not have."""
    from oncsim.comparing.names import Wrong, wrong_names
    from oncsim.parameters.strict_yaml import read_document
    from oncsim.scenario.library import shown

    apart = {id(market): (arm, market) for arm, market in reversed(job.markets.items())}
    wrong: list[Wrong] = []
    for arm, market in reversed(apart.values()):
        wrong += wrong_names("outputs", job.experiment.measures, market, f" of {arm}" if len(apart) > 1 else "")
    if not wrong:
        return []
    document = read_document(job.experiment.file, shown(job.experiment.file))
    return [document.fault(route, message) for route, message in wrong]


def _code() -> str:
    digest = hashlib.sha256(code_fingerprint().encode())
    for name in _NUMBERS:
        digest.update((Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _describe(job: Job, ledger: Ledger, replicates: int) -> None:
    """Write what is run, so that the folder alone can be run again."""
    from oncsim.experiments.rerun import rerun_yaml

    experiment, folder = job.experiment, ledger.folder
    content = parquet(samples(experiment, job.values))
    if not (folder / DESIGN).is_file() or (folder / DESIGN).read_bytes() != content:
        files.write_bytes(folder / DESIGN, content)
    (folder / "scenarios").mkdir(exist_ok=True)
    if not (folder / "scenarios.json").is_file():
        files.write_json(folder / "scenarios.json", {arm.id: arm.label for arm in experiment.arms})
    for arm in experiment.arms:
        place = folder / "scenarios" / f"{arm.id}.yaml"
        if not place.is_file():
            files.write_text(place, arm.scenario.resolved_yaml())
    again = rerun_yaml(experiment, replicates)
    if folder != experiment.file.resolve().parent:
        if not (folder / EXPERIMENT).is_file() or (folder / EXPERIMENT).read_text(encoding="utf-8") != again:
            files.write_text(folder / EXPERIMENT, again)
        if not (folder / "as_written.yaml").is_file():
            files.write_text(folder / "as_written.yaml", experiment.text)


def state_of(prepared: Prepared) -> State:
    """Return how far an experiment is, by what lies in its folder."""
    return _added(_nothing_done(prepared), _done(prepared.ledger, prepared.chunks).values())


def _done(ledger: Ledger, listed: Sequence[Chunk]) -> dict[str, Done]:
    return {chunk.id: found for chunk in listed if (found := ledger.done(chunk)) is not None}


def _nothing_done(prepared: Prepared) -> State:
    """Return what is planned."""
    listed, arms = prepared.chunks, len(prepared.experiment.arms)
    samples_, replicates = covered(prepared.waves)
    runs = sum(len(chunk.units) for chunk in listed) * arms
    return State(prepared.ledger.folder, runs, 0, 0, len(listed), 0, samples_, replicates, arms, 0.0)


def _added(state: State, more: Iterable[Done]) -> State:
    """Return a state with further chunks done."""
    for one in more:
        state = replace(
            state,
            done=state.done + one.runs,
            failed=state.failed + one.failed,
            chunks_done=state.chunks_done + 1,
            seconds=state.seconds + one.seconds,
        )
    return state


def run_experiment(
    path: str | os.PathLike[str] | Experiment | Prepared,
    out: str | Path = "results",
    *,
    engine: str = "local",
    workers: int = 1,
    scheduler: str | None = None,
    replicates: int | None = None,
    blocks: int = 1,
    shard: tuple[int, int] | None = None,
    retry: bool = False,
    progress: OnChunk | None = None,
) -> State:
    """Play what is missing of an experiment.

    Parameters
    ----------
    path, out, replicates, blocks
        As for :func:`prepare`; what was prepared already needs no more.
    engine, workers, scheduler
        As for :func:`oncsim.experiments.engines.engine_of`.
    shard : (int, int), optional
        ``(i, n)``: only every n-th chunk, beginning with the i-th (from 1); several processes with nothing but a shared
        folder do the whole.
    retry : bool
        Play chunks again in which runs failed.
    progress : callable, optional
        Called as chunks end.

    Returns
    -------
    State
        How far the experiment is afterwards.

    Raises
    ------
    InputError
        When the file or an option is wrong.
    RunError
        When the folder cannot be written, or another process works on it.
    Interrupted
        When the user stopped it; what was finished is kept.
    """
    faults = number_faults(1, 1, workers) + engine_faults(engine) + _shard_faults(shard)
    if faults:
        raise InputError(faults)
    prepared = path if isinstance(path, Prepared) else prepare(path, out, replicates, blocks, shared=shard is not None)
    ledger = prepared.ledger
    name = f"shard-{shard[0]}-of-{shard[1]}" if shard else "all"
    with _alone(ledger.folder, name):
        if shard is None:
            ledger.sweep()
        try:
            state = _play_waves(prepared, engine_of(engine, workers, scheduler), shard, retry, progress)
        except KeyboardInterrupt:
            state = state_of(prepared)
            if shard is None:
                _manifest(prepared, state, INTERRUPTED)
            left = f"{state.done:,} of {state.runs:,} runs are kept in {ledger.folder}; the same command goes on from there"
            raise Interrupted(f"interrupted: {left}") from None
        if shard is None or state.complete:
            _manifest(prepared, state, (FAILED if state.failed else COMPLETE) if state.complete else RUNNING)
    return state


def _shard_faults(shard: tuple[int, int] | None) -> list[Fault]:
    if shard is None or 1 <= shard[0] <= shard[1]:
        return []
    return [Fault("--shard", 0, 0, "", f"{shard[0]}/{shard[1]} is not I/N with I from 1 to N (for example 3/20)")]


@contextlib.contextmanager
def _alone(folder: Path, name: str) -> Any:
    with files.storing(folder, lambda: _KEPT), files.alone(folder / "locks" / name):
        yield


def _play_waves(
    prepared: Prepared, engine: Any, shard: tuple[int, int] | None, retry: bool, progress: OnChunk | None
) -> State:
    """Play waves until there is nothing left, adding replicates where more are needed and allowed."""
    while True:
        state = _play(prepared, engine, shard, retry, progress)
        more = _more_replicates(prepared, state) if shard is None else None
        if more is None:
            return state
        ledger = prepared.ledger
        ledger.write_plan(extended(ledger.waves, len(prepared.job.values), more), ledger.blocks)
        retry = False


def _play(prepared: Prepared, engine: Any, shard: tuple[int, int] | None, retry: bool, progress: OnChunk | None) -> State:
    ledger, job, listed = prepared.ledger, prepared.job, prepared.chunks
    done = _done(ledger, listed)
    if retry:
        for chunk in listed:
            if chunk.id in done and done[chunk.id].failed:
                ledger.forget(chunk)
                del done[chunk.id]
    mine = listed if shard is None else listed[shard[0] - 1 :: shard[1]]
    todo = [chunk for chunk in mine if chunk.id not in done]
    began, played_runs, state = time.monotonic(), 0, _added(_nothing_done(prepared), done.values())
    if progress is not None:
        progress(state, 0.0, 0)
    with contextlib.closing(engine.play(job, todo)) as answers:
        for played in answers:
            ledger.store_failures(played, job)
            ledger.store(played)
            found = ledger.done(played.chunk)
            if found is None:
                raise RunError(f"chunk {played.chunk.id} was written to {ledger.folder} and is not what was written")
            state, played_runs = _added(state, [found]), played_runs + played.runs
            if progress is not None:
                progress(state, time.monotonic() - began, played_runs)
    return state if shard is None else state_of(prepared)  # other shards have written too


def _more_replicates(prepared: Prepared, state: State) -> int | None:
    """Return how many replicates there should be, where those so far do not give the precision that is asked."""
    asked = prepared.experiment.replicates
    if asked.most is None or not state.complete or state.replicates >= asked.most:
        return None
    from oncsim.experiments.reading import runs_table
    from oncsim.experiments.stopping import precise_enough

    try:
        if precise_enough(prepared.experiment, runs_table(prepared.ledger.folder)):
            return None
    except InputError:  # too much has failed for any effect: more of it would not help
        return None
    return min(state.replicates + (asked.step or asked.first), asked.most)


def _manifest(prepared: Prepared, state: State, status: str) -> None:
    experiment = prepared.experiment
    old, blocks = files.read_json(prepared.ledger.folder / MANIFEST), prepared.ledger.blocks
    content = {
        "experiment": experiment.id,
        "run": _run_of(prepared.ledger.folder) or prepared.ledger.folder.name,
        "title": experiment.title,
        "status": status,
        "scenarios": [arm.id for arm in experiment.arms],
        "samples": state.samples,
        "replicates": state.replicates,
        "blocks": blocks,
        "runs": state.runs,
        "done": state.done,
        "failed": state.failed,
        "seed": experiment.seed,
        **environment(),
        "started": old["started"] if isinstance(old, dict) and "started" in old else now(),
        "ended": now(),
        "run_seconds": round(state.seconds, 1),
        "again": f"oncsim experiment run {EXPERIMENT}" + (f" --blocks {blocks}" if blocks > 1 else ""),
    }
    files.write_json(prepared.ledger.folder / MANIFEST, content)
