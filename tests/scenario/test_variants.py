"""Variants of a case: what they merge, what they replace, and what a resolved case keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.errors import InputError
from oncsim.parameters.registry import Registry
from oncsim.scenario.load import load_case, load_scenario, load_variant
from oncsim.scenario.scenario import Scenario

from .conftest import BASE, Write

CASE = """\
policy:
  - {set: payment.medicare.drug_addon, to: 0.05}
behaviour: {practice.optimism: 1.1}
events:
  - {at: 2027Q1, do: takeover, org: P01, by: S1}
case:
  number: 3
  situation: They disagree.
  follow: [P01, S1]
  choices: [They talk., {variant: waits, text: They wait.}]
variants:
  control: {title: Without, events: []}
  waits: {title: Later, events: [{at: 2029Q1, do: release, org: P01}]}
  other:
    title: Otherwise
    policy: [{set: payment.medicare.drug_addon, to: 0.03}, {set: policy.child_sites, to: false, where: {state: TN}}]
    behaviour: {practice.optimism: 1.3}
    market: {source: archetype, kind: rural, seed: 4}
expect:
  - {event: acquisition, min: 1}
  - {event: acquisition, max: 0, share: 1.0, control: free}
  - {event: acquisition, versus: control, min: 1}
  - {org: P01, value: patients, minus: {org: S1, value: patients}, control_mean: [0, 1], max: 3}
"""


@pytest.fixture
def case(load: Write, tmp_path: Path, tiny: Registry) -> dict[str, Scenario]:
    (tmp_path / "one.yaml").write_text(BASE.format(id="one") + CASE)
    return load_case(tmp_path / "one.yaml", registry=tiny)


def test_a_variant_is_a_child_whose_events_replace(case: dict[str, Scenario]) -> None:
    assert {name: run.id for name, run in case.items()} == {
        "": "one",
        "control": "one--control",
        "waits": "one--waits",
        "other": "one--other",
    }
    assert [len(run.events) for run in case.values()] == [1, 0, 1, 1]
    assert case["waits"].events[0].do == "release" and case["waits"].events[0].where == "variants.waits.events[1]"
    own, other = case[""], case["other"]
    assert (own.start, own.end) == (other.start, other.end)
    assert (own.market.kind, other.market.kind, other.market.seed) == ("metro", "rural", 4)  # type: ignore[union-attr]
    at = own.start
    assert own.parameters.at(at)["practice.optimism"] == 1.1 and other.parameters.at(at)["practice.optimism"] == 1.3
    # What the variant sets replaces what the case sets; the rest stands beside it.
    assert own.parameters.at(at)["payment.medicare.drug_addon"] == 0.05
    assert other.parameters.at(at)["payment.medicare.drug_addon"] == 0.03
    assert len(other.parameters.overrides) == len(own.parameters.overrides) + 1
    assert [run.case is None for run in case.values()] == [False, True, True, True]
    assert all(run.expect == () for name, run in case.items() if name)


def test_defaults_of_expectations_are_those_of_a_case(case: dict[str, Scenario], load: Write) -> None:
    expect = case[""].expect
    assert [one.share for one in expect] == [0.9, 1.0, 0.9, 0.9]
    assert [one.control for one in expect] == ["absent", "free", None, None]
    assert load("expect: [{event: acquisition, min: 1}]\n").expect[0].share == 1.0


def test_the_resolved_case_loads_again_with_its_variants(case: dict[str, Scenario], tmp_path: Path, tiny: Registry) -> None:
    path = tmp_path / "resolved.yaml"
    path.write_text(case[""].resolved_yaml())
    again = load_case(path, registry=tiny)
    assert {name: run.digest for name, run in again.items()} == {name: run.digest for name, run in case.items()}
    assert again[""].case == case[""].case and again[""].expect == case[""].expect
    variant = tmp_path / "variant.yaml"
    variant.write_text(case["other"].resolved_yaml())
    assert load_scenario(variant, registry=tiny).digest == case["other"].digest


def test_a_scenario_that_extends_a_case_is_no_case(case: dict[str, Scenario], load: Write) -> None:
    child = load("extends: one.yaml\n", name="child")
    assert child.case is None and child.variants == {} and len(child.events) == 1


def test_variants_are_loaded_by_name(case: dict[str, Scenario], tmp_path: Path, tiny: Registry) -> None:
    path = tmp_path / "one.yaml"
    assert load_variant(path, "waits", registry=tiny).digest == case["waits"].digest
    assert load_scenario(f"{path}--waits", registry=tiny).title == "Later"
    with pytest.raises(InputError, match=r"no variant 'wait' \(one of control, waits, other; did you mean 'waits'\?\)"):
        load_variant(path, "wait", registry=tiny)


def test_set_reaches_the_variants(case: dict[str, Scenario], tmp_path: Path, tiny: Registry) -> None:
    runs = load_case(tmp_path / "one.yaml", ["practice.optimism=1.4"], registry=tiny)
    assert {run.parameters.at(run.start)["practice.optimism"] for run in runs.values()} == {1.4}


def test_a_fault_of_the_case_is_said_once(tmp_path: Path, tiny: Registry) -> None:
    text = BASE.format(id="one") + CASE.replace("practice.optimism: 1.1", "practice.optimizm: 1.1")
    (tmp_path / "one.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_case(tmp_path / "one.yaml", registry=tiny)
    assert [fault.where for fault in caught.value.faults] == ["behaviour.practice.optimizm"]


def test_the_tables_of_a_variant_are_looked_for_beside_the_case(tmp_path: Path, tiny: Registry) -> None:
    market = "market: {source: files, folder: tables, zones: z.csv}"
    text = BASE.format(id="one") + CASE.replace("market: {source: archetype, kind: rural, seed: 4}", market)
    (tmp_path / "one.yaml").write_text(text)
    case = load_case(tmp_path / "one.yaml", registry=tiny)[""]
    assert case.variants["other"]["market"]["folder"] == (tmp_path / "tables").resolve().as_posix()
