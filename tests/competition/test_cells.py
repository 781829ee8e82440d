from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oncsim.competition.leverage import leverage

from .small_markets import draw

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_add_up_the_sites_of_a_system_in_a_nest(seed: int) -> None:
    sites = draw(seed)
    cells = sites.cells()
    found = {
        (z, s, h): value for z, s, h, value in zip(cells.zone, cells.system, cells.nest, cells.value.tolist(), strict=True)
    }
    assert list(found) == sorted(found) and len(found) == len(cells.zone)
    for key in np.ndindex(4, 5, 3):
        there = (sites.zone == key[0]) & (sites.system == key[1]) & (sites.nest == key[2])
        total = sites.value[there].sum(axis=0)
        if total.sum() == 0:
            assert key not in found
        else:
            assert found[key] == pytest.approx(list(total), rel=1e-14)
    assert cells.zones == 4 and cells.dissimilarity == 0.7 and cells.beyond == 0.03


def test_the_order_of_options_does_not_matter() -> None:
    sites = draw(3)
    back = replace(sites, zone=sites.zone[::-1], system=sites.system[::-1], nest=sites.nest[::-1], value=sites.value[::-1])
    one, other = sites.cells(), back.cells()
    for name in ("zone", "system", "nest"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.value, other.value, rtol=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_owned_is_the_market_gathered_by_owner(seed: int) -> None:
    sites = draw(seed)
    owner = np.array([0, 1, 0, 3, 3])
    one, other = sites.cells().owned(owner), replace(sites, system=owner[sites.system]).cells()
    for name in ("zone", "system", "nest"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.value, other.value, rtol=1e-13)
    assert one.systems == 5 and one.patients is sites.patients


@pytest.mark.parametrize("seed", SEEDS)
def test_leverage_adds_up_over_zones(seed: int) -> None:
    cells = draw(seed).cells()
    some = np.array([True, False, False, True])
    whole, parts = leverage(cells), [leverage(cells.of_zones(wanted)) for wanted in (some, ~some)]
    np.testing.assert_allclose(sum(part.willingness for part in parts), whole.willingness, rtol=1e-12)
    np.testing.assert_allclose(sum(part.patients for part in parts), whole.patients, rtol=1e-12)
    moved = sum(part.patients[:, None] * part.diversion.toarray() for part in parts)
    np.testing.assert_allclose(moved, whole.patients[:, None] * whole.diversion.toarray(), atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_leverage_adds_up_over_needs(seed: int) -> None:
    cells = draw(seed, needs=3).cells()
    whole, parts = leverage(cells), [leverage(cells.of_columns(part)) for part in (slice(0, 1), slice(1, 3))]
    np.testing.assert_allclose(sum(part.willingness for part in parts), whole.willingness, rtol=1e-12)
    np.testing.assert_allclose(sum(part.patients for part in parts), whole.patients, rtol=1e-12)
    moved = sum(part.patients[:, None] * part.diversion.toarray() for part in parts)
    np.testing.assert_allclose(moved, whole.patients[:, None] * whole.diversion.toarray(), atol=1e-9)
    np.testing.assert_array_equal(np.maximum(*(part.largest for part in parts)), whole.largest)


def test_zones_left_out_count_as_zones_without_patients() -> None:
    sites = draw(8)
    some = np.array([True, True, False, False])
    one = leverage(sites.cells().of_zones(some))
    other = leverage(replace(sites, patients=sites.patients * some[:, None]).cells())
    np.testing.assert_allclose(one.willingness, other.willingness, rtol=1e-13)
    np.testing.assert_allclose(one.diversion.toarray(), other.diversion.toarray(), atol=1e-13)
    np.testing.assert_allclose(one.largest, other.largest, rtol=1e-13)
