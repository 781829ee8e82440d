"""From figures and numbers to one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Pictures above this many bytes are embedded with a palette of 160 colours, at a third of the size.
_LARGE = 400_000


class Sure(str):
    """A cell of a table that is drawn in bold: a difference of which the interval leaves out zero."""

    sure = True


class Faint(str):
    """A cell of a table that is drawn in grey: a difference of which the interval holds zero."""

    faint = True


class Lines(str):
    """A cell of two lines, the second in small type: a difference and its interval; ``look`` is bold, grey or neither."""

    small: str
    look: str

    def __new__(cls, text: str, small: str = "", look: str = "") -> Lines:
        """Make the cell from both lines."""
        made = super().__new__(cls, text)
        made.small, made.look = small, look
        return made


@dataclass(frozen=True)
class Picture:
    """One figure in a page: its file name, its data as a URI, and its words."""

    name: str
    uri: str
    width: int
    height: int
    caption: str
    alt: str


def save_figure(figure: Figure, folder: Path, name: str, caption: str, alt: str) -> Picture:
    """Write ``name.png`` and ``name.svg`` into a folder and return the picture for a page."""
    from oncsim.reports.figures.style import to_bytes

    png = to_bytes(figure, "png")
    write_atomically(folder / f"{name}.png", png)
    write_atomically(folder / f"{name}.svg", to_bytes(figure, "svg"))
    width, height = (round(inches * 100) for inches in figure.get_size_inches())
    uri = "data:image/png;base64," + base64.b64encode(_light(png)).decode("ascii")
    return Picture(name, uri, width, height, caption, alt)


def _light(png: bytes) -> bytes:
    if len(png) <= _LARGE:
        return png
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        reduced = picture.convert("RGB").quantize(160, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        reduced.save(buffer, format="png", optimize=False)
    return min(buffer.getvalue(), png, key=len)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name and then give it its own, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def render(template: str, context: dict[str, Any]) -> str:
    """Fill in a template of :mod:`oncsim.reports`; every value is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("oncsim.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**context)


def write_page(path: Path, template: str, context: dict[str, Any]) -> Path:
    """Render a template into a file and return its path."""
    write_atomically(path, render(template, context).encode("utf-8"))
    return path


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause Python's collection of cycles: figures make so many that it would take a fifth of the drawing
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
