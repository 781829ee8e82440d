"""Every metric once more, by plain loops over patients, people and dollars, from the definitions alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from oncsim.codes import (
    COMPONENTS,
    NEEDS,
    ORG_KINDS,
    PAYERS,
    SERVICE_LINES,
    SITE_KINDS,
    STATUSES,
    TIE_FORMS,
    TIE_STAGES,
)

Rows = dict[tuple[str, str], float]
ORACLES: dict[str, Callable[[Any], Rows]] = {}


def oracle(name: str) -> Callable[[Callable[[Any], Rows]], Callable[[Any], Rows]]:
    def register(function: Callable[[Any], Rows]) -> Callable[[Any], Rows]:
        ORACLES[name] = function
        return function

    return register


def ratio(a: float, b: float) -> Rows:
    return {("all", ""): a / b} if b > 0 else {}


# Who owns what


def top(state: Any, org: int) -> int:
    while state.orgs.owner[org] >= 0:
        org = int(state.orgs.owner[org])
    return org


def site_owner(state: Any, site: int) -> int:
    return top(state, int(state.sites.org[site]))


def independent(state: Any, org: int) -> bool:
    orgs = state.orgs
    kind, status = ORG_KINDS[orgs.kind[org]], STATUSES[orgs.status[org]]
    return kind == "practice" and status == "active" and orgs.owner[org] == -1


def hhi_of(patients: dict[int, float]) -> float:
    total = sum(patients.values())
    return 10_000 * sum((n / total) ** 2 for n in patients.values())


def operator(state: Any, site: int) -> int:
    return int(state.sites.org[site])


Who = Callable[[Any, int], int]


def by_market(state: Any, kind: str, who: Who) -> dict[str, dict[int, float]]:
    """Patients of each owner, or whoever counts, in each market with any."""
    ids, market = (state.zones.market_ids, state.zones.market) if not kind else state.zones.markets[kind]
    held: dict[str, dict[int, float]] = {}
    for site in range(len(state.sites)):
        patients, number = float(sum(state.sites.starts[site])), market[state.sites.zone[site]]
        if patients > 0 and number >= 0:
            owners = held.setdefault(ids[number], defaultdict(float))
            owners[who(state, site)] += patients
    return held


def over_markets(
    state: Any, of: Callable[[dict[int, float]], float], single: bool, median: bool = False, who: Who = site_owner
) -> Rows:
    rows: Rows = {}
    for kind in ("", *state.zones.markets):
        held = by_market(state, kind, who)
        if not held:
            continue
        sizes = {market: sum(owners.values()) for market, owners in held.items()}
        values = {market: of(owners) for market, owners in held.items()}
        group = f"market_type={kind}" if kind else ""
        if median:
            ranked = sorted(values.values())
            half = len(ranked) // 2
            rows["all", group] = ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2
        else:
            rows["all", group] = sum(values[m] * sizes[m] for m in held) / sum(sizes.values())
        if single and not kind:
            rows |= {(market, ""): value for market, value in values.items()}
    return rows


ORACLES["consolidation.hhi"] = lambda state: over_markets(state, hhi_of, True)
ORACLES["consolidation.hhi_median"] = lambda state: over_markets(state, hhi_of, False, True)
ORACLES["consolidation.cr4"] = lambda state: over_markets(
    state, lambda held: sum(sorted(held.values())[-4:]) / sum(held.values()), False
)


Parts = dict[int, dict[int, float]]  # by organisation held: who has which part of it


def direct_parts(state: Any, share: str) -> Parts:
    """What organisations have of each other: ``owner_share`` is of profits, ``control_share`` of the say."""
    orgs, ties, stakes = state.orgs, state.ties, state.stakes
    parts: Parts = {org: defaultdict(float) for org in range(len(orgs))}
    of_owner: dict[int, float] = {}
    for s, (holder, held) in enumerate(zip(stakes.holder.tolist(), stakes.held.tolist(), strict=True)):
        part = float(getattr(stakes, share)[s])
        if stakes.ended[s] > state.t and holder == orgs.owner[held]:
            of_owner[held] = of_owner.get(held, 0.0) + part
        elif stakes.ended[s] > state.t and STATUSES[orgs.status[held]] != "closed":
            parts[held][holder] += part
    for t in in_force(state):
        if orgs.owner[ties.b[t]] == -1:
            parts[int(ties.b[t])][int(ties.a[t])] += float(getattr(ties, share)[t])
    for org in range(len(orgs)):
        if orgs.network[org] >= 0 and orgs.owner[org] == -1 and STATUSES[orgs.status[org]] == "active":
            of_members = state.law["partnership.control_share"]["network_membership"]
            parts[org][int(orgs.network[org])] += of_members if share == "control_share" else 0.0
    for org, held_by in parts.items():
        total = sum(held_by.values())
        for holder in held_by:
            held_by[holder] /= max(total, 1.0)
        if orgs.owner[org] >= 0 and share == "control_share":
            parts[org] = {int(orgs.owner[org]): 1.0}
        elif orgs.owner[org] >= 0:
            left = 1.0 - sum(held_by.values())
            held_by[int(orgs.owner[org])] = min(of_owner.get(org, 1.0), left)
    return parts


def in_the_end(parts: Parts) -> Parts:
    """Who has what once organisations pass on what they have of others to their own outside owners, dollar by dollar."""
    ends: Parts = {}
    for org in parts:
        passing, ends[org] = {org: 1.0}, defaultdict(float)
        while sum(passing.values()) > 0:
            here, passing = passing, defaultdict(float)
            for who, dollars_ in here.items():
                ends[org][who] += dollars_ * max(1.0 - sum(parts[who].values()), 0.0)
                for holder, part in parts[who].items():
                    passing[holder] += dollars_ * part
    return ends


@oracle("consolidation.mhhi")
def mhhi(state: Any) -> Rows:
    profit, say = (in_the_end(direct_parts(state, share)) for share in ("owner_share", "control_share"))

    def minded(k: int, j: int) -> float:
        """How much those who have a say in ``k`` care about ``j``."""
        return sum(part * profit[j].get(holder, 0.0) for holder, part in say[k].items())

    def of(patients: dict[int, float]) -> float:
        total = sum(patients.values())
        value = 0.0
        for k, here in patients.items():
            for j, there in patients.items():
                weight = minded(k, j) / minded(k, k) if minded(k, k) > 0 else float(k == j)
                value += weight * (here / total) * (there / total)
        return 10_000 * value

    return over_markets(state, of, True, who=operator)


@oracle("consolidation.wtp")
def wtp(state: Any) -> Rows:
    rows: Rows = {}
    power = state.market_power
    for p, payer in enumerate(("medicare_advantage", "commercial")):
        dollars_, patients = 0.0, 0.0
        for utils, n in zip(power.leverage[p].willingness, power.leverage[p].patients, strict=True):
            if n > 0:
                dollars_ += n * (utils / n) * power.value[p] * power.worth[p]
                patients += n
        if patients > 0:
            rows["all", f"payer={payer}"] = dollars_ / patients
    return rows


@oracle("consolidation.hhi_flow_predicted")
def hhi_flow_predicted(state: Any) -> Rows:
    drawn: dict[int, dict[int, float]] = {}
    for pair, (zone, site) in enumerate(zip(state.pairs.zone.tolist(), state.pairs.site.tolist(), strict=True)):
        if staffed(state, site):
            owners = drawn.setdefault(zone, defaultdict(float))
            owners[site_owner(state, site)] += math.exp(state.travel_pull[pair])
    people = state.zones.population
    return ratio(sum(hhi_of(held) * people[z] for z, held in drawn.items()), sum(people[z] for z in drawn))


def zone_owners(state: Any) -> dict[int, dict[int, float]]:
    owners: dict[int, dict[int, float]] = {}
    for pair in range(len(state.pairs)):
        if state.flows.pair_started[pair] > 0:
            zone = owners.setdefault(int(state.pairs.zone[pair]), defaultdict(float))
            zone[site_owner(state, state.pairs.site[pair])] += state.flows.pair_started[pair]
    return owners


@oracle("consolidation.hhi_flow")
def hhi_flow(state: Any) -> Rows:
    people = state.zones.population
    owners = zone_owners(state)
    return ratio(sum(hhi_of(held) * people[z] for z, held in owners.items()), sum(people[z] for z in owners))


@oracle("consolidation.hhi_flow_site")
def hhi_flow_site(state: Any) -> Rows:
    owners = zone_owners(state)
    faced = []
    for site in range(len(state.sites)):
        drawn = [
            (n, hhi_of(owners[int(z)]))
            for s, z, n in zip(state.pairs.site, state.pairs.zone, state.flows.pair_started, strict=True)
            if s == site and n > 0
        ]
        if drawn:
            faced.append(sum(n * h for n, h in drawn) / sum(n for n, _ in drawn))
    return ratio(sum(faced), len(faced))


@oracle("consolidation.practices_independent")
def practices_independent(state: Any) -> Rows:
    return {("all", ""): sum(independent(state, org) for org in range(len(state.orgs)))}


@oracle("consolidation.share_oncologists_independent")
def share_oncologists_independent(state: Any) -> Rows:
    free = sum(n for org, n in enumerate(state.orgs.oncologists) if independent(state, org))
    return ratio(free, sum(state.orgs.oncologists))


def infusions(state: Any, counts: Callable[[int], bool]) -> float:
    return sum(float(sum(state.sites.infusions[s])) for s in range(len(state.sites)) if counts(s))


@oracle("consolidation.hopd_share_infusions")
def hopd_share(state: Any) -> Rows:
    def kind(site: int) -> str:
        return SITE_KINDS[state.sites.kind[site]]

    hospital = infusions(state, lambda s: kind(s).startswith(("hopd_", "amc_")))
    return ratio(hospital, hospital + infusions(state, lambda s: kind(s) == "office"))


@oracle("consolidation.share_340b_infusions")
def share_340b(state: Any) -> Rows:
    return ratio(infusions(state, lambda s: state.sites.eligible_340b[s]), infusions(state, lambda s: True))


@oracle("consolidation.freestanding_share_infusions")
def freestanding_share(state: Any) -> Rows:
    away = infusions(state, lambda s: SITE_KINDS[state.sites.kind[s]] in ("freestanding_infusion", "home_infusion"))
    return ratio(away, infusions(state, lambda s: True))


for _metric, _event in {
    "consolidation.acquisitions": "acquisition",
    "consolidation.closures": "closure",
    "consolidation.divestitures": "divestiture",
    "consolidation.network_joins": "network_join",
    "consolidation.flagged_mergers": "merger_flagged",
    "partnership.formed": "tie_formed",
    "partnership.dissolved": "tie_dissolved",
    "partnership.deepened": "tie_deepened",
    "partnership.scaled_back": "tie_scaled_back",
}.items():
    ORACLES[_metric] = lambda state, event=_event: {("all", ""): state.counts.get(event, 0)}


# People and patients by where they live


def groups_of(state: Any, zone: int) -> list[str]:
    rural = "true" if state.zones.rural[zone] else "false"
    return ["", f"rural={rural}", f"deprivation_quartile={state.zones.quartile[zone]}"]


def trips(state: Any) -> list[tuple[int, int, float, float]]:
    """Zone, site, minutes and patients of each pair."""
    pairs = state.pairs
    return list(zip(pairs.zone, pairs.site, pairs.minutes, state.flows.pair_started, strict=True))


def grouped(state: Any, above: dict[int, float], below: dict[int, float], markets: bool = False) -> Rows:
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for zone in range(len(state.zones)):
        keys = [("all", group) for group in groups_of(state, zone)]
        keys += [(state.zones.market_ids[state.zones.market[zone]], "")] if markets else []
        for key in keys:
            sums[key][0] += above.get(zone, 0.0)
            sums[key][1] += below.get(zone, 0.0)
    return {key: a / b for key, (a, b) in sums.items() if b > 0}


def of_patients(state: Any, what: Callable[[int, float], float], markets: bool = False) -> Rows:
    above: dict[int, float] = defaultdict(float)
    below: dict[int, float] = defaultdict(float)
    for zone, site, minutes, patients in trips(state):
        above[zone] += patients * what(site, minutes)
        below[zone] += patients
    return grouped(state, above, below, markets)


ORACLES["access.minutes_mean"] = lambda state: of_patients(state, lambda _, minutes: minutes, True)
ORACLES["access.wait_days_mean"] = lambda state: of_patients(state, lambda s, _: state.sites.wait_days[s])


def travelled_by(state: Any, share: Fraction) -> Rows:
    rows: Rows = {}
    for group in {group for zone in range(len(state.zones)) for group in groups_of(state, zone)}:
        some = [(m, Fraction(n)) for z, _, m, n in trips(state) if group in groups_of(state, z)]
        total = sum((n for _, n in some), Fraction())
        if total > 0:
            enough = [m for m, n in some if n and sum(k for t, k in some if t <= m) >= share * total]
            rows["all", group] = min(enough)
    return rows


ORACLES["access.minutes_median"] = lambda state: travelled_by(state, Fraction(1, 2))
ORACLES["access.minutes_p90"] = lambda state: travelled_by(state, Fraction(9, 10))


def staffed(state: Any, site: int) -> bool:
    at_home = SITE_KINDS[state.sites.kind[site]] == "home_infusion"
    return bool(state.sites.open[site]) and state.sites.oncologists[site] > 0 and not at_home


def people(state: Any, weight: Callable[[int], float]) -> Rows:
    population = dict(enumerate(state.zones.population))
    return grouped(state, {zone: n * weight(zone) for zone, n in population.items()}, population)


def near(state: Any, zone: int, limit: float) -> bool:
    return any(z == zone and staffed(state, s) and m <= limit for z, s, m, _ in trips(state))


for _limit in (30, 60):
    ORACLES[f"access.share_within_{_limit}"] = lambda state, limit=_limit: of_patients(
        state, lambda _, minutes: minutes <= limit
    )
    ORACLES[f"access.people_within_{_limit}"] = lambda state, limit=_limit: people(
        state, lambda zone: near(state, zone, limit)
    )


def band(minutes: float) -> float:
    return 1.0 if minutes <= 30 else 0.68 if minutes <= 60 else 0.22 if minutes <= 90 else 0.0


def reach(state: Any) -> list[float]:
    within = [0.0] * len(state.zones)
    for site in range(len(state.sites)):
        around = [(z, band(m)) for z, s, m, _ in trips(state) if s == site and band(m)]
        demand = sum(state.zones.population[z] * w for z, w in around)
        if staffed(state, site) and demand:
            for zone, weight in around:
                within[zone] += 100_000 * weight * state.sites.oncologists[site] / demand
    return within


@oracle("access.e2sfca_mean")
def e2sfca_mean(state: Any) -> Rows:
    within = reach(state)
    return people(state, lambda zone: within[zone])


@oracle("access.e2sfca_gini")
def e2sfca_gini(state: Any) -> Rows:
    """Half the mean difference between two people, over the mean."""
    rows, within = {}, reach(state)
    for group in {group for zone in range(len(state.zones)) for group in groups_of(state, zone)}:
        some = [(within[z], state.zones.population[z]) for z in range(len(within)) if group in groups_of(state, z)]
        everyone, all_reach = sum(n for _, n in some), sum(x * n for x, n in some)
        if all_reach > 0:
            apart = sum(abs(x - y) * n * k for x, n in some for y, k in some)
            rows["all", group] = apart / (2 * everyone * all_reach)
    return rows


@oracle("access.untreated_share")
def untreated_share(state: Any) -> Rows:
    untreated, started = state.flows.untreated, state.flows.started
    zones = range(len(state.zones))
    rows = grouped(
        state,
        {z: sum(untreated[z]) for z in zones},
        {z: sum(untreated[z]) + sum(started[z]) for z in zones},
        True,
    )
    for p, payer in enumerate(PAYERS):
        cells = [(z, p * len(NEEDS) + n) for z in zones for n in range(len(NEEDS))]
        a, b = sum(untreated[cell] for cell in cells), sum(started[cell] for cell in cells)
        if a + b > 0:
            rows["all", f"payer={payer}"] = a / (a + b)
    return rows


def lacking(state: Any, zone: int) -> bool:
    return not any(state.sites.zone[s] == zone and staffed(state, s) for s in range(len(state.sites)))


@oracle("access.share_zones_without_oncologist")
def share_zones_without(state: Any) -> Rows:
    zones = range(len(state.zones))
    return grouped(state, {z: lacking(state, z) for z in zones}, dict.fromkeys(zones, 1))


@oracle("access.share_people_without_oncologist")
def share_people_without(state: Any) -> Rows:
    return people(state, lambda zone: lacking(state, zone))


# Money


def infused(state: Any, payer: str, site: int) -> float:
    first = PAYERS.index(payer) * len(NEEDS)
    return float(sum(state.sites.infusions[site][first : first + len(NEEDS)]))


def commercial(state: Any, site: int) -> float:
    return infused(state, "commercial", site)


@oracle("price.commercial_index")
def commercial_index(state: Any) -> Rows:
    now = then = 0.0
    for site, weight in enumerate(state.price_base.weights):
        if state.sites.open[site]:
            now += weight * state.commercial_price[site]
            then += weight * state.price_base.prices[site]
    return ratio(100 * now, then)


@oracle("price.commercial_to_medicare")
def commercial_to_medicare(state: Any) -> Rows:
    sites = range(len(state.sites))
    above = sum(commercial(state, s) * state.commercial_price[s] for s in sites)
    return ratio(above, sum(commercial(state, s) * state.medicare_price[s] for s in sites))


@oracle("price.hospital_to_office")
def hospital_to_office(state: Any) -> Rows:
    rows: Rows = {}
    for payer, prices in (("medicare_advantage", state.advantage_price), ("commercial", state.commercial_price)):
        paid, many = {"hospital": 0.0, "office": 0.0}, {"hospital": 0.0, "office": 0.0}
        for site, price in enumerate(prices):
            kind = SITE_KINDS[state.sites.kind[site]]
            setting = "hospital" if kind.startswith(("hopd_", "amc_")) else kind
            if setting in paid and price > 0:
                paid[setting] += infused(state, payer, site) * price
                many[setting] += infused(state, payer, site)
        if many["hospital"] > 0 and many["office"] > 0:
            rows["all", f"payer={payer}"] = (paid["hospital"] / many["hospital"]) / (paid["office"] / many["office"])
    return rows


@oracle("price.level")
def price_level(state: Any) -> Rows:
    rows: Rows = {}
    for p, payer in enumerate(("medicare_advantage", "commercial")):
        some = [(infused(state, payer, s), level[p]) for s, level in enumerate(state.contracts.level)]
        if sum(n for n, _ in some) > 0:
            rows["all", f"payer={payer}"] = sum(n * x for n, x in some) / sum(n for n, _ in some)
    return rows


@oracle("price.after_acquisition")
def after_acquisition(state: Any) -> Rows:
    changes, sums = state.changes, defaultdict(lambda: [0.0, 0.0])
    for b, site in enumerate(changes.site):
        table, bargain = changes.rate_table[b], changes.bargained[b]
        for part, factor in (("rate_table", table), ("bargained", bargain), ("total", table * bargain)):
            if changes.by_hospital[b] and changes.years[b] <= 4:
                found = sums[f"component={part};years={changes.years[b]}"]
                found[0] += commercial(state, site) * (factor - 1)
                found[1] += commercial(state, site)
    return {("all", group): change / n for group, (change, n) in sums.items() if n > 0}


def dollars(table: Any, payer: int | None = None, component: int | None = None) -> float:
    return sum(
        float(amount)
        for site in table
        for p, row in enumerate(site)
        for c, amount in enumerate(row)
        if payer in (None, p) and component in (None, c)
    )


def shipped(table: Any, payer: int | None = None, component: int | None = None) -> float:
    """Dollars for drugs that pharmacies of payers ship: spending on drugs that no site receives."""
    if component not in (None, COMPONENTS.index("drug")):
        return 0.0
    return float(sum(row[p] for row in table for p in range(len(PAYERS)) if payer in (None, p)))


def owed(state: Any, payer: int | None = None, component: int | None = None) -> float:
    return dollars(state.money.patient, payer, component) + shipped(state.money.pharmacy_patient, payer, component)


def paid_by_payers(state: Any, payer: int | None = None, component: int | None = None) -> float:
    received = dollars(state.money.paid, payer, component) - dollars(state.money.patient, payer, component)
    return received + shipped(state.money.pharmacy, payer, component)


@oracle("spending.total_per_patient")
def total_per_patient(state: Any) -> Rows:
    return ratio(paid_by_payers(state) + owed(state), float(sum(state.flows.started.ravel())))


@oracle("spending.payer_total")
def payer_total(state: Any) -> Rows:
    rows: Rows = {}
    for p, payer in ((None, ""), *enumerate(PAYERS)):
        for c, component in ((None, ""), *enumerate(COMPONENTS)):
            parts = [f"component={component}"] * bool(component) + [f"payer={payer}"] * bool(payer)
            rows["all", ";".join(parts)] = paid_by_payers(state, p, c)
    return rows


@oracle("spending.patient_total")
def patient_total(state: Any) -> Rows:
    rows: Rows = {("all", ""): owed(state)}
    rows |= {("all", f"payer={payer}"): owed(state, p) for p, payer in enumerate(PAYERS)}
    return rows | {("all", f"component={component}"): owed(state, None, c) for c, component in enumerate(COMPONENTS)}


@oracle("spending.patient_cost_share")
def patient_cost_share(state: Any) -> Rows:
    rows: Rows = {}
    for p, payer in ((None, ""), *enumerate(PAYERS)):
        total = paid_by_payers(state, p) + owed(state, p)
        if total > 0:
            rows["all", f"payer={payer}" if payer else ""] = owed(state, p) / total
    return rows


# What hospitals would gain from acquiring practices

GAINS = {
    "rates": "rates_gain",
    "340b": "reachable_340b",
    "commercial": "commercial_gain",
    "downstream": "downstream_gain",
    "costs": "cost_gain",
}


def gained(state: Any, names: list[str]) -> Rows:
    dollars_, people = 0.0, 0.0
    for org in range(len(state.orgs)):
        if independent(state, org) and state.orgs.headcount[org] > 0:
            people += float(state.orgs.headcount[org])
            dollars_ += sum(float(getattr(state.prospects, GAINS[name])[org]) for name in names)
    return ratio(dollars_, people)


ORACLES["incentive.acquisition_gain"] = lambda state: gained(state, list(GAINS))
ORACLES["incentive.acquisition_rates"] = lambda state: gained(state, ["rates"])
ORACLES["incentive.acquisition_340b"] = lambda state: gained(state, ["340b"])
ORACLES["incentive.acquisition_commercial"] = lambda state: gained(state, ["commercial"])
ORACLES["incentive.acquisition_downstream"] = lambda state: gained(state, ["downstream"])
ORACLES["incentive.acquisition_costs"] = lambda state: gained(state, ["costs"])


ORACLES["spending.margin_340b"] = lambda state: {("all", ""): sum(state.money.margin_340b)}
ORACLES["spending.purchases_340b"] = lambda state: {("all", ""): sum(state.money.at_340b)}
ORACLES["spending.margin_340b_per_drug_dollar"] = lambda state: ratio(sum(state.money.margin_340b), sum(state.money.at_340b))
ORACLES["consolidation.hospitals_340b"] = lambda state: {("all", ""): sum(map(int, state.hospitals.participates))}


@oracle("consolidation.child_sites_340b")
def child_sites_340b(state: Any) -> Rows:
    sites, found = state.sites, 0
    for site in range(len(sites)):
        off_campus = SITE_KINDS[sites.kind[site]] in ("hopd_off_campus", "amc_satellite")
        found += bool(off_campus and sites.open[site] and sites.eligible_340b[site])
    return {("all", ""): float(found)}


def in_value_based(state: Any, first_arm: int) -> float:
    orgs = state.orgs
    return float(len([o for o in range(len(orgs)) if orgs.vb_part[o] and orgs.vb_arm[o] >= first_arm]))


@oracle("value_based.participants")
def value_based_participants(state: Any) -> Rows:
    inside = in_value_based(state, 0)
    homes = float(len([1 for one in state.orgs.vb_commercial if one]))
    return {("all", ""): inside, ("all", "payer=medicare_ffs"): inside, ("all", "payer=commercial"): homes}


ORACLES["value_based.two_sided"] = lambda state: {("all", ""): in_value_based(state, 1)}
ORACLES["value_based.savings_per_episode"] = lambda state: ratio(state.value_based.savings, state.value_based.episodes)
ORACLES["value_based.net_medicare"] = lambda state: {("all", ""): 9e4 - 3e4 + 2e4 - 5e3}


def margin(state: Any, kind: str) -> Rows:
    some = [org for org in range(len(state.orgs)) if ORG_KINDS[state.orgs.kind[org]] == kind]
    return ratio(sum(state.orgs.margin[o] for o in some), sum(state.orgs.revenue[o] for o in some))


ORACLES["finance.margin_practice"] = lambda state: margin(state, "practice")
ORACLES["finance.margin_system"] = lambda state: margin(state, "health_system")
ORACLES["finance.margin_amc"] = lambda state: margin(state, "academic_center")


# Ties


def in_force(state: Any) -> list[int]:
    signed = ("ramp_up", "active", "deepened", "scaled_back")
    return [t for t in range(len(state.ties)) if TIE_STAGES[state.ties.stage[t]] in signed]


@oracle("partnership.active")
def partnership_active(state: Any) -> Rows:
    forms = [TIE_FORMS[state.ties.form[t]] for t in in_force(state)]
    for org in range(len(state.orgs)):
        if state.orgs.network[org] >= 0 and STATUSES[state.orgs.status[org]] == "active":
            forms.append("network_membership")
        if state.orgs.owner[org] >= 0:
            forms.append("acquisition")
    return {("all", ""): len(forms)} | {("all", f"form={form}"): forms.count(form) for form in TIE_FORMS}


@oracle("partnership.age_median")
def age_median(state: Any) -> Rows:
    ages = sorted(int(state.ties.age[t]) for t in in_force(state))
    half = len(ages) // 2
    return {("all", ""): (ages[half] + ages[-half - 1]) / 2} if ages else {}


@oracle("partnership.trust_mean")
def trust_mean(state: Any) -> Rows:
    both = [trust[t] for t in in_force(state) for trust in (state.ties.trust_ab, state.ties.trust_ba)]
    return ratio(sum(both), len(both))


# Care and totals


def started(state: Any) -> float:
    return float(sum(state.flows.started.ravel()))


def time_in_care(state: Any) -> float:
    return float(sum(state.care.patient_quarters.ravel()))


ORACLES |= {
    "quality.adverse_events": lambda state: ratio(sum(state.care.adverse_events), time_in_care(state)),
    "quality.readmissions": lambda state: ratio(sum(state.care.readmissions), time_in_care(state)),
    "quality.trial_enrolment": lambda state: ratio(sum(state.care.trial_patients), started(state)),
    "activity.patients_new": lambda state: {("all", ""): sum(state.flows.new.ravel())},
    "activity.patients_started": lambda state: {("all", ""): started(state)},
    "activity.patients_untreated": lambda state: {("all", ""): sum(state.flows.untreated.ravel())},
    "activity.patients_waiting": lambda state: {("all", ""): sum(state.flows.waiting.ravel())},
    "activity.patients_in_care": lambda state: {("all", ""): sum(state.sites.in_care.ravel())},
    "activity.infusions_total": lambda state: {("all", ""): infusions(state, lambda s: True)},
    "activity.oncologists_total": lambda state: {
        ("all", ""): sum(n for s, n in enumerate(state.sites.oncologists) if state.sites.open[s])
    },
    "activity.oncologists_seeking": lambda state: {("all", ""): sum(state.recruits)},
}


@oracle("partnership.staff_support")
def staff_support(state: Any) -> Rows:
    rows = in_force(state)
    return {("all", ""): sum(state.ties.staff[row] for row in rows) / len(rows)} if rows else {}


@oracle("access.delay_days")
def delay_days(state: Any) -> Rows:
    days: dict[str, float] = defaultdict(float)
    people: dict[str, float] = defaultdict(float)
    for site in range(len(state.sites)):
        for segment, started in enumerate(state.sites.starts[site]):
            payer = segment // len(NEEDS)
            outside = not state.in_network[state.sites.org[site], payer]
            wait = state.sites.wait_days[site] + (state.law["payer.network.delay_days"] if outside else 0.0)
            for key in ("", f"payer={PAYERS[payer]}"):
                days[key] += started * wait
                people[key] += started
    return {("all", key): days[key] / people[key] for key in days if people[key] > 0}


def trust_used(state: Any, row: int) -> float:
    """The lower of the two trusts of a tie, experience weighed with reputation."""
    ties, prior = state.ties, state.law["partnership.trust.reputation_weight"]
    both = []
    for trust, evidence, partner in (("trust_ab", "evidence_ab", ties.b), ("trust_ba", "evidence_ba", ties.a)):
        above = below = 0.0
        for other in range(len(ties)):
            if TIE_STAGES[ties.stage[other]] == "dissolved":
                continue
            for seen, weight, of in (("trust_ab", "evidence_ab", ties.b), ("trust_ba", "evidence_ba", ties.a)):
                if of[other] == partner[row]:
                    above += getattr(ties, weight)[other] * getattr(ties, seen)[other]
                    below += getattr(ties, weight)[other]
        known = above / below if below > 0 else state.law["partnership.trust.start"]
        share = prior / (prior + getattr(ties, evidence)[row])
        both.append((1 - share) * getattr(ties, trust)[row] + share * known)
    return float(min(both))


def works(state: Any, row: int) -> float:
    """How far a tie works, without its form's steering: ramp, scaling back and trust."""
    ties, steering = state.ties, state.ladder.steering
    stage, form = TIE_STAGES[ties.stage[row]], ties.form[row]
    done = min(max((ties.stage_age[row] - ties.diligence[row] + 1) / max(ties.ramp[row] - ties.diligence[row], 1), 0.0), 1.0)
    part = 1.0
    if stage == "ramp_up":
        part = done
    elif stage == "deepened" and ties.form_before[row] >= 0:
        before = steering[ties.form_before[row]] / steering[form]
        part = before + (1 - before) * done
    elif stage == "scaled_back":
        part = state.law["partnership.review.scaled_back"]
    return part * trust_used(state, row)


