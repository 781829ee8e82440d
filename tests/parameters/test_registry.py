"""What must hold for every parameter of the package, whatever parameters there are."""

from __future__ import annotations

import time

import pytest

from oncsim.parameters import load_registry
from oncsim.parameters.axes import pick
from oncsim.parameters.leaf import Leaf
from oncsim.parameters.readers import readers
from oncsim.parameters.registry import Registry, read_registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def numbers(leaf: Leaf) -> list[tuple[str, float]]:
    return [
        (f"{leaf.element_name(element)} from {dated.start}", pick(dated.value, element))
        for dated in leaf.history
        for element in leaf.elements
        if leaf.numeric
    ]


def test_every_value_is_inside_limits_and_usual_range(registry: Registry) -> None:
    outside = [
        f"{where}: {value}"
        for leaf in registry.leaves.values()
        for where, value in numbers(leaf)
        if not (leaf.limits.hold(value) and leaf.usual.hold(value))
    ]
    assert outside == []


def test_every_usual_range_is_inside_the_limits(registry: Registry) -> None:
    wrong = [
        leaf.name
        for leaf in registry.leaves.values()
        for end in (leaf.usual.low, leaf.usual.high)
        if end is not None and not leaf.limits.hold(end)
    ]
    assert wrong == []


def test_every_citation_resolves_and_every_source_has_an_address(registry: Registry) -> None:
    cited = {cite for leaf in registry.leaves.values() for dated in leaf.history for cite in dated.citation.cites}
    assert cited <= set(registry.sources)
    assert [s.id for s in registry.sources.values() if not (s.address or s.note or s.kind == "judgement")] == []


def test_every_parameter_is_read_by_some_code(registry: Registry) -> None:
    # A rate of drift and an index are read by the registry itself, on behalf of the parameters that follow them.
    rates = {name for leaf in registry.leaves.values() for name in (leaf.drift, leaf.index)}
    unread = [name for name, modules in readers(registry.leaves).items() if not modules and name not in rates]
    assert unread == []


def test_distributions_hold_the_value_in_use(registry: Registry) -> None:
    wrong = []
    for leaf in registry.leaves.values():
        d = leaf.distribution
        if d is None or leaf.axes or len(leaf.history) > 1:
            continue
        value = leaf.history[0].value
        if not d.quantile(1e-9) <= value <= d.quantile(1 - 1e-9):
            wrong.append(leaf.name)
    assert wrong == []


def test_loading_is_fast() -> None:
    from oncsim.parameters import registry as module

    start = time.perf_counter()
    read_registry(module._HERE / "registry", module._HERE / "bibliography.yaml")
    assert time.perf_counter() - start < 0.75


def test_paths_name_parameters_and_elements(tiny: Registry) -> None:
    assert tiny.find("practice.loyalty.advanced") == (tiny.leaves["practice.loyalty"], ("advanced",))
    found = tiny.find("practice.loyalty.advanced.rural")
    assert found == (tiny.leaves["practice.loyalty"], ("advanced", "rural"))
    assert tiny.find("practice.loyalty.rural") is None
    assert tiny.find("practice.optimism.standard") is None
    assert "did you mean 'practice.optimism'" in tiny.near_miss("practce.optimism")
    assert "did you mean 'payment.medicare.drug_addon'" in tiny.near_miss("law.drug_addon")
