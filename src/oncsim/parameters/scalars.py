"""What a plain YAML word means in YAML 1.2, where ``NO`` and ``off`` are text and ``1e-3`` is a number."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_INFINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_FIRST = frozenset("+-.0123456789")

Scalar = str | int | float | bool | None


class AmbiguousScalar(ValueError):  # noqa: N818 - a reason, not a crash
    """A plain word that people and programs read differently."""


def resolve_plain(text: str) -> Scalar:
    """Return what an unquoted word means in YAML 1.2.

    Raises
    ------
    AmbiguousScalar
        For ``01001`` (a code or a number?) and for infinities and not-a-number.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    if _INTEGER.match(text):
        if _LEADING_ZERO.match(text):
            raise AmbiguousScalar(
                f"{text} could be a code or a number (write '{text}' in quotes for a code, {int(text)} for the number)"
            )
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise AmbiguousScalar(f"{text} is too large a number")
        return number
    if _BASED.match(text):
        return int(text, 0)
    if _INFINITE.match(text):
        raise AmbiguousScalar(f"{text} is not a finite number (write an ordinary number)")
    return text


def is_plain_text(text: str) -> bool:
    """Say whether a text read back without quotes is still that text."""
    try:
        return resolve_plain(text) == text
    except AmbiguousScalar:
        return False


def found(value: object) -> str:
    """Return in words what was found, for messages: ``the text 'off'``, ``the number 3``, ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {_shorten(value)!r}"
    if isinstance(value, list | tuple):
        return "a list"
    return "a mapping"


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def number_hint(value: object) -> str:
    """Return how a text that looks like a number should be written, for example ``6%`` as ``0.06``."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    percent = re.fullmatch(r"([-+]?[0-9]*\.?[0-9]+) ?%", text)
    if percent:
        return f"; write {float(percent[1]) / 100:.10g}"
    plain = text.replace("_", "").replace(",", "").removeprefix("$")
    if _FLOAT.match(plain):
        return f"; write {plain}" if plain != value else f"; write {plain} without quotes"
    return ""


def flag_hint(value: object) -> str:
    """Return how a word that older YAML read as a flag should be written."""
    if isinstance(value, str) and value.lower() in ("yes", "y", "on", "true", "1"):
        return "; write true"
    if isinstance(value, str) and value.lower() in ("no", "n", "off", "false", "0"):
        return "; write false"
    return ""
