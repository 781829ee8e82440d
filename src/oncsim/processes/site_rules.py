"""How payers, or law through them, steer patients between sites.

A rule that asks for a reason before a member is infused at a hospital (its strength is a pull away from there), exclusion of
hospitals from the networks of infused oncology, narrow networks that leave out who is dear, and what patients owe. Members
under a rule or in a narrow network are a part of a payer's members, so what sites see is the log of the mean pull, as for
referrers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, HOSPITAL_KINDS, NEEDS, PAYERS, SEGMENTS, among
from oncsim.prices.receipts import hospital_cost_sharing, patient_shares
from oncsim.processes.jurisdiction import region_means, site_places

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
_COMMERCIAL, _UNINSURED = PAYERS.index("commercial"), PAYERS.index("uninsured")
_NEED_OF = np.array([NEEDS.index(need) for _, need in SEGMENTS])
_PAYER_OF = np.array([PAYERS.index(payer) for payer, _ in SEGMENTS])
# The place of each segment's payer in BARGAINED, one past the end for payers that do not bargain.
_PLACE_OF = np.array([BARGAINED.index(payer) if payer in BARGAINED else len(BARGAINED) for payer in _PAYER_OF.tolist()])
_TERTIARY = NEEDS.index("tertiary")


def _over_payers(law: Values, name: str, places: dict[str, NDArray[np.int64]]) -> Floats:
    """Return a parameter with the axis ``payer`` in every place, (places, payers)."""
    count, payers = len(places["state"]), len(PAYERS)
    each = {dimension: np.repeat(codes, payers) for dimension, codes in places.items()}
    return law.over(name, {**each, "payer": np.tile(np.arange(payers), count)}).reshape(count, payers)


def rule_shares(model: OncologyMarket) -> Floats:
    """Return the share of members under a site-of-service rule at each site, chosen or imposed, (sites, payers)."""
    return np.maximum(model.site_rule, _over_payers(model.law, "policy.payer.site_rule_mandated", site_places(model)))


def kept_at_hospitals(model: OncologyMarket, law: Values, sites: NDArray[np.int64]) -> Floats:
    """Return the share of an office's patients that would stay if it were a hospital department, (sites, payers).

    What law imposes on payers counts: mandated site-of-service rules and exclusion of hospitals. Rules that payers choose
    themselves are part of what buyers know as retention.
    """
    places = {name: codes[sites] for name, codes in site_places(model).items()}
    kept = np.ones((len(sites), len(PAYERS)))
    for name, strength, chosen in (
        ("policy.payer.site_rule_mandated", float(law["payer.site_rule.strength"]), model.site_rule),
        ("policy.payer.hospital_excluded", float(law["payer.exclusion.strength"]), np.zeros(len(PAYERS))),
    ):
        lost = -np.expm1(strength)
        kept *= (1.0 - np.maximum(_over_payers(law, name, places), chosen) * lost) / (1.0 - chosen * lost)
    return kept


def steering_by_payers(model: OncologyMarket) -> Floats:
    """Return the utility of each site by segment that comes from payers' rules and cost-sharing, (sites, segments)."""
    law = model.law
    hospital = among(model.sites.kind, HOSPITAL_KINDS).astype(np.float64)[:, None]
    rule = np.log1p(rule_shares(model) * np.expm1(float(law["payer.site_rule.strength"])))
    utility = (hospital * rule)[:, _PAYER_OF]
    excluded = _over_payers(law, "policy.payer.hospital_excluded", site_places(model))
    if excluded.any():
        # Cellular therapy is given nowhere else, so tertiary need is never excluded.
        away = np.log1p(excluded * np.expm1(float(law["payer.exclusion.strength"])))
        utility = utility + (hospital * away)[:, _PAYER_OF] * (_NEED_OF != _TERTIARY)
    utility = utility + (_narrow_networks(model) + float(law["choice.out_of_pocket"]) / 1000.0 * owed(model))[:, _PLACE_OF]
    extra = extra_patient_share(model)
    if extra.any():
        by_need = np.array([float(law["payment.drug.asp"][need]) for need in NEEDS])[_NEED_OF]
        more = extra[:, _PAYER_OF] * model.contracts.drug[:, None] * by_need
        utility = utility + float(law["choice.out_of_pocket"]) * more / 1000.0
    return np.asarray(utility)


def _narrow_networks(model: OncologyMarket) -> Floats:
    """Return the utility of each site for members of narrow networks that leave it out, (sites, payers of BARGAINED + 1)."""
    law = model.law
    utility = np.zeros((len(model.sites), len(BARGAINED) + 1))
    if hasattr(model, "contracts"):
        shares = [float(law["payer.narrow.share"][PAYERS[payer]]) for payer in BARGAINED]
        away = np.log1p(np.array(shares) * np.expm1(float(law["choice.network"])))
        utility[:, :-1] = model.contracts.left_out * away
    return utility


def owed(model: OncologyMarket) -> Floats:
    """Return what an infusion costs a patient who still pays a share of it, (sites, payers of BARGAINED + 1) dollars.

    At prices of last quarter, which is what patients and their referrers know; the last column, for everybody else, is 0. A
    site without a price yet counts as the mean of its region. Only the part of patients below the yearly maximum
    of their plan is left to care.
    """
    law = model.law
    dollars = np.zeros((len(model.sites), len(BARGAINED) + 1))
    share = patient_shares(law)
    for place, price in enumerate((model.advantage_price, model.commercial_price)):
        known = price > 0
        if known.any():
            usual = region_means(model, price[:, None], known.astype(np.float64), price[known].mean(keepdims=True))[:, 0]
            there = usual[model.region[model.sites.zone]]
            dollars[:, place] = np.where(known, price, there) * share[BARGAINED[place]]
    return dollars * float(law["choice.below_maximum"])


def extra_patient_share(model: OncologyMarket) -> Floats:
    """Return what patients owe of a drug's allowed amount beyond the usual cost-sharing, (sites, payers)."""
    law, sites = model.law, model.sites
    extra = np.zeros((len(sites), len(PAYERS)))
    added = float(law["policy.payer.hospital_coinsurance"])
    members = float(law["policy.payer.reference_pricing"])
    contracts = getattr(model, "contracts", None)  # none in the first quarter of settling
    if (added == 0 and members == 0) or contracts is None:
        return extra
    hospital = among(sites.kind, HOSPITAL_KINDS).astype(np.float64)
    extra[:, _COMMERCIAL] = hospital_cost_sharing(law, hospital, contracts.drug)
    return extra
