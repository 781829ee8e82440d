from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, MIXED, RURAL, VERMONT, start, tiny_market
from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.state.travel import great_circle_miles
from oncsim.ties.neighbours import Neighbours, _hubs, places_of_work, possible_partners

from .partners import partners, rows_of

FARTHEST = 150.0
LOOKS_FOR = (
    (PRACTICE, HEALTH_SYSTEM, 4),
    (PRACTICE, ACADEMIC_CENTER, 2),
    (PRACTICE, PRACTICE, 2),
    (HEALTH_SYSTEM, ACADEMIC_CENTER, 2),
    (HEALTH_SYSTEM, HEALTH_SYSTEM, 2),
)


def places(model: OncologyMarket) -> dict[int, list[tuple[float, float]]]:
    """Where each independent organisation works, in plain loops: its sites with an oncologist, its hospitals."""
    orgs, sites, hospitals = model.orgs, model.sites, model.hospitals
    top = orgs.top_owner()
    found: dict[int, list[tuple[float, float]]] = {}
    for site in range(len(sites)):
        if sites.open[site] and sites.oncologists[site] > 1e-6 and sites.visiting_from[site] < 0:
            found.setdefault(int(top[sites.org[site]]), []).append((float(sites.lat[site]), float(sites.lon[site])))
    for hospital in range(len(hospitals)):
        at = (float(hospitals.lat[hospital]), float(hospitals.lon[hospital]))
        found.setdefault(int(top[hospitals.org[hospital]]), []).append(at)
    return {org: where for org, where in found.items() if orgs.status[org] == 0}


def gap(where: dict[int, list[tuple[float, float]]], one: int, other: int) -> float:
    mine, theirs = np.array(where[one]), np.array(where[other])
    miles = great_circle_miles(mine[:, None, 0], mine[:, None, 1], theirs[None, :, 0], theirs[None, :, 1])
    return round(float(miles.min()), 4)


def by_brute_force(model: OncologyMarket, spoke: set[int], hub: set[int]) -> dict[tuple[int, int], float]:
    """Everybody against everybody, by the nearest two of their places of work."""
    where, kind = places(model), model.orgs.kind
    looks = [
        ({i for i in where if kind[i] == who}, {j for j in where if kind[j] == whom}, n, FARTHEST)
        for who, whom, n in LOOKS_FOR
    ]
    looks.append((spoke & set(where), (hub - spoke) & set(where), 2, np.inf))
    found: dict[tuple[int, int], float] = {}
    for who, whom, count, farthest in looks:
        for one in who:
            near = sorted((gap(where, one, other), other) for other in whom if other != one)[:count]
            found |= {(min(one, other), max(one, other)): miles for miles, other in near if miles <= farthest}
    return found


def as_dict(near: Neighbours) -> dict[tuple[int, int], float]:
    pairs = zip(near.a.tolist(), near.b.tolist(), near.miles.tolist(), strict=True)
    found = {(min(a, b), max(a, b)): round(miles, 4) for a, b, miles in pairs}
    assert len(found) == len(near.a)  # each pair once
    return found


def flags(model: OncologyMarket, rows: set[int]) -> np.ndarray:
    return np.isin(np.arange(len(model.orgs)), sorted(rows))


@pytest.mark.parametrize("market", [METRO, MIXED, RURAL, VERMONT], ids=["metro", "mixed", "rural", "vermont"])
def test_partners_are_the_nearest_by_brute_force(market: dict[str, Any]) -> None:
    model = start(1, market)
    nobody = flags(model, set())
    found, expected = as_dict(possible_partners(model, nobody, nobody)), by_brute_force(model, set(), set())
    # Where two are equally near (one campus), either may be listed: then distances agree, one for one.
    assert sorted(found.values()) == pytest.approx(sorted(expected.values()), abs=1e-3)
    where = places(model)
    for pair in found.keys() ^ expected.keys():
        kind = model.orgs.kind
        others = [p for p in expected if set(kind[list(p)]) == set(kind[list(pair)]) and set(p) & set(pair) and p != pair]
        assert any(gap(where, *pair) == pytest.approx(gap(where, *p), abs=1e-3) for p in others), pair


