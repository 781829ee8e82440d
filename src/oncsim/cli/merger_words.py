"""What one deal would do in a few plain sentences, and how its numbers are written."""

from __future__ import annotations

import textwrap

from oncsim.mergers import MergerAnalysis
from oncsim.mergers.effects import MODELS, PartyAtPayer
from oncsim.mergers.markets import MarketEffect, ScreenRule
from oncsim.reports.words import TOTAL, amount, counted, listing

NASH, PASS = MODELS
WIDTH = 108
NAME = 34  # letters of a name in a table
MODEL_WORDS = {NASH: "Nash bargaining", PASS: "pass-through"}
PAYER_WORDS = {"medicare_advantage": "Medicare Advantage plans", "commercial": "commercial plans"}
MODE_WORDS = {
    NASH: "prices are bargained (payer.bargaining.mode nash_linear)",
    PASS: "prices pass willingness to pay through (payer.bargaining.mode wtp_passthrough)",
    "none": "prices are not bargained (payer.bargaining.mode none): effects say what bargaining would do",
}
MARKET_WORDS = {
    "": "referral region where known, else metropolitan area, else the rest of the state",
    "hrr": "hospital referral regions",
    "cbsa": "metropolitan areas and the rest of each state",
    "state": "states",
}


def percent(value: float) -> str:
    """Return a share as people write it: ``2.1 %``."""
    return f"{100.0 * value:.1f} %"


def change(value: float) -> str:
    """Return a relative change with its sign: ``+2.1 %``, and ``+0.08 %`` where it is under one percent."""
    size = 100.0 * abs(value)
    if size < 0.005:
        return "0.0 %"
    sign = "+" if value > 0 else "-"
    return f"{sign}{size:.2f} %" if size < 0.995 else f"{sign}{size:.1f} %"


def whole(value: float) -> str:
    """Return a whole number with commas."""
    text = f"{value:,.0f}"
    return "0" if text == "-0" else text


def kind(code: str) -> str:
    """Return the kind of an organisation in words."""
    return code.replace("_", " ")


def short(name: str, width: int = NAME) -> str:
    """Return a name cut to so many letters."""
    return name if len(name) <= width else f"{name[: width - 3].rstrip()}..."


