"""The law year by year: the series of docs/policies.md, computed as runs compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from oncsim.calendar import Quarter
from oncsim.parameters import Parameters, load_registry
from oncsim.parameters.leaf import Leaf, in_force, setter
from oncsim.prices.case import Case, price_case

YEARS = range(2010, 2028)
PARAMETERS = Parameters(load_registry())


@dataclass(frozen=True)
class Series:
    """One column of the law by year: a heading, its value in a quarter as text, and the parameters that decide it.

    ``parameters`` maps names to the element that is shown; ``all_year`` shows changes within a year, else its last value.
    """

    title: str
    value: Callable[[Quarter], str]
    parameters: dict[str, tuple[str, ...]]
    all_year: bool = True


def _at(name: str, *codes: str) -> Callable[[Quarter], Any]:
    def value(quarter: Quarter) -> Any:
        found = PARAMETERS.at(quarter)[name]
        for code in codes:
            found = found[code]
        return found

    return value


def _number(name: str, *codes: str, times: float = 1.0, digits: int = 2) -> Callable[[Quarter], str]:
    value = _at(name, *codes)
    return lambda quarter: f"{float(value(quarter)) * times:.{digits}f}"


def _drug(what: str, **case: Any) -> Callable[[Quarter], str]:
    """Return a drug's allowed amount or receipt over its average sales price, as the engine has it."""
    return lambda quarter: (
        f"{getattr(price_case(PARAMETERS, Case(service='drug', asp=1000.0, **case), quarter), what) / 1000:.3f}"
    )


def _fee(quarter: Quarter) -> str:
    running = _at("policy.value_based.running")(quarter)
    return f"{_at('policy.value_based.fee')(quarter):.0f}" if running else "none"


def _screen(quarter: Quarter) -> str:
    law = PARAMETERS.at(quarter)
    share = float(law["policy.antitrust.screen_share"])
    text = f"{law['policy.antitrust.screen_hhi']:,.0f} / {law['policy.antitrust.screen_change']:.0f}"
    return text if share >= 1 else f"{text}, or {share:.0%}"


ADDON, NEUTRAL = "payment.medicare.drug_addon", "policy.site_neutral"
GENERAL = ("general",)
PAYMENT = (
    Series("sequester, %", _number("payment.medicare.sequester", times=100), {"payment.medicare.sequester": ()}),
    Series("office drug receipt, x ASP", _drug("receipt"), {ADDON: ("office",)}),
    Series("OPPS drug rate, x ASP", _drug("rate", setting="on_campus"), {ADDON: ("hospital",)}),
    Series(
        "340B drug rate, x ASP",
        _drug("rate", setting="on_campus", drugs_340b=True),
        {ADDON: ("hospital",), "policy.p340b.medicare_rate": ("on_campus", "general")},
    ),
    Series("non-excepted, x OPPS", _number(f"{NEUTRAL}.drug_administration", "non_excepted", "general"), {}),
    Series("clinic visit, excepted, x OPPS", _number(f"{NEUTRAL}.clinic_visit", "excepted", "general"), {}),
    Series("drug administration, excepted, x OPPS", _number(f"{NEUTRAL}.drug_administration", "excepted", "general"), {}),
    Series(
        "PFS conversion factor, $",
        _number("payment.medicare.pfs_conversion_factor"),
        {"payment.medicare.pfs_conversion_factor": ()},
    ),
)
RULES = (
    Series("340B discount, % of ASP", _number("policy.p340b.discount", times=100, digits=1), {"policy.p340b.discount": ()}),
    Series(
        "OPPS conversion factor, $",
        _number("payment.medicare.opps_conversion_factor"),
        {"payment.medicare.opps_conversion_factor": ()},
    ),
    Series("care-management fee, $ a month", _fee, {"policy.value_based.fee": ()}),
    Series(
        "advanced APM bonus earned, %",
        _number("policy.value_based.apm_bonus", times=100),
        {"policy.value_based.apm_bonus": ()},
    ),
    Series("merger screen, HHI / rise, or share", _screen, {"policy.antitrust.screen_hhi": ()}, all_year=False),
    Series(
        "HSR threshold, $ million",
        _number("policy.antitrust.hsr_threshold", times=1e-6, digits=1),
        {"policy.antitrust.hsr_threshold": ()},
        all_year=False,
    ),
)


def by_year(series: Iterable[Series]) -> list[str]:
    """Return a table with one row a year."""
    chosen = list(series)
    lines = ["| year | " + " | ".join(one.title for one in chosen) + " |", "|---|" + "---|" * len(chosen)]
    lines += [f"| {year} | " + " | ".join(cell(one, year) for one in chosen) + " |" for year in YEARS]
    return lines


def cell(series: Series, year: int) -> str:
    """Return what a series shows for a year: its values, each with the quarter from which it holds."""
    quarters = [Quarter(year, number) for number in ((1, 2, 3, 4) if series.all_year else (4,))]
    said: list[str] = []
    last = ""
    for quarter in quarters:
        text = series.value(quarter) + _mark(series, quarter)
        carried = text.endswith("+") and said  # growth within the year is left out
        if text != last and not carried:
            said.append(text + (f" from Q{quarter.number}" if said else ""))
        last = text
    return "; ".join(said)


def _mark(series: Series, quarter: Quarter) -> str:
    """Return * where the value is remembered and no page was read for it, + where a growth rate carries it on."""
    marks = ""
    for name, element in series.parameters.items():
        leaf = PARAMETERS.leaf(name)
        dated = setter(leaf, element, in_force(leaf, quarter))
        note = dated.citation.note
        if "the year is remembered" in note and (dated.start is None or dated.start.year != quarter.year):
            note = ""  # since when is remembered, not the value
        if "remembered" in note:
            marks = "*"
        if leaf.drift and dated is leaf.history[-1] and _at(name, *element)(quarter) != _start_value(leaf, element):
            marks = marks or "+"
    return marks


def _start_value(leaf: Leaf, element: tuple[str, ...]) -> Any:
    value = leaf.history[-1].value
    for code in element:
        value = value[code]
    return value
