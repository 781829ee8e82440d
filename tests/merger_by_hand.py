"""One deal once more, by plain loops over zones, sites and systems: what ``oncsim merger`` says has to agree with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, NEEDS, ORG_KINDS, PAYERS, PRACTICE, SITE_KINDS
from oncsim.processes.standard_patient import standard_patient
from oncsim.ties.ownership import direct_holdings

NEST = {
    "office": 0,
    "freestanding_infusion": 0,
    "hopd_on_campus": 1,
    "hopd_off_campus": 1,
    "amc_main": 2,
    "amc_satellite": 2,
    "home_infusion": 3,
    "telehealth_spoke": 3,
}
TALKING = ("medicare_advantage", "commercial")


def top(model: Any, org: int) -> int:
    while model.orgs.owner[org] >= 0:
        org = int(model.orgs.owner[org])
    return org


def owner_of_sites(model: Any) -> list[int]:
    return [top(model, int(org)) for org in model.sites.org]


# -- concentration -------------------------------------------------------------------------------------------------


def markets(model: Any, one: int, other: int, kind: str = "") -> dict[str, dict[str, float]]:
    """What concentration is in every market where a party treats patients, by market id."""
    ids, of_zone = (model.zones.market_ids, model.zones.market) if not kind else model.zones.markets[kind]
    held: dict[str, dict[int, float]] = {}
    for site in range(len(model.sites)):
        patients, number = 4 * float(sum(model.sites.starts[site])), int(of_zone[model.sites.zone[site]])
        if patients > 0 and number >= 0:
            orgs = held.setdefault(ids[number], {})
            orgs[int(model.sites.org[site])] = orgs.get(int(model.sites.org[site]), 0.0) + patients
    found = {}
    interests = [interest(model, None), interest(model, (one, other))]
    for name, orgs in held.items():
        total = sum(orgs.values())
        before: dict[int, float] = {}
        for org, patients in orgs.items():
            before[top(model, org)] = before.get(top(model, org), 0.0) + patients / total
        if before.get(one, 0.0) + before.get(other, 0.0) == 0:
            continue
        after = {org: share for org, share in before.items() if org != other}
        after[one] = before.get(one, 0.0) + before.get(other, 0.0)
        found[name] = {
            "patients": total,
            "share_one": before.get(one, 0.0),
            "share_other": before.get(other, 0.0),
            "hhi_before": 1e4 * sum(share**2 for share in before.values()),
            "hhi_after": 1e4 * sum(share**2 for share in after.values()),
            "cr4_before": sum(sorted(before.values())[-4:]),
            "cr4_after": sum(sorted(after.values())[-4:]),
            "mhhi_before": mhhi(orgs, *interests[0]),
            "mhhi_after": mhhi(orgs, *interests[1]),
        }
    return found


def interest(model: Any, deal: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Ownership and control of ultimate holders, dense, (holders, organisations): o (I - B)^-1."""
    found, size = direct_holdings(model), len(model.orgs)
    parts = []
    for share in (found.owner_share, found.control_share):
        direct = np.zeros((size, size))
        for holder, held, part in zip(found.holder, found.held, share, strict=True):
            direct[holder, held] += part
        if deal is not None:
            buyer, target = deal
            direct[:, target] = 0.0
            direct[target, buyer] = 0.0
            direct[buyer, target] = 1.0
        outside = 1.0 - direct.sum(axis=0)
        parts.append(np.diag(outside) @ np.linalg.inv(np.eye(size) - direct))
    return parts[0], parts[1]


def mhhi(orgs: dict[int, float], own: np.ndarray, control: np.ndarray) -> float:
    total = sum(orgs.values())
    value = 0.0
    for k, of_k in orgs.items():
        weight_k = sum(control[i, k] * own[i, k] for i in np.flatnonzero(control[:, k]))
        for j, of_j in orgs.items():
            if weight_k > 0:
                weight = sum(control[i, k] * own[i, j] for i in np.flatnonzero(control[:, k])) / weight_k
            else:
                weight = 1.0 if j == k else 0.0
            value += weight * of_k / total * of_j / total
    return 1e4 * value


# -- leverage ------------------------------------------------------------------------------------------------------


