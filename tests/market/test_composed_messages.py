"""Each wrong market written out in a scenario gives exactly the lines of the text file beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from oncsim import building
from oncsim.errors import InputError
from oncsim.scenario import load_scenario

FOLDER = Path(__file__).parent / "bad_composed"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_exact_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    with pytest.raises(InputError) as caught:
        building.build(load_scenario(f"{name}.yaml"))
    expected = FOLDER / f"{name}.txt"
    if os.environ.get("ONCSIM_WRITE_EXPECTED"):
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert str(caught.value).splitlines() == expected.read_text(encoding="utf-8").splitlines()


def test_every_line_names_file_line_and_column() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES
    for name in NAMES:
        for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(rf"{name}\.yaml:[0-9]+:[0-9]+: market\S*: \S.*", line), line
