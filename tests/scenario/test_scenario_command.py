from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from oncsim.cli.scenario_command import command
from oncsim.errors import InputError
from oncsim.parameters.registry import Registry

from .conftest import BASE

TEXT = BASE.format(id="one") + "policy:\n  - {set: payment.medicare.drug_addon, from: 2028Q1, to: 0.05}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Registry) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("oncsim.scenario.load.load_registry", lambda: tiny)
    monkeypatch.setattr("oncsim.parameters.load_registry", lambda: tiny)
    monkeypatch.setattr("oncsim.scenario.library.bundled_folder", lambda: tmp_path)
    (tmp_path / "one.yaml").write_text(TEXT)
    (tmp_path / "two.yaml").write_text(BASE.format(id="two") + "question: What else?\n")
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_scenario_even_a_broken_one(here: Path) -> None:
    (here / "broken.yaml").write_text("id: 3\n")
    text = run("list")
    assert "two" in text and "2026Q1-2035Q4" in text and "What else?" in text
    assert "does not load" in text


def test_list_says_what_a_scenario_needs(here: Path) -> None:
    tables = "market: {source: files, folder: tables, zones: z.csv}\n"
    (here / "files.yaml").write_text(BASE.format(id="files").replace("market: {source: archetype, kind: metro}\n", tables))
    line = next(line for line in run("list").splitlines() if line.startswith("files"))
    assert line.split()[2] == "tables"
    (here / "tables").mkdir()
    (here / "tables" / "z.csv").write_text("zone\n")
    line = next(line for line in run("list").splitlines() if line.startswith("files"))
    assert line.split()[2] == "A"


def test_explain_labels_a_scope(here: Path) -> None:
    text = BASE.format(id="here") + "policy:\n  - {set: policy.child_sites, to: false, where: {state: TN}}\n"
    (here / "here.yaml").write_text(text)
    lines = run("explain", "here.yaml", "policy.child_sites", "--quarter", "2030Q1").splitlines()
    assert lines[1].startswith("policy.child_sites  ") and "true" in lines[1]
    assert lines[2].startswith("policy.child_sites [state: TN]  ") and "false" in lines[2] and "here.yaml:7" in lines[2]


def test_check_says_ok_with_counts() -> None:
    assert run("check", "one.yaml").startswith("one.yaml: ok: 40 quarters, 1 policy change, 0 changed assumptions")


def test_check_collects_the_faults_of_all_files(here: Path) -> None:
    (here / "a.yaml").write_text("")
    (here / "b.yaml").write_text("x: [")
    with pytest.raises(InputError) as caught:
        run("check", "a.yaml", "one.yaml", "b.yaml")
    assert [fault.file for fault in caught.value.faults] == ["a.yaml", "b.yaml"]


def test_explain_says_the_line_that_set_a_value() -> None:
    lines = run("explain", "one.yaml", "payment.medicare.drug_addon").splitlines()
    assert lines[1].split()[:3] == ["payment.medicare.drug_addon", "2026Q1-2027Q4", "0.06"]
    assert lines[2].split()[:3] == ["payment.medicare.drug_addon", "2028Q1-2035Q4", "0.05"]
    assert "one.yaml:7" in lines[2] and "2031Q1 no longer applies" in lines[2]


def test_explain_of_one_quarter_of_a_group_and_of_all() -> None:
    assert len(run("explain", "one.yaml", "payment.medicare", "--quarter", "2030Q1").splitlines()) == 3
    assert "horizon.end: one.yaml:4" in run("explain", "one.yaml")
    with pytest.raises(InputError, match="did you mean"):
        run("explain", "one.yaml", "payment.medicare.drug_adon")
    with pytest.raises(InputError, match="--quarter"):
        run("explain", "one.yaml", "payment.rule", "--quarter", "soon")


def test_diff_says_what_differs_and_what_does_not() -> None:
    assert "2028Q1-2030Q4" in run("diff", "two", "one")
    assert run("diff", "one", "one") == "one and one run the same\n"


@pytest.mark.parametrize("more", [(), ("--extends", "two"), ("--extends", "two.yaml")])
def test_a_new_scenario_is_sound_and_nothing_is_overwritten(here: Path, more: tuple[str, ...]) -> None:
    run("new", "mine", *more)
    assert "mine.yaml: ok" in run("check", "mine.yaml")
    before = (here / "mine.yaml").read_text()
    with pytest.raises(InputError, match="already there"):
        run("new", "mine")
    assert (here / "mine.yaml").read_text() == before


def test_a_new_scenario_needs_an_id_and_a_known_parent(here: Path) -> None:
    with pytest.raises(InputError, match="not an id"):
        run("new", "My Scenario")
    with pytest.raises(InputError, match="did you mean 'two'"):
        run("new", "mine", "--extends", "twoo")
    assert not (here / "mine.yaml").exists()


def test_schema_is_json() -> None:
    assert json.loads(run("schema"))["title"] == "oncsim scenario"
