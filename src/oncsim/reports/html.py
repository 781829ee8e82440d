"""The report of one run: reads the run folder, draws the figures, fills in the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from oncsim.reports import captions, figures, reasons, story, words
from oncsim.reports.hospitals import hospitals_section
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.metric_facts import KIND_WORDS, fact, group_words
from oncsim.reports.provenance import (
    notes_and_warnings,
    policy_rows,
    provenance_rows,
    replay_command,
    scripted_events,
    trust_lines,
)
from oncsim.reports.published import published_section
from oncsim.reports.reading import RunTables, read_run
from oncsim.reports.rendering import Picture, collection_paused, save_figure, write_page
from oncsim.reports.summary import Summary, spread_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_report(run_folder: Path) -> Path:
    """Write ``figures/`` and ``report.html`` into a run folder and return the path of the page.

    Raises
    ------
    InputError
        When the folder holds no table of metrics or a table cannot be read.
    """
    run = read_run(Path(run_folder))
    summary = Summary(run.metrics)
    context = {
        **_heading(run, summary),
        **_story(run),
        **_why(run),
        **_largest(run),
        **_provenance(run),
        "pictures": _pictures(run, summary),
        "in_short": summary.in_short(_place(run)),
        "headlines": summary.headlines(),
        "all_metrics": _all_metrics(summary),
        "spread_head": "Lowest to highest" if summary.few else "95 % interval",
        "quality_heading": "Value-based payment and quality" if _has_value_based(summary) else "Quality",
        "years": summary.years,
        "quarters": (run.quarters[0], run.quarters[-1]),
        "definitions": [fact(name) for name in summary.facts],
        "published": published_section(run),
        **hospitals_section(run),
    }
    return write_page(run.folder / "report.html", "report.html.j2", context)


def _has_value_based(summary: Summary) -> bool:
    return any(known.theme == "value_based" for known in summary.facts.values())


def _place(run: RunTables) -> str:
    market = run.manifest.get("market")
    name = str(market.get("name", "")) if isinstance(market, dict) else ""
    kind, colon, rest = name.partition(": ")
    # A second colon would stand in the sentence that begins with the place.
    return f"{rest[:1].upper()}{rest[1:]} ({kind.lower()})" if colon else name or "In this market"


def _heading(run: RunTables, summary: Summary) -> dict[str, Any]:
    manifest, scenario = run.manifest, run.scenario
    start, end = run.quarters[0], run.quarters[-1]
    span = start if start == end else f"{start} to {end}"
    count = len(run.replicates)
    about = f"Scenario {scenario.get('id') or manifest.get('scenario') or 'not recorded'}"
    about += f", {span}, {words.counted(count, 'replicate')}"
    status = str(manifest.get("status") or "")
    trouble = ""
    if status and status != "complete":
        trouble = f"The run is marked {status!r}, not complete: numbers may be missing."
    elif run.missing:
        trouble = f"Tables that are not in the run folder: {words.listing(run.missing)}."
    spread = "intervals cover that luck alone, not doubt about the assumptions."
    if count < ENOUGH:
        spread = (
            "with so few, the range from the lowest to the highest replicate stands where an interval would "
            f"(from {ENOUGH} replicates on)."
        )
    note = (
        f"Numbers are means over {count} replicates, which differ only in luck; {spread}"
        if count > 1
        else "One replicate was run, so nothing here says how much is luck; more replicates give intervals."
    )
    title = scenario.get("title") or manifest.get("title") or manifest.get("scenario") or run.folder.name
    question = scenario.get("question") or manifest.get("question") or ""
    return {
        "title": str(title),
        "question": str(question),
        "about": about,
        "trouble": trouble,
        "replicate_note": note,
    }


def _pictures(run: RunTables, summary: Summary) -> dict[str, Picture]:
    folder = run.folder / "figures"
    last = run.quarters[-1]
    first_year, last_year = (int(year) for year in summary.years)
    years = [str(year) for year in range(first_year, last_year + 1)]
    count = len(run.replicates)
    orgs, ties = (table[table["quarter"] == last] for table in (run.organizations, run.ties))
    text = captions.metric_captions(run, summary)
    text["settings"] = captions.settings_caption(run)
    text["map"] = captions.map_caption(run)
    text["network"] = captions.network_caption(run, last)
    text["money"] = captions.money_caption(run)
    text["events"] = captions.events_caption(run.events, count, years)
    draw: dict[str, Callable[[], Figure]] = {
        "settings": lambda: figures.care_by_setting(run.settings),
        "consolidation": lambda: figures.consolidation(run.metrics),
        "access": lambda: figures.access_by_rurality(run.metrics),
        "prices": lambda: figures.prices(run.metrics),
        "spending": lambda: figures.spending(run.metrics),
        "partnerships": lambda: figures.partnerships(run.metrics),
        "quality": lambda: figures.quality_and_value(run.metrics),
        "events": lambda: figures.events_by_year(run.events, count, years),
        "map": lambda: figures.site_map(run.zones, run.sites, run.minutes, run.on_a_plane),
        "network": lambda: figures.ownership_network(orgs, ties, last),
        "money": lambda: figures.money_by_kind(run.money),
    }
    with collection_paused():
        return {
            name: save_figure(make(), folder, FILE_NAMES[name], text[name].caption, text[name].alt)
            for name, make in draw.items()
        }


FILE_NAMES = {
    "settings": "care_by_setting",
    "consolidation": "consolidation",
    "access": "access_by_rurality",
    "prices": "prices",
    "spending": "spending",
    "partnerships": "partnerships",
    "quality": "quality_and_value",
    "events": "events_by_year",
    "map": "site_map",
    "network": "ownership_network",
    "money": "money_by_kind",
}


def _story(run: RunTables) -> dict[str, Any]:
    own = story.of_replicate(run.events, run.typical.replicate)
    if own.empty:
        why = "The table of events is not in the run folder" if "events" in run.missing else "No event was recorded"
        return {
            "story": [],
            "story_note": f"{why}, so there is no story to tell.",
            "listed": [],
            "listed_note": "",
        }
    orgs = run.organizations.drop_duplicates("org")
    sizes = pd.to_numeric(orgs["infusions"], errors="coerce").fillna(0.0)
    volume = {**dict(zip(orgs["name"], sizes, strict=True)), **dict(zip(orgs["org"], sizes, strict=True))}
    chosen = story.main_events(own, volume)
    count = len(run.replicates)
    told = f"The {len(chosen)} most important of {len(own):,} events"
    if len(chosen) == len(own):
        told = f"All {len(own):,} events" if len(own) > 1 else "The only event"
    which = " of one replicate" if count > 1 else ""
    listed = f"the first {story.LISTED:,} of {len(own):,}; all are in the table of events"
    return {
        "story": story.by_year(chosen),
        "story_note": f"{told}{which}, told in order of time. Importance weighs the kind of event, the money in it "
        "and the size of those involved; ties that end because one of the two closed or was bought are left out. "
        f"{run.typical.sentence} {run.typical.caution}".rstrip(),
        "listed": story.happenings(own.head(story.LISTED)),
        "listed_note": listed if len(own) > story.LISTED else f"{len(own):,}",
    }


def _why(run: RunTables) -> dict[str, Any]:
    usual = reasons.mean_change(run.metrics, "consolidation.hopd_share_infusions", run.quarters)
    sentences = [
        reasons.hospital_share_sentence(run.sites, run.quarters, usual),
        reasons.practice_fates(run.organizations, run.quarters),
        reasons.reach_sentence(run.zones, run.sites, run.quarters),
        reasons.spending_sentence(run.metrics, run.quarters),
    ]
    found = reasons.event_reasons(run.events, len(run.replicates))
    rows = [
        {
            "kind": item.kind,
            "often": words.plain(round(item.count, 1)),
            "reasons": item.reasons,
            "example": item.example,
        }
        for item in found
    ]
    tables = f"replicate {run.typical.replicate}" if run.typical.count > 1 else "the run"
    return {
        "tables_of": tables,
        "caution": run.typical.caution,
        "mechanisms": [sentence for sentence in sentences if sentence],
        "reasons": rows,
    }


def _largest(run: RunTables, shown: int = 10) -> dict[str, Any]:
    orgs = run.organizations[run.organizations["kind"] != "payer"].copy()
    note = f"The {shown} largest by infusions in the first or the last quarter. {run.typical.name}".rstrip()
    if orgs.empty:
        return {"largest": [], "largest_note": note}
    for column in ("infusions", "oncologists"):
        orgs[column] = pd.to_numeric(orgs[column], errors="coerce").fillna(0.0)
    first, last = (
        orgs[orgs["quarter"] == quarter].drop_duplicates("org").set_index("org")
        for quarter in (run.quarters[0], run.quarters[-1])
    )
    names = {**dict(zip(orgs["org"], orgs["name"], strict=True))}
    chosen: set[str] = set()
    for table in (first, last):
        ranked = table.sort_values("infusions", ascending=False, kind="stable")
        chosen |= set(ranked.index[:shown])
    order = sorted(chosen, key=lambda org: (-_value(last, org, "infusions"), -_value(first, org, "infusions"), org))
    rows = []
    for org in order:
        own = last if org in last.index else first
        numbers = [
            words.plain(round(_value(table, org, column))) if org in table.index else "-"
            for column in ("infusions", "oncologists")
            for table in (first, last)
        ]
        kind = KIND_WORDS.get(str(own.loc[org, "kind"]), str(own.loc[org, "kind"])).removesuffix("s")
        rows.append([names[org] or org, kind, *numbers, _fate(last, org, names)])
    return {"largest": rows, "largest_note": note}


def _value(table: pd.DataFrame, org: str, column: str) -> float:
    return float(table[column].get(org, 0.0))


def _fate(last: pd.DataFrame, org: str, names: dict[str, str]) -> str:
    if org not in last.index:
        return "gone"
    owner = str(last.loc[org, "owner"])
    status = str(last.loc[org, "status"])
    return f"{status}, owned by {names.get(owner) or owner}" if owner else status


def _all_metrics(summary: Summary) -> list[list[str]]:
    rows = []
    one_year = summary.years[0] == summary.years[1]
    for metric, group in summary.table.index:
        row, unit = summary.row(metric, group), summary.facts[metric].unit
        short = unit if words.kind_of_unit(unit) != "plain" else ""
        between = words.between(row["low"], row["high"], unit)
        if between and summary.few != (row["values"] < ENOUGH):
            between += f" ({spread_name(row)})"
        rows.append(
            [
                metric,
                group_words(group),
                words.amount(row["first"], short),
                words.amount(row["last"], short),
                "" if one_year else words.difference(row["change"], short),
                between,
            ]
        )
    return rows


def _provenance(run: RunTables) -> dict[str, Any]:
    policy, policy_note = policy_rows(run.scenario)
    notes, warnings = notes_and_warnings(run.manifest)
    return {
        "policy": policy,
        "policy_note": policy_note,
        "scripted": scripted_events(run.scenario),
        "trust": trust_lines(run),
        "notes": notes,
        "warnings": warnings,
        "command": replay_command(run),
        "provenance": provenance_rows(run.manifest),
    }
