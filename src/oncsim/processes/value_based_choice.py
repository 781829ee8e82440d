"""Value-based choices: organisations join the Medicare model and commercial medical homes, switch arm and leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.actions.ownership import money
from oncsim.calendar import quarterly_chance
from oncsim.codes import ACADEMIC_CENTER, ACTIVE, HEALTH_SYSTEM, ORG_KINDS, PAYERS, PRACTICE, RISK_ARMS, among
from oncsim.processes.value_based import EPISODES, MONTHS, PERIOD_ENDS, payer_quarters
from oncsim.processes.value_based_terms import Terms
from oncsim.processes.value_based_worth import Worth, model_values
from oncsim.randomness import identities
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_FFS, _COMMERCIAL = PAYERS.index("medicare_ffs"), PAYERS.index("commercial")
ARM_WORDS = ("one-sided", "two-sided with a low limit on losses", "two-sided with a high limit on losses")


def value_based_choices(model: OncologyMarket) -> None:
    """Let organisations leave, switch and join: the Medicare model first, then commercial medical homes."""
    law, orgs = model.law, model.orgs
    running, entry = bool(law["policy.value_based.running"]), bool(law["policy.value_based.entry_open"])
    if not running:
        _end(model)
    _part_with_the_sold(model)
    required = required_to_join(model) if running else np.zeros(len(orgs), dtype=np.bool_)
    reviews = running and model.quarter.number in PERIOD_ENDS
    if (running and (orgs.vb_arm >= 0).any()) or entry or required.any():
        # Weighing is dear: only by those whose turn it can be.
        weighing = required | ((orgs.vb_arm >= 0) & reviews)
        if entry:
            weighing |= _may_join(model)
        values = model_values(model, weighing)
        if reviews:
            review(model, values, required)
        _leave_by_chance(model, required)
        if required.any():
            _join_as_required(model, values, required)
        if entry:
            join(model, values)
    commercial_choices(model)


def _candidates(model: OncologyMarket) -> Flags:
    """Return organisations that decide for themselves and treat patients."""
    orgs = model.orgs
    provider = among(orgs.kind, (PRACTICE, HEALTH_SYSTEM, ACADEMIC_CENTER))
    return np.asarray(provider & (orgs.status == ACTIVE) & (orgs.owner < 0))


def _ordered(model: OncologyMarket, chosen: Flags) -> NDArray[np.int64]:
    """Return the chosen rows in keyed random order, in which their events are told."""
    rows = np.flatnonzero(chosen)
    return rows[model.luck.order("value_based.order", model.t, model.orgs.key[rows])]


def _out(model: OncologyMarket, row: int, reason: str) -> None:
    orgs = model.orgs
    orgs.vb_arm[row] = -1
    orgs.vb_since[row] = -1_000_000
    orgs.vb_periods[row] = orgs.vb_dry[row] = orgs.vb_won[row] = 0
    orgs.vb_episodes[row] = orgs.vb_revenue[row] = 0.0
    model.tell("value_based_leave", row, text=f"{{actor}} leaves the Medicare oncology model: {reason}")


def _in(model: OncologyMarket, row: int, arm: int, amount: float, reason: str) -> None:
    lag = int(model.law["policy.value_based.entry_lag"])
    model.orgs.vb_arm[row] = arm
    model.orgs.vb_since[row] = model.t + max(lag, 1)
    model.tell(
        "value_based_join",
        row,
        amount=amount,
        text=f"{{actor}} joins the Medicare oncology model, {ARM_WORDS[arm]}: {reason}",
    )


def _end(model: OncologyMarket) -> None:
    """Release those who took part in a model that has ended; who has signed up for the next one stays signed up."""
    for row in _ordered(model, (model.orgs.vb_arm >= 0) & (model.orgs.vb_since <= model.t) & took_part(model)):
        _out(model, int(row), "the model has ended")


def took_part(model: OncologyMarket) -> Flags:
    """Return organisations that have been in the model under way for at least one settled period or part of one."""
    orgs = model.orgs
    return np.asarray((orgs.vb_periods > 0) | (orgs.vb_episodes > 0))


def _part_with_the_sold(model: OncologyMarket) -> None:
    """End the part of practices that have closed or now belong to a health system or academic center."""
    orgs = model.orgs
    inside = orgs.vb_arm >= 0
    if not (inside.any() or orgs.vb_commercial.any()):
        return
    top = orgs.top_owner()
    bought = (top != np.arange(len(orgs))) & among(orgs.kind[top], (HEALTH_SYSTEM, ACADEMIC_CENTER))
    gone = bought | (orgs.status > 1)
    orgs.vb_commercial &= ~gone
    for row in _ordered(model, inside & gone):
        _out(model, int(row), f"it now belongs to {orgs.name[top[row]]}" if bought[row] else "it has closed")


def review(model: OncologyMarket, values: Worth, required: Flags) -> None:
    """At the end of a period participants weigh staying, another arm, and the rule that ends one-sided participation."""
    law, orgs, terms = model.law, model.orgs, Terms.of(model.law)
    inside = (orgs.vb_arm >= 0) & (orgs.vb_since <= model.t)
    if not inside.any():
        return
    limit = int(law["policy.value_based.one_sided_periods"])
    forced = inside & (orgs.vb_arm == 0) & (orgs.vb_won == 0) & (orgs.vb_periods >= limit)
    forced |= inside & ~terms.offered[orgs.vb_arm.clip(min=0)]
    among = np.broadcast_to(np.ones(len(RISK_ARMS), dtype=np.bool_), values.open_to.shape).copy()
    among[forced, 0] = False
    best, value = values.best(among)
    now = values.per_episode[np.arange(len(orgs)), orgs.vb_arm.clip(min=0)]
    regret = model.luck.uniform("value_based.regret", model.t, orgs.key) < float(law["value_based.leave.regret"])
    eager = model.luck.uniform("value_based.switch", model.t, orgs.key) < float(law["value_based.switch"])
    pays = (best >= 0) & (value > 0)
    leaves = inside & ~required & np.where(forced, ~pays, ~pays & (now <= 0) & regret)
    moves = inside & ~leaves & (best >= 0) & (best != orgs.vb_arm) & (forced | (eager & (value > now)))
    for row in _ordered(model, leaves):
        _out(model, int(row), _why_leave(orgs.vb_dry[row], bool(forced[row])))
    for row in _ordered(model, moves):
        orgs.vb_arm[row] = best[row]
        yearly = float(value[row] * values.episodes[row])
        why = "one-sided participation is over for it" if forced[row] else "it values that arm more"
        model.tell(
            "value_based_arm",
            int(row),
            amount=yearly,
            text=f"{{actor}} goes {ARM_WORDS[best[row]]} in the Medicare oncology model: {why}, "
            f"worth {money(yearly)} a year after risk",
        )


def _why_leave(dry: int, forced: bool) -> str:
    if forced:
        return "it would have to bear losses, which it does not think worth it"
    if dry > 0:
        return f"{dry} period{'' if dry == 1 else 's'} without a payment, and it expects to lose by staying"
    return "it expects to lose by staying"


def _leave_by_chance(model: OncologyMarket, required: Flags) -> None:
    """Leave for reasons of one's own: likelier after two periods without a payment, rarer after one was earned."""
    law, orgs = model.law, model.orgs
    inside = (orgs.vb_arm >= 0) & (orgs.vb_since <= model.t) & ~required
    if not inside.any():
        return
    factor = np.where(orgs.vb_dry >= 2, float(law["value_based.leave.dry"]), 1.0)
    factor = factor * np.where(orgs.vb_won > 0, float(law["value_based.leave.won"]), 1.0)
    chance = quarterly_chance(np.minimum(float(law["value_based.leave.yearly"]) * factor, 1.0))
    u = model.luck.uniform("value_based.leave", model.t, orgs.key)
    for row in _ordered(model, inside & (u < chance)):
        dry = int(orgs.vb_dry[row])
        why = f"{dry} periods without a payment" if dry >= 2 else "for reasons of its own"
        _out(model, int(row), why)


