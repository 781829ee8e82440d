"""What differs between two scenarios is found with values, dates and the line that sets it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from oncsim.calendar import Quarter
from oncsim.comparing.law import begins, changes, facts, force, span
from oncsim.scenario import Scenario, load_scenario

BASE = {
    "schema": "oncsim/scenario/1",
    "title": "A trial",
    "horizon": {"start": "2026Q1", "end": "2030Q4"},
    "market": {"source": "archetype", "kind": "rural"},
}
CUT = {"set": "policy.p340b.medicare_rate", "from": "2027Q1", "to": 0.7, "source": "judgement"}
RAMP = {
    "set": "policy.p340b.medicare_rate",
    "from": "2028Q1",
    "ramp": {"to": 0.7, "over": "4 quarters"},
    "source": "judgement",
}


def load(folder: Path, name: str, **sections: object) -> Scenario:
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({**BASE, "id": name, **sections}, sort_keys=False))
    return load_scenario(file)


def test_old_and_new_value_dates_and_line_are_told(tmp_path: Path) -> None:
    base, other = load(tmp_path, "base"), load(tmp_path, "other", policy=[CUT])
    (one,) = changes(base, other)
    assert (one["name"], one["new"], one["from"], one["until"]) == ("policy.p340b.medicare_rate", "0.7", "2027Q1", "2030Q4")
    assert one["old"] == "1.06" and one["kind"] == "policy" and one["title"]
    line = int(one["place"].removeprefix("other.yaml:"))
    assert "policy.p340b.medicare_rate" in (tmp_path / "other.yaml").read_text().splitlines()[line - 1]
    assert begins([one]) == "2027Q1" and "step" not in one
    (back,) = changes(other, base)
    assert (back["old"], back["new"]) == (one["new"], one["old"])  # the other way round, told of the baseline's line
    assert back["place"] == one["place"]


def test_a_ramp_is_told_as_one_change_with_its_first_step(tmp_path: Path) -> None:
    (one,) = changes(load(tmp_path, "base"), load(tmp_path, "other", policy=[RAMP]))
    assert one["new"] == "0.7" and float(one["step"]) > 0.9 and one["from"] == "2028Q1"


def test_equal_scenarios_differ_in_nothing(tmp_path: Path) -> None:
    assert changes(load(tmp_path, "base", policy=[CUT]), load(tmp_path, "twin", policy=[CUT])) == []
    assert begins([]) == ""


def test_behaviour_counts_only_where_no_law_differs(tmp_path: Path) -> None:
    base = load(tmp_path, "base")
    other = load(tmp_path, "other", policy=[CUT], behaviour={"practice.autonomy.spread": 0.5})
    found = changes(base, other)
    assert {one["kind"] for one in found} == {"policy", "behaviour"} and begins(found) == "2027Q1"
    only = changes(base, load(tmp_path, "third", behaviour={"practice.autonomy.spread": 0.5}))
    assert begins(only) == "2026Q1"


def test_a_scripted_event_is_a_change(tmp_path: Path) -> None:
    event = {"at": "2026Q3", "do": "capacity_shock", "org": "largest_practice", "fraction": -0.1, "quarters": 2}
    (one,) = changes(load(tmp_path, "base"), load(tmp_path, "other", events=[event]))
    assert one["kind"] == "events" and one["from"] == "2026Q3"


def test_ten_years_from_the_start_cut_at_the_horizon() -> None:
    first, last = Quarter(2026, 1), Quarter(2040, 4)
    assert span(first, last, "2027Q3") == (Quarter(2027, 3), Quarter(2037, 2))
    assert span(first, Quarter(2030, 4), "2027Q3") == (Quarter(2027, 3), Quarter(2030, 4))
    assert span(first, last, "") == (first, Quarter(2035, 4))


def test_a_published_score_comes_with_the_title_of_its_source(tmp_path: Path) -> None:
    score = {"amount": -2e9, "years": 10, "of": "Medicare", "source": {"cite": "p340b_discount"}, "note": "all care"}
    other = load(tmp_path, "other", mechanism="Less is paid.", published=[score])
    found = facts(other)
    assert found["mechanism"] == "Less is paid."
    (one,) = found["published"]
    assert (one["amount"], one["years"], one["of"], one["note"]) == (-2e9, 10, "Medicare", "all care")
    assert one["source"] == other.parameters.registry.sources["p340b_discount"].title


def test_all_codes_of_a_parameter_are_one_change(tmp_path: Path) -> None:
    name = "policy.site_neutral.drug_administration.on_campus"
    cut = {"set": name, "from": "2027Q1", "to": 0.4, "source": "judgement"}
    (one,) = changes(load(tmp_path, "base"), load(tmp_path, "other", policy=[cut]))
    assert one["name"] == "policy.site_neutral.drug_administration" and "(on campus" in one["title"]
    assert "excepted" not in one["title"] and one["new"] == "0.4"


def test_parameters_that_one_entry_sets_alike_are_one_change_and_what_is_spared_is_named(tmp_path: Path) -> None:
    some = ["general", "rural_referral", "sole_community_rural", "sole_community_urban", "childrens"]
    cut = {"set": "policy.office_equal", "from": "2028Q1", "ramp": {"to": 1.0, "over": "4 quarters"}, "source": "judgement"}
    cut["where"] = {"service": ["administration", "visit"], "hospital_class": some}
    (one,) = changes(load(tmp_path, "base"), load(tmp_path, "other", policy=[cut]))
    assert one["title"] == "Equal to the office (drug administration, clinic visits; all but critical access, cancer)"
    assert (one["unit"], one["from"], one["full"]) == ("share of the way", "2028Q1", "2028Q4")
    two = {"administration": "2028Q1", "visit": "2029Q1"}
    apart = [{**cut, "where": {**cut["where"], "service": name}, "from": start} for name, start in two.items()]
    apart = json.loads(json.dumps(apart))  # no part shared, which the file would show as an anchor
    assert len(changes(load(tmp_path, "base"), load(tmp_path, "apart", policy=apart))) == 2


def test_a_change_that_only_becomes_known_earlier_is_told_as_that(tmp_path: Path) -> None:
    known = {**CUT, "from": "2029Q1", "announced": "2027Q1"}
    late = {**CUT, "from": "2029Q1", "announced": "2028Q3"}
    (one,) = changes(load(tmp_path, "base", policy=[known]), load(tmp_path, "other", policy=[late]))
    assert one["title"].startswith("Medicare rate for 340B drugs") and one["title"].endswith(" announced")
    assert (one["old"], one["new"], one["unit"], one["from"]) == ("2027Q1", "2028Q3", "", "2029Q1")


def test_a_scenario_without_scores_has_none(tmp_path: Path) -> None:
    assert facts(load(tmp_path, "base")) == {"mechanism": "", "published": []}


def test_a_law_that_ends_before_the_horizon_has_quarters_in_force(tmp_path: Path) -> None:
    base = load(tmp_path, "base")
    ends = load(tmp_path, "ends", policy=[{**CUT, "until": "2028Q2", "then": "restore"}])
    stays = load(tmp_path, "stays", policy=[CUT])
    assert force(changes(base, ends), "2030Q4") == ("2027Q1", "2028Q2")
    assert force(changes(base, ends), "2028Q2") is None  # cut at the horizon it never ends
    assert force(changes(base, stays), "2030Q4") is None and force([], "2030Q4") is None
