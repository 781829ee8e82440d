from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.errors import InputError
from oncsim.scenario import library


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cases").mkdir()
    for name in ("baseline", "cases/rescue"):
        (tmp_path / f"{name}.yaml").write_text("id: x\n")
    monkeypatch.setattr(library, "bundled_folder", lambda: tmp_path)
    return tmp_path


def test_ids_are_found_in_subfolders_too(folder: Path) -> None:
    assert list(library.bundled_scenarios()) == ["baseline", "rescue"]
    assert library.find_scenario("rescue") == folder / "cases" / "rescue.yaml"
    assert library.find_scenario("cases/rescue") == folder / "cases" / "rescue.yaml"


def test_a_path_is_a_path(tmp_path: Path) -> None:
    assert library.find_scenario("some/where.yaml") == Path("some/where.yaml")
    plain = tmp_path / "plain"
    plain.write_text("x")
    assert library.find_scenario(plain) == plain


def test_an_unknown_id_says_what_is_near() -> None:
    with pytest.raises(InputError, match=r"basline: no bundled scenario has this id .*did you mean 'baseline'"):
        library.find_scenario("basline")
