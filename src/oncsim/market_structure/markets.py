"""Concentration of the markets of one definition, and over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.competition.concentration import Holdings
from oncsim.competition.control import weighted_hhi
from oncsim.market_structure.forms import QUARTERS_A_YEAR, OneMarket, OverMarkets
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.metrics import View
    from oncsim.state.zones import Zones

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def markets_of(view: View, kind: str, screen: float, flow: float) -> tuple[tuple[OneMarket, ...], OverMarkets, OverMarkets]:
    """Return the markets of a definition, with the mean by patients and the median of those that have any."""
    orgs = view.model.orgs
    ids, held = view.holdings(kind)
    _, apart = view.organization_holdings(kind)
    columns = {
        "hhi": held.hhi(),
        "mhhi": weighted_hhi(apart.market, apart.owner, apart.patients, view.profit_weights, apart.markets),
        "hhi_flow": _flow_of_markets(view, kind, len(ids)),
        "cr4": held.largest(4),
    }
    names = market_names(view.model.zones, ids)
    owners = np.bincount(held.market, minlength=len(ids))
    lead = _largest(held)
    found = []
    for row in np.lexsort((np.arange(len(ids)), -held.totals)).tolist():
        first = lead[row]
        own = {name: float(values[row]) for name, values in columns.items()}
        leader = int(held.owner[first]) if first >= 0 else -1
        found.append(
            OneMarket(
                id=ids[row],
                name=names[row],
                patients=QUARTERS_A_YEAR * float(held.totals[row]),
                owners=int(owners[row]),
                **own,
                largest=str(orgs.id[leader]) if leader >= 0 else "",
                largest_name=str(orgs.name[leader]) if leader >= 0 else "",
                largest_share=float(held.shares[first]) if first >= 0 else float("nan"),
                above_screen=own["hhi"] > screen,
            )
        )
    some = held.totals > 0
    if not some.any():
        nothing = OverMarkets(**dict.fromkeys(columns, float("nan")))
        return tuple(found), nothing, nothing
    weight = held.totals[some] / held.totals[some].sum()
    mean = {name: float((values[some] * weight).sum()) for name, values in columns.items()}
    median = {name: _median(values[some]) for name, values in columns.items()}
    return tuple(found), OverMarkets(**{**mean, "hhi_flow": flow}), OverMarkets(**median)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _flow_of_markets(view: View, kind: str, count: int) -> Floats:
    """Return the mean over the zones of each market, by population, of the zones' HHI; nan without a zone that has one."""
    zones = view.model.zones
    market = zones.market if kind == "" else zones.markets[kind][1]
    some = ~np.isnan(view.zone_hhi) & (market >= 0)
    people = sum_by(market[some], zones.population[some], count)
    total = sum_by(market[some], zones.population[some] * view.zone_hhi[some], count)
    return np.divide(total, people, out=np.full(count, np.nan), where=people > 0)


def _largest(held: Holdings) -> Ints:
    """Return the largest holding of each market, -1 where there is none."""
    order = np.lexsort((held.owner, -held.patients, held.market))
    first = np.searchsorted(held.market[order], np.arange(held.markets))
    found = np.full(held.markets, -1)
    some = held.totals > 0
    found[some] = order[first[some]]
    return found


def market_names(zones: Zones, ids: list[str]) -> list[str]:
    """Return what people call markets; the code itself where nobody named it."""
    from oncsim.market import facts

    own = zones.market_names
    unknown = [one for one in ids if one not in own]
    named = {**facts.STATE_NAMES, "plane": "The plane", "rest": "Outside metropolitan areas"}
    named |= {f"{state}-rest": f"{name}, outside metropolitan areas" for state, name in facts.STATE_NAMES.items()}
    if any(one not in named for one in unknown):
        counties = facts.counties()
        named |= dict(zip(counties["cbsa"], counties["cbsa_name"], strict=True))
    return [own.get(one) or named.get(one) or one for one in ids]
