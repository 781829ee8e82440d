"""Value-based care: what a Medicare oncology model and commercial medical homes pay, save and cost in a quarter.

Organisations take part with all their sites. A patient-quarter under treatment of Medicare fee-for-service patients whose
cancer the model covers is half a six-month episode. Joining, switching and leaving is in ``value_based_choice``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, COMPONENTS, HEALTH_SYSTEM, NEEDS, PAYERS, SERVICE_LINES, among
from oncsim.processes.certainty import Corridor
from oncsim.processes.value_based_terms import Terms
from oncsim.state.sums import sum_by
from oncsim.state.value_based import ValueBasedBooks

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_FFS, _COMMERCIAL = PAYERS.index("medicare_ffs"), PAYERS.index("commercial")
_PROFESSIONAL = COMPONENTS.index("professional")
_ANALYTICS = SERVICE_LINES.index("analytics")
MONTHS = 3.0  # of a quarter
EPISODES = 0.5  # of a patient-quarter
PERIOD_ENDS = (2, 4)  # quarters of the year in which a performance period is settled
_MOST_CHANGED = 0.5  # drug choice and avoided admissions change at most half of what they work on


def participation(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return which organisations take part in the Medicare model this quarter, (organisations,)."""
    orgs = model.orgs
    if not (orgs.vb_arm >= 0).any() or not model.law["policy.value_based.running"]:
        return np.zeros(len(orgs), dtype=np.bool_)
    top = orgs.top_owner()
    bought = (top != np.arange(len(orgs))) & among(orgs.kind[top], (HEALTH_SYSTEM, ACADEMIC_CENTER))
    return np.asarray((orgs.vb_arm >= 0) & (orgs.vb_since <= model.t) & (orgs.status <= 1) & ~bought)


def analytics_capability(model: OncologyMarket) -> Floats:
    """Return every organisation's analytics capability, 0 to 1: sites with the service line, and size."""
    law, sites, orgs = model.law, model.sites, model.orgs
    size = len(orgs)
    weight = np.where(sites.open, sites.oncologists, 0.0)
    total = sum_by(sites.org, weight, size)
    with_line = sum_by(sites.org, weight * sites.lines[:, _ANALYTICS], size)
    lines = np.divide(with_line, total, out=np.zeros(size), where=total > 0)
    from_lines = float(law["value_based.analytics.lines_weight"])
    return np.asarray(
        from_lines * lines + (1.0 - from_lines) * total / (total + float(law["value_based.analytics.half_size"]))
    )


def expected_saving(model: OncologyMarket, part: NDArray[np.bool_]) -> Floats:
    """Return what participants save, as a share of episode cost, (organisations,): by arm and analytics; zero for others."""
    terms, arm = Terms.of(model.law), model.orgs.vb_arm.clip(min=0)
    return np.where(part, terms.saving_base[arm] + terms.saving_analytics[arm] * analytics_capability(model), 0.0)


def payer_quarters(model: OncologyMarket, payer: int) -> Floats:
    """Return patient-quarters under treatment of one payer's patients at each site, (sites,)."""
    return np.asarray(model.care.patient_quarters[:, payer * len(NEEDS) : (payer + 1) * len(NEEDS)].sum(axis=1))


@dataclass(frozen=True)
class Attributed:
    """Patient-quarters of this quarter that value-based terms reach, (sites,) each.

    Attributes
    ----------
    medicare : float
        Medicare patients attributed to participants of the Medicare model.
    aligned : float
        Commercial patients of participants whose plans use the terms of the Medicare model.
    homes : float
        Commercial patients covered by a medical home of their provider.
    saving : float
        Expected saving of the operator as a share of episode cost; zero outside the model.
    """

    medicare: Floats
    aligned: Floats
    homes: Floats
    saving: Floats

    @classmethod
    def of(cls, model: OncologyMarket) -> Attributed | None:
        """Return who is reached; None where nobody takes part in anything."""
        orgs, law = model.orgs, model.law
        part = participation(model)
        if not part.any() and not orgs.vb_commercial.any():
            return None
        org = model.sites.org
        commercial = payer_quarters(model, _COMMERCIAL)
        home = orgs.vb_commercial[org] & (float(law["policy.value_based.commercial.fee"]) > 0)
        saving = expected_saving(model, part) if part.any() else np.zeros(len(orgs))
        return cls(
            medicare=payer_quarters(model, _FFS) * part[org] * float(law["policy.value_based.eligible_share"]),
            aligned=commercial * part[org] * float(law["policy.value_based.aligned_share"]),
            homes=commercial * home * float(law["policy.value_based.commercial.offer_share"]),
            saving=saving[org],
        )


