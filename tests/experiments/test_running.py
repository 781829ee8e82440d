"""Running an experiment: the same bytes whoever plays it, whatever interrupts it, however it grew."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pyarrow.parquet import read_schema

import oncsim
from oncsim.errors import InputError, RunError
from oncsim.experiments import running, work
from oncsim.experiments.reading import as_xarray, mean_paths, runs_table, samples_table, table_of
from oncsim.experiments.running import find, planned, prepare, run_experiment, state_of

from .small import bytes_of, edited, written


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Return an experiment file and the folder of its results, played without a stop in one process."""
    place = tmp_path_factory.mktemp("whole")
    file = written(place)
    yield file, run_experiment(file, place / "out").folder


def test_every_run_is_there_once_and_is_what_the_scenario_gives_by_itself(whole: tuple[Path, Path]) -> None:
    _, folder = whole
    runs = runs_table(folder)
    keys = list(zip(runs["scenario"], runs["sample"], runs["replicate"], strict=True))
    assert sorted(keys) == sorted((a, s, r) for a in ("law", "no_addon") for s in range(3) for r in range(2))
    metrics = table_of(folder, "metrics")
    last = metrics[
        (metrics["metric"] == "access.minutes_mean") & (metrics["quarter"] == "2026Q2") & (metrics["group"] == "")
    ]
    assert last["value"].tolist() == runs["minutes"].tolist()
    spending = metrics[(metrics["metric"] == "spending.total_per_patient") & (metrics["group"] == "")]
    mean = spending.groupby(["scenario", "sample", "replicate"], observed=True)["value"].mean()
    assert mean.tolist() == pytest.approx(runs["spending"].tolist(), rel=1e-12)


def test_without_uncertainty_replicates_are_those_of_a_run(tmp_path: Path) -> None:
    content = edited(uncertainties=None, design=None, scenarios=[edited()["scenarios"][0]])
    folder = run_experiment(written(tmp_path, content), tmp_path / "out").folder
    scenario = oncsim.load_scenario("rural_market", ["settings.settle_quarters=0", "horizon.end=2026Q2"])
    alone = oncsim.run(scenario, replicates=2, out=None).metrics
    alone = alone[(alone["metric"] == "access.minutes_mean") & (alone["market"] == "all") & (alone["group"] == "")]
    assert runs_table(folder)["minutes"].tolist() == alone[alone["quarter"].astype(str) == "2026Q2"]["value"].tolist()


