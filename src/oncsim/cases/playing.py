"""Playing cases: each beside its control and its other variants, on the same luck, over the processes there are."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oncsim.building import build
from oncsim.cases.checking import CaseResult, check_case
from oncsim.cases.finding import CaseFile, asked_runs, find_cases, name_faults
from oncsim.cases.replicate import Chunk, Play, Played, attempt, play_chunk
from oncsim.errors import InputError
from oncsim.planning import check_folder, number_faults
from oncsim.replicates import share_out
from oncsim.results import files
from oncsim.running import Interrupted, Progress, Tick

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.form import Market

REPLICATES = 20
_LARGEST_CHUNK = 5


@dataclass(frozen=True)
class CasesDone:
    """Cases that were played, by number; ``folder`` is where they were written, if they were."""

    cases: tuple[CaseResult, ...]
    folder: Path | None = None

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return all(case.passed for case in self.cases)

    @property
    def table(self) -> pd.DataFrame:
        """One row an expectation."""
        from oncsim.cases.tables import tidy

        return tidy(self.cases)


class CasesStopped(Interrupted):
    """The user stopped the playing of cases; ``done`` has those that were finished."""

    def __init__(self, said: str, done: CasesDone) -> None:
        super().__init__(said)
        self.done = done


def play_cases(
    names: Sequence[str] = (),
    replicates: int = REPLICATES,
    seed: int = 1,
    *,
    workers: int = 1,
    out: str | Path | None = None,
    story: bool | None = None,
    progress: Progress | None = None,
) -> CasesDone:
    """Play practice cases and check what they expect.

    Parameters
    ----------
    names : sequence of str
        Ids, numbers or files of cases; all that come with oncsim if none is given.
    replicates : int
        Replicates of each variant. Replicate r has the same luck in all of them.
    seed : int
        Seed of all runs.
    workers : int
        Processes that share the work. The results do not depend on it.
    out : str, Path or None
        Folder in which ``cases/`` is written; nothing is written with None.
    story : bool, optional
        Play every variant and keep what tells the story; by default where names are given.
    progress : callable, optional
        Called with a :class:`~oncsim.running.Tick` as replicates end.

    Raises
    ------
    InputError
        When an option, a name or a case is wrong.
    CasesStopped
        When the user stopped it; what was finished is written.
    """
    faults = number_faults(replicates, seed, workers)
    if faults:
        raise InputError(faults)
    folder = check_folder(out) / "cases" if out is not None else None
    found = find_cases([names] if isinstance(names, str) else names)
    work = _Work(found, replicates, seed, workers, bool(names) if story is None else story, progress)
    try:
        with contextlib.closing(work.results()) as results:
            for _ in results:
                pass
    except KeyboardInterrupt:
        done = _written(work.finished, folder)
        where = f" ({folder / 'cases.csv'})" if folder is not None and done.cases else ""
        said = f"interrupted: {len(done.cases)} of {len(found)} cases finished{where}"
        raise CasesStopped(said, done) from None
    return _written(work.finished, folder)


def _written(finished: Sequence[CaseResult], folder: Path | None) -> CasesDone:
    done = CasesDone(tuple(sorted(finished, key=lambda case: (case.number, case.id))), folder)
    if folder is not None and done.cases:
        from oncsim.cases.tables import write

        write(done.cases, folder)
    return done


@dataclass
class _Work:
    """The cases to play and what came back so far."""

    found: list[CaseFile]
    replicates: int
    seed: int
    workers: int
    story: bool
    progress: Progress | None
    finished: list[CaseResult] = field(default_factory=list)

    def results(self) -> Generator[CaseResult]:
        """Yield the result of each case as it ends."""
        if self.workers == 1:
            for file in self.found:
                yield self._ended(file, self._alone(file))
            return
        with tempfile.TemporaryDirectory(prefix="oncsim-cases-") as place:
            yield from self._shared(Path(place))

    def _alone(self, file: CaseFile) -> dict[str, list[Played]]:
        back: dict[str, list[Played]] = {}
        for play in self._plays(file):
            for replicate in range(self.replicates):
                back.setdefault(play.name, []).append(attempt(play, replicate, self.story and replicate == 0))
                self._tick(file, sum(map(len, back.values())))
        return back

    def _shared(self, place: Path) -> Generator[CaseResult]:
        by_id = {file.scenario.id: file for file in self.found}
        back: dict[str, dict[str, list[Played]]] = {name: {} for name in by_id}
        with contextlib.closing(share_out(play_chunk, self._chunks(place), self.workers)) as answers:
            for chunk, played in answers:
                file, own = by_id[chunk.case], back[chunk.case]
                own.setdefault(chunk.name, []).extend(played)
                count = sum(map(len, own.values()))
                self._tick(file, count)
                if count == self._total(file):
                    for packed in place.glob(f"{chunk.case}.*"):
                        packed.unlink()
                    yield self._ended(file, back.pop(chunk.case))

    def _chunks(self, place: Path) -> Iterator[Chunk]:
        size = max(1, min(_LARGEST_CHUNK, self.replicates // self.workers))
        for file in self.found:
            for play in self._plays(file):
                packed = place / f"{play.case}.{play.name}.pickle"
                files.write_bytes(packed, pickle.dumps(play, protocol=pickle.HIGHEST_PROTOCOL))
                for first in range(0, self.replicates, size):
                    some = tuple(range(first, min(first + size, self.replicates)))
                    yield Chunk(play.case, play.name, packed, some, self.story)

    def _plays(self, file: CaseFile) -> Iterator[Play]:
        markets: dict[str, Market] = {}
        case = file.scenario
        for name, scenario in asked_runs(file, self.story).items():
            # Variants mostly share the market of the case: it is built once.
            key = f"{scenario.market!r} {scenario.folder}"
            if key not in markets:
                markets[key] = build(scenario)
                if name in case.variants or not name:
                    wrong = name_faults(file, name, markets[key])
                    if wrong:
                        raise InputError(dict.fromkeys(wrong))
            yield Play(
                case.id,
                name,
                scenario,
                markets[key],
                self.seed,
                str(case.start),
                str(case.end),
                case.expect,
                tuple(file.story_measures) if self.story else (),
                tuple(file.case.follow),
            )

    def _total(self, file: CaseFile) -> int:
        return self.replicates * len(asked_runs(file, self.story))

    def _tick(self, file: CaseFile, count: int) -> None:
        if self.progress is not None:
            self.progress(Tick(file.scenario.id, count, self._total(file), "replicates"))

    def _ended(self, file: CaseFile, back: dict[str, list[Played]]) -> CaseResult:
        played = [one for ones in back.values() for one in ones]
        wrong = [fault for one in played for fault in one.faults]
        if wrong:
            raise InputError(dict.fromkeys(wrong))
        failed = [(name, one) for name, ones in back.items() for one in ones if one.failure]
        result = _failed(file, failed, self) if failed else _result(file, back, self)
        self.finished.append(result)
        return result


def _failed(file: CaseFile, failed: list[tuple[str, Played]], work: _Work) -> CaseResult:
    name, one = min(failed, key=lambda item: (item[0], item[1].replicate))
    run = f"variant {name}, " if name else ""
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    said = f"could not be played: {run}replicate {one.replicate}: {one.failure}{more}"
    return CaseResult(file, (), work.replicates, work.seed, failure=said)


def _result(file: CaseFile, back: dict[str, list[Played]], work: _Work) -> CaseResult:
    ordered = {name: sorted(ones, key=lambda one: one.replicate) for name, ones in back.items()}
    # As the runs are listed in the file, whichever process was first.
    ordered = {name: ordered[name] for name in asked_runs(file, work.story)}
    values = {name: np.array([one.values for one in ones], dtype=np.float64) for name, ones in ordered.items()}
    kept = {name: ones[0].kept for name, ones in ordered.items() if ones[0].kept is not None}
    names = next((one.names for one in ordered[""] if one.names), {})
    played = [one for ones in ordered.values() for one in ones]
    return CaseResult(
        file,
        check_case(file, values, names),
        work.replicates,
        work.seed,
        names,
        values,
        kept,
        seconds=sum(one.seconds for one in played),
        measuring=sum(one.measuring for one in played),
    )
