"""Experience: what a quarter of working together does to trust, in each direction, and to the support of the staff (2f)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import quarterly_chance
from oncsim.codes import ORG_KINDS, TIE_FORMS, TIE_STAGES
from oncsim.ties.ladder import CONTRACT, IN_FORCE
from oncsim.ties.trust import DISSOLVED, after_quarter, attention, good_chance

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PROSPECT = TIE_STAGES.index("prospect")
_EARLY = 12  # quarters in which partners still learn each other's culture


def experience(model: OncologyMarket) -> None:
    """Move trust in each direction by its own luck; both sides see the same partner with different eyes."""
    ties, law = model.ties, model.law
    living = (ties.stage != DISSOLVED) & (ties.stage != _PROSPECT)
    checks = checks_held(model)
    drift = float(law["partnership.trust.drift"]) * (1.0 - attention(checks))
    gain, ratio = float(law["partnership.trust.gain"]), float(law["partnership.trust.loss_ratio"])
    repair = np.where(model.t <= ties.repair_until, float(law["partnership.trust.repair"]), 0.0)
    usual = np.ones(len(ties))
    for side, partner in (("ab", ties.b), ("ba", ties.a)):
        chance = _good_chance(model, partner, checks)
        good = model.luck.uniform(f"partnership.quarter.{side}", model.t, ties.key) < chance
        trust = getattr(ties, f"trust_{side}")
        moved = after_quarter(trust, good, usual, gain, ratio, drift, repair)
        setattr(ties, f"trust_{side}", np.where(living, moved, trust))
        setattr(ties, f"evidence_{side}", getattr(ties, f"evidence_{side}") + living)
    _feel_shifted_costs(model)
    _misfits(model, checks)
    _staff(model, living)


def checks_held(model: OncologyMarket) -> Floats:
    """Return the check-ins a year of each tie: what was agreed, as far as the attention of both sides goes.

    Referral relationships need no team: their people meet over patients as often as is usual.
    """
    ties, law = model.ties, model.law
    agreed = np.where(np.isnan(ties.checks), float(law["partnership.trust.checks"]), ties.checks)
    contract = IN_FORCE[ties.stage] & CONTRACT[ties.form]
    size = len(model.orgs)
    wanted = np.bincount(ties.a[contract], weights=agreed[contract], minlength=size)
    wanted += np.bincount(ties.b[contract], weights=agreed[contract], minlength=size)
    capacity = np.array([float(law["partnership.trust.team"][kind]) for kind in ORG_KINDS])[model.orgs.kind]
    share = np.divide(capacity, wanted, out=np.ones(size), where=wanted > capacity)
    return np.where(contract, agreed * np.minimum(share[ties.a], share[ties.b]), agreed)


def returns_of(model: OncologyMarket) -> Floats:
    """Return the part of follow-up care each organisation sends back to who referred the patient, (organisations,)."""
    usual = np.array([float(model.law["partnership.conduct.returns"][kind]) for kind in ORG_KINDS])[model.orgs.kind]
    return np.where(np.isnan(model.orgs.returns), usual, model.orgs.returns)


def _good_chance(model: OncologyMarket, partner: Ints, checks: Floats) -> Floats:
    """Return the chance of a good quarter with each partner, as the other side lives it, (ties,)."""
    ties, law = model.ties, model.law
    good = np.full(len(ties), float(law["partnership.trust.good"]))
    good = 1.0 - (1.0 - good) * np.where(ties.shared_data, 1.0 - float(law["partnership.trust.data"]), 1.0)
    back = returns_of(model)[partner] - float(law["partnership.trust.usual_return"])
    good = good + float(law["partnership.trust.returned"]) * back
    good = good - float(law["partnership.trust.friction"]) * ties.friction
    misread, language = float(law["partnership.trust.misread"]), float(law["partnership.trust.language"])
    return good_chance(np.clip(good, 0.0, 1.0), checks, misread=misread, language=language)


def breach(
    model: OncologyMarket, betrayed: Ints, severity: float, side: str = "both", out_of_character: bool = False
) -> None:
    """Lower trust as after a broken promise: a bad quarter of that severity.

    Parameters
    ----------
    betrayed : (n,) int
        Rows of ties.
    severity : float
    side : str
        ``ab`` where a's trust in b falls, ``ba``, or ``both``.
    out_of_character : bool
        Whether it came with communication unlike the past, which makes it worse.
    """
    ties, law = model.ties, model.law
    gain, ratio = float(law["partnership.trust.gain"]), float(law["partnership.trust.loss_ratio"])
    if out_of_character:
        severity *= float(law["partnership.trust.out_of_character"])
    bad = np.zeros(len(betrayed), dtype=np.bool_)
    level = np.full(len(betrayed), severity)
    for one in ("ab", "ba"):
        if side in (one, "both"):
            trust = getattr(ties, f"trust_{one}")
            trust[betrayed] = after_quarter(trust[betrayed], bad, level, gain, ratio, 0.0)


def _feel_shifted_costs(model: OncologyMarket) -> None:
    """Let hospitals that had costs shifted to them this quarter hold it against the practice."""
    shifted = model.shifted
    severity = float(model.law["partnership.trust.cost_shift"])
    breach(model, shifted.tie[shifted.victim_is_a], severity, "ab")
    breach(model, shifted.tie[~shifted.victim_is_a], severity, "ba")


def _misfits(model: OncologyMarket, checks: Floats) -> None:
    """Small cultural misfits in young contracts: answered, and soon repaired, or left to smoulder."""
    ties, law = model.ties, model.law
    young = IN_FORCE[ties.stage] & CONTRACT[ties.form] & (ties.age < _EARLY) & ~ties.friction
    chance = quarterly_chance(float(law["partnership.trust.misfit"]))
    rows = np.flatnonzero(young)
    rows = rows[model.luck.uniform("partnership.misfit", model.t, ties.key[rows]) < chance] if len(rows) else rows
    for row in rows:
        likely = float(law["partnership.trust.answered"]) * float(attention(checks[row]))
        u = model.luck.uniform("partnership.answer", model.t, ties.key[row : row + 1])[0]
        misfit(model, int(row), float(law["partnership.trust.misfit_severity"]), bool(u < likely))


def misfit(model: OncologyMarket, row: int, severity: float, answered: bool) -> None:
    """Let something small go wrong between partners: ``answered`` where it was reported and fixed."""
    ties = model.ties
    breach(model, np.array([row]), severity)
    if answered:
        ties.friction[row] = False
        ties.repair_until[row] = model.t + int(model.law["partnership.trust.repair_quarters"])
    else:
        ties.friction[row] = True
    how = "it is reported, answered and put right" if answered else "nobody answers it"
    model.tell(
        "misfit",
        int(ties.a[row]),
        other=int(ties.b[row]),
        amount=severity,
        text=f"something small goes wrong between {{actor}} and {{other}} in their "
        f"{TIE_FORMS[ties.form[row]].replace('_', ' ')}: {how}",
    )


def _staff(model: OncologyMarket, living: NDArray[np.bool_]) -> None:
    """Let the support of the staff follow the lower trust between their organisations."""
    ties = model.ties
    pace = float(model.law["partnership.staff.pace"])
    toward = np.minimum(ties.trust_ab, ties.trust_ba)
    ties.staff = np.where(living, ties.staff + pace * (toward - ties.staff), ties.staff)


def announce(model: OncologyMarket, row: int, early: bool, consistent: bool) -> None:
    """Announce a change to the staff of both sides: early and often, or late; in the usual way, or out of character.

    Early news wins half of the support that late news costs. What comes out of character is a breach for the partner too.
    """
    ties, law = model.ties, model.law
    shock = float(law["partnership.staff.shock"])
    if not consistent:
        shock *= float(law["partnership.trust.out_of_character"]) if not early else 1.0
    before = float(ties.staff[row])
    moved = before + 0.5 * shock * (1.0 - before) if early else before * (1.0 - min(shock, 1.0))
    ties.staff[row] = moved
    if early and consistent:
        ties.repair_until[row] = max(int(ties.repair_until[row]), model.t + int(law["partnership.trust.repair_quarters"]))
    else:
        breach(model, np.array([row]), 1.0, out_of_character=not consistent)
        if not early:
            ties.friction[row] = True
    when = "early and often" if early else "late"
    how = "in its usual way" if consistent else "unlike its past style"
    model.tell(
        "change_announced",
        int(ties.a[row]),
        other=int(ties.b[row]),
        amount=moved - before,
        text=f"{{actor}} announces a change in its work with {{other}} {when}, {how}: support of the staff "
        f"{'rises' if moved > before else 'falls'} from {before:.0%} to {moved:.0%}",
    )
