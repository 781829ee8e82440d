"""Run scenarios on shared luck and store their paired differences."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
import weakref
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.calendar import Quarter
from oncsim.comparing import law
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.planning import check_plan, load
from oncsim.results import files
from oncsim.results.identity import short_hash
from oncsim.results.manifest import (
    COMPLETE,
    MANIFEST,
    RUNNING,
    environment,
    is_complete,
    now,
    read_manifest,
    write_manifest,
)
from oncsim.results.reading import Run, read_table
from oncsim.results.reporting import add_report, try_report
from oncsim.running import Progress, build, run_plan

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.scenario import Scenario


# Settings that change what a run does; replicates are the same for all by the command.
_SETTINGS = ("patients", "settle_quarters")


class Comparison:
    """A complete comparison.

    Attributes
    ----------
    folder : Path
        Where ``differences``, the manifest and the report are.
    manifest : dict
        What was compared and with what.
    """

    def __init__(self, folder: Path, temporary: Path | None = None) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = read_manifest(folder)
        self.reused = False
        if temporary is not None:
            weakref.finalize(self, files.remove, temporary)

    def __repr__(self) -> str:
        return f"Comparison({self.labels}, replicates={self.manifest.get('replicates')}, {str(self.folder)!r})"

    @property
    def labels(self) -> list[str]:
        """Names of the scenarios, the baseline first."""
        return [str(entry["label"]) for entry in self.manifest.get("scenarios", [])]

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences; :func:`oncsim.comparing.differences.differences` explains the columns."""
        return read_table(self.folder, "differences")

    @cached_property
    def budget(self) -> pd.DataFrame:
        """Change of payments by year, payer, component and who pays (:func:`oncsim.comparing.budget.budget`)."""
        return read_table(self.folder, "budget")

    @cached_property
    def split(self) -> pd.DataFrame:
        """What that change is made of (:func:`oncsim.comparing.budget.split`)."""
        return read_table(self.folder, "split")

    @cached_property
    def winners(self) -> pd.DataFrame:
        """What organisations and zones gain and lose (:mod:`oncsim.comparing.winners`)."""
        return read_table(self.folder, "winners")

    @cached_property
    def runs(self) -> dict[str, Run]:
        """The runs that were compared, by name of the scenario (behaviour at its centre)."""
        entries = self.manifest.get("scenarios", [])
        return {str(entry["label"]): Run((self.folder / entry["run"]).resolve()) for entry in entries}

    def summary(self) -> pd.DataFrame:
        """Return the differences of the headline metrics: mean over all and over the last four quarters."""
        from oncsim.results.summary import HEADLINES

        table = self.differences[self.differences["quarter"].isin(["mean", "final"])]
        pieces = []
        for metric, groups in HEADLINES:
            rows = table[table["metric"] == metric]
            group = next((g for g in groups if g in set(rows["group"])), None)
            pieces.append(rows[rows["group"] == group])
        import pandas as pd

        return pd.concat(pieces, ignore_index=True) if pieces else table


def open_comparison(folder: str | Path) -> Comparison:
    """Open the folder of a comparison.

    Raises
    ------
    InputError
        When the folder holds no complete comparison.
    """
    place = Path(folder)
    if not is_complete(place) or not read_manifest(place).get("schema", "").startswith("oncsim/comparison/"):
        raise InputError(f"{place}: not a complete comparison")
    return Comparison(place)


