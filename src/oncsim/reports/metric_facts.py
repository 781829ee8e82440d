"""What a reader needs to know of a metric: how to call it in a sentence, its unit and its definition.

The definitions of the model (:data:`oncsim.metrics.METRICS`) come first; the short facts here name the
metrics of the interface in words that fit a sentence, and serve alone when a run folder is read without
the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

THEMES: dict[str, str] = {
    "consolidation": "Consolidation",
    "access": "Access",
    "price": "Prices",
    "spending": "Spending",
    "finance": "Finances of organisations",
    "incentive": "Incentives",
    "partnership": "Partnerships",
    "value_based": "Value-based payment",
    "quality": "Quality",
    "activity": "Volumes",
}


@dataclass(frozen=True)
class MetricFact:
    """One metric as a reader meets it.

    Parameters
    ----------
    name : str
        Dotted name as in ``metrics.parquet``.
    noun : str
        Noun phrase for the middle of a sentence, for example ``the hospital share of infusions``.
    unit : str
        One of the units of :func:`oncsim.reports.words.amount`, or free text.
    definition : str
        One or two sentences.
    counts : bool
        Whether it counts what happened in a quarter, so that years add up rather than average.
    """

    name: str
    noun: str
    unit: str
    definition: str = ""
    counts: bool = False

    @property
    def theme(self) -> str:
        """First part of the name."""
        return self.name.split(".", 1)[0]

    @property
    def title(self) -> str:
        """The noun phrase as a heading: no article, capital first letter."""
        words = self.noun.removeprefix("the ")
        return words[:1].upper() + words[1:]


def _fact(name: str, noun: str, unit: str, definition: str, counts: bool = False) -> tuple[str, MetricFact]:
    return name, MetricFact(name, noun, unit, definition, counts)


_KNOWN: dict[str, MetricFact] = dict(
    (
        _fact(
            "consolidation.hhi",
            "market concentration (HHI)",
            "HHI",
            "Herfindahl-Hirschman index: squares of the owners' shares of treated patients at sites "
            "located in a "
            "market, added up, times 10,000; the mean over markets weighted by patients. 10,000 is one "
            "owner.",
        ),
        _fact(
            "consolidation.hhi_median",
            "concentration of the median market (HHI)",
            "HHI",
            "Plain median over markets of the index that consolidation.hhi averages.",
        ),
        _fact(
            "consolidation.hhi_flow_site",
            "concentration where the patients of a site live (flow HHI)",
            "HHI",
            "For each site, the flow HHI of the zones its patients come from; plain mean over sites.",
        ),
        _fact(
            "consolidation.hhi_flow",
            "concentration where patients live (flow HHI)",
            "HHI",
            "For each zone, the HHI of the owners who treat the people living there; the mean over zones "
            "weighted "
            "by population.",
        ),
        _fact(
            "consolidation.hhi_flow_predicted",
            "concentration where patients live, as travel alone would have it (flow HHI)",
            "HHI",
            "The flow HHI if every patient went by travel time alone: quality and steering do not count.",
        ),
        _fact(
            "consolidation.mhhi",
            "concentration with partial ownership (modified HHI)",
            "HHI",
            "HHI that also counts partners: rivals who share profits or control compete less.",
        ),
        _fact(
            "consolidation.cr4",
            "the share of the four largest owners",
            "share",
            "Share of treated patients with the four largest owners.",
        ),
        _fact(
            "consolidation.wtp",
            "willingness to pay for a system",
            "dollars per standard patient",
            "What a plan's members would miss without a system, in dollars for each of its patients: a measure of "
            "bargaining position.",
        ),
        _fact(
            "consolidation.practices_independent",
            "the number of independent practices",
            "practices",
            "Practices in business that no one else controls; members of a services-only network count.",
        ),
        _fact(
            "consolidation.share_oncologists_independent",
            "the share of oncologists in independent practices",
            "share",
            "Medical oncologists who work in practices that no one else controls, of all.",
        ),
        _fact(
            "consolidation.hopd_share_infusions",
            "the hospital share of infusions",
            "share",
            "Infusions at hospital outpatient departments and academic sites, of those plus infusions in offices.",
        ),
        _fact(
            "consolidation.share_340b_infusions",
            "the 340B share of infusions",
            "share",
            "Infusions at sites that may buy drugs at the 340B discount, of all infusions.",
        ),
        _fact(
            "consolidation.freestanding_share_infusions",
            "the share of infusions outside hospitals and offices",
            "share",
            "Infusions at freestanding infusion centers and at home, of all infusions.",
        ),
        _fact("consolidation.hospitals_340b", "the number of hospitals in 340B", "hospitals", "Taking part now."),
        _fact(
            "consolidation.child_sites_340b", "the number of 340B child sites", "sites", "Off campus, buying at 340B prices."
        ),
        _fact("consolidation.acquisitions", "acquisitions", "", "Purchases completed.", True),
        _fact("consolidation.closures", "closures", "", "Closures completed.", True),
        _fact("consolidation.divestitures", "divestitures", "", "Sales or releases completed.", True),
        _fact("consolidation.network_joins", "network joins", "", "Practices that joined a network.", True),
        _fact(
            "consolidation.flagged_mergers",
            "mergers above the antitrust screen",
            "",
            "Completed deals that exceed the concentration screen in force.",
            True,
        ),
        _fact(
            "access.minutes_mean",
            "the mean travel time to care",
            "minutes",
            "Minutes one way from home zone to site, mean over treated patients.",
        ),
        _fact("access.minutes_median", "the median travel time", "minutes", "Median over treated patients."),
        _fact(
            "access.minutes_p90",
            "the travel time that one patient in ten exceeds",
            "minutes",
            "90th percentile over treated patients.",
        ),
        _fact(
            "access.share_within_30",
            "the share of patients within 30 minutes of care",
            "share",
            "Treated patients who travel at most 30 minutes one way.",
        ),
        _fact(
            "access.share_within_60",
            "the share of patients within 60 minutes of care",
            "share",
            "Treated patients who travel at most 60 minutes one way.",
        ),
        _fact(
            "access.people_within_30",
            "the share of people who live within 30 minutes of an oncologist",
            "share",
            "People whose nearest open site with an oncologist is at most 30 minutes away.",
        ),
        _fact(
            "access.people_within_60",
            "the share of people who live within 60 minutes of an oncologist",
            "share",
            "People whose nearest open site with an oncologist is at most 60 minutes away.",
        ),
        _fact(
            "access.e2sfca_mean",
            "oncologists within reach",
            "oncologists per 100,000 people",
            "Two-step floating catchment: oncologists over people, weights 1, 0.68 and 0.22 at 30, 60 and 90 "
            "minutes, population-weighted.",
        ),
        _fact(
            "access.e2sfca_gini",
            "inequality of oncologists within reach (Gini)",
            "Gini",
            "0 when everyone has the same reach, 1 when one zone has all.",
        ),
        _fact("access.wait_days_mean", "the mean wait", "days", "Days from referral to start of treatment."),
        _fact("access.delay_days", "the mean delay", "days", "Wait, and authorisation where out of network."),
        _fact(
            "access.untreated_share",
            "the share of patients not treated",
            "share",
            "New patients who start no systemic treatment anywhere, of all new patients.",
        ),
        _fact(
            "access.share_zones_without_oncologist",
            "the share of zones without an oncologist",
            "share",
            "Zones with no open site that has a medical oncologist, of all zones.",
        ),
        _fact(
            "access.share_people_without_oncologist",
            "the share of people in zones without an oncologist",
            "share",
            "People living in such zones, of all people.",
        ),
        _fact(
            "price.commercial_index",
            "the commercial price index (nominal)",
            "index",
            "Commercial price of a fixed basket of oncology services 100 at the start.",
        ),
        _fact(
            "price.commercial_to_medicare",
            "the ratio of commercial to Medicare prices",
            "times",
            "What commercial payers pay for a basket of services over what Medicare pays for the same basket.",
        ),
        _fact(
            "price.hospital_to_office",
            "the ratio of hospital to office prices",
            "times",
            "Mean price of an infusion at hospital departments over that at offices.",
        ),
        _fact(
            "price.level",
            "the ratio of bargained prices to the standard contract",
            "times",
            "What plans agree to pay over what an office is usually paid; what a hospital setting adds is left out.",
        ),
        _fact(
            "price.after_acquisition",
            "the rise of commercial prices at sites that hospitals bought",
            "share",
            "Price of an infusion over what the same site would be paid today as the office it was, less one.",
        ),
        _fact(
            "spending.total_per_patient",
            "spending per treated patient (nominal)",
            "dollars",
            "Payments of payers and patients together over treated patients, nominal US dollars.",
        ),
        _fact(
            "spending.payer_total",
            "payments by payers",
            "dollars per quarter",
            "Paid by payers, nominal dollars.",
        ),
        _fact(
            "spending.patient_total",
            "payments by patients",
            "dollars per quarter",
            "Owed by patients, nominal dollars.",
        ),
        _fact(
            "spending.patient_cost_share",
            "the share that patients pay",
            "share",
            "Payments by patients, of all payments.",
        ),
        _fact("spending.margin_340b", "the 340B margin", "dollars per quarter", "Payment above 340B drug cost."),
        _fact(
            "spending.margin_340b_per_drug_dollar",
            "the 340B margin for each drug dollar",
            "dollars per dollar",
            "340B margin over what is spent on drugs at 340B prices.",
        ),
        _fact("spending.purchases_340b", "purchases at 340B prices", "dollars per quarter", "Drugs bought at 340B prices."),
        *(
            _fact(
                f"incentive.acquisition_{part}",
                f"the yearly gain per oncologist from acquiring a practice{tail}",
                "dollars per oncologist-year",
                f"What a hospital would gain in a year from running independent practices as departments{tail}.",
            )
            for part, tail in (
                ("gain", ""),
                ("rates", " through administered rates"),
                ("340b", " through 340B"),
                ("commercial", " through commercial prices"),
                ("downstream", " through care that follows the patient"),
                ("costs", " through running costs"),
            )
        ),
        _fact("finance.margin_practice", "the margin of practices", "share", "Margin over revenue, practices."),
        _fact("finance.margin_system", "the margin of health systems", "share", "Margin over revenue, oncology."),
        _fact("finance.margin_amc", "the margin of academic centers", "share", "Margin over revenue, oncology."),
        _fact("partnership.active", "active partnerships", "ties", "Ties between organisations in force."),
        _fact("partnership.formed", "partnerships formed", "ties", "Ties that started.", True),
        _fact("partnership.dissolved", "partnerships dissolved", "ties", "Ties that ended.", True),
        _fact("partnership.age_median", "the median age of partnerships", "quarters", "Median over active ties."),
        _fact("partnership.trust_mean", "mean trust between partners", "0-1", "Both directions, active ties."),
        _fact("partnership.deepened", "partnerships deepened", "ties", "Ties that went on to a tighter form.", True),
        _fact(
            "partnership.scaled_back",
            "partnerships scaled back",
            "ties",
            "Ties made smaller as they lost their worth.",
            True,
        ),
        _fact("partnership.staff_support", "support of the staff for partnerships", "0-1", "Both sides, active ties."),
        _fact(
            "partnership.continuum", "services found with the provider or its partners", "share", "Of those patients need."
        ),
        _fact("value_based.participants", "organisations in value-based models", "organisations", "Taking part now."),
        _fact("value_based.two_sided", "participants at two-sided risk", "organisations", "Also share losses."),
        _fact("value_based.savings_per_episode", "savings per episode", "dollars", "Against what episodes would have cost."),
        _fact(
            "value_based.net_medicare",
            "the net saving of Medicare from care models",
            "dollars per quarter",
            "Savings less fees, performance payments and bonuses; negative where the models cost more than they save.",
        ),
        _fact("quality.adverse_events", "adverse events", "", "Adverse events of systemic treatment."),
        _fact("quality.readmissions", "readmissions", "", "Unplanned returns to hospital."),
        _fact("quality.trial_enrolment", "enrolment in trials", "", "Patients who enter a clinical trial."),
        _fact("activity.patients_new", "new patients", "patients", "People who come to need treatment.", True),
        _fact("activity.patients_started", "patients starting treatment", "patients", "People who start.", True),
        _fact("activity.patients_untreated", "patients not treated", "patients", "People who go without.", True),
        _fact("activity.patients_waiting", "patients waiting", "patients", "Still waiting at the end of a quarter."),
        _fact("activity.patients_in_care", "patients in care", "patients", "Under treatment at the end of a quarter."),
        _fact("activity.infusions_total", "infusions", "infusions", "Patient-days of drug administration.", True),
        _fact("activity.oncologists_total", "oncologists", "oncologists", "Full-time equivalents at open sites."),
        _fact("activity.oncologists_seeking", "oncologists without a post", "oncologists", "At the end of a quarter."),
    )
)


@lru_cache(maxsize=1)
def _model_metrics() -> dict[str, Any]:
    # A run folder must be readable where the model's metrics cannot be imported (an older or partial
    # install).
    try:
        from oncsim.metrics import METRICS
    except ImportError:
        return {}
    return dict(METRICS)


def fact(name: str) -> MetricFact:
    """Return what is known of a metric; an unknown name gives a fact made from the name itself."""
    known, model = _KNOWN.get(name), _model_metrics().get(name)
    noun = known.noun if known else str(getattr(model, "title", "") or name.split(".", 1)[-1].replace("_", " "))
    if known is None and noun[:2] != noun[:2].upper():
        noun = noun[:1].lower() + noun[1:]
    definition = str(getattr(model, "definition", "") or (known.definition if known else ""))
    unit = (known.unit if known else "") or str(getattr(model, "unit", "") or "")
    return MetricFact(name, noun, unit, definition, known.counts if known else False)


_GROUP_WORDS = {
    "rural=true": "rural zones",
    "rural=false": "metropolitan zones",
    "payer=medicare_ffs": "traditional Medicare",
    "payer=medicare_advantage": "Medicare Advantage",
    "payer=commercial": "commercial insurance",
    "payer=medicaid": "Medicaid",
    "payer=uninsured": "uninsured",
    "market_type=hrr": "referral regions",
    "market_type=cbsa": "metropolitan areas",
    "market_type=state": "states",
    "deprivation_quartile=1": "least deprived quarter",
    "deprivation_quartile=2": "second quarter of deprivation",
    "deprivation_quartile=3": "third quarter of deprivation",
    "deprivation_quartile=4": "most deprived quarter",
    "component=rate_table": "through hospital rates",
    "component=bargained": "through bargaining",
    "component=total": "in all",
    "years=0": "within a year of the deal",
    "years=1": "in the second year after the deal",
    "years=2": "in the third year after the deal",
    "years=3": "in the fourth year after the deal",
    "years=4": "in the fifth year after the deal",
}


def group_words(group: str) -> str:
    """Return a group code in words: ``rural=true`` is ``rural zones``; several keys are joined by commas."""
    if not group:
        return ""
    parts = []
    for part in group.split(";"):
        key, _, value = part.partition("=")
        parts.append(_GROUP_WORDS.get(part) or f"{key.replace('_', ' ')} {value.replace('_', ' ')}")
    return ", ".join(parts)


# Words for the codes of the interface, as legends and tables show them.
KIND_WORDS = {
    "practice": "Practices",
    "health_system": "Health systems",
    "academic_center": "Academic centers",
    "payer": "Payers",
    "network": "Networks",
}
SITE_WORDS = {
    "office": "Physician office",
    "hopd_on_campus": "Hospital, on campus",
    "hopd_off_campus": "Hospital, off campus",
    "amc_main": "Academic center, main",
    "amc_satellite": "Academic center, satellite",
    "freestanding_infusion": "Freestanding infusion",
    "home_infusion": "Home infusion",
    "telehealth_spoke": "Telehealth spoke",
}
PAYER_WORDS = {
    "medicare_ffs": "Traditional Medicare",
    "medicare_advantage": "Medicare Advantage",
    "commercial": "Commercial",
    "medicaid": "Medicaid",
    "uninsured": "Uninsured",
}
FORM_WORDS = {
    "referral": "Referral",
    "clinical_affiliation": "Clinical affiliation",
    "inpatient_coverage": "Inpatient coverage",
    "telehealth_hub": "Telehealth hub and spoke",
    "co_management": "Co-managed center",
    "professional_services": "Professional services",
    "employer_bundle": "Employer bundle",
    "joint_venture": "Joint venture",
    "network_membership": "Network membership",
    "acquisition": "Acquisition",
}
