from __future__ import annotations

import pytest

from oncsim.calendar import Quarter, quarters_between
from oncsim.parameters.explain import spans
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry

ADDON = "payment.medicare.drug_addon"
TIMES = quarters_between(Quarter(2026, 1), Quarter(2033, 4))


def told(parameters: Parameters, name: str) -> list[tuple[str, str, str]]:
    rows = spans(parameters.explain(name, TIMES))
    return [(f"{first.quarter}-{last}", first.by, first.place) for first, last in rows]


def test_the_registry_is_named_with_date_source_and_line(tiny: Registry) -> None:
    assert told(Parameters(tiny), ADDON) == [
        ("2026Q1-2030Q4", "registry, from 2005Q1 (source: I01)", "registry/payment.yaml:11"),
        ("2031Q1-2033Q4", "registry, from 2031Q1 (source: I01)", "registry/payment.yaml:12"),
    ]


def test_a_window_and_its_restoration_are_told_apart(tiny: Registry) -> None:
    change = Override(
        ADDON,
        (),
        0.1,
        "policy",
        start=Quarter(2028, 1),
        until=Quarter(2028, 4),
        then="restore",
        file="s.yaml",
        line=9,
    )
    rows = told(Parameters(tiny, [change]), ADDON)
    assert rows[1] == ("2028Q1-2028Q4", "policy, from 2028Q1 until 2028Q4", "s.yaml:9")
    assert rows[2][1] == "registry, from 2005Q1 (source: I01); restored after 2028Q4"


def test_a_ramp_shows_its_steps_and_what_it_cancels(tiny: Registry) -> None:
    change = Override(ADDON, (), 0.1, "policy", start=Quarter(2028, 1), ramp=3, file="s.yaml", line=9)
    rows = told(Parameters(tiny, [change]), ADDON)
    assert "ramp step 2 of 3" in rows[2][1]
    assert "the change scheduled for 2031Q1 no longer applies" in rows[-1][1]


@pytest.mark.parametrize("at, cancels", [(2026, True), (2031, False), (2032, False)])
def test_what_holds_throughout_cancels_only_what_is_still_to_come(tiny: Registry, at: int, cancels: bool) -> None:
    parameters = Parameters(tiny, [Override(ADDON, (), 0.1, "policy", file="--set")])
    rows = parameters.explain(ADDON, [Quarter(at, 1)])
    assert ("2031Q1 no longer applies" in rows[0].by) == cancels
    assert "2005" not in rows[0].by and "2013" not in rows[0].by


def test_every_explained_value_is_the_value_that_is_used(tiny: Registry) -> None:
    changes = [
        Override(ADDON, (), 0.1, "policy", start=Quarter(2027, 3), until=Quarter(2029, 1), then="hold"),
        Override("practice.loyalty", ("tertiary", "metro"), 1.0, "behaviour"),
    ]
    parameters = Parameters(tiny, changes)
    for row in parameters.explain(ADDON, TIMES):
        assert row.value == parameters.at(row.quarter)[ADDON]
    for row in parameters.explain("practice.loyalty", TIMES[:1]):
        need, rural = row.path.split(".")[-2:]
        assert row.value == parameters.at(TIMES[0])["practice.loyalty"][need][rural]


def test_drift_is_named(tiny: Registry) -> None:
    rows = told(Parameters(tiny), "payment.medicare.visit_fee")
    assert "110 then growing by economy.price_growth" in rows[0][1]


def test_an_unknown_name_raises_with_what_is_near(tiny: Registry) -> None:
    with pytest.raises(KeyError, match="did you mean 'medicaid'"):
        Parameters(tiny).explain("payment.coverage.medicade", TIMES)
