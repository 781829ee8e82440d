"""The two commands of the README, the check that runs them, the pinned versions, and the files people look for first."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from docs.markdown import ROOT, blocks
from oncsim import __version__

MAIN = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e . && .venv/bin/oncsim run baseline"
TESTS = 'python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e ".[test]" && .venv/bin/pytest -n 2'


def _pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["test"]]]


def test_readme_has_exactly_two_commands_that_do_everything() -> None:
    found = [block.text.strip() for block in blocks(ROOT / "README.md") if block.text.startswith("python3 -m venv")]
    assert found == [MAIN, TESTS]


def test_check_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    patterns = re.findall(r"grep -m1 '(\^[^']+)' README\.md", text)
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = [next(line for line in readme if re.search(pattern, line)) for pattern in patterns]
    assert first == [TESTS, MAIN]
    for tool in ('ruff" check', 'ruff" format --check', 'mypy"'):
        assert tool in text
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_every_declared_package_has_one_version_for_each_python() -> None:
    for python in ("3.11", "3.12", "3.13"):
        pins = [pin for pin in _pins() if pin.marker is None or pin.marker.evaluate({"python_version": python})]
        names = [_normal(pin.name) for pin in pins]
        assert len(names) == len(set(names)), f"two versions of one package on Python {python}"
        for wanted in _declared():
            version = next(str(pin.specifier) for pin in pins if _normal(pin.name) == _normal(wanted.name))
            assert version.startswith("==")
            assert wanted.specifier.contains(version.removeprefix("==")), f"{wanted} against {version}"


def test_numpy_and_scipy_are_the_same_on_every_python() -> None:
    numeric = [pin for pin in _pins() if pin.name in ("numpy", "scipy")]
    assert len(numeric) == 2
    assert all(pin.marker is None for pin in numeric)


def test_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_changelog_says_where_results_changed() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "**[results]**" in text
    assert "## [Unreleased]" in text


def test_hooks_are_local() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]


def test_map_of_the_architecture_is_true() -> None:
    """Every folder and file that the map names is there, and every folder of the package is on it."""
    source = ROOT / "src" / "oncsim"
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## Map")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([\w/]+(?:\.py|/))`", row)}
    assert len(named) > 15
    for name in named:
        assert (source / name).exists(), name
    folders = {path.name + "/" for path in source.iterdir() if (path / "__init__.py").is_file()}
    assert folders <= named


def test_quarter_of_the_architecture_is_the_models() -> None:
    from oncsim.model import QUARTER

    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## A quarter")[1]
    assert tuple(re.findall(r"^\d+\. `(\w+)`", text, re.MULTILINE)) == tuple(name for name, _ in QUARTER)
    table = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| \d+ \| `(\w+)` \|", table, re.MULTILINE)) == tuple(name for name, _ in QUARTER)


def _tracked_texts() -> list[Path]:
    names = ("*.md", "*.txt", "*.cff", "*.yaml", "*.toml")
    top = [path for name in names for path in ROOT.glob(name)]
    return [*top, *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"]


def test_no_path_of_a_machine_is_written_down() -> None:
    for path in _tracked_texts():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(?:home|Users|root|work)/\w", text), path.name
