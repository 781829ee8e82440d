"""The command ``oncsim``: finds subcommands when they are used and says what went wrong in plain lines."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import click

from oncsim._version import __version__
from oncsim.cli.console import Console, log_option, quiet_option
from oncsim.errors import InputError, OncsimError, did_you_mean

# One line of help each, kept here so that `oncsim --help` imports no command.
COMMANDS = {
    "run": "Run a scenario and write a run folder.",
    "compare": "Run scenarios on the same luck and report their differences.",
    "experiment": "Run a design of many runs; resumable.",
    "scenario": "List, check, explain, compare and start scenarios.",
    "params": "List the parameters or show one: meaning, values, sources.",
    "metrics": "List the metrics or show one: definition, unit, source.",
    "market": "Look at, check or build a market; its concentration.",
    "price": "Price one service step by step.",
    "merger": "Say what one deal would do.",
    "network": "Draw and measure the network of ties of a run; GraphML for other programs.",
    "cases": "Play the practice cases and check what they expect.",
    "validate": "Compare a calibrated run with published facts.",
    "report": "Write figures, report or model documentation of a run.",
    "dashboard": "Open an interactive page in the browser.",
}
OK, RUN_FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


class Root(click.Group):
    """The group of all commands; the module of a command is imported when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands that this installation has."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is no such command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = importlib.import_module(_module(cmd_name)).command
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument.

        Raises
        ------
        click.UsageError
            When there is none; the message names the nearest.
        """
        name = args[0]
        found = self.get_command(ctx, name)
        if found is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            raise click.UsageError(f"no command {name!r} ({', '.join(known)}{did_you_mean(name, known)})", ctx)
        if found is None:
            return super().resolve_command(ctx, args)
        return name, found, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _module(command: str) -> str:
    return f"oncsim.cli.{command}_command"


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="oncsim %(version)s")
@quiet_option
@log_option
def root() -> None:
    """Simulate US oncology markets: who treats whom, who owns whom, what is paid, what policy does to it."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done, 1 the run failed, 2 the input is wrong, 130 interrupted.
    """
    console = Console()
    words = list(sys.argv[1:] if args is None else args)
    try:
        with _terminable():
            status = _invoke(words, console)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not complain about it at exit either.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return status


def _invoke(words: list[str], console: Console) -> int:
    try:
        with root.make_context("oncsim", words, obj=console) as context:
            result = root.invoke(context)
        return result if isinstance(result, int) else OK
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        console.error(usage_line(error))
        return WRONG_INPUT
    except InputError as error:
        console.error(str(error))
        return WRONG_INPUT
    except OncsimError as error:
        console.error(str(error))
        return RUN_FAILED
    except click.ClickException as error:
        console.error(error.format_message())
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        console.error(str(stop) or "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("ONCSIM_DEBUG") == "1":
            raise
        console.error(f"oncsim stopped on a fault of its own: {_crash_report(error, words)}")
        return RUN_FAILED
    finally:
        console.close()


def usage_line(error: click.UsageError) -> str:
    """Return a mistake on the command line as one line in the style of all faults."""
    command = error.ctx.command_path if error.ctx is not None else "oncsim"
    if type(error).__name__ == "NoArgsIsHelpError":
        return error.format_message()
    possible: Any = getattr(error, "possibilities", None)
    if isinstance(error, click.NoSuchOption):
        known = [name for p in error.ctx.command.params for name in p.opts] if error.ctx is not None else []
        near = did_you_mean(error.option_name, possible or known)
        said = f"no option {error.option_name!r}{near}"
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        kind = error.param.param_type_name
        name = error.param.human_readable_name if kind == "argument" else error.param.opts[-1]
        said = f"missing {kind} {name}"
    else:
        said = " ".join(error.format_message().split()).rstrip(".")
        said = said[:1].lower() + said[1:]
    return f"{command}: {said}; see `{command} --help`"


def _crash_report(error: Exception, words: Sequence[str]) -> str:
    """Write what happened to a file and say where."""
    import platform
    import tempfile
    import traceback

    lines = [
        f"oncsim {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"oncsim {' '.join(words)}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    try:
        handle, path = tempfile.mkstemp(prefix="oncsim-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    except OSError:
        return f"{said} (no report could be written; ONCSIM_DEBUG=1 shows more)"
    return f"{said} (details: {path})"


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a request to end (as batch systems send) stop a run as the keyboard does, keeping what is done."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # Not in the main thread.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
