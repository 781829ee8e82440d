"""``source:`` of a value or a policy: ids of the bibliography, or judgement."""

from __future__ import annotations

from collections.abc import Iterable

from oncsim.errors import did_you_mean
from oncsim.parameters.leaf import Citation
from oncsim.parameters.scalars import found


def parse_citation(data: object, cited: Iterable[str]) -> tuple[Citation, list[tuple[str, str]]]:
    """Read ``source:``; return it, and what is wrong with it as (key, message).

    It is an id, a list of ids, the word ``judgement`` or ``{cite: id, note: text}``.
    """
    known = set(cited)
    if isinstance(data, dict):
        problems = [(key, _unknown_citation_key(key, value)) for key, value in data.items() if key not in ("cite", "note")]
        note = data.get("note", "")
        if not isinstance(note, str):
            problems.append(("note", f"found {found(note)} (expected text)"))
        citation, below = parse_citation(data.get("cite", "judgement"), known)
        return Citation(citation.cites, str(note)), problems + [("cite", text) for _, text in below]
    ids = data if isinstance(data, list) else [data]
    problems = []
    for name in ids:
        if not isinstance(name, str):
            problems.append(("", f"found {found(name)} (expected the id of a source or the word judgement)"))
        elif name != "judgement" and name not in known:
            problems.append(("", f"no source {name!r} in bibliography.yaml{did_you_mean(name, known)}"))
    return Citation(tuple(str(name) for name in ids if name != "judgement")), problems


def _unknown_citation_key(key: str, value: object) -> str:
    if value is None:
        return "a text that holds a comma needs quotes inside { }"
    return f"unknown key (cite and note are allowed{did_you_mean(key, ('cite', 'note'))})"
