"""Points inside zones for what is generated, on the globe: poles, antimeridian and small islands included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from oncsim.market.generate_keys import Floats
from oncsim.market.places import MILES_PER_DEGREE
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

FARTHEST_MILES = 12.0  # people of large counties live in a few towns: sites stay near the middle of the people


def scatter(zones: pd.DataFrame, names: Iterable[str], luck: Luck, *, reach: float) -> tuple[Floats, Floats]:
    """Return a point near the middle of each zone's people, keyed by the name of what stands there.

    Parameters
    ----------
    zones : pandas.DataFrame
        One row per point: ``lat, lon, land_sqmi``.
    names : iterable of str
        Identity of what stands there.
    luck : Luck
        Luck of the market.
    reach : float
        Farthest distance as a share of the radius of a circle of the zone's land area.
    """
    keys = identities(list(names))
    radius = np.sqrt(np.maximum(zones["land_sqmi"].to_numpy(dtype=np.float64), 0.1) / np.pi)
    farthest = np.minimum(reach * radius, FARTHEST_MILES)
    # Uniform over the disc's radius, not its area: sites cluster in the middle as people do.
    distance = farthest * luck.uniform("site_distance", 0, keys)
    angle = 2.0 * np.pi * luck.uniform("site_angle", 0, keys)
    lat = zones["lat"].to_numpy(dtype=np.float64)
    lon = zones["lon"].to_numpy(dtype=np.float64)
    north = distance * np.sin(angle) / MILES_PER_DEGREE
    east = distance * np.cos(angle) / (MILES_PER_DEGREE * np.maximum(np.cos(np.radians(lat)), 0.1))
    return np.round(lat + north, 5), np.round(_wrap(lon + east), 5)


def _wrap(lon: Floats) -> Floats:
    return np.asarray((lon + 180.0) % 360.0 - 180.0, dtype=np.float64)
