from __future__ import annotations

from typing import Any

import numpy as np

from markets import MIXED, events, finish, start
from oncsim.codes import HEALTH_SYSTEM, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.value_based_choice import join_chance, peer_share, required_to_join, review, value_based_choices
from oncsim.processes.value_based_worth import Worth, model_values

OPEN = [{"set": "policy.value_based.entry_open", "from": "2026Q1", "to": True}]
# Terms and costs under which taking part pays for most, so that tests see who does.
EAGER: dict[str, Any] = {
    "value_based.cost.fixed": 0,
    "value_based.cost.services": 0,
    "value_based.join.innovation": 1.0,
    "value_based.risk.noise": 0.0001,
    "value_based.start_share": {"practice": 0, "health_system": 0, "academic_center": 0},
}


def fee(dollars: float) -> list[dict[str, Any]]:
    return [{"set": "policy.value_based.fee", "from": "2026Q1", "to": dollars}]


def after(quarters: int = 1, **sections: Any) -> OncologyMarket:
    model = start(8, MIXED, **sections)
    for _ in range(quarters):
        model.step()
    return model


def joined(**sections: Any) -> int:
    return int((after(3, **sections).orgs.vb_arm >= 0).sum())


def no_gains() -> list[dict[str, Any]]:
    return [{"set": "policy.value_based.gain_cap", "from": "2026Q1", "to": 0.0}]


def test_no_fee_and_no_gain_stops_entry_and_a_fee_opens_it() -> None:
    silent = {**EAGER, "value_based.cost.services": 1}
    extra = [{"set": "policy.value_based.fee_dual_extra", "from": "2026Q1", "to": 0}]
    assert joined(policy=[*OPEN, *fee(0), *extra, *no_gains()], behaviour=silent) == 0
    assert joined(policy=[*OPEN, *fee(300), *extra, *no_gains()], behaviour=silent) > 3


def test_nobody_enters_a_closed_model() -> None:
    assert joined(policy=fee(300), behaviour=EAGER) == 0
    assert joined(policy=[*OPEN, *fee(300)], behaviour=EAGER) > 3


def test_a_higher_fee_is_worth_more_to_everyone_who_treats_patients() -> None:
    low, high = (model_values(after(policy=fee(dollars))) for dollars in (70, 160))
    treats = low.episodes > 0
    assert (high.per_episode[treats, 1] > low.per_episode[treats, 1]).all()


def test_without_an_effect_of_analytics_it_does_not_matter_who_has_it() -> None:
    off = {"value_based.saving.analytics": 0.0, "value_based.cost.analytics_saving": 0.0}
    changed = []
    for behaviour in ({}, off):
        model = after(behaviour=behaviour)
        before = model_values(model).per_episode
        model.sites.lines[:, -1] = ~model.sites.lines[:, -1]
        treats = model_values(model).episodes > 0
        changed.append(np.abs(model_values(model).per_episode - before)[treats].max())
    assert changed[0] > 1.0 and changed[1] < 1e-9


def test_more_episodes_never_lower_the_value_or_the_chance_of_two_sided_risk() -> None:
    # Four times the patients, all else equal: no fixed cost that could explain it, no lost drug margin, no bonus.
    flat = {"value_based.cost.fixed": 0, "value_based.part.drug_choice": 0.0}
    none = ("policy.value_based.aligned_share", "policy.value_based.apm_bonus")
    model = after(behaviour=flat, policy=[{"set": name, "from": "2026Q1", "to": 0} for name in none])
    few = model_values(model)
    model.care.patient_quarters *= 4.0
    many = model_values(model)
    treats = few.episodes > 0
    assert (many.per_episode[treats, 1:] >= few.per_episode[treats, 1:] - 1e-6).all()
    assert (many.per_episode[treats, 1:] > few.per_episode[treats, 1:] + 1.0).any()
    inside = np.zeros(len(model.orgs), dtype=bool)
    low, high = (join_chance(model, one.per_episode[:, 2] + 5000, 900.0, inside, inside) for one in (few, many))
    assert (high >= low - 1e-12)[treats].all()


