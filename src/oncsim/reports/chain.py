"""The chain from the law to spending: what moved, from which quarter on, and which step before it can have moved it.

A link is claimed only where the numbers support it: the cause moved detectably, in the direction that moves the effect the
way it went, and not more than a year after it. What no such cause explains is told as unexplained.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from oncsim.reports import words
from oncsim.reports.compared import RISES, UNDETECTED, Row, Told, moved, negligible, noun, unit_of, verdict
from oncsim.reports.links import CHAIN, GAIN, PARTS, STATIC, Step, causes_of, direct
from oncsim.reports.metric_facts import PAYER_WORDS, fact, group_words
from oncsim.reports.sentences import clause_of, size_of, split_parts_in_order, split_row, subject_of, verb_of

# A cause may be seen later than its effect where it varies more between replicates, but not by more (judgement).
_SLACK = 4
_CLAUSES = 3
UNEXPLAINED = "which no step recorded here explains"
BY_LAW, BY_SCENARIO = "directly by the law", "by what the scenario changes"


@dataclass(frozen=True)
class Link:
    """One metric that moved, and what moved it: the law itself, another metric's row, or nothing that is recorded."""

    step: Step
    row: Row
    onset: str
    cause: Row | None = None
    by_law: bool = False
    of_law: bool = True

    @property
    def why(self) -> str:
        """The cause as the end of a clause."""
        if self.cause is not None and str(self.cause["metric"]) in PARTS:
            part = noun(self.cause).rpartition(" practice ")[2]
            return f"mostly {part} ({words.difference(float(self.cause['difference']), 'dollars')})"
        if self.cause is not None:
            return f"because {subject_of(self.cause)} {verb_of(self.cause)}"
        return (BY_LAW if self.of_law else BY_SCENARIO) if self.by_law else UNEXPLAINED


def static_row(told: Told) -> Row | None:
    """Return the price of the baseline's volumes as a row like those of metrics, or None without a split of payments."""
    static, whole = split_row(told, "price"), told.payments()
    if static is None:
        return None
    level = float(whole["baseline"]) if whole is not None else float("nan")
    about: dict[Hashable, Any] = {
        "metric": STATIC,
        "group": "",
        "quarter": static["year"],
        "noun": "the price of the baseline's volumes",
        "unit": words.TOTAL,
    }
    return {**static, **about, "baseline": level, "other": level + float(static["difference"])}


_PAID = ("spending.payer_total", "spending.patient_total", "spending.total_per_patient")
# Metrics of the chain that the budget tells better: sums over the policy's years instead of the last quarters.
_SUMS = {"spending.payer_total": "payer", "spending.patient_total": "patient"}


def _row(told: Told, metric: str, group: str = "") -> Row | None:
    """Return the row of a metric; None where it is zero in both scenarios, which says nothing."""
    if metric == STATIC:
        found = static_row(told)
    else:
        summed = told.payments(who=_SUMS[metric]) if metric in _SUMS else None
        about: dict[Hashable, Any] = {} if summed is None else {"metric": metric, "group": "", "quarter": summed["year"]}
        found = {**summed, **about} if summed is not None else told.row(metric, group)
    if found is None or not (float(found["baseline"]) != 0 or float(found["other"]) != 0):
        return None
    return found


def onset(told: Told, row: Row) -> str:
    """Return the quarter from which a row is detectable; a year for the price of the baseline's volumes."""
    if row["metric"] == STATIC:
        return _static_onset(told)
    return told.onset(str(row["metric"]), str(row["group"]))


def _static_onset(told: Told) -> str:
    table = told.part("split")
    table = table[(table["payer"] == "all") & (table["who"] == "both") & (table["part"] == "price")] if len(table) else table
    years = [row for row in table.to_dict("records") if str(row["year"]).isdigit()]
    return next((str(row["year"]) for row in sorted(years, key=lambda row: str(row["year"])) if moved(row)), "")


def rows_of(told: Told) -> Iterator[tuple[Step, Row]]:
    """Yield every row of the chain with its step."""
    for step in CHAIN:
        for metric, group in step.metrics:
            row = _row(told, metric, group)
            if row is not None:
                yield step, row


def links(told: Told, entry: dict[str, Any]) -> list[Link]:
    """Return what moved detectably, in the order of the chain, each with the cause that the numbers support."""
    law = [str(one.get("name", "")) for one in entry.get("changes", []) if one.get("kind") == "policy"]
    found = []
    for step, row in rows_of(told):
        if moved(row) and not negligible(row):
            metric = str(row["metric"])
            cause = _cause(told, row)
            # Where no law differs, what events, economy or behaviour act on is not known here.
            by_law = direct(metric, law) or (not law and cause is None)
            # The law itself is the better reason, but for a gain, whose parts say how it comes about.
            cause = None if by_law and metric != GAIN else cause
            found.append(Link(step, row, onset(told, row), cause, by_law and cause is None, bool(law)))
    return found