def peer_share(model: OncologyMarket, taking_part: Flags) -> Floats:
    """Return, for each organisation, the share that takes part among providers with their seat in its market."""
    orgs, zones = model.orgs, model.zones
    market = np.where(orgs.zone >= 0, zones.market[orgs.zone.clip(min=0)], 0)
    peers = _candidates(model) & (orgs.starts > 0)
    count = len(zones.market_ids)
    some = np.bincount(market[peers & taking_part], minlength=count)
    every = np.bincount(market[peers], minlength=count)
    return np.asarray(np.divide(some, every, out=np.zeros(count), where=every > 0)[market])


def join_chance(
    model: OncologyMarket, value: Floats, scale: float, taking_part: Flags, past: Flags, pace: float = 0.25
) -> Floats:
    """Return the chance of joining in this quarter; none below a value of zero.

    A year: ``(p + q * peers) * logistic(value / scale)``.

    Parameters
    ----------
    value : (organisations,) float
        Certainty equivalent, in units of ``scale``'s.
    scale : float
        Value at which the odds are e to one.
    taking_part, past : (organisations,) bool
        Who counts as a peer taking part; who has experience.
    pace : float
        Years of decisions that the quarter stands for.
    """
    pull = _pull(model, taking_part, past)
    odds = 1.0 / (1.0 + np.exp(-np.clip(np.where(np.isfinite(value), value, 0.0) / scale, -50.0, 50.0)))
    return np.where(value > 0, 1.0 - (1.0 - pull * odds) ** pace, 0.0)


