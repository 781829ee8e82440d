"""What one deal would do: every number against loops, what must hold whatever the deal, and that looking changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import merger_by_hand as by_hand
import oncsim
from markets import METRO, same_tables, scenario, start, tiny_market
from oncsim.actions.ownership import acquire, take_stake
from oncsim.calendar import Quarter
from oncsim.codes import BARGAINED, HEALTH_SYSTEM, NETWORK, ORG_KINDS, PAYERS, PRACTICE, TIE_STAGES
from oncsim.competition.concentration import holdings
from oncsim.competition.control import modified_hhi
from oncsim.competition.leverage import leverage
from oncsim.errors import InputError
from oncsim.mergers import MergerAnalysis, merger_analysis
from oncsim.mergers.effects import MODELS
from oncsim.model import OncologyMarket
from oncsim.processes.antitrust import notice, screen
from oncsim.processes.market_power import competing_system, costs, joining, payer_cells, weights
from oncsim.processes.standard_patient import standard_patient
from oncsim.scenario import load_scenario
from oncsim.snapshot import model_at
from oncsim.ties.ownership import ownership_and_control

VERMONT = {"source": "embedded", "states": ["VT"]}
FAR_APART = {"source": "embedded", "states": ["VT", "NM"]}


@cache
def metro() -> OncologyMarket:
    """The teaching market after a quarter; only read."""
    return model_at(load_scenario("metro_market"))


@cache
def nashville(folder: Path) -> OncologyMarket:
    return model_at(load_scenario("nashville", (f"market.folder={folder}",)))


def a_quarter_in(market: Any = METRO, **sections: Any) -> OncologyMarket:
    model = start(8, market, **sections)
    model.step()
    return model


def largest(model: OncologyMarket, *kinds: int) -> list[str]:
    """Ids of the owners of some kinds that treat patients, most patients first."""
    orgs = model.orgs
    size = np.bincount(orgs.top_owner()[model.sites.org], weights=model.sites.starts.sum(axis=1), minlength=len(orgs))
    rows = np.flatnonzero(np.isin(orgs.kind, kinds) & (size > 0))
    return [str(orgs.id[row]) for row in rows[np.lexsort((orgs.key[rows], -size[rows]))]]


# -- every number, by loops ----------------------------------------------------------------------------------------

DEALS = {
    "two systems": ("S1", "S2"),
    "a system buys a practice": ("S1", "P03"),
    "a center buys a practice that is out of a network": ("A1", "P24"),
    "two practices": ("P04", "P03"),
    "a practice buys a system": ("P02", "S3"),
}


@pytest.mark.parametrize("deal", DEALS)
def test_every_number_is_that_of_loops(deal: str) -> None:
    check_against_loops(metro(), *DEALS[deal])


@pytest.mark.data
@pytest.mark.parametrize(
    "deal",
    [
        ("Community Health Systems", "Ascension Health"),  # the two largest health systems
        ("HCA Healthcare", "Ascension Health"),  # one out of a network, the other in it
        ("Vanderbilt-Ingram Cancer Center", "Tennessee Oncology PLLC"),
    ],
    ids=" buys ".join,
)
def test_every_number_of_nashville_is_that_of_loops(deal: tuple[str, str], data_folder: Path) -> None:
    check_against_loops(nashville(data_folder), *deal)


@pytest.mark.data
def test_deals_of_nashville_are_the_ones_meant(data_folder: Path) -> None:
    model = nashville(data_folder)
    names = {str(one): str(name) for one, name in zip(model.orgs.id, model.orgs.name, strict=True)}
    assert [names[one] for one in largest(model, HEALTH_SYSTEM)[:3]] == [
        "Community Health Systems",
        "Ascension Health",
        "HCA Healthcare",
    ]
    inside = dict(zip(model.orgs.name, model.in_network[:, BARGAINED[0]], strict=True))
    assert not inside["HCA Healthcare"] and inside["Ascension Health"]
    deal = merger_analysis(model, "HCA Healthcare", "Ascension Health")
    assert deal.notes[0].startswith("names come from the tables, what organisations do here is simulated")
    assert any("HCA Healthcare is out of the Medicare Advantage network" in note for note in deal.notes)


def check_against_loops(model: OncologyMarket, one: str, other: str) -> None:
    deal = merger_analysis(model, one, other)
    a, b = deal.one.row, deal.other.row
    check_parties(model, deal)
    for kind in ("", *model.zones.markets):
        check_markets(model, merger_analysis(model, one, other, kind), a, b, kind)
    for effect in deal.payers:
        check_payer(model, effect, by_hand.payer_numbers(model, effect.payer, a, b))
    if deal.vertical is not None:
        expected = by_hand.departments(model, a, b)
        for name, value in expected.items():
            assert getattr(deal.vertical, name) == pytest.approx(value, rel=1e-9), name
        commercial = deal.payer("commercial")
        now = {"nash_linear": commercial.other.price, "wtp_passthrough": commercial.other.renewed["wtp_passthrough"]}
        for name in MODELS:
            step = commercial.effects[name].after / now[name]
            assert deal.vertical.bargained[name] == pytest.approx(step - 1)
            assert deal.vertical.total[name] == pytest.approx((1 + expected["rate_table"]) * step - 1)
    else:
        assert deal.one.kind not in ("health_system", "academic_center") or deal.other.kind != "practice"
    zones = [(zone.id, zone.patients, zone.share_one, zone.share_other) for zone in deal.overlaps]
    expected_zones = by_hand.zones(model, a, b)
    assert [zone[0] for zone in zones] == [zone[0] for zone in expected_zones]
    np.testing.assert_allclose([z[1:] for z in zones], [z[1:] for z in expected_zones], rtol=1e-9)
    people = dict(zip(model.zones.ids, model.zones.population, strict=True))
    assert [zone.population for zone in deal.overlaps] == [people[zone.id] for zone in deal.overlaps]


def check_parties(model: OncologyMarket, deal: MergerAnalysis) -> None:
    owner = by_hand.owner_of_sites(model)
    for party in (deal.one, deal.other):
        mine = [site for site, who in enumerate(owner) if who == party.row]
        assert party.sites == sum(bool(model.sites.open[site]) for site in mine)
        assert party.patients == pytest.approx(4 * sum(float(model.sites.starts[site].sum()) for site in mine))
        oncologists = sum(float(model.sites.oncologists[site]) for site in mine if model.sites.open[site])
        assert party.oncologists == pytest.approx(oncologists)
        assert ORG_KINDS[model.orgs.kind[party.row]] == party.kind
        for payer in BARGAINED:
            dollars = 4 * sum(float(model.money.paid[site, payer].sum()) for site in mine)
            assert party.receipts[PAYERS[payer]] == pytest.approx(dollars)


def check_markets(model: OncologyMarket, deal: MergerAnalysis, a: int, b: int, kind: str) -> None:
    expected = by_hand.markets(model, a, b, kind)
    assert {market.id for market in deal.markets} == set(expected)
    assert deal.market_type == kind
    changes = [round(market.change, 6) for market in deal.markets]
    assert changes == sorted(changes, reverse=True)
    for market in deal.markets:
        for name, value in expected[market.id].items():
            assert getattr(market, name) == pytest.approx(value, rel=1e-9), (market.id, name)
        assert market.change == pytest.approx(2e4 * market.share_one * market.share_other, abs=1e-6)
        crossed = [
            name
            for name, hhi, rise, share in (("2010", 2500, 200, 2), ("2023", 1800, 100, 0.3), ("now", 1800, 100, 0.3))
            if market.change > rise and (market.hhi_after > hhi or market.share_one + market.share_other > share)
        ]
        assert list(market.crossed) == crossed


def check_payer(model: OncologyMarket, effect: Any, expected: dict[str, Any]) -> None:
    close = {"rel": 1e-8, "abs": 1e-10}
    for name in ("worth", "value", "bargained", "willingness", "gain", "beyond", "weight_after", "weight_kept", "recapture"):
        assert getattr(effect, name) == pytest.approx(expected[name], **close), name
    assert effect.weight_before == pytest.approx(expected["weight_before"])
    row = {str(one): place for place, one in enumerate(model.orgs.id)}

    def check_rivals(found: Any, wanted: list[tuple[int, float]]) -> None:
        assert [row[rival.id] for rival in found] == [one for one, _ in wanted]
        assert [rival.ratio for rival in found] == pytest.approx([ratio for _, ratio in wanted], **close)

    check_rivals(effect.rivals, expected["rivals"])
    for party, wanted in zip((effect.one, effect.other), expected["parties"], strict=True):
        check_rivals(party.rivals, wanted.pop("rivals"))
        for name, value in wanted.items():
            assert getattr(party, name) == pytest.approx(value, **close), name
    for name, wanted in expected["effects"].items():
        for part, value in wanted.items():
            assert getattr(effect.effects[name], part) == pytest.approx(value, rel=1e-6, abs=1e-9), (name, part)
    for name in ("outside", "no_gain", "no_gain_after"):
        assert set(getattr(effect, name)) == {str(model.orgs.name[one]) for one in expected[name]}, name


# -- what the model has after the deal -----------------------------------------------------------------------------


@pytest.mark.parametrize("deal", [("S1", "P03"), ("S2", "P04"), ("A1", "P05")])
def test_the_model_has_after_the_deal_what_was_said(deal: tuple[str, str]) -> None:
    """The deal closes: leverage, weights, costs and concentration of the model are those of the analysis."""
    model = a_quarter_in()
    said = merger_analysis(model, *deal)
    a, b = said.one.row, said.other.row
    patient = standard_patient(model.law)
    worth = [costs_and_volumes(model, place, a, b) for place in range(len(BARGAINED))]
    acquire(model, b, a, 1e6, 0.0, "a trial")
    system = competing_system(model)
    for place, (effect, cells) in enumerate(zip(said.payers, payer_cells(model, system), strict=True)):
        assert model.in_network[[a, b], BARGAINED[place]].all()
        found = leverage(cells, joining(model, place))
        dollars = 4 * effect.value * effect.worth
        assert effect.willingness == pytest.approx(dollars * found.willingness[a])
        assert effect.one.patients + effect.other.patients == pytest.approx(4 * found.patients[a], rel=1e-9)
        assert effect.beyond == pytest.approx(found.beyond[a])
        assert [rival.ratio for rival in effect.rivals] == pytest.approx(
            sorted(found.diversion[[a], :].toarray()[0])[:-6:-1]
        )
        assert effect.weight_after == pytest.approx(weights(model)[a])
        # The cost of both apart, and what the hospitals of the buyer would keep.
        (cost_a, cost_b), (volume_a, volume_b) = worth[place]
        apart = (cost_a * volume_a + cost_b * volume_b) / (volume_a + volume_b)
        assert costs(model, place, patient)[a] == pytest.approx(apart + effect.recapture)
        assert effect.recapture > 0
    owner = model.orgs.top_owner()[model.sites.org]
    held = holdings(model.zones.market[model.sites.zone], owner, model.sites.starts.sum(axis=1), len(model.zones.market_ids))
    now = dict(zip(model.zones.market_ids, held.hhi(), strict=True))
    by_org = holdings(held_market(model), model.sites.org, model.sites.starts.sum(axis=1), len(model.zones.market_ids))
    modified = modified_hhi(
        by_org.market, by_org.owner, by_org.patients, *ownership_and_control(model), len(model.zones.market_ids)
    )
    for market in said.markets:
        assert market.hhi_after == pytest.approx(now[market.id])
        # Ties of the parties with each other end when one owns the other; those with others stay.
        assert market.mhhi_after == pytest.approx(modified[model.zones.market_ids.index(market.id)], rel=0.02)


def held_market(model: OncologyMarket) -> Any:
    return model.zones.market[model.sites.zone]


def costs_and_volumes(model: OncologyMarket, place: int, a: int, b: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    patient, owner = standard_patient(model.law), model.orgs.top_owner()[model.sites.org]
    starts = model.sites.starts[:, BARGAINED[place] * 3 : BARGAINED[place] * 3 + 3] @ patient.value[place]
    cost = costs(model, place, patient)
    return (float(cost[a]), float(cost[b])), (float(starts[owner == a].sum()), float(starts[owner == b].sum()))


def test_looking_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The market goes on as if nobody had looked, and looking draws no luck."""
    plain, seen = (start(4, METRO) for _ in range(2))
    for model in (plain, seen):
        model.step()
        model.step()
    with monkeypatch.context() as patch:
        for name in ("uniform", "normal"):
            patch.setattr(type(seen.luck), name, lambda *_, **__: pytest.fail("luck was drawn"))
        first = merger_analysis(seen, "S1", "S2", price=1e8)
        for one, other in (("S2", "S1"), ("A1", "P02"), ("P03", "P04")):
            merger_analysis(seen, one, other)
        assert merger_analysis(seen, "S1", "S2", price=1e8) == first
    for model in (plain, seen):
        model.step()
        model.step()
    same_tables(plain, seen)


