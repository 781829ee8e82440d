"""``oncsim price``: one service priced step by step, by payer, setting, hospital class, 340B status and quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from oncsim.cli.console import console, table
from oncsim.cli.price_checks import FIRST_YEAR, read_quarters, within, wrong_together, wrong_words
from oncsim.cli.price_words import SETTING_WORDS, dollars, settings_of, title
from oncsim.codes import DEPARTMENTS, HOSPITAL_CLASSES, NEEDS, PAYERS, SETTINGS
from oncsim.errors import InputError

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.parameters import Parameters
    from oncsim.prices.case import Case, Priced
    from oncsim.scenario import Scenario

LEGEND = {
    True: "allowed = patient + payer + sequester; received = patient + payer; kept = received - drug, before other costs",
    False: "allowed = patient + payer + sequester; received = patient + payer",
}


def _one_of(codes: Sequence[str], more: str = "") -> str:
    return f"One of {', '.join(codes)}{more}."


@click.command("price")
@click.argument("service", default="infusion", metavar="[SERVICE]")
@click.option("--payer", default="medicare_ffs", show_default=True, metavar="CODE", help=_one_of(PAYERS))
@click.option("--setting", metavar="CODE", help=_one_of(SETTINGS, "; without it, all side by side"))
@click.option("--class", "hospital_class", metavar="CODE", help=_one_of(HOSPITAL_CLASSES, "; general without it"))
@click.option("--340b", "drugs_340b", is_flag=True, help="The hospital buys at 340B prices.")
@click.option("--state", metavar="CODE", help="Two letters, for law of one state.")
@click.option("--rural", is_flag=True, help="Outside metropolitan areas, for law that tells them apart.")
@click.option("--need", metavar="CODE", help=_one_of(NEEDS, "; what drugs cost; standard without it"))
@click.option("--asp", type=float, metavar="DOLLARS", help="Average sales price of the drug day; the need's without it.")
@click.option("--biosimilar", is_flag=True, help="The drug is a biosimilar.")
@click.option("--negotiated", is_flag=True, help="The drug has a negotiated Medicare price.")
@click.option(
    "--quarter",
    "quarters",
    multiple=True,
    metavar="QUARTER",
    help=f"From {FIRST_YEAR}Q1 to the end of the scenario; may be given several times; its start without it.",
)
@click.option("--scenario", default="current_law", show_default=True, metavar="SCENARIO", help="Whose law: an id or a file.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be given several times.")
@click.option("--csv", "as_csv", is_flag=True, help="The same as comma-separated values, for scripts.")
def command(
    service: str,
    payer: str,
    setting: str | None,
    hospital_class: str | None,
    drugs_340b: bool,
    state: str | None,
    rural: bool,
    need: str | None,
    asp: float | None,
    biosimilar: bool,
    negotiated: bool,
    quarters: tuple[str, ...],
    scenario: str,
    sets: tuple[str, ...],
    as_csv: bool,
) -> None:
    """Price SERVICE step by step, by the rules that runs use.

    SERVICE is infusion (a drug and its administration), drug, administration, visit, imaging, radiation or
    care_management. With --setting one case is worked out line by line; without it, all settings stand side by side.
    All amounts are dollars of the year. Commercial prices are those of a market as it begins, before bargaining.

    \b
    Examples:
      oncsim price
      oncsim price infusion --setting excepted --340b --quarter 2019Q1
      oncsim price visit --payer commercial --setting on_campus
      oncsim price drug --asp 20000 --scenario medpac_addon --quarter 2027Q4 --quarter 2028Q1
      oncsim price administration --payer commercial --state IN --quarter 2025Q2 --quarter 2025Q3
      oncsim price --set policy.site_neutral.drug_administration.on_campus=0.4 --csv
    """
    from oncsim.prices.case import Case
    from oncsim.scenario import load_scenario

    given = {"--class": hospital_class, "--need": need, "--asp": asp, "--biosimilar": biosimilar, "--negotiated": negotiated}
    faults = wrong_words(service, payer, setting, hospital_class, state, need)
    faults += wrong_together(service, payer, setting, drugs_340b, given)
    when = read_quarters(quarters, faults)
    if faults:
        raise InputError(faults)
    known = load_scenario(scenario, sets)
    when = when or [known.start]
    within(when, known)
    case = Case(
        service,
        payer,
        setting or "office",
        hospital_class or "general",
        drugs_340b,
        state or "",
        rural,
        need or "standard",
        biosimilar,
        negotiated,
        asp or 0.0,
    )
    if negotiated:
        _note_if_none_negotiated(known, when)
    if case.has_drug:
        _note_reference_prices(known, when)
    one = setting is not None or service == "care_management"
    if as_csv:
        say_csv(_step_rows(known, case, when) if one else _setting_rows(known, case, when))
        return
    for position, quarter in enumerate(when):
        if position:
            console().say()
        (say_case if one else say_settings)(known, case, quarter)


def _note_if_none_negotiated(scenario: Scenario, when: Sequence[Quarter]) -> None:
    """Say where the law negotiates no price of an infused cancer drug: the case is then an if."""
    share = "policy.negotiated_price.drug_share"
    none = [str(quarter) for quarter in when if scenario.parameters.at(quarter)[share] == 0]
    if none:
        law = f"{scenario.id} negotiates no price of an infused cancer drug in {', '.join(none)}"
        console().note(f"note: {law}; priced as if it did")


def _note_reference_prices(scenario: Scenario, when: Sequence[Quarter]) -> None:
    """Say where some drugs have a reference price: the case is one of the others."""
    shares = {quarter: float(scenario.parameters.at(quarter)["policy.reference_price.drug_share"]) for quarter in when}
    some = [f"{share:.0%} of drug dollars in {quarter}" for quarter, share in shares.items() if share > 0]
    if some:
        console().note(f"note: {scenario.id} pays a reference price for {', '.join(some)}; this is one of the other drugs")


def say_case(scenario: Scenario, case: Case, quarter: Quarter) -> None:
    """Say the arithmetic of one case."""
    from oncsim.prices.case import price_case
    from oncsim.prices.steps import steps_of

    say = console().say
    say(f"{title(case)}; {quarter}, {scenario.id}")
    rows: list[tuple[str, ...]] = [("  step", "how", "dollars")]
    steps = steps_of(price_case(scenario.parameters, case, quarter))
    rows += [(("= " if step.total else "  ") + step.what, step.how, dollars(step.amount)) for step in steps]
    for line in table(rows, right=(2,)):
        say(line)


def say_settings(scenario: Scenario, case: Case, quarter: Quarter) -> None:
    """Say the amounts of a case in every setting, in and out of 340B."""
    say = console().say
    head = ("setting", "allowed", "patient", "payer", "sequester", "received")
    rows: list[tuple[str, ...]] = [(*head, "drug", "kept") if case.has_drug else head]
    for label, priced in in_settings(scenario.parameters, case, quarter):
        rows.append((label, *(dollars(amount) for amount in _amounts(priced))))
    say(f"{title(case, False)}; {quarter}, {scenario.id}")
    for line in table(rows, right=tuple(range(1, len(rows[0])))):
        say(line)
    say(LEGEND[case.has_drug])


def _amounts(priced: Priced) -> tuple[float, ...]:
    amounts = (priced.rate, priced.patient, priced.paid, priced.sequester, priced.receipt)
    return (*amounts, priced.cost, priced.margin) if priced.case.has_drug else amounts


def in_settings(parameters: Parameters, case: Case, quarter: Quarter) -> list[tuple[str, Priced]]:
    """Return a case priced in every setting; departments in and out of 340B, or in it alone where the case says so."""
    from oncsim.prices.case import price_case

    found = []
    for setting in settings_of(case.service):
        programs: tuple[bool, ...] = (False,)
        if setting in DEPARTMENTS and (case.has_drug or case.drugs_340b):
            programs = (True,) if case.drugs_340b else (False, True)
        for program in programs:
            one = replace(case, setting=setting, drugs_340b=program)
            label = SETTING_WORDS[setting] + (", 340B" if program else "")
            found.append((label, price_case(parameters, one, quarter)))
    return found


Row = tuple[str | int | float, ...]


def _step_rows(scenario: Scenario, case: Case, when: Sequence[Quarter]) -> list[Row]:
    """Return the arithmetic of one case in several quarters, under a header."""
    from oncsim.prices.case import price_case
    from oncsim.prices.steps import steps_of

    rows: list[Row] = [("scenario", "quarter", "step", "how", "dollars", "total")]
    for quarter in when:
        steps = steps_of(price_case(scenario.parameters, case, quarter))
        rows += [(scenario.id, str(quarter), step.what, step.how, _cents(step.amount), int(step.total)) for step in steps]
    return rows


def _setting_rows(scenario: Scenario, case: Case, when: Sequence[Quarter]) -> list[Row]:
    """Return the amounts of a case in every setting and quarter, under a header."""
    names = ("allowed", "patient", "payer", "sequester", "received") + (("drug", "kept") if case.has_drug else ())
    rows: list[Row] = [("scenario", "quarter", "setting", "in_340b", *(f"{name}_dollars" for name in names))]
    for quarter in when:
        for _, priced in in_settings(scenario.parameters, case, quarter):
            program = int(priced.case.hospital and priced.case.drugs_340b)
            amounts = (_cents(amount) for amount in _amounts(priced))
            rows.append((scenario.id, str(quarter), priced.case.setting, program, *amounts))
    return rows


def _cents(amount: float) -> str:
    return dollars(amount).replace(",", "")


def say_csv(rows: Sequence[Row]) -> None:
    """Say rows as comma-separated values."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    console().say(text.getvalue().rstrip("\n"))
