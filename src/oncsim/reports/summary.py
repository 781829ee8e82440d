"""The main numbers of a run and the paragraph that opens its report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from oncsim.reports import words
from oncsim.reports.intervals import ENOUGH, first_and_last_year, years_of
from oncsim.reports.metric_facts import MetricFact, fact, group_words

# In order of importance; the first group that a run recorded stands for the metric.
HEADLINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("consolidation.hopd_share_infusions", ("",)),
    ("consolidation.share_oncologists_independent", ("",)),
    ("consolidation.hhi", ("market_type=hrr", "", "market_type=cbsa", "market_type=state")),
    ("access.minutes_mean", ("rural=true", "")),
    ("price.commercial_to_medicare", ("",)),
    ("spending.total_per_patient", ("",)),
    ("access.untreated_share", ("",)),
    ("consolidation.hhi_flow", ("",)),
)


@dataclass(frozen=True)
class Headline:
    """One number at the head of a report."""

    title: str
    first: str
    last: str
    years: tuple[str, str]
    change: str
    direction: str
    interval: str


def spread_name(row: dict[str, float]) -> str:
    """Return what ``low`` and ``high`` of a row of the summary are: an interval, or the range of a few."""
    return words.RANGE if row["values"] < ENOUGH else words.INTERVAL


class Summary:
    """First and last year of every metric, with sentences made from them.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value (one market).
    """

    def __init__(self, metrics: pd.DataFrame) -> None:
        names = sorted(metrics["metric"].astype(str).unique())
        self.facts: dict[str, MetricFact] = {name: fact(name) for name in names}
        counting = [name for name, known in self.facts.items() if known.counts]
        self.table = first_and_last_year(metrics, counting)
        self.few = int(metrics["replicate"].nunique()) < ENOUGH
        self.years = years_of(metrics["quarter"].astype(str).unique())

    def has(self, metric: str, group: str = "") -> bool:
        """Return whether the run recorded the metric and group with a finite value in its last year."""
        if (metric, group) not in self.table.index:
            return False
        return math.isfinite(self.row(metric, group)["last"])

    def row(self, metric: str, group: str = "") -> dict[str, float]:
        """Return first, last, change, low, high and total of a metric and group; NaN where it is missing."""
        if (metric, group) not in self.table.index:
            return dict.fromkeys(map(str, self.table.columns), math.nan)
        row: Any = self.table.loc[(metric, group)]
        return {str(key): float(value) for key, value in row.items()}

    def moved(self, metric: str, group: str = "", noun: str = "") -> str:
        """Return one clause on how a metric moved from the first to the last year."""
        known, row = self.facts.get(metric) or fact(metric), self.row(metric, group)
        where = group_words(group)
        noun = noun or words.with_group(known.noun, where)
        ends = (row["first"], row["last"])
        return words.moved(noun, *ends, known.unit, self.years, row["low"], row["high"], spread_name(row))

    def group_of(self, metric: str, groups: tuple[str, ...]) -> str | None:
        """Return the first of the groups that the run recorded."""
        return next((group for group in groups if self.has(metric, group)), None)

    def headlines(self, most: int = 6) -> list[Headline]:
        """Return the main numbers, at most ``most``."""
        found: list[Headline] = []
        for metric, groups in HEADLINES:
            group = self.group_of(metric, groups)
            if group is None or len(found) == most:
                continue
            known, row, where = self.facts[metric], self.row(metric, group), group_words(group)
            short = known.unit.removesuffix(" per quarter")
            one_year = self.years[0] == self.years[1]
            found.append(
                Headline(
                    title=known.title + (f", {where}" if where else ""),
                    first=words.amount(row["first"], short),
                    last=words.amount(row["last"], short),
                    years=self.years,
                    change="" if one_year else words.difference(row["change"], short),
                    direction="" if one_year else words.direction(row["first"], row["last"], short),
                    interval=words.interval(row["low"], row["high"], short, spread_name(row)),
                )
            )
        return found

    def in_short(self, place: str) -> list[str]:
        """Return the opening paragraph as sentences."""
        start, end = self.years
        sentences = []
        when = f"in {start}" if start == end else f"from {start} to {end}"
        who = [
            self._brief("consolidation.hopd_share_infusions"),
            self._brief("consolidation.share_oncologists_independent"),
        ]
        told = [clause for clause in who if clause]
        if told:
            sentences.append(words.sentence(f"{place} {when}: {words.listing(told)}"))
        counts = self._deals()
        if counts:
            sentences.append(counts)
        travel = self._travel()
        if travel:
            sentences.append(travel)
        money = [self._brief("price.commercial_to_medicare"), self._brief("spending.total_per_patient")]
        told = [clause for clause in money if clause]
        if told:
            sentences.append(words.sentence(words.listing(told)))
        return sentences or [f"{place} {when}: none of the main metrics was recorded."]

    def _brief(self, metric: str, group: str = "") -> str:
        """Return a clause without years: ``X rose from a to b``."""
        if not self.has(metric, group):
            return ""
        known, row = self.facts[metric], self.row(metric, group)
        last = words.amount(row["last"], known.unit)
        verb = words.direction(row["first"], row["last"], known.unit)
        if self.years[0] == self.years[1] or not math.isfinite(row["first"]):
            return f"{known.noun} stood at {last}"
        if verb in ("did not change", "hardly changed"):
            return f"{known.noun} {verb} ({last})"
        return f"{known.noun} {verb} from {words.amount(row['first'], known.unit)} to {last}"

    def _deals(self) -> str:
        pieces = []
        for metric, one, many in (
            ("consolidation.acquisitions", "acquisition", "acquisitions"),
            ("consolidation.divestitures", "divestiture", "divestitures"),
            ("consolidation.closures", "closure", "closures"),
            ("consolidation.network_joins", "network join", "network joins"),
        ):
            total = self.row(metric)["total"]
            if math.isfinite(total):
                pieces.append(words.counted(round(total, 1), one, many))
        if not pieces:
            return ""
        several = self.row("consolidation.acquisitions")["replicates"] > 1
        return words.sentence(f"there were {words.listing(pieces)}{' (mean over replicates)' if several else ''}")

    def _travel(self) -> str:
        rural, metro = (self.row("access.minutes_mean", f"rural={flag}")["last"] for flag in ("true", "false"))
        if math.isfinite(rural) and math.isfinite(metro) and metro > 0:
            return (
                f"In {self.years[1]} patients in rural zones travelled {words.amount(rural, 'minutes')} "
                f"one way to care, "
                f"{words.plain(rural / metro)} times the {words.amount(metro, 'minutes')} of metropolitan "
                f"zones."
            )
        clause = self._brief("access.minutes_mean")
        return words.sentence(clause) if clause else ""
