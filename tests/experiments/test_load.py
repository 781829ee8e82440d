"""What is wrong with an experiment file is said with its line, what is allowed and the near miss: word for word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oncsim.errors import InputError
from oncsim.experiments.load import load_experiment

from .small import edited, written

# What is changed in the small experiment, and everything that is said of it.
WRONG: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "wrong.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_these_words(tmp_path: Path, name: str) -> None:
    changes, said = WRONG[name]["changes"], WRONG[name]["said"]
    path = written(tmp_path, edited(**changes))
    with pytest.raises(InputError) as caught:
        load_experiment(path)
    assert str(caught.value).replace(f"{path.parent}/", "").splitlines() == said


def test_designs_that_no_machine_could_hold_are_refused(tmp_path: Path) -> None:
    levels = [round(-0.0005 * i, 6) for i in range(1, 1002)]
    twice = [{"parameter": "choice.wait", "values": list(levels)} for _ in range(2)]
    path = written(tmp_path, edited(uncertainties=twice, design={"method": "factorial"}))
    with pytest.raises(InputError, match="all combinations are 1,002,001 futures, over 1,000,000"):
        load_experiment(path)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, edited(baseline="lw", metrics=["access.minute_mean"], design={"method": "sobol", "samples": 3}))
    with pytest.raises(InputError) as caught:
        load_experiment(path)
    assert len(caught.value.faults) == 3


def test_the_baseline_comes_first_whatever_the_order(tmp_path: Path) -> None:
    experiment = load_experiment(written(tmp_path, edited(baseline="no_addon")))
    assert [arm.id for arm in experiment.arms] == ["no_addon", "law"]
    assert [str(q) for q in (experiment.measures[0].from_, experiment.measures[1].from_)] == ["2026Q1", "2026Q2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty (expected a mapping with"), ("- a\n- b\n", "expected a mapping with")],
    ids=["empty", "list"],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match="expected a mapping") as caught:
        load_experiment(path)
    assert said in str(caught.value)
