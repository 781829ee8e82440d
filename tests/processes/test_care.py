from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets import METRO, MIXED, finish, start, tiny_markets
from oncsim.codes import NEEDS
from oncsim.market.form import Market
from oncsim.processes.care import course_of_treatment, infusion_days, queue_days, seekers, start_capacity
from oncsim.processes.demand import round_systematically

INTEGER = {"patients": "integer"}


def erlang_wait(load: float, servers: int) -> float:
    """Return the exact mean wait of M/M/c in units of one service (Erlang C)."""
    offered = load * servers
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    waits = blocked / (1 - load * (1 - blocked))
    return waits / (servers * (1 - load))


@pytest.mark.parametrize("load", [0.05, 0.3, 0.6, 0.9, 0.95])
def test_one_server_is_exact(load: float) -> None:
    found = queue_days(np.array([load]), np.array([1.0]), 3.0, 1.0)[0]
    assert found == pytest.approx(3.0 * load / (1 - load), rel=1e-12)
    assert found == pytest.approx(3.0 * erlang_wait(load, 1), rel=1e-12)


@pytest.mark.parametrize("servers", [2, 3, 5, 10, 25])
@pytest.mark.parametrize("load", [0.8, 0.9, 0.95])
def test_several_servers_within_a_few_percent_of_erlang_c(servers: int, load: float) -> None:
    found = queue_days(np.array([load]), np.array([float(servers)]), 1.0, 1.0)[0]
    # The approximation is made for busy servers; with many of them at 80 % the wait itself is next to nothing.
    assert found == pytest.approx(erlang_wait(load, servers), rel=0.05, abs=0.016)


def test_published_example() -> None:
    """Ten servers at 90 %: Erlang C gives 0.66873, the approximation 0.678 (methods 2b)."""
    assert erlang_wait(0.9, 10) == pytest.approx(0.66873, abs=1e-5)
    assert queue_days(np.array([0.9]), np.array([10.0]), 1.0, 1.0)[0] == pytest.approx(0.678, abs=5e-4)


@given(st.floats(0, 3), st.floats(0, 3), st.floats(0.1, 60), st.floats(0, 3))
def test_waits_rise_with_load_and_stay_finite(one: float, other: float, servers: float, variability: float) -> None:
    low, high = sorted((one, other))
    waits = queue_days(np.array([low, high]), np.full(2, servers), 3.3, variability)
    assert 0 <= waits[0] <= waits[1] < math.inf


def test_no_variability_no_queue() -> None:
    assert queue_days(np.array([0.9]), np.array([3.0]), 3.3, 0.0)[0] == 0.0


# -- course of treatment --------------------------------------------------------------------------------------------


def test_time_under_treatment_adds_to_the_mean_of_the_registry() -> None:
    months = {"standard": 4.0, "advanced": 17.0, "tertiary": 0.7}
    model = start(1, MIXED, behaviour={"care.months_in_treatment": months})
    course = course_of_treatment(model)
    there, spent = course.staying_new.copy(), course.time_new.copy()
    for _ in range(400):  # until nobody is left
        spent += there * course.time
        there *= course.staying
    np.testing.assert_allclose(spent.reshape(5, 3) * 3.0, np.broadcast_to([months[n] for n in NEEDS], (5, 3)), rtol=1e-9)
    assert (there < 1e-6).all()


def test_people_in_care_follow_the_course() -> None:
    # Follow-up care that partners send back moves people under treatment between them.
    model = start(3, METRO, behaviour={"partnership.conduct.follow_up": 0.0})
    course = course_of_treatment(model)
    for _ in range(3):
        before = model.sites.in_care.copy()
        open_before = model.sites.open.copy()
        model.step()
        still = model.sites.open[: len(before)] & open_before
        if still.all():  # closing sites hand their patients on
            expected = before * course.staying + model.sites.starts[: len(before)] * course.staying_new
            np.testing.assert_allclose(model.sites.in_care[: len(before)], expected, atol=1e-9)
        time = model.care.patient_quarters.sum(axis=1)
        np.testing.assert_allclose(model.sites.infusions, model.care.patient_quarters * infusion_days(model), atol=1e-9)
        assert (time >= 0).all()


