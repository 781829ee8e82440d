"""The arithmetic of a priced case in words: one line a step, each with how it comes about and its dollars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim.codes import NEEDS, PAYERS
from oncsim.prices.case import Priced, class_of
from oncsim.prices.drugs import (
    ADVANTAGE,
    COMMERCIAL,
    FFS,
    MEDICAID,
    ORDINARY_RATE,
    UNINSURED,
    asp_by_need,
    biosimilar_addon,
    commercial_asp,
    medicare_addon,
    medicare_drug,
)
from oncsim.prices.management import drug_intensity
from oncsim.prices.rates import barred_shares
from oncsim.prices.receipts import patient_shares, sequester_shares
from oncsim.prices.schedule import SCHEDULED

if TYPE_CHECKING:
    from oncsim.parameters import Values

_NAMES = {
    "administration": "drug administration",
    "visit": "visit",
    "imaging": "imaging exam",
    "radiation": "radiation fraction",
}
_GROUPS = {
    "office": "office",
    "hospital": "hospital",
    "hospital_340b": "hospital in 340B",
    "freestanding": "infusion center",
}
_PLACES = {"on_campus": "on campus", "excepted": "off campus, excepted", "non_excepted": "off campus, non-excepted"}


@dataclass(frozen=True)
class Step:
    """One line of the arithmetic: what, how it comes about, dollars. ``total`` lines sum up those before."""

    what: str
    how: str
    amount: float
    total: bool = False


def steps_of(priced: Priced) -> list[Step]:
    """Return the arithmetic of a case from the first price to the provider's margin."""
    return [*_drug_steps(priced), *_service_steps(priced), *_fee_steps(priced), *_who_pays(priced)]


def _drug_steps(priced: Priced) -> Iterator[Step]:
    case, law = priced.case, priced.law
    if not case.has_drug:
        return
    asp = float(asp_by_need(law)[NEEDS.index(case.need)])
    payer = PAYERS.index(case.payer)
    allowed = float(priced.allowed[0])
    yield Step("average sales price", f"drug of one {case.need} infusion day", asp)
    if payer == ADVANTAGE:
        intensity = drug_intensity(law)
        yield Step("managed drug use", f"x {intensity:.2f}, what plans' members are given", asp * intensity)
        asp *= intensity
    if payer in (FFS, ADVANTAGE):
        yield from _medicare_drug(priced, asp)
    if payer == ADVANTAGE:
        yield Step("plan's rate", f"x {float(law['payment.medicare_advantage.rate']):.2f} of Medicare", allowed)
    elif payer == COMMERCIAL:
        yield from _commercial_drug(priced, asp)
    elif payer == MEDICAID:
        yield Step("Medicaid's price", f"x {float(law['payment.medicaid.drug']):.2f} of ASP", allowed)
    elif payer == UNINSURED:
        free, rate = float(law["payment.uninsured.free_drug"]), float(law["payment.uninsured.rate"])
        yield Step("charged to the patient", f"{1 - free:.0%} is not given away, at {rate:.0%} of Medicare's rate", allowed)
    yield Step("drug, allowed", "", allowed, True)


def _commercial_drug(priced: Priced, asp: float) -> Iterator[Step]:
    case, law = priced.case, priced.law
    group = class_of(case)
    multiple, office = (float(law["payment.commercial.drug"][name]) for name in (group, "office"))
    yield Step("commercial price", f"x {multiple:.2f} of ASP, bargained ({_GROUPS[group]})", multiple * asp)
    equal = float(law["policy.site_neutral.commercial_drugs"]) * case.hospital
    if equal > 0:
        multiple = (1.0 - equal) * multiple + equal * min(multiple, office)
        yield Step("price of the office", f"in {equal:.0%} of contracts, x {office:.2f} of ASP", multiple * asp)
    by_fee = float(law["policy.commercial.fee_contracts"])
    if by_fee > 0:
        multiple = (1.0 - by_fee) * multiple + by_fee * min(multiple, 1.0)
        yield Step("fee in place of a margin", f"{by_fee:.0%} of contracts pay ASP and, apart, a fee", multiple * asp)
    if abs(commercial_asp(law) - 1.0) > 1e-9:
        words = f"x {commercial_asp(law):.3f}, contracts that follow ASP down"
        yield Step("negotiated sales in ASP", words, multiple * asp * commercial_asp(law))


