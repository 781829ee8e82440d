"""``oncsim merger``: what it says to people and to scripts, the figure, and the exact message of every wrong input."""

from __future__ import annotations

import csv
import io
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oncsim import snapshot
from oncsim.actions.ownership import acquire, close_practice
from oncsim.cli import console, main
from oncsim.cli.merger_words import change, dollars, millions, percent, short, whole
from oncsim.mergers.tidy import HEADER
from oncsim.model import OncologyMarket

sys.path.insert(0, str(Path(__file__).parents[1] / "market"))
from files_toy import write_tables

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
METRO = ["--scenario", "metro_market"]
LIST = "`oncsim merger --list`"

WRONG = {
    "": [
        f"ONE: no organisation (a name or an id; {LIST} has them)",
        f"OTHER: no organisation (a name or an id; {LIST} has them)",
    ],
    "S1": [f"OTHER: no organisation (a name or an id; {LIST} has them)"],
    "S1 S2 S3": ["oncsim merger: got unexpected extra argument (S3); see `oncsim merger --help`"],
    "S1 S2 --payer medicaid": [
        "--payer: no payer 'medicaid' whose prices are bargained (one of medicare_advantage, commercial)"
    ],
    "S1 S2 --payer comercial": [
        "--payer: no payer 'comercial' whose prices are bargained (one of medicare_advantage, commercial; "
        "did you mean 'commercial'?)"
    ],
    "S1 S2 --price 0": ["--price: 0 is no price (dollars above zero)"],
    "S1 S2 --price -5": ["--price: -5 is no price (dollars above zero)"],
    "S1 S2 --price nan": ["--price: nan is no price (dollars above zero)"],
    "S1 S2 --seed -1": ["--seed: -1 is not allowed (0 to 2^63 - 1)"],
    "S1 S2 --at 2026": ["--at: '2026' is not a quarter (write for example 2026Q1)"],
    "S1 S2 --at 2050Q1": ["--at: 2050Q1 is outside the scenario (2026Q1 to 2035Q4, the horizon of metro_market)"],
    "S1 S2 --figure deal.jpg": ["--figure: 'deal.jpg' is not a picture (end it in .png or .svg; did you mean 'png'?)"],
    "S1 S2 --figure deal": ["--figure: 'deal' is not a picture (end it in .png or .svg)"],
    "S1 S2 --figure none/deal.png": ["--figure: there is no folder 'none' (make it first)"],
    "--list --figure deal.png": ["--figure: --list draws nothing (name two organisations)"],
    "S1 --payer x --price 0 --seed -1 --at y --figure z": [
        "--at: 'y' is not a quarter (write for example 2026Q1)",
        "--figure: 'z' is not a picture (end it in .png or .svg)",
        "--payer: no payer 'x' whose prices are bargained (one of medicare_advantage, commercial)",
        "--price: 0 is no price (dollars above zero)",
        "--seed: -1 is not allowed (0 to 2^63 - 1)",
        f"OTHER: no organisation (a name or an id; {LIST} has them)",
    ],
    "S1 S2 --market-type hrr": ["--market-type: no such market definition 'hrr' (one of cbsa, state)"],
    "S1 S2 --market-type cbas": [
        "--market-type: no such market definition 'cbas' (one of cbsa, state; did you mean 'cbsa'?)"
    ],
    "S1 S1": ["OTHER: 'Meridian Health' is ONE as well (a deal has two parties)"],
    "S1 commercial": [f"OTHER: 'Commercial plans' is a payer (organisations that treat patients; {LIST} has them)"],
    "hilltop Onkology": [
        f"ONE: no such organisation 'hilltop' (an id or a name; {LIST} has them; "
        "did you mean 'Hilltop Hematology Oncology'?)",
        f"OTHER: no such organisation 'Onkology' (an id or a name; {LIST} has them; did you mean 'Kim Oncology'?)",
    ],
    "S1 zzzz": [f"OTHER: no such organisation 'zzzz' (an id or a name; {LIST} has them)"],
    "S1 N01": [f"OTHER: 'Meridian Oncology Network' treats nobody in 2026Q1 ({LIST} has those that treat patients)"],
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_input_is_refused_in_these_words(
    words: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["merger", *words.split(), *METRO]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == WRONG[words]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_scenario_and_a_wrong_change_of_one_are_refused(capsys: Captured) -> None:
    assert main(["merger", "S1", "S2", "--scenario", "metro_markt"]) == 2
    assert capsys.readouterr().err.startswith("metro_markt: no bundled scenario has this id")
    assert main(["merger", "S1", "S2", *METRO, "--set", "policy.antitrust.screen_hh=1"]) == 2
    assert "did you mean 'policy.antitrust.screen_hhi'" in capsys.readouterr().err


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[OncologyMarket], None]], None]:
    """Let a test change the market after it has been played."""
    real = snapshot.model_at

    def change(how: Callable[[OncologyMarket], None]) -> None:
        def then(*args: Any) -> OncologyMarket:
            model = real(*args)
            how(model)
            return model

        monkeypatch.setattr(snapshot, "model_at", then)

    return change