@dataclass
class Market:
    """The cells of one payer: standard patients, and the sites with their nest, system and value."""

    patients: list[float]
    sites: list[list[tuple[int, int, float]]]  # of each cell: (nest, system, exp(V / lam))
    lam: float
    beyond: list[float] = field(default_factory=list)


def cells(model: Any, payer: str) -> Market:
    law, choice = model.law, model.choice
    lam, floor = float(law["choice.nest_dissimilarity"]), float(law["choice.flow_floor"])
    part = float(law["payer.bargaining.beyond"])
    owner = owner_of_sites(model)
    weight = standard_patient(law).weight[TALKING.index(payer)]
    pairs: dict[int, list[int]] = {}
    for pair, zone in enumerate(choice.layout.zone):
        pairs.setdefault(int(zone), []).append(pair)
    code = PAYERS.index(payer)
    found = Market([], [], lam)
    for zone, mine in pairs.items():
        seen = dict.fromkeys(mine, 0.0)
        values = {}
        for talking in TALKING:
            for need in range(len(NEEDS)):
                segment = PAYERS.index(talking) * len(NEEDS) + need
                value = {p: choice.weight[p, need] * choice.factor[choice.layout.site[p], segment] for p in mine}
                values[talking, need] = value
                for p, share in shares_of(model, value, lam).items():
                    seen[p] = max(seen[p], share)
        # A site that so few of every cell would choose does not compete there.
        kept = [
            p for p in mine if seen[p] >= floor and model.sites.open[choice.layout.site[p]] and choice.layout.site[p] >= 0
        ]
        for need in range(len(NEEDS)):
            segment = code * len(NEEDS) + need
            there = [
                (NEST[SITE_KINDS[model.sites.kind[choice.layout.site[p]]]], owner[choice.layout.site[p]], value)
                for p in kept
                if (value := float(values[payer, need][p])) > 0
            ]
            n = float(model.new_patients[zone, segment] * choice.treated[zone, segment] * weight[need])
            if n > 0 and there:
                found.patients.append(n)
                found.sites.append(there)
                found.beyond.append(listed(there, lam) * part / (1 - part))
    return found


def shares_of(model: Any, value: dict[int, float], lam: float) -> dict[int, float]:
    """Nested-logit shares of the pairs of one cell, of those who are treated."""
    nest = {p: NEST[SITE_KINDS[model.sites.kind[model.choice.layout.site[p]]]] for p in value}
    inside = [sum(v for p, v in value.items() if nest[p] == g) for g in range(4)]
    total = sum(d**lam for d in inside if d > 0)
    return {p: v / inside[nest[p]] * inside[nest[p]] ** lam / total if v > 0 else 0.0 for p, v in value.items()}


def listed(there: list[tuple[int, int, float]], lam: float) -> float:
    inside = [sum(v for nest, _, v in there if nest == g) for g in range(4)]
    return sum(d**lam for d in inside if d > 0)


def shares(there: list[tuple[int, int, float]], beyond: float, lam: float) -> tuple[dict[int, float], float, float]:
    """Shares of systems, the share beyond all of them and the inclusive value."""
    inside = [sum(v for nest, _, v in there if nest == g) for g in range(4)]
    total = beyond + sum(d**lam for d in inside if d > 0)
    found: dict[int, float] = {}
    for nest, system, value in there:
        found[system] = found.get(system, 0.0) + value / inside[nest] * inside[nest] ** lam / total
    return found, beyond / total, total


@dataclass
class Weighed:
    """Leverage of one set of systems."""

    willingness: float = 0.0
    patients: float = 0.0
    beyond: float = 0.0
    largest: float = 0.0
    gains: dict[int, float] = field(default_factory=dict)


