"""``oncsim market concentration``: who has what part of which market, and what that is worth to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncsim.calendar import Quarter
from oncsim.cli.console import console
from oncsim.cli.pictures import wrong_picture
from oncsim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from oncsim.market_structure import MarketConcentration
    from oncsim.scenario import Scenario


@click.command("concentration")
@click.argument("scenario")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change the scenario, for example policy.acquisitions.allowed=false; may be given several times.",
)
@click.option("--at", metavar="QUARTER", help="Play to the end of this quarter; the first of the horizon without it.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Seed of the run.")
@click.option(
    "--market-type",
    metavar="CODE",
    help="One of hrr, cbsa, state; without it the referral region where known, else the metropolitan area, "
    "else the rest of the state.",
)
@click.option("--markets", type=int, default=15, show_default=True, metavar="N", help="How many markets to list; 0 is all.")
@click.option("--systems", type=int, default=10, show_default=True, metavar="N", help="How many systems to list; 0 is all.")
@click.option("--csv", "as_csv", is_flag=True, help="The same, as many markets and systems, as comma-separated values.")
@click.option("--figure", type=click.Path(path_type=Path), metavar="FILE", help="Draw it (.png or .svg).")
def command(
    scenario: str,
    sets: tuple[str, ...],
    at: str | None,
    seed: int,
    market_type: str | None,
    markets: int,
    systems: int,
    as_csv: bool,
    figure: Path | None,
) -> None:
    """Say how concentrated the markets of SCENARIO are, and what their largest systems are worth to payers.

    \b
    Examples:
      oncsim market concentration baseline
      oncsim market concentration baseline --at 2030Q4 --market-type state
      oncsim market concentration metro_market --systems 0 --csv
      oncsim market concentration nation --figure concentration.png
    """
    from oncsim.cli.market_concentration_words import csv_rows, report
    from oncsim.cli.price_command import say_csv
    from oncsim.market_structure import concentration_of
    from oncsim.market_structure.concentration import check_market_type
    from oncsim.planning import load
    from oncsim.running import Tick
    from oncsim.snapshot import model_at

    known = load(scenario, sets)
    quarter = _checked(known, at, seed, market_type, {"--markets": markets, "--systems": systems}, figure)
    if market_type is not None:
        check_market_type(known, market_type)
    voice = console()
    with voice.progress() as show:
        model = model_at(
            known,
            quarter,
            seed,
            lambda done, total: show(Tick(known.id, done, total, "quarters")) if show is not None else None,
        )
    found = concentration_of(model, market_type or "")
    # What the market was made from is said by `oncsim market show`.
    warnings = [warning for warning in model.warnings if warning not in model.market.notes]
    model.close()
    if figure is not None:
        _draw(found, figure)
    if as_csv:
        say_csv(csv_rows(found, seed, markets, systems))
    else:
        for line in report(found, known.title, seed, markets, systems):
            voice.say(line)
    for warning in warnings:
        voice.note(f"warning: {warning}")
    if figure is not None:
        voice.note(f"figure: {figure}")


def _checked(
    known: Scenario, at: str | None, seed: int, market_type: str | None, counts: dict[str, int], figure: Path | None
) -> Quarter | None:
    """Return the quarter, or refuse every wrong option at once."""
    from oncsim.market_structure.concentration import type_fault
    from oncsim.planning import LARGEST_SEED

    faults = []

    def fault(name: str, message: str) -> None:
        faults.append(Fault(name, 0, 0, "", message))

    quarter = None
    if at is not None:
        try:
            quarter = Quarter.parse(at)
        except ValueError:
            quarters = [str(one) for one in known.quarters]
            near = did_you_mean(at.strip().upper(), quarters)
            fault("--at", f"{at!r} is not a quarter ({quarters[0]} to {quarters[-1]}, the horizon of {known.id}{near})")
        else:
            if not known.start <= quarter <= known.end:
                inside = f"{known.start} to {known.end}, the horizon of {known.id}"
                fault("--at", f"{quarter} is outside the scenario ({inside})")
    if not 0 <= seed <= LARGEST_SEED:
        fault("--seed", f"{seed} is not allowed (0 to 2^63 - 1)")
    wrong_type = type_fault(market_type) if market_type is not None else None
    if wrong_type is not None:
        faults.append(wrong_type)
    for name, count in counts.items():
        if count < 0:
            fault(name, f"{count} is not allowed (0 or more; 0 is all)")
    if figure is not None and (wrong := wrong_picture(figure)):
        fault("--figure", wrong)
    if faults:
        raise InputError(faults)
    return quarter


def _draw(found: MarketConcentration, path: Path) -> None:
    from oncsim.reports.figures.concentration import concentration
    from oncsim.reports.figures.style import to_bytes
    from oncsim.results.files import reason

    picture = to_bytes(concentration(found), path.suffix.lower().removeprefix("."))
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise InputError([Fault("--figure", 0, 0, "", f"cannot write {path}: {reason(error)}")]) from None
