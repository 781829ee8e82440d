from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from oncsim.parameters.distribution import Distribution, parse_distribution

CASES = [
    ({"dist": "triangular", "low": 1, "mode": 2, "high": 5}, stats.triang(0.25, 1, 4), 2.0),
    ({"dist": "uniform", "low": 2, "high": 4}, stats.uniform(2, 2), 3.0),
    ({"dist": "normal", "mean": 3, "sd": 2}, stats.norm(3, 2), 3.0),
    ({"dist": "lognormal", "median": 2, "sigma": 0.5}, stats.lognorm(0.5, scale=2), 2.0),
]


@pytest.mark.parametrize(("data", "oracle", "centre"), CASES)
def test_quantiles_agree_with_scipy(data: dict[str, object], oracle: object, centre: float) -> None:
    distribution, problems = parse_distribution(data)
    assert distribution is not None and problems == []
    assert distribution.centre == centre
    for u in (0.01, 0.3, 0.5, 0.9):
        assert distribution.quantile(u) == pytest.approx(oracle.ppf(u))  # type: ignore[attr-defined]


def test_lognormal_by_mean_and_sd_has_that_mean_and_sd() -> None:
    distribution, _ = parse_distribution({"dist": "lognormal", "mean": 3, "sd": 1})
    assert distribution is not None
    values = np.array([distribution.quantile((i + 0.5) / 4000) for i in range(4000)])
    assert values.mean() == pytest.approx(3, rel=0.005)
    assert values.std() == pytest.approx(1, rel=0.02)


def test_fixed_does_not_move() -> None:
    distribution = Distribution("fixed", (("value", 7.0),))
    assert distribution.quantile(0.1) == distribution.quantile(0.9) == distribution.centre == 7.0


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"dist": "triangel"}, "dist"),
        ({"dist": "uniform", "low": 3, "high": 2}, "low"),
        ({"dist": "uniform", "low": 3}, ""),
        ({"dist": "normal", "mean": 3, "sd": -1}, "sd"),
        ({"dist": "normal", "mean": "3", "sd": 1}, "mean"),
        ({"dist": "lognormal", "median": 0, "sigma": 1}, ""),
        ({"dist": "triangular", "low": 1, "mode": 5, "high": 2}, "mode"),
    ],
)
def test_what_is_wrong_is_said_at_its_key(data: dict[str, object], key: str) -> None:
    distribution, problems = parse_distribution(data)
    assert distribution is None
    assert problems[0][0] == key
