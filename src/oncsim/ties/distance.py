"""How far apart organisations work: between the nearest of their places, or of their seats where they have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.state.travel import EARTH_MILES, great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def miles_between(model: OncologyMarket, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the miles between the nearest places of work of the two of each pair, (pairs,)."""
    from oncsim.ties.neighbours import places_of_work

    owner, point = places_of_work(model)
    orgs = model.orgs
    top = orgs.top_owner()
    order = np.argsort(owner, kind="stable")
    owner, point = owner[order], point[order]
    first, last = np.searchsorted(owner, np.arange(len(orgs))), np.searchsorted(owner, np.arange(len(orgs)), side="right")
    miles = great_circle_miles(orgs.lat[a], orgs.lon[a], orgs.lat[b], orgs.lon[b])
    for row, (i, j) in enumerate(zip(top[a].tolist(), top[b].tolist(), strict=True)):
        mine, theirs = point[first[i] : last[i]], point[first[j] : last[j]]
        if len(mine) and len(theirs):
            # Cosines of the angles: the largest belongs to the nearest two.
            cosine = min(float((mine @ theirs.T).max()), 1.0)
            miles[row] = EARTH_MILES * np.arccos(cosine)
    return np.asarray(miles)