# -- leverage of both as one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", [("S1",), ("S2",), ("S1", "S2")])
def test_who_is_out_of_network_is_worth_what_it_would_be_inside(outside: tuple[str, ...]) -> None:
    """A deal does not read as a loss of leverage because a party has no contract now: it would have one, apart as well."""
    model = a_quarter_in()
    commercial = PAYERS.index("commercial")
    model.ties.stage[:] = TIE_STAGES.index("dissolved")  # partners would take over members of who is out
    model.handed[:] = 0.0
    inside = merger_analysis(model, "S1", "S2").payer("commercial")
    model.in_network[np.isin(model.orgs.id, outside), commercial] = False
    model.contracts.due[:] = 1_000  # nobody's terms come up, so that the network stays
    model.step()
    found = merger_analysis(model, "S1", "S2")
    effect = found.payer("commercial")
    assert [effect.one.in_network, effect.other.in_network] == [one not in outside for one in ("S1", "S2")]
    assert effect.gain == pytest.approx(inside.gain, rel=0.1)
    for here, there in ((effect.one, inside.one), (effect.other, inside.other)):
        assert here.patients == pytest.approx(there.patients, rel=0.1)
        assert here.diversion == pytest.approx(there.diversion, rel=0.1)
    for name in MODELS:
        assert effect.effects[name].leverage_alone == pytest.approx(inside.effects[name].leverage_alone, rel=0.2)
    for one in outside:
        name = str(model.orgs.name[model.orgs.id == one][0])
        assert f"{name} is out of the commercial network now: it is weighed as it would be inside" in found.notes
        assert name in effect.outside
    check_payer(model, effect, by_hand.payer_numbers(model, "commercial", found.one.row, found.other.row))


