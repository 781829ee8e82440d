"""What the documentation shows works: scenarios load, commands exist with their options, quick ones run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from docs.markdown import PAGES, ROOT, Block, all_blocks, blocks, commands
from oncsim.cli import root
from oncsim.experiments import load_experiment
from oncsim.scenario import load_scenario
from oncsim.scenario.library import bundled_scenarios

SCENARIOS = [block for block in all_blocks("yaml") if block.text.startswith("schema: oncsim/scenario")]
EXPERIMENTS = [block for block in all_blocks("yaml") if block.text.startswith("schema: oncsim/experiment")]
MARKETS = [(block, line) for block in all_blocks("yaml") for line in block.text.splitlines() if line.startswith("market: {")]
COMMANDS = [(block, line) for block in all_blocks("bash", "") for line in commands(block)]
# Words that stand for the reader's own, in capitals as in help texts.
PLACEHOLDERS = {"SCENARIO", "FILE", "NAME", "PARAMETER", "PATH=VALUE", "BASELINE", "OTHER...", "ID", "RUN", "DIR"}


def test_documentation_has_what_is_tested_here() -> None:
    pages = {block.page.name for block in SCENARIOS}
    assert {"README.md", "for-researchers.md", "for-strategists.md", "for-educators.md", "scenario-files.md"} <= pages
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("block", SCENARIOS, ids=lambda block: block.name)
def test_scenario_loads(block: Block, tmp_path: Path) -> None:
    identity = yaml.safe_load(block.text)["id"]
    assert identity not in bundled_scenarios(), "a snippet must not shadow a scenario that comes with oncsim"
    path = tmp_path / f"{identity}.yaml"
    path.write_text(block.text, encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.id == identity
    assert len(list(scenario.quarters)) >= 4


@pytest.mark.parametrize("block", EXPERIMENTS, ids=lambda block: block.name)
def test_experiment_loads(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "here.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert load_experiment(path).id == yaml.safe_load(block.text)["id"]


@pytest.mark.parametrize(("block", "line"), MARKETS, ids=lambda part: getattr(part, "name", None))
def test_market_line_is_accepted(block: Block, line: str, tmp_path: Path) -> None:
    path = tmp_path / "here.yaml"
    head = "schema: oncsim/scenario/1\nid: here\ntitle: here\nhorizon: {start: 2026Q1, end: 2026Q4}\n"
    path.write_text(head + line + "\n", encoding="utf-8")
    load_scenario(path)


def _resolve(words: list[str]) -> tuple[click.Command, list[str], str]:
    """Return the command that words call, the words left, and its name."""
    command: click.Command = root
    name = "oncsim"
    context = click.Context(root, info_name="oncsim")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]!r} below {name}"
        command, name, words = found, f"{name} {words[0]}", words[1:]
        context = click.Context(command, info_name=name, parent=context)
    return command, words, name


def _is_real(line: str) -> bool:
    return not set(shlex.split(line)) & PLACEHOLDERS


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_command_and_its_options_exist(block: Block, line: str) -> None:
    command, words, name = _resolve(shlex.split(line)[1:])
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in options | {"--help", "--version"}, f"{block.name}: {name} has no {word}"
    if _is_real(line) and isinstance(command, click.Command) and not isinstance(command, click.Group):
        required = [p for p in command.params if isinstance(p, click.Argument) and p.required]
        assert len(required) <= len([word for word in words if not word.startswith("--")]), f"{block.name}: {line}"


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=lambda part: part if isinstance(part, str) else part.name)
def test_scenarios_that_commands_name_exist(block: Block, line: str) -> None:
    """An id in a command is a bundled scenario; a file is one that the same page says to save, or a table or sketch."""
    words = shlex.split(line)[1:]
    if not _is_real(line) or (words[0] not in ("run", "compare") and words[:2] != ["market", "show"]):
        return
    saved = set(re.findall(r"`([\w-]+\.yaml)`", block.page.read_text(encoding="utf-8"))) | {"my-scenario.yaml"}
    takes_value = {
        "--replicates",
        "--seed",
        "--until",
        "--set",
        "--record",
        "--format",
        "--workers",
        "--out",
        "--map",
        "--metric",
    }
    named = [
        word
        for before, word in zip(["", *words], [*words, ""], strict=True)
        if word and not word.startswith("--") and before not in takes_value
    ]
    for word in named[1 if words[0] != "market" else 2 :]:
        assert word in bundled_scenarios() or word in saved, f"{block.name}: {word}"


def test_parameters_and_metrics_that_pages_name_exist() -> None:
    from oncsim.metrics.registry import METRICS
    from oncsim.parameters.registry import load_registry

    known = {*load_registry().leaves, *METRICS}
    for block, line in COMMANDS:
        words = shlex.split(line)
        if words[1:3] in (["params", "show"], ["metrics", "show"]) and _is_real(line):
            assert words[3] in known, f"{block.name}: {words[3]}"


def test_readme_what_if_runs_on_its_archetype(tmp_path: Path) -> None:
    """The snippet of the README through the commands that follow it, cut short."""
    from oncsim.cli import main

    block = next(block for block in blocks(ROOT / "README.md") if block.text.startswith("schema:"))
    file = tmp_path / "smaller_addon.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert main(["--quiet", "scenario", "check", str(file)]) == 0
    out = ["--out", str(tmp_path / "results"), "--no-report"]
    short = ["--until", "2026Q2", "--replicates", "1"]
    assert main(["--quiet", "compare", "mixed_market", str(file), *short, *out]) == 0
    assert main(["--quiet", "run", "mixed_market", "--set", "policy.acquisitions.allowed=false", *short, *out]) == 0
    assert list((tmp_path / "results" / "compare").glob("*/differences.parquet"))


PRICED = sorted({line for _, line in COMMANDS if shlex.split(line)[1] == "price"})


@pytest.mark.parametrize("line", PRICED)
def test_price_commands_run(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    from oncsim.cli import main

    assert main(shlex.split(line)[1:]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("Dollars for")


def test_every_page_is_in_the_table_of_contents() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {target for target, _ in _LINK.findall(text) if "/" not in target} == pages


def test_python_blocks_compile() -> None:
    found = all_blocks("python")
    assert found
    for block in found:
        compile(block.text, block.name, "exec")


_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_model_page_names_real_parameters_and_files() -> None:
    """Parameters, metrics and files that the model page names in full exist, so it cannot drift away in silence."""
    from oncsim.metrics import METRICS
    from oncsim.parameters.registry import load_registry

    leaves = load_registry().leaves
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    subjects = {name.split(".")[0] for name in leaves}
    for name in re.findall(r"`([a-z0-9_]+(?:\.[a-z0-9_]+)+)`", text):
        if name.split(".")[0] in subjects and not name.endswith(".py"):
            assert name in leaves or name in METRICS, name
    for name in re.findall(r"\*\*\*([\w/]+(?:\.py|/))\*\*\*", text):
        assert (ROOT / "src" / "oncsim" / name).exists(), name
