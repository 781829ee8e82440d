"""Small random markets, and what a payer loses in them by taking sites away and letting everybody choose again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from oncsim.competition.cells import Cells, gather


@dataclass(frozen=True)
class Sites:
    """Sites as people of a zone see them, before any adding up; ``value`` is exp(V / lam), 0 where not on offer."""

    zone: np.ndarray
    system: np.ndarray
    nest: np.ndarray
    value: np.ndarray
    patients: np.ndarray
    systems: int
    nests: int
    lam: float
    beyond: float

    def cells(self) -> Cells:
        return gather(
            self.zone, self.system, self.nest, self.value, self.patients, self.systems, self.nests, self.lam, self.beyond
        )

    def times(self, system: int, factor: float) -> Sites:
        """Return the same with the values of one system multiplied."""
        return replace(self, value=self.value * np.where(self.system == system, factor, 1.0)[:, None])

    def merged(self, one: int, other: int) -> Sites:
        return replace(self, system=np.where(self.system == other, one, self.system))

    def care_beyond(self) -> np.ndarray:
        """Return e^V0 of each zone and need, which leaves the share ``beyond`` to it when all sites are there."""
        return inclusive(self, np.zeros(self.patients.shape)) * self.beyond / (1.0 - self.beyond)


@dataclass(frozen=True)
class Loss:
    """What a payer loses with one system, counted by hand."""

    willingness: float
    patients: float
    diversion: np.ndarray
    beyond: float
    largest: float


def inclusive(sites: Sites, care_beyond: np.ndarray, gone: tuple[int, ...] = ()) -> np.ndarray:
    """Return I of each zone and need without the sites of some systems."""
    total = care_beyond.copy()
    for z, k in np.ndindex(total.shape):
        for h in range(sites.nests):
            there = (sites.zone == z) & (sites.nest == h) & ~np.isin(sites.system, gone)
            if (nest := sites.value[there, k].sum()) > 0:
                total[z, k] += nest**sites.lam
    return total


def shares(sites: Sites, care_beyond: np.ndarray, gone: tuple[int, ...] = ()) -> np.ndarray:
    """Return the share of each system, and of the care beyond as the last, (zones, needs, systems + 1)."""
    whole = inclusive(sites, care_beyond, gone)
    found = np.zeros((*whole.shape, sites.systems + 1))
    for z, k in np.ndindex(whole.shape):
        if whole[z, k] == 0:
            continue
        found[z, k, -1] = care_beyond[z, k] / whole[z, k]
        for h in range(sites.nests):
            there = (sites.zone == z) & (sites.nest == h) & ~np.isin(sites.system, gone)
            nest = sites.value[there, k].sum()
            for s, value in zip(sites.system[there], sites.value[there, k], strict=True):
                if value > 0:
                    found[z, k, s] += nest**sites.lam / whole[z, k] * value / nest
    return found


def loss(sites: Sites, system: int, care_beyond: np.ndarray | None = None) -> Loss:
    """Take one system away and count: the definitions of W, q and D, in loops."""
    e = sites.care_beyond() if care_beyond is None else care_beyond
    before, after = shares(sites, e), shares(sites, e, (system,))
    whole, left = inclusive(sites, e), inclusive(sites, e, (system,))
    n = np.where(whole > 0, sites.patients, 0.0)
    lost = np.log(np.where(whole > 0, whole, 1.0) / np.where(whole > 0, left, 1.0))
    patients = float((n * before[..., system]).sum())
    gained = (n[..., None] * (after - before)).sum(axis=(0, 1)) / (patients if patients > 0 else 1.0)
    gained[system] = 0.0
    largest = np.where(n > 0, before[..., system], 0.0).max(initial=0.0)
    return Loss(float((n * lost).sum()), patients, gained[:-1], float(gained[-1]), float(largest))


def draw(
    seed: int,
    lam: float = 0.7,
    beyond: float = 0.03,
    zones: int = 4,
    systems: int = 5,
    nests: int = 3,
    needs: int = 2,
    places: int = 9,
    listed: float = 0.6,
    spread: float = 1.5,
) -> Sites:
    """Return sites of several systems in several nests; some needs not on offer, some cells without patients."""
    rng = np.random.default_rng(seed)
    of_system, of_nest = rng.integers(0, systems, places), rng.integers(0, nests, places)
    zone, place = np.nonzero(rng.uniform(size=(zones, places)) < listed)
    utility = rng.normal(0.0, spread, (len(zone), needs))
    offered = rng.uniform(size=(places, needs))[place] < 0.85
    order = rng.permutation(len(zone))
    patients = rng.gamma(1.0, 40.0, (zones, needs)) * (rng.uniform(size=(zones, needs)) < 0.85)
    return Sites(
        zone[order],
        of_system[place][order],
        of_nest[place][order],
        np.where(offered, np.exp(utility / lam), 0.0)[order],
        patients,
        systems,
        nests,
        lam,
        beyond,
    )


def full_draw(
    seed: int,
    zones: int = 1,
    systems: int = 6,
    lam: float = 1.0,
    beyond: float = 0.0,
    nests: int = 1,
    spread: float = 1.5,
) -> Sites:
    """Return a market where every system has one site that everybody sees, one need, patients everywhere."""
    rng = np.random.default_rng(seed)
    zone, system = (index.ravel() for index in np.indices((zones, systems)))
    utility = rng.normal(0.0, spread, (zones, systems)) + rng.normal(0.0, 0.5, systems)
    nest = rng.integers(0, nests, systems)[system]
    value = np.exp(utility.reshape(-1, 1) / lam)
    return Sites(zone, system, nest, value, rng.gamma(2.0, 50.0, (zones, 1)), systems, nests, lam, beyond)
