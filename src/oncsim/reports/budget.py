"""The budget section of a comparison: by payer and year, scaled to the country, beside published scores, and split."""

from __future__ import annotations

import math
from typing import Any

from oncsim.codes import COMPONENTS, PAYERS
from oncsim.reports import words
from oncsim.reports.compared import Compared, Row, Told, moved, span_words, verdict, years_of
from oncsim.reports.metric_facts import PAYER_WORDS
from oncsim.reports.sentences import split_row

SCALED = "naive scaling by new cases"
_LINES = (
    *((payer, "payer", PAYER_WORDS[payer]) for payer in PAYERS if payer != "uninsured"),
    ("all", "payer", "All payers"),
    ("all", "patient", "Patients"),
    ("all", "both", "Payers and patients"),
)
_COMPONENT_WORDS = {
    "drug": "Drugs",
    "facility": "Facility fees",
    "professional": "Professional fees",
    "fee": "Care-management fees",
    "other": "Other",
}
_PARTS = (("price", "Prices"), ("place", "Where patients are treated"), ("number", "How many are treated"), ("all", "All"))


def budget_section(told: Told, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what the budget section shows; empty ``rows`` where the comparison holds no budget."""
    return {
        "window": words.span_of_years(told.window),
        "rows": _window_rows(told),
        "scale_note": scale_note(told.compared),
        "components": _component_rows(told),
        "years": _year_rows(told),
        "published": published_rows(told, entry),
        "published_note": published_note(told),
        "split": split_rows(told),
        "split_sentence": split_sentence(told),
    }


def national_factor(compared: Compared) -> float:
    """Return new cases a year in the country over those of this market; NaN where unknown."""
    cases = compared.manifest.get("cases")
    if not isinstance(cases, dict) or not cases.get("market"):
        return math.nan
    return float(cases["national"]) / float(cases["market"])


def scale_note(compared: Compared) -> str:
    """Return what the national column is."""
    factor = national_factor(compared)
    if not math.isfinite(factor):
        return ""
    share = 100.0 / factor
    if share > 98.0:
        return f"The last column is {SCALED}; this market has all of the country's cases, so it repeats the difference."
    return (
        f"The last column is {SCALED}: the difference times {words.plain(factor)}, because this market has "
        f"{share:.3g} % of the country's new cancer cases. It is right only if the whole country were like this market."
    )


def _window_rows(told: Told) -> list[list[str]]:
    factor = national_factor(told.compared)
    rows = []
    for payer, who, name in _LINES:
        row = told.payments(payer, who)
        if row is None:
            continue
        levels = words.alike([float(row["baseline"]), float(row["other"])], words.TOTAL)
        scaled = float(row["difference"]) * factor
        percent = float(row["percent"])
        rows.append(
            [
                name,
                *levels,
                words.difference(float(row["difference"]), words.TOTAL),
                words.between(float(row["low"]), float(row["high"]), words.TOTAL),
                _percent(percent),
                words.difference(scaled, words.TOTAL) if math.isfinite(scaled) else "",
            ]
        )
    return rows


def _percent(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return f"{value:+.1f} %" if abs(value) >= 0.05 else "0.0 %"


def _component_rows(told: Told) -> list[list[str]]:
    rows = []
    for component in COMPONENTS:
        for who, name in (("payer", "payers"), ("patient", "patients")):
            row = told.payments("all", who, component=component)
            if row is not None and (float(row["baseline"]) or float(row["other"])):
                rows.append([f"{_COMPONENT_WORDS[component]}, {name}", *_change(row)])
    return rows


def _change(row: Row) -> list[str]:
    return [
        words.difference(float(row["difference"]), words.TOTAL),
        words.between(float(row["low"]), float(row["high"]), words.TOTAL),
    ]


def _year_rows(told: Told) -> list[list[str]]:
    table = told.part("budget")
    years = [str(year) for year in table["year"].unique() if str(year).isdigit()] if len(table) else []
    rows = []
    for year in [*years, "total"]:
        found = [told.payments(payer, who, year) for payer, who, _ in _LINES]
        if all(row is not None for row in found):
            last = found[-1]
            assert last is not None
            cells = [words.difference(float(row["difference"]), words.TOTAL) for row in found if row is not None]
            span = words.between(float(last["low"]), float(last["high"]), words.TOTAL)
            rows.append(["whole horizon" if year == "total" else year, *cells, span])
    return rows


YEAR_HEADS = ["Year", *(name for _, _, name in _LINES), "Interval of the last"]


def published_rows(told: Told, entry: dict[str, Any]) -> list[list[str]]:
    """Return the published scores of the scenario below the model's figures in the same form (dollars a year)."""
    scores = entry.get("published") or []
    if not scores:
        return []
    factor, rows = national_factor(told.compared), []
    mine = (
        ("payer", "medicare_ffs", "Traditional Medicare"),
        ("payer", "medicare_advantage", "Medicare Advantage"),
        ("payer", "all", "All payers"),
        ("patient", "all", "Patients"),
    )
    for who, payer, name in mine:
        row = told.payments(payer, who)
        if row is None or not math.isfinite(factor):
            continue
        years = float(row["quarters"]) / 4.0
        scaled = [float(row[end]) * factor / years for end in ("difference", "low", "high")]
        span = words.between(scaled[1], scaled[2], words.TOTAL)
        rows.append(["This comparison, cancer drug treatment", name, words.difference(scaled[0], words.TOTAL), span, ""])
    for score in scores:
        amount, years = float(score.get("amount") or math.nan), float(score.get("years") or 1)
        total = f"{words.difference(amount, words.TOTAL)} over {years:g} years" if years != 1 else ""
        note = "; ".join(str(score[key]) for key in ("note", "source") if score.get(key))
        whose = str(score.get("of") or "")
        whose = whose[:1].upper() + whose[1:]
        rows.append(["Published score, other method", whose, words.difference(amount / years, words.TOTAL), total, note])
    return rows


def published_note(told: Told) -> str:
    """Return what must be known before the model's figures are set against a published score."""
    row = told.payments()
    if row is None:
        return ""
    scaled = f", with {SCALED}" if national_factor(told.compared) > 1.02 else ""
    return (
        f"Beside published scores, dollars a year. The model counts cancer drug treatment and its visits alone, mean of "
        f"{years_of(row)}{scaled}; a published score is made by another method, for other years and often for all "
        "specialties, as its note says. Compare the sign, and the order of size only where the scopes are alike."
    )


def split_rows(told: Told) -> list[list[str]]:
    """Return the parts of the change of payments by payer, in the window of the policy."""
    rows = []
    for payer, name in [*PAYER_WORDS.items(), ("all", "All payers and patients")]:
        found = [split_row(told, part, payer) for part, _ in _PARTS]
        if any(row is None for row in found) or all(float(row["difference"]) == 0 for row in found if row):
            continue
        values = [float(row["difference"]) for row in found if row]
        cells = words.alike(values, words.TOTAL, signed=True)
        last = found[-1]
        assert last is not None
        rows.append([name, *cells, words.between(float(last["low"]), float(last["high"]), words.TOTAL)])
    return rows


SPLIT_HEADS = ["Payments of", *(name for _, name in _PARTS), "Interval of the last"]


_PART_WORDS = {
    "price": "is prices at the baseline's volumes (what a static estimate would say)",
    "place": "is where patients are treated",
    "number": "is how many infusions are given",
}


def split_sentence(told: Told) -> str:
    """Return one sentence: how much of the change is prices, place and number."""
    found = {part: split_row(told, part) for part, _ in _PARTS}
    whole = found["all"]
    if whole is None:
        return ""
    if not moved(whole):
        return f"Payments as a whole do not change detectably over {years_of(whole)}{_span(whole, told)}."
    parts = []
    for part, text in _PART_WORDS.items():
        row = found[part]
        assert row is not None
        size = words.difference(float(row["difference"]), words.TOTAL)
        # A part that cannot be told from zero is named as such, not as an effect.
        parts.append(f"{size} {text}{_span(row, told)}{'' if moved(row) else ', not detectable'}")
    total = words.size(float(whole["difference"]), words.TOTAL)
    text = f"Payments by payers and patients {verdict(whole)[:-1]} by {total} over {years_of(whole)}{_span(whole, told)}: "
    return text + "; ".join(parts) + "."


def _span(row: Row, told: Told) -> str:
    return span_words(row, words.TOTAL, told.compared.spread)
