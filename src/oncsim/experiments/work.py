"""Playing the runs of a chunk in one process: the same runs give the same bytes, whoever plays them."""

from __future__ import annotations

import io
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.branching import Starts
from oncsim.comparing.measuring import measured
from oncsim.experiments.limits import TooLongError, limited
from oncsim.parameters.lookup import Drawn

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.experiments.experiment import Arm, Experiment
    from oncsim.market.form import Market
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario
    from oncsim.scenario.measures import Expectation, Measure

OUTPUTS, METRICS = "outputs", "metrics"
# Replicates of a future lie apart from those of the next, so that each has luck of its own.
_FUTURES_APART = 1_000_000


@dataclass(frozen=True)
class Job:
    """What all chunks of an experiment have in common.

    Attributes
    ----------
    experiment : Experiment
        The experiment.
    markets : dict
        Market of each scenario, by its id; scenarios share what is the same.
    values : (samples, uncertainties) float
        The futures.
    starts : Starts
        Settled markets, where nothing but luck differs from run to run.
    """

    experiment: Experiment
    markets: dict[str, Market]
    values: NDArray[np.float64]
    starts: Starts = field(default_factory=Starts, compare=False, repr=False)


@dataclass(frozen=True)
class Chunk:
    """Some units of an experiment: each is one future and replicate, played under every scenario."""

    id: str
    units: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Failure:
    """A run that failed: which, why, where in the code."""

    scenario: str
    sample: int
    replicate: int
    said: str
    traceback: str

    def as_dict(self, inputs: dict[str, float]) -> dict[str, Any]:
        """Return it as it is written down, with the values it was played with."""
        return {
            "scenario": self.scenario,
            "sample": self.sample,
            "replicate": self.replicate,
            "values": inputs,
            "said": self.said,
            "traceback": self.traceback,
        }


@dataclass
class Played:
    """A chunk that was played: its tables as Parquet, what failed, what it took."""

    chunk: Chunk
    files: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    runs: int = 0
    seconds: float = 0.0


@dataclass
class _Run:
    scenario: str
    sample: int
    replicate: int
    outputs: tuple[float, ...]
    metrics: list[tuple[str, str, str, float]]
    tables: dict[str, pd.DataFrame]


def play_chunk(job: Job, chunk: Chunk) -> Played:
    """Play every run of a chunk; what fails is part of the answer, interruptions pass through."""
    started = time.perf_counter()
    played = Played(chunk)
    runs = [run for sample, replicate in chunk.units for run in play_unit(job, sample, replicate, played.failures)]
    played.runs = len(chunk.units) * len(job.experiment.arms)
    for name, table in _tables(job.experiment, runs).items():
        played.files[name], played.rows[name] = parquet(table), len(table)
    played.seconds = time.perf_counter() - started
    return played


def play_unit(job: Job, sample: int, replicate: int, failures: list[Failure]) -> Iterator[_Run]:
    """Play one future and replicate under every scenario, on the same luck; what fails goes on the list."""
    history: bytes | None = None
    arms = job.experiment.arms
    if job.experiment.branch is not None:
        try:
            history = _history(job, arms[0], sample, replicate)
        except Exception as error:
            failures += [_failure(arm.id, sample, replicate, error, job) for arm in arms]
            return
    for arm in arms:
        try:
            yield _play(job, arm, sample, replicate, history)
        except Exception as error:
            failures.append(_failure(arm.id, sample, replicate, error, job))


def _failure(arm: str, sample: int, replicate: int, error: Exception, job: Job) -> Failure:
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, TooLongError):
        said = f"took longer than {job.experiment.minutes_per_run:g} minutes (minutes_per_run)"
    return Failure(arm, sample, replicate, said, "".join(traceback.format_exception(error)))


def _luck_of(experiment: Experiment, sample: int, replicate: int) -> int:
    return replicate if experiment.shared_luck else replicate + _FUTURES_APART * sample


