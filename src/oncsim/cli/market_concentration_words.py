"""What ``oncsim market concentration`` says: sentences first, then tables, or the same as tidy rows."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from oncsim.cli.console import table

if TYPE_CHECKING:
    from oncsim.market_structure import MarketConcentration, OneMarket, OneSystem, OverMarkets

WIDTH = 110
_TYPES = {
    "": "the zones' own: referral region where known, else metropolitan area, else the rest of the state",
    "hrr": "hospital referral regions",
    "cbsa": "metropolitan areas, and the rest of each state",
    "state": "states",
}
_ADVANTAGE, _COMMERCIAL = "medicare_advantage", "commercial"
Lines = list[str]
Row = tuple[str | int | float, ...]


def report(found: MarketConcentration, title: str, seed: int, markets: int, systems: int) -> Lines:
    """Return all lines; ``markets`` and ``systems`` are how many to list, 0 for all."""
    lines = [f"{title} ({found.scenario}), end of {found.quarter}, seed {seed}", ""]
    lines += [*_wrapped(" ".join(sentences(found))), ""]
    lines += [*market_table(found, markets), ""]
    if found.systems:
        lines += [*system_table(found, systems), "", *substitute_table(found, systems)]
    return lines


def sentences(found: MarketConcentration) -> Lines:
    """Return what can be quoted without a table."""
    some = [one for one in found.markets if one.patients > 0]
    if not some:
        return ["Nobody starts treatment in this quarter, so there is no concentration to speak of."]
    mean, screen = (
        found.mean,
        f"{_number(found.screen)}, the screen of the merger guidelines in force for deals that raise it ",
    )
    screen += f"by more than {_number(found.screen_change)}"
    if len(some) == 1:
        where = f"The only market with patients, {some[0].name}, has"
        above = f"it is {'above' if some[0].above_screen else 'not above'}"
    else:
        over = [one for one in some if one.above_screen]
        part = sum(one.patients for one in over) / sum(one.patients for one in some)
        treating = " where anybody is treated" if len(some) < len(found.markets) else ""
        where = "Weighted by patients, the mean market has"
        above = f"{len(over):,} of {len(some):,} markets{treating}, with {part:.0%} of patients, are above"
    said = [
        f"{where} an HHI of owners of {_number(mean.hhi)}, and its four largest owners treat {mean.cr4:.0%} of patients; "
        f"{above} {screen}.",
        f"With partial ownership and control the HHI is {_number(mean.mhhi)}; counted where patients live it is "
        f"{_number(mean.hhi_flow)}, or {_number(found.hhi_flow_predicted)} if travel time alone decided.",
    ]
    if found.willingness:
        worth = {payer: f"${value:,.0f}" for payer, value in found.willingness.items()}
        payers = ((_COMMERCIAL, "commercial plans"), (_ADVANTAGE, "Medicare Advantage plans"))
        parts = [f"{worth[payer]} to {words}" for payer, words in payers if payer in worth]
        said.append(f"Keeping the mean system in the network is worth, for each standard patient, {' and '.join(parts)}.")
    return said


def market_table(found: MarketConcentration, many: int) -> Lines:
    """Return the markets with most patients, and the mean and the median of all."""
    shown = found.markets[: many or None]
    rows: list[tuple[str, ...]] = [
        ("market", "patients", "owners", "HHI", "modified", "flow", "CR4", "largest owner", "share", "screen")
    ]
    rows += [_market_row(one) for one in shown]
    rows += [_over_row("mean by patients", found.mean), _over_row("median", found.median)]
    notes = [f"Markets: {_TYPES[found.market_type]}."]
    if len(shown) < len(found.markets):
        notes[0] = (
            f"The {len(shown)} of {len(found.markets):,} markets with most patients (--markets 0 lists all). {notes[0]}"
        )
    outside = 1.0 - sum(one.patients for one in found.markets) / found.patients if found.patients > 0 else 0.0
    if outside > 1e-9:
        notes.append(f"{outside:.1%} of patients are treated at sites in no such market.")
    notes.append(
        "patients: starting treatment a year, four times the quarter's. Shares are of treated patients only, at sites in "
        "the market, by top owner: who goes untreated is in no denominator. HHI: 0 to 10,000. modified: with partial "
        "ownership and control. flow: HHI where patients live, mean of zones by population. CR4: share of the four largest. "
        f"screen: HHI above or below {_number(found.screen)}."
    )
    return [*fitted(rows, (0, 7), (1, 2, 3, 4, 5, 6, 8)), *_wrapped(" ".join(notes))]


def _market_row(one: OneMarket) -> tuple[str, ...]:
    screen = "-" if math.isnan(one.hhi) else "above" if one.above_screen else "below"
    return (
        one.name,
        _number(one.patients),
        str(one.owners),
        _number(one.hhi),
        _number(one.mhhi),
        _number(one.hhi_flow),
        _percent(one.cr4),
        one.largest_name or "-",
        _percent(one.largest_share),
        screen,
    )


def _over_row(name: str, over: OverMarkets) -> tuple[str, ...]:
    return (name, "", "", _number(over.hhi), _number(over.mhhi), _number(over.hhi_flow), _percent(over.cr4), "", "", "")


def system_table(found: MarketConcentration, many: int) -> Lines:
    """Return the systems with most patients."""
    shown = found.systems[: many or None]
    rows: list[tuple[str, ...]] = [
        ("system", "patients", "share", "commercial $", "Advantage $", "level", "zone share", "in zone")
    ]
    rows += [_system_row(one) for one in shown]
    start = f"The {len(shown)} of {len(found.systems):,} owners with most patients (--systems 0 lists all). "
    notes = start if len(shown) < len(found.systems) else ""
    notes += (
        "share: of all treated patients. commercial $, Advantage $: what keeping the system in the network is worth to the "
        "payer, a standard patient"
    )
    least = found.willingness_least
    if least:
        notes += f"; read it against {_number(least[_COMMERCIAL])} and {_number(least[_ADVANTAGE])}, which a system nobody "
        notes += "would miss has"
    notes += ". level: commercial price, in standard contracts (1: an office as the registry has it)"
    notes += ". " if found.bargained else "; by class of site, since prices are not bargained here. "
    notes += "zone share: its largest share of the treated people of a zone."
    return [*fitted(rows, (0, 7), (1, 2, 3, 4, 5, 6)), *_wrapped(notes)]


def _system_row(one: OneSystem) -> tuple[str, ...]:
    return (
        one.name,
        _number(one.patients),
        f"{one.share:.1%}",
        _number(one.willingness[_COMMERCIAL]),
        _number(one.willingness[_ADVANTAGE]),
        "-" if math.isnan(one.level) else f"{one.level:.2f}",
        _percent(one.largest_zone_share),
        one.largest_zone or "-",
    )


def substitute_table(found: MarketConcentration, many: int) -> Lines:
    """Return where the patients of the largest systems would go without them."""
    rows: list[tuple[str, ...]] = [("without", "first", "", "second", "", "third", "")]
    for one in found.systems[: many or None]:
        cells = [(next_.name, _percent(next_.diversion)) for next_ in one.substitutes]
        padded = [cell or ("-", "") for cell, _ in zip_longest(cells, range(3))]
        rows.append((one.name, *(text for pair in padded for text in pair)))
    note = "Where most of a system's commercial patients would go without it: diversion ratios, of its patients."
    return [*fitted(rows, (0, 1, 3, 5), (2, 4, 6)), *_wrapped(note)]


def fitted(rows: Sequence[tuple[str, ...]], names: tuple[int, ...], right: tuple[int, ...]) -> Lines:
    """Return rows as aligned lines of at most ``WIDTH``; the longest column of names gives way first."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        longest = max(names, key=lambda i: widths[i])
        widths[longest] -= 1
    return table([tuple(_short(cell, widths[i]) for i, cell in enumerate(row)) for row in rows], right)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _wrapped(text: str) -> Lines:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"


