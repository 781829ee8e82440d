"""Contracts: what is bargained, when it takes effect, and what is left of it when the mechanism is off."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from markets import METRO, MIXED, events, run, same_tables, start
from oncsim.codes import BARGAINED, COMPONENTS, HEALTH_SYSTEM, HOSPITAL_KINDS, PAYERS, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.prices.drugs import commercial_asp
from oncsim.prices.places import SITE_CLASSES, site_class
from oncsim.processes.bargaining import bargaining, contract_length, hospital_level, terms_of_new_site
from oncsim.processes.market_power import (
    competing_system,
    costs,
    level_together,
    payer_cells,
    positions,
    prices,
    table_of,
    update_market_power,
    volumes_of_sites,
    weights,
)
from oncsim.processes.payment import payment
from oncsim.processes.price_change import price_changes
from oncsim.processes.standard_patient import StandardPatient, standard_patient

COMMERCIAL, FFS = PAYERS.index("commercial"), PAYERS.index("medicare_ffs")
PLACE = BARGAINED.index(COMMERCIAL)
FACILITY = COMPONENTS.index("facility")
# Nobody buys but by script, nobody leaves a network by luck.
QUIET = {
    "practice.review.yearly": 0.0,
    "health_system.acquisition.attention": 0.0,
    "network.purchase.yearly": 0.0,
    "payer.network.break": 0.0,
}
ALWAYS = {**QUIET, "payer.contract.hazard": 1.0}
NEVER = {**QUIET, "payer.contract.hazard": 0.001}
TAKEOVER = {"at": "2026Q2", "do": "takeover", "org": "largest_practice", "by": "largest_system"}
NEUTRAL = [
    {"set": f"policy.office_equal.{service}", "to": 1.0}
    for service in ("administration", "visit", "imaging", "radiation", "other")
] + [{"set": "policy.site_neutral.commercial_spillover", "to": 1.0}]


def bought_office(behaviour: dict[str, Any], **sections: Any) -> tuple[OncologyMarket, int]:
    """Return a model in which the largest system takes over the largest practice, and a site of it, re-designated."""
    behaviour = {**behaviour, "health_system.acquisition.redesignation": 1, "health_system.acquisition.overlap_closes": 0.0}
    model = start(12, METRO, behaviour=behaviour, events=[TAKEOVER], **sections)
    model.step()
    orgs = model.orgs
    practices = np.flatnonzero((orgs.kind == PRACTICE) & (orgs.status == 0))
    practice = int(practices[np.lexsort((orgs.key[practices], -orgs.oncologists[practices]))[0]])
    site = int(np.flatnonzero((model.sites.org == practice) & model.sites.open)[0])
    while model.sites.kind[site] not in HOSPITAL_KINDS:
        model.step()
    return model, site


def billed(model: OncologyMarket, site: int) -> float:
    """Return the commercial drug price of what a site buys and bills, in average sales prices."""
    rates = model.rates.drugs
    paid = rates.paid.reshape(len(rates.paid), len(PAYERS), -1)[site, COMMERCIAL, 0]
    return float(paid / (1.0 - rates.shipped[site]) / commercial_asp(model.law))


@cache
def settled() -> OncologyMarket:
    """Return a market a quarter after its start; tests leave it as it is."""
    return run(1, MIXED)


# -- the start ------------------------------------------------------------------------------------------------------


def test_mean_prices_of_the_start_are_the_sourced_ones() -> None:
    model = start(1, MIXED)
    patient, power = standard_patient(model.law), model.market_power
    sourced = {1.0, float(power.reference[PLACE])}
    assert len(sourced) == 2
    for place in range(len(BARGAINED)):
        q = power.leverage[place].patients
        price = prices(model, place, patient)
        levels = np.array([model.contracts.level[model.sites.org == org, place].mean() for org in np.flatnonzero(q > 0)])
        assert (levels > 0).all()
        mean = (q * price).sum() / q.sum()
        assert mean == pytest.approx(power.reference[place], rel=2e-3)  # weights: expected patients here, starts there
    row = site_class(model.sites.kind, model.sites.eligible_340b)
    drug = np.array([float(model.law["payment.commercial.drug"][name]) for name in SITE_CLASSES]) / 1.24
    assert drug[row].min() < power.reference[PLACE] < drug[row].max()


def test_levels_of_the_start_solve_the_nash_conditions_of_everybody() -> None:
    """With a plain loop over systems: nobody's price departs from its own bargain with the others' prices given."""
    model = start(1, MIXED)
    patient, power = standard_patient(model.law), model.market_power
    for place in range(len(BARGAINED)):
        one, table = power.leverage[place], table_of(model, place, patient)
        site_of = {int(model.orgs.top_owner()[model.sites.org[s]]): s for s in np.flatnonzero(model.sites.open)}
        price = {org: float(model.contracts.level[s, place]) for org, s in site_of.items()}
        for org in np.flatnonzero(one.patients > 0).tolist():
            row = one.diversion[[org]].toarray()[0]
            most = table.value * one.willingness[org] / one.patients[org] + one.beyond[org] * table.reference
            most += sum(row[k] * price[k] for k in price)
            own = table.cost[org]
            assert price[org] == pytest.approx((1 - table.weight[org]) * own + table.weight[org] * most, rel=1e-9)


def test_hospitals_are_paid_more_than_offices_because_they_bargain_better() -> None:
    usual, even = start(1, MIXED), start(1, MIXED, behaviour={"payer.bargaining.weight": same_weight(0.5)})

    def ratio(model: OncologyMarket) -> float:
        hospital = np.isin(model.sites.kind, HOSPITAL_KINDS)
        level = model.contracts.level[:, PLACE]
        return float(level[hospital & model.sites.open].mean() / level[~hospital & model.sites.open].mean())

    assert ratio(usual) > 1.2 > 1.1 > ratio(even) > 0.9


def same_weight(weight: float) -> dict[str, float]:
    return dict.fromkeys(("practice", "health_system", "academic_center", "network"), weight)


def test_without_any_weight_everybody_who_agrees_is_paid_avoidable_cost_and_nobody_dearer_agrees() -> None:
    model = start(1, METRO, behaviour={"payer.bargaining.weight": same_weight(0.0), "payer.bargaining.size_slope": 0.0})
    cost = costs(model, PLACE, standard_patient(model.law))
    top = model.orgs.top_owner()[model.sites.org]
    one = model.market_power.leverage[PLACE]
    inside = (one.patients[top] > 0) & model.in_network[top, COMMERCIAL]
    assert inside.sum() > 10
    # Owners buy drugs by their size, which is counted again after contracts are signed.
    np.testing.assert_allclose(model.contracts.level[inside, PLACE], cost[top][inside], rtol=1e-3)
    assert model.market_power.value[PLACE] == 0.0
    outside = (one.patients > 0) & ~model.in_network[:, COMMERCIAL]
    assert outside.any() and cost[outside].mean() > cost[np.unique(top[inside])].mean()


def test_with_the_mechanism_off_prices_are_those_of_the_class_of_site() -> None:
    model = run(6, METRO, behaviour={"payer.bargaining.mode": "none"})
    row = site_class(model.sites.kind, model.sites.eligible_340b)
    for name, found in (("drug", model.contracts.drug), ("service", model.contracts.service)):
        sourced = np.array([float(model.law[f"payment.commercial.{name}"][one]) for one in SITE_CLASSES])
        signed = model.sites.opened < 0
        np.testing.assert_allclose(found[signed], sourced[row][signed], rtol=1e-12)


def test_pass_through_pays_cost_and_a_fixed_rate_of_willingness() -> None:
    model = start(1, METRO, behaviour={"payer.bargaining.mode": "wtp_passthrough"})
    patient, power = standard_patient(model.law), model.market_power
    one, cost = power.leverage[PLACE], costs(model, PLACE, patient)
    top = model.orgs.top_owner()[model.sites.org]
    treats = one.patients[top] > 0
    expected = cost + power.rate[PLACE] * one.per_patient
    np.testing.assert_allclose(model.contracts.level[treats, PLACE], expected[top][treats], rtol=1e-12)


# -- in the run -----------------------------------------------------------------------------------------------------


def test_the_rate_table_changes_at_once_and_the_level_with_the_contract() -> None:
    model, site = bought_office(NEVER)
    before = float(model.contracts.level[site, PLACE])
    office = float(model.law["payment.commercial.drug"]["office"])
    model.step()
    assert model.contracts.level[site, PLACE] == before  # re-designated, not renegotiated
    assert model.money.paid[site, FFS, FACILITY] > 0  # the facility fee is there at once
    assert model.money.paid[site, COMMERCIAL, FACILITY] > 0
    assert billed(model, site) == pytest.approx(office * before)
    owner = int(model.orgs.top_owner()[model.sites.org[site]])
    model.contracts.due[owner] = model.t + 1
    model.step()
    after = float(model.contracts.level[site, PLACE])
    assert after > 1.1 * before
    assert billed(model, site) == pytest.approx(office * before)  # the quarter was paid before talks
    assert model.sites.id[site] in set(events(model, "price_step")["site"])
    model.step()
    assert billed(model, site) == pytest.approx(office * after)


def test_an_owner_has_one_price_for_all_its_sites_after_renewal() -> None:
    model, site = bought_office(ALWAYS)
    owner = int(model.orgs.top_owner()[model.sites.org[site]])
    mine = (model.orgs.top_owner()[model.sites.org] == owner) & model.sites.open & (model.sites.opened < 0)
    assert mine.sum() > 1
    np.testing.assert_allclose(model.contracts.level[mine, PLACE], model.contracts.level[site, PLACE], rtol=1e-12)


def test_price_change_after_a_deal_is_rate_table_times_bargain() -> None:
    model, site = bought_office(ALWAYS)
    model.step()
    found = price_changes(model)
    (at,) = np.flatnonzero(found.site == site)
    assert found.rate_table[at] > 1.05
    assert found.bargained[at] > 1.1
    assert found.by_hospital[at]


def test_under_full_site_neutrality_the_first_part_is_gone_and_the_second_stays() -> None:
    usual, site = bought_office(ALWAYS)
    neutral, same = bought_office(ALWAYS, policy=NEUTRAL)
    assert site == same
    for model in (usual, neutral):
        model.step()
    one, other = price_changes(usual), price_changes(neutral)
    np.testing.assert_allclose(other.rate_table, 1.0, atol=1e-12)
    assert (one.rate_table > 1.05).all()
    assert (other.bargained > 1.1).all()
    np.testing.assert_allclose(other.bargained, one.bargained, rtol=0.05)


def test_where_hospitals_bargain_no_better_the_second_part_is_small_and_the_first_stays() -> None:
    even = {"payer.bargaining.weight": same_weight(0.5), "payer.bargaining.size_slope": 0.0}
    model, site = bought_office({**ALWAYS, **even, "payer.bargaining.recapture": 0.0})
    model.step()
    usual, _ = bought_office(ALWAYS)
    usual.step()
    found, before = price_changes(model), price_changes(usual)
    at = found.site == site
    assert found.rate_table[at] > 1.05
    # What is left is leverage alone: patients of both who have nowhere as good to go.
    assert 1.0 < found.bargained[at] < 1.0 + 0.5 * (before.bargained[before.site == site] - 1.0)


def test_without_a_due_contract_no_price_moves() -> None:
    model = start(6, METRO, behaviour=NEVER)
    before, due = model.contracts.level.copy(), model.contracts.due.copy()
    for _ in range(6):
        model.step()
    owner = model.orgs.top_owner()[model.sites.org[: len(before)]]
    for place in range(len(BARGAINED)):
        still = due[owner, place] > model.t
        assert still.any()
        np.testing.assert_array_equal(model.contracts.level[: len(before), place][still], before[still, place])


def test_length_of_contracts_has_the_mean_of_the_hazard_and_payers_have_their_own() -> None:
    for hazard in (0.2, 0.4, 0.8):
        model = start(1, METRO, behaviour={"payer.contract.hazard": hazard})
        everyone = np.arange(len(model.orgs))
        drawn = []
        for quarter in range(200):
            model.t = quarter
            drawn.append([contract_length(model, everyone, place) for place in range(len(BARGAINED))])
        lengths = np.array(drawn)
        assert lengths.min() == 1
        assert lengths.mean() == pytest.approx(1 / hazard, rel=0.05)
        assert (lengths == 1).mean() == pytest.approx(hazard, abs=0.02)
        assert (lengths[:, 0] != lengths[:, 1]).any()


def test_higher_levels_raise_the_prices_of_their_payer_alone() -> None:
    model = start(1, METRO)
    model.step()
    payment(model)  # at the contracts of today
    paid = model.money.paid.copy()
    model.contracts.drug *= 1.1
    payment(model)
    assert model.money.paid[:, COMMERCIAL].sum() > paid[:, COMMERCIAL].sum()
    others = [p for p in range(5) if p != COMMERCIAL]
    np.testing.assert_array_equal(model.money.paid[:, others], paid[:, others])
    advantage = BARGAINED[1 - PLACE]
    model.contracts.level[:, 1 - PLACE] *= 1.1
    payment(model)
    free = 1.0 - float(model.law["payer.bargaining.scheduled"]["medicare_advantage"])
    level = model.contracts.level[:, 1 - PLACE] / 1.1
    factor = (1 - free + free * 1.1 * level) / (1 - free + free * level)
    before, after = paid[:, advantage].sum(axis=1), model.money.paid[:, advantage].sum(axis=1)
    fees = paid[:, advantage, COMPONENTS.index("fee")]
    np.testing.assert_allclose(after - fees, (before - fees) * factor, rtol=1e-9)


def test_patients_who_pay_a_share_move_to_cheaper_sites_and_not_at_zero_weight() -> None:
    def hospital_share(**behaviour: float) -> float:
        model = run(2, METRO, behaviour={**QUIET, "choice.start_balance": 0.0, **behaviour})
        columns = slice(COMMERCIAL * 3, COMMERCIAL * 3 + 3)
        starts = model.sites.starts[:, columns].sum(axis=1)
        return float(starts[np.isin(model.sites.kind, HOSPITAL_KINDS)].sum() / starts.sum())

    without = hospital_share(**{"choice.below_maximum": 0.0})
    assert hospital_share(**{"choice.below_maximum": 1.0}) < without - 0.005
    assert hospital_share(**{"choice.out_of_pocket": 0.0}) == pytest.approx(without, abs=1e-12)


# -- networks -------------------------------------------------------------------------------------------------------


def test_networks_break_and_mend_by_their_chances_only() -> None:
    never = start(8, METRO, behaviour={"payer.network.break": 0.0, "payer.network.mend": 0.0})
    inside = never.in_network.copy()
    while not never.finished:
        never.step()
    owned = never.orgs.owner[: len(inside)] >= 0
    np.testing.assert_array_equal(never.in_network[: len(inside)][~owned], inside[~owned])
    always = start(4, METRO, behaviour={"payer.network.break": 1.0, "payer.contract.hazard": 1.0})
    always.step()
    assert len(events(always, "network_exit")) > 0
    systems = always.orgs.kind == HEALTH_SYSTEM
    assert not always.in_network[systems, COMMERCIAL].all()


def test_without_a_gain_from_trade_there_is_no_contract_and_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    model = start(3, METRO, behaviour={**ALWAYS, "payer.network.mend": 1.0})
    model.step()
    one = model.market_power.leverage[PLACE]
    dear = int(np.argmax(np.where(model.orgs.kind == PRACTICE, one.patients, 0.0)))
    assert model.in_network[dear, COMMERCIAL]
    real = costs

    def dearer(market: OncologyMarket, place: int, patient: StandardPatient) -> np.ndarray:
        return np.where(np.arange(len(market.orgs)) == dear, 10.0, real(market, place, patient))

    monkeypatch.setattr("oncsim.processes.market_power.costs", dearer)
    level = model.contracts.level[model.sites.org == dear, PLACE].copy()
    model.step()
    told = events(model, "network_exit")
    told = told[told["actor"] == model.orgs.id[dear]]
    assert len(told) == 2 and told["text"].str.contains("no price leaves both better off").all()
    assert not model.in_network[dear, COMMERCIAL]
    # Those who come all the same are paid for at the terms last in force.
    np.testing.assert_array_equal(model.contracts.level[model.sites.org == dear, PLACE], level)
    model.step()
    assert not model.in_network[dear, COMMERCIAL]  # however ready the payer is to talk
    monkeypatch.undo()
    while not model.finished:
        model.step()
    assert len(events(model, "network_exit")) >= 2


def test_narrow_networks_leave_out_the_dear_and_send_their_members_elsewhere() -> None:
    def dear_share(share: float) -> float:
        narrow = {"payer.narrow.share": {"commercial": share, "medicare_advantage": 0.0}, "payer.narrow.dearer": 0.05}
        model = run(3, METRO, behaviour={**ALWAYS, **narrow})
        left_out = model.contracts.left_out[:, PLACE]
        assert left_out.any() and not left_out.all()
        level = model.contracts.level[:, PLACE]
        assert level[left_out].mean() > level[~left_out & model.sites.open].mean()
        starts = model.sites.starts[:, COMMERCIAL * 3 : COMMERCIAL * 3 + 3].sum(axis=1)
        return float(starts[left_out].sum() / starts.sum())

    assert dear_share(0.8) < dear_share(0.0) - 0.05


def test_a_rule_that_sends_patients_away_from_hospitals_lowers_their_leverage_and_price() -> None:
    policy = [{"set": "policy.payer.site_rule_mandated.commercial", "from": "2026Q2", "to": 1.0}]
    usual, ruled = (run(6, METRO, behaviour=ALWAYS, policy=one) for one in ([], policy))

    def willingness(model: OncologyMarket) -> float:
        one = model.market_power.leverage[PLACE]
        systems = model.orgs.kind == HEALTH_SYSTEM
        return float(one.willingness[systems].sum())

    assert willingness(ruled) < 0.9 * willingness(usual)
    at = np.flatnonzero(np.isin(usual.sites.kind, HOSPITAL_KINDS) & usual.sites.open)
    assert ruled.contracts.level[at, PLACE].mean() < usual.contracts.level[at, PLACE].mean()


# -- leverage kept up to date ---------------------------------------------------------------------------------------


def dense(model: OncologyMarket) -> list[tuple[np.ndarray, ...]]:
    return [
        (one.willingness.copy(), one.patients.copy(), one.diversion.toarray(), one.beyond.copy())
        for one in model.market_power.leverage
    ]


def test_between_yearly_looks_an_acquisition_is_seen_at_once_and_by_all() -> None:
    model = start(4, METRO, behaviour=NEVER, events=[{**TAKEOVER, "at": "2026Q2"}])
    model.step()
    before = dense(model)
    model.step()
    owner = model.orgs.owner
    sold = int(np.flatnonzero(owner[: len(before[0][0])] >= 0)[0])
    buyer = int(owner[sold])
    for (w, q, d, _), (w2, q2, d2, beyond2) in zip(before, dense(model), strict=True):
        assert w2[sold] == 0 and q2[sold] == 0 and not d2[sold].any() and not d2[:, sold].any()
        assert w2[buyer] > w[buyer] and q2[buyer] > q[buyer]
        # What rivals would lose to the sold practice they now lose to its owner.
        rivals = (q2 > 0) & (w2 == w)
        assert rivals.sum() > 20
        np.testing.assert_allclose(d2[rivals, buyer], d[rivals, buyer] + d[rivals, sold], rtol=1e-9)
        np.testing.assert_allclose(d2[q2 > 0].sum(axis=1) + beyond2[q2 > 0], 1.0, rtol=1e-9)


def test_the_row_of_the_owner_is_what_a_look_at_everybody_would_give() -> None:
    model = start(4, METRO, behaviour=NEVER, events=[TAKEOVER])
    for _ in range(2):
        model.step()
    from oncsim.competition.leverage import leverage
    from oncsim.processes.market_power import joining

    buyer = int(model.orgs.owner[model.orgs.owner >= 0][0])
    for place, cells in enumerate(payer_cells(model, competing_system(model))):
        whole = leverage(cells, joining(model, place))
        kept = model.market_power.leverage[place]
        assert kept.willingness[buyer] == pytest.approx(whole.willingness[buyer], rel=1e-12)
        np.testing.assert_allclose(kept.diversion[[buyer]].toarray(), whole.diversion[[buyer]].toarray(), rtol=1e-9)


def test_a_closed_site_leaves_the_market_of_its_neighbours_the_quarter_after() -> None:
    closes = {"at": "2026Q2", "do": "close_site", "org": "largest_practice"}
    model = start(4, METRO, behaviour=NEVER, events=[closes])
    model.step()
    sites = model.sites.open.copy()
    for _ in range(2):
        model.step()
    closed = np.flatnonzero(sites & ~model.sites.open[: len(sites)])
    org = int(model.sites.org[closed[0]])
    assert all(one.patients[org] == 0 for one in model.market_power.leverage)
    seen = model.market_power.seen
    assert (seen[closed] == -1).all()


def test_nothing_is_worked_out_again_where_nothing_changed() -> None:
    model = start(3, METRO, behaviour=NEVER)
    for _ in range(2):
        model.step()
    assert model.quarter.number != 1
    update_market_power(model)  # sites closed after patients had chosen count from now on
    first, seen = model.market_power.leverage[PLACE], model.market_power.seen.copy()
    update_market_power(model)
    assert model.market_power.leverage[PLACE] is first
    np.testing.assert_array_equal(model.market_power.seen, seen)


def test_what_buyers_ask_one_by_one_is_what_talks_with_all_would_give() -> None:
    """A buyer's reckoning of a price, others standing, is the Nash price when it alone is due."""
    model = settled()
    given, patient = positions(model), standard_patient(model.law)
    from oncsim.competition.nash import negotiate

    power = model.market_power
    for place in range(len(BARGAINED)):
        one, table, standing = power.leverage[place], table_of(model, place, patient), prices(model, place, patient)
        for org in np.flatnonzero(one.patients > 0)[:8].tolist():
            due = np.zeros(len(standing), dtype=bool)
            due[org] = True
            alone = negotiate(one, table, standing, due).price[org]
            outside = not model.in_network[org, BARGAINED[place]]
            if not outside:
                assert level_together(model, given, place, org) == pytest.approx(alone, rel=1e-6)


