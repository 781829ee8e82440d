from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from markets import METRO, events, scenario, start, tiny_markets
from oncsim.calendar import Quarter
from oncsim.codes import CLOSED, NETWORK, PAYER, PRACTICE, TIE_FORMS
from oncsim.market.form import Market
from oncsim.model import OncologyMarket
from oncsim.processes.finance import UnitCosts, operating_cost, shared_saving
from oncsim.processes.payment import Volumes


def one_site(hospital: bool, academic: bool = False, saving: float = 0.0, revenue: float = 0.0) -> float:
    model = start(1, METRO)
    volumes = Volumes(np.full((1, 5), 1e6), np.full((1, 5), 20.0), np.full((1, 5), 40.0), np.full((1, 5), 4.0))
    found = operating_cost(
        model.law,
        volumes,
        np.array([hospital]),
        np.array([academic]),
        np.array([8.0]),
        np.array([2.0]),
        np.array([revenue]),
        np.array([saving]),
    )
    return float(found[0])


def test_an_office_by_hand() -> None:
    unit = UnitCosts.of(start(1, METRO).law)
    expected = 100 * unit.infusion + 200 * unit.visit + unit.site + 8 * unit.chair + 20 * unit.other + 2 * unit.physician
    assert abs(one_site(False) - expected) < 1e-6


def test_costs_rise_from_office_to_hospital_to_academic_center() -> None:
    office, hospital, academic = one_site(False), one_site(True, revenue=1e6), one_site(True, True, revenue=1e6)
    assert office < hospital < academic
    assert one_site(False, saving=0.1) < office


@settings(max_examples=30)
@given(st.floats(0, 100), st.floats(0, 100))
def test_what_a_network_saves_falls_with_size_and_is_nothing_outside(one: float, other: float) -> None:
    law = scenario(1).parameters.at(Quarter(2026, 1))
    low, high = sorted((one, other))
    found = shared_saving(law, np.array([True, True, False]), np.array([low, high, low]))
    assert found[0] >= found[1] >= 0 == found[2]
    assert found[0] <= float(law["network.services_saving"])


def test_saving_halves_every_ten_oncologists() -> None:
    law = start(1, METRO).law
    found = shared_saving(law, np.ones(3, bool), np.array([0.0, 10.0, 20.0]))
    np.testing.assert_allclose(found, float(law["network.services_saving"]) * np.array([1, 0.5, 0.25]))


@settings(max_examples=10)
@given(tiny_markets())
def test_the_books_add_up(market: Market) -> None:
    """Revenue, drug cost and starts of organisations are those of their sites; margins are what is left."""
    model = start(3, market)
    for _ in range(3):
        model.step()
        orgs = model.orgs
        providers = ~np.isin(orgs.kind, (PAYER, NETWORK))
        np.testing.assert_allclose(orgs.revenue[providers].sum(), model.money.paid.sum())
        np.testing.assert_allclose(orgs.drug_cost.sum(), model.money.drug_cost.sum())
        np.testing.assert_allclose(orgs.starts[providers].sum(), model.flows.started.sum())
        np.testing.assert_allclose(orgs.margin, orgs.revenue - orgs.cost)
        np.testing.assert_array_equal(orgs.margin_history[: len(orgs), -1], orgs.margin)


@settings(max_examples=10)
@given(tiny_markets())
def test_fees_members_pay_are_fees_networks_receive(market: Market) -> None:
    model = start(2, market, behaviour={"partnership.upkeep": dict.fromkeys(TIE_FORMS, 0.0)})  # what partners cost is apart
    for _ in range(2):
        before = (model.orgs.network.copy(), model.orgs.status.copy())
        model.step()
        orgs = model.orgs
        member = before[0][: len(orgs)]
        paying = np.flatnonzero((member >= 0) & (orgs.revenue[: len(member)] > 0))
        fees = np.bincount(
            member[paying], weights=orgs.revenue[paying] * float(model.law["network.fee"]), minlength=len(orgs)
        )
        networks = orgs.kind == NETWORK
        np.testing.assert_allclose(orgs.revenue[networks], fees[networks])
        site_margin = np.bincount(model.sites.org, weights=model.sites.margin, minlength=len(orgs))
        if (orgs.status == 0).all() and len(before[0]) == len(orgs):  # nobody changed hands this quarter
            paid = (orgs.revenue - site_margin - orgs.cost)[paying]
            np.testing.assert_allclose(-paid, fees_of(orgs.revenue[paying], model), atol=1e-3)


def fees_of(revenue: np.ndarray, model: OncologyMarket) -> np.ndarray:
    return revenue * float(model.law["network.fee"])


def test_cash_grows_by_the_margin_until_a_reserve_is_full() -> None:
    model = start(8, METRO)
    reserve = float(model.law["finance.cash_reserve"])
    for _ in range(8):
        before = model.orgs.cash.copy()
        buyers = len(model.ledger)
        model.step()
        orgs = model.orgs
        size = len(before)
        ceiling = np.maximum(before, 2 * reserve * 4 * orgs.revenue[:size])
        expected = np.where(orgs.status[:size] <= 1, np.minimum(before + orgs.margin[:size], ceiling), before)
        expected = np.where(orgs.kind[:size] == PAYER, before, expected)
        paid = np.bincount([buyer for _, buyer, _, _ in model.ledger[buyers:]], minlength=size)[:size] > 0
        opened = events(model, "site_opened")
        builders = opened.loc[opened["quarter"] == str(model.quarter), "actor"]
        # Owners of a practice cover losses out of their pay first.
        earning = (orgs.kind[:size] != PRACTICE) | (orgs.margin[:size] >= 0)
        sold = np.isin(np.arange(size), [seller for _, _, seller, _ in model.ledger[buyers:]]) | (
            orgs.status[:size] == CLOSED
        )
        untouched = earning & ~paid & ~sold & ~np.isin(orgs.id[:size], builders.to_list())
        np.testing.assert_allclose(orgs.cash[:size][untouched], expected[untouched])
        assert untouched.sum() > size / 3
