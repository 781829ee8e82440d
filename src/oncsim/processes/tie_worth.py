"""What a tie would be worth with all that single forms bring: hubs, services agreements, bundles (methods 2e)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import TIE_FORMS
from oncsim.processes.employer_bundle import bundle_gain
from oncsim.processes.services_agreement import agreement_gain
from oncsim.processes.spokes import spoke_gain
from oncsim.ties.ladder import BUNDLE, HUB, SERVICES_AGREEMENT
from oncsim.ties.worth import Brings, Gains, Worth, worth

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def gains_of_forms(model: OncologyMarket, a: Ints, b: Ints, miles: Floats) -> Gains:
    """Return what only some forms would bring to each pair: hubs, services agreements, bundles."""
    dollars, patients = np.zeros((len(a), len(TIE_FORMS))), np.zeros((len(a), len(TIE_FORMS)))
    top = model.orgs.top_owner()
    one, other = top[a], top[b]
    dollars[:, HUB], patients[:, HUB] = spoke_gain(model, one, other)
    dollars[:, SERVICES_AGREEMENT] = agreement_gain(model, one, other, miles)
    dollars[:, BUNDLE], patients[:, BUNDLE] = bundle_gain(model, one, other)
    return Gains(dollars, patients)


def tie_worth(model: OncologyMarket, a: Ints, b: Ints, miles: Floats, have: Brings) -> Worth:
    """Return what a tie between each pair would be worth in every form (see :func:`oncsim.ties.worth.worth`)."""
    return worth(model, a, b, miles, have, gains_of_forms(model, a, b, miles))
