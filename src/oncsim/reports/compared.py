"""A comparison folder as the report reads it, and what each difference amounts to in a word."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from oncsim.errors import Fault, InputError
from oncsim.reports import words
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.metric_facts import fact, group_words
from oncsim.reports.reading import read_manifest, read_table
from oncsim.results.ground import on_a_plane

Row = Mapping[Hashable, Any]
_NUMBERS = ["baseline", "other", "difference", "low", "high"]
_EXTREMES = ["lowest", "highest"]
_COLUMNS = [
    *("scenario", "quarter", "metric", "group", *_NUMBERS),
    *("low_simultaneous", "high_simultaneous", "replicates", *_EXTREMES),
]
_DRAWN = ["difference_with_behaviour", "low_with_behaviour", "high_with_behaviour"]
_WIDE = ["low_simultaneous", "high_simultaneous"]
_BUDGET = ["scenario", "year", "quarters", "payer", "component", "who", *_NUMBERS, *_WIDE, *_EXTREMES, "percent"]
_SPLIT = ["scenario", "year", "payer", "who", "part", "difference", "low", "high", *_EXTREMES]
_WINNERS = [
    *("scenario", "of", "id", "name", "kind", "status_baseline", "status_other", "measure"),
    *(*_NUMBERS, *_EXTREMES, "replicates"),
]
_ZONES = ["zone", "name", "lat", "lon", "population", "land_sqmi", "rural", "cases_per_year"]
_TEXT = {"scenario", "quarter", "metric", "group", "year", "payer", "component", "who", "part", "of", "id", "name", "kind"}
_TEXT |= {"status_baseline", "status_other", "measure", "zone"}

_GENERATED = {
    "embedded": "Providers are generated to published totals. Named cancer centers stand at their real place, but what they "
    "do is simulated too: nothing here is a statement about a real organisation.",
    "archetype": "Places and providers are made up for teaching: nothing here is a statement about a real organisation.",
    "composed": "Organisations are written out in the scenario: nothing here is a statement about a real organisation.",
}
LASTING = 4  # quarters in a row in which a difference must be detectable to have begun
RISES, FALLS, UNDETECTED, SAME, UNKNOWN = "rises", "falls", "no detectable change", "exactly the same", "not available"


@dataclass(frozen=True)
class Compared:
    """A comparison folder as read.

    Attributes
    ----------
    folder : Path
    manifest : dict
        Empty where there is none.
    differences, budget, split, winners, zones : pandas.DataFrame
        As in the folder; those an older comparison lacks are empty. With two to four replicates ``low`` and ``high``
        are the lowest and the highest single difference, as in the report of a run.
    baseline : dict
        Label, title, question and run of the baseline.
    others : list of dict
        The same of the others, and what the manifest says of their law.
    """

    folder: Path
    manifest: dict[str, Any]
    differences: pd.DataFrame
    budget: pd.DataFrame
    split: pd.DataFrame
    winners: pd.DataFrame
    zones: pd.DataFrame
    baseline: dict[str, Any]
    others: list[dict[str, Any]]

    @cached_property
    def replicates(self) -> int:
        """Pairs of replicates."""
        count = pd.to_numeric(self.differences["replicates"], errors="coerce").max()
        return int(count) if math.isfinite(float(count)) else 0

    @property
    def few(self) -> bool:
        """Whether there are too few replicates for intervals."""
        return 1 < self.replicates < ENOUGH

    @property
    def spread(self) -> str:
        """What ``low`` and ``high`` are: an interval or a range."""
        return words.RANGE if self.few else words.INTERVAL

    @property
    def with_behaviour(self) -> bool:
        """Whether behaviour was drawn too."""
        return bool(self.differences["low_with_behaviour"].notna().any())

    @property
    def plane(self) -> bool:
        """Whether the places of the market are invented, on a plane."""
        return on_a_plane(self.manifest.get("market"))

    @property
    def generated(self) -> str:
        """One sentence on providers that are generated; empty where the market comes from the user's files."""
        market = self.manifest.get("market")
        source = market.get("source") if isinstance(market, dict) else ""
        return _GENERATED.get(str(source), "")

    def of(self, label: str) -> Told:
        """Return what the comparison says of one scenario."""
        return Told(self, label)