def compare(
    scenarios: Sequence[Scenario | str | Path],
    replicates: int = 20,
    seed: int = 1,
    until: Quarter | str | None = None,
    sets: Sequence[str] = (),
    *,
    workers: int = 1,
    uncertainty: bool = False,
    metrics: Sequence[str] = (),
    out: str | Path | None = "results",
    format: str = "parquet",
    force: bool = False,
    report: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Run all scenarios with the same luck and return their paired differences from the first.

    Parameters
    ----------
    scenarios : sequence of Scenario, str or Path
        The baseline and at least one other, on the same market and horizon.
    replicates : int
        Replicates of each; the precision of the differences depends on it.
    seed, until, sets, workers, out, format, force, progress
        As in :func:`oncsim.run`; they hold for every scenario. Complete runs are used again.
    uncertainty : bool
        Also run every scenario with behaviour drawn from the registry's distributions (the same draw in every
        scenario) and report that interval beside the one over luck alone.
    metrics : sequence of str
        Only these metrics; the simultaneous intervals are over those listed. All if empty.
    report : bool
        Write the report of the comparison too.

    Raises
    ------
    InputError
        When an option is wrong or the scenarios cannot be compared.
    RunError
        When a run failed.
    """
    loaded = [load(scenario, sets) for scenario in scenarios]
    plans = [check_plan(scenario, replicates, seed, until, workers, (), format) for scenario in loaded]
    check_comparable([plan.scenario for plan in plans])
    _check_metrics(metrics)
    started = time.perf_counter()
    place = Path(tempfile.mkdtemp(prefix="oncsim-")) if out is None else Path(out)
    labels = unique_labels([plan.scenario.id for plan in plans])
    # The market is the same for all, so it is built once, and only if something must be run.
    market = lru_cache(maxsize=1)(partial(build, plans[0].scenario))
    ready: dict[tuple[str, bool], Run] = {}

    def results(drawn: bool) -> list[Run]:
        for plan, label in zip(plans, labels, strict=True):
            key = (plan.run_id, drawn)
            if key not in ready:
                said = _named(progress, f"{label} (behaviour drawn)" if drawn else label)
                ready[key] = run_plan(dataclasses.replace(plan, drawn=drawn), market, place, force, False, said)
        return [ready[plan.run_id, drawn] for plan in plans]

    try:
        centre, drawn = results(False), results(True) if uncertainty else []
        content = _describe(labels, centre, drawn, metrics)
        target = place / "compare" / _name(labels, content)
        if is_complete(target) and not force:
            return _reuse(target, report)
        with files.storing(target):
            told = [plan.scenario for plan in plans]
            _store(target, content, told, centre, drawn, report and out is not None, started)
    except BaseException:
        if out is None:
            files.remove(place)
        raise
    return Comparison(target, place if out is None else None)


def check_comparable(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that differ in more than policy.

    Raises
    ------
    InputError
        When there are fewer than two, or horizons or markets differ.
    """
    if len(scenarios) < 2:
        raise InputError("compare: give a baseline and at least one other scenario")
    first, *others = scenarios
    faults = []
    for other in others:
        if (other.start, other.end) != (first.start, first.end):
            said = f"{other.start} to {other.end} differs from {first.start} to {first.end} of {first.id}"
            same_start = other.start == first.start
            hint = "compare needs one horizon" + ("; --until gives both the same end" * same_start)
            faults.append(Fault(other.id, 0, 0, "horizon", f"{said} ({hint})"))
        if _market_key(other) != _market_key(first):
            said = f"differs from the market of {first.id} (compare needs one market)"
            faults.append(Fault(other.id, 0, 0, "market", said))
    if faults:
        raise InputError(faults)


def setting_warnings(scenarios: Sequence[Scenario], labels: Sequence[str]) -> list[str]:
    """Return a warning for each setting in which a scenario differs from the first; its effect mixes with the policy's."""
    first, *others = (getattr(scenario, "settings", None) for scenario in scenarios)
    found = []
    for other, label in zip(others, labels[1:], strict=True):
        for name in _SETTINGS:
            one, two = getattr(first, name, None), getattr(other, name, None)
            if one != two:
                found.append(
                    f"settings.{name} is {two} in {label} and {one} in {labels[0]}: the differences mix this with the policy"
                )
    return found


def _market_key(scenario: Scenario) -> tuple[Any, Path | None]:
    spec = scenario.market
    if getattr(spec, "source", "") != "files":
        return spec, None
    # Relative folders mean different files in different places.
    folder = (Path(scenario.folder) / str(getattr(spec, "folder", "."))).resolve()
    return spec.model_copy(update={"folder": ""}) if hasattr(spec, "model_copy") else spec, folder


def unique_labels(ids: Sequence[str]) -> list[str]:
    """Return the ids with ``#2``, ``#3`` ... behind an id that came before."""
    seen: dict[str, int] = {}
    labels = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        labels.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return labels


def _named(progress: Progress | None, label: str) -> Progress | None:
    if progress is None:
        return None
    return lambda tick: progress(dataclasses.replace(tick, label=label))


def _describe(labels: Sequence[str], centre: Sequence[Run], drawn: Sequence[Run], metrics: Sequence[str]) -> dict[str, Any]:
    first = centre[0].manifest
    entries = []
    for i, (label, done) in enumerate(zip(labels, centre, strict=True)):
        said = done.manifest
        entry = {"label": label, **{key: said[key] for key in ("title", "question")}, "id": said["scenario"]}
        entries.append({**entry, "run_id": said["run"], "drawn_run_id": drawn[i].manifest["run"] if drawn else ""})
    return {
        "schema": "oncsim/comparison/1",
        "status": RUNNING,
        "baseline": labels[0],
        "scenarios": entries,
        "metrics": sorted(set(metrics)),
        **{key: first[key] for key in ("seed", "replicates", "start", "end", "market", "format")},
        "uncertainty": bool(drawn),
    }


def _name(labels: Sequence[str], content: dict[str, Any]) -> str:
    others = labels[1] if len(labels) == 2 else f"{len(labels) - 1}_others"
    return f"{labels[0]}_vs_{others}-{short_hash(content, 8)}".replace("#", "_")[-120:]


