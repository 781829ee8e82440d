"""Finding scenarios: a path, or the id of one that comes with oncsim."""

from __future__ import annotations

import os
from pathlib import Path

from oncsim.errors import Fault, InputError, did_you_mean

_PACKAGE = Path(__file__).parent.parent


def bundled_folder() -> Path | None:
    """Return the folder of bundled scenarios: inside the installed package, or at the top of a clone."""
    for folder in (_PACKAGE / "_scenarios", _PACKAGE.parent.parent / "scenarios"):
        if folder.is_dir():
            return folder
    return None


def bundled_scenarios() -> dict[str, Path]:
    """Return the bundled scenarios by id (the name of the file), subfolders included, sorted."""
    folder = bundled_folder()
    if folder is None:
        return {}
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.yaml"), key=lambda p: (len(p.parts), p)):
        found.setdefault(path.stem, path)
    return found


def find_scenario(path_or_id: str | os.PathLike[str]) -> Path:
    """Return the file of a scenario given by path, by id, or by ``subfolder/id``.

    Raises
    ------
    InputError
        When there is none; with the nearest id.
    """
    text = os.fspath(path_or_id)
    if text.endswith((".yaml", ".yml")) or Path(text).is_file():
        return Path(text)
    known = bundled_scenarios()
    if text in known:
        return known[text]
    folder = bundled_folder()
    if folder is not None and "/" in text and (folder / f"{text}.yaml").is_file():
        return folder / f"{text}.yaml"
    near = did_you_mean(text, known)
    message = f"no bundled scenario has this id (`oncsim scenario list` names them all; a file ends in .yaml{near})"
    raise InputError([Fault(text or "scenario", 0, 0, "", message)])


def shown(path: Path) -> str:
    """Return a path as messages name it: relative where it lies below the working folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd())) if path.is_absolute() else str(path)
    except ValueError:
        return str(path)