def _medicare_drug(priced: Priced, asp: float) -> Iterator[Step]:
    case, law, place = priced.case, priced.law, priced.place
    addon = float(medicare_addon(law, place, np.array([asp]))[0, 0])
    share = float(law.over("payment.medicare.drug_addon", place.codes)[0])
    price = asp
    if case.negotiated:
        price = asp * float(law["policy.negotiated_price.ratio"])
        yield Step("negotiated price", f"x {float(law['policy.negotiated_price.ratio']):.3f} of ASP", price)
    if case.biosimilar:
        reference = asp / (1.0 - float(law["payment.drug.biosimilar_discount"]))
        words = f"{float(law['payment.medicare.biosimilar_addon']):.0%} of the reference product's {reference:,.2f}"
        yield Step("add-on", words, biosimilar_addon(law) * asp)
    elif addon < share - 1e-12:
        yield Step("add-on", f"limited to {addon:.2%} of the price (of {share:.0%}, {_limit(priced)})", addon * price)
    else:
        base = asp if case.negotiated and law["policy.negotiated_price.addon_kept"] else price
        yield Step("add-on", f"{share:.2%} of {'ASP' if base == asp else 'the negotiated price'}", share * base)
    special = float(law.over("policy.p340b.medicare_rate", place.codes, otherwise=ORDINARY_RATE)[0])
    if place.bought_340b[0] and special < ORDINARY_RATE - 1e-9:
        words = f"x {special:.4g} of ASP where that is less than price and add-on"
        yield Step("rate for 340B drugs", words, float(medicare_drug(law, place)[0, NEEDS.index(case.need)]) * asp)


def _limit(priced: Priced) -> str:
    law = priced.law
    share, dollars = (float(law[f"payment.medicare.drug_addon_limit.{key}"]) for key in ("share", "dollars"))
    return f"{share:.0%} + ${dollars:,.0f} and ${float(law['payment.medicare.drug_addon_limit.cap']):,.0f}"


def _service_steps(priced: Priced) -> Iterator[Step]:
    case, law = priced.case, priced.law
    if not case.scheduled:
        return
    number, name = SCHEDULED.index(case.scheduled), _NAMES.get(case.scheduled, case.scheduled)
    payer = PAYERS.index(case.payer)
    if case.hospital:
        yield from _hospital_steps(priced, number, name)
    else:
        rate, how = ("home", "home infusion") if case.setting == "home" else ("office", "physician fee schedule")
        yield Step(f"{name}, {rate} rate", f"{how}, all in", float(priced.rates.schedule.office[number, 0]))
    total = float(priced.allowed[1] + priced.allowed[2])
    if payer == ADVANTAGE:
        yield Step("plan's rate", f"x {float(law['payment.medicare_advantage.rate']):.2f} of Medicare", total)
    elif payer == MEDICAID:
        yield Step("Medicaid's rate", f"x {float(law['payment.medicaid.rate']):.2f} of Medicare", total)
    elif payer == UNINSURED:
        yield Step("collected", f"x {float(law['payment.uninsured.rate']):.2f} of Medicare", total)
    elif payer == COMMERCIAL:
        group = class_of(case)
        multiple = float(law["payment.commercial.service"][group])
        yield Step("commercial price", f"x {multiple:.2f}, bargained ({_GROUPS[group]})", total)
    yield Step(f"{name}, allowed", "hospital and physician" if case.hospital else "", total, True)


def _hospital_steps(priced: Priced, number: int, name: str) -> Iterator[Step]:
    """Yield what makes up the hospital's part, and the physician's."""
    law, schedule = priced.law, priced.rates.schedule
    opps = float(schedule.opps[number, 0])
    adjustment = float(law["policy.p340b.opps_adjustment"])
    if priced.case.setting != "non_excepted" and adjustment:
        yield Step(f"{name}, OPPS rate", "hospital outpatient system", opps / (1.0 + adjustment))
        words = "pays back the 340B remedy" if adjustment < 0 else "savings given back to hospitals"
        yield Step("adjustment of OPPS rates", f"x {1 + adjustment:.4g}, {words}", opps)
    else:
        yield Step(f"{name}, OPPS rate", "hospital outpatient system", opps)
    if priced.case.payer == "commercial":
        yield from _commercial_facility(priced, number, opps)
    else:
        yield from _medicare_facility(priced, number, opps)
    professional = float(schedule.professional[number, 0])
    if professional:
        yield Step("physician's part, added", "physician fee schedule in a facility", professional)


