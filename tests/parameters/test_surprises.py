"""Law that is announced late is not anticipated before it is announced; law in force is always known."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest

from oncsim.calendar import Quarter, quarters_between
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry

ADDON, SHARE = "payment.medicare.drug_addon", "policy.site_neutral.drug_administration"
Q = Quarter.parse
TIMES = quarters_between(Q("2026Q1"), Q("2032Q4"))


def registry() -> Registry:
    return _REGISTRY[0]


_REGISTRY: list[Registry] = []


@pytest.fixture(autouse=True)
def _with_registry(tiny: Registry) -> None:
    _REGISTRY[:] = [tiny]


def policy(announced: str | None, **how: object) -> Parameters:
    known = Q(announced) if announced else None
    return Parameters(registry(), [Override(ADDON, (), 0.01, "policy", start=Q("2028Q1"), announced=known, **how)])  # type: ignore[arg-type]


def test_where_all_is_known_it_is_the_plain_lookup_itself() -> None:
    for parameters in (Parameters(registry()), policy(None)):
        for at in (Q("2027Q1"), Q("2028Q2")):
            assert parameters.anticipated(Q("2026Q1"), at) is parameters.at(at)
    surprise = policy("2028Q1")
    assert surprise.anticipated(Q("2026Q1"), Q("2027Q4")) is surprise.at(Q("2027Q4"))
    assert surprise.anticipated(Q("2028Q1"), Q("2028Q2")) is surprise.at(Q("2028Q2"))


def test_a_policy_is_expected_from_its_announcement() -> None:
    later = Q("2030Q1")
    for announced, first in ((None, "2026Q1"), ("2026Q1", "2026Q1"), ("2027Q2", "2027Q2"), ("2028Q1", "2028Q1")):
        parameters = policy(announced)
        expected = [parameters.anticipated(now, later)[ADDON] for now in TIMES]
        assert expected == [0.06 if now < Q(first) else 0.01 for now in TIMES]


def test_announced_and_surprise_differ_in_expectation_alone() -> None:
    one, other = policy("2028Q1"), policy(None)
    assert [one.at(q)[ADDON] for q in TIMES] == [other.at(q)[ADDON] for q in TIMES]
    assert one.anticipated(Q("2027Q4"), Q("2028Q1"))[ADDON] != other.anticipated(Q("2027Q4"), Q("2028Q1"))[ADDON]


def test_without_the_surprise_the_scheduled_law_is_expected() -> None:
    # Open-ended, the policy cancels the change that law has scheduled for 2031; nobody knows that before.
    parameters = policy("2028Q1")
    assert parameters.at(Q("2031Q1"))[ADDON] == 0.01
    assert parameters.anticipated(Q("2027Q4"), Q("2031Q1"))[ADDON] == 0.04


def test_window_and_end_are_one_announcement() -> None:
    parameters = policy("2027Q1", until=Q("2029Q4"), then="restore")
    before = [parameters.anticipated(Q("2026Q4"), at)[ADDON] for at in (Q("2028Q1"), Q("2030Q1"))]
    after = [parameters.anticipated(Q("2027Q1"), at)[ADDON] for at in (Q("2028Q1"), Q("2030Q1"))]
    assert (before, after) == ([0.06, 0.06], [0.01, 0.06])


def test_dated_law_of_the_registry_may_be_announced_too() -> None:
    parameters = Parameters(registry())
    later = Q("2030Q1")
    known = {str(now): parameters.anticipated(now, later)[SHARE] for now in (Q("2025Q3"), Q("2025Q4"), Q("2028Q3"))}
    assert known["2025Q3"] == {"on_campus": 1.0, "excepted": 1.0, "non_excepted": 0.4}
    assert known["2025Q4"] == {"on_campus": 1.0, "excepted": 0.4, "non_excepted": 0.4}
    assert known["2028Q3"] == {"on_campus": 0.9, "excepted": 0.4, "non_excepted": 0.4}


def test_what_is_known_only_grows() -> None:
    parameters = Parameters(registry(), policy("2027Q2").overrides)
    later = Q("2030Q1")
    right = [
        [parameters.anticipated(now, later)[name] == parameters.at(later)[name] for name in (ADDON, SHARE)]
        for now in quarters_between(Q("2024Q1"), Q("2030Q1"))
    ]
    assert all(a <= b for earlier, after in pairwise(right) for a, b in zip(earlier, after, strict=True))
    assert right[0] == [False, False] and right[-1] == [True, True]


def test_reads_ahead_of_time_are_reads_and_copies_foresee_the_same() -> None:
    parameters = policy("2028Q1")
    assert parameters.anticipated(Q("2027Q1"), Q("2029Q1"))[ADDON] == 0.06
    assert parameters.reads == {ADDON}
    copy = pickle.loads(pickle.dumps(parameters))
    assert copy.anticipated(Q("2027Q1"), Q("2029Q1"))[ADDON] == 0.06
    assert copy.anticipated(Q("2028Q1"), Q("2029Q1"))[ADDON] == 0.01


def test_the_same_question_twice_is_looked_up_once() -> None:
    parameters = policy("2028Q1")
    first = parameters.anticipated(Q("2027Q1"), Q("2029Q1"))
    assert parameters.anticipated(Q("2027Q2"), Q("2029Q1")) is first