def test_who_share_no_patient_gain_nothing() -> None:
    """A system in Vermont and one in New Mexico: nothing but the weight of size moves."""
    model = a_quarter_in(FAR_APART)
    seat = {str(one): model.zones.states[model.orgs.zone[row]] for row, one in enumerate(model.orgs.id)}
    systems = largest(model, HEALTH_SYSTEM)
    one, other = (next(system for system in systems if seat[system] == state) for state in ("NM", "VT"))
    deal = merger_analysis(model, one, other)
    assert deal.overlaps == ()
    for market in deal.markets:
        assert market.change == pytest.approx(0.0, abs=1e-9) and market.crossed == ()
    for effect in deal.payers:
        assert effect.one.diversion == effect.other.diversion == effect.one.guppi == effect.other.pressure == 0
        assert effect.gain == pytest.approx(0.0, abs=1e-12)
        assert effect.effects["wtp_passthrough"].leverage_alone == pytest.approx(0.0, abs=1e-9)
        # One price in both places moves rivals a little, and larger owners bargain a little harder.
        assert effect.effects["nash_linear"].leverage_alone == pytest.approx(0.0, abs=2e-3)
        assert 0 < effect.effects["nash_linear"].level < 0.02
        assert effect.effects["wtp_passthrough"].dollars == pytest.approx(0.0, abs=1e-3)