def test_a_closed_organisation_is_refused(capsys: Captured, changed: Any) -> None:
    changed(lambda model: close_practice(model, int(np.flatnonzero(model.orgs.id == "P03")[0]), "a trial"))
    for words, label in ((["S1", "P03"], "OTHER"), (["Hilltop Hematology Oncology", "S1"], "ONE")):
        assert main(["merger", *words, *METRO]) == 2
        said = f"{label}: 'Hilltop Hematology Oncology' has closed by 2026Q1 ({LIST} has those that treat patients)\n"
        assert capsys.readouterr().err == said


def test_a_name_that_two_have_is_refused(capsys: Captured, changed: Any) -> None:
    def twins(model: OncologyMarket) -> None:
        model.orgs.name[model.orgs.id == "P04"] = "Hilltop Hematology Oncology"

    changed(twins)
    assert main(["merger", "S1", "Hilltop Hematology Oncology", *METRO]) == 2
    said = capsys.readouterr().err
    assert said == "OTHER: 2 organisations are called 'Hilltop Hematology Oncology' (give an id: P03, P04)\n"
    assert main(["merger", "S1", "P04", *METRO]) == 0


def test_parties_of_one_owner_are_refused(capsys: Captured, changed: Any) -> None:
    def bought(model: OncologyMarket) -> None:
        row = {str(one): place for place, one in enumerate(model.orgs.id)}
        for practice in ("P03", "P04"):
            acquire(model, row[practice], row["S1"], 1e6, 0.0, "a trial")

    changed(bought)
    end = "(a deal has two parties with different owners)"
    for words, said in {
        ("S1", "P03"): "'Meridian Health' owns 'Hilltop Hematology Oncology' already",
        ("P03", "S1"): "'Meridian Health' owns 'Hilltop Hematology Oncology' already",
        ("P03", "P04"): "'Hilltop Hematology Oncology' and 'Lakeview Cancer Care' both belong to 'Meridian Health'",
    }.items():
        assert main(["merger", *words, *METRO]) == 2
        assert capsys.readouterr().err == f"OTHER: {said} {end}\n"
    assert main(["merger", "P03", "S2", *METRO]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("Meridian Health (A) buys Saint Aidan Health (B)")
    assert "Hilltop Hematology Oncology belongs to Meridian Health: the deal is worked out for the owner at the top" in text


def run(words: str | list[str], capsys: Captured, *more: str) -> str:
    given = words.split() if isinstance(words, str) else words
    assert main(["merger", *given, *METRO, *more]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def values(text: str) -> dict[tuple[str, str, str], str]:
    rows = list(csv.reader(io.StringIO(text)))
    assert tuple(rows[0]) == HEADER
    keys = [(row[0], row[1], row[2]) for row in rows[1:]]
    assert len(set(keys)) == len(keys), "every number has a name of its own"
    return dict(zip(keys, (row[3] for row in rows[1:]), strict=True))


def csv_of(words: str, capsys: Captured) -> dict[tuple[str, str, str], str]:
    assert main(["merger", *words.split(), *METRO, "--csv"]) == 0
    said = capsys.readouterr()
    assert said.err == "note: this is a teaching market: places and organisations are invented\n"
    return values(said.out)


# -- text and scripts say the same ---------------------------------------------------------------------------------

LABELS = {
    "standard patients": ("standard_patients", whole),
    "would turn to the other party": ("diversion", percent),
    "would go beyond every system": ("beyond", percent),
    "willingness to pay": ("willingness", millions),
    "price in force": ("price", "{:.3f}".format),
    "avoidable cost": ("cost", "{:.3f}".format),
    "GUPPI": ("guppi", percent),
    "bargaining weight": ("bargaining_weight", "{:.2f}".format),
    "price, Nash": ("nash_linear_price", "{:.3f}".format),
    "price, pass-through": ("wtp_passthrough_price", "{:.3f}".format),
}


@pytest.mark.parametrize("deal", ["S1 S2", "S1 P03", "A1 P24"])
def test_text_and_table_for_scripts_say_the_same(deal: str, capsys: Captured) -> None:
    a, b = deal.split()
    found = csv_of(deal, capsys)
    for payer in ("commercial", "medicare_advantage"):
        lines = run(deal, capsys, "--payer", payer).splitlines()
        rows = [parts for line in lines if len(parts := re.split(r"\s{2,}", line.strip())) > 1]
        cells = {parts[0]: parts[1:] for parts in rows}
        for label, (item, words) in LABELS.items():
            wanted = [words(float(found[payer, item, party])) for party in (a, b)]
            assert cells[label][:2] == wanted, label
        for model, words in (("nash_linear", "Nash bargaining"), ("wtp_passthrough", "pass-through")):
            part = {name: float(found[payer, f"{model}_{name}", ""]) for name in ("level", "leverage_alone", "dollars")}
            paid = [float(found[payer, f"{model}_paid_to_{who}", ""]) for who in ("parties", "all")]
            row = [change(part["level"]), change(part["leverage_alone"]), *(change(one) for one in paid)]
            assert cells[words] == [*row, dollars(part["dollars"])]
        rivals = [key for key in found if key[0] == payer and key[1].startswith("diversion:") and key[2] == a]
        assert len(rivals) == 5
        first = next(place for place, parts in enumerate(rows) if parts[0] == "Without A, next")
        assert [parts[1] for parts in rows[first + 1 : first + 6]] == [percent(float(found[key])) for key in rivals]
    market = {key[1]: value for key, value in found.items() if key[0] == "market:PLANE"}
    shown = [parts for parts in rows if parts[0] == "Metropolitan area"]
    hhi = [whole(float(market[f"{name}_{when}"])) for name in ("hhi", "mhhi") for when in ("before", "after")]
    assert shown[0][4:6] == hhi[:2] and shown[1][1:3] == hhi[2:]
    assert shown[1][4:] == [percent(float(market[f"cr4_{when}"])) for when in ("before", "after")]
    zones = [key[0] for key in found if key[0].startswith("zone:") and key[1] == "name"]
    assert len(zones) == 10
    for zone in zones:
        shares = [float(found[zone, "share", party]) for party in (a, b)]
        assert cells[found[zone, "name", ""]][2:4] == [percent(share) for share in shares]


def test_every_line_fits_a_terminal(capsys: Captured) -> None:
    for words in ("S1 S2", "S1 P03 --price 6e7", "A1 P24"):
        assert max(len(line) for line in run(words, capsys).splitlines()) <= 110


def test_one_payer_or_both(capsys: Captured) -> None:
    both, one = (run(f"S1 S2 {more}", capsys) for more in ("", "--payer commercial"))
    assert "Medicare Advantage plans: one standard contract" in both
    assert "Medicare Advantage plans: one standard contract" not in one
    assert "Commercial plans: one standard contract" in one
    assert {key[0] for key in csv_of("S1 S2 --payer medicare_advantage", capsys)} & {"commercial"} == set()


def test_the_summary_says_what_the_tables_say(capsys: Captured) -> None:
    """A deal that crosses both screens, one that crosses none, and one nobody would notice."""
    assert main(["merger", "largest_system", "largest_practice", "--payer", "commercial"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "The screen of 2010 is crossed in Fond du Lac, WI, that of 2023 in Fond du Lac, WI and Milwaukee-Waukesha, WI."
        in text
    )
    assert "it rises in 2 other markets too" in text
    assert "As departments of a hospital the sites of Milwaukee Hematology Oncology would be paid +" in text
    assert "In Milwaukee-Waukesha, WI, the market of B's seat, it crosses the screen in force" in text
    assert "WI asks for no notice" in text
    text = " ".join(run("S1 S2", capsys).split())
    assert "It crosses no screen of the merger guidelines, neither of 2010 nor of 2023." in text
    assert "It is filed with the federal agencies where the price is above $126 m." in text
    text = " ".join(run("N01 P03 --price 2e8", capsys).split())
    assert "Concentration stays as it is: there is no market in which both treat patients." in text
    assert "Where it matters: no zone sends commercial patients to both." in text
    assert "At $200 m it is filed with the federal agencies (above $126 m)." in text
    text = " ".join(run("S1 P03 --price 6e7", capsys).split())
    assert "At $60.0 m it is not filed with the federal agencies (filed above $126 m)." in text
    assert "If it is filed" not in text


def test_notice_to_a_state_and_a_series_of_deals_are_told(capsys: Captured, tmp_path: Path) -> None:
    head = "schema: oncsim/scenario/1\nid: series\ntitle: t\nhorizon: {start: 2026Q1, end: 2027Q4}\n"
    head += "market: {source: embedded, states: [VT]}\n"
    policy = "policy:\n  - {set: policy.antitrust.serial_years, to: 5}\n  - {set: policy.antitrust.screen_hhi, to: 900}\n"
    (tmp_path / "series.yaml").write_text(head + policy, encoding="utf-8")
    where = ["--scenario", str(tmp_path / "series.yaml"), "--payer", "commercial"]
    assert main(["merger", "largest_system", "largest_practice", *where]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "VT would be told 60 days before it closes" in text
    assert "VT is notified 60 days before, which cannot refuse it; closing waits 0 or 1 quarters (66% for 1)." in text
    assert "within 5 years count as one deal with this: 0." in text
    assert (
        "In force in 2026Q1: HHI above 900 after a rise above 100, or a share above 30% with such a rise; crossed in" in text
    )


def test_the_list_names_everybody_who_treats(capsys: Captured) -> None:
    lines = run("--list", capsys).splitlines()
    assert lines[0] == "Organisations that treat patients in Archetype: a large metropolitan area, end of 2026Q1"
    assert lines[1].split() == ["id", "name", "kind", "sites", "patients", "a", "year"]
    assert lines[-1] == "Note: this is a teaching market: places and organisations are invented."
    table = list(csv.DictReader(io.StringIO(run("--list --csv", capsys))))
    assert [line.split()[0] for line in lines[2:-1]] == [row["id"] for row in table]
    patients = [float(row["patients"]) for row in table]
    assert patients == sorted(patients, reverse=True) and patients[-1] > 0
    assert run("S1 S2 --list", capsys).splitlines() == lines
    names = {row["name"] for row in table}
    assert "Meridian Health" in names and "Meridian Oncology Network" not in names


@pytest.mark.parametrize(("name", "start"), [("deal.png", b"\x89PNG"), ("deal.SVG", b"<?xml")])
def test_a_figure_is_drawn(name: str, start: bytes, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / name
    assert run(["S1", "S2", "--figure", str(path)], capsys).splitlines()[-1] == f"figure: {path}"
    assert path.read_bytes().startswith(start)
    assert main(["merger", "S1", "S2", *METRO, "--csv", "--figure", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == f"figure: {path}"
    assert "figure" not in said.out


def test_a_figure_that_cannot_be_written_is_a_plain_line(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "deal.png").mkdir()
    assert main(["merger", "S1", "S2", *METRO, "--figure", str(tmp_path / "deal.png")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"--figure: {str(tmp_path / 'deal.png')!r} is a folder\n"


def test_quiet_says_nothing_and_still_draws(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "deal.svg"
    assert main(["--quiet", "merger", "S1", "S2", *METRO, "--figure", str(path)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert path.is_file()


def test_many_quarters_show_how_far_they_are_on_stderr(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_SECONDS_BETWEEN_LINES", 0.0)
    assert main(["merger", "S1", "S2", *METRO, "--at", "2026Q3"]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"metro_market: {done} of 3 quarters" for done in (1, 2, 3)]
    assert "end of 2026Q3" in said.out


def test_seed_and_changes_of_the_scenario_count(capsys: Captured) -> None:
    one, other = (run(f"S1 S2 --at 2026Q4 --seed {seed}", capsys) for seed in (1, 2))
    assert one != other
    changed = csv_of("S1 S2 --set payer.bargaining.size_slope=0", capsys)
    assert changed["commercial", "bargaining_weight_after", ""] == "0.7"


def test_real_names_come_with_a_word_of_caution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    (tmp_path / "tables").mkdir()
    write_tables(tmp_path / "tables")
    (tmp_path / "toy.yaml").write_text(
        "schema: oncsim/scenario/1\nid: toy\ntitle: Toy\nhorizon: {start: 2026Q1, end: 2027Q4}\nmarket:\n  source: files\n"
        "  folder: tables\n  generate: false\n  zones: zones.csv\n  hospitals: hospitals.csv\n  practices: practices.csv\n"
        "  centers: centers.csv\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ONCSIM_DATA", raising=False)
    assert main(["merger", "--list", "--scenario", "toy.yaml", "--csv"]) == 0
    parties = [row["id"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))][:2]
    caution = "names come from the tables, what organisations do here is simulated: nothing in the story is a statement"
    assert main(["merger", *parties, "--scenario", "toy.yaml"]) == 0
    assert caution in " ".join(capsys.readouterr().out.split())
    assert main(["merger", *parties, "--scenario", "toy.yaml", "--csv"]) == 0
    said = capsys.readouterr()
    assert caution in said.err and caution not in said.out


# -- help and documentation ----------------------------------------------------------------------------------------


def test_examples_of_the_help_work(capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["merger", "--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = [line.removeprefix("oncsim ") for line in lines if line.startswith("oncsim merger")]
    assert len(examples) == 5
    for words in examples:
        assert main(shlex.split(words)) == 0
        assert len(capsys.readouterr().out.splitlines()) > 20


def test_the_page_shows_what_the_command_prints(capsys: Captured) -> None:
    """The worked example of docs/mergers.md, word for word: paste the output of its command again where this fails."""
    text = (ROOT / "docs" / "mergers.md").read_text(encoding="utf-8")
    command, shown = re.findall(
        r"```bash\n(oncsim merger [^`]*?--payer commercial)\n```\n\n```text\n(.*?)```", text, re.DOTALL
    )[0]
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == shown


def test_the_page_runs_its_commands_and_names_the_law(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "mergers.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(oncsim merger .*?)(?:\s+#.*)?$", text, re.MULTILINE)
    assert len(commands) == 7
    for line in commands:
        assert main(shlex.split(line)[1:]) == 0
    capsys.readouterr()
    assert (tmp_path / "deal.png").is_file()
    for rule in ("HHI above 2,500 after a rise above 200", "HHI above 1,800 after a rise above 100, or a share above 30 %"):
        assert rule in text


# -- words -------------------------------------------------------------------------------------------------------------


def test_numbers_are_written_with_their_sign_and_unit() -> None:
    assert [percent(value) for value in (0.0, 0.154, 1.0)] == ["0.0 %", "15.4 %", "100.0 %"]
    assert [change(value) for value in (0.0, 1e-6, 0.0008, -0.0008, 0.00996, 0.205, -0.03)] == [
        *("0.0 %", "0.0 %", "+0.08 %", "-0.08 %", "+1.0 %", "+20.5 %", "-3.0 %")
    ]
    assert [dollars(value) for value in (1e-8, -1e-8, 36869.0, -36869.0, 1.7114e6)] == [
        *("$0", "$0", "+$0.04 m", "-$0.04 m", "+$1.7 m")
    ]
    assert [whole(value) for value in (-0.2, 0.0, 1234.5)] == ["0", "0", "1,234"]
    assert short("a" * 40) == "a" * 31 + "..." and short("b" * 34) == "b" * 34