def weigh(market: Market, systems: tuple[int, ...], factor: dict[int, float]) -> Weighed:
    """Take the sites of some systems away, cell by cell; out of network they are worth more inside than they are now."""
    found = Weighed()
    for n, there, beyond in zip(market.patients, market.sites, market.beyond, strict=True):
        if not any(system in systems for _, system, _ in there):
            continue
        inside = [(nest, s, v * (factor[s] if s in systems else 1.0)) for nest, s, v in there]
        without = [(nest, s, v) for nest, s, v in there if s not in systems]
        with_them, rest, offered = shares(inside, beyond, market.lam)
        left_to, left_beyond, left = shares(without, beyond, market.lam)
        own = sum(with_them.get(s, 0.0) for s in systems)
        found.willingness += n * (math.log(offered) - math.log(left))
        found.patients += n * own
        found.largest = max(found.largest, own)
        found.beyond += n * (left_beyond - rest)
        for s, share in left_to.items():
            found.gains[s] = found.gains.get(s, 0.0) + n * (share - with_them[s])
    if found.patients > 0:
        found.beyond /= found.patients
        found.gains = {s: gain / found.patients for s, gain in found.gains.items()}
    return found


# -- prices --------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    price: dict[int, float]
    cost: dict[int, float]
    weight: dict[int, float]
    tau: float
    phi: float
    reference: float
    worth: float
    bargained: float


def table(model: Any, payer: str) -> Table:
    """Prices in force, costs and weights of every owner at the top."""
    law, sites, orgs = model.law, model.sites, model.orgs
    place, code = TALKING.index(payer), PAYERS.index(payer)
    patient = standard_patient(law)
    discount = model.purchasing_discount()
    owner = owner_of_sites(model)
    paid: dict[int, float] = {}
    volume: dict[int, float] = {}
    spent: dict[int, float] = {}
    worth: dict[int, float] = {}
    people: dict[int, float] = {}
    for org in range(len(orgs)):
        people[top(model, org)] = people.get(top(model, org), 0.0) + float(orgs.headcount[org])
    for site in range(len(sites)):
        s = owner[site]
        for need in range(len(NEEDS)):
            n = float(sites.starts[site, code * len(NEEDS) + need])
            drugs = (1 - discount[sites.org[site]]) * patient.drug_cost[place, need]
            spent[s] = spent.get(s, 0.0) + n * (drugs + patient.care_cost[place, need])
            spent[s] += n * recaptured(model, site, s)
            worth[s] = worth.get(s, 0.0) + n * patient.value[place, need]
            if sites.open[site]:
                weight = patient.value[place, need] / patient.value[place, 0]
                volume[s] = volume.get(s, 0.0) + n * weight
                paid[s] = paid.get(s, 0.0) + n * weight * float(model.contracts.level[site, place])
    reference = float(model.market_power.reference[place])
    usual = (patient.drug_cost[place, 0] + patient.care_cost[place, 0]) / patient.value[place, 0]
    tops = {top(model, org) for org in range(len(orgs))}
    return Table(
        {s: paid[s] / volume[s] if volume.get(s, 0.0) > 0 else reference for s in tops},
        {s: spent[s] / worth[s] if worth.get(s, 0.0) > 0 else float(usual) for s in tops},
        {s: bargaining_weight(model, s, people[s]) for s in tops},
        float(model.market_power.value[place]),
        float(model.market_power.rate[place]),
        reference,
        float(patient.value[place, 0]),
        1 - float(law["payer.bargaining.scheduled"][payer]),
    )


def bargaining_weight(model: Any, org: int, people: float) -> float:
    by_kind = float(model.law["payer.bargaining.weight"][ORG_KINDS[model.orgs.kind[org]]])
    slope = float(model.law["payer.bargaining.size_slope"])
    return min(max(by_kind + slope * math.log10(max(people, 1.0) / 10), 0.0), 0.8)


def reach(model: Any, zone: int, owner: int) -> float:
    """Share of the hospital care of a zone that an owner's hospitals draw."""
    zones, hospitals, share = model.referrers
    mine = total = 0.0
    for z, hospital, part in zip(zones, hospitals, share, strict=True):
        if z == zone:
            total += part
            mine += part if top(model, int(model.hospitals.org[hospital])) == owner else 0.0
    return mine / total if total > 0 else 0.0


def recaptured(model: Any, site: int, owner: int) -> float:
    """Downstream margin a patient that a system would keep without a site it acquired."""
    origin = int(model.sites.origin[site])
    if origin < 0 or origin == owner or not model.sites.open[site]:
        return 0.0
    if model.orgs.kind[owner] not in (HEALTH_SYSTEM, ACADEMIC_CENTER):
        return 0.0
    margin = float(model.law["payer.bargaining.recapture"]) * float(model.law["finance.downstream_margin"])
    return margin * reach(model, int(model.sites.zone[site]), owner)


