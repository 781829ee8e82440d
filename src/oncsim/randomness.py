"""Keyed randomness: every draw is a function of (seed, replicate, decision, quarter, entity) and of nothing else.

A draw is a hash of its key, so two runs that differ in a policy share all the luck that is not the policy's,
adding an entity or a metric disturbs no one, and the number of processes cannot matter. Uniforms come from a
counter-based integer hash over whole arrays of entities; other distributions are inverses of uniforms, so they
do not depend on the random stream of a library.

The mixer is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195), applied once per
word of the key.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(s) for s in (30, 27, 31, 11))
_TO_UNIT = 2.0**-53


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # Wrap-around of uint64 arrays is the arithmetic intended here (numpy warns on scalars only).
    x = x + _GOLDEN
    x ^= x >> _S30
    x *= _MIX1
    x ^= x >> _S27
    x *= _MIX2
    x ^= x >> _S31
    return x


_WORD = 0xFFFFFFFFFFFFFFFF


def _mix_word(x: int) -> int:
    """Return :func:`_mix` of one word, without the cost of an array."""
    x = (x + 0x9E3779B97F4A7C15) & _WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _WORD
    return x ^ (x >> 31)


@lru_cache(maxsize=65536)
def identity(*names: str) -> int:
    """Return a stable 64-bit identity from text: a name, or the names an entity comes from.

    Entities created during a run take the identity of what created them (``identity(parent, "site", "2031Q2")``),
    never a counter, so that one entity more or fewer renames no other.
    """
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def identities(names: ArrayLike) -> NDArray[np.uint64]:
    """Return the :func:`identity` of each name as an array of unsigned 64-bit integers."""
    return np.array([identity(str(name)) for name in np.asarray(names, dtype=object).ravel()], dtype=np.uint64)


class Luck:
    """All the luck of one replicate.

    Parameters
    ----------
    seed : int
        The seed of the run (or of the market, for what every replicate shares).
    replicate : int
        The replicate, counted from 0.
    """

    def __init__(self, seed: int, replicate: int = 0) -> None:
        self.seed = int(seed)
        self.replicate = int(replicate)
        self._root = _mix_word(_mix_word(self.seed & _WORD) ^ (self.replicate & _WORD))

    def _base(self, decision: str, quarter: int) -> int:
        return _mix_word(_mix_word(self._root ^ identity(decision)) ^ (quarter & _WORD))

    def bits(self, decision: str, quarter: int, entities: ArrayLike) -> NDArray[np.uint64]:
        """Return one 64-bit hash per entity for a named decision in a quarter (any integer)."""
        keys = np.asarray(entities, dtype=np.uint64)
        return _mix(_mix(keys if keys.ndim else keys[None]) ^ np.uint64(self._base(decision, quarter)))

    def uniform(self, decision: str, quarter: int, entities: ArrayLike) -> NDArray[np.float64]:
        """Return one uniform on the open interval (0, 1) per entity."""
        drawn = (self.bits(decision, quarter, entities) >> _S11).astype(np.float64)
        drawn += 0.5
        drawn *= _TO_UNIT
        return drawn

    def uniform1(self, decision: str, quarter: int, entity: int) -> float:
        """Return one uniform for one entity."""
        bits = _mix_word(_mix_word(int(entity)) ^ self._base(decision, quarter))
        return ((bits >> 11) + 0.5) * _TO_UNIT

    def normal(self, decision: str, quarter: int, entities: ArrayLike) -> NDArray[np.float64]:
        """Return one standard normal per entity (inverse of the uniform)."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniform(decision, quarter, entities)), dtype=np.float64)

    def triangular(
        self, decision: str, quarter: int, entities: ArrayLike, low: float, mode: float, high: float
    ) -> NDArray[np.float64]:
        """Return one triangular draw per entity (inverse of the uniform)."""
        u = self.uniform(decision, quarter, entities)
        return triangular_quantile(u, low, mode, high)

    def order(self, decision: str, quarter: int, entities: ArrayLike) -> NDArray[np.int64]:
        """Return the positions of the entities in keyed random order (ties broken by identity)."""
        keys = np.atleast_1d(np.asarray(entities, dtype=np.uint64))
        return np.lexsort((keys, self.bits(decision, quarter, keys)))


def triangular_quantile(u: NDArray[np.float64], low: float, mode: float, high: float) -> NDArray[np.float64]:
    """Return the quantiles ``u`` of the triangular distribution."""
    if high <= low:
        return np.full_like(u, low)
    cut = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
    return np.where(u < cut, rising, falling)


def triangular1(u: float, low: float, mode: float, high: float) -> float:
    """Return one quantile of the triangular distribution, without the cost of an array."""
    if high <= low:
        return low
    if u < (mode - low) / (high - low):
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - u) * (high - low) * (high - mode))


def pair_keys(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the identity of each ordered pair of entities."""
    return _mix(_mix(np.asarray(a, dtype=np.uint64)) ^ np.asarray(b, dtype=np.uint64))
