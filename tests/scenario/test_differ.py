from __future__ import annotations

from oncsim.scenario.differ import differences

from .conftest import Write


def test_equal_scenarios_do_not_differ(load: Write) -> None:
    assert differences(load(), load()) == []


def test_differences_are_named_with_their_quarters(load: Write) -> None:
    a = load()
    b = load(
        "policy:\n"
        "  - {set: payment.medicare.drug_addon, from: 2028Q1, until: 2029Q4, to: 0.05, then: restore}\n"
        "events:\n  - {at: 2028Q1, do: lose_340b, org: largest_system}\n",
        sets=["market.seed=3", "horizon.end=2034Q4"],
    )
    rows = differences(a, b)
    assert ("payment.medicare.drug_addon", "2028Q1-2029Q4", "0.06", "0.05") in rows
    assert ("market.seed", "", "1", "3") in rows
    assert ("horizon.end", "", "2035Q4", "2034Q4") in rows
    assert next(row for row in rows if row[0] == "events")[2] == "-"
    assert len(rows) == 4
