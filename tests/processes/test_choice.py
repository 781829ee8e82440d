from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from markets import METRO, MIXED, RURAL, start
from oncsim.codes import AMC_MAIN, AMC_SATELLITE, HOSPITAL_KINDS, PAYERS, SITE_KINDS
from oncsim.model import OncologyMarket
from oncsim.processes.choice import NEST_OF_KIND, choice, nearest_open, travel_utility, untreated_offset
from oncsim.state.sums import sum_rows

# Nothing but need and payer decides who goes untreated, unless access does.
PLAIN: dict[str, Any] = {"choice.untreated.deprivation": 0.0, "choice.untreated.navigation": 1.0}
COMMERCIAL = PAYERS.index("commercial")


def shares(model: OncologyMarket) -> np.ndarray:
    """Return patients at each site by segment, were the quarter's new patients to choose again."""
    choice(model)
    return sum_rows(
        model.pairs.site, model.choice.pair_segments(model.new_patients * model.choice.treated), len(model.sites)
    )


def with_minutes(model: OncologyMarket, minutes: np.ndarray) -> OncologyMarket:
    model.pairs = dataclasses.replace(model.pairs, minutes=minutes)
    return model


def test_travel_is_piecewise_linear_by_hand() -> None:
    behaviour = {
        "choice.travel.slope_0_10": -0.2,
        "choice.travel.slope_10_30": -0.1,
        "choice.travel.slope_30_60": -0.04,
        "choice.travel.slope_60_120": -0.02,
        "choice.travel.slope_over_120": -0.01,
        "choice.travel.home_bias": 0.5,
        "choice.travel.need_factor": {"standard": 1.0, "advanced": 0.8, "tertiary": 0.5},
    }
    model = start(1, RURAL, behaviour=behaviour)
    minutes = np.full(len(model.pairs), 0.0)
    minutes[:6] = [0, 10, 20, 60, 120, 220]
    found = travel_utility(with_minutes(model, minutes))
    expected = 0.5 * np.array([0.0, -2.0, -3.0, -5.2, -6.4, -7.4])
    np.testing.assert_allclose(found[:6], np.outer(expected, [1.0, 0.8, 0.5]))


def test_an_hour_more_to_a_site_costs_it_patients_and_others_gain() -> None:
    model = start(1, METRO)
    before = shares(model)
    site = int(model.pairs.site[0])
    minutes = model.pairs.minutes + np.where(model.pairs.site == site, 60.0, 0.0)
    after = shares(with_minutes(model, minutes))
    assert after[site].sum() < before[site].sum()
    others = np.arange(len(before)) != site
    assert (after[others] >= before[others] - 1e-9).all()


def test_without_an_access_slope_distance_does_not_matter_for_being_treated() -> None:
    def treated(slope: float, stretch: float) -> np.ndarray:
        model = start(1, MIXED, behaviour={**PLAIN, "choice.untreated.access_slope": slope})
        with_minutes(model, model.pairs.minutes * stretch)
        choice(model)
        return model.choice.treated

    blind = treated(0.0, 1.0)
    np.testing.assert_array_equal(blind, treated(0.0, 3.0))
    np.testing.assert_allclose(blind, np.broadcast_to(blind[0], blind.shape))
    near, far = treated(0.1, 1.0), treated(0.1, 3.0)
    assert (far < near).all() and np.ptp(near[:, 0]) > 0.001


def test_untreated_shares_of_the_registry_are_the_average_of_the_start() -> None:
    odds = dict.fromkeys(PAYERS, 1.0)
    slope = {"choice.untreated.access_slope": 0.2}
    model = start(1, METRO, behaviour={**PLAIN, **slope, "choice.untreated.payer_odds": odds})
    choice(model)
    weight = model.new_patients
    untreated = ((1 - model.choice.treated) * weight).sum(axis=0) / weight.sum(axis=0)
    by_need = untreated.reshape(5, 3).mean(axis=0)
    expected = [float(model.law["choice.untreated.share"][need]) for need in ("standard", "advanced", "tertiary")]
    np.testing.assert_allclose(by_need, expected, rtol=0.1)


def test_deprivation_and_insurance_raise_the_odds_of_going_untreated() -> None:
    model = start(1, METRO)
    offset = untreated_offset(model)
    poorest, richest = np.argmax(model.zones.deprivation), np.argmin(model.zones.deprivation)
    assert (offset[poorest] - offset[richest] < 0).all() or model.navigated[poorest] > model.navigated[richest]
    assert (offset[:, 12:] < offset[:, :3]).all()  # the uninsured against Medicare


