"""``oncsim report``: pages about a run that is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from oncsim.cli.console import console
from oncsim.errors import Fault, InputError, RunError, did_you_mean

KINDS = ("html", "odd", "trace", "stress", "profile")


@click.command("report")
@click.argument("run")
@click.option(
    "--as",
    "kind",
    default="html",
    show_default=True,
    metavar="KIND",
    help="html, odd, trace, stress or profile.",
)
@click.option(
    "--out",
    default="results",
    show_default=True,
    metavar="DIR",
    help="Where to look for RUN if it is no path.",
)
def command(run: str, kind: str, out: str) -> None:
    """Write figures and report of RUN, or fill in model documentation from it.

    RUN is a run folder, a comparison folder, or the id of a scenario (its latest complete run).
    """
    if kind not in KINDS:
        raise InputError([Fault("--as", 0, 0, "", f"unknown kind {kind!r} ({', '.join(KINDS)}{did_you_mean(kind, KINDS)})")])
    from oncsim.planning import check_folder

    folder = find(run, check_folder(out))
    if kind == "profile":
        _profile(folder)
        return
    from oncsim.results.files import storing
    from oncsim.results.manifest import refresh_files

    with storing(folder):
        path = _writer(folder, kind)(folder)
        refresh_files(folder)
    console().say(f"Report: {path}")


def _writer(folder: Path, kind: str) -> Callable[[Path], Path]:
    from oncsim import reports
    from oncsim.results.manifest import read_manifest

    compared = str(read_manifest(folder).get("schema", "")).startswith("oncsim/comparison/")
    if kind == "html":
        return reports.write_compare_report if compared else reports.write_report
    if compared:
        raise InputError(f"{folder}: --as {kind} is for runs, and this is a comparison")
    writer = getattr(reports, "write_document", None)
    if writer is None:
        raise RunError(f"this installation cannot write --as {kind}")
    return lambda place: Path(writer(place, kind))


def _profile(folder: Path) -> None:
    from oncsim.results.manifest import read_manifest
    from oncsim.results.profile import profile_lines

    timings = read_manifest(folder).get("timings") or {}
    if not timings:
        raise InputError(f"{folder}: has no times; run again with --profile --force")
    for line in profile_lines(folder, timings):
        console().say(line)


def _recency(folder: Path) -> tuple[bool, str, str]:
    """Order runs so that the latest is last; those with drawn behaviour only stand in for others."""
    from oncsim.results.manifest import read_manifest

    manifest = read_manifest(folder)
    return not manifest.get("behaviour_drawn"), str(manifest.get("started")), folder.name


def find(name: str, out: Path) -> Path:
    """Return the folder that is meant: a complete run or comparison, or the latest below a folder.

    Raises
    ------
    InputError
        When there is none.
    """
    from oncsim.results.manifest import is_complete, read_manifest

    tried = [Path(name), out / name]
    for place in tried:
        if is_complete(place):
            return place
        status = read_manifest(place).get("status")
        if status:
            raise InputError(f"{place}: the run is not complete (its manifest says {status!r}); run it again to go on")
        below = [folder.parent for folder in place.glob("*/manifest.json") if is_complete(folder.parent)]
        if below:
            return max(below, key=_recency)
    known = sorted(path.name for path in out.iterdir() if path.is_dir()) if out.is_dir() else []
    looked = " and ".join(map(str, tried))
    raise InputError(f"{name}: no complete run there (looked at {looked}{did_you_mean(name, known)})")
