"""``oncsim cases``: what it says to people, its exit status, and the message of every wrong input."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from oncsim.cases import finding
from oncsim.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
from small_cases import HEAD, TAKEN

Captured = pytest.CaptureFixture[str]

HELP = """\
Usage: oncsim cases [OPTIONS] [NAME]...

  Play the practice cases and check what they expect.

  NAME is the id, the number or the file of a case; all are played where none is given. Each case is played
  beside its control, in which the effect must not appear. Tables go to DIR/cases. For a named case the
  story of replicate 0 is told too, with a figure and with what other choices would have changed.

  Exit status: 0 every case passed, 1 one failed, 2 the input is wrong, 130 interrupted.

Options:
  --replicates N  Replicates of each variant.  [default: 20]
  --seed S        Seed of all runs.  [default: 1]
  --workers N     Processes that share the replicates.  [default: 1]
  --out DIR       Where run folders go.  [default: results]
  --quiet         Say nothing but faults.
  --log FILE      Append what is said, with the time, to a file.
  -h, --help      Show this message and exit.
"""
BLOCKS = """\
PASS  2. A practice is taken over (A teaching market)
  ok  The practice is part of the system: Plains Oncology Associates independent (1 yes, 0 no) at most 0
        held in 2 of 2, in the control in 0; case minus control -100.0 percentage points

FAIL  6. A practice is taken over (A teaching market)
  NOT Events acquisition done to Prairie Regional Health at least 1
        held in 0 of 2, in the control in 0; case minus control 0 events; holds in 0% of replicates, 90% are
        asked

1 of 2 cases passed (2 replicates of each variant, seed 1)
Table: out/cases/cases.csv, out/cases/cases.md
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    cases = {}
    missed = "{event: acquisition, org: S1, as: other, min: 1}"
    for number, name, expect in ((2, "sold", TAKEN), (6, "missed", missed)):
        cases[name] = tmp_path / f"{name}.yaml"
        cases[name].write_text(HEAD.format(name=name, number=number) + f"  - {expect}\n")
    monkeypatch.setattr(finding, "bundled_cases", lambda: cases)
    return tmp_path


def test_help(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["cases", "--help"]) == 0
    assert capsys.readouterr().out == HELP


def test_all_cases_are_told_in_blocks(here: Path, capsys: Captured) -> None:
    assert main(["cases", "--replicates", "2", "--out", "out"]) == 1
    assert capsys.readouterr().out == BLOCKS
    rows = list(csv.DictReader((here / "out" / "cases" / "cases.csv").read_text().splitlines()))
    assert [(row["case"], row["number"], row["passed"], row["replicates"], row["seed"]) for row in rows] == [
        ("sold", "2", "True", "2", "1"),
        ("missed", "6", "False", "2", "1"),
    ]
    assert (rows[0]["value_mean"], rows[0]["control_mean"], rows[0]["effect"]) == ("0.0", "1.0", "-1.0")
    page = (here / "out" / "cases" / "cases.md").read_text()
    assert page.startswith("# Practice cases\n\n1 of 2 passed; 2 replicates of each variant, seed 1.\n")
    # Only the tables: no story was asked for.
    assert {path.name for path in (here / "out" / "cases").iterdir()} == {"cases.csv", "cases.md"}


def test_a_named_case_is_told_as_a_story(here: Path, capsys: Captured) -> None:
    assert main(["cases", "2", "--replicates", "2"]) == 0
    said = capsys.readouterr().out
    for line in (
        "A system buys the practice that works in its hospital.",
        "What happened (replicate 0)",
        "  2026Q3  Prairie Regional Health acquires Plains Oncology Associates",
        "What would have changed it (last four quarters, paired by luck)",
        "  Nobody takes over (variant control)",
        "  The system waits (variant later: The takeover comes later)",
        "  The practice joins a network in time. (not played)",
        "Story: results/cases/sold/story.md, results/cases/sold/timeline.png",
    ):
        assert f"\n{line}" in said, line
    assert (here / "results" / "cases" / "sold" / "timeline.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["sould"],
            ["sould: no case has this id (`oncsim scenario list` names them; a file ends in .yaml; did you mean 'sold'?)"],
        ),
        (["5"], ["5: no case has this number (numbers: 2, 6)"]),
        (["none.yaml"], ["none.yaml: there is no such file"]),
        (
            ["--replicates", "0", "--workers", "0", "--seed", "-1"],
            [
                "--replicates: 0 is not allowed (1 to 100,000)",
                "--seed: -1 is not allowed (0 to 2^63 - 1)",
                "--workers: 0 is not allowed (1 to 1,000)",
            ],
        ),
        (["--out", ""], ["--out: is empty (name a folder, for example results; . is the working folder)"]),
    ],
)
def test_wrong_input(words: list[str], lines: list[str], here: Path, capsys: Captured) -> None:
    assert main(["cases", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", lines)
    assert not (here / "results").exists()


def test_a_scenario_is_no_case(here: Path, capsys: Captured) -> None:
    plain = "schema: oncsim/scenario/1\nid: plain\ntitle: Plain\nextends: rural_market\n"
    (here / "plain.yaml").write_text(plain)
    assert main(["cases", "plain.yaml"]) == 2
    said = capsys.readouterr().err
    assert said == "plain.yaml: is a scenario but no case (a case has the sections case and variants)\n"


def test_an_interrupt_tells_what_is_finished(here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    from oncsim.model import OncologyMarket

    step = OncologyMarket.step

    def stop(self: OncologyMarket) -> None:
        if self.source_scenario.id == "missed":
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(OncologyMarket, "step", stop)
    assert main(["cases", "--replicates", "1", "--out", "out"]) == 130
    out, err = capsys.readouterr()
    assert out.startswith("PASS  2. A practice is taken over") and "FAIL" not in out
    assert err == "interrupted: 1 of 2 cases finished (out/cases/cases.csv)\n"


def test_scenario_list_sets_cases_apart(here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    from oncsim.scenario import library

    folder = here / "bundled"
    (folder / "cases").mkdir(parents=True)
    source = Path(__file__).parents[2] / "scenarios" / "rural_market.yaml"
    (folder / "rural_market.yaml").write_text(source.read_text())
    for name, number in (("aa", 7), ("bb", 3)):
        (folder / "cases" / f"{name}.yaml").write_text(HEAD.format(name=name, number=number) + f"  - {TAKEN}\n")
    monkeypatch.setattr(library, "bundled_folder", lambda: folder)
    assert main(["scenario", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] if line else "" for line in lines] == [
        "id",
        "rural_market",
        "Who",
        "",
        "Cases",
        "cases/bb",
        "cases/aa",
    ]
    assert lines[5].endswith("3. A practice is taken over")
