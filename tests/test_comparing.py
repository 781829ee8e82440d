"""Comparing: exact where it must be, the textbook interval where there is luck, and refusals."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

sys.path.append(str(Path(__file__).parent / "results"))
from fake_model import FakeParameters, FakeScenario, fake_market

from oncsim import replicates, running
from oncsim.calendar import Quarter
from oncsim.comparing import compare, open_comparison, pairing
from oncsim.comparing.differences import COLUMNS, DRAWN_COLUMNS, SUMMED, differences, paired
from oncsim.comparing.pairing import unique_labels
from oncsim.errors import InputError

BASE = FakeScenario(id="base")
OTHER = FakeScenario(id="other", parameters=FakeParameters(10.0))
COST = "spending.total_per_patient"


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicates, "MODEL", "fake_model:FakeModel")
    monkeypatch.setattr(running, "build", lambda scenario: fake_market())
    monkeypatch.setattr(pairing, "build", lambda scenario: fake_market())


def go(out: Path | None, *scenarios: FakeScenario, n: int = 4, **options):
    return compare(list(scenarios), n, out=out, report=False, **options)


def row(table: pd.DataFrame, quarter: str, metric: str = COST, group: str = "") -> pd.Series:
    found = table[(table["quarter"] == quarter) & (table["metric"] == metric) & (table["group"] == group)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_scenario_compared_with_itself_is_exactly_zero(tmp_path: Path) -> None:
    table = go(tmp_path, BASE, BASE, FakeScenario(id="twin")).differences
    assert set(table["scenario"]) == {"base#2", "twin"}
    for column in ("difference", "low", "high", "low_simultaneous", "high_simultaneous", "sd"):
        assert (table[column] == 0.0).all(), column
    assert (table["baseline"] == table["other"]).all()


def test_difference_is_the_mean_of_the_pairs(tmp_path: Path) -> None:
    done = go(tmp_path, BASE, OTHER)
    base, other = (run.metrics for run in done.runs.values())
    for quarter in ("2026Q1", "2028Q4"):
        each = [
            f[(f["metric"] == COST) & (f["quarter"] == quarter)].sort_values("replicate")["value"].to_numpy()
            for f in (base, other)
        ]
        found = row(done.differences, quarter)
        test = stats.ttest_rel(each[1], each[0]).confidence_interval(0.95)
        assert found["difference"] == pytest.approx((each[1] - each[0]).mean())
        assert (found["low"], found["high"]) == pytest.approx((test.low, test.high))
        assert found["replicates"] == 4
        apart = np.hypot(each[0].std(ddof=1), each[1].std(ddof=1))
        assert found["se_ratio"] == pytest.approx((each[1] - each[0]).std(ddof=1) / apart)


def test_pairing_helps_where_luck_is_shared(tmp_path: Path) -> None:
    assert row(go(tmp_path, BASE, OTHER, n=8).differences, "mean")["se_ratio"] < 0.5


def test_summaries_over_quarters_agree_with_the_quarters(tmp_path: Path) -> None:
    table = go(tmp_path, BASE, OTHER).differences
    quarters = table[table["metric"].eq(COST) & table["quarter"].str.match(r"\d{4}Q\d")]
    assert row(table, "mean")["difference"] == pytest.approx(quarters["difference"].mean())
    assert row(table, "final")["difference"] == pytest.approx(quarters["difference"].iloc[-4:].mean())
    total = table[table["quarter"] == "total"]
    assert set(total["metric"]) == {"consolidation.acquisitions"} == set(table["metric"]) & SUMMED
    assert row(table, "total", "consolidation.acquisitions")["baseline"] == 12.0


def test_simultaneous_intervals_share_the_error_among_the_rows(tmp_path: Path) -> None:
    done = go(tmp_path, BASE, OTHER)
    final = done.differences[done.differences["quarter"] == "final"]
    found = row(done.differences, "final")
    each = found["sd"] / 2.0
    half = stats.t.ppf(1 - 0.025 / len(final), 3) * each
    assert found["high_simultaneous"] - found["difference"] == pytest.approx(half)
    moved = done.differences[done.differences["sd"] > 0]
    assert (moved["low_simultaneous"] < moved["low"]).all()
    assert (moved["high_simultaneous"] > moved["high"]).all()


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    luck = np.random.default_rng(7)
    base = luck.normal(size=(4000, 8))
    other = base + luck.normal(0.5, 0.3, size=base.shape)
    found = paired(base, other, comparisons=20)
    inside = (found["low"] <= 0.5) & (found["high"] >= 0.5)
    wide = (found["low_simultaneous"] <= 0.5) & (found["high_simultaneous"] >= 0.5)
    assert inside.mean() == pytest.approx(0.95, abs=0.015)
    assert wide.mean() == pytest.approx(1 - 0.05 / 20, abs=0.004)


def test_one_replicate_has_no_interval(tmp_path: Path) -> None:
    table = go(tmp_path, BASE, OTHER, n=1).differences
    assert table["difference"].notna().all()
    assert table[["low", "high", "low_simultaneous", "high_simultaneous", "sd"]].isna().all(axis=None)


def test_missing_pairs_are_left_out_and_missing_counts_are_none() -> None:
    def frame(rows: list[tuple[int, str, float]]) -> pd.DataFrame:
        columns = ["replicate", "metric", "value"]
        return pd.DataFrame(rows, columns=columns).assign(quarter="2026Q1", group="")

    count = "consolidation.closures"
    a = frame([(0, "x", 1.0), (1, "x", 2.0), (2, "x", np.nan), (0, count, 1.0)])
    b = frame([(0, "x", 2.0), (1, "x", 2.0), (2, "x", 5.0), (0, "only", 1.0)])
    table = differences([a, b], ["a", "b"])
    assert list(table.columns) == list(COLUMNS)
    x = row(table, "2026Q1", "x")
    assert (x["difference"], x["replicates"]) == (0.5, 2)
    closures = row(table, "2026Q1", count)
    assert (closures["baseline"], closures["other"], closures["replicates"]) == (pytest.approx(1 / 3), 0.0, 3)
    only = row(table, "2026Q1", "only")
    assert (only["replicates"], np.isnan(only["difference"])) == (0, True)


def test_complete_runs_and_comparisons_are_used_again(tmp_path: Path) -> None:
    running.run(BASE, 4, out=tmp_path, report=False)
    stamp = next((tmp_path / "base").glob("*/metrics.parquet")).stat().st_mtime_ns
    first = go(tmp_path, BASE, OTHER)
    assert next((tmp_path / "base").glob("*/metrics.parquet")).stat().st_mtime_ns == stamp
    assert not first.reused and go(tmp_path, BASE, OTHER).reused
    assert open_comparison(first.folder).labels == ["base", "other"]
    assert go(tmp_path, BASE, OTHER, force=True).folder == first.folder
    assert not list(tmp_path.rglob("*.part"))


def test_uncertainty_reports_both_intervals_and_leaves_the_first_alone(tmp_path: Path) -> None:
    plain = go(tmp_path, BASE, OTHER, n=6).differences
    both = go(tmp_path, BASE, OTHER, n=6, uncertainty=True).differences
    assert list(both.columns) == [*COLUMNS, *DRAWN_COLUMNS]
    pd.testing.assert_frame_equal(both[list(COLUMNS)], plain)
    found = row(both, "mean")
    wide = found["high_with_behaviour"] - found["low_with_behaviour"]
    assert wide > 2 * (found["high"] - found["low"])
    assert found["range_low_with_behaviour"] < found["difference_with_behaviour"] < found["range_high_with_behaviour"]


def test_behaviour_is_drawn_alike_on_both_sides(tmp_path: Path) -> None:
    one, same = (FakeScenario(id=name, parameters=FakeParameters(10.0)) for name in ("one", "same"))
    table = go(tmp_path, one, same, n=2, uncertainty=True).differences
    assert (table["difference_with_behaviour"] == 0.0).all()


def test_listed_metrics_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oncsim.metrics", SimpleNamespace(METRICS={COST: None}))
    done = go(tmp_path, BASE, OTHER, metrics=[COST])
    assert set(done.differences["metric"]) == {COST}
    wide, narrow = (row(c.differences, "final") for c in (go(tmp_path, BASE, OTHER), done))
    assert narrow["high_simultaneous"] < wide["high_simultaneous"]
    with pytest.raises(InputError, match=r"--metric: no metric 'spending.total_per_patent' .*did you mean"):
        go(tmp_path, BASE, OTHER, metrics=["spending.total_per_patent"])


def test_csv_reads_back_alike(tmp_path: Path) -> None:
    parquet = go(tmp_path, BASE, OTHER).differences
    csv = go(tmp_path, BASE, OTHER, format="csv").differences
    pd.testing.assert_frame_equal(parquet, csv)


def test_what_differs_in_more_than_policy_is_refused(tmp_path: Path) -> None:
    late = dataclasses.replace(OTHER, end=Quarter(2027, 4), id="late")
    elsewhere = dataclasses.replace(OTHER, market="elsewhere", id="elsewhere")
    with pytest.raises(InputError) as caught:
        go(tmp_path, BASE, late, elsewhere)
    assert [str(fault) for fault in caught.value.faults] == [
        "elsewhere: market: differs from the market of base (compare needs one market)",
        "late: horizon: 2026Q1 to 2027Q4 differs from 2026Q1 to 2028Q4 of base (compare needs one horizon; "
        "--until gives both the same end)",
    ]
    assert not any(tmp_path.iterdir())
    assert go(tmp_path, BASE, late, until="2027Q1").manifest["end"] == "2027Q1"
    with pytest.raises(InputError, match="give a baseline and at least one other"):
        go(tmp_path, BASE)


def test_labels_are_told_apart() -> None:
    assert unique_labels(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]


def test_kept_in_memory_leaves_no_folder() -> None:
    done = go(None, BASE, OTHER, n=2)
    folder = done.folder
    assert len(done.differences) and len(done.runs["base"].metrics)
    del done
    assert not folder.exists()


def test_the_last_year_in_force_is_the_mean_of_its_quarters_and_events_are_summed() -> None:
    quarters = [f"{2026 + i // 4}Q{1 + i % 4}" for i in range(16)]
    rows = [
        (replicate, quarter, metric, "", (1.0 + replicate) * i * effect)
        for replicate in range(3)
        for i, quarter in enumerate(quarters)
        for metric, effect in ((COST, 1.0), ("consolidation.acquisitions", 2.0))
    ]
    base = pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "group", "value"])
    other = base.assign(value=2 * base["value"])
    table = differences([base, other], ["a", "b"], force=[("2027Q2", "2028Q3")])
    assert row(table, "in_force")["difference"] == pytest.approx(2.0 * np.mean([7, 8, 9, 10]))
    assert row(table, "in_force", "consolidation.acquisitions")["difference"] == pytest.approx(4.0 * sum(range(5, 11)))
    assert "in_force" not in set(differences([base, other], ["a", "b"])["quarter"])


def test_settings_that_differ_are_warned_of(tmp_path: Path) -> None:
    whole = dataclasses.replace(OTHER, settings=SimpleNamespace(replicates=1, patients="integer", settle_quarters=8))
    base = dataclasses.replace(BASE, settings=SimpleNamespace(replicates=2, patients="expected", settle_quarters=8))
    (said,) = pairing.setting_warnings([base, whole], ["base", "other"])
    assert said.startswith("settings.patients is integer in other and expected in base")
    done = go(tmp_path, base, whole)
    assert said in done.manifest["warnings"] and done.manifest["settings_differ"] == [said]
    assert not go(tmp_path / "alike", BASE, OTHER).manifest["settings_differ"]