def test_a_deal_read_the_other_way_round() -> None:
    """Concentration, leverage, weight and pass-through prices do not ask who buys; what hospitals would keep does."""
    one, back = (merger_analysis(metro(), *names) for names in (("S1", "P03"), ("P03", "S1")))
    assert [m.hhi_after for m in one.markets] == pytest.approx([m.hhi_after for m in back.markets])
    for here, there in zip(one.payers, back.payers, strict=True):
        assert here.one == there.other and here.other == there.one
        assert here.willingness == pytest.approx(there.willingness)
        assert here.gain == pytest.approx(there.gain)
        leverage_alone = [effect.effects["nash_linear"].leverage_alone for effect in (here, there)]
        assert leverage_alone[0] == pytest.approx(leverage_alone[1], rel=1e-6)
        assert here.weight_after == there.weight_after
        assert here.recapture > there.recapture == 0
    assert one.vertical is not None and back.vertical is None
    swapped = [(zone.share_other, zone.share_one) for zone in back.overlaps]
    assert [(zone.share_one, zone.share_other) for zone in one.overlaps] == swapped


@pytest.mark.parametrize("mode", ["nash_linear", "wtp_passthrough", "none"])
def test_both_models_are_worked_out_however_prices_are_bargained(mode: str) -> None:
    model = a_quarter_in(behaviour={"payer.bargaining.mode": mode})
    deal = merger_analysis(model, "S1", "P03")
    assert deal.mode == mode
    for effect in deal.payers:
        for name in MODELS:
            assert effect.effects[name].leverage_alone > 0
            assert effect.effects[name].dollars > 0
    assert deal.vertical is not None
    level = deal.payer("commercial").other
    for name in MODELS:
        expected = level.price if name == mode else level.renewed[name]
        assert deal.vertical.level_now[name] == expected
    if mode == "none":  # the class of site decides: a department is paid the multiple of hospitals
        assert deal.vertical.rate_table > 0.3


