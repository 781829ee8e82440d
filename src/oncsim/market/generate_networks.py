"""Networks of community practices and which practices belong to them at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.randomness import Luck, identities, pair_keys

if TYPE_CHECKING:
    import pandas as pd

# Identity, name, share of members' oncologists (one very large, one large, a tail: C20, C21), owned by
# investors, seat. Names are invented; shares of the tail are judgement.
NETWORKS = (
    ("N01", "Meridian Oncology Network", 0.44, False, 32.78, -96.80),
    ("N02", "Oncovia Partners", 0.20, True, 36.16, -86.78),
    ("N03", "Beacon Cancer Alliance", 0.10, True, 26.64, -81.87),
    ("N04", "Northfield Oncology Services", 0.07, False, 44.98, -93.27),
    ("N05", "Clearwater Physician Partners", 0.05, True, 36.17, -115.14),
    ("N06", "Patriot Hematology Oncology Group", 0.04, False, 39.95, -75.17),
    ("N07", "Cascadia Cancer Network", 0.03, False, 45.52, -122.68),
    ("N08", "Lone Pine Oncology Holdings", 0.03, True, 33.75, -84.39),
    ("N09", "Great Plains Oncology Cooperative", 0.02, False, 41.26, -95.94),
    ("N10", "Bluestone Oncology Management", 0.02, True, 40.71, -74.01),
)
# Share of practices in a network by size: about half of practice oncologists and a fifth of all are then
# independent of one (C14).
MEMBER_CHANCE = ((1, 0.15), (2, 0.40), (11, 0.65), (51, 0.92))
INVESTOR_STATES = ("TN", "FL", "NV")  # C17: a quarter of clinics there against a tenth in the nation
INVESTOR_WEIGHT = 2.5
STATE_SPREAD = 1.0  # networks are strong in some states and absent in others (judgement)


def join_networks(
    practices: pd.DataFrame, sizes: pd.Series, luck: Luck, ratio: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give practices their network and return them with the networks that have a member here.

    Parameters
    ----------
    practices : pandas.DataFrame
        Organisations of kind practice; those that were given keep what they have.
    sizes : pandas.Series
        Oncologists by practice.
    luck : Luck
        Luck of the market.
    ratio : float
        Chance of membership relative to today's.
    """
    import pandas as pd

    practices = practices.copy()
    free = (practices["generated"] & (practices["network"] == "")).to_numpy(dtype=bool)
    keys = identities(practices["org"])
    size = practices["org"].map(sizes).fillna(1).to_numpy(dtype=np.float64)
    chance = np.select([size >= least for least, _ in reversed(MEMBER_CHANCE)], [c for _, c in reversed(MEMBER_CHANCE)], 0.0)
    member = free & (luck.uniform("network_member", 0, keys) < chance * ratio)
    chosen = _affinity(practices["state"].to_numpy(dtype=str), keys, luck).argmax(axis=1)
    names = np.array([network[0] for network in NETWORKS], dtype=object)
    practices["network"] = np.where(member, names[chosen], practices["network"])
    used = set(practices["network"])
    rows = [
        {
            "org": org, "name": name, "kind": "network", "state": "", "lat": lat, "lon": lon, "nci": "",
            "investor_owned": investors, "network": "", "generated": True,
        }
        for org, name, _, investors, lat, lon in NETWORKS
        if org in used
    ]  # fmt: skip
    return practices, pd.DataFrame(rows, columns=list(practices.columns))


def _affinity(state: np.ndarray, keys: np.ndarray, luck: Luck) -> np.ndarray:
    """Return log weight of each network for each practice: its size, hold on the state, and luck."""
    networks = identities([network[0] for network in NETWORKS])
    states, at = np.unique(state, return_inverse=True)
    hold = STATE_SPREAD * luck.normal(
        "network_state",
        0,
        pair_keys(np.repeat(identities(states), len(networks)), np.tile(networks, len(states))),
    ).reshape(len(states), len(networks))
    investors = np.array([network[3] for network in NETWORKS])
    hold += np.log(INVESTOR_WEIGHT) * np.isin(states, INVESTOR_STATES)[:, None] * investors[None, :]
    size = np.log([network[2] for network in NETWORKS])
    pairs = pair_keys(np.repeat(keys, len(networks)), np.tile(networks, len(keys)))
    gumbel = -np.log(-np.log(luck.uniform("network_choice", 0, pairs))).reshape(len(keys), len(networks))
    return np.asarray(size[None, :] + hold[at] + gumbel)
