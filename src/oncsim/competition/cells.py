"""Who competes for the patients of a payer: shares of systems in cells of people, as a nested logit leaves them.

A cell is a zone and a need. All shares are conditional on being treated: bargaining over people who go untreated as well
would let a payer save their whole cost by dropping a system, and mergers would come out lowering prices (methods 2d).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """The patients of one payer and the systems that compete for them.

    A *group* is the sites of one system in one nest, as the people of one zone see them; its value is the sum of
    ``exp(V / lam)`` over those sites.

    Attributes
    ----------
    zone, system, nest : (groups,) int
        Sorted by zone, then system, then nest, each combination once.
    value : (groups, needs) float
    patients : (zones, needs) float
        Treated patients, in standard patients (weighted by what their care is worth by the standard contract).
    zones, systems, nests : int
    dissimilarity : float
        ``lam`` of the nests, at most 1; below about 0.3 the worst rivals of a nest are lost to rounding.
    beyond : float
        Share of every cell's patients who are treated beyond all systems listed, from 0 to below 1: it keeps the value of
        a system that everybody needs finite.
    """

    zone: Ints
    system: Ints
    nest: Ints
    value: Floats
    patients: Floats
    zones: int
    systems: int
    nests: int
    dissimilarity: float
    beyond: float

    def of_zones(self, wanted: NDArray[np.bool_]) -> Cells:
        """Return the same with the patients of some zones only, (zones,) bool."""
        some = wanted[self.zone]
        return replace(self, zone=self.zone[some], system=self.system[some], nest=self.nest[some], value=self.value[some])

    def of_columns(self, columns: slice) -> Cells:
        """Return the same for some of the needs."""
        return replace(self, value=np.ascontiguousarray(self.value[:, columns]), patients=self.patients[:, columns])

    def owned(self, owner: Ints) -> Cells:
        """Return the same with systems merged: system ``s`` belongs to ``owner[s]``."""
        return gather(
            self.zone,
            owner[self.system],
            self.nest,
            self.value,
            self.patients,
            self.systems,
            self.nests,
            self.dissimilarity,
            self.beyond,
        )


def gather(
    zone: Ints,
    system: Ints,
    nest: Ints,
    value: Floats,
    patients: Floats,
    systems: int,
    nests: int,
    dissimilarity: float,
    beyond: float,
) -> Cells:
    """Return cells from options of any kind, adding up those of one zone, system and nest.

    Parameters
    ----------
    zone, system, nest : (options,) int
        A zone, a system with a site there, and the nest the site is in.
    value : (options, needs) float
        ``exp(V / lam)``; options of no value in any need are left out.
    patients, systems, nests, dissimilarity, beyond
        As in :class:`Cells`.
    """
    some = np.flatnonzero((value > 0).any(axis=1))
    zone, system, nest, value = zone[some], system[some], nest[some], value[some]
    key = (zone * systems + system) * nests + nest
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.zeros(0, dtype=np.int64)
    summed = np.add.reduceat(value[order], first, axis=0) if len(ranked) else value[order]
    at = order[first]
    return Cells(zone[at], system[at], nest[at], summed, patients, len(patients), systems, nests, dissimilarity, beyond)
