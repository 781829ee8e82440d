"""The model beside published series: read from package data, compared with the years of a run, never fitted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import pandas as pd

from oncsim.reports import words
from oncsim.reports.reading import RunTables
from oncsim.reports.rendering import collection_paused, save_figure

NATION = "United States"
FEWEST_POINTS = 2  # a figure of fewer published points than this in the years of the run says nothing
TAKES = ("mean", "sum", "last", "cumulative")


@dataclass(frozen=True)
class Series:
    """One published series: values by year, how it is counted, and its source in the bibliography."""

    name: str
    points: dict[int, float]
    differs: str
    source: str


@dataclass(frozen=True)
class Compared:
    """One metric of the model and the series that are shown beside it."""

    panel: str
    title: str
    metric: str
    unit: str
    take: str
    nation: bool
    group: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Drawn:
    """What one panel shows: the model by year and, by name, the published points inside those years."""

    about: Compared
    model: pd.Series
    points: dict[str, dict[int, float]]


@lru_cache(maxsize=1)
def published_series() -> tuple[Compared, ...]:
    """Return every published series that comes with oncsim, by panel."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (files("oncsim.reports") / "data" / "published_series.yaml").read_text(encoding="utf-8")
    panels = []
    for entry in yaml.load(text, Loader=loader):
        series = tuple(
            Series(s["name"], {int(y): float(v) for y, v in s["points"].items()}, s["differs"], s["source"])
            for s in entry["series"]
        )
        about = {key: entry[key] for key in ("panel", "title", "metric", "unit", "take")}
        panels.append(
            Compared(**about, nation=bool(entry.get("nation", False)), group=entry.get("group", ""), series=series)
        )
    return tuple(panels)


def published_section(run: RunTables) -> dict[str, Any] | None:
    """Return what the report says of published series beside the run, or None where the years do not overlap.

    Returns
    -------
    dict or None
        ``picture``, ``rows`` (table: measure, series, year, published, model, how it is counted), ``agreement`` (a sentence
        a measure) and ``note``.
    """
    drawn = overlapping(run.metrics, nation=_is_nation(run))
    if sum(len(points) for panel in drawn for points in panel.points.values()) < FEWEST_POINTS:
        return None
    from oncsim.reports.figures.published import beside_published

    with collection_paused():
        picture = save_figure(
            beside_published(drawn), run.folder / "figures", "beside_published", _caption(drawn), _alt(drawn)
        )
    counts = (
        ""
        if _is_nation(run)
        else " The market is a part of the nation: only shares are compared, with the nation's, and places differ widely."
    )
    return {
        "picture": picture,
        "rows": _rows(drawn),
        "agreement": [agreement(panel) for panel in drawn],
        "note": "Published series of the same years stand beside the model. They are shown, not fitted: no parameter was "
        "set to bring the two together, and the published ones differ in what they count, from each other too." + counts,
    }


def _is_nation(run: RunTables) -> bool:
    market = run.manifest.get("market")
    return isinstance(market, dict) and market.get("name") == NATION


def overlapping(metrics: pd.DataFrame, nation: bool) -> list[Drawn]:
    """Return the panels with a published point in the years of the run.

    Parameters
    ----------
    metrics : pandas.DataFrame
        Columns replicate, quarter, metric, group, value; rows of the whole market.
    nation : bool
        Whether counts may be compared with those of the nation.
    """
    drawn = []
    for about in published_series():
        if about.nation and not nation:
            continue
        model = _by_year(metrics[(metrics["metric"] == about.metric) & (metrics["group"] == about.group)], about.take)
        points = {}
        for series in about.series:
            inside = {year: value for year, value in sorted(series.points.items()) if year in model.index}
            if about.take == "cumulative":
                # A count since the year the source begins with says nothing until a second year of it is known.
                inside = {y: v - inside[min(inside)] for y, v in inside.items()} if len(inside) > 1 else {}
            if inside:
                points[series.name] = inside
        if points:
            if about.take == "cumulative":
                begin = min(min(inside) for inside in points.values())
                model = model[model.index >= begin] - model[begin]
            drawn.append(Drawn(about, model, points))
    return drawn


def _by_year(rows: pd.DataFrame, take: str) -> pd.Series:
    """Return a metric by whole calendar year, mean over replicates; a year with a quarter missing is left out."""
    if rows.empty:
        return pd.Series(dtype=float)
    mean = rows.groupby("quarter", observed=True)["value"].mean()
    year = mean.index.astype(str).str[:4].astype(int)
    by_year = mean.groupby(year)
    whole = by_year.size() == 4
    found = by_year.last() if take == "last" else by_year.mean() if take == "mean" else by_year.sum()
    found = found[whole]
    return found.cumsum() if take == "cumulative" else found


def _rows(drawn: list[Drawn]) -> list[list[str]]:
    rows = []
    for panel in drawn:
        about = panel.about
        for series in about.series:
            for year, value in panel.points.get(series.name, {}).items():
                shown = [words.amount(number, about.unit) for number in (value, float(panel.model[year]))]
                rows.append([about.title, series.name, str(year), *shown, f"{series.differs} [{series.source}]"])
    return rows


def agreement(panel: Drawn) -> str:
    """Return one sentence: on which side of the published values the model lies, how far, and whether both move alike."""
    gaps, moves = [], []
    for points in panel.points.values():
        gaps += [
            float(panel.model[year]) - value for year, value in points.items() if panel.about.take != "cumulative" or value
        ]
        first, last = min(points), max(points)
        if first != last:
            moves.append((float(panel.model[last]) - float(panel.model[first])) * (points[last] - points[first]) > 0)
    below, above = sum(gap < 0 for gap in gaps), sum(gap > 0 for gap in gaps)
    side = "below" if below == len(gaps) else "above" if above == len(gaps) else ""
    count = words.counted(len(gaps), "published value")
    if side:
        near, far = sorted((min(map(abs, gaps)), max(map(abs, gaps))))
        told = [words.size(near, panel.about.unit), words.size(far, panel.about.unit)]
        span = told[0] if told[0] == told[1] else f"{told[0]} to {told[1]}"
        text = f"the model lies {side} {'all ' if len(gaps) > 1 else 'the '}{count}, by {span}"
    else:
        text = f"the model lies below {below} and above {above} of {count}"
    if moves:
        same = sum(moves)
        text += (
            "; where a series has two years, the model moves the same way"
            if same == len(moves)
            else "; where a series has two years, the model does not move the same way"
            if not same
            else f"; of series with two years, the model moves the same way as {same} of {len(moves)}"
        )
    return words.sentence(f"{panel.about.title}: {text}")


def _caption(drawn: list[Drawn]) -> str:
    count = sum(len(points) for panel in drawn for points in panel.points.values())
    return (
        f"The model (line, by year) beside {count} published values (marks), in {words.counted(len(drawn), 'measure')}. "
        "Shown, not fitted. Dotted lines join values of one source and say nothing of the years between."
    )


def _alt(drawn: list[Drawn]) -> str:
    parts = []
    for panel in drawn:
        first, last = panel.model.index[0], panel.model.index[-1]
        values = [words.amount(float(panel.model[year]), panel.about.unit) for year in (first, last)]
        parts.append(f"{panel.about.title}: model {values[0]} in {first} to {values[1]} in {last}")
    return "; ".join(parts) + "."
