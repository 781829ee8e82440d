"""What a run is asked to do: names that are no scenario, and folders that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.errors import InputError
from oncsim.planning import check_folder, load

ALLOWED = "(give a YAML file, or the id of a bundled scenario: `oncsim scenario list`)"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/dev/null", f"/dev/null: this is a device, not a scenario file {ALLOWED}"),
        ("", f"scenario: an empty name is not a scenario {ALLOWED}"),
        ("  ", f"scenario: an empty name is not a scenario {ALLOWED}"),
        ("folder", f"folder: this is a folder, not a scenario file {ALLOWED}"),
    ],
)
def test_what_is_no_scenario_file_is_said(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as caught:
        load(name)
    assert str(caught.value) == said


def test_a_folder_does_not_hide_a_bundled_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "baseline").mkdir()
    assert load("baseline").id == "baseline"


def test_an_empty_folder_is_refused_and_others_are_kept() -> None:
    with pytest.raises(InputError) as caught:
        check_folder("")
    assert str(caught.value) == "--out: is empty (name a folder, for example results; . is the working folder)"
    assert check_folder(".") == Path()
    assert check_folder(Path("results")) == Path("results")
