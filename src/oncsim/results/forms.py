"""The tables of a run folder: their columns, the types of the columns and the order of the rows.

Everything that writes, reads or documents a table takes it from here.
"""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NUMBER, FLAG = "text", "number", "flag"


@dataclass(frozen=True)
class TableForm:
    """One table of a run folder.

    Attributes
    ----------
    name : str
        Name of the table and stem of its file.
    title : str
        What one row is.
    columns : dict of str to (str, str)
        Column name to its type (``text``, ``number`` or ``flag``) and meaning. ``replicate`` is not among
        them: it is put in front when the replicates are joined.
    order : tuple of str
        Columns that the rows of one replicate are sorted by. The sort is stable.
    per_replicate : bool
        False for a table that is the same in every replicate.
    """

    name: str
    title: str
    columns: dict[str, tuple[str, str]]
    order: tuple[str, ...]
    per_replicate: bool = True


_QUARTER = (TEXT, "quarter, such as 2026Q1; the row is the state at its end")

FORMS: dict[str, TableForm] = {
    form.name: form
    for form in (
        TableForm(
            "metrics",
            "one metric in one quarter, market and group",
            {
                "quarter": _QUARTER,
                "metric": (TEXT, "name of the metric; `oncsim metrics show NAME` defines it"),
                "market": (TEXT, "`all` or a market id"),
                "group": (TEXT, "empty, or `key=value` pairs in alphabetical order joined by `;`"),
                "value": (NUMBER, "value in the unit of the metric"),
            },
            ("quarter", "metric", "market", "group"),
        ),
        TableForm(
            "organizations",
            "one organisation in one quarter (payers too)",
            {
                "quarter": _QUARTER,
                "org": (TEXT, "identity of the organisation"),
                "name": (TEXT, "its name"),
                "kind": (TEXT, "practice, health_system, academic_center, payer or network"),
                "status": (TEXT, "active, acquired, merged or closed"),
                "owner": (TEXT, "organisation that holds over half of control, or empty"),
                "oncologists": (NUMBER, "medical oncologists"),
                "patients": (NUMBER, "people starting systemic treatment in the quarter"),
                "patients_in_care": (NUMBER, "people under treatment at the end of the quarter"),
                "infusions": (NUMBER, "patient-days of drug administration"),
                "revenue": (NUMBER, "nominal US dollars in the quarter"),
                "margin": (NUMBER, "nominal US dollars in the quarter"),
                "cash": (NUMBER, "nominal US dollars at the end of the quarter"),
                "commercial_level": (
                    NUMBER,
                    "bargained commercial price, 1 as an office is paid in the registry",
                ),
                "advantage_level": (NUMBER, "the same with Medicare Advantage plans"),
                "willingness_to_pay": (NUMBER, "what an owner is worth to commercial plans, dollars per standard patient"),
            },
            ("quarter", "org"),
        ),
        TableForm(
            "sites",
            "one site of care in one quarter",
            {
                "quarter": _QUARTER,
                "site": (TEXT, "identity of the site"),
                "org": (TEXT, "organisation that operates it"),
                "kind": (TEXT, "kind of site, such as office or hopd_off_campus"),
                "lat": (NUMBER, "latitude, degrees north"),
                "lon": (NUMBER, "longitude, degrees east"),
                "open": (FLAG, "open at the end of the quarter"),
                "chairs": (NUMBER, "infusion chairs"),
                "oncologists": (NUMBER, "medical oncologists"),
                "patients": (NUMBER, "people starting systemic treatment in the quarter"),
                "patients_in_care": (NUMBER, "people under treatment at the end of the quarter"),
                "infusions": (NUMBER, "patient-days of drug administration"),
                "wait_days": (NUMBER, "days from referral to first treatment"),
                "eligible_340b": (FLAG, "its drugs can be bought at 340B prices"),
            },
            ("quarter", "site"),
        ),
        TableForm(
            "ties",
            "one tie between two organisations in one quarter",
            {
                "quarter": _QUARTER,
                "tie": (TEXT, "identity of the tie"),
                "a": (TEXT, "one organisation"),
                "b": (TEXT, "the other"),
                "form": (TEXT, "form of the partnership, such as joint_venture"),
                "stage": (TEXT, "stage of its life, such as due_diligence or active"),
                "trust_ab": (NUMBER, "trust of a in b, 0-1"),
                "trust_ba": (NUMBER, "trust of b in a, 0-1"),
                "owner_share": (NUMBER, "what a owns of b (of the joint entity in a joint venture), 0-1"),
                "control_share": (NUMBER, "what a controls of b (or of the joint entity), 0-1"),
                "age_quarters": (NUMBER, "quarters since it was signed"),
                "worth": (
                    NUMBER,
                    "what it was last found worth, dollars a year and patient of the smaller side, both sides",
                ),
                "staff_support": (NUMBER, "support of the staff of both sides, 0-1"),
            },
            ("quarter", "tie"),
        ),
        TableForm(
            "events",
            "one thing that happened; within a quarter in the order it happened",
            {
                "quarter": _QUARTER,
                "event": (TEXT, "what kind of thing, such as acquisition"),
                "actor": (TEXT, "organisation that did it"),
                "other": (TEXT, "other organisation, or empty"),
                "site": (TEXT, "site, or empty"),
                "amount": (
                    NUMBER,
                    "nominal US dollars or another amount that the text names; missing if none",
                ),
                "text": (TEXT, "a sentence that people can read"),
            },
            ("quarter",),
        ),
        TableForm(
            "zones",
            "one zone where patients live; the same in every replicate",
            {
                "zone": (TEXT, "identity of the zone, for example a county FIPS code"),
                "name": (TEXT, "its name"),
                "lat": (NUMBER, "latitude of where people live"),
                "lon": (NUMBER, "longitude of where people live"),
                "market": (TEXT, "market it belongs to for concentration"),
                "population": (NUMBER, "people"),
                "population_65plus": (NUMBER, "people aged 65 and over"),
                "land_sqmi": (NUMBER, "land area, square miles"),
                "rural": (FLAG, "outside a metropolitan area"),
                "deprivation": (NUMBER, "0 least to 1 most deprived"),
                "cases_per_year": (NUMBER, "new cancer cases a year"),
            },
            ("zone",),
            per_replicate=False,
        ),
        TableForm(
            "zone_years",
            "care of the people of one zone in one calendar year (in those quarters of it that were run)",
            {
                "year": (TEXT, "calendar year, such as 2026"),
                "zone": (TEXT, "zone where they live"),
                "patients": (NUMBER, "people starting systemic treatment in the year"),
                "untreated": (NUMBER, "people going untreated"),
                "untreated_share": (NUMBER, "people going untreated, of them and those starting treatment"),
                "minutes": (NUMBER, "one-way minutes from zone to site, mean over people starting treatment"),
                "patient_cost": (
                    NUMBER,
                    "nominal US dollars owed by patients, per person starting treatment: what patients of a site owe in a "
                    "quarter is shared among those who start there in it",
                ),
                "spending": (NUMBER, "the same for payments by payers and patients together"),
                "wait_days": (NUMBER, "days from referral to first treatment, mean over people starting treatment"),
            },
            ("year", "zone"),
        ),
        TableForm(
            "payments",
            "payments of one payer at one kind of site, with or without 340B prices, in one calendar year",
            {
                "year": (TEXT, "calendar year, such as 2026"),
                "payer": (TEXT, "payer code"),
                "kind": (TEXT, "kind of site at the end of the quarter, such as office or hopd_off_campus"),
                "eligible_340b": (FLAG, "sites whose drugs can be bought at 340B prices"),
                "patients": (NUMBER, "people starting systemic treatment in the year"),
                "infusions": (NUMBER, "patient-days of drug administration"),
                "standard_dollars": (
                    NUMBER,
                    "what was done at fixed prices: drugs at average sales price and 133 dollars an infusion day",
                ),
                "paid": (
                    NUMBER,
                    "nominal US dollars from payers and patients, to sites and to pharmacies that ship to them",
                ),
                "patient": (NUMBER, "the part of it that patients owed"),
            },
            ("year", "payer", "kind", "eligible_340b"),
        ),
        TableForm(
            "hospitals_340b",
            "one hospital in 340B in one calendar year, with its departments for oncology",
            {
                "year": (TEXT, "calendar year, such as 2026"),
                "hospital": (TEXT, "identity of the hospital"),
                "name": (TEXT, "its name"),
                "org": (TEXT, "organisation that owns it at the end of the year"),
                "route": (TEXT, "route by which it takes part at the end of the year; empty if it has left"),
                "dsh_pct": (NUMBER, "disproportionate-share adjustment as a share"),
                "departments": (NUMBER, "departments for oncology that buy at 340B prices at the end of the year"),
                "drug_dollars": (NUMBER, "nominal US dollars they spent on drugs at 340B prices"),
                "margin": (NUMBER, "nominal US dollars that 340B added to their drug margin"),
                "margin_per_drug_dollar": (NUMBER, "the margin over what they spent at 340B prices; missing where nothing"),
            },
            ("year", "hospital"),
        ),
        TableForm(
            "flows",
            "patients of one zone, payer and need at one site in one quarter (only with `--record flows`)",
            {
                "quarter": _QUARTER,
                "zone": (TEXT, "zone where they live"),
                "payer": (TEXT, "payer code"),
                "need": (TEXT, "standard, advanced or tertiary"),
                "site": (TEXT, "site that treats them; empty for people who go untreated"),
                "patients": (
                    NUMBER,
                    "people starting treatment in the quarter (untreated people where site is empty)",
                ),
                "waiting": (NUMBER, "people still waiting at the end of the quarter"),
                "minutes": (NUMBER, "one-way minutes from zone to site, per patient"),
            },
            ("quarter", "zone", "payer", "need", "site"),
        ),
    )
}

# What can be recorded beyond the tables that every run has.
RECORDABLE = ("flows",)
FORMATS = ("parquet", "csv")
STANDARD = tuple(name for name in FORMS if name not in RECORDABLE)