def care_model_fees(model: OncologyMarket) -> Floats:
    """Return care-management fees owed to each site this quarter by each payer, (sites, payers) dollars.

    Before the sequester; patients owe nothing of them. Commercial payers owe the fee of the Medicare model for patients of
    aligned plans, the pathway fee for patients on pathway in a medical home, and their share of drug savings.
    Reads ``model.care``, ``model.sites``, ``model.orgs``, ``model.law``.
    """
    fees = np.zeros((len(model.sites), len(PAYERS)))
    reached = Attributed.of(model)
    if reached is None:
        return fees
    law = model.law
    fee, dual = float(law["policy.value_based.fee"]), float(law["policy.value_based.fee_dual_extra"])
    fees[:, _FFS] = MONTHS * reached.medicare * (fee + dual * float(law["value_based.dual_share"]))
    on_pathway = float(law["value_based.commercial.pathway_share"])
    fees[:, _COMMERCIAL] = MONTHS * reached.aligned * fee
    fees[:, _COMMERCIAL] += MONTHS * reached.homes * float(law["policy.value_based.commercial.fee"]) * on_pathway
    shared = float(law["policy.value_based.commercial.shared_saving"])
    if shared > 0:
        fees[:, _COMMERCIAL] += shared * commercial_drug_saving(model, reached)
    return fees


def commercial_drug_saving(model: OncologyMarket, reached: Attributed) -> Floats:
    """Return drug dollars (at average sales price) that commercial plans save by aligned models and homes, (sites,)."""
    terms = Terms.of(model.law)
    at_homes = drug_dollars(model, _COMMERCIAL) * _home_saving(model, reached)
    aligned = reached.aligned * EPISODES * reached.saving * terms.episode_cost * terms.drug_part
    return np.asarray(at_homes + aligned)


def _home_saving(model: OncologyMarket, reached: Attributed) -> Floats:
    """Return the share of commercial drug dollars of each site that medical homes save."""
    total = payer_quarters(model, _COMMERCIAL)
    covered = np.divide(reached.homes, total, out=np.zeros_like(total), where=total > 0)
    law = model.law
    return covered * float(law["value_based.commercial.pathway_share"]) * float(law["value_based.commercial.saving"])


def drug_dollars(model: OncologyMarket, payer: int) -> Floats:
    """Return drug dollars at average sales price of one payer's infusions, before value-based care, (sites,)."""
    by_need = np.array([float(model.law["payment.drug.asp"][need]) for need in NEEDS])
    return np.asarray(model.sites.infusions[:, payer * len(NEEDS) : (payer + 1) * len(NEEDS)] @ by_need)


def drug_choice_factor(model: OncologyMarket) -> Floats:
    """Return what value-based care multiplies drug dollars per infusion by, (sites, payers): 1 where it does nothing.

    The part of the saving that comes from drug choice, over the drug dollars of the payer's patients at the site.
    Reads ``model.care``, ``model.sites``, ``model.orgs``, ``model.law``.
    """
    factor = np.ones((len(model.sites), len(PAYERS)))
    reached = Attributed.of(model)
    if reached is None:
        return factor
    terms = Terms.of(model.law)
    dollars = reached.medicare * EPISODES * reached.saving * terms.episode_cost * terms.drug_part
    for payer, saved in ((_FFS, dollars), (_COMMERCIAL, commercial_drug_saving(model, reached))):
        spent = drug_dollars(model, payer)
        share = np.divide(saved, spent, out=np.zeros_like(spent), where=spent > 0)
        factor[:, payer] -= share.clip(-_MOST_CHANGED, _MOST_CHANGED)
    return factor


