"""What metrics need of the zones and the candidate pairs that stays the same from quarter to quarter."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.metrics.reach import band_weight, weighted_demand
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.state.pairs import Pairs
    from oncsim.state.zones import Zones

EVERYONE = ""
RURAL = ("rural=false", "rural=true")
QUARTILES = tuple(f"deprivation_quartile={number}" for number in (1, 2, 3, 4))
PEOPLE_GROUPS = (EVERYONE, *RURAL, *QUARTILES)


@dataclass(frozen=True)
class Layout:
    """Orders and weights of the pairs.

    Attributes
    ----------
    by_minutes : tuple of (group, pairs, minutes)
        For everyone and for each group of people: the numbers of the group's pairs from near to far, and
        their minutes.
    within_30, within_60 : (pairs,) float
        1 where the trip takes at most that long.
    catch_zone, catch_site, catch_weight : arrays over the pairs within 90 minutes
        Ends and E2SFCA weight.
    demand : (sites,) float
        Weighted population in the catchment of each site.
    rural, quartile : (zones,) int
        Place of the zone's groups in ``RURAL`` and ``QUARTILES``.
    """

    by_minutes: tuple[tuple[str, NDArray[np.int64], NDArray[np.float64]], ...]
    within_30: NDArray[np.float64]
    within_60: NDArray[np.float64]
    catch_zone: NDArray[np.int64]
    catch_site: NDArray[np.int64]
    catch_weight: NDArray[np.float64]
    demand: NDArray[np.float64]
    rural: NDArray[np.int64]
    quartile: NDArray[np.int64]

    def totals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums of a zone column over ``PEOPLE_GROUPS``."""
        by_rural = sum_by(self.rural, values, 2)
        by_quartile = sum_by(self.quartile, values, 4)
        return np.concatenate([[values.sum()], by_rural, by_quartile])

    def members(self, group: str) -> NDArray[np.bool_]:
        """Return which zones belong to one of ``PEOPLE_GROUPS``."""
        if group == EVERYONE:
            return np.ones(len(self.rural), dtype=np.bool_)
        codes, words = (self.rural, RURAL) if group in RURAL else (self.quartile, QUARTILES)
        return np.asarray(codes == words.index(group))


def build_layout(pairs: Pairs, zones: Zones, sites: int) -> Layout:
    """Put the pairs in order and weigh them; ``sites`` is the number of rows of the site table."""
    rural = zones.rural.astype(np.int64)
    quartile = zones.quartile - 1
    order = pairs.by_minutes
    groups = [(EVERYONE, order)]
    zone = pairs.zone[order]
    for words, codes in ((RURAL, rural), (QUARTILES, quartile)):
        code = codes.astype(np.uint8)[zone]
        ends = np.cumsum(np.bincount(code, minlength=len(words)))[:-1]
        groups += zip(words, np.split(order[np.argsort(code, kind="stable")], ends), strict=True)
    weight = band_weight(pairs.minutes)
    near = np.flatnonzero(weight)
    zone, site = pairs.zone[near], pairs.site[near]
    return Layout(
        by_minutes=tuple((word, some, pairs.minutes[some]) for word, some in groups),
        within_30=(pairs.minutes <= 30.0).astype(np.float64),
        within_60=(pairs.minutes <= 60.0).astype(np.float64),
        catch_zone=zone,
        catch_site=site,
        catch_weight=weight[near],
        demand=weighted_demand(site, weight[near], zones.population[zone], sites),
        rural=rural,
        quartile=quartile,
    )


class _Latest:
    """The layout of the pairs seen last: they change only when a site opens, and sorting them takes long.

    Only a faster way to the same answer. It holds nothing alive: when the pairs go, so does their layout.
    """

    def __init__(self) -> None:
        self._pairs: weakref.ref[Pairs] | None = None
        self._zones: weakref.ref[Zones] | None = None
        self._sites = -1
        self._layout: Layout | None = None

    def get(self, pairs: Pairs, zones: Zones, sites: int) -> Layout:
        known = self._pairs is not None and self._pairs() is pairs
        known = known and self._zones is not None and self._zones() is zones and self._sites == sites
        if not known or self._layout is None:
            self._layout = build_layout(pairs, zones, sites)
            self._pairs, self._zones, self._sites = (
                weakref.ref(pairs, self._forget),
                weakref.ref(zones),
                sites,
            )
        return self._layout

    def _forget(self, gone: weakref.ref[Pairs]) -> None:
        if gone is self._pairs:
            self._layout = None


_latest = _Latest()


def layout_of(pairs: Pairs, zones: Zones, sites: int) -> Layout:
    """Return the layout of these very pairs and zones, built once."""
    return _latest.get(pairs, zones, sites)
