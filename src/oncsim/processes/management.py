"""What dealing with Medicare Advantage plans costs practices, and what a gold card saves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import PAYERS

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_MA = PAYERS.index("medicare_advantage")


def management_saving(model: OncologyMarket) -> NDArray[np.float64]:
    """Return the dollars of staff time that gold cards save at each site this quarter, (sites,).

    What dealing with plans costs is part of the cost of visits; a gold card takes it away for Medicare Advantage patients.
    """
    law = model.law
    unit = float(law["payer.management.cost"]) * float(law["policy.medicare_advantage.gold_carding"])
    return np.asarray(unit * model.volumes.patient_quarters[:, _MA])
