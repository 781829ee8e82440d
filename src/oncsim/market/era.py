"""The structure of an earlier year: what ``market.as_of`` changes in a market, and by how much.

Every market is built from tables of today. ``as_of`` carries a few quantities back to an earlier year: how many oncologists
there are, how many of them work for hospitals, how many hospitals have departments off campus or take part in 340B, how many
practices belong to networks, how many people fall ill. Only the start is set; what happens afterwards is up to the model.
Who works where in that year is drawn with the market's seed by the identity of what is decided, so that a county has the
same hospitals in every year, and whoever was in 340B or off campus early still is later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from oncsim.market import facts
from oncsim.market.generate_keys import logistic
from oncsim.randomness import Luck, identities, identity

if TYPE_CHECKING:
    import pandas as pd

FIRST_YEAR, LAST_YEAR = 2005, 2026
# Oncologists in Medicare data (A01); earlier years at the growth between these two, 1.7% a year (estimate).
ONCOLOGISTS = {2014: 12_267.0, 2024: 14_547.0}
# Share of oncologists based in hospitals and centers: billing mainly from there (C12, 2012 and 2013), employed there (C14,
# 2023); before 2012 the share of chemotherapy given there (S04, 2005 and 2011; S05, 2008) stands in for it.
HOSPITAL_SHARE = {2005: 0.135, 2008: 0.23, 2011: 0.33, 2012: 0.350, 2013: 0.383, 2023: 0.60}
# Share of the oncologists who work at main sites of centers, in the nation that the generator makes (judgement: the same in
# every year).
CENTER_SHARE = 0.20
# Share of 340B hospitals with clinics off campus (budget office, through the press); before 2013 as in 2013 (judgement:
# low by then already), and other hospitals in the same proportion (judgement).
OFF_SITE = {2013: 0.50, 2021: 0.76}
# Hospitals in 340B by route: 2010 and 2014 (MedPAC), and those that the tables of today hold (86% of 1,326 and 1,285, 45% of
# 350 others, 75% of 75 children's).
PARTICIPANTS = {
    "DSH": {2010: 1_001.0, 2014: 966.0, 2022: 1_140.0},
    "CAH": {2010: 292.0, 2014: 940.0, 2022: 1_105.0},
    "other": {2010: 72.0, 2014: 214.0, 2022: 214.0},
}
# Share of practice oncologists in networks: 1,300 in the largest network of 2010 (VMG) of about 8,000 in practices, against
# half today (C14).
IN_NETWORKS = {2010: 0.16, 2023: 0.50}
# Departments off campus that billed before November 2015, of those that are there at the start: all of them until then,
# as many as the generator marks today in 2026 (judgement).
ALL_EXCEPTED = {2015: 1.0, 2026: 0.0}
CASE_GROWTH = 0.011  # D08, carried back to earlier years (estimate: no series of cases was read)
OFF_CAMPUS_KINDS = ("hopd_off_campus", "amc_satellite")


@dataclass(frozen=True)
class Era:
    """An earlier year, as ratios to the market of today.

    Attributes
    ----------
    year : int
        The year.
    oncologists, cases : float
        Oncologists and new cases relative to today.
    hospital_share : float
        Share of the nation's oncologists who work for hospitals and centers.
    off_campus : float
        Hospitals with departments off campus, relative to today; satellites of centers likewise.
    networks : float
        Chance that a practice is in a network, relative to today.
    excepted : float
        Share of departments off campus that are excepted whatever the generator says.
    """

    year: int
    oncologists: float
    cases: float
    hospital_share: float
    off_campus: float
    networks: float
    excepted: float


def era_of(year: int | None) -> Era | None:
    """Return the era of a year; None, the tables as they are, where none is named or it is that of the tables."""
    if year is None or year >= LAST_YEAR:
        return None
    growth = (ONCOLOGISTS[2024] / ONCOLOGISTS[2014]) ** 0.1
    return Era(
        year=year,
        oncologists=float(growth ** min(0, year - 2024)),
        cases=float((1.0 + CASE_GROWTH) ** (year - LAST_YEAR)),
        hospital_share=interpolated(HOSPITAL_SHARE, year),
        off_campus=interpolated(OFF_SITE, year) / OFF_SITE[2021],
        networks=interpolated(IN_NETWORKS, year) / IN_NETWORKS[2023],
        excepted=interpolated(ALL_EXCEPTED, year),
    )


def interpolated(series: dict[int, float], year: int) -> float:
    """Return a series in a year: linear between its years, level before the first and after the last."""
    return float(np.interp(year, list(series), list(series.values())))


@lru_cache(maxsize=32)
def hospital_logit(share: float, logit: float, spread: float) -> float:
    """Return the log odds of working for a hospital outside the centers that give the nation a share of all oncologists.

    Parameters
    ----------
    share : float
        Share of the nation's oncologists at hospitals and centers.
    logit : float
        Log odds of today, from which the search starts.
    spread : float
        Standard deviation between the traits of states.
    """
    totals = facts.state_totals()
    people = (totals["oncologists_metro"] + totals["oncologists_rural"]).to_numpy(dtype=np.float64)
    trait = Luck(0).normal("hospital_based", 0, [identity("state", str(state)) for state in totals.index])
    target = max(0.0, (share - CENTER_SHARE) / (1.0 - CENTER_SHARE))
    low, high = logit - 12.0, logit + 12.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = float(np.average(logistic(middle + spread * trait), weights=people))
        low, high = (middle, high) if reached < target else (low, middle)
    return (low + high) / 2


def earlier_zones(zones: pd.DataFrame, era: Era | None) -> pd.DataFrame:
    """Return the zones with the cases of the year; people, insurance and income stay as the tables have them."""
    if era is None:
        return zones
    return zones.assign(cases_per_year=zones["cases_per_year"] * era.cases)


def earlier_participation(hospitals: pd.DataFrame, era: Era | None, luck: Luck) -> pd.DataFrame:
    """Return the hospitals with those in 340B that were in it by then: some of today's, by route."""
    if era is None:
        return hospitals
    route = hospitals["route_340b"].to_numpy(dtype=object)
    kept = np.select(
        [route == "DSH", route == "CAH"],
        [_joined(name, era.year) for name in ("DSH", "CAH")],
        _joined("other", era.year),
    )
    early = luck.uniform("joined_340b", 0, identities(hospitals["hospital"])) < kept
    return hospitals.assign(participates_340b=hospitals["participates_340b"].to_numpy(dtype=bool) & early)


