"""Why it happened: what the events say of their reasons, and exact splits of the main changes into their
parts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oncsim.codes import HOSPITAL_KINDS, OFFICE, SITE_KINDS
from oncsim.reports import words
from oncsim.reports.figures.geography import miles_to_oncologist
from oncsim.reports.figures.spending import payer_payments

_HOSPITAL = tuple(SITE_KINDS[kind] for kind in HOSPITAL_KINDS)
# Reasons follow a word such as "because", or the colon after what was done.
_REASON = re.compile(r"(?:\b(?:because|so that|in order to|to avoid)\b|\bsince\b(?!\s+\d)|:)\s+(.+)$", re.IGNORECASE)
# A full stop ends a reason only before a space: amounts such as $4.1 m hold one too.
_CLAUSES = re.compile(r";\s+|\.\s+|\.$")
# Numbers with their unit, but not names such as 340B.
_NUMBERS = re.compile(r"(?<!\w)[-+]?\$?-?\d(?:[\d,.]*\d)?(?!\d*[A-Za-z])(?:\s?(?:%|(?:bn|billion|million|thousand|m|k)\b))?")


@dataclass(frozen=True)
class EventReasons:
    """How often a kind of event happened, with its commonest reasons and an example."""

    kind: str
    count: float
    reasons: tuple[str, ...]
    example: str


def event_reasons(events: pd.DataFrame, replicates: int, shown: int = 8) -> list[EventReasons]:
    """Return the commonest kinds of event with the reasons their text gives.

    A reason is what follows ``because`` (or a like word) or a colon; an event may give several, set apart by
    semicolons. Reasons that differ only in their numbers are one, told with the numbers left out.
    """
    if events.empty:
        return []
    result = []
    counts = events["event"].astype(str).value_counts()
    for kind in sorted(counts.index, key=lambda k: (-int(counts[k]), k))[:shown]:
        own = events[events["event"].astype(str) == kind]
        found: dict[str, int] = {}
        for text in own["text"].astype(str):
            for reason in reasons_in(text):
                found[reason] = found.get(reason, 0) + 1
        ranked = sorted(found.items(), key=lambda pair: -pair[1])[:3]
        reasons = tuple(f"{reason} ({100 * count / len(own):.0f} %)" for reason, count in ranked)
        amounts = pd.to_numeric(own["amount"], errors="coerce").abs()
        best = amounts.idxmax() if amounts.notna().any() else own.index[0]
        example = str(own.loc[best, "text"])
        result.append(EventReasons(words.code_words(kind), int(counts[kind]) / max(replicates, 1), reasons, example))
    return result


def reasons_in(text: str) -> list[str]:
    """Return the reasons that the text of an event gives, each once, with their numbers replaced by dots."""
    match = _REASON.search(text)
    if match is None:
        return []
    clauses = [_NUMBERS.sub("…", clause).strip() for clause in _CLAUSES.split(match[1])]
    return list(dict.fromkeys(clause for clause in clauses if clause))


def hospital_share_parts(first: pd.DataFrame, last: pd.DataFrame) -> dict[str, tuple[int, float]] | None:
    """Split the change of the hospital share of infusions into parts that add up to it exactly.

    The share is infusions at hospital and academic sites over those plus infusions in offices. Each site
    belongs to one group by what it was in the first and in the last quarter; a group's part is its share
    of hospital infusions at the end minus at the start.

    Returns
    -------
    dict or None
        Group -> (number of sites, part of the change as a share); None where a total is zero.
    """
    start, end = _hospital_infusions(first), _hospital_infusions(last)
    if start is None or end is None:
        return None
    table = start.add_suffix("_0").join(end.add_suffix("_1"), how="outer")
    was, now = table["kind_0"], table["kind_1"]
    hospital_0, hospital_1 = was.isin(_HOSPITAL), now.isin(_HOSPITAL)
    groups = {
        "redesignated": (was == SITE_KINDS[OFFICE]) & hospital_1,
        "opened": was.isna() & hospital_1,
        "closed": hospital_0 & now.isna(),
        "left": hospital_0 & now.notna() & ~hospital_1,
        "stayed": hospital_0 & hospital_1,
    }
    change = table["share_1"].fillna(0.0) - table["share_0"].fillna(0.0)
    return {name: (int(mask.sum()), float(change[mask].sum())) for name, mask in groups.items()}


def _hospital_infusions(sites: pd.DataFrame) -> pd.DataFrame | None:
    counted = sites[sites["open"].astype(bool) & sites["kind"].isin((*_HOSPITAL, SITE_KINDS[OFFICE]))]
    infusions = pd.to_numeric(counted["infusions"], errors="coerce").fillna(0.0)
    total = float(infusions.sum())
    if total <= 0:
        return None
    hospital = infusions.where(counted["kind"].isin(_HOSPITAL), 0.0) / total
    return pd.DataFrame({"kind": counted["kind"].to_numpy(), "share": hospital.to_numpy()}, index=counted["site"])


# Singular and plural of each group.
_PART_WORDS = {
    "redesignated": ("office that became a hospital department", "offices that became hospital departments"),
    "opened": ("hospital site that opened", "hospital sites that opened"),
    "closed": ("hospital site that closed", "hospital sites that closed"),
    "left": ("hospital site that became something else", "hospital sites that became something else"),
    "stayed": (
        "site that was a hospital site throughout (patients moving towards or away from it)",
        "sites that were hospital sites throughout (patients moving towards or away from them)",
    ),
}


def hospital_share_sentence(sites: pd.DataFrame, quarters: list[str], usual: float = math.nan) -> str:
    """Return what moved the hospital share of infusions between the first and the last quarter.

    Parameters
    ----------
    sites : pandas.DataFrame
        Sites of one replicate in the first and the last quarter.
    quarters : list of str
        Quarters of the run.
    usual : float
        The same change in the mean over replicates, told where it has the other sign.
    """
    if len(quarters) < 2 or sites.empty:
        return ""
    ends = [sites[sites["quarter"] == quarter] for quarter in (quarters[0], quarters[-1])]
    parts = hospital_share_parts(*ends)
    if parts is None:
        return ""
    total = sum(part for _, part in parts.values())
    pieces = [
        f"{words.difference(part, 'share')} from {words.counted(number, *_PART_WORDS[name])}"
        for name, (number, part) in parts.items()
        if abs(part) >= 0.0005
    ]
    if not pieces:
        return ""
    contrast = f" In the mean over replicates it moved by {words.difference(usual, 'share')}." if total * usual < 0 else ""
    return (
        f"The hospital share of infusions moved by {words.difference(total, 'share')} between "
        f"{quarters[0]} and "
        f"{quarters[-1]}: {words.listing(pieces)}.{contrast}"
    )


def mean_change(metrics: pd.DataFrame, metric: str, quarters: list[str]) -> float:
    """Return last minus first quarter of a metric of the whole market, mean over replicates."""
    own = metrics[(metrics["metric"] == metric) & (metrics["group"] == "")]
    first, last = (own.loc[own["quarter"] == quarter, "value"].mean() for quarter in (quarters[0], quarters[-1]))
    return float(last - first)


def practice_fates(organizations: pd.DataFrame, quarters: list[str]) -> str:
    """Return what became of the practices that were independent in the first quarter."""
    if len(quarters) < 2 or organizations.empty:
        return ""
    orgs = organizations[organizations["kind"] == "practice"]
    first = orgs[(orgs["quarter"] == quarters[0]) & (orgs["owner"] == "") & (orgs["status"] == "active")]
    last = orgs[orgs["quarter"] == quarters[-1]].drop_duplicates("org").set_index("org")
    if first.empty:
        return ""
    rows = last.reindex(first["org"])
    status, owned = rows["status"].fillna("gone"), rows["owner"].fillna("") != ""
    fates = [
        ("were still independent", int(((status == "active") & ~owned).sum())),
        ("had been acquired", int(((status == "acquired") | ((status == "active") & owned)).sum())),
        ("had merged", int((status == "merged").sum())),
        ("had closed", int(status.isin(["closed", "gone"]).sum())),
    ]
    total = len(first)
    pieces = [f"{number:,} ({100 * number / total:.0f} %) {word}" for word, number in fates if number]
    return f"Of the {total:,} practices that were independent in {quarters[0]}, by {quarters[-1]}: {words.listing(pieces)}."


def spending_sentence(metrics: pd.DataFrame, quarters: list[str]) -> str:
    """Return which components of payment the change of payer spending came from."""
    table = payer_payments(metrics, "component")
    if len(quarters) < 2 or table.empty or len(table) < 2:
        return ""
    change = table.iloc[-1].fillna(0.0) - table.iloc[0].fillna(0.0)
    total = float(change.sum())
    if total == 0:
        return ""
    ranked = change[change.abs() > 0.005 * abs(total)].sort_values(key=lambda v: -v.abs(), kind="stable")
    told = words.alike([float(value) for value in ranked], "dollars", signed=True)
    pieces = [f"{part} {value}" for part, value in zip(ranked.index, told, strict=True)]
    verb = "rose" if total > 0 else "fell"
    return (
        f"Payments by payers {verb} by {words.size(total, 'dollars')} a quarter between {quarters[0]} and "
        f"{quarters[-1]}, by component: {words.listing(pieces)}."
    )


def reach_sentence(zones: pd.DataFrame, sites: pd.DataFrame, quarters: list[str]) -> str:
    """Return how many people came to live nearer to, or farther from, an open site with an oncologist."""
    if len(quarters) < 2 or zones.empty or sites.empty:
        return ""
    before, after = (miles_to_oncologist(zones, sites[sites["quarter"] == q]) for q in (quarters[0], quarters[-1]))
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        return "In at least one of the two quarters no open site had an oncologist."
    people = pd.to_numeric(zones["population"], errors="coerce").fillna(0.0).to_numpy(dtype=float)
    farther, nearer = after > before + 5, after < before - 5
    if not farther.any() and not nearer.any():
        return "No zone came to lie over 5 miles nearer to, or farther from, an open site with an oncologist."
    return (
        f"By {quarters[-1]}, {words.counted(int(farther.sum()), 'zone')} with "
        f"{people[farther].sum():,.0f} people lay "
        f"more than 5 straight-line miles farther from the nearest open site with an oncologist than in "
        f"{quarters[0]}, and {words.counted(int(nearer.sum()), 'zone')} with {people[nearer].sum():,.0f} "
        f"people lay "
        f"that much nearer."
    )
