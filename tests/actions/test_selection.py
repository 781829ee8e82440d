from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from markets import METRO, VERMONT, run, start
from oncsim.actions.selection import find_organization, find_zone, select
from oncsim.codes import ACADEMIC_CENTER, ACQUIRED, HEALTH_SYSTEM, NETWORK, PRACTICE
from oncsim.errors import RunError
from oncsim.model import OncologyMarket


@pytest.fixture(scope="module")
def model() -> OncologyMarket:
    return run(1, METRO)


def test_by_id_and_by_name(model: OncologyMarket) -> None:
    for row in range(len(model.orgs)):
        assert find_organization(model, str(model.orgs.id[row])) == row
        assert find_organization(model, str(model.orgs.name[row])) == row
        assert select(model, {"org": str(model.orgs.name[row])}, "x").tolist() == [row]


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("largest_system", HEALTH_SYSTEM),
        ("largest_practice", PRACTICE),
        ("largest_academic_center", ACADEMIC_CENTER),
    ],
)
def test_the_largest_has_the_most_oncologists(model: OncologyMarket, alias: str, kind: int) -> None:
    row = find_organization(model, alias)
    same = model.orgs.kind == kind
    assert model.orgs.kind[row] == kind
    assert model.orgs.oncologists[row] == model.orgs.oncologists[same].max()


def test_the_largest_network_has_the_most_members(model: OncologyMarket) -> None:
    row = find_organization(model, "largest_network")
    members = np.bincount(model.orgs.network[model.orgs.network >= 0], minlength=len(model.orgs))
    assert model.orgs.kind[row] == NETWORK and members[row] == members.max()


def test_an_unknown_name_is_an_error_with_the_near_miss(model: OncologyMarket) -> None:
    name = str(model.orgs.name[0])
    wrong = name[:-2] + name[-1]
    with pytest.raises(RunError) as error:
        find_organization(model, wrong)
    assert wrong in str(error.value) and name in str(error.value)
    with pytest.raises(RunError, match="largest_system"):
        find_organization(model, "largest_sytem")
    with pytest.raises(RunError, match="did you mean"):
        find_zone(model, model.zones.names[0] + "x")
    with pytest.raises(RunError, match="there is no market"):
        select(model, {"market": "Atlantis"}, "x")


def test_an_alias_for_what_the_market_lacks_is_an_error() -> None:
    model = run(1, VERMONT)
    assert not (model.orgs.kind == ACADEMIC_CENTER).any()
    with pytest.raises(RunError, match="largest_academic_center"):
        find_organization(model, "largest_academic_center")


def test_selectors_by_brute_force(model: OncologyMarket) -> None:
    orgs, zones = model.orgs, model.zones
    providers = {int(row) for row in np.flatnonzero(orgs.kind <= ACADEMIC_CENTER)}

    def chosen(**selectors: object) -> set[int]:
        return set(select(model, selectors, "x").tolist())

    assert chosen() == providers
    practices = {row for row in providers if orgs.kind[row] == PRACTICE}
    assert chosen(kind="practice") == practices
    rural = {row for row in providers if zones.rural[orgs.zone[row]]}
    assert chosen(rural=True) == rural and chosen(rural=False) == providers - rural
    assert chosen(kind="practice", rural=False) == practices - rural
    in_340b = {int(row) for row in model.hospitals.org[model.hospitals.participates]}
    assert chosen(eligible_340b=True) == in_340b
    assert chosen(eligible_340b=False) == providers - in_340b
    for number, market in enumerate(zones.market_ids):
        there = {row for row in providers if zones.market[orgs.zone[row]] == number}
        assert chosen(market=market) == there == chosen(market=zones.market_names[market])


def test_states_select_by_seat() -> None:
    model = run(1, VERMONT)
    rows = select(model, {"state": "VT"}, "x")
    assert set(rows.tolist()) == set(np.flatnonzero(model.orgs.kind <= ACADEMIC_CENTER).tolist())
    assert len(select(model, {"state": "NH"}, "x")) == 0


def test_a_share_is_keyed_and_nested(model: OncologyMarket) -> None:
    parts = [select(model, {"share": share}, "close_site.2026Q1").tolist() for share in (0.0, 0.2, 0.5, 0.8, 1.0)]
    assert parts[0] == [] and len(parts[-1]) == (model.orgs.kind <= ACADEMIC_CENTER).sum()
    assert all(set(less) <= set(more) for less, more in pairwise(parts))
    assert 0 < len(parts[1]) < len(parts[3]) < len(parts[4])
    again = run(1, METRO, policy=[{"set": "payment.medicare.drug_addon", "to": 0.0}])
    assert select(again, {"share": 0.5}, "close_site.2026Q1").tolist() == parts[2]
    assert select(model, {"share": 0.5}, "close_site.2026Q2").tolist() != parts[2]
    other = run(1, METRO, replicate=1)
    assert select(other, {"share": 0.5}, "close_site.2026Q1").tolist() != parts[2]


def test_the_order_is_that_of_identity(model: OncologyMarket) -> None:
    rows = select(model, {}, "x")
    assert (np.diff(model.orgs.key[rows].astype(object)) > 0).all()


def test_only_the_active_are_chosen_unless_others_are_asked_for() -> None:
    model = start(1, METRO)
    practice = int(np.flatnonzero(model.orgs.kind == PRACTICE)[0])
    model.orgs.status[practice], model.orgs.owner[practice] = ACQUIRED, 0
    assert practice not in select(model, {"kind": "practice"}, "x")
    assert select(model, {"kind": "practice"}, "x", ACQUIRED).tolist() == [practice]


def test_a_place_is_a_zone_or_the_zone_nearest_to_a_point(model: OncologyMarket) -> None:
    zones = model.zones
    for zone in range(len(zones)):
        assert find_zone(model, zones.ids[zone]) == (zone, None, None)
        assert find_zone(model, zones.names[zone])[0] == zone
        point = {"lat": float(zones.lat[zone]) + 1e-4, "lon": float(zones.lon[zone])}
        assert find_zone(model, point) == (zone, point["lat"], point["lon"])