def _joined(route: str, year: int) -> float:
    series = PARTICIPANTS[route]
    return min(1.0, interpolated(series, year) / series[2022])


def earlier_sites(sites: pd.DataFrame, era: Era | None, luck: Luck) -> pd.DataFrame:
    """Return the sites with the excepted departments of the year: until 2015 every one off campus."""
    if era is None:
        return sites
    off = sites["kind"].isin(OFF_CAMPUS_KINDS).to_numpy(dtype=bool)
    old = luck.uniform("excepted_then", 0, identities(sites["site"])) < era.excepted
    return sites.assign(excepted=sites["excepted"].to_numpy(dtype=bool) | (off & old))


def era_notes(era: Era | None) -> tuple[str, ...]:
    """Say in sentences what was carried back."""
    if era is None:
        return ()
    return (
        f"The market has the structure of {era.year}, carried back from tables of today: {era.oncologists:.0%} of today's "
        f"oncologists, {era.hospital_share:.0%} of the nation's in hospitals and centers, departments off campus at "
        f"{era.off_campus:.0%} of today's chance, and the 340B hospitals of that year by route; oncologists who work for "
        "hospitals only today are in practices. Rows that a table gives keep what the table says.",
        f"New cases are {era.cases:.0%} of today's (carried back at {CASE_GROWTH:.1%} a year, an estimate). Hospitals, "
        "their owners, beds and disproportionate-share percentages, and people, income and insurance of the zones, are "
        "today's; the run carries insurance back by national series.",
    )
