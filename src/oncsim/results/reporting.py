"""Ask for a report without letting a fault in it cost the run."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path

from oncsim.results import files
from oncsim.results.manifest import COMPLETE, read_manifest, write_manifest

_FAILURE = "report-failure.txt"
_FAILED = "the report could not be written"


def try_report(writer: str, folder: Path) -> list[str]:
    """Write the report of a folder with a function of :mod:`oncsim.reports`.

    Returns
    -------
    list of str
        What went wrong, for the warnings of the manifest; empty when the report was written.

    Raises
    ------
    OSError
        When the folder cannot be written: then the run itself is not stored either.
    """
    try:
        # By name, because results come before reports in the order of imports.
        getattr(importlib.import_module("oncsim.reports"), writer)(folder)
    except OSError:
        raise
    except Exception as error:
        files.write_text(folder / _FAILURE, traceback.format_exc())
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return [f"{_FAILED}: {said} (details: {_FAILURE})"]
    return []


def add_report(writer: str, folder: Path) -> None:
    """Write the report of a complete folder that has none, and bring its manifest up to date."""
    manifest = read_manifest(folder)
    earlier = [said for said in manifest.get("warnings", []) if not said.startswith(_FAILED)]
    (folder / _FAILURE).unlink(missing_ok=True)
    manifest["warnings"] = [*earlier, *try_report(writer, folder)]
    write_manifest(folder, manifest, COMPLETE)
