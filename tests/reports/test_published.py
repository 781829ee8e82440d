"""Published series beside the model: which are shown, how a year is made, and that nothing is shown without overlap."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from oncsim.metrics.registry import METRICS
from oncsim.parameters.registry import load_registry
from oncsim.reports.figures.published import beside_published
from oncsim.reports.figures.style import to_bytes
from oncsim.reports.html import write_report
from oncsim.reports.published import (
    TAKES,
    Compared,
    Drawn,
    agreement,
    overlapping,
    published_section,
    published_series,
)
from oncsim.reports.reading import read_run
from reports.sample_run import sample_tables, write_sample_run

SHARE, ACQUISITIONS = "consolidation.hopd_share_infusions", "consolidation.acquisitions"


def metrics(first: int, last: int, replicates: int = 2, **values: float) -> pd.DataFrame:
    """Return rows of metrics that rise by a tenth of their value each year; replicates lie round it."""
    rows = []
    for year in range(first, last + 1):
        for quarter in range(1, 5):
            for replicate in range(replicates):
                for name, value in {SHARE: 0.2, ACQUISITIONS: 4.0, **values}.items():
                    level = value * (1 + 0.1 * (year - first)) * (1 + 0.1 * (replicate - (replicates - 1) / 2))
                    rows.append((replicate, f"{year}Q{quarter}", name, "all", "", level))
    return pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "market", "group", "value"])


def panel(name: str) -> Compared:
    return next(compared for compared in published_series() if compared.panel == name)


def test_every_series_names_a_metric_of_the_model_and_a_source_of_the_bibliography() -> None:
    sources = load_registry().sources
    for compared in published_series():
        assert compared.metric in METRICS
        assert compared.take in TAKES
        assert len({series.name for series in compared.series}) == len(compared.series)
        for series in compared.series:
            assert series.source in sources, series.source
            assert series.points
            assert series.differs
            if compared.unit == "share":
                assert all(0 < value < 1 for value in series.points.values())


def test_counts_are_compared_for_the_nation_alone() -> None:
    rows = metrics(2010, 2020)
    there = {drawn.about.panel for drawn in overlapping(rows, nation=True)}
    part = {drawn.about.panel for drawn in overlapping(rows, nation=False)}
    assert {"hospital_share", "acquisitions"} <= there
    assert "hospital_share" in part and "acquisitions" not in part


def test_only_years_of_the_run_are_shown() -> None:
    shown = overlapping(metrics(2011, 2012), nation=True)
    hospital = next(drawn for drawn in shown if drawn.about.panel == "hospital_share")
    assert hospital.points == {"Medicare administration procedures": {2011: 0.33}}
    assert overlapping(metrics(2027, 2030), nation=True) == []


def test_a_year_is_the_mean_of_its_quarters_over_replicates_and_a_part_of_a_year_is_none() -> None:
    rows = metrics(2010, 2014)
    hospital = next(d for d in overlapping(rows, nation=False) if d.about.panel == "hospital_share")
    assert hospital.model.loc[2014] == pytest.approx(0.28)
    cut = rows[rows["quarter"] != "2014Q4"]
    hospital = next(d for d in overlapping(cut, nation=False) if d.about.panel == "hospital_share")
    assert list(hospital.model.index) == [2010, 2011, 2012, 2013]
    assert all(2014 not in points for points in hospital.points.values())


def test_cumulative_counts_begin_with_the_first_published_year_of_the_run() -> None:
    drawn = next(d for d in overlapping(metrics(2010, 2018), nation=True) if d.about.panel == "acquisitions")
    published = panel("acquisitions").series[0].points
    assert drawn.points[panel("acquisitions").series[0].name] == {
        year: published[year] - published[2011] for year in (2011, 2016, 2017)
    }
    assert drawn.model.loc[2011] == 0
    yearly = [16.0 * (1 + 0.1 * (year - 2010)) for year in range(2012, 2017)]
    assert drawn.model.loc[2016] == pytest.approx(sum(yearly))


def test_a_report_has_the_section_where_years_overlap_and_only_there(tmp_path: Path) -> None:
    past, future = tmp_path / "past", tmp_path / "future"
    write_sample_run(past, sample_tables(start="2012Q1", end="2016Q4"))
    write_sample_run(future)
    section = published_section(read_run(past))
    assert section is not None
    assert {row[0] for row in section["rows"]} >= {"Hospital share of infusions"}
    assert "not fitted" in section["note"]
    assert (past / "figures" / "beside_published.png").is_file()
    assert published_section(read_run(future)) is None
    text = write_report(past).read_text(encoding="utf-8")
    assert "The model beside published series" in text
    assert "figure-beside_published" in text
    assert "The model beside published series" not in write_report(future).read_text(encoding="utf-8")


def test_the_figure_is_the_same_every_time() -> None:
    drawn = overlapping(metrics(2010, 2020), nation=True)
    assert to_bytes(beside_published(drawn), "png") == to_bytes(beside_published(drawn), "png")
    assert len(to_bytes(beside_published([]), "png")) > 0


def test_where_the_model_lies_and_whether_it_moves_alike_is_said() -> None:
    about = panel("hospital_share")
    model = pd.Series({2014: 0.20, 2020: 0.18})
    apart = Drawn(about, model, {"one": {2014: 0.41, 2020: 0.51}, "two": {2014: 0.30}})
    assert agreement(apart) == (
        "Hospital share of infusions: the model lies below all 3 published values, by 10.0 percentage points to "
        "33.0 percentage points; where a series has two years, the model does not move the same way."
    )
    close = Drawn(about, pd.Series({2014: 0.40, 2020: 0.52}), {"one": {2014: 0.41, 2020: 0.51}})
    assert agreement(close) == (
        "Hospital share of infusions: the model lies below 1 and above 1 of 2 published values; where a series has two "
        "years, the model moves the same way."
    )
    one = Drawn(about, model, {"two": {2014: 0.1}})
    assert agreement(one) == (
        "Hospital share of infusions: the model lies above the 1 published value, by 10.0 percentage points."
    )
