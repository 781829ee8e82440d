"""How ties end: a complementary log-log hazard with what raises and lowers it (methods 2e).

``ln h = ln h0(form, age) - b_T (min(trust) - 0.7) - b_v worth - b_e exit cost + b_o growth of overlap + b_s criticism
+ b_c common partners + b_r [one was sold]``, and a tie ends in a quarter with chance ``1 - exp(-h)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.ties.ladder import CONTRACT, by_form

if TYPE_CHECKING:
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
USUAL_TRUST = 0.7  # what trust and support of the staff settle at among partners who check on each other
# Worth beyond this (thousand dollars a patient) does not hold a tie any faster.
_MOST_WORTH = 3.0


@dataclass(frozen=True)
class Circumstances:
    """What the hazard of each tie depends on, (ties,) each.

    Attributes
    ----------
    form : int
        Form of the tie; contracts have a term, referral relationships have none.
    years : float
        Age since signing.
    trust : float
        The lower of the two trusts used.
    worth : float
        Worth to each side, thousand dollars a patient.
    exit_cost : float
        Years of its worth that ending it costs.
    overlap : float
        Growth of overlap since signing.
    criticism : float
        One less the support of the staff.
    common : float
        Partners in common.
    sold : bool
        One side was bought by somebody else.
    """

    form: NDArray[np.int64]
    years: Floats
    trust: Floats
    worth: Floats
    exit_cost: Floats
    overlap: Floats
    criticism: Floats
    common: Floats
    sold: NDArray[np.bool_]


def term_factor(law: Values, contract: NDArray[np.bool_], years: Floats) -> Floats:
    """Return the factor of age on the hazard: low in a contract's first year, high in the last year of its first term."""
    term = float(law["partnership.dissolve.term"])
    first = np.where(years < 1.0, float(law["partnership.dissolve.first_year"]), 1.0)
    last = np.where((years >= term - 1.0) & (years < term), float(law["partnership.dissolve.contract_end"]), first)
    return np.where(contract, last, 1.0)


def log_hazard(law: Values, seen: Circumstances) -> Floats:
    """Return the log hazard of a quarter, (ties,)."""
    base = np.maximum(by_form(law["partnership.dissolve.yearly"])[seen.form], 1e-12) / 4.0
    return np.asarray(
        np.log(base * term_factor(law, CONTRACT[seen.form], seen.years))
        - float(law["partnership.dissolve.trust"]) * (seen.trust - USUAL_TRUST)
        - float(law["partnership.dissolve.value"]) * np.minimum(seen.worth, _MOST_WORTH)
        - float(law["partnership.dissolve.exit"]) * seen.exit_cost
        + float(law["partnership.dissolve.overlap"]) * np.maximum(seen.overlap, 0.0)
        + float(law["partnership.dissolve.criticism"]) * (seen.criticism - (1.0 - USUAL_TRUST))
        + float(law["partnership.dissolve.common_partners"]) * seen.common
        + float(law["partnership.dissolve.rival"]) * seen.sold
    )


def ends(log_hazards: Floats, u: Floats) -> NDArray[np.bool_]:
    """Return which ties end in a quarter, given one uniform each."""
    return np.asarray(u < -np.expm1(-np.exp(log_hazards)))
