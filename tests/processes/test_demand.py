from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from markets import METRO, finish, run, start, tiny_markets
from oncsim.market.form import Market
from oncsim.processes.demand import expected_patients, payer_shares


@settings(max_examples=15)
@given(tiny_markets())
def test_patients_are_the_cases_that_need_systemic_treatment(market: Market) -> None:
    model = start(1, market)
    share = payer_shares(model)
    assert (share >= 0).all()
    np.testing.assert_allclose(share.sum(axis=1), 1.0)
    cases = model.zones.cases_per_year / 4 * float(model.law["demand.systemic_share"])
    np.testing.assert_allclose(expected_patients(model).sum(axis=1), cases)


def test_cases_grow_by_the_rate_of_the_registry() -> None:
    model = start(5, METRO, economy={"demand.case_growth": 0.08})
    model.step()
    first = model.new_patients.sum()
    for _ in range(4):
        model.step()
    assert model.new_patients.sum() == pytest.approx(1.08 * first)


def test_advantage_grows_out_of_fee_for_service_up_to_its_ceiling() -> None:
    economy = {"demand.ma_growth": 0.1, "demand.ma_ceiling": 0.6, "demand.case_growth": 0.0}
    model = start(41, METRO, economy=economy)
    model.step()
    first = payer_shares(model)
    for _ in range(40):
        model.t += 1
    last = payer_shares(model)
    np.testing.assert_allclose(first[:, :2].sum(axis=1), last[:, :2].sum(axis=1))
    assert (last[:, 1] >= first[:, 1]).all()
    among = last[:, 1] / last[:, :2].sum(axis=1)
    np.testing.assert_allclose(among, np.maximum(0.6, model.zones.ma_share))


def test_old_zones_have_more_medicare() -> None:
    model = start(1, METRO)
    zones = model.zones
    order = np.argsort(zones.population_65plus / zones.population)
    medicare = payer_shares(model)[:, :2].sum(axis=1)[order]
    assert (np.diff(medicare) >= -1e-12).all()


def test_nobody_retires_or_enters_when_nothing_pushes_them() -> None:
    still = {"demand.retirement.early": 0.0, "demand.retirement.late": 0.0, "practice.found.yearly": 0.0}
    model = run(8, METRO, behaviour={**still, "practice.close.yearly": 0.0}, economy={"demand.supply_growth": 0.0})
    assert model.retired == 0
    assert len(model.physicians) + model.recruits.sum() == pytest.approx(model.workforce_at_start.sum())


def test_the_workforce_returns_to_its_path_after_losses() -> None:
    model = run(40, METRO, economy={"demand.supply_growth": 0.0})
    assert model.retired > 10
    assert len(model.physicians) + model.recruits.sum() == pytest.approx(model.workforce_at_start.sum(), rel=0.05)


def test_hiring_stops_when_nobody_enters() -> None:
    # People displaced by a closed site or a sale may be hired again; here nothing closes and nothing is sold on.
    lasting = {
        "practice.autonomy.median": 5e6,
        "health_system.rural_closure.yearly": 0.0,
        "network.resale.yearly": 0.0,
    }
    fresh = []
    for growth in (-0.1, 0.0045):
        model = start(16, METRO, economy={"demand.supply_growth": growth}, behaviour=lasting)
        # The first quarters may still make up for early retirements.
        for _ in range(4):
            model.step()
        before = set(model.physicians.key.tolist())
        fresh.append(set(finish(model).physicians.key.tolist()) - before)
    assert not fresh[0]
    assert fresh[1]
