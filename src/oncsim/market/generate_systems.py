"""Health systems: hospitals that stand together in a state, of very unequal sizes; the rest alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market.generate_keys import Floats
from oncsim.market.generate_names import system_name
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities, pair_keys

if TYPE_CHECKING:
    import pandas as pd

IN_SYSTEM = {False: 0.815, True: 0.463}  # short-term and critical access hospitals in a system (AHRQ 2018)
HOSPITALS_PER_SYSTEM = 4.6  # C31: 626 systems hold 70% of general acute hospitals; centers own some
SIZE_SPREAD = 1.1  # spread of the log of a system's pull (judgement: a few large, many small)
REACH_MILES = 45.0  # how fast pull falls with distance (judgement)
CENTER_PULL = 0.8  # academic centers own other hospitals too, fewer than systems that grew by buying (judgement)


def form_systems(
    hospitals: pd.DataFrame, centers: pd.DataFrame, places: Mapping[str, tuple[str, str]], luck: Luck
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every hospital without an owner one; return the hospitals and the new health systems.

    A hospital that stays alone is a health system of its own, under its own name.
    """
    import pandas as pd

    hospitals = hospitals.copy()
    rows: list[dict[str, Any]] = []
    owner = hospitals["org"].to_numpy(dtype=object).copy()
    for state, members in hospitals.groupby("state", sort=True):
        at = members.index.to_numpy()
        owner[at] = _owners(members, luck)
        rows += _systems(str(state), hospitals.loc[at].assign(org=owner[at]), places)
    hospitals["org"] = owner
    columns = ["org", "name", "kind", "state", "lat", "lon", "nci", "investor_owned", "network", "generated"]
    systems = pd.DataFrame(rows, columns=columns)
    return hospitals, systems[~systems["org"].isin(centers["org"])].reset_index(drop=True)


def _owners(hospitals: pd.DataFrame, luck: Luck) -> np.ndarray:
    """Return the owner of each hospital of one state."""
    keys = identities(hospitals["hospital"])
    names = hospitals["hospital"].to_numpy(dtype=object)
    given = hospitals["org"].to_numpy(dtype=object)
    critical = hospitals["critical_access"].to_numpy(dtype=bool)
    is_center = given != ""
    joined = luck.uniform("in_system", 0, keys) < np.where(critical, IN_SYSTEM[True], IN_SYSTEM[False])
    joined &= ~is_center
    owner = np.where(is_center, given, "S" + names.astype(str)).astype(object)
    number = round(joined.sum() / HOSPITALS_PER_SYSTEM)
    if number == 0:
        return owner
    pull = np.log(np.maximum(hospitals["beds"].to_numpy(dtype=np.float64), 1.0)) + luck.normal("system_seat", 0, keys)
    seats = np.argsort(np.where(joined & ~critical, -pull, np.inf), kind="stable")[:number]
    is_seat = np.zeros(len(names), dtype=bool)
    is_seat[seats] = True
    followers = np.flatnonzero(joined & ~is_seat)
    hubs = np.flatnonzero(is_seat | is_center)
    owner[followers] = owner[hubs][_choose(hospitals, keys, followers, hubs, is_center, luck)]
    return owner


def _choose(
    hospitals: pd.DataFrame,
    keys: np.ndarray,
    followers: np.ndarray,
    hubs: np.ndarray,
    is_center: np.ndarray,
    luck: Luck,
) -> np.ndarray:
    """Return which hub each follower belongs to: pull against distance, by keyed Gumbel draws."""
    lat, lon = hospitals["lat"].to_numpy(), hospitals["lon"].to_numpy()
    miles: Floats = miles_between(lat[followers][:, None], lon[followers][:, None], lat[hubs][None, :], lon[hubs][None, :])
    size = SIZE_SPREAD * luck.normal("system_size", 0, keys[hubs]) + np.where(is_center[hubs], np.log(CENTER_PULL), 0.0)
    pairs = pair_keys(np.repeat(keys[followers], len(hubs)), np.tile(keys[hubs], len(followers)))
    gumbel = -np.log(-np.log(luck.uniform("system_member", 0, pairs))).reshape(miles.shape)
    return np.asarray(np.argmax(size[None, :] - miles / REACH_MILES + gumbel, axis=1))


def _systems(state: str, hospitals: pd.DataFrame, places: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    rows = []
    number_at: dict[str, int] = {}
    sizes = hospitals.groupby("org")["hospital"].transform("size")
    seats = hospitals[("S" + hospitals["hospital"]) == hospitals["org"]]
    for hospital, size in zip(seats.to_dict("records"), sizes.loc[seats.index], strict=True):
        name = str(hospital["name"])
        if size > 1:
            zone = str(hospital["zone"])
            number = number_at.get(zone, 0)
            number_at[zone] = number + 1
            name = system_name(places[zone], number)
        rows.append(
            {
                "org": hospital["org"], "name": name, "kind": "health_system", "state": state,
                "lat": hospital["lat"], "lon": hospital["lon"], "nci": "", "investor_owned": False,
                "network": "",
                "generated": True,
            }
        )  # fmt: skip
    return rows
