"""Ties that exist at the start: referral habits, coverage, affiliations with centers, with their ages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.market.generate_keys import Floats
from oncsim.market.places import miles_between
from oncsim.randomness import Luck, identities, identity, pair_keys

if TYPE_CHECKING:
    import pandas as pd

# Chances are judgement but for affiliations: about 340 over the centers (F08, F13), few practices under
# contract (F03).
NEAREST_HOSPITAL = 0.75
COVERAGE = ((1, 0.10), (6, 0.45))  # inpatient coverage of the nearest hospital by size of practice
SERVICES = 0.06  # professional-services agreement of a practice of six or more with the nearest system
CENTER_PRACTICE, CENTER_PRACTICE_MILES = 0.55, 60.0
CENTER_SYSTEM, CENTER_SYSTEM_MILES = 0.30, 70.0
AFFILIATIONS_PER_CENTER, AFFILIATION_MILES, FARTHEST_MILES = 6.0, 60.0, 150.0
TELEHEALTH = 0.06
MEAN_AGE_QUARTERS = {
    "referral": 28.0, "inpatient_coverage": 20.0, "professional_services": 12.0, "clinical_affiliation": 18.0,
    "telehealth_hub": 12.0,
}  # fmt: skip
OLDEST_QUARTERS = 100


def starting_ties(organizations: pd.DataFrame, hospitals: pd.DataFrame, sites: pd.DataFrame, luck: Luck) -> pd.DataFrame:
    """Return the ties at the start in the form of a market; each pair and form at most once."""
    import pandas as pd

    pairs: list[tuple[str, str, str]] = []
    practices = organizations[organizations["kind"] == "practice"].sort_values("org")
    centers = organizations[organizations["kind"] == "academic_center"].sort_values("org")
    systems = organizations[organizations["kind"] == "health_system"].sort_values("org")
    size = sites.groupby("org")["oncologists"].sum()
    pairs += _with_hospitals(practices, hospitals, size, luck)
    pairs += _near(centers, practices, luck, "referral", CENTER_PRACTICE, CENTER_PRACTICE_MILES)
    staffed = systems[systems["org"].map(size).fillna(0) > 0]
    small = systems[~systems["org"].isin(staffed["org"])]
    pairs += _near(centers, staffed, luck, "referral", CENTER_SYSTEM, CENTER_SYSTEM_MILES)
    pairs += _near(centers, small, luck, "telehealth_hub", TELEHEALTH, CENTER_SYSTEM_MILES)
    pairs += _affiliations(centers, staffed, size, luck)
    # A pair may be found from both of its ends.
    unique = list({(*sorted(pair[:2]), pair[2]): pair for pair in reversed(pairs)}.values())[::-1]
    age = [_age(luck, *pair) for pair in unique]
    frame = pd.DataFrame(unique, columns=["a", "b", "form"])
    frame["age_quarters"] = np.asarray(age, dtype=np.int64)
    # How much the two trust each other, and how often they look, is left to the model.
    return frame.assign(trust_ab=-1.0, trust_ba=-1.0, checks_per_year=-1.0)


def _age(luck: Luck, a: str, b: str, form: str) -> int:
    draw = luck.uniform1("tie_age", 0, identity(a, b, form))
    return int(min(OLDEST_QUARTERS, 1 + np.floor(-MEAN_AGE_QUARTERS[form] * np.log(draw))))


def _distances(a: pd.DataFrame, b: pd.DataFrame) -> Floats:
    return miles_between(
        a["lat"].to_numpy()[:, None], a["lon"].to_numpy()[:, None], b["lat"].to_numpy()[None, :],
        b["lon"].to_numpy()[None, :],
    )  # fmt: skip


def _with_hospitals(
    practices: pd.DataFrame, hospitals: pd.DataFrame, size: pd.Series, luck: Luck
) -> list[tuple[str, str, str]]:
    """Tie practices to the owner of the nearest short-term hospital of their state."""
    ordinary = hospitals[~hospitals["critical_access"]].sort_values("hospital")
    pairs: list[tuple[str, str, str]] = []
    for state, members in practices.groupby("state", sort=True):
        near = ordinary[ordinary["state"] == state]
        if near.empty:
            continue
        owner = near["org"].to_numpy(dtype=object)[_distances(members, near).argmin(axis=1)]
        keys = pair_keys(identities(members["org"]), identities(owner))
        referral = luck.uniform("tie_hospital", 0, keys) < NEAREST_HOSPITAL
        people = members["org"].map(size).fillna(1).to_numpy(dtype=np.float64)
        chance = np.where(people >= COVERAGE[1][0], COVERAGE[1][1], COVERAGE[0][1])
        coverage = luck.uniform("tie_coverage", 0, keys) < chance
        services = (luck.uniform("tie_services", 0, keys) < SERVICES) & (people >= COVERAGE[1][0])
        names = members["org"].to_numpy(dtype=object)
        for form, held in (
            ("referral", referral),
            ("inpatient_coverage", coverage),
            ("professional_services", services),
        ):
            pairs += [(str(a), str(b), form) for a, b in zip(names[held], owner[held], strict=True)]
    return pairs


def _near(
    centers: pd.DataFrame, others: pd.DataFrame, luck: Luck, form: str, chance: float, scale: float
) -> list[tuple[str, str, str]]:
    """Tie each pair by its own luck, less likely with distance: who else is in the market does not matter."""
    if centers.empty or others.empty:
        return []
    miles = _distances(centers, others)
    keys = pair_keys(np.repeat(identities(centers["org"]), len(others)), np.tile(identities(others["org"]), len(centers)))
    draw = luck.uniform(f"tie_{form}", 0, keys).reshape(miles.shape)
    held = (draw < chance * np.exp(-miles / scale)) & (miles <= FARTHEST_MILES)
    a, b = centers["org"].to_numpy(), others["org"].to_numpy()
    return [(str(a[i]), str(b[j]), form) for i, j in np.argwhere(held)]


def _affiliations(centers: pd.DataFrame, systems: pd.DataFrame, size: pd.Series, luck: Luck) -> list[tuple[str, str, str]]:
    """Let each center sign systems of its own state by a keyed race, larger and nearer ones first (F15)."""
    pairs: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for center in centers.to_dict("records"):
        near = systems[(systems["state"] == center["state"]) & ~systems["org"].isin(taken)]
        miles = miles_between(center["lat"], center["lon"], near["lat"].to_numpy(), near["lon"].to_numpy())
        near, miles = near[miles <= FARTHEST_MILES], miles[miles <= FARTHEST_MILES]
        if near.empty:
            continue
        keys = pair_keys(np.full(len(near), identity(center["org"]), dtype=np.uint64), identities(near["org"]))
        weight = np.sqrt(near["org"].map(size).to_numpy(dtype=np.float64)) * np.exp(-miles / AFFILIATION_MILES)
        race = np.log(luck.uniform("tie_affiliation", 0, keys)) / weight
        number = int(2 * AFFILIATIONS_PER_CENTER * luck.uniform1("affiliations", 0, identity(center["org"])) + 0.5)
        for at in np.argsort(-race, kind="stable")[:number]:
            org = str(near["org"].iloc[at])
            taken.add(org)
            pairs.append((str(center["org"]), org, "clinical_affiliation"))
    return pairs
