"""A caption and an alternative text for each figure, made from the numbers it shows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from oncsim.reports import words
from oncsim.reports.figures.events_by_year import event_counts
from oncsim.reports.figures.money import kinds_shown, money_table
from oncsim.reports.figures.settings import setting_shares
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.metric_facts import KIND_WORDS, SITE_WORDS
from oncsim.reports.reading import RunTables
from oncsim.reports.summary import Summary


@dataclass(frozen=True)
class Caption:
    """What stands under a figure, and what is read aloud in its place."""

    caption: str
    alt: str


def band_note(replicates: int) -> str:
    """Return what the shaded bands are, or that there are none."""
    if 1 < replicates < ENOUGH:
        return f"Lines are means over {replicates} replicates; bands go from the lowest to the highest of them."
    if replicates > 1:
        return f"Lines are means over {replicates} replicates; bands are 95 % intervals of the mean."
    return "One replicate: no intervals."


def moved_caption(summary: Summary, chosen: list[tuple[str, tuple[str, ...]]], missing: str) -> str:
    """Return one sentence on how the chosen metrics moved; each stands with the first group recorded."""
    clauses = []
    for metric, groups in chosen:
        group = summary.group_of(metric, groups)
        if group is not None:
            clauses.append(summary.moved(metric, group))
    return words.sentence("; ".join(clauses)) if clauses else missing


def settings_caption(run: RunTables) -> Caption:
    """Return the caption of the shares of care by setting."""
    shares = setting_shares(run.settings)
    if shares.empty:
        return Caption("Infusions by kind of site are not available in this run.", "No data on infusions by site.")
    first, last = shares.iloc[0], shares.iloc[-1]
    ranked = (last - first).abs().sort_values(ascending=False, kind="stable").index
    clauses = [
        f"{_site(kind)} {words.amount(first[kind], 'share')} to {words.amount(last[kind], 'share')}" for kind in ranked[:3]
    ]
    span = f"from {shares.index[0]} to {shares.index[-1]}"
    text = f"Largest moves {span}, share of infusions: {words.listing(clauses)}."
    if len(shares) == 1:
        text = f"Share of infusions in {shares.index[0]}; one quarter shows no movement."
    parts = words.listing([f"{_site(k)} {words.amount(v, 'share')}" for k, v in last.items()])
    return Caption(text, f"Stacked areas of infusions by kind of site over time. In {shares.index[-1]}: {parts}.")


def _site(kind: object) -> str:
    return SITE_WORDS.get(str(kind), words.code_words(str(kind)))


def _told_by(run: RunTables) -> str:
    return f" {run.typical.name}" if run.typical.name else ""


def map_caption(run: RunTables) -> Caption:
    """Return the caption of the map."""
    if run.sites.empty or run.zones.empty:
        return Caption("Sites or zones are not available in this run.", "No map.")
    quarters = sorted(run.sites["quarter"].unique())
    is_open = run.sites[run.sites["open"].astype(bool)]
    counts = [int((is_open["quarter"] == q).sum()) for q in (quarters[0], quarters[-1])]
    shade = (
        "by the mean minutes its patients travel"
        if len(run.minutes)
        else "by straight-line miles to the nearest open site with an oncologist"
    )
    sites = f"{counts[0]:,} open sites in {quarters[0]}"
    if quarters[0] != quarters[-1]:
        sites += f" and {counts[1]:,} in {quarters[-1]}"
    text = f"{sites}, over {len(run.zones):,} zones, each shaded {shade}.{_told_by(run)}"
    if run.on_a_plane:
        text += " Places are made up."
    return Caption(text, f"Map of sites of care by kind and patients. {text}")


def network_caption(run: RunTables, quarter: str) -> Caption:
    """Return the caption of the network of owners and ties."""
    orgs = run.organizations[(run.organizations["quarter"] == quarter) & (run.organizations["kind"] != "payer")]
    if orgs.empty:
        return Caption("Organisations are not available in this run.", "No network.")
    ties = run.ties[(run.ties["quarter"] == quarter) & (run.ties["stage"] != "dissolved")]
    owned = int((orgs["owner"] != "").sum())
    forms = ties["form"].value_counts()
    text = f"{words.counted(owned, 'organisation')} {'is' if owned == 1 else 'are'} owned by another; "
    text += f"{words.counted(len(ties), 'tie')}"
    if len(forms):
        text += f", most often {words.code_words(str(forms.index[0]))} ({int(forms.iloc[0]):,})"
    text += f" in {quarter}. Near in the drawing means linked, not near on a map.{_told_by(run)}"
    return Caption(words.sentence(text), f"Network of organisations, owners and ties. {words.sentence(text)}")


def money_caption(run: RunTables) -> Caption:
    """Return the caption of revenue and margin by kind of organisation."""
    table = money_table(run.money)
    kinds = kinds_shown(run.money)
    if not kinds:
        return Caption("Revenue by organisation is not available in this run.", "No data on revenue.")
    quarters = sorted(table["quarter"].unique())
    clauses = []
    for kind in ("practice", "health_system", "academic_center"):
        own = table[table["kind"] == kind].set_index("quarter")["margin_rate"].dropna()
        if len(own):
            clauses.append(
                f"{KIND_WORDS[kind].lower()} {words.amount(own.iloc[0], 'share')} in {own.index[0]} and "
                f"{words.amount(own.iloc[-1], 'share')} in {own.index[-1]}"
            )
    text = f"Margin over revenue: {words.listing(clauses)}." if clauses else "Margins are not available."
    text += " Mean over replicates; revenue of an acquired practice counts where the model books it."
    return Caption(text, f"Revenue and margin of {words.listing(kinds)} from {quarters[0]} to {quarters[-1]}. {text}")


def metric_captions(run: RunTables, summary: Summary) -> dict[str, Caption]:
    """Return the captions of the figures that are drawn from metrics alone."""
    note = band_note(len(run.replicates))
    rural = ("rural=true", "")
    texts: dict[str, list[tuple[str, tuple[str, ...]]]] = {
        "consolidation": [
            ("consolidation.hhi", ("market_type=hrr", "", "market_type=cbsa", "market_type=state")),
            ("consolidation.share_oncologists_independent", ("",)),
            ("consolidation.hopd_share_infusions", ("",)),
        ],
        "access": [("access.minutes_mean", rural), ("access.untreated_share", rural)],
        "prices": [("price.commercial_to_medicare", ("",)), ("price.commercial_index", ("",))],
        "spending": [("spending.total_per_patient", ("",)), ("spending.payer_total", ("",))],
        "partnerships": [("partnership.active", ("",)), ("partnership.trust_mean", ("",))],
        "quality": [("value_based.participants", ("",)), ("quality.adverse_events", ("",))],
    }
    titles = {
        "consolidation": "Line charts of concentration, independent oncologists, hospital and 340B infusions",
        "access": "Line charts of travel time, patients within an hour, untreated patients and waits, by rurality",
        "prices": "Line charts of commercial prices against Medicare and over time",
        "spending": "Stacked areas of payments by payer and by component",
        "partnerships": "Line charts of active ties, their forms, ties formed and dissolved, and trust",
        "quality": "Line charts of value-based participation, adverse events, readmissions and trials",
    }
    captions = {}
    for name, chosen in texts.items():
        text = moved_caption(summary, chosen, "These metrics are not available in this run.")
        tail = "" if name == "spending" else f" {note}"
        captions[name] = Caption(text + tail, f"{titles[name]}. {text}")
    return captions


def events_caption(events: pd.DataFrame, replicates: int, years: list[str]) -> Caption:
    """Return the caption of the counts of events by year."""
    counts = event_counts(events, replicates, years)
    if counts.empty or not len(counts.columns):
        return Caption("No events are available in this run.", "No events.")
    totals = counts.sum()
    clauses = [f"{words.code_words(str(k))} {words.plain(round(float(totals[k]), 1))}" for k in counts.columns[:4]]
    mean = " (mean over replicates)" if replicates > 1 else ""
    text = f"Events a year{mean}; most often over the horizon: {words.listing(clauses)}."
    text += " Each chart has its own scale."
    return Caption(text, f"Bar charts of events by kind and year. {text}")