@oracle("partnership.continuum")
def continuum(state: Any) -> Rows:
    orgs, sites, hospitals, ties = state.orgs, state.sites, state.hospitals, state.ties
    lines: dict[int, set[int]] = {org: set() for org in range(len(orgs))}
    for site in range(len(sites)):
        for line in np.flatnonzero(sites.lines[site]):
            working = SERVICE_LINES[line] != "infusion" or sites.oncologists[site] > 1e-6
            if sites.open[site] and working:
                lines[sites.org[site]].add(int(line))
    for hospital in range(len(hospitals)):
        lines[hospitals.org[hospital]] |= {int(line) for line in np.flatnonzero(hospitals.lines[hospital])}
    whole = {org: set(found) for org, found in lines.items()}
    for org, found in lines.items():
        whole[top(state, org)] |= found
    whole = {org: found | whole[top(state, org)] for org, found in whole.items()}
    brought: dict[tuple[int, int], float] = defaultdict(float)
    for row in in_force(state):
        part = works(state, row) * state.ladder.reach[ties.form[row]]
        for giver, taker in ((ties.a[row], ties.b[row]), (ties.b[row], ties.a[row])):
            for line in whole[giver]:
                brought[top(state, taker), line] += part
    need = list(state.law["partnership.line.need"].values())
    above = below = 0.0
    for site in range(len(sites)):
        org, started = int(sites.org[site]), float(sites.starts[site].sum())
        own = sum(need[line] for line in whole[org])
        owner = top(state, org)
        lent = sum(need[line] * min(brought[owner, line], 1.0) for line in range(len(need)) if line not in whole[owner])
        above += started * (own + lent) / sum(need)
        below += started
    return {("all", ""): above / below} if below > 0 else {}
