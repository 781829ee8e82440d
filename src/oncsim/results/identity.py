"""Names of runs: the same run has the same name, a changed one another."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncsim.market.form import Market

# These read runs or start them; a change there changes no number.
_NOT_THE_MODEL = ("cli", "reports", "results", "experiments", "dashboard", "__pycache__")


def short_hash(content: Any, length: int = 12) -> str:
    """Return a short stable hash of JSON-like content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """Return a hash of the code, parameters and data that numbers depend on.

    With it in the name of a run, nobody is shown the results of an earlier state of the model, and an
    interrupted run is never continued by different code.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*") if p.is_file()):
        name = path.relative_to(package)
        if name.parts[0] in _NOT_THE_MODEL or "__pycache__" in name.parts:
            continue
        digest.update(f"{name.as_posix()}\0".encode())
        content = path.read_bytes()
        # A checkout with other line endings is the same code.
        digest.update(content.replace(b"\r\n", b"\n") if path.suffix in {".py", ".yaml"} else content)
    return digest.hexdigest()[:16]


def market_digest(market: Market) -> str:
    """Return a hash of the five tables of a market: the user's own files are part of what was run."""
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256()
    for name in ("zones", "hospitals", "organizations", "sites", "ties"):
        frame = getattr(market, name)
        digest.update(f"{name}\0{list(frame.columns)}\0{len(frame)}\0".encode())
        digest.update(hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]