def test_who_looks_for_a_hub_finds_the_nearest_two_however_far() -> None:
    model = partners()
    center, valley, south, small, city = rows_of(model, "center", "valley", "south", "small", "city_practice")
    # Far beyond where anybody would be a neighbour.
    model.hospitals.lat[model.hospitals.org == small] += 6.0
    spoke, hub = {small}, {center, south, city}
    near = possible_partners(model, flags(model, spoke), flags(model, hub))
    found = as_dict(near)
    assert found == pytest.approx(by_brute_force(model, spoke, hub), abs=1e-3)
    mine = {pair: miles for pair, miles in found.items() if small in pair}
    assert len(mine) == 2 and min(mine.values()) > FARTHEST
    assert {other for pair in mine for other in pair} <= spoke | hub
    assert near.remote[(near.a == small) | (near.b == small)].all() and near.remote.sum() == 2
    # Without hubs it has nobody.
    without = as_dict(possible_partners(model, flags(model, spoke), flags(model, set())))
    assert not any(small in pair for pair in without)
    assert without == {pair: miles for pair, miles in found.items() if small not in pair}
    assert valley not in {other for pair in mine for other in pair}


def test_a_pair_found_both_ways_is_a_neighbour_not_a_far_hub() -> None:
    model = partners()
    small, center = rows_of(model, "small", "center")
    near = possible_partners(model, flags(model, {small}), flags(model, {center}))
    both = ((near.a == small) & (near.b == center)) | ((near.a == center) & (near.b == small))
    assert both.sum() == 1 and not near.remote[both].any()


def test_a_new_place_of_work_brings_partners_nearer_and_a_closed_one_takes_them_away() -> None:
    model = partners()
    nobody = flags(model, set())
    practice, country, valley = rows_of(model, "city_practice", "small", "valley")
    before = as_dict(possible_partners(model, nobody, nobody))
    second = np.flatnonzero(model.sites.org == practice)[1]
    model.sites.lat[second], model.sites.lon[second] = model.orgs.lat[country], model.orgs.lon[country]
    after = as_dict(possible_partners(model, nobody, nobody))
    assert after[country, practice] == pytest.approx(0.0, abs=1.0) and before[country, practice] > 50
    model.sites.open[second] = False
    alone = as_dict(possible_partners(model, nobody, nobody))
    assert alone[country, practice] >= before[country, practice]
    assert alone == pytest.approx(by_brute_force(model, set(), set()), abs=1e-3)
    assert (valley, practice) in alone


def test_an_owned_practice_works_for_its_owner() -> None:
    model = partners()
    practice, south = rows_of(model, "edge_practice", "south")
    nobody = flags(model, set())
    model.orgs.owner[practice], model.orgs.status[practice] = south, 1
    found = possible_partners(model, nobody, nobody)
    assert practice not in {*found.a.tolist(), *found.b.tolist()}
    assert as_dict(found) == pytest.approx(by_brute_force(model, set(), set()), abs=1e-3)
    owner, point = places_of_work(model)
    where = places(model)[south]
    assert (owner == south).sum() == len(set(where)) < len(where) and len(owner) == len(point)  # on campus counts once
    np.testing.assert_allclose((point**2).sum(axis=1), 1.0)


def test_nobody_is_a_partner_of_itself_and_no_place_is_far_but_for_hubs() -> None:
    model = start(1, VERMONT)
    nobody = flags(model, set())
    near = possible_partners(model, nobody, nobody)
    assert len(near.a) > 20
    assert (near.a != near.b).all() and (near.miles <= FARTHEST).all() and not near.remote.any()


def test_in_a_market_of_one_practice_nobody_meets() -> None:
    model = start(1, tiny_market(3, systems=0, practices=1))
    nobody = flags(model, set())
    assert len(possible_partners(model, nobody, nobody).a) == 0


def test_a_neighbour_with_many_places_does_not_hide_the_next() -> None:
    """A chain of clinics round the corner, then another system: the practice still finds both."""
    model = partners()
    practice, valley, south = rows_of(model, "town_practice", "valley", "south")
    sites = model.sites
    mine = np.flatnonzero(sites.org == valley)[:1]
    for number in range(40):
        sites.append(
            1, **{name: getattr(sites, name)[mine] for name in ("org", "zone", "lat", "lon", "oncologists", "chairs")}
        )
        sites.lat[-1] += 0.001 * number
    assert sites.open[-40:].all()
    nobody = flags(model, set())
    found = as_dict(possible_partners(model, nobody, nobody))
    assert (valley, practice) in found
    assert (south, practice) in found
    assert found == pytest.approx(by_brute_force(model, set(), set()), abs=1e-3)


def test_a_far_hub_of_many_places_does_not_hide_the_next() -> None:
    """Hubs are looked for however far: beyond the reach of other partners too."""
    from oncsim.state.travel import unit_vectors

    owner = np.array([0, *[1] * 30, 2])
    lat, lon = np.array([40.0, *(44.0 + 0.001 * np.arange(30)), 48.0]), np.full(32, -100.0)
    spoke, hub = np.array([True, False, False]), np.array([False, True, True])
    a, b, _ = _hubs(owner, unit_vectors(lat, lon), spoke, hub)
    assert a.tolist() == [0, 0] and b.tolist() == [1, 2]
