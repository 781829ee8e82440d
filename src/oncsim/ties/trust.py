"""Directed trust with evidence behind it (methods 2f).

``direct``: a good quarter moves trust towards 1 by ``gain``, a bad one towards 0 by ``gain * loss_ratio`` times its
severity. ``drift``: what is not checked erodes. ``repair``: after a breach that was disclosed and answered good quarters
count more for some time. ``reputation`` is the mean trust of others in the same partner; it is symmetric in good and bad
news, so it creates no asymmetry of its own. ``used`` weighs the two by evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import TIE_STAGES

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DISSOLVED = TIE_STAGES.index("dissolved")
USUAL_CHECKS = 4.0  # check-ins a year at which nothing is misread and nothing drifts


def after_quarter(
    trust: Floats,
    good: Flags,
    severity: Floats,
    gain: float,
    loss_ratio: float,
    drift: float | Floats,
    repair: float | Floats = 0.0,
) -> Floats:
    """Return trust after a quarter of direct experience.

    Parameters
    ----------
    trust : (n,) float in [0, 1]
    good : (n,) bool
        Whether the quarter was a good one.
    severity : (n,) float
        How bad a bad quarter was (1 usual).
    gain, loss_ratio : float
        See ``partnership.trust.*``.
    drift : float or (n,)
        What is lost without checks this quarter.
    repair : float or (n,)
        By how much more a good quarter counts.
    """
    up = trust + np.minimum(gain * (1.0 + np.asarray(repair)), 1.0) * (1.0 - trust)
    down = trust - np.minimum(gain * loss_ratio * severity, 1.0) * trust
    return np.clip(np.where(good, up, down) - drift, 0.0, 1.0)


def stationary_mean(good_share: float, gain: float, loss_ratio: float) -> float:
    """Return the long-run mean of trust without drift: ``g p / (g p + l (1 - p))``."""
    loss = gain * loss_ratio
    if gain * good_share + loss * (1.0 - good_share) <= 0:
        return good_share  # trust that never moves has no long run; this keeps the start as it is
    return gain * good_share / (gain * good_share + loss * (1.0 - good_share))


def attention(checks: Floats | float) -> Floats:
    """Return how well partners can check each other, 0 to 1: the part of the usual number of check-ins they hold."""
    return np.asarray(np.minimum(np.asarray(checks, dtype=np.float64) / USUAL_CHECKS, 1.0))


def good_chance(
    good: Floats | float,
    checks: Floats | float,
    *,
    misread: float = 0.1,
    language: float = 0.0,
) -> Floats:
    """Return the chance that a quarter is lived as a good one.

    Parameters
    ----------
    good : float or (n,)
        Chance that it is one.
    checks : float or (n,)
        Check-ins a year: without any, the share ``misread`` of good quarters is read as bad.
    misread, language : float
        See ``partnership.trust.misread`` and ``.language``: a common language avoids misreading.
    """
    wrong = misread * (1.0 - attention(checks)) * (1.0 - language)
    return np.asarray(good * (1.0 - wrong))


def beta_trust(good: Floats, bad: Floats) -> Floats:
    """Return trust as the mean of a beta distribution with so much good and bad evidence: ``(r+1)/(r+s+2)``.

    The equivalent form of Josang and Ismail (2002), for comparison.
    """
    return np.asarray((good + 1.0) / (good + bad + 2.0))


def reputation(partner: NDArray[np.int64], trust: Floats, weight: Floats, size: int, default: float) -> Floats:
    """Return the evidence-weighted mean trust that organisations of the market have in each organisation, (size,)."""
    total = np.bincount(partner, weights=weight * trust, minlength=size)
    mass = np.bincount(partner, weights=weight, minlength=size)
    return np.divide(total, mass, out=np.full(size, default), where=mass > 0)


def reputations(model: OncologyMarket) -> Floats:
    """Return the trust that others have in each organisation, or the usual start where nobody knows it."""
    ties = model.ties
    living = (ties.stage != DISSOLVED).astype(np.float64)
    partner = np.concatenate([ties.b, ties.a])
    trust = np.concatenate([ties.trust_ab, ties.trust_ba])
    evidence = np.concatenate([ties.evidence_ab * living, ties.evidence_ba * living])
    return reputation(partner, trust, evidence, len(model.orgs), float(model.law["partnership.trust.start"]))


def used_trust(model: OncologyMarket) -> tuple[Floats, Floats]:
    """Return (trust of a in b, trust of b in a) that decisions use: experience weighed with reputation."""
    ties, law = model.ties, model.law
    if len(ties) == 0:
        return np.zeros(0), np.zeros(0)
    known = reputations(model)
    prior = float(law["partnership.trust.reputation_weight"])
    weight_ab = prior / (prior + ties.evidence_ab) if prior > 0 else np.zeros(len(ties))
    weight_ba = prior / (prior + ties.evidence_ba) if prior > 0 else np.zeros(len(ties))
    return (
        (1 - weight_ab) * ties.trust_ab + weight_ab * known[ties.b],
        (1 - weight_ba) * ties.trust_ba + weight_ba * known[ties.a],
    )