def test_weights_rise_with_size_and_only_with_a_slope() -> None:
    flat = start(1, METRO, behaviour={"payer.bargaining.size_slope": 0.0})
    steep = start(1, METRO, behaviour={"payer.bargaining.size_slope": 0.1})
    systems = flat.orgs.kind == HEALTH_SYSTEM
    assert np.ptp(weights(flat)[systems]) == 0
    order = np.argsort(steep.orgs.headcount[systems])
    assert (np.diff(weights(steep)[systems][order]) >= 0).all() and np.ptp(weights(steep)[systems]) > 0
    assert weights(steep).max() <= 0.8


def test_recapture_stiffens_owners_of_bought_practices_alone() -> None:
    model, site = bought_office(ALWAYS)
    patient = standard_patient(model.law)
    loose, _ = bought_office({**ALWAYS, "payer.bargaining.recapture": 0.0})
    owner = int(model.orgs.top_owner()[model.sites.org[site]])
    with_it, without = costs(model, PLACE, patient), costs(loose, PLACE, patient)
    assert with_it[owner] > without[owner] + 1e-4
    others = np.arange(len(with_it)) != owner
    treats = model.market_power.leverage[PLACE].patients > 0
    np.testing.assert_allclose(with_it[others & treats], without[others & treats], rtol=2e-3)


