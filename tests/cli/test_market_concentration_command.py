"""``oncsim market concentration``: sentences, tables, tidy rows, a picture, and how it refuses."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oncsim.cli import main
from oncsim.market_structure import MarketConcentration, market_concentration
from oncsim.scenario import load_scenario

HEAVY = {"mesa", "matplotlib", "networkx", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "yaml"}
COMMAND = ["market", "concentration"]
SCENARIO = """\
schema: oncsim/scenario/1
id: two
title: Town and country
question: Who has what part of it?
horizon: {start: 2026Q1, end: 2027Q4}
market: {source: archetype, kind: rural}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "two.yaml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """Return what the command says on both streams."""
    capsys.readouterr()
    assert main([*COMMAND, *words]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def shape(text: str) -> list[str]:
    """Return lines with numbers as 0 and gaps as one blank: what stays when the model's numbers change."""
    return [re.sub(r" +", " ", re.sub(r"\d[\d,.]*\d|\d", "0", line)).strip() for line in text.splitlines()]


PARAGRAPH = (
    "Weighted by patients, the mean market has an HHI of owners of 0, and its four largest owners treat 0% of patients; "
    "0 of 0 markets, with 0% of patients, are above 0, the screen of the merger guidelines in force for deals that raise it "
    "by more than 0. With partial ownership and control the HHI is 0; counted where patients live it is 0, or 0 if travel "
    "time alone decided. Keeping the mean system in the network is worth, for each standard patient, $0 to commercial plans "
    "and $0 to Medicare Advantage plans."
)
MARKET_NOTES = (
    "Markets: the zones' own: referral region where known, else metropolitan area, else the rest of the state. "
    "patients: starting treatment a year, four times the quarter's. Shares are of treated patients only, at sites in the "
    "market, by top owner: who goes untreated is in no denominator. HHI: 0 to 0. modified: with partial ownership and "
    "control. flow: HHI where patients live, mean of zones by population. CR0: share of the four largest. "
    "screen: HHI above or below 0."
)
SYSTEM_NOTES = (
    "The 0 of 0 owners with most patients (--systems 0 lists all). share: of all treated patients. "
    "commercial $, Advantage $: what keeping the system in the network is worth to the payer, a standard patient; read it "
    "against 0 and 0, which a system nobody would miss has. level: commercial price, in standard contracts (0: an office as "
    "the registry has it). zone share: its largest share of the treated people of a zone."
)
DIVERSION_NOTES = "Where most of a system's commercial patients would go without it: diversion ratios, of its patients."


def test_says_sentences_then_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = say(capsys, "two.yaml", "--systems", "3")
    blocks = [block.splitlines() for block in "\n".join(shape(out)).split("\n\n")]
    assert blocks[0] == ["Town and country (two), end of 0Q0, seed 0"]
    assert " ".join(blocks[1]) == PARAGRAPH
    markets, systems, substitutes = blocks[2:]
    assert markets[0] == "market patients owners HHI modified flow CR0 largest owner share screen"
    named = [line.partition(" 0")[0] for line in markets[1:5]]
    assert sorted(name.rstrip("…") for name in named[:2])[0] == "Metropolitan area"
    assert all(name.startswith(("Metropolitan area", "Outside the metro")) for name in named[:2])
    assert named[2:] == ["mean by patients", "median"]
    assert all(re.search(r" 0% (above|below)$", line) for line in markets[1:3])
    assert " ".join(markets[5:]) == MARKET_NOTES
    assert systems[0] == "system patients share commercial $ Advantage $ level zone share in zone"
    assert all(re.search(r"\S 0 0% 0 0 0 0% [A-Z]\w+$", line) for line in systems[1:4])
    assert " ".join(systems[4:]) == SYSTEM_NOTES
    assert substitutes[0] == "without first second third"
    assert all(line.count(" 0%") == 3 for line in substitutes[1:4])
    assert substitutes[4:] == [DIVERSION_NOTES]
    assert max(map(len, out.splitlines())) <= 110
    assert all(line.startswith("warning: ") for line in err.splitlines())
    assert "invented" not in err  # notes on the making of the market are for `market show`


