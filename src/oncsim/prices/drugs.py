"""What payers pay for drugs, in average sales prices (ASP), and what share of ASP a provider pays for them.

Medicare allows ASP plus an add-on: a share of ASP, which reform may limit (MedPAC 2023: the least of 6 %, 3 % + $24 and
$220). Biosimilars carry the add-on of their dearer reference product. Negotiated prices replace ASP for selected drugs, and
shrink the add-on with it; reference prices do so for drugs that are clinically comparable. Hospitals that buy at 340B prices
may be paid a special rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import NEEDS, PAYERS, SEGMENTS
from oncsim.prices.management import drug_intensity
from oncsim.prices.places import Floats, PaymentPlaces

if TYPE_CHECKING:
    from oncsim.parameters import Values

FFS, ADVANTAGE, COMMERCIAL, MEDICAID, UNINSURED = range(len(PAYERS))
NEED_OF = np.array([NEEDS.index(need) for _, need in SEGMENTS])
PAYER_OF = np.array([PAYERS.index(payer) for payer, _ in SEGMENTS])
ORDINARY_RATE = 1.06  # at or above it there is no special rate for 340B drugs


@dataclass(frozen=True)
class DrugRates:
    """What drugs are paid.

    Attributes
    ----------
    paid : (sites, segments) float
        Allowed amount in ASPs.
    outside : (segments,) float
        What the payer's own pharmacy gets for drugs it ships to the provider, in ASPs.
    shipped : (sites,) float
        Share of commercial drugs that it ships (white bagging).
    bought : (payers,) float
        What the provider pays for a dollar of drug at ASP, before its own discounts.
    bought_340b : (payers,) float
        The same for drugs bought at 340B prices, before the 340B discount.
    """

    paid: Floats
    outside: Floats
    shipped: Floats
    bought: Floats
    bought_340b: Floats


def asp_by_need(law: Values) -> Floats:
    """Return drug cost at ASP of one infusion day, (needs,) dollars."""
    return np.array([float(law["payment.drug.asp"][need]) for need in NEEDS])


def asp_of_segments(law: Values) -> Floats:
    """Return drug cost at ASP of one infusion day, (segments,) dollars: Medicare Advantage manages drug use."""
    by_need = asp_by_need(law)[NEED_OF]
    return np.where(PAYER_OF == ADVANTAGE, by_need * drug_intensity(law), by_need)


def medicare_addon(law: Values, places: PaymentPlaces, asp: Floats) -> Floats:
    """Return Medicare's add-on in ASPs, (sites, prices): ``min(a, b + dollars / ASP, cap / ASP)``.

    Parameters
    ----------
    asp : (prices,) float
        Dollars of one drug day at ASP.
    """
    share = law.over("payment.medicare.drug_addon", places.codes)
    limit = (
        float(law["payment.medicare.drug_addon_limit.share"]) + float(law["payment.medicare.drug_addon_limit.dollars"]) / asp
    )
    cap = float(law["payment.medicare.drug_addon_limit.cap"]) / asp
    return np.asarray(np.minimum(share[:, None], np.minimum(limit, cap)))


def biosimilar_addon(law: Values) -> float:
    """Return the add-on of a biosimilar in its own ASPs: a share of the ASP of its reference product, which is dearer."""
    return float(law["payment.medicare.biosimilar_addon"]) / (1.0 - float(law["payment.drug.biosimilar_discount"]))


def medicare_drug(law: Values, places: PaymentPlaces) -> Floats:
    """Return what Medicare allows for drugs in ASPs, (sites, needs)."""
    addon = medicare_addon(law, places, asp_by_need(law))
    similar = float(law["payment.drug.biosimilar_share"])
    usual = 1.0 + (1.0 - similar) * addon + similar * biosimilar_addon(law)
    paid = usual
    chosen = float(law["policy.negotiated_price.drug_share"])
    if chosen > 0:
        ratio = float(law["policy.negotiated_price.ratio"])
        kept = bool(law["policy.negotiated_price.addon_kept"])
        paid = paid + chosen * ((ratio + addon if kept else ratio * (1.0 + addon)) - usual)
    referenced = float(law["policy.reference_price.drug_share"])
    if referenced > 0:
        paid = paid + referenced * (float(law["policy.reference_price.ratio"]) * (1.0 + addon) - usual)
    share = special_rate(law, places)
    if not share.any():
        return paid
    # The special rate is a share of the price that Medicare pays by, negotiated where there is one.
    special = law.over("policy.p340b.medicare_rate", places.codes, otherwise=ORDINARY_RATE) * price_pull(law)[0]
    return np.asarray(paid - share[:, None] * np.maximum(paid - special[:, None], 0.0))


def special_rate(law: Values, places: PaymentPlaces) -> Floats:
    """Return the share of drugs that Medicare pays at its special rate for 340B drugs, (sites,)."""
    rate = law.over("policy.p340b.medicare_rate", places.codes, otherwise=ORDINARY_RATE)
    return np.where(rate < ORDINARY_RATE - 1e-9, places.bought_340b, 0.0)


def price_pull(law: Values) -> tuple[float, float, float]:
    """Return (what Medicare, Medicare Advantage and others' drugs cost in ASPs of a world without price law).

    A provider buys selected drugs for Medicare patients at the negotiated price. Prices to others do not move.
    """
    negotiated = float(law["policy.negotiated_price.drug_share"]) * (1.0 - float(law["policy.negotiated_price.ratio"]))
    reference = float(law["policy.reference_price.drug_share"]) * (1.0 - float(law["policy.reference_price.ratio"]))
    return 1.0 - negotiated - reference, 1.0 - negotiated, 1.0


def bought_through_340b(law: Values) -> Floats:
    """Return the dollars that the 340B discount is taken from for a dollar of drug at ASP, (payers,).

    A selected drug costs a hospital in 340B the lower of the negotiated and the 340B price: in the terms of the discount
    ``min(1, ratio / (1 - discount))`` of its price.
    """
    discount = float(law["policy.p340b.discount"])

    def lower(selected: float, ratio: float) -> float:
        return selected * (1.0 - min(1.0, ratio / max(1.0 - discount, 1e-9)))

    negotiated = lower(float(law["policy.negotiated_price.drug_share"]), float(law["policy.negotiated_price.ratio"]))
    reference = lower(float(law["policy.reference_price.drug_share"]), float(law["policy.reference_price.ratio"]))
    bought = 1.0 - float(law["payment.uninsured.free_drug"])
    return np.array([1.0 - negotiated - reference, 1.0 - negotiated, 1.0, 1.0, bought])


def commercial_asp(law: Values) -> float:
    """Return the ASP that commercial contracts pay by, relative to one without negotiated prices.

    Sales at the negotiated price enter ASP with Medicare's weight; contracts tied to ASP follow, their drugs cost the same.
    """
    negotiated = float(law["policy.negotiated_price.drug_share"]) * (1.0 - float(law["policy.negotiated_price.ratio"]))
    weight = float(law["payment.drug.medicare_weight"]) * float(law["policy.negotiated_price.commercial_follows"])
    return 1.0 - negotiated * weight


def drug_rates(law: Values, places: PaymentPlaces, commercial_drug: Floats, shipped: Floats, advantage: Floats) -> DrugRates:
    """Return what every payer allows for drugs.

    Parameters
    ----------
    law : Values
    places : PaymentPlaces
    commercial_drug : (sites,) float
        Bargained multiples of ASP in force.
    shipped : (sites,) float
        Share of commercial drugs that the payer's pharmacy ships (white bagging): neither bought nor billed here.
    advantage : (sites,) float
        What Medicare Advantage plans pay, relative to the usual of such plans.
    """
    medicare = medicare_drug(law, places)
    paid = np.empty((len(places), len(PAYERS), len(NEEDS)))
    paid[:, FFS] = medicare
    plans = medicare
    if special_rate(law, places).any():
        follow = float(law["payment.medicare_advantage.follows_340b_rate"])
        usual = medicare_drug(law, replace(places, bought_340b=np.zeros(len(places))))
        plans = usual + follow * (medicare - usual)
    paid[:, ADVANTAGE] = float(law["payment.medicare_advantage.rate"]) * advantage[:, None] * plans
    paid[:, COMMERCIAL] = _commercial(law, places, commercial_drug, shipped)[:, None]
    paid[:, MEDICAID] = float(law["payment.medicaid.drug"])
    # Sellers of free drugs bill nothing: only the part that is bought is charged.
    bought = 1.0 - float(law["payment.uninsured.free_drug"])
    paid[:, UNINSURED] = float(law["payment.uninsured.rate"]) * bought * medicare
    outside = np.where(PAYER_OF == COMMERCIAL, float(law["payer.white_bagging.price"]), 0.0)
    ffs, plans_pull, other = price_pull(law)
    return DrugRates(
        paid=paid.reshape(len(places), len(SEGMENTS)),
        outside=outside,
        shipped=shipped,
        bought=np.array([ffs, plans_pull, other, other, other * bought]),
        bought_340b=bought_through_340b(law),
    )


def _commercial(law: Values, places: PaymentPlaces, multiple: Floats, shipped: Floats) -> Floats:
    """Bargained multiple, the office's where contracts pay the same everywhere, ASP alone where a fee takes its place."""
    equal = float(law["policy.site_neutral.commercial_drugs"]) * places.hospital
    office = float(law["payment.commercial.drug"]["office"])
    price = (1.0 - equal) * multiple + equal * np.minimum(multiple, office)
    by_fee = float(law["policy.commercial.fee_contracts"])
    price = (1.0 - by_fee) * price + by_fee * np.minimum(price, 1.0)
    return np.asarray(price * commercial_asp(law) * (1.0 - shipped))
