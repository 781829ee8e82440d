"""The budget section of a comparison: by payer and year, scaled to the country, beside published scores, and split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oncsim.codes import COMPONENTS, PAYERS
from oncsim.reports import words
from oncsim.reports.compared import Compared, Row, Told, moved, span_words, verdict, years_of
from oncsim.reports.links import STATIC, direct
from oncsim.reports.metric_facts import PAYER_WORDS
from oncsim.reports.rendering import Faint
from oncsim.reports.sentences import cell_of, split_parts_in_order, split_row

SCALED = "naive scaling by new cases"
_WHOLE = 1.02  # a market with nearly all cases of the country is the country
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
_PARTS = (("price", "Prices"), ("place", "Where patients are treated"), ("number", "How much treatment"), ("all", "All"))


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
        "split_heads": split_heads(told),
        "split_sentence": split_sentence(told, [str(one.get("name", "")) for one in entry.get("changes", [])]),
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
    if factor < _WHOLE:
        return f"The last column is {SCALED}; this market has all of the country's cases, so it repeats the difference."
    return (
        f"The last column is {SCALED}, a rough figure: the difference times {words.plain(factor)}, because this market has "
        f"{share:.3g} % of the country's new cancer cases. It is right only if "
        "the whole country were like this market, and nothing says how far off it is."
    )


def _window_rows(told: Told) -> list[list[str]]:
    factor = national_factor(told.compared)
    rows = []
    for payer, who, name in _LINES:
        row = told.payments(payer, who)
        if row is None:
            continue
        levels = words.alike([float(row["baseline"]), float(row["other"])], words.TOTAL)
        percent = float(row["percent"])
        rows.append(
            [
                name,
                *levels,
                words.difference(float(row["difference"]), words.TOTAL),
                words.between(float(row["low"]), float(row["high"]), words.TOTAL),
                _percent(percent),
                _country(row, factor),
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


# Payer and who pays: whose spending a published score may be of.
_SCORED = (
    ("commercial", "payer", "Commercial"),
    ("medicare", "payer", "Medicare (traditional and Advantage)"),
    ("medicare", "both", "Medicare and its patients"),
    ("all", "payer", "All payers"),
    ("all", "both", "All payers and patients"),
)


def scored_as(whose: str) -> str:
    """Return which of the model's rows a score is of, by what the scenario says it is of; empty if none."""
    text = whose.lower()
    if "medicare" in text:
        return "Medicare and its patients" if "patient" in text else "Medicare (traditional and Advantage)"
    if "all payers" in text:
        return "All payers and patients" if "patient" in text else "All payers"
    return "Commercial" if any(word in text for word in ("commercial", "blue cross", "private", "employer")) else ""


def published_rows(told: Told, entry: dict[str, Any]) -> list[list[str]]:
    """Return the published scores of the scenario below the model's figures for the same spending (dollars a year).

    A row is what, whose spending, this market with its interval, the country, and the scope and source.
    """
    scores = entry.get("published") or []
    if not scores:
        return []
    factor, rows = national_factor(told.compared), []
    alike = {scored_as(str(score.get("of") or "")) for score in scores}
    for payer, who, name in _SCORED:
        row = told.payments(payer, who)
        if row is None:
            continue
        years = float(row["quarters"]) / 4.0
        yearly: Row = dict(row) | {key: float(row[key]) / years for key in ("difference", "low", "high")}
        note = "whose spending the score is of" if name in alike else ""
        rows.append(
            ["This comparison, cancer drug treatment", name, cell_of(yearly, words.TOTAL), _country(yearly, factor), note]
        )
    for score in scores:
        amount, years = float(score.get("amount") or math.nan), float(score.get("years") or 1)
        given = words.as_given(amount)
        total = f"{given} over {years:g} years" if years != 1 else ""
        note = "; ".join(text for text in (total, *(str(score.get(key) or "") for key in ("note", "source"))) if text)
        whose = str(score.get("of") or "")
        whose = whose[:1].upper() + whose[1:]
        yearly_amount = words.as_given(amount / years, 3) if years != 1 else given
        rows.append(["Published score, other method", whose, "", yearly_amount, note])
    return rows


