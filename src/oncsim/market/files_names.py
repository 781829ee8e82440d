"""Names of providers as people read them in the story of a market: tidy, and each only once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_SMALL = {"of", "and", "the", "for", "at", "in", "on", "de", "la", "del", "dba"}
_CAPITALS = frozenset(
    re.findall(
        "[A-Z]+",
        """UT UC UF UW UH IU OU NYU USC UAB UVA UNM VCU UCI UCSD UCSF UCLA UPMC OHSU OSU LSU MUSC LLC PLLC
        PC MI WI VA TX AZ NM""",
    )
)
_VOWELS = set("AEIOUY")


def tidy_name(name: str) -> str:
    """Return a name written all in capitals with capitals only where English has them; others as they are."""
    name = re.sub(r"\s+", " ", name).strip()
    words = name.split(" ")
    if len(words) < 2 or name != name.upper() or not any(c.isalpha() for c in name):
        return name
    return " ".join(_word(word, first=i == 0) for i, word in enumerate(words))


def _word(word: str, *, first: bool) -> str:
    bare = word.strip(".,()&'-").upper()
    if bare in _CAPITALS or (
        1 < len(bare) <= 3
        and bare.isalpha()
        and not _VOWELS & set(bare)
        and bare not in ("ST", "MT", "CTR", "DR", "JR", "MR")
    ):
        return word
    if word.lower() in _SMALL and not first:
        return word.lower()
    # Letters after an apostrophe stay small ("Children's"); after a hyphen, slash or & they begin a word.
    return re.sub(r"(^|[-/&(.])([a-z])", lambda m: m[1] + m[2].upper(), word.lower())


def unique_names(names: Sequence[str], places: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return the names, told apart where they repeat: by place, and where that is not enough by identity."""
    counts = Counter(names)
    with_place = [f"{n} ({p})" if counts[n] > 1 and p else n for n, p in zip(names, places, strict=True)]
    again = Counter(with_place)
    return [n if again[n] == 1 else f"{n} [{i}]" for n, i in zip(with_place, ids, strict=True)]


def place_name(city: str, state: str) -> str:
    """Return 'Nashville, TN' from either spelling of the city; blank where it is unknown."""
    city = " ".join(city.split())
    city = city.title() if city == city.upper() else city
    return ", ".join(part for part in (city, state) if part)
