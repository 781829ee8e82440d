"""Reading run folders back."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.errors import InputError
from oncsim.results import files, open_run, read_table


def test_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a complete run \(it has no manifest.json\)"):
        open_run(tmp_path)


def test_run_that_is_not_complete(tmp_path: Path) -> None:
    files.write_json(tmp_path / "manifest.json", {"status": "interrupted"})
    with pytest.raises(InputError, match=r"not a complete run \(its manifest says 'interrupted'\)"):
        open_run(tmp_path)


def test_half_a_manifest_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"status": "compl')
    with pytest.raises(InputError, match="not a complete run"):
        open_run(tmp_path)


def test_table_that_was_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table 'flows'; run again with --record flows"):
        read_table(tmp_path, "flows")
