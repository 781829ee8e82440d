"""``oncsim market``: look at, check and build the market of a scenario, and say how concentrated it is."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncsim.cli import market_concentration_command
from oncsim.cli.console import console, table
from oncsim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from oncsim.market.form import Market

_SETS = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change the scenario, for example market.folder=DIR; may be given several times.",
)


@click.group("market")
def command() -> None:
    """Look at, check or build a market; its concentration."""


command.add_command(market_concentration_command.command)


@command.command("show")
@click.argument("scenario")
@_SETS
@click.option("--map", "map_file", type=click.Path(path_type=Path), metavar="FILE", help=("Draw a map (.png or .svg)."))
def show_market(scenario: str, sets: tuple[str, ...], map_file: Path | None) -> None:
    """Say what the market of SCENARIO holds at the start: people, hospitals, owners, sites, oncologists."""
    from oncsim.market.describe import describe_market

    market = _market(scenario, sets)
    say = console().say
    say(f"{market.name} (source: {market.source})")
    for section in describe_market(market):
        say()
        rows = [section.headings, *section.rows] if section.headings else [(section.title, ""), *section.rows]
        for line in table(rows, right=tuple(range(1, len(rows[0])))):
            say(line)
    if market.notes:
        say()
        say("Notes")
        for note in market.notes:
            say(textwrap.fill(note, 108, initial_indent="- ", subsequent_indent="  ", break_long_words=False))
    if map_file is not None:
        _draw(market, map_file)
        say()
        say(f"map: {map_file}")


@command.command("check")
@click.argument("source", metavar="FILE_OR_SCENARIO")
@_SETS
@click.option("--as", "what", metavar="TABLE", help=("Which table a CSV file is: zones, hospitals, practices, centers."))
def check_source(source: str, sets: tuple[str, ...], what: str | None) -> None:
    """Check one table (a CSV file), or all tables of the market of a scenario, and name every fault."""
    say = console().say
    if source.lower().endswith((".csv", ".csv.gz", ".txt", ".txt.gz")):
        from oncsim.market.files_check import check_table

        report = check_table(Path(source), what)
        say(f"ok: {source}: {report.rows:,} rows of {report.table}")
        for name, meaning in report.used:
            say(f"  {name}: {meaning}")
        if report.unused:
            say(
                textwrap.fill(
                    f"not used: {', '.join(report.unused)}",
                    108,
                    initial_indent="  ",
                    subsequent_indent="    ",
                )
            )
        for note in report.notes:
            say(f"  note: {note}")
        return
    market = _market(source, sets)
    say(
        f"ok: {market.name}: {len(market.zones):,} zones, {len(market.hospitals):,} hospitals, "
        f"{len(market.organizations):,} organisations, {len(market.sites):,} sites, {len(market.ties):,} ties"
    )


@command.command("build")
@click.argument("scenario")
@_SETS
@click.option("--out", required=True, metavar="DIR", help=("Folder of the tables."))
@click.option("--force", is_flag=True, help="Replace tables that are there.")
def build(scenario: str, sets: tuple[str, ...], out: str, force: bool) -> None:
    """Write the market of SCENARIO as CSV tables, with a scenario file that reads them back as they are."""
    from oncsim.market.files_write import write_market
    from oncsim.planning import check_folder

    folder = check_folder(out)
    for path in write_market(_market(scenario, sets), folder, force=force):
        console().say(str(path))


def _market(scenario: str, sets: tuple[str, ...]) -> Market:
    from oncsim import building
    from oncsim.planning import load

    return building.build(load(scenario, sets))


def _draw(market: Market, path: Path) -> None:
    form = path.suffix.lower().removeprefix(".")
    if form not in ("png", "svg"):
        near = did_you_mean(form, ("png", "svg"))
        raise InputError([Fault("--map", 0, 0, "", f"{path.name!r} is not a picture (end it in .png or .svg{near})")])
    from oncsim.reports.figures import site_map
    from oncsim.reports.figures.style import to_bytes

    # The figure draws runs: a market is a run of which only the start is known.
    sites = market.sites.assign(quarter="start", open=True, patients=market.sites["oncologists"].astype(float))
    plane = market.source == "archetype" or (market.source == "composed" and not market.zones["state"].any())
    figure = site_map(market.zones, sites, plane=plane)
    try:
        path.write_bytes(to_bytes(figure, form))
    except OSError as error:
        raise InputError([Fault(str(path), 0, 0, "", f"cannot be written ({error.strerror})")]) from None
