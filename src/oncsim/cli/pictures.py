"""Where a command may draw: what is wrong with the name of a picture, said before the work begins."""

from __future__ import annotations

from pathlib import Path

from oncsim.errors import did_you_mean

PICTURES = ("png", "svg")


def wrong_picture(path: Path) -> str:
    """Return what is wrong with a file to draw to, empty where nothing is."""
    form = path.suffix.lower().removeprefix(".")
    if form not in PICTURES:
        return f"{path.name!r} is not a picture (end it in .png or .svg{did_you_mean(form, PICTURES)})"
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} (make it first)"
    return f"{str(path)!r} is a folder" if path.is_dir() else ""
