"""A made-up state with what metrics read of a model: small, odd in every way that matters, and quick."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from oncsim.calendar import Quarter
from oncsim.codes import COMPONENTS, ORG_KINDS, PAYERS, SEGMENTS, SITE_KINDS, TIE_FORMS, TIE_STAGES
from oncsim.metrics import PriceBase
from oncsim.state.flows import Flows, Money
from oncsim.state.hospitals import Hospitals
from oncsim.state.organizations import Organizations
from oncsim.state.pairs import Pairs
from oncsim.state.sites import Sites
from oncsim.state.ties import Ties
from oncsim.state.value_based import ValueBasedBooks
from oncsim.state.zones import Zones

SEGMENT_COUNT = len(SEGMENTS)
EVENTS = ("acquisition", "closure", "divestiture", "network_join", "tie_formed", "tie_dissolved")


def tiny(seed: int = 0, zones: int = 7, sites: int = 9, orgs: int = 6, ties: int = 12, candidates: int = 5) -> Any:
    """Return a state: a chain of owners, closed sites, sites without oncologists, a zone nobody serves."""
    rng = np.random.default_rng(seed)
    where = _zones(rng, zones)
    pairs = _pairs(rng, zones, sites, min(candidates, sites))
    state = SimpleNamespace(
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
    return state


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
