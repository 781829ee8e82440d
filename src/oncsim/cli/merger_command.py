"""``oncsim merger``: what one deal would do to concentration, leverage and prices, and who would hear of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import Console, console, table
from oncsim.cli.merger_checks import BARGAINING, check_words
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.mergers import MergerAnalysis
    from oncsim.mergers.tidy import Value
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario


@click.command("merger")
@click.argument("one", required=False)
@click.argument("other", required=False)
@click.option("--scenario", default="baseline", show_default=True, metavar="SCENARIO", help="Which market: an id or a file.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be given several times.")
@click.option("--at", metavar="QUARTER", help="Play the market to the end of this quarter first; the first without it.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Seed of the luck before that quarter.")
@click.option(
    "--market-type", default="", metavar="CODE", help="Market definition: hrr, cbsa or state; the zones' own without it."
)
@click.option("--price", type=float, metavar="DOLLARS", help="What ONE pays: says whether the deal is filed.")
@click.option("--payer", metavar="CODE", help=f"One of {', '.join(BARGAINING)}; both without it.")
@click.option("--list", "listing", is_flag=True, help="List the organisations that treat patients, and stop.")
@click.option("--figure", type=click.Path(path_type=Path), metavar="FILE", help="Draw it (.png or .svg).")
@click.option("--csv", "as_csv", is_flag=True, help="The same as comma-separated values, for scripts.")
def command(
    one: str | None,
    other: str | None,
    scenario: str,
    sets: tuple[str, ...],
    at: str | None,
    seed: int,
    market_type: str,
    price: float | None,
    payer: str | None,
    listing: bool,
    figure: Path | None,
    as_csv: bool,
) -> None:
    """Say what it would do if ONE bought OTHER, by the rules that runs use.

    ONE and OTHER are names or ids of organisations, as in events; --list has them. The market is played to a quarter
    and then only read: patients and sites stay where they are, contracts are renewed with the two as one.

    \b
    Examples:
      oncsim merger --list --scenario metro_market
      oncsim merger "Meridian Health" "Saint Aidan Health" --scenario metro_market
      oncsim merger S1 P03 --scenario metro_market --price 60e6 --payer commercial
      oncsim merger S1 S2 --scenario metro_market --figure deal.png
      oncsim merger largest_system largest_practice --at 2027Q4 --csv
    """
    quarter = check_words(one, other, listing, payer, price, seed, at, figure)
    from oncsim.mergers import merger_analysis
    from oncsim.mergers.analysis import market_notes
    from oncsim.planning import load

    voice = console()
    model = _play(voice, load(scenario, sets), quarter, seed)
    try:
        if listing:
            _say_list(voice, model, as_csv)
            return
        deal = merger_analysis(model, one or "", other or "", market_type, price)
        notes = market_notes(model)
    finally:
        model.close()
    if figure is not None:  # first: whoever reads the text may stop before its end
        _draw(deal, figure)
    payers = (payer,) if payer else BARGAINING
    if as_csv:
        from oncsim.mergers import tidy

        for note in notes:
            voice.note(f"note: {note}")
        _say_csv(voice, (tidy.HEADER, *tidy.rows(deal, payers)))
    else:
        from oncsim.cli.merger_tables import lines_of

        for line in lines_of(deal, payers):
            voice.say(line)
    if figure is not None:
        (voice.note if as_csv else voice.say)(f"figure: {figure}")


def _play(voice: Console, scenario: Scenario, quarter: Quarter | None, seed: int) -> OncologyMarket:
    """Return the market at the end of a quarter, saying how far it is where that takes long."""
    from oncsim.running import Tick
    from oncsim.snapshot import model_at

    with voice.progress() as show:

        def tell(done: int, total: int) -> None:
            if show is not None:
                show(Tick(scenario.id, done, total, "quarters"))

        return model_at(scenario, quarter, seed, tell)


def _say_list(voice: Console, model: OncologyMarket, as_csv: bool) -> None:
    from oncsim.mergers.analysis import market_notes
    from oncsim.mergers.parties import organizations_that_treat

    found = organizations_that_treat(model)
    if as_csv:
        rows: list[tuple[Value, ...]] = [("id", "name", "kind", "sites", "patients")]
        rows += [(one.id, one.name, one.kind, one.sites, one.patients) for one in found]
        _say_csv(voice, rows)
        return
    voice.say(f"Organisations that treat patients in {model.market.name}, end of {model.quarter}")
    text: list[tuple[str, ...]] = [("id", "name", "kind", "sites", "patients a year")]
    text += [(one.id, one.name, one.kind.replace("_", " "), str(one.sites), f"{one.patients:,.0f}") for one in found]
    for line in table(text, right=(3, 4)):
        voice.say(line)
    for note in market_notes(model):
        voice.say(f"Note: {note}.")


def _say_csv(voice: Console, rows: Iterable[tuple[Value, ...]]) -> None:
    text = io.StringIO()
    plain = ([f"{cell:.12g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(plain)
    voice.say(text.getvalue().rstrip("\n"))


def _draw(deal: MergerAnalysis, path: Path) -> None:
    from oncsim.reports.figures import merger
    from oncsim.reports.figures.style import to_bytes

    try:
        path.write_bytes(to_bytes(merger(deal), path.suffix.lower().removeprefix(".")))
    except OSError as error:
        raise InputError([Fault(str(path), 0, 0, "", f"cannot be written ({error.strerror})")]) from None
