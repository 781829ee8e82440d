"""The bibliography: every source that a parameter or a policy may cite, by id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import read_document

SOURCE_KINDS = ("official", "peer", "trade", "advocacy", "vendor", "filing", "judgement")
_KEYS = ("title", "url", "doi", "kind", "note")


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its id, title, address and what kind of source it is."""

    id: str
    title: str
    kind: str
    url: str = ""
    doi: str = ""
    note: str = ""

    @property
    def address(self) -> str:
        """Where to find it; empty for judgement."""
        return self.url or (f"https://doi.org/{self.doi}" if self.doi else "")


def read_bibliography(path: Path, shown_as: str) -> tuple[dict[str, Source], list[Fault]]:
    """Read the bibliography; return its sources and its faults. A file that is not there is empty."""
    if not path.is_file():
        return {}, []
    document = read_document(path, shown_as)
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    data = document.data if isinstance(document.data, dict) else {}
    if document.data is not None and not isinstance(document.data, dict):
        faults.append(document.fault((), f"found {found(document.data)} (expected a mapping of ids)"))
    for name, entry in data.items():
        problems = list(_problems(entry))
        faults.extend(document.fault((name, *below), text, of_key=True) for below, text in problems)
        # A source with a fault is still known, or every citation of it would be a fault too.
        known = entry if isinstance(entry, dict) else {}
        fields = {key: str(known.get(key, "")) for key in _KEYS}
        sources[name] = Source(id=name, **fields)
    return sources, faults


def _problems(entry: object) -> list[tuple[tuple[str, ...], str]]:
    if not isinstance(entry, dict):
        return [((), f"found {found(entry)} (expected a mapping with title and kind)")]
    problems: list[tuple[tuple[str, ...], str]] = [
        ((key,), f"unknown key (one of {', '.join(_KEYS)}{did_you_mean(key, _KEYS)})") for key in entry if key not in _KEYS
    ]
    problems += [((key,), "missing") for key in ("title", "kind") if not entry.get(key)]
    kind = entry.get("kind")
    if kind and kind not in SOURCE_KINDS:
        problems.append((("kind",), f"found {found(kind)} (expected one of {', '.join(SOURCE_KINDS)})"))
    if kind != "judgement" and not (entry.get("url") or entry.get("doi") or entry.get("note")):
        problems.append(((), "needs url or doi, or a note that says where it was read"))
    return problems
