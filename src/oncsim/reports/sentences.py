"""One row of a comparison as a clause: its subject, its verb, its size and its interval."""

from __future__ import annotations

from oncsim.reports import words
from oncsim.reports.compared import Row, Told, moved, noun, span_words, survives, unit_of, verdict
from oncsim.reports.metric_facts import fact
from oncsim.reports.rendering import Lines


def clause_of(row: Row, told: Told) -> str:
    """Return ``the margin of practices falls by 3.2 percentage points (95 % interval -3.7 to -2.8)``."""
    unit = unit_of(row)
    when = " over the horizon" if row.get("quarter") == "total" else ""
    when = " over all its quarters" if row.get("quarter") == "in_force" and fact(str(row["metric"])).counts else when
    return f"{subject_of(row)} {verb_of(row)} by {size_of(row)}{when}{span_words(row, unit, told.compared.spread)}"


def size_of(row: Row) -> str:
    """Return the size of a difference with its unit."""
    # "The number of acquisitions falls by 1.5" needs no second "acquisitions".
    counted = fact(str(row["metric"])).counts or noun(row).startswith(("the number of", *_COUNTED))
    return words.size(float(row["difference"]), "" if counted else unit_of(row))


def subject_of(row: Row) -> str:
    """Return the metric as the subject of a sentence."""
    name = noun(row)
    return f"the number of {name}" if fact(str(row["metric"])).counts or name.startswith(_COUNTED) else name


_PLURAL = ("payments", "acquisitions", "adverse events", "oncologists", "infusions", "patients", "new patients")
# Nouns that are told as numbers of them though the metric is a level and not a count of a quarter.
_COUNTED = ("organisations in", "participants at", "active partnerships")


def verb_of(row: Row) -> str:
    """Return ``rises`` or ``falls``, as grammar wants it."""
    word = verdict(row)
    many = not fact(str(row["metric"])).counts and noun(row).startswith(_PLURAL)
    return word[:-1] if many else word


_NAMED = ("minutes", "days")


def null_of(row: Row) -> str:
    """Return a metric that did not move detectably, with its interval in brackets."""
    unit = unit_of(row)
    if float(row["difference"]) == 0 and not (float(row["low"]) < 0 < float(row["high"])):
        return f"{subject_of(row)} (exactly zero)"
    span = words.between(float(row["low"]), float(row["high"]), unit)
    kind = words.kind_of_unit(unit)
    tail = " percentage points" if kind == "share" else f" {unit}" if kind == "plain" and unit in _NAMED else ""
    return f"{subject_of(row)} ({span}{tail})" if span else subject_of(row)


def split_row(told: Told, part: str, payer: str = "all", who: str = "both") -> Row | None:
    """Return one part of the change of payments over the window of the policy, or None."""
    table = told.part("split")
    table = table[(table["payer"] == payer) & (table["who"] == who) & (table["part"] == part)]
    table = table[table["year"].str.contains("-")] if len(table) else table
    return None if table.empty else table.iloc[0].to_dict()


def split_parts_in_order(told: Told) -> list[str]:
    """Return the parts of the change, what is detectable first and the largest of it before others."""
    found = {part: split_row(told, part) for part in ("price", "place", "number")}
    return sorted(found, key=lambda part: (not moved(found[part]), -abs(float((found[part] or {}).get("difference", 0.0)))))


def cell_of(row: Row, unit: str, starred: bool = False) -> Lines:
    """Return a difference above its interval, in bold where it is detectable and grey where not.

    With ``starred`` a star marks what the simultaneous interval leaves out zero of too.
    """
    span = words.between(float(row["low"]), float(row["high"]), unit)
    text = words.difference(float(row["difference"]), unit).replace(" percentage points", " points")
    text = text.removesuffix(" a quarter")  # the head of the column says so
    still = float(row["difference"]) == 0
    return Lines(text + ("*" if starred and survives(row) else ""), "" if still else span, "sure" if moved(row) else "faint")