class Told:
    """The differences of one scenario from the baseline, looked up by metric."""

    def __init__(self, compared: Compared, label: str) -> None:
        self.compared, self.label = compared, label
        own = compared.differences[compared.differences["scenario"] == label]
        self.table = own
        self._rows = {(r["quarter"], r["metric"], r["group"]): r for r in own.to_dict("records")}

    def row(self, metric: str, group: str = "", when: str = "") -> Row | None:
        """Return the row of a metric: over the horizon if it counts, else the mean of the last four quarters."""
        when = when or ("total" if fact(metric).counts else "final")
        return self._rows.get((when, metric, group))

    @cached_property
    def _quarterly(self) -> dict[tuple[str, str], list[Row]]:
        table = self.table[self.table["quarter"].str.fullmatch(r"\d{4}Q[1-4]")].sort_values("quarter", kind="stable")
        found: dict[tuple[str, str], list[Row]] = {}
        for row in table.to_dict("records"):
            found.setdefault((row["metric"], row["group"]), []).append(row)
        return found

    def onset(self, metric: str, group: str = "") -> str:
        """Return the first quarter of a year in which a metric differs detectably, the way it does at the end.

        Every one of :data:`LASTING` quarters must differ (fewer at the end of the horizon), so that one quarter of luck
        does not count. Empty for what counts events (a quarter holds too few), without intervals, or where there is none.
        """
        last = self.row(metric, group)
        if fact(metric).counts or last is None or self.compared.replicates < 2:
            return ""
        way = verdict(last)
        told = [verdict(row) == way for row in self._quarterly.get((metric, group), [])] if moved(last) else []
        start = _first_run(told)
        return "" if start is None else str(self._quarterly[metric, group][start]["quarter"])

    def passing(self, metric: str, group: str = "") -> Row | None:
        """Return the quarter of the largest difference within the years in which a metric differs detectably, or None."""
        rows = self._quarterly.get((metric, group), [])
        if fact(metric).counts or self.compared.replicates < 2:
            return None
        runs = []
        for way in (RISES, FALLS):
            told = [verdict(row) == way for row in rows]
            starts = [i for i in range(len(told) - LASTING + 1) if all(told[i : i + LASTING])]
            runs += [row for i in starts for row in rows[i : i + LASTING]]
        return max(runs, key=lambda row: abs(float(row["difference"])), default=None)

    @property
    def nothing(self) -> bool:
        """Whether every difference is exactly zero."""
        return bool((self.table["difference"].fillna(0.0) == 0).all())

    def part(self, name: str) -> pd.DataFrame:
        """Return the rows of ``budget``, ``split`` or ``winners`` that belong to the scenario."""
        table: pd.DataFrame = getattr(self.compared, name)
        return table[table["scenario"] == self.label]

    @cached_property
    def window(self) -> str:
        """The ten years (or fewer) from the start of the policy; empty without a budget."""
        years = [str(year) for year in self.part("budget")["year"].unique()] if len(self.compared.budget) else []
        return next((year for year in years if "-" in year), "")

    def payments(self, payer: str = "all", who: str = "both", year: str = "", component: str = "") -> Row | None:
        """Return one row of the budget, in the window if no year is given."""
        table = self.part("budget")
        chosen = table[
            (table["payer"] == payer)
            & (table["who"] == who)
            & (table["component"] == component)
            & (table["year"] == (year or self.window))
        ]
        return None if chosen.empty else chosen.iloc[0].to_dict()


def _first_run(told: list[bool]) -> int | None:
    """Return where the first run of :data:`LASTING` begins; a shorter one counts at the very end."""
    for start, yes in enumerate(told):
        if yes and all(told[start : start + LASTING]):
            return start
    return None


def verdict(row: Row | None) -> str:
    """Return :data:`RISES`, :data:`FALLS`, :data:`UNDETECTED`, :data:`SAME` or :data:`UNKNOWN`.

    A value rises or falls where its interval leaves out zero; with one replicate, where it differs at all.
    """
    if row is None or not math.isfinite(float(row["difference"])):
        return UNKNOWN
    value, low, high = (float(row[name]) for name in ("difference", "low", "high"))
    if value == 0 and not (low < 0 < high):
        return SAME
    if math.isfinite(low) and low <= 0 <= high:
        return UNDETECTED
    return RISES if value > 0 else FALLS


def moved(row: Row | None) -> bool:
    """Return whether a value rises or falls."""
    return verdict(row) in (RISES, FALLS)


def survives(row: Row) -> bool:
    """Return whether the simultaneous interval too leaves out zero: detectable among all that is compared."""
    low, high = (float(row.get(name, math.nan)) for name in _WIDE)
    return moved(row) and (low > 0 or high < 0)


