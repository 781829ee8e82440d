"""What a site offers: chairs and service lines, judged from its kind and number of oncologists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oncsim.codes import SERVICE_LINES
from oncsim.market.generate_keys import Floats
from oncsim.randomness import Luck, identities, identity

if TYPE_CHECKING:
    import pandas as pd

# Chairs per full-time oncologist: low, most likely, high (judgement: about 70% used at D10's 150 new patients
# a year).
CHAIRS_PER_ONCOLOGIST = (4.0, 5.0, 6.0)
CENTER_CHAIRS_PER_ONCOLOGIST = (1.5, 2.0, 2.5)  # research takes most of their doctors' time (judgement)
CHAIRS_OF_VISITING_CLINIC = 3.0

# Lines by kind of site: always there, and (chance, oncologists from which it is surer) of the rest.
# Judgement.
ALWAYS: Mapping[str, tuple[str, ...]] = {
    "office": ("infusion",),
    "hopd_on_campus": ("infusion", "imaging", "surgery", "biopsy", "inpatient"),
    "hopd_off_campus": ("infusion",),
    "amc_main": (
        "infusion", "radiation", "surgery", "imaging", "biopsy", "cellular_therapy", "trials", "pharmacy",
        "palliative", "inpatient", "navigation", "telehealth", "analytics",
    ),
    "amc_satellite": ("infusion", "imaging", "trials", "pharmacy", "navigation", "telehealth"),
}  # fmt: skip
# The chance is the first number, plus the second for each tenfold number of oncologists, within 0.02 and
# 0.98.
SOMETIMES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "office": {
        "imaging": (0.35, 0.35), "radiation": (0.15, 0.30), "pharmacy": (0.20, 0.60), "biopsy": (0.50, 0.30),
        "trials": (0.05, 0.35), "navigation": (0.25, 0.35), "palliative": (0.05, 0.15), "telehealth": (0.35,
        0.20),
        "analytics": (0.10, 0.40),
    },
    "hopd_on_campus": {
        "radiation": (0.30, 0.55), "pharmacy": (0.35, 0.40), "trials": (0.10, 0.45), "navigation": (0.55,
        0.35),
        "palliative": (0.45, 0.40), "telehealth": (0.40, 0.20), "analytics": (0.20, 0.35),
    },
    "hopd_off_campus": {
        "imaging": (0.40, 0.35), "radiation": (0.20, 0.35), "pharmacy": (0.25, 0.35), "biopsy": (0.40, 0.20),
        "navigation": (0.45, 0.30), "telehealth": (0.35, 0.20),
    },
    "amc_satellite": {"radiation": (0.40, 0.40), "biopsy": (0.70, 0.20), "palliative": (0.40, 0.20)},
}  # fmt: skip


def site_row(site: str, name: str, org: str, kind: str, zone: str, oncologists: int, **more: Any) -> dict[str, Any]:
    """Return one row of the table of sites; missing ``lat`` and ``lon`` and chairs of -1 come later."""
    row = {
        "site": site, "name": name, "org": org, "kind": kind, "hospital": "", "zone": zone, "lat": np.nan,
        "lon": np.nan, "chairs": -1.0, "oncologists": int(oncologists), "visiting_from": "",
        "visiting_fte": 0.0,
        "lines": "", "excepted": False, "generated": True,
    }  # fmt: skip
    return row | more


def complete_sites(sites: pd.DataFrame, luck: Luck) -> pd.DataFrame:
    """Fill in chairs of -1 and empty lists of service lines."""
    sites = sites.copy()
    keys = identities(sites["site"])
    people = sites["oncologists"].to_numpy(dtype=np.float64)
    kind = sites["kind"].to_numpy(dtype=str)
    main = kind == "amc_main"
    per_person = np.where(
        main,
        luck.triangular("chairs", 0, keys, *CENTER_CHAIRS_PER_ONCOLOGIST),
        luck.triangular("chairs", 0, keys, *CHAIRS_PER_ONCOLOGIST),
    )
    judged = np.maximum(np.round(per_person * people), CHAIRS_OF_VISITING_CLINIC)
    chairs = sites["chairs"].to_numpy(dtype=np.float64)
    sites["chairs"] = np.where(chairs < 0, judged, chairs)
    unknown = (sites["lines"] == "").to_numpy()
    sites.loc[unknown, "lines"] = service_lines(sites.loc[unknown, "site"], kind[unknown], people[unknown], luck)
    return sites


def service_lines(names: Iterable[str], kinds: np.ndarray, oncologists: Floats, luck: Luck) -> list[str]:
    """Return the lines of each site, separated by ';', in the order of :data:`oncsim.codes.SERVICE_LINES`."""
    tenfold = np.log10(np.maximum(oncologists, 1.0))
    names = list(names)
    draws = {
        line: luck.uniform("line", 0, np.array([identity(name, line) for name in names], dtype=np.uint64))
        for line in SERVICE_LINES
    }
    lines: list[str] = []
    for number, kind in enumerate(kinds):
        offered = set(ALWAYS.get(str(kind), ("infusion",)))
        for line, (chance, slope) in SOMETIMES.get(str(kind), {}).items():
            if draws[line][number] < min(0.98, max(0.02, chance + slope * tenfold[number])):
                offered.add(line)
        lines.append(";".join(line for line in SERVICE_LINES if line in offered))
    return lines


def with_cellular_therapy(sites: pd.DataFrame, hospitals: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Give cellular therapy to the department of the largest teaching hospital of each group that has none.

    Parameters
    ----------
    sites, hospitals : pandas.DataFrame
        In the form of a market.
    group : pandas.Series
        Group of each zone (its state, or one for the market), indexed by zone.
    """
    sites = sites.reset_index(drop=True)
    at = sites["zone"].map(group)
    served = set(at[sites["lines"].str.contains("cellular_therapy")])
    known = hospitals.set_index("hospital")
    rank = sites["hospital"].map(known["teaching"].map({"none": 0.0, "minor": 1e6, "major": 2e6}))
    rank = rank + sites["hospital"].map(known["beds"])
    able = sites["kind"].isin(["amc_main", "hopd_on_campus"]) & (sites["oncologists"] > 0) & rank.notna()
    able &= ~at.isin(served)
    for _, ranks in rank[able].groupby(at[able], sort=True):
        best = ranks.idxmax()
        offered = {*str(sites.at[best, "lines"]).split(";"), "cellular_therapy"}
        sites.at[best, "lines"] = ";".join(line for line in SERVICE_LINES if line in offered)
    return sites
