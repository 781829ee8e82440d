from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, events, start
from oncsim.codes import COMPONENTS, HEALTH_SYSTEM, HOSPITAL_KINDS, PAYERS, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.prices.drugs import commercial_asp
from oncsim.processes.bargaining import contract_length, local_share, target_multiples
from oncsim.processes.payment import payment

COMMERCIAL, FFS = PAYERS.index("commercial"), PAYERS.index("medicare_ffs")
FACILITY = COMPONENTS.index("facility")
SEED_OWNERS = {"practice.review.yearly": 0.0, "health_system.acquisition.attention": 0.0, "network.purchase.yearly": 0.0}


def bought_office(hazard: float) -> tuple[OncologyMarket, int, int]:
    """Return a model in which the largest system takes over the largest practice at once, a site, and its quarter."""
    event = {"at": "2026Q2", "do": "takeover", "org": "largest_practice", "by": "largest_system"}
    behaviour = {
        **SEED_OWNERS,
        "health_system.acquisition.redesignation": 1,
        "payer.contract.hazard": hazard,
        "payer.contract.share_slope": 0.0,
    }
    model = start(12, METRO, behaviour=behaviour, events=[event])
    model.step()
    orgs = model.orgs
    practices = np.flatnonzero((orgs.kind == PRACTICE) & (orgs.status == 0))
    practice = int(practices[np.lexsort((orgs.key[practices], -orgs.oncologists[practices]))[0]])
    site = int(np.flatnonzero((model.sites.org == practice) & model.sites.open)[0])
    while model.sites.kind[site] not in HOSPITAL_KINDS:
        model.step()
    return model, site, model.t


def billed(model: OncologyMarket, site: int) -> float:
    """Return the commercial drug price of what a site buys and bills, in average sales prices."""
    rates = model.rates.drugs
    paid = rates.paid.reshape(len(rates.paid), len(PAYERS), -1)[site, COMMERCIAL, 0]
    return float(paid / (1.0 - rates.shipped[site]) / commercial_asp(model.law))


def test_the_rate_table_changes_at_once_and_the_drug_price_with_the_contract() -> None:
    model, site, _ = bought_office(hazard=0.001)
    office = float(model.law["payment.commercial.drug"]["office"])
    assert model.contracts.drug[site] == pytest.approx(office)  # re-designated, not renegotiated
    model.step()
    assert model.money.paid[site, FFS, FACILITY] > 0  # the facility fee is there at once
    assert model.money.paid[site, COMMERCIAL, FACILITY] > 0
    assert billed(model, site) == pytest.approx(office)
    owner = int(model.orgs.top_owner()[model.sites.org[site]])
    model.contracts.due[owner] = model.t + 1
    model.step()
    hospital = float(model.law["payment.commercial.drug"]["hospital"])
    assert model.contracts.drug[site] >= hospital - 1e-9
    assert billed(model, site) == pytest.approx(office)
    told = events(model, "price_step")
    assert model.sites.id[site] in set(told["site"])
    model.step()
    assert billed(model, site) >= hospital - 1e-9


def test_with_contracts_every_quarter_both_parts_come_together() -> None:
    model, site, _ = bought_office(hazard=1.0)
    assert model.contracts.drug[site] >= float(model.law["payment.commercial.drug"]["hospital"]) - 1e-9


def test_without_a_due_contract_no_price_moves() -> None:
    model = start(6, METRO, behaviour={**SEED_OWNERS, "payer.contract.hazard": 0.001})
    before = model.contracts.drug.copy()
    due = model.contracts.due.copy()
    for _ in range(6):
        model.step()
    still = due[model.orgs.top_owner()[model.sites.org[: len(before)]]] > model.t
    same_owner = model.sites.org[: len(before)] == model.sites.origin[: len(before)]
    np.testing.assert_array_equal(model.contracts.drug[: len(before)][still & same_owner], before[still & same_owner])
    assert still.any()


def test_length_of_contracts_has_the_mean_of_the_hazard() -> None:
    for hazard in (0.2, 0.4, 0.8):
        model = start(1, METRO, behaviour={"payer.contract.hazard": hazard})
        drawn = []
        for quarter in range(200):
            model.t = quarter
            drawn.append(contract_length(model, np.arange(len(model.orgs))))
        lengths = np.concatenate(drawn)
        assert lengths.min() == 1
        assert lengths.mean() == pytest.approx(1 / hazard, rel=0.05)
        assert (lengths == 1).mean() == pytest.approx(hazard, abs=0.02)


def test_shares_are_those_of_the_top_owner_in_the_market_of_the_seat() -> None:
    model = start(2, METRO)
    model.step()
    orgs, sites, zones = model.orgs, model.sites, model.zones
    found, top, starts = local_share(model), orgs.top_owner(), sites.starts.sum(axis=1)
    for row in range(len(orgs)):
        there = zones.market[sites.zone] == zones.market[orgs.zone[row]] if orgs.zone[row] >= 0 else None
        if there is None:
            continue
        expected = starts[there & (top[sites.org] == top[row])].sum() / starts[there].sum()
        assert found[row] == pytest.approx(expected)
    assert found.min() >= 0 and found.max() <= 1


def test_leverage_raises_prices_with_share_and_nothing_without_slope() -> None:
    flat = start(2, METRO, behaviour={"payer.contract.share_slope": 0.0})
    flat.step()
    drug, service = target_multiples(flat)
    office = flat.sites.kind == 0
    assert np.ptp(drug[office]) == 0 and np.ptp(service[office]) == 0
    steep = start(2, METRO, behaviour={"payer.contract.share_slope": 1.0})
    steep.step()
    share = local_share(steep)[steep.sites.org]
    drug, _ = target_multiples(steep)
    order = np.argsort(share[office])
    assert (np.diff(drug[office][order]) >= -1e-12).all() and np.ptp(drug[office]) > 0


def test_higher_multiples_raise_commercial_prices_alone() -> None:
    model = start(1, METRO)
    model.step()
    paid = model.money.paid.copy()
    model.contracts.drug *= 1.1
    payment(model)
    assert (model.money.paid[:, COMMERCIAL] >= paid[:, COMMERCIAL]).all()
    assert model.money.paid[:, COMMERCIAL].sum() > paid[:, COMMERCIAL].sum()
    others = [p for p in range(5) if p != COMMERCIAL]
    np.testing.assert_array_equal(model.money.paid[:, others], paid[:, others])


def test_networks_break_and_mend_by_their_chances_only() -> None:
    never = start(8, METRO, behaviour={"payer.network.break": 0.0, "payer.network.mend": 0.0})
    inside = never.in_network.copy()
    while not never.finished:
        never.step()
    np.testing.assert_array_equal(never.in_network[: len(inside)], inside)
    always = start(4, METRO, behaviour={"payer.network.break": 1.0, "payer.contract.hazard": 1.0})
    always.step()
    assert len(events(always, "network_exit")) > 0
    systems = always.orgs.kind == HEALTH_SYSTEM
    assert not always.in_network[systems, COMMERCIAL].all()
