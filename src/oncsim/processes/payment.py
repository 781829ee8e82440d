"""Payment: every service priced by payer, setting and 340B status; what patients owe.

Three components here: ``drug``, ``facility`` (what only a hospital department is paid for administration and visits),
``professional`` (office administration and visits, the physician's part of hospital visits) and ``other`` services.
``fee`` is for care-model fees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    AMC_MAIN,
    AMC_SATELLITE,
    COMPONENTS,
    FREESTANDING,
    HOPD_OFF,
    HOPD_ON,
    HOSPITAL_KINDS,
    NEEDS,
    PAYERS,
    SEGMENTS,
)
from oncsim.state.flows import Money

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
_FFS, _MA, _COMMERCIAL, _MEDICAID, _UNINSURED = range(len(PAYERS))
_DRUG, _FACILITY, _PROFESSIONAL, _FEE, _OTHER = range(len(COMPONENTS))
_NEED_OF = np.array([NEEDS.index(need) for _, need in SEGMENTS])
_PAYER_OF = np.array([PAYERS.index(payer) for payer, _ in SEGMENTS])


@dataclass(frozen=True)
class Setting:
    """What decides a site's rates, one value a site.

    Attributes
    ----------
    hospital : bool
        Paid as a hospital outpatient department.
    kind : int
        Site kind code.
    excepted : bool
        Off campus but billing before November 2015.
    drugs_340b : bool
        Drugs bought at 340B prices.
    """

    hospital: NDArray[np.bool_]
    kind: NDArray[np.int64]
    excepted: NDArray[np.bool_]
    drugs_340b: NDArray[np.bool_]

    @classmethod
    def of_sites(cls, model: OncologyMarket) -> Setting:
        """Return the setting of every site as it is."""
        sites = model.sites
        return cls(np.isin(sites.kind, HOSPITAL_KINDS), sites.kind, sites.excepted, sites.eligible_340b)


_NEUTRAL = {
    "drug_administration": (
        "policy.site_neutral.drug_administration.on_campus",
        "policy.site_neutral.drug_administration.excepted",
        "policy.site_neutral.drug_administration.non_excepted",
    ),
    "clinic_visit": (
        "policy.site_neutral.clinic_visit.on_campus",
        "policy.site_neutral.clinic_visit.excepted",
        "policy.site_neutral.clinic_visit.non_excepted",
    ),
}


def site_neutral_share(law: Values, service: str, setting: Setting) -> Floats:
    """Return the share of the OPPS rate paid for ``drug_administration`` or ``clinic_visit`` (1 where the full rate is)."""
    on_campus, excepted, non_excepted = (float(law[name]) for name in _NEUTRAL[service])
    on = np.isin(setting.kind, (HOPD_ON, AMC_MAIN))
    off = np.isin(setting.kind, (HOPD_OFF, AMC_SATELLITE))
    share = np.ones(len(setting.kind))
    share = np.where(on, on_campus, share)
    share = np.where(off & setting.excepted, excepted, share)
    return np.where(off & ~setting.excepted, non_excepted, share)


@dataclass(frozen=True)
class Rates:
    """Allowed amounts, (sites, payers) each, in dollars a unit.

    ``drug`` is per dollar of average sales price; ``facility`` and ``professional`` per infusion day (``*_infusion``) and
    per visit (``*_visit``); ``other`` per patient-quarter.
    """

    drug: Floats
    facility_infusion: Floats
    professional_infusion: Floats
    facility_visit: Floats
    professional_visit: Floats
    other: Floats


def medicare_rates(law: Values, setting: Setting) -> dict[str, Floats]:
    """Return Medicare fee-for-service allowed amounts of each site, before the sequester."""
    hospital = setting.hospital
    administration = float(law["payment.medicare.administration_hospital"])
    visit = float(law["payment.medicare.visit_hospital_facility"])
    addon = 1.0 + float(law["payment.medicare.drug_addon"])
    rate_340b = float(law["policy.p340b.medicare_rate"])
    return {
        "drug": np.where(setting.drugs_340b, rate_340b, addon),
        "facility_infusion": np.where(
            hospital, administration * site_neutral_share(law, "drug_administration", setting), 0.0
        ),
        "professional_infusion": np.where(hospital, 0.0, float(law["payment.medicare.administration_office"])),
        "facility_visit": np.where(hospital, visit * site_neutral_share(law, "clinic_visit", setting), 0.0),
        "professional_visit": np.where(
            hospital,
            float(law["payment.medicare.visit_hospital_professional"]),
            float(law["payment.medicare.visit_office"]),
        ),
        "other": np.where(
            hospital, float(law["payment.medicare.other_hospital"]), float(law["payment.medicare.other_office"])
        ),
    }


def commercial_rates(
    law: Values, setting: Setting, medicare: dict[str, Floats], drug: Floats, service: Floats
) -> dict[str, Floats]:
    """Return commercial allowed amounts: bargained multiples of ASP (``drug``) and of Medicare's rates (``service``).

    Commercial contracts do not follow Medicare's site-neutral shares unless the spill-over says so: the multiple applies to
    the full hospital rate, of which the spill-over share of contracts takes the reduced one.
    """
    spill = float(law["policy.site_neutral.commercial_spillover"])
    equal = float(law["policy.site_neutral.commercial_drugs"]) * setting.hospital
    office_drug = float(law["payment.commercial.drug"]["office"])

    def full(name: str, key: str) -> Floats:
        reduced = medicare[name]
        whole = np.where(setting.hospital, float(law[key]), 0.0)
        return service * (spill * reduced + (1.0 - spill) * whole)

    return {
        "drug": (1.0 - equal) * drug + equal * np.minimum(drug, office_drug),
        "facility_infusion": full("facility_infusion", "payment.medicare.administration_hospital"),
        "professional_infusion": service * medicare["professional_infusion"],
        "facility_visit": full("facility_visit", "payment.medicare.visit_hospital_facility"),
        "professional_visit": service * medicare["professional_visit"],
        "other": service * medicare["other"],
    }


def allowed_rates(law: Values, setting: Setting, commercial_drug: Floats, commercial_service: Floats) -> Rates:
    """Return allowed amounts of every payer.

    Parameters
    ----------
    law : Values
        Parameters of the quarter.
    setting : Setting
    commercial_drug, commercial_service : (sites,) float
        Bargained multiples in force at each site.
    """
    medicare = medicare_rates(law, setting)
    commercial = commercial_rates(law, setting, medicare, commercial_drug, commercial_service)
    advantage = float(law["payment.medicare_advantage.rate"])
    medicaid = float(law["payment.medicaid.rate"])
    medicaid_drug = float(law["payment.medicaid.drug"])
    uninsured = float(law["payment.uninsured.rate"])
    bought = 1.0 - float(law["payment.uninsured.free_drug"])

    def table(name: str) -> Floats:
        base = medicare[name]
        if name == "drug":
            # Sellers of free drugs bill nothing: only the part that is bought is charged.
            rest = [np.full_like(base, medicaid_drug), uninsured * bought * base]
        else:
            rest = [medicaid * base, uninsured * base]
        return np.column_stack([base, advantage * base, commercial[name], *rest])

    return Rates(**{name: table(name) for name in medicare})


def asp_of_segments(law: Values) -> Floats:
    """Return drug cost at average sales price of one infusion day, (segments,)."""
    by_need = np.array([float(law["payment.drug.asp"][need]) for need in NEEDS])[_NEED_OF]
    return np.where(_PAYER_OF == _MA, by_need * float(law["payment.medicare_advantage.drug_intensity"]), by_need)


def patient_shares(law: Values) -> Floats:
    """Return the patient's share of the allowed amount by payer, (payers,)."""
    medicare = float(law["payment.medicare.coinsurance"])
    return np.array(
        [
            medicare,
            medicare,
            float(law["payment.commercial.patient_share"]),
            float(law["payment.medicaid.patient_share"]),
            1.0,
        ]
    )


