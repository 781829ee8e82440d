"""Warnings of scenarios that can do nothing."""

from __future__ import annotations

from typing import Any

from markets import scenario

WISCONSIN = {"source": "embedded", "states": ["WI"]}
SEQUESTER = "payment.medicare.sequester"


def warnings(*policy: dict[str, Any], market: dict[str, Any] | None = None) -> list[str]:
    return [w for w in scenario(8, market, policy=list(policy)).warnings if "nothing" in w]


def test_a_policy_that_says_what_law_says_is_named() -> None:
    assert warnings({"set": SEQUESTER, "from": "2026Q2", "to": 0.02}) == [
        f"{SEQUESTER} is set to what law says anyway: this changes nothing"
    ]
    assert warnings({"set": SEQUESTER, "from": "2026Q2", "to": 0.03}) == []


def test_one_class_that_differs_is_enough() -> None:
    name = "policy.site_neutral.drug_administration.excepted"
    # In 2026 rural sole community hospitals are exempt: 0.4 for all is a change for them.
    assert warnings({"set": name, "to": 0.4}) == []
    assert len(warnings({"set": name, "to": 0.4, "where": {"hospital_class": "general"}})) == 1


def test_states_that_the_market_lacks_are_named() -> None:
    moratorium = {"set": "policy.p340b.new_child_sites", "to": False}
    none = warnings(moratorium | {"where": {"state": ["TX", "LA"]}}, market=WISCONSIN)
    assert none == [
        "policy.p340b.new_child_sites [state: LA, TX]: the market has nothing in LA, TX, so the policy changes nothing"
    ]
    some = warnings(moratorium | {"where": {"state": ["TX", "WI"]}}, market=WISCONSIN)
    assert some == ["policy.p340b.new_child_sites [state: TX, WI]: the market has nothing in TX"]
    assert warnings(moratorium | {"where": {"state": "WI"}}, market=WISCONSIN) == []
