from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oncsim.experiments.design import block_size, places, samples
from oncsim.experiments.load import load_experiment

from .small import edited, written

THREE = [
    {"parameter": "health_system.acquisition.optimism"},
    {"parameter": "choice.wait", "low": -0.02, "high": -0.005},
    {"parameter": "partnership.meet.yearly", "dist": "triangular", "low": 0.01, "mode": 0.02, "high": 0.05},
]


def loaded(tmp_path: Path, **changes: Any):
    return load_experiment(written(tmp_path, edited(**changes)))


def test_each_block_of_a_latin_hypercube_has_one_future_in_every_stratum(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, uncertainties=THREE, design={"method": "latin_hypercube", "samples": 16, "seed": 3})
    u = places(experiment, 3)
    assert u.shape == (48, 3)
    for block in np.split(u, 3):
        for column in block.T:
            assert sorted((column * 16).astype(int)) == list(range(16))
    np.testing.assert_array_equal(u[:16], places(experiment))  # a further block changes none before it
    assert not np.array_equal(u[:16], u[16:32])


@pytest.mark.parametrize(("second", "rows"), [(False, 5), (True, 8)])
def test_a_sobol_design_goes_on_in_its_sequence(tmp_path: Path, second: bool, rows: int) -> None:
    design = {"method": "sobol", "samples": 8, "second_order": second}
    experiment = loaded(tmp_path, uncertainties=THREE, design=design)
    assert block_size(experiment) == 8 * rows == len(places(experiment))
    np.testing.assert_array_equal(places(experiment, 4)[: 8 * rows], places(experiment))
    assert experiment.shared_luck


def test_a_morris_design_moves_one_thing_at_a_time(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, uncertainties=THREE, design={"method": "morris", "samples": 5, "levels": 4})
    u = places(experiment, 2)
    assert len(u) == 2 * 5 * 4
    for trajectory in np.split(u, 10):
        moved = np.abs(np.diff(trajectory, axis=0)) > 0
        assert (moved.sum(axis=1) == 1).all() and moved.any(axis=0).all()
    assert set(np.round(u.ravel() * 3, 9)) <= {0.0, 1.0, 2.0, 3.0}


def test_values_lie_in_their_ranges_and_follow_their_distributions(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, uncertainties=THREE, design={"method": "latin_hypercube", "samples": 400})
    table = samples(experiment)
    assert table["sample"].tolist() == list(range(400))
    for item in experiment.uncertainties:
        low, high = item.bounds
        assert table[item.name].between(low, high).all() and low < high
    assert table["choice.wait"].mean() == pytest.approx(-0.0125, abs=1e-4)
    assert table["partnership.meet.yearly"].mean() == pytest.approx((0.01 + 0.02 + 0.05) / 3, rel=0.01)


def test_a_factorial_design_has_every_combination_once(tmp_path: Path) -> None:
    items = [
        {"parameter": "choice.wait", "values": [-0.02, -0.01]},
        {"parameter": "policy.p340b.discount", "values": [0.0, 0.2, 0.4]},
    ]
    scenarios = [{"scenario": "rural_market"}]
    experiment = loaded(tmp_path, scenarios=scenarios, uncertainties=items, design={"method": "factorial"})
    table = samples(experiment)
    assert len(table) == 6 == block_size(experiment)
    assert {tuple(row) for row in table.drop(columns="sample").to_numpy()} == {
        (a, b) for a in (-0.02, -0.01) for b in (0.0, 0.2, 0.4)
    }


def test_a_list_is_played_as_it_is_written(tmp_path: Path) -> None:
    futures = [{"choice.wait": -0.01}, {"choice.wait": -0.02}]
    experiment = loaded(
        tmp_path,
        uncertainties=[{"parameter": "choice.wait", "low": -0.05, "high": 0}],
        design={"method": "list", "futures": futures},
    )
    assert samples(experiment)["choice.wait"].tolist() == [-0.01, -0.02]


def test_a_group_is_every_behaviour_parameter_below_it_with_a_distribution(tmp_path: Path) -> None:
    experiment = loaded(tmp_path, uncertainties=[{"group": "behaviour"}])
    assert len(experiment.uncertainties) > 20
    assert all(item.leaf.kind == "behaviour" and not item.own for item in experiment.uncertainties)
    below = loaded(tmp_path, uncertainties=[{"group": "health_system"}]).uncertainties
    assert {item.name for item in below} < {item.name for item in experiment.uncertainties}
