"""Plain words on what a policy does: the sentences at the top of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from oncsim.reports import words
from oncsim.reports.chain import first_sentence, for_a_time, links, mechanism_sentence
from oncsim.reports.compared import Row, Told, moved, negligible, span_words, survives, unit_of, verdict, years_of
from oncsim.reports.links import Key
from oncsim.reports.metric_facts import fact
from oncsim.reports.sentences import cell_of, clause_of, null_of, subject_of

_LEVERS_SHOWN = 4
_PROPER = ("Medicare", "Medicaid", "Section", "Part B")


# What the sentences tell beyond law and prices, by theme, in this order.
_THEMES: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Value-based care", (("value_based.participants", ""), ("value_based.net_medicare", ""))),
    ("Margins", (("spending.margin_340b", ""), ("finance.margin_practice", ""), ("finance.margin_system", ""))),
    (
        "Owners and places of care",
        (
            ("consolidation.acquisitions", ""),
            ("consolidation.closures", ""),
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
    """Return the sentences at the top: the law, what moved first, what followed, spending, why, and what did not move.

    Parameters
    ----------
    told : Told
        The differences of the scenario.
    entry : dict
        What the manifest says of it: ``changes``.
    """
    said = law_sentences(entry, str(told.compared.manifest.get("end") or ""))
    if told.nothing:
        return [*said, "Every difference is exactly zero: both scenarios ran the same."]
    found = links(told, entry)
    first, already = first_sentence(told, found, str(entry.get("begins") or ""))
    effects: list[str] = [first] if first else []
    nulls: list[str] = []
    small: list[str] = []
    told_of = {(row["metric"], row["group"]) for row in already}
    for theme, keys in _THEMES:
        rows = [row for key in keys if key not in told_of and (row := told.row(*key)) is not None]
        clauses = [clause_of(row, told) for row in rows if moved(row) and not negligible(row)]
        small += [subject_of(row) for row in rows if moved(row) and negligible(row)]
        if clauses:
            effects.append(words.sentence(f"{theme}: {words.listing(clauses)}"))
        still = [row for row in rows if not moved(row) and (row["baseline"] != 0 or row["other"] != 0)]
        # What does not move as a whole is not told again for a group.
        nulls += [
            null_of(row) for row in still if not (row["group"] and any(row["metric"] == one["metric"] for one in still[:1]))
        ]
    effects += _spending(told, nulls)
    if not effects:
        said.append("Nothing that is told here moves detectably.")
    said += effects
    said += [text for text in (mechanism_sentence(found), for_a_time(told, found)) if text]
    if small:
        said.append(f"Detectable but negligible: {words.listing(small)}.")
    if nulls:
        said.append(f"No detectable change in {words.listing(nulls)}.")
    said += [text for text in (in_force_sentence(told, entry), caution(told)) if text]
    if told.compared.replicates == 1:
        said.append("One replicate: there are no intervals, and a difference may be luck.")
    return said


def told_rows(told: Told) -> list[Row]:
    """Return every row that the sentences at the top test: the headline metrics and payments."""
    rows = [told.row(*key) for _, keys in _THEMES for key in keys]
    rows += [_named(told.payments(who=who), name) for who, name in _PAYMENTS]
    return [row for row in rows if row is not None and (float(row["baseline"]) != 0 or float(row["other"]) != 0)]


_PAYMENTS = (("payer", "payments by payers"), ("patient", "payments by patients"))


def _named(row: Row | None, name: str) -> Row | None:
    return None if row is None else {**row, "noun": name, "metric": "spending.payer_total"}


def caution(told: Told) -> str:
    """Return how many lines chance alone would mark, and which hold with simultaneous intervals; empty without intervals."""
    rows = told_rows(told)
    if told.compared.few or told.compared.replicates < 2 or len(rows) < 2:
        return ""
    text = f"Caution: {len(rows)} headline lines are tested here, and one in twenty would look detectable by chance alone."
    if all(math.isnan(float(row.get("low_simultaneous", math.nan))) for row in rows):
        return text
    held = [subject_of(row) for row in rows if survives(row) and not negligible(row)]
    if not held:
        return f"{text} With intervals that hold for all metrics together (simultaneous), none remains detectable."
    return f"{text} Detectable also with intervals that hold for all metrics together (simultaneous): {words.listing(held)}."


def in_force_sentence(told: Told, entry: dict[str, Any]) -> str:
    """Return what differs in the last year in force of a policy that ends before the horizon; empty for others."""
    force = entry.get("force") or []
    if len(force) != 2:
        return ""
    text = f"The policy ends with {force[1]}: differences at the end are those after it"
    rows = [told.row(*key, when="in_force") for _, keys in _THEMES for key in keys]
    rows += [told.row(metric, when="in_force") for metric in ("spending.payer_total", "spending.patient_total")]
    held = [row for row in rows if row is not None]
    if not held:
        return f"{text}."
    clauses = [clause_of(row, told) for row in held if moved(row) and not negligible(row)]
    what = words.listing(clauses) if clauses else "nothing that is told here moves detectably"
    return f"{text}. In its last year in force (mean of four quarters; deals and closures over all its quarters), {what}."


def law_sentences(entry: dict[str, Any], end: str = "") -> list[str]:
    """Return each lever with old and new value, start and line; ``end`` is the last quarter of the horizon."""
    said = []
    law = [one for one in entry.get("changes", []) if one.get("kind") != "events"]
    if law:
        clauses = [lever(one, end) for one in law[:_LEVERS_SHOWN]]
        rest = len(law) - _LEVERS_SHOWN
        clauses += [f"{words.counted(rest, 'more value')} (all below)"] if rest > 0 else []
        what = "The law" if all(one.get("kind") in ("policy", None) for one in law) else "What differs"
        said.append(words.sentence(f"{what}: {'; '.join(clauses)}"))
    events = len(entry.get("changes", [])) - len(law)
    if events:
        said.append(f"The scenario also makes {words.counted(events, 'event')} happen or not happen.")
    return said


def lever(one: dict[str, Any], end: str = "") -> str:
    """Return one change of a parameter as a clause."""
    title = str(one.get("title") or one.get("name"))
    title = title if title.startswith(_PROPER) or title[:2].isupper() else title[:1].lower() + title[1:]
    unit = str(one.get("unit") or "")
    old, new = (_value(str(one.get(side)), unit) for side in ("old", "new"))
    tail = "" if unit in ("", "flag") or words.kind_of_unit(unit) == "share" else f", {unit}"
    full = f", step by step until {one['full']}" if one.get("full") else ", step by step" if one.get("step") else ""
    until = str(one.get("until") or "")
    ends = f" to {until}" if until and end and until < end else ""
    place = f"; {one['place']}" if one.get("place") else ""
    return f"{title} from {old} to {new}{tail} (from {one.get('from')}{ends}{full}{place})"


_FLAGS = {"true": "yes", "false": "no"}


def _value(text: str, unit: str) -> str:
    """Return a value of law for people: a share in percent, yes or no for a flag."""
    if text in _FLAGS:
        return _FLAGS[text]
    if words.kind_of_unit(unit) != "share":
        return text
    try:
        return f"{100 * float(text):g} %"
    except ValueError:
        return text


def _spending(told: Told, nulls: list[str]) -> list[str]:
    clauses = []
    for who, name in _PAYMENTS:
        row = told.payments(who=who)
        if row is None:
            continue
        if moved(row):
            span = span_words(row, words.TOTAL, told.compared.spread)
            size = words.size(float(row["difference"]), words.TOTAL)
            percent = f", {abs(float(row['percent'])):.1f} %" if float(row["percent"]) else ""
            clauses.append(f"{name} {verdict(row)[:-1]} by {size} over {years_of(row)}{percent}{span}")
        else:
            span = words.between(float(row["low"]), float(row["high"]), words.TOTAL)
            nulls.append(f"{name} over {years_of(row)} ({span})")
    return [words.sentence(f"Spending: {words.listing(clauses)}")] if clauses else []


def lead(told: Told, entry: dict[str, Any]) -> list[str]:
    """Return the few sentences that matter most: the law, what moved first, why, and spending."""
    said = in_short(told, entry)
    law = law_sentences(entry, str(told.compared.manifest.get("end") or ""))
    rest = said[len(law) :]
    kept = [text for text in rest if text.startswith(("First: ", "Spending: ", "Mechanism: "))] or rest[:1]
    return [*law[-1:], *kept]


def headline_cells(told: Told, keys: Iterable[Key], when: str = "") -> list[str]:
    """Return one cell a metric for the table of all policies: the difference with its interval."""
    rows: list[Row | None] = [told.row(*key, when=when) for key in keys]
    return [
        cell_of(row, "" if fact(str(row["metric"])).counts else unit_of(row), starred=True)
        if row is not None
        else words.NOT_AVAILABLE
        for row in rows
    ]