def sequester_share(law: Values) -> Floats:
    """Return the part of the payer's own payment that the sequester takes, (payers,)."""
    cut = np.zeros(len(PAYERS))
    cut[_FFS] = float(law["payment.medicare.sequester"])
    return cut


def by_payer(segments: Floats) -> Floats:
    """Sum (sites, segments) over needs to (sites, payers)."""
    return segments.reshape(len(segments), len(PAYERS), len(NEEDS)).sum(axis=2)


@dataclass(frozen=True)
class Volumes:
    """What is paid for: (sites, payers) each."""

    drug_dollars: Floats
    infusions: Floats
    visits: Floats
    patient_quarters: Floats


def volumes_of_sites(model: OncologyMarket) -> Volumes:
    """Return what each site delivered this quarter by payer."""
    sites = model.sites
    return Volumes(
        by_payer(sites.infusions * asp_of_segments(model.law)),
        by_payer(sites.infusions),
        by_payer(model.care.visits),
        by_payer(model.care.patient_quarters),
    )


def receipts(law: Values, rates: Rates, volumes: Volumes) -> tuple[Floats, Floats]:
    """Return (received, owed by patients), (sites, payers, components): allowed amounts less the sequester."""
    allowed = np.zeros((*volumes.infusions.shape, len(COMPONENTS)))
    allowed[:, :, _DRUG] = rates.drug * volumes.drug_dollars
    allowed[:, :, _FACILITY] = rates.facility_infusion * volumes.infusions + rates.facility_visit * volumes.visits
    allowed[:, :, _PROFESSIONAL] = (
        rates.professional_infusion * volumes.infusions + rates.professional_visit * volumes.visits
    )
    allowed[:, :, _OTHER] = rates.other * volumes.patient_quarters
    share = patient_shares(law)[None, :, None]
    patient = allowed * share
    payer = (allowed - patient) * (1.0 - sequester_share(law))[None, :, None]
    return patient + payer, patient


