"""Medicare Advantage manages drug use more where step therapy is allowed, less where clinicians hold gold cards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import METRO, run
from oncsim.calendar import Quarter
from oncsim.parameters import Parameters, load_registry
from oncsim.prices.drugs import asp_of_segments
from oncsim.prices.management import drug_intensity
from oncsim.processes.management import management_saving

_MA = 1


class Law(dict[str, Any]):
    """Values by name."""


def law(step: bool, cards: float) -> Any:
    return Law(
        {
            "payment.medicare_advantage.drug_intensity": 0.88,
            "policy.medicare_advantage.step_therapy": step,
            "policy.medicare_advantage.gold_carding": cards,
            "payer.management.authorization_part": 0.6,
        }
    )


def test_intensity_in_the_four_corners() -> None:
    assert drug_intensity(law(True, 0.0)) == pytest.approx(0.88)
    assert drug_intensity(law(False, 0.0)) == pytest.approx(1 - 0.12 * 0.6)
    assert drug_intensity(law(True, 1.0)) == drug_intensity(law(False, 1.0)) == 1.0
    assert drug_intensity(law(True, 0.25)) == pytest.approx(1 - 0.12 * 0.75)


def test_step_therapy_came_in_2019_and_moves_the_drugs_of_its_members_alone() -> None:
    parameters = Parameters(load_registry())
    before, after = parameters.at(Quarter(2018, 4)), parameters.at(Quarter(2019, 1))
    assert drug_intensity(before) == pytest.approx(1 - 0.12 * 0.6) and drug_intensity(after) == pytest.approx(0.88)
    drugs = asp_of_segments(after).reshape(5, 3)
    np.testing.assert_allclose(drugs[_MA], 0.88 * drugs[0])
    np.testing.assert_array_equal(drugs[2], drugs[0])


def test_gold_cards_save_staff_time_for_medicare_advantage_and_cost_nothing_without() -> None:
    none = run(1, METRO)
    assert (management_saving(none) == 0).all()
    cards = run(1, METRO, policy=[{"set": "policy.medicare_advantage.gold_carding", "to": 0.5}])
    unit = float(cards.law["payer.management.cost"])
    np.testing.assert_allclose(management_saving(cards), 0.5 * unit * cards.volumes.patient_quarters[:, _MA])
    assert cards.volumes.drug_dollars.sum() > none.volumes.drug_dollars.sum()
    free = run(
        1,
        METRO,
        policy=[{"set": "policy.medicare_advantage.gold_carding", "to": 0.5}],
        behaviour={"payer.management.cost": 0.0, "payment.medicare_advantage.drug_intensity": 1.0},
    )
    unmanaged = run(1, METRO, behaviour={"payer.management.cost": 0.0, "payment.medicare_advantage.drug_intensity": 1.0})
    np.testing.assert_array_equal(free.orgs.margin, unmanaged.orgs.margin)
