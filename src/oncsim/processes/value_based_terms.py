"""The terms of the Medicare oncology model in force, and what taking part is believed to save and cost, by arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import RISK_ARMS

if TYPE_CHECKING:
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
EPISODE_MONTHS = 6.0


def _by_arm(value: Any) -> Floats:
    return np.array([float(value[arm]) for arm in RISK_ARMS])


@dataclass(frozen=True)
class Terms:
    """Terms and beliefs of a quarter; arrays are by arm, (3,); shares are of the benchmark unless said otherwise.

    Attributes
    ----------
    offered : bool
        Which arms may be chosen.
    discount, gain_cap, loss_cap, loss_threshold : float
        The corridor; caps are shares of Medicare revenue where ``cap_on_revenue``.
    gain_share : float
        Share of gains paid, quality counted.
    fee, fee_in_cost : float
        Fees of an episode, dollars; the part of them that counts as its cost.
    episode_cost : float
        Benchmark of an episode, dollars.
    saving_base, saving_analytics : float
        Mean saving without analytics, and what full analytics adds.
    sampling : float
        Standard deviation of one episode.
    lasting_variance, passing_variance : float
        Variance between organisations that stays with them; that differs from period to period.
    drug_part, admission_part : float
        Shares of the savings that come from drug choice and from fewer admissions; the rest is navigation.
    service_cost : float
        Cost of enhanced services, dollars a patient-month.
    """

    offered: NDArray[np.bool_]
    discount: Floats
    gain_cap: Floats
    loss_cap: Floats
    loss_threshold: Floats
    cap_on_revenue: NDArray[np.bool_]
    gain_share: float
    eligible_share: float
    dual_share: float
    fee: float
    fee_in_cost: float
    episode_cost: float
    saving_base: Floats
    saving_analytics: Floats
    sampling: float
    lasting_variance: float
    passing_variance: float
    drug_part: float
    admission_part: float
    service_cost: float
    fixed: float
    fixed_saved: float

    @classmethod
    def of(cls, law: Values) -> Terms:
        """Read the terms in force."""
        between, lasting = float(law["value_based.saving.between"]), float(law["value_based.saving.lasting"])
        drugs, admissions = float(law["value_based.part.drug_choice"]), float(law["value_based.part.admissions"])
        parts = max(drugs + admissions + float(law["value_based.part.navigation"]), 1e-12)
        monthly, dual = float(law["policy.value_based.fee"]), float(law["value_based.dual_share"])
        extra = float(law["policy.value_based.fee_dual_extra"]) * dual
        counted = monthly if law["policy.value_based.fee_in_cost"] else 0.0
        return cls(
            offered=_by_arm(law["policy.value_based.offered"]) > 0,
            discount=_by_arm(law["policy.value_based.discount"]),
            gain_cap=_by_arm(law["policy.value_based.gain_cap"]),
            loss_cap=_by_arm(law["policy.value_based.loss_cap"]) * np.array([0.0, 1.0, 1.0]),
            loss_threshold=_by_arm(law["policy.value_based.loss_threshold"]),
            cap_on_revenue=np.array([law["policy.value_based.cap_base"][arm] == "revenue" for arm in RISK_ARMS]),
            gain_share=float(law["policy.value_based.gain_share"]) * float(law["value_based.quality"]),
            eligible_share=float(law["policy.value_based.eligible_share"]),
            dual_share=dual,
            fee=EPISODE_MONTHS * (monthly + extra),
            fee_in_cost=EPISODE_MONTHS * counted,
            episode_cost=float(law["value_based.episode_cost"]),
            saving_base=_by_arm(law["value_based.saving.base"]),
            saving_analytics=_by_arm(law["value_based.saving.analytics"]),
            sampling=float(law["value_based.saving.sampling"]),
            lasting_variance=lasting * between**2,
            passing_variance=(1.0 - lasting) * between**2,
            drug_part=drugs / parts,
            admission_part=admissions / parts,
            service_cost=float(law["value_based.cost.services"]),
            fixed=float(law["value_based.cost.fixed"]),
            fixed_saved=float(law["value_based.cost.analytics_saving"]),
        )

    def expected_result(self, arm: NDArray[np.int64], analytics: Floats) -> Floats:
        """Return the expected result: the mean saving less the fees that count as cost."""
        return np.asarray(
            self.saving_base[arm] + self.saving_analytics[arm] * analytics - self.fee_in_cost / self.episode_cost
        )

    def fixed_cost(self, analytics: Floats) -> Floats:
        """Return the yearly fixed cost of taking part, dollars: analytics makes part of it unnecessary."""
        return np.asarray(self.fixed * (1.0 - self.fixed_saved * analytics))