def bullet(text: str) -> list[str]:
    """Return a point as lines; a number and its percent sign stay together."""
    kept = text.replace(" %", "\u00a0%")
    lines = textwrap.wrap(kept, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def screen_words(rule: ScreenRule) -> str:
    """Return what a screen asks, as a clause."""
    text = f"HHI above {whole(rule.hhi)} after a rise above {whole(rule.change)}"
    if rule.share < 1:
        text += f", or a share above {rule.share:.0%} with such a rise"
    return text


def summary(deal: MergerAnalysis) -> list[str]:
    """Return the sentences a person reads first."""
    found = [concentration(deal), rivals(deal), prices(deal)]
    if deal.vertical is not None:
        found.append(_departments(deal))
    found.append(_law(deal))
    return found


def concentration(deal: MergerAnalysis) -> str:
    """Return what happens to concentration, and which screens are crossed."""
    moved = [market for market in deal.markets if market.change > 1e-6]
    if not moved:
        return f"Concentration stays as it is: there is no market in which both treat patients. {_screens(deal)}"
    first = moved[0]
    text = (
        f"In {first.name}, where they treat {percent(first.share_one)} and {percent(first.share_other)} of patients, "
        f"the HHI rises by {whole(first.change)} to {whole(first.hhi_after)}"
    )
    if len(moved) > 1:
        text += f"; it rises in {len(moved) - 1} other market{'s' if len(moved) > 2 else ''} too"
    return f"{text}. {_screens(deal)}"


def _screens(deal: MergerAnalysis) -> str:
    said = []
    for rule in deal.screens[:2]:
        where = [market.name for market in deal.markets if rule.name in market.crossed]
        said.append((rule.name, where))
    if not any(where for _, where in said):
        return "It crosses no screen of the merger guidelines, neither of 2010 nor of 2023."
    (old, there), (new, here) = said
    if there == here:
        return f"The screens of {old} and {new} are crossed in {_few(here)}."
    first, second = (_few(where) if where else "no market" for where in (there, here))
    return f"The screen of {old} is crossed in {first}, that of {new} in {second}."


def _few(names: list[str]) -> str:
    return listing(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} other markets"


def rivals(deal: MergerAnalysis) -> str:
    """Return where commercial patients of each party would turn."""
    effect = deal.payer("commercial")
    one = _turn(effect.one, deal.other.name)
    other = _turn(effect.other, deal.one.name)
    if not one and not other:
        return "Neither has commercial patients who could turn elsewhere."
    parts = [
        f"without {name} its commercial patients would turn to {turn}"
        for name, turn in ((deal.one.name, one), (deal.other.name, other))
        if turn
    ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _turn(stand: PartyAtPayer, partner: str) -> str:
    """Return the three nearest alternatives, and the other party wherever it stands among them."""
    places = [(rival.ratio, rival.name) for rival in stand.rivals] + [(stand.diversion, partner)]
    ranked = [f"{name} ({percent(ratio)})" for ratio, name in sorted(places, key=lambda place: -place[0]) if ratio > 0]
    shown = ranked[:3]
    mine = f"{partner} ({percent(stand.diversion)})"
    if mine in ranked and mine not in shown:
        return f"{listing(shown)}, and to {mine}"
    return listing(shown)


def prices(deal: MergerAnalysis) -> str:
    """Return the effect on commercial prices by both models."""
    effect = deal.payer("commercial")
    nash, passed = effect.effects[NASH], effect.effects[PASS]
    alone = f"{change(nash.leverage_alone)} from leverage alone"
    if abs(nash.level - nash.leverage_alone) > 0.005:
        alone += ", the rest from the bargaining weight of both as one"
    text = (
        f"With every contract renewed, what commercial plans pay the two changes by {change(nash.paid)} under Nash "
        f"bargaining ({alone}) and {change(passed.paid)} where willingness to pay "
        f"is passed through; what they pay for all their patients changes by {change(nash.payer)} and "
        f"{change(passed.payer)}, {dollars(nash.dollars)} and {dollars(passed.dollars)} a year."
    )
    if not nash.agreed:
        text += " Nash bargaining leaves no gain from a contract with both as one: they would be out of network."
    return text


def millions(value: float) -> str:
    """Return a sum of payments: ``$1.7 m``, ``$0.34 m``."""
    return amount(value if abs(value) >= 0.5 else 0.0, TOTAL)


def dollars(value: float) -> str:
    """Return a change of a sum of payments with its sign: ``+$1.7 m``."""
    return f"+{millions(value)}" if value >= 0.5 else millions(value)


def _departments(deal: MergerAnalysis) -> str:
    part = deal.vertical
    assert part is not None
    return (
        f"As departments of a hospital the sites of {deal.other.name} would be paid {change(part.total[NASH])} by "
        f"commercial plans: {change(part.rate_table)} from the rate table of the setting and "
        f"{change(part.bargained[NASH])} from the bargain."
    )


def _law(deal: MergerAnalysis) -> str:
    """Return who would hear of the deal."""
    found = deal.review
    said = [federal(deal)]
    if found.notified:
        said.append(f"{found.state or 'the state'} would be told {whole(found.days)} days before it closes")
    elif found.state:
        said.append(f"{found.state} asks for no notice")
    return f"{'; '.join(said)}."


def federal(deal: MergerAnalysis) -> str:
    """Return whether the deal is filed with the federal agencies, as a clause with a capital."""
    found = deal.review
    limit = amount(found.threshold, "dollars")
    series = ""
    if found.earlier:
        series = f" with {counted(found.earlier, 'earlier deal')} of {amount(found.earlier_price, 'dollars')} counted"
    if found.filed is None:
        return f"It is filed with the federal agencies where the price{series} is above {limit}"
    assert found.price is not None
    size = amount(found.price, "dollars")
    if found.filed:
        return f"At {size}{series} it is filed with the federal agencies (above {limit})"
    return f"At {size}{series} it is not filed with the federal agencies (filed above {limit})"


def crossed_words(market: MarketEffect) -> str:
    """Return the screens of the guidelines that a market crosses, for a table."""
    dated = [name for name in market.crossed if name != "now"]
    return ", ".join(dated) if dated else "none"
