"""Talks: from a first meeting through a shared problem and due diligence to a signature, or to nothing (methods 2e)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import (
    ACADEMIC_CENTER,
    HEALTH_SYSTEM,
    NETWORK,
    ORG_KINDS,
    PRACTICE,
    SERVICE_LINES,
    TIE_FORMS,
    TIE_STAGES,
)
from oncsim.processes.meeting import TALKING
from oncsim.processes.tie_worth import tie_worth
from oncsim.randomness import pair_keys, triangular1
from oncsim.ties.distance import miles_between
from oncsim.ties.ladder import CO_MANAGEMENT, CONTRACT, FROM_A_TIE, HUB, IN_FORCE, REFERRAL, RUNG
from oncsim.ties.signing import best_form
from oncsim.ties.trust import DISSOLVED, used_trust
from oncsim.ties.worth import NEITHER_HAS, NONE, PROBLEM_WORDS, Books, Worth, bars, scores

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PROSPECT, _SHARED_PROBLEM, _DILIGENCE, _RAMP_UP = (
    TIE_STAGES.index(stage) for stage in ("prospect", "shared_problem", "due_diligence", "ramp_up")
)


_BEFORE = np.zeros(len(ORG_KINDS), dtype=np.int64)
_BEFORE[[PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER, NETWORK]] = 0, 1, 2, 3


def form_words(form: int) -> str:
    """Return a form as people say it, with its article: ``a referral tie``, ``an inpatient coverage agreement``."""
    words = {
        "referral": "a referral tie",
        "clinical_affiliation": "a clinical affiliation",
        "inpatient_coverage": "an inpatient coverage agreement",
        "telehealth_hub": "a telehealth hub-and-spoke",
        "co_management": "a co-managed center",
        "professional_services": "a professional-services agreement",
        "employer_bundle": "an employer bundle",
        "joint_venture": "a joint venture",
        "network_membership": "a network membership",
        "acquisition": "an acquisition",
    }
    return words[TIE_FORMS[form]]


def quarters_of(model: OncologyMarket, form: int, key: int) -> tuple[int, int]:
    """Return (quarters until a tie works fully, quarters of them before it is signed): triangular, by the pair's luck."""
    ladder = model.ladder
    u = model.luck.uniform1("partnership.ramp", 0, key)
    months = triangular1(u, float(ladder.ramp_low[form]), float(ladder.ramp[form]), float(ladder.ramp_high[form]))
    whole = max(1, round(months / 3.0))
    before = min(round(months * float(ladder.diligence[form]) / 3.0), whole)
    return whole, before


def talk(model: OncologyMarket, books: Books) -> None:
    """Move talks one quarter on: look for common ground, study each other, sign or give up."""
    ties = model.ties
    rows = np.flatnonzero(TALKING[ties.stage] & (ties.met < model.t))
    if len(rows) == 0:
        return
    orgs = model.orgs
    top = orgs.top_owner()
    a, b = ties.a[rows], ties.b[rows]
    over = (orgs.status[a] != 0) | (orgs.status[b] != 0) | (top[a] == top[b])
    ties.stage[rows[over]] = DISSOLVED
    ties.ended[rows[over]] = model.t
    rows = rows[~over]
    if len(rows) == 0:
        return
    a, b = ties.a[rows], ties.b[rows]
    found = tie_worth(model, a, b, miles_between(model, a, b, books.places), books.brings)
    lower = lower_trust(model, rows)
    score = scores(model, found, lower)
    needed = bars(model, found.divert)
    ties.problem[rows] = np.where(found.problem != NONE, found.problem, ties.problem[rows])
    stage = ties.stage[rows].copy()
    new = np.flatnonzero(stage == _PROSPECT)
    for place, form in zip(new.tolist(), _after_meeting(model, rows[new], score[new]).tolist(), strict=True):
        _lead_on(model, int(rows[place]), form, found, place)
    for at in np.flatnonzero(stage == _SHARED_PROBLEM):
        _common_ground(model, int(rows[at]), float(lower[at]), needed[at], score[at])
    ready = np.flatnonzero((stage == _DILIGENCE) & (ties.stage_age[rows] >= ties.diligence[rows]))
    pays = _still_pays(model, rows[ready], score[ready])
    for place, agreed in zip(ready.tolist(), pays.tolist(), strict=True):
        _conclude(model, int(rows[place]), found, score[place], float(lower[place]), needed[place], place, agreed)


def lower_trust(model: OncologyMarket, rows: Ints) -> Floats:
    """Return the lower of the two trusts used in each tie, (rows,)."""
    ab, ba = used_trust(model)
    return np.minimum(ab[rows], ba[rows])