def admission_factor(model: OncologyMarket, patient_quarters: Floats) -> Floats:
    """Return what value-based care multiplies admissions per patient-quarter by, (sites,): 1 where it does nothing.

    Parameters
    ----------
    patient_quarters : (sites, segments) float
        Time under treatment of the quarter.
    """
    part = participation(model)
    if not part.any():
        return np.ones(len(model.sites))
    law, terms = model.law, Terms.of(model.law)
    saving = expected_saving(model, part)[model.sites.org]
    attributed = patient_quarters[:, _FFS * len(NEEDS) : (_FFS + 1) * len(NEEDS)].sum(axis=1) * terms.eligible_share
    dollars = attributed * EPISODES * saving * terms.episode_cost * terms.admission_part
    usual = patient_quarters.sum(axis=1) * float(law["care.readmissions"]) * float(law["value_based.admission_cost"])
    share = np.divide(dollars, usual, out=np.zeros_like(usual), where=usual > 0)
    return np.asarray(1.0 - share.clip(-_MOST_CHANGED, _MOST_CHANGED))


def participation_costs(model: OncologyMarket) -> Floats:
    """Return what taking part costs each site this quarter, dollars, (sites,): services for patients, and the fixed part."""
    reached = Attributed.of(model)
    if reached is None:
        return np.zeros(len(model.sites))
    law, terms, org = model.law, Terms.of(model.law), model.sites.org
    cost = MONTHS * (reached.medicare + reached.aligned) * terms.service_cost
    cost += MONTHS * reached.homes * float(law["value_based.cost.pathway"])
    fixed = terms.fixed_cost(analytics_capability(model)) / 4.0
    total = sum_by(org, reached.medicare, len(model.orgs))[org]
    return np.asarray(cost + fixed[org] * np.divide(reached.medicare, total, out=np.zeros_like(total), where=total > 0))


def reconcile(model: OncologyMarket) -> Floats:
    """Settle the quarter of the Medicare model; return performance payments and bonuses by site, (sites, payers) dollars.

    Call it once a quarter, after care. At the end of a six-month period each participant's result is drawn and the payment
    of its arm falls due (negative: recouped); participation bonuses earned two years ago are paid. All of it is Medicare's;
    it is not sequestered and patients owe none of it. What an organisation without patients this quarter would receive or
    owe is neither paid nor received. Sets ``model.value_based`` and ``model.performance_payments``; reads ``model.money`` of
    the quarter before for revenue and professional payments, as those of this quarter are not known yet.
    """
    orgs, sites = model.orgs, model.sites
    reached, part = Attributed.of(model), participation(model)
    orgs.vb_part = part
    books = model.value_based = ValueBasedBooks(received=np.zeros(len(orgs)))
    payments = model.performance_payments = np.zeros((len(sites), len(PAYERS)))
    if reached is not None:
        _count(model, books, reached, part)
    if model.settling or not (part.any() or orgs.vb_bonus.any()):
        return payments
    weight = payer_quarters(model, _FFS)
    total = sum_by(sites.org, weight, len(orgs))
    working = total > 0
    bonus = np.where(working, orgs.vb_bonus[:, 0], 0.0)
    _earn_bonuses(model, part)
    performance = np.zeros(len(orgs))
    if model.quarter.number in PERIOD_ENDS and part.any():
        performance = np.where(working, _settle_period(model, part), 0.0)
    books.bonuses, books.performance = float(bonus.sum()), float(performance.sum())
    books.received = bonus + performance
    share = np.divide(weight, total[sites.org], out=np.zeros_like(weight), where=total[sites.org] > 0)
    payments[:, _FFS] = share * books.received[sites.org]
    return payments