def test_futures_differ_by_what_is_drawn_and_by_luck_of_their_own(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    _, folder = whole
    runs = runs_table(folder)
    assert runs.groupby("sample")["minutes"].first().nunique() == 3
    shared = edited(design={"method": "list", "futures": [F, {**F}], "luck": "shared"}, replicates=1)
    same = runs_table(run_experiment(written(tmp_path, shared), tmp_path / "a").folder)
    assert same["spending"].nunique() == 2  # two futures alike, on the same luck
    own = edited(
        design={"method": "list", "futures": [F, {**F}]}, replicates=1, horizon={"start": "2026Q1", "end": "2028Q4"}
    )
    apart = runs_table(run_experiment(written(tmp_path, own), tmp_path / "b").folder)
    assert apart["spending"].nunique() == 4


F = {"health_system.acquisition.optimism": 1.0, "choice.wait": -0.01}


@pytest.mark.slow
def test_workers_give_the_same_bytes(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    file, folder = whole
    other = run_experiment(file, tmp_path, workers=2).folder
    assert other.name == folder.name and bytes_of(other) == bytes_of(folder)


def test_shards_with_nothing_but_a_folder_give_the_same_bytes(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    file, folder = whole
    states = [run_experiment(file, tmp_path, shard=(i, 3)) for i in (3, 1, 2)]
    assert [state.complete for state in states] == [False, False, True]
    assert bytes_of(states[-1].folder) == bytes_of(folder)


def test_what_is_done_is_never_played_again(
    tmp_path: Path, whole: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, folder = whole
    copied = tmp_path / "experiments" / "small" / folder.name
    shutil.copytree(folder, copied)
    monkeypatch.setattr(work, "_play", _never)
    state = run_experiment(file, tmp_path)
    assert state.complete and state.folder == copied


def _never(*_: Any) -> None:
    raise AssertionError("played again")


@pytest.mark.parametrize("harm", ["marker", "file", "cut", "changed", "half"])
def test_what_was_lost_or_harmed_is_played_again(tmp_path: Path, whole: tuple[Path, Path], harm: str) -> None:
    file, folder = whole
    copied = tmp_path / "experiments" / "small" / folder.name
    shutil.copytree(folder, copied)
    victim = copied / "data" / "metrics" / "00-00002.parquet"
    if harm == "marker":
        (copied / "done" / "00-00002.json").unlink()
    elif harm == "file":
        victim.unlink()
    elif harm == "cut":
        victim.write_bytes(victim.read_bytes()[:-7])
    elif harm == "changed":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    else:
        (copied / "data" / "metrics" / ".00-00002.parquet.1.tmp").write_bytes(b"half")
        (copied / "done" / "00-00002.json").unlink()
    assert find(file, tmp_path) is not None
    assert run_experiment(file, tmp_path).complete
    assert bytes_of(copied) == bytes_of(folder)
    assert not list(copied.rglob(".*.tmp"))


def test_more_replicates_and_more_futures_add_to_what_is_there(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    file, folder = whole
    copied = tmp_path / "experiments" / "small" / folder.name
    shutil.copytree(folder, copied)
    before = bytes_of(copied)
    grown = run_experiment(file, tmp_path, replicates=3, blocks=2)
    assert (grown.samples, grown.replicates, grown.runs) == (6, 3, 36) and grown.complete
    after = bytes_of(copied)
    assert {name: after[name] for name in before} == before
    at_once = run_experiment(file, tmp_path / "once", replicates=3, blocks=2).folder
    pd.testing.assert_frame_equal(runs_table(copied), runs_table(at_once))
    assert len(samples_table(copied)) == 6


def test_interrupted_it_keeps_what_was_finished_and_goes_on(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    file, folder = whole

    def stop(state: running.State, seconds: float, played: int) -> None:
        if state.chunks_done == 3:
            raise KeyboardInterrupt

    with pytest.raises(running.Interrupted, match=r"interrupted: 6 of 12 runs are kept in .* the same command goes on"):
        run_experiment(file, tmp_path, progress=stop)
    begun = find(file, tmp_path)
    assert begun is not None and state_of(begun).done == 6
    assert json.loads((begun.ledger.folder / "manifest.json").read_text())["status"] == "interrupted"
    assert bytes_of(run_experiment(file, tmp_path).folder) == bytes_of(folder)


def test_the_folder_runs_again_by_itself(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    _, folder = whole
    copied = tmp_path / "elsewhere"
    shutil.copytree(folder, copied)
    again = run_experiment(copied / "experiment.yaml", tmp_path / "again")
    assert again.folder.name == folder.name and bytes_of(again.folder) == bytes_of(folder)


def test_a_run_that_fails_is_written_down_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path)
    real = work._play

    def sometimes(job: work.Job, arm: Any, sample: int, replicate: int, history: bytes | None) -> Any:
        if (arm.id, sample, replicate) == ("no_addon", 1, 0):
            raise ZeroDivisionError("a wait of zero")
        return real(job, arm, sample, replicate, history)

    monkeypatch.setattr(work, "_play", sometimes)
    state = run_experiment(file, tmp_path / "out")
    assert (state.complete, state.failed, state.done) == (True, 1, 12)
    (failure,) = json.loads((state.folder / "failures" / "00-00001.json").read_text())
    assert failure["scenario"] == "no_addon" and failure["said"] == "ZeroDivisionError: a wait of zero"
    assert failure["values"] == samples_table(state.folder).drop(columns="sample").iloc[1].to_dict()
    assert "sometimes" in failure["traceback"]
    assert len(runs_table(state.folder)) == 11
    assert json.loads((state.folder / "manifest.json").read_text())["status"] == "failed"
    monkeypatch.setattr(work, "_play", real)
    assert run_experiment(file, tmp_path / "out").failed == 1  # what failed once is not tried without being asked
    mended = run_experiment(file, tmp_path / "out", retry=True)
    assert mended.failed == 0 and not list((mended.folder / "failures").iterdir())


def test_a_run_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = work._model

    def endless(job: work.Job, arm: Any, sample: int, replicate: int) -> Any:
        model = real(job, arm, sample, replicate)
        if arm.id == "no_addon":
            monkeypatch.setattr(type(model), "finished", property(lambda self: _loop(self)))
        return model

    def _loop(model: Any) -> bool:
        while model.replicate >= 0 and model.t >= 0:
            time.sleep(0.001)
        return False

    monkeypatch.setattr(work, "_model", endless)
    file = written(tmp_path, edited(minutes_per_run=0.02, uncertainties=None, design=None, replicates=1))
    state = run_experiment(file, tmp_path / "out")
    assert state.complete and state.failed == 1
    (failure,) = json.loads(next((state.folder / "failures").glob("*.json")).read_text())
    assert failure["said"] == "took longer than 0.02 minutes (minutes_per_run)"


def test_scenarios_that_branch_share_their_history(tmp_path: Path) -> None:
    scenarios = edited()["scenarios"]
    base = {"uncertainties": None, "design": None, "horizon": {"start": "2026Q1", "end": "2026Q4"}, "scenarios": scenarios}
    apart = run_experiment(written(tmp_path, edited(**base)), tmp_path / "a").folder
    branched = run_experiment(written(tmp_path, edited(**base, branch={"at": "2026Q3"})), tmp_path / "b").folder
    assert apart.name != branched.name

    def path(folder: Path, scenario: str) -> pd.Series:
        table = table_of(folder, "metrics")
        rows = table[
            (table["metric"] == "spending.total_per_patient") & (table["group"] == "") & (table["scenario"] == scenario)
        ]
        return rows.set_index(["replicate", "quarter"])["value"]

    law = path(branched, "law")
    pd.testing.assert_series_equal(law, path(apart, "law"))  # the baseline is what it is without branching
    other = path(branched, "no_addon")
    early = law.index.get_level_values("quarter") < "2026Q3"
    assert (law[early] == other[early]).all() and not (law[~early] == other[~early]).all()
    assert not (law == path(apart, "no_addon"))[early].all()


def test_replicates_are_added_until_effects_are_as_precise_as_asked(tmp_path: Path) -> None:
    def playing(half_width: float, most: int) -> running.State:
        outputs = [{"id": "spending", "metric": "spending.total_per_patient", "better": "lower", "half_width": half_width}]
        replicates = {"first": 2, "most": most, "step": 2, "floor": 3}
        horizon = {"start": "2026Q1", "end": "2028Q4"}
        content = edited(uncertainties=None, design=None, outputs=outputs, replicates=replicates, horizon=horizon)
        return run_experiment(written(tmp_path, content), tmp_path / f"{half_width:g}")

    assert playing(1e9, 8).replicates == 4  # the floor of three, in steps of two
    assert playing(1e-9, 6).replicates == 6  # never precise enough


def test_tables_are_tidy_and_an_xarray_view_has_the_same_numbers(whole: tuple[Path, Path]) -> None:
    _, folder = whole
    view, runs = as_xarray(folder), runs_table(folder)
    assert view.sizes == {"scenario": 2, "sample": 3, "replicate": 2} and list(view["scenario"].to_numpy()) == [
        "law",
        "no_addon",
    ]
    for _, row in runs.iterrows():
        at = view.sel(scenario=row["scenario"], sample=row["sample"], replicate=row["replicate"])
        assert float(at["minutes"]) == row["minutes"] and float(at["formed"]) == row["formed"]
    assert view["choice.wait"].to_numpy().tolist() == samples_table(folder)["choice.wait"].tolist()


def test_of_a_large_table_only_what_is_asked_for_is_read(whole: tuple[Path, Path]) -> None:
    _, folder = whole
    everything = table_of(folder, "metrics")
    kept = everything[(everything["metric"] == "access.minutes_mean") & everything["sample"].isin([0, 2])]
    found = table_of(folder, "metrics", metric="access.minutes_mean", sample=[0, 2])
    assert 0 < len(found) < len(everything)
    assert_frame_equal(found, kept.reset_index(drop=True))
    with pytest.raises(InputError, match=r"has no column 'metrik' \(scenario, .*did you mean 'metric'\?\)"):
        table_of(folder, "metrics", metrik="access.minutes_mean")


def test_mean_paths_are_those_of_the_whole_table(whole: tuple[Path, Path]) -> None:
    _, folder = whole
    everything = table_of(folder, "metrics")
    everything["scenario"] = everything["scenario"].astype(str)
    own = everything[(everything["metric"] == "access.minutes_mean") & (everything["group"] == "")].dropna()
    expected = own.groupby(["scenario", "metric", "group", "quarter"])["value"].agg(["mean", "count"]).reset_index()
    found = mean_paths(folder, {("access.minutes_mean", "")})
    assert len(found) == 2 * 2 and found[["scenario", "quarter"]].equals(expected[["scenario", "quarter"]])
    assert found["mean"].to_numpy() == pytest.approx(expected["mean"].to_numpy(), rel=1e-12)
    assert (found["runs"] == 6).all() and mean_paths(folder, {("access.minutes_mean", "none")}).empty


def test_a_chunk_in_which_all_fails_does_not_spoil_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = work._play

    def fails_first(job: Any, arm: Any, sample: int, *rest: Any) -> Any:
        if sample == 0:
            raise ZeroDivisionError("oh")
        return real(job, arm, sample, *rest)

    monkeypatch.setattr(work, "_play", fails_first)
    content = edited(replicates=1, tables=["events", "ties"])
    state = run_experiment(written(tmp_path, content), tmp_path)
    assert state.complete and state.failed == 2
    for name in ("metrics", "outputs", "events", "ties"):
        table = table_of(state.folder, name)
        assert set(table["sample"]) <= {1, 2} and len(table), name
    assert table_of(state.folder, "ties", quarter="2026Q1")["sample"].nunique() == 2
    assert table_of(state.folder, "events")["amount"].dtype.kind == "f"
    typed = {str(read_schema(path)) for path in (state.folder / "data" / "metrics").glob("*.parquet")}
    assert len(typed) == 1, typed


def test_who_is_refused_does_not_change_the_plan_of_who_works(tmp_path: Path) -> None:
    file, plans = written(tmp_path), []

    def meanwhile(state: running.State, seconds: float, played: int) -> None:
        if state.chunks_done == 2:
            before = (state.folder / "plan.json").read_text()
            with pytest.raises(RunError, match="another"):
                prepare(file, tmp_path, blocks=2)
            plans.append((state.folder / "plan.json").read_text() == before)

    assert run_experiment(file, tmp_path, progress=meanwhile).complete and plans == [True]


def test_futures_that_are_gone_are_named(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    _, folder = whole
    for content in (None, b"no parquet"):
        copied = tmp_path / str(content is None)
        copied.mkdir()
        if content is not None:
            (copied / "design.parquet").write_bytes(content)
        with pytest.raises(InputError, match=r"design.parquet: is gone or not what was written"):
            samples_table(copied)
    assert len(samples_table(folder)) == 3


def test_without_its_plan_a_folder_is_not_gone_on_with(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    file, folder = whole
    shutil.copytree(folder.parents[2], tmp_path / "out")
    copied = tmp_path / "out" / folder.relative_to(folder.parents[2])
    (copied / "plan.json").unlink()
    with pytest.raises(InputError, match=r"plan.json: is gone, so it is not known what was played"):
        run_experiment(file, tmp_path / "out", blocks=2)
    assert bytes_of(copied) == bytes_of(folder)


@pytest.mark.parametrize("marker", ["{}", '{"files": 3}', '{"files": {}, "runs": null, "failed": 0, "seconds": 1}'])
def test_a_marker_that_says_nothing_is_played_again(tmp_path: Path, whole: tuple[Path, Path], marker: str) -> None:
    file, folder = whole
    shutil.copytree(folder.parents[2], tmp_path / "out")
    copied = tmp_path / "out" / folder.relative_to(folder.parents[2])
    next((copied / "done").glob("*.json")).write_text(marker)
    (copied / "done" / "zz.json").write_text(marker)  # of no chunk of this experiment
    assert run_experiment(file, tmp_path / "out").complete
    assert bytes_of(copied) == bytes_of(folder) and len(runs_table(copied)) == 12


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "dusk"}, "--engine: unknown engine 'dusk' (local or dask; did you mean 'dask'?)"),
        ({"shard": (5, 3)}, "--shard: 5/3 is not I/N with I from 1 to N (for example 3/20)"),
        ({"replicates": 2.5}, "--replicates: 2.5 is not allowed (1 to 100,000)"),
        ({"workers": 1.5}, "--workers: 1.5 is not allowed (1 to 1,000)"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    file = written(tmp_path)
    with pytest.raises(InputError) as caught:
        run_experiment(file, tmp_path / "out", **wrong)
    assert str(caught.value) == said and not (tmp_path / "out").exists()


def test_looking_writes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert find(file, tmp_path / "out") is None and not (tmp_path / "out").exists()
    prepare(file, tmp_path / "out")
    begun = find(file, tmp_path / "out")
    assert begun is not None and state_of(begun).done == 0


def test_organisations_and_markets_must_exist(tmp_path: Path) -> None:
    outputs = [
        {"id": "bought", "event": "acquisition", "org": "S1", "partner": "P99"},
        {"id": "tied", "tie": ["S1", "Oakmont Memorial Trust"], "value": "living"},
        {"id": "share", "metric": "access.untreated_share", "market": "plane"},
        {
            "id": "less",
            "metric": "consolidation.hhi",
            "minus": {"metric": "consolidation.hhi", "market": "Metropolitan area"},
        },
    ]
    path = written(tmp_path, edited(outputs=outputs))
    with pytest.raises(InputError) as caught:
        run_experiment(path, tmp_path / "out")
    see, markets = (
        "(`oncsim merger --list --scenario FILE` has the ids",
        "(`oncsim market concentration --scenario FILE` names them",
    )
    assert str(caught.value).replace(f"{path.parent}/", "").splitlines() == [
        f"small.yaml:32:12: outputs[1].partner: no organisation with the id 'P99' in the market {see})",
        f"small.yaml:36:5: outputs[2].tie[2]: no organisation with the id 'Oakmont Memorial Trust' in the market {see}; "
        "its id is 'S5')",
        f"small.yaml:40:11: outputs[3].market: no zone lies in a market 'plane' {markets}; did you mean 'PLANE'?)",
        f"small.yaml:45:13: outputs[4].minus.market: no zone lies in a market 'Metropolitan area' {markets}; "
        "its id is 'PLANE')",
    ]
    assert not (tmp_path / "out").exists()


def test_organisations_founded_in_a_run_may_be_named(tmp_path: Path) -> None:
    outputs = [{"id": "joined", "event": "network_join", "org": "P02", "partner": "network+P01+2026Q1", "window": "all"}]
    two = [{"scenario": "rural_market", "id": "a"}, {"scenario": "metro_market", "id": "b"}]
    plan = planned(written(tmp_path, edited(outputs=outputs, horizon={"start": "2026Q1", "end": "2026Q2"})))
    assert plan.experiment.measures[0].partner == "network+P01+2026Q1"
    with pytest.raises(InputError) as caught:
        planned(written(tmp_path, edited(outputs=[{**outputs[0], "org": "S7"}], scenarios=two)))
    assert [fault.message for fault in caught.value.faults] == [
        "no organisation with the id 'S7' in the market of b (`oncsim merger --list --scenario FILE` has the ids)"
    ]


def test_a_folder_that_was_renamed_is_looked_at_and_played_anew_elsewhere(tmp_path: Path) -> None:
    state = run_experiment(written(tmp_path), tmp_path / "out")
    renamed = state.folder.rename(tmp_path / "for the paper")
    found = find(renamed / "experiment.yaml", tmp_path / "elsewhere")
    assert found is not None and found.ledger.folder == renamed and state_of(found).complete
    assert not (tmp_path / "elsewhere").exists()
    again = run_experiment(renamed / "experiment.yaml", tmp_path / "elsewhere")
    assert again.folder == tmp_path / "elsewhere" / "experiments" / "small" / state.folder.name