def test_a_network_that_owns_nobody_can_buy() -> None:
    model = metro()
    network = str(model.orgs.id[np.flatnonzero(model.orgs.kind == NETWORK)[0]])
    deal = merger_analysis(model, network, "P03")
    assert deal.one.patients == 0 and deal.one.sites == 0
    assert all(market.change == pytest.approx(0.0, abs=1e-9) for market in deal.markets)
    effect = deal.payer("commercial")
    assert effect.gain == pytest.approx(0.0, abs=1e-12)
    assert effect.one.diversion == effect.one.guppi == effect.other.guppi == 0
    assert effect.effects["nash_linear"].leverage_alone == pytest.approx(0.0, abs=1e-9)
    assert effect.effects["nash_linear"].level > 0  # a network bargains harder than a small practice


# -- a practice becomes departments --------------------------------------------------------------------------------


def test_site_neutral_law_takes_the_rate_table_and_leaves_the_bargain() -> None:
    """With commercial contracts following a rate for departments that is the office's, the setting adds next to nothing."""
    now = merger_analysis(metro(), "S1", "P03").vertical
    equal = [
        {"set": f"policy.site_neutral.{name}", "to": value}
        for name, value in (
            ("commercial_spillover", 1.0),
            ("drug_administration.non_excepted", 0.3),
            ("clinic_visit.non_excepted", 0.3),
        )
    ]
    model = a_quarter_in(policy=equal)
    neutral = merger_analysis(model, "S1", "P03").vertical
    assert now is not None and neutral is not None
    assert now.rate_table > 0.1
    assert neutral.rate_table < 0.3 * now.rate_table
    assert neutral.bargained["nash_linear"] == pytest.approx(now.bargained["nash_linear"], rel=0.05)
    assert now.sites == 1 and 0 < now.reach < 1


def test_a_deal_of_two_systems_has_no_rate_table() -> None:
    assert merger_analysis(metro(), "S1", "S2").vertical is None
    assert merger_analysis(metro(), "P02", "P03").vertical is None


# -- partial ownership ---------------------------------------------------------------------------------------------


def test_stakes_in_the_target_are_bought_out() -> None:
    """A rival holds a part of the target: modified HHI falls to that of whole owners, for the target's part."""
    model = a_quarter_in()
    row = {str(one): place for place, one in enumerate(model.orgs.id)}
    before = merger_analysis(model, "S1", "P03").markets[0]
    take_stake(model, row["P03"], row["S2"], 0.4, 0.4, 1e6)
    deal = merger_analysis(model, "S1", "P03").markets[0]
    assert deal.mhhi_before > before.mhhi_before + 1
    assert deal.mhhi_after == pytest.approx(before.mhhi_after)
    assert deal.hhi_before == before.hhi_before
    expected = by_hand.markets(model, row["S1"], row["P03"])[deal.id]
    assert deal.mhhi_before == pytest.approx(expected["mhhi_before"])
    assert deal.mhhi_after == pytest.approx(expected["mhhi_after"])


