"""The worth of a tie with all that single forms bring: forms are open only where there is something in them."""

from __future__ import annotations

import numpy as np
import pytest

from markets import row
from oncsim.model import OncologyMarket
from oncsim.processes.prospects import prospects
from oncsim.processes.tie_worth import tie_worth
from oncsim.ties.ladder import BUNDLE, HUB, REFERRAL, SERVICES_AGREEMENT
from oncsim.ties.worth import Worth, brings
from towns import market, place, practice, steps, still, system

ZONES = [place("city", 120_000), place("valley", 60_000, 110, rural=True)]
REGION = market(
    system("hub", "city", 9, lines=["infusion", "telehealth"], hospital={"route_340b": "DSH"}),
    system("local", "valley", oncologists=0, beds=900),
    practice("doctors", "city", 5),
    practice("others", "city", 2),
    zones=ZONES,
)


def world() -> OncologyMarket:
    model = steps(still(4, REGION), 2)
    model.prospects = prospects(model)
    return model


def between(model: OncologyMarket, a: str, b: str) -> Worth:
    return tie_worth(model, np.array([row(model, a)]), np.array([row(model, b)]), np.array([3.0]), brings(model))


def opens(model: OncologyMarket, a: str, b: str, form: int) -> bool:
    found = between(model, a, b).surplus[0]
    assert np.isfinite(found[REFERRAL])
    return bool(np.isfinite(found[form]))


def test_a_hub_is_open_where_one_offers_telehealth_and_the_other_has_nobody() -> None:
    model = world()
    assert opens(model, "hub", "local", HUB)
    assert not opens(model, "doctors", "local", HUB)  # no telehealth
    assert not opens(model, "hub", "doctors", HUB)  # oncologists of its own
    unpaid = steps(still(4, REGION, policy=[{"set": "policy.telehealth.parity", "to": 0.0}]), 2)
    assert not opens(unpaid, "hub", "local", HUB)


def test_a_services_agreement_is_open_after_talks_that_failed() -> None:
    model = world()
    assert not opens(model, "hub", "doctors", SERVICES_AGREEMENT)
    model.failed_talks[(row(model, "hub"), row(model, "doctors"))] = (1, 0)
    assert opens(model, "hub", "doctors", SERVICES_AGREEMENT)
    assert not opens(model, "hub", "others", SERVICES_AGREEMENT)


def test_a_bundle_is_open_where_the_practice_is_cheaper() -> None:
    model = world()
    assert opens(model, "local", "doctors", BUNDLE)
    model.money.paid[model.sites.hospital >= 0] *= 0.1
    assert not opens(model, "local", "doctors", BUNDLE)


@pytest.mark.parametrize("pair", [("hub", "local"), ("hub", "doctors"), ("local", "doctors"), ("doctors", "others")])
def test_it_does_not_matter_who_is_named_first(pair: tuple[str, str]) -> None:
    model = world()
    model.failed_talks[(row(model, "hub"), row(model, "doctors"))] = (1, 0)
    one, other = between(model, *pair), between(model, *pair[::-1])
    np.testing.assert_allclose(one.surplus, other.surplus)
    assert one.problem.tolist() == other.problem.tolist()


def test_what_belongs_to_an_owner_brings_what_its_owner_brings() -> None:
    model = world()
    model.orgs.owner[row(model, "others")], model.orgs.status[row(model, "others")] = row(model, "doctors"), 1
    np.testing.assert_allclose(between(model, "others", "hub").surplus, between(model, "doctors", "hub").surplus)
