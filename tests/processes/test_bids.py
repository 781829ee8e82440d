"""Bids: prices that a buyer reckons with, rivals that bid, talks that fail, sites that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import EAGER, METRO, events, run, start
from oncsim.codes import BARGAINED, HEALTH_SYSTEM, HOSPITAL_KINDS, PAYERS, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.bids import Target, best_target, contested, price_gain, terms, value_practice
from oncsim.processes.deal_numbers import deal_numbers
from oncsim.processes.deals import Pending, deals
from oncsim.processes.market_power import level_together, positions
from oncsim.processes.prospects import prospects

COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))


def ready(**behaviour: Any) -> OncologyMarket:
    model = run(1, METRO, behaviour=behaviour)
    model.prospects = prospects(model)
    return model


def pair(model: OncologyMarket) -> tuple[int, int]:
    """Return the system and the practice that compete for most of each other's patients."""
    one, orgs = model.market_power.leverage[COMMERCIAL], model.orgs
    best, found = -1.0, (-1, -1)
    for system in np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0)).tolist():
        for practice in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.status == 0) & (orgs.starts > 0)).tolist():
            value = float(one.diversion[practice, system] * one.patients[practice])
            if value > best:
                best, found = value, (system, practice)
    return found


# -- prices a buyer reckons with ------------------------------------------------------------------------------------


def test_a_buyer_reckons_with_the_price_both_would_bargain() -> None:
    model = ready()
    system, practice = pair(model)
    gain, seen, law = price_gain(model, system, practice), model.prospects, model.law
    kept = 1.0 - float(law["finance.hospital.overhead_share"])
    expected_practice, expected_own = 0.0, 0.0
    for place, payer in enumerate(BARGAINED):
        free = 1.0 - float(law["payer.bargaining.scheduled"][PAYERS[payer]])
        alone, both = (level_together(model, seen.positions, place, *who) for who in ((system,), (system, practice)))
        base = float(seen.level[practice, place])
        paid = float(seen.bargained[practice, place])
        expected_practice += kept * paid * ((1 - free + free * both) / (1 - free + free * base) - 1)
        own = 4 * float(model.money.paid[model.sites.org == system, payer].sum())
        expected_own += kept * own * ((1 - free + free * both) / (1 - free + free * alone) - 1)
    assert gain.practice == pytest.approx(expected_practice, rel=1e-9)
    assert gain.own == pytest.approx(expected_own, rel=1e-9)
    # One price for the patients of both: it can lie below the buyer's own where the practice's rivals are cheap.
    assert np.sign(gain.own) == np.sign(gain.rise) != 0
    assert deal_numbers(model, system, practice).price > 0  # over both their prices apart it rises: they are substitutes


def test_without_bargaining_prices_add_nothing() -> None:
    model = ready(**{"payer.bargaining.mode": "none"})
    system, practice = pair(model)
    gain = price_gain(model, system, practice)
    assert (gain.practice, gain.own, gain.rise) == (0.0, 0.0, 0.0)


def test_far_from_each_other_a_deal_moves_no_price_of_the_buyers_own_patients() -> None:
    model = ready()
    one, orgs = model.market_power.leverage[COMMERCIAL], model.orgs
    systems = np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0))
    practices = np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0))
    weak = min(
        ((int(s), int(p)) for s in systems for p in practices), key=lambda both: float(one.diversion[both[1], both[0]])
    )
    strong = pair(model)
    assert price_gain(model, *weak).rise < price_gain(model, *strong).rise


def test_a_buyer_with_more_leverage_values_a_practice_more() -> None:
    model = ready(**EAGER, **{"health_system.acquisition.noise": 0.0})
    system, practice = pair(model)
    mine = np.flatnonzero(model.hospitals.org == system)
    bargained = value_practice(model, system, practice, mine)
    model.market_power.value[:] *= 2.0
    model.prospects.positions = positions(model)
    model.prospects.positions.found.clear()
    dearer = value_practice(model, system, practice, mine)
    assert bargained is not None and dearer is not None
    assert dearer.value > bargained.value


# -- competing bids -------------------------------------------------------------------------------------------------


@given(st.floats(0, 5e6), st.floats(0, 5e6), st.floats(0, 5e6))
def test_another_bid_never_lowers_the_price_and_never_beats_the_worth(asking: float, worth: float, outside: float) -> None:
    model = _one()
    seller = int(np.flatnonzero(model.orgs.kind == PRACTICE)[0])
    plain, pressed = terms(model, seller, worth, asking), terms(model, seller, worth, asking, outside)
    if plain is None:
        assert pressed is None
        return
    assert pressed is None or (pressed[0] >= plain[0] - 1e-6 and pressed[0] <= worth + 1e-6)
    if outside <= plain[0]:
        assert pressed == plain


_MODELS: list[OncologyMarket] = []


def _one() -> OncologyMarket:
    if not _MODELS:
        _MODELS.append(ready())
    return _MODELS[0]


def offers(model: OncologyMarket) -> list[Target]:
    systems = np.flatnonzero((model.orgs.kind == HEALTH_SYSTEM) & (model.orgs.starts > 0))
    return [found for row in systems if (found := best_target(model, model.agent(int(row)))) is not None]


