"""The one internal form of a market, whatever it was built from.

A :class:`Market` is five tables that every source (embedded geography, the user's files, teaching archetypes) fills
in the same way. The model copies what it needs into arrays and never writes here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

# Column name -> (dtype kind, meaning). Kinds: s text, f number, i integer, b flag.
ZONE_COLUMNS: dict[str, tuple[str, str]] = {
    "zone": ("s", "identity of the zone, for example a county FIPS code"),
    "name": ("s", "name that people know, for example 'Davidson, TN'"),
    "state": ("s", "two-letter state, empty on an archetype plane"),
    "lat": ("f", "latitude of where people live, degrees north"),
    "lon": ("f", "longitude of where people live, degrees east"),
    "hrr": ("s", "hospital referral region, empty where unknown"),
    "cbsa": ("s", "metropolitan area code, empty outside one"),
    "market": ("s", "market for concentration: hrr, else cbsa, else '<state>-rest'"),
    "market_name": ("s", "name of that market"),
    "population": ("f", "people"),
    "population_65plus": ("f", "people aged 65 and over"),
    "land_sqmi": ("f", "land area, square miles"),
    "rural": ("b", "outside a metropolitan area"),
    "deprivation": ("f", "0 least to 1 most deprived: share of people in zones no more deprived than this one"),
    "poverty_share": ("f", "share of people in poverty (the source says which line)"),
    "uninsured_share": ("f", "share of people under 65 without insurance"),
    "medicaid_share": ("f", "share of people under 65 with Medicaid"),
    "ma_share": ("f", "share of Medicare beneficiaries in Medicare Advantage"),
    "cases_per_year": ("f", "new cancer cases a year, all sites"),
    "air_minutes": ("f", "minutes added to any trip out of the zone by air or sea; 0 where roads lead out"),
    "estimated": ("s", "columns of this row that were estimated, separated by ';'"),
}
HOSPITAL_COLUMNS: dict[str, tuple[str, str]] = {
    "hospital": ("s", "identity, for example a CMS certification number"),
    "name": ("s", "name"),
    "org": ("s", "organisation that owns it"),
    "zone": ("s", "zone it stands in"),
    "state": ("s", "two-letter state"),
    "lat": ("f", "latitude"),
    "lon": ("f", "longitude"),
    "beds": ("f", "staffed beds"),
    "teaching": ("s", "none, minor or major"),
    "control": ("s", "nonprofit, government or proprietary"),
    "critical_access": ("b", "critical access hospital"),
    "hospital_class": ("s", "class that payment rules name (general, rural_referral, sole_community_rural, ... cancer)"),
    "dsh_pct": ("f", "disproportionate-share adjustment as a share (0.1175 is the threshold); 0 if none"),
    "route_340b": ("s", "route by which it would be eligible for 340B: DSH, SCH, RRC, CAH, CAN, PED, or empty"),
    "participates_340b": ("b", "takes part in 340B at the start"),
    "lines": ("s", "service lines the hospital itself offers cancer patients, separated by ';'"),
    "generated": ("b", "made by the generator rather than read from a table"),
}
ORGANIZATION_COLUMNS: dict[str, tuple[str, str]] = {
    "org": ("s", "identity"),
    "name": ("s", "name that people read in the story; unique in the market"),
    "kind": ("s", "practice, health_system, academic_center or network"),
    "state": ("s", "home state"),
    "lat": ("f", "latitude of the seat"),
    "lon": ("f", "longitude of the seat"),
    "nci": ("s", "NCI designation of a center: comprehensive, clinical or empty"),
    "investor_owned": ("b", "network owned by investors (platform) rather than by physicians"),
    "network": ("s", "for a practice: identity of the network it is a member of, or empty"),
    "generated": ("b", "made by the generator rather than read from a table"),
}
SITE_COLUMNS: dict[str, tuple[str, str]] = {
    "site": ("s", "identity"),
    "name": ("s", "name"),
    "org": ("s", "organisation that operates it"),
    "kind": ("s", "site kind code"),
    "hospital": ("s", "hospital it is a department of, or empty"),
    "zone": ("s", "zone it stands in"),
    "lat": ("f", "latitude"),
    "lon": ("f", "longitude"),
    "chairs": ("f", "infusion chairs"),
    "oncologists": ("i", "medical oncologists whose home this site is (whole people)"),
    "visiting_from": ("s", "site whose oncologists visit here, or empty"),
    "visiting_fte": ("f", "full-time equivalents that visit from there"),
    "lines": ("s", "service lines offered, separated by ';'"),
    "excepted": ("b", "off-campus department that billed before 2 November 2015"),
    "generated": ("b", "made by the generator rather than read from a table"),
}
TIE_COLUMNS: dict[str, tuple[str, str]] = {
    "a": ("s", "one organisation"),
    "b": ("s", "the other"),
    "form": ("s", "partnership form code"),
    "age_quarters": ("i", "age at the start"),
    "trust_ab": ("f", "trust of a in b at the start, 0 to 1; -1 leaves it to the model"),
    "trust_ba": ("f", "trust of b in a at the start, 0 to 1; -1 leaves it to the model"),
    "checks_per_year": ("f", "times a year the two look at how their partnership does; -1 is the usual number"),
}
TABLES = {
    "zones": ZONE_COLUMNS,
    "hospitals": HOSPITAL_COLUMNS,
    "organizations": ORGANIZATION_COLUMNS,
    "sites": SITE_COLUMNS,
    "ties": TIE_COLUMNS,
}
# Columns a table may lack when it is shaped, and what they hold then: nothing is said of them.
LEFT_OPEN: dict[str, dict[str, str | float]] = {
    "hospitals": {"lines": ""},
    "ties": {"trust_ab": -1.0, "trust_ba": -1.0, "checks_per_year": -1.0},
}


@dataclass(frozen=True)
class Market:
    """A market as built: who is where at the start.

    Attributes
    ----------
    name : str
        What people call it, for example ``"Pennsylvania"``.
    source : str
        ``embedded``, ``files``, ``archetype`` or ``composed``.
    zones, hospitals, organizations, sites, ties : pandas.DataFrame
        Tables with exactly the columns above, one row an entity, default integer index, no missing values.
    notes : tuple of str
        What was estimated, generated or left out, in sentences for the report.
    """

    name: str
    source: str
    zones: pd.DataFrame
    hospitals: pd.DataFrame
    organizations: pd.DataFrame
    sites: pd.DataFrame
    ties: pd.DataFrame
    notes: tuple[str, ...] = field(default_factory=tuple)


def empty_table(table: str) -> pd.DataFrame:
    """Return an empty table with the columns and types of the form."""
    dtypes = {"s": "object", "f": "float64", "i": "int64", "b": "bool"}
    return pd.DataFrame({name: pd.Series(dtype=dtypes[kind]) for name, (kind, _) in TABLES[table].items()})


def shape_table(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the columns of the form, in order and typed; those of :data:`LEFT_OPEN` may be missing.

    Raises
    ------
    KeyError
        When a column of the form is missing.
    """
    dtypes = {"s": "object", "f": "float64", "i": "int64", "b": "bool"}
    columns = TABLES[table]
    frame = frame.assign(**{name: value for name, value in LEFT_OPEN.get(table, {}).items() if name not in frame})
    missing = [name for name in columns if name not in frame]
    if missing:
        raise KeyError(f"{table}: missing columns {missing}")
    shaped = frame[list(columns)].reset_index(drop=True)
    return shaped.astype({name: dtypes[kind] for name, (kind, _) in columns.items()})
