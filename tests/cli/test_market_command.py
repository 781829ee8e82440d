"""``oncsim market``: what it says, what it writes, and how it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from oncsim.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "market"))
from files_toy import HOSPITALS, write_tables

SCENARIO = """\
schema: oncsim/scenario/1
id: toy
title: Toy
question: What is in it?
horizon: {start: 2026Q1, end: 2027Q4}
market:
  source: files
  folder: tables
  generate: false
  zones: zones.csv
  hospitals: hospitals.csv
  practices: practices.csv
  centers: centers.csv
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tables").mkdir()
    write_tables(tmp_path / "tables")
    (tmp_path / "toy.yaml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ONCSIM_DATA", raising=False)
    return tmp_path


def test_show_says_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "show", "toy.yaml"]) == 0
    said = capsys.readouterr().out
    lines = {" ".join(line.split()) for line in said.splitlines()}
    assert "people 650,000" in lines
    assert "states KY, TN" in lines
    assert "academic centers 1 0 12 42.9%" in lines
    assert "physician offices 3 0 10 50" in lines
    assert any(line.startswith("- Basic laboratories") for line in lines)


def test_show_follows_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "show", "toy.yaml", "--set", "market.generate=true"]) == 0
    assert "were generated" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "start"), [("map.png", b"\x89PNG"), ("map.svg", b"<?xml")])
def test_show_draws_a_map(folder: Path, name: str, start: bytes) -> None:
    assert main(["market", "show", "toy.yaml", "--map", name]) == 0
    assert (folder / name).read_bytes().startswith(start)


def test_show_refuses_other_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "show", "toy.yaml", "--map", "map.pgn"]) == 2
    said = capsys.readouterr().err
    assert said == "--map: 'map.pgn' is not a picture (end it in .png or .svg; did you mean 'png'?)\n"


def test_check_says_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "check", "toy.yaml"]) == 0
    said = capsys.readouterr().out
    assert said == "ok: Kentucky, Tennessee: 3 zones, 4 hospitals, 6 organisations, 6 sites, 0 ties\n"


def test_check_names_every_fault_of_every_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hospitals = HOSPITALS.replace(",800,", ",-3,").replace("nonprofit,minor", "nonproft,minor")
    write_tables(folder / "tables", hospitals=hospitals, centers="name,lat\nx,ninety\n")
    assert main(["market", "check", "toy.yaml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "tables/centers.csv:1:1: header: the column 'lon' is missing: longitude, degrees east (negative in "
        "the US) "
        "(also accepted: longitude, lng, long, intptlong)",
        "tables/centers.csv:2:2: lat: 'ninety' is not a number",
        "tables/hospitals.csv:2:8: beds: -3 is negative (a number from 0 to 10000)",
        "tables/hospitals.csv:5:10: control: 'nonproft' is not known (nonprofit, government, proprietary; "
        "did you "
        "mean 'nonprofit'?)",
    ]


@pytest.mark.parametrize("what", ["zones", "hospitals", "practices", "centers"])
def test_check_tells_a_table_by_its_columns(folder: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "check", f"tables/{what}.csv"]) == 0
    assert f" rows of {what}\n" in capsys.readouterr().out


def test_check_names_the_columns_that_it_leaves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(folder, zones="fips,county,lat,lon,pop,area_sqmi,mayor\n1,x,2,3,4,5,y\n")
    assert main(["market", "check", "zones.csv"]) == 0
    said = capsys.readouterr().out
    assert "fips (= zone): identity of the zone" in said
    assert "not used: mayor" in said


def test_check_of_one_table_exits_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    assert main(["market", "check", "other.csv"]) == 2
    assert "the columns fit no table" in capsys.readouterr().err
    assert main(["market", "check", "other.csv", "--as", "hospital"]) == 2
    assert "did you mean 'hospitals'?" in capsys.readouterr().err
    assert main(["market", "check", "none.csv"]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_build_writes_tables_that_load_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "build", "toy.yaml", "--out", "built"]) == 0
    assert main(["market", "check", "toy.yaml"]) == 0
    one = capsys.readouterr().out.splitlines()[-1]
    assert main(["market", "check", "built/market.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == one
    assert main(["market", "build", "toy.yaml", "--out", "built"]) == 2
    assert "is there already (--force replaces it)" in capsys.readouterr().err
    assert main(["market", "build", "toy.yaml", "--out", "built", "--force"]) == 0


def test_a_missing_folder_says_how_to_point_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["market", "check", "toy.yaml", "--set", "market.folder=nowhere"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("--set: market.folder: there is no folder ")
    assert "nowhere" in said
    assert "--set market.folder=PATH" in said
    assert "ONCSIM_DATA" in said


@pytest.mark.data
@pytest.mark.parametrize("scenario", ["nashville", "nation_files"])
def test_bundled_markets_of_federal_tables(
    data_folder: Path, scenario: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONCSIM_DATA", str(data_folder))
    assert main(["market", "check", scenario]) == 0
    assert capsys.readouterr().out.startswith("ok: ")
