"""How many medical oncologists have their home in each zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.market import facts
from oncsim.market.generate_keys import Floats, Ints, Keys, logistic, one, share_out
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

# A zone has an oncologist with a chance that rises with its population: the middle of the S is at 10^this
# many people. Fitted to A02 (45% of counties, 89% of people 55+) and A04 (a third of rural counties).
PRESENCE_MIDDLE = {False: 4.68, True: 4.42}
PRESENCE_SLOPE = 6.5
# Larger places have more oncologists per older resident (judgement, from the gradient over size classes).
SIZE_ELASTICITY = 0.22
PLACE_SPREAD = 0.40  # standard deviation of the log of supply between like places (judgement)
# An oncologist record in the user's weights means a home oncologist the more surely the larger it is
# (judgement).
PRESENCE_PER_WEIGHT = 3.0
# Medical oncologists of an NCI-designated center: low, most likely, high (judgement: with satellites about a
# quarter of all oncologists, who start about 15% of patients (T03) and spend the rest of their time on
# research).
CENTER_ONCOLOGISTS = {"comprehensive": (30.0, 40.0, 85.0), "clinical": (20.0, 28.0, 45.0)}
OTHER_CENTER_ONCOLOGISTS = (10.0, 16.0, 30.0)
CENTER_LARGEST_SHARE = 0.45  # no more of a state's oncologists than this work at its centers (judgement)


def staff_zones(
    zones: pd.DataFrame, centers: pd.DataFrame, luck: Luck, weights: pd.Series | None, ratio: float = 1.0
) -> tuple[Ints, Ints]:
    """Return oncologists per zone outside the centers' main sites, and at each center's main site.

    Parameters
    ----------
    zones : pandas.DataFrame
        Zones in the form of a market.
    centers : pandas.DataFrame
        Academic centers: ``org, nci, zone``.
    luck : Luck
        Luck of the market.
    weights : pandas.Series, optional
        Oncologists expected per zone, indexed by zone.
    ratio : float
        Oncologists of the year relative to today's.
    """
    keys = identities(zones["zone"])
    state = zones["state"].to_numpy(dtype=str)
    at_center = _center_staff(centers, luck, ratio)
    center_zone = zones["zone"].searchsorted(centers["zone"]) if len(centers) else np.zeros(0, dtype=np.int64)
    general = np.zeros(len(zones), dtype=np.int64)
    for name in np.unique(state):
        here = np.flatnonzero(state == name)
        mine = np.flatnonzero(np.isin(center_zone, here))
        if weights is None:
            general[here], at_center[mine] = _by_density(zones.iloc[here], keys[here], at_center[mine], luck, ratio)
        else:
            expected = zones["zone"].iloc[here].map(weights).fillna(0.0).to_numpy(dtype=np.float64) * ratio
            general[here], at_center[mine] = _by_weight(
                expected,
                keys[here],
                at_center[mine],
                np.searchsorted(here, center_zone[mine]),
                luck,
                str(name),
            )
    return general, at_center


def _center_staff(centers: pd.DataFrame, luck: Luck, ratio: float) -> Ints:
    keys = identities(centers["org"])
    staff = np.zeros(len(centers))
    for designation in {*centers["nci"]}:
        low, mode, high = CENTER_ONCOLOGISTS.get(designation, OTHER_CENTER_ONCOLOGISTS)
        draw = luck.triangular("center_staff", 0, keys, low, mode, high)
        staff = np.where(centers["nci"] == designation, draw, staff)
    return np.asarray(np.round(staff * ratio), dtype=np.int64)


def _by_density(zones: pd.DataFrame, keys: Keys, centers: Ints, luck: Luck, ratio: float) -> tuple[Ints, Ints]:
    """Staff the zones of one state to its total, metropolitan and rural apart (A01, A03)."""
    state = str(zones["state"].iloc[0])
    rural = zones["rural"].to_numpy(dtype=bool)
    elderly = zones["population_65plus"].to_numpy(dtype=np.float64)
    people = np.maximum(zones["population"].to_numpy(dtype=np.float64), 1.0)
    present = _present(people, rural, keys, luck)
    if not present.any():
        present[np.argmax(people)] = True
    expected = elderly * (people / 1e5) ** SIZE_ELASTICITY * np.exp(PLACE_SPREAD * luck.normal("supply", 0, keys))
    quota = {is_rural: _quota(state, is_rural, elderly[rural == is_rural].sum() * ratio) for is_rural in (False, True)}
    counts = np.zeros(len(zones), dtype=np.int64)
    country = present & rural
    counts[country] = share_out(expected[country], quota[True], keys[country], one(luck, "rural_staff", state), least=1)
    total = max(1, quota[False] + quota[True])
    limit = CENTER_LARGEST_SHARE * total
    if centers.sum() > limit:
        centers = np.maximum(3, np.floor(centers * limit / centers.sum())).astype(np.int64)
    city = present & ~rural
    rest = total - int(counts.sum()) - int(centers.sum())
    counts[city] = share_out(expected[city], rest, keys[city], one(luck, "metro_staff", state), least=1)
    return counts, centers


def _present(people: Floats, rural: np.ndarray, keys: Keys, luck: Luck) -> np.ndarray:
    middle = np.where(rural, PRESENCE_MIDDLE[True], PRESENCE_MIDDLE[False])
    chance = logistic(PRESENCE_SLOPE * (np.log10(people) - middle))
    return np.asarray(luck.uniform("presence", 0, keys) < chance)


def _quota(state: str, rural: bool, elderly: float) -> int:
    """Return the oncologists due to that many residents aged 65+ of one state and rurality."""
    density = facts.oncologists_per_65plus().get((state, rural), facts.ONCOLOGISTS_PER_65PLUS[rural])
    return round(density * elderly)


def _by_weight(expected: Floats, keys: Keys, centers: Ints, center_zone: Ints, luck: Luck, state: str) -> tuple[Ints, Ints]:
    """Staff the zones of one state by the user's weights; centers take part of their zone's number."""
    present = luck.uniform("presence", 0, keys) < 1.0 - np.exp(-PRESENCE_PER_WEIGHT * expected)
    counts = np.zeros(len(expected), dtype=np.int64)
    total = round(float(expected.sum()))
    counts[present] = share_out(expected[present], total, keys[present], one(luck, "staff", state), least=1)
    for zone in np.unique(center_zone):
        mine = center_zone == zone
        limit = 0.7 * counts[zone]
        if centers[mine].sum() > limit:
            centers[mine] = np.maximum(3, np.floor(centers[mine] * limit / centers[mine].sum())).astype(np.int64)
        counts[zone] = max(0, counts[zone] - int(centers[mine].sum()))
    return counts, centers
