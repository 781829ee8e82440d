"""Partnership life, plain form: referral ties are met, signed, ramped up, trusted more or less, and end (methods 2e, 2f)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from oncsim.codes import PRACTICE, SERVICE_LINES, TIE_FORMS, TIE_STAGES
from oncsim.randomness import identity, pair_keys
from oncsim.ties.neighbours import possible_partners
from oncsim.ties.trust import DISSOLVED, after_quarter, reputations, used_trust

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_PROSPECT, _RAMP_UP, _ACTIVE = (TIE_STAGES.index(s) for s in ("prospect", "ramp_up", "active"))
_REFERRAL = TIE_FORMS.index("referral")


def partnership(model: OncologyMarket) -> None:
    """Advance stages, move trust, end ties, let neighbours meet and sign."""
    if len(model.ties):
        _advance(model)
        _experience(model)
        _end(model)
    _meet(model)


def _advance(model: OncologyMarket) -> None:
    ties = model.ties
    living = ties.stage != DISSOLVED
    ties.age = ties.age + living
    ties.stage_age = ties.stage_age + living
    begin = ties.stage == _PROSPECT
    done = (ties.stage == _RAMP_UP) & (ties.stage_age >= ties.ramp)
    ties.stage = np.where(begin, _RAMP_UP, np.where(done, _ACTIVE, ties.stage))
    ties.stage_age = np.where(begin | done, 0, ties.stage_age)


def good_chance(good: float, checks: float) -> float:
    """Return the chance of a good quarter: with no check-ins a tenth of good quarters are misread as bad."""
    return good * (0.9 + 0.1 * min(checks / 4.0, 1.0))


def _experience(model: OncologyMarket) -> None:
    """Move trust in each direction by its own luck; both sides see the same partner with different eyes."""
    ties, law = model.ties, model.law
    living = ties.stage != DISSOLVED
    checks = float(law["partnership.trust.checks"])
    chance = good_chance(float(law["partnership.trust.good"]), checks)
    drift = float(law["partnership.trust.drift"]) * (1.0 - min(checks / 4.0, 1.0))
    gain, ratio = float(law["partnership.trust.gain"]), float(law["partnership.trust.loss_ratio"])
    usual = np.ones(len(ties))
    for side in ("ab", "ba"):
        good = model.luck.uniform(f"partnership.quarter.{side}", model.t, ties.key) < chance
        trust = getattr(ties, f"trust_{side}")
        moved = after_quarter(trust, good, usual, gain, ratio, drift)
        setattr(ties, f"trust_{side}", np.where(living, moved, trust))
        setattr(ties, f"evidence_{side}", getattr(ties, f"evidence_{side}") + living)


def breach(model: OncologyMarket, betrayed: NDArray[np.int64], severity: float) -> None:
    """Lower the trust of both partners of the given ties, as after a broken promise (bad quarter of that severity)."""
    ties, law = model.ties, model.law
    gain, ratio = float(law["partnership.trust.gain"]), float(law["partnership.trust.loss_ratio"])
    bad = np.zeros(len(betrayed), dtype=np.bool_)
    level = np.full(len(betrayed), severity)
    ties.trust_ab[betrayed] = after_quarter(ties.trust_ab[betrayed], bad, level, gain, ratio, 0.0)
    ties.trust_ba[betrayed] = after_quarter(ties.trust_ba[betrayed], bad, level, gain, ratio, 0.0)


def common_partners(model: OncologyMarket, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    """Return how many partners the two of each pair have in common."""
    from scipy import sparse

    ties = model.ties
    living = np.flatnonzero(ties.stage != DISSOLVED)
    if len(living) == 0 or len(a) == 0:
        return np.zeros(len(a))
    size = len(model.orgs)
    one = np.ones(len(living))
    one_way = sparse.coo_array((one, (ties.a[living], ties.b[living])), shape=(size, size))
    graph = sparse.csr_matrix(one_way + one_way.T)
    graph.data[:] = 1.0
    shared: Any = graph[a].multiply(graph[b]).sum(axis=1)
    return np.asarray(shared, dtype=np.float64).ravel()


def _end(model: OncologyMarket) -> None:
    """End ties by a complementary log-log hazard; those of closed organisations end at once."""
    ties, orgs, law = model.ties, model.orgs, model.law
    living = np.flatnonzero(ties.stage != DISSOLVED)
    if len(living) == 0:
        return
    a, b = ties.a[living], ties.b[living]
    trust_ab, trust_ba = used_trust(model)
    lower = np.minimum(trust_ab, trust_ba)[living]
    top = orgs.top_owner()
    sold = ((orgs.owner[a] >= 0) | (orgs.owner[b] >= 0)) & (top[a] != top[b])
    log_hazard = (
        np.log(max(float(law["partnership.dissolve.yearly"]), 1e-12) / 4.0)
        - float(law["partnership.dissolve.trust"]) * lower
        + float(law["partnership.dissolve.common_partners"]) * common_partners(model, a, b)
        + float(law["partnership.dissolve.rival"]) * sold
    )
    chance = -np.expm1(-np.exp(log_hazard))
    u = model.luck.uniform("partnership.end", model.t, ties.key[living])
    gone = (orgs.status[a] == 3) | (orgs.status[b] == 3)
    inside = top[a] == top[b]
    for position in np.flatnonzero((u < chance) | gone | inside):
        row = int(living[position])
        if inside[position]:
            reason = "one now owns the other"
        elif gone[position]:
            reason = "one of them has closed"
        elif sold[position]:
            reason = "one of them was bought by somebody else"
        else:
            reason = f"trust had fallen to {lower[position]:.2f}" if lower[position] < 0.45 else "they drifted apart"
        end_tie(model, row, reason)


def end_tie(model: OncologyMarket, row: int, reason: str) -> None:
    """Dissolve a tie and tell it."""
    ties = model.ties
    ties.stage[row] = DISSOLVED
    ties.stage_age[row] = 0
    ties.ended[row] = model.t
    years = ties.age[row] / 4.0
    model.former_partners.add((int(ties.a[row]), int(ties.b[row])))
    model.tell(
        "tie_dissolved",
        int(ties.a[row]),
        other=int(ties.b[row]),
        amount=float(years),
        text=f"{{actor}} and {{other}} end their {TIE_FORMS[ties.form[row]].replace('_', ' ')} tie after "
        f"{years:.1f} years: {reason}",
    )


def end_ties_of(model: OncologyMarket, org: int, others: NDArray[np.bool_] | None, reason: str) -> None:
    """End the living ties of an organisation: all of them, or those with the organisations flagged in ``others``."""
    ties = model.ties
    mine = (ties.stage != DISSOLVED) & ((ties.a == org) | (ties.b == org))
    if others is not None:
        mine &= others[np.where(ties.a == org, ties.b, ties.a)]
    for row in np.flatnonzero(mine):
        end_tie(model, int(row), reason)


def sign_tie(model: OncologyMarket, a: int, b: int, form: int, trust: tuple[float, float], stage: int, reason: str) -> int:
    """Sign a tie between two organisations; return its row."""
    orgs, law = model.orgs, model.law
    own = float(law["partnership.owner_share"][TIE_FORMS[form]])
    say = float(law["partnership.control_share"][TIE_FORMS[form]])
    if own + say > 0 and orgs.kind[a] == PRACTICE and orgs.kind[b] != PRACTICE:
        # What a tie gives of control it gives the system, center or network: the first of the two.
        a, b, trust = b, a, (trust[1], trust[0])
    name = f"{orgs.id[a]}~{orgs.id[b]}~{TIE_FORMS[form]}~{model.quarter}"
    ramp = float(law["partnership.ramp"][TIE_FORMS[form]])
    row = model.ties.append(
        1,
        id=name,
        key=identity(name),
        a=a,
        b=b,
        form=form,
        stage=stage,
        ramp=max(1, round(ramp / 3.0)),
        trust_ab=trust[0],
        trust_ba=trust[1],
        owner_share=own,
        control_share=say,
    )
    model.tell(
        "tie_formed",
        a,
        other=b,
        text=f"{{actor}} and {{other}} begin a {TIE_FORMS[form].replace('_', ' ')} tie{reason}",
    )
    return row


def service_lines(model: OncologyMarket) -> NDArray[np.bool_]:
    """Return the lines each organisation offers at its open sites, (organisations, lines)."""
    sites = model.sites
    lines = np.zeros((len(model.orgs), len(SERVICE_LINES)), dtype=np.bool_)
    np.logical_or.at(lines, sites.org, sites.lines & sites.open[:, None])
    return lines


def _meet(model: OncologyMarket) -> None:
    """Let neighbours without a tie meet, and sign a referral tie where what each lacks outweighs overlap."""
    if model.partners_at is None or model.t - model.partners_at >= 4:
        model.partners = possible_partners(model)
        model.partners_at = model.t
    a, b, miles = model.partners
    orgs, law, ties = model.orgs, model.law, model.ties
    size = len(orgs)
    living = ties.stage != DISSOLVED
    tied = np.unique(np.concatenate([ties.a[living] * size + ties.b[living], ties.b[living] * size + ties.a[living]]))
    top = orgs.top_owner()
    free = ~orgs.pending[a] & ~orgs.pending[b]
    free &= (orgs.status[a] == 0) & (orgs.status[b] == 0) & (top[a] != top[b]) & ~np.isin(a * size + b, tied)
    a, b, miles = a[free], b[free], miles[free]
    if len(a) == 0:
        return
    before = np.array([(int(i), int(j)) in model.former_partners for i, j in zip(a, b, strict=True)], dtype=np.bool_)
    shared = common_partners(model, a, b)
    factor = np.exp(-miles / float(law["partnership.meet.miles"])) * (
        1.0
        + (float(law["partnership.meet.prior_tie"]) - 1.0) * before
        + float(law["partnership.meet.common_partner"]) * shared
    )
    chance = -np.expm1(-float(law["partnership.meet.yearly"]) / 4.0 * factor)
    keys = pair_keys(orgs.key[a], orgs.key[b])
    met = np.flatnonzero(model.luck.uniform("partnership.meet", model.t, keys) < chance)
    if len(met):
        _consider(model, a[met], b[met], keys[met])


def _consider(model: OncologyMarket, a: NDArray[np.int64], b: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
    """Sign by a logit of value: complementary lines, overlap of infusion in one market, reputation against the bar."""
    orgs, law, zones = model.orgs, model.law, model.zones
    lines = service_lines(model)
    complement = (lines[a] ^ lines[b]).sum(axis=1)
    same = zones.market[orgs.zone[a].clip(min=0)] == zones.market[orgs.zone[b].clip(min=0)]
    infusion = SERVICE_LINES.index("infusion")
    overlap = same & lines[a, infusion] & lines[b, infusion]
    known = reputations(model)
    bar = float(law["partnership.needs_trust"]["referral"])
    value = (
        float(law["partnership.value.complementarity"]) * complement
        - float(law["partnership.value.overlap"]) * overlap
        + np.minimum(known[a], known[b])
        - bar
    )
    chance = expit((value - 0.5) / float(law["partnership.value.scale"]))
    signed = model.luck.uniform("partnership.sign", model.t, keys) < chance
    for row in np.flatnonzero(signed):
        i, j = int(a[row]), int(b[row])
        start = (float(known[j]), float(known[i]))
        reason = f": {int(complement[row])} service lines that only one of them has"
        sign_tie(model, i, j, _REFERRAL, start, _PROSPECT, reason)
