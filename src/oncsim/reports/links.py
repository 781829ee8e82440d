"""The steps of the chain from the law to spending, and which metric can move which, with its sign.

This is how the model is built (docs/model.md), not something found in its results: a metric is named as a cause only
where it acts on the other one within a quarter or two.
"""

from __future__ import annotations

from dataclasses import dataclass

Key = tuple[str, str]
STATIC = "split.price"  # not a metric: what the baseline's volumes cost at the new prices
GAIN = "incentive.acquisition_gain"
PARTS = tuple(f"incentive.acquisition_{part}" for part in ("rates", "340b", "commercial", "downstream", "costs"))


@dataclass(frozen=True)
class Step:
    """One step of the chain: its name, how it is spoken of, and the metrics that show it."""

    name: str
    words: str
    metrics: tuple[Key, ...]


def _whole(*names: str) -> tuple[Key, ...]:
    return tuple((name, "") for name in names)


CHAIN: tuple[Step, ...] = (
    Step("Rates", "rates", _whole(STATIC, "price.commercial_to_medicare", "price.commercial_index")),
    Step(
        "Margins",
        "margins",
        _whole(
            "spending.margin_340b",
            "spending.margin_340b_per_drug_dollar",
            "finance.margin_practice",
            "finance.margin_system",
            "finance.margin_amc",
        ),
    ),
    Step("Gain from acquiring a practice", "what a practice is worth to a buyer", _whole(GAIN, *PARTS)),
    Step(
        "Deals and closures",
        "deals and closures",
        _whole(*(f"consolidation.{name}" for name in ("acquisitions", "closures", "divestitures", "network_joins"))),
    ),
    Step(
        "Value-based payment",
        "value-based payment",
        _whole("value_based.participants", "value_based.two_sided", "value_based.net_medicare"),
    ),
    Step(
        "Who owns care",
        "who owns care",
        _whole("consolidation.share_oncologists_independent", "consolidation.practices_independent", "consolidation.hhi"),
    ),
    Step(
        "Where patients are treated",
        "where patients are treated",
        _whole("consolidation.hopd_share_infusions", "consolidation.share_340b_infusions"),
    ),
    Step(
        "Travel, waits, untreated",
        "access",
        (
            ("access.minutes_mean", ""),
            ("access.minutes_mean", "rural=true"),
            ("access.wait_days_mean", ""),
            ("access.untreated_share", ""),
        ),
    ),
    Step(
        "Spending",
        "spending",
        _whole(
            "spending.payer_total", "spending.patient_total", "spending.total_per_patient", "spending.patient_cost_share"
        ),
    ),
)

_INDEX, _HOSPITAL = "price.commercial_index", "consolidation.hopd_share_infusions"
_BOUGHT, _CLOSED = "consolidation.acquisitions", "consolidation.closures"
_ALONE, _PRACTICES = "consolidation.share_oncologists_independent", "consolidation.practices_independent"
_CARE_340B, _MARGIN = "consolidation.share_340b_infusions", "finance.margin_practice"
# Effect -> causes in the order in which they are tried: +1 moves it the same way, -1 the other way.
_CAUSES: dict[str, tuple[tuple[str, int], ...]] = {
    STATIC: ((_INDEX, +1),),
    "price.commercial_to_medicare": ((_INDEX, +1),),
    _INDEX: (("consolidation.hhi", +1), (_ALONE, -1)),
    "spending.margin_340b": (("spending.margin_340b_per_drug_dollar", +1), (_CARE_340B, +1), (_INDEX, +1)),
    _MARGIN: ((STATIC, +1), (_INDEX, +1)),
    "finance.margin_system": (("spending.margin_340b", +1), (STATIC, +1), (_INDEX, +1)),
    "finance.margin_amc": (("spending.margin_340b", +1), (STATIC, +1), (_INDEX, +1)),
    GAIN: tuple((part, +1) for part in PARTS),
    "incentive.acquisition_340b": (("spending.margin_340b_per_drug_dollar", +1),),
    "incentive.acquisition_commercial": ((_INDEX, +1),),
    _BOUGHT: ((GAIN, +1), (_MARGIN, -1)),
    _CLOSED: ((_MARGIN, -1),),
    "consolidation.divestitures": (("finance.margin_system", -1),),
    "consolidation.network_joins": ((_MARGIN, -1),),
    _ALONE: ((_BOUGHT, -1), (_CLOSED, -1)),
    _PRACTICES: ((_BOUGHT, -1), (_CLOSED, -1)),
    "consolidation.hhi": ((_BOUGHT, +1), (_CLOSED, +1)),
    _HOSPITAL: ((_BOUGHT, +1), (_CLOSED, +1), (_ALONE, -1), (_PRACTICES, -1)),
    _CARE_340B: ((_HOSPITAL, +1),),
    "access.minutes_mean": ((_CLOSED, +1), (_PRACTICES, -1), (_HOSPITAL, +1)),
    "access.wait_days_mean": ((_CLOSED, +1), (_PRACTICES, -1)),
    "access.untreated_share": (("access.minutes_mean", +1), ("access.wait_days_mean", +1)),
    "spending.payer_total": ((STATIC, +1), (_INDEX, +1), (_HOSPITAL, +1)),
    "spending.patient_total": ((STATIC, +1), (_INDEX, +1), (_HOSPITAL, +1)),
    "spending.total_per_patient": ((STATIC, +1), (_INDEX, +1), (_HOSPITAL, +1)),
}

