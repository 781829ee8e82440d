"""What the Medicare oncology model is worth to an organisation: certain fees and costs, and the risky payment of each arm.

An arm is worth its certainty equivalent: fees less the cost of services and the fixed cost, the risky payment, the bonus for
bearing risk, less the drug margin that cheaper drugs cost. Two-sided arms ask for cash that covers the largest loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import COMPONENTS, PAYERS, RISK_ARMS
from oncsim.processes.certainty import cautious_equivalent, joint_belief
from oncsim.processes.value_based import (
    EPISODES,
    MONTHS,
    analytics_capability,
    corridors,
    medicare_revenue,
    payer_quarters,
    professional_payments,
)
from oncsim.processes.value_based_terms import EPISODE_MONTHS, Terms
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_FFS, _COMMERCIAL = PAYERS.index("medicare_ffs"), PAYERS.index("commercial")
_DRUG = COMPONENTS.index("drug")
_BONUS_YEARS = 2.0  # from earning a participation bonus to its payment


@dataclass(frozen=True)
class Worth:
    """What the Medicare model is worth to every organisation.

    Attributes
    ----------
    episodes : (organisations,) float
        Yearly episodes that would be attributed.
    per_episode : (organisations, arms) float
        Certainty equivalent of taking part, dollars an episode.
    open_to : (organisations, arms) bool
        Arms on offer whose largest loss in a period its cash covers.
    """

    episodes: Floats
    per_episode: Floats
    open_to: Flags

    def best(self, among: Flags | None = None) -> tuple[NDArray[np.int64], Floats]:
        """Return the best arm open to each organisation and its value (-1 and minus infinity where none is)."""
        allowed = self.open_to if among is None else self.open_to & among
        worth = np.where(allowed, np.round(self.per_episode, 9), -np.inf)
        best = worth.argmax(axis=1)
        value = worth[np.arange(len(worth)), best]
        return np.where(np.isfinite(value), best, -1), value


def model_values(model: OncologyMarket, among: Flags | None = None) -> Worth:
    """Weigh every arm of the Medicare model at the terms and patients of this quarter.

    Parameters
    ----------
    among : (organisations,) bool, optional
        Who has to weigh it; to the others it is worth minus infinity, unweighed. Default everybody.
    """
    law, orgs, sites = model.law, model.orgs, model.sites
    terms, size = Terms.of(law), len(orgs)
    yearly = 4.0 * EPISODES * terms.eligible_share * sum_by(sites.org, payer_quarters(model, _FFS), size)
    count = np.maximum(yearly, 1e-9)
    analytics = analytics_capability(model)
    arms = np.broadcast_to(np.arange(len(RISK_ARMS)), (size, len(RISK_ARMS)))
    period = count[:, None] / 2.0
    revenue = 4.0 * medicare_revenue(model) / (count * terms.episode_cost)
    corridor = corridors(terms, arms, revenue[:, None])
    passing = terms.passing_variance + terms.sampling**2 / period
    advantage, unknown = joint_belief(orgs.vb_results[:, None], orgs.vb_surprise[:, None], terms.lasting_variance, passing)
    some = np.flatnonzero(np.ones(size, dtype=np.bool_) if among is None else among)
    worth = np.full(arms.shape, -np.inf)
    worth[some] = cautious_equivalent(
        corridor.of(some),
        (terms.expected_result(arms, analytics[:, None]) + advantage)[some],
        np.sqrt(unknown + terms.passing_variance)[some],
        (terms.sampling / np.sqrt(period))[some],
        float(law["value_based.risk.aversion"]),
        float(law["value_based.risk.loss_weight"]),
    )
    per_episode = terms.episode_cost * worth + _certain_part(model, terms, analytics, count)
    largest_loss = corridor.loss_cap * period * terms.episode_cost
    covered = orgs.cash[:, None] >= float(law["value_based.risk.reserve"]) * largest_loss
    open_to = terms.offered[None, :] & (covered | (arms == 0)) & (yearly > 0)[:, None]
    return Worth(yearly, per_episode, open_to)


def _certain_part(model: OncologyMarket, terms: Terms, analytics: Floats, count: Floats) -> Floats:
    """Return fees and bonus less costs and lost drug margin, (organisations, arms) dollars an episode."""
    law, size = model.law, len(model.orgs)
    saving = terms.saving_base[None, :] + terms.saving_analytics[None, :] * analytics[:, None]
    lost = saving * terms.episode_cost * terms.drug_part * _drug_margin(model)[:, None]
    fees = np.full(size, terms.fee * (1.0 - float(law["payment.medicare.sequester"])) - EPISODE_MONTHS * terms.service_cost)
    aligned = float(law["policy.value_based.aligned_share"])
    if aligned > 0:
        quarters = sum_by(model.sites.org, payer_quarters(model, _COMMERCIAL), size) * aligned
        margin = float(law["policy.value_based.fee"]) - terms.service_cost
        fees = fees + 4.0 * MONTHS * quarters * margin / count
    at_risk = np.array([0.0, 1.0, 1.0])
    delay = (1.0 + float(law["economy.discount"])) ** -_BONUS_YEARS
    bonus = 4.0 * float(law["policy.value_based.apm_bonus"]) * delay * professional_payments(model) / count
    certain = fees - terms.fixed_cost(analytics) / count
    return np.asarray(certain[:, None] + bonus[:, None] * at_risk[None, :] - lost)


def _drug_margin(model: OncologyMarket) -> Floats:
    """Return what organisations keep of a dollar of drug receipts, (organisations,): high where they buy at 340B prices."""
    accounts = getattr(model, "money", None)
    if accounts is None:
        return np.zeros(len(model.orgs))
    org, size = model.sites.org, len(model.orgs)
    paid = sum_by(org, accounts.paid[:, :, _DRUG].sum(axis=1), size)
    cost = sum_by(org, accounts.drug_cost, size)
    return np.asarray(np.divide(paid - cost, paid, out=np.zeros(size), where=paid > 0).clip(min=0.0))
