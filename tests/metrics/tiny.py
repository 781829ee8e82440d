"""A made-up state with what metrics read of a model: small, odd in every way that matters, and quick."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from oncsim.calendar import Quarter
from oncsim.codes import (
    BARGAINED,
    COMPONENTS,
    NEEDS,
    ORG_KINDS,
    PAYERS,
    SEGMENTS,
    SERVICE_LINES,
    SITE_KINDS,
    TIE_FORMS,
    TIE_STAGES,
)
from oncsim.competition.leverage import Leverage
from oncsim.metrics import PriceBase
from oncsim.processes.price_change import PriceChanges
from oncsim.state.contracts import Contracts
from oncsim.state.flows import Flows, Money
from oncsim.state.hospitals import Hospitals
from oncsim.state.market_power import MarketPower
from oncsim.state.organizations import Organizations
from oncsim.state.pairs import Pairs
from oncsim.state.sites import Sites
from oncsim.state.stakes import Stakes
from oncsim.state.ties import Ties
from oncsim.state.value_based import ValueBasedBooks
from oncsim.state.zones import Zones

SEGMENT_COUNT = len(SEGMENTS)
EVENTS = (
    "acquisition", "closure", "divestiture", "network_join", "tie_formed", "tie_dissolved", "tie_deepened",
    "tie_scaled_back",
)  # fmt: skip
NOW = 5  # quarter count


class TinyMarket(SimpleNamespace):
    """What metrics read of a model, as attributes."""

    def price_changes(self) -> PriceChanges:
        """Return the changes drawn for some sites, with what those infuse for commercial patients now."""
        first = PAYERS.index("commercial") * len(NEEDS)
        infusions = self.sites.infusions[self.changes.site, first : first + len(NEEDS)].sum(axis=1)
        return replace(self.changes, infusions=infusions)


def tiny(seed: int = 0, zones: int = 7, sites: int = 9, orgs: int = 6, ties: int = 12, candidates: int = 5) -> Any:
    """Return a state: a chain of owners, partners, closed sites, sites without oncologists, a zone nobody serves."""
    rng = np.random.default_rng(seed)
    where = _zones(rng, zones)
    pairs = _pairs(rng, zones, sites, min(candidates, sites))
    state = TinyMarket(
        zones=where,
        hospitals=Hospitals(4, participates=[True, False, True, True]),
        pairs=pairs,
        orgs=_organizations(rng, orgs),
        sites=_sites(rng, sites, zones, orgs),
        flows=_flows(rng, pairs, zones),
        money=_money(rng, sites),
        ties=_ties(rng, ties, orgs),
        care=SimpleNamespace(
            adverse_events=rng.uniform(0, 3, sites),
            readmissions=rng.uniform(0, 2, sites),
            trial_patients=rng.uniform(0, 1, sites),
            patient_quarters=rng.uniform(0, 20, (sites, SEGMENT_COUNT)),
        ),
        quarter=Quarter(2026, 1),
        counts={event: int(rng.integers(0, 5)) for event in EVENTS},
        commercial_price=rng.uniform(3000, 9000, sites),
        medicare_price=rng.uniform(2000, 4000, sites),
        price_base=PriceBase(rng.uniform(0, 50, sites), rng.uniform(3000, 9000, sites)),
        recruits=np.array([3.25, 0.5]),
        prospects=_prospects(rng, orgs),
        value_based=ValueBasedBooks(episodes=40.0, savings=9e4, fees=3e4, performance=-2e4, bonuses=5e3),
    )
    # What a site starts is what its pairs send.
    state.sites.starts[:] = np.bincount(pairs.site, weights=state.flows.pair_started, minlength=sites)[:, None]
    state.sites.starts *= 1 / SEGMENT_COUNT
    # Drawn apart: what is drawn here moves nothing above.
    more = np.random.default_rng([seed, 1])
    _share_control(more, state)
    _bargain(more, state)
    return state


def _share_control(rng: np.random.Generator, state: Any) -> None:
    """Add stakes, terms of ties and members of networks; nobody holds those it is held by, whatever the chain.

    Some have a part of profits only or of the say only, but never enough of them that all with a say are without profit.
    """
    orgs, ties, size = state.orgs, state.ties, len(state.orgs)
    rank = rng.permutation(size)
    if size >= 6:
        rank[[1, 5, 4]] = np.sort(rank[[1, 5, 4]])  # the chain of owners
    downward = [(a, b) for a in range(size) for b in range(size) if rank[a] < rank[b]]
    state.stakes = Stakes()
    for holder, held in downward:
        if rng.uniform() < 0.4:
            own, say = rng.uniform(0, 0.7, 2)  # several may have more than the whole: their parts shrink
            own *= 0.1 if orgs.owner[held] not in (-1, holder) else 1.0
            ended = int(rng.choice([NOW - 1, NOW, NOW + 1, 1_000_000, 1_000_000, 1_000_000]))
            state.stakes.append(holder=holder, held=held, owner_share=own, control_share=say, ended=ended)
    for row in range(len(ties)):
        if (ties.a[row], ties.b[row]) in downward:
            silent, helpful = rng.uniform(size=2) < 0.3
            ties.owner_share[row] = 0.0 if helpful else rng.uniform(0, 0.05 if silent else 0.6)
            ties.control_share[row] = 0.0 if silent else rng.uniform(0, 0.02 if helpful else 0.6)
    for network, member in downward:
        if rng.uniform() < 0.2:
            orgs.network[member] = network
    state.law = {"partnership.control_share": {form: 0.05 * place for place, form in enumerate(TIE_FORMS)}}
    _work_together(np.random.default_rng([size, len(ties)]), state)


def _work_together(rng: np.random.Generator, state: Any) -> None:
    """Add what partners bring each other, and who is in the network of whom."""
    ties, hospitals, forms = state.ties, state.hospitals, len(TIE_FORMS)
    if len(state.orgs):
        hospitals.org[:] = rng.integers(0, len(state.orgs), len(hospitals))
    hospitals.lines[:] = (rng.uniform(size=hospitals.lines.shape) < 0.2) & (len(state.orgs) > 0)
    state.sites.lines[:] = rng.uniform(size=state.sites.lines.shape) < 0.2
    state.in_network = rng.uniform(size=(len(state.orgs), len(PAYERS))) < 0.8
    ties.staff = rng.uniform(0, 1, len(ties))
    ties.stage_age = rng.integers(0, 6, len(ties))
    ties.ramp, ties.diligence = rng.integers(2, 6, len(ties)), rng.integers(0, 2, len(ties))
    ties.form_before = np.where(rng.uniform(size=len(ties)) < 0.3, 0, -1)
    state.ladder = SimpleNamespace(steering=rng.uniform(0.1, 1.0, forms), reach=rng.uniform(0.2, 1.0, forms))
    state.law |= {
        "partnership.line.need": {line: float(rng.uniform(0.1, 1.0)) for line in SERVICE_LINES},
        "partnership.review.scaled_back": 0.5,
        "partnership.trust.start": 0.55,
        "partnership.trust.reputation_weight": 4.0,
        "payer.network.delay_days": 21.0,
    }


def _bargain(rng: np.random.Generator, state: Any) -> None:
    """Add what bargaining leaves: prices, contracts, leverage and what acquisitions did to prices."""
    sites, orgs, many = len(state.sites), len(state.orgs), len(BARGAINED)
    state.t = NOW
    state.advantage_price = rng.uniform(2000, 5000, sites)
    state.advantage_price[rng.uniform(size=sites) < 0.15] = 0.0  # no price yet
    state.travel_pull = -0.06 * state.pairs.minutes
    level = rng.uniform(0.5, 2.0, (sites, many))
    left_out = rng.uniform(size=(sites, many)) < 0.1
    due = rng.integers(0, 20, (orgs, many))
    state.contracts = Contracts(level, 1.2 * level[:, 1], 1.5 * level[:, 1], left_out, due)
    leverage = [_leverage(rng, orgs) for _ in BARGAINED]
    value, rate = rng.uniform(0.1, 3.0, (2, many))
    worth = rng.uniform(2e4, 9e4, many)
    seen = state.sites.org
    state.market_power = MarketPower([], seen, leverage, seen, value, rate, np.ones(many), worth, {})
    bought = np.flatnonzero(state.sites.open & (rng.uniform(size=sites) < 0.8))
    table, bargained = rng.uniform(0.8, 2.0, (2, len(bought)))
    table[rng.uniform(size=len(bought)) < 0.3] = 1.0  # an office still
    years = rng.choice([0, 0, 0, 1, 2, 3, 4, 5], len(bought))
    by_hospital = rng.uniform(size=len(bought)) < 0.8
    state.changes = PriceChanges(bought, years, table, bargained, np.zeros(len(bought)), by_hospital)


def _leverage(rng: np.random.Generator, orgs: int) -> Leverage:
    """Return leverage over one payer, some systems without patients; metrics do not read where patients would go."""
    patients = rng.uniform(0, 90, orgs) * (rng.uniform(size=orgs) < 0.7)
    willingness = patients * rng.uniform(0, 2, orgs)
    return Leverage(willingness, patients, csr_array((orgs, orgs)), np.ones(orgs), np.minimum(patients / 90, 1.0))


def _zones(rng: np.random.Generator, count: int) -> Zones:
    names = [f"z{number:04d}" for number in range(count)]
    state = np.array(["OR", "WA", "ID"])[np.arange(count) % 3]
    hrr = np.array([f"hrr-{number % max(1, count // 3)}" for number in range(count)])
    hrr[rng.uniform(size=count) < 0.2] = ""  # outside any known referral region
    rural = rng.uniform(size=count) < 0.5
    cbsa = np.where(rural, "", [f"c{number % max(1, count // 4)}" for number in range(count)])
    market = np.where(hrr != "", hrr, np.where(cbsa != "", cbsa, np.char.add(state, "-rest")))
    population = rng.integers(1_000, 90_000, count).astype(float)
    table = pd.DataFrame(
        {
            "zone": names,
            "name": names,
            "state": state,
            "hrr": hrr,
            "cbsa": cbsa,
            "market": market,
            "market_name": market,
            "population": population,
            "population_65plus": population * 0.2,
            "rural": rural,
            "deprivation": rng.uniform(size=count),
            **dict.fromkeys(("lat", "lon", "land_sqmi", "cases_per_year", "uninsured_share", "medicaid_share"), 1.0),
            **dict.fromkeys(("ma_share", "air_minutes"), 0.0),
        }
    )
    return Zones.from_table(table)


def _pairs(rng: np.random.Generator, zones: int, sites: int, candidates: int) -> Pairs:
    served = np.arange(zones) != 1  # zone 1 has no candidate site at all
    site = np.sort(rng.permuted(np.tile(np.arange(sites), (zones, 1)), axis=1)[:, :candidates], axis=1)
    count = np.where(served, candidates, 0)
    start = np.concatenate([[0], np.cumsum(count)])
    zone = np.repeat(np.arange(zones), count)
    # Limits of the bands and of the shares are among the minutes.
    minutes = rng.choice([0.0, 12.5, 30.0, 44.4, 60.0, 75.0, 90.0, 90.5, 150.0], size=len(zone))
    return Pairs(start, zone, site[served].ravel(), minutes + rng.choice([0.0, 0.1], len(zone)), np.zeros(zones))


def _organizations(rng: np.random.Generator, count: int) -> Organizations:
    kind = rng.integers(0, len(ORG_KINDS), count)
    kind[: min(3, count)] = np.arange(3)[: min(3, count)]
    owner = np.full(count, -1)
    if count >= 6:
        owner[4], owner[5] = 5, 1  # a chain: 4 belongs to 5, 5 to 1
        kind[4] = kind[5] = 0
    return Organizations(
        count,
        id=[f"o{number}" for number in range(count)],
        kind=kind,
        owner=owner,
        status=np.where(owner >= 0, 1, rng.choice([0, 0, 0, 3], count)),
        oncologists=rng.integers(0, 9, count),
        headcount=rng.integers(1, 9, count),
        revenue=rng.uniform(0, 1e6, count),
        margin=rng.uniform(-1e5, 1e5, count),
        vb_arm=rng.integers(-1, 3, count),
        vb_part=rng.uniform(size=count) < 0.7,
        vb_commercial=rng.uniform(size=count) < 0.5,
    )


def _sites(rng: np.random.Generator, count: int, zones: int, orgs: int) -> Sites:
    return Sites(
        count,
        id=[f"s{number}" for number in range(count)],
        org=rng.integers(0, orgs, count),
        kind=rng.integers(0, len(SITE_KINDS), count),
        zone=rng.integers(0, zones, count),
        open=rng.uniform(size=count) < 0.8,
        oncologists=rng.integers(0, 4, count) * 0.5,
        wait_days=rng.uniform(0, 40, count),
        eligible_340b=rng.uniform(size=count) < 0.4,
        in_care=rng.uniform(0, 9, (count, SEGMENT_COUNT)),
        infusions=rng.uniform(0, 90, (count, SEGMENT_COUNT)),
    )


def _flows(rng: np.random.Generator, pairs: Pairs, zones: int) -> Flows:
    started_there = rng.uniform(0, 30, len(pairs)) * (rng.uniform(size=len(pairs)) < 0.8)
    started_there[pairs.zone == 2] = 0.0  # nobody of zone 2 starts
    by_zone = np.bincount(pairs.zone, weights=started_there, minlength=zones)
    started = by_zone[:, None] * rng.dirichlet(np.ones(SEGMENT_COUNT), zones)
    untreated = rng.uniform(0, 3, (zones, SEGMENT_COUNT))
    waiting, before = rng.uniform(0, 3, (2, zones, SEGMENT_COUNT))
    return Flows(started + untreated + waiting - before, untreated, waiting, before, started, started_there)


def _money(rng: np.random.Generator, sites: int) -> Money:
    paid = rng.uniform(0, 1e6, (sites, len(PAYERS), len(COMPONENTS)))
    patient = paid * rng.uniform(0, 0.3, paid.shape)
    none = np.zeros(sites)
    margin, at_340b = rng.uniform(-1e5, 1e5, sites), rng.uniform(0, 1e5, sites)
    pharmacy = rng.uniform(0, 1e5, (sites, len(PAYERS)))
    return Money(paid, patient, none, margin, at_340b, none, pharmacy, 0.1 * pharmacy)


def _prospects(rng: np.random.Generator, orgs: int) -> SimpleNamespace:
    names = ("rates_gain", "reachable_340b", "commercial_gain", "downstream_gain", "cost_gain")
    return SimpleNamespace(**{name: rng.uniform(-1e6, 1e6, orgs) for name in names})


def _ties(rng: np.random.Generator, count: int, orgs: int) -> Ties:
    return Ties(
        count,
        a=rng.integers(0, orgs, count),
        b=rng.integers(0, orgs, count),
        form=rng.integers(0, len(TIE_FORMS), count),
        stage=rng.integers(0, len(TIE_STAGES), count),
        age=rng.integers(0, 40, count),
        trust_ab=rng.uniform(size=count),
        trust_ba=rng.uniform(size=count),
    )


def values_of(name: str, state: Any) -> dict[tuple[str, str], float]:
    """Return what one metric gives: (market, group) to value."""
    from oncsim.metrics import METRICS, View

    rows = list(METRICS[name].compute(View(state)))
    found = {(market, group): value for market, group, value in rows}
    assert len(found) == len(rows), "a market and group appears twice"
    return found