def csv_rows(found: MarketConcentration, seed: int, markets: int, systems: int) -> list[Row]:
    """Return tidy rows under a header: numbers as they are, ids where tables have names."""
    rows: list[Row] = [("section", "market_or_system", "item", "value", "unit")]
    about = (
        ("scenario", found.scenario, ""),
        ("quarter", found.quarter, ""),
        ("seed", seed, ""),
        ("market_type", found.market_type, ""),
        ("screen", found.screen, "HHI"),
        ("screen_change", found.screen_change, "HHI"),
        ("patients", found.patients, "patients a year"),
        ("markets", len(found.markets), "markets"),
        ("systems", len(found.systems), "systems"),
        ("hhi_flow_predicted", found.hhi_flow_predicted, "HHI"),
        ("hhi_flow_site", found.hhi_flow_site, "HHI"),
    )
    rows += [("about", "all", *line) for line in about]
    for name in ("willingness", "willingness_least"):
        dollars = getattr(found, name)
        rows += [("about", "all", f"{name}:{payer}", value, _WORTH) for payer, value in dollars.items()]
    for section, over in (("mean", found.mean), ("median", found.median)):
        rows += [(section, "all", item, getattr(over, item), unit) for item, unit in _INDICES]
    for market in found.markets[: markets or None]:
        rows += [("market", market.id, item, getattr(market, item), unit) for item, unit in _OF_MARKET]
        rows.append(("market", market.id, "above_screen", int(market.above_screen), "flag"))
    for system in found.systems[: systems or None]:
        rows += [("system", system.id, item, getattr(system, item), unit) for item, unit in _OF_SYSTEM]
        rows += [("system", system.id, f"willingness:{payer}", value, _WORTH) for payer, value in system.willingness.items()]
        rows += [("substitute", system.id, one.id, one.diversion, "share") for one in system.substitutes]
    return rows


_WORTH = "dollars per standard patient"
_INDICES = (("hhi", "HHI"), ("mhhi", "HHI"), ("hhi_flow", "HHI"), ("cr4", "share"))
_OF_MARKET = (
    ("name", ""),
    ("patients", "patients a year"),
    ("owners", "owners"),
    *_INDICES,
    ("largest", ""),
    ("largest_name", ""),
    ("largest_share", "share"),
)
_OF_SYSTEM = (
    ("name", ""),
    ("kind", ""),
    ("patients", "patients a year"),
    ("share", "share"),
    ("level", "standard contracts"),
    ("largest_zone_share", "share"),
    ("largest_zone", ""),
)