def _pull(model: OncologyMarket, taking_part: Flags, past: Flags) -> Floats:
    """Return the yearly chance of joining if it were certainly worth it: own initiative, peers, experience."""
    law = model.law
    peers = peer_share(model, taking_part)
    pull = float(law["value_based.join.innovation"]) + float(law["value_based.join.imitation"]) * peers
    return np.minimum(pull * np.where(past, float(law["value_based.join.experience"]), 1.0), 1.0)


def _may_join(model: OncologyMarket) -> Flags:
    """Return who would join the Medicare model this quarter if it were certainly worth it: nobody else can."""
    orgs = model.orgs
    pace = float(model.law["policy.value_based.entry_pace"])
    highest = 1.0 - (1.0 - _pull(model, orgs.vb_arm >= 0, orgs.vb_past)) ** pace
    u = model.luck.uniform("value_based.join", model.t, orgs.key)
    return np.asarray(_candidates(model) & (orgs.vb_arm < 0) & (u < highest))


def join(model: OncologyMarket, values: Worth) -> None:
    """Sign up where the best arm open to an organisation has a positive certainty equivalent and its time has come."""
    orgs, terms = model.orgs, Terms.of(model.law)
    best, value = values.best()
    scale = float(model.law["value_based.risk.noise"]) * terms.episode_cost
    pace = float(model.law["policy.value_based.entry_pace"])
    chance = join_chance(model, value, scale, orgs.vb_arm >= 0, orgs.vb_past, pace)
    u = model.luck.uniform("value_based.join", model.t, orgs.key)
    for row in _ordered(model, _candidates(model) & (orgs.vb_arm < 0) & (best >= 0) & (u < chance)):
        yearly = float(value[row] * values.episodes[row])
        _in(model, int(row), int(best[row]), yearly, f"worth {money(yearly)} a year to it after risk")


