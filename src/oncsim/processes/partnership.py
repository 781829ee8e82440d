"""Partnership life: ties are talked over, signed, ramped up, trusted, deepened or scaled back, and end (methods 2e)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, SERVICE_LINES, TIE_FORMS, TIE_STAGES, among
from oncsim.processes.conduct import return_patients, shift_costs
from oncsim.processes.experience import experience
from oncsim.processes.handover import hand_over
from oncsim.processes.meeting import TALKING, common_partners, meet
from oncsim.processes.privileges import review_privileges
from oncsim.processes.services_agreement import bill_by_agreement
from oncsim.processes.spokes import staff_spokes
from oncsim.processes.talks import begin_tie, form_words, give_up, leads, swap_sides, talk
from oncsim.processes.tie_reviews import review
from oncsim.randomness import identity
from oncsim.ties.hazard import Circumstances, ends, log_hazard
from oncsim.ties.ladder import AFFILIATION, CO_MANAGEMENT, CONTRACT, IN_FORCE, JOINT_VENTURE, Ladder
from oncsim.ties.trust import DISSOLVED, good_chance, stationary_mean, used_trust
from oncsim.ties.worth import Books

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_TRIALS = SERVICE_LINES.index("trials")
_RAMP_UP, _ACTIVE = TIE_STAGES.index("ramp_up"), TIE_STAGES.index("active")


def partnership(model: OncologyMarket) -> None:
    """Let partnerships live a quarter: time passes, trust moves, ties are reviewed and end, talks go on, others meet."""
    model.ladder = Ladder.of(model.law)
    forget_talks(model)
    review_privileges(model)
    books = Books(model)
    if len(model.ties):
        _advance(model)
        _open_trials(model)
        shift_costs(model)
        return_patients(model)
        experience(model)
        review(model, books)
        _end(model)
        talk(model, books)
    meet(model, books)
    staff_spokes(model)
    bill_by_agreement(model)
    hand_over(model)


def forget_talks(model: OncologyMarket) -> None:
    """Drop talks that came to nothing in an earlier quarter, and ties ended before their first, from the table."""
    ties, sites = model.ties, model.sites
    kept = (ties.stage != DISSOLVED) | (ties.age > 0) | (ties.ended >= model.t)
    if kept.all():
        return
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    ties.keep(kept)
    for column in (sites.hub_tie, sites.billed_by):
        held = column >= 0
        column[held] = place[column[held]]


def begin_ties(model: OncologyMarket) -> None:
    """Give the ties of the start their shares, ramp and trust, better known the older they are."""
    ties, law = model.ties, model.law
    ladder = model.ladder = Ladder.of(law)
    if len(ties) == 0:
        return
    ties.signed = -ties.age
    for row in np.flatnonzero(ladder.owner_share[ties.form] + ladder.control_share[ties.form] > 0):
        if leads(model, int(ties.b[row]), int(ties.a[row]), int(ties.form[row])):
            swap_sides(model, int(row))
    ties.owner_share = ladder.owner_share[ties.form]
    ties.control_share = ladder.control_share[ties.form]
    ties.ramp = np.maximum(1, np.round(ladder.ramp[ties.form] / 3.0)).astype(np.int64)
    ties.checks = np.where(np.isnan(ties.checks), float(law["partnership.trust.checks"]), ties.checks)
    ties.staff = np.full(len(ties), float(law["partnership.staff.start"]))
    chance = float(good_chance(float(law["partnership.trust.good"]), float(law["partnership.trust.checks"])))
    gain, ratio = float(law["partnership.trust.gain"]), float(law["partnership.trust.loss_ratio"])
    start, settled = float(law["partnership.trust.start"]), stationary_mean(chance, gain, ratio)
    # Mean path from the start towards the long-run mean, with keyed spread that also fades in with age.
    pace = (1.0 - gain * chance - gain * ratio * (1.0 - chance)) ** ties.age
    for side in ("ab", "ba"):
        noise = model.market_luck.normal(f"ties.trust.{side}", 0, ties.key).clip(-2, 2)
        trust = settled + (start - settled) * pace + 0.08 * noise * (1.0 - pace)
        given = getattr(ties, f"trust_{side}")
        setattr(ties, f"trust_{side}", np.where(np.isnan(given), np.clip(trust, 0.0, 1.0), given))
        setattr(ties, f"evidence_{side}", ties.age.astype(np.float64))


def _advance(model: OncologyMarket) -> None:
    ties = model.ties
    living = ties.stage != DISSOLVED
    ties.age = ties.age + IN_FORCE[ties.stage]
    ties.stage_age = ties.stage_age + living
    done = (ties.stage == _RAMP_UP) & (ties.stage_age >= ties.ramp)
    ties.stage = np.where(done, _ACTIVE, ties.stage)
    ties.stage_age = np.where(done, 0, ties.stage_age)
    for row in np.flatnonzero(done & CONTRACT[ties.form]):
        words = form_words(int(ties.form[row])).split(" ", 1)[1]
        model.tell(
            "tie_active",
            int(ties.a[row]),
            other=int(ties.b[row]),
            amount=(model.t - int(ties.met[row])) / 4.0 if ties.met[row] > -1_000_000 else float("nan"),
            text=f"the {words} of {{actor}} and {{other}} works fully",
        )


def _open_trials(model: OncologyMarket) -> None:
    """Let a center open trials with a partner, some time after their work together has come to full strength (F14)."""
    ties, orgs, sites = model.ties, model.orgs, model.sites
    lag = int(model.law["partnership.trials_lag"])
    ripe = IN_FORCE[ties.stage] & among(ties.form, (AFFILIATION, CO_MANAGEMENT, JOINT_VENTURE))
    ripe &= (model.t - ties.signed == ties.ramp - ties.diligence + lag) & (
        (orgs.kind[ties.a] == ACADEMIC_CENTER) != (orgs.kind[ties.b] == ACADEMIC_CENTER)
    )
    for row in np.flatnonzero(ripe):
        center = orgs.kind[ties.a[row]] == ACADEMIC_CENTER
        partner = int(ties.b[row] if center else ties.a[row])
        mine = np.flatnonzero((sites.org == partner) & sites.open & (sites.oncologists > 1e-6))
        if len(mine) == 0 or sites.lines[mine, _TRIALS].any():
            continue
        sites.lines[mine[np.lexsort((sites.key[mine], -sites.oncologists[mine]))[0]], _TRIALS] = True
        model.tell(
            "trials_open",
            int(ties.a[row] if center else ties.b[row]),
            other=partner,
            amount=float(ties.age[row]) / 4.0,
            text="{actor} opens trials at {other}, the later part of their work together",
        )


def circumstances(model: OncologyMarket, rows: NDArray[np.int64]) -> Circumstances:
    """Return what the hazard of ending depends on for some ties."""
    ties, orgs, law = model.ties, model.orgs, model.law
    a, b = ties.a[rows], ties.b[rows]
    trust_ab, trust_ba = used_trust(model)
    top = orgs.top_owner()
    least = float(law["partnership.value.threshold"])
    return Circumstances(
        form=ties.form[rows],
        years=(model.t - ties.signed[rows]) / 4.0,
        trust=np.minimum(trust_ab, trust_ba)[rows],
        worth=np.nan_to_num(ties.worth[rows], nan=2.0 * least) / 2000.0,
        exit_cost=model.ladder.exit_cost[ties.form[rows]],
        overlap=ties.overlap_now[rows] - ties.overlap[rows],
        criticism=1.0 - ties.staff[rows],
        common=common_partners(model, a, b),
        sold=((orgs.owner[a] >= 0) | (orgs.owner[b] >= 0)) & (top[a] != top[b]),
    )


def _end(model: OncologyMarket) -> None:
    """End ties by a complementary log-log hazard; those of closed organisations end at once."""
    ties, orgs = model.ties, model.orgs
    rows = np.flatnonzero(IN_FORCE[ties.stage])
    if len(rows) == 0:
        return
    seen = circumstances(model, rows)
    a, b = ties.a[rows], ties.b[rows]
    top = orgs.top_owner()
    over = ends(log_hazard(model.law, seen), model.luck.uniform("partnership.end", model.t, ties.key[rows]))
    gone = (orgs.status[a] == 3) | (orgs.status[b] == 3)
    inside = top[a] == top[b]
    for at in np.flatnonzero(over | gone | inside):
        row = int(rows[at])
        if inside[at]:
            end_tie(model, row, "one now owns the other")
        elif gone[at]:
            end_tie(model, row, "one of them has closed")
        else:
            end_tie(model, row, _reason(seen, int(at)), parting=True)


def _reason(seen: Circumstances, at: int) -> str:
    if seen.sold[at]:
        return "one of them was bought by somebody else"
    if seen.criticism[at] > 0.6:
        return f"their own staff had turned against it (support {1.0 - seen.criticism[at]:.0%})"
    if seen.trust[at] < 0.45:
        return f"trust had fallen to {seen.trust[at]:.2f}"
    if seen.worth[at] < 0:
        return "it was no longer worth its trouble"
    return "they drifted apart"


def end_tie(model: OncologyMarket, row: int, reason: str, parting: bool = False) -> None:
    """Dissolve a tie and tell it.

    ``parting`` where the partners end it themselves: unwinding a contract costs both, and a system may make an offer for the
    practice it had a joint venture with.
    """
    ties, orgs = model.ties, model.orgs
    if TALKING[ties.stage[row]]:
        give_up(model, row, reason)
        return
    form = int(ties.form[row])
    ties.stage[row] = DISSOLVED
    ties.stage_age[row] = 0
    ties.ended[row] = model.t
    ties.successor[row] = -1
    years = ties.age[row] / 4.0
    a, b = int(ties.a[row]), int(ties.b[row])
    cost = exit_cost(model, row) if parting else 0.0
    orgs.cash[[a, b]] -= cost / 2.0
    model.tell(
        "tie_dissolved",
        a,
        other=b,
        amount=float(years),
        text=f"{{actor}} and {{other}} end their {TIE_FORMS[form].replace('_', ' ')} tie after {years:.1f} years: {reason}"
        + (f"; unwinding it costs ${cost / 1e6:,.2f} million" if cost >= 5e3 else ""),
    )
    from oncsim.processes.services_agreement import bill_as_office
    from oncsim.processes.spokes import leave_spoke

    bill_as_office(model, row)
    leave_spoke(model, row)
    if parting and form == JOINT_VENTURE:
        _buy_out(model, row)


def exit_cost(model: OncologyMarket, row: int) -> float:
    """Return what unwinding a tie costs both sides together: years of what it is worth, by form, dollars."""
    ties = model.ties
    years = float(model.ladder.exit_cost[ties.form[row]])
    if years <= 0 or np.isnan(ties.worth[row]):
        return 0.0
    patients = float(np.maximum(4.0 * model.orgs.starts[[ties.a[row], ties.b[row]]], 20.0).min())
    return max(float(ties.worth[row]), 0.0) * patients * years


def _buy_out(model: OncologyMarket, row: int) -> None:
    """Let the system make an offer for the practice whose joint venture with it ends, on terms its owners would accept."""
    from oncsim.agents import HealthSystem
    from oncsim.processes.bids import value_practice
    from oncsim.processes.deals import offer

    ties, orgs, law = model.ties, model.orgs, model.law
    system, practice = int(ties.a[row]), int(ties.b[row])
    buyer = model.agent(system)
    if not isinstance(buyer, HealthSystem) or orgs.status[practice] != 0 or orgs.pending[practice]:
        return
    if not law["policy.acquisitions.allowed"] or not hasattr(model, "prospects"):
        return
    u = model.luck.uniform("partnership.buyout", model.t, ties.key[row : row + 1])[0]
    if u < float(law["partnership.dissolve.buyout"]):
        target = value_practice(model, system, practice, np.flatnonzero(model.hospitals.org == system))
        if target is not None:
            offer(model, target)


def end_ties_of(model: OncologyMarket, org: int, others: NDArray[np.bool_] | None, reason: str) -> None:
    """End the living ties of an organisation: all of them, or those with the organisations flagged in ``others``."""
    ties = model.ties
    mine = (ties.stage != DISSOLVED) & ((ties.a == org) | (ties.b == org))
    if others is not None:
        mine &= others[np.where(ties.a == org, ties.b, ties.a)]
    for row in np.flatnonzero(mine):
        end_tie(model, int(row), reason)


def sign_tie(model: OncologyMarket, a: int, b: int, form: int, trust: tuple[float, float], stage: int, reason: str) -> int:
    """Sign a tie between two organisations without talks; return its row."""
    orgs, law = model.orgs, model.law
    name = f"{orgs.id[a]}~{orgs.id[b]}~{TIE_FORMS[form]}~{model.quarter}"
    ladder = model.ladder
    row = model.ties.append(
        1,
        id=name,
        key=identity(name),
        a=a,
        b=b,
        form=form,
        ramp=max(1, round(float(ladder.ramp[form]) / 3.0)),
        met=model.t,
        trust_ab=trust[0],
        trust_ba=trust[1],
        checks=float(law["partnership.trust.checks"]),
        staff=float(law["partnership.staff.start"]),
    )
    begin_tie(model, row, form, reason)
    model.ties.stage[row] = stage
    model.ties.stage_age[row] = 0
    return row


__all__ = ["begin_ties", "circumstances", "end_tie", "end_ties_of", "exit_cost", "partnership", "sign_tie"]
