"""The columns of the user's tables: names, other names they are known by, limits and meaning.

The canonical names are those of :mod:`oncsim.market.form`, so a table written by ``oncsim market build``
reads back as it is; the other names are those of federal files, so that they need no renaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oncsim import codes


@dataclass(frozen=True)
class Column:
    """One column that a table may have.

    Parameters
    ----------
    meaning : str
        What it holds, for people.
    kind : str
        ``text``, ``number``, ``whole``, ``flag`` or ``word`` (one of ``words``).
    required : bool
        The table cannot be read without it.
    filled : bool
        Every row must have a value.
    aliases : tuple of str
        Other accepted names, the best first.
    scale : mapping
        What a value under one of the aliases is multiplied by, for example 0.01 for percent.
    low, high : float
        Limits, both allowed.
    words : mapping
        Accepted word (lower case) -> code word.
    """

    meaning: str
    kind: str = "text"
    required: bool = False
    filled: bool = False
    aliases: tuple[str, ...] = ()
    scale: Mapping[str, float] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    words: Mapping[str, str] = field(default_factory=dict)


def _words(allowed: tuple[str, ...], **others: str) -> dict[str, str]:
    return {word.lower(): word for word in allowed} | others


def _share(meaning: str, *aliases: str, percent: tuple[str, ...] = ()) -> Column:
    scale = dict.fromkeys(percent, 0.01)
    return Column(meaning, "number", aliases=aliases + percent, scale=scale, low=0.0, high=1.0)


_LAT = Column("latitude, degrees north", "number", True, aliases=("latitude", "intptlat"), low=-90.0, high=90.0)
_LON = Column(
    "longitude, degrees east (negative in the US)",
    "number",
    True,
    aliases=("longitude", "lng", "long", "intptlong"),
    low=-180.0,
    high=180.0,
)
_STATE = Column("two-letter state", aliases=("state_code", "state_abbr", "stusps", "st"))
_CITY = Column("city or town, used in names", aliases=("town", "place"))
_SOURCE = Column(
    "how exact the point is: geocoded, or any other words where it stands for a ZIP code only",
    aliases=("latlon_source", "coord_source"),
)
_GENERATED = Column("true where the row was made by the generator", "flag")

ZONES: dict[str, Column] = {
    "zone": Column(
        "identity of the zone, for example a county FIPS code",
        required=True,
        filled=True,
        aliases=("fips", "county_fips", "geoid", "zone_id", "id"),
    ),
    "name": Column(
        "name people know; from a column called county the state is added",
        aliases=("county", "county_name", "zone_name"),
    ),
    "state": _STATE,
    "lat": _LAT,
    "lon": _LON,
    "population": Column(
        "people",
        "number",
        True,
        True,
        aliases=("pop_acs2023", "pop2020", "total_population", "pop", "pop_acs"),
        low=0.0,
    ),
    "population_65plus": Column(
        "people aged 65 and over; estimated as the national share if absent",
        "number",
        aliases=("pop65", "pop_65plus", "population65"),
        low=0.0,
    ),
    "population_of_65plus_year": Column(
        "people in the year of population_65plus, where that is another year than population's",
        "number",
        aliases=("pop_acs",),
        low=0.0,
    ),
    "land_sqmi": Column("land area, square miles", "number", True, True, aliases=("area_sqmi", "aland_sqmi"), low=0.0),
    "rural": Column("true outside a metropolitan area", "flag", aliases=("nonmetro",)),
    "rucc": Column(
        "rural-urban continuum code 1 to 9; 4 and over is rural",
        "whole",
        aliases=("rucc2023", "rucc_2023", "rucc2013", "rucc_2013"),
        low=1,
        high=9,
    ),
    "deprivation": _share("0 least to 1 most deprived: share of people in zones no more deprived than this one"),
    "deprivation_score": Column(
        "any score that grows with deprivation; it is turned into deprivation over all zones of the table",
        "number",
        aliases=("svi_percentile", "rpl_themes", "svi", "adi_percentile", "adi"),
    ),
    "poverty_share": _share("share of people in poverty", percent=("poverty_pct",)),
    "poverty150_share": _share("share of people below 150% of the poverty line", percent=("poverty150_pct",)),
    "uninsured_share": _share("share of people under 65 without insurance", "uninsured_under65_share"),
    "uninsured_all_share": _share("share of all people without insurance", percent=("uninsured_pct",)),
    "medicaid_share": _share("share of people under 65 with Medicaid; judged from poverty if absent"),
    "ma_share": _share(
        "share of Medicare beneficiaries in Medicare Advantage",
        "medicare_advantage_share",
        percent=("ma_pct",),
    ),
    "cases_per_year": Column(
        "new cancer cases a year; estimated from people aged 65 and over if absent",
        "number",
        aliases=("cancer_cases_est", "cancer_cases_per_year", "cases", "cancer_cases"),
        low=0.0,
    ),
    "cases_basis": Column(
        "how cases_per_year is known; any word but 'reported' marks it as estimated",
        aliases=("cancer_cases_basis",),
    ),
    "hrr": Column("hospital referral region, by number", aliases=("hrr_number", "hrrnum")),
    "hrr_name": Column("name of the referral region", aliases=("hrrcity",)),
    "hrr_weight": _share("share of the zone's people in that referral region"),
    "cbsa": Column("metropolitan area code; looked up for county FIPS codes if absent", aliases=("cbsa_code",)),
    "cbsa_name": Column("name of the metropolitan area", aliases=("cbsa_title",)),
    "market": Column("market for concentration; if absent the referral region, else the metropolitan area"),
    "market_name": Column("name of that market"),
    "air_minutes": Column(
        "minutes added to any trip out of the zone by air or sea; looked up for county FIPS codes if absent",
        "number",
        low=0.0,
        high=1440.0,
    ),
    "oncologists": Column(
        "medical oncologists expected in the zone: the weights by which practices are generated; records of "
        "the "
        "December 2024 file count 0.319 each",
        "number",
        aliases=("oncologist_records",),
        # 14,547 medical oncologists billing Medicare over 45,652 records (computed_statistics; A01).
        scale={"oncologist_records": 14547 / 45652},
        low=0.0,
    ),
    "estimated": Column("columns of the row that were estimated, separated by ';'"),
}

HOSPITALS: dict[str, Column] = {
    "hospital": Column(
        "identity, for example a CMS certification number",
        required=True,
        filled=True,
        aliases=("ccn", "hospital_id", "provider_id", "facility_id", "id"),
    ),
    "name": Column("name", required=True, filled=True, aliases=("hospital_name", "facility_name")),
    "zone": Column(
        "zone it stands in; the nearest zone of its state where blank",
        aliases=("county_fips", "fips", "county"),
    ),
    "city": _CITY,
    "state": _STATE,
    "lat": _LAT,
    "lon": _LON,
    "point_source": _SOURCE,
    "beds": Column("staffed beds; the median of its class where blank", "number", low=0.0, high=10000.0),
    "facility_type": Column(
        "class of hospital: STH short-term, CAH critical access, CH children's, ORD cancer and other, PH "
        "psychiatric, "
        "RH rehabilitation, LTCH long-term, RNMHC religious nonmedical",
        "word",
        aliases=("hospital_type", "type"),
        words=_words(
            ("STH", "CAH", "CH", "ORD", "PH", "RH", "LTCH", "RNMHC"),
            **{
                "short-term": "STH",
                "acute care hospitals": "STH",
                "critical access": "CAH",
                "critical access hospitals": "CAH",
                "childrens": "CH",
                "children's": "CH",
                "psychiatric": "PH",
                "rehabilitation": "RH",
                "long-term": "LTCH",
            },
        ),
    ),
    "critical_access": Column("true for a critical access hospital, where facility_type is absent", "flag"),
    "hospital_class": Column(
        "class that payment rules name: general, rural_referral, sole_community_rural, sole_community_urban, "
        "critical_access, cancer (exempt from prospective payment) or childrens; from the other columns where blank",
        "word",
        aliases=("payment_class", "medicare_class"),
        words=_words(
            codes.HOSPITAL_CLASSES,
            **{
                "cah": "critical_access",
                "rrc": "rural_referral",
                "rural sch": "sole_community_rural",
                "urban sch": "sole_community_urban",
                "children's": "childrens",
            },
        ),
    ),
    "control": Column(
        "nonprofit, government or proprietary; nonprofit where blank",
        "word",
        aliases=("ownership", "owner_type"),
        words=_words(
            codes.CONTROLS,
            **{
                "for-profit": "proprietary",
                "for profit": "proprietary",
                "voluntary": "nonprofit",
                "non-profit": "nonprofit",
                "public": "government",
            },
        ),
    ),
    "teaching": Column("none, minor or major; none where blank", "word", words=_words(codes.TEACHING)),
    "dsh_pct": Column(
        "disproportionate-share adjustment as a share (0.1175 is the 340B threshold); 0 where blank",
        "number",
        low=0.0,
        high=2.0,
    ),
    "route_340b": Column(
        "route by which it would be eligible for 340B: DSH, SCH, RRC, CAH, CAN, PED, or blank",
        "word",
        words=_words(codes.ROUTES_340B),
    ),
    "screen_340b": Column(
        "statutory screen, where route_340b is absent: DSH, CAH, only_if_SCH_or_RRC, children_possible or no",
        "word",
        aliases=("elig340b_screen",),
        words=_words(("DSH", "CAH", "only_if_SCH_or_RRC", "children_possible", "no")),
    ),
    "participates_340b": Column(
        "takes part in 340B at the start; drawn from the screen where blank",
        "flag",
        aliases=("in_340b", "340b"),
    ),
    "org": Column(
        "identity of the system that owns it; on its own where blank",
        aliases=("system_id_2018", "system_id", "owner"),
    ),
    "org_name": Column("name of that system", aliases=("system_name_2018", "system_name", "system")),
    "lines": Column(
        "service lines the hospital itself offers cancer patients, separated by ';', or none; by its class where blank",
        aliases=("services",),
    ),
    "oncologists": Column(
        "medical oncologists based at the hospital: gives it an on-campus site of care",
        "whole",
        low=0,
        high=2000,
    ),
    "chairs": Column("infusion chairs of that site; five for each oncologist where blank", "number", low=0.0, high=2000.0),
    "generated": _GENERATED,
}

PRACTICES: dict[str, Column] = {
    "site": Column("identity of the site; made from practice and row if absent", aliases=("unique_id", "site_id")),
    "org": Column(
        "practice the site belongs to: rows with the same text are one practice",
        required=True,
        filled=True,
        aliases=("participant", "practice", "practice_name", "organization"),
    ),
    "name": Column("name of the site; practice and city if absent", aliases=("site_name",)),
    "kind": Column(
        "kind of site; office where blank. Kinds of hospital sites need the column hospital",
        "word",
        aliases=("site_kind",),
        words=_words(codes.SITE_KINDS),
    ),
    "hospital": Column("hospital that the site is a department of", aliases=("ccn",)),
    "zone": Column(
        "zone it stands in; the nearest zone of its state where blank",
        aliases=("nearest_county_center_fips", "county_fips", "fips", "county"),
    ),
    "city": _CITY,
    "state": _STATE,
    "lat": _LAT,
    "lon": _LON,
    "point_source": _SOURCE,
    "coord_flag": Column("the word bad: the coordinates of the row are wrong and its city is used instead"),
    "oncologists": Column(
        "medical oncologists whose home the site is; generated where blank, required with generate: false",
        "whole",
        aliases=("physicians", "medical_oncologists"),
        low=0,
        high=2000,
    ),
    "chairs": Column(
        "infusion chairs; five for each oncologist where blank",
        "number",
        aliases=("infusion_chairs",),
        low=0.0,
        high=2000.0,
    ),
    "network": Column("practice network that the practice is a member of, by name or identity"),
    "visiting_from": Column("site whose oncologists visit here"),
    "visiting_fte": Column("full-time equivalents that visit from there", "number", low=0.0, high=100.0),
    "lines": Column(
        "service lines offered, separated by ';'; usual ones of the kind of site where blank",
        aliases=("services",),
    ),
    "excepted": Column("off-campus department that billed before 2 November 2015", "flag"),
    "generated": _GENERATED,
}

CENTERS: dict[str, Column] = {
    "org": Column("identity of the center; made from its name if absent", aliases=("nci_id", "center_id", "id")),
    "name": Column("name", required=True, filled=True, aliases=("center", "center_name")),
    "kind": Column(
        "kind of organisation: academic_center where blank; other kinds only describe organisations that "
        "the other "
        "tables name, and practice networks",
        "word",
        words=_words(("practice", "health_system", "academic_center", "network")),
    ),
    "nci": Column(
        "NCI designation: comprehensive, clinical, or blank; a basic laboratory is left out",
        "word",
        aliases=("designation",),
        words={
            "comprehensive": "comprehensive",
            "clinical": "clinical",
            "none": "",
            "basic laboratory": "laboratory",
            "laboratory": "laboratory",
        },
    ),
    "same_center_as": Column("identity of the center that this row is a further campus of"),
    "hospital": Column("its main hospital; found by name and distance where blank", aliases=("ccn",)),
    "zone": Column(
        "zone it stands in; the nearest zone of its state where blank",
        aliases=("county_fips", "fips", "county"),
    ),
    "city": _CITY,
    "state": _STATE,
    "lat": _LAT,
    "lon": _LON,
    "point_source": _SOURCE,
    "oncologists": Column("medical oncologists at the main site; generated where blank", "whole", low=0, high=2000),
    "chairs": Column(
        "infusion chairs of the main site; five for each oncologist where blank",
        "number",
        low=0.0,
        high=2000.0,
    ),
    "investor_owned": Column("network owned by investors rather than by physicians", "flag"),
    "network": Column("for a practice: the network it is a member of"),
    "generated": _GENERATED,
}

TIES: dict[str, Column] = {
    "a": Column("one organisation, by identity", required=True, filled=True),
    "b": Column("the other", required=True, filled=True),
    "form": Column("form of the partnership", "word", True, True, words=_words(codes.TIE_FORMS)),
    "age_quarters": Column("quarters since it began", "whole", low=0, high=400),
    "trust_ab": Column("trust of a in b at the start; left to the model where blank", "number", low=0.0, high=1.0),
    "trust_ba": Column("trust of b in a at the start; left to the model where blank", "number", low=0.0, high=1.0),
    "checks_per_year": Column(
        "times a year the two look at how their partnership does; the usual number where blank",
        "number",
        low=0.0,
        high=52.0,
    ),
}

TABLES: dict[str, dict[str, Column]] = {
    "zones": ZONES,
    "hospitals": HOSPITALS,
    "practices": PRACTICES,
    "centers": CENTERS,
    "ties": TIES,
}


def column_table(what: str) -> list[str]:
    """Return the columns of a table as lines of a Markdown table, for the documentation."""
    kinds = {"whole": "whole number", "flag": "yes or no", "word": "word"}
    lines = ["| Column | Holds | Kind | Also accepted |", "|---|---|---|---|"]
    for name, column in TABLES[what].items():
        also = ", ".join(
            f"`{alias}`" + (f" (times {column.scale[alias]:.3g})" if alias in column.scale else "")
            for alias in column.aliases
        )
        kind = kinds.get(column.kind, column.kind)
        if column.low is not None and column.high is not None:
            kind += f", {column.low:g} to {column.high:g}"
        label = f"**`{name}`**" if column.required else f"`{name}`"
        lines.append(f"| {label} | {column.meaning} | {kind} | {also} |")
    return lines
