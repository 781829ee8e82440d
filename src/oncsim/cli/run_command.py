"""``oncsim run``: run a scenario and say in a short table how the market moved."""

from __future__ import annotations

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

    from oncsim.results import Run


@click.command("run")
@click.argument("scenario")
@click.option(
    "--replicates",
    type=int,
    metavar="N",
    help="How many replicates (default: what the scenario says, else 1).",
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Seed of the run.")
@click.option("--until", metavar="QUARTER", help="Last quarter to run, for example 2035Q4.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change the scenario; may be given several times.",
)
@click.option("--record", multiple=True, metavar="TABLE", help="Record a further table: flows.")
@format_option
@workers_option
@click.option("--profile", is_flag=True, help="Time every process of the quarter.")
@out_option
@click.option("--force", is_flag=True, help="Run again even if the same run is there.")
@no_report_option
@quiet_option
@log_option
def command(
    scenario: str,
    replicates: int | None,
    seed: int,
    until: str | None,
    sets: tuple[str, ...],
    record: tuple[str, ...],
    format_: str,
    workers: int,
    profile: bool,
    out: str,
    force: bool,
    no_report: bool,
) -> None:
    """Run SCENARIO (a file, or the id of a bundled scenario) and write a run folder.

    The same run lands in the same folder; if it is there and complete it is shown, not run again. An
    interrupted run goes on where it stopped when the same command is given again.
    """
    from oncsim.running import run

    voice = console()
    with voice.progress() as progress:
        done = run(
            scenario,
            replicates,
            seed,
            until,
            sets,
            workers=workers,
            record=[name for given in record for name in given.split(",")],
            out=out,
            format=format_,
            force=force,
            report=not no_report,
            progress=progress,
            profile=profile,
        )
    tell(voice, done)
    if profile:
        tell_profile(voice, done)


def tell(voice: Console, done: Run) -> None:
    """Say what came out of a run: headline metrics, events, warnings, where it is."""
    manifest = done.manifest
    n = int(manifest["replicates"])
    voice.say(f"{manifest['title']} ({manifest['scenario']})")
    count = f"{n} replicate{'s' if n > 1 else ''}"
    when = f"{manifest['start']} to {manifest['end']}"
    voice.say(f"{manifest['market']['name']}, {when}, {count}, seed {manifest['seed']}")
    voice.say()
    for line in summary_lines(done):
        voice.say(line)
    for line in event_lines(done):
        voice.say(line)
    for warning in done.warnings:
        voice.note(f"warning: {warning}")
    if done.reused:
        voice.say("This run was there already, complete; --force runs it again.")
    voice.say(f"Run folder: {done.folder}")
    if (done.folder / "report.html").is_file():
        voice.say(f"Report:     {done.folder / 'report.html'}")


def summary_lines(done: Run) -> list[str]:
    """Return the headline metrics, first year against last year, as a table in text."""
    from oncsim.reports.intervals import ENOUGH
    from oncsim.reports.metric_facts import fact, group_words
    from oncsim.reports.words import amount, bare_difference, difference

    summary = done.summary()
    if summary.empty:
        return []
    n = int(done.manifest["replicates"])
    several, few = n > 1, n < ENOUGH
    head = ("lowest to highest" if few else "95 % interval") if several else ""
    if several and few:
        summary = with_range(summary, done)
    rows: list[tuple[str, ...]] = [("", "first year", "last year", "change", head)]
    for row in summary.to_dict("records"):
        known = fact(str(row["metric"]))
        group = group_words(str(row["group"]))
        name = f"{known.title} ({group})" if group else known.title
        cells = [amount(row["first"], known.unit), amount(row["last"], known.unit)]
        cells.append(difference(row["change"], known.unit))
        between = [bare_difference(row[limit], known.unit) for limit in ("low", "high")]
        rows.append((name, *cells, " to ".join(between) if several else ""))
    lines = [*table(rows, right=(1, 2, 3, 4)), ""]
    if several:
        what = "the lowest and the highest change of a replicate" if few else "the interval is of the mean change, over luck"
        lines.insert(-1, f"Means over replicates; {what}.")
    return lines


def with_range(summary: pd.DataFrame, done: Run) -> pd.DataFrame:
    """Return the summary with the lowest and highest change of a replicate as ``low`` and ``high``."""
    import pandas as pd

    from oncsim.results.summary import summarise

    keys = ["metric", "group"]
    each = pd.concat([summarise(rows) for _, rows in done.metrics.groupby("replicate")])
    changes = each.groupby(keys, sort=False)["change"].agg(["min", "max"])
    found = changes.reindex(pd.MultiIndex.from_frame(summary[keys]))
    return summary.assign(low=found["min"].to_numpy(), high=found["max"].to_numpy())


def event_lines(done: Run) -> list[str]:
    """Return how often what happened, as one paragraph."""
    import textwrap

    from oncsim.results import read_table

    counts = read_table(done.folder, "events")["event"].value_counts()
    if counts.empty:
        return ["Events: none.", ""]
    n = int(done.manifest["replicates"])
    per = " (mean per replicate)" if n > 1 else ""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    said = ", ".join(f"{count / n:,.1f} {name}" if n > 1 else f"{count:,} {name}" for name, count in ordered)
    return [*textwrap.wrap(f"Events{per}: {said}.", 100, subsequent_indent="  ", break_on_hyphens=False), ""]


def tell_profile(voice: Console, done: Run) -> None:
    """Say where the time went."""
    from oncsim.results.profile import profile_lines

    voice.say()
    for line in profile_lines(done.folder, done.manifest.get("timings", {})):
        voice.say(line)
    if done.reused and not (done.folder / "profile.csv").is_file():
        voice.say("This run was not profiled by quarter; --force --profile runs it again.")
