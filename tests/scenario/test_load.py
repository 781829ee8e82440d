from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from oncsim.calendar import Quarter
from oncsim.errors import InputError
from oncsim.parameters.registry import Registry
from oncsim.scenario.load import load_scenario

from .conftest import HEAD, Write

ADDON = "payment.medicare.drug_addon"
Q = Quarter.parse


def test_a_plain_scenario(load: Write, tmp_path: Path) -> None:
    scenario = load()
    assert (scenario.id, scenario.title) == ("one", "A scenario")
    assert (scenario.start, scenario.end, len(scenario.quarters)) == (Q("2026Q1"), Q("2035Q4"), 40)
    assert scenario.market.kind == "metro"  # type: ignore[union-attr]
    assert scenario.folder == tmp_path.resolve()
    assert (scenario.settings.patients, scenario.settings.settle_quarters, scenario.replicates) == (
        "expected",
        8,
        1,
    )
    assert scenario.warnings == () and scenario.events == ()


def test_a_child_replaces_single_values_and_the_market_as_a_whole(load: Write) -> None:
    load("settings: {patients: integer, replicates: 5}\nquestion: Why?\n", "parent")
    child = load(
        "extends: parent.yaml\nhorizon: {end: 2030Q4}\nsettings: {replicates: 7}\n"
        "market: {source: embedded, states: [OR]}\n",
        "child",
        head=HEAD,
    )
    assert (child.start, child.end) == (Q("2026Q1"), Q("2030Q4"))
    # A question is about the scenario that asks it.
    assert (child.settings.patients, child.replicates, child.question) == ("integer", 7, "")
    assert child.market.source == "embedded"
    assert child.provenance["horizon.start"].endswith("parent.yaml:4")
    assert child.provenance["horizon.end"].endswith("child.yaml:5")


def test_policies_merge_by_what_they_set(load: Write) -> None:
    load(
        "policy:\n"
        f"  - {{set: {ADDON}, from: 2028Q1, until: 2028Q4, to: 0.05, then: restore}}\n"
        f"  - {{set: {ADDON}, from: 2030Q1, to: 0.03}}\n"
        "  - {set: payment.coverage, to: true}\n",
        "parent",
    )
    child = load(
        f"extends: parent.yaml\npolicy:\n  - {{set: {ADDON}, from: 2029Q1, to: 0.02}}\n"
        "  - {set: payment.coverage.medicaid, to: false}\n",
        "child",
    )
    addon = [child.parameters.at(Q(q))[ADDON] for q in ("2028Q1", "2029Q1", "2035Q4")]
    assert addon == [0.06, 0.02, 0.02]
    coverage = child.parameters.at(Q("2027Q1"))["payment.coverage"]
    assert coverage["uninsured"] is True and coverage["medicaid"] is False


def test_events_add_up_and_expectations_are_not_inherited(load: Write) -> None:
    event = "events:\n  - {at: 2028Q1, do: lose_340b, org: largest_system}\n"
    load(event + "expect:\n  - {metric: access.minutes_mean, sign: positive}\n", "parent")
    child = load("extends: parent.yaml\n" + event, "child")
    assert len(child.events) == 2
    assert child.expect == ()


def test_tables_are_relative_to_the_file_that_names_the_market(load: Write, tmp_path: Path, tiny: Registry) -> None:
    load(
        "market: {source: files, zones: zones.csv}\nhorizon: {start: 2026Q1, end: 2026Q4}\n",
        "parent",
        head=HEAD,
    )
    below = tmp_path / "below"
    below.mkdir()
    (below / "child.yaml").write_text(HEAD.format(id="child") + "extends: ../parent.yaml\n")
    assert load_scenario(below / "child.yaml", registry=tiny).folder == tmp_path.resolve()


def test_behaviour_may_be_a_value_or_a_distribution(load: Write) -> None:
    scenario = load(
        "behaviour:\n  practice.optimism: {dist: triangular, low: 0.9, mode: 1.2, high: 1.3}\n"
        "  practice.loyalty.advanced: 7\n"
    )
    values = scenario.parameters.at(scenario.start)
    assert values["practice.optimism"] == 1.2
    assert values["practice.loyalty"]["advanced"] == {"metro": 7.0, "rural": 7.0}
    assert values["practice.loyalty"]["standard"]["metro"] == 1.0


