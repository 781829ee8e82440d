"""``oncsim compare``: what a policy changes, with the luck of both sides the same."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import (
    Console,
    console,
    format_option,
    log_option,
    no_report_option,
    out_option,
    quiet_option,
    table,
    workers_option,
)

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.comparing import Comparison


@click.command("compare")
@click.argument("baseline")
@click.argument("other", nargs=-1, required=True)
@click.option("--replicates", type=int, default=20, show_default=True, metavar="N", help="Replicates of each scenario.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Seed of all runs.")
@click.option("--until", metavar="QUARTER", help="Last quarter to run, for example 2035Q4.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change all scenarios; may be given several times.",
)
@workers_option
@click.option("--uncertainty", is_flag=True, help="Also draw behaviour from its distributions; report both intervals.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric; may be given several times.")
@format_option
@out_option
@click.option("--force", is_flag=True, help="Run again even if the same runs are there.")
@no_report_option
@quiet_option
@log_option
def command(
    baseline: str,
    other: tuple[str, ...],
    replicates: int,
    seed: int,
    until: str | None,
    sets: tuple[str, ...],
    workers: int,
    uncertainty: bool,
    metrics: tuple[str, ...],
    format_: str,
    out: str,
    force: bool,
    no_report: bool,
) -> None:
    """Run BASELINE and each OTHER with the same luck and report the paired differences.

    Runs that are there and complete are used, not run again.
    """
    from oncsim.comparing import compare
    from oncsim.planning import check_folder

    voice, folder = console(), check_folder(out)
    with voice.progress() as progress:
        done = compare(
            [baseline, *other],
            replicates,
            seed,
            until,
            sets,
            workers=workers,
            uncertainty=uncertainty,
            metrics=metrics,
            out=folder,
            format=format_,
            force=force,
            report=not no_report,
            progress=progress,
        )
    tell(voice, done)


def tell(voice: Console, done: Comparison) -> None:
    """Say the differences of the headline metrics and where the rest is."""
    manifest = done.manifest
    n = int(manifest["replicates"])
    count = f"{n} replicate{'s' if n > 1 else ''} each"
    when = f"{manifest['start']} to {manifest['end']}"
    voice.say(f"{manifest['market']['name']}, {when}, {count}, seed {manifest['seed']}")
    summary = done.summary()
    sentences = leading_sentences(done)
    for label in done.labels[1:]:
        voice.say()
        for text in sentences.get(label, []):
            voice.say(textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False))
        voice.say()
        voice.say(f"{label} minus {done.labels[0]}, last four quarters")
        rows = summary[(summary["scenario"] == label) & (summary["quarter"] == "final")]
        for line in difference_lines(rows, n, bool(manifest["uncertainty"])):
            voice.say(line)
    voice.say()
    for line in notes(n, bool(manifest["uncertainty"])):
        voice.say(line)
    from oncsim.comparing.expectations import check_expectations

    for one in check_expectations(done):
        voice.say(f"Expected of {one.scenario}: {one.text}")
    for warning in manifest.get("warnings", []):
        voice.note(f"warning: {warning}")
    if done.reused:
        voice.say("This comparison was there already, complete; --force makes it again.")
    voice.say(f"Comparison: {done.folder}")
    if (done.folder / "report.html").is_file():
        voice.say(f"Report:     {done.folder / 'report.html'}")


def leading_sentences(done: Comparison) -> dict[str, list[str]]:
    """Return two or three sentences a scenario: what its law changes, what moves first, and what that costs."""
    from oncsim.reports.compared import read_comparison
    from oncsim.reports.mechanism import lead

    compared = read_comparison(done.folder)
    return {entry["label"]: lead(compared.of(entry["label"]), entry) for entry in compared.others}


def difference_lines(rows: pd.DataFrame, replicates: int, uncertainty: bool) -> list[str]:
    """Return differences as a table in text."""
    from oncsim.reports.intervals import ENOUGH
    from oncsim.reports.metric_facts import fact, group_words
    from oncsim.reports.words import RANGE, amount, difference

    few = replicates < ENOUGH
    low, high = ("lowest", "highest") if few else ("low", "high")
    uncertainty = uncertainty and not few
    shown: list[tuple[str, ...]] = [("", "baseline", "other", "difference")]
    if replicates > 1:
        shown[0] += (RANGE if few else "95 % interval, luck",)
    if uncertainty:
        shown[0] += ("95 % interval, luck and behaviour",)
    for row in rows.to_dict("records"):
        known = fact(str(row["metric"]))
        group = group_words(str(row["group"]))
        cells: tuple[str, ...] = (
            f"{known.title} ({group})" if group else known.title,
            amount(row["baseline"], known.unit),
            amount(row["other"], known.unit),
            difference(row["difference"], known.unit),
        )
        if replicates > 1:
            cells += (_between(row[low], row[high], known.unit),)
        if uncertainty:
            cells += (_between(row["low_with_behaviour"], row["high_with_behaviour"], known.unit),)
        shown.append(cells)
    return table(shown, right=tuple(range(1, len(shown[0]))))


def _between(low: float, high: float, unit: str) -> str:
    from oncsim.reports.words import bare_difference

    if math.isnan(low):
        return "-"
    return f"{bare_difference(low, unit)} to {bare_difference(high, unit)}"


def notes(replicates: int, uncertainty: bool) -> list[str]:
    """Return what a reader must know of the intervals."""
    if replicates == 1:
        return ["One replicate: there is no interval; use --replicates 20 or more before drawing conclusions."]
    from oncsim.reports.intervals import ENOUGH

    if replicates < ENOUGH:
        return [f"Ranges: lowest to highest paired difference; {ENOUGH} replicates or more, better 20, give intervals."]
    said = ["Intervals: of the mean difference, paired by replicate, over luck alone (behaviour at its centre)."]
    if uncertainty:
        said.append("The second interval also draws behaviour from its distributions, the same in every scenario.")
    return said
