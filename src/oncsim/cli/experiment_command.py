"""``oncsim experiment``: designs of many runs, played on all cores or a cluster, stopped and gone on with at will."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import (
    Console,
    console,
    log_option,
    no_report_option,
    out_option,
    quiet_option,
    table,
    workers_option,
)
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from oncsim.experiments.experiment import Experiment
    from oncsim.experiments.report_parts import OnPart
    from oncsim.experiments.running import OnChunk, Prepared, State

_LONG = 120.0  # seconds from which on it is worth saying how to be done sooner


@click.group("experiment")
def command() -> None:
    """Run designs of many runs: scenarios by futures by replicates."""


@command.command("run")
@click.argument("file")
@click.option("--engine", default="local", show_default=True, metavar="ENGINE", help="local or dask.")
@click.option("--scheduler", metavar="ADDRESS", help="With dask: address of a scheduler; default a cluster on this machine.")
@workers_option
@click.option(
    "--replicates", type=int, metavar="N", help="Replicates of each future; more than before extends what is there."
)
@click.option("--blocks", type=int, default=1, show_default=True, metavar="N", help="Draw the design N times: more futures.")
@click.option("--retry", is_flag=True, help="Play again what failed.")
@click.option("--estimate", is_flag=True, help="Say how much there is to do and how long it would take, and stop.")
@out_option
@no_report_option
@quiet_option
@log_option
def run_command(
    file: str,
    engine: str,
    scheduler: str | None,
    workers: int,
    replicates: int | None,
    blocks: int,
    retry: bool,
    estimate: bool,
    out: str,
    no_report: bool,
) -> int:
    """Play what is missing of the experiment in FILE and report it.

    What is done is kept as it ends: after an interruption of any kind the same command goes on. More replicates
    or blocks extend an experiment without playing anything again.

    Exit status: 0 done, 1 some runs failed, 2 the input is wrong, 130 interrupted.
    """
    from oncsim.experiments.running import planned, prepare, run_experiment, state_of

    _check_engine(engine, scheduler, workers)
    voice = console()
    prepared = (planned if estimate else prepare)(file, out, replicates, blocks)
    before = state_of(prepared)
    if estimate or not voice.quiet:
        for line in opening_lines(prepared.experiment.title, before, workers, _seconds_a_run(prepared, before)):
            voice.note(line)
        if retry and before.failed:
            voice.note(f"{before.failed:,} runs that failed are played again, with those of their chunks")
        for line in [*older_lines(before.folder), *caution_lines(prepared.experiment, before)]:
            voice.note(line)
    if estimate:
        return 0
    with voice.progress() as progress:
        state = run_experiment(
            prepared,
            engine=engine,
            workers=workers,
            scheduler=scheduler,
            retry=retry,
            progress=on_chunk(prepared.experiment.id, progress),
        )
    return _ended(voice, state, no_report)


@command.command("worker")
@click.argument("file")
@click.option("--shard", required=True, metavar="I/N", help="This is the I-th of N processes that share the work.")
@workers_option
@click.option("--replicates", type=int, metavar="N", help="Replicates of each future, the same in every shard.")
@click.option("--blocks", type=int, default=1, show_default=True, metavar="N", help="Draw the design N times.")
@out_option
@quiet_option
@log_option
def worker_command(file: str, shard: str, workers: int, replicates: int | None, blocks: int, out: str) -> int:
    """Play every N-th chunk of the experiment in FILE: one task of an array job, with nothing but a shared folder.

    When all shards have ended, `oncsim experiment run FILE` adds what is missing and writes the report.
    """
    from oncsim.experiments.running import prepare, run_experiment

    part = _shard(shard)
    _check_engine("local", None, workers)
    prepared = prepare(file, out, replicates, blocks, shared=True)
    voice = console()
    with voice.progress() as progress:
        state = run_experiment(
            prepared,
            workers=workers,
            shard=part,
            progress=on_chunk(f"{prepared.experiment.id} {shard}", progress),
        )
    if state.failed:
        voice.error(_failed_words(state))
    voice.say(f"{state.done:,} of {state.runs:,} runs are done in {state.folder}")
    return 1 if state.failed else 0


@command.command("status")
@click.argument("file")
@out_option
@quiet_option
@log_option
def status_command(file: str, out: str) -> int:
    """Say how far the experiment in FILE is; nothing is played or written.

    FILE is the experiment file, or the folder of its results.
    """
    from oncsim.experiments.running import find, state_of
    from oncsim.experiments.showing import file_of

    voice = console()
    prepared = find(file_of(file), out)
    if prepared is None:
        voice.say("not begun: `oncsim experiment run` plays it")
        return 0
    for line in status_lines(state_of(prepared)):
        voice.say(line)
    return 0


@command.command("show")
@click.argument("file")
@click.option(
    "--table", "name", default="effects", show_default=True, metavar="TABLE", help="effects, runs, samples or a table kept."
)
@click.option("--csv", "csv", metavar="PATH", help="Write the table as CSV instead of showing it.")
@out_option
@quiet_option
@log_option
def show_command(file: str, name: str, csv: str | None, out: str) -> int:
    """Show a table of the experiment in FILE, as far as it is done.

    FILE is the experiment file, or the folder of its results.
    """
    from oncsim.experiments.showing import shown_table

    frame = shown_table(file, out, name)
    voice = console()
    if csv is not None:
        if not csv.strip():
            raise InputError([Fault("--csv", 0, 0, "", "is empty (name a file)")])
        from pathlib import Path

        from oncsim.results import files

        with files.storing(Path(csv)):
            files.write_text(Path(csv), frame.to_csv(index=False))
        voice.say(f"{len(frame):,} rows: {csv}")
        return 0
    for line in frame_lines(frame):
        voice.say(line)
    return 0


def _check_engine(engine: str, scheduler: str | None, workers: int) -> None:
    from oncsim.experiments.engines import engine_faults
    from oncsim.planning import number_faults

    unknown = engine_faults(engine)
    faults = number_faults(1, 1, workers) + unknown
    if not unknown and scheduler is not None and engine != "dask":
        faults.append(Fault("--scheduler", 0, 0, "", "is for --engine dask"))
    if faults:
        raise InputError(faults)


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError([Fault("--shard", 0, 0, "", f"{text!r} is not I/N with I from 1 to N (for example 3/20)")])
    return int(match[1]), int(match[2])


def _seconds_a_run(prepared: Prepared, before: State) -> float:
    from oncsim.experiments.estimate import seconds_a_run

    try:
        return before.seconds_a_run or seconds_a_run(prepared)
    except Exception:  # a run that fails is written down when it is played, not when it is tried for its time
        return 0.0


def opening_lines(title: str, state: State, workers: int, seconds: float) -> list[str]:
    """Return what is said before work begins: how much there is, how much is done, how long it will take."""
    left = state.runs - state.done
    lines = [title, f"{made_of(state)} = {state.runs:,} runs"]
    if state.done:
        lines[-1] += f", {state.done:,} of them done"
    if left:
        on = f"{workers} workers" if workers > 1 else "1 worker"
        if seconds > 0:
            each = f"{seconds:.2g} s each: about {span(left * seconds / max(workers, 1))} on {on}"
            lines.append(f"{left:,} runs to play, {each}")
        else:
            lines.append(f"{left:,} runs to play on {on}; the first could not be tried, so how long that takes is not known")
        if workers == 1 and left * seconds > _LONG and (processors := os.cpu_count() or 1) > 1:
            lines.append(
                f"This machine has {processors} processors: --workers {processors} uses them all, with the same results"
            )
    else:
        lines.append("nothing left to play")
    lines.append(f"Folder: {state.folder}")
    return lines


def made_of(state: State) -> str:
    """Return what the runs are made of: ``2 scenarios x 1 future x 20 replicates``."""
    counts = (("scenario", state.scenarios), ("future", state.samples), ("replicate", state.replicates))
    return " x ".join(f"{count:,} {noun}{'s' if count != 1 else ''}" for noun, count in counts)


def older_lines(folder: Path) -> list[str]:
    """Return a line where other results of an experiment of that name stand beside these."""
    beside = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder] if folder.parent.is_dir() else []
    if not beside:
        return []
    many = f"{len(beside)} other folder{'s' if len(beside) > 1 else ''}"
    return [f"{many} beside it hold results of other content or other code of oncsim: they are not gone on with"]


def caution_lines(experiment: Experiment, state: State) -> list[str]:
    """Return what a design will not be able to say, before time is spent on it."""
    from oncsim.experiments.analysis.sobol import FEWEST
    from oncsim.experiments.design import block_size

    design = experiment.design
    if design.method != "sobol":
        return []
    base = int(design.samples or 0) * state.samples // block_size(experiment)
    if base >= FEWEST:
        return []
    return [f"{base} base samples are too few for Sobol indices: none will be reported (at least {FEWEST}; 256 are usual)"]


def span(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} hours"


def on_chunk(label: str, progress: object) -> OnChunk | None:
    """Return what turns the end of a chunk into a line of progress with rate and time left."""
    if progress is None:
        return None
    from oncsim.running import Tick

    def ended(state: State, seconds: float, played: int) -> None:
        note = ""
        if played and seconds > 0:
            rate = played / seconds
            note = f", {rate:.2g} a second, {span((state.runs - state.done) / rate)} left"
        if state.failed:
            note += f", {state.failed:,} failed"
        progress(Tick(label, state.done, state.runs, "runs", note))  # type: ignore[operator]

    return ended


def on_part(progress: object) -> OnPart | None:
    """Return what turns the end of a part of the report into a line of progress."""
    if progress is None:
        return None
    from oncsim.running import Tick

    def ended(done: int, parts: int) -> None:
        progress(Tick("report", done, parts, "parts"))  # type: ignore[operator]

    return ended


def status_lines(state: State) -> list[str]:
    """Return how far an experiment is, in lines."""
    lines = [
        f"{state.done:,} of {state.runs:,} runs done, {state.failed:,} of them failed "
        f"({state.chunks_done:,} of {state.chunks:,} chunks)",
        made_of(state),
    ]
    if state.done:
        lines.append(f"{state.seconds_a_run:.2g} s a run")
    lines.append(f"Folder: {state.folder}")
    return lines


def frame_lines(frame: object, most: int = 40) -> list[str]:
    """Return the first rows of a table as aligned lines."""
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    shown = frame.head(most)
    numbers = [i for i, name in enumerate(shown.columns) if getattr(shown[name].dtype, "kind", "O") in "iuf"]
    rows = [tuple(str(name) for name in shown.columns)]
    rows += [tuple(_cell(value) for value in row) for row in shown.itertuples(index=False)]
    more = [f"... and {len(frame) - most:,} more rows (--csv PATH writes them all)"] if len(frame) > most else []
    return [*table(rows, right=tuple(numbers)), *more]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)


def _failed_words(state: State) -> str:
    where = state.folder / "failures"
    return f"{state.failed:,} of {state.runs:,} runs failed: inputs and tracebacks are in {where} (--retry plays them again)"


def _ended(voice: Console, state: State, no_report: bool) -> int:
    if state.failed:
        voice.error(_failed_words(state))
    if not no_report and state.done > state.failed:
        from oncsim.experiments.report import write_report
        from oncsim.results import files

        with voice.progress() as progress, files.storing(state.folder, lambda: "the runs are kept"):
            path, lines = write_report(state.folder, on_part(progress))
        for line in lines:
            voice.say(line)
        voice.say(f"Report: {path}")
    voice.say(f"Results: {state.folder}")
    return 1 if state.failed else 0