def _luck_of_forms(model: OncologyMarket, decision: str, keys: NDArray[np.uint64]) -> Floats:
    """Return one uniform for each form and one for none, (ties, forms + 1)."""
    options = np.arange(len(TIE_FORMS) + 1, dtype=np.uint64)
    both = pair_keys(np.repeat(keys, len(options)), np.tile(options, len(keys)))
    return model.luck.uniform(decision, model.t, both).reshape(len(keys), len(options))


def _after_meeting(model: OncologyMarket, rows: Ints, score: Floats) -> Ints:
    """Return the form that each first meeting leads the two to think of, -1 for nothing, (ties,)."""
    ties, law = model.ties, model.law
    problem = ties.problem[rows]
    # A contract starts from a problem that both have; strangers run a center together only to build what neither has.
    closed = np.tile(FROM_A_TIE, (len(rows), 1))
    closed[:, CO_MANAGEMENT] = problem != NEITHER_HAS
    closed |= CONTRACT & (problem == NONE)[:, None]
    u = _luck_of_forms(model, "partnership.form", ties.key[rows])
    return best_form(np.where(closed, -np.inf, score), u, float(law["partnership.value.scale"]))


def _lead_on(model: OncologyMarket, row: int, form: int, found: Worth, at: int) -> None:
    """Make of a first meeting nothing, a referral tie without contract, or work on a shared problem."""
    ties = model.ties
    if form < 0:
        give_up(model, row, "")
    elif form == REFERRAL:
        _sign(model, row, form, found, at)
    else:
        ties.form[row] = form
        ties.stage[row] = _SHARED_PROBLEM
        ties.stage_age[row] = 0
        model.tell(
            "talks_begin",
            int(ties.a[row]),
            other=int(ties.b[row]),
            text=f"{{actor}} and {{other}} start to talk about {form_words(form)}: {PROBLEM_WORDS[ties.problem[row]]}",
        )


def _common_ground(model: OncologyMarket, row: int, lower: float, needed: Floats, score: Floats) -> None:
    """Go on to due diligence once each trusts the other enough for the form they have in mind."""
    ties = model.ties
    form = int(ties.form[row])
    if score[form] == -np.inf:
        give_up(model, row, "what had brought them together is gone")
        return
    if lower >= needed[form]:
        whole, before = quarters_of(model, form, int(ties.key[row]))
        ties.ramp[row], ties.diligence[row] = whole, before
        ties.stage[row] = _DILIGENCE
        ties.stage_age[row] = 0
        return
    waited = ties.stage_age[row] >= int(model.law["partnership.meet.patience"])
    if waited and not _settle_for_less(model, row, lower, needed, score):
        give_up(model, row, f"they never came to trust each other enough ({lower:.2f} of {needed[form]:.2f})")


def _settle_for_less(model: OncologyMarket, row: int, lower: float, needed: Floats, score: Floats) -> bool:
    """Turn to a looser form that they trust each other enough for, once; return whether there is one worth having."""
    ties = model.ties
    form = int(ties.form[row])
    looser = np.where((RUNG[form] > RUNG) & ~FROM_A_TIE & (lower >= needed) & (score > 0), score, -np.inf)
    if not np.isfinite(looser).any() or ties.settles_for_less[row]:
        return False
    ties.form[row], ties.stage_age[row], ties.settles_for_less[row] = int(looser.argmax()), 0, True
    return True


def _still_pays(model: OncologyMarket, rows: Ints, score: Floats) -> NDArray[np.bool_]:
    """Return whether the form that each pair has studied is still worth more to them than nothing, (ties,)."""
    form = model.ties.form[rows]
    every = np.arange(len(rows))
    only = np.full_like(score, -np.inf)
    only[every, form] = score[every, form]
    u = _luck_of_forms(model, "partnership.sign", model.ties.key[rows])
    return best_form(only, u, float(model.law["partnership.value.scale"])) >= 0


def _conclude(
    model: OncologyMarket, row: int, found: Worth, score: Floats, lower: float, needed: Floats, at: int, pays: bool
) -> None:
    """Sign at the end of due diligence where it still pays both and they trust each other enough; else look for less."""
    ties = model.ties
    form = int(ties.form[row])
    trusted = lower >= needed[form]
    if trusted and pays:
        _sign(model, row, form, found, at)
    elif _settle_for_less(model, row, lower, needed, score):
        ties.stage[row] = _SHARED_PROBLEM  # what they know of each other stays; the other form takes its own time
    elif trusted:
        give_up(model, row, "due diligence found too little in it")
    else:
        give_up(model, row, f"trust had fallen to {lower:.2f}, less than {needed[form]:.2f} that it needs")


