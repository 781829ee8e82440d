"""Policies limited to services and places, announced late, and what is published of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oncsim.calendar import Quarter
from oncsim.errors import InputError
from oncsim.parameters.axes import AXES
from oncsim.parameters.registry import Registry
from oncsim.scenario.differ import differences
from oncsim.scenario.json_schema import json_schema
from oncsim.scenario.load import load_scenario

from .conftest import Write

Q = Quarter.parse
SHARE, VISIT, SITES = "policy.site_neutral.drug_administration", "policy.site_neutral.clinic_visit", "policy.child_sites"
ADDON = "payment.medicare.drug_addon"


def place(**codes: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    where = {"department": "on_campus", "hospital_class": "general", "state": "OR", "rural": "metro"} | codes
    return {dimension: np.array([AXES[dimension].index(code)]) for dimension, code in where.items()}


GROUP = (
    "policy:\n  - set: policy.site_neutral\n    from: 2028Q1\n    to: 0.3\n"
    "    where: {service: [administration, visit], setting: on_campus, state: [KY, TN]}\n"
)


def test_a_group_sets_the_parameters_of_its_services(load: Write) -> None:
    values = load(GROUP).parameters.at(Q("2028Q1"))
    for name in (SHARE, VISIT):
        assert values[name]["on_campus"] == 1.0
        assert values.over(name, place(state="TN")) == [0.3]
        assert values.over(name, place()) == [1.0]
        assert values.over(name, place(state="TN", department="non_excepted")) == [values[name]["non_excepted"]]
    assert values["policy.site_neutral.spill_over"] == 0
    one = load(GROUP.replace("[administration, visit]", "visit")).parameters.at(Q("2028Q1"))
    assert one.over(SHARE, place(state="TN")) == [1.0] and one.over(VISIT, place(state="TN")) == [0.3]


def test_a_group_without_where_takes_every_service(load: Write) -> None:
    values = load("policy:\n  - {set: policy.site_neutral, to: 0.3}\n").parameters.at(Q("2030Q1"))
    assert set(values[SHARE].values()) == set(values[VISIT].values()) == {0.3}
    assert values["policy.site_neutral.spill_over"] == 0


def test_a_key_that_is_an_axis_picks_elements_everywhere(load: Write) -> None:
    text = f"policy:\n  - {{set: {VISIT}, to: 0.3, where: {{setting: [on_campus, excepted]}}}}\n"
    text += "  - {set: policy.noncompete, to: false, where: {state: [OR, WA]}}\n"
    scenario = load(text)
    values = scenario.parameters.at(scenario.start)
    assert values[VISIT] == {"on_campus": 0.3, "excepted": 0.3, "non_excepted": 1.0}
    assert [state for state, ban in values["policy.noncompete"].items() if not ban] == ["CA", "MN", "OR", "WA"]
    assert all(change.scope == () for change in scenario.parameters.overrides)


def test_order_and_repetition_of_codes_do_not_matter(load: Write) -> None:
    text = "policy:\n  - {{set: policy.child_sites, to: false, where: {{state: {}}}}}\n"
    digests = {load(text.format(codes)).digest for codes in ("[TN, KY]", "[KY, TN]", "[KY, KY, TN]")}
    assert len(digests) == 1
    assert load(text.format("TN")).digest not in digests


def test_an_exemption_goes_before_the_rule(load: Write) -> None:
    text = f"policy:\n  - {{set: {SHARE}.on_campus, from: 2028Q1, to: 0.4}}\n"
    text += (
        f"  - {{set: {SHARE}.on_campus, from: 2028Q1, to: 1, where: {{hospital_class: [sole_community_rural, cancer]}}}}\n"
    )
    values = load(text).parameters.at(Q("2030Q1"))
    assert values.over(SHARE, place()) == [0.4]
    assert values.over(SHARE, place(hospital_class="cancer")) == [1.0]


def test_a_child_replaces_what_has_the_same_scope(load: Write) -> None:
    head = f"policy:\n  - {{set: {SITES}, to: false, where: {{state: TN}}}}\n"
    load(head + f"  - {{set: {SITES}, from: 2030Q1, to: false}}\n", "parent")
    child = "extends: parent.yaml\npolicy:\n"
    same = load(child + f"  - {{set: {SITES}, from: 2029Q1, to: false, where: {{state: TN}}}}\n", "child").parameters
    assert [same.at(Q(q)).over(SITES, place(state="TN"))[0] for q in ("2028Q4", "2029Q1")] == [1.0, 0.0]
    assert same.at(Q("2030Q1")).over(SITES, place()) == [0.0]
    everywhere = load(child + f"  - {{set: {SITES}, to: true}}\n", "other").parameters
    assert everywhere.at(Q("2030Q1")).over(SITES, place()) == [1.0]
    assert everywhere.at(Q("2030Q1")).over(SITES, place(state="TN")) == [0.0]
    more = load(child + f"  - {{set: {SITES}, to: false, where: {{state: OH}}}}\n", "more").parameters
    assert [more.at(Q("2026Q1")).over(SITES, place(state=s))[0] for s in ("TN", "OH", "OR")] == [0.0, 0.0, 1.0]


def test_a_set_is_general_and_leaves_exemptions(load: Write) -> None:
    text = f"policy:\n  - {{set: {SITES}, to: true, where: {{state: TN}}}}\n"
    values = load(text, sets=[f"{SITES}=false"]).parameters.at(Q("2026Q1"))
    assert values.over(SITES, place()) == [0.0] and values.over(SITES, place(state="TN")) == [1.0]


def test_a_limited_policy_after_the_horizon_is_left_out(load: Write) -> None:
    late = load(f"policy:\n  - {{set: {SITES}, from: 2040Q1, announced: 2030Q1, to: false, where: {{state: TN}}}}\n")
    assert late.digest == load().digest
    assert late.warnings == (
        f"{SITES} [state: TN] changes from 2040Q1, after the horizon ends (2035Q4): left out, it changes nothing",
    )


FULL = """\
mechanism: Hospitals gain less from an office that becomes a department.
published:
  - {amount: -1.5e9, years: 10, of: Medicare, source: {cite: I01, note: table 2}, note: visits too}
  - {amount: 2000000, years: 1, of: patients, source: a speech}
