"""Names that somebody may have meant, when a name is not known."""

from __future__ import annotations

from collections.abc import Iterable

from oncsim.errors import did_you_mean

_MOST = 5


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x' or 'y'?"``, or an empty string.

    Names that end with the word come first, then those that hold it, else the one spelled most alike.
    """
    names, wanted = sorted(known), word.strip().lower()
    ending = [name for name in names if wanted and name.endswith(f".{wanted}")]
    holding = [name for name in names if wanted and wanted in name and name not in ending]
    found = [*ending, *sorted(holding, key=lambda name: (len(name), name))]
    if not found:
        return did_you_mean(word, names)
    shown, hidden = found[:_MOST], len(found) - _MOST
    quoted = [repr(name) for name in shown]
    if hidden > 0:
        return f"; names with it: {', '.join(quoted)} and {hidden} more"
    said = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    return f"; did you mean {said}?"
