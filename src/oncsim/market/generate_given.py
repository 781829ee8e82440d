"""Given sites whose oncologists are unknown: staffed from their zone, else from their own practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import HOSPITAL_KINDS, SITE_KINDS
from oncsim.market.generate_keys import Ints, one, systematic
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

STAFF_OF_SITE = (1.0, 2.5, 6.0)  # oncologists of a site: low, most likely, high (judgement)
GIVEN_SHARE = 0.6  # given practice sites may take this much of a zone's oncologists, hospital-based or not (judgement)
VISIT_MILES, VISIT_FTE = 110.0, 0.3
_AT_HOSPITAL = [SITE_KINDS[kind] for kind in HOSPITAL_KINDS]


def fill_given(sites: pd.DataFrame, zones: pd.DataFrame, in_practice: Ints, at_hospital: Ints, luck: Luck) -> pd.DataFrame:
    """Staff the given sites whose oncologists are unknown (-1).

    The numbers in practice and at hospitals per zone are reduced in place by all that the given sites hold. A
    site for which no one is left is served from the nearest staffed site of its own organisation; where there
    is none it gets one oncologist of its own.
    """
    sites = sites.sort_values("site").reset_index(drop=True)
    if sites.empty:
        return sites
    at = dict(zip(zones["zone"], range(len(zones)), strict=True))
    staff = sites["oncologists"].to_numpy(dtype=np.int64).copy()
    keys = identities(sites["site"])
    wanted = luck.triangular("given_staff", 0, keys, *STAFF_OF_SITE)
    unknown = staff < 0
    hospital = sites["kind"].isin(_AT_HOSPITAL).to_numpy()
    for zone, members in sites.groupby("zone", sort=True):
        number = at[str(zone)]
        total = int(in_practice[number] + at_hospital[number])
        for owned, pool in ((True, at_hospital), (False, in_practice)):
            rows = members.index.to_numpy()[hospital[members.index.to_numpy()] == owned]
            most = int(pool[number]) if owned else max(int(pool[number]), int(GIVEN_SHARE * total))
            left = max(0, most - int(staff[rows][~unknown[rows]].sum()))
            mine = rows[unknown[rows]]
            if mine.size:
                scale = min(1.0, left / wanted[mine].sum())
                start = one(luck, "given_staff", str(zone), str(owned))
                staff[mine] = systematic(wanted[mine] * scale, keys[mine], start)
            pool[number] -= int(staff[rows].sum())
    _settle(in_practice, at_hospital)
    sites["oncologists"] = staff
    return _serve_from_own(sites, unknown & (staff == 0))


def _settle(in_practice: Ints, at_hospital: Ints) -> None:
    """Let each side of a zone make good what the other's given sites took too much."""
    over, short = np.minimum(at_hospital, 0), np.minimum(in_practice, 0)
    at_hospital += short - over
    in_practice += over - short
    np.maximum(at_hospital, 0, out=at_hospital)
    np.maximum(in_practice, 0, out=in_practice)


def _serve_from_own(sites: pd.DataFrame, bare: np.ndarray) -> pd.DataFrame:
    lat, lon = sites["lat"].to_numpy(), sites["lon"].to_numpy()
    org = sites["org"].to_numpy(dtype=str)
    staff = sites["oncologists"].to_numpy(dtype=np.int64).copy()
    for row in np.flatnonzero(bare):
        own = np.flatnonzero((org == org[row]) & (staff > 0))
        miles = miles_between(lat[row], lon[row], lat[own], lon[own])
        if own.size and miles.min() <= VISIT_MILES:
            sites.at[row, "visiting_from"] = str(sites["site"].iloc[int(own[np.argmin(miles)])])
            sites.at[row, "visiting_fte"] = VISIT_FTE
        else:
            staff[row] = 1
    sites["oncologists"] = staff
    return sites