def _reuse(target: Path, report: bool) -> Comparison:
    if report and not (target / "report.html").is_file():
        with files.storing(target):
            add_report("write_compare_report", target)
    found = Comparison(target)
    found.reused = True
    return found


def _store(
    target: Path,
    content: dict[str, Any],
    scenarios: Sequence[Scenario],
    centre: Sequence[Run],
    drawn: Sequence[Run],
    report: bool,
    started: float,
) -> None:
    from oncsim.comparing.differences import differences
    from oncsim.results.writing import write_plain

    begun = now()
    wanted = content["metrics"]
    labels = [entry["label"] for entry in content["scenarios"]]
    for entry, scenario in zip(content["scenarios"], scenarios, strict=True):
        entry |= law.facts(scenario) | {"changes": law.changes(scenarios[0], scenario)}
        entry["begins"] = law.begins(entry["changes"])
        entry["force"] = law.force(entry["changes"], content["end"])
    content["settings_differ"] = setting_warnings(scenarios, labels)
    force = [entry["force"] for entry in content["scenarios"][1:]]
    table = differences(_metrics(centre, wanted), labels, _metrics(drawn, wanted), force)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f"{target.name}.part")
    with files.alone(staged):
        inner = staged / "comparison"
        files.remove(inner)
        inner.mkdir()
        write_plain(table, inner / f"differences.{content['format']}")
        for name, more in _views(content, labels, centre).items():
            write_plain(more, inner / f"{name}.{content['format']}")
        for i, entry in enumerate(content["scenarios"]):
            entry["run"] = os.path.relpath(centre[i].folder, target)
            entry["drawn_run"] = os.path.relpath(drawn[i].folder, target) if drawn else ""
        warnings = [*content["settings_differ"], *(w for done in centre for w in done.warnings)]
        content["warnings"] = list(dict.fromkeys(warnings))
        content |= {**environment(), "started": begun, "seconds": round(time.perf_counter() - started, 3)}
        if report:
            files.write_json(inner / MANIFEST, {**content, "status": COMPLETE, "files": {}})
            content["warnings"] += try_report("write_compare_report", inner)
        write_manifest(inner, content, COMPLETE)
        files.publish(inner, target)
        files.remove(staged)


def _views(content: dict[str, Any], labels: Sequence[str], centre: Sequence[Run]) -> dict[str, pd.DataFrame]:
    """Return the tables beside the differences: budget, its split, winners and losers, and the zones they live in."""
    import pandas as pd

    from oncsim.comparing import budget, winners

    starts = [entry["begins"] for entry in content["scenarios"][1:]]
    frames = _metrics(centre, ())
    views = {"budget": budget.budget(frames, labels, starts)}
    if all(_has(done, "payments") and _has(done, "zone_years") for done in centre):
        payments = [done.payments for done in centre]
        views["split"] = budget.split(payments, labels, starts, content["end"])
        quarters = sorted(frames[0]["quarter"].unique())[-4:]
        year = winners.last_year(content["start"], content["end"])
        base, *others = (done.folder for done in centre)
        found = [
            winners.organizations(base, other, quarters, label) for label, other in zip(labels[1:], others, strict=True)
        ]
        found += [winners.zones(base, other, year, label) for label, other in zip(labels[1:], others, strict=True)]
        views["winners"] = pd.concat(found, ignore_index=True)
        views["zones"] = centre[0].zones
        content["cases"] = {"market": float(centre[0].zones["cases_per_year"].sum()), "national": _national_cases()}
        content["winners_year"] = year
    return views


def _national_cases() -> float:
    """Return new cancer cases a year in the whole country, for scaling."""
    from oncsim.market.facts import state_totals

    return float(state_totals()["cases_per_year"].sum())


def _has(done: Run, table: str) -> bool:
    return any((done.folder / f"{table}{suffix}").is_file() for suffix in (".parquet", ".csv"))


def _check_metrics(names: Sequence[str]) -> None:
    """Refuse unknown metrics before anything is run."""
    if not names:
        return
    from oncsim.metrics import METRICS

    faults = [
        Fault("--metric", 0, 0, "", f"no metric {name!r} (oncsim metrics list{did_you_mean(name, METRICS)})")
        for name in names
        if name not in METRICS
    ]
    if faults:
        raise InputError(faults)


def _metrics(runs: Sequence[Run], wanted: Sequence[str]) -> list[pd.DataFrame]:
    """Return the ``market=all`` metrics of each run, all or those wanted."""
    frames = [read_table(done.folder, "metrics", market="all") for done in runs]
    if not wanted:
        return frames
    return [frame[frame["metric"].isin(wanted)].reset_index(drop=True) for frame in frames]
