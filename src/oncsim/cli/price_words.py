"""What ``oncsim price`` calls services, payers, settings and hospitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.codes import SETTINGS

if TYPE_CHECKING:
    from oncsim.prices.case import Case

# What one unit of a service is.
UNITS = {
    "infusion": "one infusion day, the drug and its administration (CPT 96413)",
    "drug": "the drug of one infusion day",
    "administration": "the administration of one infusion day (CPT 96413)",
    "visit": "one visit of an established patient",
    "imaging": "one imaging exam",
    "radiation": "one radiation fraction",
    "care_management": "one patient-month of care management",
}
PAYER_WORDS = {
    "medicare_ffs": "Medicare fee-for-service",
    "medicare_advantage": "Medicare Advantage",
    "commercial": "commercial plan",
    "medicaid": "Medicaid",
    "uninsured": "uninsured patient",
}
SETTING_WORDS = {
    "office": "office",
    "on_campus": "on campus",
    "excepted": "off campus, excepted",
    "non_excepted": "off campus, non-excepted",
    "freestanding": "infusion center",
    "home": "home",
}
HOSPITAL_WORDS = {
    "general": "general hospital",
    "rural_referral": "rural referral center",
    "sole_community_rural": "rural sole community hospital",
    "sole_community_urban": "urban sole community hospital",
    "critical_access": "critical access hospital",
    "cancer": "cancer hospital",
    "childrens": "children's hospital",
}


def settings_of(service: str) -> tuple[str, ...]:
    """Return the settings in which a service can be had: at home infusions alone."""
    return SETTINGS if service in ("infusion", "drug", "administration") else tuple(s for s in SETTINGS if s != "home")


def dollars(amount: float) -> str:
    """Return an amount to the cent; never minus nothing."""
    return f"{round(amount, 2) + 0.0:,.2f}"


def title(case: Case, place: bool = True) -> str:
    """Return what is priced and for whom, in words; ``place`` says where, too."""
    words = [f"Dollars for {UNITS[case.service]}", PAYER_WORDS[case.payer]]
    if place and case.service != "care_management":
        words.append(SETTING_WORDS[case.setting])
    if (case.hospital or not place) and case.service != "care_management":
        words.append(HOSPITAL_WORDS[case.hospital_class] + (" in 340B" if place and case.drugs_340b else ""))
    words += [case.state] if case.state else []
    words += ["rural place"] if case.rural else []
    words += [f"{case.need} need"] if case.has_drug and case.need != "standard" else []
    words += ["biosimilar"] if case.biosimilar else []
    words += ["negotiated price"] if case.negotiated else []
    return "; ".join(words)
