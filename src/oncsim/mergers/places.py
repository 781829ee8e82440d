"""Where a deal matters: the zones whose people go to both parties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import NEEDS
from oncsim.mergers.parties import Party
from oncsim.prices.drugs import COMMERCIAL
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

MOST = 10


@dataclass(frozen=True)
class Overlap:
    """A zone where people with commercial insurance start treatment with both parties.

    Attributes
    ----------
    id, name : str
    population : float
        Everyone who lives there.
    patients : float
        Commercial patients who start treatment, a year.
    share_one, share_other : float
        The parties' parts of them, wherever they are treated, 0 to 1.
    """

    id: str
    name: str
    population: float
    patients: float
    share_one: float
    share_other: float


def overlaps(model: OncologyMarket, one: Party, other: Party) -> tuple[Overlap, ...]:
    """Return the ten zones with the largest product of the parties' shares, where it is above zero."""
    zones, pairs, shares = model.zones, model.pairs, model.shares
    started, _ = model.entry_flows
    counted = (shares.segment // len(NEEDS) == COMMERCIAL) & (started > 0)
    pair, patients = shares.pair[counted], started[counted]
    owner = model.orgs.top_owner()[model.sites.org[pairs.site[pair]]]
    total = sum_by(pairs.zone[pair], patients, len(zones))
    part = [
        np.divide(held, total, out=np.zeros(len(zones)), where=total > 0)
        for held in (sum_by(pairs.zone[pair], patients * (owner == party.row), len(zones)) for party in (one, other))
    ]
    both = part[0] * part[1]
    order = np.lexsort((zones.key, -both))[:MOST]
    return tuple(
        Overlap(
            zones.ids[z],
            zones.names[z],
            float(zones.population[z]),
            4.0 * float(total[z]),
            float(part[0][z]),
            float(part[1][z]),
        )
        for z in order
        if both[z] > 0
    )
