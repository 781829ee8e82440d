"""Numbers, shares, intervals and lists as they stand in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

# Units that say what kind of number it is; they do not follow the number in a sentence.
_BARE = frozenset({"", "share", "index", "0-1", "Gini"})

Titles = Mapping[str, str]


def titled(name: str, titles: Titles | None) -> str:
    """Return the title of a scenario, or its name where there is none."""
    return (titles or {}).get(name) or name


def decimals(size: float) -> int:
    """Return how many decimals show two significant digits of a number of this size (0 to 9)."""
    if not math.isfinite(size) or size <= 0.0:
        return 0
    return min(9, max(0, 1 - math.floor(math.log10(size))))


def number(value: float, places: int | None = None) -> str:
    """Return a number with thousands separated; three significant digits where ``places`` is not given."""
    if not math.isfinite(value):
        return "unknown"
    if places is None:
        places = decimals(abs(value)) + (1 if 0 < abs(value) < 100 else 0)
    text = f"{value:,.{min(places, 9)}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0.0 else text


def amount(value: float, unit: str = "", places: int | None = None) -> str:
    """Return a number and its unit."""
    return number(value, places) if unit in _BARE else f"{number(value, places)} {unit}"


def between(low: float, high: float, word: str = "to") -> str:
    """Return ``low to high`` with as many decimals as their distance deserves."""
    # Ends that agree but for rounding need no more digits than one number does.
    places = decimals(high - low) if high - low > 1e-6 * max(abs(low), abs(high)) else None
    # An end that is not nothing must not read like nothing: whether zero is inside is what people look for.
    while places is not None and places < 9 and any(end and not round(end, places) for end in (low, high)):
        places += 1
    return f"{number(low, places)} {word} {number(high, places)}"


def percent(share: float) -> str:
    """Return a share as per cent; one decimal where none would say 0 or 100 for what is not."""
    if not math.isfinite(share):
        return "an unknown share"
    places = 1 if 0.0 < share < 0.01 or 0.99 < share < 1.0 else 0
    # Halves go up: 43.5 and 44.5 must not both read 44.
    return f"{math.floor(100.0 * share * 10**places + 0.5 + 1e-9) / 10**places:.{places}f} %"


def percents(low: float, high: float) -> str:
    """Return ``low to high %`` of two shares."""
    return f"{100.0 * low:.0f} to {100.0 * high:.0f} %"


def part(count: int, whole: int, noun: str) -> str:
    """Return ``31 of 200 futures (16 %)``."""
    share = f" ({percent(count / whole)})" if whole else ""
    return f"{count:,} of {counted(whole, noun)}{share}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return ``1 future`` or ``200 futures``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def others(count: int, singular: str, plural: str) -> str:
    """Return ``The other one changes`` or ``The other 3 change``."""
    return f"The other one {singular}" if count == 1 else f"The other {count:,} {plural}"


def left_out(count: int, noun: str, plural: str = "") -> str:
    """Return `` 2 incomplete groups were left out.`` with a space before, or nothing where the count is 0."""
    return f" {counted(count, noun, plural)} {'was' if count == 1 else 'were'} left out." if count else ""


def unfinished_words(count: int) -> str:
    """Return the sentence on futures that cannot be compared."""
    verb = "was" if count == 1 else "were"
    return f"{counted(count, 'future')} {verb} left out because not all policies finished."


def capital(text: str) -> str:
    """Return a sentence with a capital letter first."""
    return text[:1].upper() + text[1:]


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