# -- capacity -------------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(tiny_markets(), st.sampled_from([1.0, 3.0]))
def test_nobody_is_served_beyond_capacity(market: Market, crowding: float) -> None:
    model = start(3, market, behaviour={"demand.systemic_share": min(0.33 * crowding, 1.0)})
    while not model.finished:
        model.step()
        served = model.sites.starts.sum(axis=1)
        capacity = np.append(model.capacity, np.zeros(len(served) - len(model.capacity)))
        assert (served <= capacity * (1 + 1e-9) + 1e-9).all()
        np.testing.assert_allclose(served + model.sites.backlog * model.sites.open, model.arrivals * model.sites.open)
        assert (model.sites.wait_days >= 0).all() and np.isfinite(model.sites.wait_days).all()


def test_more_load_longer_waits_in_a_market() -> None:
    means = []
    for share in (0.3, 0.57, 0.9):
        model = finish(start(2, METRO, behaviour={"demand.systemic_share": share}))
        means.append(np.average(model.sites.wait_days, weights=model.arrivals))
    assert means[0] < means[1] < means[2]


def test_a_site_full_of_patients_keeps_a_tenth_of_its_chairs_for_new_ones() -> None:
    model = start(1, METRO)
    model.sites.in_care[:] = 1e6
    full = start_capacity(model)
    model.sites.in_care[:] = 0.0
    empty = start_capacity(model)
    model.sites.chairs[:] = 1e9
    by_time = start_capacity(model)
    working = model.sites.oncologists > 0
    assert (full[working] > 0).all() and (full <= empty).all() and (empty <= by_time).all()
    assert (full[working] < empty[working]).any()


def test_nobody_seeks_where_nobody_treats_and_a_few_give_up() -> None:
    model = start(1, METRO, behaviour={"choice.untreated.giving_up": 0.25})
    model.step()
    before = np.full_like(model.new_patients, 8.0)
    model.choice.treated[0] = 0.0
    seeking, untreated = seekers(model, before)
    assert (seeking[0] == 0).all()
    np.testing.assert_allclose(seeking[1:], model.new_patients[1:] * model.choice.treated[1:] + 6.0)
    np.testing.assert_allclose(seeking + untreated, model.new_patients + before)


# -- whole people ---------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20), st.floats(0.001, 0.999))
def test_rounding_keeps_each_entry_and_the_total_within_one(expected: list[float], u: float) -> None:
    whole = round_systematically(np.array([expected]), np.array([u]))[0]
    assert (whole == np.floor(whole)).all()
    assert (np.abs(whole - expected) < 1 + 1e-9).all()
    assert abs(whole.sum() - sum(expected)) < 1 + 1e-9


def test_rounding_is_right_on_average() -> None:
    rng = np.random.default_rng(0)
    expected = rng.uniform(0, 3, 12)
    grid = (np.arange(100_000) + 0.5) / 100_000
    mean = round_systematically(np.broadcast_to(expected, (len(grid), 12)), grid).mean(axis=0)
    np.testing.assert_allclose(mean, expected, atol=1e-4)


def test_whole_people_stay_whole_and_none_is_lost() -> None:
    model = start(6, METRO, settings=INTEGER)
    while not model.finished:
        model.step()
        flows = model.flows
        for part in (flows.new, flows.untreated, flows.waiting, flows.started, flows.pair_started, model.sites.starts):
            assert (part == np.round(part)).all() and (part >= 0).all()
        np.testing.assert_array_equal(flows.new + flows.waiting_before, flows.started + flows.untreated + flows.waiting)
        assert model.sites.starts.sum() == flows.started.sum() == flows.pair_started.sum()


def test_whole_people_are_as_many_as_expected_within_one_a_cell() -> None:
    model = start(1, METRO, settings=INTEGER)
    people = []
    for replicate in range(12):
        model = start(1, METRO, settings=INTEGER, replicate=replicate)
        expected = start(1, METRO, replicate=replicate)
        model.step(), expected.step()
        assert (np.abs(model.flows.new - expected.flows.new) < 1).all()
        people.append(model.flows.started.sum())
    total = expected.flows.started.sum()
    # One uniform a cell: the total of 360 cells is off by a few people at most, and right on average.
    assert np.mean(people) == pytest.approx(total, rel=0.02)
    assert np.std(people) > 0