def give_up(model: OncologyMarket, row: int, reason: str) -> None:
    """End talks that led to nothing; those that had a form in mind are told."""
    ties = model.ties
    told = ties.stage[row] != _PROSPECT
    ties.stage[row] = DISSOLVED
    ties.ended[row] = model.t
    if told:
        model.tell(
            "talks_end",
            int(ties.a[row]),
            other=int(ties.b[row]),
            amount=(model.t - int(ties.met[row])) / 4.0,
            text=f"{{actor}} and {{other}} give up talks about {form_words(int(ties.form[row]))}: {reason}",
        )


def _sign(model: OncologyMarket, row: int, form: int, found: Worth, at: int) -> None:
    ties = model.ties
    ties.worth[row] = float(found.surplus[at, form])
    ties.overlap[row] = float(found.divert[at])
    if form == REFERRAL:
        ties.ramp[row], ties.diligence[row] = quarters_of(model, form, int(ties.key[row]))
    begin_tie(model, row, form, _reasons(found, at, form))


def _reasons(found: Worth, at: int, form: int) -> str:
    lacking = found.lacks_a[at] | found.lacks_b[at]
    names = [line.replace("_", " ") for line, one in zip(SERVICE_LINES, lacking, strict=True) if one]
    dollars = float(found.surplus[at, form]) * float(found.smaller[at])
    amount = f"${dollars / 1e6:,.1f} million" if dollars >= 1e6 else f"${max(dollars, 0.0) / 1e3:,.0f} thousand"
    what = f"only one of them has {', '.join(names)}; " if names else ""
    return f": {what}worth about {amount} a year to both together"


def begin_tie(model: OncologyMarket, row: int, form: int, reason: str) -> None:
    """Put a tie into force in a form: shares, set-up cost, the ramp, the story."""
    ties, orgs, law = model.ties, model.orgs, model.law
    deeper = IN_FORCE[ties.stage[row]] and RUNG[form] != RUNG[ties.form[row]]
    ladder = model.ladder
    own, say = float(ladder.owner_share[form]), float(ladder.control_share[form])
    if own + say > 0 and leads(model, int(ties.b[row]), int(ties.a[row]), form):
        swap_sides(model, row)
    if deeper:
        ties.form_before[row] = ties.form[row]
        ties.ramp[row], ties.diligence[row] = quarters_of(model, form, int(ties.key[row]))
    ties.form[row] = form
    ties.signed[row] = model.t
    ties.owner_share[row], ties.control_share[row] = own, say
    ties.stage[row] = TIE_STAGES.index("deepened") if deeper else _RAMP_UP
    ties.stage_age[row] = int(ties.diligence[row])
    ties.fading[row] = 0
    if not deeper:
        ties.age[row] = 0
    if np.isnan(ties.checks[row]):
        ties.checks[row] = float(law["partnership.trust.checks"])
    cost = float(ladder.setup_cost[form]) / 2.0
    for org in (int(ties.a[row]), int(ties.b[row])):
        orgs.cash[org] -= cost
    a, b = int(ties.a[row]), int(ties.b[row])
    verb = "deepen their tie to" if deeper else "begin"
    model.tell(
        "tie_deepened" if deeper else "tie_formed",
        a,
        other=b,
        amount=(model.t - int(ties.met[row])) / 4.0 if ties.met[row] > -1_000_000 else float("nan"),
        text=f"{{actor}} and {{other}} {verb} {form_words(form)}{reason}",
    )


def leads(model: OncologyMarket, one: int, other: int, form: int) -> bool:
    """Return whether what a form gives of control goes to ``one``: the hub of its spoke, a center before a system, both
    before a practice."""
    kind = model.orgs.kind
    if form == HUB:
        people = np.bincount(model.sites.org[model.physicians.site], minlength=len(model.orgs))
        return bool(people[one] > people[other])
    return bool(_BEFORE[kind[one]] > _BEFORE[kind[other]])


def swap_sides(model: OncologyMarket, row: int) -> None:
    """Make the system, center or network the first of the two: what a tie gives of control it gives to that side."""
    ties = model.ties
    for one, other in (("a", "b"), ("trust_ab", "trust_ba"), ("evidence_ab", "evidence_ba")):
        first, second = getattr(ties, one), getattr(ties, other)
        first[row], second[row] = second[row], first[row]
