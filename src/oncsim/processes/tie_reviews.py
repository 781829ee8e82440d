"""Reviews: partners ask what a tie is still worth: deepen it, scale it back, restore it, answer old frictions (2e)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import TIE_STAGES, among
from oncsim.processes.experience import checks_held
from oncsim.processes.talks import begin_tie, form_words, lower_trust, quarters_of
from oncsim.processes.tie_worth import tie_worth
from oncsim.ties.distance import miles_between
from oncsim.ties.ladder import BUNDLE, CONTRACT, FROM_A_CONTRACT, IN_FORCE, REFERRAL, RUNG
from oncsim.ties.trust import attention
from oncsim.ties.worth import NONE, Books, Worth, bars, scores

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_RAMP_UP, _ACTIVE, _DEEPENED, _SCALED_BACK = (
    TIE_STAGES.index(stage) for stage in ("ramp_up", "active", "deepened", "scaled_back")
)


def review(model: OncologyMarket, books: Books) -> None:
    """Review the ties whose turn it is; settle deeper forms that were being studied."""
    ties, law = model.ties, model.law
    yearly = float(law["partnership.review.yearly"])
    due = IN_FORCE[ties.stage] & (model.luck.uniform("partnership.review", model.t, ties.key) < min(yearly / 4.0, 1.0))
    due |= IN_FORCE[ties.stage] & np.isnan(ties.worth)
    studied = (ties.successor >= 0) & (ties.successor_at <= model.t)
    rows = np.flatnonzero(due | studied)
    if len(rows) == 0:
        return
    a, b = ties.a[rows], ties.b[rows]
    found = tie_worth(model, a, b, miles_between(model, a, b, books.places), books.brings)
    lower, needed = lower_trust(model, rows), bars(model, found.divert)
    score = scores(model, found, lower)
    _settle_deeper(model, rows, found, score, lower, needed)
    turn = due[rows] & IN_FORCE[ties.stage[rows]]
    _take_stock(model, rows[turn], found.surplus[turn], found.divert[turn], found.problem[turn])
    _answer_frictions(model, rows[turn])
    _fade(model, rows[turn], lower[turn])
    _consider_deeper(model, rows[turn], score[turn], lower[turn], needed[turn])


def _take_stock(model: OncologyMarket, rows: Ints, surplus: Floats, divert: Floats, problem: Ints) -> None:
    """Write down what each tie is worth in its form now, and what problem it still solves."""
    ties = model.ties
    now = surplus[np.arange(len(rows)), ties.form[rows]]
    ties.overlap[rows] = np.where(np.isnan(ties.worth[rows]), divert, ties.overlap[rows])
    # A tie that its form no longer fits is worth nothing, whatever it was.
    ties.worth[rows] = np.where(np.isfinite(now), now, -float(model.law["partnership.value.threshold"]))
    ties.problem[rows] = np.where(problem != NONE, problem, ties.problem[rows])
    ties.overlap_now[rows] = divert


def _answer_frictions(model: OncologyMarket, rows: Ints) -> None:
    """A review is where old frictions come up: some are answered then, the better partners check on each other."""
    ties = model.ties
    smouldering = rows[ties.friction[rows]]
    if len(smouldering) == 0:
        return
    likely = 0.5 * float(model.law["partnership.trust.answered"]) * attention(checks_held(model)[smouldering])
    u = model.luck.uniform("partnership.answer_late", model.t, ties.key[smouldering])
    for row in smouldering[u < likely]:
        ties.friction[row] = False
        ties.repair_until[row] = model.t + int(model.law["partnership.trust.repair_quarters"])
        model.tell(
            "friction_resolved",
            int(ties.a[row]),
            other=int(ties.b[row]),
            text="{actor} and {other} put right at a review what had stood between them",
        )


def _fade(model: OncologyMarket, rows: Ints, lower: Floats) -> None:
    """Scale back what has had no worth for longer than trust makes partners patient; restore what has worth again.

    What has found no worth for as long again is given up.
    """
    ties, law = model.ties, model.law
    worthless = ties.worth[rows] / 2.0 < 0.0
    ties.fading[rows] = np.where(worthless, ties.fading[rows] + 1, 0)
    patience = float(law["partnership.review.patience"]) * (1.0 + lower)
    back = (ties.fading[rows] > patience) & (ties.stage[rows] != _SCALED_BACK)
    again = ~worthless & (ties.stage[rows] == _SCALED_BACK)
    over = (ties.fading[rows] > 2.0 * patience) & (ties.stage[rows] == _SCALED_BACK)
    for row in rows[back]:
        ties.stage[row], ties.stage_age[row] = _SCALED_BACK, 0
        ties.successor[row] = -1
        _tell(model, int(row), "tie_scaled_back", "scale back", "it has lost its worth to them")
    for row in rows[again]:
        ties.stage[row], ties.stage_age[row] = _ACTIVE, 0
        _tell(model, int(row), "tie_restored", "restore", "it is worth its trouble again")
    if over.any():
        from oncsim.processes.partnership import end_tie

        for row in rows[over]:
            end_tie(model, int(row), "it had been scaled back and never regained its worth", parting=True)


def _tell(model: OncologyMarket, row: int, event: str, verb: str, reason: str) -> None:
    ties = model.ties
    form = form_words(int(ties.form[row])).split(" ", 1)[1]
    model.tell(
        event,
        int(ties.a[row]),
        other=int(ties.b[row]),
        amount=float(ties.age[row]) / 4.0,
        text=f"{{actor}} and {{other}} {verb} their {form}: {reason}",
    )


def _consider_deeper(model: OncologyMarket, rows: Ints, score: Floats, lower: Floats, needed: Floats) -> None:
    """Let partners whose tie works look one step up the ladder, where trust allows and it is worth more to both."""
    ties, law = model.ties, model.law
    settled = int(law["partnership.review.settled"])
    # A tie that has just deepened settles once its new form works fully.
    due = np.where(ties.stage[rows] == _DEEPENED, ties.ramp[rows] + settled, settled)
    ready = among(ties.stage[rows], (_ACTIVE, _DEEPENED)) & (ties.stage_age[rows] >= due)
    ready &= (ties.successor[rows] < 0) & ~ties.friction[rows] & (ties.form[rows] != BUNDLE)
    ready &= model.luck.uniform("partnership.deepen", model.t, ties.key[rows]) < float(law["partnership.review.deepen"])
    scale = float(law["partnership.value.scale"])
    form_now = ties.form[rows]
    above = (RUNG[form_now][:, None] < RUNG) & (lower[:, None] >= needed) & np.isfinite(score)
    above &= ~(CONTRACT & (ties.problem[rows] == NONE)[:, None]) & ~(FROM_A_CONTRACT & (form_now == REFERRAL)[:, None])
    ready &= above.any(axis=1)
    code = _pair_codes(model)
    tied = _forms_of_pairs(model, code, rows[ready])
    for at in np.flatnonzero(ready):
        row, form = int(rows[at]), int(form_now[at])
        held = tied.get(int(code[row]), set())
        steps = [f for f in np.flatnonzero(above[at]).tolist() if f not in held]
        if not steps:
            continue
        lowest = min(RUNG[f] for f in steps)
        nearest = [f for f in steps if RUNG[f] <= lowest + 1]  # one step at a time
        best = max(nearest, key=lambda f: (round(float(score[at, f]), 6), -int(RUNG[f])))
        if score[at, best] - score[at, form] > scale * 0.5:
            ties.successor[row] = best
            _, before = quarters_of(model, best, int(ties.key[row]))
            ties.successor_at[row] = model.t + max(before, 1)


def _pair_codes(model: OncologyMarket) -> Ints:
    """Return one number for the two of each tie, whoever is first, (ties,)."""
    ties = model.ties
    return np.minimum(ties.a, ties.b) * len(model.orgs) + np.maximum(ties.a, ties.b)


def _forms_of_pairs(model: OncologyMarket, code: Ints, rows: Ints) -> dict[int, set[int]]:
    """Return the contracts in force between the two of each of some ties, and those they are about to sign, by pair."""
    ties = model.ties
    found: dict[int, set[int]] = {}
    if len(rows) == 0:
        return found
    asked = IN_FORCE[ties.stage] & np.isin(code, code[rows])
    for forms in (ties.form, ties.successor):
        held = np.flatnonzero(asked & (forms >= 0) & CONTRACT[forms])
        for one, form in zip(code[held].tolist(), forms[held].tolist(), strict=True):
            found.setdefault(one, set()).add(form)
    return found


def _settle_deeper(model: OncologyMarket, rows: Ints, found: Worth, score: Floats, lower: Floats, needed: Floats) -> None:
    """Sign the deeper form at the end of its due diligence where both still trust each other enough."""
    ties = model.ties
    studied = (ties.successor[rows] >= 0) & (ties.successor_at[rows] <= model.t)
    inside = np.flatnonzero(studied & among(ties.stage[rows], (_ACTIVE, _DEEPENED)))
    wanted = ties.successor[rows].copy()
    ties.successor[rows[studied]] = -1
    code = _pair_codes(model)
    tied = _forms_of_pairs(model, code, rows[inside])
    for at in inside.tolist():
        row, form = int(rows[at]), int(wanted[at])
        held = tied.setdefault(int(code[row]), set())
        better = score[at, form] > max(float(score[at, ties.form[row]]), 0.0)
        if lower[at] >= needed[at, form] and better and form not in held:
            ties.worth[row] = float(found.surplus[at, form])
            begin_tie(model, row, form, f": each trusts the other at {lower[at]:.2f} or more")
            held.add(form)