# Of the rules of payers these change what is paid for a treatment; the others change where it is given.
_PAYER_PRICES = ("policy.payer.hospital_coinsurance", "policy.payer.reference_pricing")
_PAYMENT = (
    *("payment.", "policy.site_neutral", "policy.office_equal", "policy.p340b", "policy.negotiated_price"),
    *("policy.reference_price", "policy.facility_fee_ban", "policy.commercial", "policy.medicare_advantage"),
    *("policy.white_bagging", "policy.provider_based", "policy.navigation", "policy.telehealth", *_PAYER_PRICES),
)
_COMMERCIAL = (
    *("policy.commercial", "policy.reference_price", "policy.facility_fee_ban", "policy.white_bagging"),
    *(*_PAYER_PRICES, "policy.negotiated_price.commercial"),
)
_DEALS = ("policy.antitrust", "policy.acquisitions", "policy.provider_based", "policy.noncompete")
_STEERING = (
    "policy.payer",
    "policy.home_infusion",
    "policy.reference_price",
    "policy.medicare_advantage",
    "policy.coverage",
)
_MARGINS = (*_PAYMENT, "policy.payer", "policy.coverage", "policy.value_based")
# Metric -> beginnings of the names of parameters that act on it without a step between.
_LAW: dict[str, tuple[str, ...]] = {
    STATIC: (*_PAYMENT, "policy.value_based"),
    "price.commercial_to_medicare": _PAYMENT,
    _INDEX: _COMMERCIAL,
    "spending.margin_340b": ("policy.p340b", "policy.negotiated_price", "policy.white_bagging", "policy.coverage"),
    "spending.margin_340b_per_drug_dollar": (
        *("policy.p340b", "policy.negotiated_price", "policy.white_bagging", "policy.coverage"),
    ),
    _MARGIN: _MARGINS,
    "finance.margin_system": _MARGINS,
    "finance.margin_amc": _MARGINS,
    **{
        part: (*_PAYMENT, "policy.payer", "policy.coverage")
        for part in PARTS
        if part.endswith(("rates", "340b", "commercial"))
    },
    _BOUGHT: _DEALS,
    "consolidation.network_joins": ("policy.value_based",),
    "value_based.participants": ("policy.value_based",),
    "value_based.two_sided": ("policy.value_based",),
    "value_based.net_medicare": ("policy.value_based",),
    _HOSPITAL: _STEERING,
    _CARE_340B: ("policy.p340b",),
    "access.minutes_mean": ("policy.telehealth", *_STEERING),
    "access.untreated_share": ("policy.coverage",),
    "spending.payer_total": ("policy.coverage", "policy.value_based"),
    "spending.patient_total": ("policy.coverage",),
    "spending.total_per_patient": ("policy.coverage", "policy.value_based"),
    "spending.patient_cost_share": (*_PAYMENT, "policy.coverage", "policy.value_based"),
}


def causes_of(metric: str) -> tuple[tuple[str, int], ...]:
    """Return the metrics that can move a metric, each with the sign of its effect."""
    return _CAUSES.get(metric, ())


def direct(metric: str, law: list[str]) -> bool:
    """Return whether one of the parameters that differ acts on a metric without a step between."""
    return any(name.startswith(_LAW.get(metric, ("\0",))) for name in law)