def test_an_organisation_that_is_owned_stands_for_its_owner() -> None:
    model = a_quarter_in()
    row = {str(one): place for place, one in enumerate(model.orgs.id)}
    acquire(model, row["P03"], row["S1"], 1e6, 0.0, "a trial")
    deal = merger_analysis(model, "P03", "S2")
    assert (deal.one.id, deal.one.asked, deal.other.asked) == ("S1", "Hilltop Hematology Oncology", "")
    assert (
        "Hilltop Hematology Oncology belongs to Meridian Health: the deal is worked out for the owner at the top"
        in deal.notes
    )
    assert replace(deal, notes=(), one=replace(deal.one, asked="")) == replace(merger_analysis(model, "S1", "S2"), notes=())
    for pair, said in (
        (("P03", "S1"), "OTHER: 'Meridian Health' owns 'Hilltop Hematology Oncology' already"),
        (("S1", "P03"), "OTHER: 'Meridian Health' owns 'Hilltop Hematology Oncology' already"),
    ):
        with pytest.raises(InputError) as error:
            merger_analysis(model, *pair)
        assert str(error.value) == f"{said} (a deal has two parties with different owners)"
    acquire(model, row["P04"], row["S1"], 1e6, 0.0, "a trial")
    with pytest.raises(InputError) as error:
        merger_analysis(model, "P03", "P04")
    said = "OTHER: 'Hilltop Hematology Oncology' and 'Lakeview Cancer Care' both belong to 'Meridian Health'"
    assert str(error.value) == f"{said} (a deal has two parties with different owners)"


# -- law -----------------------------------------------------------------------------------------------------------


def test_screens_are_the_dated_law() -> None:
    rules = {rule.name: (rule.hhi, rule.change, rule.share) for rule in merger_analysis(metro(), "S1", "S2").screens}
    assert rules == {"2010": (2500, 200, 1.0), "2023": (1800, 100, 0.3), "now": (1800, 100, 0.3)}
    policy = [{"set": "policy.antitrust.screen_hhi", "to": 1000.0}, {"set": "policy.antitrust.screen_change", "to": 50.0}]
    deal = merger_analysis(a_quarter_in(policy=policy), "S1", "S2")
    rules = {rule.name: (rule.hhi, rule.change, rule.share) for rule in deal.screens}
    assert rules == {"2010": (2500, 200, 1.0), "2023": (1800, 100, 0.3), "now": (1000, 50, 0.3)}
    assert deal.markets[0].crossed == ("now",)


def test_a_change_that_equals_the_screen_does_not_cross_it() -> None:
    rule = merger_analysis(metro(), "S1", "S2").screens[1]
    assert rule.crossed(1800.1, 100.1, 0.1)
    assert not rule.crossed(1800.0, 500.0, 0.3)
    assert not rule.crossed(5000.0, 100.0, 0.9)
    assert not rule.crossed(5000.0, 100.0 + 1e-9, 0.9)
    assert rule.crossed(1000.0, 101.0, 0.31)
    assert not rule.crossed(1000.0, 101.0, 0.3)


@pytest.mark.parametrize("serial", [0, 5])
def test_the_law_of_a_deal_is_that_of_a_run(serial: int) -> None:
    """Notice, threshold and screen are those by which deals of a run are judged, a series of purchases included."""
    policy = [{"set": "policy.antitrust.serial_years", "to": serial}] if serial else []
    model = a_quarter_in(VERMONT, policy=policy)
    orgs, row = model.orgs, {str(one): place for place, one in enumerate(model.orgs.id)}
    buyer = largest(model, HEALTH_SYSTEM)[0]
    practices = largest(model, PRACTICE)
    home = model.zones.market[orgs.zone[row[practices[0]]]]
    near = [one for one in practices if model.zones.market[orgs.zone[row[one]]] == home]
    assert len(near) > 1
    acquire(model, row[near[-1]], row[buyer], 90e6, 0.0, "a trial")
    seen = set()
    for target in practices:
        if target == near[-1]:
            continue
        for price in (1e6, 40e6, 500e6):
            said = merger_analysis(model, buyer, target, price=price).review
            heard = notice(model, row[buyer], row[target], price)
            judged = screen(model, row[buyer], row[target])
            assert said.filed == heard.filed
            assert (said.state if said.notified else "") == heard.state == "VT"
            assert said.approval == heard.approval
            assert said.quarters[0] == 0 and said.quarters[1] == 1 and said.longer == pytest.approx(60 / 91.3)
            assert said.screen.flagged == judged.flagged
            for name in ("before", "after", "share"):
                assert getattr(said.screen, name) == pytest.approx(getattr(judged, name))
            assert said.second_request == (1.0 if judged.flagged else 0.03)
            counted = serial > 0 and model.zones.market[orgs.zone[row[target]]] == home
            assert (said.earlier, said.earlier_price) == ((1, 90e6) if counted else (0, 0.0))
            seen.add((said.filed, counted))
    assert (False, False) in seen and (True, bool(serial)) in seen