def test_out_of_network_loses_that_payers_patients_only() -> None:
    model = start(1, METRO)
    model.in_network[:] = True
    before = shares(model)
    org = int(model.sites.org[np.argmax(before.sum(axis=1))])
    model.in_network[org, COMMERCIAL] = False
    after = shares(model)
    mine, columns = model.sites.org == org, slice(3 * COMMERCIAL, 3 * COMMERCIAL + 3)
    assert after[mine, columns].sum() < before[mine, columns].sum()
    np.testing.assert_allclose(np.delete(after, np.r_[columns], axis=1), np.delete(before, np.r_[columns], axis=1))


def test_a_site_rule_moves_members_out_of_hospitals_and_vanishes_at_zero() -> None:
    model = start(1, METRO)
    hospital = np.isin(model.sites.kind, HOSPITAL_KINDS)
    found = []
    for share in (0.0, 0.3, 1.0):
        model.site_rule[:] = 0.0
        model.site_rule[COMMERCIAL] = share
        found.append(shares(model)[hospital, 3 * COMMERCIAL : 3 * COMMERCIAL + 3].sum())
    assert found[0] > found[1] > found[2]
    strengthless = start(1, METRO, behaviour={"payer.site_rule.strength": 0.0})
    before = shares(strengthless)
    strengthless.site_rule[:] = 1.0
    np.testing.assert_array_equal(before, shares(strengthless))


def test_an_expected_wait_loses_patients() -> None:
    model = start(1, METRO)
    before = shares(model)
    site = int(np.argmax(before.sum(axis=1)))
    model.sites.expected_wait[site] += 60.0
    assert shares(model)[site].sum() < before[site].sum()


@pytest.mark.parametrize("change", ["closed", "unstaffed", "no_infusion"])
def test_a_site_that_cannot_treat_gets_nobody(change: str) -> None:
    model = start(1, METRO)
    site = int(np.argmax(shares(model).sum(axis=1)))
    if change == "closed":
        model.sites.open[site] = False
    elif change == "unstaffed":
        model.sites.oncologists[site] = 0.0
    else:
        model.sites.lines[site, 0] = False
    after = shares(model)
    assert after[site].sum() == 0
    assert after.sum() > 0


def test_tertiary_patients_go_where_cellular_therapy_is() -> None:
    model = start(1, METRO)
    found = shares(model).reshape(len(model.sites), 5, 3)[:, :, 2].sum(axis=1)
    offers = model.sites.lines[:, 5]
    assert found[offers].sum() > 0
    assert (found[~offers] == 0).all()


def test_the_nearest_is_the_nearest_that_works() -> None:
    model = start(1, METRO)
    working = model.sites.open.copy()
    first = nearest_open(model, working)
    pairs = model.pairs
    for zone in range(len(model.zones)):
        rows = np.arange(pairs.start[zone], pairs.start[zone + 1])
        best = pairs.minutes[rows].min()
        assert set(rows[first[rows]]) == set(rows[pairs.minutes[rows] == best])
    home = slice(pairs.start[0], pairs.start[1])
    working[pairs.site[home][first[home]]] = False
    second = nearest_open(model, working)
    assert second[home].any() and not (first & second)[home].any()
    assert (pairs.minutes[home][second[home]] >= pairs.minutes[home][first[home]].max()).all()


def test_kinds_are_balanced_at_the_start_and_left_alone_without_it() -> None:
    def gap(balance: float) -> float:
        model = start(1, METRO, behaviour={"choice.start_balance": balance})
        sites = model.sites
        academic = np.isin(sites.kind, (AMC_MAIN, AMC_SATELLITE))
        time = sites.oncologists * sites.open * np.where(academic, float(model.law["choice.academic_time"]), 1.0)
        nest = NEST_OF_KIND[sites.kind]
        supply, demand = np.bincount(nest, time, 4), np.bincount(nest, model.arrivals, 4)
        return float(np.abs(supply / supply.sum() - demand / demand.sum()).max())

    assert gap(1.0) < 0.03
    assert gap(0.0) > 2 * gap(1.0)
    assert len(NEST_OF_KIND) == len(SITE_KINDS)
