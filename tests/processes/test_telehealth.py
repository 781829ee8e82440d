"""Telehealth is measured against payment at parity: at parity nothing changes, below it less is paid and fewer come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, run, same_tables
from oncsim.codes import SERVICE_LINES
from oncsim.model import OncologyMarket
from oncsim.processes.telehealth import telehealth_payment_factor, telehealth_utility, telehealth_visit_share

_TELEHEALTH = SERVICE_LINES.index("telehealth")


def one(parity: float, quarters: int = 1, **behaviour: Any) -> OncologyMarket:
    policy = [{"set": "policy.telehealth.parity", "to": parity}]
    return run(quarters, METRO, policy=policy, behaviour=behaviour)


def test_at_parity_nothing_changes() -> None:
    model = one(1.0)
    assert (telehealth_payment_factor(model) == 1.0).all()
    assert (telehealth_utility(model) == 0.0).all()
    assert telehealth_visit_share(model).max() == float(model.law["care.telehealth_visits"])
    same_tables(one(1.0, 3), run(3, METRO))


def test_only_sites_that_offer_it_are_paid_less_and_lose_pull() -> None:
    model = one(0.5)
    offers = model.sites.lines[:, _TELEHEALTH]
    assert offers.any() and (~offers).any()
    factor, utility, share = telehealth_payment_factor(model), telehealth_utility(model), telehealth_visit_share(model)
    assert (factor[~offers] == 1.0).all() and (utility[~offers] == 0).all() and (share[~offers] == 0).all()
    # Half the visits that parity would bring, at half the price.
    np.testing.assert_allclose(factor[offers], 1 - 0.1 * 0.5 * 0.5)
    np.testing.assert_allclose(share[offers], 0.1 * 0.5)
    np.testing.assert_allclose(utility[offers], -0.15 * 0.5)


def test_patients_leave_sites_that_stop_offering_it() -> None:
    starts = {}
    for parity in (1.0, 0.0):
        model = one(parity, 3)
        offers = model.sites.lines[:, _TELEHEALTH] & model.sites.open
        starts[parity] = float(model.sites.starts[offers].sum() / model.sites.starts.sum())
    assert starts[0.0] < starts[1.0]
    inert = one(0.0, 3, **{"choice.telehealth": 0.0, "care.telehealth_visits": 0.0})
    offers = inert.sites.lines[:, _TELEHEALTH] & inert.sites.open
    assert float(inert.sites.starts[offers].sum() / inert.sites.starts.sum()) == pytest.approx(starts[1.0])


def test_payment_above_parity_pays_more_but_draws_nobody() -> None:
    model = one(1.2)
    offers = model.sites.lines[:, _TELEHEALTH]
    np.testing.assert_allclose(telehealth_payment_factor(model)[offers], 1 + 0.1 * 0.2)
    assert (telehealth_utility(model) == 0).all()
