"""Each wrong table gives exactly the lines that its folder says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml
from files_toy import spec_of, write_tables

from oncsim.errors import InputError
from oncsim.market.files import build_files

CASES = Path(__file__).parent / "bad_tables"


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.iterdir()))
def test_says_what_is_wrong(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    write_tables(folder)
    for path in (CASES / case).glob("*.csv"):
        shutil.copy(path, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ONCSIM_DATA", raising=False)
    options = CASES / case / "options.yaml"
    given = yaml.safe_load(options.read_text(encoding="utf-8")) if options.exists() else {}
    with pytest.raises(InputError) as error:
        build_files(spec_of(folder, **given), folder)
    said = str(error.value) + "\n"
    expected = CASES / case / "expected.txt"
    if os.environ.get("ONCSIM_WRITE_EXPECTED"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def test_every_fault_of_all_tables_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tables(tmp_path, zones="zone\n1\n", hospitals="hospital\n1\n", practices="org\n", centers="name\nx\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        build_files(spec_of(tmp_path), tmp_path)
    assert {fault.file for fault in error.value.faults} == {
        f"{w}.csv" for w in ("zones", "hospitals", "practices", "centers")
    }
