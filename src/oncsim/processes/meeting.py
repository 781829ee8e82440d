"""Meeting: who meets whom with a view to partnership, by distance, shared patients, prior ties, partners, problems (2e)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ORG_KINDS, TIE_STAGES
from oncsim.processes.spoke_market import can_be_hub, looks_for_hub
from oncsim.processes.tie_worth import gains_of_forms
from oncsim.randomness import identity, pair_keys
from oncsim.ties.ladder import REFERRAL
from oncsim.ties.neighbours import Neighbours, possible_partners
from oncsim.ties.presence import Presence
from oncsim.ties.trust import DISSOLVED, reputations
from oncsim.ties.worth import Books, CommonGround, common_ground

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PROSPECT, _SHARED_PROBLEM, _DILIGENCE, _RAMP_UP = (
    TIE_STAGES.index(stage) for stage in ("prospect", "shared_problem", "due_diligence", "ramp_up")
)
_FEW = 200  # organisations
TALKING = np.isin(np.arange(len(TIE_STAGES)), (_PROSPECT, _SHARED_PROBLEM, _DILIGENCE))


@dataclass
class Field:
    """Who could meet whom, made again once a year.

    Attributes
    ----------
    near : Neighbours
    rate : (pairs,) float
        Chance in a year that two meet, before prior ties and common partners count.
    problem : (pairs,) int
        Problem they share, a place in ``PROBLEMS``.
    made : int
        Quarter count.
    """

    near: Neighbours
    rate: Floats
    problem: Ints
    made: int

    @cached_property
    def _by_code(self) -> tuple[Ints, Ints]:
        code = _codes(self.near.a, self.near.b)
        order = np.argsort(code)
        return code[order], order

    def among(self, one: Ints, other: Ints) -> NDArray[np.bool_]:
        """Return which pairs of the field are one of these, whoever comes first, (pairs,)."""
        listed, order = self._by_code
        found = np.zeros(len(listed), dtype=np.bool_)
        if len(listed):
            code = np.concatenate([_codes(one, other), _codes(other, one)])
            at = np.minimum(np.searchsorted(listed, code), len(listed) - 1)
            found[order[at[listed[at] == code]]] = True
        return found


def _codes(a: Ints, b: Ints) -> Ints:
    """Return one number for each ordered pair of organisation rows."""
    return np.asarray(a << 32 | b)


def field_of_partners(model: OncologyMarket, books: Books) -> Field:
    """Return who could meet whom, looked up once a year."""
    found = model.partner_field
    if found is None or model.t - found.made >= 4:
        near = possible_partners(model, looks_for_hub(model), can_be_hub(model))
        gains = gains_of_forms(model, near.a, near.b, near.miles)
        two = common_ground(model, near.a, near.b, near.miles, books.brings, gains)
        found = model.partner_field = Field(near, _rate(model, near, two, books.brings.contact), two.problem, model.t)
    return found


def _rate(model: OncologyMarket, near: Neighbours, two: CommonGround, contact: Presence) -> Floats:
    """Return ``lam0 exp(-miles/reach) (1 + g1 shared patients + g4 how pressing a shared problem is)``, a year.

    Patients are shared as far as those of one live where the other is in contact with patients; the larger share counts.
    """
    law = model.law
    reach = np.where(near.remote, float(law["partnership.meet.remote_miles"]), float(law["partnership.meet.miles"]))
    shared = np.maximum(*contact.met_both(two.a, two.b))
    drawn = 1.0 + float(law["partnership.meet.shared_patients"]) * shared
    drawn += float(law["partnership.meet.problem"]) * two.pressing
    return np.asarray(float(law["partnership.meet.yearly"]) * np.exp(-near.miles / reach) * drawn)


def common_partners(model: OncologyMarket, a: Ints, b: Ints) -> Floats:
    """Return how many partners the two of each pair have in common."""
    from scipy import sparse

    ties = model.ties
    living = np.flatnonzero(ties.stage != DISSOLVED)
    if len(living) == 0 or len(a) == 0:
        return np.zeros(len(a))
    size = len(model.orgs)
    if size <= _FEW:
        # Sparse matrices of a small market take longer to set up than dense ones to multiply.
        tied = np.zeros((size, size))
        tied[ties.a[living], ties.b[living]] = tied[ties.b[living], ties.a[living]] = 1.0
        return np.asarray((tied[a] * tied[b]).sum(axis=1))
    one = np.ones(len(living))
    one_way = sparse.coo_array((one, (ties.a[living], ties.b[living])), shape=(size, size))
    graph = sparse.csr_array(one_way + one_way.T)
    graph.data[:] = 1.0
    shared: Any = graph[a].multiply(graph[b]).sum(axis=1)
    return np.asarray(shared, dtype=np.float64).ravel()


def meet(model: OncologyMarket, books: Books) -> None:
    """Let possible partners without a tie meet; those with the attention for it begin to talk."""
    if float(model.law["partnership.meet.yearly"]) <= 0:
        return
    field = field_of_partners(model, books)
    a, b = field.near.a, field.near.b
    orgs, law, ties = model.orgs, model.law, model.ties
    top, living = orgs.top_owner(), ties.stage != DISSOLVED
    free = ~orgs.pending[a] & ~orgs.pending[b] & (orgs.status[a] == 0) & (orgs.status[b] == 0)
    free &= ~field.among(top[ties.a[living]], top[ties.b[living]])
    rows = np.flatnonzero(free)
    if len(rows) == 0:
        return
    a, b = a[rows], b[rows]
    ended = (ties.stage == DISSOLVED) & (ties.age > 0)
    before = field.among(ties.a[ended], ties.b[ended])[rows]
    shared = common_partners(model, a, b)
    factor = 1.0 + (float(law["partnership.meet.prior_tie"]) - 1.0) * before
    factor += float(law["partnership.meet.common_partner"]) * shared
    chance = -np.expm1(-field.rate[rows] / 4.0 * factor)
    keys = pair_keys(orgs.key[a], orgs.key[b])
    u = model.luck.uniform("partnership.meet", model.t, keys)
    met = np.flatnonzero(u < chance)
    if len(met):
        _begin_to_talk(model, a[met], b[met], field.problem[rows][met], before[met] | (shared[met] > 0), keys[met])


def _begin_to_talk(
    model: OncologyMarket, a: Ints, b: Ints, problem: Ints, known: NDArray[np.bool_], keys: NDArray[np.uint64]
) -> None:
    """Add a prospect for each pair that meets, as far as the attention of both goes."""
    orgs, ties, law = model.orgs, model.ties, model.law
    most = np.array([float(law["partnership.meet.talks"][kind]) for kind in ORG_KINDS])[orgs.kind]
    talking = TALKING[ties.stage] | (ties.successor >= 0)
    busy = np.bincount(ties.a[talking], minlength=len(orgs)) + np.bincount(ties.b[talking], minlength=len(orgs))
    trust = reputations(model)
    chosen: list[int] = []
    for at in np.lexsort((keys, model.luck.bits("partnership.order", model.t, keys))).tolist():
        i, j = int(a[at]), int(b[at])
        if busy[i] < most[i] and busy[j] < most[j]:
            busy[i] += 1
            busy[j] += 1
            chosen.append(at)
    if not chosen:
        return
    rows = np.array(chosen)
    names = [f"{orgs.id[i]}~{orgs.id[j]}~{model.quarter}" for i, j in zip(a[rows], b[rows], strict=True)]
    ties.append(
        len(rows),
        id=np.array(names, dtype=object),
        key=np.array([identity(name) for name in names], dtype=np.uint64),
        a=a[rows],
        b=b[rows],
        form=REFERRAL,
        stage=_PROSPECT,
        met=model.t,
        trust_ab=trust[b[rows]],
        trust_ba=trust[a[rows]],
        checks=float(law["partnership.trust.checks"]),
        staff=float(law["partnership.staff.start"]),
        problem=problem[rows],
        prior=known[rows],
    )
