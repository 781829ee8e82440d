"""The report of a comparison: what a policy does, through which mechanism, to budgets, organisations and places."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from oncsim.reports import figures, words
from oncsim.reports.budget import YEAR_HEADS, budget_section
from oncsim.reports.chain import chain_rows, chain_sentences
from oncsim.reports.compared import Compared, Told, moved, negligible, read_comparison, survives, unit_of, years_of
from oncsim.reports.figures.forest import relative_effects
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.mechanism import headline_cells, in_short, lever
from oncsim.reports.metric_facts import THEMES, fact, group_words
from oncsim.reports.provenance import notes_and_warnings, provenance_rows
from oncsim.reports.rendering import Lines, Picture, save_figure, write_page
from oncsim.reports.sentences import cell_of
from oncsim.reports.winning import KIND_HEADS, ORGANIZATION_HEADS, ZONE_HEADS, winners_section

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


# Columns of the table of all policies: of these as many as fit, those that most policies move.
_POLICY_TABLE = (
    ("price.commercial_to_medicare", "", "Commercial over Medicare"),
    ("spending.margin_340b", "", "340B margin, a quarter"),
    ("finance.margin_practice", "", "Practices' margin"),
    ("finance.margin_system", "", "Systems' margin"),
    ("consolidation.acquisitions", "", "Acquisitions"),
    ("consolidation.closures", "", "Closures"),
    ("consolidation.share_oncologists_independent", "", "Independent oncologists"),
    ("consolidation.hopd_share_infusions", "", "Hospital infusions"),
    ("value_based.participants", "", "Value-based participants"),
    ("access.minutes_mean", "", "Travel"),
    ("access.minutes_mean", "rural=true", "Travel, rural"),
    ("access.untreated_share", "", "Untreated"),
    ("spending.total_per_patient", "", "Per patient"),
)
_POLICY_COLUMNS = 6


def write_compare_report(folder: Path) -> Path:
    """Write ``figures/`` and ``report.html`` into a comparison folder and return the path of the page.

    Raises
    ------
    InputError
        When the folder holds no table of differences or it cannot be read.
    """
    compared = read_comparison(Path(folder))
    table = compared.differences
    names = {entry["label"]: entry["title"] for entry in compared.others}
    paths = _paths(compared, {**names, "baseline": compared.baseline["title"]})
    context = {
        **_heading(compared),
        "scenarios": [_scenario(compared, entry, number) for number, entry in enumerate(compared.others)],
        **_policies(compared),
        "chain_heads": ["Step", "What", "Baseline", "Difference", compared.spread.capitalize(), "Detectable from"],
        "budget_heads": ["Who pays", "Baseline", "With the policy", "Difference", "Interval", "Percent", "Country, rough"],
        "year_heads": YEAR_HEADS,
        "organization_heads": ORGANIZATION_HEADS,
        "kind_heads": KIND_HEADS,
        "zone_heads": ZONE_HEADS,
        "forest": _forest(compared, names),
        "paths": [picture for picture, sure in paths if sure],
        "still_paths": [picture for picture, sure in paths if not sure],
        "heads": [
            "Scenario",
            "Metric",
            "Group",
            "When",
            "Baseline",
            "Difference",
            compared.spread,
            "Simultaneous",
        ],
        "rows": _rows(table),
        "numeric": [4, 5, 6, 7],
        "definitions": [fact(name) for name in sorted(table["metric"].unique())],
    }
    return write_page(compared.folder / "report.html", "compare.html.j2", context)


def policy_columns(compared: Compared) -> list[tuple[str, str, str]]:
    """Return the metrics of the table of all policies: those that most policies move, in the order of the chain."""
    tolds = [compared.of(entry["label"]) for entry in compared.others]

    def movers(metric: str, group: str) -> int:
        rows = [row for told in tolds if (row := told.row(metric, group)) is not None]
        return sum(1 + survives(row) for row in rows if moved(row) and not negligible(row)) if rows else -1

    count = {column: movers(*column[:2]) for column in _POLICY_TABLE}
    held = [column for column in _POLICY_TABLE if count[column] >= 0]
    chosen = sorted(held, key=lambda column: -count[column])[:_POLICY_COLUMNS]
    return [column for column in _POLICY_TABLE if column in chosen]


def _policies(compared: Compared) -> dict[str, Any]:
    """Return the table of all policies with its heads and a caution; no rows where only one is compared."""
    if len(compared.others) < 2:
        return {"policies": [], "policy_heads": [], "policy_note": ""}
    columns = policy_columns(compared)
    keys = [(metric, group) for metric, group, _ in columns]
    rows = []
    for entry in compared.others:
        told = compared.of(entry["label"])
        row = told.payments()
        money = cell_of(row, words.TOTAL, starred=True) if row is not None else words.NOT_AVAILABLE
        years = f"payments over {years_of(row)}" if row is not None else ""
        rows.append([Lines(entry["title"], years), *headline_cells(told, keys), money])
        if entry["force"] and (told.table["quarter"] == "in_force").any():
            first, last = entry["force"]
            name = Lines("the same in its last year in force", f"law {first} to {last}")
            rows.append([name, *headline_cells(told, keys, "in_force"), ""])
    heads = ["Policy", *(title for _, _, title in columns), "Payments"]
    return {"policies": rows, "policy_heads": heads, "policy_note": _policy_note(compared, rows)}


def _policy_note(compared: Compared, rows: list[list[Any]]) -> str:
    cells = [cell for row in rows for cell in row[1:] if isinstance(cell, Lines)]
    text = "The columns are the metrics that most of these policies move."
    if compared.few or compared.replicates < 2:
        return text
    text += f" Of {len(cells)} cells about {max(1, round(len(cells) / 20))} would be bold by chance alone if nothing moved."
    if compared.differences["low_simultaneous"].notna().any():
        text += " A star marks what stays detectable with simultaneous intervals, which hold for all that is compared."
    return text


def _heading(compared: Compared) -> dict[str, Any]:
    count, manifest = compared.replicates, compared.manifest
    quarters = sorted(q for q in compared.differences["quarter"].unique() if q[:1].isdigit())
    span = f"{quarters[0]} to {quarters[-1]}" if quarters else "horizon not recorded"
    status = str(manifest.get("status") or "")
    questions = [entry["question"] for entry in compared.others if entry["question"]]
    others = words.listing([entry["title"] for entry in compared.others])
    _, warnings = notes_and_warnings(manifest)
    return {
        "title": f"{others}" if len(compared.others) == 1 else f"{len(compared.others)} policies compared",
        "question": questions[0] if len(set(questions)) == 1 else "",
        "about": f"{_market(manifest)}{span}, {words.counted(count, 'replicate')} each. Baseline: "
        f"{compared.baseline['title']} ({compared.baseline['label']}).",
        "trouble": "" if status in ("", "complete") else f"The comparison is marked {status!r}, not complete.",
        "pairing": "Replicates are paired: replicate by replicate, all scenarios share the luck that is "
        "not the "
        "policy's, so differences below are due to what the scenarios change.",
        "interval_note": interval_note(count, compared.with_behaviour),
        "generated": compared.generated,
        "settings_differ": [f"Settings differ: {line}." for line in manifest.get("settings_differ") or []],
        "spread": compared.spread,
        "single": len(compared.others) == 1,
        "final_words": "mean of the last four quarters",
        "compared": [
            [entry["label"], entry["title"], entry["question"], entry["run"]]
            for entry in (compared.baseline, *compared.others)
        ],
        "warnings": warnings,
        "provenance": provenance_rows(manifest),
    }


def _market(manifest: Mapping[str, Any]) -> str:
    market = manifest.get("market")
    name = str(market.get("name") or "") if isinstance(market, dict) else ""
    return f"{name}, " if name else ""


def interval_note(replicates: int, with_behaviour: bool) -> str:
    """Return what the intervals cover and what they leave out."""
    if replicates < 2:
        return "One replicate: there are no intervals, and a difference may be luck."
    if replicates < ENOUGH:
        return (
            f"{replicates} replicates are too few for intervals: ranges go from the lowest to the highest paired "
            f"difference, and an effect is called detectable when all agree on its sign. Run {ENOUGH} or more, better 20."
        )
    if with_behaviour:
        return (
            f"95 % intervals over {replicates} paired replicates. The first interval is over luck only, "
            f"with behaviour "
            "at its central values; the interval marked 'with behaviour' also draws behaviour from the "
            "registry's "
            f"distributions, so it is usually wider."
        )
    return (
        f"95 % intervals are paired Student intervals over {replicates} replicates and cover luck only. "
        f"Doubt about "
        f"behaviour is not in them; the option --uncertainty adds it."
    )


def _scenario(compared: Compared, entry: dict[str, Any], number: int) -> dict[str, Any]:
    told = compared.of(entry["label"])
    rows = {(row["quarter"], row["metric"], row["group"]): row for row in told.table.to_dict("records")}

    def lines(when: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
        keys = [(when, metric, group) for metric, groups in chosen for group in groups]
        return [_line(rows[key], compared.spread, *key[1:]) for key in keys if key in rows]

    chain, left = chain_rows(told)
    end = str(compared.manifest.get("end") or "")
    return {
        **entry,
        "anchor": f"policy-{number + 1}",
        "nothing": told.nothing,
        "short": in_short(told, entry),
        "levers": [words.sentence(lever(one, end)) for one in entry["changes"] if one.get("kind") != "events"],
        "chain": chain,
        "chain_left": left,
        "chain_sentences": chain_sentences(told, entry),
        "budget": budget_section(told, entry),
        "budget_picture": _budget_picture(told, entry, number),
        "winners": winners_section(told),
        "map_picture": _map_picture(told, entry, number),
        "final": lines("final", HEADLINES),
        "mean": lines("mean", HEADLINES),
        "total": lines("total", tuple((metric, ("",)) for metric in _TOTALS)),
    }


def _budget_picture(told: Told, entry: dict[str, Any], number: int) -> Picture | None:
    table = told.part("budget")
    if table.empty:
        return None
    row = told.payments()
    text = "Payments with the policy less those of the baseline, by calendar year; all panels have one scale."
    if row is not None:
        size = words.difference(float(row["difference"]), words.TOTAL)
        text += f" Over {years_of(row)} together: {size}."
    name = "budget" if number == 0 else f"budget_{number + 1}"
    figure = figures.budget_by_year(table, told.compared.replicates)
    return save_figure(figure, told.compared.folder / "figures", name, text, f"Bar charts by payer and year. {text}")


def _map_picture(told: Told, entry: dict[str, Any], number: int) -> Picture | None:
    table, zones = told.part("winners"), told.compared.zones
    table = table[table["of"] == "zone"] if len(table) else table
    if table.empty or zones.empty:
        return None
    year = str(told.compared.manifest.get("winners_year") or "the last year")
    text = (
        f"Zones in {year}, with the policy less the baseline. Area of a circle: people living there. Blue: less, orange: "
        "more; zero is in the middle of the scale, which ends where 98 % of people lie within. Hollow circles: no "
        f"{'difference' if told.compared.replicates < 2 else 'detectable difference'}."
    )
    if not told.compared.plane and figures.beyond_contiguous(zones):
        text += " The contiguous states only; Alaska and Hawaii are in the tables."
    name = "winners_map" if number == 0 else f"winners_map_{number + 1}"
    figure = figures.zone_effects(zones, table, told.compared.plane)
    return save_figure(figure, told.compared.folder / "figures", name, text, f"Map of zones. {text}")


def _line(row: Mapping[Hashable, Any], spread: str, metric: str, group: str) -> str:
    known, where = fact(metric), group_words(group)
    noun = words.with_group(known.noun, where)
    unit = unit_of(row)
    text = words.effect(noun, float(row["difference"]), float(row["low"]), float(row["high"]), unit, spread)
    wide = words.interval(float(row["low_with_behaviour"]), float(row["high_with_behaviour"]), unit)
    if not wide:
        return text
    middle = words.difference(float(row["difference_with_behaviour"]), unit)
    return f"{text} With behaviour drawn: {middle} ({wide})."


def _forest(compared: Compared, titles: dict[str, str]) -> Picture:
    # What counts events is summed over the horizon: four quarters hold too few of them.
    table = compared.differences
    counts = table["metric"].map(lambda name: fact(str(name)).counts).astype(bool)
    held = set(table.loc[counts & (table["quarter"] == "total"), "metric"])
    summed = table["metric"].isin(held)
    chosen = table[(summed & (table["quarter"] == "total")) | (~summed & (table["quarter"] == "final"))]
    effects = relative_effects(chosen.assign(quarter="final"), "final")
    effects = effects[effects["group"].isin(_FOREST_GROUPS) & ~effects["metric"].map(_near_zero).astype(bool)]
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
        f"Difference from the baseline over the last four quarters (counts: over the whole horizon), "
        f"in percent of the baseline. Filled dots: the {compared.spread} "
        f"leaves out zero ({len(sure)} of {len(effects)} rows); open dots: it does not, or the "
        f"difference is "
        "zero. Margins and gains, which lie about zero, and metrics whose baseline is zero are left out; an arrow means "
        "beyond the axis."
    )
    if compared.replicates < 2:
        caption = (
            "Difference from the baseline over the last four quarters, in percent of the baseline; one "
            "replicate, so "
            "no intervals. Margins and gains, and metrics whose baseline is zero, are left out."
        )
    largest = effects.reindex(effects["effect"].abs().sort_values(ascending=False, kind="stable").index).head(3)
    told = [f"{row['label']} {row['effect']:+.1f} %" for _, row in largest.iterrows()]
    alt = f"Forest plot of effects by theme. Largest: {words.listing(told)}." if told else "No relative effects."
    figure = figures.forest(effects, titles, compared.replicates, compared.spread)
    return save_figure(figure, compared.folder / "figures", "effects", caption, alt)


def _near_zero(metric: str) -> bool:
    """Return whether the level of a metric may lie about zero, so that a percentage of it says nothing."""
    return str(metric).startswith(("finance.margin", "incentive.", "value_based.net", "value_based.savings"))


def _paths(compared: Compared, titles: dict[str, str]) -> list[tuple[Picture, bool]]:
    """Return a figure a headline metric and whether any scenario moves it detectably at the end."""
    table = compared.differences
    held = set(zip(table["metric"], table["group"], strict=True))
    pictures: list[tuple[Picture, bool]] = []
    for metric, groups in HEADLINES:
        group = next((group for group in reversed(groups) if (metric, group) in held), None)
        if group is None or len(pictures) == _PATHS:
            continue
        if metric.startswith("spending.payer"):
            continue
        name = f"path_{metric.replace('.', '_')}"
        lines, sure = [], False
        for entry in compared.others:
            row = table[
                (table["scenario"] == entry["label"])
                & (table["metric"] == metric)
                & (table["group"] == group)
                & (table["quarter"] == "final")
            ]
            if len(row):
                sure = sure or moved(row.iloc[0].to_dict())
                line = _line(row.iloc[0].to_dict(), compared.spread, metric, group)
                lines.append(line if len(compared.others) == 1 else f"{entry['title']}: {line}")
        band = f" Bands: {compared.spread} of the paired difference." if compared.replicates > 1 else ""
        caption = " ".join(lines) + band
        alt = f"Paths of {fact(metric).noun} by scenario and their differences. {' '.join(lines)}"
        figure = figures.difference_paths(table, metric, group, titles)
        pictures.append((save_figure(figure, compared.folder / "figures", name, caption.strip(), alt.strip()), sure))
    return pictures


_WHEN = {"final": "end", "mean": "mean", "total": "total", "in_force": "in force"}


def _rows(table: pd.DataFrame) -> list[list[str]]:
    chosen = table[table["quarter"].isin(_WHEN)]
    rows = []
    for row in chosen.to_dict("records"):
        # A sum over the horizon is not "a quarter".
        unit = unit_of(row)
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
