from __future__ import annotations

import numpy as np

from ledger import step_and_check
from markets import METRO, events, run, start
from oncsim.codes import ACQUIRED, NETWORK, PRACTICE

BUYING = {
    "network.purchase.yearly": 1.0,
    "network.purchase.multiple": 40.0,
    "practice.autonomy.median": 0.0,
    "network.recruit.yearly": 1.0,
    "practice.review.yearly": 1.0,
    "network.services_saving": 0.6,
}


def by_networks(model) -> int:
    kind = dict(zip(model.orgs.id, model.orgs.kind, strict=True))
    return sum(kind[one] == NETWORK for one in events(model, "acquisition")["actor"])


def test_members_are_the_independent_practices_of_the_network() -> None:
    model = start(1, METRO)
    for network in np.flatnonzero(model.orgs.kind == NETWORK):
        members = model.agent(int(network)).members()
        expected = np.flatnonzero((model.orgs.network == network) & (model.orgs.kind == PRACTICE))
        assert members == expected.tolist()


def test_platforms_buy_when_it_pays_and_members_stay_offices() -> None:
    model = start(12, METRO, behaviour=BUYING)
    while not model.finished:
        step_and_check(model)
    assert by_networks(model) > 0
    bought = np.flatnonzero((model.orgs.status == ACQUIRED) & (model.orgs.kind[model.orgs.owner] == NETWORK))
    assert (model.orgs.investor_owned[model.orgs.owner[bought]]).all()
    assert (model.orgs.network[bought] == model.orgs.owner[bought]).all()
    assert (model.sites.kind[np.isin(model.sites.org, bought)] == 0).all()
    assert by_networks(run(12, METRO, behaviour={**BUYING, "network.purchase.multiple": 0.0})) == 0


def test_platforms_are_sold_on_only_after_their_years() -> None:
    # Where a platform was at the start nobody knows when it was bought: it may be sold at once.
    selling = {**BUYING, "network.resale.yearly": 1.0}
    soon = run(12, METRO, behaviour={**selling, "network.resale.years": 1})
    told = events(soon, "platform_resale")
    assert len(told) > 1
    for actor, some in told.groupby("actor"):
        quarters = [int(q[:4]) * 4 + int(q[-1]) for q in some["quarter"].astype(str)]
        assert (np.diff(quarters) >= 4).all(), actor
    never = run(12, METRO, behaviour={**selling, "network.resale.yearly": 0.0})
    assert len(events(never, "platform_resale")) == 0


def test_departures_at_a_resale_are_those_told_and_stay_in_the_market() -> None:
    model = start(12, METRO, behaviour={**BUYING, "network.resale.yearly": 1.0, "network.resale.departures": 1.0})
    while not model.finished:
        before = set(model.physicians.key.tolist())
        told = len(events(model, "platform_resale")) if model.t >= 0 else 0
        retired = model.retired
        step_and_check(model)
        gone = before - set(model.physicians.key.tolist())
        fresh = events(model, "platform_resale").iloc[told:]
        assert len(gone) >= fresh["amount"].sum()
        if len(fresh) == 0 and len(events(model, "closure", "site_closed")) == 0:
            assert len(gone) == model.retired - retired