def solve(q: dict[int, Weighed], on: Table, standing: dict[int, float]) -> tuple[dict[int, float], set[int]]:
    """Nash prices of all who gain from a contract, by one linear system; who does not gain keeps the standing price."""
    names = sorted(s for s in q if q[s].patients > 0)
    at = {s: row for row, s in enumerate(names)}
    failing: set[int] = set()
    while True:
        left, right = np.eye(len(names)), np.zeros(len(names))
        for s in names:
            row = at[s]
            if s in failing:
                right[row] = standing[s]
                continue
            b = on.weight[s]
            right[row] = (1 - b) * on.cost[s] + b * (on.tau * q[s].willingness / q[s].patients + q[s].beyond * on.reference)
            for k, ratio in q[s].gains.items():
                left[row, at[k]] -= b * ratio
        price = dict(zip(names, np.linalg.solve(left, right).tolist(), strict=True))
        losing = {s for s in names if s not in failing and most(q[s], on, price) < on.cost[s]}
        if not losing:
            return price, failing
        failing |= losing


def most(one: Weighed, on: Table, price: dict[int, float]) -> float:
    alternative = sum(ratio * price[k] for k, ratio in one.gains.items())
    return on.tau * one.willingness / one.patients + alternative + one.beyond * on.reference


def payer_numbers(model: Any, payer: str, one: int, other: int) -> dict[str, Any]:
    """Everything the command says of a payer, under the names of the analysis."""
    market, on = cells(model, payer), table(model, payer)
    penalty = float(model.law["choice.network"]) / float(model.law["choice.nest_dissimilarity"])
    code = PAYERS.index(payer)
    systems = sorted({s for there in market.sites for _, s, _ in there})
    factor = {s: 1.0 if model.in_network[s, code] else math.exp(-penalty) for s in systems}
    # With contracts renewed both parties are in network, whoever is weighed.
    market.sites = [
        [(nest, s, v * (factor[s] if s in (one, other) else 1.0)) for nest, s, v in there] for there in market.sites
    ]
    part = float(model.law["payer.bargaining.beyond"])
    market.beyond = [listed(there, market.lam) * part / (1 - part) for there in market.sites]
    factor |= {one: 1.0, other: 1.0}
    before = {s: weigh(market, (s,), factor) for s in systems}
    both = weigh(market, (one, other), factor)
    after = {}
    for s in systems:
        if s in (one, other):
            continue
        gains = dict(before[s].gains)
        gone = gains.pop(other, 0.0)
        if one in gains or gone:
            gains[one] = gains.get(one, 0.0) + gone
        after[s] = Weighed(before[s].willingness, before[s].patients, before[s].beyond, 0.0, gains)
    after[one] = both
    price, failing = solve(before, on, on.price)
    qa, qb = before[one].patients, before[other].patients
    mean_cost = (qa * on.cost[one] + qb * on.cost[other]) / (qa + qb)
    standing = {**on.price, one: (qa * on.price[one] + qb * on.price[other]) / (qa + qb)}
    gains_of = {s: before[s].patients * (most(before[s], on, price) - on.cost[s]) for s in (one, other) if s not in failing}
    kept = sum(on.weight[s] * gain for s, gain in gains_of.items()) / sum(gains_of.values())
    people = sum(float(model.orgs.headcount[o]) for o in range(len(model.orgs)) if top(model, o) in (one, other))
    weight = max(bargaining_weight(model, party, people) for party in (one, other))  # whoever buys
    extra = extra_recapture(model, payer, one, other)
    alone = changed(on, {**on.cost, one: mean_cost}, {**on.weight, one: kept})
    new = changed(on, {**on.cost, one: mean_cost + extra}, {**on.weight, one: weight})
    nash_alone, _ = solve(after, alone, standing)
    nash_after, failing_after = solve(after, new, standing)
    passed = {s: on.cost[s] + on.phi * w.willingness / w.patients for s, w in before.items() if w.patients > 0}
    passed_alone, passed_after = (
        {s: c.cost[s] + on.phi * w.willingness / w.patients for s, w in after.items() if w.patients > 0}
        for c in (alone, new)
    )
    dollars = 4 * on.tau * on.worth
    return {
        "worth": on.worth,
        "value": on.tau,
        "bargained": on.bargained,
        "willingness": dollars * both.willingness,
        "gain": both.willingness / (before[one].willingness + before[other].willingness) - 1,
        "beyond": both.beyond,
        "weight_before": (on.weight[one], on.weight[other]),
        "weight_after": weight,
        "weight_kept": kept,
        "recapture": extra,
        "rivals": top_five(both.gains),
        "parties": [
            party(before, on, price, passed, a, b, dollars, a not in failing) for a, b in ((one, other), (other, one))
        ],
        "effects": {
            "nash_linear": effect(before, on, price, nash_alone, nash_after, one, other, one not in failing_after),
            "wtp_passthrough": effect(before, on, passed, passed_alone, passed_after, one, other, True),
        },
        "outside": {s for s in systems if before[s].patients > 0 and not model.in_network[s, code]},
        "no_gain": failing,
        "no_gain_after": failing_after,
    }