def negligible(row: Row) -> bool:
    """Return whether a difference is too small to tell though pairing makes it detectable.

    Under a twentieth of a percentage point of a share, a thousandth of the level of anything else; sums of payments have
    their own place and are never too small.
    """
    name = str(row["metric"])
    if "unit" in row or name.startswith(("spending.payer", "spending.patient_total")):
        return False
    least = 5e-4 if words.kind_of_unit(fact(name).unit) == "share" else 1e-3 * abs(float(row["baseline"]))
    return abs(float(row["difference"])) < least


def noun(row: Row) -> str:
    """Return the metric of a row with its group, as it stands in a sentence."""
    if "noun" in row:
        return str(row["noun"])
    return words.with_group(fact(str(row["metric"])).noun, group_words(str(row["group"])))


def unit_of(row: Row) -> str:
    """Return the unit of a metric, without "per quarter" where the row is a sum over years."""
    unit = str(row.get("unit") or fact(str(row["metric"])).unit)
    return (
        unit.replace("dollars per quarter", words.TOTAL) if row.get("quarter") not in ("final", "mean", "in_force") else unit
    )


def years_of(row: Row) -> str:
    """Return the period of a row of the budget or its split, for a sentence."""
    return words.span_of_years(str(row["year"]))


def span_words(row: Row, unit: str, name: str) -> str:
    """Return `` (95 % interval -3 to -1)``, or an empty string where there is none."""
    span = words.interval(float(row["low"]), float(row["high"]), unit, name)
    return f" ({span})" if span else ""


def read_comparison(folder: Path) -> Compared:
    """Read what the report shows of a comparison folder.

    Raises
    ------
    InputError
        When the folder holds no table of differences or it cannot be read.
    """
    table = read_table(folder, "differences", [*_COLUMNS, *_DRAWN]) if folder.is_dir() else None
    if table is None or table.empty:
        what = "is empty" if table is not None else "is not there"
        message = f"this is not a comparison: the table of differences {what}"
        message += " (give a folder that oncsim compare wrote)"
        raise InputError([Fault(str(folder), 0, 0, "", message)])
    manifest = read_manifest(folder)
    entries = [_entry(item) for item in manifest.get("scenarios") or [] if isinstance(item, dict)]
    labels = list(dict.fromkeys(table["scenario"].astype(str)))
    known = {entry["label"]: entry for entry in entries}
    name = str(manifest.get("baseline") or (entries[0]["label"] if entries else "baseline"))
    count = pd.to_numeric(table["replicates"], errors="coerce").max()
    few = bool(1 < count < ENOUGH)

    def more(what: str, columns: list[str]) -> pd.DataFrame:
        found = read_table(folder, what, columns)
        return _typed(found, few) if found is not None else pd.DataFrame(columns=columns)

    return Compared(
        folder,
        manifest,
        _typed(table, few),
        more("budget", _BUDGET),
        more("split", _SPLIT),
        more("winners", _WINNERS),
        more("zones", _ZONES),
        known.get(name) or _entry({"label": name}),
        [known.get(label) or _entry({"label": label}) for label in labels],
    )


def _typed(table: pd.DataFrame, few: bool) -> pd.DataFrame:
    for column in table.columns:
        if column in _TEXT:
            text = table[column].astype(object)
            table[column] = text.where(text.notna(), "").astype(str)
        elif column != "rural":
            table[column] = pd.to_numeric(table[column], errors="coerce")
    if few and "lowest" in table and table["lowest"].notna().any():
        table["low"], table["high"] = table["lowest"], table["highest"]
        for column in ("low_simultaneous", "high_simultaneous"):
            if column in table:
                table[column] = math.nan
    return table


def _entry(item: dict[str, Any]) -> dict[str, Any]:
    label = str(item.get("label") or item.get("id") or "")
    run = str(item.get("run") or item.get("folder") or "")
    return {
        "label": label,
        "title": str(item.get("title") or label),
        "question": str(item.get("question") or ""),
        # Where folders are staged is of no use to a reader; the last two parts name scenario and run.
        "run": "/".join(Path(run).parts[-2:]) if run else "",
        "mechanism": str(item.get("mechanism") or ""),
        "changes": [one for one in item.get("changes") or [] if isinstance(one, dict)],
        "published": [one for one in item.get("published") or [] if isinstance(one, dict)],
        "begins": str(item.get("begins") or ""),
        "force": [str(quarter) for quarter in item.get("force") or []],
    }
