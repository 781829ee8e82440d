"""The chain from the law to spending: one row a metric, and one sentence a step that says because of what it moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oncsim.reports import words
from oncsim.reports.compared import Row, Told, moved, noun, unit_of, verdict
from oncsim.reports.mechanism import Key, size_of, split_row, subject_of, verb_of


@dataclass(frozen=True)
class Step:
    """One link of the chain: its name, how it is spoken of, the metrics that show it, and the steps that act on it."""

    name: str
    words: str
    metrics: tuple[Key, ...]
    causes: tuple[str, ...] = ()


LAW = "Law"
CHAIN: tuple[Step, ...] = (
    Step("Rates", "rates", (("price.commercial_to_medicare", ""), ("price.commercial_index", "")), (LAW,)),
    Step(
        "Margins",
        "margins",
        (
            ("spending.margin_340b", ""),
            ("spending.margin_340b_per_drug_dollar", ""),
            ("finance.margin_practice", ""),
            ("finance.margin_system", ""),
            ("finance.margin_amc", ""),
        ),
        (LAW,),
    ),
    Step(
        "Gain from acquiring a practice",
        "what a practice is worth to a buyer",
        (
            ("incentive.acquisition_gain", ""),
            ("incentive.acquisition_rates", ""),
            ("incentive.acquisition_340b", ""),
            ("incentive.acquisition_commercial", ""),
            ("incentive.acquisition_downstream", ""),
            ("incentive.acquisition_costs", ""),
        ),
        ("Margins", LAW),
    ),
    Step(
        "Deals and closures",
        "deals and closures",
        (
            ("consolidation.acquisitions", ""),
            ("consolidation.closures", ""),
            ("consolidation.divestitures", ""),
            ("consolidation.network_joins", ""),
        ),
        ("Gain from acquiring a practice", "Margins"),
    ),
    Step(
        "Value-based payment",
        "value-based payment",
        (("value_based.participants", ""), ("value_based.two_sided", ""), ("value_based.net_medicare", "")),
        (LAW,),
    ),
    Step(
        "Who owns care",
        "who owns care",
        (
            ("consolidation.share_oncologists_independent", ""),
            ("consolidation.practices_independent", ""),
            ("consolidation.hhi", ""),
        ),
        ("Deals and closures",),
    ),
    Step(
        "Where patients are treated",
        "where patients are treated",
        (("consolidation.hopd_share_infusions", ""), ("consolidation.share_340b_infusions", "")),
        ("Who owns care", "Deals and closures"),
    ),
    Step(
        "Travel, waits, untreated",
        "access",
        (
            ("access.minutes_mean", ""),
            ("access.minutes_mean", "rural=true"),
            ("access.wait_days_mean", ""),
            ("access.untreated_share", ""),
        ),
        ("Where patients are treated", "Deals and closures"),
    ),
    Step(
        "Spending",
        "spending",
        (
            ("spending.payer_total", ""),
            ("spending.patient_total", ""),
            ("spending.total_per_patient", ""),
            ("spending.patient_cost_share", ""),
        ),
        (LAW, "Where patients are treated"),
    ),
)


def chain_rows(told: Told) -> list[list[str]]:
    """Return the table of the chain: step, metric, baseline, difference, interval, verdict."""
    rows = []
    for step in CHAIN:
        for number, row in enumerate(_rows(told, step)):
            unit = unit_of(row)
            rows.append(
                [
                    "" if number else step.name,
                    _cell_noun(row, first=not number),
                    words.amount(float(row["baseline"]), unit),
                    words.difference(float(row["difference"]), unit).replace(" percentage points", " points"),
                    words.between(float(row["low"]), float(row["high"]), unit),
                    verdict(row),
                ]
            )
    return rows


def _cell_noun(row: Row, first: bool) -> str:
    text = noun(row)
    if str(row["metric"]).startswith("incentive.") and not first:
        text = f"of it {text.rpartition(' practice ')[2]}"
    when = str(row.get("quarter"))
    return words.sentence(f"{text}, {words.span_of_years(when)}" if "-" in when else text).rstrip(".")


# Metrics of the chain that the budget tells better: sums over the policy's years instead of the last quarters.
_SUMS = {"spending.payer_total": "payer", "spending.patient_total": "patient"}


def _rows(told: Told, step: Step) -> list[Row]:
    """Return the rows of a step; those that are zero in both scenarios say nothing and are left out."""
    found: list[Row] = []
    if step.name == "Rates" and (static := split_row(told, "price")) is not None:
        whole = told.payments()
        level = float(whole["baseline"]) if whole is not None else float("nan")
        static_noun = "the price of the baseline's volumes"
        row = {**static, "metric": "spending.payer_total", "quarter": static["year"], "noun": static_noun}
        found.append({**row, "baseline": level, "other": level + float(static["difference"])})
    for metric, group in step.metrics:
        summed = told.payments(who=_SUMS[metric]) if metric in _SUMS else None
        if summed is not None:
            found.append({**summed, "metric": metric, "group": "", "quarter": summed["year"]})
        elif (own := told.row(metric, group)) is not None:
            found.append(own)
    return [row for row in found if float(row["baseline"]) != 0 or float(row["other"]) != 0]


def chain_sentences(told: Told, entry: dict[str, Any]) -> list[str]:
    """Return one sentence a step that moved, because of the steps that act on it; then the steps that did not move."""
    if told.nothing:
        return []
    law = _law_reason(entry)
    moving: dict[str, str] = {LAW: law}
    said, still = [], []
    for step in CHAIN:
        rows = _rows(told, step)
        clauses = [_short(row) for row in rows if moved(row)]
        if clauses:
            reason = next((moving[cause] for cause in step.causes if cause in moving), law)
            said.append(words.sentence(f"{step.name}: because {reason}, {words.listing(clauses[:3])}"))
            moving[step.name] = clauses[0]
        elif rows:
            still.append(step.words)
    if still:
        said.append(f"No detectable change in {words.listing(still)}: what moves before does not reach that far visibly.")
    return said


def _law_reason(entry: dict[str, Any]) -> str:
    law = [one for one in entry.get("changes", []) if one.get("kind") != "events"]
    if not law:
        return "the scenarios differ"
    title = str(law[0].get("title") or law[0].get("name"))
    more = f" and {words.counted(len(law) - 1, 'other value')} with it" if len(law) > 1 else ""
    return f"“{title}” goes from {law[0].get('old')} to {law[0].get('new')}{more}"


def _short(row: Row) -> str:
    when = str(row.get("quarter"))
    return f"{subject_of(row)} {verb_of(row)} by {size_of(row)}" + (
        f" over {words.span_of_years(when)}" if "-" in when else ""
    )
