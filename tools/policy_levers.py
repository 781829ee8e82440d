"""Levers of policy and the parameters behind them: the table of docs/policies.md, in its order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lever:
    """One lever.

    Attributes
    ----------
    name, title : str
        Short name, and a heading.
    says : str
        What it decides, in a sentence.
    parameters : tuple of str
        Names, or beginnings of names that end in a dot.
    alternative : bool
        Whether an alternative to the law is in debate that can be written as law here.
    """

    name: str
    title: str
    says: str
    parameters: tuple[str, ...]
    alternative: bool = True


LEVERS = (
    Lever(
        "asp_addon",
        "Drug add-on and sequester",
        "What Medicare pays above a drug's average sales price, and what the sequester takes of Medicare's part.",
        (
            "payment.medicare.drug_addon",
            "payment.medicare.drug_addon_limit.",
            "payment.medicare.sequester",
            "payment.medicare.sequester_on_drugs",
            "policy.reference_price.",
            "policy.commercial.",
        ),
    ),
    Lever(
        "biosimilar_addon",
        "Biosimilar add-on",
        "The add-on of a biosimilar, a share of the price of its reference product.",
        ("payment.medicare.biosimilar_addon",),
        alternative=False,
    ),
    Lever(
        "mfp_switch",
        "Negotiated prices",
        "How much of infused cancer drugs has a negotiated price, how low it is, and what becomes of the add-on.",
        ("policy.negotiated_price.",),
    ),
    Lever(
        "section603_cutoff",
        "Section 603 and its exceptions",
        "Which off-campus departments are excepted, how far the campus reaches, and what the others are paid.",
        (
            "policy.site_neutral.new_sites_excepted",
            "policy.provider_based.",
            "policy.site_neutral.imaging_with_contrast",
            "policy.site_neutral.imaging_without_contrast",
            "policy.site_neutral.radiation",
            "policy.site_neutral.other",
        ),
    ),
    Lever(
        "clinic_visit_neutral",
        "Site-neutral clinic visits",
        "What share of the hospital rate a visit is paid, by department; or how far it goes to the office's payment.",
        ("policy.site_neutral.clinic_visit", "policy.office_equal.visit"),
    ),
    Lever(
        "drug_admin_neutral",
        "Site-neutral drug administration",
        "The same for infusions, and for the other services of a package.",
        ("policy.site_neutral.drug_administration", "policy.office_equal.", "payment.medicare.administration_office"),
    ),
    Lever(
        "commercial_spillover",
        "Commercial site neutrality",
        "Which share of commercial contracts follows Medicare, and which facility fees states bar.",
        ("policy.site_neutral.commercial_spillover", "policy.site_neutral.commercial_drugs", "policy.facility_fee_ban"),
    ),
    Lever(
        "340b_payment_rate",
        "Medicare's rate for 340B drugs",
        "What Medicare pays for drugs bought at 340B prices, and how the money moves to or from other rates.",
        (
            "policy.p340b.medicare_rate",
            "policy.p340b.opps_adjustment",
            "policy.p340b.remedy_paid",
            "policy.p340b.shared_savings",
        ),
    ),
    Lever(
        "340b_eligibility",
        "Who is in 340B",
        "Routes, thresholds, moratoria, child sites, orphan drugs, group purchasing, and what must be passed on.",
        (
            "policy.p340b.route_open",
            "policy.p340b.dsh_threshold",
            "policy.p340b.urban_dsh_rank",
            "policy.p340b.new_hospitals",
            "policy.p340b.new_child_sites",
            "policy.p340b.child_sites_existing",
            "policy.p340b.child_site_deprivation",
            "policy.p340b.registration_lag",
            "policy.p340b.orphan_exclusion",
            "policy.p340b.orphan_scope",
            "policy.p340b.gpo_prohibition",
            "policy.p340b.pass_through",
        ),
    ),
    Lever(
        "340b_discount",
        "The 340B discount",
        "How far below the average sales price hospitals buy, and whether at once or by a rebate.",
        ("policy.p340b.discount", "policy.p340b.rebate", "policy.p340b.rebate_days", "policy.p340b.rebate_denied"),
    ),
    Lever(
        "apm_meos",
        "Fee of the Medicare oncology model",
        "When a model runs, who may enter, and the monthly fee it pays.",
        (
            "policy.value_based.fee",
            "policy.value_based.fee_dual_extra",
            "policy.value_based.fee_in_cost",
            "policy.value_based.running",
            "policy.value_based.entry_open",
            "policy.value_based.entry_lag",
            "policy.value_based.entry_pace",
            "policy.value_based.eligible_share",
        ),
    ),
    Lever(
        "apm_risk",
        "Risk in the Medicare oncology model",
        "Arms, discounts, caps, thresholds, mandatory markets, the bonus of advanced payment models, aligned payers.",
        (
            "policy.value_based.offered",
            "policy.value_based.discount",
            "policy.value_based.gain_cap",
            "policy.value_based.gain_share",
            "policy.value_based.loss_cap",
            "policy.value_based.loss_threshold",
            "policy.value_based.cap_base",
            "policy.value_based.one_sided_periods",
            "policy.value_based.mandatory",
            "policy.value_based.mandatory_episodes",
            "policy.value_based.apm_bonus",
            "policy.value_based.aligned_share",
            "policy.value_based.commercial.",
        ),
    ),
    Lever(
        "apm_effect",
        "What models save",
        "Savings by arm and analytics: behaviour, not law. Scenarios change it under `behaviour:`.",
        ("value_based.saving.", "value_based.part.", "value_based.commercial.saving"),
        alternative=False,
    ),
    Lever(
        "payer_site_policy",
        "Payers' site-of-service rules",
        "Rules, exclusions and cost-sharing that move infusions out of hospitals; infusions at home.",
        ("policy.payer.", "policy.home_infusion.", "payer.site_rule."),
    ),
    Lever(
        "white_bagging",
        "White bagging",
        "Which share of commercial drugs payers' pharmacies ship, and where that is banned.",
        ("policy.white_bagging.", "payer.white_bagging."),
    ),
    Lever(
        "ma_share",
        "Share of Medicare Advantage",
        "How many beneficiaries are in plans: an assumption about demand, under `economy:`.",
        ("demand.ma_national", "demand.ma_growth", "demand.ma_ceiling"),
        alternative=False,
    ),
    Lever(
        "ma_management",
        "Management by Medicare Advantage",
        "Step therapy, gold cards, site-neutral contracts.",
        ("policy.medicare_advantage.", "payment.medicare_advantage.drug_intensity"),
    ),
    Lever(
        "merger_screen",
        "Review of deals",
        "Screens of the merger guidelines, filing thresholds, state notice and refusal, limits to what may be paid.",
        ("policy.antitrust.", "policy.acquisitions.", "health_system.acquisition.price_cap"),
    ),
    Lever(
        "noncompete",
        "Non-competes",
        "How far non-competes of employed oncologists hold, by state.",
        ("policy.noncompete.",),
    ),
    Lever(
        "access_payment",
        "Coverage, telehealth, navigation",
        "Who has Medicaid, what telehealth visits and navigation are paid, whether tests are part of a hospital stay. "
        "Beyond the levers of payment policy proper.",
        ("policy.coverage.", "policy.telehealth.", "policy.navigation.", "policy.laboratory."),
    ),
)


def of_lever(lever: Lever, name: str) -> bool:
    """Say whether a parameter belongs to a lever."""
    return any(name == one or (one.endswith(".") and name.startswith(one)) for one in lever.parameters)
