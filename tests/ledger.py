"""What must hold at the end of every quarter of every run, checked on the state itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from oncsim.codes import ACQUIRED, ACTIVE, CLOSED, MERGED, NETWORK, PAYER, PAYERS, PRACTICE
from oncsim.model import OncologyMarket


@dataclass
class Before:
    """The parts of the state that a quarter's sums start from."""

    waiting: np.ndarray
    physicians: np.ndarray
    recruits: float
    retired: int
    deals: int
    events: int

    @classmethod
    def of(cls, model: OncologyMarket) -> Before:
        return cls(
            model.waiting.copy(),
            model.physicians.key.copy(),
            float(model.recruits.sum()),
            model.retired,
            len(model.ledger),
            len(model.recording.events),
        )


def step_and_check(model: OncologyMarket) -> None:
    """Run one quarter and check every sum."""
    before = Before.of(model)
    model.step()
    patients(model, before)
    money(model)
    ownership(model)
    physicians(model, before)
    deals(model, before)
    story(model)


def patients(model: OncologyMarket, before: Before) -> None:
    flows, sites, pairs = model.flows, model.sites, model.pairs
    np.testing.assert_array_equal(flows.waiting_before, before.waiting)
    np.testing.assert_array_equal(flows.waiting, model.waiting)
    np.testing.assert_allclose(
        flows.new + flows.waiting_before, flows.started + flows.untreated + flows.waiting, rtol=1e-9, atol=1e-9
    )
    for part in (flows.new, flows.started, flows.untreated, flows.waiting, flows.pair_started, sites.in_care):
        assert np.isfinite(part).all() and (part >= -1e-9).all()
    np.testing.assert_allclose(sites.starts.sum(axis=0), flows.started.sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(
        np.bincount(pairs.zone, flows.pair_started, len(model.zones)), flows.started.sum(axis=1), atol=1e-8
    )
    counted = np.bincount(pairs.site, flows.pair_started, len(sites))
    np.testing.assert_allclose(counted, sites.starts.sum(axis=1), atol=1e-8)


def money(model: OncologyMarket) -> None:
    """What payers and patients pay, provider organisations receive, payer by payer."""
    orgs, paid, patient = model.orgs, model.money.paid, model.money.patient
    for part in (paid, patient, model.money.drug_cost, orgs.cash, orgs.margin):
        assert np.isfinite(part).all()
    assert (patient <= paid + 1e-6).all()
    by_payer = paid.sum(axis=(0, 2))
    for row, code in model.payer_rows.items():
        outside = model.money.pharmacy[:, code].sum()  # drugs that the payer's pharmacy ships are paid to nobody here
        np.testing.assert_allclose(orgs.cost[row] + patient.sum(axis=(0, 2))[code], by_payer[code] + outside, rtol=1e-12)
    uninsured = PAYERS.index("uninsured")
    np.testing.assert_allclose(patient[:, uninsured], paid[:, uninsured])
    providers = ~np.isin(orgs.kind, (PAYER, NETWORK))
    np.testing.assert_allclose(orgs.revenue[providers].sum(), by_payer.sum(), rtol=1e-9)


def ownership(model: OncologyMarket) -> None:
    orgs, sites = model.orgs, model.sites
    size = len(orgs)
    assert len(set(orgs.id)) == len(set(orgs.name)) == len(set(orgs.key.tolist())) == size == len(model.roster)
    assert len(set(sites.id)) == len(sites)
    assert ((sites.org >= 0) & (sites.org < size)).all()
    assert not np.isin(orgs.kind[sites.org], (PAYER, NETWORK)).any()
    owned = orgs.owner >= 0
    np.testing.assert_array_equal(owned, np.isin(orgs.status, (ACQUIRED, MERGED)))
    for row in np.flatnonzero(owned):  # a chain of owners ends
        seen, at = {int(row)}, int(orgs.owner[row])
        while orgs.owner[at] >= 0:
            assert at not in seen, "owners go round in a circle"
            seen.add(at)
            at = int(orgs.owner[at])
        assert orgs.status[at] == ACTIVE
    working = np.flatnonzero(sites.open)
    assert not np.isin(orgs.status[sites.org[working]], (CLOSED, MERGED)).any()
    top = orgs.top_owner()
    for site in working:
        practice, operator = int(sites.origin[site]), int(sites.org[site])
        if orgs.status[practice] == ACQUIRED:
            assert operator in (practice, int(orgs.owner[practice]), int(top[practice]))
        elif orgs.kind[practice] == PRACTICE:
            assert operator == practice
    # A host bills for the offices of a practice that goes on running them.
    billed = sites.billed_by >= 0
    for site in np.flatnonzero(billed & sites.open):
        tie, host = int(sites.billed_by[site]), int(model.hospitals.org[sites.hospital[site]])
        assert {int(top[host]), int(sites.org[site])} <= {int(top[model.ties.a[tie]]), int(top[model.ties.b[tie]])}
    attached = (sites.hospital >= 0) & ~billed
    if attached.any():
        hospital_owner = model.hospitals.org[sites.hospital[attached & sites.open]]
        np.testing.assert_array_equal(top[sites.org[attached & sites.open]], top[hospital_owner])
    assert (orgs.network[orgs.network >= 0] < size).all()
    assert (orgs.kind[orgs.network[orgs.network >= 0]] == NETWORK).all()
    lengths = {len(model.arrivals), len(model.capacity), len(model.contracts.drug), len(model.money.paid), len(sites)}
    assert len(lengths) == 1
    assert len(model.contracts.due) == len(model.in_network) == size


def physicians(model: OncologyMarket, before: Before) -> None:
    """Start + hired - retired - left = now: nobody appears or is lost but through retirement and the pool."""
    keys = model.physicians.key
    assert len(set(keys.tolist())) == len(keys)
    assert ((model.physicians.site >= 0) & (model.physicians.site < len(model.sites))).all()
    assert model.sites.open[model.physicians.site].all()
    retired = model.retired - before.retired
    path = float(model.workforce_at_start.sum()) * (1 + float(model.law["demand.supply_growth"])) ** model.years
    entered = 0.25 * max(path - (len(before.physicians) - retired) - before.recruits, 0.0)
    told = model.recording.events[before.events :]
    joined = sum(one[5] for one in told if one[1] == "oncologists_joined")
    left = sum(one[5] for one in told if one[1] == "oncologists_left")
    if joined == left == 0:  # scripted moves come from outside the market, and before entrants are counted
        assert len(model.recruits) == 1  # one region: the sum below holds region by region
        now = len(keys) + model.recruits.sum()
        assert abs(now - (len(before.physicians) + before.recruits - retired + entered)) < 1e-6
    assert (model.recruits > -1e-9).all()


def deals(model: OncologyMarket, before: Before) -> None:
    """Every price is in the ledger once, with the event that tells it."""
    told: dict[tuple[str, str], float] = {}
    for one in model.recording.events[before.events :]:
        if one[1] in ("acquisition", "merger"):
            told[(one[2], one[3])] = one[5]
    ids = model.orgs.id
    paid = {(str(ids[buyer]), str(ids[seller])): price for _, buyer, seller, price in model.ledger[before.deals :]}
    assert paid == told


def story(model: OncologyMarket) -> None:
    orgs, sites = set(model.orgs.id), set(model.sites.id)
    quarters = [one[0] for one in model.recording.events]
    assert quarters == sorted(quarters)
    for _, _, actor, other, site, _, text in model.recording.events:
        assert actor in orgs and (not other or other in orgs) and (not site or site in sites)
        assert text and "{" not in text and not re.search(r"\bnan\b", text)  # a name may be Covenant
