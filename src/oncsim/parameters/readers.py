"""Who reads a parameter: the modules of oncsim that name it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_QUOTED = re.compile(r"[\"']([a-z0-9_]+(?:\.[a-z0-9_]+)+)[\"']")


def readers(names: Iterable[str], package: Path = _PACKAGE) -> dict[str, tuple[str, ...]]:
    """Return the modules whose code holds each name as a quoted word (parameters/ aside)."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package)
        if module.parts[0] == "parameters":
            continue
        for word in sorted(set(_QUOTED.findall(path.read_text(encoding="utf-8")))):
            if word in found:
                found[word].append(module.as_posix())
    return {name: tuple(modules) for name, modules in found.items()}
