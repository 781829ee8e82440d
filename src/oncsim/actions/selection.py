"""Who a scripted event is done to: names, aliases, kinds, markets, random shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, ACTIVE, HEALTH_SYSTEM, NETWORK, ORG_KINDS, PRACTICE, among
from oncsim.errors import RunError, did_you_mean
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

FARTHEST_MILES = 100.0  # a site farther than this from where anybody lives is a slip of the pen

_LARGEST = {
    "largest_system": HEALTH_SYSTEM,
    "largest_practice": PRACTICE,
    "largest_academic_center": ACADEMIC_CENTER,
    "largest_network": NETWORK,
}


def find_organization(model: OncologyMarket, name: str) -> int:
    """Return the row of an organisation by alias, id or name.

    Raises
    ------
    RunError
        When the market has no such organisation; the near miss is named.
    """
    orgs = model.orgs
    if name in _LARGEST:
        rows = np.flatnonzero((orgs.kind == _LARGEST[name]) & (orgs.status == 0))
        if len(rows) == 0:
            raise RunError(f"the market has no active organisation for {name!r}")
        size = orgs.oncologists[rows]
        if _LARGEST[name] == NETWORK:
            size = np.array([((orgs.network == row) & (orgs.status == 0)).sum() for row in rows])
        return int(rows[np.lexsort((orgs.key[rows], -size))[0]])
    for column in (orgs.id, orgs.name):
        found = np.flatnonzero(column == name)
        if len(found):
            return int(found[0])
    known = [str(one) for one in orgs.name] + [str(one) for one in orgs.id] + list(_LARGEST)
    raise RunError(f"the market has no organisation {name!r}{did_you_mean(name, known)}")


def find_zone(model: OncologyMarket, place: Any) -> tuple[int, float | None, float | None]:
    """Return (zone, lat, lon) of a place: a zone id or name, or a mapping with lat and lon (nearest zone)."""
    zones = model.zones
    if isinstance(place, Mapping):
        lat, lon = float(place["lat"]), float(place["lon"])
        miles = great_circle_miles(zones.lat, zones.lon, np.array(lat), np.array(lon))
        nearest = int(np.argmin(miles))
        if miles[nearest] > FARTHEST_MILES:
            raise RunError(
                f"{lat:g}, {lon:g} is {miles[nearest]:,.0f} miles from the nearest zone, {zones.names[nearest]} "
                f"(at most {FARTHEST_MILES:.0f}; longitudes west of Greenwich are negative)"
            )
        return nearest, lat, lon
    text = str(place)
    for names in (zones.ids, zones.names):
        if text in names:
            return names.index(text), None, None
    raise RunError(f"the market has no zone {text!r}{did_you_mean(text, zones.names)}")


def find_market(model: OncologyMarket, text: str) -> int:
    """Return the number of a market by id or name.

    Raises
    ------
    RunError
        When there is no such market; the near miss is named.
    """
    zones = model.zones
    names = {name: market for market, name in zones.market_names.items()}
    market = names.get(text, text)
    if market not in zones.market_ids:
        raise RunError(f"there is no market {text!r}{did_you_mean(text, [*zones.market_ids, *names])}")
    return zones.market_ids.index(market)


def select(model: OncologyMarket, chosen: Mapping[str, Any], event: str, status: int = ACTIVE) -> NDArray[np.int64]:
    """Return the rows of the organisations an event is done to, in order of identity.

    Parameters
    ----------
    chosen : mapping
        Selectors of the event; all given ones must hold. ``share`` keeps a keyed random share of those that fit.
    event : str
        Name of the event for its luck.
    status : int
        Status of those to choose among; one chosen by name may have any.
    """
    orgs, zones = model.orgs, model.zones
    if "org" in chosen:
        rows = np.array([find_organization(model, str(chosen["org"]))])
    else:
        rows = np.flatnonzero((orgs.status == status) & among(orgs.kind, (PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER)))
    if "kind" in chosen:
        rows = rows[orgs.kind[rows] == ORG_KINDS.index(str(chosen["kind"]))]
    seat = orgs.zone[rows].clip(min=0)
    if "market" in chosen:
        market = find_market(model, str(chosen["market"]))
        rows = rows[zones.market[seat] == market]
        seat = orgs.zone[rows].clip(min=0)
    if "state" in chosen:
        rows = rows[np.array([zones.states[z] == chosen["state"] for z in seat], dtype=np.bool_)]
        seat = orgs.zone[rows].clip(min=0)
    if "rural" in chosen:
        rows = rows[zones.rural[seat] == bool(chosen["rural"])]
    if "eligible_340b" in chosen:
        rows = rows[orgs.eligible_340b[rows] == bool(chosen["eligible_340b"])]
    share = float(chosen.get("share", 1.0))
    if share < 1.0:
        rows = rows[model.luck.uniform(f"event.{event}", model.t, orgs.key[rows]) < share]
    return rows[np.argsort(orgs.key[rows], kind="stable")]
