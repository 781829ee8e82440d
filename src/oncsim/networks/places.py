"""Where organisations are: at their largest site, and in the market of the zone nearest to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def largest_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the largest site of every organisation in the last of the quarters in which it has one.

    A bought practice hands its sites to its owner after a while; it keeps its last place.

    Parameters
    ----------
    sites : pandas.DataFrame
        Columns quarter, site, org, lat, lon, open, patients; one replicate, up to the quarter that is asked about.

    Returns
    -------
    pandas.DataFrame
        Columns quarter, lat, lon; one row an organisation, which is the index, sorted.
    """
    known = sites[np.isfinite(sites["lat"].astype(float)) & np.isfinite(sites["lon"].astype(float))]
    last = known["quarter"] == known.groupby("org", observed=True)["quarter"].transform("max")
    ordered = known[last].sort_values(
        ["org", "open", "patients", "site"], ascending=[True, False, False, True], kind="stable"
    )
    return ordered.drop_duplicates("org").set_index("org")[["quarter", "lat", "lon"]]


def markets_of(sites: pd.DataFrame, zones: pd.DataFrame) -> dict[str, str]:
    """Return the market of every organisation that has or had a site: that of the zone nearest to its place.

    The place is the last one of the run, so that an organisation stays in one market throughout.
    """
    from scipy.spatial import cKDTree

    places = largest_sites(sites)
    ground = zones[np.isfinite(zones["lat"].astype(float)) & np.isfinite(zones["lon"].astype(float))]
    if places.empty or ground.empty:
        return {}
    _, nearest = cKDTree(_on_sphere(ground)).query(_on_sphere(places))
    markets = ground["market"].astype(str).to_numpy()[np.asarray(nearest)]
    return dict(zip(places.index.astype(str), (str(one) for one in markets), strict=True))


def _on_sphere(frame: pd.DataFrame) -> NDArray[np.float64]:
    lat, lon = (np.radians(frame[name].to_numpy(dtype=float)) for name in ("lat", "lon"))
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
