"""Names that somebody may have meant."""

from __future__ import annotations

import pytest

from oncsim import cli
from oncsim.cli.suggestions import suggest

KNOWN = ("a.hhi", "a.hhi_flow", "a.mhhi", "b.wait")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("hhi", "; did you mean 'a.hhi', 'a.mhhi' or 'a.hhi_flow'?"),
        ("WAIT", "; did you mean 'b.wait'?"),
        ("a.hi", "; did you mean 'a.hhi'?"),
        ("", ""),
        ("zebra", ""),
    ],
)
def test_ends_then_holds_then_resembles(word: str, said: str) -> None:
    assert suggest(word, KNOWN) == said


def test_many_names_are_cut_short() -> None:
    assert suggest("x", [f"a.x{i}" for i in range(7)]) == (
        "; names with it: 'a.x0', 'a.x1', 'a.x2', 'a.x3', 'a.x4' and 2 more"
    )


def test_metrics_and_parameters_are_found_by_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics", "show", "hhi"]) == 2
    assert capsys.readouterr().err.startswith("no metric 'hhi' (oncsim metrics list; names with it: 'consolidation.hhi', ")
    assert cli.main(["params", "show", "discount"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("command line: no parameter 'discount' (`oncsim params list` names them all; names with it: ")
    assert "'policy.p340b.discount'" in said
