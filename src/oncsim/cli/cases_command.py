"""``oncsim cases``: play the practice cases, check what they expect, tell the story of those that are named."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import Console, console, log_option, out_option, quiet_option, workers_option

if TYPE_CHECKING:
    from oncsim.cases import CaseResult, CasesDone

_WIDTH = 110


@click.command("cases")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--replicates", type=int, default=20, show_default=True, metavar="N", help="Replicates of each variant.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Seed of all runs.")
@workers_option
@out_option
@quiet_option
@log_option
def command(names: tuple[str, ...], replicates: int, seed: int, workers: int, out: str) -> int:
    """Play the practice cases and check what they expect.

    NAME is the id, the number or the file of a case; all are played where none is given. Each case is played
    beside its control, in which the effect must not appear. Tables go to DIR/cases. For a named case the story
    of replicate 0 is told too, with a figure and with what other choices would have changed.

    Exit status: 0 every case passed, 1 one failed, 2 the input is wrong, 130 interrupted.
    """
    from oncsim.cases import CasesStopped, play_cases

    voice = console()
    try:
        with voice.progress() as progress:
            done = play_cases(names, replicates, seed, workers=workers, out=out, progress=progress)
    except CasesStopped as stop:
        tell(voice, stop.done)
        raise
    tell(voice, done)
    return 0 if done.passed else 1


def tell(voice: Console, done: CasesDone) -> None:
    """Say what came out of each case, and the story of those whose story was kept."""
    if not done.cases:
        return
    for case in done.cases:
        for line in case_lines(case):
            voice.say(line)
        if case.kept:
            for line in story_lines(case):
                voice.say(line)
        voice.say()
    for line in summary_lines(done):
        voice.say(line)


def case_lines(case: CaseResult) -> list[str]:
    """Return the block of a case: its heading with the verdict, and each expectation with what came out."""
    from oncsim.cases.words import expectation_lines, heading, verdict

    lines = [f"{verdict(case.passed)}  {heading(case)}"]
    if case.failure:
        lines += _wrapped(case.failure, "      ")
    for one in case.checked:
        text, result = expectation_lines(one, case.replicates)
        lines += _wrapped(text, f"  {'ok ' if one.passed else 'NOT'} ", "      ")
        lines += _wrapped(result, "        ")
    return lines


def story_lines(case: CaseResult) -> list[str]:
    """Return the story of a case: what practitioners describe, what happened, what would have changed it."""
    from oncsim.cases.story import changes, happened, main_lines, unplayed

    lines = ["", *_wrapped(case.file.case.situation.strip(), ""), "", "What happened (replicate 0)"]
    shown = main_lines(case)
    for line in shown:
        lines += _wrapped(line.text, f"  {line.quarter}  ", " " * 10)
    hidden = len(happened(case)) - len(shown)
    lines += [f"  ... and {hidden} more in story.md"] if hidden else []
    lines += ["", "What would have changed it (last four quarters, paired by luck)"]
    for head, sentences in changes(case):
        lines += _wrapped(head, "  ", "    ")
        for text in sentences:
            lines += _wrapped(text, "    - ", "      ")
    for text in unplayed(case):
        lines += _wrapped(f"{text} (not played)", "  ", "    ")
    return lines


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    indent = first if rest is None else rest
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def summary_lines(done: CasesDone) -> list[str]:
    """Return how many cases passed, and where the files are."""
    first = done.cases[0]
    passed = sum(case.passed for case in done.cases)
    some = f"{first.replicates} replicate{'s' if first.replicates > 1 else ''} of each variant, seed {first.seed}"
    lines = [f"{passed} of {len(done.cases)} cases passed ({some})"]
    if first.replicates == 1:
        lines.append("One replicate: there is no interval; use --replicates 20 or more before drawing conclusions.")
    if done.folder is not None:
        lines.append(f"Table: {done.folder / 'cases.csv'}, {done.folder / 'cases.md'}")
        lines += [
            f"Story: {done.folder / case.id / 'story.md'}, {done.folder / case.id / 'timeline.png'}"
            for case in done.cases
            if case.kept
        ]
    return lines
