"""A deal as rows for scripts: section, item, party, value, unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from oncsim.mergers.analysis import MergerAnalysis
from oncsim.mergers.effects import PartyAtPayer, PayerEffect
from oncsim.mergers.markets import MarketEffect
from oncsim.mergers.parties import Party

Value = float | int | str
Row = tuple[str, str, str, Value, str]
HEADER = ("section", "item", "party", "value", "unit")


def rows(deal: MergerAnalysis, payers: Collection[str]) -> Iterator[Row]:
    """Yield the numbers of an analysis in the order of its sections.

    ``party`` is the id of the organisation a number is about, empty where it is about both or all. Shares are 0 to 1 and
    changes relative; flags are 0 and 1.

    Parameters
    ----------
    payers : collection of str
        Codes of the payers to include.
    """
    yield "deal", "scenario", "", deal.scenario, "id"
    yield "deal", "quarter", "", deal.quarter, "quarter"
    yield "deal", "mode", "", deal.mode, "word"
    for party in (deal.one, deal.other):
        yield from _party(party)
    for rule in deal.screens:
        section = f"screen:{rule.name}"
        yield section, "hhi", "", rule.hhi, "HHI"
        yield section, "change", "", rule.change, "HHI"
        yield section, "share", "", rule.share, "share"
    for market in deal.markets:
        yield from _market(deal, market)
    for effect in deal.payers:
        if effect.payer in payers:
            yield from _payer(deal, effect)
    yield from _vertical(deal)
    yield from _review(deal)
    for zone in deal.overlaps:
        section = f"zone:{zone.id}"
        yield section, "name", "", zone.name, "name"
        yield section, "population", "", zone.population, "people"
        yield section, "patients", "", zone.patients, "patients a year"
        yield section, "share", deal.one.id, zone.share_one, "share"
        yield section, "share", deal.other.id, zone.share_other, "share"


def _party(party: Party) -> Iterator[Row]:
    yield "parties", "name", party.id, party.name, "name"
    yield "parties", "kind", party.id, party.kind, "word"
    yield "parties", "sites", party.id, party.sites, "open sites"
    yield "parties", "oncologists", party.id, party.oncologists, "full-time equivalents"
    yield "parties", "patients", party.id, party.patients, "patients a year"
    for payer, dollars in party.receipts.items():
        yield "parties", f"receipts_{payer}", party.id, dollars, "dollars a year"


def _market(deal: MergerAnalysis, market: MarketEffect) -> Iterator[Row]:
    section = f"market:{market.id}"
    yield section, "name", "", market.name, "name"
    yield section, "patients", "", market.patients, "patients a year"
    yield section, "share", deal.one.id, market.share_one, "share"
    yield section, "share", deal.other.id, market.share_other, "share"
    for name in ("hhi", "mhhi"):
        yield section, f"{name}_before", "", float(getattr(market, f"{name}_before")), "HHI"
        yield section, f"{name}_after", "", float(getattr(market, f"{name}_after")), "HHI"
    yield section, "hhi_change", "", market.change, "HHI"
    yield section, "cr4_before", "", market.cr4_before, "share"
    yield section, "cr4_after", "", market.cr4_after, "share"
    for rule in deal.screens:
        yield section, f"crosses_{rule.name}", "", int(rule.name in market.crossed), "flag"


def _payer(deal: MergerAnalysis, effect: PayerEffect) -> Iterator[Row]:
    section, standard = effect.payer, "standard contracts"
    yield section, "standard_contract", "", effect.worth, "dollars a standard patient"
    yield section, "bargained_share", "", effect.bargained, "share"
    yield section, "value_of_access", "", effect.value, "standard contracts per util"
    for party, stand, weight in zip((deal.one, deal.other), (effect.one, effect.other), effect.weight_before, strict=True):
        yield from _stand(section, party, stand)
        yield section, "bargaining_weight", party.id, weight, "share"
    yield section, "willingness_together", "", effect.willingness, "dollars a year"
    yield section, "willingness_gain", "", effect.gain, "relative change"
    yield section, "bargaining_weight_after", "", effect.weight_after, "share"
    yield section, "bargaining_weight_kept", "", effect.weight_kept, "share"
    yield section, "recapture", "", effect.recapture, standard
    yield section, "beyond_together", "", effect.beyond, "share"
    for name, systems in (
        ("out_of_network", effect.outside),
        ("without_gain", effect.no_gain),
        ("without_gain_after", effect.no_gain_after),
    ):
        yield section, name, "", len(systems), "systems"
    for rival in effect.rivals:
        yield section, f"diversion_together:{rival.id}", "", rival.ratio, "share"
    for name, found in effect.effects.items():
        yield section, f"{name}_price_after", "", found.after, standard
        yield section, f"{name}_level", "", found.level, "relative change"
        yield section, f"{name}_leverage_alone", "", found.leverage_alone, "relative change"
        yield section, f"{name}_paid_to_parties", "", found.paid, "relative change"
        yield section, f"{name}_paid_to_all", "", found.payer, "relative change"
        yield section, f"{name}_dollars", "", found.dollars, "dollars a year"
        yield section, f"{name}_agreed", "", int(found.agreed), "flag"


def _stand(section: str, party: Party, stand: PartyAtPayer) -> Iterator[Row]:
    who = party.id
    yield section, "in_network", who, int(stand.in_network), "flag"
    yield section, "standard_patients", who, stand.patients, "standard patients a year"
    yield section, "diversion", who, stand.diversion, "share"
    yield section, "beyond", who, stand.beyond, "share"
    yield section, "willingness", who, stand.willingness, "dollars a year"
    yield section, "price", who, stand.price, "standard contracts"
    yield section, "cost", who, stand.cost, "standard contracts"
    yield section, "guppi", who, stand.guppi, "share of price"
    yield section, "upward_pressure", who, stand.pressure, "dollars a standard patient"
    yield section, "agreed", who, int(stand.agreed), "flag"
    for name, price in stand.renewed.items():
        yield section, f"{name}_price", who, price, "standard contracts"
    for rival in stand.rivals:
        yield section, f"diversion:{rival.id}", who, rival.ratio, "share"


def _vertical(deal: MergerAnalysis) -> Iterator[Row]:
    part = deal.vertical
    if part is None:
        return
    who = deal.other.id
    yield "vertical", "sites", who, part.sites, "sites"
    yield "vertical", "infusions", who, part.infusions, "commercial infusions a year"
    yield "vertical", "office_price", who, part.office_price, "dollars an infusion day"
    yield "vertical", "department_price", who, part.department_price, "dollars an infusion day"
    yield "vertical", "rate_table", who, part.rate_table, "relative change"
    yield "vertical", "level", deal.one.id, part.level_buyer, "standard contracts"
    for name, change in part.bargained.items():
        yield "vertical", f"{name}_level_now", who, part.level_now[name], "standard contracts"
        yield "vertical", f"{name}_bargained", who, change, "relative change"
        yield "vertical", f"{name}_total", who, part.total[name], "relative change"
    yield "vertical", "reach", deal.one.id, part.reach, "share"


def _review(deal: MergerAnalysis) -> Iterator[Row]:
    found = deal.review
    yield "law", "hsr_threshold", "", found.threshold, "dollars"
    yield "law", "serial_years", "", found.serial_years, "years"
    yield "law", "earlier_deals", "", found.earlier, "deals"
    yield "law", "earlier_price", "", found.earlier_price, "dollars"
    if found.price is not None and found.filed is not None:
        yield "law", "price", "", found.price, "dollars"
        yield "law", "filed", "", int(found.filed), "flag"
    yield "law", "second_request", "", found.second_request, "probability"
    yield "law", "review_quarters", "", found.review_quarters, "quarters"
    yield "law", "block", "", found.block, "probability"
    yield "law", "market", "", found.market, "name"
    yield "law", "state", "", found.state, "state"
    yield "law", "notified", "", int(found.notified), "flag"
    yield "law", "approval", "", int(found.approval), "flag"
    yield "law", "notice_days", "", found.days, "days"
    yield "law", "notice_quarters_least", "", found.quarters[0], "quarters"
    yield "law", "notice_quarters_most", "", found.quarters[1], "quarters"
    yield "law", "notice_longer", "", found.longer, "probability"
    yield "law", "screen_hhi_before", "", found.screen.before, "HHI"
    yield "law", "screen_hhi_after", "", found.screen.after, "HHI"
    yield "law", "screen_share", "", found.screen.share, "share"
    yield "law", "screen_crossed", "", int(found.screen.flagged), "flag"
