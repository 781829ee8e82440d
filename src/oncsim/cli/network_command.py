"""``oncsim network``: the ties of a run as figures, tables and GraphML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oncsim.cli.console import Console, console, table
from oncsim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.networks.choice import Choice
    from oncsim.networks.writing import Tell

LAYOUTS = ("geography", "spring")


@click.command("network")
@click.argument("run")
@click.option("--quarter", metavar="QUARTER", help="Quarter of graph and figure; the last without it.")
@click.option(
    "--replicate", type=int, metavar="R", help="This replicate alone; without it 0 is drawn and the tables have all."
)
@click.option("--market", default="", metavar="ID", help="Only ties with an end in this market (a market of the zones).")
@click.option("--forms", metavar="FORM,FORM", help="Only ties of these forms.")
@click.option("--layout", default="geography", show_default=True, metavar="LAYOUT", help="geography or spring.")
@click.option("--out", metavar="DIR", help="Where to write; network/ inside the run folder without it.")
def command(
    run: str,
    quarter: str | None,
    replicate: int | None,
    market: str,
    forms: str | None,
    layout: str,
    out: str | None,
) -> None:
    """Write the ties of RUN: the graph of a quarter, its shape in every quarter, and figures of both.

    RUN is a run folder, or the id of a scenario (its latest complete run in results).

    \b
    Examples:
      oncsim network mixed_market
      oncsim network mixed_market --quarter 2028Q4 --layout spring
      oncsim network nashville --forms referral,joint_venture --out ties
    """
    from oncsim.cli.report_command import find
    from oncsim.networks.choice import choose
    from oncsim.planning import check_folder

    folder = find(run, Path("results"))
    asked = None if forms is None else [word.strip() for word in forms.split(",") if word.strip()]
    faults = list(_faults(forms, asked, layout))
    to = folder / "network"
    try:
        to = to if out is None else check_folder(out)
    except InputError as error:
        faults += error.faults
    try:
        choice = choose(folder, quarter, replicate or 0, market, asked or ())
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    if faults:
        raise InputError(faults)
    _write(folder, to, choice, choice.replicates if replicate is None else [replicate], layout)


def _faults(forms: str | None, asked: list[str] | None, layout: str) -> Iterator[Fault]:
    if forms is not None and not asked:
        yield Fault("--forms", 0, 0, "", "names no form of tie (for example referral,joint_venture)")
    if layout not in LAYOUTS:
        said = f"no layout {layout!r} (one of {', '.join(LAYOUTS)}{did_you_mean(layout, LAYOUTS)})"
        yield Fault("--layout", 0, 0, "", said)


def _write(folder: Path, to: Path, choice: Choice, replicates: list[int], layout: str) -> None:
    from oncsim.networks.writing import write_network
    from oncsim.results.files import storing
    from oncsim.results.manifest import refresh_files

    voice = console()
    with storing(to), _progress(voice, choice.scenario) as tell:
        graph, measures, paths = write_network(folder, to, choice, replicates, layout, tell)
        if to.resolve().is_relative_to(folder.resolve()):
            refresh_files(folder)
    _say(voice, graph, measures, choice)
    for path in paths:
        voice.say(f"{path}")


@contextmanager
def _progress(voice: Console, label: str) -> Iterator[Tell]:
    from oncsim.running import Tick

    with voice.progress() as show:

        def tell(done: int, total: int) -> None:
            if show is not None:
                show(Tick(label, done, total, "quarters"))

        yield tell


# What is said of the chosen quarter: column of the table and words.
_SAID = (
    ("organisations", "Organisations with a tie"),
    ("ties", "Ties in force"),
    ("degree_mean", "Partners of an organisation, mean"),
    ("degree_max", "Partners of an organisation, most"),
    ("share_isolated", "Share of providers without a tie"),
    ("components", "Separate parts"),
    ("communities", "Communities"),
    ("modularity", "Modularity"),
    ("bridges", "Bridges"),
    ("articulation_points", "Organisations that join parts"),
)


def _say(voice: Console, graph: Any, measures: pd.DataFrame, choice: Choice) -> None:
    which = f"replicate {choice.replicate}" + (f", {choice.words}" if choice.words else "")
    voice.say(f"Network of {choice.scenario}, end of {choice.quarter}, {which}")
    rows = measures[measures["replicate"] == choice.replicate].set_index("quarter")
    then = choice.quarters[0]
    text: list[tuple[str, ...]] = [("", then, choice.quarter)]
    for column, words in _SAID:
        values = rows[column].astype(float).to_dict()
        text.append((words, _number(column, values[then]), _number(column, values[choice.quarter])))
    for line in table(text, right=(1, 2)):
        voice.say(line)
    most = sorted(graph.nodes(data=True), key=lambda node: (-node[1]["betweenness"], node[0]))[:3]
    between = [f"{data['name']} ({data['degree']} partners)" for _, data in most if data["betweenness"] > 0]
    if between:
        voice.say(f"Most often between others: {', '.join(between)}")


def _number(column: str, value: float) -> str:
    if value != value:
        return "none"
    if column == "share_isolated":
        return f"{100 * value:.0f} %"
    return f"{value:.2f}" if column in ("degree_mean", "modularity") else f"{value:,.0f}"
