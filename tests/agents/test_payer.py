from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, events, run, start, tiny_market
from oncsim.codes import HOSPITAL_KINDS, OFFICE, PAYERS
from oncsim.prices.schedule import ADMINISTRATION, VISIT
from oncsim.processes.white_bagging import white_bagged_share

COMMERCIAL = PAYERS.index("commercial")
CHEAP_HOSPITALS = {"payer.site_rule.price_ratio": 10.0}


def test_the_ratio_of_prices_by_hand() -> None:
    model = run(1, METRO)
    asp = float(model.law["payment.drug.asp"]["standard"])
    rates, sites = model.rates, model.sites
    visits = float(model.law["care.visits_per_quarter"]) / float(model.law["care.infusions_per_quarter"]["standard"])
    services = rates.facility[:, :, COMMERCIAL] + rates.professional[:, :, COMMERCIAL]
    drug = rates.drugs.paid.reshape(len(sites), len(PAYERS), -1)[:, COMMERCIAL, 0]
    drug = drug + float(model.law["payer.white_bagging.price"]) * white_bagged_share(model)
    price = drug * asp + services[ADMINISTRATION] + visits * services[VISIT]
    hospital, office = sites.open & np.isin(sites.kind, HOSPITAL_KINDS), sites.open & (sites.kind == OFFICE)
    expected = price[hospital].mean() / price[office].mean()
    assert model.payer_agent(COMMERCIAL).price_ratio() == pytest.approx(expected)
    assert expected > 1


def test_a_site_opened_this_quarter_has_no_price_to_compare() -> None:
    model = run(1, METRO)
    before = model.payer_agent(COMMERCIAL).price_ratio()
    from oncsim.actions.places import open_site

    open_site(model, 0, 0, OFFICE)
    assert model.payer_agent(COMMERCIAL).price_ratio() == before


def test_rules_spread_once_a_year_where_hospitals_cost_more_and_stop_at_the_ceiling() -> None:
    model = start(20, METRO, behaviour={"payer.site_rule.growth": 0.1, "payer.site_rule.price_ratio": 1.0})
    first = model.site_rule.copy()
    path = []
    while not model.finished:
        model.step()
        path.append(model.site_rule.copy())
    ceiling = float(model.law["payer.site_rule.ceiling"])
    rule = np.array(path)[:, COMMERCIAL]
    assert rule[0] == pytest.approx(min(first[COMMERCIAL] + 0.1, ceiling))
    assert (np.diff(rule) >= 0).all() and rule[-1] == pytest.approx(ceiling)
    assert rule[0] == rule[1] == rule[3]  # once a year
    # Who starts without a rule never makes one.
    assert (np.array(path)[:, PAYERS.index("medicare_ffs")] == 0).all()
    assert len(events(model, "site_rule")) > 0


def test_no_rule_spreads_where_hospitals_are_not_dearer() -> None:
    model = start(8, METRO, behaviour=CHEAP_HOSPITALS)
    before = model.site_rule.copy()
    while not model.finished:
        model.step()
    np.testing.assert_array_equal(model.site_rule, before)


def test_without_offices_or_hospitals_there_is_nothing_to_compare() -> None:
    for shape in ({"systems": 0, "practices": 2}, {"systems": 1, "practices": 0}):
        model = run(1, tiny_market(5, **shape), behaviour={"practice.found.yearly": 0.0})
        assert model.payer_agent(COMMERCIAL).price_ratio() == 1.0


def test_each_line_of_insurance_is_an_agent_with_its_name() -> None:
    model = start(1, METRO)
    assert [model.payer_agent(code).code for code in range(4)] == [0, 1, 2, 3]
    with pytest.raises(StopIteration):
        model.payer_agent(PAYERS.index("uninsured"))
