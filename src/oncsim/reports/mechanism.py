"""Plain words on what a policy does: the sentences at the top of a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oncsim.reports import words
from oncsim.reports.compared import (
    RISES,
    UNDETECTED,
    Row,
    Told,
    moved,
    noun,
    span_words,
    unit_of,
    verdict,
    years_of,
)
from oncsim.reports.metric_facts import fact

_LEVERS_SHOWN = 4
Key = tuple[str, str]
_PROPER = ("Medicare", "Medicaid", "Section", "Part B")


# What the sentences tell beyond law and prices, by theme; the first that moved of each is said first.
_THEMES: tuple[tuple[str, tuple[Key, ...]], ...] = (
    (
        "Who owns care",
        (
            ("consolidation.acquisitions", ""),
            ("consolidation.share_oncologists_independent", ""),
            ("consolidation.hopd_share_infusions", ""),
        ),
    ),
    (
        "Access",
        (("access.minutes_mean", ""), ("access.minutes_mean", "rural=true"), ("access.untreated_share", "")),
    ),
)


def in_short(told: Told, entry: dict[str, Any]) -> list[str]:
    """Return three to six sentences: the law, the first-order effect, owners, access, spending, and what did not move.

    Parameters
    ----------
    told : Told
        The differences of the scenario.
    entry : dict
        What the manifest says of it: ``mechanism``, ``changes``.
    """
    said = law_sentences(entry)
    if told.nothing:
        return [*said, "Every difference is exactly zero: both scenarios ran the same."]
    nulls: list[str] = []
    said += _first_effect(told, nulls)
    for theme, keys in _THEMES:
        rows = [row for key in keys if (row := told.row(*key)) is not None]
        clauses = [_clause(row, told) for row in rows if moved(row)]
        if clauses:
            said.append(words.sentence(f"{theme}: {words.listing(clauses)}"))
        nulls += [_null(row) for row in rows if not moved(row)]
    said += _spending(told, nulls)
    if nulls:
        said.append(f"No detectable change in {words.listing(nulls)}.")
    if told.compared.replicates == 1:
        said.append("One replicate: there are no intervals, and a difference may be luck.")
    return said


def law_sentences(entry: dict[str, Any]) -> list[str]:
    """Return how the policy is meant to act, and each lever with old and new value, start and line."""
    said = [words.sentence(entry["mechanism"])] if entry.get("mechanism") else []
    law = [one for one in entry.get("changes", []) if one.get("kind") != "events"]
    if law:
        clauses = [lever(one) for one in law[:_LEVERS_SHOWN]]
        rest = len(law) - _LEVERS_SHOWN
        clauses += [f"{words.counted(rest, 'more value')} (all below)"] if rest > 0 else []
        said.append(words.sentence(f"It changes {words.listing(clauses)}"))
    events = len(entry.get("changes", [])) - len(law)
    if events:
        said.append(f"It also makes {words.counted(events, 'event')} happen or not happen.")
    return said


def lever(one: dict[str, Any]) -> str:
    """Return one change of a parameter as a clause."""
    title = str(one.get("title") or one.get("name"))
    title = title if title.startswith(_PROPER) or title[:2].isupper() else title[:1].lower() + title[1:]
    gradual = ", step by step" if one.get("step") else ""
    place = f"; {one['place']}" if one.get("place") else ""
    return f"{title} from {one.get('old')} to {one.get('new')}{gradual} (from {one.get('from')}{place})"


def _clause(row: Row, told: Told) -> str:
    unit = unit_of(row)
    when = " over the horizon" if row.get("quarter") == "total" else ""
    return f"{subject_of(row)} {verb_of(row)} by {size_of(row)}{when}{span_words(row, unit, told.compared.spread)}"


def size_of(row: Row) -> str:
    """Return the size of a difference with its unit."""
    # "The number of acquisitions falls by 1.5" needs no second "acquisitions".
    unit = "" if fact(str(row["metric"])).counts else unit_of(row)
    return words.size(float(row["difference"]), unit)


def subject_of(row: Row) -> str:
    """Return the metric as the subject of a sentence."""
    name = noun(row)
    return f"the number of {name}" if fact(str(row["metric"])).counts else name


_PLURAL = ("payments", "acquisitions", "adverse events", "oncologists", "infusions", "patients", "new patients")


def verb_of(row: Row) -> str:
    """Return ``rises`` or ``falls``, as grammar wants it."""
    word = verdict(row)
    many = not fact(str(row["metric"])).counts and noun(row).startswith(_PLURAL)
    return word[:-1] if many else word


_NAMED = ("minutes", "days")


def _null(row: Row) -> str:
    unit = unit_of(row)
    if float(row["difference"]) == 0 and not (float(row["low"]) < 0 < float(row["high"])):
        return f"{subject_of(row)} (exactly zero)"
    span = words.between(float(row["low"]), float(row["high"]), unit)
    kind = words.kind_of_unit(unit)
    tail = " percentage points" if kind == "share" else f" {unit}" if kind == "plain" and unit in _NAMED else ""
    return f"{subject_of(row)} ({span}{tail})" if span else subject_of(row)


def _first_effect(told: Told, nulls: list[str]) -> list[str]:
    """Return the sentence on prices: 340B margin, commercial against Medicare, and payments at unchanged volumes."""
    rows = [told.row("spending.margin_340b"), told.row("price.commercial_to_medicare")]
    known = [row for row in rows if row is not None]
    clauses = [_clause(row, told) for row in known if moved(row)]
    nulls += [_null(row) for row in known if not moved(row)]
    static = split_row(told, "price")
    if static is not None and moved(static):
        size = words.size(float(static["difference"]), "dollars")
        verb = "raise" if verdict(static) == RISES else "lower"
        span = span_words(static, "dollars", told.compared.spread)
        clauses.append(
            f"at the baseline's volumes the new prices alone {verb} payments by {size} over {years_of(static)}{span}"
        )
    return [words.sentence(f"First effect: {words.listing(clauses)}")] if clauses else []


def split_row(told: Told, part: str, payer: str = "all", who: str = "both") -> Row | None:
    """Return one part of the change of payments over the window of the policy, or None."""
    table = told.part("split")
    table = table[(table["payer"] == payer) & (table["who"] == who) & (table["part"] == part)]
    table = table[table["year"].str.contains("-")] if len(table) else table
    return None if table.empty else table.iloc[0].to_dict()


def _spending(told: Told, nulls: list[str]) -> list[str]:
    clauses = []
    for who, name in (("payer", "payments by payers"), ("patient", "payments by patients")):
        row = told.payments(who=who)
        if row is None:
            continue
        span = span_words(row, "dollars", told.compared.spread)
        if moved(row):
            size = words.size(float(row["difference"]), "dollars")
            percent = f", {abs(float(row['percent'])):.1f} %" if float(row["percent"]) else ""
            clauses.append(f"{name} {verdict(row)[:-1]} by {size} over {years_of(row)}{percent}{span}")
        else:
            nulls.append(f"{name} over {years_of(row)} ({words.between(float(row['low']), float(row['high']), 'dollars')})")
    return [words.sentence(f"Spending: {words.listing(clauses)}")] if clauses else []


def lead(told: Told, entry: dict[str, Any]) -> list[str]:
    """Return the two or three sentences that matter most: the law, what moved first, and last."""
    said = in_short(told, entry)
    if len(said) <= 3:
        return said
    law = law_sentences(entry)
    rest = said[len(law) :]
    effects = [text for text in rest if not text.startswith(("No detectable", "One replicate"))] or rest[:1]
    return [*law[-1:], *dict.fromkeys([effects[0], effects[-1]])]


def headline_cells(told: Told, keys: Iterable[Key]) -> list[str]:
    """Return one cell a metric for the table of all policies: the difference with its interval."""
    cells = []
    for metric, group in keys:
        row = told.row(metric, group)
        cells.append(cell(row, unit_of(row)) if row is not None else words.NOT_AVAILABLE)
    return cells


def cell(row: Row, unit: str) -> str:
    """Return a difference with its interval, or that there is none to detect."""
    span = words.between(float(row["low"]), float(row["high"]), unit)
    text = words.difference(float(row["difference"]), unit)
    if words.kind_of_unit(unit) == "share":
        text = text.replace(" percentage points", " points")
    told = f"{text} ({span})" if span and float(row["difference"]) != 0 else text
    return f"{told}, not detectable" if verdict(row) == UNDETECTED else told
