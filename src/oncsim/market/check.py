"""What must hold in every market, whatever it was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from oncsim import codes
from oncsim.errors import Fault, InputError
from oncsim.market.form import TABLES

if TYPE_CHECKING:
    from oncsim.market.form import Market

_IDENTITY = {"zones": "zone", "hospitals": "hospital", "organizations": "org", "sites": "site"}
# table.column -> table it refers to, and whether it may be blank.
_REFERENCES = {
    ("hospitals", "org"): ("organizations", False),
    ("hospitals", "zone"): ("zones", False),
    ("sites", "org"): ("organizations", False),
    ("sites", "zone"): ("zones", False),
    ("sites", "hospital"): ("hospitals", True),
    ("sites", "visiting_from"): ("sites", True),
    ("organizations", "network"): ("organizations", True),
    ("ties", "a"): ("organizations", False),
    ("ties", "b"): ("organizations", False),
}
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("hospitals", "teaching"): codes.TEACHING,
    ("hospitals", "control"): codes.CONTROLS,
    ("hospitals", "route_340b"): (*codes.ROUTES_340B, ""),
    ("hospitals", "hospital_class"): codes.HOSPITAL_CLASSES,
    ("organizations", "kind"): tuple(kind for kind in codes.ORG_KINDS if kind != "payer"),
    ("organizations", "nci"): ("comprehensive", "clinical", ""),
    ("sites", "kind"): codes.SITE_KINDS,
    ("ties", "form"): codes.TIE_FORMS,
}
_SHARES = ("deprivation", "poverty_share", "uninsured_share", "medicaid_share", "ma_share")
_MOST = 20


def check_market(market: Market) -> None:
    """Check a market as built.

    Raises
    ------
    InputError
        With a fault for every column that breaks an invariant: unique identities and names, references that
        lead somewhere, people to treat and sites to treat them, no missing or impossible numbers.
    """
    checks = (_columns, _identities, _references, _words, _numbers, _people)
    faults: list[Fault] = []
    for check in checks:
        faults += [Fault("", 0, 0, where, message) for where, message in check(market)]
        if check is _columns and faults:
            break
    if faults:
        label = f"market {market.name!r}"
        shown = [Fault(label, 0, 0, f.where, f.message) for f in faults[:_MOST]]
        raise InputError(shown)


_Found = list[tuple[str, str]]


def _columns(market: Market) -> _Found:
    found = []
    for table, columns in TABLES.items():
        frame: pd.DataFrame = getattr(market, table)
        if list(frame.columns) != list(columns):
            strange = sorted(set(frame.columns) ^ set(columns)) or ["the order of columns"]
            found.append((table, f"does not have the columns of the form ({', '.join(strange)})"))
            continue
        for name, (kind, _) in columns.items():
            missing = int(frame[name].isna().sum())
            if missing:
                found.append((f"{table}.{name}", f"{missing} values are missing (every row needs one)"))
            elif kind == "f" and not np.isfinite(frame[name].to_numpy(dtype=np.float64)).all():
                found.append((f"{table}.{name}", "not every number is finite"))
    return found


def _identities(market: Market) -> _Found:
    found = []
    for table, key in _IDENTITY.items():
        frame: pd.DataFrame = getattr(market, table)
        for name in (key, "name"):
            if (frame[name] == "").any():
                found.append((f"{table}.{name}", "is blank somewhere (every row needs one)"))
            twice = frame[name][frame[name].duplicated()]
            if len(twice):
                found.append(
                    (
                        f"{table}.{name}",
                        f"{twice.iat[0]!r} is there twice ({len(twice)} repeats; each only once)",
                    )
                )
    pairs = market.ties[market.ties.duplicated(["a", "b", "form"])]
    if len(pairs):
        tie = pairs.iloc[0]
        found.append(("ties", f"{tie['a']!r} and {tie['b']!r} are tied twice in the form {tie['form']!r}"))
    return found


def _references(market: Market) -> _Found:
    found = []
    for (table, name), (other, blank) in _REFERENCES.items():
        values: pd.Series[str] = getattr(market, table)[name]
        known = set(getattr(market, other)[_IDENTITY[other]]) | ({""} if blank else set())
        lost = values[~values.isin(known)]
        if len(lost):
            found.append((f"{table}.{name}", f"{lost.iat[0]!r} is not among the {other} ({len(lost)} such rows)"))
    if (market.ties["a"] == market.ties["b"]).any():
        found.append(("ties", "an organisation is tied to itself"))
    kind = market.organizations.set_index("org")["kind"] if market.organizations["org"].is_unique else None
    if kind is not None:
        found += _kinds(market, kind)
    return found


def _kinds(market: Market, kind: pd.Series[str]) -> _Found:
    found = []
    owners = market.hospitals["org"].map(kind).dropna()
    if not owners.isin(["health_system", "academic_center"]).all():
        found.append(("hospitals.org", "a hospital is owned by neither a health system nor an academic center"))
    members = market.organizations.loc[market.organizations["network"] != "", "network"].map(kind).dropna()
    if not (members == "network").all():
        found.append(("organizations.network", "a practice is a member of something that is not a network"))
    return found


def _words(market: Market) -> _Found:
    found = []
    for (table, name), allowed in _WORDS.items():
        values: pd.Series[str] = getattr(market, table)[name]
        strange = values[~values.isin(allowed)]
        if len(strange):
            found.append((f"{table}.{name}", f"{strange.iat[0]!r} is not one of {', '.join(w for w in allowed if w)}"))
    for table in ("sites", "hospitals"):
        lines: pd.Series[str] = getattr(market, table)["lines"]
        offered = {line for text in lines.unique() for line in str(text).split(";")} - {""}
        unknown = sorted(offered - set(codes.SERVICE_LINES))
        if unknown:
            found.append((f"{table}.lines", f"{unknown[0]!r} is not one of {', '.join(codes.SERVICE_LINES)}"))
    return found


def _numbers(market: Market) -> _Found:
    limits: list[tuple[str, str, float, float]] = [
        (table, name, -limit, limit) for table in _IDENTITY for name, limit in (("lat", 90.0), ("lon", 180.0))
    ]
    limits += [("zones", name, 0.0, 1.0) for name in _SHARES]
    counts = ("population", "population_65plus", "land_sqmi", "cases_per_year", "air_minutes")
    limits += [("zones", name, 0.0, np.inf) for name in counts]
    limits += [("hospitals", "beds", 0.0, np.inf), ("hospitals", "dsh_pct", 0.0, np.inf)]
    limits += [("sites", name, 0.0, np.inf) for name in ("chairs", "oncologists", "visiting_fte")]
    left_open = [("ties", "trust_ab", 0.0, 1.0), ("ties", "trust_ba", 0.0, 1.0), ("ties", "checks_per_year", 0.0, np.inf)]
    found = []
    for table, name, low, high in (*limits, *left_open):
        values: pd.Series[float] = getattr(market, table)[name]
        known = values[values != -1.0] if table == "ties" else values  # -1 leaves it to the model
        outside = known[(known < low) | (known > high)]
        if len(outside):
            allowed = f"at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
            found.append((f"{table}.{name}", f"{outside.iat[0]:g} is out of range in {len(outside)} rows ({allowed})"))
    older = market.zones["population_65plus"] > market.zones["population"] * (1 + 1e-9)
    if older.any():
        found.append(
            (
                "zones.population_65plus",
                f"more people aged 65 and over than people in {int(older.sum())} zones",
            )
        )
    return found


def _people(market: Market) -> _Found:
    found = []
    if not len(market.zones) or market.zones["population"].sum() <= 0:
        found.append(("zones", "nobody lives in the market (it needs zones with people)"))
    elif market.zones["cases_per_year"].sum() <= 0:
        found.append(("zones.cases_per_year", "nobody falls ill (the zones need new cases)"))
    if not len(market.sites):
        found.append(
            (
                "sites",
                "there is no site of care (give practices or oncologists of hospitals, or generate: true)",
            )
        )
    elif market.sites["oncologists"].sum() <= 0:
        found.append(("sites.oncologists", "no site has an oncologist (somebody must treat the patients)"))
    return found