def _cause(told: Told, row: Row) -> Row | None:
    """Return the row of the first cause that moved in the direction that explains a row, and in time."""
    way, begun = float(row["difference"]) > 0, onset(told, row)
    fitting = []
    for metric, sign in causes_of(str(row["metric"])):
        cause = _row(told, metric)
        # Payments move because of prices only where prices are the larger part of their change.
        of_prices = metric in (STATIC, "price.commercial_index") and str(row["metric"]) in _PAID
        if of_prices and split_parts_in_order(told)[0] != "price":
            continue
        if cause is None or not moved(cause) or negligible(cause) or ((float(cause["difference"]) * sign > 0) is not way):
            continue
        if not _late(onset(told, cause), begun):
            fitting.append(cause)
    if str(row["metric"]) == GAIN and fitting:
        return max(fitting, key=lambda cause: abs(float(cause["difference"])))
    return fitting[0] if fitting else None


def _late(cause: str, effect: str) -> bool:
    """Return whether a cause is seen so much later than its effect that it cannot be the cause."""
    return bool(cause and effect) and _number(cause) > _number(effect) + _SLACK


def _number(when: str) -> int:
    year, _, quarter = when.partition("Q")
    return 4 * int(year) + (int(quarter) - 1 if quarter else 0)


def chain_rows(told: Told) -> tuple[list[list[str]], int]:
    """Return the table of the chain and how many rows it leaves out.

    A row is step, metric, baseline, difference, interval and since when it is detectable. Of a step in which nothing
    moved only the first metric is shown; of the others what moved.
    """
    rows, left = [], 0
    for step in CHAIN:
        own = [row for one, row in rows_of(told) if one is step]
        shown = [row for row in own if moved(row)] or own[:1]
        left += len(own) - len(shown)
        for number, row in enumerate(shown):
            unit = "" if fact(str(row["metric"])).counts else unit_of(row)
            rows.append(
                [
                    "" if number else step.name,
                    _cell_noun(row),
                    words.amount(float(row["baseline"]), unit),
                    words.difference(float(row["difference"]), unit).replace(" percentage points", " points"),
                    words.between(float(row["low"]), float(row["high"]), unit),
                    _since(told, row),
                ]
            )
    return rows, left


def _since(told: Told, row: Row) -> str:
    if not moved(row):
        return "not detectable" if verdict(row) == UNDETECTED else verdict(row)
    if told.compared.replicates < 2:
        return "one replicate"
    begun = onset(told, row)
    return begun or ("over the horizon" if row.get("quarter") == "total" else "at the end")


def _cell_noun(row: Row) -> str:
    text = noun(row).removeprefix("the ")
    if str(row["metric"]) in PARTS:
        text = f"of it {text.rpartition(' practice ')[2]}"
    when = str(row.get("quarter"))
    return words.sentence(f"{text}, {words.span_of_years(when)}" if "-" in when else text).rstrip(".")


def chain_sentences(told: Told, entry: dict[str, Any]) -> list[str]:
    """Return one sentence a step that moved, each clause with since when and why; then the steps that did not move."""
    if told.nothing:
        return []
    found, said = links(told, entry), []
    for step in CHAIN:
        own = [link for link in found if link.step is step]
        # The parts of a gain are in its reason and in the table.
        whole = [link for link in own if str(link.row["metric"]) not in PARTS] or own
        clauses: list[str] = []
        for number, link in enumerate(whole[:_CLAUSES]):
            follows = whole[number + 1] if number + 1 < min(len(whole), _CLAUSES) else None
            why = "" if follows is not None and follows.why == link.why else f", {link.why}"
            clauses.append(f"{_short(link)}{why}")
        if clauses:
            said.append(words.sentence(f"{step.name}: {'; '.join(clauses)}"))
    still = [step.words for step in CHAIN if not any(link.step is step for link in found)]
    still = [name for name in still if any(step.words == name for step, _ in rows_of(told))]
    if still:
        said.append(f"No detectable change, or a negligible one, in {words.listing(still)}.")
    return said


def _short(link: Link) -> str:
    when = str(link.row.get("quarter"))
    text = f"{subject_of(link.row)} {verb_of(link.row)} by {size_of(link.row)}"
    if "-" in when:
        return f"{text} over {words.span_of_years(when)}"
    return f"{text}, detectable from {link.onset}" if link.onset else text


