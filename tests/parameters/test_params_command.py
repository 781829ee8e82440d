from __future__ import annotations

import pytest
from click.testing import CliRunner

from oncsim.cli.params_command import command
from oncsim.errors import InputError
from oncsim.parameters.registry import Registry


@pytest.fixture(autouse=True)
def _tiny_package(monkeypatch: pytest.MonkeyPatch, tiny: Registry) -> None:
    monkeypatch.setattr("oncsim.parameters.load_registry", lambda: tiny)


def run(*words: str) -> str:
    result = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_names_every_parameter(tiny: Registry) -> None:
    lines = run("list").splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(tiny.leaves)


def test_list_can_be_narrowed() -> None:
    assert [line.split()[0] for line in run("list", "--kind", "economy").splitlines()[1:]] == ["economy.price_growth"]
    assert len(run("list", "payment.medicare").splitlines()) == 3
    with pytest.raises(InputError, match="groups: economy, payment, policy, practice"):
        run("list", "--prefix", "x")


def test_show_says_all_there_is() -> None:
    page = run("show", "payment.medicare.visit_fee")
    for part in (
        "Visit fee",
        "dollars",
        "at least 0",
        "grows by economy.price_growth",
        "2024Q1",
        "I01 (final rule)",
    ):
        assert part in page
    assert "https://example.org/rates" in page
    assert "advanced.rural" in run("show", "practice.loyalty")
    assert "drift of payment.medicare.visit_fee" in run("show", "economy.price_growth")


def test_show_of_an_unknown_name_says_what_is_near() -> None:
    with pytest.raises(InputError, match=r"did you mean 'practice\.optimism'"):
        run("show", "practice.optimsm")
