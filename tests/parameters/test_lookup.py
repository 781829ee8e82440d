from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from oncsim.calendar import Quarter
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override
from oncsim.parameters.registry import Registry, load_registry
from oncsim.randomness import Luck

ADDON = "payment.medicare.drug_addon"
FEE = "payment.medicare.visit_fee"
NAMED = (("advanced", "rural"), ("standard", "rural"), ("advanced", "metro"))


def test_a_dated_value_holds_until_the_next(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    values = {str(q): parameters.at(q)[ADDON] for q in (Quarter(2000, 1), Quarter(2030, 4), Quarter(2031, 1))}
    assert values == {"2000Q1": 0.06, "2030Q4": 0.06, "2031Q1": 0.04}
    assert parameters.anticipated(Quarter(2026, 1), Quarter(2031, 1))[ADDON] == 0.04


def test_law_drifts_by_the_year_after_its_last_dated_value(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    assert parameters.at(Quarter(2023, 4))[FEE] == 100
    assert parameters.at(Quarter(2024, 1))[FEE] == 110
    assert parameters.at(Quarter(2024, 4))[FEE] == 110
    assert parameters.at(Quarter(2026, 1))[FEE] == parameters.at(Quarter(2026, 2))[FEE] == pytest.approx(110 * 1.02**2)
    # Asked out of order, the answer is the same to the last bit.
    again = Parameters(tiny)
    late, early = again.at(Quarter(2040, 4))[FEE], again.at(Quarter(2026, 2))[FEE]
    assert (late, early) == (parameters.at(Quarter(2040, 4))[FEE], parameters.at(Quarter(2026, 2))[FEE])


def test_drift_follows_the_rate_of_the_scenario(tiny: Registry) -> None:
    flat = Parameters(tiny, [Override("economy.price_growth", (), 0.0, "economy")])
    assert flat.at(Quarter(2040, 1))[FEE] == 110
    fixed = Parameters(tiny, [Override(FEE, (), 120.0, "policy", start=Quarter(2028, 1))])
    assert fixed.at(Quarter(2035, 1))[FEE] == 120


def test_values_along_axes_are_read_only(tiny: Registry) -> None:
    values = Parameters(tiny).at(Quarter(2026, 1))
    assert values["payment.coverage"]["medicaid"] is False
    assert values["practice.loyalty"]["advanced"]["rural"] == 4.0
    with pytest.raises(TypeError):
        values["payment.coverage"]["medicaid"] = True
    with pytest.raises(TypeError):
        values["practice.loyalty"]["advanced"]["rural"] = 0


def test_one_element_changes_and_the_others_stay(tiny: Registry) -> None:
    change = Override("practice.loyalty", ("advanced", "rural"), 9.0, "behaviour")
    loyalty = Parameters(tiny, [change]).at(Quarter(2026, 1))["practice.loyalty"]
    assert loyalty["advanced"] == {"metro": 3.0, "rural": 9.0}
    assert loyalty["standard"] == {"metro": 1.0, "rural": 2.0}


def test_an_unknown_name_raises_with_the_nearest(tiny: Registry) -> None:
    with pytest.raises(KeyError, match=r"did you mean 'payment\.medicare\.drug_addon'"):
        Parameters(tiny).at(Quarter(2026, 1))["payment.medicare.drug_adon"]


def test_reads_are_remembered_with_the_rates_they_rest_on(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    assert parameters.reads == set()
    parameters.at(Quarter(2030, 1))[FEE]
    assert parameters.reads == {FEE, "economy.price_growth"}
    assert ADDON in parameters.unread and FEE not in parameters.unread


def some_changes(registry: Registry, rng: np.random.Generator) -> list[Override]:
    """Return changes of every kind to a fifth of the numbers of the registry: always, for a time, from then on, in steps."""
    leaves = [leaf for leaf in registry.leaves.values() if leaf.numeric and leaf.type == "number" and leaf.limits.hold(0.5)]
    start = Quarter(2029, 3)
    kinds: tuple[dict[str, Any], ...] = (
        {},
        {"start": start, "until": start + 6, "then": "restore"},
        {"start": start, "until": start + 6, "then": "hold"},
        {"start": start, "ramp": 5},
        {"start": start},
    )
    changes = []
    for leaf in leaves:
        if rng.uniform() < 0.2:
            element = leaf.elements[int(rng.integers(len(leaf.elements)))]
            changes.append(Override(leaf.name, element, 0.5, "behaviour", **kinds[int(rng.integers(len(kinds)))]))
    return changes


@pytest.mark.parametrize("seed", range(3))
def test_what_was_looked_up_before_changes_no_answer(seed: int) -> None:
    registry, rng = load_registry(), np.random.default_rng(seed)
    changes = some_changes(registry, rng)
    assert len(changes) > 20
    together = Parameters(registry, changes).draw(Luck(seed)) if seed else Parameters(registry, changes)
    asked = [(name, Quarter(2026, 1) + int(t)) for name in registry.leaves for t in rng.integers(0, 60, 4)]
    fresh = [pickle.loads(pickle.dumps(together)) for _ in range(4)]  # which remember nothing
    for place in rng.permutation(len(asked)).tolist():
        name, quarter = asked[place]
        apart = fresh[place % 4]
        assert together.at(quarter)[name] == apart.plain(registry.leaf(name), quarter), (name, quarter)
    steady = [name for name, leaf in registry.leaves.items() if together.is_steady(leaf)]
    assert len(registry.leaves) > len(steady) > 200 and set(together.steady) == set(steady)


def test_tables_by_place_follow_the_values(tiny: Registry) -> None:
    change = Override("practice.loyalty", ("advanced", "rural"), 9.0, "behaviour", start=Quarter(2030, 1), ramp=3)
    places = {"need": np.array([1, 0, 1]), "rural": np.array([1, 1, 0])}
    parameters = Parameters(tiny, [change])
    for quarter in (Quarter(2031, 1), Quarter(2029, 4), Quarter(2030, 2), Quarter(2030, 1), Quarter(2031, 1)):
        expected = [parameters.plain(tiny.leaf("practice.loyalty"), quarter)[need][area] for need, area in NAMED]
        assert parameters.at(quarter).over("practice.loyalty", places).tolist() == expected


def test_values_are_for_reading_and_hold_what_was_asked_for(tiny: Registry) -> None:
    values = Parameters(tiny).at(Quarter(2026, 1))
    assert values and ADDON in values and "payment.nothing" not in values
    assert (values.get(ADDON), values.get("payment.nothing", 3)) == (0.06, 3)
    with pytest.raises(TypeError, match="for reading only"):
        values[ADDON] = 0.0
    again = pickle.loads(pickle.dumps(values))
    assert again[ADDON] == values[ADDON] and again != values and len({again, values}) == 2


def test_draws_are_keyed_and_stay_within_the_distribution(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    quarter = Quarter(2030, 1)
    drawn = [parameters.draw(Luck(1, r)).at(quarter)["practice.optimism"] for r in range(60)]
    assert len(set(drawn)) == 60
    assert all(0.9 <= value <= 1.4 for value in drawn)
    assert drawn[7] == parameters.draw(Luck(1, 7), ["practice.optimism"]).at(quarter)["practice.optimism"]
    assert parameters.at(quarter)["practice.optimism"] == 1.05


def test_a_draw_along_axes_is_one_factor_for_all(tiny: Registry) -> None:
    base = Parameters(tiny).at(Quarter(2030, 1))["practice.loyalty"]
    drawn = Parameters(tiny).draw(Luck(3)).at(Quarter(2030, 1))["practice.loyalty"]
    factors = {round(drawn[n][r] / base[n][r], 12) for n in base for r in base[n]}
    assert len(factors) == 1
    assert 0.8 <= factors.pop() <= 1.2


def test_a_draw_leaves_law_and_fixed_values_alone(tiny: Registry) -> None:
    fixed = Parameters(tiny, [Override("practice.optimism", (), 1.2, "behaviour")]).draw(Luck(1))
    values = fixed.at(Quarter(2030, 1))
    assert values["practice.optimism"] == 1.2
    assert values[ADDON] == 0.06
    assert values["practice.targets"] == 5


def test_parameters_travel_to_other_processes(tiny: Registry) -> None:
    parameters = Parameters(tiny, [Override(ADDON, (), 0.1, "policy")]).draw(Luck(1))
    before = parameters.at(Quarter(2030, 1))["practice.loyalty"]
    copy = pickle.loads(pickle.dumps(parameters))
    assert copy.at(Quarter(2030, 1))["practice.loyalty"] == before
    assert copy.at(Quarter(2030, 1))[ADDON] == 0.1


def test_a_description_says_unit_kind_and_basis(tiny: Registry) -> None:
    text = Parameters(tiny).describe("practice.loyalty")
    assert "utils by need and rural" in text and "behaviour, estimate" in text


def test_what_is_made_of_the_values_of_a_quarter_is_made_once() -> None:
    from oncsim.parameters.registry import load_registry

    parameters, made = Parameters(load_registry()), []
    first, later = (parameters.at(Quarter.parse(text)) for text in ("2026Q1", "2026Q2"))
    for law in (first, first, later):
        assert law.once("thing", lambda law=law: made.append(law.quarter) or len(made)) == 1 + (law is later)
    assert [str(quarter) for quarter in made] == ["2026Q1", "2026Q2"]


def test_what_a_design_asks_for_takes_the_place_of_what_a_scenario_has() -> None:
    from oncsim.parameters.lookup import Drawn
    from oncsim.parameters.registry import load_registry
    from oncsim.scenario.sets import read_sets

    registry = load_registry()
    (own,) = read_sets(["care.base_wait=9"], registry)[0].changes
    (other,) = read_sets(["care.base_wait=4"], registry)[0].changes
    quarter = Quarter.parse("2027Q1")
    base = Parameters(registry, [own])
    varied = base.varied({"choice.wait": Drawn(-0.5, False), "payment.medicare.drug_addon": Drawn(0.5, True)}, [other])
    assert (base.at(quarter)["care.base_wait"], varied.at(quarter)["care.base_wait"]) == (9, 4)
    assert varied.at(quarter)["choice.wait"] == registry.leaf("choice.wait").limits.clip(-0.5)
    plain = base.at(quarter)["payment.medicare.drug_addon"]
    assert dict(varied.at(quarter)["payment.medicare.drug_addon"]) == {code: 0.5 * value for code, value in plain.items()}
    assert base.drawn == {}
