"""What ``oncsim price`` refuses, each with its exact message."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oncsim.cli.price_words import settings_of
from oncsim.codes import DEPARTMENTS, HOSPITAL_CLASSES, NEEDS, PAYERS, SETTINGS, STATES
from oncsim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.scenario import Scenario

# As the engine has them; it is imported when something is priced.
BILLED = ("infusion", "drug", "administration", "visit", "imaging", "radiation", "care_management")
WITH_DRUG = ("infusion", "drug")
FIRST_YEAR = 2010  # the dated history of the law begins there


def wrong_words(
    service: str, payer: str, setting: str | None, hospital_class: str | None, state: str | None, need: str | None
) -> list[Fault]:
    """Return a fault for every word that is not a code."""
    words: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("SERVICE", service, BILLED),
        ("--payer", payer, PAYERS),
        ("--setting", setting, SETTINGS),
        ("--class", hospital_class, HOSPITAL_CLASSES),
        ("--state", state, STATES),
        ("--need", need, NEEDS),
    )
    return [
        Fault(name, 0, 0, "", f"no such code {word!r} (one of {', '.join(allowed)}{_nearest(word, allowed)})")
        for name, word, allowed in words
        if word is not None and word not in allowed
    ]


def _nearest(word: str, allowed: Sequence[str]) -> str:
    return f"; did you mean {word.upper()!r}?" if word.upper() in allowed else did_you_mean(word.lower(), allowed)


def wrong_together(
    service: str, payer: str, setting: str | None, drugs_340b: bool, given: dict[str, str | float | bool | None]
) -> list[Fault]:
    """Return a fault for every option that would be without effect, or that contradicts another."""
    faults = []

    def fault(name: str, message: str) -> None:
        faults.append(Fault(name, 0, 0, "", message))

    if setting in SETTINGS and setting not in DEPARTMENTS:
        only = f"{setting} is no department of a hospital (--setting {', '.join(DEPARTMENTS)})"
        for name, used in (("--class", given["--class"] is not None), ("--340b", drugs_340b)):
            if used:
                fault(name, only)
    if setting == "home" and service in BILLED and setting not in settings_of(service):
        fault("--setting", f"{service} is not given at home (infusion, drug and administration are)")
    if service in BILLED and service not in WITH_DRUG:
        for name in ("--need", "--asp", "--biosimilar", "--negotiated"):
            if given[name] not in (None, False):
                fault(name, f"no drug is part of {service} (of {' and '.join(WITH_DRUG)} one is)")
    elif given["--biosimilar"] and given["--negotiated"]:
        fault("--negotiated", "a biosimilar has no negotiated price (give one of --biosimilar and --negotiated)")
    asp = given["--asp"]
    if isinstance(asp, float) and not (math.isfinite(asp) and asp > 0):
        fault("--asp", f"{asp:g} is no price (dollars above zero)")
    if service == "care_management" and payer in PAYERS and payer != "medicare_ffs":
        fault("--payer", "only medicare_ffs pays a care-management fee by schedule (commercial fees are terms of contracts)")
    return faults


def read_quarters(texts: Sequence[str], faults: list[Fault]) -> list[Quarter]:
    """Return the quarters in the order given, each once; add a fault for every text that is none."""
    from oncsim.calendar import Quarter

    when = []
    for text in texts:
        try:
            when.append(Quarter.parse(text))
        except ValueError as problem:
            faults.append(Fault("--quarter", 0, 0, "", str(problem)))
    return list(dict.fromkeys(when))


def within(when: Sequence[Quarter], scenario: Scenario) -> None:
    """Refuse quarters of which the law says nothing: before its history, after the scenario."""
    faults = []
    for quarter in when:
        if quarter.year < FIRST_YEAR:
            message = f"{quarter} is before the history of the law (from {FIRST_YEAR}Q1)"
            faults.append(Fault("--quarter", 0, 0, "", message))
        elif quarter > scenario.end:
            message = f"{quarter} is after the end of {scenario.id} ({scenario.end}; --set horizon.end=... moves it)"
            faults.append(Fault("--quarter", 0, 0, "", message))
    if faults:
        raise InputError(faults)
