"""Medical oncologists: one row a person, with the site that is their home."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from oncsim.randomness import Luck, pair_keys
from oncsim.state.columns import Columns
from oncsim.state.sites import Sites


class Physicians(Columns):
    """Rows are practising oncologists; people who leave are dropped."""

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "key": (np.uint64, 0),
        "site": (np.int64, 0),
        "years": (np.float64, 0.0),
    }
    key: NDArray[np.uint64]
    site: NDArray[np.int64]
    years: NDArray[np.float64]

    @classmethod
    def at_start(cls, sites: Sites, counts: NDArray[np.int64], luck: Luck, max_years: float) -> Physicians:
        """Seat the oncologists of the market; years in practice are uniform up to ``max_years``."""
        site = np.repeat(np.arange(len(sites)), counts)
        first = np.cumsum(counts) - counts
        slot = np.arange(len(site)) - np.repeat(first, counts)
        key = pair_keys(sites.key[site], slot.astype(np.uint64))
        return cls(len(site), key=key, site=site, years=luck.uniform("physician.years", 0, key) * max_years)

    def headcount(self, sites: int) -> NDArray[np.int64]:
        """Return the number of home physicians of each site."""
        return np.bincount(self.site, minlength=sites)


def time_given(sites: Sites, physicians: Physicians) -> NDArray[np.float64]:
    """Return the oncologist time that visits bring to each site: at most half of a home site's time is given away."""
    home = physicians.headcount(len(sites)).astype(np.float64)
    home[~sites.open] = 0.0
    given = np.zeros(len(sites))
    visits = np.flatnonzero((sites.visiting_from >= 0) & sites.open & (sites.visiting_fte > 0))
    if len(visits) == 0:
        return given
    source = sites.visiting_from[visits]
    wanted = np.bincount(source, weights=sites.visiting_fte[visits], minlength=len(sites))
    share = np.divide(np.minimum(wanted, 0.5 * home), wanted, out=np.zeros_like(wanted), where=wanted > 0)
    given[visits] = sites.visiting_fte[visits] * share[source]
    return given


def full_time_equivalents(sites: Sites, physicians: Physicians) -> NDArray[np.float64]:
    """Return oncologist FTE of each site: people at home, less their visiting, plus visitors.

    A visit takes place only while the site it comes from is open and has the people to spare: visits together take
    at most half of a home site's time.
    """
    home = physicians.headcount(len(sites)).astype(np.float64)
    home[~sites.open] = 0.0
    visits = np.flatnonzero((sites.visiting_from >= 0) & sites.open & (sites.visiting_fte > 0))
    if len(visits) == 0:
        return home
    source = sites.visiting_from[visits]
    wanted = np.bincount(source, weights=sites.visiting_fte[visits], minlength=len(sites))
    granted = np.minimum(wanted, 0.5 * home)
    share = np.divide(granted, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    arrived = np.zeros(len(sites))
    arrived[visits] = sites.visiting_fte[visits] * share[source]
    return home - granted + arrived
