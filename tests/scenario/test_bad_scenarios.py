"""Each bad scenario gives exactly the lines of the text file beside it.

The lists of actions in some messages come from the catalogue: who adds an action adds it to those lines too.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from oncsim.errors import InputError
from oncsim.parameters.registry import Registry
from oncsim.scenario.load import load_scenario

FOLDER = Path(__file__).parents[1] / "bad_scenarios"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.fixture(autouse=True)
def _in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    monkeypatch.setattr("oncsim.scenario.layers.bundled_scenarios", lambda: {"baseline": Path("no/baseline.yaml")})


@pytest.mark.parametrize("name", NAMES)
def test_exact_message(name: str, tiny: Registry) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(f"{name}.yaml", registry=tiny)
    assert str(caught.value).splitlines() == (FOLDER / f"{name}.txt").read_text().splitlines()


# The two parsers stop at the same place here and must say the same.
@pytest.mark.parametrize("name", ["tab", "stray_colon", "open_quote", "bad_character", "indentation", "anchor"])
def test_same_message_without_libyaml(name: str, tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    test_exact_message(name, tiny)


def test_every_bad_scenario_has_its_message_and_the_other_way_round() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES
    assert len(NAMES) > 90


def test_every_line_names_file_line_and_column() -> None:
    import re

    form = re.compile(r"[a-z0-9_]+\.yaml:[0-9]+:[0-9]+: \S.*")
    for name in NAMES:
        for line in (FOLDER / f"{name}.txt").read_text().splitlines():
            assert form.fullmatch(line), line