def _model(job: Job, arm: Arm, sample: int, replicate: int) -> OncologyMarket:
    from oncsim.model import OncologyMarket

    experiment, market = job.experiment, job.markets[arm.id]
    scenario, luck = in_future(job, arm, sample), _luck_of(experiment, sample, replicate)

    def settled() -> OncologyMarket:
        return OncologyMarket(
            scenario,
            seed=experiment.seed,
            replicate=luck,
            market=market,
            metrics=_recorded(experiment),
            tables=_asked(experiment),
        )

    if experiment.uncertainties:  # a future of its own settles by itself
        return settled()
    return job.starts.model(arm.id, settled, scenario, market, experiment.seed, luck)


def _recorded(experiment: Experiment) -> frozenset[str]:
    minus = {one.minus.metric for one in experiment.measures if one.minus is not None and one.minus.metric}
    return frozenset(experiment.metrics) | minus


def _asked(experiment: Experiment) -> frozenset[str]:
    asked = set(experiment.tables)
    for one in experiment.measures:
        for part in (one, one.minus):
            if part is not None and part.tie is not None:
                asked.add("ties")
            elif part is not None and part.value is not None:
                asked.add("organizations")
    return frozenset(asked)


def in_future(job: Job, arm: Arm, sample: int) -> Scenario:
    """Return a scenario with what is not known set to the values of a future."""
    items = job.experiment.uncertainties
    if not items:
        return arm.scenario
    drawn, sets = {}, []
    for item, value in zip(items, job.values[sample].tolist(), strict=True):
        if item.own or item.distribution is None:
            whole = item.leaf.type == "integer"
            sets.append(f"{item.name}={round(value) if whole else repr(value)}")
        elif item.factor:
            drawn[item.name] = Drawn(value / item.distribution.centre, True)
        else:
            drawn[item.name] = Drawn(value, False)
    changes = []
    if sets:
        from oncsim.scenario.sets import read_sets

        found, faults = read_sets(sets, arm.scenario.parameters.registry)
        assert not faults, faults
        changes = found.changes
    return replace(arm.scenario, parameters=arm.scenario.parameters.varied(drawn, changes))


def _history(job: Job, arm: Arm, sample: int, replicate: int) -> bytes:
    """Return the state of the market under the baseline just before scenarios part ways."""
    from oncsim.branching import save_state

    with limited(60.0 * job.experiment.minutes_per_run):
        model = _model(job, arm, sample, replicate)
        try:
            while model.quarters[model.t + 1] != job.experiment.branch:
                model.step()
            return save_state(model)
        finally:
            model.close()


def _play(job: Job, arm: Arm, sample: int, replicate: int, history: bytes | None) -> _Run:
    from oncsim.branching import take_up

    experiment = job.experiment
    with limited(60.0 * experiment.minutes_per_run):
        if history is None:
            model = _model(job, arm, sample, replicate)
        else:
            model = take_up(history, in_future(job, arm, sample), job.markets[arm.id])
        try:
            while not model.finished:
                model.step()
            metrics = model.recording.metric_rows
            tables = model.tables(sorted(_tables_needed(experiment)))
        finally:
            model.close()
        for table in tables.values():
            table.insert(0, "replicate", replicate)
        found = tuple(_measured(experiment, one, metrics, tables, replicate) for one in experiment.measures)
    kept = {name: tables[name].drop(columns="replicate") for name in experiment.tables}
    return _Run(arm.id, sample, replicate, found, _kept(experiment, metrics), kept)


def _tables_needed(experiment: Experiment) -> set[str]:
    counted = any(part is not None and part.event for one in experiment.measures for part in (one, one.minus))
    return set(_asked(experiment)) | ({"events"} if counted else set())


def _measured(
    experiment: Experiment,
    one: Expectation,
    metrics: Sequence[tuple[str, Any]],
    tables: dict[str, pd.DataFrame],
    replicate: int,
) -> float:
    """Return what an output is in one run: a metric from what was recorded, all else from the tables."""
    if one.metric is not None and (one.minus is None or one.minus.metric is not None):
        value = _mean(one, metrics, one)
        return value if one.minus is None else value - _mean(one.minus, metrics, one)
    listed = dict(tables)
    if one.metric is not None or (one.minus is not None and one.minus.metric is not None):
        listed[METRICS] = _metric_frame(metrics, replicate)
    only = range(replicate, replicate + 1)
    return float(measured(one, listed.__getitem__, experiment.start, experiment.end, only).iloc[0])


