"""Telehealth: visits from home where a site offers them, and what they are paid.

Everything is measured against payment at parity with office visits, the rule since 2020: at parity nothing changes, below it
telehealth visits are paid less, fewer are offered, and a site that offers them loses part of what drew patients to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import SERVICE_LINES

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_TELEHEALTH = SERVICE_LINES.index("telehealth")


def telehealth_visit_share(model: OncologyMarket) -> Floats:
    """Return the share of visits that are by telehealth at each site, (sites,): the line's share, less where paid less."""
    law = model.law
    offered = float(law["care.telehealth_visits"]) * min(float(law["policy.telehealth.parity"]), 1.0)
    return np.asarray(offered * model.sites.lines[:, _TELEHEALTH])


def telehealth_payment_factor(model: OncologyMarket) -> Floats:
    """Return what visits are paid on average relative to visits in person, (sites,): 1 at parity."""
    parity = float(model.law["policy.telehealth.parity"])
    return np.asarray(1.0 - telehealth_visit_share(model) * (1.0 - parity))


def telehealth_utility(model: OncologyMarket) -> Floats:
    """Return the utility of each site for its telehealth, relative to telehealth paid at parity, (sites,)."""
    law = model.law
    lost = 1.0 - min(float(law["policy.telehealth.parity"]), 1.0)
    return np.asarray(-float(law["choice.telehealth"]) * lost * model.sites.lines[:, _TELEHEALTH])