def test_a_system_is_judged_where_it_treats_most_patients() -> None:
    """The seat of a system that spans the country may be anywhere; its patients are not."""
    model = a_quarter_in({"source": "embedded", "states": ["VT", "NH"]})
    systems = largest(model, HEALTH_SYSTEM)
    for target in systems[1:4]:
        review = merger_analysis(model, systems[0], target).review
        row = int(np.flatnonzero(model.orgs.id == target)[0])
        patients: dict[str, float] = {}
        for site, owner in enumerate(by_hand.owner_of_sites(model)):
            if owner == row:
                state = model.zones.states[model.sites.zone[site]]
                patients[state] = patients.get(state, 0.0) + float(model.sites.starts[site].sum())
        assert review.state == max(patients, key=lambda state: patients[state])


def test_without_a_price_nothing_is_said_of_filing() -> None:
    review = merger_analysis(metro(), "S1", "S2").review
    assert review.filed is None and review.price is None
    assert review.threshold == 126_400_000
    assert merger_analysis(metro(), "S1", "S2", price=126_400_000).review.filed is False
    assert merger_analysis(metro(), "S1", "S2", price=126_400_001).review.filed is True


# -- tiny markets and Python ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_tiny_markets_are_worked_out_too(seed: int) -> None:
    """Zones without people, systems alone in theirs, practices of one site: still the numbers of loops."""
    model = start(2, tiny_market(seed, zones=3, systems=2, centers=1, practices=3))
    model.step()
    parties = largest(model, *range(len(ORG_KINDS)))
    assert len(parties) > 2
    checked = 0
    for one in parties[:3]:
        for other in parties:
            if one != other and treats_plans(model, one) and treats_plans(model, other):
                deal = merger_analysis(model, one, other)
                for effect in deal.payers:
                    expected = by_hand.payer_numbers(model, effect.payer, deal.one.row, deal.other.row)
                    check_payer(model, effect, expected)
                check_markets(model, deal, deal.one.row, deal.other.row, "")
                checked += 1
    assert checked > 1


def treats_plans(model: OncologyMarket, one: str) -> bool:
    row = int(np.flatnonzero(model.orgs.id == one)[0])
    found = [
        leverage(cells, joining(model, place)) for place, cells in enumerate(payer_cells(model, competing_system(model)))
    ]
    return all(one.patients[row] > 0 for one in found)


def test_python_says_the_same_as_the_model() -> None:
    assert "merger" in oncsim.__all__
    deal = oncsim.merger("metro_market", "Meridian Health", "S2")
    assert deal == merger_analysis(metro(), "S1", "Saint Aidan Health")
    assert deal.payer("commercial").payer == "commercial"
    later = oncsim.merger(load_scenario("metro_market"), "S1", "S2", at="2026Q3", seed=3, market_type="cbsa", price=2e8)
    assert (later.quarter, later.market_type, later.review.filed) == ("2026Q3", "cbsa", True)
    assert later == oncsim.merger("metro_market", "S1", "S2", Quarter(2026, 3), 3, market_type="cbsa", price=2e8)
    assert later.markets[0].hhi_after != deal.markets[0].hhi_after
    neutral = oncsim.merger("metro_market", "S1", "S2", sets=("policy.antitrust.serial_years=5",))
    assert neutral.review.serial_years == 5


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as error:
        merger_analysis(metro(), "Meridien Health", "Commercial plans", market_type="hrr", price=-1.0)
    assert str(error.value).splitlines() == [
        "--market-type: no such market definition 'hrr' (one of cbsa, state)",
        "--price: -1 is no price (dollars above zero)",
        "ONE: no such organisation 'Meridien Health' (an id or a name; `oncsim merger --list` has them; "
        "did you mean 'Meridian Health'?)",
        "OTHER: 'Commercial plans' is a payer (organisations that treat patients; `oncsim merger --list` has them)",
    ]
    with pytest.raises(InputError, match="--at: 'soon' is not a quarter"):
        oncsim.merger("metro_market", "S1", "S2", at="soon")


def test_scenario_of_tests_is_the_markets_own() -> None:
    assert scenario(1).id == "trial"