def _medicare_facility(priced: Priced, number: int, opps: float) -> Iterator[Step]:
    law, schedule = priced.law, priced.rates.schedule
    share, equal = float(schedule.share[number, 0]), float(schedule.equal[number, 0])
    facility = float(schedule.facility[number, 0])
    if share != 1.0:
        yield Step("site-neutral share", f"x {share:.4g}, departments {_PLACES[priced.case.setting]}", opps * share)
    office, professional = float(schedule.office[number, 0]), float(schedule.professional[number, 0])
    if equal > 0:
        yield Step("equal to the office", f"{equal:.0%} of the way to the office's {office:,.2f} in all", facility)
    plans = float(law["policy.medicare_advantage.site_neutral"])
    if priced.case.payer == "medicare_advantage" and plans > 0:
        at_office = min(facility, max(office - professional, 0.0))
        words = f"in {plans:.0%} of plans' contracts, {office:,.2f} in all"
        yield Step("price of the office", words, (1.0 - plans) * facility + plans * at_office)


def _commercial_facility(priced: Priced, number: int, opps: float) -> Iterator[Step]:
    """Yield what the commercial multiple applies to: the full hospital rate but where contracts or states say otherwise."""
    law, schedule, place = priced.law, priced.rates.schedule, priced.place
    spill = float(law["policy.site_neutral.commercial_spillover"])
    base = spill * min(float(schedule.facility[number, 0]), opps) + (1.0 - spill) * opps
    if spill > 0:
        words = f"in {spill:.0%} of contracts, {float(schedule.facility[number, 0]):,.2f} for the hospital"
        yield Step("Medicare's site-neutral rate", words, base)
    barred = float(barred_shares(law, place)[0])
    if barred > 0:
        office = float(schedule.office[number, 0])
        at_office = min(base, max(office - float(schedule.professional[number, 0]), 0.0))
        words = f"{barred:.0%} off campus, leaving {office:,.2f} in all"
        yield Step("facility fees barred by the state", words, (1.0 - barred) * base + barred * at_office)


def _fee_steps(priced: Priced) -> Iterator[Step]:
    if priced.case.service == "care_management":
        running = bool(priced.law["policy.value_based.running"])
        words = "a patient-month in Medicare's oncology model" if running else "no Medicare oncology model is running"
        yield Step("care-management fee", words, float(priced.allowed[3]), True)


def _who_pays(priced: Priced) -> Iterator[Step]:
    case, law = priced.case, priced.law
    payer = PAYERS.index(case.payer)
    share = 0.0 if case.service == "care_management" else float(patient_shares(law)[payer])
    usual = share * priced.rate
    yield Step("patient's share", f"{share:.0%} of {priced.rate:,.2f}", usual)
    if priced.patient > usual + 1e-9:
        words = f"{(priced.patient - usual) / float(priced.allowed[0]):.1%} of the drug, owed at hospitals"
        yield Step("cost-sharing of the site", words, priced.patient - usual)
    received = "all from the patient"
    if payer != UNINSURED:
        yield Step("payer's share", f"{priced.rate:,.2f} less the patient's", priced.rate - priced.patient)
        received = "patient's and payer's shares"
    if payer == FFS:
        yield Step("sequester", _sequester_words(law, case.has_drug), -priced.sequester)
        received += " after the sequester"
    yield Step("provider receives", received, priced.receipt, True)
    if case.has_drug:
        yield from _purchase(priced)
        words = f"{priced.margin / priced.receipt:.1%} of receipts, before all other costs" if priced.receipt > 0 else ""
        yield Step("left for the provider", words, priced.margin, True)


def _sequester_words(law: Values, with_drug: bool) -> str:
    cut = float(sequester_shares(law)[FFS].max())
    if cut == 0:
        return "none in force"
    spared = " but for drugs" if with_drug and not law["payment.medicare.sequester_on_drugs"] else ""
    return f"{cut:.2%} of Medicare's share{spared}, none of the patient's"


def _purchase(priced: Priced) -> Iterator[Step]:
    law, costs = priced.law, priced.costs
    price = "the negotiated price" if priced.case.negotiated and priced.case.payer == "medicare_ffs" else "ASP"
    some = ", of what is not given away" if priced.case.payer == "uninsured" else ""
    if float(costs.share_340b[0]) > 0:
        words = f"{price} less {float(law['policy.p340b.discount']):.1%}{some}"
        yield Step("drug bought at 340B price", words, float(costs.at_340b[0]))
        if float(costs.working_capital[0]) > 0:
            words = f"list price until the rebate, {float(law['policy.p340b.rebate_days']):.0f} days"
            yield Step("working capital", words, float(costs.working_capital[0]))
    else:
        none = "the 340B price is no lower; " if bool(priced.place.bought_340b[0]) else ""
        yield Step("drug bought", f"{none}at {price}{some}; scale and networks buy lower", priced.cost)