def test_sets_change_parameters_and_parts(load: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = load(
        f"policy:\n  - {{set: {ADDON}, from: 2028Q1, to: 0.05}}\n",
        sets=[
            f"{ADDON}=0.01",
            "horizon.end=2027Q2",
            "market.seed=4",
            "settings.patients=integer",
            "practice.targets=3",
        ],
    )
    assert {scenario.parameters.at(q)[ADDON] for q in scenario.quarters} == {0.01}
    assert scenario.end == Q("2027Q2") and scenario.market.seed == 4
    assert scenario.settings.patients == "integer"
    assert scenario.parameters.at(scenario.start)["practice.targets"] == 3
    assert scenario.provenance["market.seed"] == "--set"


def test_a_folder_that_is_set_is_relative_to_the_working_folder(
    load: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "market: {source: files, zones: z.csv}\nhorizon: {start: 2026Q1, end: 2026Q4}\n"
    scenario = load(text, sets=["market.folder=tables"], head=HEAD)
    assert scenario.folder / scenario.market.folder == tmp_path / "tables"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("horizon.end", "--set: horizon.end: write PATH=VALUE, for example horizon.end=2035Q4"),
        ("horizon.end=2020Q1", "--set: horizon.end: 2020Q1 is before the start, 2026Q1"),
        ("horizon.end=soon", "--set: horizon.end: 'soon' is not a quarter (write for example 2026Q1)"),
        ("horizon.ende=2030Q4", "--set: horizon.ende: cannot be set"),
        (
            "settings.patients=all",
            "--set: settings.patients: found the text 'all' (expected one of expected, integer)",
        ),
        ("market.sed=3", "--set: market.sed: unknown key"),
        ("market.seed=x", "--set: market.seed: found the text 'x' (expected a whole number)"),
        (f"{ADDON}=4%", f"--set: {ADDON}: found the text '4%' (expected a number; write 0.04)"),
        (f"{ADDON}=3", f"--set: {ADDON}: 3 is outside the limits of {ADDON}"),
        (f"{ADDON}=", f"--set: {ADDON}: has no value"),
        (f"{ADDON}={{dist: uniform, low: 0, high: 0.1}}", f"--set: {ADDON}: law has no distribution (give one value)"),
        ("payment.medicare=0.1", "--set: payment.medicare: is a group, and one parameter is set at a time ("),
        (f"{ADDON}=[1", f"--set: {ADDON}: a list that started with [ is not closed"),
        ("payment.medicare.drug_adon=0.1", f"did you mean '{ADDON}'?"),
    ],
)
def test_what_is_wrong_with_a_set_is_said(load: Write, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(sets=[text])
    assert len(caught.value.faults) == 1
    assert said in str(caught.value)


def test_faults_of_a_parent_are_named_once_with_its_file(load: Write) -> None:
    with pytest.raises(InputError):
        load("polcy: []\n", "parent")
    with pytest.raises(InputError) as caught:
        load("extends: parent.yaml\nevnts: []\n", "child")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "child.yaml:7:1: evnts" in lines[0] and "parent.yaml:6:1: polcy" in lines[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"policy:\n  - {{set: {ADDON}, to: 0.05}}\nbehaviour:\n  practice.optimism: 1.1\n",
            "behaviour is changed in a scenario that also changes policy (practice.optimism)",
        ),
        (
            f"policy:\n  - {{set: {ADDON}, to: 0.5}}\n",
            f"{ADDON} is set to 0.5, outside its usual range (0 to 0.1)",
        ),
        ("behaviour:\n  practice.optimism: 1.1\n", "rest on judgement alone: practice.optimism"),
        (f"policy:\n  - {{set: {ADDON}, from: 2020Q1, to: 0.05}}\n", "before the horizon starts"),
        ("horizon: {start: 2006Q1, end: 2012Q4}\n", "no value is known yet in 2006Q1"),
    ],
)
def test_warnings(load: Write, text: str, said: str) -> None:
    market = "" if text.startswith("horizon") else "horizon: {{start: 2026Q1, end: 2035Q4}}\n"
    scenario = load(text, head=HEAD + market + "market: {{source: archetype, kind: metro}}\n")
    assert any(said in warning for warning in scenario.warnings)


def test_a_scenario_travels_to_other_processes(load: Write) -> None:
    scenario = load(f"policy:\n  - {{set: {ADDON}, from: 2028Q1, ramp: {{to: 0.02, over: 1 year}}}}\n")
    digest = scenario.digest
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy.digest == digest
    assert copy.parameters.at(Q("2030Q1"))[ADDON] == 0.02


def test_a_policy_after_the_horizon_is_left_out_with_a_warning(load: Write) -> None:
    policy = f"policy:\n  - {{set: {ADDON}, from: 2041Q1, to: 0.01, source: a test}}\n"
    scenario, plain = load(policy), load()
    assert scenario.warnings == (
        f"{ADDON} changes from 2041Q1, after the horizon ends (2035Q4): left out, it changes nothing",
    )
    for quarter in ("2035Q4", "2041Q1", "2050Q1"):
        assert scenario.parameters.at(Q(quarter))[ADDON] == plain.parameters.at(Q(quarter))[ADDON]
    assert scenario.digest == plain.digest
