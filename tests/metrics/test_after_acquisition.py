"""The price effect of an acquisition on a model that plays, its two parts as the model makes them."""

from __future__ import annotations

import numpy as np
import pytest

from markets import start, tiny_market
from oncsim.actions.ownership import acquire, release_practice
from oncsim.codes import HEALTH_SYSTEM, HOSPITAL_KINDS, NETWORK, OFFICE, PRACTICE
from oncsim.model import OncologyMarket

from .tiny import values_of

NAME = "price.after_acquisition"
NO_OTHER_DEALS = [{"set": "policy.acquisitions.allowed", "to": False}]


def bought(buyer_kind: int, lag: int = 2) -> tuple[OncologyMarket, int]:
    """Return a model in which a buyer of a kind has just bought a practice with one office, and that office."""
    behaviour = {"health_system.acquisition.redesignation": lag}
    model = start(8, tiny_market(1, practices=4), policy=NO_OTHER_DEALS, behaviour=behaviour)
    model.step()
    orgs, sites = model.orgs, model.sites
    assert values_of(NAME, model) == {}
    offices = [np.flatnonzero(sites.open & (sites.org == org)) for org in np.flatnonzero(orgs.kind == PRACTICE)]
    office = next(int(mine[0]) for mine in offices if len(mine) == 1 and sites.infusions[mine[0], 6:9].sum() > 0)
    buyer = int(np.flatnonzero(orgs.kind == buyer_kind)[0])
    acquire(model, int(sites.org[office]), buyer, 1e6, 0.0, "test")
    return model, office


def parts(model: OncologyMarket, years: int) -> dict[str, float]:
    found = values_of(NAME, model)
    assert {group.split(";")[1] for _, group in found} == {f"years={years}"}
    return {part: found["all", f"component={part};years={years}"] for part in ("rate_table", "bargained", "total")}


def test_the_rate_table_adds_exactly_nothing_before_and_something_after_redesignation() -> None:
    lag = 3
    model, office = bought(HEALTH_SYSTEM, lag)
    for quarter in range(7):
        model.step()
        assert (model.sites.kind[office] == OFFICE) == (quarter + 1 < lag)
        found = parts(model, years=(quarter + 1) // 4)
        if model.sites.kind[office] == OFFICE:
            assert found["rate_table"] == 0.0
        else:
            assert model.sites.kind[office] in HOSPITAL_KINDS and found["rate_table"] > 0.05
        assert found["total"] == pytest.approx((1 + found["rate_table"]) * (1 + found["bargained"]) - 1, rel=1e-12)


def test_the_part_of_the_rate_table_is_the_price_over_that_of_the_same_site_left_an_office() -> None:
    (model, office), (other, _) = bought(HEALTH_SYSTEM), bought(HEALTH_SYSTEM, lag=20)
    for one in (model, other):
        one.contracts.due[:] = 1_000_000  # nothing is bargained again
        for _ in range(3):
            one.step()
    assert model.sites.kind[office] in HOSPITAL_KINDS and other.sites.kind[office] == OFFICE
    over = model.commercial_price[office] / other.commercial_price[office]
    assert 1 + parts(model, years=0)["rate_table"] == pytest.approx(over, rel=1e-12)


def test_the_bargained_part_is_the_level_over_that_of_independent_practices_before_and_now() -> None:
    model, office = bought(HEALTH_SYSTEM)
    before = model.contracts.level[office, 1] / model.office_level()
    model.step()
    model.contracts.level[office, 1] *= 1.5
    now = model.contracts.level[office, 1] / model.office_level()
    assert 1 + parts(model, years=0)["bargained"] == pytest.approx(now / before, rel=1e-12)
    # Where everybody is paid more alike, the deal is not the reason.
    model.contracts.level *= 2
    assert 1 + parts(model, years=0)["bargained"] == pytest.approx(now / before, rel=1e-12)


def test_what_a_network_bought_or_an_owner_let_go_is_no_price_of_a_hospital() -> None:
    model, _ = bought(NETWORK)
    model.step()
    assert values_of(NAME, model) == {}
    model, office = bought(HEALTH_SYSTEM)
    model.step()
    release_practice(model, int(model.sites.origin[office]), "test")
    assert values_of(NAME, model) == {}
