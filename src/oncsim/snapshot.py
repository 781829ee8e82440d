"""A market at one moment: built, settled and played to a quarter, for commands that look at it instead of running on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.scenario import Scenario


def model_at(
    scenario: Scenario, quarter: Quarter | None = None, seed: int = 1, progress: Callable[[int, int], None] | None = None
) -> OncologyMarket:
    """Return the model of a scenario as it stands at the end of a quarter.

    Parameters
    ----------
    scenario : Scenario
    quarter : Quarter, optional
        Default: the first of the horizon, the market as it begins after one quarter of trade.
    seed : int
    progress : callable, optional
        Called with (quarters played, quarters to play).

    Raises
    ------
    InputError
        When the quarter lies outside the horizon.
    """
    quarters: Sequence[Quarter] = list(scenario.quarters)
    wanted = quarters[0] if quarter is None else quarter
    if wanted not in quarters:
        allowed = f"{quarters[0]} to {quarters[-1]}, the horizon of {scenario.id}"
        raise InputError([Fault("--at", 0, 0, "", f"{wanted} is outside the scenario ({allowed})")])
    from oncsim.model import OncologyMarket

    model = OncologyMarket(scenario, seed=seed)
    steps = quarters.index(wanted) + 1
    for done in range(steps):
        model.step()
        if progress is not None:
            progress(done + 1, steps)
    return model
