"""A run to do, its options checked: what is run, how often, and how it is stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.results.forms import FORMATS, RECORDABLE, STANDARD
from oncsim.results.identity import code_fingerprint, short_hash
from oncsim.results.manifest import environment

if TYPE_CHECKING:
    from oncsim.scenario import Scenario

MOST_REPLICATES = 100_000
MOST_WORKERS = 1_000
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """A run to do: everything its numbers depend on, and how to store them.

    ``whole`` is the scenario before it was cut by ``until``, if it was.
    """

    scenario: Scenario
    replicates: int
    seed: int
    record: frozenset[str]
    format: str
    drawn: bool
    profile: bool
    workers: int
    market_digest: str = ""
    whole: Scenario | None = None

    @property
    def run_id(self) -> str:
        """Name of the run, the same for the same run."""
        return short_hash(
            {
                "scenario": self.scenario.digest,
                "market": self.market_digest,
                "seed": self.seed,
                "replicates": self.replicates,
                "record": sorted(self.record),
                "format": self.format,
                "drawn": self.drawn,
                "version": environment()["version"],
                "code": code_fingerprint(),
            }
        )


def load(scenario: Scenario | str | Path, sets: Sequence[str] = ()) -> Scenario:
    """Return a scenario: itself when loaded, else the file or bundled scenario of that name.

    Raises
    ------
    InputError
        When the scenario is wrong.
    """
    if isinstance(scenario, str | Path):
        from oncsim.scenario import load_scenario

        _check_name(scenario)
        return load_scenario(scenario, sets)
    if sets:
        raise InputError("sets: only with the path or the id of a scenario; load_scenario(path, sets) takes them too")
    return scenario


def _check_name(scenario: str | Path) -> None:
    """Refuse what is there but cannot be a scenario, before it is looked up among the bundled ones."""
    from oncsim.scenario import bundled_scenarios

    text, allowed = str(scenario), "give a YAML file, or the id of a bundled scenario: `oncsim scenario list`"
    if not text.strip():
        raise InputError([Fault("scenario", 0, 0, "", f"an empty name is not a scenario ({allowed})")])
    path = Path(text)
    if text in bundled_scenarios() or path.is_file() or not path.exists():
        return
    what = "this is a folder" if path.is_dir() else "this is a device"
    raise InputError([Fault(text, 0, 0, "", f"{what}, not a scenario file ({allowed})")])


def check_folder(out: str | Path, option: str = "--out") -> Path:
    """Return the folder that results go to.

    Raises
    ------
    InputError
        When it is empty text, which would mean the working folder without saying so.
    """
    if not str(out).strip():
        raise InputError([Fault(option, 0, 0, "", "is empty (name a folder, for example results; . is the working folder)")])
    return Path(out)


def check_plan(
    scenario: Scenario,
    replicates: int | None = None,
    seed: int = 1,
    until: Quarter | str | None = None,
    workers: int = 1,
    record: Iterable[str] = (),
    format: str = "parquet",
    uncertainty: bool = False,
    profile: bool = False,
) -> Plan:
    """Return the run as a plan, or raise every fault of its options at once.

    Raises
    ------
    InputError
        When an option is wrong.
    """
    if replicates is None:
        replicates = int(getattr(scenario.settings, "replicates", 1) or 1)
    tables = [record] if isinstance(record, str) else list(record)
    faults = number_faults(replicates, seed, workers) + _storage_faults(tables, format)
    given = scenario
    try:
        scenario = cut(scenario, until)
    except InputError as error:
        faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    plan = Plan(scenario, replicates, seed, frozenset(tables), format, uncertainty, profile, workers)
    return plan if scenario is given else dataclasses.replace(plan, whole=given)


def number_faults(replicates: int, seed: int, workers: int) -> list[Fault]:
    """Return a fault for each number of a command that is outside its limits."""
    limits = (
        ("--replicates", replicates, 1, MOST_REPLICATES, f"{MOST_REPLICATES:,}"),
        ("--seed", seed, 0, LARGEST_SEED, "2^63 - 1"),
        ("--workers", workers, 1, MOST_WORKERS, f"{MOST_WORKERS:,}"),
    )
    return [
        Fault(option, 0, 0, "", f"{value} is not allowed ({low} to {said})")
        for option, value, low, high, said in limits
        if not isinstance(value, int) or not low <= value <= high
    ]


def _storage_faults(tables: Sequence[str], format: str) -> list[Fault]:
    faults = []
    if format not in FORMATS:
        near = did_you_mean(format, FORMATS)
        faults.append(Fault("--format", 0, 0, "", f"unknown format {format!r} ({' or '.join(FORMATS)}{near})"))
    for table in tables:
        if table in STANDARD:
            faults.append(Fault("--record", 0, 0, "", f"every run has {table} ({', '.join(RECORDABLE)} can be added)"))
        elif table not in RECORDABLE:
            near = did_you_mean(table, RECORDABLE)
            faults.append(Fault("--record", 0, 0, "", f"unknown table {table!r} ({', '.join(RECORDABLE)}{near})"))
    return faults


def cut(scenario: Scenario, until: Quarter | str | None) -> Scenario:
    """Return the scenario with an earlier end.

    Raises
    ------
    InputError
        When ``until`` is no quarter or lies outside the horizon.
    """
    if until is None:
        return scenario
    try:
        end = until if isinstance(until, Quarter) else Quarter.parse(until)
    except ValueError as error:
        raise InputError([Fault("--until", 0, 0, "", str(error))]) from None
    if not scenario.start <= end <= scenario.end:
        said = f"{end} is outside the horizon of {scenario.id} ({scenario.start} to {scenario.end})"
        raise InputError([Fault("--until", 0, 0, "", said)])
    return scenario if end == scenario.end else dataclasses.replace(scenario, end=end)