def required_to_join(model: OncologyMarket) -> Flags:
    """Return organisations that law requires to take part: those of the chosen markets with enough episodes."""
    law, orgs, zones = model.law, model.orgs, model.zones
    share = float(law["policy.value_based.mandatory"])
    if share <= 0:
        return np.zeros(len(orgs), dtype=np.bool_)
    chosen = model.market_luck.uniform("value_based.mandatory", 0, identities(zones.market_ids)) < share
    market = np.where(orgs.zone >= 0, zones.market[orgs.zone.clip(min=0)], 0)
    covered = float(law["policy.value_based.eligible_share"])
    episodes = 4.0 * EPISODES * covered * sum_by(model.sites.org, payer_quarters(model, _FFS), len(orgs))
    enough = episodes >= float(law["policy.value_based.mandatory_episodes"])
    return np.asarray(_candidates(model) & chosen[market] & enough & (episodes > 0))


def _join_as_required(model: OncologyMarket, values: Worth, required: Flags) -> None:
    """Take organisations in that must take part, in the arm on offer they value most, whatever their cash."""
    terms, orgs = Terms.of(model.law), model.orgs
    if not terms.offered.any():
        return
    worth = np.where(terms.offered[None, :], np.round(values.per_episode, 9), -np.inf)
    best = worth.argmax(axis=1)
    for row in _ordered(model, required & (orgs.vb_arm < 0)):
        yearly = float(worth[row, best[row]] * values.episodes[row])
        _in(model, int(row), int(best[row]), yearly, f"it must, at {money(yearly)} a year to it after risk")


def commercial_choices(model: OncologyMarket) -> None:
    """Become a commercial medical home, or stop being one: a fee without losses, so its expected value decides."""
    law, orgs = model.law, model.orgs
    offer = float(law["policy.value_based.commercial.offer_share"])
    fee = float(law["policy.value_based.commercial.fee"])
    if fee <= 0 or offer <= 0:
        orgs.vb_commercial[:] = False
        return
    monthly = fee * float(law["value_based.commercial.pathway_share"]) - float(law["value_based.cost.pathway"])
    treats = sum_by(model.sites.org, payer_quarters(model, _COMMERCIAL), len(orgs)) > 0
    value = np.where(treats, monthly * MONTHS, 0.0)  # dollars a covered patient-quarter
    scale = float(law["value_based.risk.noise"]) * Terms.of(law).episode_cost * EPISODES
    chance = join_chance(model, value, scale, orgs.vb_commercial, np.zeros(len(orgs), dtype=np.bool_))
    u = model.luck.uniform("value_based.commercial", model.t, orgs.key)
    leave = u < quarterly_chance(np.full(len(orgs), float(law["value_based.leave.yearly"])))
    inside = orgs.vb_commercial
    orgs.vb_commercial = np.where(inside, ~(leave | (value <= 0)), _candidates(model) & (u < chance))


def begin_value_based(model: OncologyMarket) -> None:
    """Say who takes part where a run starts: by the market's luck, larger organisations likelier; each in its best arm."""
    law, orgs = model.law, model.orgs
    size, able = orgs.headcount.astype(np.float64), _candidates(model) & (orgs.headcount > 0)
    kinds = np.array([float(law["value_based.commercial.start_share"][kind]) for kind in ORG_KINDS])[orgs.kind]
    open_now = float(law["policy.value_based.commercial.fee"]) > 0
    u = model.market_luck.uniform("value_based.commercial.start", 0, orgs.key)
    orgs.vb_commercial = able & open_now & (u < kinds)
    if not law["policy.value_based.running"] or not hasattr(model, "care"):
        return
    share = np.array([float(law["value_based.start_share"][kind]) for kind in ORG_KINDS])[orgs.kind]
    mean = np.array([float(law["value_based.start_mean"][kind]) for kind in ORG_KINDS])[orgs.kind]
    chance = np.minimum(share * (size / mean) ** float(law["value_based.start_size"]), 1.0)
    best, _ = model_values(model).best()
    chosen = able & (best >= 0) & (model.market_luck.uniform("value_based.start", 0, orgs.key) < chance)
    orgs.vb_arm = np.where(chosen, best, -1)
    orgs.vb_since = np.where(chosen, 0, orgs.vb_since)
    orgs.vb_past = chosen.copy()
