from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.errors import InputError
from oncsim.parameters.registry import Registry, read_registry

HEAD = "a:\n  title: A\n  description: What it is.\n  unit: dollars\n  kind: law\n  basis: data\n"
LIMITS = "  limits: {min: 0, max: 10}\n"


def read(folder: Path, text: str) -> Registry:
    registry = folder / "registry"
    registry.mkdir(exist_ok=True)
    (registry / "x.yaml").write_text(text)
    (folder / "bibliography.yaml").write_text("I01: {title: T, kind: peer, doi: 10.1/2}\n")
    return read_registry(registry, folder / "bibliography.yaml")


def test_a_sound_leaf_is_read(tmp_path: Path) -> None:
    leaf = read(tmp_path, HEAD + LIMITS + "  value: 3\n  source: I01\n").leaves["x.a"]
    assert leaf.history[0].value == 3.0 and leaf.history[0].citation.cites == ("I01",)
    assert leaf.title == "A" and leaf.line == 1


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("  value: 3\n  source: I01\n", "registry/x.yaml:1:1: a: missing key limits"),
        (LIMITS + "  value: 3\n", "missing key source"),
        (LIMITS + "  value: 3\n  source: I02\n", "no source 'I02' in bibliography.yaml; did you mean 'I01'?"),
        (
            LIMITS + "  value: 11\n  source: I01\n",
            "registry/x.yaml:8:10: a.value: 11 is outside the limits of x.a",
        ),
        (LIMITS + "  value: x\n  source: I01\n", "found the text 'x' (expected a number)"),
        (LIMITS + "  source: I01\n", "give either history or value"),
        (LIMITS + "  value: 3\n  source: I01\n  unti: x\n", "a.unti: unknown key"),
        (LIMITS + "  value: 3\n  source: I01\n  axes: [payr]\n", "no such axis 'payr'"),
        (
            LIMITS + "  value: {standard: 3}\n  source: I01\n  axes: [need]\n",
            "no value for advanced, tertiary",
        ),
        (LIMITS + "  value: {standrd: 3}\n  source: I01\n  axes: [need]\n", "no such need code"),
        (LIMITS + "  history: [{from: 2026, value: 1, source: I01}]\n", "2026 is not a quarter"),
        (
            LIMITS + "  history: [{from: 2026Q1, value: 1, source: I01}, {from: 2025Q1, value: 1, source: I01}]\n",
            "a.history[2]: 2025Q1 does not come after 2026Q1",
        ),
        (LIMITS + "  value: 3\n  source: I01\n  drift: x.b\n", "a.drift: no parameter 'x.b'"),
        (LIMITS + "  value: 3\n  source: I01\n  drift: x.a\n", "must be a plain number"),
        (
            LIMITS + "  value: 3\n  source: I01\n  distribution: {dist: uniform, low: 1, high: 2}\n",
            "only a number of kind behaviour or economy has a distribution",
        ),
        (LIMITS + "  value: 3\n  source: {cite: I01, note: one, two}\n", "needs quotes inside { }"),
        ("  type: choice\n  value: x\n  source: I01\n", "missing key choices"),
        (
            "  type: flag\n  limits: {min: 0}\n  value: true\n  source: I01\n",
            "a leaf of type flag has no limits",
        ),
        ("b: 3\n", "found the number 3 (expected a group or a leaf with a title)"),
    ],
)
def test_what_is_wrong_with_a_leaf_is_said(tmp_path: Path, rest: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEAD + rest)
    assert said in str(caught.value)


def test_faults_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "a.yaml").write_text("x: [")
    (registry / "b.yaml").write_text("y: {title: 3}")
    (tmp_path / "bibliography.yaml").write_text("I01: {title: T}\n")
    with pytest.raises(InputError) as caught:
        read_registry(registry, tmp_path / "bibliography.yaml")
    assert {fault.file for fault in caught.value.faults} == {
        "registry/a.yaml",
        "registry/b.yaml",
        "bibliography.yaml",
    }
