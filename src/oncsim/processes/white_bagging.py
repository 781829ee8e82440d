"""White bagging: drugs that a payer's own pharmacy ships, so that the provider neither buys nor bills them.

The provider keeps the payment for administration and loses the margin on the drug. Payers ship where the pharmacy costs
them less than the contract, mandates make them ship everywhere, state bans stop them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.processes.jurisdiction import by_state, site_places, site_states

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]


def white_bagged_share(model: OncologyMarket) -> Floats:
    """Return the share of commercial drug dollars that the payer's pharmacy ships to each site, (sites,).

    The provider neither buys nor bills them; the payer pays the pharmacy :func:`white_bagging_price` instead.
    """
    law = model.law
    saves = model.contracts.drug > white_bagging_price(model)
    usual = float(law["payer.white_bagging.share"]) * saves
    mandated = law.over("policy.white_bagging.mandated_share", site_places(model))
    stopped = by_state(law["policy.white_bagging.banned"], site_states(model))
    return np.asarray(np.maximum(usual, mandated) * (1.0 - stopped))


def white_bagging_price(model: OncologyMarket) -> float:
    """Return what a payer pays its pharmacy for a dollar of average sales price."""
    return float(model.law["payer.white_bagging.price"])