def test_new_sites_start_at_the_prices_of_their_owner() -> None:
    model = settled()
    system = int(np.flatnonzero((model.orgs.kind == HEALTH_SYSTEM) & (model.orgs.starts > 0))[0])
    level, drug, _ = terms_of_new_site(model, system, int(model.orgs.zone[system]))
    mine = (model.sites.org == system) & model.sites.open
    np.testing.assert_allclose(level, model.contracts.level[mine].mean(axis=0))
    assert drug == pytest.approx(model.contracts.drug[mine].mean())
    nobody = int(np.flatnonzero(model.orgs.kind == 3)[0])  # a payer has no sites
    level, _, _ = terms_of_new_site(model, nobody, 0)
    offices = (model.sites.kind == 0) & model.sites.open
    assert model.contracts.level[offices].min() <= level[PLACE] <= model.contracts.level[offices].max()


def test_degenerate_payers_leave_finite_prices() -> None:
    model = run(1, METRO)
    model.new_patients[:, COMMERCIAL * 3 : COMMERCIAL * 3 + 3] = 0.0
    model.sites.starts[:, COMMERCIAL * 3 : COMMERCIAL * 3 + 3] = 0.0
    model.contracts.due[:] = model.t
    before = model.contracts.level[:, PLACE].copy()
    update = payer_cells(model, competing_system(model))
    assert not update[PLACE].patients.any()
    bargaining(model)
    assert np.isfinite(model.contracts.level).all() and (model.contracts.level > 0).all()
    assert np.isfinite(before).all()
    assert np.isfinite(hospital_level(model)).all()
    assert not volumes_of_sites(model, PLACE, standard_patient(model.law)).any()


def test_leverage_is_the_same_with_threads_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = start(3, METRO), start(3, METRO)
    for _ in range(3):
        one.step()
    monkeypatch.setattr("oncsim.processes.market_power._WORTH_THREADS", 0)
    for _ in range(3):
        other.step()
    same_tables(one, other)
