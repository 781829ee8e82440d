from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.parameters.registry import Registry
from oncsim.parameters.strict_yaml import read_text
from oncsim.scenario import bundled_scenarios
from oncsim.scenario.load import load_scenario
from oncsim.scenario.resolved import to_yaml

from .conftest import Write

FULL = """\
question: "NO, 12:30 or 01001?"
description: |
  Two lines
  of text.
settings: {patients: integer}
policy:
  - set: payment.medicare.drug_addon
    from: 2028Q1
    ramp: {to: 0.02, over: 3 years}
    until: 2031Q4
    then: hold
    source: {cite: [I01, I02], note: a note}
  - {set: payment.coverage, from: 2030Q1, to: true, source: because}
  - {set: payment.rule, to: notice}
economy: {economy.price_growth: 0.03}
behaviour:
  practice.optimism: {dist: triangular, low: 0.9, mode: 1.2, high: 1.3}
  practice.loyalty: {advanced: {rural: 9}}
events:
  - {at: 2029Q2, do: capacity_shock, org: largest_system, fraction: -0.15}
  - {at: 2029Q3, do: open_site, state: PA, share: 0.5, kind: office, place: {lat: 40, lon: -75}}
expect:
  - {metric: spending.payer_total, group: payer=medicare_ffs, versus: baseline, sign: negative, from: 2030Q1}
"""


def test_a_resolved_scenario_loads_again_with_the_same_result(load: Write, tmp_path: Path, tiny: Registry) -> None:
    first = load(FULL)
    path = tmp_path / "elsewhere" / "scenario.resolved.yaml"
    path.parent.mkdir()
    path.write_text(first.resolved_yaml())
    again = load_scenario(path, registry=tiny)
    assert again.digest == first.digest
    assert again.resolved() == first.resolved()
    assert again.warnings == first.warnings
    for quarter in first.quarters:
        for name in tiny.leaves:
            assert again.parameters.at(quarter)[name] == first.parameters.at(quarter)[name]


def test_a_resolved_scenario_keeps_its_values_when_the_registry_moves_on(
    load: Write, tmp_path: Path, tiny: Registry
) -> None:
    import dataclasses

    first = load()
    path = tmp_path / "resolved.yaml"
    path.write_text(first.resolved_yaml())
    leaf = tiny.leaves["practice.targets"]
    moved = dataclasses.replace(leaf, history=(dataclasses.replace(leaf.history[0], value=9),))
    newer = Registry({**tiny.leaves, leaf.name: moved}, tiny.sources)
    again = load_scenario(path, registry=newer)
    assert again.parameters.at(again.start)["practice.targets"] == 5
    assert again.digest == first.digest
    assert any("practice.targets" in warning for warning in again.warnings)


def test_the_digest_follows_content_and_nothing_else(load: Write, tiny: Registry) -> None:
    plain = load().digest
    assert load("# a comment\n").digest == plain
    assert load(sets=["market.seed=1"]).digest == plain
    assert load(sets=["market.seed=2"]).digest != plain
    assert load("behaviour: {practice.targets: 4}\n").digest != plain


@pytest.mark.parametrize(
    "text", ["1e3", "0o17", "01001", "NO", "off", "12:30", "~", "", "a: b", "- a", "null", "é", "a\nb\n"]
)
def test_texts_survive_being_written(text: str) -> None:
    assert read_text(to_yaml({"x": text, "y": [1e-7, 1.0, 3, True]}), "f").data == {
        "x": text,
        "y": [1e-7, 1.0, 3, True],
    }


def test_tables_are_found_from_the_run_folder(load: Write, tmp_path: Path, tiny: Registry) -> None:
    from .conftest import HEAD

    text = "horizon: {start: 2026Q1, end: 2026Q4}\nmarket: {source: files, folder: tables, zones: z.csv}\n"
    first = load(text, head=HEAD)
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "scenario.resolved.yaml"
    path.write_text(first.resolved_yaml())
    again = load_scenario(path, registry=tiny)
    assert again.folder / again.market.folder == tmp_path.resolve() / "tables"  # type: ignore[union-attr]
    assert again.digest == first.digest


@pytest.mark.parametrize("name", sorted(bundled_scenarios()))
def test_every_bundled_scenario_loads_and_loads_again(name: str, tmp_path: Path) -> None:
    first = load_scenario(name)
    path = tmp_path / "again.yaml"
    path.write_text(first.resolved_yaml())
    assert load_scenario(path).digest == first.digest
    assert first.id == name
    assert first.question