def _mean(what: Measure, metrics: Sequence[tuple[str, Any]], when: Expectation) -> float:
    """Return the mean of a metric over the quarters in which it has a value; missing where there are none."""
    first, last = str(when.from_), str(when.until)
    wanted = (what.metric, what.market, what.group)
    found = [
        float(value)
        for quarter, rows in metrics
        if first <= quarter <= last
        for *names, value in zip(*rows, strict=True)
        if tuple(names) == wanted
    ]
    return float(np.mean(found)) if found else float("nan")


def _metric_frame(metrics: Sequence[tuple[str, Any]], replicate: int) -> pd.DataFrame:
    import pandas as pd

    listed = [(replicate, quarter, *row) for quarter, rows in metrics for row in zip(*rows, strict=True)]
    return pd.DataFrame(listed, columns=["replicate", "quarter", "metric", "market", "group", "value"])


def _kept(experiment: Experiment, metrics: Sequence[tuple[str, Any]]) -> list[tuple[str, str, str, float]]:
    """Return the metrics that are kept, of the whole market: quarter, metric, group, value."""
    asked = frozenset(experiment.metrics)
    return [
        (quarter, name, group, float(value))
        for quarter, rows in metrics
        for name, market, group, value in zip(*rows, strict=True)
        if market == "all" and name in asked
    ]


def _tables(experiment: Experiment, runs: list[_Run]) -> dict[str, pd.DataFrame]:
    """Return the tables of a chunk: one row of outputs a run, and what is kept of each."""
    import pandas as pd

    arms = [arm.id for arm in experiment.arms]

    def keys(sizes: list[int]) -> dict[str, Any]:
        place = np.repeat([arms.index(run.scenario) for run in runs], sizes).astype(np.int64)
        make: Any = pd.Categorical.from_codes
        return {
            "scenario": make(place, arms),
            "sample": np.repeat([run.sample for run in runs], sizes).astype(np.int32),
            "replicate": np.repeat([run.replicate for run in runs], sizes).astype(np.int32),
        }

    names = [output.id for output in experiment.outputs]
    values = np.array([run.outputs for run in runs], dtype=np.float64).reshape(len(runs), len(names))
    found = {OUTPUTS: pd.DataFrame({**keys([1] * len(runs)), **dict(zip(names, values.T, strict=True))})}
    rows = [row for run in runs for row in run.metrics]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    # A chunk without any must have the types of the others.
    named = zip(("quarter", "metric", "group"), columns[:3], strict=True)
    words = {name: pd.Series(column, dtype="string") for name, column in named}
    listed = {**words, "value": np.array(columns[3], dtype=np.float64)}
    found[METRICS] = pd.DataFrame({**keys([len(run.metrics) for run in runs]), **listed})
    for name in experiment.tables:
        parts = [run.tables[name] for run in runs]
        whole = pd.concat([_plain(part) for part in parts], ignore_index=True) if parts else pd.DataFrame()
        found[name] = pd.DataFrame({**keys([len(part) for part in parts]), **{c: whole[c] for c in whole.columns}})
    return found


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return text as text: tables of different runs know different names."""
    changed = {name: table[name].astype(str) for name in table.columns if not _is_number(table[name])}
    return table.assign(**changed)


def _is_number(column: pd.Series) -> bool:
    return bool(getattr(column.dtype, "kind", "O") in "biuf")


def parquet(table: pd.DataFrame) -> bytes:
    """Return a table as a Parquet file: the same table gives the same bytes."""
    from oncsim.results.arrow import arrow

    pa = arrow()
    content = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pa.parquet.write_table(content, buffer, compression="zstd", write_statistics=True)
    return buffer.getvalue()
