"""What expectations measure, against tables small enough to see the answer in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import oncsim
from markets import RURAL, start
from oncsim.codes import EVENT_KINDS, TIE_FORMS, TIE_RUNGS
from oncsim.comparing.expectations import words_of
from oncsim.comparing.measuring import between, measured, tie_path
from oncsim.scenario.measures import Expectation

NAN = float("nan")
# Replicate 0: a referral that ends, coverage in the other order beside it, then a purchase without trust of its own.
TIES = [
    (0, "2026Q1", "r", "P", "S", "referral", "active", 0.5, 0.6),
    (0, "2026Q2", "r", "P", "S", "referral", "active", 0.4, 0.6),
    (0, "2026Q2", "c", "S", "P", "inpatient_coverage", "ramp_up", 0.8, 0.3),
    (0, "2026Q3", "r", "P", "S", "referral", "dissolved", 0.1, 0.2),
    (0, "2026Q3", "c", "S", "P", "inpatient_coverage", "dissolved", 0.7, 0.2),
    (0, "2026Q4", "o", "S", "P", "acquisition", "active", NAN, NAN),
    # Replicate 1: looked at, never signed.
    (1, "2026Q2", "x", "P", "S", "joint_venture", "prospect", 0.9, 0.9),
    (1, "2026Q1", "y", "P", "Q", "referral", "active", 0.9, 0.9),
]
ORGS = [
    (0, "2026Q1", "P", "practice", "active", "", 10.0),
    (0, "2026Q2", "P", "practice", "active", "", 20.0),
    (0, "2026Q3", "P", "practice", "acquired", "S", 0.0),
    (0, "2026Q4", "P", "practice", "acquired", "S", 0.0),
    (0, "2026Q4", "S", "health_system", "active", "", 50.0),
    (1, "2026Q4", "P", "practice", "closed", "", 0.0),
    (1, "2026Q4", "S", "health_system", "active", "", 30.0),
]
EVENTS = [
    (0, "2026Q1", "talks_begin", "P", "S"),
    (0, "2026Q2", "talks_begin", "S", "P"),
    (0, "2026Q4", "talks_begin", "P", ""),
    (1, "2026Q4", "closure", "P", ""),
]
TABLES = {
    "ties": pd.DataFrame(TIES, columns=["replicate", "quarter", "tie", "a", "b", "form", "stage", "trust_ab", "trust_ba"])
    .assign(staff_support=[0.7, 0.6, 0.8, 0.3, 0.2, NAN, 0.5, 0.5])
    .astype({"quarter": "category", "a": "category", "b": "category"}),
    "organizations": pd.DataFrame(ORGS, columns=["replicate", "quarter", "org", "kind", "status", "owner", "patients"]),
    "events": pd.DataFrame(EVENTS, columns=["replicate", "quarter", "event", "actor", "other"]),
}


def values(**asked: Any) -> list[float]:
    one = Expectation.model_validate({"sign": "zero", **asked}, strict=False)
    return measured(one, TABLES.__getitem__, "2026Q1", "2026Q4", range(2)).tolist()


def of_tie(value: str, **asked: Any) -> list[float]:
    return values(tie=["P", "S"], value=value, **asked)


def test_the_ladder_has_every_form_once() -> None:
    assert set(TIE_RUNGS) == set(TIE_FORMS)
    assert TIE_RUNGS["referral"] == min(TIE_RUNGS.values()) and TIE_RUNGS["acquisition"] == max(TIE_RUNGS.values())


def test_a_tie_lives_while_one_does() -> None:
    assert [of_tie("living", at=f"2026Q{q}")[0] for q in (1, 2, 3, 4)] == [1, 1, 0, 1]
    assert of_tie("living", **{"from": "2026Q1", "until": "2026Q4"}) == [0.75, 0]
    assert of_tie("living") == [1, 0]


def test_trust_is_of_the_first_in_the_second_whichever_order_the_table_has() -> None:
    # In the second quarter the coverage is the closer form; its first is S.
    assert [of_tie("trust_ab", at=f"2026Q{q}")[0] for q in (1, 2)] == [0.5, 0.3]
    assert [of_tie("trust_ba", at=f"2026Q{q}")[0] for q in (1, 2)] == [0.6, 0.8]
    assert values(tie=["S", "P"], value="trust_ab", at="2026Q2")[0] == 0.8
    assert of_tie("trust_min", at="2026Q2") == [0.3, 0]


def test_trust_of_what_has_ended_is_the_last_known_and_none_without_a_tie() -> None:
    # Of the two that ended, the closer form; ownership has no trust of its own, so the last known stays.
    assert [of_tie("trust_ab", at=f"2026Q{q}") for q in (3, 4)] == [[0.2, 0], [0.2, 0]]


def test_rung_and_age() -> None:
    assert [of_tie("rung", at=f"2026Q{q}")[0] for q in (1, 2, 3, 4)] == [1, 2, 0, 8]
    assert [of_tie("age", at=f"2026Q{q}")[0] for q in (1, 2, 3, 4)] == [1, 2, 0, 1]


def test_support_of_the_staff_is_that_for_the_closest_tie_and_the_last_known_after_it() -> None:
    assert [of_tie("staff", at=f"2026Q{q}")[0] for q in (1, 2, 3, 4)] == [0.7, 0.8, 0.2, 0.2]


def test_a_window_that_begins_late_knows_what_was_before() -> None:
    assert of_tie("age", at="2026Q2")[0] == of_tie("age", **{"from": "2026Q2", "until": "2026Q2"})[0] == 2
    whole = tie_path(between(TABLES["ties"].query("replicate == 0"), "P", "S"), "P", ["2026Q1", "2026Q2"])
    assert [state.stage for _, state in whole] == ["active", "ramp_up"]


def test_values_of_an_organisation() -> None:
    assert values(org="P", value="independent") == [0, 0]
    assert values(org="P", value="independent", until="2026Q3")[0] == pytest.approx(2 / 3)
    assert values(org="P", value="open", at="2026Q2")[0] == 1
    assert values(org="S", value="open") == [1, 1]
    assert values(org="P", value="patients", until="2026Q2")[0] == 15
    assert values(org="S", value="patients", minus={"org": "P", "value": "patients"}) == [50, 30]
    assert np.isnan(values(org="S", value="patients", at="2026Q1")).all()


def test_events_by_role() -> None:
    assert values(event="talks_begin") == [3, 0]
    assert values(event="talks_begin", org="P") == [3, 0]
    assert values(event="talks_begin", org="P", **{"as": "actor"}) == [2, 0]
    assert values(event="talks_begin", org="P", **{"as": "other"}, until="2026Q1") == [0, 0]
    assert values(
        event="talks_begin", org="P", **{"as": "actor"}, minus={"event": "talks_begin", "org": "S", "as": "actor"}
    ) == [1, 0]


def test_events_of_several_kinds_count_together() -> None:
    both = ["talks_begin", "closure"]
    assert values(event=both) == [3, 1]
    assert values(event=both, org="S") == [2, 0]
    assert values(event=["closure"]) == values(event="closure") == [0, 1]
    assert words_of(Expectation(event=both, org="P", min=1)) == "events talks_begin or closure with P at least 1"


def test_every_kind_of_event_that_is_told_is_known_and_every_known_one_is_told() -> None:
    told: set[str] = set()
    for path in Path(oncsim.__file__).parent.rglob("*.py"):
        if path.name != "codes.py":
            told |= {kind for kind in EVENT_KINDS if f'"{kind}"' in path.read_text(encoding="utf-8")}
    assert told == set(EVENT_KINDS)
    model = start(1, RURAL)
    with pytest.raises(ValueError, match="no kind of event 'party'"):
        model.tell("party", 0)


def test_words() -> None:
    names = {"P": "Plains", "S": "Prairie"}
    one = Expectation(tie=["P", "S"], value="trust_ab", min=0.5, versus="control", until="2026Q3")
    assert words_of(one, names) == "trust of Plains in Prairie until 2026Q3 against control at least 0.5"
    two = Expectation(org="P", value="margin", minus={"org": "S", "value": "margin"}, sign="positive", at="2026Q3")
    assert words_of(two, names) == "margin of Plains minus margin of Prairie in 2026Q3 positive"
    three = Expectation(event="talks_begin", org="P", as_="actor", min=2, max=2)
    assert words_of(three, names) == "events talks_begin by Plains exactly 2"
    assert words_of(Expectation(metric="consolidation.hhi", max=1000)) == "consolidation.hhi at most 1000"
    assert words_of(Expectation(metric="consolidation.hhi", max=1000), names) != words_of(
        Expectation(metric="consolidation.hhi", max=1000)
    )
