"""``oncsim scenario``: list, check, explain, compare and start scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import console, table
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.scenario.scenario import Scenario

_SET = click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set a value; may be repeated.")


@click.group("scenario")
def command() -> None:
    """List, check, explain, compare and start scenarios."""


@command.command("list")
def list_scenarios() -> None:
    """List the scenarios that come with oncsim."""
    from oncsim.scenario.library import bundled_scenarios
    from oncsim.scenario.load import load_scenario

    rows: list[tuple[str, ...]] = [("id", "horizon", "needs", "title")]
    questions = [""]
    cases: list[tuple[int, tuple[str, ...]]] = []
    for name, path in sorted(bundled_scenarios().items()):
        try:
            scenario = load_scenario(path)
        except InputError as problem:
            row = (name, "", "", f"does not load: {len(problem.faults)} faults (oncsim scenario check {path})")
            rows.append(row)
            questions.append("")
            continue
        row = (name, f"{scenario.start}-{scenario.end}", _needs(scenario), scenario.title)
        if scenario.case is not None:
            cases.append((scenario.case.number, (f"cases/{name}", *row[1:3], f"{scenario.case.number}. {row[3]}")))
            continue
        rows.append(row)
        questions.append(scenario.question)
    # Cases stand apart, in the order of their list, and without a question: they have an expectation.
    rows += [row for _, row in sorted(cases)]
    questions += ["" for _ in cases]
    lines = table(rows)
    indent = max(len(row[0]) for row in rows) + 2
    for place, (line, question) in enumerate(zip(lines, questions, strict=True)):
        if cases and place == len(rows) - len(cases):
            console().say()
            console().say("Cases from practice, which `oncsim cases` plays:")
        console().say(line)
        if question:
            console().say(" " * indent + question)


def _needs(scenario: Scenario) -> str:
    """Say what a scenario cannot run without: tables that are not part of oncsim and not found."""
    market = scenario.market
    if market.source != "files":
        return ""
    folder = scenario.folder / market.folder
    tables = [market.zones, market.hospitals, market.practices, market.centers, market.ties]
    return "" if all((folder / table).is_file() for table in tables if table is not None) else "tables"


@command.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_SET
def check(files: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Check scenarios: say that they are right, or every fault with its line."""
    from oncsim.planning import load

    faults: list[Fault] = []
    for file in files:
        try:
            scenario = load(file, sets)
        except InputError as problem:
            faults.extend(problem.faults)
            continue
        console().say(f"{file}: ok: {_content(scenario)}")
        for warning in scenario.warnings:
            console().say(f"  warning: {warning}")
    if faults:
        raise InputError(dict.fromkeys(faults))


def _content(scenario: Scenario) -> str:
    changes = scenario.parameters.overrides
    parts = [
        _count(len(scenario.quarters), "quarter"),
        _count(sum(o.section == "policy" for o in changes), "policy change"),
        _count(sum(o.section != "policy" for o in changes), "changed assumption"),
        _count(len(scenario.events), "event"),
        _count(len(scenario.expect), "expectation"),
        *([_count(len(scenario.variants), "variant")] if scenario.case is not None else []),
        _count(len(scenario.warnings), "warning"),
    ]
    return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@command.command("explain")
@click.argument("file")
@click.argument("names", nargs=-1, metavar="[PARAMETER]...")
@click.option("--quarter", metavar="QUARTER", help="Only this quarter, for example 2028Q1.")
@_SET
def explain(file: str, names: tuple[str, ...], quarter: str | None, sets: tuple[str, ...]) -> None:
    """Say each value per quarter and the file and line that set it.

    Without PARAMETER: everything that the scenario changes. PARAMETER is a name, one element of it
    (name.code), or a group of names (payment.medicare).
    """
    from oncsim.parameters.explain import spans
    from oncsim.planning import load
    from oncsim.scenario.differ import shown, span

    scenario = load(file, sets)
    chosen = _chosen(scenario, names)
    quarters = [_quarter(quarter)] if quarter else scenario.quarters
    if not names:
        for line in _summary(scenario):
            console().say(line)
    rows: list[tuple[str, ...]] = [("parameter", "quarters", "value", "set by", "where")]
    for name in chosen:
        for first, last in spans(scenario.parameters.explain(name, quarters)):
            cells = (first.path, span(first.quarter, last), shown(first.value), first.by, first.place)
            rows.append(cells)
    if len(rows) > 1:
        for line in table(rows, right=(2,)):
            console().say(line)


