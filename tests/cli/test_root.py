"""The root command: exit status, one line a fault, and nothing heavy imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from oncsim import __version__, cli
from oncsim.errors import Fault, InputError, RunError

HEAVY = {"mesa", "matplotlib", "networkx", "numpy", "pandas", "pyarrow", "pydantic", "rich", "scipy", "yaml"}


def heavy_after(code: str) -> set[str]:
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(said.stdout.split())


def test_import_is_light_and_names_are_there() -> None:
    import oncsim

    assert heavy_after("import oncsim") == set()
    assert {"load_scenario", "run", "compare", "OncologyMarket", "Run", "Comparison", "build_market"} <= set(dir(oncsim))
    assert oncsim.run.__module__ == "oncsim.running"
    assert oncsim.Comparison.__module__.startswith("oncsim.comparing")
    with pytest.raises(AttributeError, match="module 'oncsim' has no attribute 'rum'"):
        oncsim.rum  # noqa: B018


def test_help_is_light() -> None:
    assert heavy_after("from oncsim.cli import main; main(['--help'])") == set()
    assert heavy_after("from oncsim.cli import main; main(['run', '--help'])") == set()


def test_help_lists_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "  run " in said and "  compare " in said
    names = [name for name in cli.COMMANDS if f"\n  {name} " in said]
    assert names == [n for n in cli.COMMANDS if (Path(cli.__file__).parent / f"{n}_command.py").is_file()]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"oncsim {__version__}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run"], "oncsim run: missing argument SCENARIO; see `oncsim run --help`"),
        (
            ["run", "x", "--replicate", "3"],
            "oncsim run: no option '--replicate'; did you mean '--replicates'?; see `oncsim run --help`",
        ),
        (
            ["run", "x", "--seed", "abc"],
            "oncsim run: invalid value for '--seed': 'abc' is not a valid integer; see `oncsim run --help`",
        ),
        (["compare", "x"], "oncsim compare: missing argument OTHER; see `oncsim compare --help`"),
        (["run", "x", "y"], "oncsim run: got unexpected extra argument (y); see `oncsim run --help`"),
    ],
)
def test_mistakes_on_the_command_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{line}\n")


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compair"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("oncsim: no command 'compair' (run, compare, ")
    assert err.endswith("; did you mean 'compare'?); see `oncsim --help`\n")


def raising(error: BaseException) -> click.Command:
    def body() -> None:
        raise error

    return click.Command("fails", callback=body)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            InputError([Fault("b.yaml", 2, 1, "x", "wrong"), Fault("a.yaml", 1, 3, "", "bad")]),
            2,
            "a.yaml:1:3: bad\nb.yaml:2:1: x: wrong\n",
        ),
        (RunError("cannot write results: the disk is full"), 1, "cannot write results: the disk is full\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (KeyboardInterrupt("interrupted: 3 kept"), 130, "interrupted: 3 kept\n"),
        (click.exceptions.Exit(1), 1, ""),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_exit_status(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli.Root, "get_command", lambda *_: raising(error))
    monkeypatch.setattr("os.dup2", lambda *_: None)
    assert cli.main(["run"]) == status
    assert capsys.readouterr().err == said


def test_fault_of_our_own_is_one_line_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cli.Root, "get_command", lambda *_: raising(ZeroDivisionError("oh\nno")))
    assert cli.main(["run"]) == 1
    err = capsys.readouterr().err
    report = next(tmp_path.glob("oncsim-crash-*.txt"))
    assert err == f"oncsim stopped on a fault of its own: ZeroDivisionError: oh (details: {report})\n"
    assert "Traceback" in report.read_text()
    monkeypatch.setenv("ONCSIM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["run"])


def test_reader_that_leaves_early_is_no_fault() -> None:
    code = "import sys; from oncsim.cli import main; sys.exit(main(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (0, b"")


def test_log_keeps_what_was_said_with_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.txt"
    for _ in range(2):
        assert cli.main(["--log", str(log), "compair"]) == 2
    lines = log.read_text().splitlines()
    assert sum("no command 'compair'" in line for line in lines) == 2
    assert all(line[4] == "-" and "T" in line[:20] for line in lines)
    assert cli.main(["--log", str(tmp_path / "no" / "log.txt"), "run"]) == 2
    assert "--log: cannot write" in capsys.readouterr().err
