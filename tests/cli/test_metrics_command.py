"""``oncsim metrics``: everything a metric says of itself, and near misses."""

from __future__ import annotations

import pytest

from oncsim import cli
from oncsim.metrics import METRICS


def test_list_names_every_metric_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(METRICS)
    assert all(METRICS[line.split()[0]].unit in line for line in lines[1:])


def test_list_of_one_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics", "list", "access"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert names == sorted(name for name in METRICS if name.startswith("access."))
    assert cli.main(["metrics", "list", "acess"]) == 2
    assert "no metric begins with 'acess' (" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["access.minutes_mean", "consolidation.hhi"])
def test_show_says_it_all(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics", "show", name]) == 0
    said = " ".join(capsys.readouterr().out.split())
    metric = METRICS[name]
    for text in (name, metric.title, metric.definition, metric.unit, metric.source):
        assert " ".join(text.split()) in said


def test_near_miss(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["metrics", "show", "access.minutes_man"]) == 2
    assert capsys.readouterr() == (
        "",
        "no metric 'access.minutes_man' (oncsim metrics list; did you mean 'access.minutes_mean'?)\n",
    )
