"""The tables of ``oncsim merger``, as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator

from oncsim.cli.console import table
from oncsim.cli.merger_price_tables import payer_lines, vertical_lines
from oncsim.cli.merger_words import (
    MARKET_WORDS,
    MODE_WORDS,
    WIDTH,
    bullet,
    crossed_words,
    federal,
    kind,
    millions,
    percent,
    screen_words,
    short,
    summary,
    whole,
)
from oncsim.mergers import MergerAnalysis

MOST_MARKETS = 15
_PAID_BY = {"medicare_advantage": "from MA plans", "commercial": "commercial"}


def lines_of(deal: MergerAnalysis, payers: Collection[str]) -> Iterator[str]:
    """Yield the whole answer, line by line."""
    yield f"{deal.one.name} (A) buys {deal.other.name} (B)"
    yield f"{deal.market_name}, end of {deal.quarter}, scenario {deal.scenario}"
    yield ""
    yield "In this model:"
    for sentence in summary(deal):
        yield from bullet(sentence)
    for section in (_parties(deal), _markets(deal)):
        yield ""
        yield from section
    for effect in deal.payers:
        if effect.payer in payers:
            yield ""
            yield from payer_lines(effect)
    for section in (vertical_lines(deal), _law(deal), _zones(deal), _notes(deal)):
        found = list(section)
        if found:
            yield ""
            yield from found


def _parties(deal: MergerAnalysis) -> Iterator[str]:
    payers = [effect.payer for effect in deal.payers]
    rows: list[tuple[str, ...]] = [
        ("Parties", "kind", "sites", "oncologists", "patients", *(_PAID_BY[payer] for payer in payers))
    ]
    for letter, party in (("A", deal.one), ("B", deal.other)):
        received = (millions(party.receipts[payer]) for payer in payers)
        rows.append(
            (
                f"{letter} {short(party.name, 30)}",
                kind(party.kind),
                str(party.sites),
                f"{party.oncologists:.1f}",
                whole(party.patients),
                *received,
            )
        )
    yield from table(rows, right=(2, 3, 4, 5, 6))
    yield "Patients who start treatment and receipts from Medicare Advantage (MA) and commercial plans, a year."


def _markets(deal: MergerAnalysis) -> Iterator[str]:
    shown = deal.markets[:MOST_MARKETS]
    rows: list[tuple[str, ...]] = [
        ("Concentration", "patients", "A", "B", "HHI", "after", "change", "crosses the screen of")
    ]
    rows += [
        (
            short(market.name, 38),
            whole(market.patients),
            percent(market.share_one),
            percent(market.share_other),
            whole(market.hhi_before),
            whole(market.hhi_after),
            f"{market.change:+,.0f}" if market.change >= 0.5 else "0",
            crossed_words(market),
        )
        for market in shown
    ]
    yield from table(rows, right=(1, 2, 3, 4, 5, 6))
    if len(deal.markets) > len(shown):
        yield f"({len(deal.markets) - len(shown)} more markets with a smaller change; --csv has them)"
    yield ""
    rows = [("Partial ownership, four largest", "modified HHI", "after", "change", "four largest", "after")]
    rows += [
        (
            short(market.name, 38),
            whole(market.mhhi_before),
            whole(market.mhhi_after),
            whole(market.mhhi_after - market.mhhi_before),
            percent(market.cr4_before),
            percent(market.cr4_after),
        )
        for market in shown
    ]
    yield from table(rows, right=(1, 2, 3, 4, 5))
    words = MARKET_WORDS.get(deal.market_type, deal.market_type)
    yield from textwrap.wrap(f"Markets: {words}; all patients who start treatment at the sites there, a year.", WIDTH)
    for rule in deal.screens[:2]:
        yield f"Screen of {rule.name}: {screen_words(rule)}."
    now = deal.screens[2]
    if not any((now.hhi, now.change, now.share) == (rule.hhi, rule.change, rule.share) for rule in deal.screens[:2]):
        crossing = [market.name for market in deal.markets if now.name in market.crossed]
        yield f"In force in {deal.quarter}: {screen_words(now)}; crossed in {', '.join(crossing) or 'no market'}."


def _law(deal: MergerAnalysis) -> Iterator[str]:
    found = deal.review
    yield "Law"
    yield from bullet(f"{federal(deal)}.")
    if found.filed is not False:
        chance = "certain, as it crosses a screen" if found.second_request >= 1 else f"{found.second_request:.0%} likely"
        yield from bullet(f"If it is filed, an in-depth review is {chance}, and adds {found.review_quarters} quarters.")
    if found.serial_years:
        yield from bullet(
            f"Practices that A bought in {found.market} within {found.serial_years} years count as one deal with this: "
            f"{found.earlier}."
        )
    else:
        yield from bullet("Each deal is looked at alone: no rule counts a series as one.")
    judged = "of B's seat" if deal.other.kind == "practice" else "where B treats most patients"
    if found.notified:
        least, most = found.quarters
        delay = f"{least} quarters" if found.longer == 0 else f"{least} or {most} quarters ({found.longer:.0%} for {most})"
        power = "which may refuse it if it crosses a screen" if found.approval else "which cannot refuse it"
        yield from bullet(
            f"{found.state or 'The state'} is notified {whole(found.days)} days before, {power}; closing waits {delay}."
        )
    elif found.state:
        few = (
            f": B has {found.people} oncologists, and {found.people_needed} are needed"
            if found.people < found.people_needed
            else ""
        )
        yield from bullet(f"{found.state}, the state {judged}, is not notified{few}.")
    else:
        yield from bullet("No state lies on a plane: the law most states have applies, without notice.")
    if found.screen.flagged:
        yield from bullet(
            f"In {found.market}, the market {judged}, it crosses the screen in force ({found.screen.words()}); "
            f"where somebody who may stop it looks, it is stopped with a chance of {found.block:.0%}."
        )


def _zones(deal: MergerAnalysis) -> Iterator[str]:
    if not deal.overlaps:
        yield "Where it matters: no zone sends commercial patients to both."
        return
    rows: list[tuple[str, ...]] = [("Where it matters", "people", "commercial patients", "A", "B", "together")]
    rows += [
        (
            short(zone.name),
            whole(zone.population),
            whole(zone.patients),
            percent(zone.share_one),
            percent(zone.share_other),
            percent(zone.share_one + zone.share_other),
        )
        for zone in deal.overlaps
    ]
    yield from table(rows, right=(1, 2, 3, 4, 5))
    yield "Shares of commercial patients who live there and start treatment, a year; largest product of shares first."


def _notes(deal: MergerAnalysis) -> Iterator[str]:
    yield "Notes"
    own = [
        "all contracts renewed at once, patients and sites as they are: what a run does over years differs",
        "modified HHI counts partial ownership; GUPPI and pressure are before any saving of cost",
        MODE_WORDS[deal.mode],
    ]
    for note in (*deal.notes, *own):
        yield from bullet(note)
