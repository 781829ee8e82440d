"""What practices do when there is reason to, and not otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import METRO, events, row, run, start
from oncsim.codes import CLOSED, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.prospects import prospects
from towns import bind, market, place, practice, still, system

LOSSES = {"finance.office.site_cost": 2e7}
WILLING = {"practice.close.quarters": 1, "practice.close.yearly": 1.0, "practice.autonomy.median": 0.0}


def test_losses_close_practices_and_independence_worth_enough_keeps_them() -> None:
    losing = run(12, METRO, behaviour=WILLING, economy=LOSSES)
    assert len(events(losing, "closure")) > 3
    proud = run(12, METRO, behaviour={**WILLING, "practice.autonomy.median": 5e6, "practice.autonomy.spread": 0.0})
    by_loss = [text for text in events(proud, "closure")["text"] if "less than market pay" in text]
    assert by_loss == []
    never = run(12, METRO, behaviour={**WILLING, "practice.close.yearly": 0.0}, economy=LOSSES)
    assert not any("less than market pay" in text for text in events(never, "closure")["text"])


def test_a_closed_practice_has_no_sites_people_or_network() -> None:
    model = run(12, METRO, behaviour=WILLING, economy=LOSSES)
    closed = np.flatnonzero(model.orgs.status == CLOSED)
    assert len(closed) == len(events(model, "closure"))
    assert not model.sites.open[np.isin(model.sites.org, closed)].any()
    assert (model.orgs.network[closed] == -1).all() and (model.orgs.owner[closed] == -1).all()
    assert not np.isin(model.sites.org[model.physicians.site], closed).any()


def test_nobody_joins_a_network_that_brings_nothing() -> None:
    recruited = {"network.recruit.yearly": 1.0, "practice.review.yearly": 1.0, "practice.noise": 0.0}
    nothing = {"finance.purchasing.network_discount": 0.0, "network.services_saving": 0.0}
    assert len(events(run(12, METRO, behaviour={**recruited, **nothing}), "network_join")) == 0
    plenty = {"finance.purchasing.network_discount": 0.2, "network.services_saving": 0.5}
    assert len(events(run(12, METRO, behaviour={**recruited, **plenty}), "network_join")) > 3


def test_members_leave_what_costs_them_and_stay_where_it_pays() -> None:
    leaving = {"network.leave.yearly": 1.0, "practice.review.yearly": 1.0, "network.recruit.yearly": 0.0}
    dear = run(8, METRO, behaviour={**leaving, "network.fee": 0.3})
    assert len(events(dear, "network_leave")) > 0
    assert not ((dear.orgs.network >= 0) & (dear.orgs.kind == PRACTICE) & (dear.orgs.status == 0)).any()
    cheap = run(8, METRO, behaviour={**leaving, "network.fee": 0.0, "network.control": 0.0})
    assert len(events(cheap, "network_leave")) == 0


def test_the_gain_of_a_network_by_its_parts() -> None:
    model = run(1, METRO)
    base = prospects(model).network_gain
    practices = (model.orgs.kind == PRACTICE) & (model.orgs.starts > 0)
    for name, value, sign in (
        ("network.fee", 0.2, -1),
        ("network.control", 1.0, -1),
        ("network.services_saving", 0.6, 1),
        ("finance.purchasing.network_discount", 0.2, 1),
    ):
        other = run(1, METRO, behaviour={name: value})
        model.parameters, model.law = other.parameters, other.law
        moved = (prospects(model).network_gain - base)[practices]
        assert (sign * moved >= 0).all() and (sign * moved > 0).any()


def test_older_owners_ask_for_less() -> None:
    model = run(1, METRO)
    model.orgs.autonomy[:] = 1e6
    model.physicians.years[:] = 10.0
    young = prospects(model).asking
    model.physicians.years[:] = 35.0
    old = prospects(model).asking
    practices = (model.orgs.kind == PRACTICE) & (young > 0) & (model.orgs.headcount > 0)
    assert (old[practices] < young[practices]).all()


@pytest.mark.parametrize(
    ("behaviour", "opens"),
    [
        ({"practice.open.yearly": 1.0, "practice.open.load": 0.0, "finance.cash_reserve": 2.0}, True),
        ({"practice.open.yearly": 0.0, "practice.open.load": 0.0, "finance.cash_reserve": 2.0}, False),
        ({"practice.open.yearly": 1.0, "practice.open.load": 5.0, "finance.cash_reserve": 2.0}, False),
    ],
    ids=["crowded with cash", "no occasion", "not crowded"],
)
def test_an_office_is_opened_when_crowded_and_able(behaviour: dict[str, float], opens: bool) -> None:
    quiet = {"health_system.build.yearly": 0.0, "practice.found.yearly": 0.0, "practice.review.yearly": 1.0}
    model = run(8, METRO, behaviour={**quiet, **behaviour})
    assert (len(events(model, "site_opened")) > 0) == opens
    mine = model.sites.opened >= 0
    assert (model.orgs.kind[model.sites.org[mine & model.sites.open]] == PRACTICE).all()


def test_oncologists_found_practices_only_where_they_may() -> None:
    free = {"practice.autonomy.median": 5e6}
    many = run(8, METRO, behaviour={**free, "practice.found.yearly": 0.3})
    told = events(many, "practice_founded")
    assert len(told) > 3
    assert len(events(run(8, METRO, behaviour={**free, "practice.found.yearly": 0.0}), "practice_founded")) == 0
    founded = [number for number, name in enumerate(many.orgs.id) if name in set(told["actor"])]
    assert len(founded) == len(told)
    assert (many.orgs.kind[founded] == PRACTICE).all()
    # Nobody appears: founders were there before.
    assert len(many.physicians) <= len(start(1, METRO).physicians) * 1.05


# -- with partners --------------------------------------------------------------------------------------------------

BANDING = {
    "practice.review.yearly": 1.0,
    "network.found.yearly": 1.0,
    "network.recruit.yearly": 1.0,
    "practice.noise": 0.0,
    "practice.visiting.yearly": 0.0,
    "practice.open.yearly": 0.0,
    "network.services_saving": 0.6,
    "network.leave.yearly": 0.0,
}
ALONE = market(*(practice(f"p{number}", oncologists=2) for number in range(4)), practice("remote", "far", 2), zones=[
    place("town", 120_000), place("far", 20_000, 200),
])  # fmt: skip


def banded(least: int = 3, here: dict[str, Any] = ALONE, **behaviour: float) -> OncologyMarket:
    """Return a model in which practices that know no network have looked for one for two years."""
    model = still(8, here, behaviour={**BANDING, "network.found.least": least, **behaviour})
    for _ in range(8):
        step_and_check(model)
    return model


def test_practices_far_from_any_network_found_one_with_neighbours_who_gain() -> None:
    model = banded()
    told = events(model, "network_founded")
    assert len(told) == 1 and str(told["other"].iloc[0]).startswith("p")
    network = row(model, str(told["actor"].iloc[0]))
    members = model.orgs.id[model.orgs.network == network].tolist()
    first = events(model, "network_join").query(f"quarter == '{told['quarter'].iloc[0]}'")["actor"].tolist()
    assert len(first) >= 3 and set(first) <= set(members)
    assert "remote" not in members  # 200 miles away
    # Who would pay for it with more independence than it brings stays out.
    gains = model.orgs.id[: len(model.prospects.network_gain)][model.prospects.network_gain > 0]
    assert set(members) == set(gains) - {"remote"} and len(members) < 4
    assert (model.orgs.status[model.orgs.network == network] == 0).all()


@pytest.mark.parametrize(
    "off",
    [
        {"network.found.yearly": 0.0},
        {"least": 5},
        {"network.services_saving": 0.0, "finance.purchasing.network_discount": 0.0},
        {"network.recruit.miles": 1.0, "least": 5},
    ],
    ids=["no occasion", "too few neighbours", "nothing to gain", "nobody near"],
)
def test_nobody_founds_a_network_that_too_few_gain_from(off: dict[str, Any]) -> None:
    assert len(events(banded(**off), "network_founded")) == 0


def test_where_a_network_is_in_reach_practices_join_it_and_found_none() -> None:
    web = {"id": "web", "name": "The Web", "kind": "network", "at": "town"}
    here = {**ALONE, "organizations": [*ALONE["organizations"], web]}
    model = banded(here=here)
    assert len(events(model, "network_founded")) == 0
    assert set(events(model, "network_join")["other"]) == {"web"}


SHUT_OUT = market(
    practice("lost", oncologists=2), system("owner", beds=300), system("rival", oncologists=0), practice("kept"),
    zones=[place("town", 90_000), place("country", 10_000, 25, rural=True)],
)  # fmt: skip


def shut_out(quarters: int, yearly: float = 1.0, partner: bool = False) -> OncologyMarket:
    """Return a model after some quarters in which a practice was shut out of its hospital in the first."""
    ends = {"at": "2026Q1", "do": "end_privileges", "org": "owner", "of": "lost"}
    model = still(quarters, SHUT_OUT, ends, behaviour={"practice.no_hospital.yearly": yearly})
    if partner:
        bind(model, "lost", "rival", "referral")
    for _ in range(quarters):
        step_and_check(model)
    return model


def test_shut_out_for_two_years_without_another_hospital_a_practice_closes() -> None:
    assert shut_out(8).orgs.status[0] == 0  # two years are not over
    model = shut_out(12)
    told = events(model, "closure")
    assert told["actor"].tolist() == ["lost"] and told["quarter"].iloc[0] >= "2028Q1"
    assert "shut out of its hospital" in str(told["text"].iloc[0])
    assert model.orgs.status[0] == CLOSED and model.orgs.status[row(model, "kept")] == 0


@pytest.mark.parametrize(("yearly", "partner"), [(0.0, False), (1.0, True)])
def test_it_goes_on_without_the_chance_or_with_another_hospital(yearly: float, partner: bool) -> None:
    assert len(events(shut_out(12, yearly, partner), "closure")) == 0
    assert len(events(shut_out(12), "closure")) == 1
