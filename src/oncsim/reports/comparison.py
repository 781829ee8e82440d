"""The report of a comparison: paired differences between scenarios, in words and figures."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from oncsim.errors import Fault, InputError
from oncsim.reports import figures, words
from oncsim.reports.figures.forest import relative_effects
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.metric_facts import THEMES, fact, group_words
from oncsim.reports.provenance import notes_and_warnings, provenance_rows
from oncsim.reports.reading import read_manifest, read_table
from oncsim.reports.rendering import Picture, save_figure, write_page

_COLUMNS = [
    *("scenario", "quarter", "metric", "group", "baseline", "other", "difference", "low", "high"),
    *("low_simultaneous", "high_simultaneous", "replicates"),
]
_DRAWN = ["difference_with_behaviour", "low_with_behaviour", "high_with_behaviour"]
# Metric and the groups told of it: every group that was recorded gets a line.
HEADLINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("consolidation.hopd_share_infusions", ("",)),
    ("consolidation.share_oncologists_independent", ("",)),
    ("consolidation.hhi", ("",)),
    ("access.minutes_mean", ("", "rural=true")),
    ("access.untreated_share", ("",)),
    ("price.commercial_to_medicare", ("",)),
    ("spending.total_per_patient", ("",)),
    ("spending.payer_total", ("", "payer=medicare_ffs", "payer=commercial")),
    ("finance.margin_practice", ("",)),
    ("finance.margin_system", ("",)),
)
_TOTALS = ("consolidation.acquisitions", "consolidation.closures", "consolidation.divestitures")
_PATHS = 6
# Rows of the forest: the whole market and the groups that most questions are about.
_FOREST_GROUPS = ("", "rural=true", "market_type=hrr", "payer=medicare_ffs", "payer=commercial")
_FOREST_ROWS = 45


@dataclass(frozen=True)
class _Compared:
    """A comparison folder as read."""

    folder: Path
    manifest: dict[str, Any]
    differences: pd.DataFrame
    baseline: dict[str, str]
    others: list[dict[str, str]]

    @property
    def replicates(self) -> int:
        count = pd.to_numeric(self.differences["replicates"], errors="coerce").max()
        return int(count) if math.isfinite(float(count)) else 0

    @property
    def with_behaviour(self) -> bool:
        return bool(self.differences["low_with_behaviour"].notna().any())


def write_compare_report(folder: Path) -> Path:
    """Write ``figures/`` and ``report.html`` into a comparison folder and return the path of the page.

    Raises
    ------
    InputError
        When the folder holds no table of differences or it cannot be read.
    """
    compared = _read(Path(folder))
    table = compared.differences
    titles = {entry["label"]: entry["title"] for entry in compared.others}
    context = {
        **_heading(compared),
        "scenarios": [_scenario(table, entry) for entry in compared.others],
        "forest": _forest(compared, titles),
        "paths": _paths(compared, {**titles, "baseline": compared.baseline["title"]}),
        "heads": [
            "Scenario",
            "Metric",
            "Group",
            "When",
            "Baseline",
            "Difference",
            "95 % interval",
            "Simultaneous",
        ],
        "rows": _rows(table),
        "numeric": [4, 5, 6, 7],
        "definitions": [fact(name) for name in sorted(table["metric"].unique())],
    }
    return write_page(compared.folder / "report.html", "compare.html.j2", context)


def _read(folder: Path) -> _Compared:
    table = read_table(folder, "differences", [*_COLUMNS, *_DRAWN]) if folder.is_dir() else None
    if table is None or table.empty:
        what = "is empty" if table is not None else "is not there"
        message = f"this is not a comparison: the table of differences {what}"
        message += " (give a folder that oncsim compare wrote)"
        raise InputError([Fault(str(folder), 0, 0, "", message)])
    table["scenario"] = table["scenario"].astype(str)
    for column in (*_COLUMNS[4:], *_DRAWN):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    manifest = read_manifest(folder)
    entries = [_entry(item) for item in manifest.get("scenarios") or [] if isinstance(item, dict)]
    labels = list(dict.fromkeys(table["scenario"]))
    known = {entry["label"]: entry for entry in entries}
    name = str(manifest.get("baseline") or (entries[0]["label"] if entries else "baseline"))
    others = [known.get(label) or _entry({"label": label}) for label in labels]
    return _Compared(folder, manifest, table, known.get(name) or _entry({"label": name}), others)


def _entry(item: dict[str, Any]) -> dict[str, str]:
    label = str(item.get("label") or item.get("id") or "")
    run = str(item.get("run") or item.get("folder") or "")
    return {
        "label": label,
        "title": str(item.get("title") or label),
        "question": str(item.get("question") or ""),
        # Where folders are staged is of no use to a reader; the last two parts name scenario and run.
        "run": "/".join(Path(run).parts[-2:]) if run else "",
    }


def _heading(compared: _Compared) -> dict[str, Any]:
    count, manifest = compared.replicates, compared.manifest
    quarters = sorted(q for q in compared.differences["quarter"].unique() if q[:1].isdigit())
    span = f"{quarters[0]} to {quarters[-1]}" if quarters else "horizon not recorded"
    status = str(manifest.get("status") or "")
    questions = [entry["question"] for entry in compared.others if entry["question"]]
    others = words.listing([entry["title"] for entry in compared.others])
    _, warnings = notes_and_warnings(manifest)
    return {
        "title": f"{others}, against {compared.baseline['title']}",
        "question": questions[0] if len(set(questions)) == 1 else "",
        "about": f"Baseline {compared.baseline['label']}, {span}, {words.counted(count, 'replicate')} each",
        "trouble": "" if status in ("", "complete") else f"The comparison is marked {status!r}, not complete.",
        "pairing": "Replicates are paired: replicate by replicate, all scenarios share the luck that is "
        "not the "
        "policy's, so differences below are due to what the scenarios change.",
        "interval_note": interval_note(count, compared.with_behaviour),
        "final_words": "mean of the last four quarters",
        "compared": [
            [entry["label"], entry["title"], entry["question"], entry["run"]]
            for entry in (compared.baseline, *compared.others)
        ],
        "warnings": warnings,
        "provenance": provenance_rows(manifest),
    }


def interval_note(replicates: int, with_behaviour: bool) -> str:
    """Return what the intervals cover and what they leave out."""
    if replicates < 2:
        return "One replicate: there are no intervals, and a difference may be luck."
    few = f" With fewer than {ENOUGH} replicates they may reach beyond what is possible: run more."
    few = few if replicates < ENOUGH else ""
    if with_behaviour:
        return (
            f"95 % intervals over {replicates} paired replicates. The first interval is over luck only, "
            f"with behaviour "
            "at its central values; the interval marked 'with behaviour' also draws behaviour from the "
            "registry's "
            f"distributions, so it is usually wider.{few}"
        )
    return (
        f"95 % intervals are paired Student intervals over {replicates} replicates and cover luck only. "
        f"Doubt about "
        f"behaviour is not in them; the option --uncertainty adds it.{few}"
    )


def _scenario(table: pd.DataFrame, entry: dict[str, str]) -> dict[str, Any]:
    own = table[table["scenario"] == entry["label"]]
    rows = {(row["quarter"], row["metric"], row["group"]): row for row in own.to_dict("records")}
    nothing = ""
    if (own["difference"] == 0).all():
        nothing = "Every difference is exactly zero: both scenarios ran the same."

    def lines(when: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
        keys = [(when, metric, group) for metric, groups in chosen for group in groups]
        return [_line(rows[key], *key[1:]) for key in keys if key in rows]

    return {
        **entry,
        "final": lines("final", HEADLINES),
        "mean": lines("mean", HEADLINES),
        "total": lines("total", tuple((metric, ("",)) for metric in _TOTALS)),
        "nothing": nothing,
    }


def _line(row: Mapping[Hashable, Any], metric: str, group: str) -> str:
    known, where = fact(metric), group_words(group)
    noun = words.with_group(known.noun, where)
    unit = known.unit
    text = words.effect(noun, float(row["difference"]), float(row["low"]), float(row["high"]), unit)
    wide = words.interval(float(row["low_with_behaviour"]), float(row["high_with_behaviour"]), unit)
    if not wide:
        return text
    middle = words.difference(float(row["difference_with_behaviour"]), unit)
    return f"{text} With behaviour drawn: {middle} ({wide})."


def _forest(compared: _Compared, titles: dict[str, str]) -> Picture:
    effects = relative_effects(compared.differences, "final")
    effects = effects[effects["group"].isin(_FOREST_GROUPS)]
    keys = effects[["metric", "group"]].drop_duplicates()
    if len(keys) > _FOREST_ROWS:
        effects = effects[effects["group"] == ""]
    order = {theme: i for i, theme in enumerate(THEMES)}
    effects = effects.sort_values(
        by=["theme", "metric", "group"],
        key=lambda column: column.map(order).fillna(99) if column.name == "theme" else column,
        kind="stable",
    )
    sure = effects[(effects["low"] > 0) | (effects["high"] < 0)]
    caption = (
        f"Difference from the baseline over the last four quarters, in percent of the baseline. Filled "
        f"dots: the 95 % "
        f"interval leaves out zero ({len(sure)} of {len(effects)} rows); open dots: it does not, or the "
        f"difference is "
        "zero. Metrics whose baseline is zero are left out; an arrow means beyond the axis."
    )
    if compared.replicates < 2:
        caption = (
            "Difference from the baseline over the last four quarters, in percent of the baseline; one "
            "replicate, so "
            "no intervals. Metrics whose baseline is zero are left out."
        )
    largest = effects.reindex(effects["effect"].abs().sort_values(ascending=False, kind="stable").index).head(3)
    told = [f"{row['label']} {row['effect']:+.1f} %" for _, row in largest.iterrows()]
    alt = f"Forest plot of effects by theme. Largest: {words.listing(told)}." if told else "No relative effects."
    figure = figures.forest(effects, titles, compared.replicates)
    return save_figure(figure, compared.folder / "figures", "effects", caption, alt)


def _paths(compared: _Compared, titles: dict[str, str]) -> list[Picture]:
    table = compared.differences
    held = set(zip(table["metric"], table["group"], strict=True))
    pictures: list[Picture] = []
    for metric, groups in HEADLINES:
        group = next((group for group in reversed(groups) if (metric, group) in held), None)
        if group is None or len(pictures) == _PATHS:
            continue
        if metric.startswith("spending.payer"):
            continue
        name = f"path_{metric.replace('.', '_')}"
        lines = []
        for entry in compared.others:
            row = table[
                (table["scenario"] == entry["label"])
                & (table["metric"] == metric)
                & (table["group"] == group)
                & (table["quarter"] == "final")
            ]
            if len(row):
                lines.append(f"{entry['title']}: {_line(row.iloc[0].to_dict(), metric, group)}")
        band = " Bands: 95 % intervals of the paired difference." if compared.replicates > 1 else ""
        caption = " ".join(lines) + band
        alt = f"Paths of {fact(metric).noun} by scenario and their differences. {' '.join(lines)}"
        figure = figures.difference_paths(table, metric, group, titles)
        pictures.append(save_figure(figure, compared.folder / "figures", name, caption.strip(), alt.strip()))
    return pictures


_WHEN = {"final": "end", "mean": "mean", "total": "total"}


def _rows(table: pd.DataFrame) -> list[list[str]]:
    chosen = table[table["quarter"].isin(_WHEN)]
    rows = []
    for row in chosen.to_dict("records"):
        unit = fact(str(row["metric"])).unit
        short = unit if words.kind_of_unit(unit) != "plain" else ""
        spans = [
            words.between(float(row[low]), float(row[high]), unit)
            for low, high in (("low", "high"), ("low_simultaneous", "high_simultaneous"))
        ]
        rows.append(
            [
                str(row["scenario"]),
                str(row["metric"]),
                group_words(str(row["group"])),
                _WHEN[str(row["quarter"])],
                words.amount(float(row["baseline"]), short),
                words.difference(float(row["difference"]), short),
                *spans,
            ]
        )
    return rows
