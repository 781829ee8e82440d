from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from markets import METRO, finish, run, start, tiny_markets
from oncsim.calendar import Quarter
from oncsim.codes import PAYERS
from oncsim.market.form import Market
from oncsim.processes.demand import advantage_shares, expected_patients, grown, payer_shares, spells


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


PAST = {"start": "2010Q1", "end": "2026Q4"}


def log_odds(share: np.ndarray | float) -> np.ndarray:
    share = np.asarray(share, dtype=float)
    return np.log(share / (1 - share))


def at(quarter: str, **economy: object) -> object:
    """Return a model whose clock stands at a quarter of the years from 2010, without having run."""
    model = start(1, METRO, horizon=PAST, economy={"demand.case_growth": 0.0, **economy})
    model.t = model.quarters.index(Quarter.parse(quarter))
    model.law = model.parameters.at(Quarter.parse(quarter))
    return model


@pytest.mark.parametrize(("quarter", "national"), [("2010Q1", 0.237), ("2014Q3", 0.30), ("2020Q1", 0.39), ("2025Q4", 0.54)])
def test_advantage_follows_the_national_series_zone_by_zone(quarter: str, national: float) -> None:
    model = at(quarter)
    step = log_odds(advantage_shares(model)) - log_odds(model.zones.ma_share)
    np.testing.assert_allclose(step, log_odds(national) - log_odds(0.54), atol=1e-9)
    level = at(quarter, **{"demand.ma_national": 0.54})  # the control: a level series moves no zone
    np.testing.assert_array_equal(advantage_shares(level), level.zones.ma_share)


def test_from_2026_advantage_is_what_the_table_holds_and_its_drift() -> None:
    model = start(9, METRO)
    np.testing.assert_array_equal(advantage_shares(model), model.zones.ma_share)
    model.t = 8
    np.testing.assert_array_equal(advantage_shares(model), np.clip(model.zones.ma_share + 0.005 * 2.0, 0, 0.7))
    late = at("2026Q4")
    np.testing.assert_allclose(advantage_shares(late), late.zones.ma_share + 0.005, rtol=1e-12)


def test_more_people_were_uninsured_and_fewer_on_medicaid_before_2014() -> None:
    then, now = at("2013Q4"), at("2026Q1")
    payers = [payer_shares(model) for model in (then, now)]
    np.testing.assert_allclose(payers[0].sum(axis=1), 1.0)
    np.testing.assert_allclose(payers[0][:, 4], 1.6 * payers[1][:, 4])
    np.testing.assert_allclose(payers[0][:, 3], 0.75 * payers[1][:, 3])
    level = at("2013Q4", **{"demand.uninsured_level": 1.0, "demand.medicaid_level": 1.0})
    np.testing.assert_array_equal(payer_shares(level)[:, 2:], payers[1][:, 2:])


def test_growth_compounds_over_the_years_each_rate_held() -> None:
    model = at("2026Q4")
    assert spells(model, "demand.supply_growth") == [(0.0172, 14.75), (0.0045, 2.0)]
    assert grown(model, "demand.supply_growth") == pytest.approx(1.0172**14.75 * 1.0045**2)
    constant = start(9, METRO)
    constant.t = 8
    assert grown(constant, "demand.supply_growth") == 1.0045**2.0
    constant.t = 0
    assert grown(constant, "demand.supply_growth") == 1.0


def test_coverage_moves_between_medicaid_and_no_insurance_in_the_states_named() -> None:
    market = {"source": "embedded", "states": ["VT", "NH"]}
    lost = {"set": "policy.coverage.medicaid_lost", "to": 0.2, "where": {"state": "VT"}}
    usual, less = (payer_shares(start(1, market, policy=policy)) for policy in ([], [lost]))
    vermont = np.array([state == "VT" for state in start(1, market).zones.states])
    medicaid, uninsured = PAYERS.index("medicaid"), PAYERS.index("uninsured")
    np.testing.assert_array_equal(less[~vermont], usual[~vermont])
    np.testing.assert_allclose(less[vermont, medicaid], 0.8 * usual[vermont, medicaid])
    np.testing.assert_allclose(less[vermont, uninsured] - usual[vermont, uninsured], 0.2 * usual[vermont, medicaid])
    np.testing.assert_allclose(less.sum(axis=1), 1.0)