def changed(on: Table, cost: dict[int, float], weight: dict[int, float]) -> Table:
    return Table(on.price, cost, weight, on.tau, on.phi, on.reference, on.worth, on.bargained)


def extra_recapture(model: Any, payer: str, one: int, other: int) -> float:
    orgs, sites, law = model.orgs, model.sites, model.law
    if orgs.kind[one] not in (HEALTH_SYSTEM, ACADEMIC_CENTER) or orgs.kind[other] != PRACTICE:
        return 0.0
    margin = float(law["payer.bargaining.recapture"]) * float(law["finance.downstream_margin"])
    place, code = TALKING.index(payer), PAYERS.index(payer)
    value = standard_patient(law).value[place]
    kept = worth = 0.0
    for site, owner in enumerate(owner_of_sites(model)):
        starts = sites.starts[site, code * len(NEEDS) : (code + 1) * len(NEEDS)]
        if owner in (one, other):
            worth += float(sum(n * v for n, v in zip(starts, value, strict=True)))
        if owner == other and sites.open[site]:
            kept += margin * reach(model, int(sites.zone[site]), one) * float(sum(starts))
    return kept / worth


def top_five(gains: dict[int, float], besides: int = -1) -> list[tuple[int, float]]:
    ranked = sorted(((ratio, s) for s, ratio in gains.items() if s != besides and ratio > 0), reverse=True)
    return [(s, ratio) for ratio, s in ranked[:5]]


def party(
    before: dict[int, Weighed],
    on: Table,
    nash: dict[int, float],
    passed: dict[int, float],
    a: int,
    b: int,
    dollars: float,
    agreed: bool,
) -> dict[str, Any]:
    mine = before[a]
    diversion = mine.gains.get(b, 0.0)
    margin = on.price[b] - on.cost[b]
    return {
        "patients": 4 * mine.patients,
        "price": on.price[a],
        "cost": on.cost[a],
        "willingness": dollars * mine.willingness,
        "diversion": diversion,
        "beyond": mine.beyond,
        "guppi": diversion * margin / on.price[a],
        "pressure": diversion * margin * on.worth,
        "agreed": agreed,
        "largest": mine.largest,
        "renewed": {"nash_linear": nash[a], "wtp_passthrough": passed[a]},
        "rivals": top_five(mine.gains, b),
    }


def effect(
    before: dict[int, Weighed],
    on: Table,
    was: dict[int, float],
    alone: dict[int, float],
    now: dict[int, float],
    one: int,
    other: int,
    agreed: bool,
) -> dict[str, Any]:
    q = {s: w.patients for s, w in before.items() if w.patients > 0}

    def at(price: dict[int, float], s: int) -> float:
        return price[one if s == other else s]

    def of_parties(price: dict[int, float]) -> float:
        return sum(q[s] * at(price, s) for s in (one, other)) / sum(q[s] * was[s] for s in (one, other)) - 1

    def spent(price: dict[int, float], some: list[int]) -> float:
        return sum(q[s] * (1 - on.bargained + on.bargained * at(price, s)) for s in some)

    def spent_before(some: list[int]) -> float:
        return sum(q[s] * (1 - on.bargained + on.bargained * was[s]) for s in some)

    return {
        "after": now[one],
        "level": of_parties(now),
        "leverage_alone": of_parties(alone),
        "paid": spent(now, [one, other]) / spent_before([one, other]) - 1,
        "payer": spent(now, list(q)) / spent_before(list(q)) - 1,
        "dollars": 4 * on.worth * (spent(now, list(q)) - spent_before(list(q))),
        "agreed": agreed,
    }


