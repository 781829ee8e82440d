"""A parameter that follows an index, and histories that name only some codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.calendar import Quarter, quarters_between
from oncsim.errors import InputError
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry

from .test_read_leaf import HEAD, LIMITS, read

RATE, FACTOR, BY_DEPARTMENT = "policy.infusion_rate", "policy.conversion_factor", "policy.department_rate"
TIMES = quarters_between(Quarter(2015, 1), Quarter(2040, 4))


def test_a_published_value_holds_in_its_quarter(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    assert parameters.at(Quarter(2021, 1))[RATE] == 140
    assert parameters.at(Quarter(2026, 1))[RATE] == 120


def test_between_published_values_the_parameter_follows_its_index(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    for quarter in TIMES:
        values = parameters.at(quarter)
        published, factor = (120, 34) if quarter >= Quarter(2026, 1) else (140, 36)
        assert values[RATE] / published == pytest.approx(values[FACTOR] / factor, rel=1e-12)
    # Carried back before its first published value, and on with the index's own growth after the last.
    assert parameters.at(Quarter(2015, 1))[RATE] == 140
    assert parameters.at(Quarter(2024, 2))[RATE] == pytest.approx(140 * 33 / 36)
    assert parameters.at(Quarter(2030, 1))[RATE] == pytest.approx(120 * 1.02**4)


def test_what_a_scenario_does_to_the_index_the_parameter_follows(tiny: Registry) -> None:
    plain = Parameters(tiny)
    # For the whole horizon, and from a quarter on: both times the rate moves as the factor does.
    for start in (None, Quarter(2028, 1)):
        changed = Parameters(tiny, [Override(FACTOR, (), 17.0, "policy", start=start)])
        quarter = Quarter(2030, 1)
        ratio = 17.0 / plain.at(quarter)[FACTOR]
        assert changed.at(quarter)[RATE] == pytest.approx(plain.at(quarter)[RATE] * ratio)
    # A rate that a policy names stands still whatever the factor does.
    fixed = Parameters(tiny, [Override(RATE, (), 99.0, "policy"), Override(FACTOR, (), 17.0, "policy")])
    assert {fixed.at(quarter)[RATE] for quarter in TIMES} == {99.0}


def test_codes_that_an_entry_does_not_name_keep_value_and_anchor(tiny: Registry) -> None:
    values = Parameters(tiny).at(Quarter(2026, 1))[BY_DEPARTMENT]
    assert values["non_excepted"] == 100
    assert values["on_campus"] == values["excepted"] == pytest.approx(300 * 34 / 36)


@settings(max_examples=40, deadline=None)
@given(quarter=st.sampled_from(TIMES))
def test_a_partial_history_is_what_each_code_was_last_given(tiny: Registry, quarter: Quarter) -> None:
    leaf = tiny.leaves["policy.site_neutral.drug_administration"]
    by_hand = {
        "on_campus": 1.0 if quarter < Quarter(2029, 1) else 0.9,
        "excepted": 1.0 if quarter < Quarter(2026, 1) else 0.4,
        "non_excepted": 1.0 if quarter.year < 2017 else 0.5 if quarter.year == 2017 else 0.4,
    }
    parameters = Parameters(tiny)
    assert parameters.at(quarter)[leaf.name] == by_hand
    for row in parameters.explain(leaf.name, [quarter]):
        assert row.value == by_hand[row.path.rpartition(".")[2]]


def test_explain_names_the_entry_that_set_the_code(tiny: Registry) -> None:
    rows = Parameters(tiny).explain("policy.site_neutral.drug_administration", [Quarter(2030, 1)])
    assert [row.by for row in rows] == [
        "registry, from 2029Q1, announced 2028Q3 (source: I01)",
        "registry, from 2026Q1, announced 2025Q4 (source: I01)",
        "registry, from 2018Q1 (source: I02)",
    ]
    assert len({row.line for row in rows}) == 3
    rate = Parameters(tiny).explain(RATE, [Quarter(2024, 1), Quarter(2026, 1)])
    assert "140 in proportion to policy.conversion_factor" in rate[0].by
    assert "in proportion" not in rate[1].by


def test_a_hold_ends_only_with_a_change_of_its_own_code(tiny: Registry) -> None:
    name = "policy.site_neutral.drug_administration"
    window = {"start": Quarter(2024, 1), "until": Quarter(2024, 4), "then": "hold"}
    held = [Override(name, (code,), 0.7, "policy", **window) for code in ("on_campus", "excepted")]  # type: ignore[arg-type]
    parameters = Parameters(tiny, held)
    assert parameters.at(Quarter(2026, 1))[name] == {"on_campus": 0.7, "excepted": 0.4, "non_excepted": 0.4}
    assert parameters.at(Quarter(2029, 1))[name]["on_campus"] == 0.9


DATED = "  history: [{from: 2020Q1, value: 3, source: I01}]\n"
OTHER = HEAD.replace("a:", "b:", 1) + LIMITS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LIMITS + DATED + "  index: x.b\n", "a.index: no parameter 'x.b'"),
        (LIMITS + DATED + "  index: x.a\n", "a.index: follows itself"),
        (LIMITS + DATED + "  index: x.b\n" + OTHER + DATED + "  index: x.a\n", "b.index: follows itself"),
        (LIMITS + DATED + "  index: 3\n", "a.index: found the number 3 (expected the name of a parameter)"),
        (LIMITS + DATED + "  index: x.b\n  drift: x.b\n", "a leaf follows an index or drifts, not both"),
        (LIMITS + "  value: 3\n  source: I01\n  index: x.b\n" + OTHER + DATED, "only a number with dated values follows"),
        (LIMITS + DATED + "  index: x.b\n" + OTHER + "  value: 0\n  source: I01\n", "x.b must be above 0 in every quarter"),
        (
            LIMITS + DATED + "  index: x.b\n" + OTHER + "  axes: [need]\n  value: 1\n  source: I01\n",
            "x.b must be a number without axes",
        ),
        (
            LIMITS + DATED + "  where: [states]\n",
            "no such dimension 'states' (one of setting, hospital_class, state, rural;",
        ),
        (LIMITS + DATED + "  where: [state]\n  axes: [state]\n", "state is an axis already"),
        (LIMITS + DATED + "  where: state\n", "found the text 'state' (expected a list of"),
        (LIMITS + DATED + "  service: infusion\n", "a.service: found the text 'infusion' (expected one of drug,"),
        (
            LIMITS + "  history: [{from: 2020Q1, value: 3, source: I01, announced: 2019Q1}]\n",
            "the first value is always known",
        ),
        (
            LIMITS + DATED.replace("]", ", {from: 2021Q1, value: 3, source: I01, announced: 2021Q2}]"),
            "2021Q2 comes after from 2021Q1",
        ),
        (
            LIMITS + "  axes: [need]\n  history: [{from: 2020Q1, value: {standard: 3}, source: I01}]\n",
            "no value for advanced, tertiary",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEAD + text)
    assert said in str(caught.value)
    assert len(caught.value.faults) <= 2
