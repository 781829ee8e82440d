"""How strongly ties steer patients: by form, ramp and trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import TIE_STAGES
from oncsim.ties.ladder import IN_FORCE
from oncsim.ties.trust import used_trust

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_SCALED_BACK = TIE_STAGES.index("scaled_back")
_RAMP_UP, _DEEPENED = TIE_STAGES.index("ramp_up"), TIE_STAGES.index("deepened")


def tie_strength(model: OncologyMarket) -> NDArray[np.float64]:
    """Return how strongly each tie steers, 0 to 1: form, ramp and the lower of the two trusts used."""
    ties = model.ties
    steering = model.ladder.steering
    if len(ties) == 0:
        return np.zeros(0)
    living = IN_FORCE[ties.stage]
    # The ramp begins when due diligence is over; a tie that deepens goes from what it was to what it will be.
    gone = (ties.stage_age - ties.diligence + 1) / np.maximum(ties.ramp - ties.diligence, 1)
    ramp = np.clip(gone, 0.0, 1.0)
    deeper = (ties.stage == _DEEPENED) & (ties.form_before >= 0)
    before = np.where(deeper, steering[ties.form_before.clip(min=0)], 0.0)
    rising = (ties.stage == _RAMP_UP) | deeper
    form = np.where(rising, before + (steering[ties.form] - before) * ramp, steering[ties.form])
    back = np.where(ties.stage == _SCALED_BACK, float(model.law["partnership.review.scaled_back"]), 1.0)
    trust_ab, trust_ba = used_trust(model)
    return np.where(living, form * back * np.minimum(trust_ab, trust_ba), 0.0)