# -- a practice becomes departments, and where it matters ----------------------------------------------------------


def departments(model: Any, one: int, other: int) -> dict[str, float]:
    """Commercial dollars of an infusion day at the offices of a practice, as they are and as departments off campus."""
    from oncsim.processes.white_bagging import white_bagged_share

    law, sites = model.law, model.sites
    # Nothing of these is in force in the markets tested, so that the price is a sum of three products.
    for name in ("commercial_spillover", "commercial_drugs"):
        assert float(law[f"policy.site_neutral.{name}"]) == 0
    assert float(law["policy.commercial.fee_contracts"]) == 0
    shipped = white_bagged_share(model)
    asp, visits = float(law["payment.drug.asp"]["standard"]), float(law["care.visits_per_quarter"])
    visits /= float(law["care.infusions_per_quarter"]["standard"])
    rate = {
        name: float(law[f"payment.medicare.{name}"])
        for name in (
            *("administration_office", "visit_office", "administration_hospital"),
            *("visit_hospital_facility", "visit_hospital_professional"),
        )
    }
    office_service = rate["administration_office"] + visits * rate["visit_office"]
    hospital_service = rate["administration_hospital"]
    hospital_service += visits * (rate["visit_hospital_facility"] + rate["visit_hospital_professional"])
    follows = float(law["payment.drug.medicare_weight"]) * float(law["policy.negotiated_price.commercial_follows"])
    cut = float(law["policy.negotiated_price.drug_share"]) * (1 - float(law["policy.negotiated_price.ratio"])) * follows
    commercial = slice(PAYERS.index("commercial") * len(NEEDS), (PAYERS.index("commercial") + 1) * len(NEEDS))
    office = department = infusions = 0.0
    count = 0
    for site, owner in enumerate(owner_of_sites(model)):
        if owner != other or not sites.open[site] or SITE_KINDS[sites.kind[site]] != "office":
            continue
        count += 1
        n = float(sum(sites.infusions[site, commercial]))
        drug = asp * (model.contracts.drug[site] * (1 - cut) * (1 - shipped[site]))
        drug += asp * float(law["payer.white_bagging.price"]) * shipped[site]
        infusions += n
        office += n * (drug + model.contracts.service[site] * office_service)
        department += n * (drug + model.contracts.service[site] * hospital_service)
    drawn = started = 0.0
    owners = owner_of_sites(model)
    for pair, n in enumerate(model.flows.pair_started):
        site = int(model.pairs.site[pair])
        if owners[site] == other and sites.open[site] and n > 0:
            started += n
            drawn += n * reach(model, int(model.pairs.zone[pair]), one)
    return {
        "sites": count,
        "infusions": 4 * infusions,
        "office_price": office / infusions,
        "department_price": department / infusions,
        "rate_table": department / office - 1,
        "reach": drawn / started,
    }


def zones(model: Any, one: int, other: int) -> list[tuple[str, float, float, float]]:
    """(zone, commercial patients a year, share of each party) of the ten with the largest product of shares."""
    owner = owner_of_sites(model)
    commercial = range(PAYERS.index("commercial") * len(NEEDS), (PAYERS.index("commercial") + 1) * len(NEEDS))
    started: dict[int, dict[int, float]] = {}
    for pair, segment, n in zip(model.shares.pair, model.shares.segment, model.entry_flows[0], strict=True):
        if segment in commercial and n > 0:
            mine = started.setdefault(int(model.pairs.zone[pair]), {})
            s = owner[int(model.pairs.site[pair])]
            mine[s] = mine.get(s, 0.0) + float(n)
    found = []
    for zone, held in started.items():
        total = sum(held.values())
        found.append((model.zones.ids[zone], 4 * total, held.get(one, 0.0) / total, held.get(other, 0.0) / total))
    ranked = sorted(found, key=lambda row: -row[2] * row[3])
    return [row for row in ranked[:10] if row[2] * row[3] > 0]
