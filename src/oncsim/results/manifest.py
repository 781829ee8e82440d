"""``manifest.json``: what was run, with what, and what came out."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from oncsim._version import __version__
from oncsim.results import files
from oncsim.results.identity import code_fingerprint

MANIFEST = "manifest.json"
COMPLETE, RUNNING, INTERRUPTED, FAILED = "complete", "running", "interrupted", "failed"
_PACKAGES = ("mesa", "networkx", "numpy", "scipy", "pandas", "pyarrow", "pyyaml", "pydantic")


def now() -> str:
    """Return the time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """Return the versions that produced the numbers."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = ""
    return {
        "version": __version__,
        "commit": _commit(),
        "code": code_fingerprint(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": packages,
    }


def _commit() -> str:
    """Return the commit of the clone that oncsim runs from, or empty text outside one."""
    top = Path(__file__).parents[3]
    if not (top / ".git").exists():
        return ""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            cwd=top,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, empty when there is none."""
    content = files.read_json(folder / MANIFEST)
    return content if isinstance(content, dict) else {}


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds a complete run (or comparison)."""
    return read_manifest(folder).get("status") == COMPLETE


def write_manifest(folder: Path, content: dict[str, Any], status: str) -> dict[str, Any]:
    """Write the manifest with this status; a complete one lists every file with its SHA-256."""
    listed = files.listing(folder, (MANIFEST,)) if status == COMPLETE else {}
    whole = {**content, "status": status, "files": listed}
    files.write_json(folder / MANIFEST, whole)
    return whole


def refresh_files(folder: Path) -> None:
    """List the files of a complete folder anew, after a report was written into it."""
    content = read_manifest(folder)
    write_manifest(folder, content, str(content["status"]))
