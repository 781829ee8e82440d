"""What a practice is worth, how the surplus is split, and what law lets through."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import EAGER, METRO, events, finish, run, start
from oncsim.codes import ACADEMIC_CENTER, ACTIVE, HEALTH_SYSTEM, NETWORK, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.bids import Target, best_target, seller_share, terms, value_practice
from oncsim.processes.deals import Pending, deals, offer
from oncsim.processes.finance import UnitCosts
from oncsim.processes.prospects import annuity, prospects

SYSTEMS = (HEALTH_SYSTEM, ACADEMIC_CENTER)
CERTAIN = {"health_system.acquisition.noise": 0.0}


@cache
def eager(quarters: int = 8) -> OncologyMarket:
    return run(quarters, METRO, behaviour=EAGER)


def bought_by_systems(model: OncologyMarket) -> int:
    kind = dict(zip(model.orgs.id, model.orgs.kind, strict=True))
    return sum(kind[actor] in SYSTEMS for actor in events(model, "acquisition")["actor"])


def priced(**sections: Any) -> OncologyMarket:
    """Return a model after one quarter, its prospects worked out."""
    model = run(1, METRO, **sections)
    model.prospects = prospects(model)
    return model


# -- the split ------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 0.999), st.floats(0.01, 0.999))
def test_the_split_is_the_end_of_alternating_offers(seller: float, buyer: float) -> None:
    """Backward induction over very many rounds: who answers takes at least what its own next offer is worth."""
    share = 0.5
    for _ in range(100_000):
        kept_by_buyer = 1.0 - seller * share  # the buyer offers, the seller answers
        following = 1.0 - buyer * kept_by_buyer  # the seller offers, the buyer answers
        if abs(following - share) < 1e-13:
            break
        share = following
    assert seller_share(seller, buyer) == pytest.approx(share, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_patience_pays(seller: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert seller_share(seller, low) >= seller_share(seller, high)
    assert seller_share(low, seller) <= seller_share(high, seller)
    assert 0 <= seller_share(seller, low) <= 1


def test_equal_patience_splits_in_half_in_the_limit() -> None:
    assert seller_share(1.0, 1.0) == 0.5
    assert seller_share(0.99999, 0.99999) == pytest.approx(0.5, abs=1e-5)


def test_an_annuity_is_the_sum_of_its_years() -> None:
    for years in (1, 5, 12):
        assert annuity(years, 0.08) == pytest.approx(sum(1.08**-year for year in range(1, years + 1)))
    assert annuity(5, 0.0) == 5
    assert annuity(5, 1e-9) == pytest.approx(5)


# -- terms ----------------------------------------------------------------------------------------------------------


@given(st.floats(-1e6, 5e7) | st.floats(0, 3e6), st.floats(0, 5e7) | st.floats(0, 1e6))
def test_terms_please_both_sides_or_there_are_none(worth: float, asking: float) -> None:
    model = _model()
    seller = int(np.flatnonzero(model.orgs.kind == PRACTICE)[0])
    people = max(int(model.orgs.headcount[seller]), 1)
    cap = float(model.law["health_system.acquisition.price_cap"]) * people
    agreed = terms(model, seller, worth, asking)
    if agreed is None:
        most_pay = float(model.law["health_system.acquisition.pay_uplift"])
        pay = UnitCosts.of(model.law).physician * 4 * people * annuity(float(model.law["practice.horizon"]), 0.08)
        assert worth <= asking + 1e-6 or asking > cap + most_pay * pay * 0.9
        return
    price, uplift = agreed
    assert worth > asking
    assert price <= cap + 1e-6 and price <= worth + 1e-6
    assert 0 <= uplift <= float(model.law["health_system.acquisition.pay_uplift"])
    if uplift == 0:
        patience = (1 + float(model.law["economy.discount"])) ** -0.25
        assert price == pytest.approx(asking + (worth - asking) / (1 + patience), rel=1e-9)
    # Pay above the market is only for what the limit keeps out of the price.
    assert uplift == 0 or price == pytest.approx(cap)


@cache
def _model() -> OncologyMarket:
    return run(1, METRO)


def test_no_price_beats_the_limit_and_no_offer_is_worth_less_than_asked() -> None:
    model = start(12, METRO, behaviour=EAGER)
    seen: list[Pending] = []
    while not model.finished:
        model.step()
        fresh = [one for one in model.pending if one not in seen]
        for one in fresh:
            target = one.target
            if model.orgs.kind[target.buyer] in SYSTEMS:
                cap = float(model.law["health_system.acquisition.price_cap"])
                assert target.price <= cap * model.orgs.headcount[target.seller] + 1e-6
            assert target.value > model.prospects.asking[target.seller]
            assert model.orgs.pending[target.seller]
        seen += fresh
    assert len(seen) >= 3


def test_offers_of_a_quarter_are_worth_more_than_they_cost() -> None:
    model = priced(behaviour=EAGER)
    offers = [
        found
        for row in np.flatnonzero(model.orgs.kind == HEALTH_SYSTEM)
        if (found := best_target(model, model.agent(int(row)))) is not None
    ]
    assert offers
    for one in offers:
        asking = model.prospects.asking[one.seller]
        assert one.value > asking
        cap = float(model.law["health_system.acquisition.price_cap"]) * model.orgs.headcount[one.seller]
        assert one.price <= cap + 1e-6
        assert model.orgs.kind[one.seller] == PRACTICE and model.orgs.status[one.seller] == ACTIVE


# -- what law is worth to a buyer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("equal", [True, False])
def test_without_a_discount_340b_adds_exactly_nothing(equal: bool) -> None:
    """Commercial multiples of 340B hospitals being those of others; their premium is counted with 340B."""
    commercial = {"hospital": 1.8, "hospital_340b": 1.8 if equal else 1.9}
    service = {"hospital": 2.0, "hospital_340b": 2.0}
    economy = {"payment.commercial.drug": commercial, "payment.commercial.service": service}
    policy = [
        {"set": "policy.p340b.discount", "to": 0.0},
        {"set": "policy.p340b.medicare_rate", "to": 1.06},
        {"set": "payment.medicare.drug_addon", "to": 0.06},
    ]
    # Bargaining asks for no class of hospital: only sourced multiples tell those in 340B apart.
    sourced = {"payer.bargaining.mode": "none"}
    extra = priced(economy=economy, policy=policy, behaviour=sourced).prospects.extra_340b
    assert (extra == 0.0).all() if equal else (extra > 0.0).any()


def test_a_deeper_discount_never_lowers_the_value() -> None:
    found = []
    for discount in (0.0, 0.1, 0.3, 0.6):
        model = run(1, METRO)
        later = run(1, METRO, policy=[{"set": "policy.p340b.discount", "to": discount}])
        model.parameters, model.law = later.parameters, later.law  # the same books under another law
        found.append(prospects(model).extra_340b)
    for less, more in pairwise(found):
        assert (more >= less - 1e-9).all() and (more > less).any()


def test_site_neutral_payment_never_raises_the_value_of_a_department() -> None:
    found = []
    for share in (1.0, 0.4, 0.0):
        levers = ("drug_administration.non_excepted", "clinic_visit.non_excepted")
        policy = [{"set": f"policy.site_neutral.{name}", "from": "2027Q1", "to": share} for name in levers]
        # Law of the year ahead is what buyers look at; today's books are the same.
        model = run(5, METRO, policy=policy, behaviour={"health_system.acquisition.attention": 0.0})
        model.t, model.quarter = 0, model.quarters[0]
        found.append(prospects(model).plain)
    assert (found[1] <= found[0] + 1e-6).all() and (found[2] <= found[1] + 1e-6).all()
    assert (found[2] < found[0]).any()


def test_only_hospitals_near_enough_bring_340b_and_only_if_law_lets_them() -> None:
    def reasons(policy: list[dict[str, Any]]) -> list[str]:
        model = priced(behaviour={**EAGER, **CERTAIN}, policy=policy)
        hospitals, orgs = model.hospitals, model.orgs
        out = []
        for buyer in np.flatnonzero(orgs.kind == HEALTH_SYSTEM):
            mine = np.flatnonzero(hospitals.org == buyer)
            for practice in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0)):
                found = value_practice(model, int(buyer), int(practice), mine)
                if found is not None:
                    out.append(found.reason)
        return out

    assert any("340B" in reason for reason in reasons([]))
    without = reasons([{"set": "policy.p340b.new_child_sites", "to": False}])
    assert without and not any("340B" in reason for reason in without)


def test_values_do_not_depend_on_who_is_asked_first() -> None:
    one, other = priced(behaviour=EAGER), priced(behaviour=EAGER)
    systems = [int(row) for row in np.flatnonzero(one.orgs.kind == HEALTH_SYSTEM)]
    forward = {row: best_target(one, one.agent(row)) for row in systems}
    backward = {row: best_target(other, other.agent(row)) for row in reversed(systems)}
    assert forward == backward


# -- law lets through -----------------------------------------------------------------------------------------------


def test_forbidden_means_no_acquisition_by_systems() -> None:
    model = run(8, METRO, behaviour=EAGER, policy=[{"set": "policy.acquisitions.allowed", "to": False}])
    assert bought_by_systems(model) == 0
    assert len(events(model, "deal_withdrawn")) == 0  # nobody offers what is not allowed
    assert bought_by_systems(eager()) > 0


def test_a_ban_stops_deals_on_their_way() -> None:
    policy = [{"set": "policy.acquisitions.allowed", "from": "2026Q3", "to": False}]
    slow = {**EAGER, "health_system.acquisition.closing": 6}
    model = run(8, METRO, behaviour=slow, policy=policy)
    told = events(model, "acquisition")
    kind = dict(zip(model.orgs.id, model.orgs.kind, strict=True))
    late = told[told["quarter"].astype(str) >= "2026Q3"]
    assert not any(kind[actor] in SYSTEMS for actor in late["actor"])
    assert len(events(model, "deal_withdrawn")) > 0
    assert not model.orgs.pending.any()


# -- closing --------------------------------------------------------------------------------------------------------


def test_the_price_leaves_the_buyers_cash_and_is_in_the_ledger_once() -> None:
    model = start(6, METRO)
    model.step()
    buyer = int(np.flatnonzero(model.orgs.kind == HEALTH_SYSTEM)[0])
    seller = int(np.flatnonzero((model.orgs.kind == PRACTICE) & (model.orgs.status == ACTIVE))[0])
    model.pending = [Pending(Target(buyer, seller, 1.25e6, 0.05, 9e6, "test"), model.t, False)]
    cash = model.orgs.cash.copy()
    deals(model)
    assert model.orgs.cash[buyer] == cash[buyer] - 1.25e6
    assert model.ledger[-1] == (model.t, buyer, seller, 1.25e6)
    # Nobody else pays; the sellers take what the practice had set aside.
    others = ~np.isin(np.arange(len(cash)), (buyer, seller))
    assert model.orgs.cash[seller] in (0.0, cash[seller])
    np.testing.assert_array_equal(model.orgs.cash[others], cash[others])
    assert model.orgs.owner[seller] == buyer and not model.orgs.pending[seller]
    (told,) = [one for one in model.recording.events if one[1] == "acquisition" and one[3] == model.orgs.id[seller]]
    assert told[5] == 1.25e6
    deals(model)
    assert len([one for one in model.ledger if one[2] == seller]) == 1


def test_every_deal_is_told_once_and_paid_once() -> None:
    model = eager()
    told = events(model, "acquisition")
    paid = [(model.orgs.id[buyer], model.orgs.id[seller], price) for _, buyer, seller, price in model.ledger]
    assert sorted(zip(told["actor"], told["other"], told["amount"], strict=True)) == sorted(paid)


def test_a_deal_with_a_closed_seller_is_dropped() -> None:
    model = start(6, METRO)
    model.step()
    seller = int(np.flatnonzero((model.orgs.kind == PRACTICE) & (model.orgs.status == ACTIVE))[0])
    offer(model, Target(1, seller, 1.0, 0.0, 1.0, ""))
    model.orgs.status[seller] = 3
    finish(model)
    assert not any(seller == one[2] for one in model.ledger)
    assert all(one.target.seller != seller for one in model.pending)


def test_platforms_buy_members_only() -> None:
    model = run(24, METRO, behaviour={"network.purchase.yearly": 1.0, "practice.autonomy.median": 0.0})
    told = events(model, "acquisition")
    kind = dict(zip(model.orgs.id, model.orgs.kind, strict=True))
    by_platform = told[[kind[actor] == NETWORK for actor in told["actor"]]]
    investor = dict(zip(model.orgs.id, model.orgs.investor_owned, strict=True))
    assert all(investor[actor] for actor in by_platform["actor"])
    never = run(24, METRO, behaviour={"network.purchase.yearly": 0.0, "practice.autonomy.median": 0.0})
    told = events(never, "acquisition")
    assert not any(kind.get(actor) == NETWORK for actor in told["actor"])
