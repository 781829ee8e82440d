"""The tables of ``oncsim merger`` on leverage and prices: one payer at a time, and a practice that becomes departments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from oncsim.cli.console import table
from oncsim.cli.merger_words import (
    MODEL_WORDS,
    PAYER_WORDS,
    WIDTH,
    change,
    dollars,
    millions,
    percent,
    short,
    whole,
)
from oncsim.mergers import MergerAnalysis
from oncsim.mergers.effects import MODELS, PayerEffect, Rival
from oncsim.reports.words import amount

MOST_NAMES = 8
_MODEL_SHORT = {MODELS[0]: "Nash", MODELS[1]: "pass-through"}


def payer_lines(effect: PayerEffect) -> Iterator[str]:
    """Yield leverage, rivals and price effects at one payer."""
    words = PAYER_WORDS[effect.payer]
    yield f"{words[:1].upper()}{words[1:]}: one standard contract is {amount(effect.worth, 'dollars')} for a course of care"
    yield from _leverage(effect)
    yield ""
    yield from _rivals(effect)
    yield ""
    yield from _effects(effect)
    for text, names in (
        ("Out of network now", effect.outside),
        ("No gain from a contract at Nash prices", effect.no_gain),
        ("None after the deal", effect.no_gain_after if effect.no_gain_after != effect.no_gain else ()),
    ):
        if names:
            shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if names[MOST_NAMES:] else "")
            yield from textwrap.wrap(f"{text}: {shown}.", WIDTH, subsequent_indent="  ")


def _leverage(effect: PayerEffect) -> Iterator[str]:
    one, other = effect.one, effect.other
    both = (one, other)
    total = one.patients + other.patients
    worth = [millions(dollars) for dollars in (one.willingness, other.willingness, effect.willingness)]
    rows: list[tuple[str, ...]] = [
        ("", "A", "B", "as one", ""),
        ("in network now", *("yes" if party.in_network else "no" for party in both), "", ""),
        ("standard patients", *(whole(party.patients) for party in both), whole(total), "a year"),
        ("would turn to the other party", *(percent(party.diversion) for party in both), "", "diversion ratio"),
        ("would go beyond every system", *(percent(party.beyond) for party in both), percent(effect.beyond), ""),
        ("willingness to pay", *worth, f"a year; together {change(effect.gain)}"),
        ("price in force", *(f"{party.price:.3f}" for party in both), "", "standard contracts"),
        ("avoidable cost", *(f"{party.cost:.3f}" for party in both), "", "standard contracts"),
        ("GUPPI", *(percent(party.guppi) for party in both), "", "of its own price"),
        ("upward pricing pressure", *(amount(party.pressure, "dollars") for party in both), "", "a standard patient"),
        ("bargaining weight", *(f"{weight:.2f}" for weight in effect.weight_before), f"{effect.weight_after:.2f}", ""),
    ]
    rows += [
        (
            f"price, {_MODEL_SHORT[name]}",
            *(f"{party.renewed[name]:.3f}" for party in both),
            f"{effect.effects[name].after:.3f}",
            "all contracts renewed",
        )
        for name in MODELS
    ]
    yield from table(rows, right=(1, 2, 3))


def _rivals(effect: PayerEffect) -> Iterator[str]:
    columns = [effect.one.rivals, effect.other.rivals, effect.rivals]
    rows: list[tuple[str, ...]] = [("Without A, next", "", "without B, next", "", "without both, next", "")]
    for rank in range(max(len(column) for column in columns)):
        cells: list[str] = []
        for column in columns:
            rival: Rival | None = column[rank] if rank < len(column) else None
            cells += [short(rival.name, 26), percent(rival.ratio)] if rival else ["", ""]
        rows.append(tuple(cells))
    yield from table(rows, right=(1, 3, 5))


def _effects(effect: PayerEffect) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [
        ("Change by", "bargained price", "from leverage", "paid to A and B", "paid to all", "dollars a year")
    ]
    for name in MODELS:
        found = effect.effects[name]
        shares = (change(part) for part in (found.level, found.leverage_alone, found.paid, found.payer))
        rows.append((MODEL_WORDS[name], *shares, dollars(found.dollars)))
    yield from table(rows, right=(1, 2, 3, 4, 5))
    if effect.bargained < 1:
        yield f"{percent(effect.bargained)} of contracts are bargained; the others pay Medicare's rate whoever owns whom."


def vertical_lines(deal: MergerAnalysis) -> Iterator[str]:
    """Yield what becomes of commercial prices at the sites of a practice that a system or center buys."""
    part = deal.vertical
    if part is None:
        return
    yield f"Commercial prices at the sites of B as departments of a hospital ({whole(part.infusions)} infusions a year)"
    if part.sites == 0:
        yield "B has no office that would become a department: infusion centers and home infusion stay what they are."
    nash, passed = MODELS
    rows: list[tuple[str, ...]] = [
        ("", "now", "with A", "change", ""),
        (
            "rate table of the setting",
            amount(part.office_price, "dollars"),
            amount(part.department_price, "dollars"),
            change(part.rate_table),
            "an infusion day; new department off campus",
        ),
    ]
    commercial = deal.payer("commercial")
    for name in (nash, passed):
        after = commercial.effects[name].after
        rows.append(
            (
                f"bargained level, {_MODEL_SHORT[name]}",
                f"{part.level_now[name]:.3f}",
                f"{after:.3f}",
                change(part.bargained[name]),
                f"standard contracts; A has {part.level_buyer:.3f} now" if name == deal.mode else "standard contracts",
            )
        )
    rows += [(f"both, {_MODEL_SHORT[name]}", "", "", change(part.total[name]), "") for name in (nash, passed)]
    yield from table(rows, right=(1, 2, 3))
    yield from textwrap.wrap(
        "The rate table changes at re-designation, the bargain when contracts come due. Volumes stand still here; in a run "
        f"referrers employed by A, whose hospitals draw {percent(part.reach)} of hospital care where the patients of B "
        "live, steer people to these sites, and rules of payers steer them away from hospitals.",
        WIDTH,
    )
