"""Which deals cross the screens, who hears of them, how long they wait, and who may stop them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from markets import EAGER, METRO, MIXED, events, run, start, tiny_market
from oncsim.codes import ACADEMIC_CENTER, ACTIVE, HEALTH_SYSTEM, PRACTICE, STATES
from oncsim.model import OncologyMarket
from oncsim.processes.antitrust import Screen, notice, screen, series_price
from oncsim.processes.bids import Target
from oncsim.processes.deals import Pending, deals, offer
from oncsim.processes.jurisdiction import by_state
from oncsim.processes.prospects import prospects

SYSTEMS = (HEALTH_SYSTEM, ACADEMIC_CENTER)
FILE_ALL = {"set": "policy.antitrust.hsr_threshold", "to": 0.0}


def lever(name: str, to: Any, **more: Any) -> dict[str, Any]:
    return {"set": f"policy.antitrust.{name}", "to": to, **more}


TIGHT = [lever("screen_hhi", 0.0), lever("screen_change", 0.0), lever("screen_share", 0.0)]
LOOSE = [lever("screen_hhi", 10_000.0), lever("screen_change", 10_000.0), lever("screen_share", 1.0)]


@cache
def as_it_is() -> OncologyMarket:
    return run(12, MIXED, behaviour=EAGER)


def after_a_quarter(
    policy: list[dict[str, Any]] | None = None, market: dict[str, Any] = METRO, **behaviour: float
) -> tuple[OncologyMarket, int, int]:
    """Return a model after a quarter, a system, and a practice of its market that it could buy."""
    model = start(12, market, policy=policy or [], behaviour={**behaviour, "health_system.acquisition.attention": 0.0})
    model.step()
    orgs, market = model.orgs, model.zones.market
    buyer = int(np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0))[0])
    free = (orgs.kind == PRACTICE) & (orgs.status == ACTIVE) & ~orgs.pending & (orgs.starts > 0)
    near = free & (market[orgs.zone.clip(min=0)] == market[orgs.zone[buyer]])
    return model, buyer, int(np.flatnonzero(near)[0])


def brute_screen(model: OncologyMarket, buyer: int, seller: int) -> Screen:
    """The same numbers by loops over sites and owners."""
    market = model.zones.market[model.orgs.zone[seller]]
    held: dict[int, float] = {}
    top = model.orgs.top_owner()
    for site in range(len(model.sites)):
        if model.zones.market[model.sites.zone[site]] == market:
            owner = int(top[model.sites.org[site]])
            held[owner] = held.get(owner, 0.0) + float(model.sites.starts[site].sum())
    total = sum(held.values())
    shares = {owner: amount / total for owner, amount in held.items()}
    before = 10_000 * sum(share**2 for share in shares.values())
    merged = dict(shares)
    merged[buyer] = merged.pop(buyer, 0.0) + merged.pop(seller, 0.0)
    after = 10_000 * sum(share**2 for share in merged.values())
    law = model.law
    rise = after - before > law["policy.antitrust.screen_change"]
    high = after > law["policy.antitrust.screen_hhi"] or merged[buyer] > law["policy.antitrust.screen_share"]
    return Screen(before, after, merged[buyer], bool(rise and high))


# -- the screens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_screen_is_that_of_a_loop_over_sites(seed: int) -> None:
    model = start(2, tiny_market(seed, zones=3, systems=2, practices=4))
    model.step()
    orgs = model.orgs
    pairs = 0
    for buyer in np.flatnonzero(np.isin(orgs.kind, SYSTEMS)):
        for seller in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.zone >= 0)):
            found = screen(model, int(buyer), int(seller))
            if found.after == 0:
                continue
            expected = brute_screen(model, int(buyer), int(seller))
            assert found.before == pytest.approx(expected.before)
            assert found.after == pytest.approx(expected.after)
            assert found.share == pytest.approx(expected.share)
            assert found.flagged == expected.flagged
            assert found.change >= -1e-9
            pairs += 1
    assert pairs > 0


def test_guidelines_of_2023_flag_more_than_those_of_2010() -> None:
    old = [lever("screen_hhi", 2500.0), lever("screen_change", 200.0), lever("screen_share", 1.0)]

    def flagged(policy: list[dict[str, Any]]) -> set[tuple[int, int]]:
        model, _, _ = after_a_quarter(policy, MIXED)
        orgs = model.orgs
        practices = np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0))
        systems = np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0))
        return {(int(b), int(s)) for b in systems for s in practices if screen(model, int(b), int(s)).flagged}

    before, now = flagged(old), flagged([])
    assert before < now


def test_the_law_of_each_year_is_that_of_its_guidelines() -> None:
    from oncsim.calendar import Quarter
    from oncsim.parameters import Parameters, load_registry

    parameters = Parameters(load_registry())
    screens = {
        quarter: tuple(
            parameters.at(Quarter.parse(quarter))[f"policy.antitrust.screen_{name}"] for name in ("hhi", "change", "share")
        )
        for quarter in ("2010Q2", "2010Q4", "2023Q4", "2024Q1")
    }
    assert screens == {
        "2010Q2": (1800, 100, 1.0),
        "2010Q4": (2500, 200, 1.0),
        "2023Q4": (2500, 200, 1.0),
        "2024Q1": (1800, 100, 0.3),
    }
    sizes = [parameters.at(Quarter(year, 2))["policy.antitrust.hsr_threshold"] for year in (2010, 2019, 2021, 2025)]
    assert sizes == [63.4e6, 90e6, 92e6, 126.4e6]


# -- who hears of a deal --------------------------------------------------------------------------------------------


def test_practice_deals_are_below_the_federal_threshold_by_themselves() -> None:
    """Nobody says that deals are not reviewed: their prices are too low to be filed."""
    model = as_it_is()
    told = events(model, "acquisition")
    assert len(told) >= 5
    assert (told["amount"] < model.law["policy.antitrust.hsr_threshold"]).all()
    assert len(events(model, "deal_blocked")) == 0
    assert len(events(model, "merger_flagged")) > 0  # though some cross the screens


def test_filing_everything_stops_what_crosses_the_screens_and_nothing_else() -> None:
    def told(policy: list[dict[str, Any]]) -> list[int]:
        model = run(10, METRO, behaviour=EAGER, policy=policy)
        return [len(events(model, kind)) for kind in ("deal_blocked", "merger_flagged", "acquisition")]

    blocked, flagged, through = told([FILE_ALL, lever("block", 1.0), *TIGHT])
    assert blocked > 0 and flagged == 0
    spared, none, bought = told([FILE_ALL, *LOOSE])
    assert (spared, none) == (0, 0) and bought > through
    unseen = told(TIGHT)  # without filing nobody can stop a flagged deal
    assert unseen[0] == 0 and unseen[1] > 0
    assert unseen[2] == len(events(run(10, METRO, behaviour=EAGER), "acquisition"))


def test_some_deals_before_somebody_who_may_stop_them_go_through_all_the_same() -> None:
    def told(chance: float) -> tuple[int, int]:
        model = run(10, METRO, behaviour=EAGER, policy=[FILE_ALL, lever("block", chance), *TIGHT])
        return len(events(model, "deal_blocked")), len(events(model, "merger_flagged"))

    assert told(0.0)[0] == 0 and told(0.0)[1] > 0
    blocked, flagged = told(0.5)
    assert blocked > 0 and flagged > 0
    assert told(1.0)[1] == 0


def test_a_filed_deal_that_crosses_no_screen_is_looked_at_by_chance() -> None:
    for chance, investigated in ((0.0, False), (1.0, True)):
        model, buyer, seller = after_a_quarter([FILE_ALL, *LOOSE, lever("second_request", chance)])
        heard = notice(model, buyer, seller, 1e6)
        assert heard.filed and heard.investigated == investigated
        assert heard.quarters == (model.law["policy.antitrust.review_quarters"] if investigated else 0)
    model, buyer, seller = after_a_quarter([FILE_ALL, *TIGHT, lever("second_request", 0.0)])
    assert notice(model, buyer, seller, 1e6).investigated


def test_the_size_of_the_transaction_decides() -> None:
    model, buyer, seller = after_a_quarter([lever("hsr_threshold", 2e6)])
    assert not notice(model, buyer, seller, 2e6).filed
    assert notice(model, buyer, seller, 2e6 + 1).filed


# -- states ---------------------------------------------------------------------------------------------------------


def test_notice_delays_where_the_state_asks_for_it_and_nowhere_else() -> None:
    asked, silent = [lever("state_review", True), lever("state_delay", 365.2)], [lever("state_delay", 365.2)]

    def closing(policy: list[dict[str, Any]], people: int = 5) -> int:
        model, buyer, seller = after_a_quarter(policy)
        model.orgs.headcount[seller] = people
        offer(model, Target(buyer, seller, 1.0, 0.0, 1.0, ""))
        assert model.orgs.pending[seller]
        return model.pending[-1].closes

    base = closing(silent)
    assert closing(asked) == base + 4
    seven = [*asked, lever("state_people", 7.0)]
    assert closing(seven, 6) == base and closing(seven, 7) == base + 4


def test_days_that_do_not_fill_a_quarter_delay_that_share_of_deals() -> None:
    model, buyer, _ = after_a_quarter([lever("state_review", True), lever("state_delay", 91.3 / 2)])
    practices = np.flatnonzero(model.orgs.kind == PRACTICE)
    found = []
    for model.t in range(1, 30):
        found += [notice(model, buyer, int(seller), 1.0).quarters for seller in practices]
    assert set(found) == {0, 1}
    assert np.mean(found) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(len(found)))


def test_only_a_state_that_may_refuse_stops_a_deal() -> None:
    watched = [lever("state_review", True), lever("block", 1.0), *TIGHT]
    for policy, stopped in ((watched, False), ([*watched, lever("state_approval", True)], True)):
        model = run(10, METRO, behaviour=EAGER, policy=policy)
        assert (len(events(model, "deal_blocked")) > 0) == stopped
        assert (len(events(model, "merger_flagged")) == 0) == stopped
    no_notice = [lever("state_approval", True), *TIGHT]  # approval of deals that nobody must tell is no approval
    assert len(events(run(10, METRO, behaviour=EAGER, policy=no_notice), "deal_blocked")) == 0


def test_a_plane_has_the_law_most_states_have() -> None:
    values = dict.fromkeys(STATES, 0.0)
    place = np.array([-1, STATES.index("CA")])
    assert by_state({**values, "CA": 1.0}, place).tolist() == [0.0, 1.0]
    assert by_state({**dict.fromkeys(STATES, 1.0), "CA": 0.0}, place).tolist() == [1.0, 0.0]


# -- giving up ------------------------------------------------------------------------------------------------------


def test_buyers_give_up_only_what_is_delayed() -> None:
    slow = [lever("state_review", True), lever("state_delay", 730.0)]
    weary = {**EAGER, "health_system.acquisition.give_up": 1.0}
    tired = run(14, METRO, behaviour=weary, policy=slow)
    assert len(events(tired, "acquisition")) == 0
    assert len(events(tired, "deal_withdrawn")) > 0
    patient = run(14, METRO, behaviour={**EAGER, "health_system.acquisition.give_up": 0.0}, policy=slow)
    assert len(events(patient, "deal_withdrawn")) == 0
    assert len(events(patient, "acquisition")) > 0
    quick = run(10, METRO, behaviour=weary)  # nothing is delayed, so nobody gives up
    assert len(events(quick, "deal_withdrawn")) == 0
    assert len(events(quick, "acquisition")) > 0


# -- series of deals ------------------------------------------------------------------------------------------------


def bought_two(years: int) -> tuple[OncologyMarket, int, list[int]]:
    """Return a model in which a system has just bought a practice of a market, and what else it could buy there."""
    model, buyer, _ = after_a_quarter([lever("serial_years", years)])
    orgs, market = model.orgs, model.zones.market
    here = (orgs.kind == PRACTICE) & (orgs.starts > 0) & (market[orgs.zone.clip(min=0)] == market[orgs.zone[buyer]])
    first, *others = (int(row) for row in np.flatnonzero(here & (orgs.status == ACTIVE) & ~orgs.pending))
    model.pending = [Pending(Target(buyer, first, 3e6, 0.0, 9e6, "test"), model.t, False)]
    deals(model)
    assert orgs.owner[first] == buyer
    return model, buyer, [first, *others]


def test_a_series_counts_as_one_deal_while_its_years_last() -> None:
    apart, buyer, (first, second, *_) = bought_two(0)
    together, _, _ = bought_two(5)
    alone, series = screen(apart, buyer, second), screen(together, buyer, second)
    assert series.after == pytest.approx(alone.after) and series.share == pytest.approx(alone.share)
    assert series.before < alone.before  # as if the first had not been bought yet
    assert series_price(apart, buyer, second, 1e6) == 1e6
    assert series_price(together, buyer, second, 1e6) == 4e6
    together.t += 4 * 5
    assert series_price(together, buyer, second, 1e6) == 1e6
    assert screen(together, buyer, second).before == pytest.approx(alone.before)
    del first


def test_counting_a_series_as_one_flags_at_least_as_much() -> None:
    found = []
    for years in (0, 5):
        model, buyer, rows = bought_two(years)
        found.append({row for row in rows[1:] if screen(model, buyer, row).flagged})
    assert found[0] <= found[1]


def test_the_metric_counts_the_flagged_deals_that_closed() -> None:
    model = as_it_is()
    table = model.tables()["metrics"]
    total = table.loc[table["metric"] == "consolidation.flagged_mergers", "value"].sum()
    assert total == len(events(model, "merger_flagged")) > 0
    bought = {(row.quarter, row.other) for row in events(model, "acquisition").itertuples()}
    assert {(row.quarter, row.other) for row in events(model, "merger_flagged").itertuples()} <= bought


def test_prospects_do_not_depend_on_antitrust() -> None:
    one, other = after_a_quarter()[0], after_a_quarter([FILE_ALL, *TIGHT])[0]
    np.testing.assert_array_equal(prospects(one).asking, prospects(other).asking)
