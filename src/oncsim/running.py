"""Run a scenario: replicates, run folder, manifest and report."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim import replicates as work
from oncsim.building import build as build
from oncsim.calendar import Quarter
from oncsim.errors import InputError, RunError
from oncsim.planning import Plan, check_folder, check_plan, load
from oncsim.results import files
from oncsim.results.ground import on_a_plane
from oncsim.results.identity import market_digest
from oncsim.results.manifest import (
    COMPLETE,
    FAILED,
    INTERRUPTED,
    MANIFEST,
    RUNNING,
    environment,
    is_complete,
    now,
    write_manifest,
)
from oncsim.results.parts import Parts, ranges
from oncsim.results.profile import write_profile
from oncsim.results.reading import Run
from oncsim.results.reporting import add_report, try_report

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.scenario import Scenario

_FAILURES_SHOWN = 5
RESOLVED = "scenario.resolved.yaml"


@dataclass(frozen=True)
class Tick:
    """How far a run is: so many of so many quarters (one replicate), replicates (several) or runs (an experiment).

    ``note`` says more of it, such as the time that is left.
    """

    label: str
    done: int
    total: int
    unit: str
    note: str = ""


Progress = Callable[[Tick], None]


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; the message says what is kept."""


def run(
    scenario: Scenario | str | Path,
    replicates: int | None = None,
    seed: int = 1,
    until: Quarter | str | None = None,
    sets: Sequence[str] = (),
    *,
    workers: int = 1,
    record: Iterable[str] = (),
    out: str | Path | None = "results",
    format: str = "parquet",
    force: bool = False,
    report: bool = True,
    progress: Progress | None = None,
    profile: bool = False,
    uncertainty: bool = False,
) -> Run:
    """Run a scenario and return its results.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the path of a scenario file or the id of a bundled scenario.
    replicates : int, optional
        How many replicates; the scenario's own number (1 unless it says otherwise) if not given.
    seed : int
        Seed of the run. Replicate r is the same however many replicates there are.
    until : Quarter or str, optional
        Last quarter to run, instead of the end of the horizon.
    sets : sequence of str
        ``PATH=VALUE`` changes on top of the scenario; only with a path or an id.
    workers : int
        Processes to share the replicates. The results do not depend on it.
    record : iterable of str
        Tables recorded beyond the standard ones: ``flows``.
    out : str, Path or None
        Where run folders go. With None the run is kept in a temporary folder, without report, that goes
        when the returned object does.
    format : str
        ``parquet`` or ``csv``.
    force : bool
        Run again even when the same run is there and complete.
    report : bool
        Write the figures and the report too.
    progress : callable, optional
        Called with a :class:`Tick` as the run goes on.
    profile : bool
        Time every process in every quarter (``profile.csv`` in the run folder).
    uncertainty : bool
        Draw the behaviour of each replicate from the distributions in the registry.

    Raises
    ------
    InputError
        When an option, the scenario or the market is wrong; nothing is written.
    RunError
        When a replicate failed or the results could not be stored.
    """
    loaded = load(scenario, sets)
    plan = check_plan(loaded, replicates, seed, until, workers, record, format, uncertainty, profile)
    market = partial(build, plan.scenario)
    if out is not None:
        return run_plan(plan, market, check_folder(out), force, report, progress)
    place = Path(tempfile.mkdtemp(prefix="oncsim-"))
    try:
        done = run_plan(plan, market, place, force, False, progress)
    except BaseException:
        files.remove(place)
        raise
    done.remove_with_me(place)
    return done


