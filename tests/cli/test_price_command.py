"""``oncsim price``: the arithmetic it prints, the table for scripts, and the exact message of every wrong input."""

from __future__ import annotations

import csv
import io
import itertools
import re

import pytest

from oncsim.calendar import Quarter
from oncsim.cli import main
from oncsim.cli.price_checks import BILLED, WITH_DRUG
from oncsim.cli.price_words import HOSPITAL_WORDS, PAYER_WORDS, SETTING_WORDS, UNITS, dollars, settings_of
from oncsim.codes import HOSPITAL_CLASSES, PAYERS, SETTINGS, STATES
from oncsim.prices import case as engine

Captured = pytest.CaptureFixture[str]
SERVICES = ", ".join(BILLED)
CLASSES = ", ".join(HOSPITAL_CLASSES)
NO_DEPARTMENT = "is no department of a hospital (--setting on_campus, excepted, non_excepted)"
NO_DRUG = "no drug is part of visit (of infusion and drug one is)"
# Care management is paid by schedule in Medicare alone.
PAID = [(s, p) for s in BILLED for p in PAYERS if s != "care_management" or p == "medicare_ffs"]

WRONG = {
    "bogus": [f"SERVICE: no such code 'bogus' (one of {SERVICES})"],
    "infuson": [f"SERVICE: no such code 'infuson' (one of {SERVICES}; did you mean 'infusion'?)"],
    "--payer medicare": [
        "--payer: no such code 'medicare' (one of medicare_ffs, medicare_advantage, commercial, medicaid, uninsured; "
        "did you mean 'medicare_ffs'?)"
    ],
    "--setting campus": [
        "--setting: no such code 'campus' (one of office, on_campus, excepted, non_excepted, freestanding, home; "
        "did you mean 'on_campus'?)"
    ],
    "--class teaching": [f"--class: no such code 'teaching' (one of {CLASSES})"],
    "--state in": [f"--state: no such code 'in' (one of {', '.join(STATES)}; did you mean 'IN'?)"],
    "--need rare": ["--need: no such code 'rare' (one of standard, advanced, tertiary)"],
    "--setting office --340b": [f"--340b: office {NO_DEPARTMENT}"],
    "--setting home --class cancer": [f"--class: home {NO_DEPARTMENT}"],
    "visit --setting home": ["--setting: visit is not given at home (infusion, drug and administration are)"],
    "visit --need advanced --asp 5 --biosimilar --negotiated": [
        f"--asp: {NO_DRUG}",
        f"--biosimilar: {NO_DRUG}",
        f"--need: {NO_DRUG}",
        f"--negotiated: {NO_DRUG}",
    ],
    "--asp 0": ["--asp: 0 is no price (dollars above zero)"],
    "--asp -2.5": ["--asp: -2.5 is no price (dollars above zero)"],
    "--asp nan": ["--asp: nan is no price (dollars above zero)"],
    "--asp inf": ["--asp: inf is no price (dollars above zero)"],
    "drug --biosimilar --negotiated": [
        "--negotiated: a biosimilar has no negotiated price (give one of --biosimilar and --negotiated)"
    ],
    "care_management --payer commercial": [
        "--payer: only medicare_ffs pays a care-management fee by schedule (commercial fees are terms of contracts)"
    ],
    "--quarter 2026": ["--quarter: '2026' is not a quarter (write for example 2026Q1)"],
    "--quarter 2009Q4": ["--quarter: 2009Q4 is before the history of the law (from 2010Q1)"],
    "--quarter 2041Q1": ["--quarter: 2041Q1 is after the end of current_law (2040Q4; --set horizon.end=... moves it)"],
    "--quarter 2027Q1 --scenario baseline_2010": [
        "--quarter: 2027Q1 is after the end of baseline_2010 (2026Q4; --set horizon.end=... moves it)"
    ],
    "--scenario curent_law": [
        "curent_law: no bundled scenario has this id (`oncsim scenario list` names them all; a file ends in .yaml; "
        "did you mean 'current_law'?)"
    ],
    "bogus --payer x --quarter y": [
        "--payer: no such code 'x' (one of medicare_ffs, medicare_advantage, commercial, medicaid, uninsured)",
        "--quarter: 'y' is not a quarter (write for example 2026Q1)",
        f"SERVICE: no such code 'bogus' (one of {SERVICES})",
    ],
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_input_is_refused_in_these_words(words: str, capsys: Captured) -> None:
    assert main(["price", *words.split()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == WRONG[words]


def run(words: str, capsys: Captured) -> str:
    assert main(["price", *words.split()]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


CUT_OF_2019 = """\
Dollars for one infusion day, the drug and its administration (CPT 96413); Medicare fee-for-service; \
off campus, excepted; general hospital in 340B; 2019Q1, current_law
  step                            how                                                       dollars
  average sales price             drug of one standard infusion day                        1,000.00
  add-on                          6.00% of ASP                                                60.00
  rate for 340B drugs             x 0.775 of ASP where that is less than price and add-on    775.00
= drug, allowed                                                                              775.00
  drug administration, OPPS rate  hospital outpatient system                                 297.22
= drug administration, allowed    hospital and physician                                     297.22
  patient's share                 20% of 1,072.22                                            214.44
  payer's share                   1,072.22 less the patient's                                857.78
  sequester                       2.00% of Medicare's share, none of the patient's           -17.16
= provider receives               patient's and payer's shares after the sequester         1,055.07
  drug bought at 340B price       ASP less 34.7%                                             653.00
= left for the provider           38.1% of receipts, before all other costs                  402.07
"""


def test_one_case_is_worked_out_line_by_line(capsys: Captured) -> None:
    assert run("infusion --setting excepted --340b --quarter 2019Q1 --asp 1000", capsys) == CUT_OF_2019


def test_amounts_add_up_in_every_setting(capsys: Captured) -> None:
    """Allowed is what patient and payer pay and the sequester takes; received less the drug is kept."""
    rows = table_of(run("infusion --csv --quarter 2019Q1 --quarter 2026Q1", capsys))
    assert [row["quarter"] for row in rows] == ["2019Q1"] * 9 + ["2026Q1"] * 9
    for row in rows:
        amount = {name.removesuffix("_dollars"): float(text) for name, text in row.items() if name.endswith("_dollars")}
        parts = amount["patient"] + amount["payer"] + amount["sequester"]
        assert amount["allowed"] == pytest.approx(parts, abs=0.02)
        assert amount["received"] == pytest.approx(amount["patient"] + amount["payer"], abs=0.02)
        assert amount["kept"] == pytest.approx(amount["received"] - amount["drug"], abs=0.02)
    # The 340B cut was in force in one of the two years.
    cut = {row["quarter"]: row for row in rows if row["setting"] == "on_campus" and row["in_340b"] == "1"}
    full = {row["quarter"]: row for row in rows if row["setting"] == "on_campus" and row["in_340b"] == "0"}
    assert float(cut["2019Q1"]["allowed_dollars"]) < float(full["2019Q1"]["allowed_dollars"])
    assert cut["2026Q1"]["allowed_dollars"] == full["2026Q1"]["allowed_dollars"]


@pytest.mark.parametrize(("service", "payer"), PAID)
def test_table_for_people_and_for_scripts_say_the_same(service: str, payer: str, capsys: Captured) -> None:
    words = f"{service} --payer {payer} --quarter 2026Q1"
    plain, rows = run(words, capsys).splitlines(), table_of(run(f"{words} --csv", capsys))
    amounts = [text for row in rows for name, text in row.items() if name.endswith("dollars")]
    printed = [text.replace(",", "") for line in plain[2:] for text in re.findall(r"(?<=  )-?[\d,]+\.\d\d(?=  |$)", line)]
    assert [text for text in printed if text in amounts] == amounts
    assert plain[0].startswith("Dollars for one") or plain[0].startswith("Dollars for the")
    assert PAYER_WORDS[payer] in plain[0]


def test_services_without_a_drug_have_no_340b_rows(capsys: Captured) -> None:
    rows = table_of(run("visit --csv", capsys))
    assert [row["setting"] for row in rows] == list(settings_of("visit"))
    assert "drug_dollars" not in rows[0]
    assert len(table_of(run("drug --csv", capsys))) == 9
    # With --340b departments stand there once, in the program.
    assert [row["in_340b"] for row in table_of(run("drug --340b --csv", capsys))] == ["0", "1", "1", "1", "0", "0"]


def test_state_law_bars_facility_fees_off_campus(capsys: Captured) -> None:
    words = "administration --payer commercial --setting excepted --quarter 2026Q1 --csv"
    free, barred = (table_of(run(f"{words} --state {state}", capsys)) for state in ("WI", "IN"))
    names = [[row["step"] for row in rows] for rows in (free, barred)]
    assert "facility fees barred by the state" in names[1]
    assert "facility fees barred by the state" not in names[0]
    price = [float(next(row["dollars"] for row in rows if row["step"] == "commercial price")) for rows in (free, barred)]
    assert price[1] < price[0]


def test_law_of_a_scenario_and_changes_on_the_command_line(capsys: Captured) -> None:
    """The add-on limit of 2028 costs a dear drug most of its add-on; a quarter earlier nothing."""
    words = "drug --setting office --asp 20000 --csv --quarter 2027Q4 --quarter 2028Q1"
    now, limited = (table_of(run(f"{words} --scenario {name}", capsys)) for name in ("current_law", "medpac_addon"))
    addon = [[float(row["dollars"]) for row in rows if row["step"] == "add-on"] for rows in (now, limited)]
    assert addon == [[1200.0, 1200.0], [1200.0, 220.0]]
    changed = table_of(run("administration --setting on_campus --csv", capsys))
    assert "site-neutral share" not in [row["step"] for row in changed]
    share = "policy.site_neutral.drug_administration.on_campus=0.4"
    changed = table_of(run(f"administration --setting on_campus --csv --set {share}", capsys))
    assert "site-neutral share" in [row["step"] for row in changed]


def test_a_negotiated_price_before_there_is_one_is_an_if(capsys: Captured) -> None:
    assert main(["price", "drug", "--negotiated", "--quarter", "2026Q1", "--quarter", "2030Q1"]) == 0
    said = capsys.readouterr()
    law = "current_law negotiates no price of an infused cancer drug in 2026Q1"
    assert said.err == f"note: {law}; priced as if it did\n"
    assert "negotiated" in said.out
    assert "note" not in said.out
    run("drug --negotiated --quarter 2030Q1", capsys)  # nothing on stderr: the law has them


def test_reference_prices_of_other_drugs_are_mentioned(capsys: Captured) -> None:
    words = "price drug --setting office --quarter 2027Q4 --quarter 2028Q1 --scenario reference_pricing --csv"
    assert main(words.split()) == 0
    said = capsys.readouterr()
    some = "20% of drug dollars in 2028Q1"
    assert said.err == f"note: reference_pricing pays a reference price for {some}; this is one of the other drugs\n"
    assert "note" not in said.out


def test_cost_sharing_at_hospitals_moves_what_the_patient_owes_and_nothing_else(capsys: Captured) -> None:
    """8 points more of the drug at a hospital under the scenario, in commercial plans alone; nothing at an office."""

    def amounts(scenario: str, payer: str, setting: str) -> dict[str, float]:
        words = f"infusion --asp 1000 --payer {payer} --quarter 2028Q1 --csv --scenario {scenario}"
        row = next(row for row in table_of(run(words, capsys)) if row["setting"] == setting and row["in_340b"] == "0")
        return {name.removesuffix("_dollars"): float(text) for name, text in row.items() if name.endswith("_dollars")}

    now, shared = (amounts(name, "commercial", "on_campus") for name in ("current_law", "hospital_coinsurance"))
    drug = 1810.0  # the commercial price of a drug of $1,000 at a hospital
    assert shared["patient"] - now["patient"] == pytest.approx(0.08 * drug, abs=0.02)
    assert now["payer"] - shared["payer"] == pytest.approx(0.08 * drug, abs=0.02)
    assert (now["allowed"], now["received"], now["kept"]) == (shared["allowed"], shared["received"], shared["kept"])
    for payer, setting in (("commercial", "office"), ("medicare_ffs", "on_campus"), ("medicaid", "excepted")):
        assert amounts("current_law", payer, setting) == amounts("hospital_coinsurance", payer, setting)


def test_no_fee_is_paid_between_two_oncology_models(capsys: Captured) -> None:
    quarters = "--quarter 2021Q1 --quarter 2022Q4 --quarter 2026Q1"
    rows = table_of(run(f"care_management --csv {quarters}", capsys))
    assert [row["dollars"] for row in rows if row["step"] == "care-management fee"] == ["160.00", "0.00", "110.00"]


def test_every_case_has_words() -> None:
    assert tuple(UNITS) == engine.BILLED == BILLED
    assert tuple(PAYER_WORDS) == PAYERS
    assert tuple(SETTING_WORDS) == SETTINGS
    assert tuple(HOSPITAL_WORDS) == HOSPITAL_CLASSES
    assert [service for service in BILLED if engine.Case(service).has_drug] == list(WITH_DRUG)


def test_nothing_is_never_negative() -> None:
    assert dollars(-0.0) == dollars(-0.001) == "0.00"
    assert dollars(-1234.5) == "-1,234.50"


def test_examples_of_the_help_work(capsys: Captured) -> None:
    assert main(["price", "--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = [line.removeprefix("oncsim price").strip() for line in lines if line.startswith("oncsim price")]
    assert len(examples) == 6
    for words in examples:
        assert len(run(words, capsys).splitlines()) > 3


def test_every_step_follows_from_the_one_before(capsys: Captured) -> None:
    """Where a step says 'x FACTOR' its amount is the factor times the sum of what stands before it."""
    from oncsim.parameters import Parameters, load_registry
    from oncsim.prices.steps import steps_of

    parameters = Parameters(load_registry())
    seen = 0
    for payer, setting, service in itertools.product(PAYERS, SETTINGS, ("administration", "visit", "imaging", "radiation")):
        one = engine.Case(service, payer, setting, drugs_340b=setting == "on_campus", state="IN")
        before = added = 0.0
        for step in steps_of(engine.price_case(parameters, one, Quarter(2026, 1))):
            factor = re.match(r"x ([\d.]+)", step.how)
            if step.total:
                break
            if step.what.endswith(", added"):
                added = step.amount
                continue
            if factor:
                expected = float(factor[1]) * (before + added)
                assert step.amount == pytest.approx(expected, rel=0.01), (one, step)
                seen += 1
            before = step.amount
    assert seen > 40