policy:
  - set: policy.site_neutral
    from: 2028Q1
    announced: 2027Q1
    ramp: {to: 0.3, over: 2 years}
    until: 2031Q4
    then: hold
    where: {setting: on_campus, state: [TN, KY], rural: metro}
    source: {cite: I01}
  - {set: policy.child_sites, from: 2029Q1, announced: 2029Q1, to: false, where: {hospital_class: [cancer]}}
  - {set: policy.child_sites, from: 2029Q1, to: false}
"""


def test_a_resolved_scenario_keeps_scope_announcement_and_scores(load: Write, tmp_path: Path, tiny: Registry) -> None:
    first = load(FULL)
    path = tmp_path / "resolved.yaml"
    path.write_text(first.resolved_yaml())
    again = load_scenario(path, registry=tiny)
    assert again.digest == first.digest and again.resolved() == first.resolved()
    assert again.published == first.published and again.mechanism == first.mechanism
    assert {(o.path, o.scope, o.announced) for o in again.parameters.overrides} == {
        (o.path, o.scope, o.announced) for o in first.parameters.overrides
    }
    here = place(state="TN")
    for quarter in first.quarters:
        one, other = first.parameters.anticipated(Q("2026Q1"), quarter), again.parameters.anticipated(Q("2026Q1"), quarter)
        assert one.over(SHARE, here) == other.over(SHARE, here)
        assert first.parameters.at(quarter).over(VISIT, here) == again.parameters.at(quarter).over(VISIT, here)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("announced: 2027Q1", "announced: 2027Q2"),
        ("    announced: 2027Q1\n", ""),
        ("state: [TN, KY]", "state: [TN]"),
        (", where: {hospital_class: [cancer]}", ", where: {hospital_class: [general]}"),
        ("mechanism: Hospitals", "mechanism: They"),
        ("amount: -1.5e9", "amount: -1.6e9"),
    ],
)
def test_the_digest_follows_each_of_them(load: Write, said: str, instead: str) -> None:
    assert said in FULL
    assert load(FULL.replace(said, instead)).digest != load(FULL).digest


def test_a_resolved_scenario_pins_announcements_and_partial_values(load: Write, tmp_path: Path, tiny: Registry) -> None:
    import dataclasses

    first = load()
    (tmp_path / "resolved.yaml").write_text(first.resolved_yaml())
    changed = {}
    for name in (SHARE, "policy.department_rate"):
        leaf = tiny.leaves[name]
        plain = tuple(dataclasses.replace(d, announced=None, given=None) for d in leaf.history)
        changed[name] = dataclasses.replace(leaf, history=plain)
    moved = Registry({**tiny.leaves, **changed}, tiny.sources)
    again = load_scenario(tmp_path / "resolved.yaml", registry=moved)
    assert again.digest == first.digest
    early, late = Q("2025Q1"), Q("2027Q1")
    assert again.parameters.anticipated(early, late)[SHARE] == first.parameters.anticipated(early, late)[SHARE]
    assert again.parameters.at(late)["policy.department_rate"] == first.parameters.at(late)["policy.department_rate"]
    # Without the pins the newer registry says otherwise, so the test can fail.
    assert (
        load_scenario(tmp_path / "one.yaml", registry=moved).parameters.at(late)["policy.department_rate"]
        != (first.parameters.at(late)["policy.department_rate"])
    )


def test_scores_are_of_this_file_alone_and_the_mechanism_is_inherited(load: Write) -> None:
    parent = load(FULL, "parent")
    assert [(s.amount, s.years, s.of, str(s.source), s.note) for s in parent.published] == [
        (-1.5e9, 10, "Medicare", "I01 (table 2)", "visits too"),
        (2e6, 1, "patients", "judgement (a speech)", ""),
    ]
    child = load("extends: parent.yaml\n", "child")
    assert child.published == () and child.mechanism == parent.mechanism


def test_explain_labels_what_holds_only_somewhere(load: Write) -> None:
    parameters = load(FULL).parameters
    name = f"{SHARE}.on_campus"
    rows = parameters.explain(name, [Q("2027Q4"), Q("2028Q4"), Q("2031Q4"), Q("2033Q1")])
    here, there = rows[:4], rows[4:]
    assert {row.path for row in here} == {name}
    assert {row.path for row in there} == {f"{name} [state: KY, TN; rural: metro]"}
    at = place(state="TN")
    assert [row.value for row in there] == [parameters.at(row.quarter).over(SHARE, at)[0] for row in there]
    assert there[0].by.startswith("registry, from 2010Q1")
    assert there[1].by == "policy, ramp step 4 of 8 until 2031Q4, announced 2027Q1 (source: I01)"
    assert there[1].file.endswith("one.yaml") and there[1].line == 11
    assert there[3].by == "policy, held after 2031Q4"
    surprise = parameters.explain(SITES, [Q("2030Q1")])
    assert [(row.path, row.value) for row in surprise] == [(SITES, False), (f"{SITES} [hospital_class: cancer]", False)]
    assert surprise[1].by == "policy, from 2029Q1, a surprise"


def test_differences_name_the_scope(load: Write) -> None:
    rows = differences(load(), load(GROUP))
    assert rows == [(f"{name}.on_campus [state: KY, TN]", *rest) for name, rest in _spans()]


def _spans() -> list[tuple[str, tuple[str, str, str]]]:
    return [
        (SHARE, ("2028Q1-2028Q4", "1", "0.3")),
        (SHARE, ("2029Q1-2035Q4", "0.9", "0.3")),
        (VISIT, ("2028Q1-2035Q4", "1", "0.3")),
    ]


def test_the_schema_knows_groups_and_codes(tiny: Registry) -> None:
    entry = json_schema(tiny)["$defs"]["PolicyEntry"]["properties"]
    assert {"policy.site_neutral", SHARE, f"{SHARE}.on_campus"} <= set(entry["set"]["enum"])
    assert "payment.medicare" not in entry["set"]["enum"]
    assert "sole_community_rural" in entry["where"]["properties"]["hospital_class"]["anyOf"][0]["enum"]


def test_where_stands_beside_other_faults(load: Write) -> None:
    with pytest.raises(InputError) as caught:
        load(f"policy:\n  - {{set: {ADDON}, to: 2, where: {{state: XX}}}}\n  - {{set: {ADDON}, to: 3}}\n")
    assert len(caught.value.faults) == 2