def test_nobody_joins_below_a_certainty_equivalent_of_zero() -> None:
    model = after()
    value = np.linspace(-1, 1, len(model.orgs))
    nobody = np.zeros(len(model.orgs), dtype=bool)
    chance = join_chance(model, value, 0.1, nobody, nobody)
    assert (chance[value <= 0] == 0).all() and (chance[value > 0] > 0).all()
    experienced = join_chance(model, value, 0.1, nobody, ~nobody)
    assert (experienced[value > 0] > chance[value > 0]).all()


def test_peers_count_in_the_own_market_and_can_be_switched_off() -> None:
    model = after()
    orgs, market = model.orgs, model.zones.market
    deciders = np.isin(orgs.kind, (PRACTICE, HEALTH_SYSTEM)) & (orgs.starts > 0)
    here = deciders & (market[orgs.zone.clip(min=0)] == market[orgs.zone[np.flatnonzero(deciders)[0]]])
    share = peer_share(model, here)
    assert share[here].min() > 0
    value, none = np.ones(len(orgs)), np.zeros(len(orgs), dtype=bool)
    assert (join_chance(model, value, 1.0, here, none)[here] > join_chance(model, value, 1.0, none, none)[here]).all()
    off = after(behaviour={"value_based.join.imitation": 0.0})
    np.testing.assert_array_equal(join_chance(off, value, 1.0, here, none), join_chance(off, value, 1.0, none, none))


def test_two_sided_risk_asks_for_cash_that_covers_the_largest_loss() -> None:
    model = after()
    model.orgs.cash[:] = 0.0
    assert not model_values(model).open_to[:, 1:].any()
    model.orgs.cash[:] = 1e12
    assert model_values(model).open_to[:, 1:].any()
    free = after(behaviour={"value_based.risk.reserve": 0.0})
    free.orgs.cash[:] = 0.0
    assert model_values(free).open_to[:, 1:].any()


def _inside(model: OncologyMarket, arm: int = 0) -> np.ndarray:
    orgs = model.orgs
    inside = np.isin(orgs.kind, (PRACTICE, HEALTH_SYSTEM)) & (orgs.starts > 0)
    orgs.vb_arm = np.where(inside, arm, -1)
    orgs.vb_since = np.where(inside, 0, orgs.vb_since)
    return inside


def _worth(model: OncologyMarket, by_arm: list[float]) -> Worth:
    size = len(model.orgs)
    return Worth(np.full(size, 50.0), np.tile(by_arm, (size, 1)), np.ones((size, 3), dtype=bool))


def test_one_sided_participants_without_a_payment_must_bear_risk_or_leave() -> None:
    allowed = [{"set": "policy.value_based.offered.one_sided", "from": "2026Q1", "to": True}]
    limit = [*allowed, {"set": "policy.value_based.one_sided_periods", "from": "2026Q1", "to": 4}]
    required = np.zeros(0, dtype=bool)
    for worth, arm in (([50.0, 20.0, 10.0], 1), ([50.0, -20.0, -10.0], -1)):
        model = after(2, policy=limit)
        inside = _inside(model)
        required = np.zeros(len(model.orgs), dtype=bool)
        model.orgs.vb_periods[inside] = 4
        winner = int(np.flatnonzero(inside)[0])
        model.orgs.vb_won[winner] = 1
        review(model, _worth(model, worth), required)
        others = inside & (np.arange(len(inside)) != winner)
        assert (model.orgs.vb_arm[others] == arm).all() and model.orgs.vb_arm[winner] == 0
    young = after(2, policy=limit)
    inside = _inside(young)
    review(young, _worth(young, [50.0, 20.0, 10.0]), required)
    assert (young.orgs.vb_arm[inside] == 0).all()