def drug_costs(
    law: Values, volumes: Volumes, discount: Floats, drugs_340b: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return (what sites pay for drugs, at ordinary prices, at 340B prices) in dollars, (sites,) each.

    Offices buy near the average sales price less purchasing discounts of scale or network (``discount``, a share); 340B
    departments at the 340B discount; free drugs for the uninsured cost nothing.
    """
    bought = volumes.drug_dollars.copy()
    bought[:, _UNINSURED] *= 1.0 - float(law["payment.uninsured.free_drug"])
    at_asp = bought.sum(axis=1)
    ordinary = at_asp * (1.0 - discount)
    eligible = at_asp * (1.0 - float(law["policy.p340b.discount"]))
    return np.where(drugs_340b, np.minimum(eligible, ordinary), ordinary), ordinary, eligible


def payment(model: OncologyMarket) -> None:
    """Price and pay everything the sites did this quarter."""
    law = model.law
    rates = allowed_rates(law, Setting.of_sites(model), model.contracts.drug, model.contracts.service)
    volumes = volumes_of_sites(model)
    paid, patient = receipts(law, rates, volumes)
    discount = model.purchasing_discount()[model.sites.org]
    cost, listed, _ = drug_costs(law, volumes, discount, model.sites.eligible_340b)
    margin = _margin_340b(model, volumes, paid[:, :, _DRUG].sum(axis=1) - cost, listed)
    model.volumes, model.rates = volumes, rates
    model.money = Money(paid, patient, cost, listed, margin)
    model.medicare_price, model.commercial_price = standard_prices(model, rates)


def _margin_340b(model: OncologyMarket, volumes: Volumes, drug_margin: Floats, listed: Floats) -> Floats:
    """Return what 340B adds to the drug margin of eligible sites: against ordinary prices and Medicare's ordinary rate."""
    law, setting = model.law, Setting.of_sites(model)
    ordinary = Setting(setting.hospital, setting.kind, setting.excepted, np.zeros_like(setting.drugs_340b))
    rates = allowed_rates(law, ordinary, model.contracts.drug, model.contracts.service)
    share = patient_shares(law)
    kept = share + (1.0 - share) * (1.0 - sequester_share(law))
    without = (rates.drug * volumes.drug_dollars * kept).sum(axis=1) - listed
    return np.where(model.sites.eligible_340b, drug_margin - without, 0.0)


def standard_prices(model: OncologyMarket, rates: Rates) -> tuple[Floats, Floats]:
    """Return Medicare and commercial dollars of one standard infusion day at each site.

    The bundle is one infusion day of the standard need with its share of visits.
    """
    law = model.law
    asp = float(law["payment.drug.asp"]["standard"])
    visits = float(law["care.visits_per_quarter"]) / float(law["care.infusions_per_quarter"]["standard"])

    def price(payer: int) -> Floats:
        return np.asarray(
            rates.drug[:, payer] * asp
            + rates.facility_infusion[:, payer]
            + rates.professional_infusion[:, payer]
            + visits * (rates.facility_visit[:, payer] + rates.professional_visit[:, payer])
        )

    return price(_FFS), price(_COMMERCIAL)


SITE_CLASSES = ("office", "hospital", "hospital_340b", "academic", "freestanding")


def site_class(kind: NDArray[np.int64], drugs_340b: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the commercial price class of sites, an index into ``SITE_CLASSES``."""
    code = np.zeros(len(kind), dtype=np.int64)
    code[np.isin(kind, (HOPD_ON, HOPD_OFF))] = 1
    code[np.isin(kind, (HOPD_ON, HOPD_OFF)) & drugs_340b] = 2
    code[np.isin(kind, (AMC_MAIN, AMC_SATELLITE))] = 3
    code[kind == FREESTANDING] = 4
    return code
