"""Visiting clinics: oncologists with time to spare see patients of a place far from care, some days of the month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import events, row
from metrics.tiny import values_of
from oncsim.actions.places import site_setup_cost
from oncsim.actions.visiting import open_visiting_clinic
from oncsim.codes import OFFICE
from oncsim.model import OncologyMarket
from oncsim.state.physicians import full_time_equivalents
from towns import market, place, practice, sites_of, steps, still, system

ALL = ("all", "")
ZONES = [
    place("city", 110_000),
    place("ridge", 20_000, 65, rural=True),
    place("desert", 30_000, 75, rural=True),
    place("beyond", 60_000, 160, rural=True),
]
REGION = market(practice("travellers", "city", 6), system("hospital", "city", 3), practice("pair", "city", 2), zones=ZONES)


def after_a_quarter(**sections: Any) -> OncologyMarket:
    model = steps(still(4, REGION, **sections), 1)
    model.sites.load[:] = 0.8
    return model


def opened(model: OncologyMarket, org: str = "travellers") -> list[str]:
    """Let an organisation look for a place; return the zones in which it opened a clinic."""
    before = len(model.sites)
    open_visiting_clinic(model, row(model, org))
    return [str(model.zones.ids[model.sites.zone[site]]) for site in range(before, len(model.sites))]


def test_it_is_opened_where_most_patients_live_far_from_care_within_reach() -> None:
    model = after_a_quarter()
    cash, spent = float(model.orgs.cash[row(model, "travellers")]), site_setup_cost(model)
    assert opened(model) == ["desert"]  # more live there than on the ridge; what lies beyond is out of reach
    site = len(model.sites) - 1
    assert model.sites.org[site] == row(model, "travellers") and model.sites.kind[site] == OFFICE
    assert model.sites.visiting_from[site] == sites_of(model, "travellers")[0] and model.sites.visiting_fte[site] > 0
    assert model.orgs.cash[row(model, "travellers")] == pytest.approx(cash - spent)
    assert opened(model) == ["ridge"]  # a place that is visited already is not far any more
    assert opened(model) == []


def test_reach_decides_how_far_they_travel() -> None:
    assert opened(after_a_quarter(behaviour={"practice.visiting.miles": 70.0})) == ["ridge"]
    assert opened(after_a_quarter(behaviour={"practice.visiting.miles": 50.0})) == []
    assert opened(after_a_quarter(behaviour={"practice.visiting.miles": 200.0})) == ["beyond"]


@pytest.mark.parametrize("reason", ["no time", "nobody far", "too few", "nobody at home"])
def test_without_time_to_spare_or_far_patients_nobody_travels(reason: str) -> None:
    few = {"no time": {}, "nobody at home": {}, "nobody far": {"partnership.spoke.far_minutes": 600.0}}
    model = after_a_quarter(behaviour=few.get(reason, {"partnership.spoke.captured": 0.01}))
    if reason == "no time":
        model.sites.load[:] = 1.01
    if reason == "nobody far":
        model.flows.untreated[:] = 0.0
    if reason == "nobody at home":
        model.physicians.keep(model.sites.org[model.physicians.site] != row(model, "travellers"))
    before = model.orgs.cash.copy()
    assert opened(model) == []
    np.testing.assert_array_equal(model.orgs.cash, before)
    assert opened(after_a_quarter()) == ["desert"]


def test_its_oncologists_come_from_home_and_none_appears() -> None:
    model = after_a_quarter()
    opened(model)
    site, home = len(model.sites) - 1, sites_of(model, "travellers")[0]
    time = full_time_equivalents(model.sites, model.physicians)
    part = float(model.sites.visiting_fte[site])
    assert time[site] == pytest.approx(part) and time[home] == pytest.approx(6 - part)
    assert time.sum() == pytest.approx(len(model.physicians))


def visiting(yearly: float, quarters: int = 10, here: dict[str, Any] = REGION) -> OncologyMarket:
    """Return a model after some quarters in which practices review their options all the time and do nothing else."""
    behaviour = {
        "practice.review.yearly": 1.0,
        "practice.visiting.yearly": yearly,
        "practice.open.yearly": 0.0,
        "network.found.yearly": 0.0,
        "network.recruit.yearly": 0.0,
        "network.leave.yearly": 0.0,
    }
    model = still(quarters, here, behaviour=behaviour)
    for _ in range(quarters):
        step_and_check(model)
    return model


def test_practices_open_them_at_their_chance_and_travel_falls() -> None:
    never, always = visiting(0.0), visiting(1.0)
    assert (never.sites.visiting_from < 0).all() and len(events(never, "site_opened")) == 0
    clinics = np.flatnonzero(always.sites.visiting_from >= 0)
    assert len(clinics) >= 1 and len(events(always, "site_opened")) == len(clinics)
    assert always.sites.starts[clinics].sum() > 0.5
    minutes = [values_of("access.minutes_mean", model)[ALL] for model in (always, never)]
    assert minutes[0] < minutes[1]
    told = events(always, "site_opened")
    assert told["text"].str.contains("visited from").all()


def test_a_practice_of_two_has_nobody_to_send() -> None:
    pair = market(practice("pair", "city", 2), system("hospital", "city", 8), zones=ZONES)
    assert (visiting(1.0, 6, pair).sites.visiting_from < 0).all()
    three = market(practice("three", "city", 3), system("hospital", "city", 8), zones=ZONES)
    assert (visiting(1.0, 6, three).sites.visiting_from >= 0).any()