def test_some_leave_when_staying_is_worth_less_than_nothing_and_none_when_it_pays() -> None:
    left = []
    for value in (-100.0, 100.0):
        model = after(2, behaviour={"value_based.leave.regret": 0.5})
        inside = _inside(model, arm=1)
        review(model, _worth(model, [-1e9, value, -1e9]), np.zeros(len(inside), dtype=bool))
        left.append(int((model.orgs.vb_arm[inside] < 0).sum()))
    assert left[0] > 0 == left[1]


def test_after_dry_periods_more_leave_and_after_a_payment_fewer() -> None:
    def remaining(dry: int, won: int) -> int:
        model = after(1, behaviour={"value_based.leave.yearly": 0.4, "value_based.leave.regret": 0.0})
        inside = _inside(model, arm=1)
        model.orgs.vb_dry[inside], model.orgs.vb_won[inside] = dry, won
        for quarter in range(20):
            model.t = quarter
            value_based_choices(model)
        return int((model.orgs.vb_arm[inside] >= 0).sum())

    never, dry, won = remaining(0, 0), remaining(3, 0), remaining(0, 1)
    assert dry <= never < won


def test_when_the_model_ends_everyone_leaves_and_the_signed_up_stay() -> None:
    ended = after(2, policy=[{"set": "policy.value_based.running", "from": "2026Q2", "to": False}])
    inside = _inside(ended, arm=1)
    first = int(np.flatnonzero(inside)[0])
    ended.orgs.vb_periods[inside] = 1
    ended.orgs.vb_periods[first] = 0
    value_based_choices(ended)
    assert ended.orgs.vb_arm[first] == 1 and (ended.orgs.vb_arm >= 0).sum() == 1
    assert len(events(ended, "value_based_leave")) == inside.sum() - 1


def test_a_mandatory_model_takes_everyone_in_and_a_voluntary_one_nobody_by_force() -> None:
    must = [{"set": "policy.value_based.mandatory", "from": "2026Q1", "to": 1.0}]
    model = after(1, policy=must, behaviour={"value_based.leave.yearly": 1.0})
    required = required_to_join(model)
    assert required.sum() > 3
    assert (model.orgs.vb_arm[required] > 0).all()
    assert not required_to_join(after(1)).any()
    half = [{"set": "policy.value_based.mandatory", "from": "2026Q1", "to": 0.5}]
    assert required_to_join(after(1, policy=half)).sum() <= required.sum()


def test_who_takes_part_at_the_start_depends_on_the_market_alone() -> None:
    share = {"value_based.start_share": {"practice": 0.5, "health_system": 0.5, "academic_center": 0.5}}
    one, other = (start(2, MIXED, seed=seed, behaviour=share).orgs.vb_arm for seed in (1, 2))
    np.testing.assert_array_equal(one, other)
    assert (one >= 0).any()
    none = {"value_based.start_share": {"practice": 0, "health_system": 0, "academic_center": 0}}
    assert not (start(2, MIXED, behaviour=none).orgs.vb_arm >= 0).any()


def test_events_name_the_model_and_the_reason() -> None:
    model = finish(start(6, MIXED, policy=[*OPEN, *fee(300)], behaviour=EAGER))
    told = events(model, "value_based_join")
    assert len(told) > 3
    assert told["text"].str.contains("Medicare oncology model").all() and told["text"].str.contains("worth").all()


def test_commercial_homes_need_a_fee_that_covers_the_pathway() -> None:
    def homes(dollars: int) -> int:
        paid = [{"set": "policy.value_based.commercial.fee", "from": "2026Q1", "to": dollars}]
        none = {"value_based.commercial.start_share": {"practice": 0, "health_system": 0, "academic_center": 0}}
        return int(after(6, policy=paid, behaviour={**none, "value_based.join.innovation": 0.5}).orgs.vb_commercial.sum())

    assert homes(0) == homes(20) == 0
    assert homes(500) > 0
