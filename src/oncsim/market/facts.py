"""The public facts that come with oncsim: counties, state totals, gradients by size of place, NCI centers.

Origin, licence and making of every table are in ``DATA_SOURCES.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Medical oncologists who billed Medicare in 2024, and their density by rurality per 100,000 aged 55+ (A01,
# A03).
MEDICAL_ONCOLOGISTS = 14_547
ONCOLOGISTS_PER_100K_METRO = 16.6
ONCOLOGISTS_PER_100K_RURAL = 6.5
# Per resident aged 65+ (45.1 and 9.1 million in the county table): 93% of them in metropolitan areas, 7%
# outside (A03).
ONCOLOGISTS_PER_65PLUS = {False: 30.0e-5, True: 11.2e-5}
# New cases a year per resident aged 65+ (computed from federal county counts: 0.0325, county correlation
# 0.995).
CASES_PER_65PLUS = 0.0325

STATE_NAMES = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DC": "District of Columbia", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "MA": "Massachusetts", "MD": "Maryland", "ME": "Maine",
    "MI": "Michigan", "MN": "Minnesota", "MO": "Missouri", "MS": "Mississippi", "MT": "Montana",
    "NC": "North Carolina", "ND": "North Dakota", "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NV": "Nevada", "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VA": "Virginia", "VT": "Vermont", "WA": "Washington", "WI": "Wisconsin",
    "WV": "West Virginia", "WY": "Wyoming",
}  # fmt: skip


@lru_cache(maxsize=1)
def counties() -> pd.DataFrame:
    """Return every county of the 50 states and DC (do not change it: it is shared)."""
    text = {"fips": str, "name": str, "state": str, "cbsa": str, "cbsa_name": str}
    frame = _read("counties.csv.gz", text)
    frame[["cbsa", "cbsa_name"]] = frame[["cbsa", "cbsa_name"]].fillna("")
    frame["rural"] = frame["rural"].astype(bool)
    return frame


@lru_cache(maxsize=1)
def state_totals() -> pd.DataFrame:
    """Return the totals and shares of each state, indexed by its two letters (shared: do not change it)."""
    return _read("state_totals.csv", {"state": str, "cases_basis": str}).set_index("state")


@lru_cache(maxsize=1)
def size_class_gradients() -> pd.DataFrame:
    """Return national shares by size class of place and their slope per tenfold population (shared)."""
    return _read("size_class_gradients.csv", {}).set_index("size_class")


@lru_cache(maxsize=1)
def nci_centers() -> pd.DataFrame:
    """Return the NCI-designated centers that treat patients (fall 2024), with their county (shared)."""
    text = {"center": str, "name": str, "designation": str, "city": str, "state": str, "fips": str}
    return _read("nci_centers.csv", text)


def _read(name: str, text: Mapping[str, type]) -> pd.DataFrame:
    import pandas as pd

    with as_file(files("oncsim.market") / "data" / name) as path:
        # DC and NA-like words are data here, so only an empty field is missing.
        return pd.read_csv(path, dtype=text, keep_default_na=False, na_values={}, compression="infer")


@lru_cache(maxsize=1)
def oncologists_per_65plus() -> dict[tuple[str, bool], float]:
    """Return oncologists per resident aged 65+ by state and rurality."""
    from oncsim.market.zones import county_zones

    zones = county_zones(STATE_NAMES)
    totals = state_totals()
    density: dict[tuple[str, bool], float] = {}
    for rural, column in ((False, "oncologists_metro"), (True, "oncologists_rural")):
        elderly = zones[zones["rural"] == rural].groupby("state")["population_65plus"].sum()
        ratio = totals[column].reindex(elderly.index) / elderly
        density |= {(str(state), rural): float(value) for state, value in ratio.items()}
    return density
