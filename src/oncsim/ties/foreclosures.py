"""Practices shut out of hospitals by their owners: who, by whom, since when (F06)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACTIVE, PRACTICE
from oncsim.ties.ladder import IN_FORCE

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def _rows() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass
class Foreclosures:
    """Practices shut out of hospitals: one row a practice and owner.

    Attributes
    ----------
    practice, owner, since : (n,) int
        Organisation rows; quarter count.
    taken_over : list of (owner, hospital, quarter)
        Hospitals that changed hands in the run, whose medical staff was promised independence.
    """

    practice: Ints = field(default_factory=_rows)
    owner: Ints = field(default_factory=_rows)
    since: Ints = field(default_factory=_rows)
    taken_over: list[tuple[int, int, int]] = field(default_factory=list)

    def shut_out(self, practice: int, owner: int) -> bool:
        """Return whether a practice has lost its privileges with an owner."""
        return bool(((self.practice == practice) & (self.owner == owner)).any())

    def between(self, a: Ints, b: Ints) -> Flags:
        """Return which pairs are a practice and an owner that shut it out, either way round, (pairs,)."""
        found = np.zeros(len(a), dtype=np.bool_)
        for practice, owner in zip(self.practice.tolist(), self.owner.tolist(), strict=True):
            found |= ((a == practice) & (b == owner)) | ((a == owner) & (b == practice))
        return found

    def add(self, practice: int, owner: int, quarter: int) -> None:
        """Note that a practice has lost its privileges."""
        self.practice = np.append(self.practice, practice)
        self.owner = np.append(self.owner, owner)
        self.since = np.append(self.since, quarter)

    def seeking(self, model: OncologyMarket) -> Flags:
        """Return which practices were shut out and have no partner with a hospital, (organisations,)."""
        orgs, ties = model.orgs, model.ties
        found = np.zeros(len(orgs), dtype=np.bool_)
        if len(self.practice) == 0:
            return found
        found[self.practice] = True
        has = model.hospitals.owners(orgs.top_owner())
        held = IN_FORCE[ties.stage]
        found[ties.a[held & has[ties.b]]] = False
        found[ties.b[held & has[ties.a]]] = False
        return found & (orgs.kind == PRACTICE) & (orgs.status == ACTIVE)


def pull_of_owners(model: OncologyMarket) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return (owner, practice, change of odds): referrers of an owner send nobody to a practice they shut out."""
    lost = model.foreclosures
    if len(lost.practice) == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    change = -float(model.law["health_system.foreclosure.referrals"])
    top = model.orgs.top_owner()
    pairs = np.unique(np.column_stack([top[lost.owner], lost.practice]), axis=0)  # owners that merged count once
    pairs = pairs[top[pairs[:, 1]] != pairs[:, 0]]  # who was bought by the owner since is its own
    return pairs[:, 0], pairs[:, 1], np.full(len(pairs), change)
