"""Who is in 340B: thresholds, routes, child sites, remedies, each with the mechanism switched off beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, MIXED, VERMONT, built, events, finish, run, start
from oncsim.actions.places import NEVER, registration_quarter
from oncsim.calendar import Quarter
from oncsim.codes import ROUTES_340B
from oncsim.market.files_hospitals import TAKES_PART
from oncsim.market.form import Market
from oncsim.market.generate_hospitals import PARTICIPATION
from oncsim.metrics import METRICS, View
from oncsim.model import OncologyMarket
from oncsim.parameters import Parameters, load_registry
from oncsim.processes.program_340b import (
    book_underpayment,
    could_become_child_site,
    hospital_margins,
    off_campus,
    program_of_sites,
    remedy_payments,
)

# Nobody buys, sells, builds or closes: what moves is 340B.
STILL = {
    "practice.close.yearly": 0.0,
    "practice.found.yearly": 0.0,
    "health_system.build.yearly": 0.0,
    "health_system.divest.yearly": 0.0,
    "health_system.rural_closure.yearly": 0.0,
}
DSH, SCH, RRC, CAH, CAN, PED = range(1, 7)


def law(*entries: tuple[str, Any], at: str | None = "2026Q3", until: str | None = None) -> list[dict[str, Any]]:
    found = []
    for name, value in entries:
        entry: dict[str, Any] = {"set": name, "to": value}
        entry |= {"from": at} if at else {}
        entry |= {"until": until, "then": "restore"} if until else {}
        found.append(entry)
    return found


def with_hospitals(market: dict[str, Any] = METRO, **columns: Any) -> Market:
    """Return a market whose hospitals have other values in some columns (a list, or one value for all)."""
    base = built(market)
    table = base.hospitals.copy()
    for name, value in columns.items():
        table[name] = value
    return Market(**{**vars(base), "hospitals": table})


def quiet(quarters: int, market: Any = METRO, policy: Any = (), behaviour: Any = None, **more: Any) -> OncologyMarket:
    policy = [*law(("policy.acquisitions.allowed", False), at=None), *policy]
    return start(quarters, market, policy=policy, behaviour={**STILL, **(behaviour or {})}, **more)


def steps(model: OncologyMarket, count: int) -> OncologyMarket:
    for _ in range(count):
        model.step()
    return model


def metric(model: OncologyMarket, name: str) -> float:
    return {(market, group): value for market, group, value in METRICS[name].compute(View(model))}["all", ""]


# -- the start --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("market", [METRO, MIXED, VERMONT], ids=["metro", "mixed", "vermont"])
def test_under_the_law_of_2026_nobody_joins_and_nobody_leaves(market: dict[str, Any]) -> None:
    model = start(12, market, behaviour={"health_system.p340b.register": 1.0})
    table = built(market).hospitals["participates_340b"].to_numpy(bool)
    assert table.any() and not table.all()
    while not model.finished:
        model.step()
        np.testing.assert_array_equal(model.hospitals.participates, table)
    assert len(events(model, "joins_340b", "leaves_340b")) == 0


def test_higher_take_up_lets_eligible_hospitals_in() -> None:
    behaviour = {"health_system.p340b.register": 1.0, "health_system.p340b.take_up": 1.0}
    more = run(2, METRO, behaviour=behaviour)
    table = built(METRO).hospitals
    expected = table["route_340b"] != ""
    assert (expected != table["participates_340b"]).any()
    np.testing.assert_array_equal(more.hospitals.participates, expected)
    closed = run(2, METRO, behaviour=behaviour, policy=law(("policy.p340b.new_hospitals", False), at=None))
    np.testing.assert_array_equal(closed.hospitals.participates, table["participates_340b"])


def test_the_table_is_taken_at_its_word() -> None:
    """A participant passes whatever its DSH percentage; a hospital without a route does not, however high it is."""
    market = with_hospitals(dsh_pct=[0.02] * 6 + [0.9] * (len(built(METRO).hospitals) - 6))
    model = run(3, market, behaviour={"health_system.p340b.register": 1.0, "health_system.p340b.take_up": 1.0})
    table = market.hospitals
    inside = table["participates_340b"].to_numpy(bool)
    assert inside[:6].any() and not inside[6:].any()
    assert model.hospitals.participates[inside].all()
    assert not model.hospitals.participates[(table["route_340b"] == "").to_numpy()].any()


# -- thresholds ---------------------------------------------------------------------------------------------------------


def test_a_hospital_below_the_threshold_leaves_at_once_and_its_margin_with_it() -> None:
    dsh = np.full(len(built(METRO).hospitals), 0.16)
    dsh[0] = 0.14
    market = with_hospitals(dsh_pct=dsh)
    higher = quiet(4, market, law(("policy.p340b.dsh_threshold.DSH", 0.15)))
    steps(higher, 2)
    assert higher.hospitals.participates[0] and hospital_margins(higher)["margin"][0] > 0
    steps(higher, 1)
    assert not higher.hospitals.participates[0]
    found = hospital_margins(higher)
    assert found["margin"][0] == 0 and found["drug_dollars"][0] == 0
    assert not higher.sites.eligible_340b[higher.sites.hospital == 0].any()
    # Its neighbour just above stays; told once, with the reason.
    assert higher.hospitals.participates[1] and found["margin"][1] > 0
    told = events(higher, "leaves_340b")
    assert list(told["quarter"]) == ["2026Q3"] and "14.0 %" in told["text"].iloc[0]
    control = steps(quiet(4, market), 3)
    assert control.hospitals.participates[0] and hospital_margins(control)["margin"][0] > 0


@pytest.mark.parametrize("threshold, stays", [(0.1599, True), (0.16, False), (0.1601, False)])
def test_dsh_hospitals_need_more_than_the_threshold(threshold: float, stays: bool) -> None:
    model = steps(quiet(4, METRO, law(("policy.p340b.dsh_threshold.DSH", threshold))), 3)
    assert model.hospitals.participates[0] == stays


@pytest.mark.parametrize("threshold, stays", [(0.08, True), (0.0801, False)])
def test_rural_referral_centers_need_at_least_theirs(threshold: float, stays: bool) -> None:
    route = ["RRC"] + ["DSH"] * (len(built(METRO).hospitals) - 1)
    market = with_hospitals(route_340b=route, dsh_pct=0.05, participates_340b=True)
    model = steps(quiet(4, market, law(("policy.p340b.dsh_threshold.RRC", threshold))), 3)
    assert model.hospitals.route[0] == RRC and model.hospitals.participates[0] == stays
    assert model.hospitals.participates[1]


def test_a_lower_threshold_lets_a_hospital_in_and_its_child_sites_after_the_lag() -> None:
    sites = built(METRO).sites
    child = sites["kind"].isin(["hopd_off_campus"])
    hospital = str(sites.loc[child, "hospital"].iloc[0])
    table = built(METRO).hospitals
    at = int(np.flatnonzero(table["hospital"] == hospital)[0])
    route, inside, dsh = table["route_340b"].copy(), table["participates_340b"].copy(), table["dsh_pct"].copy()
    route.iloc[at], inside.iloc[at], dsh.iloc[at] = "", False, 0.09
    market = with_hospitals(route_340b=route, participates_340b=inside, dsh_pct=dsh)
    eager = {"health_system.p340b.register": 1.0, "health_system.p340b.take_up": 1.0}
    lower = law(("policy.p340b.dsh_threshold.DSH", 0.085), ("policy.p340b.registration_lag", 2))
    model = steps(quiet(8, market, lower, eager), 2)
    mine = model.sites.hospital == at
    off = mine & off_campus(model.sites.kind)
    assert off.any() and (mine & ~off).any() and not model.sites.eligible_340b[mine].any()
    steps(model, 1)
    assert model.hospitals.participates[at]
    assert model.sites.eligible_340b[mine & ~off].all() and not model.sites.eligible_340b[off].any()
    steps(model, 1)
    assert not model.sites.eligible_340b[off].any()
    steps(model, 1)
    assert model.sites.eligible_340b[off].all()
    assert "eligible as DSH" in " ".join(events(model, "joins_340b")["text"])
    assert not steps(quiet(8, market, (), eager), 5).hospitals.participates[at]


def test_it_can_take_quarters_until_a_hospital_registers() -> None:
    """With a yearly chance of a half, a sixteenth of the willing are still out after four years."""
    count = len(built(METRO).hospitals)
    market = with_hospitals(
        route_340b="", participates_340b=False, dsh_pct=0.10, hospital_class="general", control="nonprofit"
    )
    behaviour = {"health_system.p340b.register": 0.5, "health_system.p340b.take_up": 1.0}
    lower = law(("policy.p340b.dsh_threshold.DSH", 0.09), at="2026Q2")
    inside = np.zeros(9)
    for replicate in range(20):
        model = quiet(9, market, lower, behaviour, replicate=replicate)
        for quarter in range(9):
            model.step()
            inside[quarter] += model.hospitals.participates.mean() / 20
    assert inside[0] == 0 and (np.diff(inside) > 0).all()
    expected = 1.0 - 0.5 ** (np.arange(1, 9) / 4)
    spread = 3.0 * np.sqrt(expected * (1 - expected) / (20 * count))
    assert (np.abs(inside[1:] - expected) < spread).all()


def test_a_dsh_hospital_falls_back_on_the_route_of_its_class() -> None:
    classes = ["sole_community_rural"] + ["general"] * (len(built(METRO).hospitals) - 1)
    market = with_hospitals(hospital_class=classes)
    model = steps(quiet(4, market, law(("policy.p340b.dsh_threshold.DSH", 0.5))), 3)
    assert model.hospitals.participates[0] and model.hospitals.route_now[0] == SCH
    assert not model.hospitals.participates[1]
    # On its new route the orphan drug exclusion holds, and the GPO prohibition does not.
    status, mine = program_of_sites(model), model.sites.hospital == 0
    assert status.orphan_excluded[mine].all() and not status.gpo[mine].any()


def test_routes_other_than_dsh_and_childrens_open_in_2010() -> None:
    values = Parameters(load_registry())
    before, after = (values.at(Quarter(2010, q))["policy.p340b.route_open"] for q in (2, 3))
    assert [code for code in ROUTES_340B if before[code]] == ["DSH", "PED"] and all(after.values())


def test_hospitals_of_a_newly_opened_route_register_over_the_years() -> None:
    count = len(built(MIXED).hospitals)
    market = with_hospitals(MIXED, route_340b="SCH", participates_340b=False, dsh_pct=0.10, control="nonprofit")
    horizon = {"horizon": {"start": "2010Q1", "end": "2016Q4"}}
    behaviour = {"health_system.p340b.take_up": 1.0}
    model = quiet(1, market, (), behaviour, **horizon)
    inside = []
    while not model.finished:
        model.step()
        inside.append(int(model.hospitals.participates.sum()))
    assert inside[:2] == [0, 0] and inside[-1] > count / 2 and (np.diff(inside) >= 0).all()
    closed = law(("policy.p340b.route_open", False), at="2010Q1")
    assert not finish(quiet(1, market, closed, behaviour, **horizon)).hospitals.participates.any()


def test_proprietary_hospitals_never_join() -> None:
    eager = {"health_system.p340b.register": 1.0, "health_system.p340b.take_up": 1.0}
    lower = law(("policy.p340b.dsh_threshold", 0.0))
    for control, some in (("proprietary", False), ("nonprofit", True)):
        market = with_hospitals(route_340b="", participates_340b=False, dsh_pct=0.2, control=control)
        assert steps(quiet(4, market, lower, eager), 4).hospitals.participates.any() == some


def test_an_ended_program_comes_back_with_the_law_but_not_at_once() -> None:
    policy = law(("policy.p340b.route_open", False), until="2026Q4")
    model = steps(quiet(24, METRO, policy), 3)
    assert not model.hospitals.participates.any() and not model.sites.eligible_340b.any()
    assert model.money.margin_340b.sum() == 0 and model.money.at_340b.sum() == 0
    back = [int(steps(model, 1).hospitals.participates.sum()) for _ in range(21)]
    table = built(METRO).hospitals["participates_340b"]
    assert back[0] == 0 and 0 < back[3] <= back[-1] <= table.sum()
    assert not (model.hospitals.participates & ~table.to_numpy(bool)).any()


def test_urban_dsh_hospitals_may_have_to_rank_high_in_their_state() -> None:
    model = quiet(4, VERMONT, law(("policy.p340b.urban_dsh_rank", 0.6)))
    hospitals = model.hospitals
    before = hospitals.participates.copy()
    steps(model, 3)
    dsh = before & (hospitals.route == DSH)
    stay = hospitals.rural | (hospitals.dsh_rank >= 0.6)
    np.testing.assert_array_equal(hospitals.participates[dsh], stay[dsh])
    np.testing.assert_array_equal(hospitals.participates[~dsh], before[~dsh])


def test_a_scripted_hospital_is_out_of_the_laws_hands() -> None:
    event = {"at": "2026Q2", "do": "lose_340b", "kind": "health_system"}
    eager = {"health_system.p340b.register": 1.0, "health_system.p340b.take_up": 1.0}
    model = steps(quiet(6, METRO, (), eager, events=[event]), 6)
    assert not model.hospitals.participates[model.hospitals.scripted < 0].any() and (model.hospitals.scripted < 0).any()


# -- departments --------------------------------------------------------------------------------------------------------


def test_without_a_discount_nothing_of_340b_is_left() -> None:
    none = steps(quiet(3, METRO, law(("policy.p340b.discount", 0.0), at=None)), 3)
    usual = steps(quiet(3, METRO), 3)
    assert none.sites.eligible_340b.any()
    assert (none.money.margin_340b == 0).all() and none.money.at_340b.sum() == 0
    assert usual.money.margin_340b.sum() > 0 and usual.money.at_340b.sum() > 0
    assert metric(none, "spending.purchases_340b") == 0
    assert not list(METRICS["spending.margin_340b_per_drug_dollar"].compute(View(none)))
    assert metric(usual, "spending.margin_340b_per_drug_dollar") > 0
    ended = steps(quiet(3, METRO, law(("policy.p340b.route_open", False), at=None)), 3)
    np.testing.assert_array_equal(none.money.drug_cost, ended.money.drug_cost)


@pytest.mark.parametrize("route", [1, 2, 3, 4, 5, 6])
def test_each_route_has_its_own_rules(route: int) -> None:
    code = ROUTES_340B[route - 1]
    market = with_hospitals(route_340b=code, participates_340b=True)
    model = steps(quiet(1, market), 1)
    status = program_of_sites(model)
    inside = model.sites.eligible_340b
    assert inside.any()
    assert (status.orphan_excluded[inside] == (code in ("SCH", "RRC", "CAH", "CAN"))).all()
    assert (status.gpo[inside] == (code in ("DSH", "PED", "CAN"))).all()
    assert not status.orphan_excluded[~inside].any() and not status.gpo[~inside].any()


def test_the_orphan_exclusion_takes_its_share_of_the_margin_on_its_routes_only() -> None:
    def margin(route: str, share: float) -> float:
        market = with_hospitals(route_340b=route, participates_340b=True)
        model = steps(quiet(1, market, economy={"payment.drug.orphan_share": share}), 1)
        return float(model.money.margin_340b.sum())

    assert margin("RRC", 0.4) == pytest.approx(0.6 * margin("RRC", 0.0), rel=1e-9)
    assert margin("DSH", 0.4) == margin("DSH", 0.0)


def test_departments_that_wait_pay_more_than_others_where_gpos_are_barred() -> None:
    def cost(barred: bool) -> tuple[OncologyMarket, int]:
        model = steps(quiet(2, METRO, law(("policy.p340b.gpo_prohibition.DSH", barred), at=None)), 1)
        at = int(np.flatnonzero(model.sites.eligible_340b & off_campus(model.sites.kind))[0])
        model.sites.registered_from[at] = model.t + 5
        return steps(model, 1), at

    (barred, at), (free, _) = cost(True), cost(False)
    assert not barred.sites.eligible_340b[at] and program_of_sites(barred).gpo[at] and not program_of_sites(free).gpo[at]
    discount = free.purchasing_discount()[free.sites.org[at]]
    loss = float(free.law["finance.purchasing.gpo_loss"])
    assert barred.money.drug_cost[at] / free.money.drug_cost[at] == pytest.approx((1 + loss) / (1 - discount))
    others = np.arange(len(free.sites)) != at
    np.testing.assert_array_equal(barred.money.drug_cost[others], free.money.drug_cost[others])
    # One that the law keeps out altogether is no part of the program, and may use a GPO.
    barred.sites.registered_from[at] = NEVER
    assert not program_of_sites(barred).gpo[at]


def test_a_moratorium_keeps_new_departments_out_until_it_ends_and_the_lag_has_passed() -> None:
    policy = law(("policy.p340b.new_child_sites", False), at="2026Q1", until="2026Q4")
    policy += law(("policy.p340b.registration_lag", 2), at=None)
    model = steps(quiet(9, METRO, policy), 1)
    at = int(np.flatnonzero(model.sites.eligible_340b & off_campus(model.sites.kind))[0])
    model.sites.registered_from[at] = NEVER  # as one that opened under the moratorium
    inside = [bool(steps(model, 1).sites.eligible_340b[at]) for _ in range(8)]
    assert inside == [False] * 5 + [True] * 3


def test_child_sites_lose_the_price_where_the_law_takes_it_and_departments_on_campus_keep_it() -> None:
    for policy in (
        law(("policy.p340b.child_sites_existing", False)),
        law(("policy.p340b.child_site_deprivation", 1.0)),
    ):
        model = steps(quiet(4, METRO, policy), 2)
        off = off_campus(model.sites.kind)
        before = model.sites.eligible_340b.copy()
        steps(model, 1)
        poorest = model.zones.deprivation[model.sites.zone] >= 1.0
        kept = policy[0]["set"].endswith("deprivation") & poorest
        np.testing.assert_array_equal(model.sites.eligible_340b, before & (~off | kept))
        assert (before & off).any() and (model.sites.eligible_340b & ~off).any()


def test_a_standard_admits_the_deprived_zones_only() -> None:
    model = steps(quiet(2, METRO, law(("policy.p340b.child_site_deprivation", 0.5), at=None)), 1)
    deprivation = model.zones.deprivation
    inside = np.flatnonzero(model.hospitals.participates)
    zones = np.arange(len(model.zones))
    found = could_become_child_site(model, np.full(len(zones), inside[0]), zones)
    np.testing.assert_array_equal(found, deprivation >= 0.5)
    assert found.any() and not found.all()
    outside = np.flatnonzero(~model.hospitals.participates)
    assert not could_become_child_site(model, np.full(len(zones), outside[0]), zones).any()


# -- money ----------------------------------------------------------------------------------------------------------------


def test_margins_of_hospitals_add_up_to_those_of_sites() -> None:
    model = steps(quiet(2, METRO), 2)
    found = hospital_margins(model)
    assert found["margin"].sum() == pytest.approx(model.money.margin_340b.sum())
    assert found["drug_dollars"].sum() == pytest.approx(model.money.at_340b.sum())
    some = found["drug_dollars"] > 0
    np.testing.assert_allclose(found["margin"], found["margin_per_drug_dollar"] * found["drug_dollars"])
    assert some.any() and (found["margin"][~some] == 0).all()


def test_the_remedy_pays_what_is_owed_once_and_to_those_who_are_owed() -> None:
    model = steps(quiet(6, METRO, law(("policy.p340b.remedy_paid", 0.75), at="2026Q3", until="2026Q3")), 1)
    model.hospitals.underpaid[:] = 0.0
    owed = np.where(model.sites.eligible_340b, 1000.0 + np.arange(len(model.sites)), 0.0)
    book_underpayment(model, owed)
    book_underpayment(model, owed)
    before = model.hospitals.underpaid.copy()
    assert before.sum() == pytest.approx(2 * owed.sum())
    assert (remedy_payments(model) == 0).all() and (model.hospitals.underpaid == before).all()
    model.law = model.parameters.at(Quarter(2026, 3))
    paid = remedy_payments(model)
    by_hospital = np.bincount(model.sites.hospital[model.sites.hospital >= 0], paid[model.sites.hospital >= 0], len(before))
    assert by_hospital == pytest.approx(0.75 * before)
    assert model.hospitals.underpaid == pytest.approx(0.25 * before)
    assert (paid[~(model.sites.open & (model.sites.hospital >= 0))] == 0).all()


def test_in_a_run_from_2026_there_is_nothing_to_remedy() -> None:
    model = quiet(2, METRO, law(("policy.p340b.remedy_paid", 1.0), at=None))
    while not model.finished:
        model.step()
        assert (model.hospitals.underpaid == 0).all() and (remedy_payments(model) == 0).all()


# -- places and numbers of others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state, closed", [("VT", True), ("NH", False)])
def test_a_moratorium_can_hold_in_one_state(state: str, closed: bool) -> None:
    entry = {"set": "policy.p340b.new_child_sites", "to": False, "where": {"state": state}}
    model = quiet(1, VERMONT, [entry])
    inside = int(np.flatnonzero(model.hospitals.participates)[0])
    assert (registration_quarter(model, inside) == NEVER) == closed
    zone = np.array([model.hospitals.zone[inside]])
    assert could_become_child_site(model, np.array([inside]), zone)[0] != closed


def test_a_threshold_can_hold_for_one_class_or_place() -> None:
    for where, moved in (({"rural": "metro"}, False), ({"rural": "rural"}, True)):
        entry = {"set": "policy.p340b.dsh_threshold.DSH", "to": 0.9, "where": where, "from": "2026Q2"}
        model = quiet(3, VERMONT, [entry])
        dsh = model.hospitals.participates & (model.hospitals.route == DSH)
        steps(model, 2)
        np.testing.assert_array_equal(model.hospitals.participates[dsh], model.hospitals.rural[dsh] != moved)
        assert dsh.any()


@pytest.mark.parametrize("discount", [0.0, 0.3])
def test_without_a_discount_the_margin_is_exactly_zero(discount: float) -> None:
    policy = [{"set": "policy.p340b.discount", "to": discount}, {"set": "policy.p340b.pass_through", "to": 0.01}]
    model = start(4, MIXED, policy=policy)
    while not model.finished:
        model.step()
        taking_part = model.sites.eligible_340b & model.sites.open
        assert taking_part.any()
        none = (model.money.margin_340b == 0.0) & (model.money.charity == 0.0)
        assert none[taking_part].all() == (discount == 0.0)


def test_take_up_is_what_generated_and_given_markets_draw_from() -> None:
    take_up = Parameters(load_registry()).at(Quarter(2026, 1))["health_system.p340b.take_up"]
    assert PARTICIPATION.items() <= dict(take_up).items()
    assert dict(take_up).items() <= TAKES_PART.items()
