"""Faults of the ``market:`` section point into the scenario file, wherever a market is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim import building, cli
from oncsim.errors import Fault, InputError
from oncsim.planning import load

HEAD = """schema: oncsim/scenario/1
id: here
title: Here
horizon: {start: 2026Q1, end: 2027Q4}
"""
EMBEDDED = HEAD + "market:\n  source: embedded\n  around: {%s}\n"
FILES = HEAD + "market:\n  source: files\n  zones: zones.csv\n  select:\n    hrr: ['380', Nashvile]\n"
ZONES = """zone,name,lat,lon,state,population,land_sqmi,hrr,hrr_name
47037,Davidson,36,-87,TN,700000,500,380,"Nashville, TN"
"""
CHILD = "schema: oncsim/scenario/1\nid: child\ntitle: Child\nextends: here.yaml\n"
NO_PLACE = (
    "market.around.place: 'Davdson, TN' is no county, metropolitan area or city with an NCI-designated center (write for "
    "example 'Davidson, TN', '47037' or 'Nashville'); did you mean 'Davidson, TN'?"
)
GOLDEN = {
    'place: "Davdson, TN", miles: 80': f"here.yaml:7:19: {NO_PLACE}",
    "lat: 30, lon: -60, miles: 5": "here.yaml:7:11: market.around: no zone lies within 5 miles of 30, -60 (take a larger "
    "radius, or another middle)",
    'place: "Loving, TX", miles: 1': "here.yaml:7:40: market.around.miles: no oncologist works within 1 mile of Loving, TX "
    "(take a larger radius)",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("area", GOLDEN)
@pytest.mark.parametrize("command", ["run here.yaml", "market show here.yaml", "market build here.yaml --out built"])
def test_the_line_of_the_fault_is_said(area: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("here.yaml").write_text(EMBEDDED % area, encoding="utf-8")
    assert cli.main(command.split()) == 2
    assert capsys.readouterr().err == f"{GOLDEN[area]}\n"
    assert [path.name for path in Path().iterdir()] == ["here.yaml"]


def test_a_comparison_says_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    area = 'place: "Davdson, TN", miles: 80'
    Path("here.yaml").write_text(EMBEDDED % area, encoding="utf-8")
    Path("there.yaml").write_text(CHILD, encoding="utf-8")
    assert cli.main(["compare", "here.yaml", "there.yaml"]) == 2
    assert capsys.readouterr().err == f"{GOLDEN[area]}\n"


def test_a_fault_in_a_parent_points_to_the_parent() -> None:
    Path("here.yaml").write_text(EMBEDDED % 'place: "Davdson, TN", miles: 80', encoding="utf-8")
    Path("there.yaml").write_text(CHILD, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        building.build(load("there.yaml"))
    assert str(caught.value) == f"here.yaml:7:19: {NO_PLACE}"


def test_items_of_a_list_count_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("here.yaml").write_text(FILES, encoding="utf-8")
    Path("zones.csv").write_text(ZONES, encoding="utf-8")
    assert cli.main(["market", "check", "here.yaml"]) == 2
    assert capsys.readouterr().err == (
        "here.yaml:9:18: market.select.hrr[2]: 'Nashvile' is not a referral region of the table of zones (a number such as "
        "380, or a name; did you mean 'Nashville, TN'?)\n"
    )


def test_what_the_command_line_set_is_its_fault() -> None:
    Path("here.yaml").write_text(EMBEDDED % 'place: "Davidson, TN", miles: 80', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        building.build(load("here.yaml", ["market.around.place=Davdson, TN"]))
    assert str(caught.value) == f"--set: {NO_PLACE}"


def test_a_file_that_is_gone_still_gives_its_line() -> None:
    Path("here.yaml").write_text(EMBEDDED % 'place: "Davdson, TN", miles: 80', encoding="utf-8")
    scenario = load("here.yaml")
    Path("here.yaml").unlink()
    with pytest.raises(InputError) as caught:
        building.build(scenario)
    assert str(caught.value) == f"here.yaml:5:1: {NO_PLACE}"


def test_faults_of_tables_keep_their_place() -> None:
    Path("here.yaml").write_text(EMBEDDED % "lat: 36, lon: -87, miles: 50", encoding="utf-8")
    own = Fault("zones.csv", 3, 1, "lat", "is wrong")
    assert building.placed((own,), load("here.yaml")) == [own]