def run_plan(
    plan: Plan,
    market: Callable[[], Market],
    out: Path,
    force: bool = False,
    report: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Carry out a plan, or return the run if it is there and complete.

    Parameters
    ----------
    plan : Plan
        What to run.
    market : callable
        Gives the market of the scenario; only called when it is needed, so runs on one market can share it.
    out, force, report, progress
        As in :func:`run`.

    Raises
    ------
    InputError, RunError
        As in :func:`run`.
    """
    if getattr(plan.scenario.market, "source", "") == "files":
        # The content of the user's files is part of what is run, so it is part of the name.
        plan = dataclasses.replace(plan, market_digest=market_digest(market()))
    target = out / plan.scenario.id / plan.run_id
    reused = is_complete(target) and not force
    if not reused:
        _execute(plan, market(), target, report, progress)
    elif report and not (target / "report.html").is_file():
        with files.storing(target):
            add_report("write_report", target)
    done = Run(target)
    done.reused = reused
    return done


def _execute(plan: Plan, market: Market, target: Path, report: bool, progress: Progress | None) -> None:
    parts = Parts(target.with_name(f"{target.name}.part"))
    with files.storing(parts.folder, lambda: _kept(plan, parts)), files.alone(parts.folder):
        started = time.perf_counter()
        content = _describe(plan, market, target)
        parts.prepare()
        _write_scenario(plan, parts.folder / RESOLVED)
        write_manifest(parts.folder, content, RUNNING)
        try:
            _replicates(plan, market, parts, progress)
            _complete(plan, parts, target, content, report, started)
        except KeyboardInterrupt:
            _note_status(parts, content, INTERRUPTED)
            said = _kept(plan, parts) or "no replicate was finished"
            raise Interrupted(f"interrupted: {said} ({parts.folder})") from None
        except InputError:
            if not parts.finished(plan.replicates):
                files.remove(parts.folder)
                with contextlib.suppress(OSError):  # Not empty when other runs are there.
                    target.parent.rmdir()
            raise
        except work.WorkerLostError as error:
            _note_status(parts, content, FAILED)
            raise RunError(files.joined(str(error), _kept(plan, parts))) from error
        except (RunError, OSError):
            _note_status(parts, content, FAILED)
            raise


def _note_status(parts: Parts, content: dict[str, Any], status: str) -> None:
    # On a full disk the first message matters, not that this note cannot be written either.
    with contextlib.suppress(OSError):
        write_manifest(parts.folder, content, status)


def _kept(plan: Plan, parts: Parts) -> str:
    """Say which replicates are kept after a run that did not get to its end; nothing if none."""
    done = parts.finished(plan.replicates)
    if not done:
        return ""
    which = f"replicate{'s' if len(done) > 1 else ''} {ranges(done)}"
    return f"{which} of {plan.replicates} kept, the same command continues"


def _write_scenario(plan: Plan, path: Path) -> None:
    """Write what was run, so that it can be run again."""
    files.write_text(path, plan.scenario.resolved_yaml())
    if plan.whole is None:
        return
    from oncsim.scenario import load_scenario

    try:
        load_scenario(path)
    except InputError:
        # Agents look ahead, so law and events after the cut are part of what was run, but refused there.
        said = f"# This run ended before the horizon: run this file with --until {plan.scenario.end}.\n"
        files.write_text(path, said + plan.whole.resolved_yaml())


def _replicates(plan: Plan, market: Market, parts: Parts, progress: Progress | None) -> None:
    """Run what is not finished yet.

    Raises
    ------
    RunError, InputError
        When a replicate failed (after the others have ended), nothing can be stored, or the input is wrong.
    """
    done = parts.finished(plan.replicates)
    todo = [r for r in range(plan.replicates) if r not in set(done)]
    several = plan.replicates > 1
    finished = len(done)

    def tick(done: int, total: int, unit: str) -> None:
        if progress is not None:
            progress(Tick(plan.scenario.id, done, total, unit))

    def on_quarter(_: int, quarter: int, quarters: int) -> None:
        if not several:
            tick(quarter, quarters, "quarters")

    job = work.Job(plan.scenario, plan.seed, plan.record, parts.folder, plan.drawn, plan.profile, model=work.MODEL)
    failures: list[str] = []
    if several:
        tick(finished, plan.replicates, "replicates")
    with contextlib.closing(work.run_replicates(job, market, todo, plan.workers, on_quarter)) as outcomes:
        for outcome in outcomes:
            if outcome.status == work.INPUT:
                raise InputError(outcome.faults)
            if outcome.status == work.STORAGE:
                raise RunError(files.joined(outcome.message, _kept(plan, parts)))
            if outcome.status == work.FAILED:
                file = parts.record_failure(outcome.replicate, outcome.detail)
                failures.append(f"replicate {outcome.replicate} failed: {outcome.message} (details: {file})")
                continue
            finished += 1
            if several:
                tick(finished, plan.replicates, "replicates")
    if failures:
        hidden = len(failures) - _FAILURES_SHOWN
        more = [f"and {hidden} more"] if hidden > 0 else []
        rest = f"{finished} of {plan.replicates} replicates are finished, the same command tries again"
        raise RunError("\n".join([*sorted(failures)[:_FAILURES_SHOWN], *more, rest]))


def _describe(plan: Plan, market: Market, target: Path) -> dict[str, Any]:
    scenario = plan.scenario
    return {
        "schema": "oncsim/run/1",
        "run": target.name,
        "scenario": scenario.id,
        "title": scenario.title,
        "question": scenario.question,
        "mechanism": scenario.mechanism,
        "published": [score.as_dict() for score in scenario.published],
        "status": RUNNING,
        "seed": plan.seed,
        "replicates": plan.replicates,
        "start": str(scenario.start),
        "end": str(scenario.end),
        "until": str(scenario.end) if plan.whole is not None else "",
        "market": {
            "name": market.name,
            "source": market.source,
            "plane": on_a_plane({"source": market.source, "zones": getattr(scenario.market, "zones", None)}),
            "notes": list(market.notes),
        },
        "record": sorted(plan.record),
        "format": plan.format,
        "behaviour_drawn": plan.drawn,
        "scenario_digest": scenario.digest,
        **environment(),
        "started": now(),
    }


def _complete(plan: Plan, parts: Parts, target: Path, content: dict[str, Any], report: bool, started: float) -> None:
    """Join the replicates, write manifest and report, and put the folder in its place."""
    staged = parts.folder / "run"
    files.remove(staged)
    staged.mkdir()
    parts.join(staged, plan.replicates, plan.format)
    shutil.copyfile(parts.folder / RESOLVED, staged / RESOLVED)
    outcomes = [parts.outcome(r) for r in range(plan.replicates)]
    content["warnings"] = _warnings(plan.scenario, outcomes, content["market"]["notes"])
    content["timings"] = _total_timings(outcomes)
    content["replicate_seconds"] = [outcome["seconds"] for outcome in outcomes]
    content["seconds"] = round(time.perf_counter() - started, 3)
    if any(outcome["profile"] for outcome in outcomes):
        write_profile(staged / "profile.csv", outcomes)
    if report:
        # The report reads the folder as any other reader does, so it must look complete.
        files.write_json(staged / MANIFEST, {**content, "status": COMPLETE, "files": {}})
        content["warnings"] += try_report("write_report", staged)
        content["seconds"] = round(time.perf_counter() - started, 3)
    write_manifest(staged, content, COMPLETE)
    files.publish(staged, target)
    files.remove(parts.folder)


def _total_timings(outcomes: Sequence[dict[str, Any]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for outcome in outcomes:
        for name, seconds in outcome["timings"].items():
            total[name] = round(total.get(name, 0.0) + seconds, 6)
    return total


def _warnings(scenario: Scenario, outcomes: Sequence[dict[str, Any]], notes: Sequence[str]) -> list[str]:
    """Return what a reader should know: of the scenario, of names nobody read, of the model; each once."""
    reads = {name for outcome in outcomes for name in outcome["reads"]}
    unread = [
        f"{name}: the scenario sets it, but nothing in this run read it"
        for name in sorted({override.leaf for override in scenario.parameters.overrides})
        if name not in reads
    ]
    # What was estimated or generated stands under the market already.
    said = [str(text) for outcome in outcomes for text in outcome["warnings"] if text not in notes]
    return list(dict.fromkeys([*map(str, scenario.warnings), *unread, *said]))