def test_whoever_values_a_practice_most_wins_it_at_no_less_than_the_next_would_pay() -> None:
    model = ready(**EAGER, **{"health_system.acquisition.contest": 1.0})
    more = 0
    for first in offers(model):
        won, bids = contested(model, first)
        assert won.seller == first.seller and won.value >= first.value - 1e-6 and won.price >= 0
        if bids == 1:
            assert won == first
            continue
        more += 1
        rivals = [
            found.value
            for buyer in np.flatnonzero(model.orgs.kind == HEALTH_SYSTEM).tolist()
            if buyer != won.buyer
            and (found := value_practice(model, buyer, first.seller, np.flatnonzero(model.hospitals.org == buyer)))
        ]
        assert won.value >= max(rivals) - 1e-6
        cap = float(model.law["health_system.acquisition.price_cap"]) * model.orgs.headcount[first.seller]
        assert won.price <= cap + 1e-6
        assert "bid too" in won.reason
    assert more >= 2


def test_without_a_chance_to_hear_of_it_nobody_else_bids() -> None:
    model = ready(**EAGER, **{"health_system.acquisition.contest": 0.0})
    found = offers(model)
    assert found and all(contested(model, one) == (one, 1) for one in found)
    quiet = run(8, METRO, behaviour={**EAGER, "health_system.acquisition.contest": 0.0})
    assert len(events(quiet, "deal_contested")) == 0
    loud = run(8, METRO, behaviour={**EAGER, "health_system.acquisition.contest": 1.0})
    assert len(events(loud, "deal_contested")) > 0


# -- rounds of talks ------------------------------------------------------------------------------------------------


def test_after_some_rounds_that_failed_a_buyer_leaves_a_practice_alone() -> None:
    hopeless = {**EAGER, "health_system.acquisition.optimism": 0.1, "practice.autonomy.median": 5e6}
    model = start(16, METRO, behaviour={**hopeless, "health_system.acquisition.rounds": 2})
    for _ in range(10):
        model.step()
    assert model.failed_talks
    assert max(rounds for rounds, _ in model.failed_talks.values()) == 2
    assert len(events(model, "acquisition")) == 0
    # Years later it may ask again, counting anew.
    key = next(iter(model.failed_talks))
    model.failed_talks[key] = (2, model.t - 400)
    from oncsim.processes.bids import _remember_round, _tired_of

    assert not _tired_of(model, *key)
    _remember_round(model, *key, False)
    assert model.failed_talks[key] == (1, model.t)
    _remember_round(model, *key, True)
    assert key not in model.failed_talks


# -- after the deal -------------------------------------------------------------------------------------------------


def test_overlapping_sites_close_into_the_buyers_and_only_by_chance() -> None:
    takeover = {"at": "2026Q2", "do": "takeover", "kind": "practice", "by": "largest_system"}
    base = {
        "health_system.acquisition.attention": 0.0,
        "health_system.acquisition.overlap_miles": 100.0,
        "health_system.acquisition.redesignation": 1,
    }

    def closed(chance: float) -> int:
        model = run(5, METRO, behaviour={**base, "health_system.acquisition.overlap_closes": chance}, events=[takeover])
        told = events(model, "site_closed")
        return int(told["text"].str.contains("has room").sum())

    assert closed(0.0) == 0
    assert closed(1.0) > 0


# -- the numbers of a flagged deal ----------------------------------------------------------------------------------


def test_numbers_of_a_deal_are_those_of_leverage_and_prices() -> None:
    model = ready()
    buyer, seller = pair(model)
    found = deal_numbers(model, buyer, seller)
    one = model.market_power.leverage[COMMERCIAL]
    assert found.to_buyer == pytest.approx(float(one.diversion[seller, buyer]))
    assert found.to_seller == pytest.approx(float(one.diversion[buyer, seller]))
    assert found.seller_pressure > 0 and found.buyer_pressure > 0
    assert found.willingness > 0 and found.price > 0
    text = found.words()
    assert "GUPPI" in text and "willingness to pay" in text and "%" in text


def test_flagged_deals_tell_their_numbers() -> None:
    tight = [{"set": f"policy.antitrust.{name}", "to": 0.0} for name in ("screen_hhi", "screen_change", "screen_share")]
    model = run(8, METRO, behaviour=EAGER, policy=tight)
    told = events(model, "merger_flagged")
    assert len(told) > 0
    for text in told["text"]:
        for word in ("concentration rises by", "parties treat", "GUPPI", "would turn to the buyer", "commercial price"):
            assert word in text


def test_the_price_in_a_deal_with_a_stake_is_less_for_who_has_it() -> None:
    from oncsim.actions.ownership import take_stake

    model = start(6, METRO, behaviour={"health_system.acquisition.attention": 0.0, "network.purchase.yearly": 0.0})
    model.step()
    buyer, seller = pair(model)
    take_stake(model, seller, buyer, 0.4, 0.2, 0.0)
    model.pending = [Pending(Target(buyer, seller, 1e6, 0.0, 2e6, "test"), model.t, False)]
    cash = float(model.orgs.cash[buyer])
    deals(model)
    assert model.orgs.owner[seller] == buyer
    assert model.orgs.cash[buyer] == pytest.approx(cash - 0.6e6)
    assert model.ledger[-1][3] == pytest.approx(0.6e6)


def test_steering_to_the_owner_comes_with_the_deal() -> None:
    takeover = {"at": "2026Q2", "do": "takeover", "org": "largest_practice", "by": "largest_system"}
    calm = {"health_system.acquisition.attention": 0.0, "health_system.acquisition.redesignation": 20}

    def starts(**behaviour: float) -> float:
        model = run(4, METRO, behaviour={**calm, **behaviour}, events=[takeover])
        bought = model.orgs.owner[model.sites.org] >= 0
        assert bought.any() and not np.isin(model.sites.kind[bought], HOSPITAL_KINDS).any()
        return float(model.sites.starts[bought].sum())

    assert starts() > starts(**{"choice.ownership_steering": 0.0})
