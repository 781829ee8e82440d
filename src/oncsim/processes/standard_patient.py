"""The standard patient: what a course of treatment is worth by the standard contract, and what of its cost is avoidable.

Bargaining needs one unit of volume. A standard patient is a course of standard need in an office under the standard
contract (commercial: the multiples of an office in the registry; Medicare Advantage: Medicare's rate). Other needs count
by what their course is worth in the same terms, as diagnosis weights do for admissions, so that a center with sicker
patients does not read as a dear one. What hospitals are paid on top for their setting is rate table, not bargain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, NEEDS, PAYERS, SEGMENTS, SET_OFFICE
from oncsim.prices.drugs import asp_of_segments
from oncsim.prices.places import PaymentPlaces
from oncsim.prices.rates import Contract, allowed_rates
from oncsim.prices.receipts import DRUG, Volumes, allowed_amounts
from oncsim.processes.finance import UnitCosts

if TYPE_CHECKING:
    from oncsim.parameters import Values

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StandardPatient:
    """A course of treatment by payer and need, (payers of ``BARGAINED``, needs) each.

    Attributes
    ----------
    value : float
        Dollars by the standard contract in an office.
    drug_value : float
        The part of it that drugs make.
    drug_cost : float
        Dollars the drugs cost at ordinary prices without a discount: prices in the data do not differ with 340B.
    care_cost : float
        Other dollars that are not spent when the patient does not come: staff and supplies of infusions, visits, imaging,
        radiation; not physicians, space or chairs.
    """

    value: Floats
    drug_value: Floats
    drug_cost: Floats
    care_cost: Floats

    @property
    def weight(self) -> Floats:
        """Worth of a patient of each need in standard patients."""
        return self.value / self.value[:, :1]


def standard_patient(law: Values) -> StandardPatient:
    """Return courses of treatment under the law of a quarter, for which they are worked out once."""
    return law.once("standard_patient", lambda: _standard_patient(law))


def _standard_patient(law: Values) -> StandardPatient:
    needs = len(NEEDS)
    months = np.array([float(law["care.months_in_treatment"][need]) for need in NEEDS])
    infusions = np.array([float(law["care.infusions_per_quarter"][need]) for need in NEEDS])
    nobody = np.full(needs, -1, dtype=np.int64)
    office = PaymentPlaces(np.full(needs, SET_OFFICE), nobody, nobody, np.zeros(needs, dtype=np.int64), np.zeros(needs))
    drug = float(law["payment.commercial.drug"]["office"])
    service = float(law["payment.commercial.service"]["office"])
    one = np.ones(needs)
    rates = allowed_rates(law, office, Contract(drug * one, service * one, np.zeros(needs), one))
    # One patient-quarter of one need for each payer at each of three offices.
    asp = asp_of_segments(law)
    dollars = np.zeros((needs, len(SEGMENTS)))
    for need in range(needs):
        mine = np.arange(need, len(SEGMENTS), needs)
        dollars[need, mine] = infusions[need] * asp[mine]
    everyone = np.ones((needs, len(PAYERS)))
    visits = float(law["care.visits_per_quarter"])
    volumes = Volumes(dollars, infusions[:, None] * everyone, visits * everyone, everyone)
    allowed = allowed_amounts(law, rates, volumes)
    unit = UnitCosts.of(law)
    quarters = months / 3.0
    payers = list(BARGAINED)
    bought = dollars.reshape(needs, len(PAYERS), needs).sum(axis=2)[:, payers] * rates.drugs.bought[payers]
    care = infusions * unit.infusion + visits * unit.visit + unit.other
    found = StandardPatient(
        value=(allowed.sum(axis=2)[:, payers] * quarters[:, None]).T,
        drug_value=(allowed[:, payers, DRUG] * quarters[:, None]).T,
        drug_cost=(bought * quarters[:, None]).T,
        care_cost=np.tile(care * quarters, (len(payers), 1)),
    )
    for part in (found.value, found.drug_value, found.drug_cost, found.care_cost):
        part.flags.writeable = False
    return found
