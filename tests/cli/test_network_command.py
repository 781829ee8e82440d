"""``oncsim network``: the files it writes, what it says, and the exact message of every wrong input."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

import networks_by_hand as by_hand
from oncsim.cli import main
from oncsim.codes import TIE_FORMS

Captured = pytest.CaptureFixture[str]
FILES = ["network-2026Q2.graphml", "network-2026Q2.png", "network-over-time.png", "network.csv", "network_by_form.csv"]
FORMS = f"one of {', '.join(TIE_FORMS)}"
WRONG = {
    "run --quarter 2026": ["--quarter: '2026' is not a quarter (write for example 2026Q1)"],
    "run --quarter 2040Q1": ["--quarter: 2040Q1 is outside the run (2026Q1 to 2026Q2)"],
    "run --replicate 5": ["--replicate: no replicate 5 (0 to 1)"],
    "run --replicate -1": ["--replicate: no replicate -1 (0 to 1)"],
    "run --replicate 1": ["run: replicate 1 has no ties in force in any quarter"],
    "run --forms referal": [f"--forms: no form of tie 'referal' ({FORMS}; did you mean 'referral'?)"],
    "run --forms zzz": [f"--forms: no form of tie 'zzz' ({FORMS})"],
    "run --forms ,": ["--forms: names no form of tie (for example referral,joint_venture)"],
    "run --forms employer_bundle": ["run: replicate 0 has no ties in force in any quarter (only employer bundle)"],
    "run --market neer": ["--market: no market 'neer' in the table of zones (one of far, near; did you mean 'near'?)"],
    "run --market far --forms referral": [
        "run: replicate 0 has no ties in force in any quarter (market far, only referral)"
    ],
    "run --layout sprin": ["--layout: no layout 'sprin' (one of geography, spring; did you mean 'spring'?)"],
    "run --out ''": ["--out: is empty (name a folder, for example results; . is the working folder)"],
    "ran": ["ran: no complete run there (looked at ran and results/ran)"],
    "compared": ["compared: is a comparison (networks are made of a run; its manifest.json lists the runs)"],
    "bare": ["bare: the run has no table 'organizations'"],
    "": ["oncsim network: missing argument RUN; see `oncsim network --help`"],
    "run --quarter x --replicate 9 --forms a --layout b --market c --out ''": [
        f"--forms: no form of tie 'a' ({FORMS})",
        "--layout: no layout 'b' (one of geography, spring)",
        "--market: no market 'c' in the table of zones (one of far, near)",
        "--out: is empty (name a folder, for example results; . is the working folder)",
        "--quarter: 'x' is not a quarter (write for example 2026Q1)",
        "--replicate: no replicate 9 (0 to 1)",
    ],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    by_hand.write_run(tmp_path / "run")
    for name, schema in (("compared", "oncsim/comparison/1"), ("bare", "oncsim/run/1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps({"status": "complete", "schema": schema}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", WRONG)
def test_wrong_input_is_told_in_one_line_each_and_writes_nothing(words: str, here: Path, capsys: Captured) -> None:
    before = sorted(here.rglob("*"))
    assert main(["network", *shlex.split(words)]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == WRONG[words]
    assert said.out == ""
    assert sorted(here.rglob("*")) == before


def test_files_are_in_the_run_folder_and_in_its_manifest(here: Path, capsys: Captured) -> None:
    assert main(["network", "run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Network of by_hand, end of 2026Q2, replicate 0"
    assert [line.split()[-2:] for line in said if line.startswith("Ties in force")] == [["2", "9"]]
    assert "Most often between others: S1 of <Here> & There (4 partners), A1 of <Here> & There (2 partners)" in said[-6]
    assert [Path(line).name for line in said[-5:]] == [FILES[0], FILES[1], FILES[3], FILES[4], FILES[2]]
    assert sorted(path.name for path in (here / "run" / "network").iterdir()) == FILES
    listed = json.loads((here / "run" / "manifest.json").read_text())["files"]
    assert {f"network/{name}" for name in FILES} <= set(listed)
    measures = pd.read_csv(here / "run" / "network" / "network.csv")
    assert measures[["replicate", "quarter"]].to_numpy().tolist() == [[r, q] for r in (0, 1) for q in by_hand.QUARTERS]
    assert len(nx.read_graphml(here / "run" / "network" / FILES[0])) == 9


def test_options_choose_place_quarter_replicate_and_ties(here: Path, capsys: Captured) -> None:
    words = "network run --quarter 2026Q1 --replicate 0 --forms referral --market near --layout spring --out there/deep"
    assert main(shlex.split(words)) == 0
    assert capsys.readouterr().out.startswith("Network of by_hand, end of 2026Q1, replicate 0, market near, only referral\n")
    there = here / "there" / "deep"
    assert pd.read_csv(there / "network.csv")["replicate"].tolist() == [0, 0]
    assert set(pd.read_csv(there / "network_by_form.csv")["form"]) == {"referral"}
    assert (there / "network-2026Q1.graphml").is_file()
    assert not (here / "run" / "network").exists()
    assert "files" not in json.loads((here / "run" / "manifest.json").read_text())


def test_twice_the_same_bytes(here: Path) -> None:
    for name in ("one", "two"):
        assert main(["--quiet", "network", "run", "--out", name]) == 0
    for name in FILES:
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes(), name


def test_a_quarter_without_ties_is_drawn_as_such(here: Path, capsys: Captured) -> None:
    assert main(["network", "run", "--quarter", "2026Q1", "--market", "far"]) == 0
    said = capsys.readouterr().out
    assert "Partners of an organisation, mean    none    none" in said
    assert "Most often" not in said
    assert len(nx.read_graphml(here / "run" / "network" / "network-2026Q1.graphml")) == 0


def test_csv_runs_are_read_too(here: Path) -> None:
    for path in (here / "run").glob("*.parquet"):
        pd.read_parquet(path).to_csv(path.with_suffix(".csv"), index=False)
        path.rename(here / path.name)
    assert main(["--quiet", "network", "run", "--out", "text"]) == 0
    for path in here.glob("*.parquet"):
        path.rename(here / "run" / path.name)
    assert main(["--quiet", "network", "run", "--out", "columns"]) == 0
    for name in FILES:
        assert (here / "text" / name).read_bytes() == (here / "columns" / name).read_bytes(), name
