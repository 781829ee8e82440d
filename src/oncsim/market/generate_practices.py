"""Physician-owned practices: few large ones with many offices, many small ones, half of all solo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.market.generate_keys import Floats, Ints, one
from oncsim.market.generate_names import practice_name
from oncsim.market.generate_sites import site_row
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities

if TYPE_CHECKING:
    import pandas as pd

# Sizes that practices aim at: share of practices, smallest and largest size, and the power by which chance
# falls with size inside the band. Places that run short make some smaller, so that what comes out for the
# nation is 47% to 50% solo, 46% of 2-10, 5% of 11-50, 0.3% above (judged for physician-owned practices from
# C07 and C08, which count hospital groups too), 3.3 oncologists on average.
SIZES = ((0.370, 1, 1, 0.0), (0.569, 2, 10, 1.9), (0.054, 11, 50, 2.6), (0.007, 51, 220, 2.8))
MEAN_SIZE = 3.7
REGION_MILES = 75.0  # how far a practice's offices lie from its seat (judgement)
MOST_OF_HOME = 0.7  # a large practice leaves some of its home county to others (judgement)
MOST_OF_NEIGHBOUR = 0.5
PEOPLE_PER_OFFICE = 4.0  # large practices have many offices (enhancing-oncology participants: median 6 sites)


def form_practices(
    zones: pd.DataFrame,
    pool: Ints,
    places: Mapping[str, tuple[str, str]],
    luck: Luck,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Share the oncologists in ``pool`` (per zone) out among practices; return these and their offices."""
    organizations: list[dict[str, Any]] = []
    offices: list[dict[str, Any]] = []
    state = zones["state"].to_numpy(dtype=str)
    for name in np.unique(state):
        here = np.flatnonzero((state == name) & (pool > 0))
        if here.size:
            _form_in_state(str(name), zones.iloc[here], pool[here].copy(), places, luck, organizations, offices)
    return organizations, offices


def practice_sizes(total: int, luck: Luck, state: str) -> Ints:
    """Return sizes that add up to about ``total``, largest first, even over the size distribution."""
    number = max(1, round(total / MEAN_SIZE))
    quantiles = (np.arange(number) + one(luck, "practice_sizes", state)) / number
    sizes = size_quantile(quantiles)
    return np.sort(sizes)[::-1]


def size_quantile(quantiles: Floats) -> Ints:
    """Return the size of practice at each quantile of the distribution :data:`SIZES`."""
    sizes, chances = [], []
    for share, low, high, power in SIZES:
        band = np.arange(low, high + 1, dtype=np.float64)
        weight = band**-power
        sizes.append(band)
        chances.append(share * weight / weight.sum())
    reached = np.cumsum(np.concatenate(chances))
    at = np.searchsorted(reached / reached[-1], quantiles, side="right")
    return np.concatenate(sizes)[np.minimum(at, reached.size - 1)].astype(np.int64)


def _form_in_state(
    state: str,
    zones: pd.DataFrame,
    left: Ints,
    places: Mapping[str, tuple[str, str]],
    luck: Luck,
    organizations: list[dict[str, Any]],
    offices: list[dict[str, Any]],
) -> None:
    names = zones["zone"].to_numpy(dtype=str)
    lat, lon = zones["lat"].to_numpy(dtype=np.float64), zones["lon"].to_numpy(dtype=np.float64)
    miles = miles_between(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    sizes = practice_sizes(int(left.sum()), luck, state)
    # More draws than planned practices: what no large practice could take is left to small ones.
    keys = identities([f"{state}/practice/{i}" for i in range(int(left.sum()) + len(sizes))])
    draws = luck.uniform("practice_home", 0, keys)
    extra = size_quantile(0.945 * luck.uniform("practice_extra", 0, keys))
    counter: dict[tuple[str, bool], int] = {}
    number = 0
    while left.any():
        size = int(sizes[number]) if number < len(sizes) else int(extra[number])
        home = _home(left, size, draws[number])
        taken = _take(left, miles[home], home, size)
        _write(names, home, taken, zones, places, counter, organizations, offices)
        number += 1


def _home(left: Ints, size: int, draw: float) -> int:
    """Choose the home zone: where many oncologists are left, the more so the larger the practice."""
    weight = np.minimum(left, max(size, 1)).astype(np.float64) ** (2.0 if size > 10 else 1.0) * (left > 0)
    if size > 10:
        weight *= left
    reached = np.cumsum(weight)
    return int(np.searchsorted(reached, draw * reached[-1], side="right"))


def _take(left: Ints, miles: Floats, home: int, size: int) -> dict[int, int]:
    """Take up to ``size`` oncologists from the home zone and, for larger practices, its neighbours."""
    share = MOST_OF_HOME if size > 10 else 1.0
    first = min(size, max(1, int(np.ceil(left[home] * share))))
    taken = {home: first}
    left[home] -= first
    missing = size - first
    if size <= 3:
        return taken
    for at in np.argsort(miles, kind="stable"):
        if missing <= 0 or miles[at] > REGION_MILES:
            break
        if at == home or left[at] <= 0:
            continue
        part = min(missing, max(1, int(left[at] * MOST_OF_NEIGHBOUR)))
        taken[int(at)] = part
        left[at] -= part
        missing -= part
    return taken


def _write(
    names: np.ndarray,
    home: int,
    taken: dict[int, int],
    zones: pd.DataFrame,
    places: Mapping[str, tuple[str, str]],
    counter: dict[tuple[str, bool], int],
    organizations: list[dict[str, Any]],
    offices: list[dict[str, Any]],
) -> None:
    zone = str(names[home])
    solo = sum(taken.values()) == 1
    number = counter.get((zone, solo), 0)
    counter[zone, solo] = number + 1
    org = f"P{zone}-{'s' if solo else 'g'}{number + 1}"
    name = practice_name(places[zone], number, solo)
    organizations.append(
        {
            "org": org, "name": name, "kind": "practice", "state": zones["state"].iloc[home],
            "lat": np.nan, "lon": np.nan, "nci": "", "investor_owned": False, "network": "",
            "generated": True,
        }
    )  # fmt: skip
    many = len(taken) > 1
    for at, people in taken.items():
        count = max(1, round(people / PEOPLE_PER_OFFICE)) if people > 4 else 1
        for office in range(count):
            staff = people // count + (1 if office < people % count else 0)
            label = name
            if many or count > 1:
                label = f"{name}, {places[str(names[at])][0]} office" + (f" {office + 1}" if count > 1 else "")
            offices.append(site_row(f"{org}.{names[at]}.{office + 1}", label, org, "office", str(names[at]), staff))
