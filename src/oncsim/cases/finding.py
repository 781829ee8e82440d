"""Which cases are played: all that come with oncsim, or those of given ids, numbers or files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.comparing.names import wrong_names, wrong_organizations
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.scenario import load_case, load_scenario
from oncsim.scenario.library import bundled_folder, shown
from oncsim.scenario.measures import CONTROL, Measure

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.parameters.strict_yaml import Route
    from oncsim.scenario.scenario import Scenario
    from oncsim.scenario.shape import Case

FOLDER = "cases"


@dataclass(frozen=True)
class CaseFile:
    """A case and everything that is played for it: itself under an empty name, variants and other scenarios by name."""

    path: Path
    scenario: Scenario
    runs: dict[str, Scenario]

    @property
    def case(self) -> Case:
        """The section ``case`` of the file."""
        assert self.scenario.case is not None
        return self.scenario.case

    @property
    def story_measures(self) -> list[Measure]:
        """What the story compares between variants: of every two followed organisations, and of each."""
        of_pairs = [
            Measure(tie=list(pair), value=value)
            for pair in combinations(self.case.follow, 2)
            for value in ("living", "rung", "trust_min")
        ]
        of_each = [
            Measure(org=org, value=value)
            for org in self.case.follow
            for value in ("independent", "open", "patients", "margin")
        ]
        return [*of_pairs, *of_each]


def bundled_cases() -> dict[str, Path]:
    """Return the files of the cases that come with oncsim, by id."""
    folder = bundled_folder()
    return {} if folder is None else {path.stem: path for path in sorted((folder / FOLDER).glob("*.yaml"))}


def find_cases(names: Sequence[str]) -> list[CaseFile]:
    """Load cases, by number of the list; all that come with oncsim where no name is given.

    Parameters
    ----------
    names : sequence of str
        Ids, numbers, or paths of files (ending in ``.yaml``).

    Raises
    ------
    InputError
        When a name is no case, or with every fault of the files.
    """
    known = bundled_cases()
    paths: list[Path] = []
    faults: list[Fault] = []
    numbers = _numbers(known) if any(name.isdigit() for name in names) else {}
    for name in names:
        if name.endswith((".yaml", ".yml")):
            paths.append(Path(name))
        elif name in known:
            paths.append(known[name])
        elif name.isdigit() and int(name) in numbers:
            paths.append(known[numbers[int(name)]])
        else:
            faults.append(_no_case(name, known, numbers))
    if not names and not known:
        faults.append(Fault("scenarios/cases", 0, 0, "", "there are no cases here (name the file of one)"))
    found = []
    for path in dict.fromkeys(paths) if names else known.values():
        try:
            found.append(_loaded(path))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return sorted(found, key=lambda one: (one.case.number, one.scenario.id))


def _loaded(path: Path) -> CaseFile:
    runs = load_case(path)
    scenario = runs[""]
    if scenario.case is None:
        message = "is a scenario but no case (a case has the sections case and variants)"
        raise InputError([Fault(shown(path), 0, 0, "", message)])
    for one in scenario.expect:
        if one.versus is not None and one.versus not in runs:
            runs[one.versus] = load_scenario(one.versus)
    return CaseFile(path, scenario, runs)


def _numbers(known: dict[str, Path]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name, path in known.items():
        try:
            case = load_scenario(path).case
        except InputError:
            continue  # It is said when the case is asked for, not when another is.
        if case is not None:
            found.setdefault(case.number, name)
    return found


def _no_case(name: str, known: dict[str, Path], numbers: dict[int, str]) -> Fault:
    if name.isdigit():
        some = ", ".join(map(str, sorted(numbers))) or "there are none"
        return Fault(name, 0, 0, "", f"no case has this number (numbers: {some})")
    near = did_you_mean(name, known)
    message = f"no case has this id (`oncsim scenario list` names them; a file ends in .yaml{near})"
    return Fault(name or "case", 0, 0, "", message)


def asked_runs(file: CaseFile, story: bool) -> dict[str, Scenario]:
    """Return what must be played: the case, its control, what it is compared with; for the story every variant."""
    needed = {"", CONTROL, *(one.versus for one in file.scenario.expect)}
    return {name: run for name, run in file.runs.items() if story or name in needed}


def name_faults(file: CaseFile, name: str, market: Market) -> list[Fault]:
    """Return a fault for each organisation or market that a case names and the market of a run does not have."""
    from oncsim.parameters.strict_yaml import read_document

    followed: list[tuple[Route, str]] = [(("case", "follow", i), org) for i, org in enumerate(file.case.follow)]
    where = f" of the variant {name}" if name else ""
    wrong = wrong_organizations(followed, market, where) + wrong_names("expect", file.scenario.expect, market, where)
    if not wrong:
        return []
    document = read_document(file.path, shown(file.path))
    return [document.fault(route, message) for route, message in wrong]
