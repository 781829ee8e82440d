"""Files are whole or absent, and storage faults are one line."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from oncsim.errors import RunError
from oncsim.results import files


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        files.write_json(path, {"a": object()})
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "half \ud800")
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_storage_fault_is_one_line(number: int, words: str) -> None:
    import os

    with (
        pytest.raises(RunError) as caught,
        files.storing(Path("results"), lambda: "replicates 0-3 kept"),
    ):
        raise OSError(number, os.strerror(number), "results/x.parquet")
    assert str(caught.value) == f"cannot write results/x.parquet: {words}; replicates 0-3 kept"


def test_publish_replaces_a_folder_in_one_step(tmp_path: Path) -> None:
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name)
    files.publish(tmp_path / "new", tmp_path / "target")
    assert (tmp_path / "target" / "which").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["target"]


def test_publish_that_fails_gives_the_old_folder_back(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(FileNotFoundError):
        files.publish(tmp_path / "absent", tmp_path / "target")
    assert (tmp_path / "target").is_dir()


def test_listing_names_every_file(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(b"1")
    (tmp_path / "manifest.json").write_text("{}")
    listed = files.listing(tmp_path)
    assert list(listed) == ["figures/a.png"]
    assert listed["figures/a.png"]["sha256"].startswith("6b86b273ff34fce1")