def first_sentence(told: Told, found: list[Link], begins: str = "") -> tuple[str, list[Row]]:
    """Return the sentence on what moves first, and the rows it tells: at most three.

    Prices lead where the law moves them; beside them stands what is detectable no later. Payments as a whole have a
    sentence of their own, and the ratio of two prices repeats prices.
    """
    skipped = (
        *PARTS,
        "price.commercial_to_medicare",
        "spending.margin_340b_per",
        "spending.payer",
        "spending.patient",
        "spending.total",
    )
    dated = [link for link in found if link.onset and not str(link.row["metric"]).startswith(skipped)]
    static = next((link for link in dated if link.row["metric"] == STATIC and link.by_law), None)
    rest = [link for link in dated if link.row["metric"] != STATIC]
    if static is None and not rest:
        return "", []
    latest = _number(static.onset) + 3 if static is not None else min(_number(link.onset) for link in rest) + 1
    rest = [link for link in rest if _number(link.onset) <= latest]
    first = ([static] if static is not None else []) + rest
    first = first[:_CLAUSES]
    clauses = [
        static_clause(told) if link is static else f"{clause_of(link.row, told)}, {_from(link, begins)}" for link in first
    ]
    return words.sentence(f"First: {'; '.join(clauses)}"), [link.row for link in first]


def _from(link: Link, begins: str) -> str:
    return f"detectable from {link.onset}{', before the law starts' if begins and link.onset < begins else ''}"


def static_clause(told: Told) -> str:
    """Return what the new prices alone change of payments, with the payers that most of it falls on."""
    row = split_row(told, "price")
    assert row is not None
    verb = "raise" if verdict(row) == RISES else "lower"
    size = words.size(float(row["difference"]), words.TOTAL)
    whole = float(row["difference"])
    parts = [(name, split_row(told, "price", payer)) for payer, name in words_of_payers()]
    told_of = [(name, float(part["difference"])) for name, part in parts if part is not None and moved(part)]
    some = sorted((one for one in told_of if one[1] * whole > 0.1 * whole * whole), key=lambda one: -abs(one[1]))[:2]
    mostly = words.listing([f"{name} {words.difference(value, words.TOTAL)}" for name, value in some])
    period = words.span_of_years(str(row["year"]))
    span = words.between(float(row["low"]), float(row["high"]), words.TOTAL)
    tail = f"; {mostly}" if mostly else ""
    inside = f" ({told.compared.spread} {span}{tail})" if span else f" ({mostly})" if mostly else ""
    return f"at the baseline's volumes the new prices alone {verb} payments by {size} over {period}{inside}"


def words_of_payers() -> list[tuple[str, str]]:
    """Return payers with their names inside a sentence."""
    return [(code, group_words(f"payer={code}")) for code in PAYER_WORDS]


def mechanism_sentence(found: list[Link]) -> str:
    """Return the links that the numbers support, in one sentence; else on what the law acts and that it goes no further."""
    chained = [link for link in found if link.cause is not None and str(link.row["metric"]) not in PARTS]
    # One link a step, the first: its other metrics tell the same.
    some = list({link.step.name: link for link in reversed(chained)}.values())[::-1][:4]
    direct_on = list(dict.fromkeys(link.step.words for link in found if link.by_law))
    said = []
    if direct_on:
        said.append(f"{'the law' if found[0].of_law else 'the scenario'} itself moves {words.listing(direct_on)}")
    said += [f"{subject_of(link.row)} {verb_of(link.row)}, {link.why}" for link in some]
    if not said:
        return ""
    return words.sentence(f"Mechanism: {'; '.join(said)}")


def for_a_time(told: Told, found: list[Link]) -> str:
    """Return what moved for a year or more and is no longer detectable at the end."""
    told_of = {(str(link.row["metric"]), str(link.row["group"])) for link in found}
    clauses = []
    for _, row in rows_of(told):
        key = str(row["metric"]), str(row["group"])
        if key in told_of or row.get("quarter") != "final" or key[0].startswith(("incentive.", "spending.margin_340b_per")):
            continue
        peak = told.passing(*key)
        if peak is not None and not moved(row) and not negligible(peak):
            unit = unit_of(row)
            clauses.append(f"{noun(row)} ({words.difference(float(peak['difference']), unit)} in {peak['quarter']})")
    return (
        words.sentence(f"For a time only, no longer detectable at the end: {words.listing(clauses[:4])}") if clauses else ""
    )