def _count(model: OncologyMarket, books: ValueBasedBooks, reached: Attributed, part: NDArray[np.bool_]) -> None:
    """Add the quarter's episodes, savings, fees and Medicare revenue to the books and to the period under way."""
    orgs, org, law, terms = model.orgs, model.sites.org, model.law, Terms.of(model.law)
    episodes = reached.medicare * EPISODES
    books.episodes = float(episodes.sum())
    books.savings = float((episodes * reached.saving).sum() * terms.episode_cost)
    monthly = float(law["policy.value_based.fee"]) + float(law["policy.value_based.fee_dual_extra"]) * terms.dual_share
    sequester = float(law["payment.medicare.sequester"])
    books.fees = float(MONTHS * reached.medicare.sum() * monthly * (1.0 - sequester))
    if not model.settling:
        orgs.vb_episodes = np.where(part, orgs.vb_episodes + sum_by(org, episodes, len(orgs)), 0.0)
        orgs.vb_revenue = np.where(part, orgs.vb_revenue + medicare_revenue(model), 0.0)


def medicare_revenue(model: OncologyMarket) -> Floats:
    """Return what Medicare and its patients paid each organisation in the last quarter that was priced, (organisations,)."""
    money = getattr(model, "money", None)  # none before the first quarter of a market that does not settle
    if money is None:
        return np.zeros(len(model.orgs))
    return sum_by(model.sites.org, money.paid[:, _FFS].sum(axis=1), len(model.orgs))


def professional_payments(model: OncologyMarket) -> Floats:
    """Return the Medicare professional payments of each organisation in the last quarter that was priced."""
    money = getattr(model, "money", None)
    if money is None:
        return np.zeros(len(model.orgs))
    return sum_by(model.sites.org, money.paid[:, _FFS, _PROFESSIONAL], len(model.orgs))


def _earn_bonuses(model: OncologyMarket, part: NDArray[np.bool_]) -> None:
    """Move the queue of bonuses on by a quarter and add what organisations at two-sided risk earn in this one."""
    orgs = model.orgs
    at_risk = part & (orgs.vb_arm > 0)
    earned = np.where(at_risk, float(model.law["policy.value_based.apm_bonus"]) * professional_payments(model), 0.0)
    orgs.vb_bonus = np.roll(orgs.vb_bonus, -1, axis=1)
    orgs.vb_bonus[:, -1] = earned


def corridors(terms: Terms, arm: NDArray[np.int64], revenue_share: Floats) -> Corridor:
    """Return the corridor of each organisation's arm; ``revenue_share`` is Medicare revenue over the benchmark."""
    base = np.where(terms.cap_on_revenue[arm], revenue_share, 1.0)
    return Corridor(
        gain_from=terms.discount[arm],
        gain_cap=terms.gain_cap[arm] * base,
        gain_share=np.full(arm.shape, terms.gain_share),
        loss_from=1.0 - terms.loss_threshold[arm],
        loss_cap=terms.loss_cap[arm] * base,
    )


def _settle_period(model: OncologyMarket, part: NDArray[np.bool_]) -> Floats:
    """Draw the results of the period, remember them, return what Medicare owes each organisation (negative: is owed)."""
    orgs, terms = model.orgs, Terms.of(model.law)
    episodes = orgs.vb_episodes
    settled = part & (episodes > 0)
    count = np.where(settled, episodes, 1.0)
    benchmark = count * terms.episode_cost
    arm = orgs.vb_arm.clip(min=0)
    expected = terms.expected_result(arm, analytics_capability(model))
    standing = np.sqrt(terms.lasting_variance) * model.luck.normal("value_based.standing", 0, orgs.key)
    passing = np.sqrt(terms.passing_variance + terms.sampling**2 / count)
    beyond = standing + passing * model.luck.normal("value_based.result", model.t, orgs.key)
    corridor = corridors(terms, arm, orgs.vb_revenue / benchmark)
    paid = np.where(settled, corridor.payment(expected + beyond) * benchmark, 0.0)
    won = paid > 0
    orgs.vb_periods += settled
    orgs.vb_won += won
    orgs.vb_dry = np.where(settled, np.where(won, 0, orgs.vb_dry + 1), orgs.vb_dry)
    orgs.vb_results += settled
    orgs.vb_surprise += np.where(settled, beyond, 0.0)
    orgs.vb_past |= settled
    orgs.vb_episodes = np.zeros(len(orgs))
    orgs.vb_revenue = np.zeros(len(orgs))
    return np.asarray(paid)
