"""Results of cases in words: how often an expectation held, and how much the case differs from its control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from oncsim.reports.words import amount, between, difference

if TYPE_CHECKING:
    from oncsim.cases.checking import CaseResult, Checked, Mean

PASS, FAIL = "PASS", "FAIL"


def verdict(passed: bool) -> str:
    """Return ``PASS`` or ``FAIL``."""
    return PASS if passed else FAIL


def heading(case: CaseResult) -> str:
    """Return number, title and place of a case in one line."""
    place = f" ({case.file.case.place})" if case.file.case.place else ""
    return f"{case.number}. {case.file.scenario.title}{place}"


def sentence(text: str) -> str:
    """Return a clause with a capital first letter."""
    return text[:1].upper() + text[1:]


def shares(one: Checked, replicates: int) -> str:
    """Return in how many replicates of the case and of its control an expectation held."""
    held = f"held in {_count(one.share, replicates)} of {replicates}"
    asked = one.expectation.control
    if not math.isfinite(one.control_share):
        return f"{held}, each against the control"
    told = f"{held}, in the control in {_count(one.control_share, replicates)}"
    return f"{told} (not asked)" if asked == "free" else told


def _count(share: float, replicates: int) -> str:
    return f"{round(share * replicates)}"


def effect(mean: Mean, unit: str) -> str:
    """Return a paired difference with its interval: ``+0.21 (95 % interval +0.18 to +0.24)``."""
    told = difference(mean.value, unit)
    span = between(mean.low, mean.high, unit)
    return f"{told} (95 % interval {span})" if span and mean.low != mean.high else told


def level(value: float, unit: str) -> str:
    """Return a mean with its unit."""
    return amount(value, unit)


def expectation_lines(one: Checked, replicates: int) -> tuple[str, str]:
    """Return the sentence of an expectation, and what came out."""
    note = one.expectation.note
    text = f"{note.rstrip('.')}: {one.text}" if note else sentence(one.text)
    result = f"{shares(one, replicates)}; case minus control {effect(one.effect, one.unit)}"
    return text, result + "".join(f"; {why}" for why in one.why)
