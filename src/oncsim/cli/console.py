"""What the commands say, where: results on stdout, progress and faults on stderr, all of it in the log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.running import Progress, Tick

_SECONDS_BETWEEN_LINES = 10.0
_LOGGED = ("replicates", "runs")  # each of these ends something that is kept
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Console:
    """Where the words of a command go.

    Attributes
    ----------
    quiet : bool
        Say nothing but faults.
    """

    def __init__(self) -> None:
        self.quiet = False
        self._log: TextIO | None = None

    def open_log(self, path: Path) -> None:
        """Append everything that is said to a file, with the time.

        Raises
        ------
        InputError
            When the file cannot be written.
        """
        from oncsim.results.files import reason

        self.close()
        try:
            self._log = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise InputError([Fault("--log", 0, 0, "", f"cannot write {path}: {reason(error)}")]) from None
        self.log("oncsim " + " ".join(sys.argv[1:]))

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def log(self, text: str) -> None:
        """Write to the log only; a full disk must not end a run over its log."""
        if self._log is None:
            return
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        with contextlib.suppress(OSError):
            self._log.writelines(f"{stamp} {line}\n" for line in text.splitlines())

    def say(self, text: str = "") -> None:
        """Say a result."""
        self.log(text)
        if not self.quiet:
            click.echo(text)

    def note(self, text: str) -> None:
        """Say something about the work, on stderr."""
        self.log(text)
        if not self.quiet:
            click.echo(text, err=True)

    def error(self, text: str) -> None:
        """Say what went wrong, on stderr, quiet or not."""
        self.log(text)
        with contextlib.suppress(BrokenPipeError):
            click.echo(text, err=True)

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Show how far a run is: a bar on a terminal, a line now and then elsewhere, nothing when quiet."""
        if self.quiet:
            yield lambda tick: self.log(_line(tick)) if tick.unit in _LOGGED else None
        elif sys.stderr.isatty():
            with self._bar() as show:
                yield show
        else:
            yield self._lines()

    @contextlib.contextmanager
    def _bar(self) -> Iterator[Progress]:
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Terminal(stderr=True), transient=True) as bars:
            tasks: dict[str, Any] = {}

            def show(tick: Tick) -> None:
                if tick.label not in tasks:
                    tasks[tick.label] = bars.add_task(tick.label, total=tick.total, unit=tick.unit)
                bars.update(tasks[tick.label], completed=tick.done, total=tick.total)
                if tick.unit in _LOGGED:
                    self.log(_line(tick))

            yield show

    def _lines(self) -> Progress:
        last = time.monotonic()

        def show(tick: Tick) -> None:
            nonlocal last
            if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.note(_line(tick))
            elif tick.unit in _LOGGED:
                self.log(_line(tick))

        return show


def _line(tick: Tick) -> str:
    return f"{tick.label}: {tick.done:,} of {tick.total:,} {tick.unit}{tick.note}"


def console() -> Console:
    """Return the console of the command that runs."""
    found: Console = click.get_current_context().ensure_object(Console)
    return found


def _set_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Console).quiet = True


def _set_log(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None and not ctx.resilient_parsing:
        ctx.ensure_object(Console).open_log(value)


def workers_option(function: Decorated) -> Decorated:
    """Add ``--workers N`` to a command."""
    option = click.option(
        "--workers",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that share the replicates.",
    )
    return option(function)


def format_option(function: Decorated) -> Decorated:
    """Add ``--format FORMAT`` to a command."""
    option = click.option(
        "--format", "format_", default="parquet", show_default=True, metavar="FORMAT", help="parquet or csv."
    )
    return option(function)


def out_option(function: Decorated) -> Decorated:
    """Add ``--out DIR`` to a command."""
    option = click.option("--out", default="results", show_default=True, metavar="DIR", help="Where run folders go.")
    return option(function)


def no_report_option(function: Decorated) -> Decorated:
    """Add ``--no-report`` to a command."""
    return click.option("--no-report", is_flag=True, help="Leave out figures and report.")(function)


def quiet_option(function: Decorated) -> Decorated:
    """Add ``--quiet`` to a command."""
    option = click.option("--quiet", is_flag=True, expose_value=False, callback=_set_quiet, help="Say nothing but faults.")
    return option(function)


def log_option(function: Decorated) -> Decorated:
    """Add ``--log FILE`` to a command."""
    option = click.option(
        "--log",
        metavar="FILE",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_set_log,
        help="Append what is said, with the time, to a file.",
    )
    return option(function)


def table(rows: Sequence[tuple[str, ...]], right: tuple[int, ...] = ()) -> list[str]:
    """Return rows of text as aligned lines; the first row is the header.

    Parameters
    ----------
    rows : sequence of tuple of str
        Header and rows, equally long.
    right : tuple of int
        Columns that are aligned to the right.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