def _chosen(scenario: Scenario, names: tuple[str, ...]) -> list[str]:
    registry = scenario.parameters.registry
    if not names:
        return list(dict.fromkeys(change.path for change in scenario.parameters.overrides))
    chosen: list[str] = []
    faults = []
    for name in names:
        if registry.find(name) is not None:
            chosen.append(name)
            continue
        below = [leaf for leaf in sorted(registry.leaves) if leaf.startswith(name.rstrip(".") + ".")]
        if not below:
            faults.append(Fault("command line", 0, 0, "", f"no parameter {name!r}{registry.near_miss(name)}"))
        chosen.extend(below)
    if faults:
        raise InputError(faults)
    return chosen


def _quarter(text: str) -> Quarter:
    from oncsim.calendar import Quarter

    try:
        return Quarter.parse(text)
    except ValueError as problem:
        raise InputError([Fault("--quarter", 0, 0, "", str(problem))]) from None


def _summary(scenario: Scenario) -> list[str]:
    lines = [f"{scenario.id}: {scenario.title}"]
    lines += [f"  {where}: {place}" for where, place in scenario.provenance.items() if _is_part(where)]
    lines += [f"  event {event.at} {event.do}: {event.file}:{event.line}" for event in scenario.events]
    lines += [f"  warning: {warning}" for warning in scenario.warnings]
    return [*lines, ""]


def _is_part(where: str) -> bool:
    return where.partition(".")[0] in ("horizon", "settings", "market")


@command.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def diff(first: str, second: str) -> None:
    """Say what differs between two scenarios, parameter by parameter and quarter by quarter."""
    from oncsim.planning import load
    from oncsim.scenario.differ import differences

    a, b = load(first), load(second)
    rows = differences(a, b)
    if not rows:
        console().say(f"{a.id} and {b.id} run the same")
        return
    for line in table([("what", "quarters", a.id, b.id), *rows]):
        console().say(line)


@command.command("new")
@click.argument("identity", metavar="ID")
@click.option("--extends", metavar="PARENT", help="Id of a bundled scenario, or a path from the new file.")
@click.option("--out", metavar="FILE", help="Default: ID.yaml here.")
def new(identity: str, extends: str | None, out: str | None) -> None:
    """Write a scenario to start from, with comments on what may be added."""
    import re

    from oncsim.scenario.starter import starter

    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,79}", identity):
        message = f"{identity!r} is not an id (small letters, digits, _ and -, at most 80 of them)"
        raise InputError([Fault("command line", 0, 0, "", message)])
    if out is not None and not out.strip():
        raise InputError([Fault("--out", 0, 0, "", f"is empty (name a file, for example {identity}.yaml)")])
    path = Path(out or f"{identity}.yaml")
    if extends is not None and not extends.endswith((".yaml", ".yml")):
        from oncsim.scenario.library import find_scenario

        find_scenario(extends)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(identity, extends, str(path)))
    except FileExistsError:
        raise InputError([Fault(str(path), 0, 0, "", "is already there (choose another ID or --out)")]) from None
    except OSError as problem:
        reason = problem.strerror or "unknown reason"
        raise InputError([Fault(str(path), 0, 0, "", f"cannot be written ({reason})")]) from None
    console().say(f"wrote {path}")


@command.command("schema")
def schema() -> None:
    """Write the JSON Schema of a scenario file, for editors."""
    import json

    from oncsim.parameters import load_registry
    from oncsim.scenario.json_schema import json_schema

    console().say(json.dumps(json_schema(load_registry()), indent=2))