def test_numbers_are_those_of_the_python_interface(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = load_scenario(folder / "two.yaml", ["policy.acquisitions.allowed=false"])
    options = ("--set", "policy.acquisitions.allowed=false", "--at", "2026Q2", "--seed", "3", "--market-type", "state")
    out, _ = say(capsys, "two.yaml", *options, "--systems", "0")
    found = market_concentration(known, "2026Q2", "state", seed=3)
    assert out.splitlines()[0] == "Town and country (two), end of 2026Q2, seed 3"
    text = " ".join(out.split())
    only, mean = found.markets[0], found.mean
    assert f"The only market with patients, The plane, has an HHI of owners of {only.hhi:,.0f}, and its" in text
    assert f"the HHI is {mean.mhhi:,.0f}; counted where patients live it is {mean.hhi_flow:,.0f}, or " in text
    row = (
        f"The plane {only.patients:,.0f} {only.owners} {only.hhi:,.0f} {only.mhhi:,.0f} {only.hhi_flow:,.0f} {only.cr4:.0%}"
    )
    assert f"{row} {only.largest_name} {only.largest_share:.0%} {'above' if only.above_screen else 'below'}" in text
    for one in found.systems:
        dollars = f"{one.willingness['commercial']:,.0f} {one.willingness['medicare_advantage']:,.0f}"
        zone = f"{one.largest_zone_share:.0%} {one.largest_zone}"
        assert f"{one.name} {one.patients:,.0f} {one.share:.1%} {dollars} {one.level:.2f} {zone}" in text
    assert "Markets: states." in text and "--systems 0 lists all" not in text


def test_long_names_give_way_to_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = say(capsys, "baseline", "--markets", "3", "--systems", "2")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 110
    assert sum("…" in line for line in lines) >= 3
    assert "The 3 of 16 markets with most patients (--markets 0 lists all). Markets: the zones' own" in out
    at = lines.index(next(line for line in lines if line.startswith("market ")))
    assert [line.split("  ")[0] for line in lines[at + 4 : at + 6]] == ["mean by patients", "median"]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def value(rows: list[dict[str, str]], section: str, who: str, item: str) -> str:
    (found,) = (
        row["value"] for row in rows if (row["section"], row["market_or_system"], row["item"]) == (section, who, item)
    )
    return found


def test_csv_has_the_same_numbers_to_the_last_digit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = say(capsys, "two.yaml", "--csv", "--markets", "0", "--systems", "0")
    assert out.splitlines()[0] == "section,market_or_system,item,value,unit"
    rows = rows_of(out)
    found = market_concentration(folder / "two.yaml")
    numbers_match(rows, found)
    assert {row["section"] for row in rows} == {"about", "mean", "median", "market", "system", "substitute"}
    assert all(row["unit"] for row in rows if re.fullmatch(r"-?\d+\.\d+", row["value"]))
    units = {row["item"]: row["unit"] for row in rows if row["section"] in ("market", "system")}
    assert units["hhi"] == "HHI" and units["share"] == "share" and units["patients"] == "patients a year"
    assert units["willingness:commercial"] == "dollars per standard patient" and units["level"] == "standard contracts"


def numbers_match(rows: list[dict[str, str]], found: MarketConcentration) -> None:
    assert float(value(rows, "about", "all", "patients")) == found.patients
    assert float(value(rows, "about", "all", "hhi_flow_predicted")) == found.hhi_flow_predicted
    assert float(value(rows, "about", "all", "willingness:commercial")) == found.willingness["commercial"]
    for section, over in (("mean", found.mean), ("median", found.median)):
        for item in ("hhi", "mhhi", "hhi_flow", "cr4"):
            assert float(value(rows, section, "all", item)) == getattr(over, item)
    assert len({row["market_or_system"] for row in rows if row["section"] == "market"}) == len(found.markets)
    for one in found.markets:
        for item in ("patients", "owners", "hhi", "mhhi", "hhi_flow", "cr4", "largest_share"):
            assert float(value(rows, "market", one.id, item)) == getattr(one, item)
        assert value(rows, "market", one.id, "largest_name") == one.largest_name
        assert value(rows, "market", one.id, "above_screen") == str(int(one.above_screen))
    assert len({row["market_or_system"] for row in rows if row["section"] == "system"}) == len(found.systems)
    for system in found.systems:
        for item in ("patients", "share", "level", "largest_zone_share"):
            assert float(value(rows, "system", system.id, item)) == getattr(system, item)
        for payer, dollars in system.willingness.items():
            assert float(value(rows, "system", system.id, f"willingness:{payer}")) == dollars
        for other in system.substitutes:
            assert float(value(rows, "substitute", system.id, other.id)) == other.diversion


def test_csv_lists_as_many_as_were_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(say(capsys, "two.yaml", "--csv", "--markets", "1", "--systems", "2")[0])
    listed = {row["section"]: set() for row in rows}
    for row in rows:
        listed[row["section"]].add(row["market_or_system"])
    assert (len(listed["market"]), len(listed["system"])) == (1, 2)
    assert int(value(rows, "about", "all", "markets")) == 2


def test_a_market_where_nobody_is_treated_has_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    from oncsim.cli.market_concentration_words import csv_rows, report
    from oncsim.market_structure import concentration_of
    from oncsim.snapshot import model_at

    model = model_at(load_scenario("rural_market"))
    rest = model.zones.market[model.sites.zone] == model.zones.market_ids.index("rest")
    model.sites.starts[~rest] = 0.0
    found = concentration_of(model)
    lines = shape("\n".join(report(found, "T", 1, 0, 0)))
    assert any(line.startswith("Metropolitan area 0 0 - - 0 - - - -") for line in lines)
    assert "The only market with patients, Outside the metropolitan area, has an HHI" in " ".join(lines)
    nan = [row for row in csv_rows(found, 1, 0, 0) if row[:3] == ("market", "PLANE", "hhi")]
    assert str(nan[0][3]) == "nan"

    model.sites.starts[:] = 0.0
    text = report(concentration_of(model), "T", 1, 0, 0)
    assert text[2] == "Nobody starts treatment in this quarter, so there is no concentration to speak of."
    assert not any(line.startswith(("system", "without")) for line in text)


@pytest.mark.parametrize(("name", "start"), [("out.png", b"\x89PNG"), ("out.svg", b"<?xml")])
def test_draws_a_figure(folder: Path, name: str, start: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = say(capsys, "two.yaml", "--figure", name, "--csv")
    assert (folder / name).read_bytes().startswith(start)
    assert err.splitlines()[-1] == f"figure: {name}"
    assert "figure" not in out  # rows stay rows


INSIDE = "2026Q1 to 2027Q4, the horizon of two"
WRONG = [
    (["--at", "2026q3"], f"--at: '2026q3' is not a quarter ({INSIDE}; did you mean '2026Q3'?)"),
    (["--at", "soon"], f"--at: 'soon' is not a quarter ({INSIDE})"),
    (["--at", "2031Q1"], f"--at: 2031Q1 is outside the scenario ({INSIDE})"),
    (["--seed", "-1"], "--seed: -1 is not allowed (0 to 2^63 - 1)"),
    (
        ["--market-type", "cbsas"],
        "--market-type: 'cbsas' is no definition of a market (one of hrr, cbsa, state; did you mean 'cbsa'?)",
    ),
    (["--market-type", ""], "--market-type: '' is no definition of a market (one of hrr, cbsa, state)"),
    (
        ["--market-type", "hrr"],
        "--market-type: the market of two knows no hrr (one of cbsa, state, or none for the zones' own market)",
    ),
    (["--markets", "-2"], "--markets: -2 is not allowed (0 or more; 0 is all)"),
    (["--systems", "-1"], "--systems: -1 is not allowed (0 or more; 0 is all)"),
    (["--figure", "x.pgn"], "--figure: 'x.pgn' is not a picture (end it in .png or .svg; did you mean 'png'?)"),
    (["--figure", "none/x.png"], "--figure: there is no folder 'none' (make it first)"),
    (["--figure", "there.png"], "--figure: 'there.png' is a folder"),
    (
        ["--at", "2026", "--markets", "-1", "--market-type", "x", "--figure", "x"],
        f"--at: '2026' is not a quarter ({INSIDE}; did you mean '2026Q4'?)\n"
        "--figure: 'x' is not a picture (end it in .png or .svg)\n"
        "--market-type: 'x' is no definition of a market (one of hrr, cbsa, state)\n"
        "--markets: -1 is not allowed (0 or more; 0 is all)",
    ),
]


@pytest.mark.parametrize(("options", "lines"), WRONG, ids=lambda part: " ".join(part) if isinstance(part, list) else "")
def test_refuses(folder: Path, options: list[str], lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "there.png").mkdir()
    before = sorted(path.name for path in folder.rglob("*"))
    assert main([*COMMAND, "two.yaml", *options]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{lines}\n")
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_refuses_on_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    see = "see `oncsim market concentration --help`\n"
    assert main(COMMAND) == 2
    assert capsys.readouterr().err == f"oncsim market concentration: missing argument SCENARIO; {see}"
    assert main([*COMMAND, "two.yaml", "--market", "hrr"]) == 2
    assert capsys.readouterr().err.startswith("oncsim market concentration: no option '--market'; did you mean ")
    assert main([*COMMAND, "none.yaml"]) == 2
    assert capsys.readouterr().err.startswith("none.yaml: ")
    assert main([*COMMAND, "two.yaml", "--set", "policy.antitrust.scren_hhi=1"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    code = "from oncsim.cli import main; main(['market', 'concentration', '--help']); import sys; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Say how concentrated the markets of SCENARIO are" in said
    assert HEAVY & set(said.split()) == set()