def _country(row: Row, factor: float) -> str:
    """Return a difference scaled to the country: rough, unless the market is the country."""
    value = float(row["difference"])
    if not math.isfinite(factor):
        return ""
    if factor < _WHOLE:
        return words.difference(value, words.TOTAL)
    # What cannot be told from zero here cannot be told from zero there.
    return words.rough(value * factor) if moved(row) or value == 0 else Faint("not detectable")


def published_note(told: Told) -> str:
    """Return what must be known before the model's figures are set against a published score."""
    row = told.payments()
    if row is None:
        return ""
    scaled = f", the country by {SCALED}, rough" if national_factor(told.compared) >= _WHOLE else ""
    return (
        f"Beside published scores, dollars a year. The model counts cancer drug treatment and its visits alone, mean of "
        f"{years_of(row)}{scaled}; a published score is made by another method, for other years and often for all "
        "specialties, as its note says. Compare the sign, and the order of size only where the scopes are alike."
    )


def split_rows(told: Told) -> list[list[str]]:
    """Return the parts of the change of payments by payer, in the window of the policy, in the order of the sentence."""
    rows = []
    order = [*split_parts_in_order(told), "all"]
    for payer, name in [*PAYER_WORDS.items(), ("all", "All payers and patients")]:
        found = [split_row(told, part, payer) for part in order]
        if any(row is None for row in found) or all(float(row["difference"]) == 0 for row in found if row):
            continue
        values = words.alike([float(row["difference"]) for row in found if row], words.TOTAL, signed=True)
        cells = [text if moved(row) else Faint(text) for text, row in zip(values, found, strict=True)]
        last = found[-1]
        assert last is not None
        rows.append([name, *cells, words.between(float(last["low"]), float(last["high"]), words.TOTAL)])
    return rows


def split_heads(told: Told) -> list[str]:
    """Return the heads of the table of parts, in the order of the sentence."""
    names = dict(_PARTS)
    return ["Payments of", *(names[part] for part in (*split_parts_in_order(told), "all")), "Interval of the last"]


_PART_WORDS = {
    "price": "is prices at the baseline's volumes",
    "place": "is where patients are treated",
    "number": "is how much treatment is given",
}
_STATIC_WORDS = " (what a static estimate would say)"


def split_sentence(told: Told, law: Sequence[str] = ()) -> str:
    """Return one sentence: how much of the change is prices, place and amount; ``law`` names the parameters that differ.

    The price part is called static only where the law acts on prices and the part is detectable: else it is what was
    bargained afterwards and who among the dearer and cheaper sellers of a kind treats more.
    """
    found = {part: split_row(told, part) for part, _ in _PARTS}
    whole = found["all"]
    if whole is None:
        return ""
    if not moved(whole):
        return f"Payments as a whole do not change detectably over {years_of(whole)}{_span(whole, told)}."
    parts = []
    for part in split_parts_in_order(told):
        row = found[part]
        assert row is not None
        size = words.difference(float(row["difference"]), words.TOTAL)
        static = _STATIC_WORDS if part == "price" and moved(row) and direct(STATIC, list(law)) else ""
        # A part that cannot be told from zero is named as such, not as an effect.
        parts.append(f"{size} {_PART_WORDS[part]}{static}{_span(row, told)}{'' if moved(row) else ', not detectable'}")
    total = words.size(float(whole["difference"]), words.TOTAL)
    text = f"Payments by payers and patients {verdict(whole)[:-1]} by {total} over {years_of(whole)}{_span(whole, told)}: "
    return text + "; ".join(parts) + "."


def _span(row: Row, told: Told) -> str:
    return span_words(row, words.TOTAL, told.compared.spread)
