"""The graph of ownership and control: who holds what part of whom, by acquisition, stake, partnership or membership."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from oncsim.codes import ACTIVE, CLOSED
from oncsim.competition.control import shares_through_chains
from oncsim.state.sums import sum_by
from oncsim.ties.ladder import IN_FORCE

if TYPE_CHECKING:
    from oncsim.state.organizations import Organizations
    from oncsim.state.stakes import Stakes
    from oncsim.state.ties import Ties

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What a holding comes from, and the form of tie it is recorded as.
HOLDINGS = ("stake", "partnership", "membership", "owner")
FORM_OF_HOLDING = ("acquisition", "", "network_membership", "acquisition")  # a partnership has a form of its own
MAJORITY = 0.5  # control beyond which a holder is the owner


class Owned(Protocol):
    """What the graph is read from: a model at any time in a quarter."""

    orgs: Organizations
    ties: Ties
    stakes: Stakes
    law: Any
    t: int


@dataclass(frozen=True)
class Holdings:
    """Direct holdings, one row each.

    Attributes
    ----------
    holder, held : (holdings,) int
        Organisation rows.
    owner_share, control_share : (holdings,) float
        Parts of profits and of the say; those in one organisation add to at most one.
    kind : (holdings,) int
        Place in ``HOLDINGS``.
    """

    holder: Ints
    held: Ints
    owner_share: Floats
    control_share: Floats
    kind: Ints

    @property
    def signed(self) -> NDArray[np.bool_]:
        """Holdings that come with a signed partnership."""
        return np.asarray(self.kind == HOLDINGS.index("partnership"))


def direct_holdings(model: Owned) -> Holdings:
    """Return what organisations hold of each other at the end of a quarter.

    Owners hold what nobody else does, with all control. Members of a network give it its part of control; partnerships
    their shares. Where holders would have more than all of an organisation, their parts shrink in proportion.
    """
    orgs, ties, stakes = model.orgs, model.ties, model.stakes
    size = len(orgs)
    bought = stakes.living(model.t) & (stakes.holder != orgs.owner[stakes.held]) & (orgs.status[stakes.held] != CLOSED)
    signed = IN_FORCE[ties.stage] & ((ties.owner_share > 0) | (ties.control_share > 0)) & (orgs.owner[ties.b] < 0)
    member = np.flatnonzero((orgs.network >= 0) & (orgs.status == ACTIVE) & (orgs.owner < 0))
    holder = np.concatenate([stakes.holder[bought], ties.a[signed], orgs.network[member]])
    held = np.concatenate([stakes.held[bought], ties.b[signed], member])
    own = np.concatenate([stakes.owner_share[bought], ties.owner_share[signed], np.zeros(len(member))])
    control = float(model.law["partnership.control_share"]["network_membership"])
    say = np.concatenate([stakes.control_share[bought], ties.control_share[signed], np.full(len(member), control)])
    own, say = _within_whole(held, own, size), _within_whole(held, say, size)

    owned = np.flatnonzero(orgs.owner >= 0)
    minority = sum_by(held, own, size)
    majority = np.ones(size)
    with_part = stakes.living(model.t) & (stakes.holder == orgs.owner[stakes.held])
    majority[stakes.held[with_part]] = 0.0
    np.add.at(majority, stakes.held[with_part], stakes.owner_share[with_part])
    independent = orgs.owner[held] < 0
    return Holdings(
        np.concatenate([holder, orgs.owner[owned]]),
        np.concatenate([held, owned]),
        np.concatenate([own, np.minimum(majority[owned], 1.0 - minority[owned])]),
        np.concatenate([np.where(independent, say, 0.0), np.ones(len(owned))]),
        np.repeat(np.arange(4), [int(bought.sum()), int(signed.sum()), len(member), len(owned)]),
    )


def _within_whole(held: Ints, share: Floats, size: int) -> Floats:
    total = sum_by(held, share, size)[held]
    return np.asarray(share / np.maximum(total, 1.0))


def ownership_and_control(model: Owned) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return (ownership, control), (holders, organisations) each: what the outside owners of every organisation have.

    Columns add to one; see :func:`oncsim.competition.control.shares_through_chains`.
    """
    found = direct_holdings(model)
    size = len(model.orgs)
    return (
        shares_through_chains(found.holder, found.held, found.owner_share, size),
        shares_through_chains(found.holder, found.held, found.control_share, size),
    )
