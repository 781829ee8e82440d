"""Winners and losers of a policy: organisations and zones, as tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from oncsim.reports import words
from oncsim.reports.compared import FALLS, RISES, Row, Told, verdict
from oncsim.reports.metric_facts import KIND_WORDS, group_words
from oncsim.reports.rendering import Sure

_SHOWN = 10
ORGANIZATION_HEADS = ["Organisation", "Kind", "Margin a year", "Interval", "Patients a year", "Oncologists"]
KIND_HEADS = ["Kind", "Organisations", "Gain", "Lose", "No detectable change", "Margin a year, all", "Interval"]
ZONE_MEASURES = (
    ("minutes", "Travel, minutes one way", "minutes"),
    ("untreated_share", "Untreated", "share"),
    ("patient_cost", "Patients' cost per treated patient", "dollars"),
    ("spending", "Spending per treated patient", "dollars"),
)
ZONE_HEADS = ["Where people live", *(title for _, title, _ in ZONE_MEASURES)]
_STATUS = {"active": "in business", "absent": "does not exist"}


def winners_section(told: Told) -> dict[str, Any]:
    """Return what the section shows; empty tables where the comparison holds none."""
    table = told.part("winners")
    if table.empty:
        return {"gain": [], "lose": [], "kinds": [], "zones": [], "zone_sentence": "", "year": ""}
    organizations = table[table["of"] == "organization"]
    return {
        "gain": organization_rows(organizations, told, gaining=True),
        "lose": organization_rows(organizations, told, gaining=False),
        "kinds": kind_rows(organizations, table[table["of"] == "kind"]),
        "zones": zone_rows(table[table["of"] == "zones"]),
        "zone_sentence": zone_sentence(table[table["of"] == "zone"], told),
        "year": str(told.compared.manifest.get("winners_year") or ""),
    }


def organization_rows(table: pd.DataFrame, told: Told, gaining: bool) -> list[list[str]]:
    """Return the ten organisations whose margin rises (or falls) most, of those in which it does so detectably."""
    margin = table[(table["measure"] == "margin") & ((table["difference"] > 0) if gaining else (table["difference"] < 0))]
    margin = margin.sort_values("difference", ascending=not gaining, kind="stable")
    sure = [row for row in margin.to_dict("records") if verdict(row) in (RISES, FALLS)][:_SHOWN]
    sold = table[table["measure"] == "acquired"].set_index("id")
    others = {name: table[table["measure"] == name].set_index("id") for name in ("patients", "oncologists")}
    rows = []
    for row in sure:
        name = str(row["id"])
        rows.append(
            [
                (str(row["name"]) or name) + _fate(row, sold, name),
                KIND_WORDS.get(str(row["kind"]), str(row["kind"])).removesuffix("s").lower(),
                words.difference(float(row["difference"]), words.TOTAL),
                words.between(float(row["low"]), float(row["high"]), words.TOTAL),
                *(_plain(others[measure], name) for measure in ("patients", "oncologists")),
            ]
        )
    return rows


def _plain(table: pd.DataFrame, name: str) -> str:
    value = float(table["difference"][name]) if name in table.index else 0.0
    return "" if name not in table.index else "0" if abs(value) < 0.05 else f"{value:+,.1f}"


def _fate(row: Row, sold: pd.DataFrame, name: str) -> str:
    """Return in how many replicates an organisation is acquired; else its status, where it is not in business in both."""
    if name not in sold.index:
        return _status(str(row["status_baseline"]), str(row["status_other"]))
    count = round(float(row["replicates"]))
    baseline, other = (round(float(sold[side][name]) * count) for side in ("baseline", "other"))
    text = _status(*(_unsold(str(row[side])) for side in ("status_baseline", "status_other")))
    if not (baseline or other):
        return text
    both = f"acquired in {other} of {count} replicates; baseline: in {baseline}"
    return f"{text[:-1]}; {both})" if text else f" ({both})"


def _unsold(status: str) -> str:
    return "active" if status == "acquired" else status


def _status(baseline: str, other: str) -> str:
    """Return what an organisation is at the end, in brackets; nothing where it is in business in both scenarios."""
    one, two = (_STATUS.get(status, status) for status in (baseline, other))
    if one == two:
        return "" if baseline == "active" else f" ({one})"
    return f" ({two}; baseline: {one})"


def kind_rows(table: pd.DataFrame, sums: pd.DataFrame) -> list[list[str]]:
    """Return, by kind of organisation, how many gain, lose or show no detectable change of margin, and their sum."""
    together = {str(row["kind"]): row for row in sums.to_dict("records")}
    margin = table[table["measure"] == "margin"]
    rows = []
    for kind, name in KIND_WORDS.items():
        own = margin[(margin["kind"] == kind) & ((margin["baseline"] != 0) | (margin["other"] != 0))]
        if own.empty:
            continue
        told = [verdict(row) for row in own.to_dict("records")]
        count = len(told)
        gain, lose = told.count(RISES), told.count(FALLS)
        rows.append(
            [
                name,
                f"{count:,}",
                *(f"{n:,} ({100 * n / count:.0f} %)" for n in (gain, lose, count - gain - lose)),
                words.difference(float(own["difference"].sum()), words.TOTAL),
                _span(together[kind]) if kind in together else "",
            ]
        )
    return rows


def _span(row: Row) -> str:
    return words.between(float(row["low"]), float(row["high"]), words.TOTAL)


def zone_rows(table: pd.DataFrame) -> list[list[str]]:
    """Return the differences by group of zones: everyone, rurality, quartile of deprivation."""
    rows = []
    for group in dict.fromkeys(table["id"]):
        own = table[table["id"] == group].set_index("measure")
        name = group_words(str(group)) or "everywhere"
        rows.append([name[:1].upper() + name[1:], *(_zone_cell(own, measure, unit) for measure, _, unit in ZONE_MEASURES)])
    return rows


def _zone_cell(own: pd.DataFrame, measure: str, unit: str) -> str:
    if measure not in own.index:
        return words.NOT_AVAILABLE
    row = own.loc[measure].to_dict()
    text = words.difference(float(row["difference"]), "" if unit == "minutes" else unit)
    text = text.replace(" percentage points", " points")
    span = words.between(float(row["low"]), float(row["high"]), "" if unit == "minutes" else unit)
    told = f"{text} ({span})" if span and float(row["difference"]) != 0 else text
    return Sure(told) if verdict(row) in (RISES, FALLS) else told


def zone_sentence(table: pd.DataFrame, told: Told) -> str:
    """Return in how many zones, and for how many people, travel and patients' cost rise or fall."""
    people = told.compared.zones.set_index("zone")["population"] if len(told.compared.zones) else pd.Series(dtype=float)
    clauses = []
    for measure, name in (("minutes", "travel"), ("patient_cost", "patients' cost")):
        own = table[table["measure"] == measure]
        if own.empty:
            continue
        verdicts = dict(zip(own["id"], map(verdict, own.to_dict("records")), strict=True))
        parts = []
        for word in (RISES, FALLS):
            some = [zone for zone, told_of in verdicts.items() if told_of == word]
            if not some:
                continue
            share = people.reindex(some).sum() / people.sum() if len(people) and people.sum() > 0 else float("nan")
            who = f" (where {100 * share:.0f} % of people live)" if share == share else ""
            parts.append(f"{word} in {len(some):,} of {len(own):,} zones{who}")
        clauses.append(f"{name} {' and '.join(parts)}" if parts else f"{name} changes detectably in no zone")
    return words.sentence("; ".join(clauses)) if clauses else ""
